//! The probabilities of levels: a Gaussian around zero in whole numbers of 1/65,536 (SPEC 5.3.2).
//!
//! A level is a Gaussian number rounded to an integer, so its probability is a difference of two values of
//! the Gaussian's distribution function. Scales are a quarter octave apart, which costs 0.004 bits a level
//! on average, and halving the scale doubles the argument at which a level ends. Four tables, one a quarter,
//! therefore hold every value that any scale needs, and nothing is interpolated. Above a standard deviation
//! of 8 only the upper bits of a level are modelled and its lower ones are as good as random: 0.002 bits.
//!
//! The tables end at four standard deviations, where 1 or 2 of 65,536 levels are left on either side. Those
//! are escapes, so a level of any size costs no more than a few dozen bits under any scale.

use core::borrow::Borrow;
use core::num::NonZeroU32;

use constriction::stream::model::{DecoderModel, EncoderModel, EntropyModel};

/// Probabilities are multiples of 2^-16.
pub(crate) const PRECISION: usize = 16;
/// The probability of certainty.
const ONE: u32 = 1 << PRECISION;

/// The largest scale code: a standard deviation of 2^18.75.
pub(crate) const SCALE_MAX: u8 = 87;

/// Octave of scale codes from which a level has lower bits: standard deviations of 4 to 8.
const WIDEST: u8 = 5;

/// Entry x of row m: the probability that a Gaussian number of standard deviation 8 * 2^(m/4) exceeds x, in
/// units of 2^-16, rounded to the nearest; up to four standard deviations.
const TAILS: [&[u16]; 4] = [
    &[
        32768, 29508, 26299, 23189, 20220, 17432, 14852, 12503, 10398, 8539, 6924, 5542, 4378,
        3413, 2625, 1992, 1491, 1101, 801, 575, 407, 284, 195, 132, 88, 58, 38, 24, 15, 9, 6, 3, 2,
    ],
    &[
        32768, 30025, 27312, 24658, 22091, 19634, 17310, 15134, 13121, 11277, 9608, 8113, 6789,
        5629, 4625, 3764, 3035, 2423, 1917, 1501, 1164, 894, 680, 512, 382, 282, 206, 149, 106, 75,
        53, 37, 25, 17, 12, 8, 5, 3, 2,
    ],
    &[
        32768, 30460, 28170, 25916, 23713, 21579, 19526, 17567, 15712, 13970, 12346, 10843, 9465,
        8210, 7075, 6059, 5154, 4356, 3657, 3050, 2526, 2079, 1698, 1378, 1111, 889, 706, 557, 437,
        340, 262, 201, 153, 116, 87, 65, 48, 35, 26, 19, 13, 10, 7, 5, 3, 2,
    ],
    &[
        32768, 30827, 28896, 26986, 25108, 23271, 21484, 19755, 18091, 16500, 14986, 13553, 12204,
        10942, 9768, 8680, 7679, 6763, 5929, 5174, 4494, 3885, 3343, 2863, 2440, 2069, 1747, 1467,
        1226, 1020, 844, 695, 570, 465, 377, 304, 244, 195, 155, 123, 97, 76, 59, 46, 35, 27, 21,
        16, 12, 9, 7, 5, 4, 3,
    ],
];

/// A rounded Gaussian of one scale, over the integers `-end` to `end`.
#[derive(Clone, Copy)]
pub(crate) struct QuantizedGaussian {
    /// A row of [`TAILS`].
    tails: &'static [u16],
    /// Distance in the row of half an integer.
    stride: usize,
    /// The outermost symbol; it stands for itself and everything beyond.
    pub(crate) end: i32,
    /// Lower bits of a level, not part of the symbol: 0 to 16.
    pub(crate) low: u32,
}

impl QuantizedGaussian {
    /// The model of a scale code s, 1 to [`SCALE_MAX`]: standard deviation 2^(s/4) / 8.
    pub(crate) fn new(scale: u8) -> Self {
        let tails = TAILS[usize::from(scale % 4)];
        let octave = scale.min(SCALE_MAX) / 4;
        let stride = 1 << WIDEST.saturating_sub(octave);
        Self {
            tails,
            stride,
            end: ((tails.len() - 1) / stride).div_ceil(2) as i32,
            low: octave.saturating_sub(WIDEST).into(),
        }
    }

    /// Probability of a symbol of at least `size`, which is 1 or more; none beyond `end`.
    fn tail(&self, size: usize) -> u32 {
        self.tails
            .get((2 * size - 1) * self.stride)
            .map_or(0, |&tail| tail.into())
    }

    /// Probability of a size of at least `size`, from 0; none beyond `end`.
    fn sizes(&self, size: usize) -> u32 {
        if size == 0 { ONE } else { 2 * self.tail(size) }
    }

    /// First number below `ONE` of a symbol, and how many it has.
    fn interval(&self, symbol: i32) -> (u32, Option<NonZeroU32>) {
        if symbol == 0 {
            let side = self.tail(1);
            return (side, NonZeroU32::new(ONE - 2 * side));
        }
        let size = symbol.unsigned_abs() as usize;
        let (outer, tail) = (self.tail(size + 1), self.tail(size));
        let start = if symbol < 0 { outer } else { ONE - tail };
        (start, NonZeroU32::new(tail - outer))
    }
}

