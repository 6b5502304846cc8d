//! Matrices in the order in which the affine kernel reads them.

use super::{ROWS, blocks};
use ndarray::ArrayView2;

/// A matrix in the order in which [`super::affine`] reads it.
///
/// Rows come in the blocks of [`blocks`]`(rows, ROWS)`; within a block of R rows, the R elements of
/// column 0, then those of column 1, and so on.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    rows: usize,
    columns: usize,
    /// (first row, rows) of each block; kept because finding them takes divisions.
    blocks: Vec<(usize, usize)>,
    /// Invariant: `rows * columns` values, block after block.
    values: Vec<f32>,
}

impl Panels {
    /// Panels for a matrix of `rows` x `columns`, to be filled by [`Panels::pack`].
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            blocks: blocks(rows, ROWS).collect(),
            values: vec![0.0; rows * columns],
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Takes over `scale * matrix`, which must have this shape.
    pub(crate) fn pack(&mut self, matrix: ArrayView2<'_, f32>, scale: f32) {
        assert_eq!(matrix.dim(), (self.rows, self.columns));
        let mut values = self.values.iter_mut();
        for &(first, rows) in &self.blocks {
            for column in 0..self.columns {
                for (value, row) in values.by_ref().take(rows).zip(first..) {
                    *value = scale * matrix[[row, column]];
                }
            }
        }
    }

    /// (first row, rows, values column by column) of each block.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (usize, usize, &[f32])> {
        self.blocks.iter().map(|&(first, rows)| {
            (
                first,
                rows,
                &self.values[first * self.columns..][..rows * self.columns],
            )
        })
    }
}
