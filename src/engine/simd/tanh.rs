//! Hyperbolic tangent.
//!
//! 1. `t = -2 log2(e) |x|`, so that `e = 2^t = exp(-2 |x|)` lies in (0, 1].
//! 2. `n = round(t)`, by adding and subtracting 1.5 * 2^23, which leaves `n` in the low bits of the sum;
//!    `2^(t - n)` by its Taylor polynomial of degree 7 (5e-9 for |t - n| <= 1/2), `2^n` by its exponent.
//! 3. `tanh |x| = (1 - e) / (1 + e)`, with the sign of x.

use fearless_simd::{Simd, SimdBase, SimdFloat};

/// 1.5 * 2^23: added to a small float, it leaves the rounded integer in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;
/// ln(2)^k / k! for k = 1 ..= 7.
const EXP2: [f32; 7] = [
    std::f32::consts::LN_2,
    0.240_226_5,
    0.055_504_11,
    0.009_618_129,
    0.001_333_355_8,
    0.000_154_035_3,
    0.000_015_252_734,
];
/// Beyond this the result is 1.
const FLAT: f32 = 10.0;

/// tanh of every lane, with an absolute error of at most 2e-7.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let size = x.abs().min(S::f32s::splat(simd, FLAT));
    let t = size * (-2.0 * std::f32::consts::LOG2_E);
    let round = S::f32s::splat(simd, ROUND);
    let shifted = t + round;
    let f = t - (shifted - round);
    let mut power = S::f32s::splat(simd, EXP2[6]);
    for &coefficient in EXP2[..6].iter().rev() {
        power = power.mul_add(f, coefficient);
    }
    let power = power.mul_add(f, 1.0);
    // The biased exponent of 2^n: n is at least -29, so it stays positive. The constant's own low bits
    // are zero.
    let one = S::f32s::splat(simd, 1.0);
    let e = power * S::f32s::from_bits((shifted.to_bits() << 23) + one.to_bits());
    let tanh = (one - e) / (one + e);
    tanh.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::levels;
    use super::*;
    use fearless_simd::{Level, dispatch};

    fn all(level: Level, values: &mut [f32]) {
        #[inline(always)]
        fn run<S: Simd>(simd: S, values: &mut [f32]) {
            for chunk in values.chunks_exact_mut(<S::f32s as SimdBase<S>>::LEN) {
                tanh(simd, S::f32s::from_slice(simd, chunk)).store_slice(chunk);
            }
        }
        dispatch!(level, simd => run(simd, values));
    }

    #[test]
    fn tanh_is_accurate_at_every_level() {
        let values: Vec<f32> = (-32_000..32_000).map(|i| i as f32 * 5e-4).collect();
        for (name, level) in levels() {
            let mut found = values.clone();
            all(level, &mut found);
            for (&x, found) in values.iter().zip(found) {
                let error = (f64::from(found) - f64::from(x).tanh()).abs();
                assert!(error < 2e-7, "{name}: tanh {x} is off by {error}");
            }
        }
    }
}
