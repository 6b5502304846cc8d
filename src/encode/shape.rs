//! Surfaces into files, as the signed distance to them.

use super::attempts::Finished;
use super::checkpoint::{Checkpoint, Journal};
use super::encoder::ShapeEncoder;
use super::source::Source;
use crate::decode::ShapeDecoder;
use crate::decode::on_threads;
use crate::engine::net::Order;
use crate::fit::Progress;
use crate::objective::Distance;
use crate::signal::{Placement, Point, Surface};
use crate::{Error, Limits};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use siren_format::{Colour, Samples, Signal};
use std::ops::ControlFlow;
use std::time::Duration;

/// A finished file of a shape, and facts about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EncodedShape {
    /// The whole `.siren` file.
    pub bytes: Vec<u8>,
    /// Root mean square of the distance between points of the surface and the surface that the file holds, to first
    /// order, in units of the surface.
    pub distance: f64,
    /// [`distance`](Self::distance) divided by the longest side of the bounding box of the surface.
    pub relative: f64,
    /// Weights and biases in the file.
    pub parameters: u64,
    /// Optimiser steps taken.
    pub steps: u32,
    /// Wall time of fitting, coding and checking.
    pub elapsed: Duration,
}

/// Bytes of a file whose size is not set.
const BYTES: u64 = 12_000;
/// Points of the surface that a file is measured at.
const MEASURED: usize = 16_384;

impl ShapeEncoder {
    /// Fits the signed distance to `surface`, negative inside, and returns the file.
    ///
    /// # Errors
    /// [`Error::Parameter`] for settings out of range, or a surface without extent; [`Error::Format`] if the
    /// file would exceed the default limits of a decoder, [`Error::Diverged`] if the fit fails.
    pub fn encode(&self, surface: &Surface) -> Result<EncodedShape, Error> {
        self.encode_with(surface, |_| ControlFlow::Continue(()))
    }

    /// As [`ShapeEncoder::encode`], reporting to `progress` as [`Encoder::encode_with`](crate::Encoder::encode_with)
    /// does.
    ///
    /// # Errors
    /// As [`ShapeEncoder::encode`], and [`Error::Stopped`] if `progress` breaks at the first step.
    pub fn encode_with(
        &self,
        surface: &Surface,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<EncodedShape, Error> {
        self.encode_resumable(surface, None, |report, _| progress(report))
    }

    /// As [`ShapeEncoder::encode_with`], going on from a `checkpoint` as
    /// [`Encoder::encode_resumable`](crate::Encoder::encode_resumable) does.
    ///
    /// # Errors
    /// As [`ShapeEncoder::encode_with`], and [`Error::Checkpoint`] if the checkpoint is damaged or of
    /// another encode.
    pub fn encode_resumable(
        &self,
        surface: &Surface,
        checkpoint: Option<&[u8]>,
        mut progress: impl FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()> + Send,
    ) -> Result<EncodedShape, Error> {
        self.validate()?;
        let journal = Journal::new(self.key(surface), checkpoint)?;
        let placement = surface.placement()?;
        let placed = surface.placed(&placement);
        let source = Solid::new(&placed, placement, self.settings.seed);
        let task = Distance::new(placed, self.settings.seed);
        let fit = || self.settings.fit(&source, &task, &mut progress, journal);
        let Finished {
            candidate,
            steps,
            elapsed,
        } = on_threads(self.settings.threads, fit)??;
        let side = 2.0 * f64::from(source.placement.scale);
        let distance = side / 10_f64.powf(candidate.quality / 20.0);
        Ok(EncodedShape {
            distance,
            relative: distance / surface.longest(),
            bytes: candidate.bytes,
            parameters: candidate.parameters,
            steps,
            elapsed,
        })
    }
}

/// A surface to be stored, and points of it to measure files at, in the coordinates of the network.
struct Solid {
    placement: Placement,
    points: Array2<f32>,
}

impl Solid {
    /// The source for `placed`, a surface in the coordinates of its placement.
    fn new(placed: &Surface, placement: Placement, seed: u64) -> Self {
        // Other points than those of the fit.
        let mut random = ChaCha8Rng::seed_from_u64(!seed);
        let mut point = || placed.sample(&mut random).0;
        let points: Vec<Point> = (0..MEASURED).map(|_| point()).collect();
        Self {
            placement,
            points: Array2::from_shape_fn((MEASURED, 3), |(row, axis)| points[row][axis]),
        }
    }
}

impl Source for Solid {
    fn signal(&self) -> Signal {
        Signal::Shape {
            centre: self.placement.centre.map(f32::to_bits),
            scale: self.placement.scale.to_bits(),
        }
    }

    fn samples(&self) -> Samples {
        Samples {
            channels: 1,
            depth: 32,
            colour: Colour::Direct,
        }
    }

    fn bytes(&self) -> u64 {
        BYTES
    }

    /// Less than the paper's 30 in the first layer: there, fits start from so many surfaces that few steps do
    /// not remove all but one.
    fn omegas(&self) -> [f64; 2] {
        [10.0, 30.0]
    }

    /// The side of the cube by the root mean square distance, in dB.
    fn measure(&self, bytes: &[u8]) -> Result<f64, Error> {
        let field = ShapeDecoder::with_limits(bytes, &Limits::none())?.field();
        let jets = field.jets(self.points.view(), Order::Gradient)?;
        let slopes = [0, 1, 2].map(|axis| jets.derivatives(axis));
        let distance = |(point, phi): (usize, &f32)| {
            let slopes = slopes.iter().flatten().map(|slope| slope[[point, 0]]);
            let square: f32 = slopes.map(|slope| slope * slope).sum();
            f64::from(phi * phi / square.max(1e-12))
        };
        let values = jets.values();
        let sum: f64 = values.column(0).iter().enumerate().map(distance).sum();
        Ok(10.0 * (4.0 * MEASURED as f64 / sum).log10())
    }
}
