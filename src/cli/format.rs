//! The formats that pictures are decoded to, and what each of them can store.

use super::failure::Failure;
use super::paths::Place;
use Writer::{Floats, Netpbm, Png, Whole};
use image::ImageFormat::{self, Bmp, Jpeg, Qoi, Tga, Tiff, WebP};

/// A format that pictures are decoded to.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    extensions: &'static [&'static str],
    /// Which channel counts it stores. Gray becomes RGB where it has to; alpha is never lost.
    channels: &'static [u8],
    /// The most bits a sample it stores; deeper samples are rounded.
    depth: u8,
    pub(crate) writer: Writer,
}

/// How a format is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Writer {
    /// Strip by strip.
    Png,
    /// Strip by strip: the formats of Netpbm, told apart by their names.
    Netpbm,
    /// Strip by strip, as floats that are neither rounded nor cut off: NumPy.
    Floats,
    /// From the whole picture, by the `image` crate.
    Whole(ImageFormat),
}

/// Every format, the default first.
const FORMATS: &[Format] = &[
    format("PNG", &["png"], &[1, 2, 3, 4], 16, Png),
    format("JPEG", &["jpg", "jpeg"], &[1, 3], 8, Whole(Jpeg)),
    format("WebP", &["webp"], &[3, 4], 8, Whole(WebP)),
    format("TIFF", &["tif", "tiff"], &[1, 3, 4], 16, Whole(Tiff)),
    format("BMP", &["bmp"], &[1, 3, 4], 8, Whole(Bmp)),
    format("TGA", &["tga"], &[1, 3, 4], 8, Whole(Tga)),
    format("QOI", &["qoi"], &[3, 4], 8, Whole(Qoi)),
    format("PGM", &["pgm"], &[1], 16, Netpbm),
    format("PPM", &["ppm"], &[3], 16, Netpbm),
    format("PNM", &["pnm"], &[1, 3], 16, Netpbm),
    format("PAM", &["pam"], &[1, 2, 3, 4], 16, Netpbm),
    format("NumPy", &["npy"], &[1, 2, 3, 4], 16, Floats),
];

const fn format(
    name: &'static str,
    extensions: &'static [&'static str],
    channels: &'static [u8],
    depth: u8,
    writer: Writer,
) -> Format {
    Format {
        name,
        extensions,
        channels,
        depth,
        writer,
    }
}

impl Format {
    /// The format that an output's extension stands for: PNG where there is none.
    pub(crate) fn of(output: &Place) -> Result<&'static Self, Failure> {
        let Place::Path(path) = output else {
            return Ok(&FORMATS[0]);
        };
        let Some(extension) = path.extension() else {
            return Ok(&FORMATS[0]);
        };
        let extension = extension.to_string_lossy().to_lowercase();
        let found = FORMATS
            .iter()
            .find(|format| format.extensions.contains(&extension.as_str()));
        found.ok_or_else(|| {
            let known: Vec<_> = FORMATS
                .iter()
                .flat_map(|format| format.extensions)
                .copied()
                .collect();
            let known = known.join(", .");
            Failure::Usage(format!(
                "pictures are not written as .{extension}; give -o one of .{known}"
            ))
        })
    }

    /// With how many channels, and bits a sample, the format stores a picture that has `channels`
    /// and `depth`.
    pub(crate) fn stored(&self, channels: u8, depth: u8) -> Result<(u8, u8), Failure> {
        let fitting = [channels, channels + 2]
            .into_iter()
            .find(|fit| self.channels.contains(fit));
        let depth = depth.min(self.depth);
        fitting.map(|channels| (channels, depth)).ok_or_else(|| {
            let what = if channels == 3 {
                "colours"
            } else {
                "transparency"
            };
            Failure::Said(format!(
                "has {what}, which {} cannot store; write a .png instead",
                self.name
            ))
        })
    }
}
