//! The settings of an encode.

use super::checkpoint::{self, Key};
use super::plan::{self, OVERHEAD, Plan, Size, Target};
use super::source::{Source, ends};
use crate::engine::net::Device;
use crate::model::weights;
use crate::objective::Derivatives;
use crate::{Error, Limits};
use siren_format as format;
use std::hash::Hash;

/// Optimiser steps of effort 1 to 9, for networks of up to 20,000 parameters: each about twice as long as
/// the one before. Larger networks get fewer, so that they take no longer.
pub const EFFORT_STEPS: [u32; 9] = [150, 350, 800, 1800, 4200, 8500, 16_000, 28_000, 45_000];
/// The effort that [`Encoder::new`] makes.
pub const DEFAULT_EFFORT: u8 = 5;

/// Fits networks to pictures and writes them as `.siren` files; reusable.
///
/// ```
/// use sirenc::{Decoder, Encoder, Picture, Samples, View};
/// # fn main() -> Result<(), sirenc::Error> {
/// let samples = (0..32 * 24).map(|i| (i % 32 * 4 + i / 32 * 5) as u8).collect();
/// let picture = Picture::new(32, 24, 1, Samples::U8(samples))?;
///
/// let encoded = Encoder::new().with_bytes(150).with_steps(500).encode(&picture)?;
/// assert!(encoded.psnr > 30.0 && encoded.bytes.len() <= 150);
///
/// let decoder = Decoder::new(&encoded.bytes)?;
/// let larger = decoder.picture(&View::scaled(&decoder, 4.0)?)?;
/// assert_eq!((larger.width(), larger.height()), (128, 96));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    pub(super) size: Size,
    pub(super) layers: Option<u32>,
    pub(super) width: Option<u32>,
    pub(super) half_floats: bool,
    pub(super) omega_first: Option<f64>,
    omega_hidden: Option<f64>,
    pub(super) steps: Steps,
    pub(super) seed: u64,
    pub(super) threads: Option<usize>,
    pub(super) supervision: Option<Derivatives>,
    pub(super) device: Device,
    pub(super) segment: Option<f64>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            size: Size::Default,
            layers: None,
            width: None,
            half_floats: false,
            omega_first: None,
            omega_hidden: None,
            steps: Steps::Effort(EFFORT_STEPS[usize::from(DEFAULT_EFFORT) - 1]),
            seed: 0,
            threads: None,
            supervision: None,
            device: Device::cpu(),
            segment: None,
        }
    }
}

impl Encoder {
    /// The defaults: a quarter of a bit per pixel (less for large pictures, see [`Encoder::with_bpp`]), a
    /// network to match, omega 20 in the first and 30 in the others, effort 5, seed 0, all cores.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of at most `bytes` bytes, and nearly that.
    #[must_use]
    pub fn with_bytes(self, bytes: u64) -> Self {
        Self {
            size: Size::Bytes(bytes),
            ..self
        }
    }

    /// A file of at most `bpp` bits per pixel, and nearly that. The default is 0.25, but beyond 12 kB only
    /// as fast as the picture's side, and at most 20 kB: what a minute's fit can make use of.
    #[must_use]
    pub fn with_bpp(self, bpp: f64) -> Self {
        Self {
            size: Size::Bpp(bpp),
            ..self
        }
    }

    /// A file of at most `kbps` thousand bits for each second of a sound, and nearly that.
    #[must_use]
    pub fn with_kbps(self, kbps: f64) -> Self {
        Self {
            size: Size::Kbps(kbps),
            ..self
        }
    }

    /// Segments of about `seconds` seconds of a sound, each with a network of its own. By default they are as
    /// long as a network of 3,000 parameters, or of the given layers and width, can serve. Longer ones reach
    /// a higher ratio of signal to noise in a file of the same size, but take proportionally longer.
    #[must_use]
    pub fn with_segments(self, seconds: f64) -> Self {
        Self {
            segment: Some(seconds),
            ..self
        }
    }

    /// A file whose PSNR is `psnr` or up to 0.2 dB more, whatever its size: networks of several sizes are
    /// tried, which takes two to three times as long as one of a given size. Where even the smallest file
    /// is better than that, it is the smallest.
    #[must_use]
    pub fn with_psnr(self, psnr: f64) -> Self {
        Self {
            size: Size::Reach(Target::Psnr(psnr)),
            ..self
        }
    }

    /// A file of a PSNR of 20 + `quality` / 5 dB, if at most 1 bit per pixel gives that, and else the file
    /// of that size. 0 to 100; photographs are worth encoding at 10 to 60.
    #[must_use]
    pub fn with_quality(self, quality: f64) -> Self {
        Self {
            size: Size::Reach(Target::Quality(quality)),
            ..self
        }
    }

