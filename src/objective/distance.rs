//! The signed distance to a surface, as an objective.

use super::Task;
use crate::engine::kernel::TILE;
use crate::engine::net::{Objective, Order};
use crate::signal::{Point, Surface, space};
use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Fit a signed distance to points of a surface and their normals n (Sitzmann et al. 2020, section 4.2):
///
/// ```text
/// mean over the cube and the surface of  EIKONAL | |grad Phi| - 1 |
/// + mean over the surface of             SURFACE |Phi| + NORMAL (1 - <grad Phi, n> / |grad Phi|)
/// + mean over the cube of                APART exp(-ALPHA |Phi|) + OUTSIDE max(0, B - Phi)
/// ```
///
/// Nothing says what the distance is anywhere but on the surface: it follows from the eikonal equation
/// |grad Phi| = 1, of which the third line rules out the solutions that are zero elsewhere too. Its last term is
/// not the paper's. B is the distance to a polyhedron of 26 sides around the surface, outside of which a solid's
/// distance is at least that; without it, small networks put bodies of their own there, and few steps do not
/// remove them. Around a bounding box instead they did so in its corners, for every third seed.
///
/// Tiles in turn are of the surface and of the cube from -1 to 1; the first known value tells which. All
/// points are drawn anew in every step.
#[derive(Clone, Debug)]
pub(crate) struct Distance {
    /// In the coordinates of the network.
    surface: Surface,
    /// Half-spaces that it is within: a direction, and how far along that it reaches.
    hull: Vec<(Point, f32)>,
    seed: u64,
}

/// Weights of the terms, such that a network that knows nothing has a loss of about 1. Those of the paper's
/// code are in the ratios 50 : 3000 : 100 : 100; three times as much for normals gives the finer surface.
const EIKONAL: f32 = 0.05;
const SURFACE: f32 = 3.0;
const NORMAL: f32 = 0.3;
const APART: f32 = 0.1;
const OUTSIDE: f32 = 1.0;
/// Slope of the last term: it reaches a few hundredths from the surface.
const ALPHA: f32 = 100.0;

/// Points on the surface, and as many off it, in a round.
const POINTS: u64 = 4096;

/// Known values: which of the two a tile is of; the normals, or B in the first of their rows.
const KNOWNS: usize = 4;

impl Distance {
    /// For `surface`, within the cube from -1 to 1.
    pub(crate) fn new(surface: Surface, seed: u64) -> Self {
        // Towards the sides, edges and corners of a cube.
        let steps = (0..27).map(|index: i32| [index / 9, index / 3 % 3, index % 3].map(|x| x - 1));
        let directions = steps.filter(|step| *step != [0; 3]);
        let hull = directions.map(|step| {
            let direction = space::unit(step.map(|x| x as f32));
            (direction, surface.reach(direction))
        });
        Self {
            hull: hull.collect(),
            surface,
            seed,
        }
    }

    /// What the distance is at least, outside the hull; inside nothing is known.
    fn least(&self, point: Point) -> f32 {
        let beyond = self
            .hull
            .iter()
            .map(|&(direction, reach)| space::dot(direction, point) - reach);
        let least = beyond.fold(f32::NEG_INFINITY, f32::max);
        if least > 0.0 {
            least
        } else {
            f32::NEG_INFINITY
        }
    }
}

impl Objective for Distance {
    fn order(&self) -> Order {
        Order::Gradient
    }

    fn knowns(&self) -> usize {
        KNOWNS
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let tile = first / TILE as u64;
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(first);
        let surface = tile.is_multiple_of(2);
        known[0] = f32::from(u8::from(surface));
        for slot in 0..count {
            let (point, normal) = if surface {
                self.surface.sample(&mut random)
            } else {
                let mut coordinate = || 2.0 * random.random::<f32>() - 1.0;
                let point = [coordinate(), coordinate(), coordinate()];
                (point, [self.least(point), 0.0, 0.0])
            };
            for axis in 0..3 {
                coordinates[axis * TILE + slot] = point[axis];
                known[(1 + axis) * TILE + slot] = normal[axis];
            }
        }
    }

    fn loss(&self, _: u64, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
        adjoint.fill(0.0);
        let surface = known[0] == 1.0;
        let mut loss = 0.0;
        for slot in 0..count {
            let at = |rows: &[f32], row: usize| rows[row * TILE + slot];
            let phi = at(jets, 0);
            let gradient = [1, 2, 3].map(|row| at(jets, row));
            let norm = gradient
                .iter()
                .map(|g| g * g)
                .sum::<f32>()
                .sqrt()
                .max(1e-12);

            // The other terms have every second point, and count twice.
            let mut sum = EIKONAL * (norm - 1.0).abs();
            let mut slopes = gradient.map(|g| EIKONAL * (norm - 1.0).signum() * g / norm);
            let slope;
            if surface {
                let normal = [1, 2, 3].map(|row| at(known, row));
                let along = gradient
                    .iter()
                    .zip(&normal)
                    .map(|(g, n)| g * n)
                    .sum::<f32>()
                    / norm;
                sum += 2.0 * (SURFACE * phi.abs() + NORMAL * (1.0 - along));
                slope = 2.0 * SURFACE * phi.signum();
                for ((slope, g), n) in slopes.iter_mut().zip(gradient).zip(normal) {
                    *slope -= 2.0 * NORMAL * (n - along * g / norm) / norm;
                }
            } else {
                let near = (-ALPHA * phi.abs()).exp();
                sum += 2.0 * APART * near;
                let missing = (at(known, 1) - phi).max(0.0);
                sum += 2.0 * OUTSIDE * missing;
                let raised = if missing > 0.0 { OUTSIDE } else { 0.0 };
                slope = -2.0 * (APART * ALPHA * near * phi.signum() + raised);
            }
            loss += f64::from(sum);
            adjoint[slot] = slope;
            for (axis, slope) in slopes.into_iter().enumerate() {
                adjoint[(1 + axis) * TILE + slot] = slope;
            }
        }
        loss
    }
}

