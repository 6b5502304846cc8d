//! The values of a video, as an objective.

use super::sampler::{StratifiedSampler, mix};
use super::{REGRESSED, ROUND, Regression, Task, begin_at_means, gain};
use crate::engine::kernel::TILE;
use crate::engine::net::{Network, Objective, Squares};
use crate::signal::{Clip, Gain, Grid, VideoSource, time};
use std::io;
use std::sync::OnceLock;

/// Points that a row gives at a time, and frames that a round takes them from: at most.
const ALONG: u32 = 64;
const MOMENTS: u32 = 8;
/// What weights of t begin with, as a share of those of x and y: clips move more slowly through time than they
/// change over space.
const PACE: f32 = 0.5;

/// Fit the samples of a video: mean squared error over channels, samples scaled to -1 .. 1.
///
/// Points are pixel centres of frames, spread evenly over space and time in every batch. They come from wherever
/// the footage is kept, so that memory does not depend on its length. Reading pixels one by one would cost
/// more than the fit, so points come in lines: some row of some frame gives several, as far apart as they
/// can be. The lines are even over rows and frames as the pixels of a picture are in [`super::Image`]: a
/// round has one of each of 8 x 16 parts of the frames and rows.
pub(crate) struct Video<'a> {
    footage: &'a dyn VideoSource,
    clip: Clip,
    /// Coordinates of the centres of all columns and rows.
    x: Vec<f32>,
    y: Vec<f32>,
    /// Points of a line.
    along: u32,
    /// Frames and rows of the lines.
    lines: StratifiedSampler,
    seed: u64,
    gain: Gain,
    regression: Option<Regression>,
    /// Why a row could not be read.
    failure: OnceLock<io::Error>,
}

impl<'a> Video<'a> {
    pub(crate) fn new(footage: &'a dyn VideoSource, seed: u64) -> Self {
        let clip = footage.clip();
        let grid = Grid::new(clip.width(), clip.height());
        let along = clip.width().min(ALONG);
        let moments = clip.frames().min(MOMENTS);
        let rows = (ROUND as u32 / (along * moments)).min(clip.height());
        Self {
            footage,
            clip,
            x: (0..clip.width()).map(|column| grid.x(column)).collect(),
            y: (0..clip.height()).map(|row| grid.y(row)).collect(),
            along,
            lines: StratifiedSampler::with_cells(
                [clip.frames(), clip.height()],
                [moments, rows],
                seed,
            ),
            seed,
            gain: Gain::default(),
            regression: None,
            failure: OnceLock::new(),
        }
    }

    /// The same with samples divided by a gain that suits them, for networks that begin at their means.
    pub(crate) fn normalised(mut self) -> Self {
        let points = self.batch(u64::MAX).min(REGRESSED);
        self.regression = Regression::of(&self, 3, points);
        self.gain = self.regression.as_ref().map(gain).unwrap_or_default();
        self
    }

    /// Whether a row could not be read. What the fit makes of it from then on is of no use.
    pub(crate) fn failed(&self) -> bool {
        self.failure.get().is_some()
    }

    /// Why.
    pub(crate) fn failure(self) -> Option<io::Error> {
        self.failure.into_inner()
    }

    fn channels(&self) -> usize {
        self.clip.channels().into()
    }

    fn error(&self) -> Squares {
        Squares {
            outputs: self.channels(),
            weighted: 0,
        }
    }

    /// The column that gives point `point` of line `line`: equal steps from somewhere in the first.
    fn column(&self, line: u64, point: u32) -> usize {
        let start = mix(self.seed ^ line) >> 32;
        let place = ((u64::from(point) << 32) | start) * u64::from(self.clip.width());
        ((place / u64::from(self.along)) >> 32) as usize
    }
}

impl Objective for Video<'_> {
    fn knowns(&self) -> usize {
        self.error().knowns()
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let channels = self.channels();
        let along = u64::from(self.along);
        let inverse = self.gain.factor().recip();
        let mut samples = vec![0; self.x.len() * channels];
        let mut slot = 0;
        while slot < count {
            let position = first + slot as u64;
            let (line, start) = (position / along, (position % along) as u32);
            let points = ((self.along - start) as usize).min(count - slot);
            let mut place = [[0; 2]];
            self.lines.fill(line, &mut place);
            let [[frame, row]] = place;
            if let Err(error) = self.footage.row(frame, row, &mut samples) {
                // Of several threads' failures one is enough.
                let _ = self.failure.set(error);
            }
            let (y, t) = (self.y[row as usize], time(frame.into(), self.clip.frames()));
            for point in start..start + points as u32 {
                let column = self.column(line, point);
                coordinates[slot] = self.x[column];
                coordinates[TILE + slot] = y;
                coordinates[2 * TILE + slot] = t;
                for channel in 0..channels {
                    let sample = samples[column * channels + channel];
                    let sample = f32::from(sample) * (2.0 / 255.0) - 1.0;
                    known[channel * TILE + slot] = sample * inverse;
                }
                slot += 1;
            }
        }
    }

    fn squares(&self) -> Option<Squares> {
        Some(self.error())
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        self.error().loss(count, known, outputs, adjoint)
    }
}

