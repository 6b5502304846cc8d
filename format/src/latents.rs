//! The latents section: the context network, then every latent under the probabilities that it gives (SPEC 5.4).
//!
//! Latents are integers coded one by one, and most of them are zeros among zeros. What a fixed model would have to be
//! told of their sizes in every part of every picture, a small network finds out from those around them that are known.

use core::mem;

use crate::context::{Context, STEPS_MAX, layers};
use crate::laplace::QuantizedLaplace;
use crate::range::{Counter, Reader, Sink, Writer};
use crate::scan::scan;
use crate::{ContextNetwork, Error, Fault, Grids, Header, Tensor, differences};

/// Bits of a step code of the context network.
const STEP_BITS: u32 = 5;

/// The latents of a picture and the context network under which they are coded (SPEC 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latents {
    /// The context network, two tensors a layer: weights row by row, and biases. The step code of a tensor is an
    /// exponent of two: a weight is its level times 2^step in units of 1/256, a bias in units of 1/16,384. With
    /// [`ContextNetwork::Prior`](crate::ContextNetwork::Prior) they are differences from it.
    pub context: Vec<Tensor>,
    /// The levels of each grid, row by row.
    pub levels: Vec<Vec<i16>>,
}

/// What the parts of the latents section take, in units of 1/65,536 bit ([`crate::BIT`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatentCosts {
    /// The context network.
    pub context: u64,
    /// The latents of each grid.
    pub grids: Vec<u64>,
}

impl Latents {
    /// The ideal cost of each part of the file with this header.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the rule of the format that these latents break.
    pub fn costs(&self, header: &Header) -> Result<LatentCosts, Error> {
        let costs = || {
            header.validate()?;
            let (grids, [width, height]) = header.grids().ok_or(Fault::LatentSection)?;
            self.count(grids, width, height)
        };
        costs().map_err(Error::Invalid)
    }

    fn count(&self, grids: &Grids, width: u32, height: u32) -> Result<LatentCosts, Fault> {
        self.check(grids, width, height)?;
        let mut counter = Counter(0);
        put_context(&self.context, grids, &mut counter)?;
        let context = counter.0;
        let mut costs = Vec::new();
        self.put(grids, width, height, &mut Counter(0), |sink| {
            costs.push(mem::take(&mut sink.0));
        })?;
        Ok(LatentCosts {
            context,
            grids: costs,
        })
    }

    pub(crate) fn write(&self, grids: &Grids, width: u32, height: u32) -> Result<Vec<u8>, Fault> {
        self.check(grids, width, height)?;
        let mut writer = Writer::new();
        put_context(&self.context, grids, &mut writer)?;
        self.put(grids, width, height, &mut writer, |_| ())?;
        Ok(writer.finish())
    }

    /// Reads the payload of a latents section. It allocates no more than the latents of `grids` need, which the caller
    /// has held to its limits.
    pub(crate) fn read(
        payload: &[u8],
        grids: &Grids,
        width: u32,
        height: u32,
    ) -> Result<Self, Fault> {
        let mut reader = Reader::new(payload);
        let context = get_context(&mut reader, grids)?;
        let network = Context::new(grids, &context)?;
        let lattices = grids.lattices(width, height);
        let mut levels: Vec<Vec<i16>> = Vec::with_capacity(lattices.len());
        for (index, &grid) in lattices.iter().enumerate() {
            let mut read = Vec::with_capacity(grid.columns * grid.rows);
            let parent = grids.parent(index);
            let parent = parent.map(|parent| (lattices[parent], &levels[parent][..]));
            scan(&network, grid, parent, |model| {
                let level = get_latent(&mut reader, model)?;
                read.push(level);
                Ok(level)
            })?;
            levels.push(read);
        }
        reader.finish()?;
        Ok(Self { context, levels })
    }

    /// Puts the latents of all grids; `after` is called behind each.
    fn put<S: Sink>(
        &self,
        grids: &Grids,
        width: u32,
        height: u32,
        sink: &mut S,
        mut after: impl FnMut(&mut S),
    ) -> Result<(), Fault> {
        let network = Context::new(grids, &self.context)?;
        let lattices = grids.lattices(width, height);
        for (index, (&grid, levels)) in lattices.iter().zip(&self.levels).enumerate() {
            let parent = grids.parent(index);
            let parent = parent.map(|parent| (lattices[parent], &self.levels[parent][..]));
            // There are as many levels as nodes, so none is made up.
            let mut levels = levels.iter().copied();
            scan(&network, grid, parent, |model| {
                let level = levels.next().ok_or(Fault::LatentCount)?;
                put_latent(level, model, sink).map(|()| level)
            })?;
            after(sink);
        }
        Ok(())
    }

    fn check(&self, grids: &Grids, width: u32, height: u32) -> Result<(), Fault> {
        let counts = grids.grids.iter().map(|grid| grid.nodes(width, height));
        let given = self.levels.iter().map(|levels| levels.len() as u64);
        if !given.eq(counts) {
            return Err(Fault::LatentCount);
        }
        Context::new(grids, &self.context).map(|_| ())
    }
}

pub(crate) fn put_latent(
    level: i16,
    model: QuantizedLaplace,
    sink: &mut impl Sink,
) -> Result<(), Fault> {
    let level = i32::from(level);
    let symbol = level.clamp(model.first, model.last);
    sink.put(symbol, model)?;
    if symbol == model.first || symbol == model.last {
        sink.golomb(level.abs_diff(symbol), model.order)?;
    }
    Ok(())
}

pub(crate) fn get_latent(reader: &mut Reader<'_>, model: QuantizedLaplace) -> Result<i16, Fault> {
    let symbol = reader.get(model)?;
    let away = if symbol == model.first {
        -1
    } else if symbol == model.last {
        1
    } else {
        0
    };
    let mut level = i64::from(symbol);
    if away != 0 {
        let beyond = reader
            .golomb(model.order)
            .map_err(ranged(Fault::LatentRange))?;
        level += away * i64::from(beyond);
    }
    i16::try_from(level).map_err(|_| Fault::LatentRange)
}

/// Names the fault of a number that is too large after what the number is of.
fn ranged(fault: Fault) -> impl Fn(Fault) -> Fault {
    move |found| match found {
        Fault::LevelRange => fault,
        other => other,
    }
}

fn put_context(tensors: &[Tensor], grids: &Grids, sink: &mut impl Sink) -> Result<(), Fault> {
    let mut tensors = tensors.iter();
    match grids.context {
        ContextNetwork::Own(_) => {
            tensors.try_for_each(|tensor| differences::put_tensor(tensor, STEP_BITS, sink))
        }
        ContextNetwork::Prior => {
            tensors.try_for_each(|tensor| differences::put(tensor, STEP_BITS, sink))
        }
    }
}

fn get_context(reader: &mut Reader<'_>, grids: &Grids) -> Result<Vec<Tensor>, Fault> {
    let mut tensors = Vec::new();
    for (inputs, outputs) in layers(grids.context.widths()) {
        for (count, most) in [inputs * outputs, outputs].into_iter().zip(STEPS_MAX) {
            let tensor = match grids.context {
                ContextNetwork::Own(_) => differences::get_tensor(count, STEP_BITS, reader),
                ContextNetwork::Prior => differences::get(count, STEP_BITS, reader),
            };
            let tensor = tensor.map_err(ranged(Fault::ContextRange))?;
            if tensor.step > most {
                return Err(Fault::ContextRange);
            }
            tensors.push(tensor);
        }
    }
    Ok(tensors)
}
