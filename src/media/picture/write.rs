//! Pictures out of a decoder and into a file. PNG, Netpbm and NumPy are written strip by strip as they
//! are rendered, so that their size does not matter; the others need the picture whole.

use super::format::{Format, Writer};
use crate::media::{Error, npy};
use crate::{Cost, Decoder, Derivative, FloatStrip, Picture, Samples, Strip, View};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::tiff::TiffEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat};
use std::borrow::Cow;
use std::io::{Cursor, Write};

/// Quality of JPEG files, 1 to 100: high enough to add nothing visible to what the network lost.
const JPEG_QUALITY: u8 = 95;

/// Bytes of a strip of samples, about, that a writer holds beside the decoder.
const STRIP: u64 = 2 << 20;

/// Rows that an encoder of PNG holds: this one and the one before, as they are, filtered and about to be compressed.
pub(crate) const PNG_ROWS: u64 = 4;

/// Renders `view` into `output`; `rows` is called with the number of rows that have been rendered since its
/// last call.
pub fn render(
    decoder: &Decoder,
    view: &View,
    format: &Format,
    output: &mut impl Write,
    rows: impl FnMut(u32),
) -> Result<(), Error> {
    let layout = Layout::new(decoder, view, format)?;
    decoder.admit(&layout.cost(format.writer))?;
    match format.writer {
        Writer::Png => layout.write_png(output, rows),
        Writer::Netpbm => layout.write_netpbm(format.name, output, rows),
        Writer::Floats => layout.write_npy(output, rows),
        Writer::Whole(format) => layout.write_whole(format, output, rows),
    }
}

/// What it costs to render `view` into a file of `format`.
///
/// # Errors
/// [`Error::Unsupported`] if the format cannot hold it.
pub fn cost(decoder: &Decoder, view: &View, format: &Format) -> Result<Cost, Error> {
    Ok(Layout::new(decoder, view, format)?.cost(format.writer))
}

/// Writes a picture that is in memory, of 8-bit RGB or RGBA.
pub fn whole(picture: &Picture, format: &Format, output: &mut impl Write) -> Result<(), Error> {
    let (width, height) = (picture.width(), picture.height());
    let image: Option<DynamicImage> = match (picture.samples(), picture.channels()) {
        (Samples::U8(samples), channels @ 3..=4) if format.stored(channels, 8)?.0 == channels => {
            let samples = samples.clone();
            match channels {
                3 => image::RgbImage::from_raw(width, height, samples).map(Into::into),
                _ => image::RgbaImage::from_raw(width, height, samples).map(Into::into),
            }
        }
        _ => None,
    };
    let Some(image) = image else {
        let name = format.name;
        let message = format!("cannot be shown as {name} of this kind; write a .png instead");
        return Err(Error::Malformed(message));
    };
    let format = match format.writer {
        Writer::Png => ImageFormat::Png,
        Writer::Netpbm => ImageFormat::Pnm,
        Writer::Whole(format) => format,
        Writer::Floats => {
            let message = "has no samples that are numbers; write a .png instead";
            return Err(Error::Malformed(message.into()));
        }
    };
    Ok(output.write_all(&file_of(&image, format, None)?)?)
}

/// The file of an image whose encoder wants all of it, and to seek in its file.
fn file_of(
    image: &DynamicImage,
    format: ImageFormat,
    icc: Option<&[u8]>,
) -> Result<Vec<u8>, Error> {
    let mut file = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
            encode_with(encoder, image, icc)
        }
        ImageFormat::WebP => encode_with(WebPEncoder::new_lossless(&mut file), image, icc),
        ImageFormat::Tiff => encode_with(TiffEncoder::new(&mut file), image, icc),
        other => image.write_to(&mut file, other),
    }
    .map_err(|error| {
        Error::Unsupported(format!(
            "cannot be written in this format ({error}); write a .png instead"
        ))
    })?;
    Ok(file.into_inner())
}

fn encode_with(
    mut encoder: impl ImageEncoder,
    image: &DynamicImage,
    icc: Option<&[u8]>,
) -> image::ImageResult<()> {
    if let Some(icc) = icc {
        // A format that cannot carry the profile is still what was asked for.
        let _ = encoder.set_icc_profile(icc.to_vec());
    }
    image.write_with_encoder(encoder)
}

