//! Which points to draw from a signal, and which loss to put on the network there.

mod blend;
mod distance;
mod image;
pub(crate) mod latents;
mod poisson;
mod problem;
mod regression;
mod sampler;
mod sound;
mod video;

pub use blend::Blend;
pub(crate) use blend::Blended;
pub(crate) use distance::Distance;
pub(crate) use image::Image;
pub use poisson::Derivatives;
pub(crate) use poisson::{Gradients, Laplacians};
pub use problem::{Jet, Problem};
pub(crate) use regression::Regression;
use sampler::StratifiedSampler;
pub(crate) use sound::Segment;
pub(crate) use video::Video;

use crate::engine::net::{Network, Objective};
use crate::signal::Gain;

/// About the number of points that cover a picture evenly.
pub(crate) const ROUND: u64 = 8192;

/// An objective over a signal, with the facts about the signal that its loss cannot tell the network.
pub(crate) trait Task: Objective {
    /// Points that cover the signal evenly `rounds` times, but of a picture no more than it has pixels.
    fn batch(&self, rounds: u64) -> u64;

    /// What to add to the outputs of a fitted network, where the loss leaves constants open.
    fn settle(&self, _: &Network) -> Vec<f32> {
        Vec::new()
    }

    /// What the signal is divided by before it is fitted.
    fn gain(&self) -> Gain {
        Gain::default()
    }

    /// The affine function nearest to the signal, where the loss is one of its values.
    fn regression(&self) -> Option<&Regression> {
        None
    }

    /// Changes a random network before it is fitted.
    fn begin(&self, _: &mut Network) {}

    /// Where this objective is not one of values: another that is, which tells how finely parameters must be known.
    fn values(&self) -> Option<&dyn Objective> {
        None
    }
}

/// Most points that a [`Regression`] looks at.
const REGRESSED: u64 = 1 << 18;
/// The deviation that signals are brought to before they are fitted, and the largest gain for that. Few steps get
/// farther in small units; signals that vary less than that are left as they are.
const DEVIATION: f64 = 0.25;
const GAIN_MOST: f64 = 4.0;

/// The gain for a signal like `regression`.
fn gain(regression: &Regression) -> Gain {
    Gain::of((regression.deviation / DEVIATION).clamp(1.0, GAIN_MOST))
}

/// Has the outputs of `network` begin at the means of `regression`, in units of `gain`.
fn begin_at_means(network: &mut Network, regression: &Regression, gain: Gain) {
    if let Some(last) = network.layers.last_mut() {
        for (bias, mean) in last.bias.iter_mut().zip(&regression.means) {
            *bias += *mean as f32 / gain.factor();
        }
    }
}
