//! The one fitting loop: points in, gradient out, optimiser, schedule, stopping, progress.
//!
//! It knows no task: an [`Objective`] says which points there are and what is lost at them.

mod fitter;
mod optimiser;
mod schedule;
mod soap;

pub use fitter::Fitter;
pub(crate) use schedule::Schedule;

use crate::Error;
use crate::net::{Differentiator, Network, Objective};
use optimiser::{suited, zeros_like};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// What the progress callback is told after every step.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Steps finished, 1 to [`Progress::steps`]. Falls back when a diverged fit is resumed.
    pub step: u32,
    /// Steps planned.
    pub steps: u32,
    /// Mean loss over recent batches; for pictures the squared error of what is fitted (samples, or their
    /// derivatives per pixel), in units where samples span -1 to 1.
    pub loss: f64,
    /// The same as peak signal-to-noise ratio in dB: an estimate from batches, not the final figure.
    pub psnr: f64,
    /// Time since the fit began.
    pub elapsed: Duration,
}

/// Steps between copies of the weights to fall back to.
const SNAPSHOT: u32 = 100;
/// A smoothed loss this many times the best one so far has exploded,
const EXPLODED: f64 = 4.0;
/// and one whose mean between two copies is this many times the best one has begun to: the steps are too
/// large for where it is,
const DRIFTED: f64 = 1.05;
/// unless all are below this (40 dB), where noise is as large as the loss.
const GOOD_ENOUGH: f64 = 4e-4;
/// How often a diverged fit is resumed with a smaller step before it is given up.
const RETRIES: u32 = 6;
/// How often one that drifts is: by then its steps are so small that the loss rises for other reasons.
const DRIFTS: u32 = 16;

/// Weights to fall back to, and where in the schedule they were reached.
struct Snapshot {
    network: Network,
    step: u32,
    /// Smoothed loss when they were copied.
    loss: f64,
}

/// What stands between the parameters that are optimised and those that are evaluated, so that a fit
/// learns to live with it. Gradients pass straight through: what it holds fixed is moved in vain.
pub(crate) trait Rounding {
    /// Writes what becomes of `latent` at step `step` to `rounded`, of the same shape.
    ///
    /// # Errors
    /// Whatever makes it impossible; it ends the fit.
    fn round(&mut self, step: u32, latent: &Network, rounded: &mut Network) -> Result<(), Error>;
}

/// How a fit ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Fitted {
    /// Steps taken.
    pub steps: u32,
    /// Mean loss over the last batches.
    pub loss: f64,
    /// Whether `progress` ended it.
    pub stopped: bool,
}

