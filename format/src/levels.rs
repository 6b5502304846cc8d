//! Weight coding 1: integer levels, entropy coded (SPEC 5.3).
//!
//! Levels of a trained network are close to Gaussian, tensor by tensor, and nothing in their neighbourhood
//! says more about them. So the model is parametric: a tensor has a scale, the standard deviation of its
//! levels, and each level is coded on its own. The scale is the writer's choice, the one that comes
//! cheapest.
//!
//! Steps and scales are what a file of a hundred bytes cannot hide, so they are coded as differences from
//! an expectation. It rests on one observation: the *spread* of the weights themselves, which is step times
//! scale, hardly changes from one hidden layer to the next, whatever the steps do; it is larger in the
//! first and the last layer by amounts that networks have in common. Steps grow slowly with depth. In the
//! 20 to 22 tensors of a photograph's file all steps and scales together take 136 to 154 bits.
//!
//! Where a file has several networks, those of a sound's segments, each tensor says what to expect of the same
//! one in the next network.
//!
//! The neurons of a hidden layer can stand in any order, and each can change its sign together with the
//! weights that read it, as the sine is odd: w! 2^w files would hold the same function. Only one of them may
//! be written, that with biases from 0 up, and what the order of w numbers and their signs would take is
//! saved: log2 w! + w bits, less what equal levels leave. That is 4 % of a file of 100 to 500 bytes, 2.2 % of one
//! of 4,000 and 1.4 % of one of 12,000.

use crate::gaussian::{Ascent, QuantizedGaussian, SCALE_MAX};
use crate::range::{Counter, Reader, Sink, Writer, log2};
use crate::{Fault, Header};

/// Unit of [`Tensor::step`]: it counts eighths of an octave.
pub const STEP_UNITS: i32 = 8;
/// Octave of step code 0: the step size is 2^(code / [`STEP_UNITS`] - [`STEP_ORIGIN`]).
pub const STEP_ORIGIN: i32 = 24;
/// The largest magnitude of a level.
pub const LEVEL_MAX: i32 = 1 << 22;

/// The most levels that a file may hold: 1 GiB of them.
const COUNT_MAX: u64 = 1 << 28;

/// The quantised weight matrix or biases of one layer (SPEC 5.3).
///
/// A parameter is its level times the step size 2^(step/8 - 24). This crate computes no such number; with
/// the eight constants 2^(i/8), a step size is one of them times a power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Code of the step size, in eighths of an octave: 104 is 2^-11.
    pub step: u8,
    /// The levels, a weight matrix row by row, from -[`LEVEL_MAX`] to [`LEVEL_MAX`].
    pub levels: Vec<i32>,
}

/// What is expected of a tensor before its own step and scale are known.
struct Expected {
    step: i32,
    /// Orders of the Golomb codes of the differences.
    orders: (u32, u32),
    spread: i32,
    /// Whether the levels ascend from 0: they are the biases of a hidden layer.
    ascending: bool,
}

/// What is known of a tensor: the step code, and the spread in eighths of an octave.
#[derive(Clone, Copy, Default)]
struct Known {
    step: i32,
    spread: i32,
}

/// What the tensors so far say about the next one.
struct Context {
    /// Tensors of a network.
    count: usize,
    /// The number of the next tensor in its network.
    index: usize,
    /// What is known of the last weight matrix.
    weights: Known,
    /// What is known of each tensor of the network before, as far as the next one, and from there on of
    /// this network's.
    networks: Vec<Known>,
    /// Whether the next tensor is of the first network.
    first: bool,
}

impl Context {
    fn new(header: &Header) -> Self {
        let count = 2 * header.layers().count();
        Self {
            count,
            index: 0,
            weights: Known::default(),
            networks: Vec::new(),
            first: true,
        }
    }

    /// What is expected of the next tensor.
    fn expected(&self) -> Expected {
        if self.first {
            return Expected::of(self.index, self.count, self.weights);
        }
        let Known { step, spread } = self.networks[self.index];
        Expected {
            step,
            orders: (0, 0),
            spread,
            ascending: ascending(self.index, self.count),
        }
    }

