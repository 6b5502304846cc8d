//! The code points of colour in ITU-T H.273, which the `cICP` chunk of PNG and the tag of that name in colour
//! profiles hold.

use super::curve::{Curve, SRGB};
use super::matrix::Chromaticities;
use super::space::Space;

const D65: [f64; 2] = [0.3127, 0.3290];
const C: [f64; 2] = [0.310, 0.316];

/// The space of colour `primaries` and a `transfer` characteristic; none if either code says nothing, or is not
/// known here.
pub(crate) fn space(primaries: u8, transfer: u8) -> Option<Space> {
    let curve = curve(transfer)?;
    Some(Space::new(chromaticities(primaries)?.to_xyz()?, curve))
}

/// Table 2 of H.273.
pub(crate) fn chromaticities(code: u8) -> Option<Chromaticities> {
    let (white, primaries) = match code {
        1 => (D65, [[0.640, 0.330], [0.300, 0.600], [0.150, 0.060]]),
        4 => (C, [[0.67, 0.33], [0.21, 0.71], [0.14, 0.08]]),
        5 => (D65, [[0.64, 0.33], [0.29, 0.60], [0.15, 0.06]]),
        6 | 7 => (D65, [[0.630, 0.340], [0.310, 0.595], [0.155, 0.070]]),
        8 => (C, [[0.681, 0.319], [0.243, 0.692], [0.145, 0.049]]),
        9 => (D65, [[0.708, 0.292], [0.170, 0.797], [0.131, 0.046]]),
        11 => (
            [0.314, 0.351],
            [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]],
        ),
        12 => (D65, [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]]),
        22 => (D65, [[0.630, 0.340], [0.295, 0.605], [0.155, 0.077]]),
        _ => return None,
    };
    Some(Chromaticities { white, primaries })
}

/// Table 3 of H.273.
fn curve(code: u8) -> Option<Curve> {
    Some(match code {
        // alpha and beta of H.273, whose samples begin to be a power at 4.5 beta.
        1 | 6 | 11 | 12 | 14 | 15 => {
            let (alpha, beta) = (1.099_296_826_809_44, 0.018_053_968_510_807);
            Curve::Parametric([
                1.0 / 0.45,
                1.0 / alpha,
                (alpha - 1.0) / alpha,
                1.0 / 4.5,
                4.5 * beta,
                0.0,
                0.0,
            ])
        }
        4 => Curve::power(2.2),
        5 => Curve::power(2.8),
        7 => Curve::Parametric([
            1.0 / 0.45,
            1.0 / 1.1115,
            0.1115 / 1.1115,
            0.25,
            0.0912,
            0.0,
            0.0,
        ]),
        8 => Curve::power(1.0),
        13 => SRGB,
        16 => Curve::Pq,
        17 => {
            let scale = (52.37_f64 / 48.0).powf(1.0 / 2.6);
            Curve::Parametric([2.6, scale, 0.0, 0.0, 0.0, 0.0, 0.0])
        }
        18 => Curve::Hlg,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_reach_white_and_meet_where_they_change() {
        for code in 0..=255 {
            let Some(curve) = curve(code) else {
                continue;
            };
            if !curve.is_hdr() && code != 17 {
                assert!((curve.light(1.0) - 1.0).abs() < 1e-9, "{code}");
            }
            if let Curve::Parametric([_, _, _, _, d, ..]) = curve {
                let [below, above] = [d - 1e-9, d].map(|x| curve.light(x));
                assert!((below - above).abs() < 2e-4, "{code}: {below} {above}");
            }
        }
    }
}
