//! How much a file may ask for, checked before any of it is spent.

use core::fmt;

use crate::{Cost, Error, Header, Layout, OPERATIONS_PER_SECOND, Signal};

/// What a file from an unknown source may cost its reader.
///
/// A file of forty bytes can ask for a terabyte of pixels, so limits are on by default and every one is
/// checked before anything of its size is allocated or computed. The defaults are those of a service that decodes the
/// files of strangers: a picture of 25 megapixels, or some six seconds of a core, and 512 MiB.
/// [`Limits::interactive`] has those of a person who waits for a file of their own choice. Each of them may be raised or
/// lowered:
///
/// ```
/// let thumbnails = siren_format::Limits::default().with_pixels(1 << 20).with_parameters(20_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longer side of a picture or a video, in pixels. Default 2^20: an `f32` coordinate still tells
    /// columns apart.
    pub side: u64,
    /// Pixels that are rendered, of all frames: width times height times frames. Default 2^32.
    pub pixels: u64,
    /// Frames of a video. Default 2^20.
    pub frames: u64,
    /// Networks, of which a sound has one for each segment. Default 2^16.
    pub networks: u64,
    /// Neurons in one hidden layer; a decoder's scratch memory grows with it. Default 4,096.
    pub layer_width: u64,
    /// Weights and biases of all networks. Default 2^24: 32 MiB as half floats, of which this crate needs
    /// about twice that while it decodes them, or 64 MiB as levels.
    pub parameters: u64,
    /// Operations that it takes to evaluate the signal, as [`Cost`] counts them. Default 3.5 x 10^11, which take about six
    /// seconds of a core.
    pub operations: u64,
    /// Bytes of metadata, such as the ICC profile, kept in memory. Default 4 MiB.
    pub metadata: u64,
    /// Bytes of memory that all of it may take at once: parameters, metadata, scratch, and what is rendered
    /// before it is handed on. Default 512 MiB.
    pub memory: u64,
    /// Bytes that come out: samples of all pixels and frames, or vertices and triangles. Default 4 GiB.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            side: 1 << 20,
            pixels: 1 << 32,
            frames: 1 << 20,
            networks: 1 << 16,
            layer_width: 4096,
            parameters: 1 << 24,
            operations: 350_000_000_000,
            metadata: 4 << 20,
            memory: 512 << 20,
            output: 4 << 30,
        }
    }
}

impl Limits {
    /// The limits of a person at a machine of their own, who chose the file and can interrupt its decoding: about three
    /// minutes of a core, 2 GiB of memory, 64 GiB of output, 2^24 frames, 2^36 pixels and 2^20 networks. The command has
    /// these by default, and encoders make no file beyond them.
    #[must_use]
    pub fn interactive() -> Self {
        Self {
            pixels: 1 << 36,
            frames: 1 << 24,
            networks: 1 << 20,
            parameters: 1 << 26,
            operations: 10_000_000_000_000,
            memory: 2 << 30,
            output: 64 << 30,
            ..Self::default()
        }
    }

    /// No limits, for files that one has made oneself.
    #[must_use]
    pub fn none() -> Self {
        Quantity::ALL
            .into_iter()
            .fold(Self::default(), |limits, what| limits.with(what, u64::MAX))
    }

    /// Sets [`side`](Self::side), in pixels.
    #[must_use]
    pub fn with_side(self, side: u64) -> Self {
        Self { side, ..self }
    }

    /// Sets [`pixels`](Self::pixels).
    #[must_use]
    pub fn with_pixels(self, pixels: u64) -> Self {
        Self { pixels, ..self }
    }

    /// Sets [`frames`](Self::frames).
    #[must_use]
    pub fn with_frames(self, frames: u64) -> Self {
        Self { frames, ..self }
    }

    /// Sets [`networks`](Self::networks).
    #[must_use]
    pub fn with_networks(self, networks: u64) -> Self {
        Self { networks, ..self }
    }

    /// Sets [`layer_width`](Self::layer_width), in neurons.
    #[must_use]
    pub fn with_layer_width(self, layer_width: u64) -> Self {
        Self {
            layer_width,
            ..self
        }
    }

    /// Sets [`parameters`](Self::parameters), in numbers.
    #[must_use]
    pub fn with_parameters(self, parameters: u64) -> Self {
        Self { parameters, ..self }
    }

    /// Sets [`operations`](Self::operations).
    #[must_use]
    pub fn with_operations(self, operations: u64) -> Self {
        Self { operations, ..self }
    }

    /// Sets [`metadata`](Self::metadata), in bytes.
    #[must_use]
    pub fn with_metadata(self, metadata: u64) -> Self {
        Self { metadata, ..self }
    }

    /// Sets [`memory`](Self::memory), in bytes.
    #[must_use]
    pub fn with_memory(self, memory: u64) -> Self {
        Self { memory, ..self }
    }

    /// Sets [`output`](Self::output), in bytes.
    #[must_use]
    pub fn with_output(self, output: u64) -> Self {
        Self { output, ..self }
    }

    /// Sets the limit of any quantity.
    #[must_use]
    pub fn with(mut self, what: Quantity, most: u64) -> Self {
        *self.place(what) = most;
        self
    }

