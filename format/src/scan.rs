//! The order in which latents are coded, and what the context of each is (SPEC 5.4.2).
//!
//! A grid goes by row by row. The context of a latent is what is known when its turn comes: its nearest neighbours of
//! the same grid, and those around its place in the grid before, if that one is coarser. Several latents share the latter,
//! and with them the sums that the first layer has of them. Where all neighbours are zero, as they are around most latents
//! of fine grids, they share the probabilities.

use crate::Fault;
use crate::context::{CONTEXT_INPUTS, Context, Inputs, NEIGHBOURS, Near, SCALE_ORIGIN, Sums, seen};
use crate::laplace::{QuantizedLaplace, UNIT};

/// Columns and rows of zeros around a grid, as far as contexts reach.
const MARGIN: usize = 2;
/// Rows of a grid that a context sees: its own, and those above.
const ROWS: usize = MARGIN + 1;

/// Columns that a context sees.
const REACH: usize = 2 * MARGIN + 1;
/// Columns of the parent whose sums are kept for the next row, at most: a row may be a million columns wide.
const KEPT: usize = 1 << 12;

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
    let mut rows = Rows::new(grid.columns);
    let mut parent = Parent::new(network, grid.scale, parent);
    let mut near = Near::default();
    for row in 0..grid.rows {
        rows.advance();
        parent.descend(row);
        for column in 0..grid.columns {
            rows.neighbours(column, &mut near);
            let model = parent.around(column).distribution(network, &near);
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
}

impl Rows {
    /// Zeros above a grid of so many columns.
    fn new(columns: usize) -> Self {
        let stride = columns + 2 * MARGIN;
        Self {
            stride,
            seen: vec![0; stride * ROWS],
        }
    }

    /// Goes on to the next row, of which nothing is known yet.
    fn advance(&mut self) {
        self.seen.copy_within(self.stride.., 0);
        self.seen[MARGIN * self.stride..].fill(0);
    }

    fn neighbours(&self, column: usize, near: &mut Near) {
        let mut lines = [&[0; REACH]; ROWS];
        for (line, seen) in lines.iter_mut().zip(self.seen.chunks_exact(self.stride)) {
            if let Some(window) = seen[column..].first_chunk() {
                *line = window;
            }
        }
        let margin = MARGIN as i32;
        for (input, (right, down)) in near.iter_mut().zip(NEIGHBOURS) {
            *input = lines[(margin + down) as usize][(margin + right) as usize];
        }
    }

    fn set(&mut self, column: usize, level: i16) {
        self.seen[MARGIN * self.stride + MARGIN + column] = seen(level);
    }
}

/// What contexts of a grid see of the coarser one before it.
struct Parent<'a> {
    network: &'a Context,
    /// The coarser grid and its levels; none are zeros.
    grid: Option<(Lattice, &'a [i16])>,
    /// Octaves between the two grids.
    shift: u8,
    /// The row of the parent that `around` is of.
    row: Option<usize>,
    /// What some columns of that row make of the contexts under them, each behind its number.
    around: Vec<Option<(usize, Around)>>,
    /// The same of zeros.
    quiet: Around,
    /// The inputs of the context network beside neighbours and parents, and zeros.
    inputs: Inputs,
}

/// What the latents of a parent make of the contexts of all latents under them.
#[derive(Clone, Copy)]
struct Around {
    /// The sums of the first layer without neighbours.
    sums: Sums,
    /// The distribution where all neighbours are zero, if it has been asked for.
    silent: Option<QuantizedLaplace>,
}

impl Around {
    fn new(network: &Context, inputs: &Inputs) -> Self {
        Self {
            sums: network.sums(inputs),
            silent: None,
        }
    }

    /// The distribution of a latent with these neighbours.
    fn distribution(&mut self, network: &Context, near: &Near) -> QuantizedLaplace {
        let any = near.iter().fold(0, |any, input| any | input);
        if any != 0 {
            return network.distribution(&network.with_near(&self.sums, near));
        }
        let sums = &self.sums;
        *self
            .silent
            .get_or_insert_with(|| network.distribution(sums))
    }
}

impl<'a> Parent<'a> {
    /// The parent of a grid of scale `scale`, if it has one.
    fn new(network: &'a Context, scale: u8, grid: Option<(Lattice, &'a [i16])>) -> Self {
        let mut inputs = Inputs::default();
        inputs[CONTEXT_INPUTS - 1] = ((i32::from(scale) - SCALE_ORIGIN) * UNIT) as i16;
        let columns = grid.map_or(0, |(lattice, _)| lattice.columns);
        let mut quiet = Around::new(network, &inputs);
        // Known here, all columns without levels share it.
        quiet.distribution(network, &Near::default());
        Self {
            network,
            grid,
            shift: grid.map_or(0, |(lattice, _)| lattice.scale.saturating_sub(scale)),
            row: None,
            around: vec![None; columns.min(KEPT)],
            quiet,
            inputs,
        }
    }

    /// Goes on to the row of the parent in which a row of the grid lies.
    fn descend(&mut self, row: usize) {
        let row = row >> self.shift;
        if self.row != Some(row) {
            self.row = Some(row);
            self.around.fill(None);
        }
    }

    /// What is made of the contexts in a column of the grid.
    fn around(&mut self, column: usize) -> &mut Around {
        let (Some((lattice, levels)), Some(row)) = (self.grid, self.row) else {
            return &mut self.quiet;
        };
        let column = column >> self.shift;
        let kept = &mut self.around[column % KEPT];
        if kept.is_none_or(|(known, _)| known != column) {
            let mut any = 0;
            for (line, row) in near(row, lattice.rows).into_iter().enumerate() {
                let inputs = &mut self.inputs[NEIGHBOURS.len() + 3 * line..][..3];
                for (input, column) in inputs.iter_mut().zip(near(column, lattice.columns)) {
                    *input = seen(levels[row * lattice.columns + column]);
                    any |= *input;
                }
            }
            let around = if any == 0 {
                self.quiet
            } else {
                Around::new(self.network, &self.inputs)
            };
            *kept = Some((column, around));
        }
        kept.as_mut().map_or(&mut self.quiet, |(_, around)| around)
    }
}

/// The places around one of `count`; beyond the edges are those at the edge.
fn near(place: usize, count: usize) -> [usize; 3] {
    [place.saturating_sub(1), place, (place + 1).min(count - 1)]
}
