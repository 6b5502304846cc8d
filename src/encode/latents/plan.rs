//! Which grids a picture gets, and how they are fitted.

use super::super::quantise;
use super::super::settings::Steps;
use super::start::OMEGA;
use crate::Error;
use crate::model::weights::omega_units;
use crate::signal::Picture;
use siren_format::{
    Activation, CONTEXT_INPUTS, Colour, ContextNetwork, Grid, Grids, Header, Input,
    Network as Shape, Samples, Signal, colour_prior, series,
};

/// What a file of grids is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    /// At most this number of bytes, and nearly that.
    Bytes(u64),
    /// At least this PSNR in dB, and nearly that.
    Psnr(f64),
}

/// The grids and the networks of a picture, and the steps of their fit.
#[derive(Clone, Debug)]
pub(crate) struct LatentPlan {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    /// Bits of a sample.
    pub(super) depth: u8,
    /// Scale of the finest grid.
    pub(super) finest: u8,
    /// Neurons of the hidden layer of the network that gives colours.
    pub(super) hidden: usize,
    /// Whether both networks are the file's own, or begin as the priors: what is said of the one that tells how probable
    /// latents are.
    pub(super) context: ContextNetwork,
    pub(super) steps: u32,
    pub(super) seed: u64,
    pub(super) aim: Aim,
    /// Bits of the file that are neither latents nor weights.
    pub(super) overhead: f64,
    /// The weight of bits for each pixel against squared errors of samples from 0 to 1.
    pub(super) lambda: f64,
}

/// Bits for each pixel from which the finest grid has a node at every pixel, at every second one, and so on.
const FINE: [f64; 3] = [0.10, 0.03, 0.01];
/// Neurons of the hidden layer of the network that gives colours.
const NEURONS: usize = 24;
/// Pixels up to which a fit has all the steps of its effort. Larger pictures get fewer, so that time grows more slowly
/// than pixels.
const ORDINARY: f64 = 500_000.0;
const FEWER: f64 = 0.3;
/// Steps over single points, by which efforts are counted, that one step over all pixels stands for.
const STEPS_PER_PASS: u32 = 5;
/// Bits that a weight of a context network of the file's own takes, about.
const BITS: f64 = 8.0;
/// Bits that a weight of the other network takes in a file of [`SMALL`] bytes, about, and how many more when the file
/// doubles: large files are worth finer steps.
const BITS_SMALL: f64 = 4.5;
const BITS_DOUBLED: f64 = 0.65;
const SMALL: f64 = 1228.0;
/// Bits that differences from the priors take in a file of [`SMALL`] bytes, about, and how many more when the file doubles.
const DIFFERENCES: f64 = 595.0;
const DIFFERENCES_DOUBLED: f64 = 90.0;

impl LatentPlan {
    /// For `picture`; `overhead` bytes of the file are neither latents nor weights.
    pub(super) fn new(picture: &Picture, aim: Aim, steps: Steps, seed: u64, overhead: u64) -> Self {
        let pixels = picture.pixels() as f64;
        let steps = match steps {
            Steps::Effort(steps) => {
                let share = (ORDINARY / pixels).min(1.0).powf(FEWER);
                (f64::from(steps / STEPS_PER_PASS) * share) as u32
            }
            Steps::Exactly(steps) => steps,
        };
        let bpp = match aim {
            Aim::Bytes(bytes) => bytes as f64 * 8.0 / pixels,
            Aim::Psnr(psnr) => ((psnr - 33.0) / 6.0).exp2() * 0.3,
        };
        let finest = FINE.iter().filter(|&&fine| bpp < fine).count() as u8;
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            channels: usize::from(picture.channels()),
            depth: picture.samples().depth(),
            finest,
            hidden: NEURONS,
            context: ContextNetwork::Prior,
            steps: steps.max(10),
            seed,
            aim,
            overhead: overhead as f64 * 8.0,
            lambda: 0.001,
        }
    }

    /// Pixels of the picture.
    pub(super) fn pixels(&self) -> f64 {
        (self.width * self.height) as f64
    }

    /// Bits that are left for latents beside networks of `networks` bits, where bytes are given.
    pub(super) fn bits_beside(&self, networks: f64) -> Option<f64> {
        let Aim::Bytes(bytes) = self.aim else {
            return None;
        };
        Some((bytes as f64 * 8.0 - self.overhead - networks).max(64.0))
    }

    /// About the bits that are left for latents, where bytes are given.
    pub(super) fn latent_bits(&self) -> Option<f64> {
        let Aim::Bytes(bytes) = self.aim else {
            return None;
        };
        let networks = match self.context {
            ContextNetwork::Own([first, second]) => {
                let (first, second) = (usize::from(first), usize::from(second));
                let context = CONTEXT_INPUTS * first + first * second + 2 * second;
                let inputs = self.series().len();
                let colours = (inputs + 1) * self.hidden + (self.hidden + 1) * self.channels;
                let doublings = (bytes as f64 / SMALL).log2();
                let each = (BITS_SMALL + BITS_DOUBLED * doublings).clamp(2.0, 10.0);
                colours as f64 * each + context as f64 * BITS
            }
            ContextNetwork::Prior => {
                let doublings = (bytes as f64 / SMALL).log2();
                DIFFERENCES + DIFFERENCES_DOUBLED * doublings
            }
        };
        self.bits_beside(networks.max(50.0))
    }

    /// The grids: with distortion D and rate R, steps are such that a latent's rounding error costs as much as its bits save.
    pub(super) fn series(&self) -> Vec<Grid> {
        /// Steps by the theory of high rates are too fine where most latents are zero.
        const COARSER: f64 = 2.5;
        /// Mean square of a cubic B-spline in two directions, for nodes one pixel apart.
        const ENERGY: f64 = 0.23;
        let theory = (6.0 * self.lambda / std::f64::consts::LN_2 / ENERGY).sqrt();
        // Outputs span -1 to 1.
        let step = quantise::step_code(2.0 * COARSER * theory);
        series(self.channels as u8, self.finest, step)
    }

    /// The component of each grid.
    pub(super) fn components(&self) -> Vec<usize> {
        let grids = Grids {
            grids: self.series(),
            context: self.context,
        };
        (0..grids.grids.len())
            .map(|index| grids.component(index))
            .collect()
    }

    /// The header of the file.
    ///
    /// # Errors
    /// None: omega is one that headers can tell.
    pub(super) fn header(&self) -> Result<Header, Error> {
        let omega = omega_units(OMEGA.into())?;
        Ok(Header {
            signal: Signal::Picture {
                width: self.width as u32,
                height: self.height as u32,
            },
            samples: Samples {
                channels: self.channels as u8,
                depth: self.depth,
                colour: Colour::Direct,
            },
            network: Shape {
                activation: Activation::Sine,
                input: Input::Grids(Grids {
                    grids: self.series(),
                    context: self.context,
                }),
                omega_first: omega,
                omega_hidden: omega,
                hidden: vec![self.hidden as u32],
            },
        })
    }

    /// The numbers that the network which gives colours begins with, W and b of both layers; none if it is the file's own.
    pub(super) fn prior(&self) -> Result<Option<Vec<Vec<i32>>>, Error> {
        match self.context {
            ContextNetwork::Own(_) => Ok(None),
            ContextNetwork::Prior => Ok(colour_prior(&self.header()?)),
        }
    }
}
