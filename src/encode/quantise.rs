//! From floats to integer levels: the step size of every tensor, and fitting while weights are rounded.
//!
//! A tensor is the weight matrix or the bias of one layer. Rounding it to multiples of a step Delta adds
//! uniform noise of variance Delta^2 / 12 to each parameter. If noise of unit variance in one parameter of
//! tensor t raises the loss by h_t, the least loss at a given number of bits has all h_t Delta_t^2 equal:
//! Delta_t = c / sqrt(h_t). The sensitivities h_t are measured, and c is chosen so that the budget is met.
//!
//! Rounding all parameters at once would cost about a decibel. Instead they are rounded a few at a time, in
//! every tensor those that have the shortest way to go, and stay where they are from then on; those that are
//! still free are fitted on and make up for it (incremental network quantisation, Zhou et al. 2017, arXiv
//! 1702.03044). For the last parameters to be rounded there are no others left to make up, so the share that is
//! rounded at a time shrinks.

use crate::Error;
use crate::engine::net::{Device, Engine, Layer, Network, Objective};
use crate::fit::{Archive, Persist, Rounding};
use crate::model::symmetry;
use crate::model::weights::{Gains, step_size, tensors, tensors_mut};
use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use siren_format::{BIT, Header, LEVEL_MAX, STEP_ORIGIN, STEP_UNITS, Tensor, Weights};

/// How often parameters are rounded during a fit.
const STAGES: u32 = 40;
/// After the share p of the stages, (1 - p)^FREE of the parameters are still free.
const FREE: i32 = 2;
/// Share of the budget that is left over when the rounding begins, since the free parameters still change, and
/// with them what they will take.
const RESERVE: f64 = 0.001;
/// Rise of the loss that probing noise should cause, relative to the loss.
const PROBE: std::ops::Range<f64> = 0.02..0.2;
/// Rounding that raises the loss by more than this factor is coarser than what sensitivities were measured at.
const ROUGH: f64 = 3.0;
/// How often they are measured again then, at most.
const ADAPTATIONS: usize = 4;

/// Step sizes for a network, held to a budget of bits, and the parameters already rounded.
#[derive(Clone)]
pub(super) struct Quantiser {
    header: Header,
    /// 1 / sqrt(h_t) of each tensor.
    tolerance: Vec<f64>,
    /// Codes of the step sizes.
    steps: Vec<u8>,
    /// The least code of each tensor with which levels can express its parameters.
    least: Vec<u8>,
    /// What the outermost layers are multiplied by in the file.
    gains: Gains,
    /// c, from which they follow.
    scale: f64,
    /// Most bits that the coded weights may take.
    budget: f64,
    /// Levels of the parameters of each tensor that have been rounded.
    frozen: Vec<Vec<Option<i32>>>,
    /// Steps of the fit during which they are.
    fit: u32,
}

