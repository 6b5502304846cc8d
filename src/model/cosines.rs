//! The functions that a placeholder is a sum of, and its colours (SPEC 11.3, 11.6).
//!
//! The functions are products of cosines along both sides, orthonormal over the picture. A pixel is the mean of the
//! picture over its area, for which these functions have a closed form: the value at the pixel's centre times
//! sin(z) / z, with half the pixel's width in phase as z. Means need no care for aliasing at any size.

use std::f64::consts::{PI, SQRT_2};

/// Channels: brightness, red minus blue, and green against both, each a sum of red, green and blue by these weights.
/// They are orthonormal, so that squared errors of them add up to those of red, green and blue. Alpha follows them.
const COLOURS: [[f64; 3]; 3] = [
    [0.577_350_269_189_625_8; 3],
    [0.707_106_781_186_547_5, 0.0, -0.707_106_781_186_547_5],
    [
        0.408_248_290_463_863,
        -0.816_496_580_927_726,
        0.408_248_290_463_863,
    ],
];
/// Alpha counts as much as gray does.
const ALPHA: f64 = 1.732_050_807_568_877_2;

/// For each frequency below `count`, the means of its function over each of `pixels` pixels of a side, one frequency
/// after another.
pub(crate) fn means(pixels: u32, count: usize) -> Vec<f64> {
    table(pixels, count, |shrinkage| shrinkage)
}

/// The counterpart of [`means`], where `count` is at most `pixels`: the sum over all pixels of these numbers times the
/// means of functions is the weight that a function has.
pub(crate) fn functions(pixels: u32, count: usize) -> Vec<f64> {
    let all = f64::from(pixels);
    table(pixels, count, |shrinkage| 1.0 / (shrinkage * all))
}

/// Values of functions at centres of pixels, times a `factor` of the ratio of means over pixels to these values.
fn table(pixels: u32, count: usize, factor: impl Fn(f64) -> f64) -> Vec<f64> {
    let function = |frequency: usize| {
        // Half the phase that a pixel spans.
        let half = PI * frequency as f64 / (2.0 * f64::from(pixels));
        let size = match frequency {
            0 => factor(1.0),
            _ => SQRT_2 * factor(half.sin() / half),
        };
        (0..pixels).map(move |pixel| size * (half * f64::from(2 * pixel + 1)).cos())
    };
    (0..count).flat_map(function).collect()
}

/// The channels of a colour, whose red, green, blue and, if there is one, alpha are from 0 to 1.
pub(crate) fn channels(colour: &[f64]) -> [f64; 4] {
    let mut channels = [0.0; 4];
    for (channel, weights) in channels.iter_mut().zip(COLOURS) {
        *channel = weights.iter().zip(colour).map(|(w, c)| w * (c - 0.5)).sum();
    }
    channels[3] = colour.get(3).map_or(0.0, |alpha| ALPHA * (alpha - 0.5));
    channels
}

/// The colour that has these channels.
pub(crate) fn colour(channels: [f64; 4]) -> [f64; 4] {
    let mut colour = [0.5, 0.5, 0.5, channels[3] / ALPHA + 0.5];
    for (weights, channel) in COLOURS.iter().zip(channels) {
        let sums = colour.iter_mut().zip(weights);
        sums.for_each(|(sum, weight)| *sum += weight * channel);
    }
    colour
}
