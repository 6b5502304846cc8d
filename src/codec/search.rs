//! The size of file that reaches a given PSNR.
//!
//! Quality rises nearly linearly with the logarithm of the size. Short fits find the size of the network
//! about right; a whole fit of it is then rounded as coarsely as the target allows, which moves the quality
//! by a decibel or two and costs a fifth of a fit each time. Only if that does not reach is the network
//! replaced.

use super::draft::{Candidate, Job, Meter, Rounded};
use super::encoder::Encoder;
use super::plan::{OVERHEAD, Room, Size};
use super::source::Source;
use crate::Error;

/// How good a file should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// So many dB.
    Psnr(f64),
    /// 20 dB plus a fifth of this, in at most 1 bit per pixel.
    Quality(f64),
}

/// How near is near enough, in dB.
const NEAR: f64 = 0.1;
/// How much better than asked for a file may be for coarser rounding alone to bring it down, in dB.
const TRIM: f64 = 0.6;
/// Steps of a first look.
const LOOK_STEPS: u32 = 350;
/// What twice the steps gain, and what rounding loses, in dB.
const GAIN: f64 = 0.35;
const LOSS: f64 = 0.4;
/// dB that a file of twice the size gains, as a first guess and at least and at most.
const SLOPE: (f64, std::ops::RangeInclusive<f64>) = (2.0, 0.7..=8.0);
/// dB that twice the bits for the same network gain, likewise.
const FINER: (f64, std::ops::RangeInclusive<f64>) = (3.0, 1.0..=20.0);
/// How often each tensor may be rounded more coarsely for that, by an eighth of an octave.
const TRIMS: usize = 4;
/// How far the bits for a network may be from what it was made for.
const STRETCH: std::ops::RangeInclusive<f64> = 0.7..=1.5;
/// The most of each to try.
const LOOKS: usize = 5;
const DRAFTS: usize = 5;
const ROUNDINGS: usize = 5;
/// Smallest file to try, in bytes.
const LEAST: f64 = 64.0;

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

    fn psnr(self) -> f64 {
        match self {
            Self::Psnr(psnr) => psnr,
            Self::Quality(quality) => 20.0 + quality / 5.0,
        }
    }

    /// Most bytes to spend on `source`.
    fn most(self, source: &dyn Source) -> f64 {
        let bpp = match self {
            Self::Psnr(_) => 2.0,
            Self::Quality(_) => 1.0,
        };
        (source.signal().points() as f64 * bpp / 8.0).clamp(LEAST, 200_000.0)
    }
}

/// A file of the PSNR of `target`; `profile` bytes of it are the colour profile.
///
/// # Errors
/// [`Error::Unreachable`] if there is none, and what fitting may give.
pub(super) fn search(
    encoder: &Encoder,
    job: Job<'_>,
    target: Target,
    profile: u64,
    meter: &mut Meter<'_>,
) -> Result<Candidate, Error> {
    let source = job.source;
    let room = |bytes: f64| Room {
        bytes: bytes as u64 + profile,
        overhead: OVERHEAD + profile,
    };
    let (asked, most) = (target.psnr(), target.most(source));
    let mut line = Line::new(SLOPE, LEAST..=most);
    let mut bytes = (Size::Reach(target).bytes(source) as f64).clamp(LEAST, most);
    for _ in 0..LOOKS {
        let network = encoder.network(source, &room(bytes));
        let look = encoder.look(job, network, LOOK_STEPS, meter)?;
        if look.stopped() {
            break;
        }
        let doublings = f64::from(encoder.steps(look.parameters())) / f64::from(LOOK_STEPS);
        let psnr = look.psnr() + GAIN * doublings.max(1.0).log2() - LOSS;
        let next = line.next(bytes, psnr, asked);
        if (psnr - asked).abs() < 3.0 * NEAR || next == bytes {
            break;
        }
        bytes = next;
    }

    // What comes next is measured otherwise: only the slope still holds.
    let mut line = Line::new((line.slope, SLOPE.1), LEAST..=most);
    let mut best: Option<Candidate> = None;
    let far = |candidate: &Candidate| (candidate.quality - asked).abs();
    for _ in 0..DRAFTS {
        let network = encoder.network(source, &room(bytes));
        let draft = encoder.draft(job, network, true, meter)?;
        let mut finer = Line::new(
            FINER,
            bytes * STRETCH.start()..=(bytes * STRETCH.end()).min(most),
        );
        let mut size = bytes;
        let mut psnr = 0.0;
        for rounding in 0..ROUNDINGS {
            let mut fitted = draft.round(room(size), meter)?;
            let mut candidate = fitted.file()?;
            if rounding == 0 {
                psnr = candidate.quality;
            }
            let excess = candidate.quality - asked;
            if (NEAR..TRIM).contains(&excess) && !candidate.stopped {
                candidate = trim(&mut fitted, candidate, asked)?;
            }
            let smallest = size <= LEAST && candidate.quality > asked;
            let done = candidate.stopped || smallest || far(&candidate) <= NEAR;
            let next = finer.next(size, candidate.quality, asked);
            if best
                .as_ref()
                .is_none_or(|best| done || far(&candidate) < far(best))
            {
                best = Some(candidate);
            }
            if done {
                return best.ok_or(Error::Stopped);
            }
            if next == size || asked > draft.psnr() + NEAR {
                break;
            }
            size = next;
        }
        let next = line.next(bytes, psnr, asked);
        if next == bytes {
            break;
        }
        bytes = next;
    }
    let best = best.ok_or(Error::Stopped)?;
    match target {
        Target::Psnr(_) => Err(Error::Unreachable {
            asked,
            nearest: best.quality,
            bytes: best.bytes.len() as u64,
        }),
        Target::Quality(_) => Ok(best),
    }
}

