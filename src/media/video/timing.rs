//! Frames that are shown for different times, as a video of one rate.

/// Frames whose delay is at most the first number of milliseconds are shown for the second number, as browsers do.
const NO_DELAY: (u32, u32) = (10, 100);
/// The step of delays in GIFs in milliseconds, which is also how far a delay may be changed.
const STEP: u32 = 10;
/// A delay may also be changed by one part in this number.
const PART: u32 = 12;
/// The shortest that a frame is shown where delays differ, in milliseconds: 50 a second.
const SHORTEST: u32 = 20;
/// The longest time that frames are multiples of, but for those that are too many, in milliseconds.
const LONGEST: u32 = 1000;
/// Where delays differ, a video is made of at most this number of frames, or of at most this number for each frame of
/// the file, whichever is more.
const MOST: (u64, u64) = (1024, 4);

/// How long frames are shown.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// How long each frame is shown, in milliseconds.
    delays: Vec<u32>,
    /// The first delay as it was given, milliseconds and by what they are divided, as long as all are the same.
    same: Option<[u32; 2]>,
}

impl Timing {
    /// One more frame, shown for `milliseconds` / `per`.
    pub(super) fn push(&mut self, [milliseconds, per]: [u32; 2]) {
        let (short, instead) = NO_DELAY;
        let per = per.max(1);
        let given = if milliseconds / per <= short {
            [instead, 1]
        } else {
            [milliseconds, per]
        };
        self.same = if self.delays.is_empty() {
            Some(given)
        } else {
            self.same.filter(|&same| same == given)
        };
        self.delays
            .push(given[0].saturating_add(given[1] / 2) / given[1]);
    }

    pub(super) fn frames(&self) -> usize {
        self.delays.len()
    }

    /// Frames a second, how many of them each frame is, and what should be said about that.
    ///
    /// Delays that differ by a step are one rate, which steps cannot tell. Others are multiples of the longest time
    /// that does: their greatest common divisor, or else one by which none is off by more than a step or a
    /// twelfth of it. Where that takes too many frames, the shortest ones are shown longer than they were.
    pub(super) fn finish(&self) -> ([u32; 2], Vec<u32>, Option<String>) {
        let count = self.delays.len() as u64;
        if let Some([milliseconds, per]) = self.same {
            let rate = fraction(1000 * u64::from(per), milliseconds.into());
            return (rate, vec![1; self.delays.len()], None);
        }
        let least = self.delays.iter().min().copied().unwrap_or(1);
        let most = self.delays.iter().max().copied().unwrap_or(1);
        let total: u64 = self.delays.iter().map(|&delay| u64::from(delay)).sum();
        if most - least <= STEP {
            let rate = fraction(1000 * count, total);
            return (rate, vec![1; self.delays.len()], None);
        }
        let bound = MOST.0.max(MOST.1 * count);
        let fits = |unit: u32| unit >= SHORTEST && total / u64::from(unit) <= bound;
        let common = self.delays.iter().fold(0, |a, &b| gcd(a, b));
        if fits(common) {
            let holds = self.delays.iter().map(|delay| delay / common).collect();
            return (fraction(1000, common.into()), holds, None);
        }
        let longest = least.min(LONGEST).next_multiple_of(STEP) + STEP;
        let units = (SHORTEST..=longest).rev().filter(|unit| unit % STEP == 0);
        let near = units
            .filter(|&unit| fits(unit))
            .find_map(|unit| Some((unit, self.holds(unit).filter(|it| self.is_near(unit, it))?)));
        let coarse = || {
            let unit = total.div_ceil(bound).max(SHORTEST.into());
            let unit = u32::try_from(unit).unwrap_or(u32::MAX);
            let unit = unit.checked_next_multiple_of(STEP).unwrap_or(unit);
            let rounded = |&delay: &u32| (delay / unit).max(1);
            let holds = || self.delays.iter().map(rounded).collect();
            (unit, self.holds(unit).unwrap_or_else(holds))
        };
        let (unit, holds) = near.unwrap_or_else(coarse);
        let frames: u64 = holds.iter().map(|&hold| u64::from(hold)).sum();
        let note = format!(
            "has frames that are shown for {} to {} s, of which it becomes {frames} of {} s",
            seconds(least),
            seconds(most),
            seconds(unit)
        );
        (fraction(1000, unit.into()), holds, Some(note))
    }

