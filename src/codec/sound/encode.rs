use super::super::checkpoint::{Checkpoint, Journal};
use super::super::draft::{Draft, Job, Meter, Rounded};
use super::super::encoder::Encoder;
use super::super::plan::Size;
use super::super::quantise::share;
use super::super::{on_threads, weights};
use super::parallel::{Tally, each};
use super::plan::Plan;
use super::{Playback, SoundDecoder};
use crate::fit::Progress;
use crate::metric;
use crate::signal::{Gain, Sound};
use crate::task::Segment;
use crate::{Error, Limits};
use siren_format::{File, Header, Signal, Weights};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A finished file of a sound, and facts about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EncodedSound {
    /// The whole `.siren` file.
    pub bytes: Vec<u8>,
    /// [`metric::snr`] in dB of what a decoder makes of these bytes against the sound.
    pub snr: f64,
    /// [`metric::segmental_snr`] of the same.
    pub segmental_snr: f64,
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

impl Encoder {
    /// Fits networks to `sound`, one for each of its segments, and returns the file: three quarters of a bit a
    /// sample where no size is given.
    ///
    /// What networks are fitted to is the mean squared error over the whole sound, and bits go where they
    /// reduce it most: noise is as strong in soft segments as in loud ones.
    ///
    /// # Errors
    /// [`Error::Parameter`] for settings out of range, or that only pictures have; [`Error::Format`] if the
    /// file would exceed the default limits of a decoder, [`Error::Diverged`] if a fit fails.
    pub fn encode_sound(&self, sound: &Sound) -> Result<EncodedSound, Error> {
        self.encode_sound_with(sound, |_| ControlFlow::Continue(()))
    }

    /// As [`Encoder::encode_sound`], reporting to `progress` after every step of every segment: steps are
    /// those of all segments, the loss is the mean of those begun, and what is told as PSNR is the ratio of
    /// the sound's mean power to it. Breaking ends all fits early; the best weights so far are kept.
    ///
    /// # Errors
    /// As [`Encoder::encode_sound`], and [`Error::Stopped`] if `progress` breaks before every segment's first
    /// step is done.
    pub fn encode_sound_with(
        &self,
        sound: &Sound,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<EncodedSound, Error> {
        self.validate()?;
        self.check_for_sounds()?;
        on_threads(self.threads, || self.run_sound(sound, &mut progress))?
    }

    fn check_for_sounds(&self) -> Result<(), Error> {
        let refuse = |name, allowed| Err(Error::parameter(name, "given", allowed));
        match self.size {
            Size::Bpp(_) => refuse(
                "bits per pixel",
                "left to pictures; give bytes or kilobits a second",
            ),
            Size::Reach(_) => refuse("PSNR or quality", "left to pictures; give a size"),
            _ if self.supervision.is_some() => {
                refuse("supervision by derivatives", "left to pictures")
            }
            _ => Ok(()),
        }
    }

    fn run_sound(
        &self,
        sound: &Sound,
        progress: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send),
    ) -> Result<EncodedSound, Error> {
        let begin = Instant::now();
        let plan = Plan::new(self, sound, self.segment)?;
        let header = self.header(&plan, plan.network)?;
        // Before any time is spent: a file nobody may decode is not worth fitting.
        Limits::default().check(&header)?;
        let (bytes, steps) = self.fit_segments(&plan, &header, progress)?;

        let decoder = SoundDecoder::new(&bytes)?;
        let decoded = decoder.sound(&Playback::whole(&decoder))?;
        Ok(EncodedSound {
            snr: metric::snr(sound, &decoded),
            segmental_snr: metric::segmental_snr(sound, &decoded),
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
        plan: &Plan<'_>,
        header: &Header,
        progress: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send),
    ) -> Result<(Vec<u8>, u32), Error> {
        let gain = gain_of(plan.sound);
        let segments = plan.segments;
        let tasks: Vec<[Segment<'_>; 2]> = (0..header.networks() as usize)
            .map(|index| {
                let first = segments.start(index) as u32;
                let task = Segment::new(plan.sound, first, segments.span, gain.factor(), self.seed);
                [task.clone(), task.paced(CALM)]
            })
            .collect();
        let alone = alone(header);
        let steps = self.steps(alone.parameters());
        let tally = Mutex::new(Tally::new(progress, tasks.len(), steps));
        let report = |segment: usize, report: &Progress| {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.report(segment, report)
        };

        let drafts = each(tasks.iter().collect(), |index, tasks| {
            let mut tell =
                |progress: &Progress, _: &mut Checkpoint<'_, '_>| report(index, progress);
            let mut meter = Meter::new(&mut tell, Journal::unkept());
            let draft = self.fit_segment(plan, &alone, tasks, steps, &mut meter)?;
            Ok((draft, meter.done))
        })?;
        let bytes = if self.half_floats {
            let halves = drafts
                .iter()
                .map(|(draft, _)| weights::halves(draft.network(), gain));
            file(header, Weights::Half(halves.flatten().collect()))?
        } else {
            rounded(plan, header, gain, &drafts, &report)?
        };
        let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((bytes, tally.steps()))
    }

    /// The network of a segment, fitted to the first of its `tasks`. Where that begins with frequencies so high that
    /// the fit finds nothing, it is the better one of those fitted to either.
    fn fit_segment<'a>(
        &'a self,
        plan: &'a Plan<'_>,
        header: &Header,
        tasks: &'a [Segment<'_>; 2],
        steps: u32,
        meter: &mut Meter<'_>,
    ) -> Result<Draft<'a>, Error> {
        let fit = |task: &'a Segment<'_>, meter: &mut Meter<'_>| {
            let job = Job {
                source: plan,
                task,
                device: &self.device,
            };
            let rounding = !self.half_floats;
            Draft::new(job, header.clone(), steps, rounding, self.seed, meter)
        };
        let [first, second] = tasks;
        let draft = fit(first, meter)?;
        if draft.stopped() || draft.loss() <= NOTHING * first.power() {
            return Ok(draft);
        }
        let calm = fit(second, meter)?;
        Ok(if calm.loss() < draft.loss() {
            calm
        } else {
            draft
        })
    }
}

