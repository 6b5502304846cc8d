//! Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003, "Multiscale structural
//! similarity for image quality assessment").

use crate::signal::Picture;
use rayon::prelude::*;

/// Exponents of the five scales, finest first; they sum to 1.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// Side of the Gaussian window in pixels, and its standard deviation.
const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;

/// Stabilisers of the two quotients, relative to the peak.
const K: [f64; 2] = [0.01, 0.03];

/// Rows of the similarity map that are worked on at a time: what bounds memory.
const BAND: usize = 32;

/// MS-SSIM of `decoded` against `original`, at most 1 (which only equal pictures have): the mean over
/// colour channels, alpha left out.
///
/// Windows are 11 x 11 Gaussians of sigma 1.5 that lie wholly inside the picture; scales are 2 x 2
/// means, for which an odd last row or column is dropped; negative similarities count as 0. A scale
/// whose shorter side is below the window's is left out and the weights of the others are brought to a
/// sum of 1: all five need 176 pixels. Where even the first is too small, the window is cut to it.
///
/// # Panics
/// If the two differ in dimensions, channels or depth.
pub fn ms_ssim(original: &Picture, decoded: &Picture) -> f64 {
    super::assert_alike(original, decoded);
    let colours = original.channels() - u8::from(original.has_alpha());
    let sum: f64 = (0..colours)
        .map(|channel| {
            similarity(
                Plane::of(original, channel),
                Plane::of(decoded, channel),
                original.samples().peak(),
            )
        })
        .sum();
    sum / f64::from(colours)
}

/// One channel, row by row.
struct Plane {
    width: usize,
    height: usize,
    samples: Vec<f32>,
}

impl Plane {
    fn of(picture: &Picture, channel: u8) -> Self {
        let scale = 0.5 * picture.samples().peak() as f32;
        let samples = picture.samples();
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            samples: (usize::from(channel)..samples.len())
                .step_by(picture.channels().into())
                .map(|index| (samples.signed(index) + 1.0) * scale)
                .collect(),
        }
    }

    /// Half the size: the means of 2 x 2 pixels.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mean = |index: usize| {
            let at = 2 * (index / width) * self.width + 2 * (index % width);
            let (upper, lower) = (&self.samples[at..], &self.samples[at + self.width..]);
            0.25 * (upper[0] + upper[1] + lower[0] + lower[1])
        };
        Self {
            width,
            height,
            samples: (0..width * height).map(mean).collect(),
        }
    }
}

/// The product over scales: contrast and structure at each but the last, all of SSIM at the last.
fn similarity(mut x: Plane, mut y: Plane, peak: f64) -> f64 {
    let side = x.width.min(x.height);
    let scales = (1..WEIGHTS.len())
        .take_while(|scale| side >> scale >= WINDOW)
        .count()
        + 1;
    let total: f64 = WEIGHTS[..scales].iter().sum();
    let mut product = 1.0;
    for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
        if scale > 0 {
            (x, y) = (x.halved(), y.halved());
        }
        let (structure, ssim) = means(&x, &y, peak);
        let factor = if scale + 1 < scales { structure } else { ssim };
        product *= factor.max(0.0).powf(weight / total);
    }
    product
}

/// Means over all windows of contrast times structure, and of SSIM.
fn means(x: &Plane, y: &Plane, peak: f64) -> (f64, f64) {
    let (across, down) = (gaussian(x.width), gaussian(x.height));
    let rows = x.height + 1 - down.len();
    let c = K.map(|k| (k * peak * k * peak) as f32);
    // Summed in the order of bands, so that the result does not depend on the threads.
    let sums: Vec<[f64; 2]> = (0..rows.div_ceil(BAND))
        .into_par_iter()
        .map(|band| {
            let top = band * BAND;
            band_sums(x, y, top..rows.min(top + BAND), &across, &down, c)
        })
        .collect();
    let windows = (rows * (x.width + 1 - across.len())) as f64;
    let mean = |which: usize| sums.iter().map(|sum| sum[which]).sum::<f64>() / windows;
    (mean(0), mean(1))
}

