//! `sirenc compare`: a picture in several codecs, measured and laid side by side.

// Nothing calls the page until the command does.
#![allow(dead_code)]

mod page;
mod plot;

use sirenc::Picture;

/// What an entry was made to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matched {
    /// Nothing: it is the `.siren` file itself.
    Siren,
    /// The bytes of the `.siren` file.
    Bytes,
    /// Its PSNR.
    Psnr,
}

/// One codec's file of one picture at one target, measured.
pub(crate) struct Entry {
    /// `sirenc`, `JPEG`, `WebP`, `AVIF`, `JPEG XL`, or e.g. `JPEG (half size)` for a downscaled stand-in.
    pub(crate) codec: String,
    /// What the entry was made to match.
    pub(crate) matched: Matched,
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
    /// One for each rate; its first entry is sirenc's.
    pub(crate) points: Vec<Vec<Entry>>,
}
