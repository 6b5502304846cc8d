//! The one reader of files: pictures in every format the `image` crate knows, and `.siren` files.

use super::failure::Failure;
use super::input::{Input, Source, open_stream};
use super::paths::Place;
use image::error::{ImageFormatHint, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use sirenc::{Limits, Picture, Samples};
use std::io::{self, BufRead, Read, Seek};

/// The most memory a picture may take once decoded: some 700 megapixels of 8-bit RGB. A few bytes
/// of PNG can ask for far more. What [`Limits`] has by default.
pub(crate) const MOST_DECODED: u64 = 2 << 30;

/// The longest `.siren` file that is read at all. Weights are few; this is a thousand times enough.
const MOST_ENCODED: u64 = 256 << 20;

/// The picture at `place`: upright (as its EXIF orientation says), with its colour profile, at the
/// depth and with the channels it has, except that an alpha channel which is opaque everywhere is
/// dropped. Of an animation it is the first frame.
pub(crate) fn read(place: &Place) -> Result<Picture, Failure> {
    read_from(Input::open(place)?.source(), place, MOST_DECODED)
}

/// The same, from `source`, which has been opened at `place`, if it takes at most `most` bytes of memory.
pub(crate) fn read_from(
    source: &mut dyn Source,
    place: &Place,
    most: u64,
) -> Result<Picture, Failure> {
    let start = source
        .fill_buf()
        .map_err(|error| Failure::reading(&error))?;
    if start.is_empty() {
        return Err(Failure::Said("is empty; a picture is needed".into()));
    }
    if is_siren(start) {
        return Err(Failure::Said(
            "is a .siren file already; `sirenc decode` makes a picture of it".into(),
        ));
    }
    let mut reader = ImageReader::new(source);
    if let Place::Path(path) = place
        && let Ok(ImageFormat::Tga) = ImageFormat::from_path(path)
    {
        // The one format without a signature; of all others the content tells more than the name.
        reader.set_format(ImageFormat::Tga);
    }
    decode(
        reader
            .with_guessed_format()
            .map_err(|error| Failure::reading(&error))?,
        most,
    )
}

/// Number of pixels of the picture in a file, if that can be told without decoding it.
pub(crate) fn pixels(place: &Place) -> Option<u64> {
    let Place::Path(path) = place else {
        return None;
    };
    if !path.is_file() {
        return None;
    }
    let reader = ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    let (width, height) = reader.into_dimensions().ok()?;
    Some(u64::from(width) * u64::from(height))
}

/// Decodes the picture that `reader` has found, if that takes at most `most` bytes. The samples are
/// decoded into the vector they stay in: beside it only a rotation by a quarter turn takes memory of
/// that order, while it runs.
pub(crate) fn decode(
    mut reader: ImageReader<impl BufRead + Seek>,
    most: u64,
) -> Result<Picture, Failure> {
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(most);
    reader.limits(limits);
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| explain(&error, most))?;
    let ((width, height), needed) = (decoder.dimensions(), decoder.total_bytes());
    if needed > most {
        return Err(Failure::Said(format!(
            "has {width} x {height} pixels, which take {} MiB decoded, above the limit of {} MiB; scale it down first, or raise the limit with --limit memory=N",
            needed >> 20,
            most >> 20
        )));
    }
    // Unreadable metadata is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let icc = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| explain(&error, most))?;
    image.apply_orientation(orientation);
    let picture = from_image(image)?;
    let icc = icc.filter(|profile| describes(profile, picture.channels()));
    Ok(picture.with_icc(icc))
}

/// The bytes of the `.siren` file at `place`.
pub(crate) fn read_siren(place: &Place) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let source = open_stream(place).map_err(|error| Failure::reading(&error))?;
    source
        .take(MOST_ENCODED + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::reading(&error))?;
    if bytes.len() as u64 > MOST_ENCODED {
        return Err(Failure::Said(format!(
            "is longer than {} MiB, and so no .siren file",
            MOST_ENCODED >> 20
        )));
    }
    siren(&bytes)?;
    Ok(bytes)
}

/// Refuses what is no `.siren` file at the first glance.
pub(crate) fn siren(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Err(Failure::Said("is empty; a .siren file is needed".into()));
    }
    match image::guess_format(bytes) {
        Ok(format) if !is_siren(bytes) => Err(Failure::Said(format!(
            "is a {} picture, not a .siren file; `sirenc encode` makes one of it",
            name(format)
        ))),
        _ => Ok(()),
    }
}

/// Whether bytes begin like a `.siren` file, however they go on.
fn is_siren(bytes: &[u8]) -> bool {
    !matches!(
        siren_format::inspect(bytes, &Limits::default()),
        Err(siren_format::Error::NotSiren)
    )
}

/// The picture that an image holds, without an alpha channel that is opaque everywhere.
pub(crate) fn from_image(image: DynamicImage) -> Result<Picture, Failure> {
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
            return Err(Failure::Said(
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

/// Whether an ICC profile is one for these channels. That of a CMYK JPEG is not, once its samples
/// have been converted to RGB. The data colour space is at bytes 16 to 19 of the profile header.
fn describes(profile: &[u8], channels: u8) -> bool {
    let space: &[u8] = if channels < 3 { b"GRAY" } else { b"RGB " };
    profile.get(16..20) == Some(space)
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

pub(crate) fn explain(error: &ImageError, most: u64) -> Failure {
    // Some of these texts have several lines.
    let detail = error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    Failure::Said(match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "ends too early; the file is not whole".into()
        }
        ImageError::IoError(error) => return Failure::reading(error),
        ImageError::Limits(_) => {
            format!("would take more than {} MiB decoded; scale it down first, or raise the limit with --limit memory=N", most >> 20)
        }
        ImageError::Unsupported(error) => match (error.format_hint(), error.kind()) {
            (ImageFormatHint::Exact(format), UnsupportedErrorKind::Format(_)) => {
                format!("is in {} format, which is not read; convert it to PNG first", name(format))
            }
            (ImageFormatHint::Exact(format), _) => {
                format!("is of a kind of {} that is not read ({detail}); convert it to PNG first", name(format))
            }
            _ => "is no picture in a format that is read: PNG, JPEG, WebP, TIFF, BMP, GIF, ICO, PNM, QOI or TGA".into(),
        },
        _ => format!("cannot be decoded ({detail}); the file is damaged, or not quite what it says it is"),
    })
}
