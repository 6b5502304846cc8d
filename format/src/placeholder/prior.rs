//! The prior: a network of integers that was trained once and ships with this crate (SPEC 11.5).

use super::contexts::PLACEHOLDER_INPUTS;
use crate::Error;
use crate::context::{Context, layer_numbers};
use crate::laplace::QuantizedLaplace;
use std::sync::LazyLock;

/// Inputs and outputs of each layer of the prior.
pub const PLACEHOLDER_LAYERS: [(usize, usize); 3] = [(PLACEHOLDER_INPUTS, 32), (32, 16), (16, 2)];

/// The bytes of the prior that all placeholders are coded under.
const SHIPPED: &[u8] = include_bytes!("prior.bin");

/// What is known of photographs before a byte of a placeholder is read.
#[derive(Clone, Debug)]
pub struct Prior(Context);

impl Prior {
    /// The one prior under which placeholders are coded.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static PRIOR: LazyLock<Prior> = LazyLock::new(|| {
            Prior::from_bytes(SHIPPED)
                .expect("the bytes that ship with the crate, which tests read")
        });
        &PRIOR
    }

    /// Reads a prior: for each layer its weights row by row, two bytes each, then its biases, four bytes each, all
    /// little-endian.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more or fewer numbers than the layers have, or one is out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let numbers = layer_numbers(&PLACEHOLDER_LAYERS, bytes).map_err(Error::Invalid)?;
        let context = Context::of_numbers(PLACEHOLDER_LAYERS, &numbers);
        context.map(Self).map_err(Error::Invalid)
    }

    /// The distribution of the level that has these inputs.
    pub(super) fn model(&self, inputs: &[i16; PLACEHOLDER_INPUTS]) -> QuantizedLaplace {
        self.0.model(inputs)
    }
}