    /// Number of hidden layers, 1 to 255 (default: what suits the size of the file).
    #[must_use]
    pub fn with_layers(self, layers: u32) -> Self {
        Self {
            layers: Some(layers),
            ..self
        }
    }

    /// Neurons per hidden layer, 1 to 4096 (default: what suits the size of the file; without a size, the
    /// size follows from the network).
    #[must_use]
    pub fn with_width(self, width: u32) -> Self {
        Self {
            width: Some(width),
            ..self
        }
    }

    /// Weights as half floats under zstd instead of entropy-coded levels: files more than twice the size,
    /// for tools that want plain numbers. The size follows from the network, 10 x 28 by default.
    #[must_use]
    pub fn with_half_floats(self) -> Self {
        Self {
            half_floats: true,
            ..self
        }
    }

    /// omega_0 of the first layer, rounded to eighths (default 20 for pictures, 10 for shapes and videos): the
    /// highest frequency a fit starts from, in radians per half of the longer side. More suits fine detail, less
    /// is smoother.
    #[must_use]
    pub fn with_omega_first(self, omega_first: f64) -> Self {
        Self {
            omega_first: Some(omega_first),
            ..self
        }
    }

    /// omega_0 of the other hidden layers, rounded to eighths (default 30).
    #[must_use]
    pub fn with_omega_hidden(self, omega_hidden: f64) -> Self {
        Self {
            omega_hidden: Some(omega_hidden),
            ..self
        }
    }

    /// As many steps as [`EFFORT_STEPS`] gives `effort`, 1 (quickest) to 9 (default 5), and fewer for
    /// networks so large that they would take longer.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `effort` is not 1 to 9.
    pub fn with_effort(self, effort: u8) -> Result<Self, Error> {
        match usize::from(effort)
            .checked_sub(1)
            .and_then(|index| EFFORT_STEPS.get(index))
        {
            Some(&steps) => Ok(Self {
                steps: Steps::Effort(steps),
                ..self
            }),
            None => Err(Error::parameter("effort", effort, "1 to 9")),
        }
    }

    /// Optimiser steps, at least 1, in place of an effort. Time is proportional to them and to the size of
    /// the network, not to pixels.
    #[must_use]
    pub fn with_steps(self, steps: u32) -> Self {
        Self {
            steps: Steps::Exactly(steps),
            ..self
        }
    }

    /// Seed of the initial weights and of the order of pixels (default 0). It is not stored; the same
    /// seed gives the same file to the byte on the same machine, for any number of threads.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Shows the network nothing of the picture but its derivatives, and so has it solve Poisson's equation
    /// (Sitzmann et al. 2020, section 4.1). They are the exact ones of the picture's cosine interpolant, per
    /// channel, alpha included: all differences between pixels are in them, and nothing flows through the
    /// edges. That leaves one constant per channel, its mean, which comes from the picture and goes into the
    /// last bias. How finely weights are rounded is also judged by values.
    ///
    /// It takes two to four times as long, and a size, not a PSNR, must be what is asked for.
    #[must_use]
    pub fn with_supervision(self, derivatives: Derivatives) -> Self {
        Self {
            supervision: Some(derivatives),
            ..self
        }
    }

