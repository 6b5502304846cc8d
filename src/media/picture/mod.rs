//! Pictures: the formats that the `image` crate knows in, and most of them out.

mod exif;
mod format;
mod jpeg;
mod metadata;
mod png;
mod tga;
mod tiff;
mod write;
mod xmp;

pub use super::colour::SizeTarget;
pub use format::{Format, Writer};
pub use metadata::{Carried, Metadata};
pub(crate) use write::PNG_ROWS;
pub use write::{cost, render, whole};

use super::Source;
use super::colour;
use super::colour::{Colours, Space};
use super::foreign;
use super::video;
use crate::media::Error;
use crate::{Limits, Picture, Samples};
use image::error::{ImageFormatHint, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use std::io::{self, BufRead, Cursor, Seek};
use std::path::Path;

/// The most memory a picture may take once decoded: some 700 megapixels of 8-bit RGB. A few bytes
/// of PNG can ask for far more. What [`Limits`] has by default.
pub const MOST_DECODED: u64 = 2 << 30;

/// What is said of colours of printing.
const PRINTING: &str = "has colours of printing (CMYK), which become RGB without a profile and may look a little different";

/// A picture as its file holds it.
pub struct Found {
    picture: Picture,
    colours: Colours,
    /// What should be said about how it was read.
    notes: Vec<String>,
}

impl Found {
    /// A picture that is in memory already, as if it had been read from a file with its colour profile.
    pub fn from_picture(picture: Picture) -> Self {
        let (channels, icc) = (picture.channels(), picture.icc().map(<[u8]>::to_vec));
        Self {
            picture: picture.with_icc(None),
            colours: Colours::of_profile(icc, channels),
            notes: Vec::new(),
        }
    }

    /// The picture as it is to be stored in a file of `room`, and what should be said about it.
    pub fn settle(
        self,
        room: impl FnOnce(&Picture) -> SizeTarget,
    ) -> Result<(Picture, Vec<String>), Error> {
        let room = room(&self.picture);
        let (picture, note) = self.colours.settle(self.picture, room)?;
        let mut notes = self.notes;
        notes.extend(note);
        Ok((picture, notes))
    }
}

/// What can be told of a picture's file without decoding it.
#[derive(Default)]
struct Survey {
    /// The space of its colours, where the profile does not say it.
    space: Option<Space>,
    /// Whether colours are multiplied by alpha.
    premultiplied: bool,
    /// What is decoded in place of the source, if it is not that itself.
    instead: Option<Instead>,
    /// What kind of file it is, if none that is read.
    unread: Option<String>,
    notes: Vec<String>,
}

/// The bytes of a file that the decoder of its format does not take as they are.
enum Instead {
    /// A JPEG of a kind that takes another decoder.
    Unusual(Vec<u8>),
    /// A PNG whose end was missing.
    Mended(Vec<u8>),
}

/// The picture in `source`, if it takes at most `most` bytes of memory: upright (as its EXIF orientation says), in sRGB or
/// with its colour profile, at the depth and with the channels it has, except that an alpha channel which is opaque
/// everywhere is dropped. Of an animation it is the first frame. The `name` of the file tells TGA, which has no signature.
///
/// # Errors
/// [`Error::Unsupported`] if it is no picture of a format that is read, [`Error::Malformed`] if it is damaged or not
/// whole, [`Error::Limit`] if it would take more, [`Error::Read`].
pub fn read(source: &mut dyn Source, name: Option<&Path>, most: u64) -> Result<Found, Error> {
    let reading = |error| Error::reading(&error);
    let start = source.fill_buf().map_err(reading)?;
    if start.is_empty() {
        return Err(Error::Malformed("is empty; a picture is needed".into()));
    }
    if is_siren(start) {
        return Err(Error::Unsupported(
            "is a .siren file already; `sirenc decode` makes a picture of it".into(),
        ));
    }
    if let Some(refused) = foreign::refused(start) {
        return Err(refused);
    }
    let Some(format) = format(start, name) else {
        return Err(unknown());
    };
    let survey = survey(source, format, most)?;
    source.rewind().map_err(reading)?;
    let decoded = match survey.instead {
        Some(Instead::Unusual(bytes)) => unusual(&bytes, most),
        Some(Instead::Mended(bytes)) => {
            let reader = ImageReader::with_format(Cursor::new(bytes), format);
            decode(reader, most).map_err(|_| cut())
        }
        None => decode(ImageReader::with_format(source, format), most),
    };
    let mut picture = decoded.map_err(|failure| match survey.unread {
        Some(kind) => Error::Unsupported(format!(
            "is {kind}, which is not read; convert it to PNG first"
        )),
        None => failure,
    })?;
    if survey.premultiplied {
        picture = straight(picture)?;
    }
    let channels = picture.channels();
    let found = Found {
        notes: survey.notes,
        ..Found::from_picture(picture)
    };
    Ok(match survey.space {
        Some(space) => Found {
            colours: Colours::of_space(space, None, channels),
            ..found
        },
        None => found,
    })
}

/// The format of a file that begins with `start`. The content tells more than the name, except of TGA, which is
/// the one format without a signature.
fn format(start: &[u8], name: Option<&Path>) -> Option<ImageFormat> {
    if tiff::SIGNATURES.iter().any(|it| start.starts_with(it)) {
        return Some(ImageFormat::Tiff);
    }
    if let Ok(format) = image::guess_format(start) {
        return Some(format);
    }
    let named = name.and_then(|name| ImageFormat::from_path(name).ok());
    (named == Some(ImageFormat::Tga) || tga::is_tga(start)).then_some(ImageFormat::Tga)
}

/// Looks over a file of `format` before it is decoded.
///
/// # Errors
/// If it is not whole where the decoder would not notice, or of a kind that the decoder takes for damage.
fn survey(source: &mut dyn Source, format: ImageFormat, most: u64) -> Result<Survey, Error> {
    let reading = |error| Error::reading(&error);
    let mut survey = match format {
        ImageFormat::Png => {
            let survey = png::survey(source, most);
            source.rewind().map_err(reading)?;
            let mended = png::mended(source, most).map_err(reading)?;
            Survey {
                instead: mended.map(Instead::Mended),
                ..survey
            }
        }
        ImageFormat::Tiff => tiff::survey(source),
        ImageFormat::Tga => tga::survey(source),
        ImageFormat::Jpeg => {
            let bytes = super::hold(source, most)?;
            let found = jpeg::check(&bytes, most)?;
            Survey {
                notes: Vec::from_iter((found.components == 4).then(|| PRINTING.to_owned())),
                instead: found.unusual.then_some(Instead::Unusual(bytes)),
                ..Survey::default()
            }
        }
        _ => Survey::default(),
    };
    source.rewind().map_err(reading)?;
    if video::is_animated(source) {
        survey
            .notes
            .push("is an animation, of which the first frame is taken".into());
    }
    Ok(survey)
}

/// The space of the colours of the PNG in `source`, where it is not its profile that says it.
pub fn space_of_png(source: &mut dyn Source, most: u64) -> Option<Space> {
    png::survey(source, most).space
}

/// A picture whose colours had been multiplied by alpha, as they were before.
fn straight(picture: Picture) -> Result<Picture, Error> {
    fn divide<T: Copy + Into<u64>>(
        samples: &mut [T],
        channels: usize,
        peak: u64,
        of: fn(u64) -> T,
    ) {
        for pixel in samples.chunks_exact_mut(channels) {
            let Some((alpha, colours)) = pixel.split_last_mut() else {
                continue;
            };
            let alpha: u64 = (*alpha).into();
            for colour in colours.iter_mut().filter(|_| alpha > 0) {
                *colour = of((((*colour).into() * peak + alpha / 2) / alpha).min(peak));
            }
        }
    }
    if !picture.has_alpha() {
        return Ok(picture);
    }
    let (width, height, channels) = (picture.width(), picture.height(), picture.channels());
    let icc = picture.icc().map(<[u8]>::to_vec);
    let mut samples = picture.into_samples();
    match &mut samples {
        Samples::U8(samples) => divide(samples, channels.into(), 255, |v| v as u8),
        Samples::U16(samples) => divide(samples, channels.into(), 65_535, |v| v as u16),
    }
    Ok(Picture::new(width, height, channels, samples)?.with_icc(icc))
}

/// The picture of an unusual JPEG, if that takes at most `most` bytes.
fn unusual(bytes: &[u8], most: u64) -> Result<Picture, Error> {
    let (image, icc) = jpeg::decode(bytes, most)?;
    let picture = from_image(image)?;
    let icc = icc.filter(|profile| colour::icc::describes(profile, picture.channels()));
    Ok(picture.with_icc(icc))
}

/// Decodes the picture that `reader` has found, if that takes at most `most` bytes. The samples are
/// decoded into the vector they stay in: beside it only a rotation by a quarter turn takes memory of
/// that order, while it runs.
fn decode(mut reader: ImageReader<impl BufRead + Seek>, most: u64) -> Result<Picture, Error> {
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(most);
    reader.limits(limits);
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| explain(&error, most))?;
    let ((width, height), needed) = (decoder.dimensions(), decoder.total_bytes());
    if needed > most {
        return Err(too_large([width, height], needed, most));
    }
    // Unreadable metadata is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let icc = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| explain(&error, most))?;
    image.apply_orientation(orientation);
    let picture = from_image(image)?;
    let icc = icc.filter(|profile| colour::icc::describes(profile, picture.channels()));
    Ok(picture.with_icc(icc))
}

