//! Pictures out of files: whole, in strips, and as floats.

use super::cost::{self, Rendering, strip_rows};
use super::renderer::Renderer;
use super::stored::Stored;
use super::{Derivative, Threads, View};
use crate::engine::net::{Device, Field, Network, Order};
use crate::signal::{Grid, Picture, Samples};
use crate::{Error, Limits};
use siren_format::{Cost, Header, Signal};

/// A parsed `.siren` file of a picture, ready to be rendered at any size.
#[derive(Clone, Debug)]
pub struct Decoder {
    stored: Stored,
    width: u32,
    height: u32,
    threads: Option<usize>,
    device: Device,
}

/// Consecutive rows of a rendering.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Strip {
    /// Rows of the region above this strip.
    pub y: u32,
    /// Number of rows.
    pub rows: u32,
    /// Their samples, row by row, channels interleaved.
    pub samples: Samples,
}

/// Consecutive rows of a rendering in floats.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FloatStrip {
    /// Rows of the region above this strip.
    pub y: u32,
    /// Number of rows.
    pub rows: u32,
    /// rows x columns x channels x parts of the derivative, the last index varying fastest.
    pub values: Vec<f32>,
}

impl Decoder {
    /// Parses the bytes of a file under the default [`Limits`].
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow; [`Error::Kind`] if what they hold is no picture.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        Self::with_limits(bytes, &Limits::default())
    }

    /// Parses the bytes of a file under the given limits.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::of(Stored::new(bytes, limits)?)
    }

    /// The decoder of a file that has been read, if it holds a picture.
    pub(in crate::decode) fn of(stored: Stored) -> Result<Self, Error> {
        let Signal::Picture { width, height } = stored.header.signal else {
            return Err(stored.refuse("picture"));
        };
        Ok(Self {
            stored,
            width,
            height,
            threads: None,
            device: Device::cpu(),
        })
    }

    /// Renders on `threads` threads; 0 means one per core. The samples do not depend on it.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The device that evaluates the network (default: the CPU). Samples from another device may differ by as much as
    /// the format allows. Derivatives are always computed by the CPU.
    #[must_use]
    pub fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The header of the file.
    pub fn header(&self) -> &Header {
        &self.stored.header
    }

    /// Width in pixels of the stored picture.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels of the stored picture.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Samples per pixel: 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA.
    pub fn channels(&self) -> u8 {
        self.stored.header.samples.channels
    }

    /// Bits per sample: 8 or 16.
    pub fn depth(&self) -> u8 {
        self.stored.header.samples.depth
    }

    /// The ICC profile, if the picture came with one.
    pub fn icc(&self) -> Option<&[u8]> {
        self.stored.icc.as_deref()
    }

    /// The network.
    pub fn network(&self) -> &Network {
        self.stored.network()
    }

    /// The picture as a function of the plane.
    pub fn field(&self) -> Field {
        Field::new(self.network())
    }

    /// The plane of the picture, sampled at its own resolution.
    pub fn grid(&self) -> Grid {
        Grid::new(self.width(), self.height())
    }

    /// What it costs to render `view` strip by strip, the picture or the derivative that its shading shows, and to have
    /// opened the file.
    pub fn cost(&self, view: &View) -> Cost {
        self.cost_of(view, derivative(view), strip_rows(view), self.sample())
    }

    /// Bytes of a sample.
    fn sample(&self) -> u64 {
        u64::from(self.depth() / 8)
    }

    /// What it costs to render the floats of `view`, as [`Decoder::render_floats`] does.
    pub fn cost_of_floats(&self, view: &View, derivative: Option<Derivative>) -> Cost {
        self.cost_of(view, derivative, strip_rows(view), size_of::<f32>() as u64)
    }

    fn cost_of(&self, view: &View, derivative: Option<Derivative>, rows: u32, bytes: u64) -> Cost {
        let parts = derivative.map_or(1, Derivative::parts);
        self.stored.rendering(&Rendering {
            grid: self.grid(),
            view,
            order: self.order(view, derivative),
            numbers: u64::from(view.channels(self)) * parts as u64,
            bytes,
            rows,
            threads: cost::threads(self.threads),
            frames: 1,
        })
    }

    /// Refuses what would cost more than the limits allow: for whoever does more with what is rendered, and has added that
    /// to its [cost](Self::cost).
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn admit(&self, cost: &Cost) -> Result<(), Error> {
        self.stored.admit(cost)
    }

    /// Renders `view` from top to bottom, the picture or the derivative that its shading shows, and hands
    /// each strip to `sink`, whose error ends it.
    ///
    /// Memory is bounded by a strip, whatever the size of the view. A pixel's samples do not depend on
    /// the region it is rendered in.
    ///
    /// # Errors
    /// [`Error::Limit`] if the view [costs](Self::cost) more than the limits allow, [`Error::Threads`] if threads cannot be
    /// started, [`Error::Gpu`] if the device fails, and whatever `sink` returns.
    pub fn render<E: From<Error>>(
        &self,
        view: &View,
        sink: impl FnMut(Strip) -> Result<(), E>,
    ) -> Result<(), E> {
        self.admit(&self.cost(view))?;
        let renderer = self.renderer(view, derivative(view))?;
        let threads = Threads::new(self.threads)?;
        strips(&threads, view, |y, rows| renderer.strip(y, rows), sink)
    }

    /// Renders `view` from top to bottom in floats: the picture itself, its samples as 0 to 1 but neither
    /// rounded nor cut off, or a `derivative` of it, in the units that [`Derivative`] has. How the view is
    /// shaded makes no difference.
    ///
    /// # Errors
    /// As [`Decoder::render`].
    pub fn render_floats<E: From<Error>>(
        &self,
        view: &View,
        derivative: Option<Derivative>,
        sink: impl FnMut(FloatStrip) -> Result<(), E>,
    ) -> Result<(), E> {
        self.admit(&self.cost_of_floats(view, derivative))?;
        let renderer = self.renderer(view, derivative)?;
        let strip = |y, rows| {
            let values = renderer.floats(y, rows, derivative)?;
            Ok(FloatStrip { y, rows, values })
        };
        strips(&Threads::new(self.threads)?, view, strip, sink)
    }

    /// The whole of `view` as one picture in memory.
    ///
    /// # Errors
    /// As [`Decoder::render`].
    pub fn picture(&self, view: &View) -> Result<Picture, Error> {
        let region = view.region();
        let derivative = derivative(view);
        self.admit(&self.cost_of(view, derivative, region.height, self.sample()))?;
        let renderer = self.renderer(view, derivative)?;
        let threads = Threads::new(self.threads)?;
        let samples = threads.run(|| renderer.samples(0, region.height))?;
        let picture = Picture::new(region.width, region.height, view.channels(self), samples)?;
        // A profile says what colours samples stand for; those of a derivative stand for none.
        let icc = self.stored.icc.clone().filter(|_| view.shading().is_none());
        Ok(picture.with_icc(icc))
    }

    /// For `view`, with the jets that `derivative` takes.
    fn renderer(&self, view: &View, derivative: Option<Derivative>) -> Result<Renderer, Error> {
        let order = self.order(view, derivative);
        let renderer = Renderer::new(&self.stored, &self.device, self.grid(), view, order)?;
        let sharpening = derivative.map_or_else(|| self.sharpening(view), |_| 0.0);
        Ok(renderer.with_sharpening(sharpening))
    }

    /// The jets that `view` takes, of the picture itself or of a `derivative`.
    fn order(&self, view: &View, derivative: Option<Derivative>) -> Order {
        match derivative {
            Some(derivative) => derivative.order(),
            None if self.sharpening(view) > 0.0 => Order::Laplacian,
            None => Order::Value,
        }
    }

    /// How much of the Laplacian is taken from the values of `view`.
    fn sharpening(&self, view: &View) -> f32 {
        match self.stored.header.grids() {
            Some((_, size)) => view.sharpening(size),
            None => 0.0,
        }
    }
}

/// Hands each strip that `draw` makes on `threads`, of the row it begins at and the number of rows, to `sink`, on
/// the caller's thread.
pub(super) fn strips<T: Send, E: From<Error>>(
    threads: &Threads,
    view: &View,
    draw: impl Fn(u32, u32) -> Result<T, Error> + Sync,
    mut sink: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let region = view.region();
    let rows = strip_rows(view);
    for y in (0..region.height).step_by(rows as usize) {
        let strip = || draw(y, rows.min(region.height - y));
        sink(threads.run(strip)?)?;
    }
    Ok(())
}

/// The derivative that the view shows, if it shows one.
fn derivative(view: &View) -> Option<Derivative> {
    view.shading().map(|shading| shading.derivative())
}
