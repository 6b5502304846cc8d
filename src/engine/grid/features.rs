//! Grids of latents as functions of the plane: values and exact derivatives at any points.

use super::super::kernel::{Order, TILE};
use super::spline::{TAPS, jet};
use ndarray::Array2;

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

/// The four nodes around a point in one direction, and the jets of their weights.
#[derive(Clone, Copy)]
struct Place {
    /// The first of the four; nodes before 0 are beyond the edge.
    node: i64,
    weights: [[f32; TAPS]; 3],
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
    pub(crate) fn jets(&self, coordinates: &[f32], order: Order, jets: &mut [f32]) {
        let (x, y) = coordinates.split_at(TILE);
        let mut first = 0;
        let mut places = Vec::with_capacity(TILE);
        let mut lines = Vec::new();
        while first < TILE {
            let run = y[first..TILE]
                .iter()
                .take_while(|&&other| other == y[first]);
            let last = first + run.count().max(1);
            for (index, grid) in self.grids.iter().enumerate() {
                places.clear();
                let place = |&x: &f32| self.place(x, self.width, grid.scale);
                places.extend(x[first..last].iter().map(place));
                let row = self.place(y[first], self.height, grid.scale);
                let out = Rows {
                    jets: &mut *jets,
                    row: index * TILE + first,
                    component: self.grids.len() * TILE,
                };
                self.line(grid, row, &places, order, &mut lines, out);
            }
            first = last;
        }
    }

    /// Where a coordinate is among the nodes of a grid, along a side of `side` pixels.
    fn place(&self, coordinate: f32, side: u32, scale: u8) -> Place {
        let half = f64::from(self.width.max(self.height)) / 2.0;
        let pixel = f64::from(coordinate).mul_add(half, f64::from(side) / 2.0);
        let spacing = f64::from(1_u32 << scale);
        // Farther beyond an edge than this only the outermost value counts.
        let node = (pixel / spacing - 0.5).clamp(-FAR, f64::from(side) / spacing + FAR);
        let floor = node.floor();
        Place {
            node: floor as i64 - 1,
            weights: jet((node - floor) as f32),
        }
    }

    /// Writes jets of `grid` at the points of `places`, all on the horizontal line at `row`.
    fn line(
        &self,
        grid: &LatentGrid,
        row: Place,
        places: &[Place],
        order: Order,
        lines: &mut Vec<f32>,
        mut out: Rows<'_>,
    ) {
        // What nodes become per unit of the coordinates.
        let unit = self.width.max(self.height) as f32 / 2.0 / (1_u32 << grid.scale) as f32;
        let sets = match order {
            Order::Value => 1,
            Order::Gradient => 2,
            Order::Laplacian => 3,
        };
        for (slots, span) in spans(places) {
            let width = (span.end - span.start) as usize;
            lines.clear();
            lines.resize(sets * width, 0.0);
            for (weights, line) in row.weights.iter().zip(lines.chunks_exact_mut(width)) {
                combine(grid, row.node, weights, span.start, line);
            }
            for slot in slots {
                let place = &places[slot];
                let at = (place.node - span.start) as usize;
                let sum = |line: usize, weights: &[f32; TAPS]| {
                    let nodes = &lines[line * width + at..][..TAPS];
                    nodes.iter().zip(weights).map(|(n, w)| n * w).sum::<f32>()
                };
                let [value, first, second] = &place.weights;
                out.put(0, slot, sum(0, value));
                if order > Order::Value {
                    out.put(1, slot, unit * sum(0, first));
                    out.put(COORDINATES, slot, unit * sum(1, value));
                }
                if order == Order::Laplacian {
                    let bent = sum(0, second) + sum(2, value);
                    out.put(COORDINATES + 1, slot, unit * unit * bent);
                }
            }
        }
    }
}

/// Where jets go.
struct Rows<'a> {
    jets: &'a mut [f32],
    /// The slot of the first point in the row of the first component.
    row: usize,
    /// The number of floats from a component of a jet to the next component.
    component: usize,
}

impl Rows<'_> {
    fn put(&mut self, component: usize, slot: usize, value: f32) {
        self.jets[component * self.component + self.row + slot] = value;
    }
}

/// Runs of places whose nodes lie so close together that it pays to sum over rows for all of these nodes at once, with
/// the range of their nodes.
fn spans(
    places: &[Place],
) -> impl Iterator<Item = (std::ops::Range<usize>, std::ops::Range<i64>)> + '_ {
    /// Nodes for each point that are worth it.
    const WORTH: i64 = 8;
    let mut start = 0;
    std::iter::from_fn(move || {
        let first = places.get(start)?.node;
        let (mut low, mut high, mut end) = (first, first, start + 1);
        while let Some(place) = places.get(end) {
            let (lower, higher) = (low.min(place.node), high.max(place.node));
            if higher - lower > WORTH * (end - start) as i64 {
                break;
            }
            (low, high, end) = (lower, higher, end + 1);
        }
        let slots = start..end;
        start = end;
        Some((slots, low..high + TAPS as i64))
    })
}

/// Writes sums over four rows of `grid` from `row` on, for columns from `column` on.
fn combine(grid: &LatentGrid, row: i64, weights: &[f32; TAPS], column: i64, line: &mut [f32]) {
    let (rows, columns) = grid.values.dim();
    let all = grid.values.as_slice().unwrap_or_default();
    for (row, &weight) in (row..).zip(weights) {
        let row = row.clamp(0, rows as i64 - 1) as usize;
        let values = &all[row * columns..][..columns];
        for (column, sum) in (column..).zip(&mut *line) {
            *sum += weight * values[column.clamp(0, columns as i64 - 1) as usize];
        }
    }
}

#[cfg(test)]
mod tests {
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
                grids.jets(&coordinates, Order::Laplacian, &mut jets);
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
        grids.jets(&vec![f32::NAN; 2 * TILE], Order::Value, &mut jets);
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
        grids.jets(&coordinates, Order::Laplacian, &mut jets);
        let mut values = vec![0.0; count * TILE];
        grids.jets(&coordinates, Order::Value, &mut values);
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
