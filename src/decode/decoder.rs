//! Pictures out of files: whole, in strips, and as floats.

use super::derivative::Pixel;
use super::stored::Stored;
use super::{Derivative, Shading, View, on_threads};
use crate::engine::kernel::TILE;
use crate::engine::net::{Device, Field, Network, Order, Sweep};
use crate::signal::{Grid, Picture, Samples};
use crate::{Error, Limits};
use rayon::ThreadPool;
use siren_format::{Header, Signal};

/// Pixels per strip, about: enough to keep many threads busy, little enough to cost a few megabytes.
const STRIP_PIXELS: u32 = 1 << 18;
/// Most samples a pixel has.
const MOST_CHANNELS: usize = 4;

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

    /// What evaluates the network (default: the CPU). Samples of another device may differ by as much as the
    /// format allows. Derivatives are the CPU's.
    #[must_use]
    pub fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Everything the file's header says.
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

    /// Renders `view` from top to bottom, the picture or the derivative that its shading shows, and hands
    /// each strip to `sink`, whose error ends it.
    ///
    /// Memory is bounded by a strip, whatever the size of the view. A pixel's samples do not depend on
    /// the region it is rendered in.
    ///
    /// # Errors
    /// [`Error::Limit`] if the view has more pixels, costs more multiplications or takes more memory than the
    /// limits allow, [`Error::Threads`] if threads cannot be started, [`Error::Gpu`] if the device fails, and
    /// whatever `sink` returns.
    pub fn render<E: From<Error>>(
        &self,
        view: &View,
        sink: impl FnMut(Strip) -> Result<(), E>,
    ) -> Result<(), E> {
        let renderer = self.renderer(view, derivative(view), strip_rows(view))?;
        let pool = pool(self.threads)?;
        strips(pool.as_ref(), view, |y, rows| renderer.strip(y, rows), sink)
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
        let renderer = self.renderer(view, derivative, strip_rows(view))?;
        let strip = |y, rows| {
            let values = renderer.floats(y, rows, derivative)?;
            Ok(FloatStrip { y, rows, values })
        };
        strips(pool(self.threads)?.as_ref(), view, strip, sink)
    }

    /// The whole of `view` as one picture in memory.
    ///
    /// # Errors
    /// As [`Decoder::render`].
    pub fn picture(&self, view: &View) -> Result<Picture, Error> {
        let region = view.region();
        let renderer = self.renderer(view, derivative(view), region.height)?;
        let samples = on_threads(self.threads, || renderer.samples(0, region.height))??;
        let picture = Picture::new(region.width, region.height, view.channels(self), samples)?;
        // A profile says what colours samples stand for; those of a derivative stand for none.
        let icc = self.stored.icc.clone().filter(|_| view.shading().is_none());
        Ok(picture.with_icc(icc))
    }

    /// Refuses to hold `bytes` bytes in memory beside what this decoder holds, where the limits do not allow
    /// it: for whoever collects what is rendered.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn check_memory(&self, bytes: u64) -> Result<(), Error> {
        Ok(self.stored.budget()?.memory.spend(bytes)?)
    }

    /// For `view`, with the jets that `derivative` takes, `rows` rows at a time.
    fn renderer(
        &self,
        view: &View,
        derivative: Option<Derivative>,
        rows: u32,
    ) -> Result<Renderer, Error> {
        let order = derivative.map_or(Order::Value, Derivative::order);
        let parts = derivative.map_or(1, Derivative::parts);
        let samples = usize::from(view.channels(self)) * parts;
        let held = held(view, samples, rows);
        admit(&self.stored, view, order, 1, held, self.threads)?;
        Renderer::new(&self.stored, &self.device, self.grid(), view, order)
    }
}

/// Refuses to render `view` for `frames` moments in jets of `order`, on `threads` threads and holding `held` bytes
/// of it, where the limits do not allow it.
///
/// # Errors
/// [`Error::Limit`].
pub(super) fn admit(
    stored: &Stored,
    view: &View,
    order: Order,
    frames: u32,
    held: u64,
    threads: Option<usize>,
) -> Result<(), Error> {
    stored.check_pixels(view)?;
    let points = view.pixels().saturating_mul(frames.into());
    stored.admit(points, order, held, threads)
}

/// Bytes of `rows` rows of `view` with so many `samples` a pixel, none of which takes more than as a float.
pub(super) fn held(view: &View, samples: usize, rows: u32) -> u64 {
    let row = u64::from(view.region().width) * (samples * size_of::<f32>()) as u64;
    row.saturating_mul(rows.into())
}

/// Rows of a strip.
pub(super) fn strip_rows(view: &View) -> u32 {
    let region = view.region();
    (STRIP_PIXELS / region.width).clamp(1, region.height)
}

/// A pool of one's own, if `threads` asks for one.
pub(super) fn pool(threads: Option<usize>) -> Result<Option<ThreadPool>, Error> {
    let pool = threads.map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build());
    Ok(pool.transpose()?)
}

