//! What the networks see of latents that are not rounded yet.
//!
//! A latent y is rounded softly, gets noise u, and is rounded softly again (Kim et al. 2024, arXiv 2312.02753):
//!
//! ```text
//! s(s(y) + u),   s(y) = floor(y) + 1/2 + tanh((y - floor(y) - 1/2) / T) / (2 tanh(1 / (2 T)))
//! ```
//!
//! where s is the soft rounding of Agustsson and Theis (2020, arXiv 2006.09952), nearer to rounding the smaller its
//! temperature T. The noise lies between -1/2 and 1/2. It follows the distribution of Kumaraswamy whose mode is 0: a peak
//! at the beginning of a fit, when networks have to learn what latents mean, and nearly uniform at its end. As T falls,
//! what the networks see comes close to integers, so that rounding in the end changes little.

use crate::engine::simd::{level, tanh};
use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch};

/// The temperature at the beginning and at the end.
const TEMPERATURE: [f32; 2] = [0.3, 0.15];
/// The first parameter of the distribution of the noise, at the beginning and at the end; 1 is uniform.
const PEAK: [f32; 2] = [2.0, 1.3];
/// The least slope that soft rounding is taken to have.
const LEAST_SLOPE: f32 = 0.05;
/// Binary logarithm of the number of equally likely values that noise has.
const NOISE_BITS: u32 = 12;
/// Latents that are computed at once: a multiple of the lanes of every instruction set.
const CHUNK: usize = 64;

/// The softness of rounding at one time of a fit.
pub(super) struct Softener {
    temperature: f32,
    /// Values of the noise, equally likely.
    noise: Vec<f32>,
}

impl Softener {
    /// For a fit that has gone from 0 to 1 as far as `progress`.
    pub(super) fn new(progress: f32) -> Self {
        let between = |[begin, end]: [f32; 2]| begin + (end - begin) * progress;
        let peak = between(PEAK);
        // With this second parameter the mode is in the middle.
        let second = (peak.exp2() * (peak - 1.0) + 1.0) / peak;
        let count = 1 << NOISE_BITS;
        let quantile = |index: usize| {
            let share = (index as f32 + 0.5) / count as f32;
            (1.0 - (1.0 - share).powf(1.0 / second)).powf(1.0 / peak) - 0.5
        };
        Self {
            temperature: between(TEMPERATURE),
            noise: (0..count).map(quantile).collect(),
        }
    }

    /// Writes what is seen of the latents `values` of the grid with this number, with the noise of this `seed`, and the
    /// slopes of that.
    pub(super) fn soften(
        &self,
        values: &[f32],
        grid: usize,
        seed: u32,
        seen: &mut [f32],
        slopes: &mut [f32],
    ) {
        let level = level().1;
        dispatch!(level, simd => self.run(simd, values, (grid, seed), seen, slopes));
    }

    #[inline(always)]
    fn run<S: Simd>(
        &self,
        simd: S,
        values: &[f32],
        (grid, seed): (usize, u32),
        seen: &mut [f32],
        slopes: &mut [f32],
    ) {
        let outputs = seen.chunks_mut(CHUNK).zip(slopes.chunks_mut(CHUNK));
        for (chunk, (values, (seen, slopes))) in values.chunks(CHUNK).zip(outputs).enumerate() {
            let mut latents = [0.0; CHUNK];
            latents[..values.len()].copy_from_slice(values);
            let mut noise = [0.0; CHUNK];
            for (slot, noise) in noise.iter_mut().enumerate() {
                let place = (chunk * CHUNK + slot) as u32 ^ (grid as u32) << 26;
                *noise = self.noise[(hash(place, seed) >> (32 - NOISE_BITS)) as usize];
            }
            let mut slope = [0.0; CHUNK];
            for (latents, (noise, slopes)) in latents.chunks_exact_mut(S::f32s::LEN).zip(
                noise
                    .chunks_exact(S::f32s::LEN)
                    .zip(slope.chunks_exact_mut(S::f32s::LEN)),
            ) {
                let [once, inner] = self.soft(simd, S::f32s::from_slice(simd, latents));
                let noisy = once + S::f32s::from_slice(simd, noise);
                let [twice, outer] = self.soft(simd, noisy);
                twice.store_slice(latents);
                (inner * outer).store_slice(slopes);
            }
            seen.copy_from_slice(&latents[..seen.len()]);
            slopes.copy_from_slice(&slope[..slopes.len()]);
        }
    }

    /// The soft rounding of each lane, and its slope, but not less than gradients need to pass.
    #[inline(always)]
    fn soft<S: Simd>(&self, simd: S, value: S::f32s) -> [S::f32s; 2] {
        let half = S::f32s::splat(simd, 0.5);
        let scale = 0.5 / (0.5 / self.temperature).tanh();
        let floor = value.floor();
        let bent = tanh(simd, (value - floor - half) * (1.0 / self.temperature));
        let slope = (S::f32s::splat(simd, 1.0) - bent * bent) * (scale / self.temperature);
        let least = S::f32s::splat(simd, LEAST_SLOPE);
        [floor + half + bent * scale, slope.max(least)]
    }
}

/// A number that looks random, for each pair.
pub(super) fn hash(a: u32, b: u32) -> u32 {
    let mut x = a.wrapping_mul(0x9E37_79B9) ^ b.wrapping_mul(0x85EB_CA6B);
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^ x >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn softened(softener: &Softener, values: &[f32]) -> [Vec<f32>; 2] {
        let mut outputs = [vec![0.0; values.len()], vec![0.0; values.len()]];
        let [seen, slopes] = &mut outputs;
        softener.soften(values, 3, 7, seen, slopes);
        outputs
    }

    #[test]
    fn noise_lies_around_zero_and_spreads_out() {
        let deviation = |progress: f32| {
            let noise = Softener::new(progress).noise;
            let count = noise.len() as f32;
            assert!(noise.iter().all(|noise| noise.abs() <= 0.5));
            let mean = noise.iter().sum::<f32>() / count;
            assert!(mean.abs() < 0.02, "{mean}");
            (noise.iter().map(|noise| noise * noise).sum::<f32>() / count).sqrt()
        };
        let [begin, end] = [deviation(0.0), deviation(1.0)];
        // A uniform distribution has 0.289.
        assert!(
            0.15 < begin && begin + 0.02 < end && end < 0.289,
            "{begin} {end}"
        );
    }

    /// The chunks' ends, integers, and everything between; slopes are those of differences where they are not limited.
    #[test]
    fn slopes_are_those_of_differences() {
        let softener = Softener::new(0.5);
        let values: Vec<f32> = (0..301).map(|index| index as f32 * 0.0371 - 5.0).collect();
        let moved = |by: f32| -> Vec<f32> {
            let values: Vec<f32> = values.iter().map(|value| value + by).collect();
            softened(&softener, &values)[0].clone()
        };
        let h = 1e-3;
        let (up, down) = (moved(h), moved(-h));
        let [seen, slopes] = softened(&softener, &values);
        let mut checked = 0;
        for index in 0..values.len() {
            assert!((seen[index] - values[index]).abs() < 1.51);
            let slope = (up[index] - down[index]) / (2.0 * h);
            if slope > 2.0 * LEAST_SLOPE && slope < 20.0 {
                checked += 1;
                let miss = (slope - slopes[index]).abs();
                assert!(
                    miss < 0.05 + 0.2 * slope,
                    "{index}: {slope} {}",
                    slopes[index]
                );
            }
        }
        assert!(checked > 100, "{checked}");
    }
}
