//! Grids interpolated at the pixels of square blocks, and the adjoint of that.
//!
//! A block has as many pixels as a tile has points. Its pixels need few nodes of a grid, a *patch*; rows of the patch are
//! interpolated first, then columns. The adjoint goes the other way. As pixels have fixed places between nodes, all
//! weights are computed once.

#[cfg(test)]
use super::super::kernel::TILE;
use super::super::simd::level;
use super::spline::{TAPS, weights};
use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch};

/// Pixels along the side of a block.
pub(crate) const BLOCK: usize = 16;
/// Most nodes of a patch along its side: those of 16 pixels, one node each, and three more; and as many to spare as fill the
/// lanes of every instruction set.
const SIDE: usize = 2 * BLOCK;

/// How much each node of a patch counts at each pixel of a block, in one direction. Most of it is zeros; it is dense so that
/// whole rows are computed at once.
#[derive(Clone, Debug, PartialEq)]
struct Taps {
    /// Nodes of the patch.
    nodes: usize,
    /// For each node, its weight at the pixels.
    of_nodes: [[f32; BLOCK]; SIDE],
    /// For each pixel, the weights of the nodes.
    of_pixels: [[f32; SIDE]; BLOCK],
    /// The first of the four nodes of each pixel, and their weights.
    first: [usize; BLOCK],
    weights: [[f32; TAPS]; BLOCK],
}

/// Writes the sum of `factors` times `rows`, as far as `sums` goes, which is a multiple of the lanes.
#[inline(always)]
fn combine<S: Simd, const N: usize>(simd: S, factors: &[f32], rows: &[[f32; N]], sums: &mut [f32]) {
    for (index, sums) in sums.chunks_exact_mut(S::f32s::LEN).enumerate() {
        let mut sum = S::f32s::splat(simd, 0.0);
        for (&factor, row) in factors.iter().zip(rows) {
            let row = &row[index * S::f32s::LEN..][..S::f32s::LEN];
            sum = S::f32s::from_slice(simd, row).mul_add(factor, sum);
        }
        sum.store_slice(sums);
    }
}

/// The nodes that the pixels of one block need in one direction.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// The first node of the patch; it may lie beyond the edge.
    first: i64,
    /// Which of the grid's [`Taps`].
    taps: usize,
}

impl Axis {
    /// Of the block that begins at pixel `start`, with points `offset` pixels after the centres of pixels, and nodes 2^`scale`
    /// pixels apart. Its weights are added to `all` where they are not there yet.
    fn new(start: usize, offset: f64, scale: u8, all: &mut Vec<Taps>) -> Self {
        let place = |pixel: usize| (start + pixel) as f64 + 0.5 + offset;
        let node = |pixel: usize| place(pixel) / f64::from(1_u32 << scale) - 0.5;
        let first = node(0).floor() as i64 - 1;
        let last = node(BLOCK - 1).floor() as i64 + 2;
        let mut taps = Taps {
            nodes: (last - first + 1) as usize,
            of_nodes: [[0.0; BLOCK]; SIDE],
            of_pixels: [[0.0; SIDE]; BLOCK],
            first: [0; BLOCK],
            weights: [[0.0; TAPS]; BLOCK],
        };
        for pixel in 0..BLOCK {
            let (node, floor) = (node(pixel), node(pixel).floor());
            let at = (floor as i64 - 1 - first) as usize;
            taps.first[pixel] = at;
            taps.weights[pixel] = weights((node - floor) as f32);
            for (node, weight) in (at..).zip(taps.weights[pixel]) {
                taps.of_nodes[node][pixel] = weight;
                taps.of_pixels[pixel][node] = weight;
            }
        }
        let known = all.iter().position(|known| *known == taps);
        let taps = known.unwrap_or_else(|| {
            all.push(taps);
            all.len() - 1
        });
        Self { first, taps }
    }
}

/// One grid of a picture that is divided into blocks, without its values.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    columns: usize,
    rows: usize,
    /// For each column of blocks, and for each row of them.
    across: Vec<Axis>,
    down: Vec<Axis>,
    taps: Vec<Taps>,
}

