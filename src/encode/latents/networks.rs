//! From the networks of a fit to integers, in the steps that cost least.
//!
//! The steps of every tensor are found by trial: coarser ones for as long as D + lambda R falls, with R what the file
//! really takes.

use super::super::quantise::step_code;
use super::context;
use super::fit::LatentFit;
use super::refit::Regression;
use crate::Error;
use crate::engine::net::Network;
use crate::model::symmetry;
use crate::model::weights::{differing, step_size, tensors, tensors_mut};
use siren_format::{BIT, ContextNetwork, Header, Latents, Tensor, Weights};

/// By how much the codes of the colour network's tensors grow while they are searched for.
const STRIDE: u8 = 4;
/// The first of these codes makes levels of about this size.
const FIRST_LEVEL: f32 = 1024.0;
/// How tightly the output layer is tied to that of a prior, relative to the largest sum of squares of an activation. The best
/// of these is taken: it depends on how much a bit costs.
const RIDGES: [f64; 4] = [1e-5, 1e-4, 1e-3, 1e-2];
/// One of this number of blocks is looked at while steps of the hidden layer are searched for.
const SPARSE: usize = 3;
/// Steps in a row that may be worse than the best.
const MISSES: usize = 3;

/// Tells the error that a network in steps of given codes leaves, and its levels.
type Judge<'a> = &'a dyn Fn(&[u8]) -> Result<(f64, Vec<Tensor>), Error>;

/// Both networks in integers.
pub(super) struct Networks {
    /// The network that gives colours: levels, or differences from the prior.
    colour: Vec<Tensor>,
    pub(super) context: Vec<Tensor>,
    /// The bits that they take.
    pub(super) bits: f64,
}

impl Networks {
    /// The weights of the file.
    pub(super) fn weights(&self, context: ContextNetwork) -> Weights {
        match context {
            ContextNetwork::Own(_) => Weights::Levels(self.colour.clone()),
            ContextNetwork::Prior => Weights::Differences(self.colour.clone()),
        }
    }
}

/// Rounds the networks of `fit`, whose latents are rounded, and puts what they are rounded to in their place.
///
/// # Errors
/// [`Error::Format`] if a level is out of range.
pub(super) fn round(fit: &mut LatentFit<'_>) -> Result<Networks, Error> {
    let coder = Coder(fit.plan.prior()?);
    if coder.0.is_none() {
        symmetry::fold(&mut fit.colour);
    }
    let rounding = Rounding {
        header: fit.plan.header()?,
        fit,
        coder,
    };
    let (colour, colours) = rounding.colours()?;
    let (context, of_context) = rounding.contexts()?;
    let of_colour = rounding
        .coder
        .weights(colour.clone())
        .bits(&rounding.header)?;
    let kind = fit.plan.context;
    fit.colour = colours;
    let values = tensors_mut(&mut fit.context).zip(&context);
    for (index, (values, tensor)) in values.enumerate() {
        context::take(kind, tensor, index, values);
    }
    let bits = (of_colour + of_context) as f64 / BIT as f64;
    Ok(Networks {
        colour,
        context,
        bits,
    })
}

/// A fit whose networks are rounded.
struct Rounding<'f, 'a> {
    fit: &'f LatentFit<'a>,
    header: Header,
    coder: Coder,
}

