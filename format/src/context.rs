//! The context network: from the latents that are known to the probabilities of the next one (SPEC 5.4.3).
//!
//! It is a small perceptron of integers with two hidden layers of rectified units. Weights count 1/256, inputs and
//! activations 1/64, and sums 1/16,384. With the ranges that SPEC 5.4.1 gives, no sum leaves 32 bits, not even a part
//! of one, so that every machine computes the same in whatever order it adds.

use crate::laplace::{QuantizedLaplace, UNIT};
use crate::levels::LEVEL_MAX;
use crate::{ContextNetwork, Fault, Grids, Tensor};
use std::sync::LazyLock;

/// Latents of the same grid that a context sees, as (columns to the right, rows down): the twelve nearest that come
/// before it.
pub const NEIGHBOURS: [(i32, i32); 12] = [
    (-1, 0),
    (0, -1),
    (-1, -1),
    (1, -1),
    (-2, 0),
    (0, -2),
    (-2, -1),
    (2, -1),
    (-1, -2),
    (1, -2),
    (-2, -2),
    (2, -2),
];
/// Latents of the grid before that a context sees: three rows of three.
pub const PARENTS: usize = 9;
/// Inputs of the context network: neighbours, parents, and the scale of the grid.
pub const CONTEXT_INPUTS: usize = NEIGHBOURS.len() + PARENTS + 1;
/// Outputs of the context network: mean, and logarithm of the scale.
const OUTPUTS: usize = 2;

/// The largest magnitude that a context sees of a latent.
pub const CONTEXT_MAX: i32 = 127;
/// The scale at which its input is 0.
pub const SCALE_ORIGIN: i32 = 3;
/// The most neurons of a hidden layer.
pub(crate) const WIDTH_MAX: u8 = 32;
/// The largest magnitude of a weight and of a bias, and the largest activation: (32 * 2^14 * 2^11) + 2^28 < 2^31.
const WEIGHT_MAX: i32 = 1 << 11;
const BIAS_MAX: i32 = 1 << 28;
const ACTIVATION_MAX: i32 = (1 << 14) - 1;
/// The largest magnitude of a mean.
const MEAN_MAX: i32 = 1 << 14;
/// The largest step codes of weights and of biases.
pub(crate) const STEPS_MAX: [u8; 2] = [8, 16];

/// Widths of the hidden layers of the prior of context networks.
pub(crate) const PRIOR_WIDTHS: [u8; 2] = [32, 16];
/// The bytes of that prior (SPEC 5.4.5).
const PRIOR: &[u8] = include_bytes!("context_prior.bin");

/// The numbers of the prior of context networks, for each layer W row by row and b, in the units of SPEC 5.4.1.
#[must_use]
pub fn context_prior() -> &'static [Vec<i32>] {
    static NUMBERS: LazyLock<Vec<Vec<i32>>> = LazyLock::new(|| {
        layer_numbers(&layers(PRIOR_WIDTHS), PRIOR)
            .expect("the bytes that ship with the crate, which tests read")
    });
    &NUMBERS
}

/// Reads the numbers of a context network whose layers have these numbers of inputs and outputs: for each its weights row by
/// row, two bytes each, then its biases, four bytes each.
///
/// # Errors
/// As those of [`numbers`].
pub(crate) fn layer_numbers(
    shapes: &[(usize, usize); 3],
    bytes: &[u8],
) -> Result<Vec<Vec<i32>>, Fault> {
    let counts = shapes
        .iter()
        .flat_map(|&(inputs, outputs)| [(inputs * outputs, 2), (outputs, 4)]);
    numbers(counts, bytes)
}

