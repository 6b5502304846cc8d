//! The encoders, one for each kind of signal.
//!
//! All have the same shared settings. What only some kinds have can be set for these alone: an encoder of sounds takes
//! no bits per pixel, and one of pictures no segments.

use super::checkpoint::{self, Key};
use super::latents::GridUse;
use super::plan::{Size, Target};
use super::settings::{EFFORT_STEPS, Settings, Steps};
use crate::Error;
use crate::engine::net::Device;
use crate::objective::Derivatives;
use siren_format::ContextNetwork;
use std::fmt::Debug;
use std::hash::Hash;

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
///
/// Without settings, a file takes a quarter of a bit per pixel (less for large pictures, see
/// [`with_bpp`](EncoderOf::with_bpp)) and has a network of a size that suits it, omega 20 in the first layer and 30 in
/// the others.
pub type Encoder = EncoderOf<PictureSettings>;

/// Fits networks to surfaces, as the signed distance to them, and writes them as `.siren` files; reusable.
///
/// Without settings, a file takes 12,000 bytes, and omega is 10 in the first layer and 30 in the others.
pub type ShapeEncoder = EncoderOf<ShapeSettings>;

/// Fits networks to the segments of sounds and writes them as `.siren` files; reusable.
///
/// Without settings, a file takes three quarters of a bit for each sample.
pub type SoundEncoder = EncoderOf<SoundSettings>;

/// Fits networks to videos and writes them as `.siren` files; reusable.
///
/// Without settings, a file takes a quarter of a bit for each pixel of all frames, but at most 20 kB, and omega is 10
/// in the first layer and 30 in the others.
pub type VideoEncoder = EncoderOf<VideoSettings>;

/// An encoder of the kind of signal whose own settings are `K`: [`Encoder`], [`ShapeEncoder`], [`SoundEncoder`] or
/// [`VideoEncoder`].
///
/// Without settings, each has effort 5, seed 0, and fits on all cores of the CPU. What a kind of signal does not have
/// cannot be set:
///
/// ```compile_fail
/// // Sounds have no pixels.
/// sirenc::SoundEncoder::new().with_bpp(0.25);
/// ```
#[derive(Clone, Debug, Default)]
pub struct EncoderOf<K> {
    pub(super) settings: Settings,
    pub(super) own: K,
}

/// The settings that pictures alone have.
#[derive(Clone, Debug, Default)]
pub struct PictureSettings {
    pub(super) supervision: Option<Derivatives>,
    /// When the network sees grids of latents.
    pub(super) grids: GridUse,
    /// The network that tells how probable their latents are.
    pub(super) context: ContextNetwork,
}

/// The settings that shapes alone have: none so far.
#[derive(Clone, Debug, Default)]
pub struct ShapeSettings {}

/// The settings that sounds alone have.
#[derive(Clone, Debug, Default)]
pub struct SoundSettings {
    /// Seconds of a segment.
    pub(super) segment: Option<f64>,
}

/// The settings that videos alone have: none so far.
#[derive(Clone, Debug, Default)]
pub struct VideoSettings {}

/// The settings of one kind of signal. No other types than those of this crate can implement it.
pub trait KindSettings: own::Own {}

/// The settings of a kind of signal that is made of pixels: of pictures or of videos.
pub trait PixelSettings: KindSettings {}

mod own {
    use super::{Debug, Error};

    /// What [`super::EncoderOf`] asks of the settings of a kind. Outside of this crate nobody can name it.
    pub trait Own: Clone + Debug + Default {
        /// Checks the settings that only this kind of signal has. The flag tells whether the shared settings say
        /// anything of the network.
        ///
        /// # Errors
        /// [`Error::Parameter`] naming the first that is out of range.
        fn validate(&self, _network_chosen: bool) -> Result<(), Error> {
            Ok(())
        }

        /// Whether the loss of a fit tells the PSNR of its file, so that a PSNR can be asked for.
        fn foretells_psnr(&self) -> bool {
            true
        }
    }
}

impl own::Own for PictureSettings {
    fn validate(&self, network_chosen: bool) -> Result<(), Error> {
        if self.grids == GridUse::On && self.supervision.is_some() {
            let allowed = "left out where derivatives are fitted";
            return Err(Error::parameter("grids", "given", allowed));
        }
        if self.grids == GridUse::On && network_chosen {
            let allowed = "left out where layers, width, omega or half floats are given";
            return Err(Error::parameter("grids", "given", allowed));
        }
        Ok(())
    }

