//! The values of a picture, as an objective.

use super::{REGRESSED, ROUND, Regression, StratifiedSampler, Task, begin_at_means, gain};
use crate::engine::kernel::TILE;
use crate::engine::net::{Network, Objective, Squares};
use crate::signal::{Gain, Grid, Picture};

/// Fit the samples of a picture: mean squared error over channels, samples scaled to -1 .. 1.
///
/// Points are pixel centres, spread evenly over the picture in every batch. Where alpha is 0, colour cannot
/// be seen and is left free.
#[derive(Clone, Debug)]
pub(crate) struct Image<'a> {
    picture: &'a Picture,
    /// Coordinates of the centres of all columns and rows.
    x: Vec<f32>,
    y: Vec<f32>,
    order: StratifiedSampler,
    squares: Squares,
    gain: Gain,
    regression: Option<Regression>,
}

impl<'a> Image<'a> {
    pub(crate) fn new(picture: &'a Picture, seed: u64) -> Self {
        let grid = Grid::new(picture.width(), picture.height());
        let x = (0..picture.width()).map(|column| grid.x(column)).collect();
        let y = (0..picture.height()).map(|row| grid.y(row)).collect();
        let channels = usize::from(picture.channels());
        let squares = Squares {
            outputs: channels,
            weighted: if picture.has_alpha() { channels - 1 } else { 0 },
        };
        Self {
            picture,
            squares,
            x,
            y,
            order: StratifiedSampler::new(picture.width(), picture.height(), ROUND, seed),
            gain: Gain::default(),
            regression: None,
        }
    }

    /// The same with samples divided by a gain that suits them, for networks that begin at their means.
    pub(crate) fn normalised(mut self) -> Self {
        let points = self.picture.pixels().min(REGRESSED);
        self.regression = Regression::of(&self, 2, points);
        self.gain = self.regression.as_ref().map(gain).unwrap_or_default();
        self
    }

    /// Width and height of the picture.
    pub(super) fn size(&self) -> [u32; 2] {
        [self.picture.width(), self.picture.height()]
    }
}

impl Objective for Image<'_> {
    /// The samples, and with alpha a row of weights for the colour channels.
    fn knowns(&self) -> usize {
        self.squares.knowns()
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let (channels, alpha) = (self.squares.outputs, self.picture.has_alpha());
        let width = self.picture.width() as usize;
        let mut pixels = [[0; 2]; TILE];
        let mut indices = [0; TILE];
        self.order.fill(first, &mut pixels[..count]);
        for (slot, &[x, y]) in pixels[..count].iter().enumerate() {
            coordinates[slot] = self.x[x as usize];
            coordinates[TILE + slot] = self.y[y as usize];
            indices[slot] = (y as usize * width + x as usize) * channels;
        }
        // One short loop per channel: the first waits for scattered memory, and the shorter it is, the
        // more of those waits overlap.
        let samples = self.picture.samples();
        for (channel, known) in known.as_chunks_mut::<TILE>().0[..channels]
            .iter_mut()
            .enumerate()
        {
            for (known, &index) in known.iter_mut().zip(&indices[..count]) {
                *known = samples.signed(index + channel);
            }
        }
        if alpha {
            let (known, visible) = known.split_at_mut(channels * TILE);
            for (visible, &alpha) in visible.iter_mut().zip(&known[(channels - 1) * TILE..]) {
                *visible = f32::from(u8::from(alpha > -1.0));
            }
        }
        if self.gain != Gain::default() {
            let inverse = self.gain.factor().recip();
            let samples = &mut known[..channels * TILE];
            samples.iter_mut().for_each(|sample| *sample *= inverse);
        }
    }

    fn squares(&self) -> Option<Squares> {
        Some(self.squares)
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        self.squares.loss(count, known, outputs, adjoint)
    }
}

impl Task for Image<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        (rounds * self.order.cells()).min(self.picture.pixels())
    }

    fn gain(&self) -> Gain {
        self.gain
    }

    fn regression(&self) -> Option<&Regression> {
        self.regression.as_ref()
    }

    fn begin(&self, network: &mut Network) {
        if let Some(regression) = &self.regression {
            begin_at_means(network, regression, self.gain);
        }
    }
}
