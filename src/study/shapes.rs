//! How sines and ReLU fit the same surface.

use crate::Error;
use crate::decode::mesh_of;
use crate::engine::net::{Architecture, Device, Field, Network, Order};
use crate::fit::{self, Progress, Schedule};
use crate::metric::{Likeness, likeness};
use crate::objective::{Distance, Task};
use crate::signal::{Placement, Point, Surface};
use ndarray::Array2;
use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::f32::consts::TAU;
use std::ops::ControlFlow;

/// A solid of which the signed distance is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// A ball of radius 1.
    Sphere,
    /// A ring of radius 1 around y, 0.4 thick to either side.
    Torus,
    /// A box of 2 x 1.2 x 1.6.
    Box,
}

const RING: f32 = 0.4;
const HALVES: Point = [1.0, 0.6, 0.8];

impl Primitive {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sphere, Self::Torus, Self::Box];

    /// The name of the kind of network.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sphere => "sphere",
            Self::Torus => "torus",
            Self::Box => "box",
        }
    }

    /// The signed distance to its surface.
    pub fn distance(self, [x, y, z]: Point) -> f32 {
        match self {
            Self::Sphere => x.hypot(y).hypot(z) - 1.0,
            Self::Torus => (x.hypot(z) - 1.0).hypot(y) - RING,
            Self::Box => {
                let beyond = [
                    x.abs() - HALVES[0],
                    y.abs() - HALVES[1],
                    z.abs() - HALVES[2],
                ];
                let [a, b, c] = beyond.map(|far| far.max(0.0));
                let inside = beyond
                    .into_iter()
                    .fold(f32::NEG_INFINITY, f32::max)
                    .min(0.0);
                a.hypot(b).hypot(c) + inside
            }
        }
    }

    /// The surface of the primitive in triangles. Where it is curved, they are small enough to lie within 2e-5 of it.
    ///
    /// # Errors
    /// None is expected: every primitive has a valid surface.
    pub fn surface(self) -> Result<Surface, Error> {
        match self {
            Self::Sphere => wound([500, 250], |around, along| {
                let (u, v) = (TAU * around, 0.5 * TAU * along);
                [v.sin() * u.cos(), -v.cos(), -v.sin() * u.sin()]
            }),
            Self::Torus => wound([500, 250], |around, along| {
                let (u, v) = (TAU * around, TAU * along);
                let radius = 1.0 - RING * v.cos();
                [radius * u.cos(), -RING * v.sin(), -radius * u.sin()]
            }),
            Self::Box => {
                let corner = |index: usize| {
                    let side = |axis: usize| if index >> axis & 1 == 0 { -1.0 } else { 1.0 };
                    [0, 1, 2].map(|axis| HALVES[axis] * side(axis))
                };
                // Each side's corners, counter-clockwise as seen from outside.
                let sides = [
                    [0, 4, 6, 2],
                    [1, 3, 7, 5],
                    [0, 1, 5, 4],
                    [2, 6, 7, 3],
                    [0, 2, 3, 1],
                    [4, 5, 7, 6],
                ];
                let halves = |[a, b, c, d]: [u32; 4]| [[a, b, c], [a, c, d]];
                let triangles = sides.into_iter().flat_map(halves).collect();
                Surface::mesh((0..8).map(corner).collect(), triangles)
            }
        }
    }
}

/// A surface over a grid of the unit square, whose first side closes.
fn wound([around, along]: [u32; 2], place: impl Fn(f32, f32) -> Point) -> Result<Surface, Error> {
    let columns = around + 1;
    let vertices = (0..columns * (along + 1)).map(|index| {
        let (i, j) = (index % columns, index / columns);
        place(i as f32 / around as f32, j as f32 / along as f32)
    });
    let triangles = (0..around * along).flat_map(|cell| {
        let corner = cell / around * columns + cell % around;
        let [a, b, c, d] = [0, 1, columns, columns + 1].map(|step| corner + step);
        [[a, b, d], [a, d, c]]
    });
    Surface::mesh(vertices.collect(), triangles.collect())
}

/// How good a signed distance is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DistanceQuality {
    /// Its surface, extracted, beside the true one, in units of that one's bounding box's longest side.
    pub likeness: Likeness,
    /// Mean of | |grad Phi| - 1 | over the cube.
    pub eikonal: f64,
    /// Mean error of the distance over the cube, in the same units, where the true one is known.
    pub distance: Option<f64>,
}

