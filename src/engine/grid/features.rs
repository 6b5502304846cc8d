//! Grids of latents as functions of the plane: values and exact derivatives at any points.

use super::super::kernel::{Order, TILE};
use super::spline::{TAPS, jet, jets};
use fearless_simd::{Level, Simd, SimdBase, dispatch};
use ndarray::Array2;
use std::ops::Range;

/// Nodes beyond an edge from which on a grid is constant, and some more.
const FAR: f64 = 4.0;

/// Coordinates of a point of a picture.
const COORDINATES: usize = 2;

/// One grid of latents: its scale, and the coefficients of a cubic B-spline.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentGrid {
    /// Binary logarithm of the distance of nodes in pixels.
    pub scale: u8,
    /// The coefficients, rows x columns, at least one of each.
    pub values: Array2<f32>,
}

/// Grids of latents over a picture: what a network sees in place of coordinates, one value for each grid.
///
/// Coordinates are those of [`crate::signal::Grid`]: the longer side of the picture spans -1 to 1. Pixel i of a row has
/// its centre at i + 1/2, node j of a grid at (j + 1/2) 2^scale.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentGrids {
    width: u32,
    height: u32,
    grids: Vec<LatentGrid>,
}

/// Where the points of a tile are among the columns of a grid.
struct Columns {
    /// For each point the first of the four nodes around it; nodes before 0 are beyond the edge.
    nodes: [i32; TILE],
    /// How far each point is from the second of them to the third.
    fractions: [f32; TILE],
    /// The weights of the four nodes, tap by tap, their first derivatives and their second.
    weights: [[[f32; TILE]; TAPS]; 3],
    /// Sums over the rows of the grid, for the nodes that some points have.
    lines: Vec<f32>,
    /// The sums of the four nodes of each of these points, tap by tap.
    taps: [[f32; TILE]; TAPS],
}

impl LatentGrids {
    /// The `grids` of a picture of `width` x `height` pixels.
    pub fn new(width: u32, height: u32, grids: Vec<LatentGrid>) -> Self {
        Self {
            width,
            height,
            grids,
        }
    }

    /// The grids, in the order of the network's inputs.
    pub fn grids(&self) -> &[LatentGrid] {
        &self.grids
    }

    /// Writes the jets of the value of every grid at the first `count` points of a tile, as [`crate::Objective`] lays them
    /// out: a row of [`TILE`] for each grid, component after component.
    ///
    /// Points that follow each other on a horizontal line, as those of a rendering do, share the sums over columns.
    pub(crate) fn jets(&self, level: Level, coordinates: &[f32], order: Order, jets: &mut [f32]) {
        dispatch!(level, simd => self.tile(simd, coordinates, order, jets));
    }

    #[inline(always)]
    fn tile<S: Simd>(&self, simd: S, coordinates: &[f32], order: Order, jets: &mut [f32]) {
        let (x, y) = coordinates.split_at(TILE);
        let mut columns = Columns {
            nodes: [0; TILE],
            fractions: [0.0; TILE],
            weights: [[[0.0; TILE]; TAPS]; 3],
            lines: Vec::new(),
            taps: [[0.0; TILE]; TAPS],
        };
        for (index, grid) in self.grids.iter().enumerate() {
            columns.place(simd, self.axis(self.width, grid.scale), &x[..TILE], order);
            let down = self.axis(self.height, grid.scale);
            let mut first = 0;
            while first < TILE {
                let run = y[first..TILE]
                    .iter()
                    .take_while(|&&other| other == y[first]);
                let last = first + run.count().max(1);
                let out = Rows {
                    jets: &mut *jets,
                    row: index * TILE,
                    component: self.grids.len() * TILE,
                };
                self.line(
                    grid,
                    down.place(y[first]),
                    &mut columns,
                    first..last,
                    order,
                    out,
                );
                first = last;
            }
        }
    }

    /// How coordinates are places along a side of `side` pixels.
    #[inline(always)]
    fn axis(&self, side: u32, scale: u8) -> Axis {
        let spacing = f64::from(1_u32 << scale);
        Axis {
            half: f64::from(self.width.max(self.height)) / 2.0,
            middle: f64::from(side) / 2.0,
            per_pixel: 1.0 / spacing,
            // Farther beyond an edge than this only the outermost value counts.
            last: f64::from(side) / spacing + FAR,
        }
    }

