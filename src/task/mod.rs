//! Which points to draw from a signal, and which loss to put on the network there.

mod blend;
mod image;
mod poisson;
mod problem;
mod strata;
mod video;

pub use blend::Blend;
pub(crate) use blend::Blended;
pub(crate) use image::Image;
pub use poisson::Derivatives;
pub(crate) use poisson::{Gradients, Laplacians};
pub use problem::{Jet, Problem};
use strata::Strata;
pub(crate) use video::Video;

use crate::kernel::TILE;
use crate::net::{Network, Objective};

/// Points that cover a picture evenly, about.
pub(crate) const ROUND: u64 = 8192;

/// An objective over a picture, and what it cannot tell the network.
pub(crate) trait Task: Objective {
    /// Points that cover the picture evenly `rounds` times, but no more than it has pixels.
    fn batch(&self, rounds: u64) -> u64;

    /// What to add to the outputs of a fitted network, where the loss leaves constants open.
    fn settle(&self, _: &Network) -> Vec<f32> {
        Vec::new()
    }

    /// An objective of values by which to weigh how finely parameters must be known, where this is none.
    fn values(&self) -> Option<&dyn Objective> {
        None
    }
}

/// Adds up the squared errors of `outputs` at `count` points, each times the square of what `weight` says of its
/// channel and point, as means over `channels`; `adjoint` becomes the derivative.
#[inline]
fn squared_error(
    channels: usize,
    count: usize,
    known: &[f32],
    outputs: &[f32],
    adjoint: &mut [f32],
    weight: impl Fn(usize, usize) -> f32,
) -> f64 {
    let scale = 2.0 / channels as f32;
    adjoint.fill(0.0);
    let mut loss = 0.0;
    for channel in 0..channels {
        let row = channel * TILE;
        let mut sum = 0.0;
        for slot in 0..count {
            let error = weight(channel, slot) * (outputs[row + slot] - known[row + slot]);
            adjoint[row + slot] = scale * error;
            sum += error * error;
        }
        loss += f64::from(sum);
    }
    loss / channels as f64
}
