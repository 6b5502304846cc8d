//! What decoders charge before they begin: the model of [`siren_format::Cost`] (SPEC 7.3), applied to what each of them
//! evaluates and holds.

use super::area::Axis;
use super::stored::Stored;
use super::{Region, View};
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::Order;
use crate::signal::Grid;
use siren_format::{Cost, Exceeded, Header, Limits, Quantity};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const _: () = assert!(
    TILE as u64 == siren_format::TILE,
    "tiles are those of the model"
);

/// Pixels per strip, about: enough to keep many threads busy, little enough to cost a few megabytes.
pub(super) const STRIP_PIXELS: u32 = 1 << 18;

/// Operations of a pixel that is a mean for each sample that it is the mean of, and of one that shows a derivative.
const MEAN: u64 = 512;
const SHADING: u64 = 2048;

/// Bytes of an evaluator's layer beside its parameters, and of a parameter in the order of the kernels.
const PACKED_LAYER: u64 = 256;
const PACKED_PARAMETER: u64 = 6;

/// Numbers of 32 bits or fewer are what samples take before they are handed on.
const NUMBER: u64 = size_of::<f32>() as u64;

/// A rendering that is asked for.
pub(super) struct Rendering<'a> {
    /// The stored pixels.
    pub(super) grid: Grid,
    pub(super) view: &'a View,
    /// The jets that it takes.
    pub(super) order: Order,
    /// Numbers of a pixel, and the bytes that each of them comes out as.
    pub(super) numbers: u64,
    pub(super) bytes: u64,
    /// Rows that are in memory at once, and threads that evaluate them.
    pub(super) rows: u32,
    pub(super) threads: usize,
    pub(super) frames: u32,
}

/// The samples of columns and rows under the region of `view`.
pub(super) fn covered(grid: Grid, view: &View) -> [Range<u32>; 2] {
    let Region {
        x,
        y,
        width,
        height,
    } = view.region();
    let [columns, rows] = view.axes(grid.size());
    [columns.under(x..x + width), rows.under(y..y + height)]
}

/// Rows of a strip.
pub(super) fn strip_rows(view: &View) -> u32 {
    let region = view.region();
    (STRIP_PIXELS / region.width).clamp(1, region.height)
}

/// The threads that are used where `threads` are asked for: 0, or none, are all there are.
pub(super) fn threads(threads: Option<usize>) -> usize {
    let threads = threads.filter(|&threads| threads > 0);
    threads.unwrap_or_else(rayon::current_num_threads)
}

/// Operations to evaluate the jets of `order` at a point.
pub(super) fn each(header: &Header, order: Order) -> u64 {
    let components = order.components(header.signal.coordinates() as usize);
    header.operations_per_point(components as u64)
}

impl Stored {
    /// What it has cost to open the file.
    pub(super) fn opened(&self) -> Cost {
        let mut cost = self.reading;
        cost.hold(self.icc.as_ref().map_or(0, Vec::len) as u64);
        cost
    }

    /// Refuses what would cost more than the limits allow.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(super) fn admit(&self, cost: &Cost) -> Result<(), Error> {
        Ok(self.limits.admit(cost)?)
    }

    /// Charges for `networks` networks in the order of the kernels, and for what `threads` threads need to evaluate them
    /// in jets of `order`: two rows of a tile for every neuron of the widest layer, and the coordinates.
    pub(super) fn hold_kernels(
        &self,
        cost: &mut Cost,
        networks: u64,
        order: Order,
        threads: usize,
    ) {
        let header = &self.header;
        let parameters = header.parameters() / header.networks();
        let layers = header.layers().count() as u64;
        let packed = (layers + 1) * PACKED_LAYER;
        let packed = packed.saturating_add(parameters.saturating_mul(PACKED_PARAMETER));
        cost.hold(networks.saturating_mul(packed));
        let widest = header.layers().map(|(outputs, _)| outputs).max();
        let rows = 2 * u64::from(widest.unwrap_or(0)) + u64::from(header.inputs());
        let components = order.components(header.signal.coordinates() as usize) as u64;
        let scratch = rows * components * siren_format::TILE * NUMBER;
        cost.hold(scratch.saturating_mul(threads as u64));
    }

    /// What it costs to open the file and to render it.
    pub(super) fn rendering(&self, asked: &Rendering<'_>) -> Cost {
        let header = &self.header;
        let (view, frames) = (asked.view, u64::from(asked.frames));
        let mut cost = self.opened();
        cost.show(frames, view.pixels(), asked.numbers * asked.bytes);
        let [columns, lines] = covered(asked.grid, view).map(|samples| samples.len() as u64);
        let reduces = view.axes(asked.grid.size()).iter().any(Axis::reduces);
        // Two strips may have a share in the same row of samples.
        let strips = u64::from(view.region().height.div_ceil(asked.rows));
        let again = if reduces { strips - 1 } else { 0 };
        let rows = lines + again;
        let samples = columns.saturating_mul(rows);
        let mut each = each(header, asked.order);
        if reduces {
            each = each.saturating_add(MEAN);
        }
        if view.shading().is_some() {
            each = each.saturating_add(SHADING);
        }
        cost.evaluate(frames, samples, each);
        cost.work(header.operations_of_rows(rows, columns));

        let jet = u64::from(header.outputs())
            * asked.order.components(header.signal.coordinates() as usize) as u64;
        let pixels = u64::from(view.region().width) * u64::from(asked.rows);
        cost.hold(pixels.saturating_mul(asked.numbers * asked.bytes));
        cost.hold((columns + lines) * NUMBER);
        if reduces {
            let samples = columns.max(STRIP_PIXELS.into()) * NUMBER;
            let sums = pixels.saturating_mul(size_of::<f64>() as u64);
            cost.hold(samples.saturating_add(sums).saturating_mul(jet));
        }
        self.hold_kernels(&mut cost, 1, asked.order, asked.threads);
        cost
    }
}

/// Work that is charged as it is done, by any thread, where nobody can tell before how much it is going to be.
pub(super) struct Meter {
    spent: AtomicU64,
    allowed: u64,
}

impl Meter {
    /// With what `limits` leave after `cost`.
    pub(super) fn new(limits: &Limits, cost: &Cost) -> Self {
        Self {
            spent: AtomicU64::new(cost.operations),
            allowed: limits.operations,
        }
    }

    /// Charges for a tile of points, at so many operations `each`, before it is evaluated. Whether it may be.
    pub(super) fn tile(&self, each: u64) -> bool {
        let tile = each.saturating_mul(siren_format::TILE);
        let before = self.spent.fetch_add(tile, Relaxed);
        before.saturating_add(tile) <= self.allowed
    }

    /// The operations that have been charged for; refused if they were too many.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(super) fn settle(self) -> Result<u64, Error> {
        let (asked, allowed) = (self.spent.into_inner(), self.allowed);
        if asked > allowed {
            let what = Quantity::Operations;
            return Err(Exceeded {
                what,
                asked,
                allowed,
            }
            .into());
        }
        Ok(asked)
    }
}
