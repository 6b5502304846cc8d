//! The unit that a signal is fitted in.

use siren_format::STEP_UNITS;

/// The factor between what a network is fitted to and what its file stores.
///
/// Optimiser steps are of a fixed size, so that they get farther in few steps where a signal spans less. A signal is
/// divided by a gain before the fit, and the last layer is multiplied by it in the file. A gain
/// is a whole number of eighths of an octave, the unit of step sizes (SPEC 5.3), so levels stay as they are and
/// only the codes of their steps change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gain(i16);

/// The most eighths of an octave, either way: codes of step sizes must stay within their range.
const MOST: f64 = 64.0;

impl Gain {
    /// The gain nearest to the factor `size`; of 0, the least there is.
    pub(crate) fn of(size: f64) -> Self {
        // The logarithm of 0 is minus infinity, which is clamped too.
        let eighths = (size.log2() * f64::from(STEP_UNITS)).round();
        Self(eighths.clamp(-MOST, MOST) as i16)
    }

    /// What a signal is divided by before it is fitted.
    pub(crate) fn factor(self) -> f32 {
        (f64::from(self.0) / f64::from(STEP_UNITS)).exp2() as f32
    }

    /// What the codes of step sizes of the last layer rise by in the file.
    pub(crate) fn codes(self) -> i16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_the_nearest_eighths_of_an_octave() {
        assert_eq!(Gain::default(), Gain::of(1.0));
        assert_eq!(Gain::of(0.25).codes(), -16);
        assert_eq!(Gain::of(0.25).factor(), 0.25);
        assert_eq!(Gain::of(0.0).codes(), -64);
        assert!((Gain::of(0.3).factor() / 0.3).ln().abs() < 0.05);
    }
}
