//! The backward pass: the gradient of a loss with respect to all parameters.

use super::super::kernel::{
    Panels, TILE, activate, activate_adjoint, adjoint_weights, affine, row_sums,
};
use super::super::simd;
use super::{Architecture, Layer, Network, Objective, Order, Packed, complete};
use fearless_simd::{Level, Simd, dispatch};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// Loss and its gradient with respect to all parameters, over batches of any size, on the CPU.
///
/// Memory grows with the network and the number of threads, not with the batch, and a call allocates
/// nothing once the largest batch has been seen.
///
#[doc = include_str!("derivation.md")]
pub struct Differentiator {
    level: Level,
    inputs: usize,
    order: Order,
    /// Number of first layers that are not trained.
    frozen: usize,
    layers: Vec<Packed>,
    /// Transposed weights of every layer, for the adjoint of its inputs; the first one serves only objectives that
    /// continue.
    backward: Vec<Panels>,
    /// One per thread; a thread locks its own only.
    scratch: Vec<Mutex<Scratch>>,
    /// Partial gradients, each of a fixed share of the tiles, summed in order.
    shares: Vec<Share>,
}

struct Share {
    loss: f64,
    gradient: Vec<Layer>,
}

struct Scratch {
    known: Vec<f32>,
    /// Inputs of every layer: the coordinates, then the activations.
    inputs: Vec<Vec<f32>>,
    /// Pre-activations of every hidden layer, their values replaced by the activation's derivative.
    slopes: Vec<Vec<f32>>,
    outputs: Vec<f32>,
    adjoint: Vec<f32>,
    next_adjoint: Vec<f32>,
}

impl Scratch {
    fn new(shape: &Architecture, knowns: usize, order: Order) -> Self {
        let rows = |rows: usize| vec![0.0; order.components(shape.inputs) * rows * TILE];
        let hidden = shape.layers().count() - 1;
        let widest = shape
            .layers()
            .map(|(outputs, inputs)| outputs.max(inputs))
            .max()
            .unwrap_or(0);
        Self {
            known: vec![0.0; knowns * TILE],
            inputs: shape.layers().map(|(_, inputs)| rows(inputs)).collect(),
            slopes: shape
                .layers()
                .take(hidden)
                .map(|(outputs, _)| rows(outputs))
                .collect(),
            outputs: rows(shape.outputs),
            adjoint: rows(widest),
            next_adjoint: rows(widest),
        }
    }
}

/// Most partial gradients: bounds the memory they take and the time to sum them.
const SHARES: usize = 64;
/// Fewest tiles in a share that is not the only one.
const TILES_PER_SHARE: usize = 4;

impl Differentiator {
    /// For networks of `shape` and batches of objectives like `objective`, run by as many threads as the
    /// current rayon pool has.
    pub fn new(shape: &Architecture, objective: &dyn Objective) -> Self {
        Self::with_level(shape, objective, simd::level().1)
    }

    pub(crate) fn with_level(
        shape: &Architecture,
        objective: &dyn Objective,
        level: Level,
    ) -> Self {
        let threads = rayon::current_num_threads();
        let (knowns, order) = (objective.knowns(), objective.order());
        Self {
            level,
            inputs: shape.inputs,
            order,
            frozen: shape.frozen(),
            layers: Packed::new(shape),
            backward: shape.layers().map(|(o, i)| Panels::new(i, o)).collect(),
            scratch: (0..threads)
                .map(|_| Mutex::new(Scratch::new(shape, knowns, order)))
                .collect(),
            shares: Vec::new(),
        }
    }

    /// Leaves the gradients of this number of first layers zero: they are not trained.
    pub(crate) fn with_frozen(self, frozen: usize) -> Self {
        Self { frozen, ..self }
    }

    /// The mean loss over a range of the stream, the gradient of that mean written to `gradient`.
    ///
    /// The sums run over a fixed division of the batch, so the result is the same to the bit for any
    /// number of threads.
    pub fn gradient(
        &mut self,
        network: &Network,
        objective: &dyn Objective,
        range: Range<u64>,
        gradient: &mut [Layer],
    ) -> f64 {
        for (packed, layer) in self.layers.iter_mut().zip(network.layers()) {
            packed.pack(layer);
        }
        let last = if objective.continues() {
            0
        } else {
            self.frozen + 1
        };
        let packed = self.layers.iter().zip(network.layers());
        for (panels, (packed, layer)) in self.backward.iter_mut().zip(packed).skip(last) {
            panels.pack(layer.weights.t(), packed.omega);
        }

        let points = range.end - range.start;
        let tiles = points.div_ceil(TILE as u64);
        let number = (tiles as usize / TILES_PER_SHARE).clamp(1, SHARES);
        let empty = || Share {
            loss: 0.0,
            gradient: network
                .layers()
                .iter()
                .map(|layer| Layer::zeros(layer.bias.len(), layer.weights.ncols()))
                .collect(),
        };
        if self.shares.len() < number {
            self.shares.resize_with(number, empty);
        }
        let (level, scratch) = (self.level, &self.scratch);
        let engine = Engine {
            inputs: self.inputs,
            order: self.order,
            frozen: self.frozen,
            layers: &self.layers,
            backward: &self.backward,
            objective,
        };
        self.shares[..number]
            .par_iter_mut()
            .enumerate()
            .for_each(|(index, share)| {
                share.clear();
                // Threads outside the pool this was made in share the scratch there is.
                let thread = rayon::current_thread_index().unwrap_or(0) % scratch.len();
                let mut scratch = scratch[thread]
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                let bound = |index: usize| index as u64 * tiles / number as u64;
                for tile in bound(index)..bound(index + 1) {
                    let first = tile * TILE as u64;
                    let count = (points - first).min(TILE as u64) as usize;
                    dispatch!(level, simd => engine.tile(
                        simd, range.start + first, count, &mut scratch, share
                    ));
                }
            });

        for (index, sum) in gradient.iter_mut().enumerate() {
            // The kernels differentiate by omega W, and sum over points.
            let scale = self.layers[index].omega / points as f32;
            sum.weights.fill(0.0);
            sum.bias.fill(0.0);
            for share in &self.shares[..number] {
                sum.weights
                    .scaled_add(scale, &share.gradient[index].weights);
                sum.bias.scaled_add(scale, &share.gradient[index].bias);
            }
        }
        self.shares[..number]
            .iter()
            .map(|share| share.loss)
            .sum::<f64>()
            / points as f64
    }
}

