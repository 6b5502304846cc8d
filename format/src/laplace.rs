//! The probabilities of latents: a Laplace distribution around any mean in whole numbers of 1/65,536 (SPEC 5.4.4).
//!
//! A latent is a Laplace number rounded to an integer. The context network says its mean in units of 1/64 and the
//! binary logarithm of its scale, also in units of 1/64. The tail of the distribution is a power of two whose exponent
//! is a product of integers, so every machine finds the same probabilities.

use core::borrow::Borrow;
use core::num::NonZeroU32;

use constriction::stream::model::{DecoderModel, EncoderModel, EntropyModel};

use crate::gaussian::PRECISION;

/// Means and logarithms of scales count 1/64.
pub(crate) const UNIT: i32 = 64;
/// The smallest and the largest logarithm of a scale: 2^-4 and 2^8.
pub(crate) const SCALES: core::ops::RangeInclusive<i32> = -4 * UNIT..=8 * UNIT;

/// The probability of certainty.
const ONE: u32 = 1 << PRECISION;

/// Entry i: 2^(-i / 256) in units of 2^-30, rounded to the nearest.
const POWERS: [u32; 257] = powers();

/// Squares of square roots: 2^(-1/256) by eight square roots of 1/2, then products in 64 bits.
const fn powers() -> [u32; 257] {
    // 2^(-2^-b) for b from 1 to 8, in units of 2^-62.
    let mut roots = [0_u64; 9];
    roots[0] = 1 << 61;
    let mut bit = 1;
    while bit <= 8 {
        roots[bit] = root(roots[bit - 1]);
        bit += 1;
    }
    let mut table = [0; 257];
    let mut i = 0;
    while i < 256 {
        let mut value = 1_u64 << 62;
        let mut bit = 1;
        while bit <= 8 {
            if i >> (8 - bit) & 1 == 1 {
                value = ((value as u128 * roots[bit] as u128) >> 62) as u64;
            }
            bit += 1;
        }
        table[i] = ((value + (1 << 31)) >> 32) as u32;
        i += 1;
    }
    table[256] = 1 << 29;
    table
}