impl Task for Distance {
    /// In whole tiles, as many of the surface as of the cube.
    fn batch(&self, rounds: u64) -> u64 {
        (2 * POINTS * rounds).next_multiple_of(2 * TILE as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sphere of radius 1/2, in points.
    fn sphere() -> Surface {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut direction = || loop {
            let x: Point = [(); 3].map(|()| 2.0 * random.random::<f32>() - 1.0);
            let length = x.iter().map(|x| x * x).sum::<f32>().sqrt();
            if (0.1..1.0).contains(&length) {
                return x.map(|x| x / length);
            }
        };
        let normals: Vec<Point> = (0..500).map(|_| direction()).collect();
        let points = normals.iter().map(|n| n.map(|x| 0.5 * x)).collect();
        Surface::cloud(points, normals).unwrap()
    }

    /// Coordinates, known values and the jets of |x| - radius of one tile.
    fn tile(task: &Distance, tile: u64, radius: f32) -> [Vec<f32>; 2] {
        let (mut x, mut known) = (vec![0.0; 3 * TILE], vec![0.0; KNOWNS * TILE]);
        task.draw(tile * TILE as u64, TILE, &mut x, &mut known);
        let mut jets = vec![0.0; 4 * TILE];
        for slot in 0..TILE {
            let point = [0, 1, 2].map(|axis| x[axis * TILE + slot]);
            let length = point.iter().map(|x| x * x).sum::<f32>().sqrt();
            jets[slot] = length - radius;
            for axis in 0..3 {
                jets[(1 + axis) * TILE + slot] = point[axis] / length;
            }
        }
        [known, jets]
    }

    #[test]
    fn the_distance_itself_leaves_next_to_no_loss() {
        let task = Distance::new(sphere(), 7);
        let mean = |number, radius| {
            let [known, jets] = tile(&task, number, radius);
            task.loss(0, TILE, &known, &jets, &mut vec![0.0; 4 * TILE]) / TILE as f64
        };
        assert!(mean(0, 0.5) < 1e-4 && mean(2, 0.5) < 1e-4);
        // What is left in space is what lies within about 1 / ALPHA of the surface: pi of 8 of the cube, of
        // thickness 2 / ALPHA, at a weight of 2 APART.
        let near = std::f64::consts::PI / 8.0 * f64::from(2.0 / ALPHA * 2.0 * APART);
        assert!(
            (mean(1, 0.5) / near - 1.0).abs() < 0.9,
            "{} {near}",
            mean(1, 0.5)
        );
        // Another distance misses the surface by 0.1.
        assert!((mean(0, 0.4) - f64::from(2.0 * SURFACE * 0.1)).abs() < 1e-3);
    }

    #[test]
    fn outside_the_hull_less_than_the_distance_to_it_is_too_little() {
        let task = Distance::new(sphere(), 7);
        let [known, jets] = tile(&task, 1, 0.5);
        let loss =
            |jets: &[f32]| task.loss(0, TILE, &known, jets, &mut vec![0.0; 4 * TILE]) / TILE as f64;
        // Of the cube, 7 parts of 8 are outside; there everything is wrong once all signs are.
        let turned: Vec<f32> = jets.iter().map(|jet| -jet).collect();
        let outside = known[TILE..2 * TILE].iter().filter(|least| **least > 0.0);
        let share = outside.clone().count() as f64 / TILE as f64;
        assert!((share - 7.0 / 8.0).abs() < 0.1, "{share}");
        let least = outside.map(|&least| f64::from(least)).sum::<f64>() / TILE as f64;
        let more = (loss(&turned) - loss(&jets)) / f64::from(2.0 * OUTSIDE);
        assert!(more > 2.0 * least && more < 3.0 * least, "{more} {least}");
    }

    #[test]
    fn the_adjoint_is_the_slope_of_the_loss() {
        let task = Distance::new(sphere(), 8);
        for number in 0..2 {
            let [known, mut jets] = tile(&task, number, 0.45);
            // Away from the solution, and from where the loss has a bend.
            for (index, jet) in jets.iter_mut().enumerate() {
                *jet += 0.2 * ((index * 37 % 101) as f32 / 101.0) - 0.07;
            }
            let mut adjoint = vec![0.0; 4 * TILE];
            task.loss(0, TILE, &known, &jets, &mut adjoint);
            for row in 0..4 {
                for slot in [0, 17, TILE - 1] {
                    let index = row * TILE + slot;
                    const STEP: f32 = 1e-3;
                    let losses = [-STEP, STEP].map(|step| {
                        let mut moved = jets.clone();
                        moved[index] += step;
                        // One point alone, for the precision.
                        let one = |rows: &[f32]| -> Vec<f32> {
                            let mut one = vec![0.0; rows.len()];
                            for (one, rows) in one.chunks_mut(TILE).zip(rows.chunks(TILE)) {
                                one[0] = rows[slot];
                            }
                            one
                        };
                        let mut alone = one(&known);
                        alone[0] = known[0];
                        task.loss(0, 1, &alone, &one(&moved), &mut vec![0.0; 4 * TILE])
                    });
                    let slope = (losses[1] - losses[0]) / f64::from(2.0 * STEP);
                    let found = f64::from(adjoint[index]);
                    let error = (slope - found).abs();
                    assert!(
                        error < 0.02 * (1.0 + found.abs()),
                        "{number} {row} {slot}: {slope} {found}"
                    );
                }
            }
        }
    }
}
