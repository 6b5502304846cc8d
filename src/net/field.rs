use super::{Evaluator, Network};
use crate::Error;
use crate::kernel::TILE;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

/// A network as a function of the plane: values at any coordinates.
///
/// ```
/// use sirenc::{Field, Network, Shape};
/// # fn main() -> Result<(), sirenc::Error> {
/// let shape =
///     Shape { inputs: 2, hidden: vec![16, 16], outputs: 3, omega_first: 30.0, omega_hidden: 30.0 };
/// let field = Field::new(&Network::random(&shape, 1)?);
/// let points = ndarray::array![[0.0, 0.0], [0.5, -0.25]];
/// assert_eq!(field.values(points.view())?.dim(), (2, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Field {
    evaluator: Evaluator,
}

impl Field {
    /// The function that `network` computes.
    pub fn new(network: &Network) -> Self {
        Self {
            evaluator: Evaluator::new(network),
        }
    }

    /// Number of coordinates of a point.
    pub fn inputs(&self) -> usize {
        self.evaluator.inputs()
    }

    /// Number of values at a point.
    pub fn outputs(&self) -> usize {
        self.evaluator.outputs()
    }

    /// Values at `points` (n x inputs), as n x outputs, on all threads of the current rayon pool.
    ///
    /// For a picture a point is (x, y) as [`crate::signal::Grid`] says, and values span -1 to 1.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `points` has another number of columns than [`Field::inputs`].
    pub fn values(&self, points: ArrayView2<'_, f32>) -> Result<Array2<f32>, Error> {
        if points.ncols() != self.inputs() {
            return Err(Error::parameter(
                "coordinates per point",
                points.ncols(),
                self.inputs(),
            ));
        }
        let mut values = Array2::zeros((points.nrows(), self.outputs()));
        let tiles = points.axis_chunks_iter(Axis(0), TILE).collect::<Vec<_>>();
        let results = values
            .axis_chunks_iter_mut(Axis(0), TILE)
            .collect::<Vec<_>>();
        tiles.into_par_iter().zip(results).for_each_init(
            || self.evaluator.scratch(),
            |scratch, (points, results)| self.tile(scratch, points, results),
        );
        Ok(values)
    }

    fn tile(
        &self,
        scratch: &mut super::evaluate::Scratch,
        points: ArrayView2<'_, f32>,
        mut results: ArrayViewMut2<'_, f32>,
    ) {
        let outputs = self.evaluator.tile(scratch, |rows| {
            for ((slot, input), &coordinate) in points.indexed_iter() {
                rows[input * TILE + slot] = coordinate;
            }
        });
        for ((slot, output), value) in results.indexed_iter_mut() {
            *value = outputs[output * TILE + slot];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Shape, oracle};

    #[test]
    fn values_match_the_oracle_for_any_number_of_points() {
        let shape = Shape {
            inputs: 3,
            hidden: vec![9, 8],
            outputs: 2,
            omega_first: 10.0,
            omega_hidden: 10.0,
        };
        let network = Network::random(&shape, 4).unwrap();
        let field = Field::new(&network);
        for count in [0, 1, TILE, TILE + 1] {
            let points =
                Array2::from_shape_fn((count, 3), |(i, j)| (i as f32 * 0.37 + j as f32).sin());
            let values = field.values(points.view()).unwrap();
            for (point, values) in points.rows().into_iter().zip(values.rows()) {
                let point: Vec<f64> = point.iter().map(|&x| f64::from(x)).collect();
                for (value, expected) in values.iter().zip(oracle::forward(&network, &point)) {
                    assert!((f64::from(*value) - expected).abs() < 1e-4);
                }
            }
        }
        assert!(field.values(Array2::zeros((4, 2)).view()).is_err());
    }
}
