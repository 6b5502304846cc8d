//! The codings of a network's weights, one module each.
//!
//! A new coding is a module beside `half`, a variant of [`Weights`] and of [`Coding`], and a section of
//! SPEC.md. A coding gives and takes the integers that the file holds; what numbers they stand for is the
//! decoder's business.

use crate::levels::Tensor;
use crate::{Error, Fault, Header, differences, half, levels};

/// Units to a bit in [`Weights::bits`].
pub const BIT: u64 = 1 << 16;

/// The weights and biases of a network, as the integers that a file holds (SPEC 5).
///
/// The order is that of SPEC 5.1: layers from input to output, and in each the weight matrix row by row
/// (one row an output), then the biases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// IEEE 754 binary16 bit patterns, finite ones only (SPEC 5.2).
    Half(Vec<u16>),
    /// Integer multiples of a step size, a tensor for each weight matrix and each vector of biases: W of
    /// the first layer, b of the first layer, W of the second (SPEC 5.3).
    Levels(Vec<Tensor>),
    /// Differences from the prior of networks that give colours, as levels (SPEC 5.5).
    Differences(Vec<Tensor>),
}

/// How weights are coded (SPEC 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Half floats, compressed: [`Weights::Half`].
    Half,
    /// Integer levels, entropy coded: [`Weights::Levels`].
    Levels,
    /// Differences from a prior, entropy coded: [`Weights::Differences`].
    Differences,
}

impl Coding {
    /// The number that stands for the coding in a file.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Half => 0,
            Self::Levels => 1,
            Self::Differences => 2,
        }
    }

    /// Refuses a coding that this build cannot write.
    pub(crate) fn writable(self) -> Result<(), Error> {
        self.has(cfg!(feature = "zstd"))
    }

    /// Refuses a coding that this build cannot read.
    pub(crate) fn readable(self) -> Result<(), Error> {
        self.has(cfg!(any(feature = "zstd", feature = "ruzstd")))
    }

    fn has(self, zstd: bool) -> Result<(), Error> {
        if self == Self::Half && !zstd {
            return Err(Error::WithoutZstd);
        }
        Ok(())
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Half),
            1 => Some(Self::Levels),
            2 => Some(Self::Differences),
            _ => None,
        }
    }
}

impl Weights {
    /// The coding that a file with these weights uses.
    #[must_use]
    pub fn coding(&self) -> Coding {
        match self {
            Self::Half(_) => Coding::Half,
            Self::Levels(_) => Coding::Levels,
            Self::Differences(_) => Coding::Differences,
        }
    }

    /// What these weights take in a file, in units of 1/65,536 bit ([`BIT`]): the payload of the weights
    /// section, steps and scales included.
    ///
    /// Of [`Weights::Levels`] this is the ideal cost under the model that codes them, and takes about as long
    /// as reading the levels three times; fits call it as they go. At most two bytes more are then written, or
    /// fewer: zeros at the end are left out, and now and then there are some. [`Weights::Half`] is compressed to find out.
    ///
    /// # Errors
    /// [`Error::Invalid`] as in [`File::to_bytes`](crate::File::to_bytes).
    pub fn bits(&self, header: &Header) -> Result<u64, Error> {
        let bits = || match self {
            Self::Half(values) => half::write(values, header.parameters())
                .map(|payload| 8 * BIT * payload.len() as u64),
            Self::Levels(tensors) => levels::costs(tensors, header).map(|costs| costs.iter().sum()),
            Self::Differences(tensors) => differences::cost(tensors, header),
        };
        self.coding().writable()?;
        header
            .validate()
            .and_then(|()| bits())
            .map_err(Error::Invalid)
    }

    /// The weights section's payload.
    pub(crate) fn write(&self, header: &Header) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Half(values) => half::write(values, header.parameters()),
            Self::Levels(tensors) => levels::write(tensors, header),
            Self::Differences(tensors) => differences::write(tensors, header),
        }
    }

    /// Reads the weights section's payload; returns them with the bits of each tensor, as [`File::measured`] does. Allocates
    /// no more than the parameters of `header` need, which the caller has held to its limits.
    ///
    /// [`File::measured`]: crate::File::measured
    pub(crate) fn read(
        coding: Coding,
        payload: &[u8],
        header: &Header,
    ) -> Result<(Self, Vec<u64>), Fault> {
        Ok(match coding {
            Coding::Half => (
                Self::Half(half::read(payload, header.parameters())?),
                Vec::new(),
            ),
            Coding::Levels => {
                let (tensors, bits) = levels::read(payload, header)?;
                (Self::Levels(tensors), bits)
            }
            Coding::Differences => {
                let (tensors, bits) = differences::read(payload, header)?;
                (Self::Differences(tensors), bits)
            }
        })
    }
}
