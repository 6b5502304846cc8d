//! Shaded pictures of shapes, by sphere tracing.

use super::super::cost::{Meter, each, threads};
use super::super::on_threads;
use super::ShapeDecoder;
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::{Evaluator, Order, Scratch};
use crate::signal::{Picture, Point, Samples, space};
use rayon::prelude::*;
use siren_format::Cost;

/// From where a shape is looked at, and how large the picture of it is.
///
/// y is up. The camera looks at the centre of the shape's cube from far enough to see all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    width: u32,
    height: u32,
    eye: Point,
    /// To the right and up in the picture, and from the eye to what it looks at.
    axes: [Point; 3],
}

/// Half the angle that the shorter side of a picture sees, in degrees.
const HALF_ANGLE: f32 = 14.0;
/// Radius of the ball that fills it: the longest side of a surface is 1.82 long.
const BALL: f32 = 1.35;
/// Rays along each side of a pixel.
const RAYS: usize = 2;
/// Most steps of a ray.
const STEPS: usize = 80;
/// A ray this near to the surface has reached it.
const NEAR: f32 = 1e-3;
/// Share of the distance that a ray goes on by: fitted distances are a little too long in places.
const STRIDE: f32 = 0.9;

/// Directions to the lights, as the camera sees them (right, up, towards it), and how bright they are.
const LIGHTS: [(Point, f32); 3] = [
    ([-0.5, 0.7, 0.5], 0.75),
    ([0.8, 0.1, 0.6], 0.25),
    ([0.1, 0.6, -0.8], 0.25),
];
const AMBIENT: f32 = 0.12;
const COLOUR: Point = [0.87, 0.83, 0.76];
/// At the top and at the bottom.
const BACKGROUND: [f32; 2] = [0.96, 0.82];

impl Camera {
    /// Looks from `azimuth` degrees about the vertical, from the z axis towards the x axis, and `elevation`
    /// degrees above the horizontal, and makes a picture of `width` x `height` pixels.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a side is 0, or the elevation not -90 to 90 degrees, or the azimuth not
    /// finite.
    pub fn new(azimuth: f32, elevation: f32, width: u32, height: u32) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            let given = format!("{width}x{height}");
            return Err(Error::parameter("output size", given, "at least 1x1"));
        }
        if !azimuth.is_finite() {
            return Err(Error::parameter("azimuth", azimuth, "a finite number"));
        }
        if !(-90.0..=90.0).contains(&elevation) {
            return Err(Error::parameter(
                "elevation",
                elevation,
                "-90 to 90 degrees",
            ));
        }
        let (around, above) = (azimuth.to_radians(), elevation.to_radians());
        let back = [
            around.sin() * above.cos(),
            above.sin(),
            around.cos() * above.cos(),
        ];
        // Perpendicular to the vertical and the view; defined at the poles too.
        let right = [around.cos(), 0.0, -around.sin()];
        let away = BALL / HALF_ANGLE.to_radians().sin();
        Ok(Self {
            width,
            height,
            eye: space::scaled(back, away),
            axes: [right, space::cross(back, right), space::scaled(back, -1.0)],
        })
    }

    /// The direction of a ray through a point of the picture, in pixels from the top left corner.
    fn ray(&self, x: f32, y: f32) -> Point {
        let [right, up, forward] = self.axes;
        let (width, height) = (self.width as f32, self.height as f32);
        let unit = 2.0 * HALF_ANGLE.to_radians().tan() / width.min(height);
        let across = space::scaled(right, (x - 0.5 * width) * unit);
        let along = space::scaled(up, (0.5 * height - y) * unit);
        space::unit(space::add(forward, space::add(across, along)))
    }

    /// The light that a part of the surface with this normal sends to the camera.
    fn light(&self, normal: Point) -> f32 {
        let [right, up, forward] = self.axes;
        let lit = LIGHTS.iter().map(|&(direction, strength)| {
            let [x, y, z] = space::unit(direction);
            let seen = space::add(space::scaled(right, x), space::scaled(up, y));
            let direction = space::sub(seen, space::scaled(forward, z));
            strength * space::dot(normal, direction).max(0.0)
        });
        AMBIENT + lit.sum::<f32>()
    }
}

