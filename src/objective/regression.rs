//! The affine function nearest to a signal.

use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use ndarray::{Array1, Array2};

/// The affine function of the coordinates that is nearest to a signal in the least squares: what a fit begins
/// from, and the plainest things to store.
#[derive(Clone, Debug)]
pub(crate) struct Regression {
    /// The mean of each output where it counts, in the units of the signal; 0 where it never does.
    pub(crate) means: Array1<f64>,
    /// The value at the origin of the coordinates, and the slopes (outputs x inputs) of the nearest plane.
    pub(crate) origins: Array1<f64>,
    pub(crate) slopes: Array2<f64>,
    /// Root mean square distance of the signal from its means.
    pub(crate) deviation: f64,
}

impl Regression {
    /// That of the first `points` points of `objective`, whose networks have `inputs` inputs. None if its loss is
    /// not one of squares.
    pub(crate) fn of(objective: &dyn Objective, inputs: usize, points: u64) -> Option<Self> {
        let squares = objective.squares()?;
        let outputs = squares.outputs;
        let mut sums: Vec<Sums> = (0..outputs).map(|_| Sums::new(inputs)).collect();
        let mut coordinates = vec![0.0; inputs * TILE];
        let mut known = vec![0.0; objective.knowns() * TILE];
        let mut row = vec![0.0; inputs + 1];
        for first in (0..points).step_by(TILE) {
            let count = (points - first).min(TILE as u64) as usize;
            objective.draw(first, count, &mut coordinates, &mut known);
            for slot in 0..count {
                row[0] = 1.0;
                for (axis, place) in row[1..].iter_mut().enumerate() {
                    *place = f64::from(coordinates[axis * TILE + slot]);
                }
                for (output, sums) in sums.iter_mut().enumerate() {
                    let weighted = output < squares.weighted;
                    if !weighted || known[outputs * TILE + slot] > 0.0 {
                        sums.add(&row, f64::from(known[output * TILE + slot]));
                    }
                }
            }
        }
        let count: f64 = sums.iter().map(|sums| sums.gram[[0, 0]]).sum();
        let variance: f64 = sums.iter().map(Sums::scatter).sum();
        let planes: Vec<Array1<f64>> = sums.iter().map(Sums::plane).collect();
        Some(Self {
            means: sums.iter().map(Sums::mean).collect(),
            origins: planes.iter().map(|plane| plane[0]).collect(),
            slopes: Array2::from_shape_fn((outputs, inputs), |(output, axis)| {
                planes[output][axis + 1]
            }),
            deviation: (variance / count.max(1.0)).sqrt(),
        })
    }
}

/// The normal equations of one output: sums of products of (1, coordinates) with themselves and with its values.
struct Sums {
    gram: Array2<f64>,
    values: Array1<f64>,
    /// Sum of the squared values.
    power: f64,
}

/// How much of a coordinate's spread must be its own for it to have a slope.
const SINGULAR: f64 = 1e-9;

impl Sums {
    fn new(inputs: usize) -> Self {
        Self {
            gram: Array2::zeros((inputs + 1, inputs + 1)),
            values: Array1::zeros(inputs + 1),
            power: 0.0,
        }
    }

    fn add(&mut self, row: &[f64], value: f64) {
        for (i, &a) in row.iter().enumerate() {
            for (j, &b) in row.iter().enumerate() {
                self.gram[[i, j]] += a * b;
            }
            self.values[i] += a * value;
        }
        self.power += value * value;
    }

    fn mean(&self) -> f64 {
        self.values[0] / self.gram[[0, 0]].max(1.0)
    }

    /// Sum of the squared distances from the mean.
    fn scatter(&self) -> f64 {
        (self.power - self.values[0] * self.mean()).max(0.0)
    }

    /// The solution of the normal equations, by Gaussian elimination. A coordinate that does not vary beside the
    /// others has no slope.
    fn plane(&self) -> Array1<f64> {
        let (mut gram, mut values) = (self.gram.clone(), self.values.clone());
        let size = values.len();
        let mut used = vec![false; size];
        for pivot in 0..size {
            let head = gram[[pivot, pivot]];
            used[pivot] = head > SINGULAR * self.gram[[pivot, pivot]].max(f64::MIN_POSITIVE);
            if !used[pivot] {
                continue;
            }
            for row in (0..size).filter(|&row| row != pivot) {
                let factor = gram[[row, pivot]] / head;
                for column in 0..size {
                    gram[[row, column]] -= factor * gram[[pivot, column]];
                }
                values[row] -= factor * values[pivot];
            }
        }
        let slope = |index: usize| {
            if used[index] {
                values[index] / gram[[index, index]]
            } else {
                0.0
            }
        };
        (0..size).map(slope).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;
    use crate::signal::{Picture, Samples};

    #[test]
    fn a_plane_is_found_as_it_is() {
        // Two channels, the second of which is alpha: where it is 0, the first does not count.
        let samples = (0..20 * 10).flat_map(|i| {
            let (x, y) = (i % 20, i / 20);
            let alpha = if x < 2 { 0 } else { 200 };
            let gray = if x < 2 { 7 } else { 40 + 3 * x + 5 * y };
            [gray as u8, alpha]
        });
        let picture = Picture::new(20, 10, 2, Samples::U8(samples.collect())).unwrap();
        let plane = Regression::of(&Image::new(&picture, 0), 2, 200).unwrap();
        // A pixel spans a tenth of the unit, a sample 2 / 255.
        assert!((plane.slopes[[0, 0]] - 30.0 * 2.0 / 255.0).abs() < 1e-4);
        assert!((plane.slopes[[0, 1]] - 50.0 * 2.0 / 255.0).abs() < 1e-4);
        let centre = 40.0 + 3.0 * 9.5 + 5.0 * 4.5;
        assert!((plane.origins[0] - (centre * 2.0 / 255.0 - 1.0)).abs() < 1e-4);
        assert!((plane.means[1] - (180.0 * 2.0 / 255.0 - 1.0)).abs() < 1e-4);
    }

    #[test]
    fn a_single_pixel_has_a_mean_and_no_slope() {
        let picture = Picture::new(1, 1, 3, Samples::U8(vec![255, 0, 51])).unwrap();
        let plane = Regression::of(&Image::new(&picture, 0), 2, 1).unwrap();
        for (mean, wanted) in plane.means.iter().zip([1.0, -1.0, -0.6]) {
            assert!((mean - wanted).abs() < 1e-6);
        }
        assert!(plane.slopes.iter().all(|&slope| slope == 0.0) && plane.deviation < 1e-6);
    }
}