/// Fits a network of any `shape` to the signed distance to `surface`: the task that
/// [`crate::ShapeEncoder::encode`] fits, without rounding. `rate` is the largest step size for layers of up to
/// 28 neurons; wider ones get smaller ones, as with `encode`.
///
/// # Errors
/// [`Error::Parameter`] if the shape is bad or has other than three inputs and one output, or the surface has no
/// extent; [`Error::Diverged`] if the fit fails, and [`Error::Stopped`] if `progress` breaks.
pub fn fit_distance(
    surface: &Surface,
    shape: &Architecture,
    steps: u32,
    rate: f32,
    seed: u64,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Network, Error> {
    if (shape.inputs, shape.outputs) != (3, 1) {
        let given = format!("{} and {}", shape.inputs, shape.outputs);
        return Err(Error::parameter("inputs and outputs", given, "3 and 1"));
    }
    let task = Distance::new(surface.placed(&surface.placement()?), seed);
    let mut network = Network::random(shape, seed)?;
    let widest = shape.hidden.iter().max().map_or(1, |&width| width);
    let schedule = Schedule {
        steps,
        points: [1, 3].map(|rounds| task.batch(rounds)),
        rate: rate * (28.0 / widest as f32).powf(2.0 / 3.0).min(1.0),
    };
    let fitted = fit::fit(
        &Device::cpu(),
        &mut network,
        &task,
        None,
        &schedule,
        progress,
    )?;
    if fitted.stopped {
        return Err(Error::Stopped);
    }
    Ok(network)
}

/// Measures the signed distance that `network` is, in the cube at `placement`, against `surface`: at `count`
/// points, with a mesh of `resolution` cells along each side of the cube.
///
/// # Errors
/// [`Error::Parameter`] if nothing of the network's surface is in the cube.
pub fn measure_distance(
    network: &Network,
    placement: &Placement,
    surface: &Surface,
    known: Option<Primitive>,
    resolution: u32,
    count: usize,
) -> Result<DistanceQuality, Error> {
    let placement = &placement.seen_from(surface.origin());
    let mesh = mesh_of(network, placement, resolution)?;
    let found = Surface::mesh(mesh.vertices, mesh.triangles)?;
    let unit = surface.longest();
    let mut alike = likeness(surface, &found, count, 0);
    alike.chamfer /= unit;

    let mut random = ChaCha8Rng::seed_from_u64(1);
    let points = Array2::from_shape_simple_fn((count, 3), || 2.0 * random.random::<f32>() - 1.0);
    let jets = Field::new(network).jets(points.view(), Order::Gradient)?;
    let values = jets.values();
    let slopes = [0, 1, 2].map(|axis| jets.derivatives(axis));
    let eikonal = |point: usize| {
        let slopes = slopes.iter().flatten().map(|slope| slope[[point, 0]]);
        let square: f32 = slopes.map(|slope| slope * slope).sum();
        f64::from((square.sqrt() - 1.0).abs())
    };
    let missed = |primitive: Primitive, point: usize| {
        let place = placement.to_source([0, 1, 2].map(|axis| points[[point, axis]]));
        let told = f64::from(values[[point, 0]]) * f64::from(placement.scale);
        (told - f64::from(primitive.distance(place))).abs() / unit
    };
    let mean = |of: &dyn Fn(usize) -> f64| (0..count).map(of).sum::<f64>() / count as f64;
    Ok(DistanceQuality {
        likeness: alike,
        eikonal: mean(&eikonal),
        distance: known.map(|primitive| mean(&|point| missed(primitive, point))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surfaces_of_primitives_are_where_their_distance_is_zero() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        for primitive in Primitive::ALL {
            let surface = primitive.surface().unwrap();
            for _ in 0..1000 {
                let (point, normal) = surface.sample(&mut random);
                let distance = primitive.distance(point);
                assert!(distance.abs() < 1e-4, "{primitive:?}: {distance}");
                // Outwards it grows by as much as one goes.
                const STEP: f32 = 0.01;
                let out = [0, 1, 2].map(|axis| point[axis] + STEP * normal[axis]);
                let grown = primitive.distance(out) - distance;
                assert!((grown - STEP).abs() < 0.05 * STEP, "{primitive:?}: {grown}");
            }
        }
    }

    #[test]
    fn a_fit_is_measured_as_what_it_is() {
        let surface = Primitive::Sphere.surface().unwrap();
        let shape = Architecture {
            inputs: 3,
            hidden: vec![24, 24],
            outputs: 1,
            omega_first: 10.0,
            omega_hidden: 10.0,
            ..Architecture::default()
        };
        let go_on = &mut |_: &Progress| ControlFlow::Continue(());
        let network = fit_distance(&surface, &shape, 150, 2e-3, 0, go_on).unwrap();
        let placement = surface.placement().unwrap();
        let sphere = Some(Primitive::Sphere);
        let found = measure_distance(&network, &placement, &surface, sphere, 32, 2000).unwrap();
        assert!(found.likeness.chamfer < 0.002, "{found:?}");
        assert!(
            found.likeness.normals > 0.995 && found.eikonal < 0.4,
            "{found:?}"
        );
        assert!(
            found.distance.is_some_and(|missed| missed < 0.05),
            "{found:?}"
        );
        let other = Primitive::Box.surface().unwrap();
        let box_ = Some(Primitive::Box);
        let beside = measure_distance(&network, &placement, &other, box_, 32, 2000).unwrap();
        assert!(beside.likeness.chamfer > 0.05, "{beside:?}");
    }
}
