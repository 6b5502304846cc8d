//! From a fit to the integers of a file: latents, and both networks in the steps that cost least.
//!
//! The steps of every tensor are found by trial: coarser ones for as long as D + lambda R falls, with R what the file
//! really takes. Where the file is still too large, the latents that are worth least for their bits move
//! towards zero.

use super::super::quantise::step_code;
use super::super::trained::Job;
use super::context;
use super::fit::LatentFit;
use super::plan::Aim;
use super::refit::refit;
use super::start::OMEGA;
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::{Evaluator, Network, Order};
use crate::model::symmetry;
use crate::model::weights::{omega_units, step_size, tensors, tensors_mut};
use crate::objective::latents::Pixels;
use crate::signal::Picture;
use rayon::prelude::*;
use siren_format::{
    Activation, BIT, Colour, ContextNetwork, File, Grid, Grids, Header, Input, Latents,
    Network as Shape, Samples, Signal, Tensor, Weights,
};

/// By how much the codes of the colour network's tensors grow while they are searched for.
const STRIDE: u8 = 4;
/// The first of these codes makes levels of about this size.
const FIRST_LEVEL: f32 = 1024.0;
/// Steps in a row that may be worse than the best.
const MISSES: usize = 3;
/// How often the latents that are worth least for their bits are looked for.
const TRIMS: usize = 64;
/// The most bits that latents are expected to save for each bit that the file is to save.
const RATIO_MOST: f64 = 4.0;

/// Tells the error that a network in steps of given codes leaves, and its levels.
type Judge<'a> = &'a dyn Fn(&[u8]) -> Result<(f64, Vec<Tensor>), Error>;

/// A fit in integers.
pub(super) struct Rounded<'f, 'a> {
    fit: &'f mut LatentFit<'a>,
    header: Header,
    weights: Vec<Tensor>,
    context: Vec<Tensor>,
}

impl<'f, 'a> Rounded<'f, 'a> {
    /// Rounds the latents and the networks of `fit` to `picture`.
    ///
    /// # Errors
    /// [`Error::Format`] if a level is out of range.
    pub(super) fn new(fit: &'f mut LatentFit<'a>, picture: &Picture) -> Result<Self, Error> {
        fit.round();
        symmetry::fold(&mut fit.colour);
        let mut rounded = Self {
            header: header(fit, picture)?,
            fit,
            weights: Vec::new(),
            context: Vec::new(),
        };
        rounded.round_weights()?;
        rounded.round_context()?;
        Ok(rounded)
    }

    /// The levels of all latents.
    fn latents(&self) -> Latents {
        let level = |&seen: &f32| seen.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let planes = self.fit.planes.0.iter();
        Latents {
            context: self.context.clone(),
            levels: planes
                .map(|plane| plane.seen.iter().map(level).collect())
                .collect(),
        }
    }

    /// Finds steps for the network that gives colours. For any steps of the hidden layer, the output layer is the one that is
    /// best for what these steps leave of it.
    fn round_weights(&mut self) -> Result<(), Error> {
        let hidden = self.fit.colour.clone();
        let mut codes: Vec<u8> = tensors(&hidden).map(first_code).collect();
        let first = codes.len() - 2;
        // The output layer that makes up for a rounded hidden one, and the finest steps of it.
        let complete = |codes: &[u8]| -> Result<(Network, Vec<u8>), Error> {
            let exact = refit(self.fit, &quantised(&hidden, codes).1)?;
            let mut codes = codes.to_vec();
            for (code, tensor) in codes.iter_mut().zip(tensors(&exact)).skip(first) {
                *code = first_code(tensor);
            }
            Ok((exact, codes))
        };
        self.coarsen(&mut codes, 0..first, &|codes| {
            let (exact, codes) = complete(codes)?;
            Ok((self.error(&exact), quantised(&exact, &codes).0))
        })?;
        let (exact, mut codes) = complete(&codes)?;
        let all = first..codes.len();
        self.coarsen(&mut codes, all, &|codes| {
            let (levels, network) = quantised(&exact, codes);
            Ok((self.error(&network), levels))
        })?;
        let (levels, network) = quantised(&exact, &codes);
        self.weights = levels;
        self.fit.colour = network;
        Ok(())
    }

    /// Makes steps of some tensors coarser for as long as D + lambda R falls, where `judge` tells the error and the levels.
    fn coarsen(
        &self,
        codes: &mut Vec<u8>,
        tensors: std::ops::Range<usize>,
        judge: Judge<'_>,
    ) -> Result<(), Error> {
        let weight = self.fit.lambda / self.fit.plan.pixels();
        let loss = |codes: &[u8]| {
            let (error, levels) = judge(codes)?;
            let bits = Weights::Levels(levels).bits(&self.header)? as f64 / BIT as f64;
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
        }
        Ok(())
    }

    /// The mean squared error of the picture that `network` makes of the rounded latents.
    fn error(&self, network: &Network) -> f64 {
        let fit = &*self.fit;
        let pixels = Pixels {
            colours: fit.colours,
            planes: &fit.planes,
            patches: &[],
        };
        let evaluator = Evaluator::new(network, Order::Value);
        let blocks: Vec<f64> = (0..fit.colours.blocks())
            .into_par_iter()
            .map_init(
                || (evaluator.scratch(), vec![0.0; fit.plan.channels * TILE]),
                |(scratch, adjoint), block| {
                    let outputs = evaluator.tile(scratch, |rows| pixels.interpolate(block, rows));
                    pixels.error(fit.colours.block(block), outputs, adjoint)
                },
            )
            .collect();
        blocks.iter().sum::<f64>() / fit.plan.pixels()
    }

