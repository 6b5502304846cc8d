//! The bits of latents under the distributions that their contexts give.

use super::{LatentPlane, LatentPlanes, MARGIN, Slot, with};
use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use rayon::prelude::*;
use siren_format::{CONTEXT_INPUTS, NEIGHBOURS, PARENTS, SCALE_ORIGIN};
use std::sync::Mutex;

/// Inputs of the context network.
pub(crate) const INPUTS: usize = CONTEXT_INPUTS;
/// Rows of a slot: the derivatives by latents that contexts see, and by those that are coded.
const ROWS: usize = NEIGHBOURS.len() + PARENTS + 1;
/// The binary logarithms of the scales of distributions.
const SCALES: std::ops::RangeInclusive<f32> = -4.0..=8.0;
/// The least probability of a latent, which bounds what it takes and how steeply that falls.
const LEAST: f32 = 1.0 / 65_536.0;

/// Up to [`TILE`] latents of one grid that follow each other.
#[derive(Clone, Copy)]
struct Tile {
    grid: usize,
    first: usize,
    count: usize,
}

/// All latents in tiles: tile k is points k [`TILE`] to (k + 1) [`TILE`] of the stream, some of which stand for none.
pub(crate) struct ContextTiles {
    tiles: Vec<Tile>,
    slots: Vec<Slot>,
}

impl ContextTiles {
    /// The tiles of `planes`.
    pub(crate) fn new(planes: &LatentPlanes) -> Self {
        let mut tiles = Vec::new();
        for (grid, plane) in planes.0.iter().enumerate() {
            let nodes = plane.blocks.nodes();
            tiles.extend((0..nodes).step_by(TILE).map(|first| Tile {
                grid,
                first,
                count: (nodes - first).min(TILE),
            }));
        }
        let slot = |_: &Tile| Mutex::new(vec![0.0; ROWS * TILE]);
        Self {
            slots: tiles.iter().map(slot).collect(),
            tiles,
        }
    }

    /// Points of the stream.
    pub(crate) fn points(&self) -> u64 {
        (self.tiles.len() * TILE) as u64
    }

    /// Adds `factor` times what [`Contexts`] has left to the derivatives of `planes`.
    pub(crate) fn scatter(&self, planes: &mut LatentPlanes, factor: f32) {
        let parents: Vec<_> = (0..planes.0.len())
            .map(|grid| planes.parent(grid))
            .collect();
        let scales: Vec<_> = planes.0.iter().map(|plane| plane.scale).collect();
        let columns: Vec<_> = planes
            .0
            .iter()
            .map(|plane| plane.blocks.columns())
            .collect();
        planes
            .0
            .par_iter_mut()
            .enumerate()
            .for_each(|(grid, plane)| {
                let mut padded = vec![0.0; plane.padded.len()];
                for (tile, slot) in self.tiles.iter().zip(&self.slots) {
                    if tile.grid == grid {
                        with(slot, |rows| tile.to_neighbours(rows, plane, &mut padded));
                    } else if parents[tile.grid] == Some(grid) {
                        let shift = plane.scale - scales[tile.grid];
                        let columns = columns[tile.grid];
                        with(slot, |rows| {
                            tile.to_parents(rows, plane, columns, shift, &mut padded);
                        });
                    }
                }
                let stride = plane.stride();
                let columns = plane.blocks.columns();
                let rows = padded.chunks_exact(stride).skip(MARGIN);
                for (padded, adjoint) in rows.zip(plane.adjoint.chunks_exact_mut(columns)) {
                    for (adjoint, value) in adjoint.iter_mut().zip(&padded[MARGIN..]) {
                        *adjoint += factor * value;
                    }
                }
            });
    }
}

/// The latents around a column or a row, of which there are `count`; beyond the edge are those at the edge.
fn near(place: usize, count: usize) -> [usize; 3] {
    [place.saturating_sub(1), place, place + 1].map(|place| place.min(count - 1))
}

impl Tile {
    /// Runs of latents in one row of a grid of `columns` columns: slot, column, row, and number of latents.
    fn runs(self, columns: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let mut slot = 0;
        std::iter::from_fn(move || {
            let at = self.first + slot;
            let (column, row) = (at % columns, at / columns);
            let count = (self.count - slot).min(columns - column);
            let run = (slot, column, row, count);
            slot += count;
            (count > 0).then_some(run)
        })
    }

