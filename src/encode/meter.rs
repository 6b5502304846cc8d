//! The fits of an encode as one: what is told of them, and the journal of those that are finished.

use super::checkpoint::{Checkpoint, Entry, Journal, Outcome};
use super::trained::Job;
use crate::Error;
use crate::engine::net::Network;
use crate::fit;
use crate::fit::{Fitted, Persist, Progress, Rounding, Schedule};
use std::ops::ControlFlow;
use std::time::Instant;

/// A callback that is called after every step, and may end the fit.
pub(super) type Tell<'a> = &'a mut dyn FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()>;

/// Tells of several fits as of one, and keeps their journal.
pub(super) struct Meter<'a> {
    tell: Tell<'a>,
    pub(super) journal: Journal,
    begin: Instant,
    /// Steps of the fits before this one.
    pub(super) done: u32,
    /// Steps of all fits, as far as can be seen.
    planned: u32,
}

impl<'a> Meter<'a> {
    pub(super) fn new(tell: Tell<'a>, journal: Journal) -> Self {
        Self {
            tell,
            journal,
            begin: Instant::now(),
            done: 0,
            planned: 0,
        }
    }

    /// This meter, continued after `done` steps.
    pub(super) fn after(self, done: u32) -> Self {
        Self { done, ..self }
    }

    /// At least `steps` more are planned from here on.
    pub(super) fn plan(&mut self, steps: u32) {
        self.planned = self.planned.max(self.done.saturating_add(steps));
    }

    /// Takes all steps of `schedule`, or what the journal has of them.
    ///
    /// # Errors
    /// As [`fit::watch`].
    pub(super) fn fit(
        &mut self,
        job: Job<'_>,
        network: &mut Network,
        mut rounding: Option<&mut dyn Rounding>,
        schedule: &Schedule,
    ) -> Result<Fitted, Error> {
        let fitted = match self.journal.next() {
            Entry::Finished(bytes) => {
                let mut outcome = outcome(network, &mut rounding, Fitted::default());
                outcome.load(&bytes)?;
                outcome.fitted
            }
            Entry::UnderWay(bytes) => {
                self.watch(job, network, &mut rounding, schedule, Some(&bytes))?
            }
            Entry::Fresh => self.watch(job, network, &mut rounding, schedule, None)?,
        };
        self.journal
            .push(outcome(network, &mut rounding, fitted).save()?);
        self.done += fitted.steps;
        Ok(fitted)
    }

    fn watch(
        &mut self,
        job: Job<'_>,
        network: &mut Network,
        rounding: &mut Option<&mut dyn Rounding>,
        schedule: &Schedule,
        from: Option<&[u8]>,
    ) -> Result<Fitted, Error> {
        let rounding = rounding.as_mut().map(|rounding| &mut **rounding as _);
        // Reported in the units of the signal.
        let power = f64::from(job.task.gain().factor()).powi(2);
        fit::watch(
            job.device,
            network,
            job.task,
            rounding,
            schedule,
            from,
            &mut |report, moment| {
                let report = Progress {
                    step: self.done + report.step,
                    steps: self.planned,
                    loss: report.loss * power,
                    psnr: fit::psnr(report.loss * power),
                    elapsed: self.begin.elapsed(),
                    ..*report
                };
                let journal = &self.journal;
                let beside = None;
                let checkpoint = &mut Checkpoint {
                    journal,
                    moment,
                    beside,
                };
                (self.tell)(&report, checkpoint)
            },
        )
    }
}

/// A fit that takes its steps by itself.
pub(super) trait Stepwise: Persist {
    /// Steps of the whole fit, and those taken.
    fn steps(&self) -> [u32; 2];

    /// Takes the next step.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the fit fails.
    fn take(&mut self) -> Result<(), Error>;

    /// The loss of the last step, as [`Progress::loss`] has it.
    fn loss(&self) -> f64;
}

impl Meter<'_> {
    /// Takes all steps of `fit`, each of which is reported; whether it was ended early.
    ///
    /// # Errors
    /// [`Error::Diverged`], [`Error::Checkpoint`] if the journal is not of this fit, [`Error::Stopped`] if it is ended at
    /// the very first step.
    pub(super) fn steps(&mut self, fit: &mut dyn Stepwise) -> Result<bool, Error> {
        let [steps, _] = fit.steps();
        self.plan(steps);
        match self.journal.next() {
            Entry::Finished(bytes) | Entry::UnderWay(bytes) => fit.load(&bytes)?,
            Entry::Fresh => {}
        }
        let mut stopped = false;
        while !stopped && fit.steps()[1] < steps {
            fit.take()?;
            let [_, taken] = fit.steps();
            let report = Progress {
                step: self.done + taken,
                steps: self.planned,
                loss: fit.loss(),
                psnr: fit::psnr(fit.loss()),
                elapsed: self.begin.elapsed(),
            };
            let checkpoint = &mut Checkpoint {
                journal: &self.journal,
                moment: fit,
                beside: None,
            };
            stopped = (self.tell)(&report, checkpoint).is_break();
        }
        let [_, taken] = fit.steps();
        self.done += taken;
        if stopped && self.done <= 1 {
            return Err(Error::Stopped);
        }
        self.journal.push(fit.save()?);
        Ok(stopped)
    }
}

/// How a fit of `network` ended, as the journal has it.
fn outcome<'a>(
    network: &'a mut Network,
    rounding: &'a mut Option<&mut dyn Rounding>,
    fitted: Fitted,
) -> Outcome<'a> {
    Outcome {
        network,
        rounding: rounding.as_mut().map(|rounding| &mut **rounding as _),
        fitted,
    }
}
