//! What a fit carries from one step to the next.

use super::Rounding;
use super::optimiser::{Optimiser, suited};
use super::persist::{Archive, Persist};
use super::stepper::Stepper;
use crate::Error;
use crate::engine::net::Network;

/// Steps between copies of the weights to fall back to.
pub(super) const SNAPSHOT: u32 = 100;
/// A fit has exploded when its smoothed loss is this many times the best one so far.
const EXPLODED: f64 = 4.0;
/// A fit drifts when its mean loss between two copies is this many times the best such mean. Its steps are then too
/// large for where it is.
const DRIFTED: f64 = 1.05;
/// Losses below this (40 dB) neither explode nor drift: there, noise is as large as the loss.
const GOOD_ENOUGH: f64 = 4e-4;
/// How often a fit that explodes is resumed with smaller steps before it is given up.
const RETRIES: u32 = 6;
/// How often a fit that drifts is resumed. By then its steps are so small that the loss rises for other reasons.
const DRIFTS: u32 = 16;

/// What the loss of a step says of the fit.
pub(super) enum Verdict {
    /// The fit goes on.
    Good,
    /// The fit has gone back to its last good weights, and goes on from these with smaller steps.
    Back,
    /// The fit has gone back as often as it may, and ends with its last good weights.
    Lost,
}

/// The state of a fit, without its weights.
pub(super) struct State {
    pub(super) optimiser: Box<dyn Optimiser>,
    pub(super) good: Snapshot,
    /// Steps finished, and points of the objective's stream used up for them and for those taken back.
    pub(super) step: u32,
    pub(super) position: u64,
    /// Factor on step sizes.
    pub(super) damping: f32,
    /// How often the fit was sent back as it exploded, and as it drifted.
    pub(super) attempts: u32,
    pub(super) drifts: u32,
    smoothed: Smoothed,
    window: Window,
    /// The smoothed loss of the last step.
    pub(super) last: f64,
}

impl State {
    /// The state of a fit that begins with `network`.
    pub(super) fn new(network: &Network) -> Self {
        Self {
            optimiser: suited(network.layers()),
            good: Snapshot {
                network: network.clone(),
                step: 0,
                loss: f64::INFINITY,
            },
            step: 0,
            position: 0,
            damping: 1.0,
            attempts: 0,
            drifts: 0,
            smoothed: Smoothed::default(),
            window: Window::default(),
            last: f64::INFINITY,
        }
    }

    /// Takes in the `loss` of one step from `network`, or from weights a few steps after it. Only a `free` fit is
    /// judged by a loss that rises: one whose weights are rounded raises it by that.
    pub(super) fn take_in(&mut self, loss: f64, network: &mut Network, free: bool) -> Verdict {
        let recent = self.smoothed.push(loss);
        let grown = free && recent > EXPLODED * self.good.loss.max(GOOD_ENOUGH);
        let exploded = grown || !recent.is_finite();
        let drifted = free && self.drifts < DRIFTS && self.window.drifts(loss);
        if exploded || drifted {
            self.attempts += u32::from(exploded);
            self.drifts += u32::from(drifted);
            self.fall_back(network);
            if self.attempts > RETRIES {
                self.last = self.good.loss;
                return Verdict::Lost;
            }
            return Verdict::Back;
        }
        let good = &mut self.good;
        // `network` is still as it was before the first of several steps, and no later one of them is a multiple.
        if self.step.is_multiple_of(SNAPSHOT) && recent <= good.loss * 1.5 {
            good.network.clone_from(network);
            good.step = self.step;
            good.loss = recent.min(good.loss);
        }
        self.step += 1;
        self.last = recent;
        Verdict::Good
    }

    /// Goes back to the last good weights, with half the step size and a fresh optimiser.
    fn fall_back(&mut self, network: &mut Network) {
        // What it goes back to need not be as good as the best window was.
        self.window = Window::default();
        network.clone_from(&self.good.network);
        self.step = self.good.step;
        self.damping *= 0.5;
        self.optimiser = suited(network.layers());
        self.smoothed = Smoothed::default();
    }
}

impl Persist for State {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.optimiser.visit(archive)?;
        self.good.network.visit(archive)?;
        self.good.step.visit(archive)?;
        self.good.loss.visit(archive)?;
        self.step.visit(archive)?;
        self.position.visit(archive)?;
        self.damping.visit(archive)?;
        self.attempts.visit(archive)?;
        self.drifts.visit(archive)?;
        self.smoothed.sum.visit(archive)?;
        self.smoothed.weight.visit(archive)?;
        self.window.sum.visit(archive)?;
        self.window.steps.visit(archive)?;
        self.window.best.visit(archive)?;
        self.last.visit(archive)
    }
}

/// Weights to fall back to, and where in the schedule they were reached.
pub(super) struct Snapshot {
    pub(super) network: Network,
    pub(super) step: u32,
    /// Smoothed loss when they were copied.
    pub(super) loss: f64,
}

/// A fit between two steps: all that it takes to go on from here.
pub(crate) struct Moment<'a> {
    pub(super) network: &'a mut Network,
    pub(super) state: &'a mut State,
    pub(super) rounding: Option<&'a mut dyn Rounding>,
    /// What takes the steps; none before the first one.
    pub(super) stepper: Option<&'a Stepper<'a>>,
}

impl Moment<'_> {
    /// The weights.
    pub(crate) fn network(&self) -> &Network {
        self.network
    }
}

impl Persist for Moment<'_> {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        if let Some(stepper) = self.stepper {
            stepper.complete(self.state);
        }
        self.network.visit(archive)?;
        self.state.visit(archive)?;
        match &mut self.rounding {
            Some(rounding) => rounding.visit(archive),
            None => Ok(()),
        }
    }
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