impl Rounding<'_, '_> {
    /// Finds steps for the network that gives colours. For any steps of the hidden layer, the output layer is the one that is
    /// best for what these steps leave of it.
    fn colours(&self) -> Result<(Vec<Tensor>, Network), Error> {
        let exact = self.fit.colour.clone();
        let prior = self.coder.prior_network(&exact);
        let tied = |ridge| prior.as_ref().map(|prior| (prior, ridge));
        let mut codes = self.coder.first_codes(&exact);
        let hidden = codes.len() - 2;
        let regression = |codes: &[u8], sparse| {
            let (_, network) = self.coder.quantised(&exact, codes);
            Regression::new(self.fit, network, sparse)
        };
        // With a prior the hidden layer was not fitted, and is the same in any steps.
        let searched = if prior.is_some() { 0 } else { hidden };
        self.coarsen(&mut codes, 0..searched, &|codes| {
            let regression = regression(codes, SPARSE)?;
            let exact = regression.solution(None)?;
            let finest = self.coder.first_codes(&exact);
            let codes = [&codes[..hidden], &finest[hidden..]].concat();
            Ok((
                regression.error(&exact),
                self.coder.quantised(&exact, &codes).0,
            ))
        })?;
        let regression = regression(&codes, 1)?;
        let output = |ridge| {
            let exact = regression.solution(tied(ridge))?;
            self.output(&regression, &exact, &codes)
        };
        let mut best = output(RIDGES[0])?;
        for &ridge in &RIDGES[if prior.is_some() { 1 } else { RIDGES.len() }..] {
            let found = output(ridge)?;
            if found.0 < best.0 {
                best = found;
            }
        }
        Ok((best.1, best.2))
    }

    /// Finds steps for the output layer of `exact`, where those of the hidden layer are among `codes`. Returns what is lost,
    /// the levels, and the network of them.
    fn output(
        &self,
        regression: &Regression,
        exact: &Network,
        codes: &[u8],
    ) -> Result<(f64, Vec<Tensor>, Network), Error> {
        let hidden = codes.len() - 2;
        let mut codes = [&codes[..hidden], &self.coder.first_codes(exact)[hidden..]].concat();
        let tensors = hidden..codes.len();
        let loss = self.coarsen(&mut codes, tensors, &|codes| {
            let (levels, network) = self.coder.quantised(exact, codes);
            Ok((regression.error(&network), levels))
        })?;
        let (levels, network) = self.coder.quantised(exact, &codes);
        Ok((loss, levels, network))
    }

    /// Makes steps of some tensors coarser for as long as D + lambda R falls, where `judge` tells the error and the levels.
    /// Returns D + lambda R.
    fn coarsen(
        &self,
        codes: &mut Vec<u8>,
        tensors: std::ops::Range<usize>,
        judge: Judge<'_>,
    ) -> Result<f64, Error> {
        let weight = self.fit.lambda / self.fit.plan.pixels();
        let loss = |codes: &[u8]| {
            let (error, levels) = judge(codes)?;
            let bits = self.coder.weights(levels).bits(&self.header)? as f64 / BIT as f64;
            Ok::<_, Error>(error + weight * bits)
        };
        let mut best = loss(codes)?;
        for tensor in tensors {
            // A step may be worse than a coarser one by chance.
            let mut misses = 0;
            let mut tried = codes.clone();
            while misses < MISSES {
                tried[tensor] = tried[tensor].saturating_add(STRIDE);
                let found = loss(&tried)?;
                if found < best {
                    (best, misses) = (found, 0);
                    codes.clone_from(&tried);
                } else {
                    misses += 1;
                }
            }
            // Differences may all be zero.
            tried[tensor] = u8::MAX;
            if self.coder.0.is_some() {
                let found = loss(&tried)?;
                if found < best {
                    best = found;
                    codes.clone_from(&tried);
                }
            }
        }
        Ok(best)
    }

