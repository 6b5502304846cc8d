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

/// The most inputs that a layer has: those of the first layer are fewer.
const ROOM: usize = WIDTH_MAX as usize;
/// Rows of weights end with zeros up to a multiple of this, so that their products need no other loop than that of
/// vectors: 8 products of 16 bits are one instruction of any processor.
const LANES: usize = 8;

/// Inputs of a layer in units of 1/64, and zeros.
pub(crate) type Inputs = [i16; ROOM];

/// The context network of a file.
#[derive(Clone, Debug)]
pub(crate) struct Context([Layer; 3]);

/// One layer.
#[derive(Clone, Debug)]
struct Layer {
    /// Numbers in a row of weights.
    row: usize,
    weights: Vec<i16>,
    biases: Vec<i32>,
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
            let inputs = shapes[index].0;
            let row = inputs.next_multiple_of(LANES);
            let mut padded = vec![0; row * biases.len()];
            for (to, from) in padded
                .chunks_exact_mut(row)
                .zip(weights.chunks_exact(inputs))
            {
                let numbers = to.iter_mut().zip(from);
                numbers.for_each(|(to, &from)| *to = from as i16);
            }
            Ok(Layer {
                row,
                weights: padded,
                biases: biases.clone(),
            })
        };
        Ok(Self([layer(0)?, layer(1)?, layer(2)?]))
    }

    /// The distribution of the latent that has these inputs.
    pub(crate) fn model(&self, known: &[i16]) -> QuantizedLaplace {
        let mut inputs = Inputs::default();
        inputs[..known.len()].copy_from_slice(known);
        self.distribution(&inputs)
    }

    /// The distribution of the latent that has these inputs, with zeros behind them.
    pub(crate) fn distribution(&self, inputs: &Inputs) -> QuantizedLaplace {
        let [first, second, last] = &self.0;
        let [mean, scale] = last.outputs(&second.rectified(&first.rectified(inputs)));
        QuantizedLaplace::new(mean.clamp(-MEAN_MAX, MEAN_MAX), scale)
    }
}

impl Layer {
    /// Biases plus products, rounded to units of 1/64; 0 where there is no neuron.
    fn outputs<const COUNT: usize>(&self, inputs: &Inputs) -> [i32; COUNT] {
        let mut outputs = [0; COUNT];
        let rows = self.weights.chunks_exact(self.row).zip(&self.biases);
        for (output, (weights, &bias)) in outputs.iter_mut().zip(rows) {
            let products = weights.iter().zip(&inputs[..self.row]);
            // No sum overflows, and without checks of it they become those of vectors.
            let sum = products.fold(bias, |sum, (&weight, &input)| {
                sum.wrapping_add(i32::from(weight).wrapping_mul(input.into()))
            });
            *output = (sum + 128) >> 8;
        }
        outputs
    }

    /// The outputs as activations: what is negative becomes 0.
    fn rectified(&self, inputs: &Inputs) -> Inputs {
        self.outputs::<ROOM>(inputs)
            .map(|output| output.clamp(0, ACTIVATION_MAX) as i16)
    }
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
