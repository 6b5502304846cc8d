//! The fit of latents and of both networks together.
//!
//! In every step the latents are rounded softly and get noise in place of the rounding that is to come (Balle et al.
//! 2017, arXiv 1611.01704; Leguay et al. 2023, arXiv 2307.12706), all pixels and all latents are evaluated, and Adam moves
//! the latents, SOAP the networks. During the last steps latents are rounded as they will be in the file, their gradients
//! pass straight through, and steps are small. Lambda follows the size or the PSNR that is asked for.

use super::super::meter::Stepwise;
use super::plan::{Aim, LatentPlan};
use super::start::{Analysis, colour_network, context_network, noise};
use crate::Error;
use crate::engine::net::{Differentiator, Layer, Network};
use crate::error::Checkpointing;
use crate::fit::{Archive, Persist, Soap};
use crate::model::weights::step_size;
use crate::objective::latents::{
    Colours, ContextTiles, Contexts, LatentPlane, LatentPlanes, Pixels, Slot,
};
use rayon::prelude::*;

/// Largest step sizes: of latents, in units of their rounding, and of the two networks.
const LATENT_RATE: f32 = 0.1;
const COLOUR_RATE: f32 = 0.01;
const CONTEXT_RATE: f32 = 0.05;
/// The share of these that is left when latents begin to be rounded.
const LAST_RATE: f32 = 0.1;
/// How much smaller the steps of rounded latents are.
const ROUNDED_RATE: f32 = 0.3;
/// The share of the steps in which latents are rounded.
const ROUNDED: f64 = 0.1;
/// Steps in which rates rise to their largest.
const WARM: u32 = 20;
/// The width of the noise at the beginning and at the end.
const NOISE: [f32; 2] = [1.0, 0.7];
/// The width of the steps of soft rounding, at the beginning and at the end.
const SOFTNESS: [f32; 2] = [0.3, 0.15];
/// The least slope that soft rounding is taken to have.
const LEAST_SLOPE: f32 = 0.05;
/// Decay of the means of Adam.
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.99;
/// How fast lambda follows what is asked for, and when: not before most of what is superfluous is gone, and not when
/// latents hardly move any more.
const CONTROL: f64 = 0.05;
const CONTROLLED: std::ops::Range<f32> = 0.2..0.9;
/// The same while latents are rounded, when the bits are those of the file.
const LAST_CONTROL: f64 = 0.3;
/// What noise adds to the bits that rounded latents take.
const NOISE_BITS: f64 = 0.97;
/// The share of bits that the rest of a fit saves, at its beginning.
const SHRINKING: f64 = 0.35;
/// Steps between copies of the state to fall back to.
const SNAPSHOT: u32 = 50;
/// A fit has exploded when its loss is this many times that of the last copy.
const EXPLODED: f64 = 4.0;
/// How often it may go back.
const RETRIES: u32 = 6;

/// Latents of one grid before rounding, and the running means of Adam.
struct Latents {
    values: Vec<f32>,
    means: Vec<f32>,
    squares: Vec<f32>,
}

/// The state of a fit.
pub(super) struct LatentFit<'a> {
    pub(super) plan: LatentPlan,
    pub(super) colours: &'a Colours,
    pub(super) planes: LatentPlanes,
    pub(super) tiles: ContextTiles,
    patches: Vec<Slot>,
    latents: Vec<Latents>,
    pub(super) colour: Network,
    pub(super) context: Network,
    engines: [Differentiator; 2],
    gradients: [Vec<Layer>; 2],
    optimisers: [Soap; 2],
    pub(super) step: u32,
    damping: f32,
    retries: u32,
    pub(super) lambda: f64,
    good: Vec<u8>,
    good_loss: f64,
    /// Mean squared error and bits of the last step.
    pub(super) error: f64,
    pub(super) bits: f64,
}

impl<'a> LatentFit<'a> {
    /// A fit of `plan` that begins at `analysis`.
    ///
    /// # Errors
    /// None for plans of a picture.
    pub(super) fn new(
        colours: &'a Colours,
        plan: LatentPlan,
        analysis: Analysis,
    ) -> Result<Self, Error> {
        let plane = |&(component, scale): &(usize, u8)| {
            let step = step_size(plan.step_code(component, scale));
            LatentPlane::new(plan.width, plan.height, scale, step)
        };
        let planes = LatentPlanes(plan.grids.iter().map(plane).collect());
        let latents = planes.0.iter().zip(analysis.0).map(|(plane, mut values)| {
            values.iter_mut().for_each(|value| *value /= plane.step);
            Latents {
                means: vec![0.0; values.len()],
                squares: vec![0.0; values.len()],
                values,
            }
        });
        let latents = latents.collect();
        let (colour, context) = (colour_network(&plan)?, context_network(&plan)?);
        let (tiles, patches) = (ContextTiles::new(&planes), planes.patches());
        let engines = {
            let pixels = Pixels {
                colours,
                planes: &planes,
                patches: &patches,
            };
            let contexts = Contexts {
                planes: &planes,
                tiles: &tiles,
            };
            [
                Differentiator::new(colour.architecture(), &pixels),
                Differentiator::new(context.architecture(), &contexts),
            ]
        };
        Ok(Self {
            gradients: [colour.layers().to_vec(), context.layers().to_vec()],
            optimisers: [Soap::new(colour.layers()), Soap::new(context.layers())],
            lambda: plan.lambda,
            plan,
            colours,
            planes,
            tiles,
            patches,
            latents,
            colour,
            context,
            engines,
            step: 0,
            damping: 1.0,
            retries: 0,
            good: Vec::new(),
            good_loss: f64::INFINITY,
            error: 0.0,
            bits: 0.0,
        })
    }

