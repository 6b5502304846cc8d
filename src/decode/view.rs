//! Which part of a picture to render, and at what size.

use super::area::Axis;
use super::{Decoder, Shading, VideoDecoder};
use crate::Error;

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Columns to the left of it.
    pub x: u32,
    /// Rows above it.
    pub y: u32,
    /// The width of the region in pixels.
    pub width: u32,
    /// The height of the region in pixels.
    pub height: u32,
}

/// What to render: the size of the picture, a region of it at that size, and the picture itself or a derivative.
///
/// Scaling interpolates with the fitted function; it does not invent detail. A pixel stands for the mean of the scene over
/// its area. Where the size is smaller than that of the stored picture, a pixel is the mean of the stored pixels that it
/// covers, weighted by the areas that both share, so that detail finer than a pixel does not come out as a pattern that is
/// not there. Where the size is larger and the file has grids of latents, the blur of the larger stored pixels is taken
/// back by the exact Laplacian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    width: u32,
    height: u32,
    /// Invariant: not empty, and within `width` x `height`.
    region: Region,
    shading: Option<Shading>,
    /// Whether pixels are the values at their centres, whatever their size.
    points: bool,
}

impl View {
    /// The whole picture at its own size.
    pub fn whole(decoder: &Decoder) -> Self {
        Self::of_size(decoder.width(), decoder.height())
    }

    /// The whole of each frame of a video at its own size.
    pub fn of_frames(decoder: &VideoDecoder) -> Self {
        Self::of_size(decoder.width(), decoder.height())
    }

    /// The whole picture with both sides multiplied by `scale` and rounded, at least 1 pixel each.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `scale` is not a positive number, or a side would exceed 2^32 - 1.
    pub fn scaled(decoder: &Decoder, scale: f64) -> Result<Self, Error> {
        Self::multiplied([decoder.width(), decoder.height()], scale)
    }

    /// As [`View::scaled`], of what is stored with `size`.
    pub(super) fn multiplied(size: [u32; 2], scale: f64) -> Result<Self, Error> {
        let [width, height] = size.map(|length| (f64::from(length) * scale).round().max(1.0));
        if !(scale.is_finite() && scale > 0.0 && width.max(height) <= f64::from(u32::MAX)) {
            return Err(Error::parameter(
                "scale",
                scale,
                "a positive number such as 0.5 or 4",
            ));
        }
        Ok(Self::of_size(width as u32, height as u32))
    }

    /// The whole picture stretched to exactly `width` x `height` pixels.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a side is 0.
    pub fn sized(width: u32, height: u32) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            let given = format!("{width}x{height}");
            return Err(Error::parameter("output size", given, "at least 1x1"));
        }
        Ok(Self::of_size(width, height))
    }

    fn of_size(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            region: Region {
                x: 0,
                y: 0,
                width,
                height,
            },
            shading: None,
            points: false,
        }
    }

    /// The values at the centres of pixels, even where these are larger or smaller than those of the stored picture: for
    /// whoever wants samples of the function, such as for statistics, and no picture to look at.
    #[must_use]
    pub fn with_points(self) -> Self {
        Self {
            points: true,
            ..self
        }
    }

    /// How much of the Laplacian is taken from a value, by the squared side of a stored pixel, so that pixels of an enlarged
    /// picture are not as blurred as those of what is stored with `size`; see [`super::area`].
    pub(super) fn sharpening(&self, size: [u32; 2]) -> f32 {
        let [width, height] = size.map(f64::from);
        let scale = (f64::from(self.width) / width).min(f64::from(self.height) / height);
        if self.points || scale <= 1.0 {
            return 0.0;
        }
        ((1.0 - 1.0 / (scale * scale)) / 24.0) as f32
    }

    /// How columns and rows of the whole picture cover samples of what is stored with `size`.
    pub(super) fn axes(&self, size: [u32; 2]) -> [Axis; 2] {
        let [width, height] = size;
        if self.points {
            [self.width, self.height].map(Axis::of_points)
        } else {
            [Axis::new(width, self.width), Axis::new(height, self.height)]
        }
    }

    /// A derivative in place of the picture itself.
    #[must_use]
    pub fn with_shading(self, shading: Shading) -> Self {
        Self {
            shading: Some(shading),
            ..self
        }
    }

    /// This view, showing the values themselves and no derivative.
    pub(super) fn without_shading(self) -> Self {
        Self {
            shading: None,
            ..self
        }
    }

    /// Only `region`, in pixels of the whole picture at the size asked for.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is empty or reaches outside.
    pub fn with_region(self, region: Region) -> Result<Self, Error> {
        let Region {
            x,
            y,
            width,
            height,
        } = region;
        let inside = |start: u32, length: u32, whole: u32| {
            length > 0 && u64::from(start) + u64::from(length) <= u64::from(whole)
        };
        if !(inside(x, width, self.width) && inside(y, height, self.height)) {
            return Err(Error::parameter(
                "region",
                format!("{width}x{height} at ({x}, {y})"),
                format!(
                    "within the output of {}x{}, and not empty",
                    self.width, self.height
                ),
            ));
        }
        Ok(Self { region, ..self })
    }

    /// Width in pixels of the whole picture at this size.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels of the whole picture at this size.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The region to render, all of the picture by default.
    pub fn region(&self) -> Region {
        self.region
    }

    /// How a derivative is shown, if one is.
    pub fn shading(&self) -> Option<Shading> {
        self.shading
    }

    /// Samples per pixel of a rendering by `decoder`: as many as it has channels, and two more where gray becomes
    /// colour.
    pub fn channels(&self, decoder: &Decoder) -> u8 {
        self.channels_of(decoder.channels())
    }

    /// Samples per pixel of a rendering of a picture with this number of `channels`.
    pub(super) fn channels_of(&self, channels: u8) -> u8 {
        self.shading
            .map_or(channels, |shading| shading.channels(channels))
    }

    /// Number of pixels to render.
    pub fn pixels(&self) -> u64 {
        u64::from(self.region.width) * u64::from(self.region.height)
    }
}
