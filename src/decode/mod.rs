//! From a file to its signal: open it, look at a part of it, render that.
//!
//! A file of any kind is opened as a [`stored`] one, of which there is a decoder for each kind of signal. Nothing here
//! uses fits or objectives, so that decoding can be built without them.

mod area;
mod cost;
mod decoder;
mod derivative;
mod opened;
mod placeholder;
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
pub use placeholder::PlaceholderDecoder;
pub(crate) use shape::mesh_of;
pub use shape::{Camera, Mesh, ShapeDecoder};
pub(crate) use sound::Segments;
pub use sound::{Playback, SoundDecoder};
pub use video::{FrameTimes, Frames, VideoDecoder};
pub use view::{Region, View};

use crate::Error;
use rayon::ThreadPool;

/// The threads that do a piece of work, from its beginning to its end.
pub(crate) struct Threads(Option<ThreadPool>);

impl Threads {
    /// A number of threads of their own, 0 for as many as there are cores, or those of the current pool if none are asked
    /// for.
    ///
    /// # Errors
    /// [`Error::Threads`].
    pub(crate) fn new(threads: Option<usize>) -> Result<Self, Error> {
        let build = |number| rayon::ThreadPoolBuilder::new().num_threads(number).build();
        Ok(Self(threads.map(build).transpose()?))
    }

    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

/// Runs `work` on `threads` threads of its own, or on those of the current pool if none are asked for.
pub(crate) fn on_threads<R: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> R + Send,
) -> Result<R, Error> {
    Ok(Threads::new(threads)?.run(work))
}
