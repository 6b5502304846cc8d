//! The loss and its gradient on a GPU.

use super::CHUNK;
use super::adapter::Gpu;
use super::engine::{Engine, Rows};
use super::plan::Perceptron;
use crate::error::GpuError;
use std::sync::Arc;
use wgpu::BufferUsages as Use;

/// Most workgroups, and most bytes of their partial gradients: enough to keep a large device busy, few enough
/// to be summed quickly.
const GROUPS: usize = 512;
const PARTIAL: usize = 64 << 20;

/// The weighted mean of squares, and its gradient with respect to all parameters.
pub(crate) struct Gradient {
    pub(super) engine: Engine,
    reduce: wgpu::ComputePipeline,
    sum: wgpu::Buffer,
    pub(super) total: wgpu::Buffer,
    staging: wgpu::Buffer,
}

impl Gradient {
    /// Of `perceptron` over points of which, after the coordinates, a target for each output is drawn, and a
    /// weight for the squares of the first `weighted` outputs if there are such.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] if the device has no room for such layers.
    pub(crate) fn new(
        gpu: &Arc<Gpu>,
        perceptron: &Perceptron,
        weighted: usize,
    ) -> Result<Self, GpuError> {
        let ends = [perceptron.layers.first(), perceptron.layers.last()];
        let [inputs, outputs] = [
            ends[0].map_or(0, |layer| layer.1),
            ends[1].map_or(0, |layer| layer.0),
        ];
        let rows = Rows {
            inputs,
            outputs,
            weighted,
            drawn: inputs + outputs + usize::from(weighted > 0),
        };
        let engine = Engine::new(gpu, perceptron, "gradient", rows)?;
        let bytes = 16 * stride(&engine);
        let this = Self {
            reduce: gpu.pipeline(include_str!("reduce.wgsl"), "reduce"),
            sum: gpu.buffer(16, Use::UNIFORM | Use::COPY_DST),
            total: gpu.buffer(bytes, Use::STORAGE | Use::COPY_SRC),
            staging: gpu.buffer(bytes, Use::MAP_READ | Use::COPY_DST),
            engine,
        };
        gpu.check()?;
        Ok(this)
    }

    /// The mean over `count` points, its gradient written to `gradient`; weights row by row, and biases, of
    /// every layer. `draw(first, count, rows)` draws up to [`crate::TILE`] points.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] and [`GpuError::Lost`].
    pub(crate) fn mean<'a, 'b>(
        &mut self,
        layers: impl Iterator<Item = [&'a [f32]; 2]>,
        count: usize,
        draw: impl Fn(usize, usize, &mut [f32]) + Sync,
        gradient: impl Iterator<Item = [&'b mut [f32]; 2]>,
    ) -> Result<f64, GpuError> {
        self.engine.load(layers);
        let mut commands = self.record(count, draw);
        commands.copy_buffer_to_buffer(&self.total, 0, &self.staging, 0, None);
        let gpu = &self.engine.gpu;
        gpu.queue.submit([commands.finish()]);
        gpu.read(&self.staging, 4 * stride(&self.engine), |total| {
            self.engine.plan.strip(total, gradient);
            f64::from(total[self.loss()])
        })
    }

    /// Commands, the last ones, after which `total` holds the mean over `count` points: its gradient by the
    /// parameters that the engine has then, laid out as they are, and itself in place [`Gradient::loss`].
    ///
    /// Sums run in an order that depends on the shape and on the number of points alone.
    pub(super) fn record(
        &mut self,
        count: usize,
        draw: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> wgpu::CommandEncoder {
        let stride = stride(&self.engine);
        let tiles = count.min(CHUNK).div_ceil(self.engine.plan.points);
        let groups = tiles.min(GROUPS).min(PARTIAL / (16 * stride)).max(1);
        self.engine.reserve(count.min(CHUNK), 4 * groups * stride);
        let gpu = Arc::clone(&self.engine.gpu);
        let mut commands = gpu.commands();
        for first in (0..count).step_by(CHUNK) {
            if first > 0 {
                let commands = std::mem::replace(&mut commands, gpu.commands());
                gpu.queue.submit([commands.finish()]);
            }
            let points = CHUNK.min(count - first);
            let draw = |at: usize, count: usize, rows: &mut [f32]| draw(first + at, count, rows);
            self.engine
                .record(&mut commands, points, draw, [groups, stride], first > 0);
        }
        let scale = (1.0 / count as f32).to_bits();
        let sum = [stride as u32, groups as u32, scale, 0];
        gpu.queue
            .write_buffer(&self.sum, 0, bytemuck::cast_slice(&sum));
        let buffers = [(0, &self.sum), (1, &self.engine.results), (2, &self.total)];
        let groups = [stride.div_ceil(32), 1];
        gpu.dispatch(&mut commands, &self.reduce, &buffers, groups);
        commands
    }

    /// Which float of `total` is the mean.
    pub(super) fn loss(&self) -> usize {
        4 * self.engine.plan.parameters
    }
}

/// vec4s of a partial gradient: the parameters, and the loss.
fn stride(engine: &Engine) -> usize {
    engine.plan.parameters + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_device_is_an_error() {
        let Some(gpu) = Gpu::any() else {
            return;
        };
        let perceptron = Perceptron {
            layers: vec![(4, 2), (3, 4)],
            omegas: vec![30.0, 1.0],
        };
        let mut engine = Gradient::new(&gpu, &perceptron, 0).unwrap();
        let layers = || [[&[0.1; 8][..], &[0.0; 4]], [&[0.1; 12], &[0.0; 3]]].into_iter();
        let mut gradient = [[vec![0.0; 8], vec![0.0; 4]], [vec![0.0; 12], vec![0.0; 3]]];
        let mut mean = || {
            let gradient = gradient
                .iter_mut()
                .map(|layer| layer.each_mut().map(Vec::as_mut_slice));
            engine.mean(layers(), 300, |_, _, rows| rows.fill(0.5), gradient)
        };
        assert!(mean().is_ok_and(|loss| loss > 0.0));
        gpu.device.destroy();
        assert!(mean().is_err());
        // And stays one.
        assert!(mean().is_err());
        assert!(Gradient::new(&gpu, &perceptron, 0).is_err());
    }
}
