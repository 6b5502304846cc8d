//! Latents in tiles: what their contexts see, and the way back of derivatives.
//!
//! A tile is up to [`TILE`] latents of one grid that follow each other, in *runs* that lie in one row each. What a run
//! sees is a small part of its grid and of its parent, a *patch*: adding up derivatives within a patch first leaves
//! little for the pass over all tiles that follows.

use super::{LatentPlane, LatentPlanes, MARGIN, Slot, with};
use crate::engine::kernel::TILE;
use crate::engine::simd::level;
use fearless_simd::{Simd, SimdBase, dispatch};
use rayon::prelude::*;
use siren_format::NEIGHBOURS;
use std::sync::Mutex;

/// Rows of a grid that a run and its neighbours lie in.
const LINES: usize = MARGIN + 1;
/// Rows and columns of a parent around the latent above one.
const AROUND: usize = 3;

/// Up to [`TILE`] latents of one grid that follow each other.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) grid: usize,
    pub(super) first: usize,
    pub(super) count: usize,
    /// Columns of the grid.
    columns: usize,
    /// By how many octaves the parent is coarser, if there is one.
    shift: Option<u8>,
}

/// Latents of a tile in one row.
#[derive(Clone, Copy)]
struct Run {
    /// The place of the first of them in the tile.
    slot: usize,
    column: usize,
    row: usize,
    count: usize,
}

impl Run {
    /// Numbers in one row of the patch of its own grid.
    fn width(self) -> usize {
        self.count + 2 * MARGIN
    }

    /// The parent's latents that the first of the run's lies under, and those to its left, which are under the same.
    fn above(self, shift: u8) -> (usize, usize) {
        (self.column >> shift, self.column & ((1 << shift) - 1))
    }

    /// Numbers in one row of the patch of the parent.
    fn width_above(self, shift: u8) -> usize {
        let (first, _) = self.above(shift);
        ((self.column + self.count - 1) >> shift) - first + AROUND
    }

    /// Calls `each(at, column, row)` for every latent of the patch of `parent`. Beyond the edge are those at the edge.
    fn each_above(self, shift: u8, parent: &LatentPlane, mut each: impl FnMut(usize, usize)) {
        let (first, _) = self.above(shift);
        let blocks = parent.blocks();
        let near = |place: usize, count: usize| place.saturating_sub(1).min(count - 1);
        let mut at = 0;
        for line in 0..AROUND {
            let row = near((self.row >> shift) + line, blocks.rows());
            for index in 0..self.width_above(shift) {
                each(at, parent.at(near(first + index, blocks.columns()), row));
                at += 1;
            }
        }
    }
}

impl Tile {
    /// Whether the contexts see another grid.
    pub(super) fn has_parent(self) -> bool {
        self.shift.is_some()
    }

    fn runs(self) -> impl Iterator<Item = Run> {
        let mut slot = 0;
        std::iter::from_fn(move || {
            let at = self.first + slot;
            let (column, row) = (at % self.columns, at / self.columns);
            let count = (self.count - slot).min(self.columns - column);
            let run = Run {
                slot,
                column,
                row,
                count,
            };
            slot += count;
            (count > 0).then_some(run)
        })
    }

    /// Numbers of the patches of all runs.
    fn room(self) -> usize {
        let above = |run: Run| self.shift.map_or(0, |shift| run.width_above(shift));
        self.runs()
            .map(|run| LINES * run.width() + AROUND * above(run))
            .sum()
    }

    /// Writes what the contexts of the tile see: a row of [`TILE`] for each neighbour, then for each latent of the parent.
    pub(super) fn see(self, planes: &LatentPlanes, inputs: &mut [f32]) {
        let plane = &planes.0[self.grid];
        let (near, above) = inputs.split_at_mut(NEIGHBOURS.len() * TILE);
        for run in self.runs() {
            let at = plane.at(run.column, run.row) as isize;
            for ((right, down), row) in NEIGHBOURS.into_iter().zip(near.chunks_exact_mut(TILE)) {
                let from = at + right as isize + down as isize * plane.stride() as isize;
                let from = &plane.padded[from as usize..][..run.count];
                row[run.slot..][..run.count].copy_from_slice(from);
            }
            let (Some(shift), Some(parent)) = (self.shift, planes.parent(self.grid)) else {
                continue;
            };
            let parent = &planes.0[parent];
            let width = run.width_above(shift);
            let mut nodes = vec![0.0; AROUND * width];
            run.each_above(shift, parent, |at, node| nodes[at] = parent.padded[node]);
            // Each latent of the parent stands over several of the run.
            let (_, before) = run.above(shift);
            let mut line = vec![0.0; width << shift];
            for (nodes, rows) in nodes
                .chunks_exact(width)
                .zip(above.chunks_mut(AROUND * TILE))
            {
                spread(nodes, shift, &mut line);
                for (right, row) in rows.chunks_exact_mut(TILE).enumerate() {
                    let from = &line[before + (right << shift)..][..run.count];
                    row[run.slot..][..run.count].copy_from_slice(from);
                }
            }
        }
    }