/// The name of the format of pictures that bytes begin like, if it is one that is known.
pub fn format_name(bytes: &[u8]) -> Option<String> {
    image::guess_format(bytes).ok().map(name)
}

/// Whether bytes begin like a `.siren` file, however they go on.
fn is_siren(bytes: &[u8]) -> bool {
    !matches!(
        siren_format::inspect(bytes, &Limits::default()),
        Err(siren_format::Error::NotSiren)
    )
}

/// The picture that an image holds, without an alpha channel that is opaque everywhere.
pub fn from_image(image: DynamicImage) -> Result<Picture, Error> {
    let (width, height) = (image.width(), image.height());
    let (channels, samples) = match image {
        DynamicImage::ImageLuma8(gray) => (1, Samples::U8(gray.into_raw())),
        DynamicImage::ImageRgb8(rgb) => (3, Samples::U8(rgb.into_raw())),
        DynamicImage::ImageLuma16(gray) => (1, Samples::U16(gray.into_raw())),
        DynamicImage::ImageRgb16(rgb) => (3, Samples::U16(rgb.into_raw())),
        DynamicImage::ImageLumaA8(gray) => without_opaque(gray.into_raw(), 2, u8::MAX, Samples::U8),
        DynamicImage::ImageRgba8(rgb) => without_opaque(rgb.into_raw(), 4, u8::MAX, Samples::U8),
        DynamicImage::ImageLumaA16(gray) => {
            without_opaque(gray.into_raw(), 2, u16::MAX, Samples::U16)
        }
        DynamicImage::ImageRgba16(rgb) => without_opaque(rgb.into_raw(), 4, u16::MAX, Samples::U16),
        _ => {
            return Err(Error::Unsupported(
                "has floating-point samples; convert it to 8 or 16 bits a sample first".into(),
            ));
        }
    };
    Ok(Picture::new(width, height, channels, samples)?)
}

