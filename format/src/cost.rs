//! What it costs to decode a file, counted in integers before any of it is spent (SPEC 7.3).
//!
//! There is one unit for all that takes time: an *operation*, which is about what one multiplication of a network takes
//! in a tile of points. A sine takes some of them, and so does everything that is done for a point, for a frame or for a
//! parameter. The numbers were fitted to measurements; they hold within a factor of two for networks of any layers.
//!
//! A decoder adds up a [`Cost`] of all that it is going to do, and [`Limits::admit`](crate::Limits::admit) refuses it or
//! not. [`Cost::evaluate`] is the only way to charge for points and [`Cost::hold`] for bytes: whatever else comes to be
//! evaluated or kept is charged by these two.

use crate::{Header, Signal};

/// Points that are evaluated together: a part of a tile takes as long as a whole one.
pub const TILE: u64 = 256;

/// Operations that one core does in a second: one of an AMD EPYC of 2023 with AVX-512. With AVX2 they take about twice as
/// long, and without vectors ten times.
pub const OPERATIONS_PER_SECOND: u64 = 50_000_000_000;

/// Operations of a sine, or of a component of its jet.
const SINE: u64 = 16;
/// The same in a layer of more neurons than [`NEAR`], of which a tile does not fit into the cache of a core, and where
/// derivatives are taken of more rows than [`NEAR_ROWS`], of neurons and components.
const DISTANT_SINE: u64 = 40;
const DISTANT_SINES: u64 = 64;
const NEAR: u64 = 1024;
const NEAR_ROWS: u64 = 2048;
/// Operations of a multiplication by what comes from a layer of more neurons than [`NEAR`].
const DISTANT_PRODUCT: u64 = 2;
/// Operations of a point, whatever the network: its coordinates, and what becomes of the outputs.
const POINT: u64 = 512;
/// Operations of a frame of a video, or of a picture, whatever its size.
const FRAME: u64 = 1 << 16;
/// Operations of a parameter that is read, and of a layer, whatever its size.
const PARAMETER: u64 = 3 << 9;
const LAYER: u64 = 1 << 15;

/// Operations of a latent that is read, beside those of each multiplication of the context network.
const LATENT: u64 = 1 << 12;
const CONTEXT: u64 = 3;
/// Operations of a byte that a range coder reads. A level that is far from what was expected takes dozens of bits, and each
/// of them is a symbol of its own.
const CODED: u64 = 3 << 9;
/// Operations of the interpolation of a grid at a point, for each component of its jet, and once more for every run of points
/// that a tile has in one row.
const GRID: u64 = 3 << 9;
const GRID_RUN: u64 = 1 << 11;

/// Bytes of a latent, as an integer and as a number to compute with.
const LATENT_BYTES: u64 = 8;
/// Bytes of a parameter, in at most four forms at once while it is read and turned into numbers to compute with.
const PARAMETER_BYTES: u64 = 16;
/// Bytes of a layer beside its parameters, and of a network beside its layers.
const LAYER_BYTES: u64 = 640;
const NETWORK_BYTES: u64 = 512;

/// What something costs. Sums saturate at `u64::MAX`, which no limit below that lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Work: see [`OPERATIONS_PER_SECOND`].
    pub operations: u64,
    /// Bytes of memory that are held at once.
    pub memory: u64,
    /// Frames of a video that are rendered.
    pub frames: u64,
    /// Pixels that are rendered, of all frames.
    pub pixels: u64,
    /// Bytes of the samples, or of the mesh, that come out.
    pub output: u64,
}

impl Cost {
    /// Charges for `runs` runs of `points` points, which are evaluated in tiles of their own, at so many operations `each`:
    /// see [`Header::operations_per_point`].
    pub fn evaluate(&mut self, runs: u64, points: u64, each: u64) {
        let points = points.div_ceil(TILE).saturating_mul(TILE);
        self.work(runs.saturating_mul(points).saturating_mul(each));
    }

    /// Charges for `frames` frames of a sound in `segments` segments, which fade into each other over `fade` frames, at so
    /// many operations `each`.
    ///
    /// What is made of the outputs takes as long as their point. A tile has frames of one segment: where it ends another begins, and frames that fade are evaluated in both.
    pub fn play(&mut self, frames: u64, segments: u64, fade: u64, each: u64) {
        let segments = segments.min(frames);
        let faded = if fade > 0 { fade.div_ceil(TILE) + 1 } else { 0 };
        let again = segments.saturating_mul(faded);
        let tiles = frames
            .div_ceil(TILE)
            .saturating_add(segments)
            .saturating_add(again);
        self.evaluate(tiles, TILE, each);
        self.work(frames.saturating_mul(POINT));
    }

