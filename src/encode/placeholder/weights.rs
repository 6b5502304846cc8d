//! The exact weights of a picture: the mean of each channel times each function (SPEC 11.6).

use super::{FREQUENCIES, SIDE};
use crate::model::cosines;
use crate::{Error, Picture, Samples};
use siren_format::{ASPECT_UNITS, Aspect};

/// The weights of a picture before they are rounded.
pub(super) struct Weights {
    pub(super) aspect: Aspect,
    /// 3, or 4 if any pixel is transparent.
    pub(super) channels: usize,
    /// The sum of their squares: the error of a placeholder all of whose levels are 0.
    pub(super) energy: f64,
    /// For each channel and each l, those of all k.
    values: Vec<f64>,
}

impl Weights {
    pub(super) fn of(picture: &Picture) -> Result<Self, Error> {
        let (width, height) = (picture.width(), picture.height());
        let ratio = f64::from(width) / f64::from(height);
        let aspect = aspect(ratio).ok_or_else(|| {
            Error::parameter(
                "the aspect ratio of a placeholder",
                format!("{width}:{height}"),
                "1:250 to 250:1",
            )
        })?;
        let small = Small::of(picture);
        let channels = if small.is_opaque() { 3 } else { 4 };
        let values: Vec<f64> = (0..channels)
            .flat_map(|channel| small.project(channel))
            .collect();
        Ok(Self {
            aspect,
            channels,
            energy: values.iter().map(|value| value * value).sum(),
            values,
        })
    }

    /// For each l, the weights of all k of a channel.
    pub(super) fn of_channel(&self, channel: usize) -> &[f64] {
        let count = FREQUENCIES * FREQUENCIES;
        &self.values[channel * count..][..count]
    }
}

/// The code of a ratio of width to height: a frequent one if that is near enough, which takes 10 bits less, or else the
/// nearest.
fn aspect(ratio: f64) -> Option<Aspect> {
    /// How far a frequent ratio may be from the picture's.
    const NEAR: f64 = 0.009;
    let code = (ratio.log2() * f64::from(ASPECT_UNITS)).round() as i16;
    let frequent = |aspect: &Aspect| {
        aspect.exact().is_some_and(|(width, height)| {
            (f64::from(width) / f64::from(height) / ratio - 1.0).abs() <= NEAR
        })
    };
    let around = code.saturating_sub(1)..=code.saturating_add(1);
    let found = around.filter_map(Aspect::new).find(frequent);
    found.or_else(|| Aspect::new(code))
}

/// A picture made smaller, as channels of each pixel.
struct Small {
    width: usize,
    pixels: Vec<[f64; 4]>,
}

impl Small {
    /// The means over areas of a picture of which the longer side is at most [`SIDE`].
    fn of(picture: &Picture) -> Self {
        let longer = picture.width().max(picture.height());
        let divisor = f64::from(longer.max(SIDE)) / f64::from(SIDE);
        let side = |pixels: u32| (f64::from(pixels) / divisor).round().max(1.0) as usize;
        let (width, height) = (side(picture.width()), side(picture.height()));
        let across = shares(picture.width(), width);
        let down = shares(picture.height(), height);
        // Red, green and blue times alpha, and alpha.
        let mut sums = vec![[0.0_f64; 4]; width * height];
        let mut row = vec![[0.0_f64; 4]; width];
        for (y, parts) in down.iter().enumerate() {
            row.fill([0.0; 4]);
            for (x, parts) in across.iter().enumerate() {
                let pixel = colour(picture, y * across.len() + x);
                for &(column, share) in parts {
                    let sums = row[column].iter_mut().zip(pixel);
                    sums.for_each(|(sum, value)| *sum += share * value);
                }
            }
            for &(to, share) in parts {
                for (sums, pixel) in sums[to * width..].iter_mut().zip(&row) {
                    let sums = sums.iter_mut().zip(pixel);
                    sums.for_each(|(sum, value)| *sum += share * value);
                }
            }
        }
        Self {
            width,
            pixels: in_channels(&sums),
        }
    }

