//! Placeholders: from a few dozen bytes to a picture of any size (SPEC 11).

use crate::model::cosines;
use crate::{Error, Picture, Samples};
use siren_format::{ASPECT_UNITS, Placeholder, Prior};

/// A placeholder that has been read: a picture of any size.
///
/// ```
/// # fn main() -> Result<(), sirenc::Error> {
/// let bytes = [
///     0x2A, 0xF2, 0x42, 0x94, 0x4B, 0xD6, 0x3A, 0xA5, 0x34, 0x5D, 0x4B, 0x59, 0x9E, 0xA7, 0xA2, 0xF3, 0x8E, 0xAB, 0x89,
///     0x09, 0xDC, 0x24, 0x3A, 0x8B,
/// ];
/// let placeholder = sirenc::PlaceholderDecoder::new(&bytes)?;
/// let (width, height) = placeholder.size_within(33);
/// assert_eq!((width, height), (22, 33));
/// let picture = placeholder.picture(width, height)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PlaceholderDecoder {
    placeholder: Placeholder,
}

impl PlaceholderDecoder {
    /// Reads the bytes of a placeholder, of which there are at most 200.
    ///
    /// # Errors
    /// [`Error::Format`] if they are not those of a placeholder. There is no checksum: most changes of a placeholder make
    /// another one.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        Self::with_prior(bytes, Prior::shipped())
    }

    /// Reads what was coded under another prior than the one that ships, which is for those who train one.
    ///
    /// # Errors
    /// As those of [`PlaceholderDecoder::new`].
    pub fn with_prior(bytes: &[u8], prior: &Prior) -> Result<Self, Error> {
        let placeholder = Placeholder::from_bytes(bytes, prior)?;
        Ok(Self { placeholder })
    }

    /// The integers of the placeholder.
    pub fn placeholder(&self) -> &Placeholder {
        &self.placeholder
    }

    /// The width divided by the height, to within 1 % of the picture that was encoded.
    pub fn aspect(&self) -> f64 {
        let aspect = self.placeholder.aspect;
        match aspect.exact() {
            Some((width, height)) => f64::from(width) / f64::from(height),
            None => (f64::from(aspect.code()) / f64::from(ASPECT_UNITS)).exp2(),
        }
    }

    /// Whether there is transparency.
    pub fn has_alpha(&self) -> bool {
        self.placeholder.levels.len() == 4
    }

    /// Width and height of which the longer one is `side` pixels, at least 1.
    pub fn size_within(&self, side: u32) -> (u32, u32) {
        let aspect = self.aspect();
        let shorter = |factor: f64| (f64::from(side) * factor).round().max(1.0) as u32;
        match aspect >= 1.0 {
            true => (side, shorter(1.0 / aspect)),
            false => (shorter(aspect), side),
        }
    }

    /// The picture of this size, RGB or RGBA of 8 bits a sample. Every pixel is the mean of the placeholder over its area.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the width or the height is 0 or above 65,535.
    pub fn picture(&self, width: u32, height: u32) -> Result<Picture, Error> {
        let side = 1..=u32::from(u16::MAX);
        if !side.contains(&width) || !side.contains(&height) {
            let size = format!("{width}x{height}");
            return Err(Error::parameter(
                "placeholder size",
                size,
                "1x1 to 65535x65535",
            ));
        }
        let channels = if self.has_alpha() { 4 } else { 3 };
        let [columns, rows] = [width, height].map(|side| side as usize);
        let parts: Vec<_> = (0..channels)
            .map(|channel| self.columns(channel, width))
            .collect();
        let most = parts.iter().map(|part| part.len() / columns).max();
        let along = cosines::means(height, most.unwrap_or(0));
        let mut samples = Vec::with_capacity(rows * columns * channels);
        let mut row = vec![[0.0; 4]; columns];
        for y in 0..rows {
            row.fill([0.0; 4]);
            for (channel, part) in parts.iter().enumerate() {
                for (l, sums) in part.chunks_exact(columns).enumerate() {
                    let factor = along[l * rows + y];
                    let sums = row.iter_mut().zip(sums);
                    sums.for_each(|(pixel, sum)| pixel[channel] += factor * sum);
                }
            }
            for &pixel in &row {
                let colour = cosines::colour(pixel);
                // Casts saturate.
                let sample = |value: &f64| (255.0 * value).round() as u8;
                samples.extend(colour[..channels].iter().map(sample));
            }
        }
        Picture::new(width, height, channels as u8, Samples::U8(samples))
    }

    /// For each l of a channel's frequencies, the sum over k of weights and functions along a row of `width` pixels.
    fn columns(&self, channel: usize, width: u32) -> Vec<f64> {
        let Placeholder {
            aspect,
            step,
            ref levels,
        } = self.placeholder;
        let size = (-f64::from(step) / 4.0).exp2();
        let frequencies = Placeholder::frequencies(aspect, step, channel);
        let levels = frequencies.iter().zip(&levels[channel]);
        let present: Vec<_> = levels.filter(|&(_, &level)| level != 0).collect();
        let count = |side: fn(&siren_format::Frequency) -> u8| {
            present
                .iter()
                .map(|&(frequency, _)| usize::from(side(frequency)) + 1)
                .max()
                .unwrap_or(0)
        };
        let width = width as usize;
        let along = cosines::means(width as u32, count(|frequency| frequency.k));
        let mut sums = vec![0.0; width * count(|frequency| frequency.l)];
        for &(frequency, &level) in &present {
            let [k, l] = [frequency.k, frequency.l].map(usize::from);
            let weight = size * f64::from(level);
            let functions = along[k * width..][..width].iter();
            let sums = sums[l * width..][..width].iter_mut();
            sums.zip(functions)
                .for_each(|(sum, value)| *sum += weight * value);
        }
        sums
    }
}
