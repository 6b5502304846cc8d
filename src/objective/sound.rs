//! The values of a segment of a sound, as an objective.

use super::{StratifiedSampler, Task};
use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use crate::signal::{Sound, time};

/// Points that cover a segment evenly, about.
const ROUND: u64 = 2048;

/// Fit a segment of a sound: mean squared error over channels, of samples divided by a `gain`.
///
/// The input is time, -1 to 1 over the segment, whose frames are the centres of equal parts of it (SPEC
/// 6.1.3). Points are frames, spread evenly over it in every batch; of a last segment that reaches beyond the
/// end of the sound, only those that there are. The loss is four times that error, so that the reported PSNR
/// (4 over the loss) is the ratio of gain^2 to the squared error of the samples themselves.
#[derive(Clone, Debug)]
pub(crate) struct Segment<'a> {
    /// Frames of it that there are, channels interleaved.
    samples: &'a [f32],
    channels: usize,
    /// Frames that it spans.
    span: u32,
    inverse_gain: f32,
    order: StratifiedSampler,
}

impl<'a> Segment<'a> {
    /// The segment of `span` frames from frame `first` on, which `sound` has.
    pub(crate) fn new(sound: &'a Sound, first: u32, span: u32, gain: f32, seed: u64) -> Self {
        let samples = sound.part(first, span);
        let channels = usize::from(sound.channels());
        let frames = (samples.len() / channels) as u32;
        Self {
            samples,
            channels,
            span,
            inverse_gain: 1.0 / gain,
            order: StratifiedSampler::new(frames, 1, ROUND, seed),
        }
    }

    /// The loss of silence.
    pub(crate) fn power(&self) -> f64 {
        let square = |&sample: &f32| f64::from(sample * self.inverse_gain).powi(2);
        4.0 * self.samples.iter().map(square).sum::<f64>() / self.samples.len() as f64
    }

    fn frames(&self) -> u64 {
        (self.samples.len() / self.channels) as u64
    }
}

impl Objective for Segment<'_> {
    fn knowns(&self) -> usize {
        self.channels
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let mut frames = [[0; 2]; TILE];
        self.order.fill(first, &mut frames[..count]);
        for (slot, &[frame, _]) in frames[..count].iter().enumerate() {
            coordinates[slot] = time(frame.into(), self.span);
            let samples = &self.samples[frame as usize * self.channels..][..self.channels];
            for (channel, sample) in samples.iter().enumerate() {
                known[channel * TILE + slot] = sample * self.inverse_gain;
            }
        }
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        let scale = 4.0 / self.channels as f32;
        adjoint.fill(0.0);
        let mut loss = 0.0;
        for channel in 0..self.channels {
            let row = channel * TILE;
            let mut sum = 0.0;
            for slot in row..row + count {
                let error = outputs[slot] - known[slot];
                adjoint[slot] = 2.0 * scale * error;
                sum += error * error;
            }
            loss += f64::from(scale * sum);
        }
        loss
    }
}

impl Task for Segment<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        (rounds * self.order.cells()).min(self.frames())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Sound {
        let samples = (0..2 * 1000).map(|i| (i as f32 * 0.37).sin()).collect();
        Sound::new(8000, 2, 16, samples).unwrap()
    }

    #[test]
    fn frames_are_drawn_at_their_times() {
        let sound = sound();
        let segment = Segment::new(&sound, 700, 400, 0.5, 1);
        assert_eq!(segment.batch(1), 300);
        let (mut coordinates, mut known) = ([0.0; TILE], [0.0; 2 * TILE]);
        let mut seen = vec![0; 300];
        for first in [0, 150] {
            segment.draw(first, 150, &mut coordinates, &mut known);
            for slot in 0..150 {
                // Frame n lies at (2 n + 1) / 400 - 1.
                let frame = ((coordinates[slot] + 1.0) * 200.0 - 0.5).round() as usize;
                seen[frame] += 1;
                for channel in 0..2 {
                    let sample = sound.samples()[(700 + frame) * 2 + channel];
                    assert_eq!(known[channel * TILE + slot], 2.0 * sample);
                }
            }
        }
        assert!(seen.iter().all(|&seen| seen == 1));
    }

    #[test]
    fn the_adjoint_is_the_slope_of_the_loss() {
        let sound = sound();
        let segment = Segment::new(&sound, 0, 1000, 0.5, 1);
        let known: Vec<f32> = (0..2 * TILE).map(|i| (i as f32 * 0.11).sin()).collect();
        let outputs: Vec<f32> = (0..2 * TILE).map(|i| (i as f32 * 0.05).cos()).collect();
        let mut adjoint = vec![9.0; 2 * TILE];
        let loss = segment.loss(0, 100, &known, &outputs, &mut adjoint);
        let mut ignored = vec![0.0; 2 * TILE];
        for slot in [0, 99, TILE, TILE + 99] {
            let mut moved = outputs.clone();
            moved[slot] += 0.01;
            let up = segment.loss(0, 100, &known, &moved, &mut ignored);
            moved[slot] -= 0.02;
            let down = segment.loss(0, 100, &known, &moved, &mut ignored);
            let slope = (up - down) / 0.02;
            assert!(
                (slope - f64::from(adjoint[slot])).abs() < 1e-2,
                "{slope} {}",
                adjoint[slot]
            );
        }
        assert!(adjoint[100] == 0.0 && adjoint[TILE + 100] == 0.0 && loss > 0.0);
    }
}
