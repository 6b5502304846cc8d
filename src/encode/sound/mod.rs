//! Sounds into files: a network for each segment, and bits shared out among them.
//!
//! How fast the sines of a network turn follows from the length of its segment; `frequencies.md`, beside this
//! file, derives the rule.

mod parallel;
mod plan;

pub(crate) use parallel::{Tally, each};
pub(crate) use plan::omega_first;

use super::checkpoint::{Checkpoint, Journal, Journals};
use super::encoder::SoundEncoder;
use super::meter::Meter;
use super::plan::Plan;
use super::quantise::share;
use super::trained::{Job, QuantizedModel, TrainedModel};
use crate::decode::on_threads;
use crate::decode::{Playback, SoundDecoder};
use crate::fit::Progress;
use crate::metric;
use crate::model::weights::Gains;
use crate::objective::Segment;
use crate::signal::{Gain, Sound};
use crate::{Error, Limits};
use plan::SoundPlan;
use siren_format::{File, Header, Signal, Weights};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A finished file of a sound, and facts about it.
///
#[doc = include_str!("frequencies.md")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EncodedSound {
    /// The whole `.siren` file.
    pub bytes: Vec<u8>,
    /// [`metric::snr`] in dB of the decoded file against the sound: infinite if they are equal, and minus infinity if
    /// they differ and the sound is silent.
    pub snr: f64,
    /// [`metric::segmental_snr`] in dB of the decoded file against the sound; NaN if the sound is silent.
    pub segmental_snr: f64,
    /// [`metric::noise_level`] of the decoded file against the sound: minus infinity if they are equal.
    pub noise: f64,
    /// Thousands of bits of the whole file for each second.
    pub kbps: f64,
    /// Segments, each with a network of its own.
    pub segments: u64,
    /// Weights and biases in the file.
    pub parameters: u64,
    /// Optimiser steps taken for each segment.
    pub steps: u32,
    /// Wall time of fitting, coding and checking.
    pub elapsed: Duration,
}

impl SoundEncoder {
    /// Fits networks to `sound`, one for each of its segments, and returns the file: three quarters of a bit a
    /// sample where no size is given.
    ///
    /// What networks are fitted to is the mean squared error over the whole sound, and bits go where they
    /// reduce it most: noise is as strong in soft segments as in loud ones.
    ///
    /// # Errors
    /// [`Error::Parameter`] for settings out of range, [`Error::Format`] if the
    /// file would exceed the default limits of a decoder, [`Error::Diverged`] if a fit fails.
    pub fn encode(&self, sound: &Sound) -> Result<EncodedSound, Error> {
        self.encode_with(sound, |_| ControlFlow::Continue(()))
    }

