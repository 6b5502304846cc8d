//! Sounds out of files, at any rate and in any range of time.

use super::super::Threads;
use super::super::cost::{self, each};
use super::super::stored::Stored;
use super::Segments;
use crate::engine::kernel::TILE;
use crate::engine::net::{Evaluator, Field, Network, Order, Scratch};
use crate::signal;
use crate::signal::{Sound, quantised};
use crate::{Error, Limits};
use rayon::prelude::*;
use siren_format::{Cost, Header, Signal};
use std::ops::Range;

/// Frames that are evaluated at a time: enough to keep many threads busy.
const BLOCK: u64 = 1 << 16;

/// A parsed `.siren` file of a sound, ready to be evaluated at any rate.
///
/// ```
/// use sirenc::{Playback, Sound, SoundDecoder, SoundEncoder};
/// # fn main() -> Result<(), sirenc::Error> {
/// let chirp = (0..2000).map(|i| 0.5 * (1e-4 * (i * i) as f32).sin()).collect();
/// let sound = Sound::new(8000, 1, 16, chirp)?;
/// let encoded = SoundEncoder::new().with_bytes(300).with_steps(300).encode(&sound)?;
///
/// let decoder = SoundDecoder::new(&encoded.bytes)?;
/// let finer = decoder.sound(&Playback::whole(&decoder).with_rate(16_000)?)?;
/// assert_eq!((finer.rate(), finer.frames()), (16_000, 4000));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SoundDecoder {
    stored: Stored,
    rate: u32,
    frames: u32,
    segments: Segments,
    threads: Option<usize>,
}

/// Which part of a sound to evaluate, and at which rate.
///
/// A higher rate interpolates with the fitted function; it does not invent overtones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// Frames a second and number of frames of the stored sound.
    stored: (u32, u32),
    rate: u32,
    /// Seconds after the first frame.
    from: f64,
    to: f64,
}

impl Playback {
    /// All of the sound at its own rate.
    pub fn whole(decoder: &SoundDecoder) -> Self {
        let (rate, frames) = (decoder.rate, decoder.frames);
        Self {
            stored: (rate, frames),
            rate,
            from: 0.0,
            to: f64::from(frames) / f64::from(rate),
        }
    }

    /// At `rate` frames a second. The function is evaluated, not resampled: frequencies above half the rate are not
    /// filtered out.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is 0.
    pub fn with_rate(self, rate: u32) -> Result<Self, Error> {
        if rate == 0 {
            return Err(Error::parameter("frames a second", rate, "at least 1"));
        }
        Ok(Self { rate, ..self })
    }

    /// Only the part from `from` to `to` seconds after the beginning.
    ///
    /// # Errors
    /// [`Error::Parameter`] if nothing does, or a bound is outside of the sound.
    pub fn with_range(self, from: f64, to: f64) -> Result<Self, Error> {
        let end = f64::from(self.stored.1) / f64::from(self.stored.0);
        if !(0.0 <= from && from < to && to <= end) {
            let given = format!("{from} to {to} s");
            return Err(Error::parameter(
                "part",
                given,
                format!("within 0 to {end} s"),
            ));
        }
        let part = Self { from, to, ..self };
        if part.frames() == 0 {
            let given = format!("{from} to {to} s");
            return Err(Error::parameter("part", given, "at least one frame long"));
        }
        Ok(part)
    }

    /// Frames a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Number of frames: those whose times n / rate lie in the part, which has its end outside.
    pub fn frames(&self) -> u64 {
        self.bound(self.to) - self.bound(self.from)
    }

    /// The first frame at or after `seconds`. What rounding has added to a whole number is no reason to go on
    /// to the next one.
    fn bound(&self, seconds: f64) -> u64 {
        (seconds * f64::from(self.rate) - 1e-6).ceil().max(0.0) as u64
    }
}

