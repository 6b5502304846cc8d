//! Networks and objectives as [`crate::gpu`] knows them.

use super::device::{Accelerator, Gradient, Values};
use super::{Activation, Layer, Network, Objective, Shape, Squares};
use crate::error::GpuError;
use crate::gpu::{self, Gpu, Perceptron};
use crate::kernel::TILE;
use std::ops::Range;
use std::sync::Arc;

pub(super) fn open(index: Option<usize>, software: bool) -> Result<Arc<dyn Accelerator>, GpuError> {
    Ok(Arc::new(Shared(Arc::new(Gpu::open(index, software)?))))
}

pub(super) fn list() -> Result<Vec<String>, GpuError> {
    Ok(gpu::adapters())
}

struct Shared(Arc<Gpu>);

impl Accelerator for Shared {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn gradient(&self, shape: &Shape, squares: Squares) -> Result<Box<dyn Gradient>, GpuError> {
        let perceptron = perceptron(shape)?;
        if squares.outputs != shape.outputs {
            let what = format!("a loss of {} of {} outputs", squares.outputs, shape.outputs);
            return Err(GpuError::Unsupported(what));
        }
        Ok(Box::new(gpu::Gradient::new(
            &self.0,
            &perceptron,
            squares.weighted,
        )?))
    }

    fn values(&self, network: &Network) -> Result<Box<dyn Values>, GpuError> {
        let perceptron = perceptron(network.shape())?;
        let layers = network.layers().iter().map(Layer::tensors);
        Ok(Box::new(gpu::Values::new(&self.0, &perceptron, layers)?))
    }
}

fn perceptron(shape: &Shape) -> Result<Perceptron, GpuError> {
    if shape.activation != Activation::Sine || shape.frozen() > 0 {
        let what = "activations other than sines, or positional encodings";
        return Err(GpuError::Unsupported(what.into()));
    }
    let layers: Vec<_> = shape.layers().collect();
    Ok(Perceptron {
        omegas: (0..layers.len()).map(|layer| shape.omega(layer)).collect(),
        layers,
    })
}

impl Gradient for gpu::Gradient {
    fn gradient(
        &mut self,
        network: &Network,
        objective: &dyn Objective,
        range: Range<u64>,
        gradient: &mut [Layer],
    ) -> Result<f64, GpuError> {
        let inputs = network.shape().inputs;
        let draw = |first: usize, count: usize, rows: &mut [f32]| {
            let (coordinates, known) = rows.split_at_mut(inputs * TILE);
            objective.draw(range.start + first as u64, count, coordinates, known);
        };
        self.mean(
            network.layers().iter().map(Layer::tensors),
            (range.end - range.start) as usize,
            draw,
            gradient.iter_mut().map(Layer::tensors_mut),
        )
    }
}

impl Values for gpu::Values {
    fn at(
        &mut self,
        count: usize,
        draw: &(dyn Fn(usize, usize, &mut [f32]) + Sync),
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<(), GpuError> {
        gpu::Values::at(self, count, draw, take)
    }
}