    /// How often each frame is repeated where all begin at the multiple of `unit` that is nearest to when they do;
    /// none if some would not be shown at all.
    fn holds(&self, unit: u32) -> Option<Vec<u32>> {
        let (mut end, mut before) = (0_u64, 0);
        let hold = |&delay: &u32| {
            end += u64::from(delay);
            let next = (end + u64::from(unit / 2)) / u64::from(unit);
            let hold = next - before;
            before = next;
            u32::try_from(hold).ok().filter(|&hold| hold > 0)
        };
        self.delays.iter().map(hold).collect()
    }

    /// Whether no delay is off by more than it may be.
    fn is_near(&self, unit: u32, holds: &[u32]) -> bool {
        self.delays.iter().zip(holds).all(|(&delay, &hold)| {
            let shown = u64::from(hold) * u64::from(unit);
            shown.abs_diff(delay.into()) <= u64::from(STEP.max(delay / PART))
        })
    }
}

/// A fraction of numbers that may be longer than 32 bits, about.
fn fraction(a: u64, b: u64) -> [u32; 2] {
    let shift = (64 - a.max(b).leading_zeros()).saturating_sub(32);
    [a, b].map(|number| ((number >> shift) as u32).max(1))
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Milliseconds as seconds, without zeros at the end.
fn seconds(milliseconds: u32) -> f64 {
    f64::from(milliseconds) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(delays: &[u32]) -> ([u32; 2], Vec<u32>, bool) {
        let mut timing = Timing::default();
        delays.iter().for_each(|&delay| timing.push([delay, 1]));
        let (rate, holds, note) = timing.finish();
        (rate, holds, note.is_some())
    }

    #[test]
    fn frames_last_as_long_as_they_are_shown() {
        for (delays, rate, holds, noted) in [
            (vec![40, 40, 40], [1000, 40], vec![1, 1, 1], false),
            (vec![30, 30, 40], [3000, 100], vec![1, 1, 1], false),
            (vec![20, 60, 40], [1000, 20], vec![1, 3, 2], false),
            // No delay, or next to none, is a tenth of a second.
            (vec![0, 10, 0], [1000, 100], vec![1, 1, 1], false),
            (vec![33, 33, 34], [3000, 100], vec![1, 1, 1], false),
            // A hold at the end need not be a multiple.
            (vec![70, 70, 70, 300], [1000, 70], vec![1, 1, 1, 4], true),
            (vec![100, 3000, 70], [1000, 20], vec![5, 150, 4], true),
        ] {
            assert_eq!(timing(&delays), (rate, holds, noted), "{delays:?}");
        }
        let mut even = Timing::default();
        (0..3).for_each(|_| even.push([1001, 30]));
        assert_eq!(even.finish().0, [30_000, 1001]);
    }

    #[test]
    fn no_delays_take_too_many_frames() {
        for delays in [
            vec![50, 655_350],
            vec![655_350, 20, 655_340],
            vec![4_294_967_295, 20],
            (0..5000).map(|index| 20 + 10 * (index % 7)).collect(),
            vec![u32::MAX; 3],
            vec![11, 25, 40],
        ] {
            let (rate, holds, _) = timing(&delays);
            let frames: u64 = holds.iter().map(|&hold| u64::from(hold)).sum();
            let most = (2 * MOST.0).max(6 * delays.len() as u64);
            assert!(frames <= most, "{frames} of {}", delays.len());
            assert!(holds.iter().all(|&hold| hold > 0));
            assert!(rate[0] / 50 <= rate[1] && !rate.contains(&0), "{rate:?}");
        }
    }
}
