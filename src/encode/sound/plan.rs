//! Which segments to cut a sound into, and which networks to make for them.

use super::super::plan;
use super::super::plan::{BITS, ByteBudget, OVERHEAD};
use super::super::settings::Settings;
use super::super::source::Source;
use crate::decode::{Playback, Segments, SoundDecoder};
use crate::metric;
use crate::signal::Sound;
use crate::{Error, Limits};
use siren_format::{Colour, Samples, Signal};
use std::f64::consts::PI;

/// Bits per sample of a file whose size is not set.
const RATE: f64 = 0.75;
/// Parameters of a network where segments are not given, up to [`LOW_RATE`] bits a sample. At higher rates they are
/// fewer in inverse proportion, which makes segments shorter still: see `frequencies.md`.
const PARAMETERS: f64 = 3_000.0;
const LOW_RATE: f64 = 0.4;
/// Hidden layers where they are not given, of networks with at least [`DEEP`] parameters, and of smaller ones.
const LAYERS: u32 = 4;
const FEWER_LAYERS: u32 = 3;
const DEEP: f64 = 2_000.0;
/// The ratio of signal to noise that is expected of a file, in dB: [`RATIO`] of one without bits, and [`RATIO_PER_BIT`]
/// more for each bit a sample. The distortion at which bits are shared out among segments follows from it.
const RATIO: f64 = 6.0;
const RATIO_PER_BIT: f64 = 11.0;
/// Neighbouring segments overlap, and fade into each other, over one part in this number of a segment.
const FADE: u32 = 32;
/// The highest frequency that a fit starts from, as a share of the highest that frames can tell.
const NYQUIST_SHARE: f64 = 0.025;
/// omega_0 of the other hidden layers.
const OMEGA_HIDDEN: f64 = 30.0;
/// Largest omega_0 that a file can tell (SPEC 3.4).
const OMEGA_MOST: f64 = 8191.0;

/// Octaves above and below the ordinary frequencies that segments are tried from: a whistle needs higher ones than a
/// voice, and a voice at a low rate lower ones.
const ABOVE: u32 = 3;
const BELOW: u32 = 3;

/// Frames for each parameter of a network up to which that share holds. With more of them, the frequencies that a
/// network has parameters for are lower in proportion.
const FRAMES_PER_PARAMETER: f64 = 8.0;

/// omega_0 of the first layer for segments of `span` frames and networks of `parameters` parameters: see
/// `frequencies.md`.
pub(crate) fn omega_first(span: u32, parameters: f64) -> f64 {
    let nyquist = PI * f64::from(span) / 2.0;
    let reach = FRAMES_PER_PARAMETER * parameters / f64::from(span);
    // Whole, so that what is three octaves below can be told in eighths too.
    (NYQUIST_SHARE * nyquist * reach.min(1.0))
        .round()
        .clamp(1.0, OMEGA_MOST)
}

/// A sound as it is to be stored.
pub(super) struct SoundPlan<'a> {
    pub(super) sound: &'a Sound,
    pub(super) segments: Segments,
    /// Hidden layers and width of each network.
    pub(super) network: (u32, u32),
    /// For the whole file.
    pub(super) room: ByteBudget,
}

impl<'a> SoundPlan<'a> {
    /// What `settings` make of `sound`, in segments of about `seconds` if they are given.
    pub(super) fn new(
        settings: &Settings,
        sound: &'a Sound,
        seconds: Option<f64>,
    ) -> Result<Self, Error> {
        let mut this = Self {
            sound,
            segments: Segments {
                span: sound.frames(),
                overlap: 0,
            },
            network: (0, 0),
            room: ByteBudget {
                bytes: 0,
                overhead: OVERHEAD,
            },
        };
        this.room.bytes = settings.size.bytes(&this);
        let ends = this.ends();
        let width = settings.width;
        let frames = f64::from(sound.frames());
        let parameters = PARAMETERS * (LOW_RATE / this.rate()).min(1.0);
        let usual = if parameters < DEEP {
            FEWER_LAYERS
        } else {
            LAYERS
        };
        let span = match (seconds, width) {
            (Some(seconds), _) => seconds * f64::from(sound.rate()),
            // As long as a network of this size can serve at the rate of the whole.
            (None, width) => {
                let parameters = width.map_or(parameters, |width| {
                    plan::count(settings.layers.unwrap_or(usual), width, ends)
                });
                frames * parameters * BITS / this.room.bits().max(1.0)
            }
        };
        // Casts saturate.
        this.segments = Segments::new(sound.frames(), span.round() as u32, FADE);
        let bits = this.room.bits() / this.busy();
        let layers = settings.layers.or_else(|| width.is_none().then_some(usual));
        this.network = plan::network(bits, ends, (layers, width));
        Ok(this)
    }

