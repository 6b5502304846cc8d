//! The size of file that reaches a given PSNR.
//!
//! Quality rises nearly linearly with the logarithm of the size. Short fits find the size of the network
//! about right; a whole fit of it is then rounded as coarsely as the target allows, which moves the quality
//! by a decibel or two and costs a fifth of a fit each time. Only if that does not reach is the network
//! replaced.

use super::meter::Meter;
use super::plain;
use super::plan::{LEAST_BYTES, Size, Target};
use super::settings::Settings;
use super::trained::{Candidate, Job, QuantizedModel, TrainedModel};
use crate::Error;

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
/// dB that twice the bits for the same network gain, as a first guess and at least and at most.
const FINER: (f64, std::ops::RangeInclusive<f64>) = (3.0, 1.0..=20.0);
/// How often each tensor may be rounded more coarsely for that, by an eighth of an octave.
const TRIMS: usize = 4;
/// How far the bits for a network may be from what it was made for.
const STRETCH: std::ops::RangeInclusive<f64> = 0.7..=1.5;
/// The most of each to try.
const LOOKS: usize = 5;
const DRAFTS: usize = 5;
const ROUNDINGS: usize = 5;

/// The smallest file found whose PSNR is that of `target` or better; `profile` bytes of it are the colour profile.
///
/// # Errors
/// [`Error::Unreachable`] if there is none, and what fitting may give.
pub(super) fn search(
    settings: &Settings,
    job: Job<'_>,
    target: Target,
    profile: u64,
    meter: &mut Meter<'_>,
) -> Result<Candidate, Error> {
    let mut found = Found::new(target.psnr());
    let most = target.most(job.source);
    if let Some(plain) = plain::best(settings, job, most as u64 + profile)? {
        let enough = plain.quality >= found.asked;
        found.see(plain);
        if enough {
            return found.end(target);
        }
    }
    let (mut bytes, slope) = look(settings, job, target, profile, meter)?;
    // What comes next is measured otherwise: only the slope still holds.
    let mut line = Line::new((slope, SLOPE.1), LEAST_BYTES..=most);
    for _ in 0..DRAFTS {
        let plan = settings.plan_for(job.source, bytes as u64 + profile, profile)?;
        let draft = TrainedModel::new(job, plan, meter)?;
        let psnr = rounds(&draft, bytes, profile, most, &mut found, meter)?;
        if found.done || draft.stopped() {
            break;
        }
        let next = line.next(bytes, psnr, found.aim());
        if next == bytes {
            break;
        }
        bytes = next;
    }
    found.end(target)
}

/// Bytes of the file to begin with, and the dB that one of twice the size gains, as short fits tell.
fn look(
    settings: &Settings,
    job: Job<'_>,
    target: Target,
    profile: u64,
    meter: &mut Meter<'_>,
) -> Result<(f64, f64), Error> {
    let (asked, most) = (target.psnr(), target.most(job.source));
    let mut line = Line::new(SLOPE, LEAST_BYTES..=most);
    let mut bytes = (Size::Reach(target).bytes(job.source) as f64).clamp(LEAST_BYTES, most);
    for _ in 0..LOOKS {
        let plan = settings.plan_for(job.source, bytes as u64 + profile, profile)?;
        let steps = plan.steps();
        let look = TrainedModel::new(job, plan.shortened(LOOK_STEPS), meter)?;
        if look.stopped() {
            break;
        }
        let doublings = f64::from(steps) / f64::from(LOOK_STEPS);
        let psnr = look.psnr() + GAIN * doublings.max(1.0).log2() - LOSS;
        let next = line.next(bytes, psnr, asked);
        if (psnr - asked).abs() < 3.0 * NEAR || next == bytes {
            break;
        }
        bytes = next;
    }
    Ok((bytes, line.slope))
}

/// Rounds `draft`, made for a file of `bytes` bytes, into files of sizes around that, until one is as asked. Returns
/// the PSNR of the first.
fn rounds(
    draft: &TrainedModel<'_>,
    bytes: f64,
    profile: u64,
    most: f64,
    found: &mut Found,
    meter: &mut Meter<'_>,
) -> Result<f64, Error> {
    let sizes = bytes * STRETCH.start()..=(bytes * STRETCH.end()).min(most);
    let mut finer = Line::new(FINER, sizes);
    let mut size = bytes;
    let mut first = None;
    for _ in 0..ROUNDINGS {
        let (mut fitted, mut candidate) = match draft.best(size as u64 + profile, meter) {
            // A network too large for so few bytes.
            Err(Error::Parameter { .. }) if found.best.is_some() => break,
            best => best?,
        };
        let psnr = candidate.quality;
        first.get_or_insert(psnr);
        let excess = psnr - found.aim();
        if (NEAR..TRIM).contains(&excess) && !candidate.stopped {
            candidate = trim(&mut fitted, candidate, found.aim())?;
        }
        let smallest = size <= LEAST_BYTES && psnr > found.asked;
        found.done = candidate.stopped || smallest || found.is_near(&candidate);
        found.see(candidate);
        let next = finer.next(size, psnr, found.aim());
        if found.done || next == size || found.asked > draft.psnr() + NEAR {
            break;
        }
        size = next;
    }
    Ok(first.unwrap_or(0.0))
}

/// The files seen so far.
struct Found {
    /// The PSNR asked for.
    asked: f64,
    /// The smallest that has it.
    enough: Option<Candidate>,
    /// The best of the others.
    best: Option<Candidate>,
    /// Whether no better is looked for.
    done: bool,
}

impl Found {
    fn new(asked: f64) -> Self {
        Self {
            asked,
            enough: None,
            best: None,
            done: false,
        }
    }

    /// What to aim at: as far above what was asked for as a file may be off.
    fn aim(&self) -> f64 {
        self.asked + NEAR
    }

    fn is_near(&self, candidate: &Candidate) -> bool {
        (candidate.quality - self.aim()).abs() <= NEAR
    }

    fn see(&mut self, candidate: Candidate) {
        if candidate.quality < self.asked {
            Candidate::keep(&mut self.best, candidate);
            return;
        }
        let smaller = |enough: &Candidate| candidate.bytes.len() < enough.bytes.len();
        if self.enough.as_ref().is_none_or(smaller) {
            self.enough = Some(candidate);
        }
    }

    /// The file of the search.
    fn end(self, target: Target) -> Result<Candidate, Error> {
        let stopped = |best: &Candidate| best.stopped;
        match (self.enough, self.best, target) {
            (Some(enough), ..) => Ok(enough),
            (None, None, _) => Err(Error::Stopped),
            (None, Some(best), Target::Psnr(asked)) if !stopped(&best) => Err(Error::Unreachable {
                asked,
                nearest: best.quality,
                bytes: best.bytes.len() as u64,
            }),
            (None, Some(best), _) => Ok(best),
        }
    }
}

/// A file of about the quality `asked`, made of one that is better by rounding some tensors again, more coarsely
/// and without fitting on; `candidate` if there is none.
fn trim(
    fitted: &mut QuantizedModel<'_>,
    candidate: Candidate,
    asked: f64,
) -> Result<Candidate, Error> {
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