impl Blocks {
    /// The grid of a picture of `width` x `height` pixels whose nodes are 2^`scale` pixels apart. Its values are those at
    /// the points that lie the `offset`, in columns and rows, from the centres of pixels.
    pub(crate) fn new([width, height]: [usize; 2], offset: [f64; 2], scale: u8) -> Self {
        let mut taps = Vec::new();
        let mut axes = |side: usize, offset: f64| {
            let blocks = 0..side.div_ceil(BLOCK);
            blocks
                .map(|block| Axis::new(block * BLOCK, offset, scale, &mut taps))
                .collect()
        };
        let nodes = |side: usize| side.div_ceil(1 << scale);
        Self {
            columns: nodes(width),
            rows: nodes(height),
            across: axes(width, offset[0]),
            down: axes(height, offset[1]),
            taps,
        }
    }

    /// Nodes of the grid.
    pub(crate) fn nodes(&self) -> usize {
        self.columns * self.rows
    }

    /// The number of columns of nodes.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The number of rows of nodes.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Blocks, row after row.
    pub(crate) fn blocks(&self) -> usize {
        self.across.len() * self.down.len()
    }

    fn axes(&self, block: usize) -> (Axis, Axis) {
        let columns = self.across.len();
        (self.across[block % columns], self.down[block / columns])
    }

    /// Numbers of the patch of a block.
    pub(crate) fn patch(&self, block: usize) -> usize {
        let (across, down) = self.axes(block);
        self.taps[across.taps].nodes * self.taps[down.taps].nodes
    }

    /// Writes `factor` times the values at the pixels of a block.
    pub(crate) fn interpolate(
        &self,
        values: &[f32],
        block: usize,
        factor: f32,
        pixels: &mut [f32],
    ) {
        dispatch!(level().1, simd => self.spread(simd, values, block, factor, pixels));
    }

    #[inline(always)]
    fn spread<S: Simd>(
        &self,
        simd: S,
        values: &[f32],
        block: usize,
        factor: f32,
        pixels: &mut [f32],
    ) {
        let (across, down) = self.axes(block);
        let (columns, rows) = (&self.taps[across.taps], &self.taps[down.taps]);
        let mut lines = [[0.0_f32; BLOCK]; SIDE];
        for (row, line) in lines.iter_mut().enumerate().take(rows.nodes) {
            let mut nodes = [0.0_f32; SIDE];
            let nodes = &mut nodes[..columns.nodes];
            self.row(values, down.first + row as i64, across.first, nodes);
            combine(simd, nodes, &columns.of_nodes, line);
        }
        let places = rows.first.iter().zip(&rows.weights);
        for (pixels, (&at, weights)) in pixels.chunks_exact_mut(BLOCK).zip(places) {
            combine(
                simd,
                &weights.map(|weight| factor * weight),
                &lines[at..],
                pixels,
            );
        }
    }

    /// Copies the nodes of one row of a patch that begins in column `first`.
    #[inline(always)]
    fn row(&self, values: &[f32], row: i64, first: i64, nodes: &mut [f32]) {
        let row = row.clamp(0, self.rows as i64 - 1) as usize;
        let values = &values[row * self.columns..][..self.columns];
        let inside = usize::try_from(first).ok();
        if let Some(inside) = inside.and_then(|first| values.get(first..first + nodes.len())) {
            nodes.copy_from_slice(inside);
            return;
        }
        for (node, column) in nodes.iter_mut().zip(first..) {
            *node = values[column.clamp(0, self.columns as i64 - 1) as usize];
        }
    }

    /// Writes the adjoints of the nodes of the patch of a block: `factor` times those that the adjoints `pixels` of its
    /// pixels give them.
    pub(crate) fn adjoint(&self, pixels: &[f32], block: usize, factor: f32, patch: &mut [f32]) {
        dispatch!(level().1, simd => self.collect(simd, pixels, block, factor, patch));
    }

    #[inline(always)]
    fn collect<S: Simd>(
        &self,
        simd: S,
        pixels: &[f32],
        block: usize,
        factor: f32,
        patch: &mut [f32],
    ) {
        let (across, down) = self.axes(block);
        let (columns, rows) = (&self.taps[across.taps], &self.taps[down.taps]);
        let mut lines = [[0.0_f32; BLOCK]; SIDE];
        let places = rows.first.iter().zip(&rows.weights);
        for (pixels, (&at, weights)) in pixels.chunks_exact(BLOCK).zip(places) {
            for (line, weight) in lines[at..].iter_mut().zip(weights) {
                let vectors = line.chunks_exact_mut(S::f32s::LEN);
                for (sum, pixels) in vectors.zip(pixels.chunks_exact(S::f32s::LEN)) {
                    let added = S::f32s::from_slice(simd, sum);
                    let pixels = S::f32s::from_slice(simd, pixels);
                    pixels.mul_add(factor * weight, added).store_slice(sum);
                }
            }
        }
        let width = columns.nodes.next_multiple_of(S::f32s::LEN);
        for (line, patch) in lines.iter().zip(patch.chunks_exact_mut(columns.nodes)) {
            let mut nodes = [0.0_f32; SIDE];
            combine(simd, line, &columns.of_pixels, &mut nodes[..width]);
            patch.copy_from_slice(&nodes[..columns.nodes]);
        }
    }