    /// Goes on to the next tensor, with what has become known of this one.
    fn advance(&mut self, known: Known) {
        if self.index.is_multiple_of(2) {
            self.weights = known;
        }
        if self.first {
            self.networks.push(known);
        } else {
            self.networks[self.index] = known;
        }
        self.index += 1;
        if self.index == self.count {
            (self.index, self.first) = (0, false);
        }
    }
}

impl Expected {
    /// Expects tensor `index` of `count` in the first network, where `weights` is the weight matrix before it.
    fn of(index: usize, count: usize, weights: Known) -> Self {
        let (step, orders, spread) = if index == 0 {
            (100, (4, 0), 202)
        } else if index % 2 == 1 {
            // Those of the first layer fill a period of its sines and no more.
            let first = if index == 1 { -24 } else { 0 };
            (weights.step - 5, (1, 1), weights.spread + 4 + first)
        } else {
            let second = if index == 2 { (-4, -32) } else { (0, 0) };
            let last = if index + 2 == count { (8, 16) } else { (0, 0) };
            (
                weights.step + 4 + second.0 + last.0,
                (1, 1),
                weights.spread + second.1 + last.1,
            )
        };
        Self {
            step,
            orders,
            spread,
            ascending: ascending(index, count),
        }
    }

    /// The scale that gives the expected spread with this step.
    fn scale(&self, step: i32) -> i32 {
        ((self.spread - step) >> 1).clamp(1, SCALE_MAX.into())
    }

    /// What is known once step and scale are. A tensor of zeros says nothing about its spread.
    fn known(&self, step: i32, scale: u8) -> Known {
        let spread = match scale {
            0 => self.spread,
            _ => step + 2 * i32::from(scale),
        };
        Known { step, spread }
    }
}

/// Whether tensor `index` of the `count` of a network holds the biases of a hidden layer.
fn ascending(index: usize, count: usize) -> bool {
    index % 2 == 1 && index + 1 < count
}

/// The ideal cost of each tensor, step and scale included, in 1/65,536 bit.
pub(crate) fn costs(tensors: &[Tensor], header: &Header) -> Result<Vec<u64>, Fault> {
    check(tensors, header)?;
    let mut context = Context::new(header);
    let cost = |tensor| {
        let mut counter = Counter(0);
        put_tensor(tensor, &mut context, &mut counter)?;
        Ok(counter.0)
    };
    tensors.iter().map(cost).collect()
}

pub(crate) fn write(tensors: &[Tensor], header: &Header) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer::new();
    check(tensors, header)?;
    let mut context = Context::new(header);
    for tensor in tensors {
        put_tensor(tensor, &mut context, &mut writer)?;
    }
    Ok(writer.finish())
}

/// The tensors, and what each of them takes of the payload, step and scale included, in 1/65,536 bit.
pub(crate) fn read(payload: &[u8], header: &Header) -> Result<(Vec<Tensor>, Vec<u64>), Fault> {
    if header.parameters() > COUNT_MAX {
        return Err(Fault::LevelCount);
    }
    let mut reader = Reader::new(payload);
    let mut context = Context::new(header);
    // Each takes bits of the payload, so there is no room to be made for all that the header promises.
    let (mut tensors, mut costs) = (Vec::new(), Vec::new());
    for length in lengths(header) {
        let before = reader.spent();
        let expected = context.expected();
        let step = expected.step + reader.signed(expected.orders.0)?;
        let code = u8::try_from(step).map_err(|_| Fault::LevelRange)?;
        let scale = expected.scale(step) + reader.signed(expected.orders.1)?;
        let scale = u8::try_from(scale)
            .ok()
            .filter(|&scale| scale <= SCALE_MAX)
            .ok_or(Fault::LevelRange)?;
        tensors.push(Tensor {
            step: code,
            levels: get_levels(&mut reader, length as usize, scale, expected.ascending)?,
        });
        context.advance(expected.known(step, scale));
        costs.push(reader.spent() - before);
    }
    reader.finish()?;
    Ok((tensors, costs))
}