    /// Finds steps for the context network. Returns its tensors and what they take, in units of [`BIT`].
    fn contexts(&self) -> Result<(Vec<Tensor>, u64), Error> {
        let kind = self.fit.plan.context;
        let values: Vec<&[f32]> = tensors(&self.fit.context).collect();
        let tensor = |index: usize, step: u8| context::rounded(kind, values[index], index, step);
        let mut latents = Latents {
            context: Vec::new(),
            levels: self.fit.levels(),
        };
        let costs = |latents: &Latents| {
            let costs = latents.costs(&self.header)?;
            Ok::<_, Error>(costs.context + costs.grids.iter().sum::<u64>())
        };
        // All in the finest steps first, so that each tensor is judged beside others that are nearly exact.
        latents.context = finest(kind, &self.fit.context);
        for index in 0..values.len() {
            let mut best: Option<(u64, Tensor)> = None;
            // Differences of layers that were not fitted are zero in any steps.
            let fitted = latents.context[index]
                .levels
                .iter()
                .any(|&level| level != 0);
            let steps = context::steps(kind, index % 2);
            for &step in &steps[..if fitted { steps.len() } else { 1 }] {
                latents.context[index] = tensor(index, step);
                let found = costs(&latents)?;
                if best.as_ref().is_none_or(|(best, _)| found < *best) {
                    best = Some((found, latents.context[index].clone()));
                }
            }
            if let Some((_, best)) = best {
                latents.context[index] = best;
            }
        }
        let costs = latents.costs(&self.header)?;
        Ok((latents.context, costs.context))
    }
}

/// How the network that gives colours is coded: as it is, or as differences from a prior.
struct Coder(Option<Vec<Vec<i32>>>);

impl Coder {
    /// The number at a place of a tensor from which the file has the difference.
    fn prior(&self, tensor: usize, place: usize) -> f32 {
        self.0
            .as_ref()
            .map_or(0.0, |prior| differing(prior[tensor][place], 0, 0))
    }

    /// The codes of steps that make the largest number of each tensor a level of about [`FIRST_LEVEL`].
    fn first_codes(&self, network: &Network) -> Vec<u8> {
        let code = |(tensor, values): (usize, &[f32])| {
            let sizes = values.iter().enumerate();
            let sizes = sizes.map(|(place, value)| (value - self.prior(tensor, place)).abs());
            let largest = sizes.fold(1e-6, f32::max);
            step_code(f64::from(largest / FIRST_LEVEL))
        };
        tensors(network).enumerate().map(code).collect()
    }

    /// The levels of a network in steps of the given codes, in the order of the format, and the network that they stand
    /// for.
    fn quantised(&self, network: &Network, codes: &[u8]) -> (Vec<Tensor>, Network) {
        let tensor = |(index, (values, &step)): (usize, (&[f32], &u8))| {
            let size = step_size(step);
            let levels = values
                .iter()
                .enumerate()
                .map(|(place, value)| ((value - self.prior(index, place)) / size).round() as i32);
            let levels: Vec<i32> = levels.collect();
            let none = self.0.is_some() && levels.iter().all(|&level| level == 0);
            Tensor {
                step: if none { 0 } else { step },
                levels,
            }
        };
        let tensors_and_codes = tensors(network).zip(codes).enumerate();
        let mut levels: Vec<Tensor> = tensors_and_codes.map(tensor).collect();
        if self.0.is_none() {
            symmetry::sort(&mut levels);
        }
        let mut rounded = network.clone();
        for (index, (values, Tensor { step, levels })) in
            tensors_mut(&mut rounded).zip(&levels).enumerate()
        {
            let size = step_size(*step);
            for (place, (value, &level)) in values.iter_mut().zip(levels).enumerate() {
                *value = self.prior(index, place) + level as f32 * size;
            }
        }
        (levels, rounded)
    }

    /// The prior, of the shape of `network`; none if there is none.
    fn prior_network(&self, network: &Network) -> Option<Network> {
        let coarsest = [u8::MAX; 4];
        self.0
            .as_ref()
            .map(|_| self.quantised(network, &coarsest).1)
    }

    /// Levels as the file holds them.
    fn weights(&self, levels: Vec<Tensor>) -> Weights {
        match self.0 {
            None => Weights::Levels(levels),
            Some(_) => Weights::Differences(levels),
        }
    }
}

/// The context network in its finest steps.
pub(super) fn finest(kind: ContextNetwork, network: &Network) -> Vec<Tensor> {
    tensors(network)
        .enumerate()
        .map(|(index, values)| {
            let step = context::steps(kind, index % 2)[0];
            context::rounded(kind, values, index, step)
        })
        .collect()
}