impl Quantiser {
    /// Measures the sensitivities of `network` by `probe`. Losses below `floor` count as `floor`, since smaller ones
    /// cannot be told apart. In the file, the outermost layers are multiplied by `gains`. A budget is still to be set.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub(super) fn new(
        header: &Header,
        network: &Network,
        probe: &mut Probe<'_>,
        floor: f64,
        gains: Gains,
    ) -> Result<Self, Error> {
        let tolerance = probe.tolerances(network, floor)?;
        Ok(Self {
            header: header.clone(),
            steps: vec![0; tolerance.len()],
            least: vec![0; tolerance.len()],
            gains,
            tolerance,
            scale: 1e-3,
            budget: f64::INFINITY,
            frozen: Vec::new(),
            fit: 0,
        })
    }

    /// The same with sensitivities of `network` measured again, at the noise that its budget makes, for as long as
    /// that makes the loss of the rounded network smaller. None if that noise is no more than they were measured at,
    /// or nothing is gained.
    ///
    /// The loss of a network that fits perfectly is quadratic only in noise far smaller than that of rounding:
    /// tensors that hardly count there can be those that count most here.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub(super) fn adapted(
        &self,
        network: &Network,
        probe: &mut Probe<'_>,
    ) -> Result<Option<Self>, Error> {
        let base = probe.loss(network)?;
        let mut loss = probe.loss(&self.nearest(network))?;
        let mut best = None;
        for _ in 0..ADAPTATIONS {
            if loss < ROUGH * base {
                break;
            }
            let mut adapted = self.clone();
            adapted.tolerance = probe.tolerances(network, loss)?;
            adapted.set_budget(self.budget, network)?;
            let now = probe.loss(&adapted.nearest(network))?;
            if now >= loss {
                break;
            }
            (loss, best) = (now, Some(adapted));
        }
        Ok(best)
    }

    /// `network` with every parameter rounded to the nearest level.
    pub(super) fn nearest(&self, network: &Network) -> Network {
        let mut rounded = network.clone();
        for (tensor, &step) in tensors_mut(&mut rounded).zip(&self.steps) {
            let size = step_size(step);
            for value in tensor {
                *value = level(*value / size) as f32 * size;
            }
        }
        rounded
    }

    /// Prepares for a fit of `steps` steps that begins with `network`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if no step sizes meet the budget.
    pub(super) fn begin(&mut self, steps: u32, network: &Network) -> Result<(), Error> {
        let budget = self.budget;
        self.set_budget(budget * (1.0 - RESERVE), network)?;
        (self.budget, self.fit) = (budget, steps);
        Ok(())
    }

    /// The step sizes, all in the proportions of the tolerances, that keep `network` to a budget.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there are none.
    pub(super) fn set_budget(&mut self, budget: f64, network: &Network) -> Result<(), Error> {
        self.budget = budget;
        self.thaw(network);
        let scale = finest(self.scale, budget, |scale| self.bits(network, scale))?;
        self.bits(network, scale)?;
        Ok(())
    }

    /// Has every parameter of `network` to be rounded again.
    pub(super) fn thaw(&mut self, network: &Network) {
        self.frozen = tensors(network).map(|t| vec![None; t.len()]).collect();
        self.least = tensors(network).map(least_code).collect();
        // What a gain takes from the codes of a layer must be there.
        for (least, gain) in self.gains.outermost(self.least.iter_mut()) {
            let smallest = (-gain.codes()).clamp(0, u8::MAX.into()) as u8;
            *least = smallest.max(*least);
        }
    }

    /// Number of tensors.
    pub(super) fn tensors(&self) -> usize {
        self.steps.len()
    }

    /// Makes the step size of one tensor `codes` codes larger, and has it rounded again.
    pub(super) fn shift(&mut self, tensor: usize, codes: i8) {
        self.steps[tensor] = self.steps[tensor].saturating_add_signed(codes);
        self.frozen[tensor].fill(None);
    }

    /// Takes on the step sizes that `scale` makes, and returns what they cost.
    fn bits(&mut self, network: &Network, scale: f64) -> Result<f64, Error> {
        self.scale = scale;
        let bounds = self.tolerance.iter().zip(&self.least);
        for (step, (tolerance, &least)) in self.steps.iter_mut().zip(bounds) {
            *step = step_code(scale * tolerance).max(least);
        }
        let weights = Weights::Levels(self.levels(network));
        Ok(weights.bits(&self.header)? as f64 / BIT as f64)
    }

    /// `network` as levels.
    pub(super) fn levels(&self, network: &Network) -> Vec<Tensor> {
        let levels = |((tensor, &step), frozen): ((&[f32], &u8), &Vec<Option<i32>>)| {
            let inverse = 1.0 / step_size(step);
            let level =
                |(&value, frozen): (&f32, &Option<i32>)| frozen.unwrap_or(level(value * inverse));
            Tensor {
                step,
                levels: tensor.iter().zip(frozen).map(level).collect(),
            }
        };
        let tensors = tensors(network).zip(&self.steps).zip(&self.frozen);
        let mut levels: Vec<Tensor> = tensors.map(levels).collect();
        symmetry::sort(&mut levels);
        levels
    }

    /// Writes the parameters of `latent` to `network`, those that are frozen as their levels say.
    pub(super) fn apply(&self, latent: &Network, network: &mut Network) {
        let tensors = tensors_mut(network).zip(tensors(latent));
        for ((tensor, latent), (frozen, &step)) in tensors.zip(self.frozen.iter().zip(&self.steps))
        {
            let size = step_size(step);
            for ((value, &latent), frozen) in tensor.iter_mut().zip(latent).zip(frozen) {
                *value = frozen.map_or(latent, |level| level as f32 * size);
            }
        }
    }

    /// Rounds parameters of every tensor, the nearest to a level first, until `share` of them are.
    fn freeze(&mut self, share: f64, latent: &Network) {
        for ((tensor, &step), frozen) in tensors(latent).zip(&self.steps).zip(&mut self.frozen) {
            let inverse = 1.0 / step_size(step);
            let wanted = (share * tensor.len() as f64).ceil() as usize;
            let mut free: Vec<(f32, usize)> = (0..tensor.len())
                .filter(|&index| frozen[index].is_none())
                .map(|index| {
                    let value = tensor[index] * inverse;
                    ((value - value.round()).abs(), index)
                })
                .collect();
            free.sort_by(|a, b| a.0.total_cmp(&b.0));
            let more = wanted.saturating_sub(tensor.len() - free.len());
            for &(_, index) in free.iter().take(more) {
                frozen[index] = Some(level(tensor[index] * inverse));
            }
        }
    }
}

