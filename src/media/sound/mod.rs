//! Sounds: WAV, AIFF, FLAC, MP3 and Vorbis in, WAV out.

mod read;
mod write;

pub use read::{Format, most_samples, read};
pub use write::{Shape, Wav};
