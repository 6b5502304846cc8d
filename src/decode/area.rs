//! The pixels of a smaller or a larger rendering, as means over their areas.
//!
//! A pixel that is larger than one of the stored picture is the mean of what the stored pixels under it have at scale 1,
//! each weighted by the area that both share. Values at the centres of the larger pixels would be no substitute: detail
//! that is finer than these pixels would come out as a pattern that the picture does not have (aliasing).
//!
//! A stored pixel is itself the mean of a scene over a square of side h. If f is the scene, the mean of f over a square of
//! side a around a point is f + (a^2 / 24) Laplacian f, to second order in a: the mean of x^2 and of y^2 over the square is
//! a^2 / 12 each, and Taylor's formula halves it. The stored function v is the mean for a = h. At s times the size a pixel
//! has the side h / s, and its mean is therefore
//!
//! ```text
//! v - (h^2 / 24) (1 - 1 / s^2) Laplacian v
//! ```
//!
//! to second order. This is how pictures with grids of latents are enlarged. The functions of networks that see coordinates
//! oscillate between pixels, where no fit has looked at them, and their Laplacians would add more noise than they take blur
//! away (benches/record/2026-11-29-between.md).

use std::ops::Range;

/// One axis of a rendering: how its pixels cover samples.
///
/// Where the rendering is smaller than the stored picture, samples are the stored pixels; elsewhere every pixel is a
/// sample of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    samples: u32,
    pixels: u32,
}

impl Axis {
    /// For `pixels` pixels, at least 1, along what is stored with `stored` pixels.
    pub(super) fn new(stored: u32, pixels: u32) -> Self {
        Self {
            samples: stored.max(pixels),
            pixels,
        }
    }

    /// With every pixel a sample of its own, whatever is stored.
    pub(super) fn of_points(pixels: u32) -> Self {
        Self::new(pixels, pixels)
    }

    /// Samples along the whole axis.
    pub(super) fn len(&self) -> u32 {
        self.samples
    }

    /// Whether pixels are means of samples.
    pub(super) fn reduces(&self) -> bool {
        self.samples > self.pixels
    }

    /// The samples that `pixels`, which are not empty, have a share of.
    pub(super) fn under(&self, pixels: Range<u32>) -> Range<u32> {
        let [samples, all] = [self.samples, self.pixels].map(u64::from);
        let first = u64::from(pixels.start) * samples / all;
        let end = (u64::from(pixels.end) * samples).div_ceil(all);
        // Both are at most `samples`.
        first as u32..end as u32
    }

    /// The pixels that have a share of `sample`.
    pub(super) fn over(&self, sample: u32) -> Range<u32> {
        let swapped = Self {
            samples: self.pixels,
            pixels: self.samples,
        };
        swapped.under(sample..sample + 1)
    }

    /// The share of `pixel` that `sample` has; all shares of a pixel add up to 1.
    pub(super) fn weight(&self, pixel: u32, sample: u32) -> f64 {
        // In units of which a sample has `pixels` and a pixel has `samples`.
        let [samples, all] = [self.samples, self.pixels].map(u64::from);
        let [pixel, sample] = [pixel, sample].map(u64::from);
        let begin = (pixel * samples).max(sample * all);
        let end = ((pixel + 1) * samples).min((sample + 1) * all);
        end.saturating_sub(begin) as f64 / samples as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_a_pixel_add_up_and_no_sample_is_left_out() {
        for (stored, pixels) in [(8, 2), (7, 3), (5, 5), (3, 7), (1, 1), (1000, 999), (9, 1)] {
            let axis = Axis::new(stored, pixels);
            assert_eq!(axis.reduces(), pixels < stored);
            let mut seen = vec![0.0; axis.len() as usize];
            for pixel in 0..pixels {
                let shares: Vec<f64> = axis
                    .under(pixel..pixel + 1)
                    .map(|sample| {
                        assert!(axis.over(sample).contains(&pixel));
                        seen[sample as usize] += axis.weight(pixel, sample);
                        axis.weight(pixel, sample)
                    })
                    .collect();
                assert!(shares.iter().all(|&share| share > 0.0));
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
            let each = f64::from(pixels) / f64::from(axis.len());
            assert!(seen.iter().all(|share| (share - each).abs() < 1e-12));
        }
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        let axis = Axis::new(u32::MAX, u32::MAX - 1);
        assert_eq!(axis.under(u32::MAX - 2..u32::MAX - 1).end, u32::MAX);
        assert!(axis.weight(u32::MAX - 2, u32::MAX - 1) > 0.99);
    }
}
