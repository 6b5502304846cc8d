//! The errors of the pixels of a picture that is a function of latents.

use super::{LatentPlanes, Slot, with};
use crate::engine::grid::BLOCK;
use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use crate::signal::Picture;

/// The samples of a picture from -1 to 1, block after block of 16 x 16 pixels.
pub(crate) struct Colours {
    channels: usize,
    /// Of each block, a row of [`TILE`] for each channel, and one that is 1 where there is a pixel and 0 beyond the edge.
    rows: Vec<f32>,
}

impl Colours {
    /// The samples of `picture`.
    pub(crate) fn new(picture: &Picture) -> Self {
        let planes = picture.planes();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let across = width.div_ceil(BLOCK);
        let mut rows = Vec::new();
        for block in 0..across * height.div_ceil(BLOCK) {
            let (left, top) = (block % across * BLOCK, block / across * BLOCK);
            let place = |slot: usize| (left + slot % BLOCK, top + slot / BLOCK);
            for plane in &planes {
                rows.extend((0..TILE).map(|slot| {
                    let (x, y) = place(slot);
                    plane[[y.min(height - 1), x.min(width - 1)]]
                }));
            }
            rows.extend((0..TILE).map(|slot| {
                let (x, y) = place(slot);
                f32::from(u8::from(x < width && y < height))
            }));
        }
        Self {
            channels: planes.len(),
            rows,
        }
    }

    /// Channels of a pixel.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Blocks of the picture.
    pub(crate) fn blocks(&self) -> usize {
        self.rows.len() / ((self.channels + 1) * TILE)
    }

    /// A row for each channel of a block, and one that tells where pixels are.
    pub(crate) fn block(&self, block: usize) -> &[f32] {
        let length = (self.channels + 1) * TILE;
        &self.rows[block * length..][..length]
    }
}

/// The squared errors of pixels: block k of the picture is points k [`TILE`] to (k + 1) [`TILE`] of the stream.
pub(crate) struct Pixels<'a> {
    pub(crate) colours: &'a Colours,
    pub(crate) planes: &'a LatentPlanes,
    /// One for each block, as [`LatentPlanes::patches`] makes them.
    pub(crate) patches: &'a [Slot],
}

impl Pixels<'_> {
    /// Writes the values of all grids at the pixels of a block, a row of [`TILE`] for each.
    pub(crate) fn interpolate(&self, block: usize, rows: &mut [f32]) {
        for (plane, row) in self.planes.0.iter().zip(rows.chunks_exact_mut(TILE)) {
            plane
                .blocks
                .interpolate(&plane.seen, block, plane.step, row);
        }
    }

    /// The sum over the pixels of a block of the mean squared error of their samples, with samples from 0 to 1, and its
    /// derivative by each output.
    pub(crate) fn error(&self, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        let channels = self.colours.channels;
        let (known, inside) = known.split_at(channels * TILE);
        // Outputs span -1 to 1: their errors are twice those of samples.
        let share = 1.0 / (4 * channels) as f32;
        let mut error = 0.0;
        let rows = known.chunks_exact(TILE).zip(outputs.chunks_exact(TILE));
        for ((known, outputs), adjoint) in rows.zip(adjoint.chunks_exact_mut(TILE)) {
            let mut sum = 0.0;
            for slot in 0..TILE {
                let miss = inside[slot] * (outputs[slot] - known[slot]);
                adjoint[slot] = 2.0 * share * miss;
                sum += miss * miss;
            }
            error += f64::from(sum);
        }
        error * f64::from(share)
    }
}

impl Objective for Pixels<'_> {
    fn knowns(&self) -> usize {
        self.colours.channels + 1
    }

    fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let block = first as usize / TILE;
        self.interpolate(block, coordinates);
        known.copy_from_slice(self.colours.block(block));
    }

    fn loss(&self, _: u64, _: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        self.error(known, outputs, adjoint)
    }

    fn continues(&self) -> bool {
        true
    }

    fn backward(&self, first: u64, _: usize, adjoint: &[f32]) {
        let block = first as usize / TILE;
        with(&self.patches[block], |patches| {
            let mut rest = patches.as_mut_slice();
            for (plane, row) in self.planes.0.iter().zip(adjoint.chunks_exact(TILE)) {
                let (patch, after) = rest.split_at_mut(plane.blocks.patch(block));
                plane.blocks.adjoint(row, block, plane.step, patch);
                rest = after;
            }
        });
    }
}
