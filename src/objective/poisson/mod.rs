//! Pictures fitted to their derivatives: Poisson's equation, by gradients or by Laplacians.
//!
//! Either is posed twice, at points and in an integral form, since at points alone it says too little about what
//! is slow. Tiles of the two forms alternate; the first known value of a tile tells which one it holds.

mod gradients;
mod laplacians;

pub(crate) use gradients::Gradients;
pub(crate) use laplacians::Laplacians;

use super::{Image, ROUND, StratifiedSampler, Task};
use crate::engine::kernel::TILE;
use crate::engine::net::{Field, Network};
use crate::signal::Grid;
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Which derivatives of a picture a fit sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivatives {
    /// First derivatives along x and y.
    Gradient,
    /// The Laplacian, and that nothing flows through the edges.
    Laplacian,
}

/// What all fits to derivatives of a picture share: where its pixels are and in which order they are drawn; its
/// values, which none of them sees; and the mean of each channel, which takes the place of the constant that
/// no derivative tells.
#[derive(Clone, Debug)]
struct Scene<'a> {
    values: Image<'a>,
    means: Vec<f32>,
    size: [u32; 2],
    grid: Grid,
    order: StratifiedSampler,
    seed: u64,
}

impl<'a> Scene<'a> {
    fn new(values: Image<'a>, means: Vec<f32>, seed: u64) -> Self {
        let size = values.size();
        Self {
            values,
            means,
            size,
            grid: Grid::new(size[0], size[1]),
            order: StratifiedSampler::new(size[0], size[1], ROUND, seed),
            seed,
        }
    }

    fn channels(&self) -> usize {
        self.means.len()
    }

    /// Extent of a pixel in the network's coordinates.
    fn pixel(&self) -> f32 {
        2.0 / self.size[0].max(self.size[1]) as f32
    }

    /// Points in whole tiles, so that each holds whole equations, and of either form as many.
    fn batch(&self, rounds: u64) -> u64 {
        self.values.batch(rounds).next_multiple_of(2 * TILE as u64)
    }

    /// The generator of a tile's equations in integral form.
    fn random(&self, tile: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(tile);
        random
    }

