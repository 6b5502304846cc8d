//! Grids of latents and what is lost at them: the errors of pixels, and the bits of latents.
//!
//! A picture is fitted by two networks at once. One sees the values of all grids at a pixel and gives its colour; the
//! other sees the latents around one, and gives the distribution under which that latent is coded. The loss is
//! D + lambda R (Balle et al. 2018, arXiv 1802.01436; Cool-Chic: Ladune et al. 2023, arXiv 2212.05458): the mean squared
//! error of samples from 0 to 1, plus lambda times the bits of the latents for each pixel. [`Pixels`] and [`Contexts`] are
//! the objectives of the two networks, and carry what is lost back to the latents.
//!
#![doc = include_str!("derivation.md")]

mod contexts;
mod kernels;
mod laplace;
mod pixels;
mod tiles;

pub(crate) use contexts::{Contexts, INPUTS as CONTEXT_INPUTS};
#[doc(hidden)]
pub use kernels::GridKernels;
pub(crate) use laplace::Coded;
pub(crate) use pixels::{Colours, Pixels};
pub(crate) use tiles::ContextTiles;

use crate::engine::grid::Blocks;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Where a picture is compared with its function, in pixels from the centres of pixels: there, and at the centres of their
/// quarters. A fit that sees the centres alone oscillates between them.
pub(crate) const PLACES: [[f64; 2]; 5] = [
    [0.0, 0.0],
    [-0.25, -0.25],
    [0.25, -0.25],
    [-0.25, 0.25],
    [0.25, 0.25],
];

/// Columns and rows of zeros around latents, as far as contexts reach.
const MARGIN: usize = 2;

/// The largest magnitude that a context sees of a latent.
const CONTEXT_MOST: f32 = siren_format::CONTEXT_MAX as f32;

/// Numbers that one tile of a pass writes while others write theirs.
pub(crate) type Slot = Mutex<Vec<f32>>;