    /// Writes the derivatives by the tile's own latents to its patches, and no others yet.
    pub(super) fn begin(self, by_latent: &[f32], patches: &mut [f32]) {
        patches.fill(0.0);
        let mut rest = patches;
        for run in self.runs() {
            let (near, _, after) = self.split(run, rest);
            let own = &mut near[MARGIN * run.width() + MARGIN..][..run.count];
            own.copy_from_slice(&by_latent[run.slot..][..run.count]);
            rest = after;
        }
    }

    /// Adds the derivatives by what the contexts see to the patches.
    pub(super) fn unsee(self, inputs: &[f32], patches: &mut [f32]) {
        dispatch!(level().1, simd => self.add(simd, inputs, patches));
    }

    #[inline(always)]
    fn add<S: Simd>(self, simd: S, inputs: &[f32], patches: &mut [f32]) {
        let (by_near, by_above) = inputs.split_at(NEIGHBOURS.len() * TILE);
        let mut rest = patches;
        for run in self.runs() {
            let (near, above, after) = self.split(run, rest);
            for ((right, down), from) in NEIGHBOURS.into_iter().zip(by_near.chunks_exact(TILE)) {
                // Neighbours lie up to two rows above and two columns to either side.
                let line = (MARGIN as i32 + down) as usize;
                let first = (MARGIN as i32 + right) as usize;
                let to = &mut near[line * run.width() + first..][..run.count];
                add(simd, to, &from[run.slot..][..run.count]);
            }
            if let Some(shift) = self.shift {
                let (_, before) = run.above(shift);
                let width = run.width_above(shift);
                let mut line = vec![0.0; width << shift];
                let nodes = above.chunks_exact_mut(width);
                for (nodes, rows) in nodes.zip(by_above.chunks(AROUND * TILE)) {
                    line.fill(0.0);
                    for (right, row) in rows.chunks_exact(TILE).enumerate() {
                        let to = &mut line[before + (right << shift)..][..run.count];
                        add(simd, to, &row[run.slot..][..run.count]);
                    }
                    gather(&line, shift, nodes);
                }
            }
            rest = after;
        }
    }

    /// The patches of a run of the grid and of the parent, and those of the runs after it.
    #[inline(always)]
    fn split(self, run: Run, patches: &mut [f32]) -> (&mut [f32], &mut [f32], &mut [f32]) {
        let (near, rest) = patches.split_at_mut(LINES * run.width());
        let above = self.shift.map_or(0, |shift| run.width_above(shift));
        let (above, after) = rest.split_at_mut(AROUND * above);
        (near, above, after)
    }

    /// Adds the patches of the grid itself to its derivatives with zeros around them.
    fn to_neighbours(self, patches: &mut [f32], plane: &LatentPlane, padded: &mut [f32]) {
        let mut rest = patches;
        for run in self.runs() {
            let (near, _, after) = self.split(run, rest);
            let at = plane.at(run.column, run.row) - MARGIN - MARGIN * plane.stride();
            for (line, from) in near.chunks_exact(run.width()).enumerate() {
                let to = &mut padded[at + line * plane.stride()..][..run.width()];
                dispatch!(level().1, simd => add(simd, to, from));
            }
            rest = after;
        }
    }

    /// Adds the patches of the parent to its derivatives with zeros around them.
    fn to_parent(self, patches: &mut [f32], parent: &LatentPlane, padded: &mut [f32]) {
        let Some(shift) = self.shift else { return };
        let mut rest = patches;
        for run in self.runs() {
            let (_, above, after) = self.split(run, rest);
            run.each_above(shift, parent, |at, node| padded[node] += above[at]);
            rest = after;
        }
    }
}