/// Reads the numbers of tensors that have these counts of numbers, of two or four bytes each, little-endian.
///
/// # Errors
/// [`Fault::ContextCount`] if there are more or fewer numbers.
pub(crate) fn numbers(
    counts: impl IntoIterator<Item = (usize, usize)>,
    bytes: &[u8],
) -> Result<Vec<Vec<i32>>, Fault> {
    let mut tensors = Vec::new();
    let mut rest = bytes;
    for (count, width) in counts {
        let (these, others) = rest
            .split_at_checked(count * width)
            .ok_or(Fault::ContextCount)?;
        let number = |bytes: &[u8]| match *bytes {
            [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
            [a, b] => i16::from_le_bytes([a, b]).into(),
            _ => 0,
        };
        tensors.push(these.chunks_exact(width).map(number).collect());
        rest = others;
    }
    if rest.is_empty() {
        Ok(tensors)
    } else {
        Err(Fault::ContextCount)
    }
}

/// Numbers of inputs and of outputs of each layer of a context network whose hidden layers have these widths.
pub(crate) fn layers(widths: [u8; 2]) -> [(usize, usize); 3] {
    let [first, second] = widths.map(usize::from);
    [(CONTEXT_INPUTS, first), (first, second), (second, OUTPUTS)]
}

/// The most inputs and outputs that a layer has, those of the first layer rounded up.
const ROOM: usize = WIDTH_MAX as usize;
/// Outputs whose sums are one vector of any processor.
const LANES: usize = 4;

/// Inputs of a layer in units of 1/64, and zeros.
pub(crate) type Inputs = [i16; ROOM];
/// Sums of biases and of some products of a layer, and zeros.
pub(crate) type Sums = [i32; ROOM];
/// Neighbours, which are the first inputs.
pub(crate) type Near = [i16; NEIGHBOURS.len()];

/// The context network of a file.
#[derive(Clone, Debug)]
pub(crate) struct Context([Layer; 3]);

/// One layer.
#[derive(Clone, Debug)]
struct Layer {
    /// For every two inputs the weights of both for each output, [`LANES`] outputs at once: two products of 16 bits and their
    /// sum are one instruction, and inputs of zero cost nothing.
    weights: Vec<[[i16; 2]; LANES]>,
    /// How many times [`LANES`] outputs there are.
    vectors: usize,
    biases: Sums,
}

impl Context {
    /// The network of `tensors`: W and b of each layer, row by row, whose step codes are exponents of two.
    ///
    /// # Errors
    /// [`Fault::ContextCount`] if they have not the numbers that `grids` calls for, [`Fault::ContextRange`] if one of
    /// them is out of range.
    pub(crate) fn new(grids: &Grids, tensors: &[Tensor]) -> Result<Self, Fault> {
        let numbers: Result<Vec<_>, _> = tensors
            .iter()
            .zip(STEPS_MAX.into_iter().cycle())
            .map(|(tensor, most)| scaled(tensor, most))
            .collect();
        let mut numbers = numbers?;
        if grids.context == ContextNetwork::Prior {
            for (numbers, prior) in numbers.iter_mut().zip(context_prior()) {
                for (number, prior) in numbers.iter_mut().zip(prior) {
                    *number = number.checked_add(*prior).ok_or(Fault::ContextRange)?;
                }
            }
        }
        Self::of_numbers(layers(grids.context.widths()), &numbers)
    }

    /// The network whose layers have these numbers of inputs and outputs, at most [`WIDTH_MAX`] each, and these weights
    /// and biases in turn.
    ///
    /// # Errors
    /// As those of [`Context::new`].
    pub(crate) fn of_numbers(
        shapes: [(usize, usize); 3],
        numbers: &[Vec<i32>],
    ) -> Result<Self, Fault> {
        let counts = shapes
            .iter()
            .flat_map(|&(inputs, outputs)| [inputs * outputs, outputs]);
        if !numbers.iter().map(Vec::len).eq(counts) {
            return Err(Fault::ContextCount);
        }
        let layer = |index: usize| {
            let [weights, biases] = [&numbers[2 * index], &numbers[2 * index + 1]];
            let within = |numbers: &[i32], most: i32| {
                numbers
                    .iter()
                    .all(|&number| number.unsigned_abs() <= most.unsigned_abs())
            };
            if !within(weights, WEIGHT_MAX) || !within(biases, BIAS_MAX) {
                return Err(Fault::ContextRange);
            }
            Ok(Layer::new(shapes[index].0, weights, biases))
        };
        Ok(Self([layer(0)?, layer(1)?, layer(2)?]))
    }

    /// The distribution of the latent that has these inputs.
    pub(crate) fn model(&self, known: &[i16]) -> QuantizedLaplace {
        let mut inputs = Inputs::default();
        inputs[..known.len()].copy_from_slice(known);
        self.distribution(&self.sums(&inputs))
    }

    /// The sums of the first layer for these inputs, with zeros behind them.
    pub(crate) fn sums(&self, inputs: &Inputs) -> Sums {
        let [first, ..] = &self.0;
        first.sums(inputs)
    }

    /// The sums of the first layer with these neighbours beside the other inputs, of which `sums` are.
    pub(crate) fn with_near(&self, sums: &Sums, near: &Near) -> Sums {
        let [first, ..] = &self.0;
        let mut sums = *sums;
        first.add(near, &mut sums);
        sums
    }

    /// The distribution of the latent for which the first layer has these sums.
    pub(crate) fn distribution(&self, sums: &Sums) -> QuantizedLaplace {
        let [_, second, last] = &self.0;
        let [mean, scale, ..] = last.sums(&rectified(&second.sums(&rectified(sums))));
        let [mean, scale] = [mean, scale].map(rounded);
        QuantizedLaplace::new(mean.clamp(-MEAN_MAX, MEAN_MAX), scale)
    }
}

impl Layer {
    /// A layer with so many `inputs`, of its weights row by row.
    fn new(inputs: usize, weights: &[i32], biases: &[i32]) -> Self {
        // The numbers of vectors for which there is code.
        let vectors = match biases.len().div_ceil(LANES) {
            0..=1 => 1,
            2..=4 => 4,
            _ => ROOM / LANES,
        };
        let mut layer = Self {
            weights: vec![[[0; 2]; LANES]; inputs.div_ceil(2) * vectors],
            vectors,
            biases: Sums::default(),
        };
        layer.biases[..biases.len()].copy_from_slice(biases);
        for (output, row) in weights.chunks_exact(inputs).enumerate() {
            for (input, &weight) in row.iter().enumerate() {
                let vector = input / 2 * vectors + output / LANES;
                layer.weights[vector][output % LANES][input % 2] = weight as i16;
            }
        }
        layer
    }

    /// Biases plus products; 0 where there is no neuron.
    fn sums(&self, inputs: &Inputs) -> Sums {
        let mut sums = self.biases;
        self.add(inputs, &mut sums);
        sums
    }

    /// Adds the products of the first inputs.
    fn add(&self, inputs: &[i16], sums: &mut Sums) {
        match self.vectors {
            1 => add::<1>(&self.weights, inputs, sums),
            4 => add::<4>(&self.weights, inputs, sums),
            _ => add::<{ ROOM / LANES }>(&self.weights, inputs, sums),
        }
    }
}

/// [`Layer::add`] for a number of vectors that the compiler knows, so that it keeps the sums in registers. No sum overflows,
/// and without checks of it they become those of vectors.
fn add<const VECTORS: usize>(weights: &[[[i16; 2]; LANES]], inputs: &[i16], sums: &mut Sums) {
    let (sums, _) = sums.as_chunks_mut::<LANES>();
    let Some(sums) = sums.first_chunk_mut::<VECTORS>() else {
        return;
    };
    let mut all = *sums;
    let pairs = inputs.as_chunks::<2>().0;
    for (weights, &[a, b]) in weights.as_chunks::<VECTORS>().0.iter().zip(pairs) {
        if a | b == 0 {
            continue;
        }
        let (a, b) = (i32::from(a), i32::from(b));
        for (sums, weights) in all.iter_mut().zip(weights) {
            for (sum, &[v, w]) in sums.iter_mut().zip(weights) {
                let products = i32::from(v)
                    .wrapping_mul(a)
                    .wrapping_add(i32::from(w).wrapping_mul(b));
                *sum = sum.wrapping_add(products);
            }
        }
    }
    *sums = all;
}

/// A sum in units of 1/64.
fn rounded(sum: i32) -> i32 {
    (sum + 128) >> 8
}

/// Sums as activations: what is negative becomes 0.
fn rectified(sums: &Sums) -> Inputs {
    sums.map(|sum| rounded(sum).clamp(0, ACTIVATION_MAX) as i16)
}

/// The levels of a tensor times two to the power of its step code, which is at most `step`.
fn scaled(tensor: &Tensor, step: u8) -> Result<Vec<i32>, Fault> {
    if tensor.step > step {
        return Err(Fault::ContextRange);
    }
    let scaled = |&level: &i32| {
        let value = i64::from(level) << tensor.step;
        let kept = level.unsigned_abs() <= LEVEL_MAX.unsigned_abs();
        let value = i32::try_from(value).ok().filter(|_| kept);
        value.ok_or(Fault::ContextRange)
    };
    tensor.levels.iter().map(scaled).collect()
}

/// What a latent of any size is to the contexts that see it, in units of 1/64.
pub(crate) fn seen(level: i16) -> i16 {
    let most = CONTEXT_MAX as i16;
    level.clamp(-most, most) * UNIT as i16
}
