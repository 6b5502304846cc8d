//! One network on its way into a file: fitted freely, then while its weights are rounded.

use super::checkpoint::{Checkpoint, Entry, Journal, Outcome};
use super::plan::{self, Room};
use super::quantise::Quantiser;
use super::source::Source;
use super::{symmetry, weights};
use crate::fit::{self, Fitted, Persist, Progress, Rounding, Schedule};
use crate::net::{Device, Network};
use crate::task::Task;
use crate::{Error, Limits};
use siren_format::{BIT, File, Header, Tensor, Weights};
use std::ops::ControlFlow;
use std::time::Instant;

/// A decoded file whose squared error is this many times that of the fit is not a success.
const DAMAGED: f64 = 8.0;

/// Rounds of them per step, in the first half of a fit and in the second.
const GROWTH: [u64; 2] = [1, 3];
/// Share of the steps during which weights are rounded.
const ROUNDED: f64 = 0.18;
/// Most steps that takes. Where the optimiser has long enough to forget the gradients of what is fixed by now, it
/// takes those of the few free weights for all there is, and steps that grow with it lead them astray: of
/// 28,000 steps, 5,040 were enough to undo a fit.
const MOST_ROUNDED: u32 = 1600;
/// Largest step size during those, as a share of that before.
const ROUNDED_RATE: f32 = 0.08;

/// What is to be fitted, and the signal that files of it are measured against.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) task: &'a dyn Task,
    pub(super) device: &'a Device,
}

/// A network fitted to a signal, of which files of about the size it was made for can be written.
pub(super) struct Draft<'a> {
    job: Job<'a>,
    header: Header,
    network: Network,
    /// Steps that rounding takes.
    rounded: u32,
    fitted: Fitted,
}

/// A finished file and how good it is.
pub(super) struct Candidate {
    pub(super) bytes: Vec<u8>,
    /// How good it is, as [`Source::measure`] tells: a picture's PSNR in dB.
    pub(super) quality: f64,
    pub(super) parameters: u64,
    /// Whether its fit was ended early.
    pub(super) stopped: bool,
}

/// Is told of every step, and may end the fit.
pub(super) type Tell<'a> = &'a mut dyn FnMut(&Progress, &mut Checkpoint<'_, '_>) -> ControlFlow<()>;

/// Tells of several fits as of one, and keeps their journal.
pub(super) struct Meter<'a> {
    tell: Tell<'a>,
    journal: Journal,
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

    /// The same, going on after `done` steps.
    pub(super) fn after(self, done: u32) -> Self {
        Self { done, ..self }
    }

    /// `steps` more are planned from here on.
    fn plan(&mut self, steps: u32) {
        self.planned = self.done.saturating_add(steps);
    }

    fn fit(
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
                    elapsed: self.begin.elapsed(),
                    ..*report
                };
                let journal = &self.journal;
                (self.tell)(&report, &mut Checkpoint { journal, moment })
            },
        )
    }
}

impl<'a> Draft<'a> {
    /// Fits the network of `header`, freely: for all of `steps` steps, or for as many as leave the rest for
    /// `rounding`.
    ///
    /// # Errors
    /// [`Error::Format`] if a decoder would refuse such a network, [`Error::Diverged`] if the fit fails,
    /// [`Error::Stopped`] if it is ended at the very first step.
    pub(super) fn new(
        job: Job<'a>,
        header: Header,
        steps: u32,
        rounding: bool,
        seed: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        // Before any time is spent: a file nobody may decode is not worth fitting.
        Limits::default().check(&header)?;
        let rounded = if rounding {
            ((f64::from(steps) * ROUNDED) as u32).min(MOST_ROUNDED)
        } else {
            0
        };
        let task = job.task;
        let mut network = Network::random(&weights::shape(&header), seed)?;
        job.source.begin(&mut network);
        let schedule = Schedule {
            steps: steps - rounded,
            points: GROWTH.map(|rounds| task.batch(rounds)),
            rate: plan::rate(&header),
        };
        meter.plan(steps);
        let fitted = meter.fit(job, &mut network, None, &schedule)?;
        settle(task, &network.clone(), &mut network);
        if fitted.stopped && meter.done <= 1 {
            return Err(Error::Stopped);
        }
        Ok(Self {
            job,
            header,
            network,
            rounded,
            fitted,
        })
    }

    /// PSNR in dB of the network as it is, estimated from the last batches of a picture.
    pub(super) fn psnr(&self) -> f64 {
        fit::psnr(self.fitted.loss)
    }

    /// Weights and biases of the network.
    pub(super) fn parameters(&self) -> u64 {
        self.header.parameters()
    }

    /// Whether the fit was ended early.
    pub(super) fn stopped(&self) -> bool {
        self.fitted.stopped
    }

    /// The network as half floats.
    pub(super) fn halves(&self) -> Result<Candidate, Error> {
        let file = self.file(Weights::Half(weights::to_halves(&self.network)))?;
        self.candidate(file, self.fitted)
    }

