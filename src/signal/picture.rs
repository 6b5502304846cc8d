//! Pictures as samples in memory.

use crate::Error;
use ndarray::Array2;
use std::borrow::Cow;

/// The samples of a picture, row by row, channels interleaved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Samples {
    /// 8 bits a sample, 0 to 255.
    U8(Vec<u8>),
    /// 16 bits a sample, 0 to 65,535.
    U16(Vec<u16>),
}

impl Samples {
    /// Number of samples (pixels times channels).
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bits per sample: 8 or 16.
    pub fn depth(&self) -> u8 {
        match self {
            Self::U8(_) => 8,
            Self::U16(_) => 16,
        }
    }

    /// The largest value a sample can take: 255 or 65,535.
    pub fn peak(&self) -> f64 {
        match self {
            Self::U8(_) => f64::from(u8::MAX),
            Self::U16(_) => f64::from(u16::MAX),
        }
    }

    /// The samples with 8 bits each: of deeper ones round(255 v / 65535), exactly.
    pub fn eight_bits(&self) -> Cow<'_, [u8]> {
        match self {
            Self::U8(samples) => Cow::Borrowed(samples),
            Self::U16(samples) => {
                let round = |&v: &u16| ((u32::from(v) * 255 + 32_895) >> 16) as u8;
                Cow::Owned(samples.iter().map(round).collect())
            }
        }
    }

    /// Sample `index` scaled to -1 .. 1, as the network's outputs are.
    #[inline]
    pub(crate) fn signed(&self, index: usize) -> f32 {
        match self {
            Self::U8(samples) => f32::from(samples[index]) * (2.0 / 255.0) - 1.0,
            Self::U16(samples) => f32::from(samples[index]) * (2.0 / 65_535.0) - 1.0,
        }
    }
}

/// A picture in memory: gray, gray + alpha, RGB or RGBA, 8 or 16 bits a sample.
///
/// Samples keep the depth they came with; nothing is ever expanded to floats as a whole, so that
/// a 48-megapixel source costs its own bytes and no more. Alpha is straight (not premultiplied).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Picture {
    width: u32,
    height: u32,
    channels: u8,
    samples: Samples,
    icc: Option<Vec<u8>>,
}

impl Picture {
    /// A picture of `width` x `height` pixels with `channels` samples each: 1 gray, 2 gray + alpha,
    /// 3 RGB, 4 RGBA.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a dimension is 0, `channels` is not 1 to 4, or `samples` does not hold
    /// exactly `width * height * channels` values.
    pub fn new(width: u32, height: u32, channels: u8, samples: Samples) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            return Err(Error::parameter(
                "picture size",
                format!("{width}x{height}"),
                "at least 1x1",
            ));
        }
        if !(1..=4).contains(&channels) {
            return Err(Error::parameter("channels", channels, "1 to 4"));
        }
        let expected = u128::from(width) * u128::from(height) * u128::from(channels);
        if samples.len() as u128 != expected {
            return Err(Error::parameter(
                "samples",
                samples.len(),
                format!("{expected}, width x height x channels"),
            ));
        }
        Ok(Self {
            width,
            height,
            channels,
            samples,
            icc: None,
        })
    }

    /// The same picture with an ICC profile, which is carried along untouched.
    #[must_use]
    pub fn with_icc(mut self, icc: Option<Vec<u8>>) -> Self {
        self.icc = icc;
        self
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Samples per pixel: 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Number of pixels.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether the last channel is alpha.
    pub fn has_alpha(&self) -> bool {
        self.channels.is_multiple_of(2)
    }

    /// All samples, row by row, channels interleaved.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples alone, to be changed in place.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// Each channel as rows x columns, samples scaled to -1 .. 1.
    pub(crate) fn planes(&self) -> Vec<Array2<f32>> {
        let (width, channels) = (self.width as usize, usize::from(self.channels));
        let plane = |channel: usize| {
            Array2::from_shape_fn((self.height as usize, width), |(y, x)| {
                self.samples.signed((y * width + x) * channels + channel)
            })
        };
        (0..channels).map(plane).collect()
    }

    /// The picture of `depth` bits a sample that is nearest to `planes`, the inverse of [`Picture::planes`].
    pub(crate) fn from_planes(planes: &[Array2<f32>], depth: u8) -> Result<Self, Error> {
        let (height, width) = planes.first().map_or((0, 0), Array2::dim);
        // Casts saturate.
        let sample = |index: usize, half: f32| {
            let (pixel, channel) = (index / planes.len(), index % planes.len());
            (half * (planes[channel][[pixel / width, pixel % width]] + 1.0)).round()
        };
        let indices = 0..planes.len() * height * width;
        let samples = if depth == 8 {
            Samples::U8(indices.map(|index| sample(index, 127.5) as u8).collect())
        } else {
            Samples::U16(
                indices
                    .map(|index| sample(index, 32_767.5) as u16)
                    .collect(),
            )
        };
        Self::new(width as u32, height as u32, planes.len() as u8, samples)
    }

    /// The ICC profile the picture came with.
    pub fn icc(&self) -> Option<&[u8]> {
        self.icc.as_deref()
    }
}