    /// Adds the derivatives by coded latents and by their neighbours to the latents with zeros around them.
    fn to_neighbours(self, rows: &[f32], plane: &LatentPlane, padded: &mut [f32]) {
        let offsets = NEIGHBOURS.iter().chain(&[(0, 0)]);
        for (slot, column, row, count) in self.runs(plane.blocks.columns()) {
            let at = plane.at(column, row) as isize;
            for (index, &(right, down)) in offsets.clone().enumerate() {
                // Those of the coded latents are in the last row.
                let index = if index == NEIGHBOURS.len() {
                    ROWS - 1
                } else {
                    index
                };
                let from = &rows[index * TILE + slot..][..count];
                let offset = right as isize + down as isize * plane.stride() as isize;
                let to = &mut padded[(at + offset) as usize..][..count];
                for (to, from) in to.iter_mut().zip(from) {
                    *to += from;
                }
            }
        }
    }

    /// Adds the derivatives by latents of the `plane` before, whose scale is `shift` octaves larger, for a grid of `columns`
    /// columns.
    fn to_parents(
        self,
        rows: &[f32],
        plane: &LatentPlane,
        columns: usize,
        shift: u8,
        padded: &mut [f32],
    ) {
        for (slot, column, row, count) in self.runs(columns) {
            let lines = near(row >> shift, plane.blocks.rows());
            for index in 0..count {
                let places = near((column + index) >> shift, plane.blocks.columns());
                let around = lines
                    .iter()
                    .flat_map(|&line| places.map(|place| (place, line)));
                for (input, (place, line)) in around.enumerate() {
                    let from = (NEIGHBOURS.len() + input) * TILE + slot + index;
                    padded[plane.at(place, line)] += rows[from];
                }
            }
        }
    }
}

/// The bits of latents under the distributions that their contexts give.
///
/// A latent q is coded under a Laplace distribution of mean m and scale s, rounded to integers: with F its distribution
/// function, it takes -log2 (F((q + 1/2 - m) / s) - F((q - 1/2 - m) / s)) bits. The network's outputs are m and log2 s.
pub(crate) struct Contexts<'a> {
    pub(crate) planes: &'a LatentPlanes,
    pub(crate) tiles: &'a ContextTiles,
}

impl Objective for Contexts<'_> {
    fn knowns(&self) -> usize {
        2
    }

    fn draw(&self, first: u64, _: usize, inputs: &mut [f32], known: &mut [f32]) {
        let tile = self.tiles.tiles[first as usize / TILE];
        let plane = &self.planes.0[tile.grid];
        let parent = self
            .planes
            .parent(tile.grid)
            .map(|grid| &self.planes.0[grid]);
        let (latents, inside) = known.split_at_mut(TILE);
        inputs.fill(0.0);
        latents.fill(0.0);
        inside.fill(0.0);
        inside[..tile.count].fill(1.0);
        latents[..tile.count].copy_from_slice(&plane.seen[tile.first..][..tile.count]);
        let scale = f32::from(plane.scale) - SCALE_ORIGIN as f32;
        inputs[(INPUTS - 1) * TILE..].fill(scale);
        for (slot, column, row, count) in tile.runs(plane.blocks.columns()) {
            let at = plane.at(column, row) as isize;
            for (index, (right, down)) in NEIGHBOURS.into_iter().enumerate() {
                let from = at + right as isize + down as isize * plane.stride() as isize;
                let from = &plane.padded[from as usize..][..count];
                inputs[index * TILE + slot..][..count].copy_from_slice(from);
            }
            let Some(parent) = parent else { continue };
            let shift = parent.scale - plane.scale;
            let lines = near(row >> shift, parent.blocks.rows());
            for index in 0..count {
                let places = near((column + index) >> shift, parent.blocks.columns());
                let around = lines
                    .iter()
                    .flat_map(|&line| places.map(|place| (place, line)));
                for (input, (place, line)) in around.enumerate() {
                    let to = (NEIGHBOURS.len() + input) * TILE + slot + index;
                    inputs[to] = parent.padded[parent.at(place, line)];
                }
            }
        }
    }

    fn loss(
        &self,
        first: u64,
        _: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        let (latents, inside) = known.split_at(TILE);
        let (means, scales) = outputs.split_at(TILE);
        let (by_mean, by_scale) = adjoint.split_at_mut(TILE);
        with(&self.tiles.slots[first as usize / TILE], |rows| {
            let by_latent = &mut rows[(ROWS - 1) * TILE..];
            let mut bits = 0.0;
            for slot in 0..TILE {
                let [cost, mean, scale] = cost(latents[slot], means[slot], scales[slot]);
                bits += f64::from(inside[slot] * cost);
                by_mean[slot] = inside[slot] * mean;
                by_scale[slot] = inside[slot] * scale;
                // Only the distance of latent and mean matters.
                by_latent[slot] = -by_mean[slot];
            }
            bits
        })
    }

    fn continues(&self) -> bool {
        true
    }

    fn backward(&self, first: u64, _: usize, adjoint: &[f32]) {
        with(&self.tiles.slots[first as usize / TILE], |rows| {
            let length = (ROWS - 1) * TILE;
            rows[..length].copy_from_slice(&adjoint[..length]);
        });
    }
}

