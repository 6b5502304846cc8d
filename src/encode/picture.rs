//! Pictures into files.

use super::attempts::Finished;
use super::checkpoint::{Checkpoint, Journal};
use super::encoder::Encoder;
use super::meter::Tell;
use crate::Error;
use crate::decode::on_threads;
use crate::fit::Progress;
use crate::objective::{Derivatives, Gradients, Image, Laplacians, Task};
use crate::signal::{Picture, spectral};
use std::ops::ControlFlow;
use std::time::Duration;

/// A finished file, and facts about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The whole `.siren` file.
    pub bytes: Vec<u8>,
    /// PSNR in dB of the decoded file against the picture, over all visible samples; for a video, the mean of the PSNRs
    /// of its frames.
    pub psnr: f64,
    /// Bits of the whole file per pixel, of all frames if it is a video.
    pub bpp: f64,
    /// Weights and biases in the file.
    pub parameters: u64,
    /// Optimiser steps taken.
    pub steps: u32,
    /// Wall time of fitting, coding and checking.
    pub elapsed: Duration,
}

impl Encoder {
    /// The most bytes that a file of `picture` may take; where a PSNR or a quality is asked for, about what suits the
    /// picture. The default size does not count the bytes of the colour profile.
    pub fn size(&self, picture: &Picture) -> u64 {
        self.settings.budget(picture, self.settings.size, 0)
    }

    /// Fits a network to `picture` and returns the file.
    ///
    /// # Errors
    /// [`Error::Parameter`] for settings out of range, [`Error::Format`] if the file would exceed the
    /// default limits of a decoder, [`Error::Diverged`] if the fit fails, [`Error::Gpu`] if the device does.
    pub fn encode(&self, picture: &Picture) -> Result<Encoded, Error> {
        self.encode_with(picture, |_| ControlFlow::Continue(()))
    }

    /// As [`Encoder::encode`], reporting to `progress` after every step, on a GPU after every few. Breaking ends
    /// the fit early; the best weights so far are kept and coded.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`Error::Stopped`] if `progress` breaks at the first step.
    pub fn encode_with(
        &self,
        picture: &Picture,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.encode_resumable(picture, None, |report, _| progress(report))
    }

    /// As [`Encoder::encode_with`], going on from a `checkpoint` that [`Checkpoint::to_bytes`] has given in an
    /// earlier run with the same settings and the same picture, if there is one. The file is the same to the
    /// byte as if it had not been interrupted. What is reported begins with the fit that was under way.
    ///
    /// # Errors
    /// As [`Encoder::encode_with`], and [`Error::Checkpoint`] if the checkpoint is damaged or of another
    /// encode.
    pub fn encode_resumable(
        &self,
        picture: &Picture,
        checkpoint: Option<&[u8]>,
        mut progress: impl FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.validate()?;
        let journal = Journal::new(self.key(picture), checkpoint)?;
        on_threads(self.settings.threads, || {
            self.run(picture, &mut progress, journal)
        })?
    }

    fn run(&self, picture: &Picture, tell: Tell<'_>, journal: Journal) -> Result<Encoded, Error> {
        let values = Image::new(picture, self.settings.seed);
        let Some(which) = self.own.supervision else {
            return self.fit_picture(picture, &values.normalised(), tell, journal);
        };
        spectral::check(picture)?;
        let planes = picture.planes();
        let means = spectral::means(&planes);
        match which {
            Derivatives::Gradient => {
                let targets = spectral::gradients(&planes);
                let task = Gradients::new(targets, means, values, self.settings.seed);
                self.fit_picture(picture, &task, tell, journal)
            }
            Derivatives::Laplacian => {
                let targets = spectral::laplacians(&planes);
                let task = Laplacians::new(targets, means, values, self.settings.seed);
                self.fit_picture(picture, &task, tell, journal)
            }
        }
    }

    /// Fits a network to `task`, and measures its file against `picture`.
    pub(super) fn fit_picture(
        &self,
        picture: &Picture,
        task: &dyn Task,
        tell: Tell<'_>,
        journal: Journal,
    ) -> Result<Encoded, Error> {
        let Finished {
            candidate,
            steps,
            elapsed,
        } = if self.grids_for(picture) && task.values().is_none() {
            self.fit_latents(picture, task, tell, journal)?
        } else {
            self.settings.fit(picture, task, tell, journal)?
        };
        Ok(Encoded {
            psnr: candidate.quality,
            bpp: candidate.bytes.len() as f64 * 8.0 / picture.pixels() as f64,
            bytes: candidate.bytes,
            parameters: candidate.parameters,
            steps,
            elapsed,
        })
    }
}
