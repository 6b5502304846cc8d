//! Which fits are tried for a file, the best of which it becomes.

use super::checkpoint::Journal;
use super::encoder::unforeseeable;
use super::meter::{Meter, Tell};
use super::plain;
use super::plan::{Plan, Size};
use super::search;
use super::settings::{Settings, Steps};
use super::source::Source;
use super::trained::{Candidate, Job, TrainedModel};
use crate::Error;
use crate::objective::Task;
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

impl Settings {
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
                let plan = self.plan(source, network, 0)?.unrounded();
                TrainedModel::new(job, plan, &mut meter)?.halves()?
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
    /// all [`Settings::attempts`].
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
        meter.plan(attempts.iter().map(Plan::steps).sum());
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
        plan: &Plan,
        meter: &mut Meter<'_>,
    ) -> Result<Candidate, Error> {
        let draft = TrainedModel::new(job, plan.clone(), meter)?;
        let (_, candidate) = draft.best(plan.bytes, meter)?;
        Ok(candidate)
    }

    /// The fits that are tried for a file of `bytes` bytes. Where a fit is quick, these are the fits of all lower
    /// efforts and of all halves of the bytes too, so that neither effort nor bytes make a file worse.
    fn attempts(&self, job: Job<'_>, bytes: u64, profile: u64) -> Result<Vec<Plan>, Error> {
        let plan = self.plan_for(job.source, bytes, profile)?;
        if cost(&plan, job) > QUICK || matches!(self.steps, Steps::Exactly(_)) {
            return Ok(vec![plan]);
        }
        let halves = std::iter::successors(Some(bytes / 2), |bytes| Some(bytes / 2));
        let halves = halves.take_while(|&size| size >= profile + LEAST);
        let mut attempts = Vec::new();
        for size in std::iter::once(bytes).chain(halves) {
            let Plan { header, seed, .. } = self.plan_for(job.source, size, profile)?;
            for steps in self.steps.up_to() {
                let steps = steps.of(header.parameters());
                attempts.push(Plan::new(header.clone(), steps, size, seed));
            }
        }
        attempts.sort_by_key(Plan::steps);
        Ok(attempts)
    }
}

/// Multiplications of a fit, without those of the backward pass.
fn cost(plan: &Plan, job: Job<'_>) -> u64 {
    let points = job.task.batch(2).saturating_mul(plan.steps().into());
    points.saturating_mul(plan.header.multiplications_per_point())
}