/// The bits of a latent, and their derivatives by the mean and by the binary logarithm of the scale.
pub(crate) fn cost(latent: f32, mean: f32, scale: f32) -> [f32; 3] {
    use std::f32::consts::{LN_2, LOG2_E};
    let limited = scale.clamp(*SCALES.start(), *SCALES.end());
    let steepness = (-limited).exp2();
    let (below, above) = (
        (latent - mean - 0.5) * steepness,
        (latent - mean + 0.5) * steepness,
    );
    let density = |z: f32| 0.5 * (-z.abs()).exp();
    let (at_below, at_above) = (density(below), density(above));
    let probability = if below > 0.0 {
        at_below - at_above
    } else if above < 0.0 {
        at_above - at_below
    } else {
        1.0 - at_below - at_above
    };
    let raised = probability.mul_add(1.0 - LEAST, LEAST);
    let slope = -LOG2_E * (1.0 - LEAST) / raised;
    let by_mean = slope * (at_below - at_above) * steepness;
    let by_scale = if limited == scale {
        slope * LN_2 * (at_below * below - at_above * above)
    } else {
        0.0
    };
    [-raised.log2(), by_mean, by_scale]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::{Activation, Architecture, Differentiator, Layer, Network};

    #[test]
    fn derivatives_of_costs_are_those_of_differences() {
        let h = 1e-2;
        for (latent, mean, scale) in [
            (0.0, 0.1, 0.3),
            (2.0, -0.4, -0.5),
            (-3.0, 0.2, 1.5),
            (0.0, 0.0, -2.0),
        ] {
            let [_, by_mean, by_scale] = cost(latent, mean, scale);
            let slope = |up: [f32; 3], down: [f32; 3]| (up[0] - down[0]) / (2.0 * h);
            let along = slope(cost(latent, mean + h, scale), cost(latent, mean - h, scale));
            assert!((along - by_mean).abs() < 2e-2, "{along} {by_mean}");
            let along = slope(cost(latent, mean, scale + h), cost(latent, mean, scale - h));
            assert!((along - by_scale).abs() < 2e-2, "{along} {by_scale}");
        }
    }

    /// The derivative of all bits by every latent, through its own bits and those of all that see it.
    #[test]
    fn derivatives_by_latents_are_those_of_differences() {
        let mut planes = LatentPlanes(
            [2, 1, 0, 1]
                .map(|scale| LatentPlane::new(21, 18, scale, 1.0))
                .into(),
        );
        let shape = Architecture {
            inputs: INPUTS,
            hidden: vec![6],
            outputs: 2,
            omega_first: 1.0,
            omega_hidden: 1.0,
            activation: Activation::Tanh,
            frequencies: 0,
        };
        let mut network = Network::random(&shape, 3).unwrap();
        for value in network.layers.iter_mut().flat_map(Layer::parameters_mut) {
            *value *= 0.5;
        }
        let tiles = ContextTiles::new(&planes);
        let latent = |grid: usize, index: usize| ((index * 5 + grid) as f32 * 0.77).sin();
        let bits = |planes: &mut LatentPlanes, moved: Option<(usize, usize, f32)>| {
            planes.change(|grid, seen| {
                for (index, seen) in seen.iter_mut().enumerate() {
                    *seen = latent(grid, index);
                }
                if let Some((at, index, by)) = moved
                    && at == grid
                {
                    seen[index] += by;
                }
            });
            let contexts = Contexts {
                planes,
                tiles: &tiles,
            };
            let mut engine = Differentiator::new(&shape, &contexts);
            let mut gradient = network.layers().to_vec();
            let points = 0..tiles.points();
            engine.gradient(&network, &contexts, points, &mut gradient) * tiles.points() as f64
        };
        bits(&mut planes, None);
        tiles.scatter(&mut planes, 2.0);
        let adjoints: Vec<_> = planes.0.iter().map(|plane| plane.adjoint.clone()).collect();
        let h = 1e-2;
        for (grid, adjoints) in adjoints.iter().enumerate() {
            for (index, &adjoint) in adjoints.iter().enumerate().step_by(11) {
                let up = bits(&mut planes, Some((grid, index, h)));
                let down = bits(&mut planes, Some((grid, index, -h)));
                let slope = 2.0 * (up - down) / (2.0 * f64::from(h));
                let miss = (slope - f64::from(adjoint)).abs();
                assert!(
                    miss < 0.05 + 0.02 * slope.abs(),
                    "{grid} {index}: {slope} {adjoint}"
                );
            }
        }
    }
}
