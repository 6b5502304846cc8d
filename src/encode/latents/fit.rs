//! The fit of latents and of both networks together.
//!
//! In every step the latents are rounded softly and get noise in place of the rounding that is to come (Balle et al.
//! 2017, arXiv 1611.01704; Leguay et al. 2023, arXiv 2307.12706), all pixels and all latents are evaluated, and Adam moves
//! the latents, SOAP the networks. During the last steps latents are rounded as they will be in the file, their gradients
//! pass straight through, and steps are small. Lambda follows the size or the PSNR that is asked for.

use super::super::meter::Stepwise;
use super::adam::Adam;
use super::context;
use super::networks;
use super::plan::LatentPlan;
use super::soften::Softener;
use super::start::{Analysis, colour_network};
use crate::Error;
use crate::engine::net::{Differentiator, Layer, Network};
use crate::error::Checkpointing;
use crate::fit::{Archive, Persist, Soap};
use crate::model::weights::step_size;
use crate::objective::latents::{
    Colours, ContextTiles, Contexts, LatentPlane, LatentPlanes, PLACES, Pixels, Slot,
};
use rayon::prelude::*;
use siren_format::{ContextNetwork, Grid};

/// Largest step sizes: of latents, in units of their rounding, and of the network that gives colours.
const LATENT_RATE: f32 = 0.1;
const COLOUR_RATE: f32 = 0.01;
/// The share of these that is left when latents begin to be rounded.
const LAST_RATE: f32 = 0.1;
/// How much smaller the steps of rounded latents are.
const ROUNDED_RATE: f32 = 0.3;
/// The share of the steps in which latents are rounded.
const ROUNDED: f64 = 0.1;
/// How far the fit is on its way to the rounding of latents when it begins to look between the centres of pixels.
const BETWEEN: f32 = 0.5;
/// Steps in which rates rise to their largest.
const WARM: u32 = 20;
/// When the steps of rounding are chosen anew by lambda, and how much lambda must have changed for that.
const RESIZED: [f64; 2] = [0.3, 0.45];
const CHANGED: f64 = 1.3;
/// Steps after which the bits of rounded latents are compared anew with those of what networks see.
const COMPARED: u32 = 16;
/// Latents that one thread moves at once.
const CHUNK: usize = 16_384;
/// Steps between copies of the state to fall back to.
const SNAPSHOT: u32 = 50;
/// A fit has exploded when its loss is this many times that of the last copy.
const EXPLODED: f64 = 4.0;
/// How often it may go back.
const RETRIES: u32 = 6;

/// The first layers of both networks that stay as they are. Of priors only the output layers are fitted: differences of
/// others take more bits than they save.
fn frozen(networks: ContextNetwork) -> [usize; 2] {
    match networks {
        ContextNetwork::Own(_) => [0, 0],
        ContextNetwork::Prior => [1, 2],
    }
}

