//! Reads animated pictures (GIF, PNG, WebP): every frame as it is seen, into a temporary file.

use super::recording::{Layout, Recording};
use super::shape::shape;
use super::timing::Timing;
use crate::media::Error;
use crate::media::Source;
use crate::media::colour::{Colours, Space};
use crate::media::picture;
use crate::{Clip, Samples};
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageError, Limits, Rgba, RgbaImage};
use std::fs::File;
use std::io::{BufWriter, Write};

/// The most memory that a frame may take while it is decoded.
pub const MOST_DECODED: u64 = 256 << 20;
/// The most frames in a file.
const MOST_FRAMES: usize = 1 << 20;

/// Formats that hold animations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Gif,
    Png,
    WebP,
}

/// Frames yet to be decoded, and the colour profile of all of them.
struct Animation<'a> {
    frames: Frames<'a>,
    icc: Option<Vec<u8>>,
}

impl Format {
    /// The format of a file that begins with `start`, if it is one of these.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        match image::guess_format(start).ok()? {
            image::ImageFormat::Gif => Some(Self::Gif),
            image::ImageFormat::Png => Some(Self::Png),
            image::ImageFormat::WebP => Some(Self::WebP),
            _ => None,
        }
    }

    /// What is in `source`, a file of this format. None if it is no animation.
    fn frames(
        self,
        source: &mut dyn Source,
        most: u64,
    ) -> Result<Option<Animation<'_>>, ImageError> {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(most);
        Ok(match self {
            Self::Gif => {
                let mut decoder = GifDecoder::new(source)?;
                decoder.set_limits(limits)?;
                Some(Animation {
                    frames: decoder.into_frames(),
                    icc: None,
                })
            }
            Self::Png => {
                let mut decoder = PngDecoder::with_limits(source, limits)?;
                let icc = decoder.icc_profile()?;
                if decoder.is_apng()? {
                    Some(Animation {
                        frames: decoder.apng()?.into_frames(),
                        icc,
                    })
                } else {
                    None
                }
            }
            Self::WebP => {
                let mut decoder = WebPDecoder::new(source)?;
                decoder.set_limits(limits)?;
                let icc = decoder.icc_profile()?;
                if decoder.has_animation() {
                    Some(Animation {
                        frames: decoder.into_frames(),
                        icc,
                    })
                } else {
                    None
                }
            }
        })
    }
}

/// Whether `source` is an animation of more than one frame. One that is damaged is not.
pub fn is_animated(source: &mut dyn Source) -> bool {
    let Some(format) = source.fill_buf().ok().and_then(Format::of) else {
        return false;
    };
    let frames = format.frames(source, MOST_DECODED).ok().flatten();
    frames.is_some_and(|it| it.frames.take(2).filter(Result::is_ok).count() == 2)
}

/// The recording in `source`, a frame of which takes at most `frame` bytes decoded, and all of them at most `all` in
/// the temporary file; and what should be said about it. What is transparent lies on white.
pub fn open(
    source: &mut dyn Source,
    frame: u64,
    all: u64,
) -> Result<(Recording, Vec<String>), Error> {
    let explain = |error: &ImageError| picture::explain(error, frame);
    let none = || Error::Unsupported("is no animation in a format that is read".into());
    let reading = |error| Error::reading(&error);
    let format = Format::of(source.fill_buf().map_err(reading)?).ok_or_else(none)?;
    let shape = shape(source, format).map_err(reading)?;
    // Before anything of it is decoded.
    fits(shape.size, shape.frames.unwrap_or(1), all)?;
    source.rewind().map_err(reading)?;
    let space = match format {
        Format::Png => picture::space_of_png(source, frame),
        _ => None,
    };
    source.rewind().map_err(reading)?;
    let frames = format
        .frames(source, frame)
        .map_err(|error| explain(&error))?;
    let Animation { frames, icc } = frames.ok_or_else(none)?;
    let colours = match space {
        Some(space) => Colours::of_space(space, None, 3),
        None => Colours::of_profile(icc, 3),
    };
    let (space, note) = match colours {
        Colours::Srgb => (None, None),
        Colours::Known { space, .. } => (Some(*space), None),
        Colours::Profile(_) => (
            None,
            Some(
                "has a colour profile of a kind that videos do not carry; convert it to sRGB first where its colours matter",
            ),
        ),
    };
    let mut spool = Spool::new(space, all)?;
    for frame in frames {
        match frame {
            Ok(frame) => {
                let (milliseconds, per) = frame.delay().numer_denom_ms();
                spool.push(frame.into_buffer(), [milliseconds, per])?;
            }
            // The last byte of the file is missing, but no more.
            Err(_) if format == Format::Gif && shape.frames == Some(spool.timing.frames()) => break,
            Err(_) if shape.cut => return Err(picture::cut()),
            Err(error) => return Err(explain(&error)),
        }
    }
    let (recording, mut notes) = spool.finish()?;
    notes.extend(note.map(str::to_owned));
    Ok((recording, notes))
}