    /// The limit of any quantity.
    #[must_use]
    pub fn of(&self, what: Quantity) -> u64 {
        *self.clone().place(what)
    }

    fn place(&mut self, what: Quantity) -> &mut u64 {
        match what {
            Quantity::Side => &mut self.side,
            Quantity::Pixels => &mut self.pixels,
            Quantity::Frames => &mut self.frames,
            Quantity::Networks => &mut self.networks,
            Quantity::LayerWidth => &mut self.layer_width,
            Quantity::Parameters => &mut self.parameters,
            Quantity::Operations => &mut self.operations,
            Quantity::Metadata => &mut self.metadata,
            Quantity::Memory => &mut self.memory,
            Quantity::Output => &mut self.output,
        }
    }

    /// Holds what something is going to cost to the limits, before any of it is spent.
    ///
    /// # Errors
    /// [`Exceeded`] names the first quantity of which it is too much.
    pub fn admit(&self, cost: &Cost) -> Result<(), Exceeded> {
        at_most(Quantity::Frames, cost.frames, self.frames)?;
        at_most(Quantity::Pixels, cost.pixels, self.pixels)?;
        at_most(Quantity::Operations, cost.operations, self.operations)?;
        at_most(Quantity::Memory, cost.memory, self.memory)?;
        at_most(Quantity::Output, cost.output, self.output)
    }

    /// Holds a header to the limits, and what it costs to decode the signal as it is stored, but for what depends on the bytes
    /// of the file's sections.
    ///
    /// # Errors
    /// [`Error::Limit`] names the first quantity that is too large.
    pub fn check(&self, header: &Header) -> Result<(), Error> {
        let side = match header.signal {
            Signal::Picture { width, height } | Signal::Video { width, height, .. } => {
                width.max(height)
            }
            Signal::Shape { .. } | Signal::Sound { .. } => 0,
        };
        let widest = header.network.hidden.iter().copied().max().unwrap_or(0);
        at_most(Quantity::Side, side.into(), self.side)?;
        at_most(Quantity::Networks, header.networks(), self.networks)?;
        at_most(Quantity::LayerWidth, u64::from(widest), self.layer_width)?;
        at_most(Quantity::Parameters, header.parameters(), self.parameters)?;
        Ok(self.admit(&header.cost())?)
    }

    /// Holds a file whose header has been checked to the limits: what it costs to decode it as it is stored, now with the
    /// bytes of its sections, and `metadata` bytes that are kept.
    pub(crate) fn check_sections(&self, layout: &Layout, metadata: usize) -> Result<(), Error> {
        let metadata = metadata as u64;
        at_most(Quantity::Metadata, metadata, self.metadata)?;
        let mut cost = layout.header.cost();
        cost.read(layout.coded());
        cost.hold(metadata);
        Ok(self.admit(&cost)?)
    }
}

fn at_most(what: Quantity, asked: u64, allowed: u64) -> Result<(), Exceeded> {
    if asked > allowed {
        return Err(Exceeded {
            what,
            asked,
            allowed,
        });
    }
    Ok(())
}

/// More was asked for than a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The limited quantity.
    pub what: Quantity,
    /// The amount asked for, in all.
    pub asked: u64,
    /// The limit.
    pub allowed: u64,
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        let Exceeded {
            what,
            asked,
            allowed,
        } = exceeded;
        Self::Limit {
            what,
            asked,
            allowed,
        }
    }
}

/// What a limit counts; each is the field of [`Limits`] of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields of Limits document them")]
pub enum Quantity {
    Side,
    Pixels,
    Frames,
    Networks,
    LayerWidth,
    Parameters,
    Operations,
    Metadata,
    Memory,
    Output,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Side,
        Self::Pixels,
        Self::Frames,
        Self::Networks,
        Self::LayerWidth,
        Self::Parameters,
        Self::Operations,
        Self::Metadata,
        Self::Memory,
        Self::Output,
    ];

    /// The name of the limit, in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Side => "side",
            Self::Pixels => "pixels",
            Self::Frames => "frames",
            Self::Networks => "networks",
            Self::LayerWidth => "layer-width",
            Self::Parameters => "parameters",
            Self::Operations => "operations",
            Self::Metadata => "metadata",
            Self::Memory => "memory",
            Self::Output => "output",
        }
    }

    /// What is counted, in the plural.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Side => "pixels along its longer side",
            Self::Pixels => "pixels",
            Self::Frames => "frames",
            Self::Networks => "networks",
            Self::LayerWidth => "neurons in a layer",
            Self::Parameters => "parameters",
            Self::Operations => "operations",
            Self::Metadata => "bytes of metadata",
            Self::Memory => "bytes of memory",
            Self::Output => "bytes of output",
        }
    }
}

impl Quantity {
    /// So much of it, in words.
    #[must_use]
    pub fn amount(self, number: u64) -> String {
        match self {
            Self::Operations => {
                let seconds = number / OPERATIONS_PER_SECOND;
                format!("{number} {self} (some {} s of a core)", seconds.max(1))
            }
            _ => format!("{number} {self}"),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.unit())
    }
}
