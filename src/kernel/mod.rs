//! Dense layers over tiles of points.
//!
//! A *tile* is [`TILE`] points that go through all layers, forward and backward, while they stay in
//! the L2 cache. Inside a tile data is feature-major: one *row* of [`TILE`] floats per neuron, so a
//! vector holds the same neuron of neighbouring points and no layer width wastes lanes. Nothing of
//! size points x width exists anywhere.
//!
//! The plain algorithm, for a layer with weights W (outputs x inputs) and points p:
//!
//! ```text
//! forward:          z[o][p]  = b[o] + sum_i W[o][i] x[i][p]
//! adjoint of x:     dx[i][p] = sum_o W[o][i] dz[o][p]
//! adjoint of W, b:  dW[o][i] = sum_p dz[o][p] x[i][p],   db[o] = sum_p dz[o][p]
//! ```
//!
//! and the departures from it:
//! 1. Rows of the result are computed in blocks of up to [`ROWS`], times a few vectors of points, all in
//!    registers; weights are broadcast. The rows are shared out evenly (28 = 6+6+6+5+5), not 6+6+6+6+4.
//! 2. Weights are copied once a step into [`Panels`], in the order in which the blocks read them.
//! 3. The adjoint of W accumulates blocks of outputs x inputs over the points of the tile and is
//!    reduced across lanes once per block.
//!
//! Sums over points run in a fixed order, so results do not depend on the number of threads.

mod adjoint;
mod affine;
mod panels;

pub(crate) use adjoint::{adjoint_weights, row_sums};
pub(crate) use affine::affine;
pub(crate) use panels::Panels;

use crate::simd::{sin, sin_cos};
use fearless_simd::{Simd, SimdBase};

/// Points per tile: the length of every row of an [`crate::Objective`]. 256 keeps ten layers of 28 neurons (sine and cosine) within 600 kB.
pub const TILE: usize = 256;

/// Most rows of a result computed at once.
pub(crate) const ROWS: usize = 6;

/// The rows of `count` shared out evenly into blocks of at most `most`: (first row, rows) of each.
pub(crate) fn blocks(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let number = count.div_ceil(most).max(1);
    (0..number).map(move |block| {
        let first = block * count / number;
        (first, (block + 1) * count / number - first)
    })
}

/// Replaces pre-activations `z` by their cosines and writes their sines to `sines`.
#[inline(always)]
pub(crate) fn sine_rows<S: Simd>(simd: S, z: &mut [f32], sines: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    for (z, sines) in z.chunks_exact_mut(lanes).zip(sines.chunks_exact_mut(lanes)) {
        let (sine, cosine) = sin_cos(simd, S::f32s::from_slice(simd, z));
        cosine.store_slice(z);
        sine.store_slice(sines);
    }
}

/// Replaces pre-activations by their sines: the same values as [`sine_rows`] computes.
#[inline(always)]
pub(crate) fn sine_rows_in_place<S: Simd>(simd: S, z: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    for z in z.chunks_exact_mut(lanes) {
        sin(simd, S::f32s::from_slice(simd, z)).store_slice(z);
    }
}

/// `a *= b`, element by element.
#[inline(always)]
pub(crate) fn multiply_rows<S: Simd>(simd: S, a: &mut [f32], b: &[f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    for (a, b) in a.chunks_exact_mut(lanes).zip(b.chunks_exact(lanes)) {
        (S::f32s::from_slice(simd, a) * S::f32s::from_slice(simd, b)).store_slice(a);
    }
}

#[cfg(test)]
mod tests;
