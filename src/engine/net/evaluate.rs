//! The forward pass of jets, tile by tile.

use super::super::kernel::{TILE, activate, activate_in_place};
use super::super::simd;
use super::{Network, Order, Packed, complete};
use crate::engine::grid::LatentGrids;
use fearless_simd::{Level, Simd, dispatch};
use std::sync::Arc;

/// Evaluates a network, tile by tile; shared between threads.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator {
    level: Level,
    /// Coordinates of a point.
    coordinates: usize,
    /// Rows that enter the first layer: the coordinates, or the values of grids.
    inputs: usize,
    grids: Option<Arc<LatentGrids>>,
    outputs: usize,
    widest: usize,
    order: Order,
    layers: Vec<Packed>,
}

/// What one thread needs beside the network.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    coordinates: Vec<f32>,
    /// Jets of the rows that enter the first layer.
    inputs: Vec<f32>,
    ping: Vec<f32>,
    pong: Vec<f32>,
}

impl Evaluator {
    /// Evaluates jets of `order`.
    pub(crate) fn new(network: &Network, order: Order) -> Self {
        Self::with_level(network, order, simd::level().1)
    }

    pub(crate) fn with_level(network: &Network, order: Order, level: Level) -> Self {
        let shape = network.architecture();
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
            coordinates: network.coordinates(),
            inputs: shape.inputs,
            grids: network.grids.clone(),
            outputs: shape.outputs,
            widest,
            order,
            layers,
        }
    }

    /// The same network for jets of another order.
    pub(crate) fn with_order(&self, order: Order) -> Self {
        Self {
            order,
            ..self.clone()
        }
    }

    pub(crate) fn coordinates(&self) -> usize {
        self.coordinates
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Components of every jet.
    pub(crate) fn components(&self) -> usize {
        self.order.components(self.coordinates)
    }

    /// Multiplications of a tile.
    #[cfg(any(test, feature = "counted"))]
    fn multiplications(&self) -> u64 {
        let layers = self.layers.iter().map(|layer| &layer.forward);
        let point: usize = layers.map(|it| it.rows() * it.columns()).sum();
        (point * self.components() * TILE) as u64
    }

    pub(crate) fn scratch(&self) -> Scratch {
        let rows = |rows: usize| vec![0.0; self.components() * rows * TILE];
        Scratch {
            coordinates: vec![0.0; self.coordinates * TILE],
            inputs: rows(self.inputs),
            ping: rows(self.widest),
            pong: rows(self.widest),
        }
    }

    /// The outputs, one row of [`TILE`] each, component after component of their jets, at up to [`TILE`]
    /// points whose coordinates `draw` writes, also one row of [`TILE`] each. Each point's result is independent of its
    /// place in the tile.
    pub(crate) fn tile<'a>(
        &self,
        scratch: &'a mut Scratch,
        draw: impl FnOnce(&mut [f32]),
    ) -> &'a [f32] {
        match &self.grids {
            None => {
                draw(&mut scratch.inputs[..self.inputs * TILE]);
                complete(&mut scratch.inputs, self.inputs, self.order);
            }
            Some(grids) => {
                draw(&mut scratch.coordinates);
                grids.jets(
                    self.level,
                    &scratch.coordinates,
                    self.order,
                    &mut scratch.inputs,
                );
            }
        }
        #[cfg(any(test, feature = "counted"))]
        super::counted::count(self.multiplications());
        dispatch!(self.level, simd => forward(simd, self, scratch));
        &scratch.ping[..self.components() * self.outputs * TILE]
    }
}

/// Leaves the outputs in `scratch.ping`.
#[inline(always)]
fn forward<S: Simd>(simd: S, evaluator: &Evaluator, scratch: &mut Scratch) {
    let length = |rows: usize| evaluator.components() * rows * TILE;
    for (index, layer) in evaluator.layers.iter().enumerate() {
        let z = &mut scratch.pong[..length(layer.forward.rows())];
        let x = if index == 0 {
            &mut scratch.inputs
        } else {
            &mut scratch.ping[..length(layer.forward.columns())]
        };
        layer.affine(simd, x, z);
        match (layer.activation, evaluator.order) {
            (Some(activation), Order::Value) => activate_in_place(simd, activation, z),
            (Some(activation), order) => {
                let a = &mut scratch.ping[..length(layer.forward.rows())];
                activate(simd, activation, order, evaluator.coordinates, z, a);
                continue;
            }
            (None, _) => (),
        }
        std::mem::swap(&mut scratch.ping, &mut scratch.pong);
    }
}
