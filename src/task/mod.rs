//! Which points to draw from a signal, and which loss to put on the network there.

mod blend;
mod distance;
mod image;
mod poisson;
mod problem;
mod sound;
mod strata;
mod video;

pub use blend::Blend;
pub(crate) use blend::Blended;
pub(crate) use distance::Distance;
pub(crate) use image::Image;
pub use poisson::Derivatives;
pub(crate) use poisson::{Gradients, Laplacians};
pub use problem::{Jet, Problem};
pub(crate) use sound::{Segment, time};
use strata::Strata;
pub(crate) use video::Video;

use crate::net::{Network, Objective};

/// Points that cover a picture evenly, about.
pub(crate) const ROUND: u64 = 8192;

/// An objective over a signal, and what it cannot tell the network.
pub(crate) trait Task: Objective {
    /// Points that cover the signal evenly `rounds` times, but of a picture no more than it has pixels.
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
