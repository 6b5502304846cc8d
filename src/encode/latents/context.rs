//! The context network: where its fit begins, and its numbers in the integers of the format.

use super::plan::LatentPlan;
use crate::Error;
use crate::engine::net::{Activation, Architecture, Network};
use crate::model::weights::tensors_mut;
use crate::objective::latents::CONTEXT_INPUTS;
use siren_format::{ContextNetwork, Tensor, context_prior};

/// Units of weights and of biases.
const UNITS: [f32; 2] = [256.0, 16_384.0];
/// The largest magnitude of a number of each.
const MOST: [f32; 2] = [2048.0, 268_435_456.0];
/// The exponents of steps that are tried for a network of the file's own, smallest first.
const STEPS: [&[u8]; 2] = [&[1, 2, 3, 4, 5, 6], &[8, 9, 10, 11, 12, 13]];
/// Those for differences from the prior, which may all be zero.
const STEPS_OF_DIFFERENCES: [&[u8]; 2] = [
    &[1, 2, 3, 4, 5, 6, 7, 8],
    &[8, 9, 10, 11, 12, 13, 14, 15, 16],
];

/// How fast the network moves at most.
pub(super) fn rate(context: ContextNetwork) -> f32 {
    match context {
        ContextNetwork::Own(_) => 0.05,
        ContextNetwork::Prior => 0.01,
    }
}

/// The exponents of steps that are worth a trial for a tensor of weights (`kind` 0) or biases (1), smallest first.
pub(super) fn steps(context: ContextNetwork, kind: usize) -> &'static [u8] {
    match context {
        ContextNetwork::Own(_) => STEPS[kind],
        ContextNetwork::Prior => STEPS_OF_DIFFERENCES[kind],
    }
}

/// The network at the beginning of a fit: the prior; or rectified units with the initialisation of He et al., shrunk, and no
/// opinion at first.
///
/// # Errors
/// None for plans of a picture.
pub(super) fn network(plan: &LatentPlan) -> Result<Network, Error> {
    let shape = Architecture {
        inputs: CONTEXT_INPUTS,
        hidden: plan.context.widths().map(usize::from).to_vec(),
        outputs: 2,
        omega_first: 1.0,
        omega_hidden: 1.0,
        activation: Activation::Relu,
        frequencies: 0,
    };
    let mut network = Network::random(&shape, plan.seed)?;
    if plan.context == ContextNetwork::Prior {
        for (index, values) in tensors_mut(&mut network).enumerate() {
            for (place, value) in values.iter_mut().enumerate() {
                *value = prior(plan.context, index, place);
            }
        }
        return Ok(network);
    }
    let mut layers = network.layers().to_vec();
    let last = layers.len() - 1;
    for (number, layer) in layers.iter_mut().enumerate() {
        layer.weights *= if number == last { 0.1 } else { 0.7 };
        layer.bias.fill(0.0);
    }
    // Scales of about a half.
    if let Some(layer) = layers.last_mut() {
        layer.bias[1] = -0.7;
    }
    Network::from_layers(&shape, layers)
}

/// The number at a place of a tensor from which the file has the difference: 0 without a prior.
fn prior(context: ContextNetwork, index: usize, place: usize) -> f32 {
    match context {
        ContextNetwork::Own(_) => 0.0,
        ContextNetwork::Prior => context_prior()[index][place] as f32 / UNITS[index % 2],
    }
}

/// The values of the tensor with this index in steps of 2^`step` units.
pub(super) fn rounded(context: ContextNetwork, values: &[f32], index: usize, step: u8) -> Tensor {
    let kind = index % 2;
    let size = unit(kind, step);
    let most = MOST[kind] / UNITS[kind];
    let level = |(place, value): (usize, &f32)| {
        let prior = prior(context, index, place);
        // What is rounded away from zero may be out of range.
        let level = ((value.clamp(-most, most) - prior) / size).round();
        let out = (prior + level * size).abs() > most;
        (level - if out { level.signum() } else { 0.0 }) as i32
    };
    let levels: Vec<i32> = values.iter().enumerate().map(level).collect();
    let none = context == ContextNetwork::Prior && levels.iter().all(|&level| level == 0);
    Tensor {
        step: if none { 0 } else { step },
        levels,
    }
}

/// The values that `tensor`, with this index, stands for.
pub(super) fn take(context: ContextNetwork, tensor: &Tensor, index: usize, values: &mut [f32]) {
    let size = unit(index % 2, tensor.step);
    for (place, (value, &level)) in values.iter_mut().zip(&tensor.levels).enumerate() {
        *value = prior(context, index, place) + level as f32 * size;
    }
}

/// The size of a step.
fn unit(kind: usize, step: u8) -> f32 {
    (1_u32 << step) as f32 / UNITS[kind]
}
