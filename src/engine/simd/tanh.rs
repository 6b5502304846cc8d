//! Hyperbolic tangent.
//!
//! `e = 2^t` with `t = -2 log2(e) |x|` is exp(-2 |x|) and lies in (0, 1]. `tanh |x| = (1 - e) / (1 + e)` takes the sign
//! of x.

use super::exp2;
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Beyond this the result is 1.
const FLAT: f32 = 10.0;

/// tanh of every lane, with an absolute error of at most 2e-7.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let size = x.abs().min(S::f32s::splat(simd, FLAT));
    let e = exp2(simd, size * (-2.0 * std::f32::consts::LOG2_E));
    let one = S::f32s::splat(simd, 1.0);
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
