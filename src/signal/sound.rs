//! Sounds as samples in memory.

use crate::Error;
use std::hash::{Hash, Hasher};

/// A sound in memory: mono or stereo, samples as floats of which 1 is full scale.
///
/// A float of 32 bits holds every sample of up to 24 bits exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    rate: u32,
    channels: u8,
    depth: u8,
    samples: Vec<f32>,
}

impl Sound {
    /// A sound of `rate` frames a second, each of `channels` samples (1 mono, 2 left and right), that came
    /// with `depth` bits a sample: 8, 16 or 24, or 32 for floats. `samples` is frame after frame, channels
    /// interleaved.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the rate is 0, `channels` or `depth` is none of these, or `samples` is
    /// empty, ends within a frame, has 2^32 frames or more, or a value that is not finite.
    pub fn new(rate: u32, channels: u8, depth: u8, samples: Vec<f32>) -> Result<Self, Error> {
        if rate == 0 {
            return Err(Error::parameter("frames a second", rate, "at least 1"));
        }
        if !(1..=2).contains(&channels) {
            return Err(Error::parameter("channels", channels, "1 or 2"));
        }
        if ![8, 16, 24, 32].contains(&depth) {
            return Err(Error::parameter("bits a sample", depth, "8, 16, 24 or 32"));
        }
        let frames = samples.len() / usize::from(channels);
        if frames == 0 || u32::try_from(frames).is_err() {
            return Err(Error::parameter("frames", frames, "1 to 4294967295"));
        }
        if !samples.len().is_multiple_of(channels.into()) {
            let whole = "a multiple of the channels";
            return Err(Error::parameter("samples", samples.len(), whole));
        }
        if let Some(index) = samples.iter().position(|sample| !sample.is_finite()) {
            let frame = format!(
                "{} in frame {}",
                samples[index],
                index / usize::from(channels)
            );
            return Err(Error::parameter("a sample", frame, "a finite number"));
        }
        Ok(Self {
            rate,
            channels,
            depth,
            samples,
        })
    }

    /// Frames a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Samples in a frame: 1 mono, 2 left and right.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Bits a sample: 8, 16, 24, or 32 for floats.
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// Number of frames.
    pub fn frames(&self) -> u32 {
        (self.samples.len() / usize::from(self.channels)) as u32
    }

    /// The length of the sound in seconds.
    pub fn seconds(&self) -> f64 {
        f64::from(self.frames()) / f64::from(self.rate)
    }

    /// All samples, frame after frame, channels interleaved.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// The samples of `count` frames from `first` on, or of as many as there are.
    pub(crate) fn part(&self, first: u32, count: u32) -> &[f32] {
        let channels = usize::from(self.channels);
        let end = (first as usize).saturating_add(count as usize);
        let end = end.min(self.frames() as usize);
        &self.samples[(first as usize).min(end) * channels..end * channels]
    }
}

/// Hashes the bits of all samples, which are never NaN.
impl Hash for Sound {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.rate, self.channels, self.depth).hash(state);
        self.samples.len().hash(state);
        for sample in &self.samples {
            sample.to_bits().hash(state);
        }
    }
}

/// The sample of `depth` bits nearest to `value`, as a float of which 1 is full scale (SPEC 6.3).
pub(crate) fn quantised(value: f32, depth: u8) -> f32 {
    if depth == 32 {
        return value;
    }
    let full = (1_u32 << (depth - 1)) as f32;
    (value * full).round().clamp(-full, full - 1.0) / full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sound_is_refused() {
        let made = |rate, channels, depth, samples: &[f32]| {
            Sound::new(rate, channels, depth, samples.to_vec()).map_err(|error| error.to_string())
        };
        assert!(made(1, 2, 24, &[0.5; 6]).is_ok_and(|sound| sound.frames() == 3));
        for (refused, said) in [
            (made(0, 1, 8, &[0.0]), "frames a second"),
            (made(8000, 3, 8, &[0.0; 3]), "channels is 3"),
            (made(8000, 1, 12, &[0.0]), "bits a sample is 12"),
            (made(8000, 1, 8, &[]), "frames is 0"),
            (made(8000, 2, 8, &[0.0; 3]), "samples is 3"),
            (made(8000, 1, 32, &[0.0, f32::NAN]), "NaN in frame 1"),
            (made(8000, 2, 32, &[0.0, f32::INFINITY]), "inf in frame 0"),
        ] {
            assert!(
                refused.as_ref().is_err_and(|error| error.contains(said)),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn samples_are_rounded_and_cut_off() {
        for (value, depth, expected) in [
            (0.5, 8, 0.5),
            (1.0, 8, 127.0 / 128.0),
            (-7.0, 16, -1.0),
            (1.5 / 32_768.0, 16, 2.0 / 32_768.0),
            (-1.5 / 32_768.0, 16, -2.0 / 32_768.0),
            (1.0, 24, 8_388_607.0 / 8_388_608.0),
            (1.7, 32, 1.7),
        ] {
            assert_eq!(quantised(value, depth), expected);
        }
    }

    #[test]
    fn parts_end_with_the_sound() {
        let sound = Sound::new(4, 2, 16, (0..8).map(|i| i as f32 / 8.0).collect()).unwrap();
        assert_eq!(sound.part(1, 2), &[0.25, 0.375, 0.5, 0.625]);
        assert_eq!(sound.part(3, 9), &[0.75, 0.875]);
        assert!(sound.part(9, 9).is_empty());
    }
}
