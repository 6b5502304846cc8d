//! A network as a function: values and derivatives at any points.

use super::super::kernel::TILE;
use super::{Evaluator, Network, Order};
use crate::Error;
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut3, Axis, s};
use rayon::prelude::*;

/// A network as a function of space: values and exact derivatives at any coordinates.
///
/// ```
/// use sirenc::{Field, Network, Order, Architecture};
/// # fn main() -> Result<(), sirenc::Error> {
/// let shape =
///     Architecture { inputs: 2, hidden: vec![16, 16], outputs: 3, ..Architecture::default() };
/// let field = Field::new(&Network::random(&shape, 1)?);
/// let points = ndarray::array![[0.0, 0.0], [0.5, -0.25]];
/// assert_eq!(field.values(points.view())?.dim(), (2, 3));
/// let jets = field.jets(points.view(), Order::Laplacian)?;
/// assert_eq!(jets.derivatives(1).map(|dy| dy.dim()), Some((2, 3)));
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
            evaluator: Evaluator::new(network, Order::Value),
        }
    }

    /// Number of coordinates of a point.
    pub fn inputs(&self) -> usize {
        self.evaluator.coordinates()
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
        let all = self.evaluate(&self.evaluator, points)?;
        Ok(all.slice_move(s![.., 0, ..]))
    }

    /// Jets at `points` (n x inputs) as far as `order` says: values and exact derivatives by the
    /// coordinates, as they are in the units of [`Field::values`].
    ///
    /// # Errors
    /// As [`Field::values`].
    pub fn jets(&self, points: ArrayView2<'_, f32>, order: Order) -> Result<Jets, Error> {
        let evaluator = self.evaluator.with_order(order);
        Ok(Jets {
            inputs: self.inputs(),
            components: self.evaluate(&evaluator, points)?,
        })
    }

    /// Points x components x outputs.
    fn evaluate(
        &self,
        evaluator: &Evaluator,
        points: ArrayView2<'_, f32>,
    ) -> Result<Array3<f32>, Error> {
        if points.ncols() != self.inputs() {
            return Err(Error::parameter(
                "coordinates per point",
                points.ncols(),
                self.inputs(),
            ));
        }
        let (count, components) = (points.nrows(), evaluator.components());
        let mut all = Array3::zeros((count, components, self.outputs()));
        let tiles = points.axis_chunks_iter(Axis(0), TILE).collect::<Vec<_>>();
        let results = all.axis_chunks_iter_mut(Axis(0), TILE).collect::<Vec<_>>();
        tiles.into_par_iter().zip(results).for_each_init(
            || evaluator.scratch(),
            |scratch, (points, results)| tile(evaluator, scratch, points, results),
        );
        Ok(all)
    }
}

fn tile(
    evaluator: &Evaluator,
    scratch: &mut super::evaluate::Scratch,
    points: ArrayView2<'_, f32>,
    mut results: ArrayViewMut3<'_, f32>,
) {
    let rows = evaluator.tile(scratch, |rows| {
        for ((slot, input), &coordinate) in points.indexed_iter() {
            rows[input * TILE + slot] = coordinate;
        }
    });
    for ((slot, component, output), value) in results.indexed_iter_mut() {
        *value = rows[(component * evaluator.outputs() + output) * TILE + slot];
    }
}

/// Jets of a network's outputs at a number of points.
#[derive(Clone, Debug)]
pub struct Jets {
    inputs: usize,
    /// Points x components x outputs.
    components: Array3<f32>,
}

impl Jets {
    /// Values, points x outputs.
    pub fn values(&self) -> ArrayView2<'_, f32> {
        self.components.slice(s![.., 0, ..])
    }

    /// First derivatives by coordinate `input`, points x outputs; none if the order was
    /// [`Order::Value`] or there is no such coordinate.
    pub fn derivatives(&self, input: usize) -> Option<ArrayView2<'_, f32>> {
        let there = input < self.inputs && self.components.dim().1 > input + 1;
        there.then(|| self.components.slice(s![.., input + 1, ..]))
    }

    /// Laplacians, points x outputs; none unless the order was [`Order::Laplacian`].
    pub fn laplacians(&self) -> Option<ArrayView2<'_, f32>> {
        let there = self.components.dim().1 > self.inputs + 1;
        there.then(|| self.components.slice(s![.., -1, ..]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Architecture, oracle};
    use super::*;

    #[test]
    fn values_match_the_oracle_for_any_number_of_points() {
        let shape = Architecture {
            inputs: 3,
            hidden: vec![9, 8],
            outputs: 2,
            omega_first: 10.0,
            omega_hidden: 10.0,
            ..Architecture::default()
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
