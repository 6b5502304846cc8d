//! The signals that are fitted and rendered: plain data, no engine and no media types.

mod grid;
mod picture;
pub(crate) mod spectral;

pub use grid::Grid;
pub use picture::{Picture, Samples};