impl Task for Video<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        let round = self.lines.cells() * u64::from(self.along);
        rounds.saturating_mul(round).min(self.clip.pixels())
    }

    fn gain(&self) -> Gain {
        self.gain
    }

    fn regression(&self) -> Option<&Regression> {
        self.regression.as_ref()
    }

    fn begin(&self, network: &mut Network) {
        if let Some(first) = network.layers.first_mut() {
            first
                .weights
                .column_mut(2)
                .mapv_inplace(|weight| weight * PACE);
        }
        if let Some(regression) = &self.regression {
            begin_at_means(network, regression, self.gain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples that say where they come from.
    struct Marked(Clip);

    impl VideoSource for Marked {
        fn clip(&self) -> Clip {
            self.0
        }

        fn row(&self, frame: u32, row: u32, samples: &mut [u8]) -> io::Result<()> {
            if frame == 77 {
                return Err(io::Error::other("torn"));
            }
            for (column, pixel) in (0..).zip(samples.as_chunks_mut::<3>().0) {
                *pixel = [column, row, frame].map(|index: u32| index as u8);
            }
            Ok(())
        }
    }

    fn marked(size: [u32; 2], frames: u32) -> Marked {
        Marked(Clip::new(size, 3, frames, [25, 1]).unwrap())
    }

    /// The columns, rows and frames of points `first ..`, as coordinates and samples have them.
    fn drawn(video: &Video<'_>, first: u64, count: usize) -> Vec<[u32; 3]> {
        let clip = video.clip;
        let (mut coordinates, mut known) = (vec![0.0; 3 * TILE], vec![0.0; 3 * TILE]);
        video.draw(first, count, &mut coordinates, &mut known);
        let longer = f64::from(clip.width().max(clip.height()));
        let sizes = [clip.width(), clip.height(), clip.frames()].map(f64::from);
        let point = |slot: usize| {
            std::array::from_fn(|axis| {
                // SPEC 6.1.1 and 6.1.4, the other way round.
                let extent = if axis == 2 { 1.0 } else { sizes[axis] / longer };
                let place = f64::from(coordinates[axis * TILE + slot]) / extent;
                let index = ((place + 1.0) * sizes[axis] - 1.0) / 2.0;
                let sample = (f64::from(known[axis * TILE + slot]) + 1.0) * 127.5;
                assert!((index - sample).abs() < 1e-3, "{index} {sample}");
                sample.round() as u32
            })
        };
        (0..count).map(point).collect()
    }

    #[test]
    fn samples_are_those_at_the_coordinates_and_any_range_is_the_same_stretch() {
        let footage = marked([90, 50], 20);
        let video = Video::new(&footage, 3);
        let whole: Vec<_> = (0..8)
            .flat_map(|tile| drawn(&video, tile * 256, TILE))
            .collect();
        for first in [0, 1, 63, 64, 200, 1000] {
            assert_eq!(drawn(&video, first, 250), whole[first as usize..][..250]);
        }
    }

    #[test]
    fn a_round_is_even_over_space_and_time() {
        for (size, frames) in [
            ([200, 120], 100),
            ([16, 12], 8),
            ([100, 2], 250),
            ([3, 250], 2),
        ] {
            let footage = marked(size, frames.min(76));
            let video = Video::new(&footage, 0);
            let round = video.batch(1);
            let tiles = (0..round).step_by(TILE);
            let points: Vec<_> = tiles
                .flat_map(|first| drawn(&video, first, (round - first).min(TILE as u64) as usize))
                .collect();
            for axis in 0..3 {
                let length = [size[0], size[1], frames.min(76)][axis];
                let mean = points
                    .iter()
                    .map(|point| f64::from(point[axis]))
                    .sum::<f64>();
                let mean = (mean / round as f64 + 0.5) / f64::from(length);
                assert!((mean - 0.5).abs() < 0.06, "{size:?} {axis}: {mean}");
                let parts = length.min(4);
                let mut counts = [0_u64; 4];
                for point in &points {
                    counts[(point[axis] * parts / length) as usize] += 1;
                }
                for count in &counts[..parts as usize] {
                    let share = *count as f64 * f64::from(parts) / round as f64;
                    assert!((share - 1.0).abs() < 0.3, "{size:?} {axis}: {counts:?}");
                }
            }
        }
    }

    #[test]
    fn in_time_every_pixel_is_seen() {
        let footage = marked([70, 5], 9);
        let video = Video::new(&footage, 1);
        let mut seen = std::collections::HashSet::new();
        for tile in 0..400 {
            seen.extend(drawn(&video, tile * TILE as u64, TILE));
        }
        assert_eq!(seen.len(), 70 * 5 * 9);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_remembered() {
        let footage = marked([70, 5], 100);
        let video = Video::new(&footage, 1);
        assert!(!video.failed());
        for tile in 0..100 {
            let (mut coordinates, mut known) = ([0.0; 3 * TILE], [0.0; 3 * TILE]);
            video.draw(tile * TILE as u64, TILE, &mut coordinates, &mut known);
        }
        assert!(video.failed());
        assert_eq!(video.failure().unwrap().to_string(), "torn");
    }
}
