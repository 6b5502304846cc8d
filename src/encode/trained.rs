//! One network on its way into a file: fitted freely, then while its weights are rounded.

use super::meter::Meter;
use super::plan::{ByteBudget, OVERHEAD, Plan};
use super::quantise::{Probe, Quantiser};
use super::source::Source;
use crate::engine::kernel::TILE;
use crate::engine::net::{Device, Network};
use crate::fit;
use crate::fit::{Fitted, Schedule};
use crate::model::weights::{Gains, tensors_mut};
use crate::model::{symmetry, weights};
use crate::objective::Task;
use crate::{Error, Limits};
use siren_format::{BIT, File, Header, Tensor, Weights};

/// Rounds of points per step, in the first half of a fit and in the second.
const GROWTH: [u64; 2] = [1, 3];
/// Largest step size while weights are rounded, as a share of that before.
const ROUNDED_RATE: f32 = 0.08;

/// The sensitivities of all tensors together are measured at no more than one point for this number of points of the
/// fit.
const PROBES: u64 = 8;

/// The least loss that f32 can be trusted with.
const LEAST_LOSS: f64 = 1e-9;

/// What is to be fitted, and the signal that files of it are measured against.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) task: &'a dyn Task,
    pub(super) device: &'a Device,
}

impl Job<'_> {
    /// A file of `weights`.
    pub(super) fn file(&self, header: &Header, weights: Weights) -> Result<Vec<u8>, Error> {
        let file = File {
            header: header.clone(),
            weights,
            latents: None,
            icc: self.source.icc().map(<[u8]>::to_vec),
        };
        Ok(file.to_bytes()?)
    }
}

/// A network fitted to a signal, of which files of about the size it was made for can be written.
pub(super) struct TrainedModel<'a> {
    job: Job<'a>,
    plan: Plan,
    network: Network,
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

impl Candidate {
    /// The file `bytes`, whose header is `header`; `stopped` if its fit was ended early.
    ///
    /// # Errors
    /// As [`super::source::Source::measure`].
    pub(super) fn of(
        job: Job<'_>,
        header: &Header,
        bytes: Vec<u8>,
        stopped: bool,
    ) -> Result<Self, Error> {
        Ok(Self {
            quality: job.source.measure(&bytes)?,
            bytes,
            parameters: header.parameters(),
            stopped,
        })
    }

    /// Whether no file could be better.
    pub(super) fn is_exact(&self) -> bool {
        self.quality == f64::INFINITY
    }

    /// Puts `candidate` in place of `best` if it is better, or as good and smaller.
    pub(super) fn keep(best: &mut Option<Self>, candidate: Self) {
        let worse = |best: &Self| {
            let quality = candidate.quality.total_cmp(&best.quality);
            quality
                .then(best.bytes.len().cmp(&candidate.bytes.len()))
                .is_gt()
        };
        if best.as_ref().is_none_or(worse) {
            *best = Some(candidate);
        }
    }
}

impl<'a> TrainedModel<'a> {
    /// Takes the free steps of `plan`.
    ///
    /// # Errors
    /// [`Error::Format`] if a decoder would refuse such a network, [`Error::Diverged`] if the fit fails,
    /// [`Error::Stopped`] if it is ended at the very first step.
    pub(super) fn new(job: Job<'a>, plan: Plan, meter: &mut Meter<'_>) -> Result<Self, Error> {
        // Before any time is spent: a file nobody may decode is not worth fitting.
        Limits::interactive().check(&plan.header)?;
        let task = job.task;
        let mut network = Network::random(&weights::shape(&plan.header), plan.seed)?;
        task.begin(&mut network);
        let schedule = Schedule {
            steps: plan.free,
            points: GROWTH.map(|rounds| task.batch(rounds)),
            rate: plan.rate,
        };
        meter.plan(plan.steps());
        let fitted = meter.fit(job, &mut network, None, &schedule)?;
        settle(task, &network.clone(), &mut network);
        if fitted.stopped && meter.done <= 1 {
            return Err(Error::Stopped);
        }
        Ok(Self {
            job,
            plan,
            network,
            fitted,
        })
    }

    /// PSNR in dB of the network as it is, estimated from the last batches of a picture.
    pub(super) fn psnr(&self) -> f64 {
        fit::psnr(self.fitted.loss * f64::from(self.job.task.gain().factor()).powi(2))
    }