    /// Draws a tile of pixel centres, from point `first` of their order on, and the `targets` there.
    fn draw_points<'t>(
        &self,
        first: u64,
        targets: impl Iterator<Item = &'t Array2<f32>>,
        coordinates: &mut [f32],
        known: &mut [f32],
    ) {
        let mut pixels = [[0; 2]; TILE];
        self.order.fill(first, &mut pixels);
        self.grid.place(&pixels, coordinates);
        for (target, known) in targets.zip(known[TILE..].chunks_exact_mut(TILE)) {
            for (known, &[x, y]) in known.iter_mut().zip(&pixels) {
                *known = target[[y as usize, x as usize]];
            }
        }
    }

    /// The squares of `scale` times one row of the jets minus `weight` times its target, summed over `count`
    /// points, and their slopes.
    fn loss_at_points(
        &self,
        count: usize,
        (scale, weight): (f32, f32),
        target: &[f32],
        jets: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        let slope = 2.0 * scale / self.channels() as f32;
        let mut sum = 0.0;
        for slot in 0..count {
            let error = scale * jets[slot] - weight * target[slot];
            adjoint[slot] = slope * error;
            sum += error * error;
        }
        f64::from(sum)
    }

    /// What to add to each output of `network` so that its mean over all pixels is that of the picture.
    fn constants(&self, network: &Network) -> Vec<f32> {
        let field = Field::new(network);
        let mut sums = vec![0.0; self.means.len()];
        for row in 0..self.size[1] {
            let points = Array2::from_shape_fn((self.size[0] as usize, 2), |(column, axis)| {
                if axis == 0 {
                    self.grid.x(column as u32)
                } else {
                    self.grid.y(row)
                }
            });
            let Ok(values) = field.values(points.view()) else {
                break;
            };
            for values in values.rows() {
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += f64::from(value);
                }
            }
        }
        let pixels = f64::from(self.size[0]) * f64::from(self.size[1]);
        let constants = self.means.iter().zip(sums);
        constants
            .map(|(&mean, sum)| mean - (sum / pixels) as f32)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::{Architecture, Differentiator};
    use crate::signal::{Picture, Samples, spectral};

    fn picture() -> Picture {
        let samples = (0..24 * 18 * 3).map(|index| {
            let (pixel, channel) = (index / 3, index % 3);
            let (x, y) = (pixel % 24, pixel / 24);
            (120 + (x * x + 3 * y * (channel + 1)) % 100) as u8
        });
        Picture::new(24, 18, 3, Samples::U8(samples.collect())).unwrap()
    }

    fn tasks(picture: &Picture) -> [Box<dyn Task + '_>; 2] {
        let planes = picture.planes();
        let means = spectral::means(&planes);
        let values = || Image::new(picture, 0);
        let gradients = Gradients::new(spectral::gradients(&planes), means.clone(), values(), 0);
        let laplacians = Laplacians::new(spectral::laplacians(&planes), means, values(), 0);
        [Box::new(gradients), Box::new(laplacians)]
    }

    /// All equations hold for the picture itself: jets that are its own leave no loss, of points, segments
    /// and stars alike, and nothing depends on a constant.
    #[test]
    fn the_picture_solves_the_equations() {
        let picture = picture();
        let planes = picture.planes();
        let (gradients, laplacians) = (spectral::gradients(&planes), spectral::laplacians(&planes));
        let pixel = 2.0 / 24.0;
        for task in tasks(&picture) {
            let components = task.order().components(2);
            for tile in 0..12 {
                let mut coordinates = vec![0.0; 2 * TILE];
                let mut known = vec![0.0; task.knowns() * TILE];
                task.draw(tile * TILE as u64, TILE, &mut coordinates, &mut known);
                let mut jets = vec![0.0; components * 3 * TILE];
                for slot in 0..TILE {
                    let at = |axis: usize, size: f32| {
                        (coordinates[axis * TILE + slot] / pixel + 0.5 * size - 0.5).round()
                            as usize
                    };
                    let place = [at(1, 18.0), at(0, 24.0)];
                    for channel in 0..3 {
                        let mut jet = vec![
                            planes[channel][place] + 0.3,
                            gradients[channel][0][place] / pixel,
                            gradients[channel][1][place] / pixel,
                            laplacians[channel][place] / pixel / pixel,
                        ];
                        jet.truncate(components);
                        for (component, value) in jet.into_iter().enumerate() {
                            jets[(component * 3 + channel) * TILE + slot] = value;
                        }
                    }
                }
                let mut adjoint = jets.clone();
                let loss = task.loss(0, TILE, &known, &jets, &mut adjoint) / TILE as f64;
                assert!(loss < 1e-8, "{:?}, tile {tile}: {loss}", task.order());
            }
        }
    }

    #[test]
    fn the_adjoint_is_the_slope_of_the_loss() {
        let picture = picture();
        for task in tasks(&picture) {
            let shape = Architecture {
                hidden: vec![6, 5],
                omega_first: 6.0,
                omega_hidden: 6.0,
                ..Architecture::default()
            };
            let network = Network::random(&shape, 2).unwrap();
            let mut engine = Differentiator::new(&shape, &*task);
            let mut gradient = network.layers().to_vec();
            let points = 0..4 * TILE as u64;
            engine.gradient(&network, &*task, points.clone(), &mut gradient);
            let mut ignored = gradient.clone();
            let mut square = 0.0;
            let step = 1e-3
                / gradient
                    .iter()
                    .flat_map(|layer| layer.parameters())
                    .fold(0.0_f32, |most, g| most.max(g.abs()));
            let losses = [-step, step].map(|step| {
                let mut layers = network.layers().to_vec();
                for (layer, gradient) in layers.iter_mut().zip(&gradient) {
                    for (x, g) in layer.parameters_mut().zip(gradient.parameters()) {
                        *x += step * g;
                    }
                }
                let moved = Network::from_layers(&shape, layers).unwrap();
                engine.gradient(&moved, &*task, points.clone(), &mut ignored)
            });
            let along = (losses[1] - losses[0]) / f64::from(2.0 * step);
            for layer in &gradient {
                square += layer
                    .parameters()
                    .map(|&g| f64::from(g).powi(2))
                    .sum::<f64>();
            }
            assert!(
                (along / square - 1.0).abs() < 0.02,
                "{:?}: {along} {square}",
                task.order()
            );
        }
    }
}
