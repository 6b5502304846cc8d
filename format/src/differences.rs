//! Differences from priors: numbers that every reader knows, of which files hold only what they change (SPEC 5.4.5, 5.5).
//!
//! The network that gives colours begins a fit as the prior, and a picture changes little of it. In a file of a kilobyte the
//! network's own numbers would take a fourth.

use std::sync::LazyLock;

use crate::context::numbers;
use crate::gaussian::{QuantizedGaussian, SCALE_MAX};
use crate::levels::{LEVEL_MAX, Tensor, cheapest_scale, get_level, put_level};
use crate::range::{Counter, Reader, Sink, Writer};
use crate::{Fault, Grids, Header};

/// Bits of a scale code.
const SCALE_BITS: u32 = 7;
/// Bits of a step code of a difference of weights.
const STEP_BITS: u32 = 8;

/// Neurons of the hidden layer of the prior of networks that give colours.
const NEURONS: usize = 24;
/// The most channels that it gives.
const CHANNELS: usize = 3;
/// Both its omegas, in eighths.
const OMEGA: u16 = 16;
/// The scales of grids that it knows, of the first component and of the two others.
const SCALES: [core::ops::RangeInclusive<u8>; CHANNELS] = [0..=6, 2..=6, 2..=6];
/// Columns of the first layer: one for each grid that the prior knows, of all components together.
const COLUMNS: usize = 17;
/// Binary digits behind the point of the prior's numbers.
pub const COLOUR_PRIOR_BITS: u32 = 12;
/// The bytes of the prior (SPEC 5.5).
const PRIOR: &[u8] = include_bytes!("colour_prior.bin");

/// The numbers of the prior: W and b of both layers.
fn prior() -> &'static [Vec<i32>] {
    static NUMBERS: LazyLock<Vec<Vec<i32>>> = LazyLock::new(|| {
        numbers(
            [NEURONS * COLUMNS, NEURONS, CHANNELS * NEURONS, CHANNELS].map(|count| (count, 2)),
            PRIOR,
        )
        .expect("the bytes that ship with the crate, which tests read")
    });
    &NUMBERS
}

/// The column of the first layer of the prior for each of these grids; none if the prior does not know one of them.
#[must_use]
pub fn colour_prior_columns(grids: &Grids) -> Option<Vec<usize>> {
    let column = |index: usize| {
        let component = grids.component(index);
        let scale = grids.grids.get(index)?.scale;
        let known = SCALES.get(component)?;
        let before: usize = SCALES[..component]
            .iter()
            .map(|known| known.clone().count())
            .sum();
        known
            .contains(&scale)
            .then(|| before + usize::from(scale - known.start()))
    };
    (0..grids.grids.len()).map(column).collect()
}

/// The prior of the network with this header, in units of 2^-12 ([`COLOUR_PRIOR_BITS`]): W and b of both layers, as a file
/// has them (SPEC 5.5). None if the prior does not know such a network.
#[must_use]
pub fn colour_prior(header: &Header) -> Option<Vec<Vec<i32>>> {
    let network = &header.network;
    let (grids, _) = header.grids()?;
    let known = network.hidden[..] == [NEURONS as u32]
        && [network.omega_first, network.omega_hidden] == [OMEGA; 2];
    if !known {
        return None;
    }
    let columns = colour_prior_columns(grids)?;
    let [first, first_biases, last, last_biases] = prior() else {
        return None;
    };
    let rows = first.chunks_exact(COLUMNS);
    let first = rows
        .flat_map(|row| columns.iter().map(|&column| row[column]))
        .collect();
    let (last, last_biases) = match header.samples.channels {
        1 => {
            let mean = |column: usize, count: usize, numbers: &[i32]| {
                let all = numbers.iter().skip(column).step_by(count);
                all.sum::<i32>().div_euclid(CHANNELS as i32)
            };
            let weights = (0..NEURONS).map(|neuron| mean(neuron, NEURONS, last));
            (weights.collect(), vec![mean(0, 1, last_biases)])
        }
        3 => (last.clone(), last_biases.clone()),
        _ => return None,
    };
    Some(vec![first, first_biases.clone(), last, last_biases])
}

/// The ideal cost of the section, in 1/65,536 bit.
pub(crate) fn cost(tensors: &[Tensor], header: &Header) -> Result<u64, Fault> {
    check(tensors, header)?;
    let mut counter = Counter(0);
    for tensor in tensors {
        put(tensor, STEP_BITS, &mut counter)?;
    }
    Ok(counter.0)
}

