//! How the step size and the number of points change over a fit.

/// How many steps, of which size, over how many points each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    /// Number of steps.
    pub(crate) steps: u32,
    /// Points per step, in the first half and in the second: a coarse gradient is enough to come near
    /// the minimum, while the noise of the last steps remains in the weights.
    pub(crate) points: [u64; 2],
    /// Largest step size, reached after the warm-up.
    pub(crate) rate: f32,
}

/// Share of the steps over which the step size rises from zero.
const WARM_UP: f32 = 0.02;

impl Schedule {
    /// The size of step `step`, counted from 0: a linear warm-up, then half a cosine down to zero
    /// (Loshchilov and Hutter 2017, arXiv 1608.03983).
    pub(crate) fn rate(&self, step: u32) -> f32 {
        let done = (step as f32 + 0.5) / self.steps as f32;
        let warm = (done / WARM_UP).min(1.0);
        self.rate * warm * 0.5 * (1.0 + (std::f32::consts::PI * done).cos())
    }

    /// Points of step `step`.
    pub(crate) fn batch(&self, step: u32) -> u64 {
        self.points[usize::from(step >= self.steps / 2)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_then_falls_to_zero() {
        let schedule = Schedule {
            steps: 1000,
            points: [1, 3],
            rate: 2.0,
        };
        let rates: Vec<f32> = (0..1000).map(|step| schedule.rate(step)).collect();
        assert!(rates[..20].is_sorted() && rates[20..].is_sorted_by(|a, b| a >= b));
        assert_eq!((schedule.batch(0), schedule.batch(999)), (1, 3));
        assert!(rates[20] > 1.95 && rates[999] < 1e-4 && rates.iter().all(|&rate| rate > 0.0));
    }
}