    /// Bits a sample of the whole file.
    fn rate(&self) -> f64 {
        self.room.bits().max(1.0) / self.sound.samples().len().max(1) as f64
    }

    /// Over how many segments the bits of the file are spread, about: those that are far softer than others get none.
    ///
    /// It is the sum of all segments' rates by the largest of them, with rates as of Gaussian noise of a segment's
    /// power P at a distortion D (reverse water-filling): log2(P / D) / 2, or 0 if P < D.
    fn busy(&self) -> f64 {
        let samples = self.sound.samples();
        let channels = usize::from(self.sound.channels());
        let power = |part: &[f32]| {
            let squares = part.iter().map(|&sample| f64::from(sample).powi(2));
            squares.sum::<f64>() / part.len().max(1) as f64
        };
        let ratio = RATIO + RATIO_PER_BIT * self.rate();
        let distortion = 10f64.powf(-ratio / 10.0) * power(samples);
        let rates: Vec<f64> = samples
            .chunks(self.segments.span as usize * channels)
            .map(|part| (power(part) / distortion).max(1.0).log2())
            .collect();
        let most = rates.iter().copied().fold(0.0, f64::max);
        if most > 0.0 {
            (rates.iter().sum::<f64>() / most).max(1.0)
        } else {
            self.signal().networks() as f64
        }
    }

    /// Octaves below the frequencies of the file that segments are tried from.
    pub(super) fn octaves(&self) -> u32 {
        self.above() + BELOW
    }

    /// Octaves that the frequencies of the file lie above the ordinary ones.
    fn above(&self) -> u32 {
        let fits = |&octaves: &u32| self.ordinary() * f64::from(1 << octaves) <= OMEGA_MOST;
        (0..=ABOVE).rev().find(fits).unwrap_or(0)
    }

    /// The ordinary omega_0 of the first layer.
    fn ordinary(&self) -> f64 {
        let (layers, width) = self.network;
        let parameters = plan::count(layers, width, self.ends());
        omega_first(self.segments.span, parameters)
    }

    fn ends(&self) -> [u32; 2] {
        [1, self.sound.channels().into()]
    }
}

impl Source for SoundPlan<'_> {
    fn signal(&self) -> Signal {
        Signal::Sound {
            rate: self.sound.rate(),
            frames: self.sound.frames(),
            segment: self.segments.span,
            overlap: self.segments.overlap,
        }
    }

    fn samples(&self) -> Samples {
        Samples {
            channels: self.sound.channels(),
            depth: self.sound.depth(),
            colour: Colour::Direct,
        }
    }

    fn bytes(&self) -> u64 {
        let samples = self.sound.samples().len() as f64;
        OVERHEAD + (samples * RATE / 8.0) as u64
    }

    fn omegas(&self) -> [f64; 2] {
        let first = self.ordinary() * f64::from(1 << self.above());
        [first, OMEGA_HIDDEN]
    }

    /// The ratio of signal to noise.
    fn measure(&self, bytes: &[u8]) -> Result<f64, Error> {
        let decoder = SoundDecoder::with_limits(bytes, &Limits::none())?;
        let decoded = decoder.sound(&Playback::whole(&decoder))?;
        Ok(metric::snr(self.sound, &decoded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SoundEncoder;

    /// A second of noise that changes between two loudnesses 6 dB apart.
    fn noise() -> Sound {
        let noise = |frame: u32| {
            let hash = frame.wrapping_mul(2_654_435_761).rotate_left(13);
            let hash = hash.wrapping_mul(0x85eb_ca6b) ^ (hash >> 7);
            let loudness = [0.3, 0.6][(frame / 4410 % 2) as usize];
            loudness * (f64::from(hash) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
        };
        Sound::new(44_100, 1, 16, (0..44_100).map(noise).collect()).unwrap()
    }

    #[test]
    fn networks_have_as_many_parameters_as_their_bits_allow_at_any_rate() {
        let sound = noise();
        let mut spans = Vec::new();
        for kbps in [16.0, 33.0, 96.0, 200.0] {
            let encoder = SoundEncoder::new().with_kbps(kbps);
            let plan = SoundPlan::new(&encoder.settings, &sound, None).unwrap();
            let (layers, width) = plan.network;
            let parameters = plan::count(layers, width, plan.ends());
            let bits = plan.room.bits() / (plan.signal().networks() as f64 * parameters);
            assert!(
                (5.0..7.0).contains(&bits),
                "{kbps} kbit/s: {bits} bits each"
            );
            assert_eq!(layers, if kbps < 20.0 { LAYERS } else { FEWER_LAYERS });
            spans.push(plan.segments.span);
        }
        assert!(spans.is_sorted_by(|one, next| one > next), "{spans:?}");
    }
}