    /// Writes jets of `grid` at the points `slots` of a tile, which are all on the horizontal line at `row`.
    #[inline(always)]
    fn line(
        &self,
        grid: &LatentGrid,
        row: (i32, f32),
        columns: &mut Columns,
        slots: Range<usize>,
        order: Order,
        mut out: Rows<'_>,
    ) {
        // What nodes become per unit of the coordinates.
        let unit = self.width.max(self.height) as f32 / 2.0 / (1_u32 << grid.scale) as f32;
        let sets = match order {
            Order::Value => 1,
            Order::Gradient => 2,
            Order::Laplacian => 3,
        };
        let Columns {
            nodes,
            weights,
            lines,
            taps,
            ..
        } = columns;
        let [value, first, second] = &*weights;
        for (slots, span) in spans(nodes, slots) {
            let width = (span.end - span.start) as usize;
            lines.clear();
            lines.resize(sets * width, 0.0);
            let lines = lines.chunks_exact_mut(width);
            for (set, (weights, line)) in jet(row.1).iter().zip(lines).enumerate() {
                combine(grid, row.0, weights, span.start, line);
                gather(line, &nodes[slots.clone()], span.start, taps);
                let mut put = |component, weights, factor, more| {
                    let sums = out.of(component, &slots);
                    dot(taps, weights, slots.clone(), factor, more, sums);
                };
                match set {
                    0 => {
                        put(0, value, 1.0, false);
                        if order > Order::Value {
                            put(1, first, unit, false);
                        }
                        if order == Order::Laplacian {
                            put(COORDINATES + 1, second, 1.0, false);
                        }
                    }
                    1 => put(COORDINATES, value, unit, false),
                    _ => put(COORDINATES + 1, value, unit * unit, true),
                }
            }
        }
    }
}

impl Columns {
    /// Goes to the points of a tile with these coordinates. Derivatives of weights are left out where `order` has none.
    #[inline(always)]
    fn place<S: Simd>(&mut self, simd: S, axis: Axis, coordinates: &[f32], order: Order) {
        let places = self.nodes.iter_mut().zip(&mut self.fractions);
        for ((node, fraction), &coordinate) in places.zip(coordinates) {
            (*node, *fraction) = axis.place(coordinate);
        }
        let needed = if order == Order::Value { 1 } else { 3 };
        for at in (0..TILE).step_by(S::f32s::LEN) {
            let fractions = &self.fractions[at..][..S::f32s::LEN];
            let jets = jets(simd, S::f32s::from_slice(simd, fractions));
            for (weights, jets) in self.weights.iter_mut().zip(jets).take(needed) {
                for (weights, jet) in weights.iter_mut().zip(jets) {
                    jet.store_slice(&mut weights[at..][..S::f32s::LEN]);
                }
            }
        }
    }
}

/// How coordinates become places among the nodes of a grid in one direction.
struct Axis {
    /// Pixels for each unit of a coordinate, and those before coordinate 0.
    half: f64,
    middle: f64,
    /// Nodes for each pixel.
    per_pixel: f64,
    /// The farthest node that makes a difference.
    last: f64,
}

impl Axis {
    /// The first of four nodes around a coordinate, and the fraction of the way from the second of them to the third.
    #[inline(always)]
    fn place(&self, coordinate: f32) -> (i32, f32) {
        // The product is exact: both factors have few bits.
        let pixel = f64::from(coordinate) * self.half + self.middle;
        let node = (pixel * self.per_pixel - 0.5).clamp(-FAR, self.last);
        let floor = node.floor();
        (floor as i32 - 1, (node - floor) as f32)
    }
}

/// Where jets go.
struct Rows<'a> {
    jets: &'a mut [f32],
    /// The first float of the row of the first component.
    row: usize,
    /// The number of floats from a component of a jet to the next component.
    component: usize,
}

impl Rows<'_> {
    /// Those of a component at some points of the tile.
    #[inline(always)]
    fn of(&mut self, component: usize, slots: &Range<usize>) -> &mut [f32] {
        &mut self.jets[component * self.component + self.row..][slots.clone()]
    }
}

