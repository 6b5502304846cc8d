//! Videos out of files: frames at any time between the first and the last.

mod decoder;
mod frame_times;

pub use decoder::{Frames, VideoDecoder};
pub use frame_times::FrameTimes;
