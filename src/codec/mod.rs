//! Between a signal and its file: fit, quantise, code, render.

mod blend;
mod checkpoint;
mod decoder;
mod derivative;
mod draft;
mod encoder;
#[cfg(test)]
mod fits;
mod plain;
mod plan;
#[cfg(test)]
mod properties;
mod quantise;
mod search;
mod shape;
mod sound;
mod source;
mod stored;
mod symmetry;
mod video;
mod view;
mod weights;

pub use checkpoint::Checkpoint;
pub use decoder::{Decoder, FloatStrip, Strip};
pub(crate) use derivative::fitting_gain;
pub use derivative::{Derivative, Shading};
pub use encoder::{DEFAULT_EFFORT, EFFORT_STEPS, Encoded, Encoder};
pub(crate) use shape::mesh_of;
pub use shape::{Camera, EncodedShape, Mesh, ShapeDecoder};
pub use sound::{EncodedSound, Playback, SoundDecoder};
pub(crate) use sound::{Tally, each, omega_first};
pub use video::{Moments, VideoDecoder};
pub use view::{Region, View};

use crate::Error;

/// Runs `work` on `threads` threads of its own, or on the global pool if none are asked for.
fn on_threads<R: Send>(
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
