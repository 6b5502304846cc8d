//! The header's bytes, and the lengths of sections: all that is written with bincode.
//!
//! bincode is no longer maintained, so this file is the only one that knows it. SPEC.md spells out each
//! byte without naming it, and the few lines that would replace it are an ordinary variable-length integer.
//!
//! bincode accepts a number in a longer form than needed, and a list of layers may be split into runs in
//! many ways. One file must have one meaning and one meaning one header, so a header is accepted only if
//! writing what was read gives the same bytes again.

use bincode::config::{Configuration, Limit, LittleEndian, Varint, standard};
use bincode::error::DecodeError;
use bincode::{Decode, Encode};

use crate::{
    Activation, Coding, Colour, ContextNetwork, Error, Fault, Feature, Grid, Grids, Header, Input,
    Network, Samples, Signal, series,
};

/// Memory a header may take while it is read, in bytes. 255 runs take half of it, so whatever exceeds it
/// has too many layers.
const MEMORY: usize = 4096;

const CONFIG: Configuration<LittleEndian, Varint, Limit<MEMORY>> =
    standard().with_limit::<MEMORY>();

/// The header as it lies in the file; the order of the fields is the format.
#[derive(Encode, Decode)]
struct Wire {
    signal: Kind,
    samples: u8,
    model: u8,
    omega_first: u16,
    omega_hidden: u16,
    hidden: Vec<Run>,
    coding: u8,
}

/// [`Signal`], numbered in the order written here, and its numbers in theirs. Arrays have no length before
/// them, and bytes are written as they are.
#[derive(Encode, Decode)]
enum Kind {
    Picture([u32; 2]),
    Shape([[u8; 4]; 4]),
    Sound([u32; 4]),
    Video([u32; 5]),
}

impl From<Signal> for Kind {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Picture { width, height } => Self::Picture([width, height]),
            Signal::Shape {
                centre: [x, y, z],
                scale,
            } => Self::Shape([x, y, z, scale].map(u32::to_le_bytes)),
            Signal::Sound {
                rate,
                frames,
                segment,
                overlap,
            } => Self::Sound([rate, frames, segment, overlap]),
            Signal::Video {
                width,
                height,
                frames,
                rate: [numerator, denominator],
            } => Self::Video([width, height, frames, numerator, denominator]),
        }
    }
}

impl From<Kind> for Signal {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Picture([width, height]) => Self::Picture { width, height },
            Kind::Shape(numbers) => {
                let [x, y, z, scale] = numbers.map(u32::from_le_bytes);
                Self::Shape {
                    centre: [x, y, z],
                    scale,
                }
            }
            Kind::Sound([rate, frames, segment, overlap]) => Self::Sound {
                rate,
                frames,
                segment,
                overlap,
            },
            Kind::Video([width, height, frames, numerator, denominator]) => Self::Video {
                width,
                height,
                frames,
                rate: [numerator, denominator],
            },
        }
    }
}

/// A number of adjacent hidden layers of one width.
#[derive(Encode, Decode)]
struct Run {
    repeat: u32,
    width: u32,
}

/// What follows the header's other fields if the network sees grids: scale and step of each grid. A list without any stands
/// for a series of grids, and its finest scale and step code at scale 0 follow.
type GridsWire = Vec<[u8; 2]>;
/// What follows these: widths of the context network; or 0, and the number of a prior.
type ContextWire = [u8; 2];

/// The number of the prior of context networks.
const PRIOR: u8 = 1;

/// Writes a header that [`Header::validate`] has passed.
pub(crate) fn write_header(header: &Header, coding: Coding) -> Result<Vec<u8>, Fault> {
    let Samples {
        channels,
        depth,
        colour,
    } = header.samples;
    let Network {
        activation,
        input,
        omega_first,
        omega_hidden,
        hidden,
    } = &header.network;
    let colour = match colour {
        Colour::Direct => 0,
    };
    let activation = match activation {
        Activation::Sine => 0,
    };
    let (input, grids) = match input {
        Input::Coordinates => (0, None),
        Input::Grids(grids) => (1, Some(grids)),
    };
    let wire = Wire {
        signal: header.signal.into(),
        samples: (channels - 1) | (depth / 8 - 1) << 2 | colour << 4,
        model: activation | input << 4,
        omega_first: *omega_first,
        omega_hidden: *omega_hidden,
        hidden: hidden
            .chunk_by(|a, b| a == b)
            .map(|run| Run {
                repeat: run.len() as u32,
                width: run[0],
            })
            .collect(),
        coding: coding.number(),
    };
    let mut bytes = bincode::encode_to_vec(wire, CONFIG).map_err(|_| Fault::Number)?;
    if let Some(grids) = grids {
        bytes.extend(write_grids(grids, channels)?);
    }
    Ok(bytes)
}

