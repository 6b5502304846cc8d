//! Where a fit starts: the latents of a linear pyramid, and a network that adds it up.
//!
//! Each colour component is approximated by its coarsest grid in least squares, what is left by the next one, and so on
//! (a Laplacian pyramid: Burt and Adelson 1983). The network begins nearly linear and gives these sums as colours, so that
//! the first step sees the picture already.

use super::plan::LatentPlan;
use super::soften::hash;
use crate::Error;
use crate::engine::grid::Blocks;
use crate::engine::kernel::TILE;
use crate::engine::net::{Activation, Architecture, Layer, Network};
use crate::model::weights::{differing, step_size};
use crate::objective::latents::Colours;
use rayon::prelude::*;
use siren_format::Grid;

/// How much of each colour component is in red, green and blue.
const COMPONENTS: [[f32; 3]; 3] = [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]];
/// Steps of the conjugate gradients of each grid.
const ITERATIONS: usize = 12;
/// Weight of the squares of coefficients in units of what a node contributes, which keeps energy in coarse grids.
const RIDGE: f32 = 0.1;
/// The slope with which components enter the network's sines: nearly linear.
const SLOPE: f32 = 0.3;
/// The width of random weights beside, relative to that of a SIREN.
const RANDOM: f32 = 0.3;
/// omega of the hidden layer of the network that gives colours.
pub(super) const OMEGA: f32 = 2.0;

/// The coefficients of each grid, in units where samples span -1 to 1.
pub(super) struct Analysis(pub(super) Vec<Vec<f32>>);

/// The least-squares pyramid of `colours`, and the plan with the lambda that suits it.
pub(super) fn analyse(colours: &Colours, mut plan: LatentPlan) -> (LatentPlan, Analysis) {
    let mut all = Vec::new();
    let components = plan.channels;
    let pyramids: Vec<_> = (0..components)
        .into_par_iter()
        .map(|component| pyramid(colours, &plan, component))
        .collect();
    for pyramid in pyramids {
        all.extend(pyramid);
    }
    let analysis = Analysis(all);
    plan.lambda = analysis.lambda(&plan);
    (plan, analysis)
}

/// The coefficients of the grids of one component.
fn pyramid(colours: &Colours, plan: &LatentPlan, component: usize) -> Vec<Vec<f32>> {
    let channels = colours.channels();
    let mix = mix(channels, component);
    let square: f32 = mix.iter().map(|mix| mix * mix).sum();
    let mut rest: Vec<f32> = (0..colours.blocks())
        .flat_map(|block| {
            let rows = colours.block(block);
            let mix = &mix;
            (0..TILE).map(move |slot| {
                let mixed = mix
                    .iter()
                    .enumerate()
                    .map(|(channel, mix)| mix * rows[channel * TILE + slot]);
                mixed.sum::<f32>() / square
            })
        })
        .collect();
    let grids = plan.series().into_iter().zip(plan.components());
    grids
        .filter(|&(_, of)| of == component)
        .map(|(Grid { scale, .. }, _)| {
            let blocks = Blocks::new([plan.width, plan.height], [0.0; 2], scale);
            let coefficients = least_squares(&blocks, &rest, scale);
            for (rest, value) in rest.iter_mut().zip(spread(&blocks, &coefficients)) {
                *rest -= value;
            }
            coefficients
        })
        .collect()
}

/// How much of a component is in each channel.
fn mix(channels: usize, component: usize) -> Vec<f32> {
    match channels {
        3 => COMPONENTS[component].to_vec(),
        _ => (0..channels)
            .map(|channel| f32::from(u8::from(channel == component)))
            .collect(),
    }
}

/// The values of a grid at all pixels, block by block.
fn spread(blocks: &Blocks, coefficients: &[f32]) -> Vec<f32> {
    let mut pixels = vec![0.0; blocks.blocks() * TILE];
    for (block, pixels) in pixels.chunks_exact_mut(TILE).enumerate() {
        blocks.interpolate(coefficients, block, 1.0, pixels);
    }
    pixels
}

/// The adjoint of [`spread`].
fn collect(blocks: &Blocks, pixels: &[f32]) -> Vec<f32> {
    let mut nodes = vec![0.0; blocks.nodes()];
    let mut patch = Vec::new();
    for (block, pixels) in pixels.chunks_exact(TILE).enumerate() {
        patch.resize(blocks.patch(block), 0.0);
        blocks.adjoint(pixels, block, 1.0, &mut patch);
        blocks.gather(&patch, block, &mut nodes);
    }
    nodes
}