/// Frames on their way into a temporary file.
struct Spool {
    file: BufWriter<File>,
    /// From which they are brought to sRGB, if they are not of that.
    space: Option<Space>,
    size: [u32; 2],
    timing: Timing,
    most: u64,
    /// Whether anything was transparent, and pixels whose colours had to be cut off.
    transparent: bool,
    outside: u64,
}

impl Spool {
    fn new(space: Option<Space>, most: u64) -> Result<Self, Error> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile().map_err(spooling)?),
            space,
            size: [0; 2],
            timing: Timing::default(),
            most,
            transparent: false,
            outside: 0,
        })
    }

    fn push(&mut self, pixels: RgbaImage, delay: [u32; 2]) -> Result<(), Error> {
        self.size = [pixels.width(), pixels.height()];
        fits(self.size, self.timing.frames() + 1, self.most)?;
        self.timing.push(delay);
        let mut samples = Vec::with_capacity(3 * pixels.len() / 4);
        for &Rgba([r, g, b, alpha]) in pixels.pixels() {
            self.transparent |= alpha < u8::MAX;
            let alpha = u32::from(alpha);
            let on_white = |c: u8| ((u32::from(c) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            samples.extend([r, g, b].map(on_white));
        }
        let mut samples = Samples::U8(samples);
        if let Some(space) = &self.space {
            self.outside += space.outside(&samples, 3);
            space.convert(&mut samples, 3);
        }
        match samples {
            Samples::U8(samples) => self.file.write_all(&samples).map_err(spooling),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<(Recording, Vec<String>), Error> {
        let (count, (rate, holds, note)) = (self.timing.frames() as u64, self.timing.finish());
        let mut notes = Vec::from_iter(note);
        if self.transparent {
            notes.push(
                "is transparent in places, which videos do not store: it lies on white".into(),
            );
        }
        if self.outside > 0 {
            let pixels = u64::from(self.size[0]) * u64::from(self.size[1]) * count;
            let share = 100.0 * self.outside as f64 / pixels as f64;
            notes.push(format!(
                "has colours beyond sRGB in {share:.1} % of its pixels, which are cut off"
            ));
        }
        let bytes = Layout::Rgb.bytes(self.size);
        let repeated = holds.iter().zip(0..);
        let offsets: Vec<u64> = repeated
            .flat_map(|(&hold, frame)| std::iter::repeat_n(frame * bytes, hold as usize))
            .collect();
        let recording = Recording {
            file: self
                .file
                .into_inner()
                .map_err(|error| spooling(error.into_error()))?,
            clip: Clip::new(self.size, 3, offsets.len() as u32, rate)?,
            layout: Layout::Rgb,
            offsets,
        };
        Ok((recording, notes))
    }
}

/// Refuses more frames than may be, or than take at most `most` bytes.
fn fits(size: [u32; 2], frames: usize, most: u64) -> Result<(), Error> {
    let bytes = Layout::Rgb.bytes(size).saturating_mul(frames as u64);
    if bytes <= most && frames <= MOST_FRAMES {
        return Ok(());
    }
    Err(Error::Limit(format!(
        "has more frames than {MOST_FRAMES}, or than fit in {} MiB decoded; give a part of it, scale it down, or raise the limit with --limit memory=N",
        most >> 20
    )))
}

fn spooling(error: std::io::Error) -> Error {
    Error::writing("temporary files", &error)
}
