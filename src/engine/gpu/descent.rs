//! A whole fit on a GPU, in bursts of steps.

use super::super::Stride;
use super::adapter::Gpu;
use super::gradient::Gradient;
use super::plan::Perceptron;
use super::soap::Soap;
use crate::error::GpuError;
use std::collections::VecDeque;
use std::sync::Arc;
use wgpu::BufferUsages as Use;

/// A fit whose parameters and optimiser stay on the device.
///
/// Steps are queued in bursts, and nobody waits for one to be done before the next is queued. With its last step
/// a burst sends back everything: the losses of its steps, the parameters, and the optimiser's state. That is
/// less than was sent for it in points, and spares us all questions about what is where.
pub(crate) struct Descent {
    gradient: Gradient,
    soap: Soap,
    /// Most steps of a burst.
    most: usize,
    queued: VecDeque<Burst>,
    /// Where bursts that have arrived were received.
    spare: Vec<wgpu::Buffer>,
    /// What the last of them brought, in the order of [`Descent::places`].
    arrived: Vec<f32>,
}

struct Burst {
    received: wgpu::Buffer,
    steps: usize,
    last: Option<wgpu::SubmissionIndex>,
}

impl Descent {
    /// Of `perceptron`, in bursts of up to `most` steps; else as [`Gradient::new`]. `constants` are those of SOAP
    /// by their names in `soap.wgsl`.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] if the device has no room for such layers.
    pub(crate) fn new(
        gpu: &Arc<Gpu>,
        perceptron: &Perceptron,
        weighted: usize,
        constants: &[(&str, f32)],
        most: usize,
    ) -> Result<Self, GpuError> {
        let gradient = Gradient::new(gpu, perceptron, weighted)?;
        Ok(Self {
            soap: Soap::new(gpu, perceptron, &gradient.engine.plan, constants)?,
            gradient,
            most,
            queued: VecDeque::new(),
            spare: Vec::new(),
            arrived: Vec::new(),
        })
    }

    /// Begins anew with these weights (row by row) and biases, and the optimiser's state, in the order in which
    /// [`Descent::state`] returns it. What is queued is done for nothing.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] and [`GpuError::Lost`], as from the other functions.
    pub(crate) fn begin<'a>(
        &mut self,
        layers: impl Iterator<Item = [&'a [f32]; 2]>,
        state: &[f32],
    ) -> Result<(), GpuError> {
        while !self.queued.is_empty() {
            self.finish()?;
        }
        self.gradient.engine.load(layers);
        let gpu = &self.gradient.engine.gpu;
        gpu.queue
            .write_buffer(&self.soap.memory, 0, bytemuck::cast_slice(state));
        gpu.check()
    }

    /// Queues a burst of steps, each over a number of points that `draw(step, first, count, rows)` draws.
    pub(crate) fn queue(
        &mut self,
        steps: &[(usize, Stride)],
        draw: impl Fn(usize, usize, usize, &mut [f32]) + Sync,
    ) -> Result<(), GpuError> {
        let gpu = Arc::clone(&self.gradient.engine.gpu);
        gpu.check()?;
        let [parameters, state, end] = self.places();
        let usage = Use::MAP_READ | Use::COPY_DST;
        let spare = self.spare.pop();
        let received = spare.unwrap_or_else(|| gpu.buffer(4 * end, usage));
        let mut last = None;
        for (step, &(count, stride)) in steps.iter().enumerate() {
            let draw =
                |first: usize, count: usize, rows: &mut [f32]| draw(step, first, count, rows);
            let mut commands = self.gradient.record(count, draw);
            let (kept, total) = (&self.gradient.engine.parameters, &self.gradient.total);
            self.soap.record(&gpu, &mut commands, [kept, total], stride);
            let mut send = |from: &wgpu::Buffer, first: usize, to: usize, floats: usize| {
                let [first, to, floats] = [first, to, floats].map(|number| 4 * number as u64);
                commands.copy_buffer_to_buffer(from, first, &received, to, floats);
            };
            send(total, self.gradient.loss(), step, 1);
            if step + 1 == steps.len() {
                send(kept, 0, parameters, state - parameters);
                send(&self.soap.memory, 0, state, end - state);
            }
            last = Some(gpu.queue.submit([commands.finish()]));
        }
        gpu.map(&received, end);
        self.queued.push_back(Burst {
            received,
            steps: steps.len(),
            last,
        });
        gpu.check()
    }

