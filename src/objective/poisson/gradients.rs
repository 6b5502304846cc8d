//! The gradients of a picture, as an objective.

use super::super::{Image, Task};
use super::Scene;
use crate::engine::kernel::TILE;
use crate::engine::net::{Network, Objective, Order};
use crate::signal::spectral;
use ndarray::Array2;
use ndarray_rand::rand::Rng;

/// Fit gradients: grad Phi = g, per pixel (Sitzmann et al. 2020, section 4.1).
///
/// The equation is posed twice, since at points alone it says too little about what is slow: an error of
/// frequency k counts k^2 in the squared gradient, and the noise of all that is fast hides it. So every
/// other tile poses it at pixel centres, and the others along rows and columns, over segments of all lengths,
/// where by the fundamental theorem of calculus
///
/// ```text
/// Phi(b) - Phi(a) = integral of g from a to b,
/// ```
///
/// which takes no more than the ends.
#[derive(Clone, Debug)]
pub(crate) struct Gradients<'a> {
    scene: Scene<'a>,
    /// g of each channel along x and y, rows x columns.
    targets: Vec<[Array2<f32>; 2]>,
    /// Its integrals along rows (of the part along x) and along columns, each up to a constant.
    integrals: Vec<[Array2<f32>; 2]>,
}

/// log2 of the length of the shortest segments, in pixels.
const SHORTEST: u32 = 2;

impl<'a> Gradients<'a> {
    /// `targets`, one pair of derivatives along x and y for each channel, rows x columns; they need not be
    /// the gradients of any picture. `means` are those of the channels, `values` the picture meant.
    pub(crate) fn new(
        targets: Vec<[Array2<f32>; 2]>,
        means: Vec<f32>,
        values: Image<'a>,
        seed: u64,
    ) -> Self {
        Self {
            scene: Scene::new(values, means, seed),
            integrals: spectral::along(&targets),
            targets,
        }
    }

    /// Segments of 2^k pixels, or as many as there are: along both axes and of all lengths in turn, so that
    /// each tile has its share of what weighs more and what less.
    fn draw_segments(&self, tile: u64, coordinates: &mut [f32], known: &mut [f32]) {
        let mut random = self.scene.random(tile);
        let size = self.scene.size;
        let mut pixels = [[0; 2]; TILE];
        known[0] = 1.0;
        for (index, [a, b]) in pixels.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let number = tile * (TILE as u64 / 2) + index as u64;
            let axis = (number % 2) as usize;
            let levels = size[axis].ilog2().saturating_sub(SHORTEST) + 1;
            let level = SHORTEST + (number / 2 % u64::from(levels)) as u32;
            let length = (1 << level).min(size[axis] - 1);
            *a = size.map(|size| random.random_range(0..size));
            a[axis] = random.random_range(0..size[axis] - length);
            *b = *a;
            b[axis] += length;
            let integrals = self.integrals.iter();
            for (integrals, known) in integrals.zip(known[TILE..].chunks_exact_mut(TILE)) {
                let at = |[x, y]: [u32; 2]| integrals[axis][[y as usize, x as usize]];
                known[index] = at(*b) - at(*a);
            }
        }
        self.scene.grid.place(&pixels, coordinates);
    }
}

impl Objective for Gradients<'_> {
    fn order(&self) -> Order {
        Order::Gradient
    }

    /// A row that begins with 1 where the tile holds segments, each from a point to the next; and targets:
    /// for every channel both derivatives at each point, or its difference along each segment.
    fn knowns(&self) -> usize {
        1 + 2 * self.targets.len()
    }

    fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
        known.fill(0.0);
        let tile = first / TILE as u64;
        if tile.is_multiple_of(2) {
            let targets = self.targets.iter().flatten();
            self.scene
                .draw_points(first / 2, targets, coordinates, known);
        } else {
            self.draw_segments(tile / 2, coordinates, known);
        }
    }

    fn loss(&self, _: u64, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
        adjoint.fill(0.0);
        let channels = self.targets.len();
        let (segments, targets) = (known[0] == 1.0, &known[TILE..]);
        let mut loss = 0.0;
        if segments {
            let rows = jets.chunks_exact(TILE).zip(adjoint.chunks_exact_mut(TILE));
            for ((jets, adjoint), target) in rows.zip(targets.chunks_exact(TILE)).take(channels) {
                for (pair, target) in target.iter().take(count / 2).enumerate() {
                    let (a, b) = (2 * pair, 2 * pair + 1);
                    let error = jets[b] - jets[a] - target;
                    // For either of its points.
                    loss += 2.0 * f64::from(error * error);
                    adjoint[b] = 4.0 * error / channels as f32;
                    adjoint[a] = -adjoint[b];
                }
            }
            return loss / channels as f64;
        }
        let pixel = self.scene.pixel();
        for (row, target) in targets.chunks_exact(TILE).enumerate() {
            let (channel, axis) = (row / 2, row % 2);
            let first = ((1 + axis) * channels + channel) * TILE;
            let (jets, adjoint) = (&jets[first..], &mut adjoint[first..]);
            let scales = (pixel, 1.0);
            loss += (self.scene).loss_at_points(count, scales, target, jets, adjoint);
        }
        loss / channels as f64
    }
}

impl Task for Gradients<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        self.scene.batch(rounds)
    }

    fn settle(&self, network: &Network) -> Vec<f32> {
        self.scene.constants(network)
    }

    fn values(&self) -> Option<&dyn Objective> {
        Some(&self.scene.values)
    }
}