impl Share {
    fn clear(&mut self) {
        self.loss = 0.0;
        for layer in &mut self.gradient {
            layer.weights.fill(0.0);
            layer.bias.fill(0.0);
        }
    }
}

/// The passes that a tile goes through.
#[derive(Clone, Copy)]
struct Engine<'a> {
    inputs: usize,
    order: Order,
    frozen: usize,
    layers: &'a [Packed],
    backward: &'a [Panels],
    objective: &'a dyn Objective,
}

impl Engine<'_> {
    /// One tile forward and backward, added to `share`. Follows `derivation.md`.
    #[inline(always)]
    fn tile<S: Simd>(
        &self,
        simd: S,
        first: u64,
        count: usize,
        scratch: &mut Scratch,
        share: &mut Share,
    ) {
        self.forward(simd, first, count, scratch);
        let adjoint = &mut scratch.adjoint[..scratch.outputs.len()];
        share.loss += self
            .objective
            .loss(first, count, &scratch.known, &scratch.outputs, adjoint);
        self.backward(simd, first, count, scratch, share);
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, first: u64, count: usize, scratch: &mut Scratch) {
        let Scratch {
            known,
            inputs,
            slopes,
            outputs,
            ..
        } = scratch;
        self.objective
            .draw(first, count, &mut inputs[0][..self.inputs * TILE], known);
        complete(&mut inputs[0], self.inputs, self.order);
        for (index, layer) in self.layers.iter().enumerate() {
            let (x, activations) = inputs[index..].split_at_mut(1);
            match (layer.activation, activations.first_mut()) {
                (Some(activation), Some(a)) => {
                    let z = &mut slopes[index];
                    layer.affine(simd, &x[0], z);
                    activate(simd, activation, self.order, self.inputs, z, a);
                }
                _ => layer.affine(simd, &x[0], outputs),
            }
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(
        &self,
        simd: S,
        first: u64,
        count: usize,
        scratch: &mut Scratch,
        share: &mut Share,
    ) {
        let Scratch {
            inputs,
            slopes,
            adjoint,
            next_adjoint,
            ..
        } = scratch;
        let components = self.order.components(self.inputs);
        let last = if self.objective.continues() {
            0
        } else {
            self.frozen
        };
        for index in (last..self.layers.len()).rev() {
            let rows = self.layers[index].forward.rows() * TILE;
            let columns = self.layers[index].forward.columns() * TILE;
            let dz = &adjoint[..components * rows];
            let layer = &mut share.gradient[index];
            if index >= self.frozen
                && let (Some(weights), Some(bias)) =
                    (layer.weights.as_slice_mut(), layer.bias.as_slice_mut())
            {
                let pairs = dz
                    .chunks_exact(rows)
                    .zip(inputs[index].chunks_exact(columns));
                for (dz, x) in pairs {
                    adjoint_weights(simd, dz, x, weights);
                }
                row_sums(simd, &dz[..rows], bias);
            }
            if index == 0 {
                // Of the coordinates only the values depend on parameters: their derivatives are constant.
                if self.objective.continues() {
                    let dx = &mut next_adjoint[..columns];
                    affine(simd, &self.backward[0], &[], &dz[..rows], dx);
                    self.objective.backward(first, count, dx);
                }
                break;
            }
            if index == last {
                break;
            }
            let below = index - 1;
            let dx = &mut next_adjoint[..components * columns];
            for (dz, dx) in dz.chunks_exact(rows).zip(dx.chunks_exact_mut(columns)) {
                affine(simd, &self.backward[index], &[], dz, dx);
            }
            if let Some(activation) = self.layers[below].activation {
                let (z, a) = (&slopes[below], &inputs[index]);
                activate_adjoint(simd, activation, self.order, self.inputs, z, a, dx);
            }
            std::mem::swap(adjoint, next_adjoint);
        }
    }
}
