//! How values are distributed, beside a normal distribution.

/// How a number of values are distributed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Distribution {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// The values, sorted.
    sorted: Vec<f32>,
}

impl Distribution {
    /// The distribution of `values`, of which none may be NaN. Without values, all of its figures are zero.
    pub fn new(values: impl IntoIterator<Item = f32>) -> Self {
        let mut sorted: Vec<f32> = values.into_iter().collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let count = sorted.len().max(1) as f64;
        let mean = sorted.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let squares = sorted.iter().map(|&v| (f64::from(v) - mean).powi(2));
        Self {
            mean,
            deviation: (squares.sum::<f64>() / count).sqrt(),
            sorted,
        }
    }

    /// The Kolmogorov-Smirnov distance from the distribution whose cumulative function is `cumulative`:
    /// the largest difference between the shares of values below some x, 0 to 1.
    pub fn distance(&self, cumulative: impl Fn(f64) -> f64) -> f64 {
        let count = self.sorted.len() as f64;
        self.sorted
            .iter()
            .enumerate()
            .map(|(index, &value)| {
                let expected = cumulative(value.into());
                let (below, up_to) = (index as f64 / count, (index + 1) as f64 / count);
                (expected - below).max(up_to - expected)
            })
            .fold(0.0, f64::max)
    }

    /// The density in `bins` bins of equal width from `low` to `high`: (middle, density) of each. Values
    /// outside count towards the whole.
    pub fn histogram(&self, low: f64, high: f64, bins: usize) -> Vec<[f64; 2]> {
        let width = (high - low) / bins as f64;
        let below = |x: f64| self.sorted.partition_point(|&value| f64::from(value) < x);
        (0..bins)
            .map(|bin| {
                let start = low + bin as f64 * width;
                let inside = below(start + width) - below(start);
                let density = inside as f64 / (self.sorted.len().max(1) as f64 * width);
                [start + 0.5 * width, density]
            })
            .collect()
    }
}

/// The share of a standard normal distribution below `x`, to 1e-7 (Abramowitz and Stegun 1964, formula
/// 7.1.26, for erfc(|x| / sqrt 2)).
pub fn normal(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let polynomial = series.iter().fold(0.0, |sum, factor| sum * t + factor) * t;
    let tail = 0.5 * polynomial * (-z * z).exp();
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_sample_is_uniform() {
        let values = (0..1000).map(|i| (i as f32 + 0.5) / 1000.0);
        let uniform = Distribution::new(values);
        assert!((uniform.mean - 0.5).abs() < 1e-6);
        assert!((uniform.deviation - (1.0_f64 / 12.0).sqrt()).abs() < 1e-5);
        assert!(uniform.distance(|x| x.clamp(0.0, 1.0)) < 0.001);
        // All values lie below those of the other one.
        assert!((uniform.distance(|x| (x - 2.0).clamp(0.0, 1.0)) - 1.0).abs() < 1e-9);
        for [_, density] in uniform.histogram(0.0, 1.0, 10) {
            assert!((density - 1.0).abs() < 1e-3);
        }
        // Half of the values are outside, and half the density is missing.
        let outside: f64 = uniform
            .histogram(0.5, 1.5, 5)
            .iter()
            .map(|[_, density]| density * 0.2)
            .sum();
        assert!((outside - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_normal_distribution_is_known() {
        for (x, share) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746),
            (-1.959_964, 0.025),
            (3.0, 0.998_650_102),
        ] {
            assert!((normal(x) - share).abs() < 2e-7, "{x}");
        }
    }
}
