//! From floats to integer levels: the step size of every tensor, and fitting through the rounding.
//!
//! A tensor is the weight matrix or the bias of one layer. Rounding it to multiples of a step Delta adds
//! uniform noise of variance Delta^2 / 12 to each parameter. If noise of unit variance in one parameter of
//! tensor t raises the loss by h_t, the least loss at a given number of bits has all h_t Delta_t^2 equal:
//! Delta_t = c / sqrt(h_t). The sensitivities h_t are measured, and c is what meets the budget.

use super::weights::{tensors, tensors_mut};
use crate::Error;
use crate::fit::Rounding;
use crate::net::{Differentiator, Network, Objective};
use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use siren_format::{BIT, Header, LEVEL_MAX, STEP_ORIGIN, STEP_UNITS, Tensor, Weights};

/// Share of the steps during which step sizes still follow the parameters.
const FOLLOW: f64 = 0.8;
/// Steps of the fit between two adjustments of the step sizes.
const ADJUST: u32 = 20;
/// Rise of the loss that probing noise should cause, relative to the loss.
const PROBE: std::ops::Range<f64> = 0.02..0.2;

/// Step sizes for a network, held to a budget of bits.
pub(super) struct Quantiser {
    header: Header,
    /// 1 / sqrt(h_t) of each tensor.
    tolerance: Vec<f64>,
    /// Codes of the step sizes.
    steps: Vec<u8>,
    /// c, from which they follow.
    scale: f64,
    /// Most bits that the coded weights may take.
    budget: f64,
    /// Step of the fit after which the step sizes stay.
    settled: u32,
}

impl Quantiser {
    /// Measures the sensitivities of `network` on `points` points of `objective`, and chooses step sizes
    /// that take at most `budget` bits.
    ///
    /// # Errors
    /// [`Error::Parameter`] if no step sizes meet the budget.
    pub(super) fn new(
        header: &Header,
        network: &Network,
        objective: &dyn Objective,
        points: u64,
        budget: f64,
    ) -> Result<Self, Error> {
        let tolerance = tolerances(network, objective, points);
        let steps = vec![0; tolerance.len()];
        let header = header.clone();
        let mut this = Self {
            header,
            tolerance,
            steps,
            scale: 1e-3,
            budget,
            settled: 0,
        };
        this.follow(network)?;
        Ok(this)
    }

    /// Lets the step sizes follow the parameters for most of a fit of `steps` steps.
    pub(super) fn settle_after(&mut self, steps: u32) {
        self.settled = (f64::from(steps) * FOLLOW) as u32;
    }

    /// Another budget, met by changing as little as it takes.
    pub(super) fn set_budget(&mut self, budget: f64, network: &Network) -> Result<(), Error> {
        self.budget = budget;
        self.follow(network)
    }

    /// `network` as levels.
    pub(super) fn weights(&self, network: &Network) -> Weights {
        let levels = |(tensor, &step): (&[f32], &u8)| {
            let inverse = 1.0 / step_size(step);
            // Casts saturate, and what is beyond the largest level is lost.
            let level =
                |&value: &f32| ((value * inverse).round() as i32).clamp(-LEVEL_MAX, LEVEL_MAX);
            Tensor {
                step,
                levels: tensor.iter().map(level).collect(),
            }
        };
        Weights::Levels(tensors(network).zip(&self.steps).map(levels).collect())
    }

    /// `network` as its levels say.
    pub(super) fn rounded(&self, network: &Network) -> Network {
        let mut rounded = network.clone();
        self.apply(network, &mut rounded);
        rounded
    }

    fn apply(&self, latent: &Network, rounded: &mut Network) {
        for ((rounded, latent), &step) in tensors_mut(rounded).zip(tensors(latent)).zip(&self.steps)
        {
            let (size, inverse) = (step_size(step), 1.0 / step_size(step));
            for (rounded, &latent) in rounded.iter_mut().zip(latent) {
                *rounded = (latent * inverse).round() * size;
            }
        }
    }

    /// The finest step sizes, all in the proportions of the tolerances, that keep to the budget.
    fn follow(&mut self, network: &Network) -> Result<(), Error> {
        // Bracket from where they were, then halve the bracket to a small part of a code.
        let (mut fine, mut coarse) = (self.scale, self.scale);
        while self.bits(network, coarse)? > self.budget {
            coarse *= 2.0;
            if coarse > 1e6 {
                let least = (self.bits(network, coarse)? / 8.0).ceil();
                return Err(Error::parameter(
                    "bytes for the weights",
                    self.budget / 8.0,
                    format!("at least {least} with this network"),
                ));
            }
        }
        while self.bits(network, fine)? <= self.budget && fine > 1e-9 {
            fine *= 0.5;
        }
        while coarse / fine > 1.005 {
            let middle = (coarse * fine).sqrt();
            if self.bits(network, middle)? > self.budget {
                fine = middle;
            } else {
                coarse = middle;
            }
        }
        self.bits(network, coarse)?;
        Ok(())
    }

    /// Takes on the step sizes that `scale` makes, and returns what they cost.
    fn bits(&mut self, network: &Network, scale: f64) -> Result<f64, Error> {
        self.scale = scale;
        for (step, tolerance) in self.steps.iter_mut().zip(&self.tolerance) {
            *step = step_code(scale * tolerance);
        }
        Ok(self.weights(network).bits(&self.header)? as f64 / BIT as f64)
    }
}

impl Rounding for Quantiser {
    fn round(&mut self, step: u32, latent: &Network, rounded: &mut Network) -> Result<(), Error> {
        if step < self.settled && step.is_multiple_of(ADJUST) {
            self.follow(latent)?;
        }
        self.apply(latent, rounded);
        Ok(())
    }
}

/// 1 / sqrt(h_t) of every tensor, by adding noise to one after another.
///
/// The noise is made as strong as it takes to be seen above everything else, and no stronger, since the
/// loss is quadratic in it only as long as it is small.
fn tolerances(network: &Network, objective: &dyn Objective, points: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut engine = Differentiator::new(network.shape(), objective);
    let mut gradient = network.layers().to_vec();
    let mut loss =
        |network: &Network| engine.gradient(network, objective, 0..points, &mut gradient);
    let base = loss(network).max(1e-9);
    let count = tensors(network).count();
    let mut probe = |tensor: usize| {
        let values = tensors(network).nth(tensor).unwrap_or_default();
        let mean_square =
            values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / values.len() as f64;
        let mut width = 0.02 * mean_square.sqrt().max(1e-6);
        let mut sensitivity = 0.0;
        for _ in 0..6 {
            let mut noisy = network.clone();
            for value in tensors_mut(&mut noisy).nth(tensor).unwrap_or_default() {
                *value += (width * (random.random::<f64>() - 0.5)) as f32;
            }
            let rise = (loss(&noisy) - base) / base;
            sensitivity = rise * base / (values.len() as f64 * width * width / 12.0);
            if PROBE.contains(&rise) {
                break;
            }
            width *= if rise < PROBE.start { 3.0 } else { 0.4 };
        }
        1.0 / sensitivity.max(1e-12).sqrt()
    };
    (0..count).map(&mut probe).collect()
}

/// The step size a code stands for: 2^(code / 8 - 24).
pub(super) fn step_size(code: u8) -> f32 {
    (f64::from(code) / f64::from(STEP_UNITS) - f64::from(STEP_ORIGIN)).exp2() as f32
}

/// The code of the step size nearest to `size`.
fn step_code(size: f64) -> u8 {
    ((size.log2() + f64::from(STEP_ORIGIN)) * f64::from(STEP_UNITS)).round() as u8
}
