//! Grids interpolated at the pixels of square blocks, and the adjoint of that.
//!
//! A block has as many pixels as a tile has points. Its pixels need few nodes of a grid, a *patch*; rows of the patch are
//! interpolated first, then columns. The adjoint goes the other way. As pixels have fixed places between nodes, all
//! weights are computed once.

#[cfg(test)]
use super::super::kernel::TILE;
use super::spline::{TAPS, weights};

/// Pixels along the side of a block.
pub(crate) const BLOCK: usize = 16;
/// Most nodes of a patch along its side: those of 16 pixels, one node each, and three more; with one to spare.
const SIDE: usize = BLOCK + TAPS;

/// The nodes that the pixels of one block need in one direction.
#[derive(Clone, Debug)]
struct Axis {
    /// The first node of the patch; it may lie beyond the edge.
    first: i64,
    /// Nodes of the patch.
    nodes: usize,
    /// The first of the four nodes of each pixel, in the patch.
    at: [usize; BLOCK],
    weights: [[f32; TAPS]; BLOCK],
}

impl Axis {
    /// Of the block that begins at pixel `start`, with nodes 2^`scale` pixels apart.
    fn new(start: usize, scale: u8) -> Self {
        let node =
            |pixel: usize| (((start + pixel) as f64 + 0.5) / f64::from(1_u32 << scale)) - 0.5;
        let first = node(0).floor() as i64 - 1;
        let last = node(BLOCK - 1).floor() as i64 + 2;
        let mut axis = Self {
            first,
            nodes: (last - first + 1) as usize,
            at: [0; BLOCK],
            weights: [[0.0; TAPS]; BLOCK],
        };
        for pixel in 0..BLOCK {
            let (node, floor) = (node(pixel), node(pixel).floor());
            axis.at[pixel] = (floor as i64 - 1 - first) as usize;
            axis.weights[pixel] = weights((node - floor) as f32);
        }
        axis
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
}

impl Blocks {
    /// The grid of a picture of `width` x `height` pixels whose nodes are 2^`scale` pixels apart.
    pub(crate) fn new(width: usize, height: usize, scale: u8) -> Self {
        let axes = |side: usize| {
            let blocks = 0..side.div_ceil(BLOCK);
            blocks
                .map(|block| Axis::new(block * BLOCK, scale))
                .collect()
        };
        let nodes = |side: usize| side.div_ceil(1 << scale);
        Self {
            columns: nodes(width),
            rows: nodes(height),
            across: axes(width),
            down: axes(height),
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

    fn axes(&self, block: usize) -> (&Axis, &Axis) {
        let columns = self.across.len();
        (&self.across[block % columns], &self.down[block / columns])
    }

    /// Numbers of the patch of a block.
    pub(crate) fn patch(&self, block: usize) -> usize {
        let (across, down) = self.axes(block);
        across.nodes * down.nodes
    }

    /// Writes `factor` times the values at the pixels of a block.
    pub(crate) fn interpolate(
        &self,
        values: &[f32],
        block: usize,
        factor: f32,
        pixels: &mut [f32],
    ) {
        let (across, down) = self.axes(block);
        let mut lines = [[0.0_f32; BLOCK]; SIDE];
        for (row, line) in lines.iter_mut().enumerate().take(down.nodes) {
            let mut nodes = [0.0_f32; SIDE];
            self.row(values, down.first + row as i64, across, &mut nodes);
            for ((sum, &at), weights) in line.iter_mut().zip(&across.at).zip(&across.weights) {
                let nodes = &nodes[at.min(SIDE - TAPS)..][..TAPS];
                *sum = weights[0] * nodes[0]
                    + weights[1] * nodes[1]
                    + weights[2] * nodes[2]
                    + weights[3] * nodes[3];
            }
        }
        for ((pixels, &at), weights) in pixels
            .chunks_exact_mut(BLOCK)
            .zip(&down.at)
            .zip(&down.weights)
        {
            let [a, b, c, d] = weights.map(|weight| factor * weight);
            let lines = &lines[at.min(SIDE - TAPS)..][..TAPS];
            for (column, pixel) in pixels.iter_mut().enumerate() {
                *pixel = a * lines[0][column]
                    + b * lines[1][column]
                    + c * lines[2][column]
                    + d * lines[3][column];
            }
        }
    }

    /// Copies the nodes of one row of a patch.
    fn row(&self, values: &[f32], row: i64, across: &Axis, nodes: &mut [f32; SIDE]) {
        let row = row.clamp(0, self.rows as i64 - 1) as usize;
        let values = &values[row * self.columns..][..self.columns];
        let first = usize::try_from(across.first).ok();
        if let Some(inside) = first.and_then(|first| values.get(first..first + across.nodes)) {
            nodes[..across.nodes].copy_from_slice(inside);
            return;
        }
        for (node, column) in nodes.iter_mut().zip(across.first..).take(across.nodes) {
            *node = values[column.clamp(0, self.columns as i64 - 1) as usize];
        }
    }

    /// Writes the adjoints of the nodes of the patch of a block: `factor` times those that the adjoints `pixels` of its
    /// pixels give them.
    pub(crate) fn adjoint(&self, pixels: &[f32], block: usize, factor: f32, patch: &mut [f32]) {
        let (across, down) = self.axes(block);
        let mut lines = [[0.0_f32; BLOCK]; SIDE];
        for ((pixels, &at), weights) in pixels.chunks_exact(BLOCK).zip(&down.at).zip(&down.weights)
        {
            let lines = &mut lines[at.min(SIDE - TAPS)..][..TAPS];
            for (line, weight) in lines.iter_mut().zip(weights) {
                for (sum, pixel) in line.iter_mut().zip(pixels) {
                    *sum += factor * weight * pixel;
                }
            }
        }
        for (line, patch) in lines.iter().zip(patch.chunks_exact_mut(across.nodes)) {
            let mut nodes = [0.0_f32; SIDE];
            for ((&value, &at), weights) in line.iter().zip(&across.at).zip(&across.weights) {
                let nodes = &mut nodes[at.min(SIDE - TAPS)..][..TAPS];
                for (node, weight) in nodes.iter_mut().zip(weights) {
                    *node += weight * value;
                }
            }
            patch.copy_from_slice(&nodes[..across.nodes]);
        }
    }

    /// Adds the patch of a block to the adjoints of all nodes.
    pub(crate) fn gather(&self, patch: &[f32], block: usize, nodes: &mut [f32]) {
        let (across, down) = self.axes(block);
        for (row, patch) in (down.first..).zip(patch.chunks_exact(across.nodes)) {
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
        for scale in [0, 1, 3, 4, 6] {
            let blocks = Blocks::new(SIZE.0, SIZE.1, scale);
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
                    let coordinate = |at: usize, side: usize| {
                        (2.0 * (at as f32 + 0.5) - side as f32) / SIZE.0 as f32
                    };
                    coordinates[slot] = coordinate(x, SIZE.0);
                    coordinates[TILE + slot] = coordinate(y, SIZE.1);
                }
                let mut jets = [0.0; TILE];
                grids.jets(&coordinates, Order::Value, &mut jets);
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
            let blocks = Blocks::new(SIZE.0, SIZE.1, scale);
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