/// Drops the alpha channel if it is `opaque` everywhere, in place: it says nothing, but would cost
/// weights to store.
fn without_opaque<T: Copy + PartialEq>(
    mut samples: Vec<T>,
    channels: u8,
    opaque: T,
    wrap: fn(Vec<T>) -> Samples,
) -> (u8, Samples) {
    let old = usize::from(channels);
    let new = old - 1;
    if samples
        .iter()
        .skip(new)
        .step_by(old)
        .any(|&alpha| alpha != opaque)
    {
        return (channels, wrap(samples));
    }
    let pixels = samples.len() / old;
    for pixel in 1..pixels {
        samples.copy_within(pixel * old..pixel * old + new, pixel * new);
    }
    samples.truncate(pixels * new);
    (channels - 1, wrap(samples))
}

/// The name of a format as people write it.
fn name(format: ImageFormat) -> String {
    match format {
        ImageFormat::Jpeg => "JPEG".into(),
        ImageFormat::WebP => "WebP".into(),
        ImageFormat::OpenExr => "OpenEXR".into(),
        other => other
            .extensions_str()
            .first()
            .map_or_else(String::new, |extension| extension.to_uppercase()),
    }
}

/// The refusal of a picture that takes more memory than it may.
fn too_large([width, height]: [u32; 2], needed: u64, most: u64) -> Error {
    Error::Limit(format!(
        "has {width} x {height} pixels, which take {} MiB decoded, above the limit of {} MiB; scale it down first, or raise the limit with --limit memory=N",
        needed >> 20,
        most >> 20
    ))
}

/// The refusal of a file of which the end is missing.
pub fn cut() -> Error {
    Error::Malformed("ends too early; the file is not whole".into())
}

fn unknown() -> Error {
    Error::Unsupported(
        "is no picture in a format that is read: PNG, JPEG, WebP, TIFF, BMP, GIF, ICO, PNM, QOI or TGA".into(),
    )
}

/// What an error of the `image` crate means for a picture that may take at most `most` bytes.
pub(crate) fn explain(error: &ImageError, most: u64) -> Error {
    // Some of these texts have several lines.
    let detail = error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    // What the decoder of PNG goes on with is a value as programmers write it.
    let detail = detail
        .split(" while decoding ChunkType")
        .next()
        .unwrap_or_default();
    match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => cut(),
        ImageError::IoError(error) => Error::reading(error),
        ImageError::Limits(_) => Error::Limit(format!(
            "would take more than {} MiB decoded; scale it down first, or raise the limit with --limit memory=N",
            most >> 20
        )),
        ImageError::Unsupported(error) => match (error.format_hint(), error.kind()) {
            (ImageFormatHint::Exact(format), UnsupportedErrorKind::Format(_)) => {
                Error::Unsupported(format!(
                    "is in {} format, which is not read; convert it to PNG first",
                    name(format)
                ))
            }
            (ImageFormatHint::Exact(format), _) => Error::Unsupported(format!(
                "is of a kind of {} that is not read ({detail}); convert it to PNG first",
                name(format)
            )),
            _ => unknown(),
        },
        _ => Error::Malformed(format!(
            "cannot be decoded ({detail}); the file is damaged, or not quite what it says it is"
        )),
    }
}