/// Runs of points among `slots` whose nodes lie so close together that it pays to sum over rows for all of these nodes at
/// once, with the range of their nodes.
#[inline(always)]
fn spans(
    nodes: &[i32; TILE],
    slots: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<i32>)> + '_ {
    /// Nodes for each point that are worth it.
    const WORTH: i32 = 8;
    let mut start = slots.start;
    std::iter::from_fn(move || {
        let rest = &nodes[start..slots.end];
        let &first = rest.first()?;
        let bounds = |(low, high): (i32, i32), &node: &i32| (low.min(node), high.max(node));
        let (mut low, mut high) = rest.iter().fold((first, first), bounds);
        let mut count = rest.len();
        if high - low > WORTH * count as i32 {
            (low, high, count) = (first, first, 1);
            while let Some(&node) = rest.get(count) {
                let (lower, higher) = (low.min(node), high.max(node));
                if higher - lower > WORTH * count as i32 {
                    break;
                }
                (low, high, count) = (lower, higher, count + 1);
            }
        }
        let slots = start..start + count;
        start += count;
        Some((slots, low..high + TAPS as i32))
    })
}

/// Writes sums over four rows of `grid` from `row` on, for columns from `column` on. The sums begin with what `line` has.
#[inline(always)]
fn combine(grid: &LatentGrid, row: i32, weights: &[f32; TAPS], column: i32, line: &mut [f32]) {
    let (rows, columns) = grid.values.dim();
    let all = grid.values.as_slice().unwrap_or_default();
    for (row, &weight) in (row..).zip(weights) {
        let row = i64::from(row).clamp(0, rows as i64 - 1) as usize;
        let values = &all[row * columns..][..columns];
        let inside = usize::try_from(column).ok();
        if let Some(inside) = inside.and_then(|first| values.get(first..first + line.len())) {
            for (sum, value) in line.iter_mut().zip(inside) {
                *sum += weight * value;
            }
            continue;
        }
        for (column, sum) in (i64::from(column)..).zip(&mut *line) {
            *sum += weight * values[column.clamp(0, columns as i64 - 1) as usize];
        }
    }
}

/// Writes the four numbers of `line`, which begins with node `start`, that follow the first node of each point.
#[inline(always)]
fn gather(line: &[f32], nodes: &[i32], start: i32, taps: &mut [[f32; TILE]; TAPS]) {
    let [a, b, c, d] = taps;
    let taps = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
    for (((a, b), (c, d)), node) in taps.zip(nodes) {
        let four = &line[(node - start) as usize..][..TAPS];
        (*a, *b, *c, *d) = (four[0], four[1], four[2], four[3]);
    }
}

