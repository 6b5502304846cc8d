//! The uniform cubic B-spline.
//!
//! At the fraction t of the way from one node to the next, with s = 1 - t, the four nodes around it weigh
//!
//! ```text
//! s^3 / 6,   (3 t^3 - 6 t^2 + 4) / 6,   (3 s^3 - 6 s^2 + 4) / 6,   t^3 / 6
//! ```
//!
//! which sum to 1 and, like their first and second derivatives, have no steps where t passes from 1 to 0 of the next
//! interval.

use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Nodes that a point depends on, in each direction.
pub(super) const TAPS: usize = 4;

/// The weights of four nodes at the fraction `t`, their first derivatives and their second, by the distance of nodes.
#[inline(always)]
pub(super) fn jet(t: f32) -> [[f32; TAPS]; 3] {
    let s = 1.0 - t;
    let inner = |t: f32| ((0.5 * t - 1.0) * t).mul_add(t, 2.0 / 3.0);
    let slope = |t: f32| (1.5 * t - 2.0) * t;
    [
        [s * s * s / 6.0, inner(t), inner(s), t * t * t / 6.0],
        [-0.5 * s * s, slope(t), -slope(s), 0.5 * t * t],
        [s, 3.0 * t - 2.0, 3.0 * s - 2.0, t],
    ]
}

/// What [`jet`] gives for the fractions of many points.
#[inline(always)]
pub(super) fn jets<S: Simd>(simd: S, t: S::f32s) -> [[S::f32s; TAPS]; 3] {
    let number = |value: f32| S::f32s::splat(simd, value);
    let (half, one, two_thirds) = (number(0.5), number(1.0), number(2.0 / 3.0));
    let (two, three, six) = (number(2.0), number(3.0), number(6.0));
    let s = one - t;
    // Not by `map` of arrays, which would not be inlined into the instruction set.
    let inner = |t: S::f32s| ((half * t - one) * t).mul_add(t, two_thirds);
    let slope = |t: S::f32s| (number(1.5) * t - two) * t;
    [
        [s * s * s / six, inner(t), inner(s), t * t * t / six],
        [number(-0.5) * s * s, slope(t), -slope(s), half * t * t],
        [s, three * t - two, three * s - two, t],
    ]
}

/// The weights alone.
pub(super) fn weights(t: f32) -> [f32; TAPS] {
    jet(t)[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_have_no_steps() {
        for i in 0..=16 {
            let [value, first, second] = jet(i as f32 / 16.0).map(|w| w.iter().sum::<f32>());
            assert!((value - 1.0).abs() < 1e-6 && first.abs() < 1e-6 && second.abs() < 1e-6);
        }
        for (end, begin) in jet(1.0).iter().zip(&jet(0.0)) {
            assert!(end[0].abs() < 1e-6 && begin[3].abs() < 1e-6);
            for (end, begin) in end[1..].iter().zip(&begin[..3]) {
                assert!((end - begin).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn derivatives_are_those_of_the_weights() {
        let h = 1e-2;
        for i in 1..16 {
            let t = i as f32 / 16.0;
            let [below, here, above] = [t - h, t, t + h].map(jet);
            for tap in 0..TAPS {
                for order in 0..2 {
                    let slope = (above[order][tap] - below[order][tap]) / (2.0 * h);
                    assert!((slope - here[order + 1][tap]).abs() < 1e-3);
                }
            }
        }
    }
}