/// A view and the form its samples take in the file.
struct Layout<'a> {
    decoder: &'a Decoder,
    view: &'a View,
    /// The view's channels, or two more where gray has to become RGB.
    channels: u8,
    /// Bits a sample: the decoder's, or 8.
    depth: u8,
}

impl<'a> Layout<'a> {
    fn new(decoder: &'a Decoder, view: &'a View, format: &Format) -> Result<Self, Error> {
        let (channels, depth) = format.stored(view.channels(decoder), decoder.depth())?;
        Ok(Self {
            decoder,
            view,
            channels,
            depth,
        })
    }

    /// What it costs to render the view and to write it.
    fn cost(&self, writer: Writer) -> Cost {
        let mut cost = match writer {
            Writer::Floats => self.decoder.cost_of_floats(self.view, self.derivative()),
            _ => self.decoder.cost(self.view),
        };
        let pixel = u64::from(self.channels) * u64::from(self.depth / 8);
        let bytes = self.view.pixels().saturating_mul(pixel);
        cost.work(bytes.saturating_mul(writer.operations()));
        // A strip in the form of the file, or all samples and the file of them, which may be as large.
        let row = u64::from(self.view.region().width).saturating_mul(pixel);
        cost.hold(row.max(STRIP).saturating_mul(2));
        if let Writer::Png = writer {
            cost.hold(row.saturating_mul(PNG_ROWS));
        }
        if let Writer::Whole(_) = writer {
            cost.hold(bytes.saturating_mul(2));
        }
        cost
    }

    fn derivative(&self) -> Option<Derivative> {
        self.view.shading().map(|shading| shading.derivative())
    }

    /// The decoder's colour profile, unless it is one for gray and the file has RGB, or a derivative,
    /// whose samples are no colours.
    fn icc(&self) -> Option<&[u8]> {
        self.decoder
            .icc()
            .filter(|_| self.channels == self.decoder.channels() && self.view.shading().is_none())
    }

    /// Brings samples as the decoder renders them to the depth and channels of the file.
    fn adapt(&self, samples: Samples) -> Samples {
        let samples = match samples {
            deep @ Samples::U16(_) if self.depth == 8 => {
                Samples::U8(deep.eight_bits().into_owned())
            }
            samples => samples,
        };
        let given = usize::from(self.view.channels(self.decoder));
        if usize::from(self.channels) == given {
            return samples;
        }
        match samples {
            Samples::U8(gray) => Samples::U8(gray_to_rgb(&gray, given)),
            Samples::U16(gray) => Samples::U16(gray_to_rgb(&gray, given)),
        }
    }

    fn write_png(&self, output: &mut impl Write, mut rows: impl FnMut(u32)) -> Result<(), Error> {
        let mut info = png::Info::with_size(self.view.region().width, self.view.region().height);
        info.color_type = match self.channels {
            1 => png::ColorType::Grayscale,
            2 => png::ColorType::GrayscaleAlpha,
            3 => png::ColorType::Rgb,
            _ => png::ColorType::Rgba,
        };
        info.bit_depth = if self.depth == 8 {
            png::BitDepth::Eight
        } else {
            png::BitDepth::Sixteen
        };
        info.icc_profile = self.icc().map(Cow::Borrowed);
        let mut encoder = png::Encoder::with_info(output, info)?;
        // Rendering should cost the time, not deflate. One filter for all rows is much faster than
        // choosing row by row, and smooth pictures lose little by it.
        encoder.set_compression(png::Compression::Fast);
        encoder.set_filter(png::Filter::Paeth);
        let mut writer = encoder.write_header()?;
        let mut stream = writer.stream_writer_with_size(1 << 18)?;
        self.decoder.render(self.view, |strip: Strip| {
            let samples = self.adapt(strip.samples);
            stream.write_all(&big_endian(&samples))?;
            rows(strip.rows);
            Ok::<_, Error>(())
        })?;
        stream.finish()?;
        Ok(writer.finish()?)
    }

