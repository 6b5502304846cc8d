//! Signed distances on a regular grid of points in the cube: what meshes are extracted from, and what programs that work
//! on distances read.

use super::super::Threads;
use super::super::cost::{each, threads};
use super::ShapeDecoder;
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::{Evaluator, Network, Order};
use rayon::prelude::*;
use siren_format::Cost;

/// Layers of cells that are evaluated at a time: a slab and what is made of it is all that is in memory.
pub(super) const LAYERS: u32 = 16;

/// The corners of `resolution` cells along each side of the cube from -1 to 1.
pub(super) struct DistanceGrid {
    pub(super) resolution: u32,
    pub(super) distances: Evaluator,
}

impl DistanceGrid {
    pub(super) fn new(network: &Network, resolution: u32) -> Self {
        Self {
            resolution,
            distances: Evaluator::new(network, Order::Value),
        }
    }

    /// Points along each side.
    pub(super) fn side(&self) -> u32 {
        self.resolution + 1
    }

    /// Coordinate of grid point `index`, fractions included.
    pub(super) fn coordinate(&self, index: f32) -> f32 {
        2.0 * index / self.resolution as f32 - 1.0
    }

    /// The distances at all points of `layers` layers, of which `first` is the first: x fastest, then y, then z.
    pub(super) fn slab(&self, first: u32, layers: u32) -> Vec<f32> {
        let side = self.side() as usize;
        let mut all = vec![0.0; side * side * layers as usize];
        all.par_chunks_mut(TILE).enumerate().for_each_init(
            || self.distances.scratch(),
            |scratch, (tile, all)| {
                let rows = self.distances.tile(scratch, |coordinates| {
                    for slot in 0..all.len() {
                        let index = tile * TILE + slot;
                        let [x, y] = [index % side, index / side % side];
                        let z = index / (side * side) + first as usize;
                        for (axis, index) in [x, y, z].into_iter().enumerate() {
                            coordinates[axis * TILE + slot] = self.coordinate(index as f32);
                        }
                    }
                });
                all.copy_from_slice(&rows[..all.len()]);
            },
        );
        all
    }
}

/// Refuses a number of cells along a side that no grid has.
pub(super) fn check(resolution: u32) -> Result<(), Error> {
    match resolution {
        2..=4096 => Ok(()),
        _ => Err(Error::parameter("resolution", resolution, "2 to 4096")),
    }
}

impl ShapeDecoder {
    /// Hands the signed distances at the corners of `resolution` cells along each side of the cube to `sink`, some layers
    /// of equal z at a time: `resolution + 1` numbers for each row, x fastest, then y, then z, each from its least on.
    ///
    /// The distances are in the units of the space that the shape came from, and negative inside. Far from the surface they
    /// are less near to the true ones, as fits see most of what is close to it. Corner `i` along an axis
    /// lies at `centre + scale * (2 i / resolution - 1)` there (see [`ShapeDecoder::placement`]).
    ///
    /// # Errors
    /// [`Error::Parameter`] if the resolution is not 2 to 4096, [`Error::Limit`] if the grid costs more than the limits
    /// allow, [`Error::Threads`] if threads cannot be started; and those of `sink`.
    pub fn distances<E: From<Error>>(
        &self,
        resolution: u32,
        mut sink: impl FnMut(&[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        check(resolution)?;
        self.stored.admit(&self.cost_of_distances(resolution))?;
        let threads = Threads::new(self.threads)?;
        let grid = DistanceGrid::new(self.network(), resolution);
        for first in (0..grid.side()).step_by(LAYERS as usize) {
            let layers = LAYERS.min(grid.side() - first);
            let mut slab = threads.run(|| grid.slab(first, layers));
            for distance in &mut slab {
                *distance *= self.placement.scale;
            }
            sink(&slab)?;
        }
        Ok(())
    }

    /// What it costs to evaluate the distances at the corners of `resolution` cells along each side.
    pub fn cost_of_distances(&self, resolution: u32) -> Cost {
        let (side, layers) = (u64::from(resolution) + 1, u64::from(LAYERS));
        let mut cost = self.stored.opened();
        let slab = side * side * layers.min(side);
        let slabs = side.div_ceil(layers);
        cost.evaluate(slabs, slab, each(self.header(), Order::Value));
        // The numbers themselves, and once more as the bytes that are written.
        cost.hold(2 * size_of::<f32>() as u64 * slab);
        cost.put(size_of::<f32>() as u64 * side.pow(3));
        let threads = threads(self.threads);
        self.stored
            .hold_kernels(&mut cost, 1, Order::Value, threads);
        cost
    }
}