pub(crate) fn write(tensors: &[Tensor], header: &Header) -> Result<Vec<u8>, Fault> {
    check(tensors, header)?;
    let mut writer = Writer::new();
    for tensor in tensors {
        put(tensor, STEP_BITS, &mut writer)?;
    }
    Ok(writer.finish())
}

/// The tensors, and what each of them takes of the payload, in 1/65,536 bit.
pub(crate) fn read(payload: &[u8], header: &Header) -> Result<(Vec<Tensor>, Vec<u64>), Fault> {
    let prior = colour_prior(header).ok_or(Fault::PriorNetwork)?;
    let mut reader = Reader::new(payload);
    let (mut tensors, mut costs) = (Vec::new(), Vec::new());
    for numbers in prior {
        let before = reader.spent();
        tensors.push(get(numbers.len(), STEP_BITS, &mut reader)?);
        costs.push(reader.spent() - before);
    }
    reader.finish()?;
    Ok((tensors, costs))
}

fn check(tensors: &[Tensor], header: &Header) -> Result<(), Fault> {
    let prior = colour_prior(header).ok_or(Fault::PriorNetwork)?;
    let counts = prior.iter().map(Vec::len);
    if !tensors.iter().map(|tensor| tensor.levels.len()).eq(counts) {
        return Err(Fault::WeightCount);
    }
    let mut levels = tensors.iter().flat_map(|tensor| &tensor.levels);
    if levels.any(|level| level.unsigned_abs() > LEVEL_MAX.unsigned_abs()) {
        return Err(Fault::LevelRange);
    }
    Ok(())
}

/// Puts a tensor of differences: whether there are any, its step code of `step_bits`, its scale code, and the levels.
pub(crate) fn put(tensor: &Tensor, step_bits: u32, sink: &mut impl Sink) -> Result<(), Fault> {
    let none = tensor.step == 0 && tensor.levels.iter().all(|&level| level == 0);
    sink.bits(u32::from(!none), 1)?;
    if none {
        return Ok(());
    }
    put_tensor(tensor, step_bits, sink)
}

/// Counterpart of [`put`], of `count` levels.
pub(crate) fn get(count: usize, step_bits: u32, reader: &mut Reader<'_>) -> Result<Tensor, Fault> {
    if reader.bits(1)? == 0 {
        return Ok(Tensor {
            step: 0,
            levels: vec![0; count],
        });
    }
    get_tensor(count, step_bits, reader)
}

/// Puts a tensor: its step code of `step_bits`, its scale code, and the levels under the scale that is cheapest.
pub(crate) fn put_tensor(
    tensor: &Tensor,
    step_bits: u32,
    sink: &mut impl Sink,
) -> Result<(), Fault> {
    let scale = cheapest_scale(&tensor.levels, |scale| {
        let mut counter = Counter(0);
        put_levels(&tensor.levels, scale, &mut counter).map(|()| counter.0)
    })?;
    sink.bits(tensor.step.into(), step_bits)?;
    sink.bits(scale.into(), SCALE_BITS)?;
    put_levels(&tensor.levels, scale, sink)
}

/// Counterpart of [`put_tensor`], of `count` levels.
pub(crate) fn get_tensor(
    count: usize,
    step_bits: u32,
    reader: &mut Reader<'_>,
) -> Result<Tensor, Fault> {
    let step = reader.bits(step_bits)? as u8;
    let scale = reader.bits(SCALE_BITS)? as u8;
    if scale > SCALE_MAX {
        return Err(Fault::LevelRange);
    }
    let levels = match scale {
        0 => vec![0; count],
        _ => {
            let bell = QuantizedGaussian::new(scale);
            let levels = (0..count).map(|_| get_level(bell, reader));
            levels.collect::<Result<_, _>>()?
        }
    };
    Ok(Tensor { step, levels })
}

/// Puts levels under a scale; under scale 0 all are 0.
fn put_levels(levels: &[i32], scale: u8, sink: &mut impl Sink) -> Result<(), Fault> {
    if scale == 0 {
        return Ok(());
    }
    let bell = QuantizedGaussian::new(scale);
    levels
        .iter()
        .try_for_each(|&level| put_level(level, bell, sink))
}