    /// Finds steps for the context network.
    fn round_context(&mut self) -> Result<(), Error> {
        let kind = self.fit.plan.context;
        let values: Vec<&[f32]> = tensors(&self.fit.context).collect();
        let tensor = |index: usize, step: u8| context::rounded(kind, values[index], index, step);
        let mut latents = self.latents();
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
        let values = tensors_mut(&mut self.fit.context).zip(&latents.context);
        for (index, (values, tensor)) in values.enumerate() {
            context::take(kind, tensor, index, values);
        }
        self.context = latents.context;
        Ok(())
    }

    /// The header and the bytes of the file, which keeps to the bytes of `aim` if it has any.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the networks alone take more bytes than there may be.
    pub(super) fn file(self, job: Job<'_>, aim: Aim) -> Result<(Header, Vec<u8>), Error> {
        let mut bytes = self.bytes(job, &self.latents())?;
        if let Aim::Bytes(most) = aim {
            // Bits that latents are expected to save, for each bit that the file saves.
            let mut ratio = 1.0;
            for pass in 0..TRIMS {
                let before = bytes.len() as u64;
                let excess = before.saturating_sub(most);
                if excess == 0 {
                    break;
                }
                // Part of a large excess, so that the latents that are worth least are found anew.
                let share = if excess * 500 > most && pass < TRIMS / 2 {
                    0.3
                } else {
                    1.0
                };
                let bits = ratio * share * 8.0 * (excess + 1) as f64;
                self.fit.trim(bits, pass);
                bytes = self.bytes(job, &self.latents())?;
                let saved = 8.0 * (before as f64 - bytes.len() as f64);
                ratio = (bits / saved.max(1.0)).clamp(1.0, RATIO_MOST);
            }
            if bytes.len() as u64 > most {
                let allowed = format!("at least {} with grids of latents", bytes.len());
                return Err(Error::parameter("bytes of the file", most, allowed));
            }
        }
        Ok((self.header, bytes))
    }

    /// The bits of all latents, as the fit counts them and as the format does.
    #[cfg(test)]
    pub(super) fn bits(&mut self) -> [f64; 2] {
        self.fit.planes.change(|_, _| ());
        self.fit.differentiate();
        let costs = self.latents().costs(&self.header).unwrap();
        let written = costs.grids.iter().sum::<u64>() as f64 / BIT as f64;
        [self.fit.bits, written]
    }

    /// The bits of the latents section, and those with the context network `exact` in its finest steps.
    #[cfg(test)]
    pub(super) fn bits_beside_finest(&self, exact: &Network) -> [u64; 2] {
        let mut latents = self.latents();
        let bits = |latents: &Latents| {
            let costs = latents.costs(&self.header).unwrap();
            costs.context + costs.grids.iter().sum::<u64>()
        };
        let chosen = bits(&latents);
        latents.context = finest(self.fit.plan.context, exact);
        [chosen, bits(&latents)]
    }

    /// The file of some latents.
    fn bytes(&self, job: Job<'_>, latents: &Latents) -> Result<Vec<u8>, Error> {
        let file = File {
            header: self.header.clone(),
            weights: Weights::Levels(self.weights.clone()),
            latents: Some(latents.clone()),
            icc: job.source.icc().map(<[u8]>::to_vec),
        };
        Ok(file.to_bytes()?)
    }
}

/// The header of the file of `fit`.
pub(super) fn header(fit: &LatentFit<'_>, picture: &Picture) -> Result<Header, Error> {
    let plan = &fit.plan;
    let grid = |&(component, scale): &(usize, u8)| Grid {
        scale,
        step: plan.step_code(component, scale),
    };
    let omega = omega_units(OMEGA.into())?;
    Ok(Header {
        signal: Signal::Picture {
            width: picture.width(),
            height: picture.height(),
        },
        samples: Samples {
            channels: picture.channels(),
            depth: picture.samples().depth(),
            colour: Colour::Direct,
        },
        network: Shape {
            activation: Activation::Sine,
            input: Input::Grids(Grids {
                grids: plan.grids.iter().map(grid).collect(),
                context: plan.context,
            }),
            omega_first: omega,
            omega_hidden: omega,
            hidden: vec![plan.hidden as u32],
        },
    })
}

/// The code of a step that makes the largest number of a tensor a level of about [`FIRST_LEVEL`].
fn first_code(tensor: &[f32]) -> u8 {
    let largest = tensor.iter().fold(1e-6_f32, |most, x| most.max(x.abs()));
    step_code(f64::from(largest / FIRST_LEVEL))
}

/// The levels of a network in steps of the given codes, in the order of the format, and the network that they stand for.
fn quantised(network: &Network, codes: &[u8]) -> (Vec<Tensor>, Network) {
    let tensor = |(values, &step): (&[f32], &u8)| {
        let size = step_size(step);
        Tensor {
            step,
            levels: values
                .iter()
                .map(|value| (value / size).round() as i32)
                .collect(),
        }
    };
    let mut levels: Vec<Tensor> = tensors(network).zip(codes).map(tensor).collect();
    symmetry::sort(&mut levels);
    let mut rounded = network.clone();
    for (values, Tensor { step, levels }) in tensors_mut(&mut rounded).zip(&levels) {
        let size = step_size(*step);
        for (value, &level) in values.iter_mut().zip(levels) {
            *value = level as f32 * size;
        }
    }
    (levels, rounded)
}

/// The context network in its finest steps.
fn finest(kind: ContextNetwork, network: &Network) -> Vec<Tensor> {
    tensors(network)
        .enumerate()
        .map(|(index, values)| {
            let step = context::steps(kind, index % 2)[0];
            context::rounded(kind, values, index, step)
        })
        .collect()
}
