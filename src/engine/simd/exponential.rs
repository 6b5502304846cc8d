//! Powers of two and binary logarithms.
//!
//! `2^t`: `n = round(t)` comes from adding and subtracting 1.5 * 2^23, which leaves `n` in the low bits of the sum;
//! `2^(t - n)` is its Taylor polynomial of degree 7 (5e-9 for |t - n| <= 1/2), and `2^n` an exponent.
//!
//! `log2 x`: x is 2^n m with m between the square roots of 1/2 and 2. With `s = (m - 1) / (m + 1)`, which is at most
//! 0.172, `log2 m = 2 log2(e) (s + s^3 / 3 + s^5 / 5 + s^7 / 7)` up to 5e-8.

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
/// 2 log2(e) / k for k = 1, 3, 5, 7.
const LOG2: [f32; 4] = [2.885_39, 0.961_796_7, 0.577_078, 0.412_198_6];
/// The bits of the square root of 1/2.
const ROOT: u32 = 0x3F35_04F3;
/// Bits of a mantissa.
const MANTISSA: u32 = 23;
/// Bits of 2^23, whose last mantissa bit counts ones.
const COUNTING: u32 = 0x4B00_0000;
/// The exponent of a float is stored with this added; so is that of 2^23 in its value.
const BIAS: u32 = 127;

/// 2^t of every lane, for t from -126 to 126, with a relative error of at most 2e-7.
#[inline(always)]
pub(crate) fn exp2<S: Simd>(simd: S, t: S::f32s) -> S::f32s {
    let round = S::f32s::splat(simd, ROUND);
    let shifted = t + round;
    let f = t - (shifted - round);
    let mut power = S::f32s::splat(simd, EXP2[6]);
    for &coefficient in EXP2[..6].iter().rev() {
        power = power.mul_add(f, coefficient);
    }
    let power = power.mul_add(f, 1.0);
    // The constant's own low bits are zero, so that what is left after the shift is the exponent n.
    let one = S::f32s::splat(simd, 1.0);
    power * S::f32s::from_bits((shifted.to_bits() << MANTISSA) + one.to_bits())
}

/// The binary logarithm of every lane, for normal positive floats, with an absolute error of at most 2e-7 near 1 and a
/// relative one of as much elsewhere.
#[inline(always)]
pub(crate) fn log2<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // The exponent grows by one where the mantissa passes the square root of 2, and is biased once more.
    let bits = x.to_bits() + word(simd, (BIAS << MANTISSA) - ROOT);
    let n =
        S::f32s::from_bits((bits >> MANTISSA) | word(simd, COUNTING)) - (8_388_608.0 + BIAS as f32);
    let m = S::f32s::from_bits((bits & word(simd, (1 << MANTISSA) - 1)) + word(simd, ROOT));
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut series = S::f32s::splat(simd, LOG2[3]);
    for &coefficient in LOG2[..3].iter().rev() {
        series = series.mul_add(square, coefficient);
    }
    series.mul_add(s, n)
}

/// A word in every lane, of the type that the bits of floats have.
#[inline(always)]
fn word<S: Simd>(simd: S, bits: u32) -> <S::f32s as SimdFloat<S>>::Bits {
    S::f32s::splat(simd, f32::from_bits(bits)).to_bits()
}

#[cfg(test)]
mod tests {
    use super::super::levels;
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// The powers of values, and the logarithms of those.
    fn all(level: Level, values: &mut [f32]) -> Vec<f32> {
        #[inline(always)]
        fn run<S: Simd>(simd: S, values: &mut [f32], logarithms: &mut [f32]) {
            let lanes = <S::f32s as SimdBase<S>>::LEN;
            let chunks = values.chunks_exact_mut(lanes);
            for (chunk, logarithms) in chunks.zip(logarithms.chunks_exact_mut(lanes)) {
                let power = exp2(simd, S::f32s::from_slice(simd, chunk));
                power.store_slice(chunk);
                log2(simd, power).store_slice(logarithms);
            }
        }
        let mut logarithms = vec![0.0; values.len()];
        dispatch!(level, simd => run(simd, values, &mut logarithms));
        logarithms
    }

    #[test]
    fn powers_and_logarithms_are_accurate_at_every_level() {
        let values: Vec<f32> = (-32_000..32_000).map(|i| i as f32 * 0.0039).collect();
        for (name, level) in levels() {
            let mut powers = values.clone();
            let logarithms = all(level, &mut powers);
            for ((&t, power), found) in values.iter().zip(powers).zip(logarithms) {
                let error = f64::from(power) / f64::from(t).exp2() - 1.0;
                assert!(error.abs() < 2e-7, "{name}: 2^{t} is off by {error}");
                let exact = f64::from(power).log2();
                let error = (f64::from(found) - exact).abs() / exact.abs().max(1.0);
                assert!(error < 2e-7, "{name}: log2 {power} is off by {error}");
            }
        }
    }
}