impl SoundDecoder {
    /// Parses the bytes of a file under the default [`Limits`].
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow; [`Error::Kind`] if what they hold is no sound.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        Self::with_limits(bytes, &Limits::default())
    }

    /// Parses the bytes of a file under the given limits.
    ///
    /// # Errors
    /// As [`SoundDecoder::new`].
    pub fn with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::of(Stored::new(bytes, limits)?)
    }

    /// The decoder of a file that has been read, if it holds a sound.
    pub(in crate::decode) fn of(stored: Stored) -> Result<Self, Error> {
        let Signal::Sound {
            rate,
            frames,
            segment,
            overlap,
        } = stored.header.signal
        else {
            return Err(stored.refuse("sound"));
        };
        Ok(Self {
            stored,
            rate,
            frames,
            segments: Segments {
                span: segment,
                overlap,
            },
            threads: None,
        })
    }

    /// Evaluates on `threads` threads; 0 means one per core. The samples do not depend on it.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The header of the file.
    pub fn header(&self) -> &Header {
        &self.stored.header
    }

    /// Frames a second of the stored sound.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Number of frames of the stored sound.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Samples in a frame: 1 mono, 2 left and right.
    pub fn channels(&self) -> u8 {
        self.stored.header.samples.channels
    }

    /// Bits a sample: 8, 16, 24, or 32 for floats.
    pub fn depth(&self) -> u8 {
        self.stored.header.samples.depth
    }

    /// The networks, one for each segment.
    pub fn networks(&self) -> &[Network] {
        &self.stored.networks
    }

    /// The segment of this index as a function of its own time, -1 to 1; none if there is no such segment.
    pub fn field(&self, segment: usize) -> Option<Field> {
        self.networks().get(segment).map(Field::new)
    }

    /// What it costs to evaluate `playback` piece by piece, and to have opened the file.
    pub fn cost(&self, playback: &Playback) -> Cost {
        let header = self.header();
        let frames = playback.frames();
        let mut cost = self.stored.opened();
        // At its own rate, as many frames fade as are stored.
        let faster = f64::from(playback.rate) / f64::from(self.rate);
        let fade = (f64::from(self.segments.overlap) * faster).ceil() as u64;
        cost.play(frames, header.networks(), fade, each(header, Order::Value));
        let sample = u64::from(self.channels()) * u64::from(self.depth() / 8);
        cost.put(frames.saturating_mul(sample));
        cost.hold(self.bytes(BLOCK.min(frames)));
        let threads = cost::threads(self.threads);
        let networks = header.networks();
        self.stored
            .hold_kernels(&mut cost, networks, Order::Value, threads);
        cost
    }

    /// Refuses what would cost more than the limits allow: for whoever does more with what is played, and has added that
    /// to its [cost](Self::cost).
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn admit(&self, cost: &Cost) -> Result<(), Error> {
        self.stored.admit(cost)
    }

    /// Evaluates `playback` from beginning to end, and hands its samples, of which 1 is full scale, piece by piece
    /// to `sink`, whose error ends it: frame after frame, channels interleaved, rounded to the depth of the
    /// sound. Memory is bounded, whatever the length.
    ///
    /// # Errors
    /// [`Error::Limit`] if the playback [costs](Self::cost) more than the limits allow,
    /// [`Error::Threads`] if threads cannot be started, and whatever `sink` returns.
    pub fn render<E: From<Error>>(
        &self,
        playback: &Playback,
        mut sink: impl FnMut(&[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.admit(&self.cost(playback))?;
        let player = Player::new(self, playback);
        let threads = Threads::new(self.threads)?;
        let (first, end) = (playback.bound(playback.from), playback.bound(playback.to));
        for block in (first..end).step_by(BLOCK as usize) {
            let frames = BLOCK.min(end - block);
            sink(&threads.run(|| player.samples(block, frames as usize)))?;
        }
        Ok(())
    }

    /// The whole of `playback` in memory.
    ///
    /// # Errors
    /// As [`SoundDecoder::render`], and [`Error::Parameter`] for more frames than a sound may have.
    pub fn sound(&self, playback: &Playback) -> Result<Sound, Error> {
        let mut cost = self.cost(playback);
        cost.hold(self.bytes(playback.frames()));
        self.admit(&cost)?;
        let mut samples =
            Vec::with_capacity(playback.frames() as usize * usize::from(self.channels()));
        self.render(playback, |piece| {
            samples.extend_from_slice(piece);
            Ok::<_, Error>(())
        })?;
        Sound::new(playback.rate, self.channels(), self.depth(), samples)
    }

    /// Bytes that `frames` frames take in memory.
    fn bytes(&self, frames: u64) -> u64 {
        frames.saturating_mul(u64::from(self.channels()) * size_of::<f32>() as u64)
    }
}

/// The networks of a sound, ready to be evaluated frame by frame.
struct Player {
    /// At least one.
    evaluators: Vec<Evaluator>,
    segments: Segments,
    channels: usize,
    depth: u8,
    /// Stored frames for each one that is evaluated.
    step: f64,
}

impl Player {
    fn new(decoder: &SoundDecoder, playback: &Playback) -> Self {
        let evaluator = |network| Evaluator::new(network, Order::Value);
        Self {
            evaluators: decoder.networks().iter().map(evaluator).collect(),
            segments: decoder.segments,
            channels: decoder.channels().into(),
            depth: decoder.depth(),
            step: f64::from(decoder.rate) / f64::from(playback.rate),
        }
    }

    /// The samples of `frames` frames from `first` on.
    fn samples(&self, first: u64, frames: usize) -> Vec<f32> {
        let mut all = vec![0.0; frames * self.channels];
        all.par_chunks_mut(TILE * self.channels)
            .enumerate()
            .for_each_init(
                || self.evaluators[0].scratch(),
                |scratch, (tile, samples)| {
                    self.tile(scratch, first + (tile * TILE) as u64, samples);
                },
            );
        all
    }

    /// Writes the samples of up to [`TILE`] frames from `first` on.
    fn tile(&self, scratch: &mut Scratch, first: u64, samples: &mut [f32]) {
        let last = self.evaluators.len() - 1;
        let place = |slot: usize| (first + slot as u64) as f64 * self.step;
        let segment = |slot: usize| self.segments.at(place(slot)).min(last);
        let count = samples.len() / self.channels;
        let mut slot = 0;
        while slot < count {
            // Frames of one segment, and those of them that are still fading over to it.
            let index = segment(slot);
            let end = (slot..count).find(|&slot| segment(slot) != index);
            let end = end.unwrap_or(count);
            let share = |slot: usize| self.segments.share(index, place(slot));
            let faded = (slot..end).find(|&slot| share(slot) >= 1.0).unwrap_or(end);
            self.add(scratch, index, slot..end, (&place, &share), samples);
            if let Some(before) = index.checked_sub(1) {
                let share = |slot: usize| 1.0 - share(slot);
                self.add(scratch, before, slot..faded, (&place, &share), samples);
            }
            slot = end;
        }
        for sample in samples {
            *sample = quantised(*sample, self.depth);
        }
    }

    /// Adds what segment `index` says of the frames in `slots`, given their places and its share in them.
    fn add(
        &self,
        scratch: &mut Scratch,
        index: usize,
        slots: Range<usize>,
        (place, share): (&dyn Fn(usize) -> f64, &dyn Fn(usize) -> f32),
        samples: &mut [f32],
    ) {
        let start = self.segments.start(index);
        let rows = self.evaluators[index].tile(scratch, |times| {
            for (time, slot) in times.iter_mut().zip(slots.clone()) {
                *time = signal::time(place(slot) - start, self.segments.span);
            }
        });
        for (row, slot) in slots.enumerate() {
            let frame = &mut samples[slot * self.channels..][..self.channels];
            for (channel, sample) in frame.iter_mut().enumerate() {
                *sample += share(slot) * rows[channel * TILE + row];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    const FILE: &[u8] = include_bytes!("../../../format/tests/golden/valid/sound-levels.siren");

    /// SPEC 6.1.3, word for word, at `tau` seconds.
    fn sample(decoder: &SoundDecoder, tau: f64, channel: usize) -> f64 {
        let Signal::Sound {
            segment, overlap, ..
        } = decoder.header().signal
        else {
            panic!("no sound");
        };
        let (s, v) = (f64::from(segment), f64::from(overlap));
        let p = tau * f64::from(decoder.rate());
        let output = |k: usize| {
            let t = (2.0 * (p - k as f64 * (s - v)) + 1.0) / s - 1.0;
            let point = Array2::from_elem((1, 1), t as f32);
            f64::from(decoder.field(k).unwrap().values(point.view()).unwrap()[[0, channel]])
        };
        let k = (0..decoder.networks().len())
            .rev()
            .find(|&k| p >= k as f64 * (s - v))
            .unwrap_or(0);
        let q = p - k as f64 * (s - v);
        if q < v && k > 0 {
            let f = ((q + 0.5) / v).clamp(0.0, 1.0);
            (1.0 - f) * output(k - 1) + f * output(k)
        } else {
            output(k)
        }
    }

    #[test]
    fn samples_are_those_of_the_specification() {
        let decoder = SoundDecoder::new(FILE).unwrap();
        let channels = usize::from(decoder.channels());
        assert!(decoder.networks().len() > 1 && decoder.segments.overlap > 0);
        let (rate, full) = (decoder.rate(), 2f64.powi(i32::from(decoder.depth()) - 1));
        for rate in [rate, 3 * rate + 1, (rate / 3).max(1)] {
            let playback = Playback::whole(&decoder).with_rate(rate).unwrap();
            let sound = decoder.sound(&playback).unwrap();
            assert_eq!(u64::from(sound.frames()), playback.frames());
            for (index, &found) in sound.samples().iter().enumerate() {
                let tau = (index / channels) as f64 / f64::from(rate);
                let wanted = sample(&decoder, tau, index % channels).clamp(-1.0, 1.0);
                let far = (f64::from(found) - wanted).abs();
                assert!(
                    // 32 bits are finer than floats.
                    far < 1.1 / full + 1e-7,
                    "{index} at {rate} Hz: {found}, not {wanted}"
                );
            }
        }
    }

    #[test]
    fn a_part_is_the_same_stretch_of_the_whole() {
        let decoder = SoundDecoder::new(FILE).unwrap();
        let channels = usize::from(decoder.channels());
        let whole = Playback::whole(&decoder);
        let end = whole.to;
        let all = decoder.sound(&whole).unwrap();
        let part = whole.with_range(0.25 * end, 0.75 * end).unwrap();
        let first = part.bound(part.from) as usize * channels;
        let samples = decoder.with_threads(1).sound(&part).unwrap();
        let samples = samples.samples();
        assert_eq!(samples, &all.samples()[first..first + samples.len()]);
        for (from, to) in [
            (0.5, 0.5),
            (-0.1, 0.5),
            (0.0, 1.01),
            (f64::NAN, 1.0),
            (0.5 + 1e-9, 0.5 + 2e-9),
        ] {
            assert!(
                whole.with_range(from * end, to * end).is_err(),
                "{from} to {to}"
            );
        }
        assert!(whole.with_rate(0).is_err());
    }

    #[test]
    fn what_would_be_too_much_is_refused() {
        let refused = |limits: Limits, rate: u32| {
            let decoder = SoundDecoder::with_limits(FILE, &limits).unwrap();
            let playback = Playback::whole(&decoder).with_rate(rate).unwrap();
            decoder.sound(&playback).unwrap_err().to_string()
        };
        let said = refused(Limits::default(), u32::MAX);
        assert!(said.contains("operations"), "{said}");
        let decoder = SoundDecoder::new(FILE).unwrap();
        let whole = decoder.cost(&Playback::whole(&decoder));
        // Enough to hand on piece by piece, but not to keep all pieces.
        let said = refused(Limits::default().with_memory(whole.memory), decoder.rate());
        assert!(said.contains("memory"), "{said}");
        let said = refused(
            Limits::default().with_operations(whole.operations),
            2 * decoder.rate(),
        );
        assert!(said.contains("operations"), "{said}");
        let said = refused(
            Limits::default().with_output(whole.output),
            2 * decoder.rate(),
        );
        assert!(said.contains("output"), "{said}");
    }
}
