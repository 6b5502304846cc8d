//! Files of any kind of signal.

use super::stored::Stored;
use super::{Decoder, FrameTimes, Playback, ShapeDecoder, SoundDecoder, VideoDecoder, View};
use crate::{Error, Limits};
use siren_format::{Cost, Header, Signal};

/// A parsed `.siren` file of any kind of signal, with the decoder for it.
///
/// ```
/// use sirenc::{Opened, View};
/// # fn main() -> Result<(), sirenc::Error> {
/// # let bytes = include_bytes!("../../format/tests/golden/valid/rgb.siren");
/// match sirenc::open(bytes)? {
///     Opened::Picture(decoder) => println!("{} x {} pixels", decoder.width(), decoder.height()),
///     Opened::Sound(decoder) => println!("{} frames", decoder.frames()),
///     other => println!("a {}", other.header().signal.name()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Opened {
    /// A picture, to be rendered at any size.
    Picture(Decoder),
    /// A surface, as the signed distance to it.
    Shape(ShapeDecoder),
    /// A sound, to be played at any rate.
    Sound(SoundDecoder),
    /// A video, to be rendered at any size and rate.
    Video(VideoDecoder),
}

/// Parses the bytes of a file of any kind under the default [`Limits`].
///
/// # Errors
/// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for more than the limits
/// allow.
pub fn open(bytes: &[u8]) -> Result<Opened, Error> {
    Opened::with_limits(bytes, &Limits::default())
}

impl Opened {
    /// Parses the bytes of a file of any kind under the given limits.
    ///
    /// # Errors
    /// As [`open`].
    pub fn with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::of(Stored::new(bytes, limits)?)
    }

    /// Parses the bytes of a file of any kind, and counts on the way what each of its tensors takes: see
    /// [`siren_format::Measured::bits`].
    ///
    /// # Errors
    /// As [`open`].
    pub fn measured(bytes: &[u8], limits: &Limits) -> Result<(Self, Vec<u64>), Error> {
        let (stored, bits) = Stored::measured(bytes, limits)?;
        Ok((Self::of(stored)?, bits))
    }

    fn of(stored: Stored) -> Result<Self, Error> {
        match stored.header.signal {
            Signal::Picture { .. } => Decoder::of(stored).map(Self::Picture),
            Signal::Shape { .. } => ShapeDecoder::of(stored).map(Self::Shape),
            Signal::Sound { .. } => SoundDecoder::of(stored).map(Self::Sound),
            Signal::Video { .. } => VideoDecoder::of(stored).map(Self::Video),
        }
    }

    /// Everything the file's header says.
    pub fn header(&self) -> &Header {
        match self {
            Self::Picture(decoder) => decoder.header(),
            Self::Shape(decoder) => decoder.header(),
            Self::Sound(decoder) => decoder.header(),
            Self::Video(decoder) => decoder.header(),
        }
    }

    /// What it costs to open the file and to decode it as it is stored: the picture, all frames, the whole sound, or a mesh
    /// of `resolution` cells along each side.
    pub fn cost(&self, resolution: u32) -> Cost {
        match self {
            Self::Picture(decoder) => decoder.cost(&View::whole(decoder)),
            Self::Shape(decoder) => decoder.cost(resolution),
            Self::Sound(decoder) => decoder.cost(&Playback::whole(decoder)),
            Self::Video(decoder) => {
                let view = View::of_frames(decoder);
                decoder.cost(&view, &FrameTimes::stored(decoder))
            }
        }
    }

    /// Evaluates on `threads` threads; 0 means one per core. Results do not depend on it.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        match self {
            Self::Picture(decoder) => Self::Picture(decoder.with_threads(threads)),
            Self::Shape(decoder) => Self::Shape(decoder.with_threads(threads)),
            Self::Sound(decoder) => Self::Sound(decoder.with_threads(threads)),
            Self::Video(decoder) => Self::Video(decoder.with_threads(threads)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_kind_is_opened_by_the_decoder_for_it() {
        let names = |bytes: &[u8]| {
            let opened = open(bytes).expect("a file").with_threads(1);
            let decoder = match opened {
                Opened::Picture(_) => "picture",
                Opened::Shape(_) => "shape",
                Opened::Sound(_) => "sound",
                Opened::Video(_) => "video",
            };
            (decoder, opened.header().signal.name())
        };
        for bytes in [
            &include_bytes!("../../format/tests/golden/valid/rgb.siren")[..],
            include_bytes!("../../format/tests/golden/valid/shape.siren"),
            include_bytes!("../../format/tests/golden/valid/sound-levels.siren"),
            include_bytes!("../../format/tests/golden/valid/video.siren"),
        ] {
            let (decoder, signal) = names(bytes);
            assert_eq!(decoder, signal);
            for end in 0..bytes.len() {
                assert!(open(&bytes[..end]).is_err(), "{end} bytes of a {signal}");
            }
        }
    }
}
