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
mod jet;
mod panels;

pub(crate) use adjoint::{adjoint_weights, row_sums};
pub(crate) use affine::affine;
pub use jet::{Activation, Order};
pub(crate) use jet::{activate, activate_adjoint, activate_in_place};
pub(crate) use panels::Panels;

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

#[cfg(test)]
mod tests;
