//! How sines and ReLU fit the same sound.

use crate::Error;
use crate::encode::{Tally, each, omega_first};
use crate::engine::net::{Activation, Architecture, Device, Field, Network};
use crate::fit::{self, Progress, Schedule};
use crate::metric;
use crate::objective::{Segment, Task};
use crate::signal::{self, Sound};
use ndarray::Array2;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

/// Largest step sizes that each kind of network is fitted with, in layers of up to 28 neurons; less in wider
/// ones, as `encode` does.
const RATES: [f32; 3] = [2e-3, 8e-3, 32e-3];
/// How often [`sounds()`] fits the whole sound.
pub const SOUND_FITS: usize = 2 * RATES.len();

/// How well networks of one kind fit a sound.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Heard {
    /// The name of the kind of networks.
    pub name: &'static str,
    /// Weights and biases of all segments.
    pub parameters: usize,
    /// The largest step size of the optimiser: of those that were tried, the one that led to the highest SNR.
    pub rate: f32,
    /// [`metric::snr`] in dB.
    pub snr: f64,
    /// [`metric::segmental_snr`] in dB.
    pub segmental_snr: f64,
}

/// Which networks are fitted to a sound, and for how long.
#[derive(Clone, Debug)]
pub struct SoundStudy {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Frames of a segment, each of which has a network of its own; they do not overlap.
    pub span: u32,
    /// Steps of each fit.
    pub steps: u32,
    /// Seed of the random initial weights and of the order of frames.
    pub seed: u64,
}

/// Fits a SIREN and a ReLU network of the same layers to every segment of `sound`, in as many steps of the same
/// optimiser over the same frames, with three step sizes, of which the one with the highest SNR counts.
/// Nothing is rounded. omega_0 of the first layer is that of `encode`, and 30 in the others.
///
/// `progress` is called after every step, with the number of the fit of the whole sound: the SIREN's come first.
///
/// # Errors
/// [`Error::Parameter`] if there are no steps, the span is 0 or more than the sound, or the layers are bad;
/// [`Error::Diverged`] if all fits of a kind fail, and [`Error::Stopped`] if `progress` breaks.
pub fn sounds(
    sound: &Sound,
    study: &SoundStudy,
    progress: &mut (dyn FnMut(usize, &Progress) -> ControlFlow<()> + Send),
) -> Result<Vec<Heard>, Error> {
    if study.steps == 0 {
        return Err(Error::parameter("number of steps", 0, "at least 1"));
    }
    if !(1..=sound.frames()).contains(&study.span) {
        let allowed = format!("1 to {}, those of the sound", sound.frames());
        return Err(Error::parameter("frames of a segment", study.span, allowed));
    }
    let kinds = [("SIREN", Activation::Sine), ("ReLU", Activation::Relu)];
    let mut all = Vec::new();
    for (kind, (name, activation)) in kinds.into_iter().enumerate() {
        let mut best: Option<Heard> = None;
        let mut failed = None;
        for (trial, rate) in RATES.into_iter().enumerate() {
            let mut tell = |report: &Progress| progress(kind * RATES.len() + trial, report);
            match study.fit(sound, (name, activation), rate, &mut tell) {
                Ok(heard) if best.as_ref().is_none_or(|best| heard.snr > best.snr) => {
                    best = Some(heard);
                }
                Ok(_) => {}
                // Too large a step is no reason to give up the others.
                Err(error @ Error::Diverged { .. }) => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        all.push(best.ok_or_else(|| failed.unwrap_or(Error::Stopped))?);
    }
    Ok(all)
}

impl SoundStudy {
    fn fit(
        &self,
        sound: &Sound,
        (name, activation): (&'static str, Activation),
        rate: f32,
        progress: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send),
    ) -> Result<Heard, Error> {
        let shape = Architecture {
            inputs: 1,
            hidden: self.hidden.clone(),
            outputs: sound.channels().into(),
            // The networks compared here have parameters enough for all frequencies.
            omega_first: omega_first(self.span, f64::INFINITY) as f32,
            omega_hidden: 30.0,
            activation,
            frequencies: 0,
        };
        let widest = self.hidden.iter().max().map_or(1, |&width| width);
        let rate = rate * (28.0 / widest as f32).powf(2.0 / 3.0).min(1.0);
        let gain = power(sound).sqrt().max(1e-6) as f32;
        let firsts: Vec<u32> = (0..sound.frames()).step_by(self.span as usize).collect();
        let segments = firsts.len();
        let tally = Mutex::new((Tally::new(segments, self.steps), progress));
        let pieces = each(firsts, |index, first| {
            let task = Segment::new(sound, first, self.span, gain, self.seed);
            let mut network = Network::random(&shape, self.seed)?;
            let schedule = Schedule {
                steps: self.steps,
                points: [1, 3].map(|rounds| task.batch(rounds)),
                rate,
            };
            let fitted = fit::fit(
                &Device::cpu(),
                &mut network,
                &task,
                None,
                &schedule,
                &mut |report| {
                    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                    let (tally, progress) = &mut *tally;
                    tally.report(index, report, progress)
                },
            )?;
            if fitted.stopped {
                return Err(Error::Stopped);
            }
            let frames = self.span.min(sound.frames() - first) as usize;
            let times = Array2::from_shape_fn((frames, 1), |(frame, _)| {
                signal::time(frame as f64, self.span)
            });
            Ok(Field::new(&network).values(times.view())? * gain)
        })?;
        let samples = pieces.into_iter().flatten().collect();
        let found = Sound::new(sound.rate(), sound.channels(), 32, samples)?;
        Ok(Heard {
            name,
            parameters: segments * shape.parameters(),
            rate,
            snr: metric::snr(sound, &found),
            segmental_snr: metric::segmental_snr(sound, &found),
        })
    }
}

/// The mean square of all samples.
fn power(sound: &Sound) -> f64 {
    let squares = sound
        .samples()
        .iter()
        .map(|&sample| f64::from(sample).powi(2));
    squares.sum::<f64>() / sound.samples().len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_takes_sines() {
        let tone = |n: usize| (n as f32 * 0.5).sin() * (0.3 + 0.2 * (n as f32 * 0.01).cos());
        let sound = Sound::new(8000, 1, 16, (0..1000).map(tone).collect()).unwrap();
        let study = SoundStudy {
            hidden: vec![16, 16],
            span: 600,
            steps: 400,
            seed: 0,
        };
        let mut fits = [0; SOUND_FITS];
        let heard = sounds(&sound, &study, &mut |fit, report| {
            fits[fit] = report.step;
            ControlFlow::Continue(())
        })
        .unwrap();
        // Two segments each.
        assert_eq!(fits, [800; SOUND_FITS]);
        let [siren, relu] = &heard[..] else {
            panic!("{heard:?}");
        };
        assert_eq!((siren.name, relu.name), ("SIREN", "ReLU"));
        assert_eq!((siren.parameters, relu.parameters), (2 * 321, 2 * 321));
        assert!(siren.snr > relu.snr + 10.0, "{heard:?}");

        let stopped = sounds(&sound, &study, &mut |_, _| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(Error::Stopped)));
        let long = SoundStudy {
            span: 1001,
            ..study
        };
        assert!(sounds(&sound, &long, &mut |_, _| ControlFlow::Break(())).is_err());
    }
}
