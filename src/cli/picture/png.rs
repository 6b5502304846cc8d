//! What a PNG says of its colours (PNG, third edition, 11.3.2).

use super::Survey;
use crate::cli::colour::{Chromaticities, Curve, SRGB, Space, codes};
use crate::cli::input::Source;
use png::{CodingIndependentCodePoints, Decoder, Info, Limits, ScaledFloat};

/// The exponent that `gAMA` has where samples are those of sRGB, and how far from it others may be that mean it.
const SRGB_GAMMA: f32 = 0.454_55;
const SAME_GAMMA: f32 = 0.002;
/// Exponents beyond which nobody can mean them.
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
