use super::{Image, ROUND, Strata, Task};
use crate::kernel::TILE;
use crate::net::{Field, Network, Objective, Order};
use crate::signal::{Grid, spectral};
use ndarray::Array2;
use ndarray_rand::rand::Rng;
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

/// What all fits to derivatives of a picture share: its values, which none of them sees, and the mean of each
/// channel, which takes the place of the constant that no derivative tells.
#[derive(Clone, Debug)]
struct Unseen<'a> {
    values: Image<'a>,
    means: Vec<f32>,
    size: [u32; 2],
}

impl Unseen<'_> {
    /// What to add to each output of `network` so that its mean over all pixels is that of the picture.
    fn constants(&self, network: &Network) -> Vec<f32> {
        let field = Field::new(network);
        let grid = Grid::new(self.size[0], self.size[1]);
        let mut sums = vec![0.0; self.means.len()];
        for row in 0..self.size[1] {
            let points = Array2::from_shape_fn((self.size[0] as usize, 2), |(column, axis)| {
                if axis == 0 {
                    grid.x(column as u32)
                } else {
                    grid.y(row)
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

/// Extent of a pixel in the network's coordinates.
fn pixel([width, height]: [u32; 2]) -> f32 {
    2.0 / width.max(height) as f32
}

/// Points in whole tiles, so that each holds whole equations, and of either kind as many.
fn whole_tiles(points: u64) -> u64 {
    points.next_multiple_of(2 * TILE as u64)
}

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
    unseen: Unseen<'a>,
    /// g of each channel along x and y, rows x columns.
    targets: Vec<[Array2<f32>; 2]>,
    /// Its integrals along rows (of the part along x) and along columns, each up to a constant.
    integrals: Vec<[Array2<f32>; 2]>,
    grid: Grid,
    order: Strata,
    seed: u64,
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
        let size = values.size();
        Self {
            unseen: Unseen {
                values,
                means,
                size,
            },
            integrals: spectral::along(&targets),
            targets,
            grid: Grid::new(size[0], size[1]),
            order: Strata::new(size[0], size[1], ROUND, seed),
            seed,
        }
    }

    fn draw_points(&self, first: u64, coordinates: &mut [f32], known: &mut [f32]) {
        let mut pixels = [[0; 2]; TILE];
        self.order.fill(first, &mut pixels);
        self.grid.place(&pixels, coordinates);
        let targets = self.targets.iter().flatten();
        for (target, known) in targets.zip(known[TILE..].chunks_exact_mut(TILE)) {
            for (known, &[x, y]) in known.iter_mut().zip(&pixels) {
                *known = target[[y as usize, x as usize]];
            }
        }
    }

    /// Segments of 2^k pixels, or as many as there are: along both axes and of all lengths in turn, so that
    /// each tile has its share of what weighs more and what less.
    fn draw_segments(&self, tile: u64, coordinates: &mut [f32], known: &mut [f32]) {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(tile);
        let size = self.unseen.size;
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
        self.grid.place(&pixels, coordinates);
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
            self.draw_points(first / 2, coordinates, known);
        } else {
            self.draw_segments(tile / 2, coordinates, known);
        }
    }

    fn loss(&self, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
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
        let pixel = pixel(self.unseen.size);
        let slope = 2.0 * pixel / channels as f32;
        for (row, target) in targets.chunks_exact(TILE).enumerate() {
            let (channel, axis) = (row / 2, row % 2);
            let component = ((1 + axis) * channels + channel) * TILE;
            let mut sum = 0.0;
            for slot in 0..count {
                let error = pixel * jets[component + slot] - target[slot];
                adjoint[component + slot] = slope * error;
                sum += error * error;
            }
            loss += f64::from(sum);
        }
        loss / channels as f64
    }
}

impl Task for Gradients<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        whole_tiles(self.unseen.values.batch(rounds))
    }

    fn settle(&self, network: &Network) -> Vec<f32> {
        self.unseen.constants(network)
    }

    fn values(&self) -> Option<&dyn Objective> {
        Some(&self.unseen.values)
    }
}

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
    unseen: Unseen<'a>,
    /// f of each channel, rows x columns.
    targets: Vec<Array2<f32>>,
    /// K_d * f of each channel, for the sizes 2, 4, 8 and so on.
    stars: Vec<Vec<Array2<f32>>>,
    grid: Grid,
    order: Strata,
    seed: u64,
}

/// Weight of the Laplacian at a point beside a star: what is finest in it no small network can follow, and
/// should not be heard above all else.
const SHARPNESS: f32 = 0.25;
/// Points of a star.
const STAR: usize = 5;

impl<'a> Laplacians<'a> {
    /// `targets`, one for each channel, rows x columns; the rest as for [`Gradients::new`].
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
            unseen: Unseen {
                values,
                means,
                size,
            },
            stars: stars.collect(),
            targets,
            grid: Grid::new(size[0], size[1]),
            order: Strata::new(size[0], size[1], ROUND, seed),
            seed,
        }
    }

    fn draw_points(&self, first: u64, coordinates: &mut [f32], known: &mut [f32]) {
        let mut pixels = [[0; 2]; TILE];
        self.order.fill(first, &mut pixels);
        self.grid.place(&pixels, coordinates);
        for (target, known) in self
            .targets
            .iter()
            .zip(known[TILE..].chunks_exact_mut(TILE))
        {
            for (known, &[x, y]) in known.iter_mut().zip(&pixels) {
                *known = target[[y as usize, x as usize]];
            }
        }
    }

    /// Stars of all sizes in turn, so that each tile has its share of what weighs more and what less.
    fn draw_stars(&self, tile: u64, coordinates: &mut [f32], known: &mut [f32]) {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(tile);
        let size = self.unseen.size;
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
        self.grid.place(&pixels, coordinates);
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
            self.draw_points(first / 2, coordinates, known);
        } else {
            self.draw_stars(tile / 2, coordinates, known);
        }
    }

    fn loss(&self, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
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
        let pixel = pixel(self.unseen.size);
        let scale = SHARPNESS * pixel * pixel;
        let slope = 2.0 * scale / channels as f32;
        for (channel, target) in targets.enumerate() {
            let component = (3 * channels + channel) * TILE;
            let mut sum = 0.0;
            for slot in 0..count {
                let error = scale * jets[component + slot] - SHARPNESS * target[slot];
                adjoint[component + slot] = slope * error;
                sum += error * error;
            }
            loss += f64::from(sum);
        }
        loss / channels as f64
    }
}

impl Task for Laplacians<'_> {
    fn batch(&self, rounds: u64) -> u64 {
        whole_tiles(self.unseen.values.batch(rounds))
    }

    fn settle(&self, network: &Network) -> Vec<f32> {
        self.unseen.constants(network)
    }

    fn values(&self) -> Option<&dyn Objective> {
        Some(&self.unseen.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Differentiator, Shape};
    use crate::signal::{Picture, Samples};

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
        let pixel = pixel([24, 18]);
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
                let loss = task.loss(TILE, &known, &jets, &mut adjoint) / TILE as f64;
                assert!(loss < 1e-8, "{:?}, tile {tile}: {loss}", task.order());
            }
        }
    }

    #[test]
    fn the_adjoint_is_the_slope_of_the_loss() {
        let picture = picture();
        for task in tasks(&picture) {
            let shape = Shape {
                hidden: vec![6, 5],
                omega_first: 6.0,
                omega_hidden: 6.0,
                ..Shape::default()
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

    #[test]
    fn mirrors_repeat() {
        let seen: Vec<_> = (-7..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(seen, [0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }
}