/// Writes `factor` times the sums of `taps` by their weights; with `more`, of what is there and of these sums.
#[inline(always)]
fn dot(
    taps: &[[f32; TILE]; TAPS],
    weights: &[[f32; TILE]; TAPS],
    slots: Range<usize>,
    factor: f32,
    more: bool,
    sums: &mut [f32],
) {
    let count = slots.len();
    let sums = &mut sums[..count];
    // Not by `map` of arrays, which would not be inlined into the instruction set.
    let tap = |tap: usize| (&taps[tap][..count], &weights[tap][slots.clone()]);
    let [(a, u), (b, v), (c, w), (d, x)] = [tap(0), tap(1), tap(2), tap(3)];
    for slot in 0..count {
        let sum = a[slot] * u[slot] + b[slot] * v[slot] + c[slot] * w[slot] + d[slot] * x[slot];
        let before = if more { sums[slot] } else { 0.0 };
        sums[slot] = factor * (before + sum);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::simd::level;
    use super::*;

    fn grids() -> LatentGrids {
        let grid = |scale: u8| {
            let [columns, rows] = [13_u32, 9].map(|side| side.div_ceil(1 << scale) as usize);
            let value = |(row, column): (usize, usize)| {
                ((row * 7 + column * 3 + usize::from(scale)) as f32 * 0.7).sin()
            };
            LatentGrid {
                scale,
                values: Array2::from_shape_fn((rows, columns), value),
            }
        };
        LatentGrids::new(13, 9, [2, 0, 1, 5].map(grid).to_vec())
    }

    /// The value of a grid at a point, by the definition of the B-spline in f64.
    fn oracle(grids: &LatentGrids, index: usize, x: f64, y: f64) -> f64 {
        let cubic = |x: f64| match x.abs() {
            x if x < 1.0 => 2.0 / 3.0 - x * x + x * x * x / 2.0,
            x if x < 2.0 => (2.0 - x).powi(3) / 6.0,
            _ => 0.0,
        };
        let LatentGrid { scale, values } = &grids.grids[index];
        let node = |coordinate: f64, side: f64| {
            (coordinate * 6.5 + side / 2.0) / f64::from(1 << scale) - 0.5
        };
        let (u, v) = (node(x, 13.0), node(y, 9.0));
        let (rows, columns) = values.dim();
        let mut sum = 0.0;
        for row in -3..rows as i64 + 3 {
            for column in -3..columns as i64 + 3 {
                let inside = |at: i64, count: usize| at.clamp(0, count as i64 - 1) as usize;
                let value = values[[inside(row, rows), inside(column, columns)]];
                sum += f64::from(value) * cubic(u - column as f64) * cubic(v - row as f64);
            }
        }
        sum
    }

    /// Far beyond the edges the outermost values stay, and what is no number gives none.
    #[test]
    fn points_may_be_anywhere() {
        let grids = grids();
        let count = grids.grids.len();
        let far = [1e30, -1e30, f32::INFINITY, f32::NEG_INFINITY, f32::MAX];
        for x in far {
            for y in far {
                let mut coordinates = vec![y; 2 * TILE];
                coordinates[..TILE].fill(x);
                let mut jets = vec![0.0; 4 * count * TILE];
                grids.jets(level().1, &coordinates, Order::Laplacian, &mut jets);
                for (index, grid) in grids.grids.iter().enumerate() {
                    let (rows, columns) = grid.values.dim();
                    let corner = [
                        if y > 0.0 { rows - 1 } else { 0 },
                        if x > 0.0 { columns - 1 } else { 0 },
                    ];
                    assert!((jets[index * TILE] - grid.values[corner]).abs() < 1e-6);
                    for component in 1..4 {
                        assert!(jets[(component * count + index) * TILE].abs() < 1e-4);
                    }
                }
            }
        }
        let mut jets = vec![0.0; count * TILE];
        grids.jets(
            level().1,
            &vec![f32::NAN; 2 * TILE],
            Order::Value,
            &mut jets,
        );
        assert!(jets.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn jets_are_those_of_the_spline_at_any_points() {
        let grids = grids();
        let mut coordinates = vec![0.0; 2 * TILE];
        for slot in 0..TILE {
            // Runs on one line, points far apart on one line, and points anywhere.
            let (x, y) = match slot {
                0..100 => (slot as f32 / 50.0 - 1.0, 0.3),
                100..150 => ((slot as f32 * 3.3).sin() * 1.1, -0.2),
                _ => ((slot as f32 * 1.7).sin(), (slot as f32 * 0.9).cos() * 0.8),
            };
            (coordinates[slot], coordinates[TILE + slot]) = (x, y);
        }
        let count = grids.grids.len();
        let mut jets = vec![0.0; 4 * count * TILE];
        grids.jets(level().1, &coordinates, Order::Laplacian, &mut jets);
        let mut values = vec![0.0; count * TILE];
        grids.jets(level().1, &coordinates, Order::Value, &mut values);
        assert_eq!(values, jets[..count * TILE]);
        let h = 1e-4;
        for slot in 0..TILE {
            let (x, y) = (
                f64::from(coordinates[slot]),
                f64::from(coordinates[TILE + slot]),
            );
            for grid in 0..count {
                let at = |dx: f64, dy: f64| oracle(&grids, grid, x + dx, y + dy);
                let (here, left, right) = (at(0.0, 0.0), at(-h, 0.0), at(h, 0.0));
                let (up, down) = (at(0.0, -h), at(0.0, h));
                let jet = [
                    here,
                    (right - left) / (2.0 * h),
                    (down - up) / (2.0 * h),
                    (left + right + up + down - 4.0 * here) / (h * h),
                ];
                for (component, (expected, most)) in
                    jet.into_iter().zip([2e-6, 1e-3, 1e-3, 0.3]).enumerate()
                {
                    let found = f64::from(jets[(component * count + grid) * TILE + slot]);
                    assert!(
                        (found - expected).abs() < most,
                        "{slot} {grid} {component}: {found} {expected}"
                    );
                }
            }
        }
    }
}
