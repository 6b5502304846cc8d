//! Pictures as grids of latents: which grids, where they start, the fit of latents and networks together, and the file.

mod choice;
mod fit;
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
use super::meter::{Meter, Tell};
use super::plain;
use super::plan::{OVERHEAD, Size};
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
use std::time::Instant;

/// Channels of the pictures that grids are made for: gray, and red, green, blue.
const CHANNELS: [u8; 2] = [1, 3];
/// How often a PSNR is aimed at, and how much higher than asked at first, in dB.
const AIMS: usize = 6;
const ABOVE: f64 = 0.1;

impl Settings {
    /// Makes a file of `picture` with grids of latents. `task` is the fit of values of weights alone.
    ///
    /// # Errors
    /// As [`encode`], [`Error::Parameter`] where there can be no grids, and [`Error::Gpu`] if a GPU is asked for.
    pub(super) fn fit_latents(
        &self,
        picture: &Picture,
        task: &dyn Task,
        tell: Tell<'_>,
        journal: Journal,
    ) -> Result<Finished, Error> {
        let begin = Instant::now();
        check_channels(picture)?;
        let device = &self.device;
        let what = "grids of latents; fit them on the CPU";
        device.refuse(GpuError::Unsupported(what.into()))?;
        let job = Job {
            source: picture,
            task,
            device,
        };
        let mut meter = Meter::new(tell, journal);
        let profile = picture.icc().map_or(0, |icc| icc.len() as u64 + 4);
        let candidate = match self.size {
            Size::Reach(target) => {
                let asked = target.psnr();
                let most = target.most(picture) as u64 + profile;
                match plain::best(self, job, most)? {
                    Some(plain) if plain.quality >= asked => plain,
                    _ => reach(self, job, picture, asked, profile, &mut meter)?,
                }
            }
            size => {
                let bytes = self.budget(picture, size, profile);
                let mut best = plain::best(self, job, bytes)?;
                if !best.as_ref().is_some_and(Candidate::is_exact) {
                    let aim = Aim::Bytes(bytes);
                    let candidate = encode(self, job, picture, aim, profile, &mut meter)?;
                    Candidate::keep(&mut best, candidate);
                }
                best.ok_or(Error::Stopped)?
            }
        };
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

/// The smallest file found whose PSNR is at least `asked`.
fn reach(
    settings: &Settings,
    job: Job<'_>,
    picture: &Picture,
    asked: f64,
    profile: u64,
    meter: &mut Meter<'_>,
) -> Result<Candidate, Error> {
    let mut aim = asked + ABOVE;
    let mut best: Option<Candidate> = None;
    for _ in 0..AIMS {
        let found = encode(settings, job, picture, Aim::Psnr(aim), profile, meter)?;
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

/// The best file found of `picture` as grids of latents that keeps to `aim`.
///
/// # Errors
/// [`Error::Stopped`] if the fit is ended at its first step, [`Error::Diverged`], [`Error::Format`] if a decoder would
/// refuse the file.
fn encode(
    settings: &Settings,
    job: Job<'_>,
    picture: &Picture,
    aim: Aim,
    profile: u64,
    meter: &mut Meter<'_>,
) -> Result<Candidate, Error> {
    let colours = Colours::new(picture);
    let plan = LatentPlan::new(
        picture,
        aim,
        settings.steps,
        settings.seed,
        OVERHEAD + profile,
    );
    let (plan, analysis) = start::analyse(&colours, plan);
    let mut fit = LatentFit::new(&colours, plan, analysis)?;
    // Before any time is spent: a file nobody may decode is not worth fitting.
    Limits::default().check(&round::header(&fit, picture)?)?;
    let stopped = meter.steps(&mut fit)?;
    let rounded = round::Rounded::new(&mut fit, picture)?;
    let (header, bytes) = rounded.file(job, aim)?;
    Candidate::of(job, &header, bytes, stopped)
}
