//! JPEG, built in: progressive, with optimised Huffman tables and 4:2:0 chroma, as the better encoders of
//! the format are used.

use super::measure;
use super::search;
use crate::failure::Failure;
use crate::picture;
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, EncodingError, SamplingFactor};
use sirenc::Picture;

/// Qualities there are, from 1.
pub(super) const QUALITIES: u8 = 100;

/// Scans per component, of which the smaller is taken: each has tables of its own, which in a picture of
/// some dozen pixels outweigh what they save.
const SCANS: [u8; 2] = [2, 4];

/// A picture in plain form as a JPEG file of `quality` 1 to 100.
pub(super) fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>, Failure> {
    let side = |pixels: u32| {
        u16::try_from(pixels).map_err(|_| {
            Failure::Said(format!(
                "is {pixels} pixels long, above JPEG's limit of 65535; scale it down, or leave jpeg out of --against"
            ))
        })
    };
    let (width, height) = (side(picture.width())?, side(picture.height())?);
    let mut least: Option<Vec<u8>> = None;
    for scans in SCANS {
        let file = encode_in(scans, picture, width, height, quality)
            .map_err(|error| Failure::Said(format!("cannot be written as JPEG: {error}")))?;
        if least.as_ref().is_none_or(|least| file.len() < least.len()) {
            least = Some(file);
        }
    }
    Ok(least.unwrap_or_default())
}

fn encode_in(
    scans: u8,
    picture: &Picture,
    width: u16,
    height: u16,
    quality: u8,
) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_progressive_scans(scans);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let colour = match picture.channels() {
        1 => ColorType::Luma,
        _ => ColorType::Rgb,
    };
    encoder.encode(measure::bytes(picture), width, height, colour)?;
    Ok(file)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, Failure> {
    picture::of_bytes(bytes)
}

/// The JPEG of the highest quality that takes at most `size` bytes, or of the lowest if even that takes
/// more, and its quality.
pub(crate) fn within(picture: &Picture, size: usize) -> Result<(u8, Vec<u8>), Failure> {
    let mut best = (1, encode(picture, 1)?);
    search::first(QUALITIES.into(), |setting| {
        let quality = setting as u8 + 1;
        let file = encode(picture, quality)?;
        let larger = file.len() > size;
        if !larger {
            best = (quality, file);
        }
        Ok(larger)
    })?;
    Ok(best)
}