    /// The network.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// The network fitted on while it is rounded into at most as many bytes as there is `room` for.
    pub(super) fn round(
        &self,
        mut room: Room,
        meter: &mut Meter<'_>,
    ) -> Result<Rounded<'_>, Error> {
        let (network, mut quantiser) = self.quantiser()?;
        quantiser.set_budget(room.bits(), &network)?;
        room.overhead = self.overhead(&Weights::Levels(quantiser.levels(&network)))?;
        quantiser.set_budget(room.bits(), &network)?;
        self.fit_rounded(network, quantiser, room, meter)
    }

    /// The network in the form that is rounded, and what its parameters can bear, still without a budget.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub(super) fn quantiser(&self) -> Result<(Network, Quantiser), Error> {
        let mut network = self.network.clone();
        symmetry::fold(&mut network);
        let task = self.job.task;
        let objective = task.values().unwrap_or(task);
        let points = task.batch(GROWTH[1]);
        let quantiser = Quantiser::new(&self.header, &network, self.job.device, objective, points)?;
        Ok((network, quantiser))
    }

    /// `network` fitted on while it is rounded within the budget of `quantiser`.
    pub(super) fn fit_rounded(
        &self,
        mut network: Network,
        mut quantiser: Quantiser,
        room: Room,
        meter: &mut Meter<'_>,
    ) -> Result<Rounded<'_>, Error> {
        let task = self.job.task;
        let mut fitted = self.fitted;
        if self.rounded > 0 && !fitted.stopped {
            quantiser.begin(self.rounded, &network)?;
            let schedule = Schedule {
                steps: self.rounded,
                points: [task.batch(GROWTH[1]); 2],
                rate: plan::rate(&self.header) * ROUNDED_RATE,
            };
            meter.plan(self.rounded);
            fitted = meter.fit(self.job, &mut network, Some(&mut quantiser), &schedule)?;
            quantiser.apply(&network.clone(), &mut network);
            if settle(task, &network.clone(), &mut network) {
                // The last bias has moved, and is rounded again.
                quantiser.shift(quantiser.tensors() - 1, 0);
            }
        }
        Ok(Rounded {
            draft: self,
            network,
            quantiser,
            fitted,
            room,
        })
    }

    /// Bytes of a file with these weights that are not they.
    fn overhead(&self, weights: &Weights) -> Result<u64, Error> {
        let payload = weights.bits(&self.header)? / BIT / 8;
        Ok((self.file(weights.clone())?.len() as u64).saturating_sub(payload))
    }

    fn file(&self, weights: Weights) -> Result<Vec<u8>, Error> {
        let file = File {
            header: self.header.clone(),
            weights,
            icc: self.job.source.icc().map(<[u8]>::to_vec),
        };
        Ok(file.to_bytes()?)
    }

    fn candidate(&self, bytes: Vec<u8>, fitted: Fitted) -> Result<Candidate, Error> {
        let quality = self.job.source.measure(&bytes)?;
        // Only a loss of values can be compared with the error of values.
        let comparable = quality.loss.filter(|_| self.job.task.values().is_none());
        if comparable.is_some_and(|coded| coded > DAMAGED * (fitted.loss + 1e-3)) {
            // The fit was fine and its file is not: whatever happened, do not pass it off as good.
            return Err(Error::Diverged {
                step: fitted.steps,
                attempts: 1,
            });
        }
        Ok(Candidate {
            bytes,
            quality: quality.figure,
            parameters: self.parameters(),
            stopped: fitted.stopped,
        })
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

/// A draft that has been rounded.
pub(super) struct Rounded<'a> {
    draft: &'a Draft<'a>,
    network: Network,
    quantiser: Quantiser,
    fitted: Fitted,
    room: Room,
}

impl Rounded<'_> {
    /// The tensors of it.
    pub(super) fn levels(&self) -> Vec<Tensor> {
        self.quantiser.levels(&self.network)
    }

    /// The network and what rounds it.
    pub(super) fn parts(&mut self) -> (&Network, &mut Quantiser) {
        (&self.network, &mut self.quantiser)
    }

    /// The file of it.
    pub(super) fn file(&mut self) -> Result<Candidate, Error> {
        loop {
            let file = self.draft.file(Weights::Levels(self.levels()))?;
            let length = file.len() as u64;
            if length <= self.room.bytes {
                return self.draft.candidate(file, self.fitted);
            }
            // Too late to fit through coarser steps.
            self.room.overhead += length - self.room.bytes;
            self.quantiser.set_budget(self.room.bits(), &self.network)?;
        }
    }

    /// Number of tensors that are rounded.
    pub(super) fn tensors(&self) -> usize {
        self.quantiser.tensors()
    }

    /// Makes the step size of one tensor `codes` codes larger, whatever becomes of the file's size.
    pub(super) fn shift(&mut self, tensor: usize, codes: i8) {
        self.room.bytes = u64::MAX;
        self.quantiser.shift(tensor, codes);
    }
}

/// Adds to the last bias of `network` what `task` cannot have told it, as is seen from `fitted`; whether that
/// is anything.
fn settle(task: &dyn Task, fitted: &Network, network: &mut Network) -> bool {
    let constants = task.settle(fitted);
    if let Some(layer) = network.layers.last_mut() {
        for (bias, constant) in layer.bias.iter_mut().zip(&constants) {
            *bias += constant;
        }
    }
    !constants.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::signal::{Picture, Samples};
    use crate::{Decoder, Encoder};

    /// Rounding that lasted a fixed share of so many steps undid the fit.
    #[test]
    fn what_long_fits_find_survives_rounding() {
        let sample = |i: usize| {
            let (x, y, c) = ((i / 3 % 48) as f64, (i / 144) as f64, (i % 3) as f64);
            let waves = (0.21 * x + c).sin() * (0.37 * y).cos() + 0.5 * (0.05 * x * y).sin();
            (128.0 + 60.0 * waves) as u8
        };
        let picture = Picture::new(
            48,
            32,
            3,
            Samples::U8((0..48 * 32 * 3).map(sample).collect()),
        );
        let picture = picture.unwrap();
        let psnr = |steps| {
            let encoder = Encoder::new().with_bytes(250).with_steps(steps);
            let encoded = encoder.encode(&picture).unwrap();
            assert!(Decoder::new(&encoded.bytes).is_ok());
            encoded.psnr
        };
        let [short, long] = [psnr(1500), psnr(30_000)];
        assert!(long > short, "{short} dB, then {long}");
    }
}
