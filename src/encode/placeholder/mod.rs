//! Placeholders of pictures: a few dozen bytes, in a few milliseconds (SPEC 11).
//!
//! Weights of orthonormal functions need no fit: each is the mean of the picture times its function. What is left is to
//! choose levels. Each is that of the smallest error plus lambda times its bits, one after another, as the prior
//! expects later ones by those before. The size of the steps and lambda follow from the bytes that there are.

mod weights;

use crate::{Error, Picture};
use siren_format::{BIT, Choice, PLACEHOLDER_MAX, PLACEHOLDER_STEP_MAX, Placeholder, Prior};
use std::borrow::Cow;
use weights::Weights;

/// The bytes of a placeholder unless others are asked for.
pub const PLACEHOLDER_BYTES: usize = 32;
/// The fewest bytes that can be asked for.
const LEAST: usize = 16;
/// Pictures are first made as small as this along the longer side, by means over areas.
const SIDE: u32 = 128;
/// The most frequencies along a side.
const FREQUENCIES: usize = 64;
/// What a bit is worth in squared steps where nothing calls for more or less: between theory (0.12 at high rates) and
/// what the lowest rates prefer.
const USUAL: f64 = 0.16;
/// The range of what a bit may be worth, and how often it is halved.
const LAMBDAS: [f64; 2] = [0.05, 0.8];
const HALVINGS: u32 = 7;
/// How many lambdas below the one found are tried, and how far apart in their logarithm: each level changes what the
/// prior expects of others, so that bits do not quite rise as lambda falls.
const TRIED: u32 = 6;
const APART: f64 = 0.006;
/// So much that hardly any level but 0 is worth its bits.
const MOST: f64 = 1e9;

/// Levels that were chosen under one lambda.
struct Trial {
    placeholder: Placeholder,
    /// What they cost, in units of [`BIT`].
    bits: u64,
    /// The sum of squared errors of weights.
    error: f64,
}

/// Encodes pictures as placeholders.
///
/// ```
/// use sirenc::{Picture, PlaceholderDecoder, PlaceholderEncoder, Samples};
///
/// # fn main() -> Result<(), sirenc::Error> {
/// let gradient = (0..48u32 * 32).flat_map(|i| [i % 48 * 5, i / 48 * 7, 128].map(|v| v as u8)).collect();
/// let picture = Picture::new(48, 32, 3, Samples::U8(gradient))?;
///
/// let bytes = PlaceholderEncoder::new().with_bytes(24)?.encode(&picture)?;
/// assert!(bytes.len() <= 24);
///
/// let decoder = PlaceholderDecoder::new(&bytes)?;
/// assert_eq!(decoder.size_within(96), (96, 64));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PlaceholderEncoder {
    bytes: usize,
    prior: Cow<'static, Prior>,
}

impl Default for PlaceholderEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl PlaceholderEncoder {
    /// An encoder of placeholders of at most 32 bytes.
    pub fn new() -> Self {
        Self {
            bytes: PLACEHOLDER_BYTES,
            prior: Cow::Borrowed(Prior::shipped()),
        }
    }

    /// Sets the number of bytes that a placeholder has at most, from 16 to 200.
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other number.
    pub fn with_bytes(mut self, bytes: usize) -> Result<Self, Error> {
        if !(LEAST..=PLACEHOLDER_MAX).contains(&bytes) {
            return Err(Error::parameter(
                "the size of a placeholder",
                bytes,
                "16 to 200 bytes",
            ));
        }
        self.bytes = bytes;
        Ok(self)
    }

    /// Codes under another prior than the one that ships, which is for those who train one: no decoder reads it.
    #[must_use]
    pub fn with_prior(mut self, prior: Prior) -> Self {
        self.prior = Cow::Owned(prior);
        self
    }

