//! The settings of an encode that all kinds of signals have, and what follows from them: the header of the file, its
//! size, and how it is fitted.

use super::plan::{self, OVERHEAD, Plan, Size};
use super::source::{Source, ends};
use crate::engine::net::Device;
use crate::model::weights;
use crate::{Error, Limits};
use siren_format as format;

/// Optimiser steps of effort 1 to 9, for networks of up to 20,000 parameters: each about twice as long as
/// the one before. Larger networks get fewer, so that they take no longer.
pub const EFFORT_STEPS: [u32; 9] = [150, 350, 800, 1800, 4200, 8500, 16_000, 28_000, 45_000];
/// The effort of an encoder for which none is set.
pub const DEFAULT_EFFORT: u8 = 5;

/// The settings that all kinds of signals have.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Pictures and videos alone have bits per pixel and targets, sounds alone kilobits a second: encoders of the
    /// others have no setters for these.
    pub(super) size: Size,
    pub(super) layers: Option<u32>,
    pub(super) width: Option<u32>,
    pub(super) half_floats: bool,
    pub(super) omega_first: Option<f64>,
    pub(super) omega_hidden: Option<f64>,
    pub(super) steps: Steps,
    pub(super) seed: u64,
    pub(super) threads: Option<usize>,
    pub(super) device: Device,
}

impl Default for Settings {
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
            device: Device::cpu(),
        }
    }
}

impl Settings {
    /// Whether anything is said of the network itself.
    pub(super) fn chooses_network(&self) -> bool {
        self.layers.or(self.width).is_some()
            || self.omega_first.or(self.omega_hidden).is_some()
            || self.half_floats
    }

    /// Checks what does not depend on the kind of signal.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first setting that is out of range.
    pub(super) fn validate(&self) -> Result<(), Error> {
        let limits = Limits::interactive();
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
        if matches!(self.size, Size::Reach(_)) && self.width.is_some() {
            let allowed = "left open where a PSNR or a quality is to be reached";
            return Err(Error::parameter("width", "given", allowed));
        }
        let (Steps::Effort(steps) | Steps::Exactly(steps)) = self.steps;
        within("number of steps", steps.into(), u32::MAX.into())?;
        for omega in [self.omega_first, self.omega_hidden].into_iter().flatten() {
            weights::omega_units(omega)?;
        }
        Ok(())
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

    /// The steps of this effort and of all lower ones.
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
