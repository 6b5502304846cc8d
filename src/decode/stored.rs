//! A file of any kind, read and ready to be evaluated.

use crate::engine::net::Network;
use crate::model::weights;
use crate::{Error, Limits};
use siren_format::{Cost, File, Header, Measured};

/// Header and networks of a file. What a decoder of each kind of signal is made of.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) header: Header,
    /// Invariant: [`Header::networks`] of them, which is at least one.
    pub(super) networks: Vec<Network>,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) limits: Limits,
    /// What it has cost to read the file.
    pub(super) reading: Cost,
}

impl Stored {
    /// Reads the bytes of a file under the given limits.
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow.
    pub(super) fn new(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::measured(bytes, limits).map(|(stored, _)| stored)
    }

    /// Reads the bytes of a file, and counts on the way what each of its tensors takes: see [`Measured::bits`].
    ///
    /// # Errors
    /// As [`Stored::new`].
    pub(super) fn measured(bytes: &[u8], limits: &Limits) -> Result<(Self, Vec<u64>), Error> {
        let Measured {
            file,
            reading,
            bits,
            ..
        } = File::measured(bytes, limits)?;
        let stored = Self {
            networks: weights::to_networks(&file)?,
            header: file.header,
            icc: file.icc,
            limits: limits.clone(),
            reading,
        };
        Ok((stored, bits))
    }

    /// The refusal of a signal of another kind than was `wanted`.
    pub(super) fn refuse(&self, wanted: &'static str) -> Error {
        Error::Kind {
            found: self.header.signal.name(),
            wanted,
        }
    }

    /// The first network: the only one, unless it is a sound.
    pub(super) fn network(&self) -> &Network {
        &self.networks[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decoder;
    use crate::engine::net::Field;
    use ndarray::Array2;

    const FILES: [(&str, &[u8]); 4] = [
        (
            "picture",
            include_bytes!("../../format/tests/golden/valid/levels.siren"),
        ),
        (
            "shape",
            include_bytes!("../../format/tests/golden/valid/shape.siren"),
        ),
        (
            "sound",
            include_bytes!("../../format/tests/golden/valid/sound-levels.siren"),
        ),
        (
            "video",
            include_bytes!("../../format/tests/golden/valid/video.siren"),
        ),
    ];

    #[test]
    fn networks_of_every_kind_can_be_evaluated() {
        for (name, bytes) in FILES {
            let stored = Stored::new(bytes, &Limits::default()).unwrap();
            assert_eq!(stored.header.signal.name(), name);
            assert_eq!(stored.networks.len() as u64, stored.header.networks());
            let inputs = stored.header.inputs() as usize;
            for network in &stored.networks {
                let points = Array2::from_elem((5, inputs), 0.3);
                let values = Field::new(network).values(points.view()).unwrap();
                assert_eq!(values.ncols(), stored.header.outputs() as usize);
                assert!(values.iter().all(|value| value.is_finite()));
            }
            let [first, last] = [0, stored.networks.len() - 1].map(|index| &stored.networks[index]);
            assert_eq!(first == last, name != "sound");
        }
    }

    #[test]
    fn a_decoder_of_pictures_refuses_the_others() {
        for (name, bytes) in FILES {
            match Decoder::new(bytes) {
                Ok(_) => assert_eq!(name, "picture"),
                Err(error) => {
                    assert_eq!(error.to_string(), format!("holds a {name}, not a picture"));
                }
            }
        }
    }
}
