//! The entropy coder of the levels, and its twin that only counts (SPEC 5.3.1).
//!
//! Symbols go to a [`Sink`] with the model of their probabilities: to a [`Writer`], a range coder, or to a
//! [`Counter`], which adds up what they would cost. One driver feeds both, so an estimate cannot drift from
//! the file. A [`Reader`] takes the symbols back with the same models in the same order.
//!
//! The coder is that of `constriction` with words of 32 bits. Its output is a number between 0 and 1: any
//! within the interval that the symbols leave. `constriction` ends it with whole words; here it ends with
//! as few bytes as a number of that interval can have, since the decoder's zeros beyond the end are free.

use core::convert::Infallible;
use core::iter::repeat_n;

use constriction::Queue;
use constriction::backends::ReadWords;
use constriction::stream::model::{DecoderModel, EncoderModel};
use constriction::stream::queue::{EncoderSituation, RangeDecoder, RangeEncoder};
use constriction::stream::{Decode as _, Encode as _};

use crate::Fault;
use crate::gaussian::{Even, PRECISION};

/// Bytes in a word.
const WORD: usize = 4;
/// Words in the window through which the coder sees its number.
const WINDOW: usize = 2;

/// The most zeros that a Golomb code begins with: enough for an excess of 2^22.
const ZEROS: u32 = 22;

/// A coder that takes symbols.
pub(crate) trait Sink {
    /// Takes a symbol of this model.
    fn put<M>(&mut self, symbol: M::Symbol, model: M) -> Result<(), Fault>
    where
        M: EncoderModel<PRECISION, Probability = u32>;

    /// Takes the lowest `count` bits of a value, which has no others; 0 to 16.
    fn bits(&mut self, value: u32, count: u32) -> Result<(), Fault> {
        if count == 0 {
            return Ok(());
        }
        self.put(value, Even(count))
    }

    /// Takes a value in an exponential Golomb code, bit by bit.
    fn golomb(&mut self, value: u32, order: u32) -> Result<(), Fault> {
        let high = (value >> order) + 1;
        let width = high.ilog2();
        for _ in 0..width {
            self.bits(0, 1)?;
        }
        for bit in (0..=width).rev() {
            self.bits(high >> bit & 1, 1)?;
        }
        self.bits(value & ((1 << order) - 1), order)
    }

    /// Takes a value of either sign: 0, 1, -1, 2, -2 are 0, 1, 2, 3, 4.
    fn signed(&mut self, value: i32, order: u32) -> Result<(), Fault> {
        let folded = 2 * value.unsigned_abs() - u32::from(value > 0);
        self.golomb(folded, order)
    }
}

/// A range coder.
pub(crate) struct Writer(RangeEncoder<u32, u64>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(RangeEncoder::new())
    }

    /// The shortest sequence of bytes that decodes to what was put.
    pub(crate) fn finish(self) -> Vec<u8> {
        let (mut words, state, situation) = self.0.into_raw_parts();
        let (lower, range) = (u128::from(state.lower()), u128::from(state.range().get()));
        let number = (0..8)
            .map(|bytes| lower.next_multiple_of(1 << (64 - 8 * bytes)))
            .find(|number| number - lower < range)
            .unwrap_or(lower);
        // Words are held back while it is open whether a carry will run through them.
        let carry = (number >> 64) as u32;
        if let EncoderSituation::Inverted(count, first) = situation {
            words.push(first.wrapping_add(carry));
            words.extend(repeat_n(u32::MAX.wrapping_add(carry), count.get() - 1));
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend((number as u64).to_be_bytes());
        let used = bytes.iter().rposition(|&byte| byte != 0);
        bytes.truncate(used.map_or(0, |last| last + 1));
        bytes
    }
}

impl Sink for Writer {
    fn put<M>(&mut self, symbol: M::Symbol, model: M) -> Result<(), Fault>
    where
        M: EncoderModel<PRECISION, Probability = u32>,
    {
        self.0
            .encode_symbol(symbol, model)
            .map_err(|_| Fault::LevelRange)
    }
}

/// Counts what symbols cost, in 1/65,536 bit.
pub(crate) struct Counter(pub(crate) u64);

impl Sink for Counter {
    fn put<M>(&mut self, symbol: M::Symbol, model: M) -> Result<(), Fault>
    where
        M: EncoderModel<PRECISION, Probability = u32>,
    {
        let (_, width) = model
            .left_cumulative_and_probability(symbol)
            .ok_or(Fault::LevelRange)?;
        self.0 += ((PRECISION as u64) << 16) - log2(width.get().into());
        Ok(())
    }
}

/// Entry i: the binary logarithm of 1 + i/256 in units of 2^-16, rounded to the nearest.
const LOG2: [u32; 257] = {
    let mut table = [0; 257];
    let mut i = 0;
    while i <= 256 {
        // Squaring doubles the logarithm, and shows its next bit; the 17th is for rounding.
        let (mut value, mut log, mut bit) = ((256 + i as u64) << 23, 0, 0);
        if i == 256 {
            (value, log) = (1 << 31, 1);
        }
        while bit < 17 {
            value = (value * value) >> 31;
            let set = (value >> 32) as u32;
            log = 2 * log + set;
            value >>= set;
            bit += 1;
        }
        table[i] = log.div_ceil(2);
        i += 1;
    }
    table
};

