use super::strata::{Strata, mix};
use super::{ROUND, Task, squared_error};
use crate::kernel::TILE;
use crate::net::Objective;
use crate::signal::{Clip, Footage, Grid, time};
use std::io;
use std::sync::OnceLock;

/// Points that a row gives at a time, and frames that a round takes them from: at most.
const ALONG: u32 = 64;
const MOMENTS: u32 = 8;

/// Fit the samples of a video: mean squared error over channels, samples scaled to -1 .. 1.
///
/// Points are pixel centres of frames, spread evenly over space and time in every batch. They come from wherever
/// the footage is kept, so that memory does not depend on its length. Reading pixels one by one would cost
/// more than the fit, so points come in lines: some row of some frame gives several, as far apart as they
/// can be. The lines are even over rows and frames as the pixels of a picture are in [`super::Image`]: a
/// round has one of each of 8 x 16 parts of the frames and rows.
pub(crate) struct Video<'a> {
    footage: &'a dyn Footage,
    clip: Clip,
    /// Coordinates of the centres of all columns and rows.
    x: Vec<f32>,
    y: Vec<f32>,
    /// Points of a line.
    along: u32,
    /// Frames and rows of the lines.
    lines: Strata,
    seed: u64,
    /// Why a row could not be read.
    failure: OnceLock<io::Error>,
}

impl<'a> Video<'a> {
    pub(crate) fn new(footage: &'a dyn Footage, seed: u64) -> Self {
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
            lines: Strata::with_cells([clip.frames(), clip.height()], [moments, rows], seed),
            seed,
            failure: OnceLock::new(),
        }
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

    /// The column that gives point `point` of line `line`: equal steps from somewhere in the first.
    fn column(&self, line: u64, point: u32) -> usize {
        let start = mix(self.seed ^ line) >> 32;
        let place = ((u64::from(point) << 32) | start) * u64::from(self.clip.width());
        ((place / u64::from(self.along)) >> 32) as usize
    }
}

impl Objective for Video<'_> {
    fn knowns(&self) -> usize {
        self.channels()
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let channels = self.channels();
        let along = u64::from(self.along);
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
                    known[channel * TILE + slot] = f32::from(sample) * (2.0 / 255.0) - 1.0;
                }
                slot += 1;
            }
        }
    }

    fn loss(&self, count: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        squared_error(self.channels(), count, known, outputs, adjoint, |_, _| 1.0)
    }
}

impl Task for Video<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        (rounds * self.lines.cells() * u64::from(self.along)).min(self.clip.pixels())
    }
}