/// Symbols that ascend from 0: the probabilities that all which remain are larger than a size (SPEC 5.3.5).
///
/// Each of `count` symbols of at least `size` is larger with the probability r = P(size + 1) / P(size), so all of them are
/// with r^count. Powers are kept while the size stays the same: without them a file of a few bytes could ask for hundreds of
/// multiplications a symbol.
pub(crate) struct Ascent {
    bell: QuantizedGaussian,
    size: i32,
    ratio: u64,
    /// r^0, r^1 and so on in units of 2^-32, as far as they were needed, or until they are 0.
    powers: Vec<u64>,
}

impl Ascent {
    pub(crate) fn new(bell: QuantizedGaussian) -> Self {
        let mut ascent = Self {
            bell,
            size: 0,
            ratio: 0,
            powers: Vec::new(),
        };
        ascent.turn(0);
        ascent
    }

    /// Goes on to the powers for another size.
    fn turn(&mut self, size: i32) {
        let at = size.unsigned_abs() as usize;
        self.size = size;
        self.ratio = (u64::from(self.bell.sizes(at + 1)) << 32) / u64::from(self.bell.sizes(at));
        self.powers.clear();
        self.powers.push(1 << 32);
    }

    /// Whether all of `count` symbols of at least `size` are larger than that; at the end of the bell none is.
    pub(crate) fn all_larger(&mut self, size: i32, count: usize) -> Flag {
        if size != self.size {
            self.turn(size);
        }
        while let Some(&last) = self.powers.last()
            && last > 0
            && self.powers.len() <= count
        {
            self.powers.push((last * self.ratio) >> 32);
        }
        let power = self.powers.get(count).copied().unwrap_or(0);
        Flag::new((power >> 16) as u32)
    }
}

impl EntropyModel<PRECISION> for QuantizedGaussian {
    type Symbol = i32;
    type Probability = u32;
}

impl EncoderModel<PRECISION> for QuantizedGaussian {
    fn left_cumulative_and_probability(
        &self,
        symbol: impl Borrow<i32>,
    ) -> Option<(u32, NonZeroU32)> {
        let (start, width) = self.interval(*symbol.borrow());
        Some((start, width?))
    }
}

impl DecoderModel<PRECISION> for QuantizedGaussian {
    fn quantile_function(&self, quantile: u32) -> (i32, u32, NonZeroU32) {
        // The distribution is symmetric: count from the nearer end.
        let negative = quantile < ONE / 2;
        let from_end = if negative {
            quantile
        } else {
            ONE - 1 - quantile
        };
        let mut size = 0;
        while from_end < self.tail(size + 1) {
            size += 1;
        }
        let symbol = if negative {
            -(size as i32)
        } else {
            size as i32
        };
        let (start, width) = self.interval(symbol);
        // No interval is empty: every other entry of a row is smaller than the one before.
        (symbol, start, width.unwrap_or(NonZeroU32::MIN))
    }
}

/// A number of random bits, at most 16, as one symbol.
#[derive(Clone, Copy)]
pub(crate) struct Even(pub(crate) u32);

impl EntropyModel<PRECISION> for Even {
    type Symbol = u32;
    type Probability = u32;
}

impl EncoderModel<PRECISION> for Even {
    fn left_cumulative_and_probability(
        &self,
        symbol: impl Borrow<u32>,
    ) -> Option<(u32, NonZeroU32)> {
        let width = ONE >> self.0;
        Some((symbol.borrow() * width, NonZeroU32::new(width)?))
    }
}

impl DecoderModel<PRECISION> for Even {
    fn quantile_function(&self, quantile: u32) -> (u32, u32, NonZeroU32) {
        let width = NonZeroU32::new(ONE >> self.0).unwrap_or(NonZeroU32::MIN);
        let symbol = quantile / width;
        (symbol, symbol * width.get(), width)
    }
}

/// Yes or no, neither of them certain.
#[derive(Clone, Copy)]
pub(crate) struct Flag {
    /// Probability of yes.
    yes: u32,
}

impl Flag {
    fn new(yes: u32) -> Self {
        Self {
            yes: yes.clamp(1, ONE - 1),
        }
    }

    /// First number below `ONE` of an answer, and how many it has.
    fn interval(self, answer: bool) -> (u32, Option<NonZeroU32>) {
        if answer {
            (0, NonZeroU32::new(self.yes))
        } else {
            (self.yes, NonZeroU32::new(ONE - self.yes))
        }
    }
}

impl EntropyModel<PRECISION> for Flag {
    type Symbol = bool;
    type Probability = u32;
}

impl EncoderModel<PRECISION> for Flag {
    fn left_cumulative_and_probability(
        &self,
        symbol: impl Borrow<bool>,
    ) -> Option<(u32, NonZeroU32)> {
        let (start, width) = self.interval(*symbol.borrow());
        Some((start, width?))
    }
}

impl DecoderModel<PRECISION> for Flag {
    fn quantile_function(&self, quantile: u32) -> (bool, u32, NonZeroU32) {
        let symbol = quantile < self.yes;
        let (start, width) = self.interval(symbol);
        // Neither is certain, so neither width is 0.
        (symbol, start, width.unwrap_or(NonZeroU32::MIN))
    }
}