    /// The step from which on latents are rounded.
    fn last(&self) -> u32 {
        let steps = f64::from(self.plan.steps);
        self.plan.steps - (steps * ROUNDED).ceil() as u32
    }

    /// How far the fit is on its way to the rounding of latents, from 0 to 1.
    fn progress(&self) -> f32 {
        (self.step as f32 / self.last().max(1) as f32).min(1.0)
    }

    /// The largest step sizes of this step, as a share of those of the fit.
    fn rate(&self) -> f32 {
        let warm = ((self.step + 1) as f32 / WARM.min(self.plan.steps / 4).max(1) as f32).min(1.0);
        let left = if self.step >= self.last() {
            let rest = (self.plan.steps - self.step) as f32;
            LAST_RATE * rest / (self.plan.steps - self.last()).max(1) as f32
        } else {
            let cosine = 0.5 * (1.0 + (std::f32::consts::PI * self.progress()).cos());
            LAST_RATE + (1.0 - LAST_RATE) * cosine
        };
        warm * left * self.damping
    }

    fn softness(&self) -> f32 {
        SOFTNESS[0] + (SOFTNESS[1] - SOFTNESS[0]) * self.progress()
    }

    /// Shows the networks the latents, rounded or with noise.
    fn see(&mut self) {
        let (rounded, softness) = (self.step >= self.last(), self.softness());
        let width = NOISE[0] + (NOISE[1] - NOISE[0]) * self.progress();
        let (latents, step) = (&self.latents, self.step ^ (self.plan.seed as u32) << 16);
        self.planes.change(|grid, seen| {
            let values = &latents[grid].values;
            for (index, (seen, &value)) in seen.iter_mut().zip(values).enumerate() {
                *seen = if rounded {
                    value.round()
                } else {
                    let place = index as u32 ^ (grid as u32) << 26;
                    soft(value, softness) + width * noise(place, step)
                };
            }
        });
    }

    /// Rounds all latents for good, and shows them to the networks.
    pub(super) fn round(&mut self) {
        let latents = &self.latents;
        self.planes.change(|grid, seen| {
            for (seen, value) in seen.iter_mut().zip(&latents[grid].values) {
                *seen = value.round();
            }
        });
    }

    /// Evaluates errors and bits of what the networks see, and their derivatives: of D + lambda R by every latent, of D by
    /// the weights of one network and of R by those of the other.
    pub(super) fn differentiate(&mut self) {
        let pixels = Pixels {
            colours: self.colours,
            planes: &self.planes,
            patches: &self.patches,
        };
        let [colour, context] = &mut self.engines;
        let [of_colour, of_context] = &mut self.gradients;
        let points = (self.colours.blocks() * crate::TILE) as u64;
        let mean = colour.gradient(&self.colour, &pixels, 0..points, of_colour);
        self.error = mean * points as f64 / self.plan.pixels();
        let contexts = Contexts {
            planes: &self.planes,
            tiles: &self.tiles,
        };
        let points = self.tiles.points();
        let mean = context.gradient(&self.context, &contexts, 0..points, of_context);
        self.bits = mean * points as f64;
        let pixels = self.plan.pixels();
        self.planes.gather(&self.patches, (1.0 / pixels) as f32);
        self.tiles
            .scatter(&mut self.planes, (self.lambda / pixels) as f32);
    }

    /// Takes one step.
    fn advance(&mut self) -> Result<(), Error> {
        self.see();
        self.differentiate();
        let loss = self.error + self.lambda * self.bits / self.plan.pixels();
        if !loss.is_finite() || loss > EXPLODED * self.good_loss {
            return self.fall_back();
        }
        if self.step.is_multiple_of(SNAPSHOT) {
            self.good_loss = loss;
            self.good.clear();
            let mut bytes = Vec::new();
            self.visit_all(&mut Archive::Save(&mut bytes))?;
            self.good = bytes;
        }
        self.follow();
        let rate = self.rate();
        self.move_latents(rate);
        let [colour, context] = &mut self.optimisers;
        let [of_colour, of_context] = &self.gradients;
        colour.descend(&mut self.colour.layers, of_colour, COLOUR_RATE * rate);
        context.descend(&mut self.context.layers, of_context, CONTEXT_RATE * rate);
        self.step += 1;
        Ok(())
    }

