//! Pipelines and buffers that all work on a GPU shares.

use super::super::kernel::TILE;
use super::adapter::Gpu;
use super::plan::{Perceptron, Plan};
use crate::error::GpuError;
use rayon::prelude::*;
use std::sync::Arc;
use wgpu::BufferUsages as Use;

/// One entry point of the shader, and the buffers it works on.
pub(super) struct Engine {
    pub(super) gpu: Arc<Gpu>,
    pub(super) plan: Plan,
    pipeline: wgpu::ComputePipeline,
    table: wgpu::Buffer,
    batch: wgpu::Buffer,
    pub(super) parameters: wgpu::Buffer,
    points: wgpu::Buffer,
    pub(super) results: wgpu::Buffer,
    padded: Vec<f32>,
    pub(super) rows: Rows,
    drawn: Vec<f32>,
}

/// The numbers of rows that a record of [`TILE`] points has, each row with a float for every point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Outputs whose squares have a weight, the first ones.
    pub(super) weighted: usize,
    /// Rows of all that is drawn.
    pub(super) drawn: usize,
}

impl Engine {
    pub(super) fn new(
        gpu: &Arc<Gpu>,
        perceptron: &Perceptron,
        entry: &str,
        rows: Rows,
    ) -> Result<Self, GpuError> {
        let limits = gpu.device.limits();
        let plan = Plan::new(
            perceptron,
            limits.max_compute_invocations_per_workgroup as usize,
            limits.max_compute_workgroup_storage_size as usize,
        )?;
        let table = plan.table();
        let storage = Use::STORAGE | Use::COPY_DST;
        let this = Self {
            pipeline: gpu.pipeline(&plan.shader(), entry),
            table: gpu.buffer(4 * table.len(), Use::UNIFORM | Use::COPY_DST),
            batch: gpu.buffer(32, Use::UNIFORM | Use::COPY_DST),
            parameters: gpu.buffer(16 * plan.parameters, storage | Use::COPY_SRC),
            points: gpu.buffer(16, storage),
            results: gpu.buffer(16, storage | Use::COPY_SRC),
            padded: vec![0.0; 4 * plan.parameters],
            drawn: Vec::new(),
            gpu: Arc::clone(gpu),
            plan,
            rows,
        };
        let table = bytemuck::cast_slice(&table);
        this.gpu.queue.write_buffer(&this.table, 0, table);
        // A shader that a driver cannot make anything of is no reason to fail later.
        this.gpu.check()?;
        Ok(this)
    }

    /// Takes on the weights (row by row) and biases of all layers.
    pub(super) fn load<'a>(&mut self, layers: impl Iterator<Item = [&'a [f32]; 2]>) {
        self.plan.pad(layers, &mut self.padded);
        let bytes = bytemuck::cast_slice(&self.padded);
        self.gpu.queue.write_buffer(&self.parameters, 0, bytes);
    }

    /// Makes room for `points` points and `results` floats of results.
    pub(super) fn reserve(&mut self, points: usize, results: usize) {
        let storage = Use::STORAGE | Use::COPY_DST | Use::COPY_SRC;
        let points = 4 * points.next_multiple_of(TILE) * self.rows.drawn;
        for (buffer, length) in [(&mut self.points, points), (&mut self.results, 4 * results)] {
            if buffer.size() < length as u64 {
                *buffer = self.gpu.buffer(length, storage);
            }
        }
    }

    /// Records the work on `count` points: `draw(first, count, record)` writes the rows of up to [`TILE`] of them.
    /// Results go to `groups` slices of `stride` vec4s, on from what is there if `resumed`. The points are queued
    /// at once, so these commands must be, too, before others are recorded.
    pub(super) fn record(
        &mut self,
        commands: &mut wgpu::CommandEncoder,
        count: usize,
        draw: impl Fn(usize, usize, &mut [f32]) + Sync,
        [groups, stride]: [usize; 2],
        resumed: bool,
    ) {
        let record = self.rows.drawn * TILE;
        // What lies beyond `count` is never seen, but must be finite.
        self.drawn
            .resize(self.drawn.len().max(count.div_ceil(TILE) * record), 0.0);
        let drawn = &mut self.drawn[..count.div_ceil(TILE) * record];
        drawn
            .par_chunks_exact_mut(record)
            .enumerate()
            .for_each(|(tile, record)| {
                let first = tile * TILE;
                draw(first, (count - first).min(TILE), record);
            });
        let queue = &self.gpu.queue;
        queue.write_buffer(&self.points, 0, bytemuck::cast_slice(drawn));
        let Rows {
            inputs,
            outputs,
            weighted,
            drawn,
        } = self.rows;
        let tiles = count.div_ceil(self.plan.points);
        let batch = [
            count,
            tiles,
            drawn,
            inputs,
            outputs,
            weighted,
            stride,
            resumed.into(),
        ];
        let batch = batch.map(|number| number as u32);
        queue.write_buffer(&self.batch, 0, bytemuck::cast_slice(&batch));
        let buffers = [
            (0, &self.table),
            (1, &self.batch),
            (2, &self.parameters),
            (3, &self.points),
            (4, &self.results),
        ];
        let groups = groups.min(tiles).max(1);
        self.gpu
            .dispatch(commands, &self.pipeline, &buffers, [groups, 1]);
    }
}