    /// Adds the patch of a block to the adjoints of all nodes.
    pub(crate) fn gather(&self, patch: &[f32], block: usize, nodes: &mut [f32]) {
        let (across, down) = self.axes(block);
        for (row, patch) in (down.first..).zip(patch.chunks_exact(self.taps[across.taps].nodes)) {
            let row = row.clamp(0, self.rows as i64 - 1) as usize;
            let nodes = &mut nodes[row * self.columns..][..self.columns];
            for (column, value) in (across.first..).zip(patch) {
                nodes[column.clamp(0, self.columns as i64 - 1) as usize] += value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::{LatentGrid, LatentGrids};
    use super::*;
    use crate::engine::kernel::Order;
    use ndarray::Array2;

    const SIZE: (usize, usize) = (45, 37);

    fn wave(count: usize, phase: f32) -> Vec<f32> {
        (0..count)
            .map(|i| (i as f32 * 0.37 + phase).sin())
            .collect()
    }

    #[test]
    fn blocks_are_what_any_points_are() {
        let places = [[0.0, 0.0], [-0.25, 0.25], [0.4, -0.1]];
        for (scale, offset) in [0, 1, 3, 4, 6].into_iter().zip(places.into_iter().cycle()) {
            let blocks = Blocks::new([SIZE.0, SIZE.1], offset, scale);
            let values = wave(blocks.nodes(), 0.0);
            let array = Array2::from_shape_vec((blocks.rows(), blocks.columns()), values.clone());
            let grid = LatentGrid {
                scale,
                values: array.unwrap(),
            };
            let grids = LatentGrids::new(SIZE.0 as u32, SIZE.1 as u32, vec![grid]);
            for block in 0..blocks.blocks() {
                let mut pixels = [0.0; TILE];
                blocks.interpolate(&values, block, 2.0, &mut pixels);
                let mut coordinates = [0.0; 2 * TILE];
                for slot in 0..TILE {
                    let x = block % 3 * BLOCK + slot % BLOCK;
                    let y = block / 3 * BLOCK + slot / BLOCK;
                    let coordinate = |at: usize, offset: f64, side: usize| {
                        (2.0 * (at as f32 + 0.5 + offset as f32) - side as f32) / SIZE.0 as f32
                    };
                    coordinates[slot] = coordinate(x, offset[0], SIZE.0);
                    coordinates[TILE + slot] = coordinate(y, offset[1], SIZE.1);
                }
                let mut jets = [0.0; TILE];
                grids.jets(level().1, &coordinates, Order::Value, &mut jets);
                for (pixel, value) in pixels.iter().zip(&jets) {
                    assert!(
                        (pixel - 2.0 * value).abs() < 2e-4,
                        "{scale}: {pixel} {value}"
                    );
                }
            }
        }
    }

    /// With A for interpolation, <A v, p> = <v, A^T p> for any v and p.
    #[test]
    fn the_adjoint_is_that_of_interpolation() {
        for scale in [0, 1, 2, 5] {
            let blocks = Blocks::new([SIZE.0, SIZE.1], [0.25, -0.25], scale);
            let values = wave(blocks.nodes(), 1.0);
            let mut adjoints = vec![0.0; blocks.nodes()];
            let mut sum = 0.0;
            for block in 0..blocks.blocks() {
                let adjoint = wave(TILE, block as f32);
                let mut pixels = [0.0; TILE];
                blocks.interpolate(&values, block, 0.7, &mut pixels);
                let pairs = pixels.iter().zip(&adjoint);
                sum += pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>();
                let mut patch = vec![0.0; blocks.patch(block)];
                blocks.adjoint(&adjoint, block, 0.7, &mut patch);
                blocks.gather(&patch, block, &mut adjoints);
            }
            let pairs = values.iter().zip(&adjoints);
            let other = pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>();
            assert!((sum - other).abs() < 1e-3, "{scale}: {sum} {other}");
        }
    }
}
