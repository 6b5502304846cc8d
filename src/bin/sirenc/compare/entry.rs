//! What is compared, and its figures.

use super::measure;
use sirenc::{Picture, metric};

/// What an entry was made to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Matched {
    /// Nothing: it is the .siren itself.
    Siren,
    /// The .siren's bytes: the best picture that takes no more.
    Bytes,
    /// The .siren's PSNR: the smallest file that has no less.
    Psnr,
}

/// One codec's file of one picture at one target, measured.
pub(crate) struct Entry {
    /// `sirenc`, `JPEG` and so on, or e.g. `JPEG downscaled`.
    pub(crate) codec: String,
    /// What the entry was made to match.
    pub(crate) matched: Matched,
    /// The codec's setting, as it is typed for its tool.
    pub(crate) setting: String,
    /// No setting could match; this is the nearest to it.
    pub(crate) missed: bool,
    /// The coded file.
    pub(crate) bytes: Vec<u8>,
    /// What comes out, at the original's size.
    pub(crate) decoded: Picture,
    pub(crate) psnr: f64,
    pub(crate) ms_ssim: f64,
    pub(crate) ssimulacra2: f64,
    /// None where an existing file was given.
    pub(crate) encode_seconds: Option<f64>,
    pub(crate) decode_seconds: f64,
}

/// All entries of one picture, in the order of rate then codec.
pub(crate) struct Compared {
    /// File name of the original.
    pub(crate) name: String,
    pub(crate) original: Picture,
    /// One list per rate; its first entry is sirenc's.
    pub(crate) points: Vec<Vec<Entry>>,
}

/// A file as a codec made it, and what it decodes to.
pub(crate) struct Coded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) decoded: Picture,
    pub(crate) encode_seconds: Option<f64>,
    pub(crate) decode_seconds: f64,
}

impl Entry {
    pub(crate) fn measured(
        original: &Picture,
        codec: String,
        matched: Matched,
        setting: String,
        missed: bool,
        coded: Coded,
    ) -> Self {
        Self {
            codec,
            matched,
            setting,
            missed,
            psnr: metric::psnr(original, &coded.decoded),
            ms_ssim: metric::ms_ssim(original, &coded.decoded),
            ssimulacra2: measure::ssimulacra2(original, &coded.decoded),
            bytes: coded.bytes,
            decoded: coded.decoded,
            encode_seconds: coded.encode_seconds,
            decode_seconds: coded.decode_seconds,
        }
    }
}

/// One line of the results: an entry without its file and picture, which take memory.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) codec: String,
    pub(crate) matched: Matched,
    /// The codec's setting, as it is typed for its tool.
    pub(crate) setting: String,
    /// No setting could match; this is the nearest to it.
    pub(crate) missed: bool,
    pub(crate) figures: Figures,
}

impl Row {
    pub(crate) fn of(entry: &Entry, original: &Picture) -> Self {
        let bytes = entry.bytes.len() as f64;
        Self {
            codec: entry.codec.clone(),
            matched: entry.matched,
            setting: entry.setting.clone(),
            missed: entry.missed,
            figures: Figures {
                bytes,
                bpp: 8.0 * bytes / original.pixels() as f64,
                psnr: entry.psnr,
                ms_ssim: entry.ms_ssim,
                ssimulacra2: entry.ssimulacra2,
                encode_seconds: entry.encode_seconds,
                decode_seconds: entry.decode_seconds,
            },
        }
    }
}

/// The rows of one picture: one list per rate, of the same codecs in the same order for each rate and
/// each picture.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) name: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) points: Vec<Vec<Row>>,
}

/// Figures of a file, or means of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) bytes: f64,
    pub(crate) bpp: f64,
    pub(crate) psnr: f64,
    pub(crate) ms_ssim: f64,
    /// Not a number for pictures below 8 x 8 pixels.
    pub(crate) ssimulacra2: f64,
    pub(crate) encode_seconds: Option<f64>,
    pub(crate) decode_seconds: f64,
}

impl Figures {
    /// Means over files; the time of encoding only if it is known of all of them.
    pub(crate) fn mean(all: &[Self]) -> Self {
        let mean =
            |figure: fn(&Self) -> f64| all.iter().map(figure).sum::<f64>() / all.len() as f64;
        let encode: Option<f64> = all.iter().map(|figures| figures.encode_seconds).sum();
        Self {
            bytes: mean(|figures| figures.bytes),
            bpp: mean(|figures| figures.bpp),
            psnr: mean(|figures| figures.psnr),
            ms_ssim: mean(|figures| figures.ms_ssim),
            ssimulacra2: mean(|figures| figures.ssimulacra2),
            encode_seconds: encode.map(|sum| sum / all.len() as f64),
            decode_seconds: mean(|figures| figures.decode_seconds),
        }
    }
}