    /// The bytes of the best placeholder found.
    ///
    /// # Errors
    /// [`Error::Parameter`] if one side of the picture is more than 250 times as long as the other.
    pub fn encode(&self, picture: &Picture) -> Result<Vec<u8>, Error> {
        let weights = Weights::of(picture)?;
        let mut room = 8 * BIT * self.bytes as u64;
        loop {
            let best = self.best(&weights, room)?;
            let bytes = best.to_bytes(&self.prior)?;
            if bytes.len() <= self.bytes {
                return Ok(bytes);
            }
            // What was counted is nearly what the coder writes.
            room = room.saturating_sub(BIT / 4);
        }
    }

    /// The placeholder of steps with the code `step`, at `lambda` squared steps a bit, whatever its bytes.
    ///
    /// # Errors
    /// As those of [`PlaceholderEncoder::encode`], and [`Error::Format`] if the step code is above 31.
    pub fn quantised(
        &self,
        picture: &Picture,
        step: u8,
        lambda: f64,
    ) -> Result<Placeholder, Error> {
        Ok(self
            .trial(&Weights::of(picture)?, step, lambda)?
            .placeholder)
    }

    /// The trial of the least error among those that take at most `room` units of bits.
    fn best(&self, weights: &Weights, room: u64) -> Result<Placeholder, Error> {
        // The finest steps that the room allows at a usual lambda, and from there on what lambda they need.
        let (mut low, mut high) = (0, PLACEHOLDER_STEP_MAX + 1);
        while low < high {
            let middle = low.midpoint(high);
            if self.trial(weights, middle, USUAL)?.bits <= room {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut best: Option<Trial> = None;
        for step in low.saturating_sub(2)..=low.min(PLACEHOLDER_STEP_MAX) {
            let found = self.filling(weights, step, room)?;
            let better =
                found.filter(|found| best.as_ref().is_none_or(|best| found.error < best.error));
            best = better.or(best);
        }
        match best {
            Some(best) => Ok(best.placeholder),
            // Nothing but the mean of a picture fits everywhere.
            None => Ok(self.trial(weights, 0, MOST)?.placeholder),
        }
    }

    /// The trial of these steps with the smallest error that the room allows.
    fn filling(&self, weights: &Weights, step: u8, room: u64) -> Result<Option<Trial>, Error> {
        let [mut low, mut high] = LAMBDAS.map(f64::ln);
        let mut best: Option<Trial> = None;
        let mut fits = |lambda: f64| {
            let trial = self.trial(weights, step, lambda.exp())?;
            let fits = trial.bits <= room;
            if fits && best.as_ref().is_none_or(|best| trial.error < best.error) {
                best = Some(trial);
            }
            Ok::<_, Error>(fits)
        };
        for _ in 0..HALVINGS {
            let middle = low.midpoint(high);
            if fits(middle)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        for index in 1..=TRIED {
            fits(high - f64::from(index) * APART)?;
        }
        Ok(best)
    }

    fn trial(&self, weights: &Weights, step: u8, lambda: f64) -> Result<Trial, Error> {
        let scale = (f64::from(step) / 4.0).exp2();
        // In squared steps.
        let mut error = scale * scale * weights.energy;
        let choose = |choice: &Choice<'_>| {
            let [k, l] = [choice.frequency.k, choice.frequency.l].map(usize::from);
            let exact = scale * weights.of_channel(choice.channel)[l * FREQUENCIES + k];
            let nearest = exact.round();
            let cost = |level: f64| {
                let rate = choice.cost(level as i16) as f64 / BIT as f64;
                (exact - level).powi(2) + lambda * rate
            };
            let mut level = nearest;
            if nearest != 0.0 {
                let mut least = cost(nearest);
                for other in [nearest - nearest.signum(), 0.0] {
                    let cost = cost(other);
                    if cost < least {
                        (level, least) = (other, cost);
                    }
                }
            }
            error += (exact - level).powi(2) - exact.powi(2);
            level as i16
        };
        let (placeholder, bits) =
            Placeholder::chosen(&self.prior, weights.aspect, step, weights.channels, choose)?;
        Ok(Trial {
            placeholder,
            bits,
            error: error / (scale * scale),
        })
    }
}
