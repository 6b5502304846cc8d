//! Videos out of files, frame by frame.

use super::super::cost::{self, Rendering, strip_rows};
use super::super::decoder::strips;
use super::super::renderer::Renderer;
use super::super::stored::Stored;
use super::super::{Strip, Threads, View};
use super::FrameTimes;
use crate::engine::net::{Device, Field, Network, Order};
use crate::signal::Grid;
use crate::{Error, Limits};
use siren_format::{Cost, Header, Signal};

/// A parsed `.siren` file of a video, ready to be rendered at any size and at any moments.
#[derive(Clone, Debug)]
pub struct VideoDecoder {
    stored: Stored,
    width: u32,
    height: u32,
    frames: u32,
    rate: [u32; 2],
    threads: Option<usize>,
    device: Device,
}

impl VideoDecoder {
    /// Parses the bytes of a file under the default [`Limits`].
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow; [`Error::Kind`] if what they hold is no video.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        Self::with_limits(bytes, &Limits::default())
    }

    /// Parses the bytes of a file under the given limits.
    ///
    /// # Errors
    /// As [`VideoDecoder::new`].
    pub fn with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::of(Stored::new(bytes, limits)?)
    }

    /// The decoder of a file that has been read, if it holds a video.
    pub(in crate::decode) fn of(stored: Stored) -> Result<Self, Error> {
        let Signal::Video {
            width,
            height,
            frames,
            rate,
        } = stored.header.signal
        else {
            return Err(stored.refuse("video"));
        };
        Ok(Self {
            stored,
            width,
            height,
            frames,
            rate,
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

    /// The device that evaluates the network (default: the CPU), as [`crate::Decoder::with_device`].
    #[must_use]
    pub fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The header of the file.
    pub fn header(&self) -> &Header {
        &self.stored.header
    }

    /// Width in pixels of the stored frames.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels of the stored frames.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Number of stored frames.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Stored frames a second, as a fraction in lowest terms.
    pub fn rate(&self) -> [u32; 2] {
        self.rate
    }

    /// Samples per pixel: 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA.
    pub fn channels(&self) -> u8 {
        self.stored.header.samples.channels
    }

    /// Bits per sample: 8 or 16.
    pub fn depth(&self) -> u8 {
        self.stored.header.samples.depth
    }

    /// The network, which takes x, y and t (SPEC 6.1.4).
    pub fn network(&self) -> &Network {
        self.stored.network()
    }

    /// The video as a function of the plane and of time.
    pub fn field(&self) -> Field {
        Field::new(self.network())
    }

    /// The whole of each frame with both sides multiplied by `scale` and rounded, at least 1 pixel each.
    ///
    /// # Errors
    /// As [`View::scaled`].
    pub fn view(&self, scale: f64) -> Result<View, Error> {
        View::multiplied([self.width, self.height], scale)
    }

    /// What it costs to render `view` at all of `moments`, and to have opened the file.
    pub fn cost(&self, view: &View, moments: &FrameTimes) -> Cost {
        self.stored.rendering(&Rendering {
            grid: self.grid(),
            view: &view.without_shading(),
            order: Order::Value,
            numbers: self.channels().into(),
            bytes: u64::from(self.depth() / 8),
            rows: strip_rows(view),
            threads: cost::threads(self.threads),
            frames: moments.frames(),
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

    fn grid(&self) -> Grid {
        Grid::new(self.width, self.height)
    }

    /// Makes ready to render `view` at `moments`. How the view is shaded makes no difference.
    ///
    /// # Errors
    /// [`Error::Limit`] if all frames [cost](Self::cost) more than the limits allow, [`Error::Threads`] if threads cannot be
    /// started, [`Error::Gpu`] if the device cannot do it.
    pub fn rendering(&self, view: &View, moments: &FrameTimes) -> Result<Frames<'_>, Error> {
        self.admit(&self.cost(view, moments))?;
        let view = view.without_shading();
        Ok(Frames {
            decoder: self,
            renderer: Renderer::new(&self.stored, &self.device, self.grid(), &view, Order::Value)?,
            threads: Threads::new(self.threads)?,
            moments: *moments,
            view,
        })
    }
}

/// The frames of a video, ready to be rendered one after another and in any order.
pub struct Frames<'a> {
    decoder: &'a VideoDecoder,
    renderer: Renderer,
    threads: Threads,
    view: View,
    moments: FrameTimes,
}

impl Frames<'_> {
    /// Renders frame number `frame` from top to bottom, and hands each strip to `sink`, whose error ends it.
    ///
    /// Between stored frames the network is evaluated: nothing is blended. Memory is bounded by a strip.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails, and whatever `sink` returns.
    pub fn frame<E: From<Error>>(
        &mut self,
        frame: u32,
        sink: impl FnMut(Strip) -> Result<(), E>,
    ) -> Result<(), E> {
        let (frames, rate) = (self.decoder.frames, self.decoder.rate);
        self.renderer.turn(self.moments.time(frame, frames, rate));
        let strip = |y, rows| self.renderer.strip(y, rows);
        strips(&self.threads, &self.view, strip, sink)
    }
}
