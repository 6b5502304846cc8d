//! What a network is fitted to: points, what is known there, and a loss.

use super::super::kernel::{Order, TILE};

/// An endless stream of points, and a loss on the jets of the network's outputs there: the side of a task
/// that the engine sees. A batch is a range of the stream.
///
/// Data comes in rows of [`TILE`] floats, one per coordinate, known value or output; only the first
/// `count` of each row are used. Jets come component after component: the rows of all values, then, as far
/// as the order wants them, those of the derivatives by the first coordinate, by the next, and of the
/// Laplacians.
pub trait Objective: Sync {
    /// How much of the jets the loss depends on.
    fn order(&self) -> Order {
        Order::Value
    }

    /// Values known at each point (colours, weights), drawn with its coordinates.
    fn knowns(&self) -> usize;

    /// Writes coordinates and known values of the points `first .. first + count` of the stream.
    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]);

    /// What the loss is, if it is one that every [`crate::Device`] knows; known values are then as it says.
    fn squares(&self) -> Option<Squares> {
        None
    }

    /// Adds up the loss of the points `first .. first + count` and writes its derivative by each component of each output
    /// to `adjoint` (zero beyond `count`).
    fn loss(
        &self,
        first: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64;

    /// Whether what it draws depends on parameters of its own, so that the backward pass is to go on into the
    /// coordinates. [`Objective::squares`] must be none then: devices stop at the first layer.
    fn continues(&self) -> bool {
        false
    }

    /// Takes the derivative of the sum of the losses of the points `first .. first + count` by each of their
    /// coordinates, a row of [`TILE`] for each. It is called once for every tile, from any thread, if
    /// [`Objective::continues`].
    fn backward(&self, _first: u64, _count: usize, _adjoint: &[f32]) {}
}

/// The loss that every device knows: the mean over outputs of w (y - t)^2.
///
/// Known values begin with the targets t, one row for each output. If outputs are weighted, a row of
/// weights w follows, for the first of them; the others weigh 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Squares {
    /// Number of outputs.
    pub outputs: usize,
    /// How many of them are weighted.
    pub weighted: usize,
}

impl Squares {
    /// Rows of known values: what [`Objective::knowns`] should return.
    pub fn knowns(self) -> usize {
        self.outputs + usize::from(self.weighted > 0)
    }

    /// The loss, and its derivative, as [`Objective::loss`] should return them.
    pub fn loss(self, count: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        let scale = 2.0 / self.outputs as f32;
        adjoint.fill(0.0);
        let mut loss = 0.0;
        for output in 0..self.outputs {
            let row = output * TILE;
            let mut sum = 0.0;
            for slot in row..row + count {
                let weight = if output < self.weighted {
                    known[self.outputs * TILE + slot - row]
                } else {
                    1.0
                };
                let miss = outputs[slot] - known[slot];
                adjoint[slot] = scale * (weight * miss);
                sum += weight * miss * miss;
            }
            loss += f64::from(sum);
        }
        loss / self.outputs as f64
    }
}
