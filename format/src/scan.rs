//! The order in which latents are coded, and what the context of each is (SPEC 5.4.2).
//!
//! A grid goes by row by row. The context of a latent is what is known when its turn comes: its nearest neighbours of
//! the same grid, and those around its place in the grid before, if that one is coarser. Where all of these are zero,
//! as they are around most latents of fine grids, the probabilities depend on the grid alone and are computed once.

use crate::Fault;
use crate::context::{CONTEXT_INPUTS, Context, Inputs, NEIGHBOURS, PARENTS, SCALE_ORIGIN, seen};
use crate::laplace::{QuantizedLaplace, UNIT};

/// Columns and rows of zeros around a grid, as far as contexts reach.
const MARGIN: usize = 2;
/// Rows of a grid that a context sees: its own, and those above.
const ROWS: usize = MARGIN + 1;

/// The shape of one grid of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lattice {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Binary logarithm of the distance of nodes in pixels.
    pub(crate) scale: u8,
}

/// Calls `code` for every latent of a grid in order, with its distribution, and takes the level that it returns. The
/// `parent` is the shape of the coarser grid before and its levels, if there is one.
pub(crate) fn scan(
    network: &Context,
    grid: Lattice,
    parent: Option<(Lattice, &[i16])>,
    mut code: impl FnMut(QuantizedLaplace) -> Result<i16, Fault>,
) -> Result<(), Fault> {
    let mut quiet = Inputs::default();
    quiet[CONTEXT_INPUTS - 1] = ((i32::from(grid.scale) - SCALE_ORIGIN) * UNIT) as i16;
    let silent = network.distribution(&quiet);
    let mut inputs = quiet;
    let mut rows = Rows::new(grid.columns);
    let mut parent = parent.map(|(lattice, levels)| Parent::new(lattice, levels, grid.scale));
    for row in 0..grid.rows {
        rows.advance();
        if let Some(parent) = &mut parent {
            parent.descend(row);
        }
        for column in 0..grid.columns {
            rows.neighbours(column, &mut inputs);
            if let Some(parent) = &parent {
                inputs[NEIGHBOURS.len()..][..PARENTS].copy_from_slice(parent.around(column));
            }
            // Not `==`, which calls a function that compares bytes.
            let differ = inputs.iter().zip(&quiet);
            let differ = differ.fold(0, |differ, (a, b)| differ | (a ^ b));
            let model = if differ == 0 {
                silent
            } else {
                network.distribution(&inputs)
            };
            rows.set(column, code(model)?);
        }
    }
    Ok(())
}

/// The last rows of a grid as contexts see them, with zeros to the left and to the right.
struct Rows {
    stride: usize,
    /// The rows from top to bottom; the last one is that of the next latent.
    seen: Vec<i16>,
    /// Where neighbours are, from the first number that the context of column 0 could see.
    offsets: [usize; NEIGHBOURS.len()],
}

impl Rows {
    /// Zeros above a grid of so many columns.
    fn new(columns: usize) -> Self {
        let stride = columns + 2 * MARGIN;
        let margin = MARGIN as i32;
        Self {
            stride,
            seen: vec![0; stride * ROWS],
            offsets: NEIGHBOURS
                .map(|(right, down)| (margin + down) as usize * stride + (margin + right) as usize),
        }
    }

    /// Goes on to the next row, of which nothing is known yet.
    fn advance(&mut self) {
        self.seen.copy_within(self.stride.., 0);
        self.seen[MARGIN * self.stride..].fill(0);
    }

    fn neighbours(&self, column: usize, inputs: &mut Inputs) {
        for (input, offset) in inputs.iter_mut().zip(self.offsets) {
            *input = self.seen[column + offset];
        }
    }

    fn set(&mut self, column: usize, level: i16) {
        self.seen[MARGIN * self.stride + MARGIN + column] = seen(level);
    }
}

/// What contexts of a grid see of the coarser one before it.
struct Parent<'a> {
    lattice: Lattice,
    levels: &'a [i16],
    /// Octaves between the two grids.
    shift: u8,
    /// The row of the parent that `around` is of.
    row: Option<usize>,
    /// The inputs around each latent of that row: three rows of three.
    around: Vec<[i16; PARENTS]>,
}

impl<'a> Parent<'a> {
    /// The parent of a grid of scale `scale`.
    fn new(lattice: Lattice, levels: &'a [i16], scale: u8) -> Self {
        Self {
            lattice,
            levels,
            shift: lattice.scale.saturating_sub(scale),
            row: None,
            around: vec![[0; PARENTS]; lattice.columns],
        }
    }

    /// Goes on to the row of the parent in which a row of the grid lies.
    fn descend(&mut self, row: usize) {
        let row = row >> self.shift;
        if self.row == Some(row) {
            return;
        }
        self.row = Some(row);
        let Lattice { columns, rows, .. } = self.lattice;
        for (line, row) in near(row, rows).into_iter().enumerate() {
            let levels = &self.levels[row * columns..][..columns];
            for (column, around) in self.around.iter_mut().enumerate() {
                let inputs = &mut around[3 * line..][..3];
                for (input, column) in inputs.iter_mut().zip(near(column, columns)) {
                    *input = seen(levels[column]);
                }
            }
        }
    }

    /// What the context of a column of the grid sees.
    fn around(&self, column: usize) -> &[i16; PARENTS] {
        &self.around[column >> self.shift]
    }
}

/// The places around one of `count`; beyond the edges are those at the edge.
fn near(place: usize, count: usize) -> [usize; 3] {
    [place.saturating_sub(1), place, (place + 1).min(count - 1)]
}
