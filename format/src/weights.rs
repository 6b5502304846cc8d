//! The codings of a network's weights, one module each.
//!
//! A new coding is a module beside `half`, a variant of [`Weights`] and of [`Coding`], and a section of
//! SPEC.md. A coding gives and takes the integers that the file holds; what numbers they stand for is the
//! decoder's business.

use crate::{Fault, Header, half};

/// The weights and biases of a network, as the integers that a file holds (SPEC 5).
///
/// The order is that of SPEC 5.1: layers from input to output, and in each the weight matrix row by row
/// (one row an output), then the biases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// IEEE 754 binary16 bit patterns, finite ones only (SPEC 5.2).
    Half(Vec<u16>),
}

/// How weights are coded (SPEC 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Half floats, compressed: [`Weights::Half`].
    Half,
}

impl Coding {
    /// The number that stands for the coding in a file.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Half => 0,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Half),
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
        }
    }

    /// The weights section's payload.
    pub(crate) fn write(&self, header: &Header) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Half(values) => half::write(values, header.parameters()),
        }
    }

    /// Reads the weights section's payload. Allocates no more than the parameters of `header` need, which
    /// the caller has held to its limits.
    pub(crate) fn read(coding: Coding, payload: &[u8], header: &Header) -> Result<Self, Fault> {
        match coding {
            Coding::Half => half::read(payload, header.parameters()).map(Self::Half),
        }
    }
}
