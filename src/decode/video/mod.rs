//! Videos out of files: frames at any time between the first and the last.

mod decoder;
mod moments;

pub use decoder::VideoDecoder;
pub use moments::Moments;
