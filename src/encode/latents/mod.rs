//! Pictures as grids of latents: which grids, where they start, the fit of latents and networks together, and the file.

mod adam;
mod choice;
mod context;
mod control;
mod fit;
mod networks;
mod plan;
mod refit;
mod round;
mod soften;
mod start;
#[cfg(test)]
mod tests;
mod trim;

use super::attempts::Finished;
use super::checkpoint::Journal;
use super::encoder::Encoder;
use super::meter::{Meter, Tell};
use super::plain;
use super::plan::Size;
use super::settings::Settings;
use super::trained::{Candidate, Job};
use crate::error::GpuError;
use crate::objective::Task;
use crate::objective::latents::Colours;
use crate::signal::Picture;
use crate::{Error, Limits};
pub use choice::GridUse;
use fit::LatentFit;
use plan::{Aim, LatentPlan};
use siren_format::ContextNetwork;
use std::time::Instant;

/// Channels of the pictures that grids are made for: gray, and red, green, blue.
const CHANNELS: [u8; 2] = [1, 3];
/// Bytes of a file that are neither latents nor networks, about.
const OVERHEAD: u64 = 36;
/// How often a PSNR is aimed at, and how much higher than asked at first, in dB.
const AIMS: usize = 6;
const ABOVE: f64 = 0.1;

impl Encoder {
    /// Makes a file of `picture` with grids of latents. `task` is the fit of values of weights alone.
    ///
    /// # Errors
    /// As [`LatentEncoder::encode`], [`Error::Parameter`] where there can be no grids, and [`Error::Gpu`] if a GPU is asked
    /// for.
    pub(super) fn fit_latents(
        &self,
        picture: &Picture,
        task: &dyn Task,
        tell: Tell<'_>,
        journal: Journal,
    ) -> Result<Finished, Error> {
        let begin = Instant::now();
        check_channels(picture)?;
        let settings = &self.settings;
        let device = &settings.device;
        let what = "grids of latents; fit them on the CPU";
        device.refuse(GpuError::Unsupported(what.into()))?;
        let latents = LatentEncoder {
            settings,
            context: self.own.context,
            job: Job {
                source: picture,
                task,
                device,
            },
            picture,
            profile: picture.icc().map_or(0, |icc| icc.len() as u64 + 4),
        };
        let mut meter = Meter::new(tell, journal);
        let candidate = latents.best(&mut meter)?;
        Ok(Finished {
            candidate,
            steps: meter.done,
            elapsed: begin.elapsed(),
        })
    }
}

/// Refuses pictures that grids of latents are not made for.
///
/// # Errors
/// [`Error::Parameter`] that says so.
fn check_channels(picture: &Picture) -> Result<(), Error> {
    if CHANNELS.contains(&picture.channels()) {
        return Ok(());
    }
    let allowed = "for opaque pictures: put it on a background, or leave grids out";
    Err(Error::parameter("grids", "given", allowed))
}

/// A picture, and how grids of it are made.
struct LatentEncoder<'a> {
    settings: &'a Settings,
    context: ContextNetwork,
    job: Job<'a>,
    picture: &'a Picture,
    /// Bytes of its colour profile.
    profile: u64,
}

impl LatentEncoder<'_> {
    /// The best file found that keeps to the settings.
    ///
    /// # Errors
    /// As [`encode`](Self::encode), and [`Error::Unreachable`] where a PSNR is.
    fn best(&self, meter: &mut Meter<'_>) -> Result<Candidate, Error> {
        match self.settings.size {
            Size::Reach(target) => {
                let asked = target.psnr();
                let most = target.most(self.picture) as u64 + self.profile;
                match plain::best(self.settings, self.job, most)? {
                    Some(plain) if plain.quality >= asked => Ok(plain),
                    _ => self.reach(asked, meter),
                }
            }
            size => {
                let bytes = self.settings.budget(self.picture, size, self.profile);
                let mut best = plain::best(self.settings, self.job, bytes)?;
                if !best.as_ref().is_some_and(Candidate::is_exact) {
                    let candidate = self.encode(Aim::Bytes(bytes), meter)?;
                    Candidate::keep(&mut best, candidate);
                }
                best.ok_or(Error::Stopped)
            }
        }
    }

    /// The smallest file found whose PSNR is at least `asked`.
    fn reach(&self, asked: f64, meter: &mut Meter<'_>) -> Result<Candidate, Error> {
        let mut aim = asked + ABOVE;
        let mut best: Option<Candidate> = None;
        for _ in 0..AIMS {
            let found = self.encode(Aim::Psnr(aim), meter)?;
            let quality = found.quality;
            if quality >= asked || found.stopped {
                return Ok(found);
            }
            Candidate::keep(&mut best, found);
            aim += asked - quality + ABOVE;
        }
        let nearest = best.ok_or(Error::Stopped)?;
        Err(Error::Unreachable {
            asked,
            nearest: nearest.quality,
            bytes: nearest.bytes.len() as u64,
        })
    }

    /// The best file found that keeps to `aim`.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the fit is ended at its first step, [`Error::Diverged`], [`Error::Format`] if a decoder would
    /// refuse the file.
    fn encode(&self, aim: Aim, meter: &mut Meter<'_>) -> Result<Candidate, Error> {
        let Self {
            settings, picture, ..
        } = *self;
        let colours = Colours::new(picture);
        let overhead = OVERHEAD + self.profile;
        let plan = LatentPlan {
            context: self.context,
            ..LatentPlan::new(picture, aim, settings.steps, settings.seed, overhead)
        };
        let (plan, analysis) = start::analyse(&colours, plan);
        let mut fit = LatentFit::new(&colours, plan, analysis)?;
        // Before any time is spent: a file nobody may decode is not worth fitting.
        Limits::default().check(&fit.plan.header()?)?;
        let stopped = meter.steps(&mut fit)?;
        let rounded = round::Rounded::new(&mut fit)?;
        let (header, bytes) = rounded.file(self.job, aim)?;
        Candidate::of(self.job, &header, bytes, stopped)
    }
}