    fn foretells_psnr(&self) -> bool {
        self.supervision.is_none()
    }
}

impl own::Own for ShapeSettings {}

impl own::Own for SoundSettings {
    fn validate(&self, _: bool) -> Result<(), Error> {
        if let Some(seconds) = self.segment
            && !(seconds.is_finite() && seconds > 0.0)
        {
            let allowed = "a positive number of seconds such as 0.5";
            return Err(Error::parameter("segments", seconds, allowed));
        }
        Ok(())
    }
}

impl own::Own for VideoSettings {}

impl<K: own::Own> KindSettings for K {}

impl PixelSettings for PictureSettings {}

impl PixelSettings for VideoSettings {}

impl<K: KindSettings> EncoderOf<K> {
    /// An encoder with the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of at most `bytes` bytes, and nearly that.
    #[must_use]
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.settings.size = Size::Bytes(bytes);
        self
    }

    /// Number of hidden layers, 1 to 255 (default: what suits the size of the file).
    #[must_use]
    pub fn with_layers(mut self, layers: u32) -> Self {
        self.settings.layers = Some(layers);
        self
    }

    /// Neurons per hidden layer, 1 to 4096 (default: what suits the size of the file; without a size, the
    /// size follows from the network).
    #[must_use]
    pub fn with_width(mut self, width: u32) -> Self {
        self.settings.width = Some(width);
        self
    }

    /// Weights as half floats under zstd instead of entropy-coded levels: files more than twice the size,
    /// for tools that want plain numbers. The size follows from the network, 10 x 28 by default.
    #[must_use]
    pub fn with_half_floats(mut self) -> Self {
        self.settings.half_floats = true;
        self
    }

    /// omega_0 of the first layer, rounded to eighths: the highest frequency that a fit starts from, in radians per
    /// half of the longer side, or of the segment of a sound. A higher one suits fine detail, a lower one gives
    /// smoother results. By default it is 20 for pictures and 10 for shapes and videos, and for sounds follows the rule
    /// that [`EncodedSound`](crate::EncodedSound) gives.
    #[must_use]
    pub fn with_omega_first(mut self, omega_first: f64) -> Self {
        self.settings.omega_first = Some(omega_first);
        self
    }

    /// omega_0 of the other hidden layers, rounded to eighths (default 30).
    #[must_use]
    pub fn with_omega_hidden(mut self, omega_hidden: f64) -> Self {
        self.settings.omega_hidden = Some(omega_hidden);
        self
    }

    /// As many steps as [`EFFORT_STEPS`] gives `effort`, 1 (quickest) to 9 (default 5), and fewer for
    /// networks so large that they would take longer.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `effort` is not 1 to 9.
    pub fn with_effort(mut self, effort: u8) -> Result<Self, Error> {
        let steps = usize::from(effort)
            .checked_sub(1)
            .and_then(|index| EFFORT_STEPS.get(index));
        match steps {
            Some(&steps) => {
                self.settings.steps = Steps::Effort(steps);
                Ok(self)
            }
            None => Err(Error::parameter("effort", effort, "1 to 9")),
        }
    }

    /// Optimiser steps, at least 1, in place of an effort. Time is proportional to them and to the size of
    /// the network, not to pixels.
    #[must_use]
    pub fn with_steps(mut self, steps: u32) -> Self {
        self.settings.steps = Steps::Exactly(steps);
        self
    }

    /// Seed of the initial weights and of the order of pixels (default 0). It is not stored; the same
    /// seed gives the same file to the byte on the same machine, for any number of threads.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The device that fits the network (default: the CPU). The same device gives the same file.
    #[must_use]
    pub fn with_device(mut self, device: Device) -> Self {
        self.settings.device = device;
        self
    }

    /// Worker threads; 0 means one per core (the default).
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.settings.threads = Some(threads);
        self
    }

    /// Checks the settings, as an encode does before it begins.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first setting that is out of range.
    pub fn validate(&self) -> Result<(), Error> {
        self.settings.validate()?;
        self.own.validate(self.settings.chooses_network())?;
        if matches!(self.settings.size, Size::Reach(_)) && !self.own.foretells_psnr() {
            return Err(unforeseeable());
        }
        Ok(())
    }

    /// What the file depends on: the settings without the number of threads, the instruction set, and the
    /// signal.
    pub(super) fn key(&self, signal: &impl Hash) -> Key {
        let mut settings = self.clone();
        settings.settings.threads = None;
        Key {
            settings: checkpoint::hash((format!("{settings:?}"), crate::simd_level())),
            signal: checkpoint::hash(signal),
        }
    }
}