    /// The mean loss over the last batches of the fit.
    pub(super) fn loss(&self) -> f64 {
        self.fitted.loss
    }

    /// Whether the fit was ended early.
    pub(super) fn stopped(&self) -> bool {
        self.fitted.stopped
    }

    /// What the file of a whole signal multiplies the outermost layers by.
    fn gains(&self) -> Gains {
        Gains::of_signal(self.job.task.gain())
    }

    /// The network as half floats.
    pub(super) fn halves(&self) -> Result<Candidate, Error> {
        let halves = self.gains().halves(&self.network);
        let file = self.job.file(&self.plan.header, Weights::Half(halves))?;
        self.candidate(file, self.fitted)
    }

    /// The network.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// The best file of at most `bytes` bytes of the network: rounded as it is, which is best where it was fitted so
    /// well that fitting on does harm, and fitted on while it is rounded. Where sensitivities differ by the noise they
    /// are measured at, both are tried with either.
    ///
    /// # Errors
    /// [`Error::Parameter`] if no step sizes are coarse enough, [`Error::Gpu`].
    pub(super) fn best(
        &self,
        bytes: u64,
        meter: &mut Meter<'_>,
    ) -> Result<(QuantizedModel<'_>, Candidate), Error> {
        let (network, mut quantiser, mut probe) = self.quantiser(self.gains())?;
        let mut room = ByteBudget {
            bytes,
            overhead: OVERHEAD,
        };
        quantiser.set_budget(room.bits(), &network)?;
        room.overhead = self.overhead(quantiser.levels(&network))?;
        quantiser.set_budget(room.bits(), &network)?;
        let mut best: Option<(QuantizedModel<'_>, Candidate)> = None;
        let adapted = quantiser.adapted(&network, &mut probe)?;
        for quantiser in std::iter::once(quantiser).chain(adapted) {
            let rough = QuantizedModel {
                draft: self,
                network: network.clone(),
                quantiser: quantiser.clone(),
                fitted: self.fitted,
                room,
            };
            let fitted = self.fit_rounded(network.clone(), quantiser, room, meter)?;
            for mut rounded in [rough, fitted] {
                let candidate = rounded.file()?;
                let better = |(_, best): &(_, Candidate)| candidate.quality > best.quality;
                if best.as_ref().is_none_or(better) {
                    best = Some((rounded, candidate));
                }
            }
        }
        best.ok_or(Error::Stopped)
    }

    /// The network in the form that is rounded, what its parameters can bear, still without a budget, and what
    /// measures that. In the file, its outermost layers are multiplied by `gains`.
    ///
    /// # Errors
    /// [`Error::Gpu`].
    pub(super) fn quantiser(&self, gains: Gains) -> Result<(Network, Quantiser, Probe<'a>), Error> {
        let mut network = self.network.clone();
        symmetry::fold(&mut network);
        let mut probe = self.probe(&network)?;
        let quantiser = Quantiser::new(
            &self.plan.header,
            &network,
            &mut probe,
            self.floor(gains),
            gains,
        )?;
        Ok((network, quantiser, probe))
    }

    /// What measures the loss of networks like `network`.
    fn probe(&self, network: &Network) -> Result<Probe<'a>, Error> {
        let task = self.job.task;
        let objective = task.values().unwrap_or(task);
        let steps = u64::from(self.fitted.steps.saturating_add(self.plan.rounded));
        let probes = PROBES * 2 * network.layers().len() as u64;
        let affordable = steps.saturating_mul(task.batch(GROWTH[0])) / probes;
        let points = task.batch(GROWTH[1]).min(affordable.max(TILE as u64));
        Probe::new(network, self.job.device, objective, points)
    }

    /// The loss that rounding samples to the depth of the signal causes: with N bits, of samples that span 2, the
    /// variance (2 / 2^N)^2 / 12, in the units of the fit.
    fn floor(&self, gains: Gains) -> f64 {
        let step = 2.0 / f64::from(self.plan.header.samples.depth).exp2();
        let gain = f64::from(gains.last.factor());
        (step * step / 12.0 / (gain * gain)).max(LEAST_LOSS)
    }

