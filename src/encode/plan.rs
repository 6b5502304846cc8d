//! Which network to make for a file of a given size, and how to fit it.

use super::source::Source;
use crate::Error;
use siren_format::{Header, Signal};

/// Smallest file to try where a quality is to be reached, in bytes.
pub(super) const LEAST_BYTES: f64 = 64.0;
/// Most bytes that are spent on a small picture where a quality is to be reached: four for each of its samples, up to
/// this number.
const SMALL_BYTES: f64 = 4096.0;

/// How good a file should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// A PSNR in dB.
    Psnr(f64),
    /// 20 dB plus a fifth of this, in at most 1 bit per pixel.
    Quality(f64),
}

impl Target {
    pub(super) fn validate(self) -> Result<(), Error> {
        match self {
            Self::Psnr(psnr) if !(5.0..=100.0).contains(&psnr) => {
                Err(Error::parameter("PSNR", psnr, "5 to 100 dB"))
            }
            Self::Quality(quality) if !(0.0..=100.0).contains(&quality) => {
                Err(Error::parameter("quality", quality, "0 to 100"))
            }
            _ => Ok(()),
        }
    }

    /// The PSNR that is to be reached, in dB.
    pub(super) fn psnr(self) -> f64 {
        match self {
            Self::Psnr(psnr) => psnr,
            Self::Quality(quality) => 20.0 + quality / 5.0,
        }
    }

    /// Most bytes to spend on `source`.
    pub(super) fn most(self, source: &dyn Source) -> f64 {
        let bpp = match self {
            Self::Psnr(_) => 2.0,
            Self::Quality(_) => 1.0,
        };
        let points = source.signal().points() as f64;
        // Small pictures are not worth so many bits a pixel, but need them to be reached at all.
        let samples = points * f64::from(source.samples().channels);
        let least = (4.0 * samples).clamp(LEAST_BYTES, SMALL_BYTES);
        (points * bpp / 8.0).clamp(least, 200_000.0)
    }
}

/// How large the file may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    /// The size that suits the signal, or the network where that is given.
    Default,
    /// At most this number of bytes.
    Bytes(u64),
    /// At most this number of bits per pixel.
    Bpp(f64),
    /// At most this number of thousand bits a second.
    Kbps(f64),
    /// As many bytes as the target takes.
    Reach(Target),
}

impl Size {
    pub(super) fn validate(self) -> Result<(), Error> {
        match self {
            Self::Bpp(bpp) if !(bpp.is_finite() && bpp > 0.0) => Err(Error::parameter(
                "bits per pixel",
                bpp,
                "a positive number such as 0.2",
            )),
            Self::Kbps(kbps) if !(kbps.is_finite() && kbps > 0.0) => Err(Error::parameter(
                "kilobits a second",
                kbps,
                "a positive number such as 16",
            )),
            Self::Reach(target) => target.validate(),
            Self::Bytes(0) => Err(Error::parameter("size of the file", 0, "at least 1 byte")),
            _ => Ok(()),
        }
    }

    /// Bytes of the file for `source`; where they are to be found out, those to begin with.
    pub(super) fn bytes(self, source: &dyn Source) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Bpp(bpp) => (source.signal().points() as f64 * bpp / 8.0) as u64,
            Self::Kbps(kbps) => (seconds(source) * kbps * 1000.0 / 8.0) as u64,
            Self::Default | Self::Reach(_) => source.bytes(),
        }
    }
}

/// How long a sound is; all else has no time.
fn seconds(source: &dyn Source) -> f64 {
    match source.signal() {
        Signal::Sound { rate, frames, .. } => f64::from(frames) / f64::from(rate),
        _ => 0.0,
    }
}

/// The bytes that a file may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteBudget {
    /// Most bytes of the file.
    pub(super) bytes: u64,
    /// About how many of them are not weights; the exact number is known only once the file is written.
    pub(super) overhead: u64,
}

impl ByteBudget {
    /// Bits that are left for the weights.
    pub(super) fn bits(&self) -> f64 {
        self.bytes.saturating_sub(self.overhead) as f64 * 8.0
    }
}

/// One fit: its network, the number and size of its steps, and the bytes of its file.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The header of the file, which describes the network.
    pub(super) header: Header,
    /// Steps of the free fit, and steps while weights are rounded after that.
    pub(super) free: u32,
    pub(super) rounded: u32,
    /// Largest step size of the optimiser.
    pub(super) rate: f32,
    /// Most bytes of the file.
    pub(super) bytes: u64,
    /// Seed of the initial weights.
    pub(super) seed: u64,
}

impl Plan {
    /// The fit of the network of `header` in `steps` steps, during the last of which weights are rounded.
    pub(super) fn new(header: Header, steps: u32, bytes: u64, seed: u64) -> Self {
        let rounded = ((f64::from(steps) * ROUNDED) as u32).min(MOST_ROUNDED);
        Self {
            rate: rate(&header),
            header,
            free: steps - rounded,
            rounded,
            bytes,
            seed,
        }
    }

