//! The size of a file, or its quality: lambda follows what is asked for.

use super::fit::LatentFit;
use super::plan::Aim;

/// How fast lambda follows what is asked for, and when: not before most of what is superfluous is gone (or an eighth of a
/// short fit), and not when latents hardly move any more. In the first steps, when bits swing, it follows more slowly.
const CONTROL: f64 = 40.0;
const SWINGING: u32 = 90;
/// Bits need some steps to follow lambda, however short a fit is: it is controlled as if it had this number more.
const SLOWER: u32 = 100;
const CONTROLLED: std::ops::Range<f32> = 0.15..0.95;
/// Steps after which bits are no longer those of the start.
const SETTLED: u32 = 40;
/// The same in each step while latents are rounded, when the bits are those of the file.
const LAST_CONTROL: f64 = 0.1;
/// The share of bits that the rest of a fit saves, at its beginning.
const SHRINKING: f64 = 0.1;
/// The share of the bits that is aimed at, since what is above them is cut off at a high price.
const SPARE: f64 = 0.985;
/// The same once latents are rounded, when the bits of all else are known.
const SPARE_ROUNDED: f64 = 0.997;
/// The share of a fit for which the trend of bits is taken to go on. Lambda acts on bits with a delay: without this, it
/// would swing.
const AHEAD: f64 = 0.1;
/// How fast the trend of bits is learnt.
const TREND: f64 = 0.1;

/// The share of the bits that the last steps of a fit begin with at least, and a factor of lambda that makes steps of
/// rounding an eighth of an octave finer, with how often it is taken.
const FILLED: f64 = 0.95;
const STEP: f64 = 1.19;
const STEPS: usize = 24;

impl LatentFit<'_> {
    /// Whether lambda follows what is asked for in this step.
    pub(super) fn follows(&self) -> bool {
        self.step >= self.last()
            || self.step >= SETTLED.min(self.plan.steps / 8)
                && CONTROLLED.contains(&self.progress())
    }

    /// Rounds latents in finer steps for as long as they take fewer bits than are left for them: lambda has had no time for
    /// that in short fits.
    pub(super) fn fill(&mut self) {
        let Some(left) = self.latent_bits() else {
            return;
        };
        self.count_bits();
        for _ in 0..STEPS {
            if self.bits > FILLED * left {
                return;
            }
            self.lambda /= STEP;
            self.resize(self.plan.lambda / STEP);
            self.round();
            self.count_bits();
        }
    }

    /// Bits that are left for latents, where bytes are given.
    fn latent_bits(&self) -> Option<f64> {
        match self.network_bits {
            Some(bits) => self.plan.bits_beside(bits),
            None => self.plan.latent_bits(),
        }
    }

    /// Has lambda follow what is asked for.
    pub(super) fn follow(&mut self) {
        if self.before > 0.0 && self.step != self.last() {
            self.trend += TREND * ((self.bits / self.before).ln() - self.trend);
        }
        self.before = self.bits;
        if !self.follows() {
            return;
        }
        let rounded = self.step >= self.last();
        let excess = match (self.plan.aim, self.latent_bits()) {
            (Aim::Psnr(psnr), _) => {
                // A fit gets better to its end.
                let asked = (-psnr / 10.0 * 10.0_f64.ln()).exp();
                (asked / self.error).ln()
            }
            (Aim::Bytes(_), Some(bits)) => {
                let to_come = 1.0 - SHRINKING * f64::from(1.0 - self.progress());
                let share = if rounded { 1.0 } else { self.share };
                let ahead = AHEAD * f64::from(self.plan.steps + SLOWER) * self.trend;
                let bits = if rounded { SPARE_ROUNDED } else { SPARE } * bits;
                (self.bits * share * to_come / bits).ln() + ahead
            }
            (Aim::Bytes(_), None) => 0.0,
        };
        let gain = if rounded {
            LAST_CONTROL
        } else {
            let swinging = SWINGING.min(self.last()).max(1);
            CONTROL * f64::from(self.step.min(swinging))
                / f64::from(swinging * (self.plan.steps + SLOWER))
        };
        self.lambda *= (gain * excess.clamp(-1.0, 1.0)).exp();
    }
}