/// Adds `from` to `to`, which has the same length.
#[inline(always)]
fn add<S: Simd>(simd: S, to: &mut [f32], from: &[f32]) {
    let (to, rest) = to.split_at_mut(to.len() - to.len() % S::f32s::LEN);
    let (from, last) = from.split_at(to.len());
    let vectors = to.chunks_exact_mut(S::f32s::LEN);
    for (to, from) in vectors.zip(from.chunks_exact(S::f32s::LEN)) {
        (S::f32s::from_slice(simd, to) + S::f32s::from_slice(simd, from)).store_slice(to);
    }
    for (to, from) in rest.iter_mut().zip(last) {
        *to += from;
    }
}

/// Repeats each of `nodes` 2^`shift` times.
#[inline(always)]
fn spread(nodes: &[f32], shift: u8, to: &mut [f32]) {
    if let (1, (pairs, [])) = (shift, to.as_chunks_mut::<2>()) {
        for (pair, &node) in pairs.iter_mut().zip(nodes) {
            *pair = [node; 2];
        }
        return;
    }
    for (to, &node) in to.chunks_exact_mut(1 << shift).zip(nodes) {
        to.fill(node);
    }
}

/// The adjoint of [`spread`]: adds up what each node was repeated for.
#[inline(always)]
fn gather(from: &[f32], shift: u8, nodes: &mut [f32]) {
    if let (1, (pairs, [])) = (shift, from.as_chunks::<2>()) {
        for ([a, b], node) in pairs.iter().zip(nodes) {
            *node += a + b;
        }
        return;
    }
    for (from, node) in from.chunks_exact(1 << shift).zip(nodes) {
        *node += from.iter().sum::<f32>();
    }
}

/// All latents in tiles: tile k is points k [`TILE`] to (k + 1) [`TILE`] of the stream, some of which stand for none.
pub(crate) struct ContextTiles {
    pub(super) tiles: Vec<Tile>,
    /// The patches of each tile.
    pub(super) slots: Vec<Slot>,
}

impl ContextTiles {
    /// The tiles of `planes`.
    pub(crate) fn new(planes: &LatentPlanes) -> Self {
        let mut tiles = Vec::new();
        for (grid, plane) in planes.0.iter().enumerate() {
            let nodes = plane.blocks().nodes();
            let parent = planes.parent(grid);
            tiles.extend((0..nodes).step_by(TILE).map(|first| Tile {
                grid,
                first,
                count: (nodes - first).min(TILE),
                columns: plane.blocks().columns(),
                shift: parent.map(|parent| planes.0[parent].scale - plane.scale),
            }));
        }
        let slot = |tile: &Tile| Mutex::new(vec![0.0; tile.room()]);
        Self {
            slots: tiles.iter().map(slot).collect(),
            tiles,
        }
    }

    /// Points of the stream.
    pub(crate) fn points(&self) -> u64 {
        (self.tiles.len() * TILE) as u64
    }

    /// Adds `factor` times what [`Contexts`](super::Contexts) has left to the derivatives of `planes`.
    pub(crate) fn scatter(&self, planes: &mut LatentPlanes, factor: f32) {
        let parents: Vec<_> = (0..planes.0.len())
            .map(|grid| planes.parent(grid))
            .collect();
        let planes = planes.0.par_iter_mut().enumerate();
        planes.for_each(|(grid, plane)| {
            let mut padded = vec![0.0; plane.padded.len()];
            for (tile, slot) in self.tiles.iter().zip(&self.slots) {
                if tile.grid == grid {
                    with(slot, |patches| {
                        tile.to_neighbours(patches, plane, &mut padded);
                    });
                } else if parents[tile.grid] == Some(grid) {
                    with(slot, |patches| tile.to_parent(patches, plane, &mut padded));
                }
            }
            let (stride, columns) = (plane.stride(), plane.blocks().columns());
            let rows = padded.chunks_exact(stride).skip(MARGIN);
            for (padded, adjoint) in rows.zip(plane.adjoint.chunks_exact_mut(columns)) {
                for (adjoint, value) in adjoint.iter_mut().zip(&padded[MARGIN..]) {
                    *adjoint += factor * value;
                }
            }
        });
    }
}