    fn is_opaque(&self) -> bool {
        let opaque = cosines::channels(&[1.0; 4])[3];
        self.pixels.iter().all(|pixel| pixel[3] > opaque - 1e-3)
    }

    /// The mean of a channel times each function.
    fn project(&self, channel: usize) -> Vec<f64> {
        let (width, height) = (self.width, self.pixels.len() / self.width);
        let [columns, rows] = [width, height].map(|side| side.min(FREQUENCIES));
        let across = cosines::functions(width as u32, columns);
        let down = cosines::functions(height as u32, rows);
        let mut weights = vec![0.0; FREQUENCIES * FREQUENCIES];
        for (y, pixels) in self.pixels.chunks_exact(width).enumerate() {
            let values: Vec<f64> = pixels.iter().map(|pixel| pixel[channel]).collect();
            let sums: Vec<f64> = across
                .chunks_exact(width)
                .map(|function| function.iter().zip(&values).map(|(a, b)| a * b).sum())
                .collect();
            for (l, weights) in weights.chunks_exact_mut(FREQUENCIES).take(rows).enumerate() {
                let factor = down[l * height + y];
                let weights = weights.iter_mut().zip(&sums);
                weights.for_each(|(weight, sum)| *weight += factor * sum);
            }
        }
        weights
    }
}

/// For each of `pixels` pixels of a side, which of `smaller` larger ones it has a share of, and how much of the larger
/// one it is.
fn shares(pixels: u32, smaller: usize) -> Vec<Vec<(usize, f64)>> {
    let all = pixels as usize;
    let part = |pixel: usize| {
        // In units of which a smaller pixel has `smaller` and a larger one `all`.
        let (from, to) = (pixel * smaller, (pixel + 1) * smaller);
        let cells = from / all..to.div_ceil(all);
        cells
            .map(|cell| {
                let shared = to.min((cell + 1) * all) - from.max(cell * all);
                (cell, shared as f64 / all as f64)
            })
            .collect()
    };
    (0..all).map(part).collect()
}

/// Red, green and blue of a pixel, each times alpha, and alpha; from 0 to 1.
fn colour(picture: &Picture, pixel: usize) -> [f64; 4] {
    let channels = usize::from(picture.channels());
    let peak = picture.samples().peak();
    let sample = |channel: usize| {
        let index = pixel * channels + channel;
        let value = match picture.samples() {
            Samples::U8(samples) => f64::from(samples[index]),
            Samples::U16(samples) => f64::from(samples[index]),
        };
        value / peak
    };
    let alpha = if picture.has_alpha() {
        sample(channels - 1)
    } else {
        1.0
    };
    let gray = channels < 3;
    let [red, green, blue] = [0, 1, 2].map(|c| alpha * sample(if gray { 0 } else { c }));
    [red, green, blue, alpha]
}

/// The channels of pixels whose colours are multiplied by alpha. What is transparent has the mean of all colours.
fn in_channels(sums: &[[f64; 4]]) -> Vec<[f64; 4]> {
    let mut mean = sums.iter().fold([0.0; 4], |mut mean, pixel| {
        mean.iter_mut()
            .zip(pixel)
            .for_each(|(mean, value)| *mean += value);
        mean
    });
    if mean[3] == 0.0 {
        mean = [0.5, 0.5, 0.5, 1.0];
    }
    let straight = |&[red, green, blue, alpha]: &[f64; 4]| {
        // Half-transparent pixels are halfway between their colour and the mean.
        let hidden = (1.0 - alpha) / mean[3];
        let [red, green, blue] = [
            red + hidden * mean[0],
            green + hidden * mean[1],
            blue + hidden * mean[2],
        ];
        cosines::channels(&[red, green, blue, alpha])
    };
    sums.iter().map(straight).collect()
}