    /// The same fit with all steps free, for weights that are not rounded while they are fitted.
    pub(super) fn unrounded(self) -> Self {
        Self {
            free: self.steps(),
            rounded: 0,
            ..self
        }
    }

    /// The same free fit in at most `steps` steps.
    pub(super) fn shortened(self, steps: u32) -> Self {
        let all = self.unrounded();
        Self {
            free: all.free.min(steps),
            ..all
        }
    }

    /// The steps of the whole fit: the free ones, and those that round weights.
    pub(super) fn steps(&self) -> u32 {
        self.free + self.rounded
    }
}

/// Share of the steps during which weights are rounded.
const ROUNDED: f64 = 0.18;
/// Most steps during which weights are rounded. Where the optimiser has long enough to forget the gradients of what is
/// fixed by now, it takes those of the few free weights for all there is, and steps that grow with it lead them astray:
/// of 28,000 steps, 5,040 were enough to undo a fit.
const MOST_ROUNDED: u32 = 1600;

/// Bytes of a plain file that are not weights, about.
pub(super) const OVERHEAD: u64 = 24;
/// Bits per parameter at which a network is about as large as it should be for its file.
pub(super) const BITS: f64 = 6.0;

/// Largest step size of the optimiser in layers of up to 28 neurons.
const RATE: f32 = 2e-3;
/// How it falls with the width beyond.
const RATE_POWER: f32 = 2.0 / 3.0;
/// Parameters up to which a network gets all the steps of an effort.
const ORDINARY: f64 = 20_000.0;

/// Hidden layers for a network of about `parameters` parameters: deeper pays as long as layers do not get
/// so narrow that a picture's three channels no longer pass through them.
fn layers(parameters: f64) -> u32 {
    match parameters {
        ..70.0 => 2,
        ..400.0 => 3,
        ..600.0 => 4,
        ..1_200.0 => 5,
        ..1_800.0 => 7,
        ..4_500.0 => 8,
        ..12_000.0 => 9,
        _ => 10,
    }
}

/// Hidden layers and their width for a network between `ends` (inputs, outputs) that takes about `bits` bits,
/// with whichever of the two is given.
pub(super) fn network(bits: f64, ends: [u32; 2], given: (Option<u32>, Option<u32>)) -> (u32, u32) {
    let parameters = (bits / BITS).max(1.0);
    let count = |layers: u32, width: u32| count(layers, width, ends);
    // The count is monotone in either, so the nearest is beside where it passes the target.
    let nearest = |count: &dyn Fn(u32) -> f64, most: u32| {
        let above = (1..=most).find(|&n| count(n) > parameters).unwrap_or(most);
        let below = (above - 1).max(1);
        let far = |n: u32| (count(n) / parameters).ln().abs();
        if far(above) < far(below) {
            above
        } else {
            below
        }
    };
    match given {
        (Some(layers), Some(width)) => (layers, width),
        (None, Some(width)) => (nearest(&|layers| count(layers, width), 255), width),
        (layers_given, None) => {
            let layers = layers_given.unwrap_or_else(|| layers(parameters));
            (layers, nearest(&|width| count(layers, width), 4096))
        }
    }
}

/// Largest step size of the optimiser for a network: in layers wider than 28, where the steps of more
/// weights add up, less.
fn rate(header: &Header) -> f32 {
    let widest = header.network.hidden.iter().max().map_or(1, |&width| width);
    RATE * (28.0 / widest as f32).powf(RATE_POWER).min(1.0)
}

/// Steps for a network of `parameters` parameters, of `steps` for one of ordinary size: it should not take
/// longer.
pub(super) fn steps(steps: u32, parameters: u64) -> u32 {
    let share = (ORDINARY / parameters as f64).min(1.0);
    ((f64::from(steps) * share) as u32).max(1)
}

/// Bytes of a file that has room for a given network.
pub(super) fn bytes(layers: u32, width: u32, ends: [u32; 2]) -> u64 {
    (count(layers, width, ends) * BITS / 8.0) as u64 + OVERHEAD
}

/// Parameters of a network.
pub(super) fn count(layers: u32, width: u32, ends: [u32; 2]) -> f64 {
    let [layers, width, inputs, outputs] = [layers, width, ends[0], ends[1]].map(f64::from);
    width * (inputs + 1.0) + (layers - 1.0) * width * (width + 1.0) + outputs * (width + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_near_their_size() {
        for bytes in [60, 100, 500, 2_000, 5_000, 12_000, 100_000] {
            let bits = f64::from(bytes) * 8.0;
            let (layers, width) = network(bits, [2, 3], (None, None));
            let hidden = f64::from(layers - 1) * f64::from(width * (width + 1));
            let parameters = hidden + f64::from(6 * width + 3);
            let each = bits / parameters;
            assert!(
                (4.0..7.5).contains(&each),
                "{bytes}: {layers} x {width}, {each} bits"
            );
        }
        assert_eq!(network(1e5, [2, 3], (Some(4), Some(9))), (4, 9));
        assert_eq!(network(7_479.0 * BITS, [2, 3], (Some(10), None)), (10, 28));
        assert_eq!(network(7_479.0 * BITS, [2, 3], (None, Some(28))), (10, 28));
    }
}
