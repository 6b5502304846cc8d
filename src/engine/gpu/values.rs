//! Values of a network on a GPU.

use super::super::kernel::TILE;
use super::adapter::Gpu;
use super::engine::{Engine, Rows};
use super::plan::Perceptron;
use crate::error::GpuError;
use std::sync::Arc;
use wgpu::BufferUsages as Use;

/// Most workgroups at once.
const GROUPS: usize = 4096;

/// Values of one perceptron at any points.
pub(crate) struct Values {
    engine: Engine,
    outputs: usize,
    staging: wgpu::Buffer,
}

impl Values {
    /// Of `perceptron` with the given weights (row by row) and biases of all layers.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] if the device has no room for such layers.
    pub(crate) fn new<'a>(
        gpu: &Arc<Gpu>,
        perceptron: &Perceptron,
        layers: impl Iterator<Item = [&'a [f32]; 2]>,
    ) -> Result<Self, GpuError> {
        let inputs = perceptron.layers.first().map_or(0, |layer| layer.1);
        let outputs = perceptron.layers.last().map_or(0, |layer| layer.0);
        let rows = Rows {
            inputs,
            outputs,
            weighted: 0,
            drawn: inputs,
        };
        let mut engine = Engine::new(gpu, perceptron, "evaluate", rows)?;
        engine.load(layers);
        Ok(Self {
            engine,
            outputs,
            staging: gpu.buffer(16, Use::MAP_READ | Use::COPY_DST),
        })
    }

    /// Hands the outputs at `count` points to `take`: rows of [`TILE`] floats each,
    /// those of the first [`TILE`] points, then of the next. `draw(first, count, rows)` writes coordinates
    /// in the same layout.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] and [`GpuError::Lost`].
    pub(crate) fn at<T>(
        &mut self,
        count: usize,
        draw: impl Fn(usize, usize, &mut [f32]) + Sync,
        take: impl FnOnce(&[f32]) -> T,
    ) -> Result<T, GpuError> {
        let floats = count.next_multiple_of(TILE) * self.outputs;
        let gpu = Arc::clone(&self.engine.gpu);
        if self.staging.size() < 4 * floats as u64 {
            self.staging = gpu.buffer(4 * floats, Use::MAP_READ | Use::COPY_DST);
        }
        self.engine.reserve(count, floats);
        let mut commands = gpu.commands();
        self.engine
            .record(&mut commands, count, draw, [GROUPS, 0], false);
        let bytes = 4 * floats as u64;
        commands.copy_buffer_to_buffer(&self.engine.results, 0, &self.staging, 0, bytes);
        gpu.queue.submit([commands.finish()]);
        gpu.read(&self.staging, floats, take)
    }
}