/// Sums of contrast times structure and of SSIM over the windows that begin in `rows`.
fn band_sums(
    x: &Plane,
    y: &Plane,
    rows: std::ops::Range<usize>,
    across: &[f32],
    down: &[f32],
    [c1, c2]: [f32; 2],
) -> [f64; 2] {
    let columns = x.width + 1 - across.len();
    // Weighted sums along each row of x, y, x^2, y^2 and x y.
    let mut along = Vec::with_capacity((rows.len() + down.len()) * columns);
    for row in rows.start..rows.end + down.len() - 1 {
        let line = row * x.width..(row + 1) * x.width;
        let (x, y) = (&x.samples[line.clone()], &y.samples[line]);
        let pairs = x.windows(across.len()).zip(y.windows(across.len()));
        along.extend(pairs.map(|(x, y)| {
            let mut sums = [0.0_f32; 5];
            for ((&weight, &x), &y) in across.iter().zip(x).zip(y) {
                for (sum, value) in sums.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                    *sum += weight * value;
                }
            }
            sums
        }));
    }
    let mut totals = [0.0; 2];
    for at in 0..rows.len() * columns {
        let mut sums = [0.0_f32; 5];
        for (&weight, values) in down.iter().zip(along[at..].iter().step_by(columns)) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        let [mean_x, mean_y, xx, yy, xy] = sums;
        let (product, squares) = (mean_x * mean_y, mean_x * mean_x + mean_y * mean_y);
        let structure = (2.0 * (xy - product) + c2) / (xx + yy - squares + c2);
        let luminance = (2.0 * product + c1) / (squares + c1);
        totals[0] += f64::from(structure);
        totals[1] += f64::from(structure * luminance);
    }
    totals
}

/// The window along a side of `length` pixels.
fn gaussian(length: usize) -> Vec<f32> {
    let length = length.min(WINDOW);
    let centre = (length - 1) as f64 / 2.0;
    let density = |at: usize| (-((at as f64 - centre) / SIGMA).powi(2) / 2.0).exp();
    let sum: f64 = (0..length).map(density).sum();
    (0..length).map(|at| (density(at) / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Samples;

    /// A picture of ramps, and it with a noise of up to `noise` steps.
    fn pair(width: u32, height: u32, channels: u8, noise: i64) -> (Picture, Picture) {
        let picture = |noise: i64| {
            let count = i64::from(channels);
            let sample = |index: i64| {
                let (pixel, channel) = (index / count, index % count);
                let (x, y) = (pixel % i64::from(width), pixel / i64::from(width));
                let clean = (3 * x + 5 * y + 40 * channel + x * y / 7) % 256;
                let shift = (7 * index * index + 13 * index) % (2 * noise + 1) - noise;
                (clean + shift).clamp(0, 255) as u8
            };
            let samples = (0..i64::from(width * height) * count).map(sample).collect();
            Picture::new(width, height, channels, Samples::U8(samples)).unwrap()
        };
        (picture(0), picture(noise))
    }

    /// The values come from a plain two-dimensional convolution in NumPy and SciPy, in double precision.
    #[test]
    fn values_of_an_independent_implementation() {
        for (width, height, channels, noise, expected) in [
            (181, 176, 3, 60, 0.940195), // five scales, an odd side
            (40, 23, 1, 90, 0.548634),   // two
            (7, 20, 1, 30, 0.369239),    // one, with a window cut to seven columns
        ] {
            let (original, noisy) = pair(width, height, channels, noise);
            let value = ms_ssim(&original, &noisy);
            assert!((value - expected).abs() < 2e-5, "{width}x{height}: {value}");
        }
    }

    #[test]
    fn equal_pictures_have_one() {
        for (width, height, channels) in [(200, 180, 3), (1, 1, 1), (12, 9, 4)] {
            let (picture, _) = pair(width, height, channels, 1);
            assert_eq!(ms_ssim(&picture, &picture), 1.0);
        }
    }
}