/// Of the second start of a segment, the frequencies as a share of those of the first.
const CALM: f32 = 0.25;
/// A fit whose loss is more than this share of that of silence has found nothing.
const NOTHING: f64 = 0.8;

/// The file of all drafts, each of which took some steps, fitted on while they are rounded to the room there is.
fn rounded(
    plan: &Plan<'_>,
    header: &Header,
    gain: Gain,
    drafts: &[(Draft<'_>, u32)],
    report: &(dyn Fn(usize, &Progress) -> ControlFlow<()> + Sync),
) -> Result<Vec<u8>, Error> {
    let prepare = |_, (draft, _): &(Draft<'_>, u32)| {
        let (network, quantiser, _) = draft.quantiser(gain)?;
        Ok((network, quantiser))
    };
    let mut parts = each(drafts.iter().collect(), prepare)?;
    let mut room = plan.room;
    share(
        room.bits(),
        parts
            .iter_mut()
            .map(|(network, quantiser)| (&*network, quantiser)),
    )?;
    let parts = drafts.iter().zip(parts).collect();
    let mut all = each(parts, |index, ((draft, done), (network, quantiser))| {
        let mut tell = |progress: &Progress, _: &mut Checkpoint<'_, '_>| report(index, progress);
        let mut meter = Meter::new(&mut tell, Journal::unkept()).after(*done);
        draft.fit_or_silence(network, quantiser, room, &mut meter)
    })?;
    loop {
        let tensors = all
            .iter()
            .flat_map(|part| weights::amplified(part.levels(), gain));
        let bytes = file(header, Weights::Levels(tensors.collect()))?;
        let length = bytes.len() as u64;
        if length <= room.bytes {
            return Ok(bytes);
        }
        // Too late to fit through coarser steps.
        room.overhead += length - room.bytes;
        share(room.bits(), all.iter_mut().map(Rounded::parts))?;
    }
}

fn file(header: &Header, weights: Weights) -> Result<Vec<u8>, Error> {
    let file = File {
        header: header.clone(),
        weights,
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
