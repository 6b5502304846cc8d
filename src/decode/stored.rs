//! A file of any kind, read and ready to be evaluated.

use super::View;
use crate::engine::kernel::TILE;
use crate::engine::net::{Network, Order};
use crate::model::weights;
use crate::{Error, Limits};
use siren_format::{Budget, File, Header};

/// Header and networks of a file. What a decoder of each kind of signal is made of.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) header: Header,
    /// Invariant: [`Header::networks`] of them, which is at least one.
    pub(super) networks: Vec<Network>,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) limits: Limits,
}

impl Stored {
    /// Reads the bytes of a file under the given limits.
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow.
    pub(super) fn new(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let file = File::from_bytes(bytes, limits)?;
        Ok(Self {
            networks: weights::to_networks(&file.header, &file.weights)?,
            header: file.header,
            icc: file.icc,
            limits: limits.clone(),
        })
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

    /// Refuses to render a `view` of more pixels than the limits allow.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(super) fn check_pixels(&self, view: &View) -> Result<(), Error> {
        let (asked, allowed) = (view.pixels(), self.limits.pixels);
        if asked > allowed {
            return Err(Error::Limit {
                what: "pixels to render",
                asked,
                allowed,
            });
        }
        Ok(())
    }

    /// What is left of the limits beside the parameters and the metadata.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(super) fn budget(&self) -> Result<Budget, Error> {
        let mut budget = self.limits.budget();
        let metadata = self.icc.as_ref().map_or(0, Vec::len) as u64;
        budget.memory.spend(self.header.memory())?;
        budget.memory.spend(metadata)?;
        Ok(budget)
    }

    /// Refuses to evaluate networks at `points` points, for `components` components of a jet each, where the
    /// limits do not allow it; returns what is then left of them.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(super) fn check(&self, points: u64, components: usize) -> Result<Budget, Error> {
        let mut budget = self.budget()?;
        let each = self.header.multiplications_per_point();
        let cost = points
            .saturating_mul(each)
            .saturating_mul(components as u64);
        budget.multiplications.spend(cost)?;
        Ok(budget)
    }

    /// Refuses to evaluate networks at `points` points in jets of `order`, on `threads` threads and holding
    /// `held` bytes of them, where the limits do not allow it.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(super) fn admit(
        &self,
        points: u64,
        order: Order,
        held: u64,
        threads: Option<usize>,
    ) -> Result<(), Error> {
        let shape = self.network().architecture();
        let components = order.components(shape.inputs);
        let mut budget = self.check(points, components)?;
        budget.memory.spend(held)?;
        // Of each thread, two rows of a tile for every neuron of the widest layer.
        let widest = shape.layers().map(|(outputs, _)| outputs).max();
        let scratch = components * (2 * widest.unwrap_or(0) + shape.inputs);
        let scratch = (scratch * TILE * size_of::<f32>()) as u64;
        let threads = threads.filter(|&threads| threads > 0);
        let threads = threads.unwrap_or_else(rayon::current_num_threads);
        budget
            .memory
            .spend(scratch.saturating_mul(threads as u64))?;
        Ok(())
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

    #[test]
    fn what_is_to_be_evaluated_is_limited() {
        let limits = Limits::default().with_multiplications(1000);
        let stored = Stored::new(FILES[1].1, &limits).unwrap();
        // 3-3-3-1: 21 multiplications a point.
        assert!(stored.check(47, 1).is_ok() && stored.check(11, 4).is_ok());
        assert!(stored.check(48, 1).is_err() && stored.check(12, 4).is_err());
        assert!(stored.check(u64::MAX, 4).is_err());
    }
}