impl ShapeDecoder {
    /// A shaded picture, 8-bit RGB, by sphere tracing (Hart 1996): a ray goes on by what the distance says it
    /// may, until that is next to nothing. Normals are the exact gradient's.
    ///
    /// How far rays go shows only on their way: they are charged for as they go on.
    ///
    /// # Errors
    /// [`Error::Limit`] if the picture costs more than the limits allow, [`Error::Threads`] if threads cannot be started.
    pub fn picture(&self, camera: &Camera) -> Result<Picture, Error> {
        self.traced(camera).map(|(picture, _)| picture)
    }

    /// The same as [`ShapeDecoder::picture`] returns, and what it has cost.
    ///
    /// # Errors
    /// The same as those of [`ShapeDecoder::picture`].
    pub fn traced(&self, camera: &Camera) -> Result<(Picture, Cost), Error> {
        let mut cost = self.cost_of_picture(camera);
        self.stored.admit(&cost)?;
        let meter = Meter::new(&self.stored.limits, &cost);
        let samples = on_threads(self.threads, || Tracer::new(self, camera, &meter).picture())?;
        cost.operations = meter.settle()?;
        let picture = Picture::new(camera.width, camera.height, 3, Samples::U8(samples))?;
        Ok((picture, cost))
    }

    /// What a picture costs beside the steps of its rays.
    fn cost_of_picture(&self, camera: &Camera) -> Cost {
        let pixels = u64::from(camera.width) * u64::from(camera.height);
        let header = self.header();
        let mut cost = self.stored.opened();
        cost.show(1, pixels, 3);
        let rays = pixels.saturating_mul((RAYS * RAYS) as u64);
        cost.evaluate(1, rays, each(header, Order::Gradient));
        cost.hold(pixels.saturating_mul(3));
        // Distances and their gradients.
        for order in [Order::Value, Order::Gradient] {
            let threads = threads(self.threads);
            self.stored.hold_kernels(&mut cost, 1, order, threads);
        }
        cost
    }
}

struct Tracer<'a> {
    camera: &'a Camera,
    meter: &'a Meter,
    /// Operations of a distance.
    each: u64,
    distances: Evaluator,
    jets: Evaluator,
}

/// What rays need, one after another on one thread.
struct Desk {
    distances: Scratch,
    jets: Scratch,
}

/// A ray on its way.
#[derive(Clone, Copy)]
struct Ray {
    direction: Point,
    /// How far it has come, and where it leaves the cube.
    at: f32,
    end: f32,
}

impl<'a> Tracer<'a> {
    fn new(decoder: &ShapeDecoder, camera: &'a Camera, meter: &'a Meter) -> Self {
        let distances = Evaluator::new(decoder.network(), Order::Value);
        Self {
            camera,
            meter,
            each: each(decoder.header(), Order::Value),
            jets: distances.with_order(Order::Gradient),
            distances,
        }
    }

    /// The samples of all pixels, in pieces of as many as have a tile of rays.
    fn picture(&self) -> Vec<u8> {
        let pixels = self.camera.width as usize * self.camera.height as usize;
        let mut samples = vec![0; 3 * pixels];
        const PIECE: usize = TILE / (RAYS * RAYS);
        samples.par_chunks_mut(3 * PIECE).enumerate().for_each_init(
            || Desk {
                distances: self.distances.scratch(),
                jets: self.jets.scratch(),
            },
            |desk, (piece, samples)| self.piece(desk, piece * PIECE, samples),
        );
        samples
    }

