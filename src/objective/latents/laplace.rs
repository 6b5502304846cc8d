//! The bits of integers under Laplace distributions.
//!
//! An integer q is coded under a Laplace distribution of mean m and scale s: with F its distribution function, it takes
//! -log2 (F((q + 1/2 - m) / s) - F((q - 1/2 - m) / s)) bits.

use crate::engine::simd::{exp2, level, log2};
use fearless_simd::{Select, Simd, SimdBase, SimdFloat, dispatch};
use std::f32::consts::{LN_2, LOG2_E};

/// The binary logarithms of the scales of distributions.
const SCALES: [f32; 2] = [-4.0, 8.0];
/// The least probability of a latent, which bounds what it takes and how steeply that falls.
const LEAST: f32 = 1.0 / 65_536.0;
/// Powers of e below 2 to the minus this are taken to be this small.
const FAR: f32 = 126.0;

/// Latents that are no integers yet, and the distributions that they are coded under. All slices have the same length,
/// a multiple of the lanes of every instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Coded<'a> {
    pub(crate) latents: &'a [f32],
    pub(crate) means: &'a [f32],
    /// Binary logarithms of the scales of the distributions.
    pub(crate) scales: &'a [f32],
}

impl Coded<'_> {
    /// Writes the bits of each latent, and their derivatives by the mean and by the binary logarithm of the scale.
    pub(crate) fn costs(self, bits: &mut [f32], by_mean: &mut [f32], by_scale: &mut [f32]) {
        dispatch!(level().1, simd => self.run(simd, bits, by_mean, by_scale));
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S, bits: &mut [f32], by_mean: &mut [f32], by_scale: &mut [f32]) {
        let lanes = S::f32s::LEN;
        let places = self.means.chunks_exact(lanes);
        let places = places.zip(self.scales.chunks_exact(lanes));
        let slopes = by_mean.chunks_exact_mut(lanes);
        let slopes = slopes.zip(by_scale.chunks_exact_mut(lanes));
        let outputs = bits.chunks_exact_mut(lanes).zip(slopes);
        let latents = self.latents.chunks_exact(lanes);
        for ((latent, (mean, scale)), (bits, (by_mean, by_scale))) in
            latents.zip(places).zip(outputs)
        {
            let distance = S::f32s::from_slice(simd, latent) - S::f32s::from_slice(simd, mean);
            let costs = cost(simd, distance, S::f32s::from_slice(simd, scale));
            costs[0].store_slice(bits);
            costs[1].store_slice(by_mean);
            costs[2].store_slice(by_scale);
        }
    }
}

/// The bits of latents at these distances from the means, and their derivatives by the mean and by the binary logarithm
/// of the scale.
#[inline(always)]
fn cost<S: Simd>(simd: S, distance: S::f32s, scale: S::f32s) -> [S::f32s; 3] {
    let limited = scale.max(SCALES[0]).min(SCALES[1]);
    let steepness = exp2(simd, -limited);
    let below = (distance - 0.5) * steepness;
    let above = (distance + 0.5) * steepness;
    let (at_below, at_above) = (density(simd, below), density(simd, above));
    let difference = at_below - at_above;
    // Where both ends are on the same side, the difference of tails does not vanish in rounding.
    let middle = S::f32s::splat(simd, 1.0) - at_below - at_above;
    let right = below.simd_gt(0.0).select(difference, middle);
    let probability = above.simd_lt(0.0).select(-difference, right);
    let raised = probability.mul_add(1.0 - LEAST, LEAST);
    let slope = S::f32s::splat(simd, -LOG2_E * (1.0 - LEAST)) / raised;
    let by_mean = slope * difference * steepness;
    let by_scale = slope * LN_2 * (at_below * below - at_above * above);
    let inside = limited.simd_eq(scale);
    [
        -log2(simd, raised),
        by_mean,
        inside.select(by_scale, S::f32s::splat(simd, 0.0)),
    ]
}

/// exp(-|z|) / 2.
#[inline(always)]
fn density<S: Simd>(simd: S, z: S::f32s) -> S::f32s {
    exp2(simd, (z.abs() * -LOG2_E).max(-FAR)) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::simd::levels;

    /// -log2 of the probability by the definition.
    fn bits(latent: f64, mean: f64, scale: f64) -> f64 {
        let distribution = |x: f64| {
            let z = (x - mean) / scale.clamp(-4.0, 8.0).exp2();
            let tail = 0.5 * (-z.abs()).exp();
            [tail, 1.0 - tail][usize::from(z > 0.0)]
        };
        let probability = distribution(latent + 0.5) - distribution(latent - 0.5);
        let least = f64::from(LEAST);
        -(probability * (1.0 - least) + least).log2()
    }

    #[test]
    fn costs_and_their_derivatives_are_those_of_the_definition() {
        let mut cases = Vec::new();
        for latent in [0.0, 0.4, 1.0, -3.0, 100.0, -4_000.0] {
            for mean in [0.0, 0.1, -0.5, 2.5, 90.0] {
                for scale in [-5.0, -2.0, -0.5, 0.3, 1.5, 7.9, 9.0_f32] {
                    cases.push([latent, mean, scale]);
                }
            }
        }
        cases.resize(cases.len().next_multiple_of(16), [0.0; 3]);
        let column = |at: usize| -> Vec<f32> { cases.iter().map(|case| case[at]).collect() };
        let [latents, means, scales] = [0, 1, 2].map(column);
        let coded = Coded {
            latents: &latents,
            means: &means,
            scales: &scales,
        };
        for (name, level) in levels() {
            let mut found = [0, 1, 2].map(|_| vec![0.0; cases.len()]);
            let [cost, by_mean, by_scale] = &mut found;
            dispatch!(level, simd => coded.run(simd, cost, by_mean, by_scale));
            for (index, &case) in cases.iter().enumerate() {
                let [latent, mean, scale] = case.map(f64::from);
                let [cost, by_mean, by_scale] = [0, 1, 2].map(|at| f64::from(found[at][index]));
                let miss = (cost - bits(latent, mean, scale)).abs();
                assert!(miss < 2e-3, "{name}, {case:?}: {cost}");
                let h = 1e-5;
                let slope = |up: f64, down: f64| (up - down) / (2.0 * h);
                let along = slope(bits(latent, mean + h, scale), bits(latent, mean - h, scale));
                let near = |a: f64, b: f64| (a - b).abs() < 2e-3 * (1.0 + b.abs());
                assert!(near(by_mean, along), "{name}, {case:?}: {by_mean} {along}");
                let along = slope(bits(latent, mean, scale + h), bits(latent, mean, scale - h));
                assert!(
                    near(by_scale, along),
                    "{name}, {case:?}: {by_scale} {along}"
                );
            }
        }
    }
}
