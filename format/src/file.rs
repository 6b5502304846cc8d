//! A whole file, to bytes and back.

use crate::layout::{ICC, LATENTS, SIGNATURE, VERSION, WEIGHTS, inspect, write_section};
use crate::{Cost, Error, Fault, Header, Latents, Limits, Weights, wire};

/// The contents of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The signal and the network.
    pub header: Header,
    /// The parameters of all networks, [`Header::parameters`] of them.
    pub weights: Weights,
    /// The latents of a picture whose network sees grids, and of no other.
    pub latents: Option<Latents>,
    /// The ICC profile of the samples, not looked into; without one colours are sRGB (SPEC 4.3).
    pub icc: Option<Vec<u8>>,
}

/// A file, and what was counted while it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measured {
    /// The file.
    pub file: File,
    /// What it cost to read it, as it was charged.
    pub reading: Cost,
    /// What each tensor takes of the file, W and b of every layer in turn, step and scale included, in units of 1/65,536 bit
    /// ([`BIT`](crate::BIT)). There is nothing to tell of [`Weights::Half`], whose parts are compressed together.
    pub bits: Vec<u64>,
}

impl File {
    /// Writes the file.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a value is not one that the format permits, or the weights do not fit the
    /// network; [`Error::WithoutZstd`] if they are half floats and this build leaves out zstd.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.weights.coding().writable()?;
        self.write().map_err(Error::Invalid)
    }

    fn write(&self) -> Result<Vec<u8>, Fault> {
        self.header.validate()?;
        let mut bytes = [&SIGNATURE[..], &[VERSION]].concat();
        bytes.extend(wire::write_header(&self.header, self.weights.coding())?);
        write_section(&mut bytes, WEIGHTS, &self.weights.write(&self.header)?)?;
        match (&self.latents, self.header.grids()) {
            (Some(latents), Some((grids, [width, height]))) => {
                write_section(&mut bytes, LATENTS, &latents.write(grids, width, height)?)?;
            }
            (None, None) => {}
            _ => return Err(Fault::LatentSection),
        }
        if let Some(icc) = &self.icc {
            write_section(&mut bytes, ICC, icc)?;
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads a file. Optional sections that this version does not know are left out.
    ///
    /// # Errors
    /// Any [`Error`] but [`Error::Invalid`]. Limits are checked before what they limit is allocated.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::measured(bytes, limits).map(|measured| measured.file)
    }

    /// Reads a file, and counts on the way what its parts take.
    ///
    /// # Errors
    /// As [`File::from_bytes`].
    pub fn measured(bytes: &[u8], limits: &Limits) -> Result<Measured, Error> {
        let layout = inspect(bytes, limits)?;
        layout.coding.readable()?;
        let payload = |id| layout.section(id).map(|range| &bytes[range]);
        let coded = payload(WEIGHTS).ok_or(Error::Malformed(Fault::NoWeights))?;
        let (weights, bits) =
            Weights::read(layout.coding, coded, &layout.header).map_err(Error::Malformed)?;
        let latents = match (payload(LATENTS), layout.header.grids()) {
            (Some(coded), Some((grids, [width, height]))) => {
                Some(Latents::read(coded, grids, width, height).map_err(Error::Malformed)?)
            }
            _ => None,
        };
        let icc = payload(ICC).map(<[u8]>::to_vec);
        let reading = layout.reading();
        let header = layout.header;
        let file = Self {
            header,
            weights,
            latents,
            icc,
        };
        Ok(Measured {
            file,
            reading,
            bits,
        })
    }
}