    /// What fits (default: the CPU). The same device gives the same file.
    #[must_use]
    pub fn with_device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Worker threads; 0 means one per core (the default).
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self {
            threads: Some(threads),
            ..self
        }
    }

    /// Checks the settings, as [`Encoder::encode`] would.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first setting that is out of range.
    pub fn validate(&self) -> Result<(), Error> {
        let limits = Limits::default();
        let within = |name, value: u64, most: u64| {
            if (1..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::parameter(name, value, format!("1 to {most}")))
            }
        };
        within("number of layers", self.layers.unwrap_or(1).into(), 255)?;
        within("width", self.width.unwrap_or(1).into(), limits.layer_width)?;
        self.size.validate()?;
        if self.half_floats && self.size != Size::Default {
            let allowed = "left to the network: half floats have no other size";
            return Err(Error::parameter("size of the file", "given", allowed));
        }
        if matches!(self.size, Size::Reach(_)) && self.supervision.is_some() {
            return Err(unforeseeable());
        }
        if matches!(self.size, Size::Reach(_)) && self.width.is_some() {
            let allowed = "left open where a PSNR or a quality is to be reached";
            return Err(Error::parameter("width", "given", allowed));
        }
        let (Steps::Effort(steps) | Steps::Exactly(steps)) = self.steps;
        within("number of steps", steps.into(), u32::MAX.into())?;
        if let Some(seconds) = self.segment
            && !(seconds.is_finite() && seconds > 0.0)
        {
            let allowed = "a positive number of seconds such as 0.5";
            return Err(Error::parameter("segments", seconds, allowed));
        }
        for omega in [self.omega_first, self.omega_hidden].into_iter().flatten() {
            weights::omega_units(omega)?;
        }
        Ok(())
    }

    /// What the file depends on: the settings without the number of threads, the instruction set, and the
    /// signal.
    pub(super) fn key(&self, signal: &impl Hash) -> Key {
        let settings = Self {
            threads: None,
            ..self.clone()
        };
        Key {
            settings: checkpoint::hash((format!("{settings:?}"), crate::simd_level())),
            signal: checkpoint::hash(signal),
        }
    }

    /// Most bytes of a file of `size`, of which `profile` bytes are the colour profile.
    pub(super) fn budget(&self, source: &dyn Source, size: Size, profile: u64) -> u64 {
        match (size, self.width) {
            // A default leaves the colour profile out of the account; a size asked for does not.
            (Size::Default, Some(width)) => {
                plan::bytes(self.layers.unwrap_or(10), width, ends(source)) + profile
            }
            (Size::Default, None) => size.bytes(source) + profile,
            _ => size.bytes(source),
        }
    }

    /// Hidden layers and width of the network for a file of `bytes` bytes.
    fn network(&self, source: &dyn Source, bytes: u64, profile: u64) -> (u32, u32) {
        let bits = bytes.saturating_sub(OVERHEAD + profile) as f64 * 8.0;
        plan::network(bits, ends(source), (self.layers, self.width))
    }

    /// The fit of a network of the given hidden layers and width, for a file of `bytes` bytes.
    pub(super) fn plan(
        &self,
        source: &dyn Source,
        network: (u32, u32),
        bytes: u64,
    ) -> Result<Plan, Error> {
        let header = self.header(source, network)?;
        let steps = self.steps.of(header.parameters());
        Ok(Plan::new(header, steps, bytes, self.seed))
    }

    /// The fit of the network that suits a file of `bytes` bytes, of which `profile` are the colour profile.
    pub(super) fn plan_for(
        &self,
        source: &dyn Source,
        bytes: u64,
        profile: u64,
    ) -> Result<Plan, Error> {
        self.plan(source, self.network(source, bytes, profile), bytes)
    }

    /// Refuses what a shape has no use for: sizes by pixels or by seconds, and what is seen of a picture.
    pub(super) fn refuse_samples(&self) -> Result<(), Error> {
        let allowed = "left out for shapes, which have no samples; ask for bytes";
        let given = match self.size {
            Size::Bpp(_) => Some("bits per pixel"),
            Size::Reach(_) => Some("PSNR or quality"),
            Size::Kbps(_) => Some("kilobits a second"),
            Size::Default | Size::Bytes(_) if self.segment.is_some() => Some("segments"),
            Size::Default | Size::Bytes(_) => self.supervision.map(|_| "supervision"),
        };
        given.map_or(Ok(()), |name| Err(Error::parameter(name, "given", allowed)))
    }

    pub(super) fn header(
        &self,
        source: &dyn Source,
        network: (u32, u32),
    ) -> Result<format::Header, Error> {
        let (layers, width) = network;
        let [first, hidden] = source.omegas();
        Ok(format::Header {
            signal: source.signal(),
            samples: source.samples(),
            network: format::Network {
                activation: format::Activation::Sine,
                input: format::Input::Coordinates,
                omega_first: weights::omega_units(self.omega_first.unwrap_or(first))?,
                omega_hidden: weights::omega_units(self.omega_hidden.unwrap_or(hidden))?,
                hidden: vec![width; layers as usize],
            },
        })
    }
}

/// No PSNR can be asked for where derivatives are fitted: their loss does not tell it.
pub(super) fn unforeseeable() -> Error {
    let allowed = "left open where derivatives are fitted; ask for a size";
    Error::parameter("PSNR or quality", "given", allowed)
}

/// How long to fit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Steps {
    /// This number for a network of ordinary size, and fewer for larger ones.
    Effort(u32),
    /// This number for any network.
    Exactly(u32),
}

impl Steps {
    /// Steps for a network of `parameters` parameters.
    pub(super) fn of(self, parameters: u64) -> u32 {
        match self {
            Self::Effort(steps) => plan::steps(steps, parameters),
            Self::Exactly(steps) => steps,
        }
    }

    /// Those of this effort and of all lower ones.
    pub(super) fn up_to(self) -> Vec<Self> {
        match self {
            Self::Effort(most) => {
                let lower = EFFORT_STEPS.into_iter().filter(|&steps| steps <= most);
                lower.map(Self::Effort).collect()
            }
            Self::Exactly(_) => vec![self],
        }
    }
}