/// Fits `network` to `objective`.
///
/// A loss that explodes, drifts upwards or is not finite sends the fit back to the last good weights with
/// half the step size and a fresh optimiser.
///
/// # Errors
/// [`Error::Diverged`] if that does not help, and whatever `rounding` returns. Stopped by `progress`, the
/// fit ends early with the best weights so far.
pub(crate) fn fit(
    network: &mut Network,
    objective: &dyn Objective,
    rounding: Option<&mut dyn Rounding>,
    schedule: &Schedule,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Fitted, Error> {
    watch(network, objective, rounding, schedule, &mut |report, _| {
        progress(report)
    })
}

/// As [`fit`], with the weights of every step shown to `progress`.
pub(crate) fn watch(
    network: &mut Network,
    objective: &dyn Objective,
    mut rounding: Option<&mut dyn Rounding>,
    schedule: &Schedule,
    progress: &mut dyn FnMut(&Progress, &Network) -> ControlFlow<()>,
) -> Result<Fitted, Error> {
    let begin = Instant::now();
    let mut engine = Differentiator::new(network.shape(), objective);
    let mut gradient = zeros_like(network);
    let mut optimiser = suited(network);
    let mut rounded = network.clone();
    let mut good = Snapshot {
        network: network.clone(),
        step: 0,
        loss: f64::INFINITY,
    };
    let (mut step, mut position, mut damping) = (0, 0, 1.0);
    let (mut attempts, mut drifts) = (0, 0);
    let mut smoothed = Smoothed::default();
    let mut window = Window::default();
    let (mut last, mut stopped) = (f64::INFINITY, false);
    while step < schedule.steps {
        let batch = schedule.batch(step);
        let evaluated = match &mut rounding {
            Some(rounding) => {
                rounding.round(step, network, &mut rounded)?;
                &rounded
            }
            None => &*network,
        };
        let points = position..position + batch;
        let loss = engine.gradient(evaluated, objective, points, &mut gradient);
        position += batch;
        let recent = smoothed.push(loss);
        // Rounding raises the loss by itself, and in steps too small to explode.
        let free = rounding.is_none();
        let grown = free && recent > EXPLODED * good.loss.max(GOOD_ENOUGH);
        let exploded = grown || !recent.is_finite();
        let drifted = free && drifts < DRIFTS && window.drifts(loss);
        if exploded || drifted {
            attempts += u32::from(exploded);
            drifts += u32::from(drifted);
            if attempts > RETRIES {
                return Err(Error::Diverged { step, attempts });
            }
            // What it goes back to need not be as good as the best window was.
            window = Window::default();
            network.clone_from(&good.network);
            step = good.step;
            damping *= 0.5;
            optimiser = suited(network);
            smoothed = Smoothed::default();
            continue;
        }
        if step.is_multiple_of(SNAPSHOT) && recent <= good.loss * 1.5 {
            good.network.clone_from(network);
            good.step = step;
            good.loss = recent.min(good.loss);
        }
        optimiser.step(network, &gradient, damping * schedule.rate(step));
        step += 1;
        last = recent;
        let report = Progress {
            step,
            steps: schedule.steps,
            loss: recent,
            psnr: psnr(recent),
            elapsed: begin.elapsed(),
        };
        if progress(&report, network).is_break() {
            if recent > good.loss {
                network.clone_from(&good.network);
                last = good.loss;
            }
            stopped = true;
            break;
        }
    }
    if !network.is_finite() {
        return Err(Error::Diverged {
            step,
            attempts: attempts + 1,
        });
    }
    Ok(Fitted {
        steps: step,
        loss: last,
        stopped,
    })
}

/// The mean loss over [`SNAPSHOT`] steps, beside the best there was.
struct Window {
    sum: f64,
    steps: u32,
    best: f64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            sum: 0.0,
            steps: 0,
            best: f64::INFINITY,
        }
    }
}

impl Window {
    fn begin(&mut self) {
        (self.sum, self.steps) = (0.0, 0);
    }

    /// Takes in the loss of one step; whether the window it ends is worse than the best one.
    fn drifts(&mut self, loss: f64) -> bool {
        self.sum += loss;
        self.steps += 1;
        if self.steps < SNAPSHOT {
            return false;
        }
        let mean = self.sum / f64::from(self.steps);
        self.begin();
        let drifted = mean > DRIFTED * self.best.max(GOOD_ENOUGH);
        self.best = self.best.min(mean);
        drifted
    }
}

/// A running mean of the loss over about ten steps.
#[derive(Default)]
struct Smoothed {
    sum: f64,
    weight: f64,
}

impl Smoothed {
    fn push(&mut self, loss: f64) -> f64 {
        self.sum = 0.9 * self.sum + loss;
        self.weight = 0.9 * self.weight + 1.0;
        self.sum / self.weight
    }
}

/// PSNR in dB of a mean squared error in units where samples span -1 to 1.
pub(crate) fn psnr(mean_squared_error: f64) -> f64 {
    10.0 * (4.0 / mean_squared_error).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::TILE;
    use crate::net::Shape;

    /// A loss that no step changes: it rises by half, and stays there.
    struct Rising;

    impl Objective for Rising {
        fn knowns(&self) -> usize {
            1
        }

        fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
            coordinates.fill(0.0);
            known.fill((first as f32 / (400 * TILE) as f32).min(1.0));
        }

        fn loss(&self, count: usize, known: &[f32], _: &[f32], adjoint: &mut [f32]) -> f64 {
            adjoint.fill(0.0);
            count as f64 * f64::from(1.0 + 0.5 * known[0])
        }
    }

    #[test]
    fn a_fit_ends_though_its_loss_stays_higher_than_it_was() {
        let shape = Shape {
            hidden: vec![3],
            ..Shape::default()
        };
        let schedule = Schedule {
            steps: 600,
            points: [TILE as u64; 2],
            rate: 1e-3,
        };
        let mut network = Network::random(&shape, 0).unwrap();
        let mut taken = 0;
        let fitted = fit(&mut network, &Rising, None, &schedule, &mut |_| {
            taken += 1;
            if taken < 100 * schedule.steps {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        assert!(fitted.is_ok_and(|fitted| !fitted.stopped), "{taken} steps");
        assert!(taken > schedule.steps, "it was not sent back");
    }
}