    /// Goes back to the last good state, with half the step size.
    fn fall_back(&mut self) -> Result<(), Error> {
        self.retries += 1;
        if self.retries > RETRIES || self.good.is_empty() {
            let (step, attempts) = (self.step, self.retries);
            return Err(Error::Diverged { step, attempts });
        }
        let (damping, retries) = (self.damping * 0.5, self.retries);
        let good = std::mem::take(&mut self.good);
        self.visit_all(&mut Archive::Load(&good))?;
        self.good = good;
        (self.damping, self.retries) = (damping, retries);
        Ok(())
    }

    /// Has lambda follow what is asked for.
    fn follow(&mut self) {
        let rounded = self.step >= self.last();
        if !rounded && !CONTROLLED.contains(&self.progress()) {
            return;
        }
        let excess = match (self.plan.aim, self.plan.latent_bits()) {
            (Aim::Psnr(psnr), _) => {
                // A fit gets better to its end.
                let asked = (-psnr / 10.0 * 10.0_f64.ln()).exp();
                (asked / self.error).ln()
            }
            (Aim::Bytes(_), Some(bits)) => {
                let to_come = 1.0 - SHRINKING * f64::from(1.0 - self.progress());
                let expected = self.bits * to_come * if rounded { 1.0 } else { NOISE_BITS };
                (expected / bits).ln()
            }
            (Aim::Bytes(_), None) => 0.0,
        };
        let gain = if rounded {
            LAST_CONTROL
        } else {
            CONTROL * f64::from(self.rate())
        };
        self.lambda *= (gain * excess.clamp(-1.0, 1.0)).exp();
    }

    fn move_latents(&mut self, rate: f32) {
        let rounded = self.step >= self.last();
        let rate = LATENT_RATE * rate * if rounded { ROUNDED_RATE } else { 1.0 };
        let softness = self.softness();
        let count = self.step as i32 + 1;
        let unbias_mean = 1.0 / (1.0 - BETA_1.powi(count));
        let unbias_square = 1.0 / (1.0 - BETA_2.powi(count));
        let planes = self.planes.0.par_iter();
        planes.zip(&mut self.latents).for_each(|(plane, latents)| {
            let Latents {
                values,
                means,
                squares,
            } = latents;
            let states = means.iter_mut().zip(squares);
            for ((value, &adjoint), (mean, square)) in
                values.iter_mut().zip(&plane.adjoint).zip(states)
            {
                let slope = if rounded {
                    1.0
                } else {
                    soft_slope(*value, softness)
                };
                let gradient = adjoint * slope;
                *mean += (1.0 - BETA_1) * (gradient - *mean);
                *square += (1.0 - BETA_2) * (gradient * gradient - *square);
                *value -= rate * *mean * unbias_mean / ((*square * unbias_square).sqrt() + 1e-12);
            }
        });
    }

    /// Passes all that one step leaves to the next.
    fn visit_all(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.step.visit(archive)?;
        self.damping.visit(archive)?;
        self.retries.visit(archive)?;
        self.lambda.visit(archive)?;
        self.error.visit(archive)?;
        self.bits.visit(archive)?;
        for latents in &mut self.latents {
            latents.values.visit(archive)?;
            latents.means.visit(archive)?;
            latents.squares.visit(archive)?;
        }
        self.colour.visit(archive)?;
        self.context.visit(archive)?;
        self.optimisers.visit(archive)
    }
}

impl Stepwise for LatentFit<'_> {
    fn steps(&self) -> [u32; 2] {
        [self.plan.steps, self.step]
    }

    fn take(&mut self) -> Result<(), Error> {
        self.advance()
    }

    /// Of samples from -1 to 1.
    fn loss(&self) -> f64 {
        4.0 * self.error
    }
}

impl Persist for LatentFit<'_> {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.visit_all(archive)?;
        self.good_loss.visit(archive)?;
        let mut length = self.good.len() as u64;
        length.visit(archive)?;
        if let Archive::Load(rest) = archive
            && length > rest.len() as u64
        {
            return Err(Error::Checkpoint(Checkpointing::Damaged));
        }
        self.good.resize(length as usize, 0);
        self.good.visit(archive)
    }
}

/// `value` moved towards the nearest integer: the narrower the steps, the nearer.
fn soft(value: f32, softness: f32) -> f32 {
    let floor = value.floor();
    let middle = value - floor - 0.5;
    floor + 0.5 + 0.5 * (middle / softness).tanh() / (0.5 / softness).tanh()
}

/// The slope of [`soft`], but not less than gradients need to pass.
fn soft_slope(value: f32, softness: f32) -> f32 {
    let tanh = ((value - value.floor() - 0.5) / softness).tanh();
    let slope = 0.5 / softness * (1.0 - tanh * tanh) / (0.5 / softness).tanh();
    slope.max(LEAST_SLOPE)
}
