//! What a file says about its signal and its network, and the arithmetic that follows from it.
//!
//! [`Header::validate`] is the only place that knows which values are allowed; the writer calls it before
//! it writes and the reader after it has read. Products of untrusted numbers saturate at `u64::MAX`, which
//! no limit below that lets through.

use core::iter::once;

use crate::{Fault, Grids, Signal};

/// Unit of the frequencies in [`Network`]: they count eighths.
pub const OMEGA_UNITS: u16 = 8;

/// Everything about a file but its weights and metadata (SPEC 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the network describes, and its stored size.
    pub signal: Signal,
    /// What the network's outputs become.
    pub samples: Samples,
    /// The network without its weights.
    pub network: Network,
}

/// How outputs become samples (SPEC 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Samples {
    /// Outputs of a network. A picture's or a video's are gray, gray and alpha, RGB, or RGB and alpha; a
    /// shape's is the distance; a sound's are mono, or left and right.
    pub channels: u8,
    /// Bits a sample: 8 or 16 for a picture or a video; 32, a float, for a shape; 8, 16, 24 or 32, which
    /// is a float, for a sound.
    pub depth: u8,
    /// How an output becomes a sample.
    pub colour: Colour,
}

/// How an output becomes a sample (SPEC 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Each output is a sample, in the scale that SPEC 6.3 gives for the kind of signal: for a picture -1
    /// is 0, and 1 is the largest value of the depth.
    Direct,
}

/// A network without its weights (SPEC 3.3 to 3.5, and 3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// What follows each hidden layer's affine map.
    pub activation: Activation,
    /// What enters the first layer.
    pub input: Input,
    /// Frequency omega of the first layer in eighths ([`OMEGA_UNITS`]), at least 1: 240 is 30.0.
    pub omega_first: u16,
    /// Frequency omega of the other hidden layers in eighths, at least 1.
    pub omega_hidden: u16,
    /// Neurons of each hidden layer, from the input on: 1 to 255 layers of at least one neuron.
    pub hidden: Vec<u32>,
}

/// Activation function of the hidden layers (SPEC 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `sin(omega (W x + b))`.
    Sine,
}

/// What enters the first layer (SPEC 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The coordinates of the point (SPEC 6.1); for a picture, x to the right and y down.
    Coordinates,
    /// The values of grids of latents at the point of a picture (SPEC 6.2.1).
    Grids(Grids),
}

/// Multiplications of a grid's interpolation at a point: four rows of four nodes.
const MULTIPLICATIONS_PER_GRID: u64 = 16;

impl Header {
    /// Values that enter the network for each point.
    #[must_use]
    pub fn inputs(&self) -> u32 {
        match &self.network.input {
            Input::Coordinates => self.signal.coordinates(),
            Input::Grids(grids) => grids.grids.len() as u32,
        }
    }

    /// The grids of latents, and the columns and rows of the picture that they are of; none if the network sees
    /// coordinates.
    #[must_use]
    pub fn grids(&self) -> Option<(&Grids, [u32; 2])> {
        match (&self.network.input, self.signal) {
            (Input::Grids(grids), Signal::Picture { width, height }) => {
                Some((grids, [width, height]))
            }
            _ => None,
        }
    }

    /// Latents in all grids.
    #[must_use]
    pub fn latents(&self) -> u64 {
        self.grids()
            .map_or(0, |(grids, [width, height])| grids.latents(width, height))
    }

    /// Values that leave the network for each point: the channels.
    #[must_use]
    pub fn outputs(&self) -> u32 {
        u32::from(self.samples.channels)
    }

    /// Networks in the file, all of the same layers: one for each segment of a sound, else 1.
    #[must_use]
    pub fn networks(&self) -> u64 {
        self.signal.networks()
    }

    /// Points at which the signal is stored: pixels, of all frames, or frames of a sound. None for a shape,
    /// which has no grid.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.signal.points()
    }

    /// Shape (outputs, inputs) of each layer's weight matrix, from input to output; each layer has as many
    /// biases as outputs.
    pub fn layers(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let hidden = || self.network.hidden.iter().copied();
        let outputs = hidden().chain(once(self.outputs()));
        let inputs = once(self.inputs()).chain(hidden());
        outputs.zip(inputs)
    }

    /// Weights and biases of all networks; `u64::MAX` stands for anything above.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.layers()
            .map(|(outputs, inputs)| u64::from(outputs) * (u64::from(inputs) + 1))
            .fold(0, u64::saturating_add)
            .saturating_mul(self.networks())
    }

    /// Multiplications to evaluate a network at one point: its weights without the biases, and those of the
    /// interpolation of grids. `u64::MAX` stands for anything above.
    #[must_use]
    pub fn multiplications_per_point(&self) -> u64 {
        let interpolation = self.grids().map_or(0, |(grids, _)| {
            grids.grids.len() as u64 * MULTIPLICATIONS_PER_GRID
        });
        self.layers()
            .map(|(outputs, inputs)| u64::from(outputs) * u64::from(inputs))
            .fold(interpolation, u64::saturating_add)
    }

    /// Tells whether the format permits every value.
    pub(crate) fn validate(&self) -> Result<(), Fault> {
        let Colour::Direct = self.samples.colour;
        let Network {
            omega_first,
            omega_hidden,
            hidden,
            ..
        } = &self.network;
        self.signal.validate(&self.samples)?;
        if let Input::Grids(grids) = &self.network.input {
            let Signal::Picture { width, height } = self.signal else {
                return Err(Fault::GridSignal);
            };
            grids.validate(width, height)?;
        }
        let rules = [
            (*omega_first > 0 && *omega_hidden > 0, Fault::Omega),
            ((1..=255).contains(&hidden.len()), Fault::LayerCount),
            (!hidden.contains(&0), Fault::EmptyLayer),
        ];
        rules
            .iter()
            .find(|(kept, _)| !kept)
            .map_or(Ok(()), |&(_, fault)| Err(fault))
    }
}