/// The coefficients whose grid is nearest to `pixels`, by conjugate gradients on the normal equations.
fn least_squares(blocks: &Blocks, pixels: &[f32], scale: u8) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    let ridge = RIDGE * (1_u64 << (2 * scale)) as f32;
    let mut residual = collect(blocks, pixels);
    let mut direction = residual.clone();
    let mut coefficients = vec![0.0; residual.len()];
    let mut square = dot(&residual, &residual);
    for _ in 0..ITERATIONS {
        let mut image = collect(blocks, &spread(blocks, &direction));
        for (image, direction) in image.iter_mut().zip(&direction) {
            *image += ridge * direction;
        }
        let step = (square / dot(&direction, &image).max(1e-30)) as f32;
        for (coefficient, direction) in coefficients.iter_mut().zip(&direction) {
            *coefficient += step * direction;
        }
        for (residual, image) in residual.iter_mut().zip(&image) {
            *residual -= step * image;
        }
        let next = dot(&residual, &residual);
        let share = (next / square.max(1e-30)) as f32;
        square = next;
        for (direction, residual) in direction.iter_mut().zip(&residual) {
            *direction = residual + share * *direction;
        }
    }
    coefficients
}

impl Analysis {
    /// The lambda at which latents are expected to take the bits of the plan, by halving.
    fn lambda(&self, plan: &LatentPlan) -> f64 {
        let Some(bits) = plan.latent_bits() else {
            let super::Aim::Psnr(psnr) = plan.aim else {
                return plan.lambda;
            };
            // The slope of photographs at that quality, about.
            return (-psnr / 10.0 * 10.0_f64.ln()).exp() * 2.0;
        };
        let (mut low, mut high) = (1e-7_f64, 1.0_f64);
        for _ in 0..30 {
            let middle = (low * high).sqrt();
            let lambda = middle;
            let plan = LatentPlan {
                lambda,
                ..plan.clone()
            };
            if self.bits(&plan) > bits {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low * high).sqrt()
    }

    /// About the bits that these coefficients take after a fit with the steps of `plan`.
    pub(super) fn bits(&self, plan: &LatentPlan) -> f64 {
        let grids = plan.series().into_iter().zip(&self.0);
        let bits = grids.map(|(grid, coefficients)| {
            let step = step_size(grid.step);
            let bits = |&c: &f32| f64::from((c / step).powi(2)).ln_1p() * 5.0;
            coefficients.iter().map(bits).sum::<f64>()
        });
        bits.sum()
    }
}

/// A number from -1/2 to 1/2 that looks random, for each pair.
fn noise(a: u32, b: u32) -> f32 {
    (hash(a, b) >> 8) as f32 / 16_777_216.0 - 0.5
}

/// The network that gives colours.
///
/// # Errors
/// None for plans of a picture.
pub(super) fn colour_network(plan: &LatentPlan) -> Result<Network, Error> {
    let components = plan.components();
    let inputs = components.len();
    let shape = Architecture {
        inputs,
        hidden: vec![plan.hidden],
        outputs: plan.channels,
        omega_first: OMEGA,
        omega_hidden: OMEGA,
        activation: Activation::Sine,
        frequencies: 0,
    };
    if let Some(prior) = plan.prior()? {
        let [mut hidden, mut output] = [
            Layer::zeros(plan.hidden, inputs),
            Layer::zeros(plan.channels, plan.hidden),
        ];
        let tensors = hidden.tensors_mut().into_iter().chain(output.tensors_mut());
        for (values, numbers) in tensors.zip(prior) {
            for (value, number) in values.iter_mut().zip(numbers) {
                *value = differing(number, 0, 0);
            }
        }
        return Network::from_layers(&shape, vec![hidden, output]);
    }
    let random = |seed: u32, index: usize| noise(index as u32, seed ^ plan.seed as u32);
    let mut hidden = Layer::zeros(plan.hidden, inputs);
    for (index, weight) in hidden.weights.iter_mut().enumerate() {
        *weight = 4.0 * RANDOM * random(77, index);
    }
    for (index, bias) in hidden.bias.iter_mut().enumerate() {
        *bias = 2.0 * RANDOM * random(99, index) / OMEGA;
    }
    let mut output = Layer::zeros(plan.channels, plan.hidden);
    for (index, weight) in output.weights.iter_mut().enumerate() {
        *weight = 0.4 * RANDOM * random(78, index) / (plan.hidden as f32).sqrt();
    }
    for component in 0..plan.channels.min(plan.hidden) {
        hidden.bias[component] = 0.0;
        let grids = hidden.weights.row_mut(component);
        for (weight, &of) in grids.into_iter().zip(&components) {
            *weight = f32::from(u8::from(of == component)) * SLOPE / OMEGA;
        }
        let channels = output.weights.column_mut(component);
        for (weight, mix) in channels.into_iter().zip(mix(plan.channels, component)) {
            *weight = mix / SLOPE;
        }
    }
    Network::from_layers(&shape, vec![hidden, output])
}
