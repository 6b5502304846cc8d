use super::{Layer, Network, Packed, Shape};
use crate::kernel::{Panels, TILE, adjoint_weights, affine, multiply_rows, row_sums, sine_rows};
use crate::simd;
use fearless_simd::{Level, Simd, dispatch};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// An endless stream of points, and a loss on the network's outputs there: the side of a task that
/// the engine sees. A batch is a range of the stream.
///
/// Data comes in rows of [`TILE`] floats, one per coordinate, known value or output; only the first
/// `count` of each row are used.
pub trait Objective: Sync {
    /// Values known at each point (colours, weights), drawn with its coordinates.
    fn knowns(&self) -> usize;

    /// Writes coordinates and known values of the points `first .. first + count` of the stream.
    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]);

    /// Adds up the loss of `count` points and writes its derivative by each output to `adjoint`
    /// (zero beyond `count`).
    fn loss(&self, count: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64;
}

/// Loss and its gradient with respect to all parameters, over batches of any size.
///
/// Memory grows with the network and the number of threads, not with the batch, and a call allocates
/// nothing once the largest batch has been seen.
pub struct Differentiator {
    level: Level,
    layers: Vec<Packed>,
    /// Transposed weights of every layer but the first, for the adjoint of its inputs.
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
    /// Inputs of every layer: the coordinates, then the sines.
    inputs: Vec<Vec<f32>>,
    /// Pre-activations of every hidden layer, replaced by their cosines.
    cosines: Vec<Vec<f32>>,
    outputs: Vec<f32>,
    adjoint: Vec<f32>,
    next_adjoint: Vec<f32>,
}

impl Scratch {
    fn new(shape: &Shape, knowns: usize) -> Self {
        let rows = |rows: usize| vec![0.0; rows * TILE];
        let widest = shape
            .layers()
            .map(|(outputs, _)| outputs)
            .max()
            .unwrap_or(0);
        Self {
            known: rows(knowns),
            inputs: shape.layers().map(|(_, inputs)| rows(inputs)).collect(),
            cosines: shape.hidden.iter().map(|&width| rows(width)).collect(),
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
    /// For networks of `shape` and batches with `knowns` known values per point, run by as many
    /// threads as the current rayon pool has.
    pub fn new(shape: &Shape, knowns: usize) -> Self {
        Self::with_level(shape, knowns, simd::level().1)
    }

    pub(crate) fn with_level(shape: &Shape, knowns: usize, level: Level) -> Self {
        let threads = rayon::current_num_threads();
        Self {
            level,
            layers: Packed::new(shape),
            backward: shape
                .layers()
                .skip(1)
                .map(|(o, i)| Panels::new(i, o))
                .collect(),
            scratch: (0..threads)
                .map(|_| Mutex::new(Scratch::new(shape, knowns)))
                .collect(),
            shares: Vec::new(),
        }
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
        for (index, panels) in self.backward.iter_mut().enumerate() {
            let layer = index + 1;
            panels.pack(
                network.layers()[layer].weights.t(),
                self.layers[layer].omega,
            );
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
        let (level, layers, backward) = (self.level, &self.layers, &self.backward);
        let scratch = &self.scratch;
        self.shares[..number].par_iter_mut().enumerate().for_each(|(index, share)| {
            share.clear();
            // Threads outside the pool this was made in share the scratch there is.
            let thread = rayon::current_thread_index().unwrap_or(0) % scratch.len();
            let mut scratch = scratch[thread].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let bound = |index: usize| index as u64 * tiles / number as u64;
            for tile in bound(index)..bound(index + 1) {
                let first = tile * TILE as u64;
                let count = (points - first).min(TILE as u64) as usize;
                dispatch!(level, simd => tile_gradient(
                    simd, layers, backward, objective, range.start + first, count, &mut scratch, share
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

/// One tile forward and backward, added to `share`. Follows `derivation.md`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "everything a tile needs, passed by the dispatch"
)]
fn tile_gradient<S: Simd>(
    simd: S,
    layers: &[Packed],
    backward: &[Panels],
    objective: &dyn Objective,
    first: u64,
    count: usize,
    scratch: &mut Scratch,
    share: &mut Share,
) {
    let Scratch {
        known,
        inputs,
        cosines,
        outputs,
        adjoint,
        next_adjoint,
    } = scratch;
    let last = layers.len() - 1;
    objective.draw(first, count, &mut inputs[0], known);
    for (index, layer) in layers[..last].iter().enumerate() {
        let (x, sines) = inputs[index..].split_at_mut(1);
        affine(
            simd,
            &layer.forward,
            &layer.bias,
            &x[0],
            &mut cosines[index],
        );
        sine_rows(simd, &mut cosines[index], &mut sines[0]);
    }
    affine(
        simd,
        &layers[last].forward,
        &layers[last].bias,
        &inputs[last],
        outputs,
    );

    share.loss += objective.loss(count, known, outputs, &mut adjoint[..outputs.len()]);
    for index in (0..=last).rev() {
        let dz = &adjoint[..layers[index].forward.rows() * TILE];
        let layer = &mut share.gradient[index];
        if let (Some(weights), Some(bias)) =
            (layer.weights.as_slice_mut(), layer.bias.as_slice_mut())
        {
            adjoint_weights(simd, dz, &inputs[index], weights);
            row_sums(simd, dz, bias);
        }
        if index > 0 {
            let dx = &mut next_adjoint[..inputs[index].len()];
            affine(simd, &backward[index - 1], &[], dz, dx);
            multiply_rows(simd, dx, &cosines[index - 1]);
            std::mem::swap(adjoint, next_adjoint);
        }
    }
}