/// Hands each strip that `draw` makes in `pool`, of the row it begins at and the number of rows, to `sink`, on
/// the caller's thread.
pub(super) fn strips<T: Send, E: From<Error>>(
    pool: Option<&ThreadPool>,
    view: &View,
    draw: impl Fn(u32, u32) -> Result<T, Error> + Sync,
    mut sink: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let region = view.region();
    let rows = strip_rows(view);
    for y in (0..region.height).step_by(rows as usize) {
        let strip = || draw(y, rows.min(region.height - y));
        sink(pool.map_or_else(strip, |pool| pool.install(strip))?)?;
    }
    Ok(())
}

/// What the view is a derivative of the picture by, if by anything.
fn derivative(view: &View) -> Option<Derivative> {
    view.shading().map(|shading| shading.derivative())
}

/// A view of a network, ready to be evaluated row by row.
pub(super) struct Renderer {
    sweep: Sweep,
    depth: u8,
    shading: Option<Shading>,
    /// Samples per pixel.
    channels: usize,
    /// The longer side of the stored picture in pixels.
    longer: f32,
    /// Coordinates of the columns and rows of the region.
    x: Vec<f32>,
    y: Vec<f32>,
    /// That of its moment, if the network has a third.
    t: f32,
}

impl Renderer {
    /// For `view` of what is stored on `grid`, with jets of `order`.
    pub(super) fn new(
        stored: &Stored,
        device: &Device,
        grid: Grid,
        view: &View,
        order: Order,
    ) -> Result<Self, Error> {
        let [width, height] = grid.size();
        let grid = grid.resampled(view.width(), view.height());
        let region = view.region();
        let samples = stored.header.samples;
        Ok(Self {
            sweep: Sweep::new(device, stored.network(), order)?,
            depth: samples.depth,
            shading: view.shading(),
            channels: view.channels_of(samples.channels).into(),
            longer: width.max(height) as f32,
            x: (region.x..region.x + region.width)
                .map(|column| grid.x(column))
                .collect(),
            y: (region.y..region.y + region.height)
                .map(|row| grid.y(row))
                .collect(),
            t: 0.0,
        })
    }

    /// Turns to the moment `t`.
    pub(super) fn turn(&mut self, t: f32) {
        self.t = t;
    }

    /// `rows` rows from `y` on.
    pub(super) fn strip(&self, y: u32, rows: u32) -> Result<Strip, Error> {
        let samples = self.samples(y, rows)?;
        Ok(Strip { y, rows, samples })
    }

    /// The samples of `rows` rows from `y` on. Casts to them saturate.
    fn samples(&self, y: u32, rows: u32) -> Result<Samples, Error> {
        let byte = |value| (value * 255.0 + 0.5) as u8;
        let word = |value| (value * 65_535.0 + 0.5) as u16;
        match self.depth {
            8 => self.quantised(y, rows, byte).map(Samples::U8),
            _ => self.quantised(y, rows, word).map(Samples::U16),
        }
    }

    fn quantised<T: Clone + Default + Send>(
        &self,
        y: u32,
        rows: u32,
        quantise: impl Fn(f32) -> T + Sync,
    ) -> Result<Vec<T>, Error> {
        self.fill(y, rows, self.channels, |pixel, samples| {
            let mut values = [0.0; MOST_CHANNELS];
            let values = &mut values[..samples.len()];
            match &self.shading {
                Some(shading) => shading.shade(pixel, values),
                None => pixel.values(values),
            }
            for (sample, &value) in samples.iter_mut().zip(&*values) {
                *sample = quantise(value);
            }
        })
    }

    fn floats(&self, y: u32, rows: u32, derivative: Option<Derivative>) -> Result<Vec<f32>, Error> {
        let parts = derivative.map_or(1, Derivative::parts);
        let channels = self.sweep.outputs();
        self.fill(
            y,
            rows,
            channels * parts,
            |pixel, values| match derivative {
                Some(derivative) => {
                    for (channel, parts) in values.chunks_exact_mut(parts).enumerate() {
                        pixel.write(derivative, channel, parts);
                    }
                }
                None => pixel.values(values),
            },
        )
    }

    /// Evaluates all pixels of `rows` rows from `y` on, of which `paint` writes `each` numbers.
    fn fill<T: Clone + Default + Send>(
        &self,
        y: u32,
        rows: u32,
        each: usize,
        paint: impl Fn(Pixel<'_>, &mut [T]) + Sync,
    ) -> Result<Vec<T>, Error> {
        let (width, y) = (self.x.len(), &self.y[y as usize..][..rows as usize]);
        let mut all = vec![T::default(); width * y.len() * each];
        let draw = |first: usize, count: usize, coordinates: &mut [f32]| {
            let (mut row, mut column) = (first / width, first % width);
            if let Some(t) = coordinates.get_mut(2 * TILE..) {
                t.fill(self.t);
            }
            for slot in 0..count {
                coordinates[slot] = self.x[column];
                coordinates[TILE + slot] = y[row];
                column += 1;
                if column == width {
                    (row, column) = (row + 1, 0);
                }
            }
        };
        let paint = |jets: &[f32], slot: usize, numbers: &mut [T]| {
            let pixel = Pixel {
                jets,
                outputs: self.sweep.outputs(),
                slot,
                longer: self.longer,
            };
            paint(pixel, numbers);
        };
        self.sweep.fill(&mut all, each, draw, paint)?;
        Ok(all)
    }
}
