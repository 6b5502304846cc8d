//! From a file to its signal: open it, look at a part of it, render that.
//!
//! A file of any kind is opened as a [`stored`] one, of which there is a decoder for each kind of signal. Nothing here
//! uses fits or objectives, so that decoding can be built without them.

mod area;
mod decoder;
mod derivative;
mod opened;
mod renderer;
mod shape;
mod sound;
mod stored;
mod video;
mod view;

pub use decoder::{Decoder, FloatStrip, Strip};
pub(crate) use derivative::fitting_gain;
pub use derivative::{Derivative, Shading};
pub use opened::{Opened, open};
pub(crate) use shape::mesh_of;
pub use shape::{Camera, Mesh, ShapeDecoder};
pub(crate) use sound::Segments;
pub use sound::{Playback, SoundDecoder};
pub use video::{FrameTimes, VideoDecoder};
pub use view::{Region, View};

use crate::Error;

/// Runs `work` on `threads` threads of its own, or on the global pool if none are asked for.
pub(crate) fn on_threads<R: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> R + Send,
) -> Result<R, Error> {
    match threads {
        None => Ok(work()),
        Some(threads) => Ok(rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?
            .install(work)),
    }
}