    /// Charges for any work.
    pub fn work(&mut self, operations: u64) {
        self.operations = self.operations.saturating_add(operations);
    }

    /// Charges for `bytes` bytes that a range coder reads.
    pub fn read(&mut self, bytes: u64) {
        self.work(bytes.saturating_mul(CODED));
    }

    /// Charges for `bytes` bytes that are held beside all others.
    pub fn hold(&mut self, bytes: u64) {
        self.memory = self.memory.saturating_add(bytes);
    }

    /// Charges for `frames` frames of `pixels` pixels, each of which comes out as `bytes` bytes.
    pub fn show(&mut self, frames: u64, pixels: u64, bytes: u64) {
        let pixels = frames.saturating_mul(pixels);
        self.frames = self.frames.saturating_add(frames);
        self.pixels = self.pixels.saturating_add(pixels);
        self.put(pixels.saturating_mul(bytes));
        self.work(frames.saturating_mul(FRAME));
    }

    /// Charges for `bytes` bytes that come out.
    pub fn put(&mut self, bytes: u64) {
        self.output = self.output.saturating_add(bytes);
    }

    /// About how many milliseconds of a core the work takes.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        self.operations / (OPERATIONS_PER_SECOND / 1000)
    }
}

impl Header {
    /// What it costs to read the weights and the latents and to make networks of them, without what depends on the bytes
    /// that they take in the file: see [`Layout::reading`](crate::Layout::reading).
    #[must_use]
    pub fn reading(&self) -> Cost {
        let mut cost = Cost::default();
        let layers = self.layers().count() as u64;
        let network = NETWORK_BYTES + layers * LAYER_BYTES;
        cost.work(self.parameters().saturating_mul(PARAMETER));
        cost.work(self.networks().saturating_mul(layers * LAYER));
        cost.hold(self.parameters().saturating_mul(PARAMETER_BYTES));
        cost.hold(self.networks().saturating_mul(network));
        let context = self
            .grids()
            .map_or(0, |(grids, _)| grids.context_multiplications());
        cost.work(self.latents().saturating_mul(LATENT + CONTEXT * context));
        cost.hold(self.latents().saturating_mul(LATENT_BYTES));
        cost
    }

    /// What it costs to read the file, as [`Header::reading`] says, and to evaluate the signal as it is stored, without what a
    /// decoder holds in memory for that. A shape is stored at no points.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let mut cost = self.reading();
        let bytes = u64::from(self.outputs()) * u64::from(self.samples.depth / 8);
        let each = self.operations_per_point(1);
        match self.signal {
            Signal::Picture { width, height } => {
                cost.show(1, self.points(), bytes);
                cost.evaluate(1, self.points(), each);
                cost.work(self.operations_of_rows(height.into(), width.into()));
            }
            Signal::Video {
                width,
                height,
                frames,
                ..
            } => {
                let pixels = u64::from(width) * u64::from(height);
                cost.show(frames.into(), pixels, bytes);
                cost.evaluate(frames.into(), pixels, each);
            }
            Signal::Sound {
                frames, overlap, ..
            } => {
                cost.play(frames.into(), self.networks(), overlap.into(), each);
                cost.put(self.points().saturating_mul(bytes));
            }
            Signal::Shape { .. } => {}
        }
        cost
    }

    /// Operations to evaluate a network at one point, for `components` components of its jet: 1 for the values alone.
    #[must_use]
    pub fn operations_per_point(&self, components: u64) -> u64 {
        let layer = |(outputs, inputs): (u32, u32)| {
            let (outputs, inputs) = (u64::from(outputs), u64::from(inputs));
            let sine = if components > 1 && outputs.saturating_mul(components) > NEAR_ROWS {
                DISTANT_SINES
            } else if outputs > NEAR {
                DISTANT_SINE
            } else {
                SINE
            };
            let product = if inputs > NEAR { DISTANT_PRODUCT } else { 1 };
            outputs.saturating_mul(inputs * product + sine)
        };
        let network = self
            .layers()
            .map(layer)
            .fold(self.grid_count() * GRID, u64::saturating_add);
        network.saturating_mul(components).saturating_add(POINT)
    }

    /// Operations that `rows` rows of `columns` points take beside those of the points: grids are interpolated along rows,
    /// and a row ends wherever a tile does.
    #[must_use]
    pub fn operations_of_rows(&self, rows: u64, columns: u64) -> u64 {
        let tiles = rows.saturating_mul(columns).div_ceil(TILE);
        let runs = rows.saturating_add(tiles);
        runs.saturating_mul(self.grid_count() * GRID_RUN)
    }

    fn grid_count(&self) -> u64 {
        self.grids()
            .map_or(0, |(grids, _)| grids.grids.len() as u64)
    }
}