/// The step sizes do not change during a fit: they are there before it.
impl Persist for Quantiser {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.frozen
            .iter_mut()
            .try_for_each(|levels| levels.visit(archive))
    }
}

impl Rounding for Quantiser {
    fn round(&mut self, step: u32, latent: &Network, rounded: &mut Network) -> Result<(), Error> {
        let interval = self.fit.div_ceil(STAGES).max(1);
        if step.is_multiple_of(interval) {
            // The last stage begins with the last interval of steps, and leaves nothing free.
            let stages = self.fit.div_ceil(interval);
            let done = f64::from(step / interval + 1) / f64::from(stages);
            self.freeze(1.0 - (1.0 - done.min(1.0)).powi(FREE), latent);
        }
        self.apply(latent, rounded);
        Ok(())
    }

    fn hold(&self, gradient: &mut [Layer]) {
        let tensors = gradient.iter_mut().flat_map(Layer::tensors_mut);
        for (tensor, frozen) in tensors.zip(&self.frozen) {
            for (slope, frozen) in tensor.iter_mut().zip(frozen) {
                if frozen.is_some() {
                    *slope = 0.0;
                }
            }
        }
    }
}

/// Sets budgets of several networks, in all `budget` bits, so that the noise of rounding is least in all of
/// them together: with one c, bits go where they tell most.
///
/// # Errors
/// [`Error::Parameter`] if no step sizes meet the budget.
pub(super) fn share<'a>(
    budget: f64,
    parts: impl Iterator<Item = (&'a Network, &'a mut Quantiser)>,
) -> Result<(), Error> {
    let mut parts: Vec<_> = parts.collect();
    for (network, quantiser) in &mut parts {
        quantiser.thaw(network);
    }
    let mut bits = |scale: f64| {
        let each = parts.par_iter_mut();
        let each = each.map(|(network, quantiser)| quantiser.bits(network, scale));
        each.collect::<Result<Vec<f64>, Error>>()
    };
    let total = |scale: f64| Ok(bits(scale)?.iter().sum());
    let scale = finest(1e-3, budget * (1.0 - RESERVE), total)?;
    let each = bits(scale)?;
    for ((_, quantiser), bits) in parts.into_iter().zip(each) {
        // Rounding begins with a reserve, and must not begin any coarser for it.
        quantiser.budget = bits * (1.0 + 1.5 * RESERVE);
    }
    Ok(())
}

/// The least c whose step sizes, which take as many bits as `bits` says, keep to a budget: bracketed from `start`
/// on, then the bracket is halved to a small part of a code.
fn finest(
    start: f64,
    budget: f64,
    mut bits: impl FnMut(f64) -> Result<f64, Error>,
) -> Result<f64, Error> {
    let (mut fine, mut coarse) = (start, start);
    while bits(coarse)? > budget {
        coarse *= 2.0;
        if coarse > 1e6 {
            let least = (bits(coarse)? / 8.0).ceil();
            return Err(Error::parameter(
                "bytes for the weights",
                budget / 8.0,
                format!("at least {least} with this network"),
            ));
        }
    }
    while bits(fine)? <= budget && fine > 1e-9 {
        fine *= 0.5;
    }
    while coarse / fine > 1.005 {
        let middle = (coarse * fine).sqrt();
        if bits(middle)? > budget {
            fine = middle;
        } else {
            coarse = middle;
        }
    }
    Ok(coarse)
}

