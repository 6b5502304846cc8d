//! Bjontegaard delta rate: how many more bits one codec takes than another for the same quality.

/// BD-rate of `test` against `anchor` in percent: the mean difference in rate over the qualities that
/// both reach, negative where `test` takes fewer bits. `None` if they share no range.
///
/// Points are `[rate, quality]` in any order, rates above 0 in one unit for both. Between them the
/// logarithm of the rate is interpolated over quality by monotone piecewise cubics (PCHIP, Fritsch and
/// Butland 1984), rather than by the one cubic of the original proposal (VCEG-M33), which overshoots.
/// A point that another one beats in rate without being worse in quality is left out.
pub fn bd_rate(anchor: &[[f64; 2]], test: &[[f64; 2]]) -> Option<f64> {
    let (anchor, test) = (Curve::through(anchor)?, Curve::through(test)?);
    let low = anchor.first().max(test.first());
    let high = anchor.last().min(test.last());
    if low >= high {
        return None;
    }
    let difference = (test.integral(low, high) - anchor.integral(low, high)) / (high - low);
    Some(100.0 * (difference.exp() - 1.0))
}

/// The logarithm of the rate over quality.
struct Curve {
    /// `[quality, ln rate]`, at least two, both rising.
    knots: Vec<[f64; 2]>,
    /// Derivatives at the knots.
    slopes: Vec<f64>,
}

impl Curve {
    fn through(points: &[[f64; 2]]) -> Option<Self> {
        let mut points: Vec<_> = points
            .iter()
            .filter(|[rate, quality]| *rate > 0.0 && rate.is_finite() && quality.is_finite())
            .map(|[rate, quality]| [*quality, rate.ln()])
            .collect();
        points.sort_by(|a, b| a[1].total_cmp(&b[1]).then(b[0].total_cmp(&a[0])));
        let mut knots: Vec<[f64; 2]> = Vec::new();
        for point in points {
            if knots.last().is_none_or(|last| point[0] > last[0]) {
                knots.push(point);
            }
        }
        let slopes = slopes(&knots)?;
        Some(Self { knots, slopes })
    }

    fn first(&self) -> f64 {
        self.knots[0][0]
    }

    fn last(&self) -> f64 {
        self.knots[self.knots.len() - 1][0]
    }

    /// Integral over `low..high`, which lies within the knots.
    fn integral(&self, low: f64, high: f64) -> f64 {
        let pieces = 0..self.knots.len() - 1;
        pieces
            .map(|piece| {
                let from = self.knots[piece][0].clamp(low, high);
                let to = self.knots[piece + 1][0].clamp(low, high);
                let at = |quality| self.on_piece(piece, quality);
                // Simpson's rule, which is exact for cubics.
                (to - from) / 6.0 * (at(from) + 4.0 * at(0.5 * (from + to)) + at(to))
            })
            .sum()
    }

    /// The cubic between two neighbouring knots, in Hermite form.
    fn on_piece(&self, piece: usize, quality: f64) -> f64 {
        let ([x0, y0], [x1, y1]) = (self.knots[piece], self.knots[piece + 1]);
        let (d0, d1) = (self.slopes[piece], self.slopes[piece + 1]);
        let h = x1 - x0;
        let t = (quality - x0) / h;
        let u = 1.0 - t;
        u * u * ((1.0 + 2.0 * t) * y0 + t * h * d0) + t * t * ((1.0 + 2.0 * u) * y1 - u * h * d1)
    }
}

/// Derivatives at the knots that keep the interpolant monotone; `None` for fewer than two knots.
fn slopes(knots: &[[f64; 2]]) -> Option<Vec<f64>> {
    let secants: Vec<[f64; 2]> = knots
        .windows(2)
        .map(|pair| {
            let width = pair[1][0] - pair[0][0];
            [width, (pair[1][1] - pair[0][1]) / width]
        })
        .collect();
    let (first, last) = (secants.first()?, secants.last()?);
    let mut slopes = vec![end(*first, secants.get(1))];
    slopes.extend(secants.windows(2).map(|pair| {
        let ([h0, d0], [h1, d1]) = (pair[0], pair[1]);
        if d0 * d1 <= 0.0 {
            return 0.0;
        }
        let (w0, w1) = (2.0 * h1 + h0, h1 + 2.0 * h0);
        (w0 + w1) / (w0 / d0 + w1 / d1)
    }));
    let before_last = secants.len().checked_sub(2).map(|index| &secants[index]);
    slopes.push(end(*last, before_last));
    Some(slopes)
}

/// The derivative at an end, from its secant and the next one inwards: three-point, limited so that
/// the shape is kept.
fn end([h0, d0]: [f64; 2], next: Option<&[f64; 2]>) -> f64 {
    let Some(&[h1, d1]) = next else {
        return d0;
    };
    let slope = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if slope * d0 <= 0.0 {
        0.0
    } else if d0 * d1 <= 0.0 && slope.abs() > 3.0 * d0.abs() {
        3.0 * d0
    } else {
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [[f64; 2]; 4] = [[0.05, 24.0], [0.1, 26.5], [0.2, 28.2], [0.3, 29.0]];
    const B: [[f64; 2]; 5] = [
        [0.04, 23.1],
        [0.09, 25.0],
        [0.15, 28.0],
        [0.4, 30.5],
        [0.5, 30.9],
    ];
    const LINE: [[f64; 2]; 2] = [[0.1, 25.0], [0.2, 28.0]];

    fn assert_close(value: Option<f64>, expected: f64) {
        assert!((value.unwrap() - expected).abs() < 1e-9, "{value:?}");
    }

    /// The values are those of the Python package `bjontegaard` 1.3 (method "pchip").
    #[test]
    fn values_of_an_independent_implementation() {
        assert_close(bd_rate(&A, &B), 8.440418270915195);
        assert_close(bd_rate(&B, &A), -7.783461559350147);
        assert_close(bd_rate(&LINE, &A), -27.513501239012182);
    }

    #[test]
    fn half_the_rate_is_half_the_rate() {
        let halved = A.map(|[rate, quality]| [rate / 2.0, quality]);
        assert_close(bd_rate(&A, &halved), -50.0);
        assert_close(bd_rate(&A, &A), 0.0);
    }

    #[test]
    fn points_may_be_in_disorder_or_beaten_by_others() {
        let mut worse = A.to_vec();
        worse.insert(1, [0.25, 27.0]);
        worse.insert(0, [0.1, 26.5]);
        worse.swap(2, 4);
        assert_close(bd_rate(&worse, &B), 8.440418270915195);
    }

    #[test]
    fn without_a_shared_range_there_is_no_rate() {
        assert_eq!(bd_rate(&A, &[[0.1, 29.0], [0.2, 31.0]]), None);
        assert_eq!(bd_rate(&A, &A[..1]), None);
        assert_eq!(bd_rate(&[], &A), None);
    }
}
