//! Sine and cosine together.
//!
//! 1. `n = round(x / pi)`, by adding and subtracting 1.5 * 2^23, which leaves the parity of `n` in
//!    the lowest bit of the sum.
//! 2. `r = x - n * pi`, with pi split in three (Cody and Waite): the first two parts have so few bits
//!    that their products with `n` are exact without a fused multiply-add. Now |r| <= pi/2.
//! 3. sin r by an odd polynomial of degree 9, cos r by an even one of degree 8 (minimax; 4.6e-9 and
//!    5.3e-8 in exact arithmetic).
//! 4. Both change sign where `n` is odd.
//!
//! Reducing by pi rather than pi/2 costs one more coefficient each and saves the swap of the two.
//!
//! Range and error: for |x| <= [`RANGE`] the absolute error is at most [`ERROR`], at every level, with
//! or without fused multiply-add. Beyond the range the result is finite rubbish up to about 1e7 and
//! unspecified after that; it never panics.

use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Largest |x| for which [`ERROR`] holds.
#[cfg(test)]
pub(crate) const RANGE: f32 = 25_000.0;
/// Bound of the absolute error of either result, 2^-22.
#[cfg(test)]
pub(crate) const ERROR: f64 = 2.4e-7;

/// 1.5 * 2^23: added to a small float, it leaves the rounded integer in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;
const PI_1: f32 = 3.140_625;
const PI_2: f32 = 9.675_026e-4;
const PI_3: f32 = 1.509_958e-7;
const SIN: [f32; 4] = [
    -0.166_666_57,
    0.008_333_017,
    -0.000_198_066_15,
    2.600_054_5e-6,
];
const COS: [f32; 4] = [-0.499_999_3, 0.041_663_99, -0.001_385_592_7, 2.319_438_4e-5];

/// sin r, cos r of each lane's argument, before the sign, and the sign bit.
#[inline(always)]
fn reduce<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s, <S::f32s as SimdFloat<S>>::Bits) {
    let round = S::f32s::splat(simd, ROUND);
    let shifted = x.mul_add(std::f32::consts::FRAC_1_PI, round);
    let n = shifted - round;
    let r = n.mul_add(-PI_1, x);
    let r = n.mul_add(-PI_2, r);
    let r = n.mul_add(-PI_3, r);
    (r, r * r, shifted.to_bits() << 31)
}

#[inline(always)]
fn sine<S: Simd>(simd: S, r: S::f32s, r2: S::f32s) -> S::f32s {
    let p = S::f32s::splat(simd, SIN[3]).mul_add(r2, SIN[2]);
    let p = p.mul_add(r2, SIN[1]).mul_add(r2, SIN[0]);
    (p * r2).mul_add(r, r)
}

/// sine of every lane.
#[inline(always)]
pub(crate) fn sin<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (r, r2, sign) = reduce(simd, x);
    S::f32s::from_bits(sine(simd, r, r2).to_bits() ^ sign)
}

/// (sine, cosine) of every lane; the sine is the same to the bit as [`sin`]'s.
#[inline(always)]
pub(crate) fn sin_cos<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let (r, r2, sign) = reduce(simd, x);
    let q = S::f32s::splat(simd, COS[3]).mul_add(r2, COS[2]);
    let q = q.mul_add(r2, COS[1]).mul_add(r2, COS[0]);
    let cos = q.mul_add(r2, 1.0);
    (
        S::f32s::from_bits(sine(simd, r, r2).to_bits() ^ sign),
        S::f32s::from_bits(cos.to_bits() ^ sign),
    )
}

#[cfg(test)]
mod tests {
    use super::super::levels;
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// Largest absolute error of either result over `values`.
    fn worst(level: Level, values: &[f32]) -> f64 {
        #[inline(always)]
        fn run<S: Simd>(simd: S, values: &[f32]) -> f64 {
            let lanes = <S::f32s as SimdBase<S>>::LEN;
            let mut worst = 0.0f64;
            for chunk in values.chunks_exact(lanes) {
                let x = S::f32s::from_slice(simd, chunk);
                let (s, c) = sin_cos(simd, x);
                let alone = sin(simd, x);
                for (lane, &x) in chunk.iter().enumerate() {
                    let (sine, cosine) = f64::from(x).sin_cos();
                    let (s, alone) = (s.as_slice()[lane], alone.as_slice()[lane]);
                    assert_eq!(
                        s.to_bits(),
                        alone.to_bits(),
                        "sin and sin_cos differ at {x}"
                    );
                    worst = worst.max((f64::from(s) - sine).abs());
                    worst = worst.max((f64::from(c.as_slice()[lane]) - cosine).abs());
                }
            }
            worst
        }
        dispatch!(level, simd => run(simd, values))
    }

    /// Every float between 2^-14 and 64 in steps of `stride` bit patterns, and their negatives.
    fn patterns(stride: usize) -> impl Iterator<Item = f32> {
        let (low, high) = (2f32.powi(-14).to_bits(), 64f32.to_bits());
        (low..high)
            .step_by(stride)
            .flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
    }

    #[test]
    fn error_bound_holds_at_every_level() {
        let mut values: Vec<f32> = patterns(97).collect();
        values.extend([0.0, -0.0, f32::MIN_POSITIVE, 1e-40, RANGE, -RANGE]);
        // Multiples of pi/2 are where the reduction is hardest.
        for k in 0..16_000 {
            let x = (f64::from(k) * std::f64::consts::FRAC_PI_2) as f32;
            values.extend([x, x.next_up(), x.next_down(), -x].map(|x| x.clamp(-RANGE, RANGE)));
        }
        values.resize(values.len().next_multiple_of(16), 0.0);
        for (name, level) in levels() {
            let worst = worst(level, &values);
            assert!(worst <= ERROR, "{name}: {worst:e}");
        }
    }

    /// All 335 million floats of the range in use; minutes of work at one level, so on request:
    /// `cargo test --release -- --ignored exhaustive`.
    #[test]
    #[ignore = "takes a minute; run when the polynomials change"]
    fn exhaustive() {
        let (_, level) = super::super::level();
        let mut values = Vec::with_capacity(1 << 20);
        let mut bound = 0.0f64;
        for x in patterns(1) {
            values.push(x);
            if values.len() == 1 << 20 {
                bound = bound.max(worst(level, &values));
                values.clear();
            }
        }
        // Then every float up to the end of the range.
        let (low, high) = (64f32.to_bits(), RANGE.to_bits());
        for bits in low..=high {
            values.push(f32::from_bits(bits));
            if values.len() == 1 << 20 {
                bound = bound.max(worst(level, &values));
                values.clear();
            }
        }
        println!("largest absolute error {bound:e}");
        assert!(bound <= ERROR);
    }
}