    /// `network` fitted on while it is rounded within the budget of `quantiser`.
    pub(super) fn fit_rounded(
        &self,
        mut network: Network,
        mut quantiser: Quantiser,
        room: ByteBudget,
        meter: &mut Meter<'_>,
    ) -> Result<QuantizedModel<'_>, Error> {
        let task = self.job.task;
        let mut fitted = self.fitted;
        if self.plan.rounded > 0 && !fitted.stopped {
            quantiser.begin(self.plan.rounded, &network)?;
            let schedule = Schedule {
                steps: self.plan.rounded,
                points: [task.batch(GROWTH[1]); 2],
                rate: self.plan.rate * ROUNDED_RATE,
            };
            meter.plan(self.plan.rounded);
            fitted = meter.fit(self.job, &mut network, Some(&mut quantiser), &schedule)?;
            quantiser.apply(&network.clone(), &mut network);
            if settle(task, &network.clone(), &mut network) {
                // The last bias has moved, and is rounded again.
                quantiser.shift(quantiser.tensors() - 1, 0);
            }
        }
        Ok(QuantizedModel {
            draft: self,
            network,
            quantiser,
            fitted,
            room,
        })
    }

    /// The best of what `network` becomes within the budget of `quantiser`: fitted on while it is rounded, rounded as
    /// it is, or all zeros.
    pub(super) fn fit_or_silence(
        &self,
        network: Network,
        quantiser: Quantiser,
        room: ByteBudget,
        meter: &mut Meter<'_>,
    ) -> Result<QuantizedModel<'_>, Error> {
        let mut probe = self.probe(&network)?;
        let mut zeros = network.clone();
        tensors_mut(&mut zeros).for_each(|tensor| tensor.fill(0.0));
        let adapted = quantiser.adapted(&network, &mut probe)?;
        let mut best: Option<(f64, QuantizedModel<'_>)> = None;
        for quantiser in std::iter::once(quantiser).chain(adapted) {
            let fitted = self.fit_rounded(network.clone(), quantiser.clone(), room, meter)?;
            let as_it_is = [quantiser.nearest(&network), zeros.clone()].map(|network| {
                let mut quantiser = quantiser.clone();
                quantiser.thaw(&network);
                QuantizedModel {
                    draft: self,
                    network,
                    quantiser,
                    fitted: fitted.fitted,
                    room,
                }
            });
            for rounded in as_it_is.into_iter().chain([fitted]) {
                let loss = probe.loss(&rounded.network)?;
                if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                    best = Some((loss, rounded));
                }
            }
        }
        best.map(|(_, best)| best).ok_or(Error::Stopped)
    }

    /// Bytes of a file with these weights that are not they.
    fn overhead(&self, levels: Vec<Tensor>) -> Result<u64, Error> {
        let payload = Weights::Levels(levels.clone()).bits(&self.plan.header)? / BIT / 8;
        Ok((self.file(levels)?.len() as u64).saturating_sub(payload))
    }

    /// The file of `levels`, which are in units of the gain.
    fn file(&self, levels: Vec<Tensor>) -> Result<Vec<u8>, Error> {
        let levels = self.gains().amplified(levels);
        self.job.file(&self.plan.header, Weights::Levels(levels))
    }

    fn candidate(&self, bytes: Vec<u8>, fitted: Fitted) -> Result<Candidate, Error> {
        Candidate::of(self.job, &self.plan.header, bytes, fitted.stopped)
    }
}

/// A draft that has been rounded.
pub(super) struct QuantizedModel<'a> {
    draft: &'a TrainedModel<'a>,
    network: Network,
    quantiser: Quantiser,
    fitted: Fitted,
    room: ByteBudget,
}

impl QuantizedModel<'_> {
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
            let file = self.draft.file(self.levels())?;
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
        let encoder = Encoder::new().with_layers(3).with_width(10);
        let encoder = encoder.with_steps(20_000);
        let free = encoder.clone().with_half_floats().encode(&picture).unwrap();
        let rounded = encoder.with_bytes(250).encode(&picture).unwrap();
        assert!(Decoder::new(&rounded.bytes).is_ok());
        let (free, rounded) = (free.psnr, rounded.psnr);
        assert!(rounded > free - 3.0, "{free} dB, then {rounded}");
    }
}
