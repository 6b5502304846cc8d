//! The formats that pictures are decoded to, and what each of them can store.

use crate::media::Error;
use Writer::{Floats, Netpbm, Png, Whole};
use image::ImageFormat::{self, Bmp, Jpeg, Qoi, Tga, Tiff, WebP};

/// A format that pictures are decoded to.
#[derive(Debug)]
pub struct Format {
    /// The name of the format.
    pub name: &'static str,
    extensions: &'static [&'static str],
    /// Which channel counts it stores. Gray becomes RGB where it has to; alpha is never lost.
    channels: &'static [u8],
    /// The most bits a sample it stores; deeper samples are rounded.
    depth: u8,
    /// How the format is written.
    pub writer: Writer,
}

/// How a format is written.
#[derive(Clone, Copy, Debug)]
pub enum Writer {
    /// Strip by strip.
    Png,
    /// Strip by strip: the formats of Netpbm, told apart by their names.
    Netpbm,
    /// Strip by strip, as floats that are neither rounded nor cut off: NumPy.
    Floats,
    /// From the whole picture, by the `image` crate.
    Whole(ImageFormat),
}

impl Writer {
    /// Operations to write a byte of samples, as [`Cost`](crate::Cost) counts them.
    pub(super) fn operations(self) -> u64 {
        match self {
            Self::Netpbm | Self::Floats => 16,
            Self::Png => 256,
            Self::Whole(WebP) => 1024,
            Self::Whole(Jpeg) => 512,
            Self::Whole(_) => 128,
        }
    }
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
    /// PNG, which is written where no name asks for another format.
    pub fn png() -> &'static Self {
        &FORMATS[0]
    }

    /// The format of files with this extension, in lower case.
    pub fn of(extension: &str) -> Option<&'static Self> {
        FORMATS
            .iter()
            .find(|format| format.extensions.contains(&extension))
    }

    /// The extensions of all formats.
    pub fn extensions() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().flat_map(|format| format.extensions).copied()
    }

    /// With how many channels, and bits a sample, the format stores a picture that has `channels`
    /// and `depth`.
    pub fn stored(&self, channels: u8, depth: u8) -> Result<(u8, u8), Error> {
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
            Error::Unsupported(format!(
                "has {what}, which {} cannot store; write a .png instead",
                self.name
            ))
        })
    }
}
