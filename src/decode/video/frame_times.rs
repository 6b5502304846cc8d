//! The times at which a video is evaluated.

use super::VideoDecoder;
use crate::Error;
use crate::signal::{lowest_terms, time};

/// Most frames that can be asked for, as many as a file may have.
const MOST: f64 = (1_u64 << 28) as f64;
/// Part of a frame by which a range may be longer than its frames take: less is an error of rounding.
const ROUNDING: f64 = 1e-6;

/// The times of the frames of a rendering: a start, and a number of frames per second from there on.
///
/// Frames are shown from their moment on until the next one's, so a whole video of F frames at a rate R lasts
/// F / R seconds, whatever the rate it is rendered at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameTimes {
    /// Seconds after the first stored frame.
    start: f64,
    /// Frames a second, in lowest terms.
    rate: [u32; 2],
    frames: u32,
}

impl FrameTimes {
    /// The frames as they are stored.
    pub fn stored(decoder: &VideoDecoder) -> Self {
        Self {
            start: 0.0,
            rate: decoder.rate(),
            frames: decoder.frames(),
        }
    }

    /// `rate[0]` frames every `rate[1]` seconds, in the same span of time: as many as begin within it.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a number is 0, or that is more than 2^28 frames.
    pub fn with_rate(self, rate: [u32; 2]) -> Result<Self, Error> {
        let rate = lowest_terms(rate)?;
        Self::spanning(self.start, self.seconds(), rate)
    }

    /// The frames from `start` until before `end`, in seconds after the first stored frame; what is beyond the end of
    /// the video is left out.
    ///
    /// # Errors
    /// [`Error::Parameter`] if that is not a span of time, or none of the video lies in it.
    pub fn within(self, start: f64, end: f64) -> Result<Self, Error> {
        let last = self.start + self.seconds();
        let end = end.min(last);
        if !(start >= self.start && start < end) {
            return Err(Error::parameter(
                "range of time",
                format!("{start} to {end} s"),
                format!(
                    "of some length within the video, {} to {last} s",
                    self.start
                ),
            ));
        }
        Self::spanning(start, end - start, self.rate)
    }

    /// The first of the frames alone.
    #[must_use]
    pub fn first(self) -> Self {
        Self { frames: 1, ..self }
    }

    fn spanning(start: f64, seconds: f64, rate: [u32; 2]) -> Result<Self, Error> {
        let frames = (seconds * ratio(rate) - ROUNDING).ceil().max(1.0);
        if frames > MOST {
            return Err(Error::parameter("number of frames", frames, "at most 2^28"));
        }
        Ok(Self {
            start,
            rate,
            frames: frames as u32,
        })
    }

    /// Number of frames.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Frames a second, as a fraction in lowest terms.
    pub fn rate(&self) -> [u32; 2] {
        self.rate
    }

    /// How long they are shown in all, in seconds.
    pub fn seconds(&self) -> f64 {
        f64::from(self.frames) / ratio(self.rate)
    }

    /// The network's time at frame `frame`, for a file of `frames` frames at `rate` (SPEC 6.1.4). Where both
    /// rates have a frame, it is exactly the stored one's. Nothing was fitted beyond -1 to 1: there the video
    /// stands still.
    pub(super) fn time(&self, frame: u32, frames: u32, rate: [u32; 2]) -> f32 {
        let [[a, b], [c, d]] = [rate, self.rate].map(|rate| rate.map(u128::from));
        // Of whole numbers, so that the quotient is one wherever it should be.
        let (frames_per, over) = (u128::from(frame) * a * d, b * c);
        let place = (frames_per / over) as f64 + (frames_per % over) as f64 / over as f64;
        time(self.start * ratio(rate) + place, frames).clamp(-1.0, 1.0)
    }
}

fn ratio([a, b]: [u32; 2]) -> f64 {
    f64::from(a) / f64::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(rate: [u32; 2], frames: u32) -> FrameTimes {
        FrameTimes {
            start: 0.0,
            rate,
            frames,
        }
    }

    #[test]
    fn a_rate_makes_as_many_frames_as_the_time_takes() {
        let film = moments([24, 1], 48);
        for (rate, frames) in [
            ([24, 1], 48),
            ([48, 1], 96),
            ([12, 1], 24),
            ([25, 1], 50),
            ([30_000, 1001], 60),
            ([1, 10], 1),
            ([1, 1], 2),
        ] {
            assert_eq!(film.with_rate(rate).unwrap().frames(), frames, "{rate:?}");
        }
        let ntsc = moments([30_000, 1001], 300);
        assert_eq!(ntsc.with_rate([60_000, 1001]).unwrap().frames(), 600);
        assert!(film.with_rate([u32::MAX, 1]).is_err());
        assert!(film.with_rate([0, 1]).is_err());
    }

    #[test]
    fn a_range_begins_where_it_says() {
        let film = moments([25, 1], 50);
        let part = film.within(0.4, 1.2).unwrap();
        assert_eq!(part.frames(), 20);
        assert_eq!(part.time(0, 50, [25, 1]), time(10.0, 50));
        assert_eq!(part.time(19, 50, [25, 1]), time(29.0, 50));
        assert_eq!(film.within(1.9, 99.0).unwrap().frames(), 3);
        assert_eq!(film.within(0.0, f64::INFINITY).unwrap(), film);
        for (start, end) in [
            (1.0, 1.0),
            (1.2, 0.4),
            (2.0, 3.0),
            (-1.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::NAN),
        ] {
            // NaN for an end is none.
            assert_eq!(
                film.within(start, end).is_ok(),
                end.is_nan(),
                "{start} {end}"
            );
        }
    }

    #[test]
    fn frames_of_both_rates_coincide_exactly() {
        for rate in [[30_000, 1001], [25, 1], [7, 3]] {
            for factor in [2, 3, 7] {
                let faster = [rate[0] * factor, rate[1]];
                let moments = moments(lowest_terms(faster).unwrap(), 1000 * factor);
                for frame in 0..1000 {
                    let at = moments.time(frame * factor, 1000, rate);
                    assert_eq!(at, time(frame.into(), 1000), "{rate:?} x {factor}");
                }
            }
        }
        assert_eq!(moments([100, 1], 200).time(199, 50, [25, 1]), 1.0);
    }
}