    /// The samples of pixels from `first` on.
    fn piece(&self, desk: &mut Desk, first: usize, samples: &mut [u8]) {
        let mut rays = Vec::with_capacity(TILE);
        for pixel in first..first + samples.len() / 3 {
            let width = self.camera.width as usize;
            let (column, row) = ((pixel % width) as f32, (pixel / width) as f32);
            for ray in 0..RAYS * RAYS {
                let part = |index: usize| (index as f32 + 0.5) / RAYS as f32;
                let (x, y) = (column + part(ray % RAYS), row + part(ray / RAYS));
                rays.push(self.enter(self.camera.ray(x, y)));
            }
        }
        let reached = self.trace(desk, &mut rays);
        let normals = self.normals(desk, &rays);
        let height = self.camera.height as f32;
        for (pixel, samples) in samples.chunks_exact_mut(3).enumerate() {
            let row = ((first + pixel) / self.camera.width as usize) as f32;
            let down = (row + 0.5) / height;
            let background = BACKGROUND[0] + (BACKGROUND[1] - BACKGROUND[0]) * down;
            let mut sum = [0.0; 3];
            for ray in pixel * RAYS * RAYS..(pixel + 1) * RAYS * RAYS {
                let colour = if reached[ray] {
                    space::scaled(COLOUR, self.camera.light(normals[ray]))
                } else {
                    [background; 3]
                };
                sum = space::add(sum, colour);
            }
            for (sample, sum) in samples.iter_mut().zip(sum) {
                // Casts saturate.
                *sample = (sum / (RAYS * RAYS) as f32 * 255.0 + 0.5) as u8;
            }
        }
    }

    /// A ray from where it enters the cube; one that misses it is at its end.
    fn enter(&self, direction: Point) -> Ray {
        let (mut at, mut end) = (0.0_f32, f32::INFINITY);
        for (&eye, &slope) in self.camera.eye.iter().zip(&direction) {
            let [a, b] = [(-1.0 - eye) / slope, (1.0 - eye) / slope];
            // A ray along a side has no place where it meets that plane, or is beyond it everywhere.
            at = at.max(a.min(b));
            end = end.min(a.max(b));
        }
        Ray { direction, at, end }
    }

    fn place(&self, ray: &Ray) -> Point {
        space::add(self.camera.eye, space::scaled(ray.direction, ray.at))
    }

    /// Takes rays on until they have reached the surface or left the cube, or may not go on; which of them have reached it.
    fn trace(&self, desk: &mut Desk, rays: &mut [Ray]) -> Vec<bool> {
        let mut reached = vec![false; rays.len()];
        let mut under_way: Vec<usize> = (0..rays.len()).collect();
        for _ in 0..STEPS {
            under_way.retain(|&ray| !reached[ray] && rays[ray].at < rays[ray].end);
            if under_way.is_empty() || !self.meter.tile(self.each) {
                break;
            }
            let distances = self.distances.tile(&mut desk.distances, |coordinates| {
                for (slot, &ray) in under_way.iter().enumerate() {
                    write(coordinates, slot, self.place(&rays[ray]));
                }
            });
            for (slot, &ray) in under_way.iter().enumerate() {
                let distance = distances[slot];
                rays[ray].at += STRIDE * distance;
                reached[ray] = distance < NEAR;
            }
        }
        reached
    }

    /// The direction of the gradient where each ray is.
    fn normals(&self, desk: &mut Desk, rays: &[Ray]) -> Vec<Point> {
        let rows = self.jets.tile(&mut desk.jets, |coordinates| {
            for (slot, ray) in rays.iter().enumerate() {
                write(coordinates, slot, self.place(ray));
            }
        });
        let normal = |slot| space::unit([1, 2, 3].map(|row| rows[row * TILE + slot]));
        (0..rays.len()).map(normal).collect()
    }
}

/// Writes a point to rows of coordinates.
fn write(coordinates: &mut [f32], slot: usize, point: Point) {
    for (axis, x) in point.into_iter().enumerate() {
        coordinates[axis * TILE + slot] = x;
    }
}