/// Latents of one grid before rounding, and the running means of Adam.
struct Latents {
    values: Vec<f32>,
    /// Slopes of what is seen in this step.
    slopes: Vec<f32>,
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
    /// The bits of rounded latents, relative to those of what the networks see.
    pub(super) share: f64,
    /// The bits of the step before, and how their logarithm changes in a step.
    pub(super) before: f64,
    pub(super) trend: f64,
    good: Vec<u8>,
    /// Mean squared error and bits of the last copy.
    good_error: f64,
    good_bits: f64,
    /// What the networks take, rounded, once that is known.
    pub(super) network_bits: Option<f64>,
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
        let plane = |grid: &Grid| {
            LatentPlane::new(plan.width, plan.height, grid.scale, step_size(grid.step))
        };
        let planes = LatentPlanes(plan.series().iter().map(plane).collect());
        let latents = planes.0.iter().zip(analysis.0).map(|(plane, mut values)| {
            values.iter_mut().for_each(|value| *value /= plane.step);
            Latents {
                slopes: vec![1.0; values.len()],
                means: vec![0.0; values.len()],
                squares: vec![0.0; values.len()],
                values,
            }
        });
        let latents = latents.collect();
        let (colour, context) = (colour_network(&plan)?, context::network(&plan)?);
        let [of_colour, of_context] = frozen(plan.context);
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
                Differentiator::new(colour.architecture(), &pixels).with_frozen(of_colour),
                Differentiator::new(context.architecture(), &contexts).with_frozen(of_context),
            ]
        };
        Ok(Self {
            gradients: [colour.layers().to_vec(), context.layers().to_vec()],
            optimisers: [
                Soap::new(&colour.layers()[of_colour..]),
                Soap::new(&context.layers()[of_context..]),
            ],
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
            share: 1.0,
            before: 0.0,
            trend: 0.0,
            network_bits: None,
            good: Vec::new(),
            good_error: f64::INFINITY,
            good_bits: 0.0,
            error: 0.0,
            bits: 0.0,
        })
    }

    /// The step from which on latents are rounded.
    pub(super) fn last(&self) -> u32 {
        let steps = f64::from(self.plan.steps);
        self.plan.steps - (steps * ROUNDED).ceil() as u32
    }

    /// How far the fit is on its way to the rounding of latents, from 0 to 1.
    pub(super) fn progress(&self) -> f32 {
        (self.step as f32 / self.last().max(1) as f32).min(1.0)
    }

    /// How far rates have risen to their largest, from 0 to 1.
    fn warmth(&self) -> f32 {
        let steps = WARM.min(self.plan.steps / 4).max(1);
        ((self.step + 1) as f32 / steps as f32).min(1.0)
    }

    /// The largest step sizes of this step, as a share of those of the fit.
    fn rate(&self) -> f32 {
        let left = if self.step >= self.last() {
            let rest = (self.plan.steps - self.step) as f32;
            LAST_RATE * rest / (self.plan.steps - self.last()).max(1) as f32
        } else {
            let cosine = 0.5 * (1.0 + (std::f32::consts::PI * self.progress()).cos());
            LAST_RATE + (1.0 - LAST_RATE) * cosine
        };
        self.warmth() * left * self.damping
    }

    /// Which of the [`PLACES`] this step compares the picture at: from [`BETWEEN`] on one beside the centres of pixels in every
    /// second step, each in turn. The step at which latents begin to be rounded, and the last, are of centres.
    fn place(&self) -> usize {
        let to_go = self.plan.steps - 1 - self.step;
        if to_go.is_multiple_of(2) || self.step == self.last() || self.progress() < BETWEEN {
            return 0;
        }
        1 + (to_go / 2) as usize % (PLACES.len() - 1)
    }

    /// Shows the networks the latents: rounded during the last steps, softly rounded with noise before.
    fn see(&mut self) {
        if self.step >= self.last() {
            for latents in &mut self.latents {
                latents.slopes.fill(1.0);
            }
            return self.round();
        }
        let softener = Softener::new(self.progress());
        let seed = self.step ^ (self.plan.seed as u32) << 16;
        self.planes
            .change_with(&mut self.latents, |grid, latents, seen| {
                softener.soften(&latents.values, grid, seed, seen, &mut latents.slopes);
            });
    }

    /// Rounds all latents for good, and shows them to the networks.
    pub(super) fn round(&mut self) {
        self.planes.move_to(0);
        self.planes
            .change_with(&mut self.latents, |_, latents, seen| {
                for (seen, value) in seen.iter_mut().zip(&latents.values) {
                    *seen = value.round();
                }
            });
    }

    /// The levels of all latents, which are rounded.
    pub(super) fn levels(&self) -> Vec<Vec<i16>> {
        let level = |&seen: &f32| seen.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let planes = self.planes.0.iter();
        planes
            .map(|plane| plane.seen.iter().map(level).collect())
            .collect()
    }

    /// Finds out what the networks will take, rounded. Latents have to be rounded.
    ///
    /// # Errors
    /// [`Error::Format`] if a level is out of range.
    fn count_networks(&mut self) -> Result<(), Error> {
        let exact = [self.colour.clone(), self.context.clone()];
        self.network_bits = Some(networks::round(self)?.bits);
        [self.colour, self.context] = exact;
        Ok(())
    }

    /// Evaluates errors and bits of what the networks see, and their derivatives: of D + lambda R by every latent, of D by
    /// the weights of one network and of R by those of the other.
    pub(super) fn differentiate(&mut self) {
        let pixels = Pixels {
            colours: self.colours,
            planes: &self.planes,
            patches: &self.patches,
        };
        let (colour, of_colour) = (&mut self.engines[0], &mut self.gradients[0]);
        let points = (self.colours.blocks() * crate::TILE) as u64;
        let mean = colour.gradient(&self.colour, &pixels, 0..points, of_colour);
        // The error that counts is that of pixels.
        if self.planes.place() == 0 || !mean.is_finite() {
            self.error = mean * points as f64 / self.plan.pixels();
        }
        self.count_bits();
        let pixels = self.plan.pixels();
        self.planes.gather(&self.patches, (1.0 / pixels) as f32);
        self.tiles
            .scatter(&mut self.planes, (self.lambda / pixels) as f32);
    }

    /// Evaluates the bits of what the networks see, and their derivatives.
    pub(super) fn count_bits(&mut self) {
        let contexts = Contexts {
            planes: &self.planes,
            tiles: &self.tiles,
        };
        let (context, of_context) = (&mut self.engines[1], &mut self.gradients[1]);
        let points = self.tiles.points();
        let mean = context.gradient(&self.context, &contexts, 0..points, of_context);
        self.bits = mean * points as f64;
    }

    /// Gives all grids the steps of rounding that suit `lambda`.
    pub(super) fn resize(&mut self, lambda: f64) {
        self.plan.lambda = lambda;
        let old: Vec<f32> = self.planes.0.iter().map(|plane| plane.step).collect();
        self.take_steps();
        for ((plane, old), latents) in self.planes.0.iter().zip(old).zip(&mut self.latents) {
            let factor = old / plane.step;
            latents.values.iter_mut().for_each(|value| *value *= factor);
            latents.means.iter_mut().for_each(|mean| *mean /= factor);
            let squares = latents.squares.iter_mut();
            squares.for_each(|square| *square /= factor * factor);
        }
    }

    /// Gives all grids the steps of the plan.
    fn take_steps(&mut self) {
        for (plane, grid) in self.planes.0.iter_mut().zip(self.plan.series()) {
            plane.step = step_size(grid.step);
        }
    }

    /// Takes one step.
    fn advance(&mut self) -> Result<(), Error> {
        let due = RESIZED.map(|share| (share * f64::from(self.last())) as u32);
        let change = (self.lambda / self.plan.lambda).ln().abs();
        if due.contains(&self.step) && change > CHANGED.ln() {
            self.resize(self.lambda);
        }
        let compared = self.follows() && self.step.is_multiple_of(COMPARED);
        if compared {
            self.round();
            self.count_bits();
        }
        let rounded = self.bits;
        self.see();
        self.planes.move_to(self.place());
        if self.step == self.last() {
            self.count_networks()?;
            self.fill();
        }
        self.differentiate();
        if compared {
            self.share = rounded / self.bits.max(1.0);
        }
        // Both under the lambda of this step, which may have changed by far since the last copy.
        let price = self.lambda / self.plan.pixels();
        let loss = self.error + price * self.bits;
        if !loss.is_finite() || loss > EXPLODED * (self.good_error + price * self.good_bits) {
            return self.fall_back();
        }
        if self.step.is_multiple_of(SNAPSHOT) {
            (self.good_error, self.good_bits) = (self.error, self.bits);
            self.good.clear();
            let mut bytes = Vec::new();
            self.visit_all(&mut Archive::Save(&mut bytes))?;
            self.good = bytes;
        }
        self.follow();
        let rate = self.rate();
        self.move_latents(rate);
        self.move_networks(rate);
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

    fn move_networks(&mut self, rate: f32) {
        let [of_colours, of_contexts] = &mut self.optimisers;
        let [of_colour, of_context] = &self.gradients;
        let [in_colour, in_context] = frozen(self.plan.context);
        let layers = &mut self.colour.layers[in_colour..];
        of_colours.descend(layers, &of_colour[in_colour..], COLOUR_RATE * rate);
        let rate = context::rate(self.plan.context) * rate;
        let layers = &mut self.context.layers[in_context..];
        of_contexts.descend(layers, &of_context[in_context..], rate);
    }

    fn move_latents(&mut self, rate: f32) {
        let rounded = self.step >= self.last();
        // Networks have to learn what the first latents mean before these move far.
        let warm = self.warmth();
        let rate = LATENT_RATE * warm * rate * if rounded { ROUNDED_RATE } else { 1.0 };
        let adam = Adam::new(rate, self.step);
        let planes = self.planes.0.par_iter();
        planes.zip(&mut self.latents).for_each(|(plane, latents)| {
            let Latents {
                values,
                slopes,
                means,
                squares,
            } = latents;
            let states = means
                .par_chunks_mut(CHUNK)
                .zip(squares.par_chunks_mut(CHUNK));
            let adjoint = plane.adjoint.par_chunks(CHUNK);
            let gradients = adjoint.zip(slopes.par_chunks(CHUNK));
            let values = values.par_chunks_mut(CHUNK);
            values.zip(gradients).zip(states).for_each(
                |((values, (adjoint, slopes)), (means, squares))| {
                    adam.step(values, [adjoint, slopes], means, squares);
                },
            );
        });
    }

    /// Passes all that one step leaves to the next.
    fn visit_all(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.step.visit(archive)?;
        self.damping.visit(archive)?;
        self.retries.visit(archive)?;
        self.lambda.visit(archive)?;
        self.share.visit(archive)?;
        self.before.visit(archive)?;
        self.trend.visit(archive)?;
        self.error.visit(archive)?;
        self.bits.visit(archive)?;
        for latents in &mut self.latents {
            latents.values.visit(archive)?;
            latents.means.visit(archive)?;
            latents.squares.visit(archive)?;
        }
        self.plan.lambda.visit(archive)?;
        self.take_steps();
        self.colour.visit(archive)?;
        self.context.visit(archive)?;
        self.network_bits.visit(archive)?;
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
        self.good_error.visit(archive)?;
        self.good_bits.visit(archive)?;
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
