//! Sounds out of files: segments that fade into each other, with a network each (SPEC 6.1.3).

mod decoder;

pub use decoder::{Playback, SoundDecoder};

/// How a sound is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segments {
    /// Frames of each.
    pub(crate) span: u32,
    /// Frames that each has in common with the next: at most half of it.
    pub(crate) overlap: u32,
}

impl Segments {
    /// `frames` frames in segments of about `span` frames, which fade into each other over a part of
    /// 1 / `fade` of them. They end with the sound, or up to as many frames after it as there are segments.
    pub(crate) fn new(frames: u32, span: u32, fade: u32) -> Self {
        let span = span.max(2);
        let overlap = span / fade.max(2);
        let advance = f64::from(span - overlap);
        let count = (f64::from(frames.saturating_sub(overlap)) / advance).round();
        if count <= 1.0 {
            return Self {
                span: frames,
                overlap: 0,
            };
        }
        let advance = (frames - overlap).div_ceil(count as u32);
        // Rounding up may have left less than two segments' worth.
        let overlap = overlap.min(advance);
        Self {
            span: (advance + overlap).min(frames),
            overlap,
        }
    }

    /// Frame with which segment `index` begins.
    pub(crate) fn start(self, index: usize) -> f64 {
        index as f64 * f64::from(self.span - self.overlap)
    }

    /// The last segment that has begun at `place`, in frames after the first, however many there are.
    fn at(self, place: f64) -> usize {
        (place / f64::from(self.span - self.overlap)) as usize
    }

    /// What share segment `index` has in the sample at `place`, the rest being that of the one before.
    fn share(self, index: usize, place: f64) -> f32 {
        if index == 0 || self.overlap == 0 {
            return 1.0;
        }
        let faded = (place - self.start(index) + 0.5) / f64::from(self.overlap);
        faded.clamp(0.0, 1.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siren_format::Signal;

    #[test]
    fn segments_cover_a_sound_and_little_more() {
        for frames in [1, 2, 3, 7, 100, 1000, 12_345, 308_207] {
            for span in [1, 2, 3, 10, 500, 5000, 400_000] {
                let segments = Segments::new(frames, span, 16);
                let Segments { span, overlap } = segments;
                assert!((1..=frames).contains(&span) && overlap <= span / 2);
                assert!(span < frames || overlap == 0, "{frames}: {segments:?}");
                let signal = Signal::Sound {
                    rate: 1,
                    frames,
                    segment: span,
                    overlap,
                };
                let count = signal.networks();
                let end = segments.start(count as usize - 1) as u64 + u64::from(span);
                let beyond = end - u64::from(frames);
                assert!(beyond <= count, "{frames}: {segments:?} ends {beyond} late");
            }
        }
    }

    #[test]
    fn shares_of_a_fade_rise_from_none_to_all_and_sum_to_one() {
        let segments = Segments {
            span: 1000,
            overlap: 40,
        };
        for place in 0..3000 {
            let place = f64::from(place);
            let index = segments.at(place);
            let share = segments.share(index, place);
            // The segment before has what is left, and is asked for nothing beyond its end.
            let fading = place - segments.start(index) < 40.0 && index > 0;
            assert_eq!(share < 1.0, fading, "at {place}");
            if fading {
                let past = place - segments.start(index - 1);
                assert!(past < 1000.0);
                let mirrored = segments.start(index) + 39.0 - (place - segments.start(index));
                assert!((share + segments.share(index, mirrored) - 1.0).abs() < 1e-6);
            }
        }
    }
}