/// Calls `take` with what is in a slot.
fn with<T>(slot: &Slot, take: impl FnOnce(&mut Vec<f32>) -> T) -> T {
    take(&mut slot.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One grid of latents in a fit: the latents as the networks see them in this step, and the derivative of the loss by
/// each.
pub(crate) struct LatentPlane {
    /// Values at the centres of pixels, and at each of the other [`PLACES`].
    lattices: [Blocks; PLACES.len()],
    /// Which of these are asked for.
    place: usize,
    /// Binary logarithm of the distance of nodes in pixels.
    pub(crate) scale: u8,
    /// What a latent of 1 adds to the value of the grid.
    pub(crate) step: f32,
    /// Latents, row by row.
    pub(crate) seen: Vec<f32>,
    /// The same with zeros around them.
    padded: Vec<f32>,
    pub(crate) adjoint: Vec<f32>,
}

impl LatentPlane {
    /// The grid of a picture of `width` x `height` pixels, all zeros.
    pub(crate) fn new(width: usize, height: usize, scale: u8, step: f32) -> Self {
        let lattices = PLACES.map(|place| Blocks::new([width, height], place, scale));
        let blocks = &lattices[0];
        let padded = (blocks.columns() + 2 * MARGIN) * (blocks.rows() + MARGIN);
        Self {
            scale,
            step,
            seen: vec![0.0; blocks.nodes()],
            padded: vec![0.0; padded],
            adjoint: vec![0.0; blocks.nodes()],
            lattices,
            place: 0,
        }
    }

    /// The grid in blocks of pixels, at the place that is asked for.
    pub(crate) fn blocks(&self) -> &Blocks {
        &self.lattices[self.place]
    }

    fn stride(&self) -> usize {
        self.blocks().columns() + 2 * MARGIN
    }

    /// Where the latent of a column and a row is among those with zeros around them.
    fn at(&self, column: usize, row: usize) -> usize {
        (row + MARGIN) * self.stride() + column + MARGIN
    }

    /// Makes what contexts see the same as what pixels see.
    fn pad(&mut self) {
        let (columns, stride) = (self.blocks().columns(), self.stride());
        let rows = self.padded.chunks_exact_mut(stride).skip(MARGIN);
        for (padded, seen) in rows.zip(self.seen.chunks_exact(columns)) {
            for (padded, seen) in padded[MARGIN..].iter_mut().zip(seen) {
                *padded = seen.clamp(-CONTEXT_MOST, CONTEXT_MOST);
            }
        }
    }
}

/// All grids of a picture, in the order in which they are coded.
pub(crate) struct LatentPlanes(pub(crate) Vec<LatentPlane>);

impl LatentPlanes {
    /// The grid whose latents the context of grid `index` sees beside its own, as [`siren_format::Grids::parent`] has it.
    pub(crate) fn parent(&self, index: usize) -> Option<usize> {
        let before = index.checked_sub(1)?;
        (self.0[before].scale > self.0[index].scale).then_some(before)
    }

    /// Which of the [`PLACES`] the values of all grids are those of.
    pub(crate) fn place(&self) -> usize {
        self.0.first().map_or(0, |plane| plane.place)
    }

    /// Has the values of all grids be those at one of the [`PLACES`].
    pub(crate) fn move_to(&mut self, place: usize) {
        self.0.iter_mut().for_each(|plane| plane.place = place);
    }

    /// Changes what the networks see by `change(grid, latents)`, and forgets all derivatives.
    pub(crate) fn change(&mut self, change: impl Fn(usize, &mut [f32]) + Sync) {
        let mut nothing = vec![(); self.0.len()];
        self.change_with(&mut nothing, |grid, (), seen| change(grid, seen));
    }

    /// As [`change`](Self::change), where `change(grid, state, latents)` is given one of `states` for each grid too.
    pub(crate) fn change_with<T: Send>(
        &mut self,
        states: &mut [T],
        change: impl Fn(usize, &mut T, &mut [f32]) + Sync,
    ) {
        self.0
            .par_iter_mut()
            .zip(states)
            .enumerate()
            .for_each(|(index, (plane, state))| {
                change(index, state, &mut plane.seen);
                plane.pad();
                plane.adjoint.fill(0.0);
            });
    }

    /// A slot for each block of pixels, with room for the patches of all grids.
    pub(crate) fn patches(&self) -> Vec<Slot> {
        let blocks = self.0.first().map_or(0, |plane| plane.blocks().blocks());
        let most = |plane: &LatentPlane, block| {
            let patches = plane.lattices.iter().map(|blocks| blocks.patch(block));
            patches.max().unwrap_or(0)
        };
        let room = |block| self.0.iter().map(|plane| most(plane, block)).sum();
        (0..blocks)
            .map(|block| Mutex::new(vec![0.0; room(block)]))
            .collect()
    }

    /// Adds `factor` times what [`Pixels`] has left in `patches` to the derivatives.
    pub(crate) fn gather(&mut self, patches: &[Slot], factor: f32) {
        let mut before = vec![0; patches.len()];
        let mut offsets = Vec::new();
        for plane in &self.0 {
            offsets.push(before.clone());
            for (block, before) in before.iter_mut().enumerate() {
                *before += plane.blocks().patch(block);
            }
        }
        self.0
            .par_iter_mut()
            .zip(offsets)
            .for_each(|(plane, offsets)| {
                let LatentPlane {
                    lattices,
                    place,
                    adjoint,
                    ..
                } = plane;
                let blocks = &lattices[*place];
                for (block, (slot, offset)) in patches.iter().zip(offsets).enumerate() {
                    with(slot, |patch| {
                        let patch = &patch[offset..][..blocks.patch(block)];
                        blocks.gather(patch, block, adjoint);
                    });
                }
                adjoint.iter_mut().for_each(|adjoint| *adjoint *= factor);
            });
    }
}
