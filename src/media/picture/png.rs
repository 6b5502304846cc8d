//! What a PNG says of its colours (PNG, third edition, 11.3.2).

use super::Survey;
use crate::media::Source;
use crate::media::colour::{Chromaticities, Curve, SRGB, Space, codes};
use png::{CodingIndependentCodePoints, Decoder, Info, Limits, ScaledFloat};
use std::io::{self, Read, SeekFrom};

/// Bytes of the signature, and what ends a file.
const SIGNATURE: u64 = 8;
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";
/// The exponent that `gAMA` has where samples are those of sRGB, and how far from it others may be that mean it.
const SRGB_GAMMA: f32 = 0.454_55;
const SAME_GAMMA: f32 = 0.002;
/// Exponents outside of this range are taken for errors.
const GAMMAS: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Looks at the chunks before the samples. Where they cannot be read there is nothing to say; the decoder will.
pub(super) fn survey(source: &mut dyn Source, most: u64) -> Survey {
    let bytes = usize::try_from(most).unwrap_or(usize::MAX);
    let mut survey = Survey::default();
    let decoder = Decoder::new_with_limits(source, Limits { bytes });
    let Ok(reader) = decoder.read_info() else {
        return survey;
    };
    let info = reader.info();
    // The first of these that is there counts.
    if let Some(points) = info.coding_independent_code_points {
        match of_points(points) {
            Some(space) => {
                survey.space = Some(space);
                return survey;
            }
            None if points.color_primaries == 2 && points.transfer_function == 2 => {}
            None => survey.notes.push(format!(
                "has colours with code points (cICP) that are not known, primaries {} and transfer {}; they are left out of account",
                points.color_primaries, points.transfer_function
            )),
        }
    }
    if info.icc_profile.is_some() || info.srgb.is_some() {
        return survey;
    }
    match of_chunks(info) {
        Some(space) => survey.space = space,
        None => survey.notes.push(
            "has a gAMA or cHRM chunk that cannot be meant; its colours are taken for sRGB".into(),
        ),
    }
    survey
}

/// The bytes of a file that ends without saying so: its whole chunks and the end. None if the end is there. Whether
/// all samples are as well shows when they are decoded.
///
/// # Errors
/// If it cannot be read.
pub(super) fn mended(source: &mut dyn Source, most: u64) -> io::Result<Option<Vec<u8>>> {
    let length = source.seek(SeekFrom::End(0))?;
    let mut at = SIGNATURE;
    while let Some(header) = header(source, at, length)? {
        // Length, type, data and checksum.
        let [a, b, c, d, kind @ ..] = header;
        let next = at + 12 + u64::from(u32::from_be_bytes([a, b, c, d]));
        if next > length {
            break;
        }
        if &kind == b"IEND" {
            return Ok(None);
        }
        at = next;
    }
    source.rewind()?;
    let mut bytes = Vec::new();
    source.take(at.min(most)).read_to_end(&mut bytes)?;
    bytes.extend(END);
    Ok(Some(bytes))
}

/// Length and type of the chunk at `at` of a file of `length` bytes; none if it ends there.
fn header(source: &mut dyn Source, at: u64, length: u64) -> io::Result<Option<[u8; 8]>> {
    let mut header = [0; 8];
    if at + 8 > length {
        return Ok(None);
    }
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(&mut header)?;
    Ok(Some(header))
}

fn of_points(points: CodingIndependentCodePoints) -> Option<Space> {
    let space = codes::space(points.color_primaries, points.transfer_function)?;
    Some(Space {
        narrow: !points.is_video_full_range_image,
        ..space
    })
}

/// The space that `gAMA` and `cHRM` describe, where they say more than nothing; none if what they say cannot be.
fn of_chunks(info: &Info<'_>) -> Option<Option<Space>> {
    if info.gama_chunk.is_none() && info.chrm_chunk.is_none() {
        return Some(None);
    }
    let srgb = |gamma: f32| (gamma - SRGB_GAMMA).abs() <= SAME_GAMMA;
    let curve = match info.gama_chunk.map(ScaledFloat::into_value) {
        Some(gamma) if !srgb(gamma) => {
            let exponent = 1.0 / f64::from(gamma);
            GAMMAS.contains(&exponent).then(|| Curve::power(exponent))?
        }
        _ => SRGB,
    };
    let Some(points) = info.chrm_chunk else {
        return Some(Space::with_srgb_primaries(curve));
    };
    let point = |(x, y): (ScaledFloat, ScaledFloat)| [x, y].map(|c| f64::from(c.into_value()));
    let chromaticities = Chromaticities {
        white: point(points.white),
        primaries: [points.red, points.green, points.blue].map(point),
    };
    Some(Some(Space::new(chromaticities.to_xyz()?, curve)))
}