/// Levels in each tensor, in the order of the file.
fn lengths(header: &Header) -> impl Iterator<Item = u64> + '_ {
    (0..header.networks()).flat_map(|_| {
        header.layers().flat_map(|(outputs, inputs)| {
            let outputs = u64::from(outputs);
            [outputs * u64::from(inputs), outputs]
        })
    })
}

fn check(tensors: &[Tensor], header: &Header) -> Result<(), Fault> {
    let given = tensors.iter().map(|tensor| tensor.levels.len() as u64);
    if !given.eq(lengths(header)) {
        return Err(Fault::WeightCount);
    }
    if header.parameters() > COUNT_MAX {
        return Err(Fault::LevelCount);
    }
    let mut levels = tensors.iter().flat_map(|tensor| &tensor.levels);
    if levels.any(|level| level.unsigned_abs() > LEVEL_MAX.unsigned_abs()) {
        return Err(Fault::LevelRange);
    }
    let count = 2 * header.layers().count();
    let biases = tensors.iter().enumerate();
    let mut biases = biases.filter(|(index, _)| ascending(index % count, count));
    if !biases.all(|(_, tensor)| ascend(&tensor.levels)) {
        return Err(Fault::NeuronOrder);
    }
    Ok(())
}

/// Whether levels ascend from 0.
fn ascend(levels: &[i32]) -> bool {
    levels.is_sorted() && levels.first().is_none_or(|&first| first >= 0)
}

/// Puts the next tensor.
fn put_tensor(
    Tensor { step, levels }: &Tensor,
    context: &mut Context,
    sink: &mut impl Sink,
) -> Result<(), Fault> {
    let expected = context.expected();
    let step = i32::from(*step);
    let scale = cheapest_scale(levels, |scale| {
        let mut counter = Counter(0);
        put_scaled(levels, scale, step, &expected, &mut counter).map(|()| counter.0)
    })?;
    sink.signed(step - expected.step, expected.orders.0)?;
    put_scaled(levels, scale, step, &expected, sink)?;
    context.advance(expected.known(step, scale));
    Ok(())
}

/// The scale under which the levels and the scale itself `cost` the fewest bits, among those near the
/// standard deviation. The fewer levels there are, the less it matters to them and the farther it may be.
pub(crate) fn cheapest_scale(
    levels: &[i32],
    cost: impl Fn(u8) -> Result<u64, Fault>,
) -> Result<u8, Fault> {
    let count = levels.len() as u64;
    let square = |&level: &i32| u64::from(level.unsigned_abs()).pow(2);
    let squares = levels.iter().map(square).fold(0, u64::saturating_add);
    // Twice the logarithm of the variance, plus 12: deviation 1 is scale code 12.
    let doubled = 2 * (log2(squares) as i64 - log2(count) as i64);
    let highest = i64::from(SCALE_MAX);
    let estimate = (12 + ((doubled + (1 << 15)) >> 16)).clamp(1, highest);
    // Rounding to integers blurs a deviation below 1.
    let blurred = if squares < count { 4 } else { 0 };
    let reach = 1 + blurred + (128 / count.max(1)).isqrt() as i64;

    let cost = |scale: i64| cost(scale as u8).map(|cost| (cost, scale));
    let mut lowest = (estimate - reach).max(1);
    let mut best = cost(lowest)?;
    for scale in lowest + 1..=(estimate + reach).min(highest) {
        best = best.min(cost(scale)?);
    }
    // A few outliers raise the deviation far above what suits the rest: go down for as long as it pays.
    while best.1 == lowest && lowest > 1 {
        lowest -= 1;
        best = best.min(cost(lowest)?);
    }
    if squares == 0 {
        best = best.min(cost(0)?);
    }
    Ok(best.1 as u8)
}