impl<K: PixelSettings> EncoderOf<K> {
    /// A file of at most `bpp` bits per pixel, and nearly that. The default is 0.25 bits per pixel, and at most 20 kB,
    /// which is what a minute's fit can make use of. Beyond 12 kB, files of pictures grow by default only in proportion
    /// to the side of the picture.
    #[must_use]
    pub fn with_bpp(mut self, bpp: f64) -> Self {
        self.settings.size = Size::Bpp(bpp);
        self
    }

    /// A file whose PSNR in dB is `psnr` or up to 0.2 dB more, whatever its size. Networks of several sizes are tried,
    /// which takes two to three times as long as a fit for a given size. Where even the smallest file has a higher
    /// PSNR, that file is the result.
    #[must_use]
    pub fn with_psnr(mut self, psnr: f64) -> Self {
        self.settings.size = Size::Reach(Target::Psnr(psnr));
        self
    }

    /// A file with a PSNR of 20 + `quality` / 5 dB, or of 1 bit per pixel if that is not enough for this PSNR. Quality
    /// ranges from 0 to 100; photographs are worth encoding at 10 to 60.
    #[must_use]
    pub fn with_quality(mut self, quality: f64) -> Self {
        self.settings.size = Size::Reach(Target::Quality(quality));
        self
    }
}

impl SoundEncoder {
    /// A file of at most `kbps` thousand bits for each second of a sound, and nearly that.
    #[must_use]
    pub fn with_kbps(mut self, kbps: f64) -> Self {
        self.settings.size = Size::Kbps(kbps);
        self
    }

    /// Segments of about `seconds` seconds of a sound, each with a network of its own. By default they are as
    /// long as a network of 3,000 parameters can serve, or of fewer above 0.4 bits a sample, or of the given layers and
    /// width. A fit takes time in proportion to their length.
    #[must_use]
    pub fn with_segments(mut self, seconds: f64) -> Self {
        self.own.segment = Some(seconds);
        self
    }
}

impl Encoder {
    /// When the network sees grids of latents in place of coordinates: integers at several scales, which are coded under a
    /// learned context and interpolated by cubic B-splines. They hold more detail than weights alone where a picture is
    /// worth many bits. They take no other network than their own, so with [`GridUse::On`] layers, width, omegas and half
    /// floats must be left open, and the picture must be opaque.
    #[must_use]
    pub fn with_grids(mut self, when: GridUse) -> Self {
        self.own.grids = when;
        self
    }

    /// The network that tells how probable the latents of grids are: by default the prior that every decoder has, and a
    /// few differences from it. With one of the file's own, the network that gives colours is the file's own too. Both take
    /// more bytes; they are there to train priors, and to measure them.
    #[must_use]
    pub fn with_context(mut self, context: ContextNetwork) -> Self {
        self.own.context = context;
        self
    }

    /// Shows the network nothing of the picture but its derivatives, and so has it solve Poisson's equation
    /// (Sitzmann et al. 2020, section 4.1). They are the exact ones of the picture's cosine interpolant, per
    /// channel, alpha included: all differences between pixels are in them, and nothing flows through the
    /// edges. That leaves one constant per channel, its mean, which comes from the picture and goes into the
    /// last bias. How finely weights are rounded is also judged by values.
    ///
    /// It takes two to four times as long, and a size, not a PSNR, must be what is asked for.
    #[must_use]
    pub fn with_supervision(mut self, derivatives: Derivatives) -> Self {
        self.own.supervision = Some(derivatives);
        self
    }
}

/// No PSNR can be asked for where derivatives are fitted: their loss does not tell it.
pub(super) fn unforeseeable() -> Error {
    let allowed = "left open where derivatives are fitted; ask for a size";
    Error::parameter("PSNR or quality", "given", allowed)
}
