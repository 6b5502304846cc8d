use super::{Network, Packed};
use crate::kernel::{TILE, affine, sine_rows_in_place};
use crate::simd;
use fearless_simd::{Level, Simd, dispatch};

/// Evaluates a network, tile by tile; shared between threads.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator {
    level: Level,
    inputs: usize,
    outputs: usize,
    widest: usize,
    layers: Vec<Packed>,
}

/// What one thread needs beside the network.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    coordinates: Vec<f32>,
    ping: Vec<f32>,
    pong: Vec<f32>,
}

impl Evaluator {
    pub(crate) fn new(network: &Network) -> Self {
        Self::with_level(network, simd::level().1)
    }

    pub(crate) fn with_level(network: &Network, level: Level) -> Self {
        let shape = network.shape();
        let mut layers = Packed::new(shape);
        for (packed, layer) in layers.iter_mut().zip(network.layers()) {
            packed.pack(layer);
        }
        let widest = shape
            .layers()
            .map(|(outputs, _)| outputs)
            .max()
            .unwrap_or(0);
        Self {
            level,
            inputs: shape.inputs,
            outputs: shape.outputs,
            widest,
            layers,
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch {
            coordinates: vec![0.0; self.inputs * TILE],
            ping: vec![0.0; self.widest * TILE],
            pong: vec![0.0; self.widest * TILE],
        }
    }

    /// The outputs, one row of [`TILE`] each, at up to [`TILE`] points whose coordinates `draw` writes
    /// into rows likewise. Each point's result is independent of its place in the tile.
    pub(crate) fn tile<'a>(
        &self,
        scratch: &'a mut Scratch,
        draw: impl FnOnce(&mut [f32]),
    ) -> &'a [f32] {
        draw(&mut scratch.coordinates);
        dispatch!(self.level, simd => forward(simd, &self.layers, scratch));
        &scratch.ping[..self.outputs * TILE]
    }
}

/// Leaves the outputs in `scratch.ping`.
#[inline(always)]
fn forward<S: Simd>(simd: S, layers: &[Packed], scratch: &mut Scratch) {
    let last = layers.len() - 1;
    for (index, layer) in layers.iter().enumerate() {
        let inputs = layer.forward.columns() * TILE;
        let z = &mut scratch.pong[..layer.forward.rows() * TILE];
        let x = if index == 0 {
            &scratch.coordinates
        } else {
            &scratch.ping[..inputs]
        };
        affine(simd, &layer.forward, &layer.bias, x, z);
        if index < last {
            sine_rows_in_place(simd, z);
        }
        std::mem::swap(&mut scratch.ping, &mut scratch.pong);
    }
}