/// Writes the grids of a picture with that number of channels.
fn write_grids(grids: &Grids, channels: u8) -> Result<Vec<u8>, Fault> {
    let context: ContextWire = match grids.context {
        ContextNetwork::Own(widths) => widths,
        ContextNetwork::Prior => [0, PRIOR],
    };
    let all = grids.grids.iter().map(|grid| [grid.scale, grid.step]);
    let bytes = match grids.series(channels) {
        Some(series) => bincode::encode_to_vec((GridsWire::new(), series, context), CONFIG),
        None => bincode::encode_to_vec((all.collect::<GridsWire>(), context), CONFIG),
    };
    bytes.map_err(|_| Fault::Number)
}

/// Reads the grids that `bytes` begin with, of a picture with that number of channels; returns them with their length in
/// bytes.
fn read_grids(bytes: &[u8], channels: u8) -> Result<(Grids, usize), Error> {
    let (wire, mut length): (GridsWire, usize) = decode(bytes, Fault::GridCount)?;
    let mut grids = wire
        .iter()
        .map(|&[scale, step]| Grid { scale, step })
        .collect();
    if wire.is_empty() {
        let ([finest, step], more): ([u8; 2], usize) = decode(&bytes[length..], Fault::GridCount)?;
        length += more;
        grids = series(channels, finest, step);
    }
    let (context, more): (ContextWire, usize) = decode(&bytes[length..], Fault::GridCount)?;
    let context = match context {
        [0, PRIOR] => ContextNetwork::Prior,
        [0, other] => {
            return Err(Error::Unsupported {
                what: Feature::Prior,
                number: other.into(),
            });
        }
        widths => ContextNetwork::Own(widths),
    };
    Ok((Grids { grids, context }, length + more))
}

/// Reads the header that `bytes` begin with; returns it with its length in bytes.
pub(crate) fn read_header(bytes: &[u8]) -> Result<(Header, Coding, usize), Error> {
    let (wire, mut length): (Wire, usize) = decode(bytes, Fault::LayerCount)?;
    let unknown = |what, number: u8| Error::Unsupported {
        what,
        number: number.into(),
    };
    let colour = match wire.samples >> 4 {
        0 => Colour::Direct,
        other => return Err(unknown(Feature::Colour, other)),
    };
    let activation = match wire.model & 15 {
        0 => Activation::Sine,
        other => return Err(unknown(Feature::Activation, other)),
    };
    let input = match wire.model >> 4 {
        0 => Input::Coordinates,
        1 => {
            let (grids, more) = read_grids(&bytes[length..], (wire.samples & 3) + 1)?;
            length += more;
            Input::Grids(grids)
        }
        other => return Err(unknown(Feature::Input, other)),
    };
    let coding =
        Coding::from_number(wire.coding).ok_or_else(|| unknown(Feature::Coding, wire.coding))?;
    let header = Header {
        signal: wire.signal.into(),
        samples: Samples {
            channels: (wire.samples & 3) + 1,
            depth: ((wire.samples >> 2 & 3) + 1) * 8,
            colour,
        },
        network: Network {
            activation,
            input,
            omega_first: wire.omega_first,
            omega_hidden: wire.omega_hidden,
            hidden: expand(&wire.hidden).map_err(Error::Malformed)?,
        },
    };
    header.validate().map_err(Error::Malformed)?;
    if write_header(&header, coding).map_err(Error::Malformed)? != bytes[..length] {
        return Err(Error::Malformed(Fault::NotShortest));
    }
    Ok((header, coding, length))
}

/// Reads a part of the header that `bytes` begin with; `long` is the fault of a list that is too long.
fn decode<T: Decode<()>>(bytes: &[u8], long: Fault) -> Result<(T, usize), Error> {
    bincode::decode_from_slice(bytes, CONFIG).map_err(|e| match e {
        DecodeError::UnexpectedVariant { found, .. } => Error::Unsupported {
            what: Feature::Signal,
            number: found,
        },
        DecodeError::UnexpectedEnd { .. } => Error::Malformed(Fault::HeaderEnds),
        DecodeError::LimitExceeded | DecodeError::OutsideUsizeRange(_) => Error::Malformed(long),
        _ => Error::Malformed(Fault::Number),
    })
}

/// Width of each hidden layer. Counts before it repeats, since a run may claim four billion layers.
fn expand(runs: &[Run]) -> Result<Vec<u32>, Fault> {
    let layers: u64 = runs.iter().map(|run| u64::from(run.repeat)).sum();
    if layers > 255 {
        return Err(Fault::LayerCount);
    }
    Ok(runs
        .iter()
        .flat_map(|run| (0..run.repeat).map(|_| run.width))
        .collect())
}

/// Writes the length of a section.
pub(crate) fn write_length(length: u64) -> Result<Vec<u8>, Fault> {
    bincode::encode_to_vec(length, CONFIG).map_err(|_| Fault::Number)
}

/// Reads the length of a section that `bytes` begin with; returns it with the bytes it took.
pub(crate) fn read_length(bytes: &[u8]) -> Result<(u64, usize), Fault> {
    let (length, taken) = bincode::decode_from_slice(bytes, CONFIG).map_err(|e| match e {
        DecodeError::UnexpectedEnd { .. } => Fault::SectionEnds,
        _ => Fault::Number,
    })?;
    if write_length(length)?.len() != taken {
        return Err(Fault::NotShortest);
    }
    Ok((length, taken))
}