    fn write_netpbm(
        &self,
        name: &str,
        output: &mut impl Write,
        mut rows: impl FnMut(u32),
    ) -> Result<(), Error> {
        let (width, height) = (self.view.region().width, self.view.region().height);
        let greatest = (1_u32 << self.depth) - 1;
        match (name, self.channels) {
            ("PAM", channels) => {
                let kind =
                    ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"][usize::from(channels) - 1];
                write!(
                    output,
                    "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\n"
                )?;
                write!(output, "MAXVAL {greatest}\nTUPLTYPE {kind}\nENDHDR\n")?;
            }
            (_, 1) => write!(output, "P5\n{width} {height}\n{greatest}\n")?,
            _ => write!(output, "P6\n{width} {height}\n{greatest}\n")?,
        }
        self.decoder.render(self.view, |strip: Strip| {
            let samples = self.adapt(strip.samples);
            output.write_all(&big_endian(&samples))?;
            rows(strip.rows);
            Ok(())
        })
    }

    /// The format of NumPy, version 1.0, of little-endian f32 in row-major order.
    fn write_npy(&self, output: &mut impl Write, mut rows: impl FnMut(u32)) -> Result<(), Error> {
        let derivative = self.derivative();
        let region = self.view.region();
        let mut shape = vec![region.height, region.width, self.decoder.channels().into()];
        shape.extend(
            derivative
                .map(|it| it.parts() as u32)
                .filter(|&parts| parts > 1),
        );
        output.write_all(&npy::header(&shape, npy::Order::LastFastest))?;
        let write = |strip: FloatStrip| {
            output.write_all(&npy::floats(&strip.values))?;
            rows(strip.rows);
            Ok(())
        };
        self.decoder.render_floats(self.view, derivative, write)
    }

    /// For formats whose encoder wants the whole picture, and to seek in its file.
    fn write_whole(
        &self,
        format: ImageFormat,
        output: &mut impl Write,
        mut rows: impl FnMut(u32),
    ) -> Result<(), Error> {
        let samples = self.view.pixels() as usize * usize::from(self.channels);
        let (mut bytes, mut words) = match self.depth {
            8 => (Vec::with_capacity(samples), Vec::new()),
            _ => (Vec::new(), Vec::with_capacity(samples)),
        };
        self.decoder.render(self.view, |strip: Strip| {
            rows(strip.rows);
            match self.adapt(strip.samples) {
                Samples::U8(samples) => bytes.extend(samples),
                Samples::U16(samples) => words.extend(samples),
            }
            Ok::<_, Error>(())
        })?;
        let image = self
            .to_image(bytes, words)
            .expect("a view has the samples of its size");
        Ok(output.write_all(&file_of(&image, format, self.icc())?)?)
    }

    /// The samples, of which one vector is filled, as an image with 1, 3 or 4 channels: no format
    /// that is written whole has 2.
    fn to_image(&self, bytes: Vec<u8>, words: Vec<u16>) -> Option<DynamicImage> {
        let (w, h) = (self.view.region().width, self.view.region().height);
        match (self.depth, self.channels) {
            (8, 1) => ImageBuffer::from_raw(w, h, bytes).map(DynamicImage::ImageLuma8),
            (8, 3) => ImageBuffer::from_raw(w, h, bytes).map(DynamicImage::ImageRgb8),
            (8, _) => ImageBuffer::from_raw(w, h, bytes).map(DynamicImage::ImageRgba8),
            (_, 1) => ImageBuffer::from_raw(w, h, words).map(DynamicImage::ImageLuma16),
            (_, 3) => ImageBuffer::from_raw(w, h, words).map(DynamicImage::ImageRgb16),
            (_, _) => ImageBuffer::from_raw(w, h, words).map(DynamicImage::ImageRgba16),
        }
    }
}

/// One sample for gray becomes three for RGB; alpha, if there, stays behind them.
fn gray_to_rgb<T: Copy>(gray: &[T], channels: usize) -> Vec<T> {
    gray.chunks_exact(channels)
        .flat_map(|pixel| [pixel[0]; 2].into_iter().chain(pixel.iter().copied()))
        .collect()
}

/// Samples as bytes in the order PNG and Netpbm have them.
fn big_endian(samples: &Samples) -> Cow<'_, [u8]> {
    match samples {
        Samples::U8(bytes) => Cow::Borrowed(bytes),
        Samples::U16(words) => {
            Cow::Owned(words.iter().flat_map(|word| word.to_be_bytes()).collect())
        }
    }
}

impl From<png::EncodingError> for Error {
    fn from(error: png::EncodingError) -> Self {
        match error {
            png::EncodingError::IoError(error) => error.into(),
            other => Self::Malformed(format!("cannot be written as PNG: {other}")),
        }
    }
}