/// A file of about the quality `asked`, made of one that is better by rounding some tensors again, more coarsely
/// and without fitting on; `candidate` if there is none.
fn trim(fitted: &mut Rounded<'_>, candidate: Candidate, asked: f64) -> Result<Candidate, Error> {
    let tensors = fitted.tensors();
    for tensor in (0..TRIMS).flat_map(|_| 0..tensors) {
        fitted.shift(tensor, 1);
        let trimmed = fitted.file()?;
        if (trimmed.quality - asked).abs() <= NEAR {
            return Ok(trimmed);
        }
        if trimmed.quality < asked {
            fitted.shift(tensor, -1);
        }
    }
    Ok(candidate)
}

/// Quality as a line over the logarithm of the size: between the nearest points on either side of what was
/// asked for, or beyond the nearest on one.
struct Line {
    /// dB per doubling.
    slope: f64,
    slopes: std::ops::RangeInclusive<f64>,
    sizes: std::ops::RangeInclusive<f64>,
    /// Size and PSNR of the best that was not good enough, and of the worst that was too good.
    below: Option<(f64, f64)>,
    above: Option<(f64, f64)>,
}

impl Line {
    fn new(
        (slope, slopes): (f64, std::ops::RangeInclusive<f64>),
        sizes: std::ops::RangeInclusive<f64>,
    ) -> Self {
        Self {
            slope,
            slopes,
            sizes,
            below: None,
            above: None,
        }
    }

    /// The size to try after `size` gave `psnr`.
    fn next(&mut self, size: f64, psnr: f64, asked: f64) -> f64 {
        let side = if psnr < asked {
            &mut self.below
        } else {
            &mut self.above
        };
        let before = side.replace((size, psnr));
        // Across the gap if there is one, else along the same side.
        let other = match (self.below, self.above) {
            (Some(below), Some(above)) if psnr < asked => Some((above, below.0 < above.0)),
            (Some(below), Some(above)) => Some((below, below.0 < above.0)),
            _ => before.map(|before| (before, false)),
        };
        if let Some(((other_size, other_psnr), bracketed)) = other {
            let doublings = (other_size / size).log2();
            let slope = (other_psnr - psnr) / doublings;
            if bracketed {
                let share = ((asked - psnr) / (other_psnr - psnr)).clamp(0.1, 0.9);
                return size * (doublings * share).exp2();
            }
            if slope.is_finite() {
                self.slope = slope.clamp(*self.slopes.start(), *self.slopes.end());
            }
        }
        // Not further than it can be trusted.
        let doublings = ((asked - psnr) / self.slope).clamp(-2.0, 2.0);
        (size * doublings.exp2()).clamp(*self.sizes.start(), *self.sizes.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_followed_to_its_end() {
        let quality = |size: f64| 20.0 + 1.3 * size.log2();
        let mut line = Line::new(SLOPE, 64.0..=1e6);
        let mut size = 1_000.0;
        for _ in 0..6 {
            size = line.next(size, quality(size), 40.0);
        }
        assert!((quality(size) - 40.0).abs() < 1e-6);
        for _ in 0..5 {
            size = line.next(size, quality(size), 90.0);
        }
        assert_eq!(size, 1e6);
    }

    #[test]
    fn targets_have_bounds() {
        assert!(Target::Psnr(f64::NAN).validate().is_err());
        assert!(Target::Quality(100.5).validate().is_err());
        assert!(Target::Quality(0.0).validate().is_ok());
        assert_eq!(Target::Quality(50.0).psnr(), 30.0);
    }
}
