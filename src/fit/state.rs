//! What a fit carries from one step to the next.

use super::optimiser::{Optimiser, suited};
use super::persist::{Archive, Persist};
use super::stepper::Stepper;
use super::{DRIFTED, GOOD_ENOUGH, Rounding, SNAPSHOT};
use crate::Error;
use crate::engine::net::Network;

/// Where a fit is, beside the weights it has.
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
    pub(super) smoothed: Smoothed,
    pub(super) window: Window,
    /// The smoothed loss of the last step.
    pub(super) last: f64,
}

impl State {
    /// That of a fit which begins with `network`.
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

    /// Goes back to the last good weights, with half the step size and a fresh optimiser.
    pub(super) fn fall_back(&mut self, network: &mut Network) {
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
pub(super) struct Window {
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
    pub(super) fn drifts(&mut self, loss: f64) -> bool {
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
pub(super) struct Smoothed {
    sum: f64,
    weight: f64,
}

impl Smoothed {
    pub(super) fn push(&mut self, loss: f64) -> f64 {
        self.sum = 0.9 * self.sum + loss;
        self.weight = 0.9 * self.weight + 1.0;
        self.sum / self.weight
    }
}
