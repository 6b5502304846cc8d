//! The signals that are fitted and rendered: plain data, no engine and no media types.

mod gain;
mod grid;
mod picture;
mod sound;
pub(crate) mod space;
pub(crate) mod spectral;
mod surface;
mod video;

pub(crate) use gain::Gain;
pub use grid::Grid;
pub use picture::{Picture, Samples};
pub use sound::Sound;
pub(crate) use sound::quantised;
pub use space::Point;
pub use surface::{Placement, Surface};
pub use video::{Clip, VideoSource};
pub(crate) use video::{lowest_terms, time};
