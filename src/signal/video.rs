//! Videos: their size and rate, and where their frames come from.

use crate::Error;
use std::io;

/// The properties of a video without its samples: the size of its frames, their channels, their number, and their rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clip {
    width: u32,
    height: u32,
    channels: u8,
    frames: u32,
    /// Invariant: in lowest terms, neither 0.
    rate: [u32; 2],
}

impl Clip {
    /// `frames` frames of `width` x `height` pixels with `channels` samples each (1 gray, 3 RGB), `rate[0]`
    /// of them every `rate[1]` seconds.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a number is 0, or `channels` neither 1 nor 3.
    pub fn new(
        [width, height]: [u32; 2],
        channels: u8,
        frames: u32,
        rate: [u32; 2],
    ) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            let given = format!("{width}x{height}");
            return Err(Error::parameter("frame size", given, "at least 1x1"));
        }
        if !matches!(channels, 1 | 3) {
            return Err(Error::parameter("channels", channels, "1 or 3"));
        }
        if frames == 0 {
            return Err(Error::parameter("number of frames", 0, "at least 1"));
        }
        Ok(Self {
            width,
            height,
            channels,
            frames,
            rate: lowest_terms(rate)?,
        })
    }

    /// Width of a frame in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height of a frame in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Samples per pixel: 1 gray, 3 RGB.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Number of frames.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Frames a second, as a fraction in lowest terms.
    pub fn rate(&self) -> [u32; 2] {
        self.rate
    }

    /// Pixels of all frames.
    pub fn pixels(&self) -> u64 {
        (u64::from(self.width) * u64::from(self.height)).saturating_mul(self.frames.into())
    }
}

/// The frames of a video, wherever they are kept. Rows are read when they are needed, several at a time and in any
/// order, so that the video need not be in memory.
pub trait VideoSource: Sync {
    /// The size, channels, number of frames and rate of the video.
    fn clip(&self) -> Clip;

    /// Writes row `row` of frame `frame` to `samples`: width x channels of 8 bits, channels interleaved.
    ///
    /// # Errors
    /// If the row cannot be read.
    fn row(&self, frame: u32, row: u32, samples: &mut [u8]) -> io::Result<()>;
}

/// `rate` with what both numbers have in common divided out.
pub(crate) fn lowest_terms([a, b]: [u32; 2]) -> Result<[u32; 2], Error> {
    if a == 0 || b == 0 {
        let given = format!("{a}/{b}");
        let allowed = "a positive fraction, such as 25 or 30000/1001";
        return Err(Error::parameter("frame rate", given, allowed));
    }
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    Ok([a / x, b / x])
}

/// The network's time at the centre of frame `place` of the `frames` frames of a video or of a segment of a sound,
/// fractions included (SPEC 6.1.3 and 6.1.4): -1 where the first begins, 1 where the last ends.
pub(crate) fn time(place: f64, frames: u32) -> f32 {
    ((2.0 * place + 1.0) / f64::from(frames) - 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_the_centres_of_equal_parts_of_time() {
        let times: Vec<f32> = (0..4).map(|frame| time(frame.into(), 4)).collect();
        assert_eq!(times, [-0.75, -0.25, 0.25, 0.75]);
        assert_eq!(time(-0.5, 4), -1.0);
        assert_eq!(time(3.5, 4), 1.0);
    }

    #[test]
    fn a_clip_is_something_that_can_be_stored() {
        let clip = |size, channels, frames, rate| Clip::new(size, channels, frames, rate);
        assert_eq!(clip([4, 2], 3, 9, [50, 2]).unwrap().rate(), [25, 1]);
        assert_eq!(clip([4, 2], 3, 9, [50, 2]).unwrap().pixels(), 72);
        for refused in [
            clip([0, 2], 3, 9, [25, 1]),
            clip([4, 2], 2, 9, [25, 1]),
            clip([4, 2], 3, 0, [25, 1]),
            clip([4, 2], 3, 9, [0, 1]),
            clip([4, 2], 3, 9, [1, 0]),
        ] {
            assert!(matches!(refused, Err(Error::Parameter { .. })));
        }
    }
}