/// The square root of a number from 0 to 1 in units of 2^-62.
const fn root(value: u64) -> u64 {
    let square = (value as u128) << 62;
    let (mut low, mut high) = (0_u64, 1_u64 << 62);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if middle as u128 * middle as u128 <= square {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// 65,536 times 2^(-`exponent` / 65,536) / 2, rounded down: at most 32,768.
fn half_power(exponent: u64) -> u32 {
    let octaves = exponent >> 16;
    if octaves > 15 {
        return 0;
    }
    let (index, rest) = ((exponent >> 8 & 255) as usize, (exponent & 255) as u32);
    let (above, below) = (POWERS[index], POWERS[index + 1]);
    // Between two entries as on a line.
    let power = above - ((u64::from(above - below) * u64::from(rest)) >> 8) as u32;
    power >> (15 + octaves)
}

/// 2^(-`units` / 64) in units of 2^-16, rounded down; `units` is at most 1,023.
pub(crate) fn octaves_below(units: u16) -> u64 {
    let (octaves, part) = (units / 64, usize::from(units % 64));
    u64::from(POWERS[4 * part] >> (14 + octaves))
}

/// A rounded Laplace distribution, over the integers from `first` to `last`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuantizedLaplace {
    /// In units of 1/64.
    mean: i32,
    /// log2(e) divided by the scale, in units of 2^-16.
    steepness: u32,
    /// The outermost symbols; each stands for itself and everything beyond.
    pub(crate) first: i32,
    pub(crate) last: i32,
    /// Order of the Golomb code of what is beyond.
    pub(crate) order: u32,
    /// Where the symbol at the mean begins, and where the next one does: most latents are that symbol.
    centre: [u32; 2],
}

impl QuantizedLaplace {
    /// The distribution of a mean in units of 1/64, and of the binary logarithm of a scale in the same units, which is
    /// limited to [`SCALES`].
    pub(crate) fn new(mean: i32, scale: i32) -> Self {
        /// log2(e) in units of 2^-16.
        const LOG2_E: u64 = 94_548;
        let scale = scale.clamp(*SCALES.start(), *SCALES.end());
        let (octave, part) = (scale.div_euclid(UNIT), scale.rem_euclid(UNIT));
        // 2^(-part / 64), in units of 2^-30.
        let power = u64::from(POWERS[4 * part as usize]);
        let steepness = (LOG2_E * power) >> (30 + octave);
        let reach = 4_i32 << (octave + 2).clamp(0, 7);
        let centre = (mean + UNIT / 2).div_euclid(UNIT);
        let mut all = Self {
            mean,
            steepness: steepness as u32,
            first: centre - reach,
            last: centre + reach,
            order: (octave + 1).max(0) as u32,
            centre: [0; 2],
        };
        all.centre = [all.start(centre), all.start(centre + 1)];
        all
    }

    /// The number below `ONE` at which `symbol`, or the first beyond the last one, begins. Every symbol has a width of
    /// at least one.
    fn start(&self, symbol: i32) -> u32 {
        if symbol <= self.first {
            return 0;
        }
        if symbol > self.last {
            return ONE;
        }
        let edge = symbol * UNIT - UNIT / 2 - self.mean;
        let exponent = u64::from(edge.unsigned_abs()) * u64::from(self.steepness) / UNIT as u64;
        let tail = half_power(exponent);
        let below = if edge < 0 { tail } else { ONE - tail };
        let index = (symbol - self.first) as u32;
        let symbols = (self.last - self.first + 1) as u32;
        ((u64::from(below) * u64::from(ONE - symbols)) >> PRECISION) as u32 + index
    }

    /// The symbol that has the number `quantile`, where it begins, and where the next one does.
    fn find(&self, quantile: u32) -> (i32, [u32; 2]) {
        let centre = (self.first + self.last) / 2;
        let [begin, end] = self.centre;
        if (begin..end).contains(&quantile) {
            return (centre, self.centre);
        }
        // The last symbol that is known to begin in time, and the first that is known to begin too late.
        let mut bounds = [(self.first, 0), (self.last + 1, ONE)];
        let late = |symbol: i32, bounds: &mut [(i32, u32); 2]| {
            let start = self.start(symbol);
            let late = start > quantile;
            bounds[usize::from(late)] = (symbol, start);
            late
        };
        // Most symbols are near the mean: go from there in growing strides, until one goes too far.
        let down = late(centre, &mut bounds);
        let mut stride = if down { -1 } else { 1 };
        let mut at = centre + stride;
        while bounds[0].0 < at && at < bounds[1].0 && late(at, &mut bounds) == down {
            at += stride;
            stride *= 2;
        }
        // Then halve what is left.
        while bounds[1].0 - bounds[0].0 > 1 {
            late((bounds[0].0 + bounds[1].0).div_euclid(2), &mut bounds);
        }
        let [(symbol, start), (_, end)] = bounds;
        (symbol, [start, end])
    }
}

impl EntropyModel<PRECISION> for QuantizedLaplace {
    type Symbol = i32;
    type Probability = u32;
}

impl EncoderModel<PRECISION> for QuantizedLaplace {
    fn left_cumulative_and_probability(
        &self,
        symbol: impl Borrow<i32>,
    ) -> Option<(u32, NonZeroU32)> {
        let symbol = *symbol.borrow();
        if !(self.first..=self.last).contains(&symbol) {
            return None;
        }
        let start = self.start(symbol);
        Some((start, NonZeroU32::new(self.start(symbol + 1) - start)?))
    }
}

impl DecoderModel<PRECISION> for QuantizedLaplace {
    fn quantile_function(&self, quantile: u32) -> (i32, u32, NonZeroU32) {
        let (symbol, [start, end]) = self.find(quantile);
        // Every symbol has a width of at least one.
        let width = NonZeroU32::new(end - start).unwrap_or(NonZeroU32::MIN);
        (symbol, start, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> impl Iterator<Item = QuantizedLaplace> {
        let means = (-300..300).step_by(7).chain([-8192, 8191, 5000]);
        means.flat_map(|mean| {
            let scales = SCALES.step_by(13).chain([-1000, 1000]);
            scales.map(move |scale| QuantizedLaplace::new(mean, scale))
        })
    }

    #[test]
    fn widths_are_positive_and_add_up() {
        for model in models() {
            let mut at = 0;
            for symbol in model.first..=model.last {
                let (start, width) = model
                    .left_cumulative_and_probability(symbol)
                    .unwrap_or_else(|| panic!("{model:?}: {symbol}"));
                assert_eq!(start, at, "{model:?}: {symbol}");
                for quantile in [start, start + width.get() - 1] {
                    assert_eq!(model.quantile_function(quantile), (symbol, start, width));
                }
                at += width.get();
            }
            assert_eq!(at, ONE, "{model:?}");
        }
    }

    /// The table is what SPEC 5.4.4 says. None of the exact numbers is so near a half that it matters how they are
    /// found.
    #[test]
    fn powers_are_those_of_two() {
        for (index, &power) in POWERS.iter().enumerate() {
            let exact = (-(index as f64) / 256.0).exp2() * f64::from(1 << 30);
            assert_eq!(f64::from(power), exact.round(), "{index}");
            assert!((exact.fract() - 0.5).abs() > 1e-4, "{index}: {exact}");
        }
    }

    /// The widths are those of the distribution, but for the least that each has.
    #[test]
    fn widths_are_those_of_a_laplace_distribution() {
        for (mean, scale) in [(0, 0), (20, -64), (-1000, 200), (33, 448), (5, -256)] {
            let model = QuantizedLaplace::new(mean, scale);
            let (mean, scale) = (f64::from(mean) / 64.0, (f64::from(scale) / 64.0).exp2());
            let below = |x: f64| {
                let tail = 0.5 * (-(x - mean).abs() / scale).exp();
                if x < mean { tail } else { 1.0 - tail }
            };
            let symbols = f64::from(model.last - model.first + 1);
            for symbol in model.first + 1..model.last {
                let x = f64::from(symbol);
                let width = (below(x + 0.5) - below(x - 0.5)) * (65_536.0 - symbols) + 1.0;
                let (_, found) = model
                    .left_cumulative_and_probability(symbol)
                    .expect("inside");
                assert!(
                    (f64::from(found.get()) - width).abs() <= 3.0,
                    "{symbol}: {found} {width}"
                );
            }
        }
    }
}
