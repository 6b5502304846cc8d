//! From a fit to the integers of a file: latents, and both networks.
//!
//! Where the file is still too large, the latents that are worth least for their bits move towards zero.

use super::super::trained::Job;
use super::fit::LatentFit;
use super::networks::{self, Networks};
use super::plan::Aim;
use crate::Error;
use siren_format::{File, Header, Latents};

/// How often the latents that are worth least for their bits are looked for.
const TRIMS: usize = 64;
/// The most bits that latents are expected to save for each bit that the file is to save.
const RATIO_MOST: f64 = 4.0;

/// A fit in integers.
pub(super) struct Rounded<'f, 'a> {
    fit: &'f mut LatentFit<'a>,
    header: Header,
    networks: Networks,
}

impl<'f, 'a> Rounded<'f, 'a> {
    /// Rounds the latents and the networks of `fit`.
    ///
    /// # Errors
    /// [`Error::Format`] if a level is out of range.
    pub(super) fn new(fit: &'f mut LatentFit<'a>) -> Result<Self, Error> {
        fit.round();
        Ok(Self {
            header: fit.plan.header()?,
            networks: networks::round(fit)?,
            fit,
        })
    }

    /// The levels of all latents.
    fn latents(&self) -> Latents {
        Latents {
            context: self.networks.context.clone(),
            levels: self.fit.levels(),
        }
    }

    /// The header and the bytes of the file, which keeps to the bytes of `aim` if it has any.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the networks alone take more bytes than there may be.
    pub(super) fn file(self, job: Job<'_>, aim: Aim) -> Result<(Header, Vec<u8>), Error> {
        let mut bytes = self.bytes(job, &self.latents())?;
        if let Aim::Bytes(most) = aim {
            // Bits that latents are expected to save, for each bit that the file saves.
            let mut ratio = 1.0;
            for pass in 0..TRIMS {
                let before = bytes.len() as u64;
                let excess = before.saturating_sub(most);
                if excess == 0 {
                    break;
                }
                // Part of a large excess, so that the latents that are worth least are found anew.
                let share = if excess * 500 > most && pass < TRIMS / 2 {
                    0.3
                } else {
                    1.0
                };
                let bits = ratio * share * 8.0 * (excess + 1) as f64;
                self.fit.trim(bits, pass);
                bytes = self.bytes(job, &self.latents())?;
                let saved = 8.0 * (before as f64 - bytes.len() as f64);
                ratio = (bits / saved.max(1.0)).clamp(1.0, RATIO_MOST);
            }
            if bytes.len() as u64 > most {
                let allowed = format!("at least {} with grids of latents", bytes.len());
                return Err(Error::parameter("bytes of the file", most, allowed));
            }
        }
        Ok((self.header, bytes))
    }

    /// The bits of all latents, as the fit counts them and as the format does.
    #[cfg(test)]
    pub(super) fn bits(&mut self) -> [f64; 2] {
        self.fit.planes.change(|_, _| ());
        self.fit.differentiate();
        let costs = self.latents().costs(&self.header).unwrap();
        let written = costs.grids.iter().sum::<u64>() as f64 / siren_format::BIT as f64;
        [self.fit.bits, written]
    }

    /// The bits of the latents section, and those with the context network `exact` in its finest steps.
    #[cfg(test)]
    pub(super) fn bits_beside_finest(&self, exact: &crate::Network) -> [u64; 2] {
        let mut latents = self.latents();
        let bits = |latents: &Latents| {
            let costs = latents.costs(&self.header).unwrap();
            costs.context + costs.grids.iter().sum::<u64>()
        };
        let chosen = bits(&latents);
        latents.context = networks::finest(self.fit.plan.context, exact);
        [chosen, bits(&latents)]
    }

    /// The file of some latents.
    fn bytes(&self, job: Job<'_>, latents: &Latents) -> Result<Vec<u8>, Error> {
        let file = File {
            header: self.header.clone(),
            weights: self.networks.weights(self.fit.plan.context),
            latents: Some(latents.clone()),
            icc: job.source.icc().map(<[u8]>::to_vec),
        };
        Ok(file.to_bytes()?)
    }
}
