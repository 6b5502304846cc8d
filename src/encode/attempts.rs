//! Which fits are tried for a file, the best of which it becomes.

use super::checkpoint::Journal;
use super::plain;
use super::plan::Size;
use super::search;
use super::settings::{Encoder, Steps, unforeseeable};
use super::source::Source;
use super::trained::{Candidate, Job, Meter, Tell, TrainedModel};
use crate::Error;
use crate::objective::Task;
use siren_format::Header;
use std::time::{Duration, Instant};

/// Most multiplications of a fit that counts as quick: about a second of a core.
const QUICK: u64 = 20_000_000_000;
/// Smallest file worth a network of its own, in bytes.
const LEAST: u64 = 48;

/// A finished file, and what it took.
pub(super) struct Finished {
    pub(super) candidate: Candidate,
    /// Optimiser steps taken.
    pub(super) steps: u32,
    /// Wall time of fitting, coding and checking.
    pub(super) elapsed: Duration,
}

impl Encoder {
    /// Fits a network to `task` and makes a file of it, the signal in which is `source`.
    pub(super) fn fit(
        &self,
        source: &dyn Source,
        task: &dyn Task,
        tell: Tell<'_>,
        journal: Journal,
    ) -> Result<Finished, Error> {
        let begin = Instant::now();
        let job = Job {
            source,
            task,
            device: &self.device,
        };
        let mut meter = Meter::new(tell, journal);
        let profile = source.icc().map_or(0, |icc| icc.len() as u64 + 4);
        let candidate = match self.size {
            _ if self.half_floats => {
                let network = (self.layers.unwrap_or(10), self.width.unwrap_or(28));
                self.draft(job, network, false, &mut meter)?.halves()?
            }
            Size::Reach(_) if task.values().is_some() => return Err(unforeseeable()),
            Size::Reach(target) => search::search(self, job, target, profile, &mut meter)?,
            size => self.best(job, self.budget(source, size, profile), profile, &mut meter)?,
        };
        Ok(Finished {
            candidate,
            steps: meter.done,
            elapsed: begin.elapsed(),
        })
    }

    /// The best file of at most `bytes` bytes: of the plain ones and, unless one of these is exact, of those of
    /// all [`Encoder::attempts`].
    fn best(
        &self,
        job: Job<'_>,
        bytes: u64,
        profile: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Candidate, Error> {
        let least = plain::least(self, job)?;
        if bytes < least {
            let allowed = format!("at least {least}, which one colour takes");
            return Err(Error::parameter("bytes of the file", bytes, allowed));
        }
        let mut best = plain::best(self, job, bytes)?;
        let attempts = self.attempts(job, bytes, profile)?;
        meter.plan(attempts.iter().map(|attempt| attempt.steps).sum());
        for attempt in attempts {
            let done = |best: &Candidate| best.is_exact() || best.stopped;
            if best.as_ref().is_some_and(done) {
                break;
            }
            match self.attempt(job, &attempt, meter) {
                Ok(candidate) => Candidate::keep(&mut best, candidate),
                // A network too large for so few bytes; there are plainer ones.
                Err(Error::Parameter { .. }) if best.is_some() => {}
                Err(error) => return Err(error),
            }
        }
        best.ok_or(Error::Stopped)
    }

    /// The file of one fit.
    fn attempt(
        &self,
        job: Job<'_>,
        attempt: &Attempt,
        meter: &mut Meter<'_>,
    ) -> Result<Candidate, Error> {
        let Attempt {
            ref header,
            bytes,
            steps,
            seed,
        } = *attempt;
        let header = header.clone();
        let draft = TrainedModel::new(job, header, steps, true, seed, meter)?;
        let (_, candidate) = draft.best(bytes, meter)?;
        Ok(candidate)
    }

    /// The fits that are tried for a file of `bytes` bytes. Where a fit is quick, these are the fits of all lower
    /// efforts and of all halves of the bytes too, so that neither effort nor bytes make a file worse.
    fn attempts(&self, job: Job<'_>, bytes: u64, profile: u64) -> Result<Vec<Attempt>, Error> {
        let attempt = |bytes: u64, steps: Steps| {
            let network = self.network(job.source, bytes, profile);
            let header = self.header(job.source, network)?;
            let steps = steps.of(header.parameters());
            Ok::<_, Error>(Attempt {
                header,
                bytes,
                steps,
                seed: self.seed,
            })
        };
        let whole = attempt(bytes, self.steps)?;
        if whole.cost(job) > QUICK || matches!(self.steps, Steps::Exactly(_)) {
            return Ok(vec![whole]);
        }
        let halves = std::iter::successors(Some(bytes / 2), |bytes| Some(bytes / 2));
        let halves = halves.take_while(|&size| size >= profile + LEAST);
        let mut attempts = Vec::new();
        for size in std::iter::once(bytes).chain(halves) {
            for steps in self.steps.up_to() {
                attempts.push(attempt(size, steps)?);
            }
        }
        attempts.sort_by_key(|attempt| attempt.steps);
        Ok(attempts)
    }

    /// Fits a network of the given hidden layers and width.
    pub(super) fn draft<'a>(
        &self,
        job: Job<'a>,
        network: (u32, u32),
        rounding: bool,
        meter: &mut Meter<'_>,
    ) -> Result<TrainedModel<'a>, Error> {
        let header = self.header(job.source, network)?;
        let steps = self.steps(header.parameters());
        TrainedModel::new(job, header, steps, rounding, self.seed, meter)
    }

    /// The same in at most `steps` steps, to see about what comes of it.
    pub(super) fn look<'a>(
        &self,
        job: Job<'a>,
        network: (u32, u32),
        steps: u32,
        meter: &mut Meter<'_>,
    ) -> Result<TrainedModel<'a>, Error> {
        let header = self.header(job.source, network)?;
        let steps = steps.min(self.steps(header.parameters()));
        TrainedModel::new(job, header, steps, false, self.seed, meter)
    }
}

/// One of the fits that are tried.
struct Attempt {
    header: Header,
    bytes: u64,
    steps: u32,
    seed: u64,
}

impl Attempt {
    /// Multiplications of the fit, without those of the backward pass.
    fn cost(&self, job: Job<'_>) -> u64 {
        let points = job.task.batch(2).saturating_mul(self.steps.into());
        points.saturating_mul(self.header.multiplications_per_point())
    }
}