/// Puts a scale and the levels under it.
fn put_scaled(
    levels: &[i32],
    scale: u8,
    step: i32,
    expected: &Expected,
    sink: &mut impl Sink,
) -> Result<(), Fault> {
    sink.signed(i32::from(scale) - expected.scale(step), expected.orders.1)?;
    if scale == 0 {
        return Ok(());
    }
    let bell = QuantizedGaussian::new(scale);
    let mut ascent = Ascent::new(bell);
    let mut reached = 0;
    for (index, &level) in levels.iter().enumerate() {
        let symbol = symbol(level, bell);
        if expected.ascending {
            // From the last symbol up to this one: are all that remain larger?
            while reached < bell.end {
                let larger = symbol > reached;
                sink.put(larger, ascent.all_larger(reached, levels.len() - index))?;
                if !larger {
                    break;
                }
                reached += 1;
            }
        } else {
            sink.put(symbol, bell)?;
        }
        put_beyond(level, bell, sink)?;
    }
    Ok(())
}

/// The symbol of a level.
fn symbol(level: i32, bell: QuantizedGaussian) -> i32 {
    (shifted(level, bell) >> bell.low).clamp(-bell.end, bell.end)
}

/// A level moved up by half of what a symbol spans.
fn shifted(level: i32, bell: QuantizedGaussian) -> i32 {
    level + ((1 << bell.low) >> 1)
}

/// Puts a level.
pub(crate) fn put_level(
    level: i32,
    bell: QuantizedGaussian,
    sink: &mut impl Sink,
) -> Result<(), Fault> {
    sink.put(symbol(level, bell), bell)?;
    put_beyond(level, bell, sink)
}

/// Puts what the symbol of a level leaves open: its excess and its lower bits.
fn put_beyond(level: i32, bell: QuantizedGaussian, sink: &mut impl Sink) -> Result<(), Fault> {
    let (symbol, shifted) = (symbol(level, bell), shifted(level, bell));
    if symbol.abs() == bell.end {
        sink.golomb(((shifted >> bell.low) - symbol).unsigned_abs(), 0)?;
    }
    sink.bits((shifted & ((1 << bell.low) - 1)) as u32, bell.low)
}

/// Counterpart of [`put_level`].
pub(crate) fn get_level(bell: QuantizedGaussian, reader: &mut Reader<'_>) -> Result<i32, Fault> {
    let symbol = reader.get(bell)?;
    get_beyond(symbol, bell, reader)
}

/// The level of a symbol, with what [`put_beyond`] has put.
fn get_beyond(symbol: i32, bell: QuantizedGaussian, reader: &mut Reader<'_>) -> Result<i32, Fault> {
    let excess = if symbol.abs() == bell.end {
        i64::from(reader.golomb(0)?)
    } else {
        0
    };
    let high = i64::from(symbol) + excess * i64::from(symbol.signum());
    let half = i64::from((1 << bell.low) >> 1);
    let level = (high << bell.low) + i64::from(reader.bits(bell.low)?) - half;
    if level.abs() > LEVEL_MAX.into() {
        return Err(Fault::LevelRange);
    }
    Ok(level as i32)
}

/// Counterpart of [`put_scaled`], after the scale.
fn get_levels(
    reader: &mut Reader<'_>,
    count: usize,
    scale: u8,
    ascending: bool,
) -> Result<Vec<i32>, Fault> {
    if scale == 0 {
        return Ok(vec![0; count]);
    }
    let bell = QuantizedGaussian::new(scale);
    let mut levels = Vec::with_capacity(count);
    let mut ascent = Ascent::new(bell);
    let mut reached = 0;
    for index in 0..count {
        let symbol = if ascending {
            while reached < bell.end && reader.get(ascent.all_larger(reached, count - index))? {
                reached += 1;
            }
            reached
        } else {
            reader.get(bell)?
        };
        levels.push(get_beyond(symbol, bell, reader)?);
    }
    if ascending && !ascend(&levels) {
        return Err(Fault::NeuronOrder);
    }
    Ok(levels)
}
