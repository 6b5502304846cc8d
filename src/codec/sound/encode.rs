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
use crate::net::Network;
use crate::signal::Sound;
use crate::task::Segment;
use crate::{Error, Limits};
use siren_format::{File, Header, STEP_UNITS, Signal, Tensor, Weights};
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
        let gain = Gain::of(plan.sound);
        let segments = plan.segments;
        let tasks: Vec<Segment<'_>> = (0..header.networks() as usize)
            .map(|index| {
                let first = segments.start(index) as u32;
                Segment::new(plan.sound, first, segments.span, gain.factor(), self.seed)
            })
            .collect();
        let alone = alone(header);
        let steps = self.steps(alone.parameters());
        let tally = Mutex::new(Tally::new(progress, tasks.len(), steps));
        let report = |segment: usize, report: &Progress| {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.report(segment, report)
        };

        let drafts = each(tasks.iter().collect(), |index, task| {
            let mut tell =
                |progress: &Progress, _: &mut Checkpoint<'_, '_>| report(index, progress);
            let mut meter = Meter::new(&mut tell, Journal::unkept());
            let job = Job {
                source: plan,
                task,
                device: &self.device,
            };
            let rounding = !self.half_floats;
            let draft = Draft::new(job, alone.clone(), steps, rounding, self.seed, &mut meter)?;
            Ok((draft, meter.done))
        })?;
        let bytes = if self.half_floats {
            let halves = drafts.iter().map(|(draft, _)| gain.halves(draft.network()));
            file(header, Weights::Half(halves.flatten().collect()))?
        } else {
            rounded(plan, header, gain, &drafts, &report)?
        };
        let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((bytes, tally.steps()))
    }
}

/// The file of all drafts, each of which took some steps, fitted on while they are rounded to the room there is.
fn rounded(
    plan: &Plan<'_>,
    header: &Header,
    gain: Gain,
    drafts: &[(Draft<'_>, u32)],
    report: &(dyn Fn(usize, &Progress) -> ControlFlow<()> + Sync),
) -> Result<Vec<u8>, Error> {
    let prepare = |_, (draft, _): &(Draft<'_>, u32)| draft.quantiser();
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
        draft.fit_rounded(network, quantiser, room, &mut meter)
    })?;
    loop {
        let tensors = all.iter().flat_map(|part| gain.levels(part.levels()));
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

/// What the samples are divided by before they are fitted, and the last layers multiplied by when they are
/// stored: whether a sound is soft or loud, steps of the optimiser are of a size that suits it. In eighths of
/// an octave, so that levels stay as they are and only their steps change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gain(i16);

/// The most of it, either way: steps of levels must stay within their range.
const GAIN_MOST: f64 = 64.0;

impl Gain {
    /// The root mean square of `sound`.
    fn of(sound: &Sound) -> Self {
        let samples = sound.samples();
        let power = samples
            .iter()
            .map(|&sample| f64::from(sample).powi(2))
            .sum::<f64>();
        let octaves = 0.5 * (power / samples.len() as f64).log2();
        // A cast of minus infinity, for silence, does not come to this.
        let eighths = (octaves * f64::from(STEP_UNITS)).round();
        Self(eighths.clamp(-GAIN_MOST, GAIN_MOST) as i16)
    }

    fn factor(self) -> f32 {
        (f64::from(self.0) / f64::from(STEP_UNITS)).exp2() as f32
    }

    /// The parameters of `network`, amplified.
    fn halves(self, network: &Network) -> Vec<u16> {
        let mut network = network.clone();
        if let Some(last) = network.layers.last_mut() {
            last.weights *= self.factor();
            last.bias *= self.factor();
        }
        weights::to_halves(&network)
    }

    /// The tensors of a network, amplified.
    fn levels(self, mut tensors: Vec<Tensor>) -> Vec<Tensor> {
        for tensor in tensors.iter_mut().rev().take(2) {
            let step = i16::from(tensor.step) + self.0;
            tensor.step = step.clamp(0, u8::MAX.into()) as u8;
        }
        tensors
    }
}
