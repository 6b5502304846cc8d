//! Networks and objectives as [`super::super::gpu`] knows them.

use super::super::Stride;
use super::super::gpu;
use super::super::gpu::{Gpu, Perceptron};
use super::super::kernel::TILE;
use super::device::{Accelerator, Descent, Gradient, Values};
use super::{Activation, Architecture, Layer, Network, Objective, Squares};
use crate::error::GpuError;
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

    fn gradient(
        &self,
        shape: &Architecture,
        squares: Squares,
    ) -> Result<Box<dyn Gradient>, GpuError> {
        let perceptron = losing(shape, squares)?;
        let gradient = gpu::Gradient::new(&self.0, &perceptron, squares.weighted)?;
        Ok(Box::new(gradient))
    }

    fn descent(
        &self,
        shape: &Architecture,
        squares: Squares,
        constants: &[(&str, f32)],
        most: usize,
    ) -> Result<Box<dyn Descent>, GpuError> {
        let perceptron = losing(shape, squares)?;
        let weighted = squares.weighted;
        let descent = gpu::Descent::new(&self.0, &perceptron, weighted, constants, most)?;
        Ok(Box::new(descent))
    }

    fn values(&self, network: &Network) -> Result<Box<dyn Values>, GpuError> {
        let perceptron = perceptron(network.architecture())?;
        let layers = network.layers().iter().map(Layer::tensors);
        Ok(Box::new(gpu::Values::new(&self.0, &perceptron, layers)?))
    }
}

/// The perceptron of `shape`, of whose outputs `squares` must be.
fn losing(shape: &Architecture, squares: Squares) -> Result<Perceptron, GpuError> {
    if squares.outputs != shape.outputs {
        let what = format!("a loss of {} of {} outputs", squares.outputs, shape.outputs);
        return Err(GpuError::Unsupported(what));
    }
    perceptron(shape)
}

fn perceptron(shape: &Architecture) -> Result<Perceptron, GpuError> {
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
        let inputs = network.architecture().inputs;
        let first = range.start;
        self.mean(
            network.layers().iter().map(Layer::tensors),
            (range.end - first) as usize,
            |at, count, rows| draw(objective, inputs, first + at as u64, count, rows),
            gradient.iter_mut().map(Layer::tensors_mut),
        )
    }
}

/// Draws points into the rows of `inputs` coordinates, and the rows after these.
fn draw(objective: &dyn Objective, inputs: usize, first: u64, count: usize, rows: &mut [f32]) {
    let (coordinates, known) = rows.split_at_mut(inputs * TILE);
    objective.draw(first, count, coordinates, known);
}

impl Descent for gpu::Descent {
    fn begin(&mut self, network: &Network, state: &[f32]) -> Result<(), GpuError> {
        gpu::Descent::begin(self, network.layers().iter().map(Layer::tensors), state)
    }

    fn queue(
        &mut self,
        objective: &dyn Objective,
        steps: &[(Range<u64>, Stride)],
    ) -> Result<(), GpuError> {
        let inputs = self.inputs();
        let strides: Vec<_> = steps
            .iter()
            .map(|(points, stride)| ((points.end - points.start) as usize, *stride))
            .collect();
        gpu::Descent::queue(self, &strides, |step, at, count, rows| {
            let first = steps[step].0.start + at as u64;
            draw(objective, inputs, first, count, rows);
        })
    }

    fn finish(&mut self) -> Result<Vec<f64>, GpuError> {
        gpu::Descent::finish(self)
    }

    fn network(&self, network: &mut Network) {
        self.parameters(network.layers.iter_mut().map(Layer::tensors_mut));
    }

    fn state(&self) -> &[f32] {
        gpu::Descent::state(self)
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