/// The least code of a step size with which levels can express every parameter of `tensor`, and parameters of
/// twice their size, since those that are still free go on changing.
fn least_code(tensor: &[f32]) -> u8 {
    let largest = tensor
        .iter()
        .fold(0.0, |most: f64, &x| most.max(f64::from(x).abs()));
    let size = 2.0 * largest / f64::from(LEVEL_MAX);
    ((size.log2() + f64::from(STEP_ORIGIN)) * f64::from(STEP_UNITS)).ceil() as u8
}

/// The level nearest to a value in units of its step. [`least_code`] keeps values from being beyond the largest.
fn level(value: f32) -> i32 {
    (value.round() as i32).clamp(-LEVEL_MAX, LEVEL_MAX)
}

/// Evaluates the loss of networks of one shape, always at the same points.
pub(super) struct Probe<'a> {
    engine: Engine,
    objective: &'a dyn Objective,
    points: u64,
    gradient: Vec<Layer>,
}

impl<'a> Probe<'a> {
    /// A probe of networks like `network`, at the first `points` points of `objective`.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub(super) fn new(
        network: &Network,
        device: &Device,
        objective: &'a dyn Objective,
        points: u64,
    ) -> Result<Self, Error> {
        Ok(Self {
            engine: device.engine(network.architecture(), objective)?,
            objective,
            points,
            gradient: network.layers().to_vec(),
        })
    }

    /// The loss of `network`.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub(super) fn loss(&mut self, network: &Network) -> Result<f64, Error> {
        let points = 0..self.points;
        self.engine
            .gradient(network, self.objective, points, &mut self.gradient)
    }

    /// 1 / sqrt(h_t) of every tensor of `network`, by adding noise to one after another.
    ///
    /// The noise is made as strong as it takes for the loss to rise by a small part of `level`, and no stronger,
    /// since the loss is quadratic in it only as long as it is small.
    fn tolerances(&mut self, network: &Network, level: f64) -> Result<Vec<f64>, Error> {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let base = self.loss(network)?;
        let level = level.max(base);
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
                let rise = self.loss(&noisy)? - base;
                sensitivity = rise / (values.len() as f64 * width * width / 12.0);
                let share = rise / level;
                if PROBE.contains(&share) {
                    break;
                }
                width *= if share < PROBE.start { 3.0 } else { 0.4 };
            }
            Ok(1.0 / sensitivity.max(1e-12).sqrt())
        };
        (0..count).map(&mut probe).collect()
    }
}

/// The code of the step size nearest to `size`.
pub(super) fn step_code(size: f64) -> u8 {
    ((size.log2() + f64::from(STEP_ORIGIN)) * f64::from(STEP_UNITS)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::super::properties::header;
    use super::*;
    use crate::model::weights::shape;
    use crate::objective::Image;
    use crate::signal::{Picture, Samples};

    #[test]
    fn what_is_rounded_is_held_and_nothing_else() {
        let header = header(vec![9, 7], 1);
        let network = Network::random(&shape(&header), 3).unwrap();
        let picture = Picture::new(8, 8, 1, Samples::U8((0..64).collect())).unwrap();
        let task = Image::new(&picture, 0);
        let mut probe = Probe::new(&network, &Device::cpu(), &task, 64).unwrap();
        let mut quantiser =
            Quantiser::new(&header, &network, &mut probe, 1e-9, Gains::default()).unwrap();
        quantiser.set_budget(700.0, &network).unwrap();
        quantiser.begin(100, &network).unwrap();
        let mut rounded = network.clone();
        let mut held = 0;
        for step in 0..100 {
            quantiser.round(step, &network, &mut rounded).unwrap();
            let mut gradient = network.layers().to_vec();
            for slope in gradient.iter_mut().flat_map(Layer::parameters_mut) {
                *slope = 1.0;
            }
            quantiser.hold(&mut gradient);
            let slopes = gradient.iter().flat_map(Layer::parameters);
            let values = network.layers().iter().zip(rounded.layers());
            let values = values.flat_map(|(a, b)| a.parameters().zip(b.parameters()));
            let mut now = 0;
            for (&slope, (latent, rounded)) in slopes.zip(values) {
                assert!(slope == 1.0 || slope == 0.0);
                now += usize::from(slope == 0.0);
                // What is still free is as it was.
                assert!(slope == 0.0 || latent == rounded);
            }
            assert!(now >= held, "{step}: {now} after {held}");
            held = now;
        }
        assert_eq!(held, header.parameters() as usize);
    }
}
