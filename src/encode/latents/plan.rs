//! Which grids a picture gets, and how they are fitted.

use super::super::quantise;
use super::super::settings::Steps;
use crate::signal::Picture;
use siren_format::{CONTEXT_INPUTS, ContextNetwork};

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
    /// Colour component and scale of every grid, in the order of the file.
    pub(super) grids: Vec<(usize, u8)>,
    /// Neurons of the hidden layer of the network that gives colours.
    pub(super) hidden: usize,
    /// The network that tells how probable latents are.
    pub(super) context: ContextNetwork,
    pub(super) steps: u32,
    pub(super) seed: u64,
    pub(super) aim: Aim,
    /// Bits of the file that are neither latents nor weights.
    pub(super) overhead: f64,
    /// The weight of bits for each pixel against squared errors of samples from 0 to 1.
    pub(super) lambda: f64,
}

/// Coarsest scale of the grids of a picture.
const COARSEST: u8 = 4;
/// Bits for each pixel from which the finest grid has a node at every pixel.
const FINE: f64 = 0.10;
/// Octaves by which the finest grids of colour differences are coarser.
const CHROMA_COARSER: u8 = 2;
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
/// Bits that differences from the prior take, about.
const DIFFERENCES: f64 = 300.0;

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
        let finest = u8::from(bpp < FINE);
        let channels = usize::from(picture.channels());
        let luma = (finest..=COARSEST).rev().map(|scale| (0, scale));
        let chroma = |component| {
            (finest + CHROMA_COARSER..=COARSEST)
                .rev()
                .map(move |scale| (component, scale))
        };
        let grids = luma.chain((1..channels).flat_map(chroma)).collect();
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            channels,
            grids,
            hidden: 24,
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

    /// Bits that are left for latents, where bytes are given.
    pub(super) fn latent_bits(&self) -> Option<f64> {
        let Aim::Bytes(bytes) = self.aim else {
            return None;
        };
        let weights = (self.grids.len() + 1) * self.hidden + (self.hidden + 1) * self.channels;
        let context = match self.context {
            ContextNetwork::Own([first, second]) => {
                let (first, second) = (usize::from(first), usize::from(second));
                let weights = CONTEXT_INPUTS * first + first * second + 2 * second;
                weights as f64 * BITS
            }
            ContextNetwork::Prior => DIFFERENCES,
        };
        let doublings = (bytes as f64 / SMALL).log2();
        let each = (BITS_SMALL + BITS_DOUBLED * doublings).clamp(2.0, 10.0);
        let networks = weights as f64 * each + context;
        Some((bytes as f64 * 8.0 - self.overhead - networks).max(64.0))
    }

    /// The code of the step size of a grid: with distortion D and rate R, steps are such that a latent's rounding error
    /// costs as much as its bits save.
    pub(super) fn step_code(&self, component: usize, scale: u8) -> u8 {
        /// Steps by the theory of high rates are too fine where most latents are zero.
        const COARSER: f64 = 2.5;
        /// Mean square of a cubic B-spline in two directions, for nodes one pixel apart.
        const ENERGY: f64 = 0.23;
        /// Share of the error of a colour difference that ends up in samples.
        const CHROMA: f64 = 0.8;
        const LEAST: f64 = 0.004;
        let energy = if component == 0 {
            ENERGY
        } else {
            ENERGY * CHROMA
        };
        let theory = (6.0 * self.lambda / std::f64::consts::LN_2 / energy).sqrt();
        let step = (COARSER * theory / f64::from(1_u32 << scale)).max(LEAST);
        // Outputs span -1 to 1.
        quantise::step_code(2.0 * step)
    }
}