    /// As [`SoundEncoder::encode`], reporting to `progress` after every step of every segment: steps are
    /// those of all segments, the loss is the mean of those begun, and the reported PSNR is the ratio of
    /// the sound's mean power to it. Breaking ends all fits early; the best weights so far are kept.
    ///
    /// # Errors
    /// As [`SoundEncoder::encode`], and [`Error::Stopped`] if `progress` breaks before every segment's first
    /// step is done.
    pub fn encode_with(
        &self,
        sound: &Sound,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<EncodedSound, Error> {
        self.encode_resumable(sound, None, |report, _| progress(report))
    }

    /// As [`SoundEncoder::encode_with`], going on from a `checkpoint` as
    /// [`Encoder::encode_resumable`](crate::Encoder::encode_resumable) does. It
    /// has the finished segments, and those under way as they were at most a second before it was made.
    ///
    /// # Errors
    /// As [`SoundEncoder::encode_with`], and [`Error::Checkpoint`] if the checkpoint is damaged or of another
    /// encode.
    pub fn encode_resumable(
        &self,
        sound: &Sound,
        checkpoint: Option<&[u8]>,
        mut progress: impl FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()> + Send,
    ) -> Result<EncodedSound, Error> {
        self.validate()?;
        on_threads(self.settings.threads, || {
            self.run_sound(sound, checkpoint, &mut progress)
        })?
    }

    fn run_sound(
        &self,
        sound: &Sound,
        checkpoint: Option<&[u8]>,
        progress: Tell<'_>,
    ) -> Result<EncodedSound, Error> {
        let begin = Instant::now();
        let plan = SoundPlan::new(&self.settings, sound, self.own.segment)?;
        let header = self.settings.header(&plan, plan.network)?;
        // Before any time is spent: a file nobody may decode is not worth fitting.
        Limits::interactive().check(&header)?;
        let count = header.networks() as usize;
        let journals = Journals::new(self.key(sound), checkpoint, count)?;
        let (bytes, steps) = self.fit_segments(&plan, &header, &journals, progress)?;

        let decoder = SoundDecoder::with_limits(&bytes, &Limits::none())?;
        let decoded = decoder.sound(&Playback::whole(&decoder))?;
        Ok(EncodedSound {
            snr: metric::snr(sound, &decoded),
            segmental_snr: metric::segmental_snr(sound, &decoded),
            noise: metric::noise_level(sound, &decoded),
            kbps: bytes.len() as f64 * 8.0 / 1000.0 / sound.seconds(),
            segments: header.networks(),
            parameters: header.parameters(),
            bytes,
            steps,
            elapsed: begin.elapsed(),
        })
    }

    /// The file of `plan`, and the steps taken for each segment.
    fn fit_segments(
        &self,
        plan: &SoundPlan<'_>,
        header: &Header,
        journals: &Journals,
        progress: Tell<'_>,
    ) -> Result<(Vec<u8>, u32), Error> {
        let gain = gain_of(plan.sound);
        let segments = plan.segments;
        let tasks: Vec<Segment<'_>> = (0..header.networks() as usize)
            .map(|index| {
                let first = segments.start(index) as u32;
                Segment::new(
                    plan.sound,
                    first,
                    segments.span,
                    gain.factor(),
                    self.settings.seed,
                )
            })
            .collect();
        let starts = self.starts(plan, header, gain);
        let planned = starts[0].plan.steps() + trials(&starts);
        let watch = Watch {
            journals,
            tally: Mutex::new((Tally::new(tasks.len(), planned), progress)),
            taken: AtomicU32::new(0),
        };
        let drafts = each(tasks.iter().collect(), |index, task| {
            let mut tell = |told: &Progress, of: &mut Checkpoint<'_>| watch.step(index, told, of);
            let mut meter = Meter::new(&mut tell, journals.journal(index)?);
            meter.plan(planned);
            let draft = self.fit_segment(plan, &starts, task, &mut meter)?;
            watch.finished(index, &meter);
            Ok((draft, (meter.done, meter.journal)))
        })?;
        let (drafts, begun): (Vec<_>, Vec<_>) = drafts.into_iter().unzip();
        let bytes = if self.settings.half_floats {
            let halves = drafts
                .iter()
                .map(|(draft, gains)| gains.halves(draft.network()));
            file(header, Weights::Half(halves.flatten().collect()))?
        } else {
            rounded(plan, header, &drafts, begun, &watch)?
        };
        Ok((bytes, watch.taken.into_inner()))
    }

    /// The frequencies that fits of segments begin from: those of the file's `header`, and unless they were asked for,
    /// those of every octave below that `plan` has.
    fn starts(&self, plan: &SoundPlan<'_>, header: &Header, gain: Gain) -> Vec<Start> {
        let octaves = if self.settings.omega_first.is_some() {
            0
        } else {
            plan.octaves()
        };
        (0..=octaves)
            .map(|octave| {
                let mut header = alone(header);
                header.network.omega_first >>= octave;
                let first = Gain::of(f64::from(octave).exp2().recip());
                let gains = Gains { first, last: gain };
                let steps = self.settings.steps.of(header.parameters());
                let fit = Plan::new(header, steps, plan.room.bytes, self.settings.seed);
                let plan = if self.settings.half_floats {
                    fit.unrounded()
                } else {
                    fit
                };
                Start { plan, gains }
            })
            .collect()
    }

    /// A network fitted to a segment, and what makes it one of the file. Where there are several `starts`, short
    /// fits tell which is best. Where a whole fit then finds nothing, the next best is tried, and so on. Where a short
    /// fit is ended early, the best of these is all that there is.
    fn fit_segment<'a>(
        &'a self,
        plan: &'a SoundPlan<'_>,
        starts: &[Start],
        task: &'a Segment<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<(TrainedModel<'a>, Gains), Error> {
        let job = Job {
            source: plan,
            task,
            device: &self.settings.device,
        };
        let mut order: Vec<&Start> = starts.iter().collect();
        if starts.len() > 1 {
            let mut tried: Vec<(TrainedModel<'a>, &Start)> = Vec::new();
            for start in starts {
                let draft = TrainedModel::new(job, start.trial(), meter)?;
                let stopped = draft.stopped();
                tried.push((draft, start));
                if stopped {
                    break;
                }
            }
            let stopped = tried.iter().any(|(draft, _)| draft.stopped());
            tried.sort_by(|(one, _), (other, _)| one.loss().total_cmp(&other.loss()));
            order = tried.iter().map(|(_, start)| *start).collect();
            if stopped {
                let best = tried.into_iter().next().ok_or(Error::Stopped)?;
                return Ok((best.0, best.1.gains));
            }
        }
        let mut best: Option<(TrainedModel<'a>, Gains)> = None;
        for start in order {
            let draft = TrainedModel::new(job, start.plan.clone(), meter)?;
            let enough = draft.stopped() || draft.loss() <= NOTHING * task.power();
            if best
                .as_ref()
                .is_none_or(|(best, _)| draft.loss() < best.loss())
            {
                best = Some((draft, start.gains));
            }
            if enough {
                break;
            }
        }
        best.ok_or(Error::Stopped)
    }
}

/// Frequencies that the fit of a segment can begin from.
struct Start {
    /// The fit of a segment as if it were a whole sound, with these frequencies.
    plan: Plan,
    /// What makes the network one of the whole file.
    gains: Gains,
}

impl Start {
    /// A short fit, to see what comes of it.
    fn trial(&self) -> Plan {
        let steps = (self.plan.steps() / TRIAL).max(TRIED);
        self.plan.clone().shortened(steps)
    }
}

/// Steps of the trials of all `starts`; one alone needs none.
fn trials(starts: &[Start]) -> u32 {
    match starts {
        [_] => 0,
        _ => starts.iter().map(|start| start.trial().steps()).sum(),
    }
}

/// Steps of a trial of one start: a twelfth of the whole fit's, and at least these, which it takes to tell anything.
const TRIAL: u32 = 12;
const TRIED: u32 = 200;
/// A fit whose loss is more than this share of that of silence has found nothing.
const NOTHING: f64 = 0.8;

/// A callback that is called after every step of every segment, and may end all fits.
type Tell<'a> = &'a mut (dyn FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()> + Send);

/// What the fits of all segments are told to, and their journals kept by.
struct Watch<'a> {
    journals: &'a Journals,
    tally: Mutex<(Tally, Tell<'a>)>,
    /// The most steps taken for a segment.
    taken: AtomicU32,
}

impl Watch<'_> {
    /// Tells of a step of one segment.
    fn step(
        &self,
        segment: usize,
        report: &Progress,
        checkpoint: &mut Checkpoint<'_>,
    ) -> ControlFlow<()> {
        // What cannot be noted is missing from checkpoints, and the fit goes on.
        let _ = self.journals.step(segment, checkpoint);
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let (tally, tell) = &mut *tally;
        tally.report(segment, report, |report| {
            tell(report, &mut checkpoint.among(self.journals, segment))
        })
    }

    /// Notes that a fit of one segment is finished.
    fn finished(&self, segment: usize, meter: &Meter<'_>) {
        self.journals.note(segment, &meter.journal);
        self.taken.fetch_max(meter.done, Ordering::Relaxed);
    }
}

/// The file of all drafts, each of which took some steps and has a journal, fitted on while they are rounded to the
/// room there is.
fn rounded(
    plan: &SoundPlan<'_>,
    header: &Header,
    drafts: &[(TrainedModel<'_>, Gains)],
    begun: Vec<(u32, Journal)>,
    watch: &Watch<'_>,
) -> Result<Vec<u8>, Error> {
    let mut parts = each(
        drafts.iter().collect(),
        |_, draft: &(TrainedModel<'_>, Gains)| {
            let (draft, gains) = draft;
            let (network, quantiser, _) = draft.quantiser(*gains)?;
            Ok((network, quantiser))
        },
    )?;
    let mut room = plan.room;
    share(
        room.bits(),
        parts
            .iter_mut()
            .map(|(network, quantiser)| (&*network, quantiser)),
    )?;
    let parts = drafts.iter().zip(parts).zip(begun).collect();
    let mut all = each(
        parts,
        |index, (((draft, _), (network, quantiser)), (done, journal))| {
            let mut tell = |told: &Progress, of: &mut Checkpoint<'_>| watch.step(index, told, of);
            let mut meter = Meter::new(&mut tell, journal).after(done);
            let rounded = draft.fit_or_silence(network, quantiser, room, &mut meter)?;
            watch.finished(index, &meter);
            Ok(rounded)
        },
    )?;
    loop {
        let tensors = all
            .iter()
            .zip(drafts)
            .flat_map(|(part, (_, gains))| gains.amplified(part.levels()));
        let bytes = file(header, Weights::Levels(tensors.collect()))?;
        let length = bytes.len() as u64;
        if length <= room.bytes {
            return Ok(bytes);
        }
        // Too late to fit through coarser steps.
        room.overhead += length - room.bytes;
        share(room.bits(), all.iter_mut().map(QuantizedModel::parts))?;
    }
}

fn file(header: &Header, weights: Weights) -> Result<Vec<u8>, Error> {
    let file = File {
        header: header.clone(),
        weights,
        latents: None,
        icc: None,
    };
    Ok(file.to_bytes()?)
}

/// The header of a file of one segment only.
fn alone(header: &Header) -> Header {
    let mut header = header.clone();
    if let Signal::Sound {
        frames,
        segment,
        overlap,
        ..
    } = &mut header.signal
    {
        (*frames, *overlap) = (*segment, 0);
    }
    header
}

/// The gain of the root mean square of `sound`.
fn gain_of(sound: &Sound) -> Gain {
    let samples = sound.samples();
    let power = samples
        .iter()
        .map(|&sample| f64::from(sample).powi(2))
        .sum::<f64>();
    Gain::of((power / samples.len() as f64).sqrt())
}
