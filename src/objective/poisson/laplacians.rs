//! The Laplacian of a picture, as an objective.

use super::super::{Image, Task};
use super::Scene;
use crate::engine::kernel::TILE;
use crate::engine::net::{Network, Objective, Order};
use crate::signal::spectral;
use ndarray::Array2;
use ndarray_rand::rand::Rng;

/// Fit Laplacians: Poisson's equation Laplacian Phi = f with no flux through the edges, per pixel.
///
/// At points alone it says next to nothing about what is slow: an error of frequency k counts k^4. So every
/// other tile poses it at pixel centres, and the others over stars of all sizes d,
///
/// ```text
/// (Phi(x + d, y) + Phi(x - d, y) + Phi(x, y + d) + Phi(x, y - d)) / 4 - Phi(x, y) = (K_d * f)(x, y),
/// ```
///
/// where K_d takes each wave of f to what its star would be (see [`spectral::stars`]). A star that reaches
/// over an edge is mirrored there, as is a function through whose edges nothing flows.
#[derive(Clone, Debug)]
pub(crate) struct Laplacians<'a> {
    scene: Scene<'a>,
    /// f of each channel, rows x columns.
    targets: Vec<Array2<f32>>,
    /// K_d * f of each channel, for the sizes 2, 4, 8 and so on.
    stars: Vec<Vec<Array2<f32>>>,
}

/// Weight of the Laplacian at a point beside a star: what is finest in it no small network can follow, and
/// should not be heard above all else.
const SHARPNESS: f32 = 0.25;
/// Points of a star.
const STAR: usize = 5;

impl<'a> Laplacians<'a> {
    /// `targets`, one for each channel, rows x columns; the rest as for [`super::Gradients::new`].
    pub(crate) fn new(
        targets: Vec<Array2<f32>>,
        means: Vec<f32>,
        values: Image<'a>,
        seed: u64,
    ) -> Self {
        let size = values.size();
        let levels = size[0].max(size[1]).ilog2().max(1);
        let stars = (1..=levels).map(|level| spectral::stars(&targets, 1 << level));
        Self {
            scene: Scene::new(values, means, seed),
            stars: stars.collect(),
            targets,
        }
    }

    /// Stars of all sizes in turn, so that each tile has its share of what weighs more and what less.
    fn draw_stars(&self, tile: u64, coordinates: &mut [f32], known: &mut [f32]) {
        let mut random = self.scene.random(tile);
        let size = self.scene.size;
        let mut pixels = [[0; 2]; TILE];
        known[0] = 1.0;
        for (star, points) in pixels.as_chunks_mut::<STAR>().0.iter_mut().enumerate() {
            let number = tile * (TILE / STAR) as u64 + star as u64;
            let level = (number % self.stars.len() as u64) as usize;
            let reach = 2_i64 << level;
            let centre = size.map(|size| random.random_range(0..size));
            let [x, y] = centre.map(i64::from);
            let tips = [
                [x + reach, y],
                [x - reach, y],
                [x, y + reach],
                [x, y - reach],
            ];
            points[0] = centre;
            for (point, [x, y]) in points[1..].iter_mut().zip(tips) {
                *point = [mirrored(x, size[0]), mirrored(y, size[1])];
            }
            let targets = self.stars[level].iter();
            for (target, known) in targets.zip(known[TILE..].chunks_exact_mut(TILE)) {
                known[star] = target[[centre[1] as usize, centre[0] as usize]];
            }
        }
        self.scene.grid.place(&pixels, coordinates);
    }
}

/// The pixel of 0 .. `size` that `at` shows, where every edge is a mirror.
fn mirrored(at: i64, size: u32) -> u32 {
    let size = i64::from(size);
    let at = at.rem_euclid(2 * size);
    at.min(2 * size - 1 - at) as u32
}

impl Objective for Laplacians<'_> {
    fn order(&self) -> Order {
        Order::Laplacian
    }

    /// A row that begins with 1 where the tile holds stars, each from its centre on; and targets: for every
    /// channel the Laplacian at each point, or what each star comes to.
    fn knowns(&self) -> usize {
        1 + self.targets.len()
    }

    fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
        known.fill(0.0);
        let tile = first / TILE as u64;
        if tile.is_multiple_of(2) {
            let targets = self.targets.iter();
            self.scene
                .draw_points(first / 2, targets, coordinates, known);
        } else {
            self.draw_stars(tile / 2, coordinates, known);
        }
    }

    fn loss(&self, _: u64, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
        adjoint.fill(0.0);
        let channels = self.targets.len();
        let (stars, targets) = (known[0] == 1.0, known[TILE..].chunks_exact(TILE));
        let mut loss = 0.0;
        if stars {
            let rows = jets.chunks_exact(TILE).zip(adjoint.chunks_exact_mut(TILE));
            for ((jets, adjoint), target) in rows.zip(targets) {
                let stars = jets[..count].as_chunks::<STAR>().0.iter();
                let slopes = adjoint.as_chunks_mut::<STAR>().0;
                for ((star, slopes), target) in stars.zip(slopes).zip(target) {
                    let [centre, tips @ ..] = star;
                    let error = 0.25 * tips.iter().sum::<f32>() - centre - target;
                    // For each of its points.
                    loss += STAR as f64 * f64::from(error * error);
                    let slope = 2.0 * STAR as f32 * error / channels as f32;
                    slopes.fill(0.25 * slope);
                    slopes[0] = -slope;
                }
            }
            return loss / channels as f64;
        }
        let scales = (SHARPNESS * self.scene.pixel().powi(2), SHARPNESS);
        for (channel, target) in targets.enumerate() {
            let first = (3 * channels + channel) * TILE;
            let (jets, adjoint) = (&jets[first..], &mut adjoint[first..]);
            loss += (self.scene).loss_at_points(count, scales, target, jets, adjoint);
        }
        loss / channels as f64
    }
}

impl Task for Laplacians<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_repeat() {
        let seen: Vec<_> = (-7..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(seen, [0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }
}