    /// Waits for the first burst in the queue, and returns the loss before each of its steps.
    pub(crate) fn finish(&mut self) -> Result<Vec<f64>, GpuError> {
        let Some(burst) = self.queued.pop_front() else {
            return Ok(Vec::new());
        };
        let [_, _, end] = self.places();
        let gpu = &self.gradient.engine.gpu;
        self.arrived.clear();
        gpu.take(&burst.received, end, burst.last, |floats| {
            self.arrived.extend_from_slice(floats);
        })?;
        self.spare.push(burst.received);
        Ok(self.arrived[..burst.steps]
            .iter()
            .map(|&loss| loss.into())
            .collect())
    }

    /// Copies the parameters after the burst that [`Descent::finish`] waited for to `layers`.
    pub(crate) fn parameters<'a>(&self, layers: impl Iterator<Item = [&'a mut [f32]; 2]>) {
        let [parameters, state, _] = self.places();
        let plan = &self.gradient.engine.plan;
        if let Some(padded) = self.arrived.get(parameters..state) {
            plan.strip(padded, layers);
        }
    }

    /// The optimiser's state then: for every layer, of m outputs and n - 1 inputs, the means of G G^T and the
    /// eigenvectors of that, m x m, those of G^T G, n x n, the mean of G and that of its squares, m x n.
    pub(crate) fn state(&self) -> &[f32] {
        let [_, state, end] = self.places();
        self.arrived.get(state..end).unwrap_or_default()
    }

    /// Coordinates of a point.
    pub(crate) fn inputs(&self) -> usize {
        self.gradient.engine.rows.inputs
    }

    /// Where among floats received parameters, the state and nothing more begin. Losses come first.
    fn places(&self) -> [usize; 3] {
        let parameters = self.most;
        let state = parameters + 4 * self.gradient.engine.plan.parameters;
        [parameters, state, state + self.soap.state]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_lost_between_bursts_is_an_error() {
        let Some(gpu) = Gpu::any() else {
            return;
        };
        let perceptron = Perceptron {
            layers: vec![(4, 2), (3, 4)],
            omegas: vec![30.0, 1.0],
        };
        let constants = ["BETA_1", "BETA_2", "BETA_SHAMPOO", "EPSILON"].map(|name| (name, 0.5));
        let new = || Descent::new(&gpu, &perceptron, 0, &constants, 2).unwrap();
        let mut descent = new();
        let layers = [[&[0.1; 8][..], &[0.0; 4]], [&[0.1; 12], &[0.0; 3]]];
        let state = vec![0.0; descent.soap.state];
        let stride = Stride {
            rate: 0.1,
            unbias: [1.0; 2],
            refresh: true,
        };
        let queue = |descent: &mut Descent| {
            descent.queue(&[(300, stride); 2], |_, _, _, rows| rows.fill(0.5))
        };
        descent.begin(layers.into_iter(), &state).unwrap();
        queue(&mut descent).unwrap();
        queue(&mut descent).unwrap();
        let losses = descent.finish().unwrap();
        assert!(losses.len() == 2 && losses.iter().all(|&loss| loss > 0.0));
        // One that is given up with a burst in the queue does the device no harm.
        let mut other = new();
        other.begin(layers.into_iter(), &state).unwrap();
        queue(&mut other).unwrap();
        drop(other);
        assert_eq!(descent.finish().map(|losses| losses.len()), Ok(2));
        queue(&mut descent).unwrap();
        gpu.device.destroy();
        // Seen at the latest when losses are due.
        let late = queue(&mut descent).and_then(|()| descent.begin(layers.into_iter(), &state));
        assert!(late.is_err());
        // And stays so.
        assert!(queue(&mut descent).is_err());
    }
}
