use super::{View, on_threads, weights};
use crate::kernel::TILE;
use crate::net::{Evaluator, Field, Network, Order};
use crate::signal::{Grid, Picture, Samples};
use crate::{Error, Limits};
use rayon::prelude::*;
use siren_format::{File, Header, Signal};

/// Pixels per strip, about: enough to keep many threads busy, little enough to cost a few megabytes.
const STRIP_PIXELS: u32 = 1 << 18;

/// A parsed `.siren` file, ready to be rendered at any size.
#[derive(Clone, Debug)]
pub struct Decoder {
    header: Header,
    network: Network,
    icc: Option<Vec<u8>>,
    limits: Limits,
    threads: Option<usize>,
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

impl Decoder {
    /// Parses the bytes of a file under the default [`Limits`].
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        Self::with_limits(bytes, &Limits::default())
    }

    /// Parses the bytes of a file under the given limits.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let file = File::from_bytes(bytes, limits)?;
        let network = weights::to_network(&file.header, &file.weights)?;
        let limits = limits.clone();
        Ok(Self {
            header: file.header,
            network,
            icc: file.icc,
            limits,
            threads: None,
        })
    }

    /// Renders on `threads` threads; 0 means one per core. The samples do not depend on it.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Everything the file's header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Width in pixels of the stored picture.
    pub fn width(&self) -> u32 {
        let Signal::Picture { width, .. } = self.header.signal;
        width
    }

    /// Height in pixels of the stored picture.
    pub fn height(&self) -> u32 {
        let Signal::Picture { height, .. } = self.header.signal;
        height
    }

    /// Samples per pixel: 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA.
    pub fn channels(&self) -> u8 {
        self.header.samples.channels
    }

    /// Bits per sample: 8 or 16.
    pub fn depth(&self) -> u8 {
        self.header.samples.depth
    }

    /// The ICC profile, if the picture came with one.
    pub fn icc(&self) -> Option<&[u8]> {
        self.icc.as_deref()
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The picture as a function of the plane.
    pub fn field(&self) -> Field {
        Field::new(&self.network)
    }

    /// The plane of the picture, sampled at its own resolution.
    pub fn grid(&self) -> Grid {
        Grid::new(self.width(), self.height())
    }

    /// Renders `view` from top to bottom and hands each strip to `sink`, whose error ends it.
    ///
    /// Memory is bounded by a strip, whatever the size of the view. A pixel's samples do not depend on
    /// the region it is rendered in.
    ///
    /// # Errors
    /// [`Error::Limit`] if the view has more pixels or costs more multiplications than the limits allow,
    /// [`Error::Threads`] if threads cannot be started, and whatever `sink` returns.
    pub fn render<E: From<Error>>(
        &self,
        view: &View,
        mut sink: impl FnMut(Strip) -> Result<(), E>,
    ) -> Result<(), E> {
        self.check(view)?;
        let region = view.region();
        let rows = (STRIP_PIXELS / region.width).clamp(1, region.height);
        let renderer = Renderer::new(self, view);
        // A pool of one's own serves all strips; the sink stays on the caller's thread.
        let pool = self
            .threads
            .map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build());
        let pool = pool.transpose().map_err(Error::from)?;
        for y in (0..region.height).step_by(rows as usize) {
            let rows = rows.min(region.height - y);
            let strip = || renderer.strip(y, rows);
            let samples = pool.as_ref().map_or_else(strip, |pool| pool.install(strip));
            sink(Strip { y, rows, samples })?;
        }
        Ok(())
    }

    /// The whole of `view` as one picture in memory.
    ///
    /// # Errors
    /// As [`Decoder::render`].
    pub fn picture(&self, view: &View) -> Result<Picture, Error> {
        self.check(view)?;
        let region = view.region();
        let renderer = Renderer::new(self, view);
        let samples = on_threads(self.threads, || renderer.strip(0, region.height))?;
        let picture = Picture::new(region.width, region.height, self.channels(), samples)?;
        Ok(picture.with_icc(self.icc.clone()))
    }

    fn check(&self, view: &View) -> Result<(), Error> {
        let limit = |what, asked, allowed| {
            if asked > allowed {
                Err(Error::Limit {
                    what,
                    asked,
                    allowed,
                })
            } else {
                Ok(())
            }
        };
        let pixels = view.pixels();
        let cost = pixels.saturating_mul(self.header.multiplications_per_point());
        limit("pixels to render", pixels, self.limits.pixels)?;
        limit(
            "multiplications to render",
            cost,
            self.limits.multiplications,
        )
    }
}

/// A view of a network, ready to be evaluated row by row.
struct Renderer {
    evaluator: Evaluator,
    depth: u8,
    /// Coordinates of the columns and rows of the region.
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Renderer {
    fn new(decoder: &Decoder, view: &View) -> Self {
        let grid = decoder.grid().resampled(view.width(), view.height());
        let region = view.region();
        Self {
            evaluator: Evaluator::new(decoder.network(), Order::Value),
            depth: decoder.depth(),
            x: (region.x..region.x + region.width)
                .map(|column| grid.x(column))
                .collect(),
            y: (region.y..region.y + region.height)
                .map(|row| grid.y(row))
                .collect(),
        }
    }

    fn strip(&self, y: u32, rows: u32) -> Samples {
        let count = self.x.len() * rows as usize * self.evaluator.outputs();
        let y = &self.y[y as usize..][..rows as usize];
        match self.depth {
            8 => {
                let mut samples = vec![0; count];
                self.fill(y, &mut samples, |value| (value * 255.0 + 0.5) as u8);
                Samples::U8(samples)
            }
            _ => {
                let mut samples = vec![0; count];
                self.fill(y, &mut samples, |value| (value * 65_535.0 + 0.5) as u16);
                Samples::U16(samples)
            }
        }
    }

    /// Evaluates all pixels of the rows at `y` and stores them through `quantise`, which is given
    /// 0 to 1 and relies on casts that saturate.
    fn fill<T: Send>(&self, y: &[f32], samples: &mut [T], quantise: impl Fn(f32) -> T + Sync) {
        let (width, channels) = (self.x.len(), self.evaluator.outputs());
        samples
            .par_chunks_mut(TILE * channels)
            .enumerate()
            .for_each_init(
                || self.evaluator.scratch(),
                |scratch, (tile, samples)| {
                    let count = samples.len() / channels;
                    let outputs = self.evaluator.tile(scratch, |coordinates| {
                        let (mut row, mut column) = (tile * TILE / width, tile * TILE % width);
                        for slot in 0..count {
                            coordinates[slot] = self.x[column];
                            coordinates[TILE + slot] = y[row];
                            column += 1;
                            if column == width {
                                (row, column) = (row + 1, 0);
                            }
                        }
                    });
                    for (slot, pixel) in samples.chunks_exact_mut(channels).enumerate() {
                        for (channel, sample) in pixel.iter_mut().enumerate() {
                            *sample = quantise(0.5 * outputs[channel * TILE + slot] + 0.5);
                        }
                    }
                },
            );
    }
}
