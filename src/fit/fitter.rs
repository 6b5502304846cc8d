//! The public way to fit a network to an objective of your own.

use super::{Fitted, Progress, Schedule, fit};
use crate::Error;
use crate::engine::net::{Device, Network, Objective};
use std::ops::ControlFlow;

/// Fits networks to any [`Objective`]: the loop behind [`crate::Encoder`], for problems of your own.
///
/// SOAP (arXiv 2409.11321), or Adam where layers are wider than 512, with a warm-up and half a cosine down
/// to steps of size zero. A loss that explodes or drifts upwards sends the fit back with smaller steps. It
/// runs on the threads of the current rayon pool. [`crate::Problem`] has an example.
#[derive(Clone, Debug)]
pub struct Fitter {
    schedule: Schedule,
    device: Device,
}

/// Largest step size unless another is asked for.
const RATE: f32 = 2e-3;

impl Fitter {
    /// `steps` steps of the optimiser, each over the next `points` points of the objective's stream.
    pub fn new(steps: u32, points: u64) -> Self {
        Self {
            schedule: Schedule {
                steps,
                points: [points; 2],
                rate: RATE,
            },
            device: Device::cpu(),
        }
    }

    /// The device that takes the steps (default: the CPU).
    #[must_use]
    pub fn with_device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Largest step size, about the most that a weight changes in one step (default 0.002).
    #[must_use]
    pub fn with_rate(mut self, rate: f32) -> Self {
        self.schedule.rate = rate;
        self
    }

    /// Fits `network` and returns how that ended.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there are no steps, no points, or the rate is not a positive number;
    /// [`Error::Diverged`] if the fit fails.
    pub fn fit(&self, network: &mut Network, objective: &dyn Objective) -> Result<Fitted, Error> {
        self.fit_with(network, objective, |_| ControlFlow::Continue(()))
    }

    /// As [`Fitter::fit`], reporting to `progress` after every step, on a GPU after every few. Breaking ends the
    /// fit early, with the best weights so far.
    ///
    /// # Errors
    /// As [`Fitter::fit`].
    pub fn fit_with(
        &self,
        network: &mut Network,
        objective: &dyn Objective,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, Error> {
        let Schedule {
            steps,
            points,
            rate,
        } = self.schedule;
        if steps == 0 || points[0] == 0 {
            let name = if steps == 0 { "steps" } else { "points a step" };
            return Err(Error::parameter(name, 0, "at least 1"));
        }
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::parameter("step size", rate, "a positive number"));
        }
        fit(
            &self.device,
            network,
            objective,
            None,
            &self.schedule,
            &mut progress,
        )
    }
}
