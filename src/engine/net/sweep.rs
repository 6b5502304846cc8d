//! A network evaluated at many points, on the CPU or on a device.

use super::super::kernel::TILE;
use super::device::Values;
use super::{Device, Evaluator, Network, Order};
use crate::error::{Error, GpuError};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Points that a device is given at once.
const CHUNK: usize = 1 << 18;

/// Evaluates a network at many points, on some [`Device`].
pub(crate) struct Sweep {
    device: Device,
    /// The device, until it has failed.
    remote: Mutex<Option<Box<dyn Values>>>,
    evaluator: Evaluator,
}

impl Sweep {
    /// Evaluates jets of `order`. Derivatives are the CPU's.
    ///
    /// # Errors
    /// [`Error::Gpu`] if a GPU was asked for that cannot.
    pub(crate) fn new(device: &Device, network: &Network, order: Order) -> Result<Self, Error> {
        let remote = match order {
            Order::Value => device.values(network)?,
            _ => {
                let what = "derivatives; render them on the CPU";
                device.refuse(GpuError::Unsupported(what.into()))?;
                None
            }
        };
        Ok(Self {
            device: device.clone(),
            remote: Mutex::new(remote),
            evaluator: Evaluator::new(network, order),
        })
    }

    /// Outputs of the network.
    pub(crate) fn outputs(&self) -> usize {
        self.evaluator.outputs()
    }

    /// Fills `all`, of which each point has `each` items: `draw(first, count, rows)` writes the coordinates
    /// of up to [`TILE`] points, a row of [`TILE`] floats for each coordinate; `paint(jets, slot, items)` gets
    /// the jets at these points, in rows of [`TILE`] floats too.
    ///
    /// # Errors
    /// [`Error::Gpu`] if a GPU was asked for and fails.
    pub(crate) fn fill<T: Send>(
        &self,
        all: &mut [T],
        each: usize,
        draw: impl Fn(usize, usize, &mut [f32]) + Sync,
        paint: impl Fn(&[f32], usize, &mut [T]) + Sync,
    ) -> Result<(), Error> {
        let paint_tile = |jets: &[f32], items: &mut [T]| {
            for (slot, items) in items.chunks_exact_mut(each).enumerate() {
                paint(jets, slot, items);
            }
        };
        for (chunk, all) in all.chunks_mut(CHUNK * each).enumerate() {
            let start = chunk * CHUNK;
            let draw =
                |first: usize, count: usize, rows: &mut [f32]| draw(start + first, count, rows);
            if self.remotely(all.len() / each, &draw, &mut |values| {
                all.par_chunks_mut(TILE * each)
                    .zip(values.par_chunks_exact(TILE * self.outputs()))
                    .for_each(|(items, values)| paint_tile(values, items));
            })? {
                continue;
            }
            all.par_chunks_mut(TILE * each).enumerate().for_each_init(
                || self.evaluator.scratch(),
                |scratch, (tile, items)| {
                    let count = items.len() / each;
                    let jets = self
                        .evaluator
                        .tile(scratch, |rows| draw(tile * TILE, count, rows));
                    paint_tile(jets, items);
                },
            );
        }
        Ok(())
    }

    /// Whether another device than the CPU has done it.
    fn remotely(
        &self,
        count: usize,
        draw: &(dyn Fn(usize, usize, &mut [f32]) + Sync),
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<bool, Error> {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(values) = remote.as_mut() else {
            return Ok(false);
        };
        let done = self.device.or_cpu(values.at(count, draw, take))?.is_some();
        if !done {
            *remote = None;
        }
        Ok(done)
    }
}
