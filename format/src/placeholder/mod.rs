//! Placeholders: pictures of 16 to 200 bytes, for databases and HTML attributes (SPEC 11).
//!
//! A placeholder is a network with one hidden layer whose frequencies are fixed: cosines, which are sines with a phase.
//! Only the weights of its output layer are stored. They are integer levels, and each is coded under the probabilities
//! that the *prior*, a small network of integers in this crate, gives for it from those which are known. There is no
//! signature and no checksum.

mod contexts;
mod frequencies;
mod prior;

use crate::latents::{get_latent, put_latent};
use crate::range::{Counter, Reader, Sink, Writer};
use crate::{Error, Fault};
use contexts::Contexts;
pub use contexts::PLACEHOLDER_INPUTS;
pub use frequencies::{ASPECT_UNITS, Aspect, Frequency};
pub use prior::{PLACEHOLDER_LAYERS, Prior};

use crate::laplace::QuantizedLaplace;

/// The most bytes of a placeholder.
pub const PLACEHOLDER_MAX: usize = 200;
/// The largest step code.
pub const PLACEHOLDER_STEP_MAX: u8 = 31;
/// Bits of the symbol that holds the number of a frequent aspect ratio and whether there is alpha.
const SHAPE_BITS: u32 = 4;
/// The bit of that symbol which says that there is alpha.
const ALPHA: u32 = 8;
/// Bits of the step code.
const STEP_BITS: u32 = 5;
/// Bits of an aspect ratio that is not a frequent one.
const ASPECT_BITS: u32 = 10;

/// The integers of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Width by height.
    pub aspect: Aspect,
    /// Step code t, at most [`PLACEHOLDER_STEP_MAX`]: a weight is its level times 2^(-t/4).
    pub step: u8,
    /// The levels of each channel in the order of [`Placeholder::frequencies`]: brightness, two channels of colour, and
    /// alpha if there are four.
    pub levels: Vec<Vec<i16>>,
}

/// A level that is to be chosen by a writer, with what it costs.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The channel: 0 to 3.
    pub channel: usize,
    /// Which of the channel's frequencies it is the level of.
    pub index: usize,
    /// Its frequency.
    pub frequency: Frequency,
    /// What the prior sees, in units of 1/64.
    pub inputs: &'a [i16; PLACEHOLDER_INPUTS],
    model: QuantizedLaplace,
}

impl Choice<'_> {
    /// What a level would cost, in units of [`crate::BIT`].
    #[must_use]
    pub fn cost(&self, level: i16) -> u64 {
        let mut counter = Counter(0);
        // A counter takes every level.
        let _ = put_latent(level, self.model, &mut counter);
        counter.0
    }
}

impl Placeholder {
    /// The frequencies of a channel, in the order in which its levels are coded.
    #[must_use]
    pub fn frequencies(aspect: Aspect, step: u8, channel: usize) -> Vec<Frequency> {
        frequencies::ordered(aspect, step, channel)
    }