/// The binary logarithm in units of 2^-16, to within two of them; exact at powers of two, and 0 for 0.
pub(crate) fn log2(value: u64) -> u64 {
    let octave = value.max(1).ilog2();
    let fraction = value << (63 - octave);
    let (index, rest) = ((fraction >> 55) as usize & 255, fraction >> 39 & 0xFFFF);
    let (below, above) = (u64::from(LOG2[index]), u64::from(LOG2[index + 1]));
    (u64::from(octave) << 16) + below + (((above - below) * rest) >> 16)
}

/// A range decoder.
pub(crate) struct Reader<'a>(RangeDecoder<u32, u64, Words<'a>>);

/// The payload in words, most significant byte first, and zeros for ever after.
#[derive(Clone)]
struct Words<'a> {
    payload: &'a [u8],
    read: usize,
}

impl ReadWords<u32, Queue> for Words<'_> {
    type ReadError = Infallible;

    fn read(&mut self) -> Result<Option<u32>, Infallible> {
        let rest = self.payload.get(WORD * self.read..).unwrap_or_default();
        let mut word = [0; WORD];
        word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.read += 1;
        Ok(Some(u32::from_be_bytes(word)))
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        let words = Words { payload, read: 0 };
        let Ok(decoder) = RangeDecoder::with_backend(words);
        Self(decoder)
    }

    /// The next symbol, which was put with the same model.
    pub(crate) fn get<M>(&mut self, model: M) -> Result<M::Symbol, Fault>
    where
        M: DecoderModel<PRECISION, Probability = u32>,
    {
        self.0.decode_symbol(model).map_err(|_| Fault::LevelStream)
    }

    /// Counterpart of [`Sink::bits`].
    pub(crate) fn bits(&mut self, count: u32) -> Result<u32, Fault> {
        if count == 0 {
            return Ok(0);
        }
        self.get(Even(count))
    }

    /// Counterpart of [`Sink::golomb`].
    pub(crate) fn golomb(&mut self, order: u32) -> Result<u32, Fault> {
        let mut width = 0;
        while self.bits(1)? == 0 {
            width += 1;
            if width > ZEROS {
                return Err(Fault::LevelRange);
            }
        }
        let mut high = 1;
        for _ in 0..width {
            high = high << 1 | self.bits(1)?;
        }
        Ok((high - 1) << order | self.bits(order)?)
    }

    /// Counterpart of [`Sink::signed`].
    pub(crate) fn signed(&mut self, order: u32) -> Result<i32, Fault> {
        let folded = self.golomb(order)?;
        let size = folded.div_ceil(2) as i32;
        Ok(if folded % 2 == 1 { size } else { -size })
    }

    /// What the symbols so far have taken, in 1/65,536 bit: what the words that were read have, less what is still open of
    /// the last two.
    pub(crate) fn spent(&self) -> u64 {
        let (Words { read, .. }, state, _) = self.0.clone().into_raw_parts();
        let bits = (8 * WORD * read) as u64;
        (bits << 16) - log2(state.range().get())
    }

    /// Requires that the payload is the one that [`Writer::finish`] writes: among the numbers in the interval that the
    /// symbols leave, the smallest of those with the fewest bytes.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        let (Words { payload, read }, state, point) = self.0.into_raw_parts();
        let Some(&last) = payload.last() else {
            return Ok(());
        };
        let beyond = payload.len() > WORD * read;
        // What the last byte counts in the window; if it lies before it, more than the window holds.
        let inside = payload.len().saturating_sub(WORD * (read - WINDOW));
        let unit = 1_u128 << (64 - 8 * inside.min(8));
        // How far the number is from the start of the interval, and the next with fewer bytes.
        let offset = u128::from(point.wrapping_sub(state.lower()));
        let shorter = offset + (256 - u128::from(last)) * unit;
        let range = u128::from(state.range().get());
        if beyond || last == 0 || offset >= unit || shorter < range {
            return Err(Fault::LevelStream);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::QuantizedGaussian;

    /// Numbers whose digits are one run of 00 or FF are those between which a carry decides, over as many
    /// words as the run has. Whatever symbols they are read as, the same number is written again.
    #[test]
    fn carries_run_through_many_words() {
        for (run, first, last) in [(0x00, 0x40, 0x01), (0xFF, 0x3F, 0xFE), (0x00, 0x01, 0x80)] {
            for length in 1..60 {
                let payload = [&[first][..], &vec![run; length], &[last]].concat();
                let mut reader = Reader::new(&payload);
                let mut writer = Writer::new();
                // Until they take about as many bits as the number has.
                let symbols = payload.len() * 8 / 5;
                let model = QuantizedGaussian::new(40);
                for _ in 0..symbols {
                    let symbol = reader.get(model).expect("a symbol");
                    writer.put(symbol, model).expect("a symbol");
                }
                let written = writer.finish();
                let same = written == payload;
                assert_eq!(reader.finish().is_ok(), same, "{payload:02X?}");
                let mut reader = Reader::new(&payload);
                let mut again = Reader::new(&written);
                for _ in 0..symbols {
                    assert_eq!(reader.get(model), again.get(model));
                }
                assert_eq!(again.finish(), Ok(()));
            }
        }
    }
}
