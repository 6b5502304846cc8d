//! How much a file may ask for, checked before any of it is spent.

use core::fmt;

use crate::{Error, Header, Signal};

/// What a file from an unknown source may cost its reader.
///
/// A file of forty bytes can ask for a terabyte of pixels, so limits are on by default and every one is
/// checked before anything of its size is allocated. The defaults let through a 268-megapixel picture and
/// about two minutes of evaluation on two cores; each of them may be raised or lowered:
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
    /// Pixels of a picture, or of one frame of a video: width times height. Default 2^28.
    pub pixels: u64,
    /// Frames of a sound or a video. Default 2^28.
    pub frames: u64,
    /// Neurons in one hidden layer; a decoder's scratch memory grows with it. Default 4,096.
    pub layer_width: u64,
    /// Weights and biases of all networks. Default 2^24: 32 MiB as half floats, of which this crate needs
    /// about twice that while it decodes them, or 64 MiB as levels.
    pub parameters: u64,
    /// Multiplications to evaluate the signal once at each stored point. Default 2^43.
    pub multiplications: u64,
    /// Bytes of metadata, such as the ICC profile, kept in memory. Default 4 MiB.
    pub metadata: u64,
    /// Bytes of memory that all of it may take at once: parameters, metadata, scratch, and what is rendered
    /// before it is handed on. Default 2 GiB.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            side: 1 << 20,
            pixels: 1 << 28,
            frames: 1 << 28,
            layer_width: 4096,
            parameters: 1 << 24,
            multiplications: 1 << 43,
            metadata: 4 << 20,
            memory: 2 << 30,
        }
    }
}

impl Limits {
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

    /// Sets [`multiplications`](Self::multiplications).
    #[must_use]
    pub fn with_multiplications(self, multiplications: u64) -> Self {
        Self {
            multiplications,
            ..self
        }
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

    /// Sets the limit of any quantity.
    #[must_use]
    pub fn with(mut self, what: Quantity, most: u64) -> Self {
        *match what {
            Quantity::Side => &mut self.side,
            Quantity::Pixels => &mut self.pixels,
            Quantity::Frames => &mut self.frames,
            Quantity::LayerWidth => &mut self.layer_width,
            Quantity::Parameters => &mut self.parameters,
            Quantity::Multiplications => &mut self.multiplications,
            Quantity::Metadata => &mut self.metadata,
            Quantity::Memory => &mut self.memory,
        } = most;
        self
    }

    /// What may be spent of memory and of multiplications, before any of it is.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget {
            memory: Account::new(Quantity::Memory, self.memory),
            multiplications: Account::new(Quantity::Multiplications, self.multiplications),
        }
    }

    /// Holds a header to the limits.
    ///
    /// # Errors
    /// [`Error::Limit`] names the first quantity that is too large.
    pub fn check(&self, header: &Header) -> Result<(), Error> {
        let (width, height, frames) = match header.signal {
            Signal::Picture { width, height } => (width, height, 0),
            Signal::Shape { .. } => (0, 0, 0),
            Signal::Sound { frames, .. } => (0, 0, frames),
            Signal::Video {
                width,
                height,
                frames,
                ..
            } => (width, height, frames),
        };
        let (side, pixels) = (width.max(height), u64::from(width) * u64::from(height));
        let widest = header.network.hidden.iter().copied().max().unwrap_or(0);
        let evaluations = header.signal.evaluations();
        let total = evaluations.saturating_mul(header.multiplications_per_point());
        at_most(Quantity::Side, side.into(), self.side)?;
        at_most(Quantity::Pixels, pixels, self.pixels)?;
        at_most(Quantity::Frames, frames.into(), self.frames)?;
        at_most(Quantity::LayerWidth, u64::from(widest), self.layer_width)?;
        at_most(Quantity::Parameters, header.parameters(), self.parameters)?;
        at_most(Quantity::Multiplications, total, self.multiplications)?;
        let mut budget = self.budget();
        Ok(budget.memory.spend(header.memory())?)
    }

    /// Holds metadata to the limits, beside the parameters of `header`.
    pub(crate) fn check_metadata(&self, header: &Header, bytes: usize) -> Result<(), Error> {
        let bytes = bytes as u64;
        at_most(Quantity::Metadata, bytes, self.metadata)?;
        Ok(self
            .budget()
            .memory
            .spend(header.memory().saturating_add(bytes))?)
    }
}

fn at_most(what: Quantity, asked: u64, allowed: u64) -> Result<(), Error> {
    Ok(Account::new(what, allowed).spend(asked)?)
}

/// What is left of [`Limits`] to whoever reads a file and goes on to render it. Both accounts are drawn on before
/// anything is allocated or computed, so that parts which each keep within a limit cannot exceed it together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes.
    pub memory: Account,
    /// Multiplications.
    pub multiplications: Account,
}

/// An amount of which parts are spent, and never more than all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    what: Quantity,
    allowed: u64,
    spent: u64,
}

impl Account {
    fn new(what: Quantity, allowed: u64) -> Self {
        Self {
            what,
            allowed,
            spent: 0,
        }
    }

    /// Spends `amount`.
    ///
    /// # Errors
    /// [`Exceeded`] if that is more than is left; then nothing is spent.
    pub fn spend(&mut self, amount: u64) -> Result<(), Exceeded> {
        let asked = self.spent.saturating_add(amount);
        if asked > self.allowed {
            return Err(Exceeded {
                what: self.what,
                asked,
                allowed: self.allowed,
            });
        }
        self.spent = asked;
        Ok(())
    }
}

/// More was asked for than a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The limited quantity.
    pub what: Quantity,
    /// The amount asked for, with all that was spent before.
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
    LayerWidth,
    Parameters,
    Multiplications,
    Metadata,
    Memory,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Side,
        Self::Pixels,
        Self::Frames,
        Self::LayerWidth,
        Self::Parameters,
        Self::Multiplications,
        Self::Metadata,
        Self::Memory,
    ];

    /// The name of the limit, in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Side => "side",
            Self::Pixels => "pixels",
            Self::Frames => "frames",
            Self::LayerWidth => "layer-width",
            Self::Parameters => "parameters",
            Self::Multiplications => "multiplications",
            Self::Metadata => "metadata",
            Self::Memory => "memory",
        }
    }

    /// What is counted, in the plural.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Side => "pixels along its longer side",
            Self::Pixels => "pixels",
            Self::Frames => "frames",
            Self::LayerWidth => "neurons in a layer",
            Self::Parameters => "parameters",
            Self::Multiplications => "multiplications",
            Self::Metadata => "bytes of metadata",
            Self::Memory => "bytes of memory",
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.unit())
    }
}