    /// A placeholder whose levels `choose` returns one by one, and what all of it costs in units of [`crate::BIT`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the step code or the number of channels, 3 or 4, is out of range.
    pub fn chosen(
        prior: &Prior,
        aspect: Aspect,
        step: u8,
        channels: usize,
        mut choose: impl FnMut(&Choice<'_>) -> i16,
    ) -> Result<(Self, u64), Error> {
        let mut counter = Counter(0);
        let mut code = || {
            put_shape(aspect, step, channels, &mut counter)?;
            scan(prior, aspect, step, channels, |choice| {
                let level = choose(choice);
                put_latent(level, choice.model, &mut counter).map(|()| level)
            })
        };
        let levels = code().map_err(Error::Invalid)?;
        let placeholder = Self {
            aspect,
            step,
            levels,
        };
        Ok((placeholder, counter.0))
    }

    /// The bytes of the placeholder, of which there may be more than [`PLACEHOLDER_MAX`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the step code, the number of channels or that of the levels of one is wrong.
    pub fn to_bytes(&self, prior: &Prior) -> Result<Vec<u8>, Error> {
        self.write(prior).map_err(Error::Invalid)
    }

    fn write(&self, prior: &Prior) -> Result<Vec<u8>, Fault> {
        let (aspect, step, channels) = (self.aspect, self.step, self.levels.len());
        let mut writer = Writer::new();
        put_shape(aspect, step, channels, &mut writer)?;
        let counts = self.levels.iter().map(Vec::len);
        let asked = (0..channels).map(|channel| Self::frequencies(aspect, step, channel).len());
        if !counts.eq(asked) {
            return Err(Fault::PlaceholderLevels);
        }
        scan(prior, aspect, step, channels, |choice| {
            let level = self.levels[choice.channel][choice.index];
            put_latent(level, choice.model, &mut writer).map(|()| level)
        })?;
        Ok(writer.finish())
    }

    /// Reads a placeholder.
    ///
    /// # Errors
    /// [`Error::NotPlaceholder`] if the bytes are not those of one.
    pub fn from_bytes(bytes: &[u8], prior: &Prior) -> Result<Self, Error> {
        Self::read(bytes, prior).map_err(|fault| {
            Error::NotPlaceholder(match fault {
                Fault::PlaceholderLength => fault,
                _ => Fault::PlaceholderStream,
            })
        })
    }

    fn read(bytes: &[u8], prior: &Prior) -> Result<Self, Fault> {
        if !(1..=PLACEHOLDER_MAX).contains(&bytes.len()) {
            return Err(Fault::PlaceholderLength);
        }
        let mut reader = Reader::new(bytes);
        let (aspect, step, channels) = get_shape(&mut reader)?;
        let levels = scan(prior, aspect, step, channels, |choice| {
            get_latent(&mut reader, choice.model)
        })?;
        reader.finish()?;
        Ok(Self {
            aspect,
            step,
            levels,
        })
    }
}

fn put_shape(aspect: Aspect, step: u8, channels: usize, sink: &mut impl Sink) -> Result<(), Fault> {
    if !(3..=4).contains(&channels) || step > PLACEHOLDER_STEP_MAX {
        return Err(Fault::PlaceholderLevels);
    }
    let alpha = if channels == 4 { ALPHA } else { 0 };
    match aspect.number() {
        Some(number) => sink.bits(number + alpha, SHAPE_BITS)?,
        None => {
            sink.bits(Aspect::NUMBERS + alpha, SHAPE_BITS)?;
            sink.bits(aspect.folded(), ASPECT_BITS)?;
        }
    }
    sink.bits(step.into(), STEP_BITS)
}

fn get_shape(reader: &mut Reader<'_>) -> Result<(Aspect, u8, usize), Fault> {
    let shape = reader.bits(SHAPE_BITS)?;
    let aspect = match Aspect::numbered(shape % ALPHA) {
        Some(aspect) => aspect,
        None => Aspect::unfolded(reader.bits(ASPECT_BITS)?).ok_or(Fault::PlaceholderStream)?,
    };
    let channels = if shape < ALPHA { 3 } else { 4 };
    Ok((aspect, reader.bits(STEP_BITS)? as u8, channels))
}

/// Calls `code` for every level in order, and takes the level that it returns.
fn scan(
    prior: &Prior,
    aspect: Aspect,
    step: u8,
    channels: usize,
    mut code: impl FnMut(&Choice<'_>) -> Result<i16, Fault>,
) -> Result<Vec<Vec<i16>>, Fault> {
    let mut contexts = Contexts::new(step);
    let mut all = Vec::with_capacity(channels);
    for channel in 0..channels {
        contexts.begin(channel);
        let frequencies = frequencies::ordered(aspect, step, channel);
        let mut levels = Vec::with_capacity(frequencies.len());
        for (index, &frequency) in frequencies.iter().enumerate() {
            let inputs = contexts.inputs(frequency);
            let choice = Choice {
                channel,
                index,
                frequency,
                inputs: &inputs,
                model: prior.model(&inputs),
            };
            let level = code(&choice)?;
            contexts.set(frequency, level);
            levels.push(level);
        }
        all.push(levels);
    }
    Ok(all)
}
