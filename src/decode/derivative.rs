//! Derivatives of the stored picture: which, in which units, and how they become samples.

use super::{Decoder, View};
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::Order;

/// A derivative of the stored picture, exact, channel by channel.
///
/// Units are those of the picture at its own size: samples span 0 to 1 and lengths are pixels of the *stored* picture,
/// whatever the size of the view. An enlarged view therefore shows the same numbers at more places, and a stretched one
/// still has one unit for both axes. At scale 1, differences of neighbouring samples approximate the derivatives.
/// By the coordinates of [`crate::signal::Grid`], of which the longer side of `n` pixels spans 2, and by outputs, which
/// span 2 as well, first derivatives are `n` times and Laplacians `n^2 / 2` times as large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Derivative {
    /// d/dx; x grows to the right.
    X,
    /// d/dy; y grows downwards.
    Y,
    /// (d/dx, d/dy).
    Gradient,
    /// d2/dx2 + d2/dy2.
    Laplacian,
}

impl Derivative {
    /// The number of components for each channel: 2 for the gradient, otherwise 1.
    pub fn parts(self) -> usize {
        match self {
            Self::Gradient => 2,
            _ => 1,
        }
    }

    /// The order of the jets that it is computed from.
    pub(super) fn order(self) -> Order {
        match self {
            Self::Laplacian => Order::Laplacian,
            _ => Order::Gradient,
        }
    }
}

/// The jet of one pixel, in the rows of its tile, and the longer side of the stored picture in pixels.
#[derive(Clone, Copy)]
pub(super) struct Pixel<'a> {
    pub(super) jets: &'a [f32],
    pub(super) outputs: usize,
    pub(super) slot: usize,
    pub(super) longer: f32,
    /// How much of the Laplacian is taken from values; 0 unless the jets have Laplacians.
    pub(super) sharpening: f32,
}

impl Pixel<'_> {
    fn component(&self, component: usize, channel: usize) -> f32 {
        self.jets[(component * self.outputs + channel) * TILE + self.slot]
    }

    /// The value of a channel; what is stored spans 0 to 1.
    #[inline]
    fn value(&self, channel: usize) -> f32 {
        let value = 0.5 * self.component(0, channel) + 0.5;
        if self.sharpening == 0.0 {
            return value;
        }
        value - self.sharpening * self.laplacian(channel)
    }

    /// Writes the values of all channels.
    #[inline]
    pub(super) fn values(&self, values: &mut [f32]) {
        for (channel, value) in values.iter_mut().enumerate() {
            *value = self.value(channel);
        }
    }

    /// d/dx and d/dy of a channel.
    #[inline]
    fn gradient(&self, channel: usize) -> [f32; 2] {
        [1, 2].map(|component| self.component(component, channel) / self.longer)
    }

    #[inline]
    fn laplacian(&self, channel: usize) -> f32 {
        2.0 / (self.longer * self.longer) * self.component(3, channel)
    }

    /// Writes a derivative of a channel, as many numbers as it has parts.
    #[inline]
    pub(super) fn write(&self, derivative: Derivative, channel: usize, parts: &mut [f32]) {
        match derivative {
            Derivative::X => parts[0] = self.gradient(channel)[0],
            Derivative::Y => parts[0] = self.gradient(channel)[1],
            Derivative::Gradient => parts.copy_from_slice(&self.gradient(channel)),
            Derivative::Laplacian => parts[0] = self.laplacian(channel),
        }
    }
}

/// How a derivative becomes samples.
///
/// Signed derivatives lie symmetrically around mid-gray, 0.5 + 0.5 `gain` d of the range of a sample;
/// gradients become their lengths, `gain` |d|. Values beyond black or white are cut off. Alpha
/// stays as it is in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shading {
    derivative: Derivative,
    gain: f32,
    hue: bool,
}

/// Share of a picture's derivatives that a fitted gain leaves within the range of a sample.
const WITHIN: f64 = 0.99;
/// Points of the picture, about, by which it is judged: so few that even a small region of a huge
/// picture is shown at once.
const JUDGED: f64 = 65_536.0;
/// Shares of red, green and blue in the luma whose gradient has a hue (ITU-R BT.709).
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

impl Shading {
    /// Shows `derivative` with the given gain: derivatives of 1 / `gain` become white.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `gain` is not a positive number.
    pub fn new(derivative: Derivative, gain: f32) -> Result<Self, Error> {
        if !(gain.is_finite() && gain > 0.0) {
            return Err(Error::parameter("gain", gain, "a positive number"));
        }
        Ok(Self {
            derivative,
            gain,
            hue: false,
        })
    }

    /// Shows `derivative` with the gain that leaves 99 % of it, over colour channels and the whole stored
    /// picture, within the range of a sample. It depends on the picture alone, so all views of one
    /// picture have the same, and a region is the crop of the whole.
    ///
    /// # Errors
    /// As [`Decoder::render`].
    pub fn fitted(decoder: &Decoder, derivative: Derivative) -> Result<Self, Error> {
        let pixels = f64::from(decoder.width()) * f64::from(decoder.height());
        let view = View::scaled(decoder, (JUDGED / pixels).sqrt().min(1.0))?.with_points();
        let (parts, outputs) = (derivative.parts(), usize::from(decoder.channels()));
        let mut sizes = Vec::with_capacity(view.pixels() as usize * outputs);
        decoder.render_floats(&view, Some(derivative), |strip| {
            for pixel in strip.values.chunks_exact(outputs * parts) {
                let channels = pixel.chunks_exact(parts).take(colours(outputs));
                sizes.extend(channels.map(length));
            }
            Ok::<_, Error>(())
        })?;
        Self::new(derivative, fitting_gain(sizes))
    }

    /// Shows the gradient in colour: its direction as the hue and its length as the brightness. Red means that the
    /// picture brightens to the right, yellow-green downwards, cyan to the left and violet upwards. For pictures in
    /// colour it is the gradient of their luma (ITU-R BT.709).
    ///
    /// # Errors
    /// [`Error::Parameter`] for other derivatives, which have no direction.
    pub fn with_hue(self) -> Result<Self, Error> {
        if self.derivative != Derivative::Gradient {
            let given = format!("{:?}", self.derivative).to_lowercase();
            return Err(Error::parameter(
                "derivative in colour",
                given,
                "the gradient",
            ));
        }
        Ok(Self { hue: true, ..self })
    }

    /// The derivative.
    pub fn derivative(&self) -> Derivative {
        self.derivative
    }

    /// The gain: 1 over the derivative that becomes white.
    pub fn gain(&self) -> f32 {
        self.gain
    }

    /// Samples per pixel of the derivative as it is shown, of a picture with this number of `channels`.
    pub(super) fn channels(&self, channels: u8) -> u8 {
        if self.hue && channels < 3 {
            channels + 2
        } else {
            channels
        }
    }

    /// Writes the samples of a pixel, as 0 to 1 and beyond.
    #[inline]
    pub(super) fn shade(&self, pixel: Pixel<'_>, samples: &mut [f32]) {
        let colours = colours(pixel.outputs);
        if self.hue {
            let [mut dx, mut dy] = pixel.gradient(0);
            if colours == 3 {
                [dx, dy] = [0.0; 2];
                for (channel, share) in LUMA.iter().enumerate() {
                    let [x, y] = pixel.gradient(channel);
                    (dx, dy) = (share.mul_add(x, dx), share.mul_add(y, dy));
                }
            }
            samples[..3].copy_from_slice(&hued(dy.atan2(dx), self.gain * dx.hypot(dy)));
        } else {
            for (channel, sample) in samples[..colours].iter_mut().enumerate() {
                let parts = &mut [0.0; 2][..self.derivative.parts()];
                pixel.write(self.derivative, channel, parts);
                *sample = match self.derivative {
                    Derivative::Gradient => self.gain * length(parts),
                    _ => (0.5 * self.gain).mul_add(parts[0], 0.5),
                };
            }
        }
        if let (Some(alpha), true) = (samples.last_mut(), colours < pixel.outputs) {
            *alpha = pixel.value(colours);
        }
    }
}

/// The number of channels without alpha.
fn colours(channels: usize) -> usize {
    if channels.is_multiple_of(2) {
        channels - 1
    } else {
        channels
    }
}

/// The length of a derivative's parts, which for one part is its size.
fn length(parts: &[f32]) -> f32 {
    parts.iter().map(|part| part * part).sum::<f32>().sqrt()
}

/// 1 over the size that [`WITHIN`] of all are below, of which there is one at least; 1 if that is nothing.
pub(crate) fn fitting_gain(mut sizes: Vec<f32>) -> f32 {
    let at = ((sizes.len() as f64 * WITHIN) as usize).min(sizes.len() - 1);
    let (_, &mut size, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    let gain = size.recip();
    if gain.is_finite() { gain } else { 1.0 }
}

/// Red, green and blue of a fully saturated colour of the given hue, in radians, and brightness.
fn hued(hue: f32, brightness: f32) -> [f32; 3] {
    let sextant = hue * (3.0 / std::f32::consts::PI);
    [5.0, 3.0, 1.0].map(|offset: f32| {
        let at = (offset + sextant).rem_euclid(6.0);
        brightness.min(1.0) * (1.0 - at.min(4.0 - at).clamp(0.0, 1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::oracle;
    use crate::{Encoder, Picture, Region, Samples};

    /// A quick fit of a smooth picture.
    fn decoder(channels: u8, depth: u8) -> Decoder {
        let count = 24 * 16 * u32::from(channels);
        let wave = |i: u32| 0.5 + 0.4 * (i as f32 * 0.11).sin();
        let samples = match depth {
            8 => Samples::U8((0..count).map(|i| (wave(i) * 255.0) as u8).collect()),
            _ => Samples::U16((0..count).map(|i| (wave(i) * 65_535.0) as u16).collect()),
        };
        let picture = Picture::new(24, 16, channels, samples).unwrap();
        // Half floats: of levels that have to be few there may be none but zeros.
        let encoder = Encoder::new()
            .with_half_floats()
            .with_layers(2)
            .with_width(12);
        let encoder = encoder.with_steps(40);
        Decoder::new(&encoder.encode(&picture).unwrap().bytes).unwrap()
    }

    fn floats(decoder: &Decoder, view: &View, derivative: Option<Derivative>) -> Vec<f32> {
        let mut all = Vec::new();
        let strips = decoder.render_floats(view, derivative, |strip| {
            all.extend(strip.values);
            Ok::<_, Error>(())
        });
        strips.unwrap();
        all
    }

    #[test]
    fn derivatives_are_differences_of_the_decoded_field_by_pixels() {
        let decoder = decoder(3, 8);
        let grid = decoder.grid().resampled(48, 32);
        // 2 / 24 of the plane is a pixel of the stored picture, and samples are half the outputs.
        const H: f64 = 1e-3;
        let at = |column: u32, row: u32, dx: f64, dy: f64| {
            let point = [
                f64::from(grid.x(column)) + dx * 2.0 / 24.0,
                f64::from(grid.y(row)) + dy * 2.0 / 24.0,
            ];
            oracle::forward(decoder.network(), &point)
                .into_iter()
                .map(|y| 0.5 * y + 0.5)
                .collect::<Vec<_>>()
        };
        let view = View::scaled(&decoder, 2.0).unwrap();
        let of = |derivative| floats(&decoder, &view, derivative);
        let (values, dx, dy) = (of(None), of(Some(Derivative::X)), of(Some(Derivative::Y)));
        let (both, laplacians) = (
            of(Some(Derivative::Gradient)),
            of(Some(Derivative::Laplacian)),
        );
        assert!(
            [&dx, &dy, &laplacians]
                .iter()
                .all(|them| them.iter().any(|d| d.abs() > 1e-3))
        );
        assert_eq!(
            (both.len(), laplacians.len()),
            (2 * 48 * 32 * 3, 48 * 32 * 3)
        );
        for (row, column) in (0..32).flat_map(|row| (0..48).map(move |column| (row, column))) {
            let (here, right, left) = (
                at(column, row, 0.0, 0.0),
                at(column, row, H, 0.0),
                at(column, row, -H, 0.0),
            );
            let (below, above) = (at(column, row, 0.0, H), at(column, row, 0.0, -H));
            for channel in 0..3 {
                let index = ((row * 48 + column) * 3) as usize + channel;
                let near = |found: f32, expected: f64| {
                    let scale = 1e-2 + expected.abs();
                    assert!(
                        (f64::from(found) - expected).abs() < 1e-3 * scale,
                        "{found} {expected}"
                    );
                };
                near(values[index], here[channel]);
                let by_x = (right[channel] - left[channel]) / (2.0 * H);
                let by_y = (below[channel] - above[channel]) / (2.0 * H);
                near(dx[index], by_x);
                near(dy[index], by_y);
                assert_eq!(both[2 * index..2 * index + 2], [dx[index], dy[index]]);
                let sum = right[channel] + left[channel] + below[channel] + above[channel];
                near(laplacians[index], (sum - 4.0 * here[channel]) / (H * H));
            }
        }
    }

    #[test]
    fn shades_are_symmetric_around_mid_gray() {
        for (depth, peak) in [(8, 255.0), (16, 65_535.0)] {
            let decoder = decoder(1, depth);
            for derivative in [Derivative::X, Derivative::Laplacian, Derivative::Gradient] {
                let shading = Shading::fitted(&decoder, derivative).unwrap();
                let view = View::whole(&decoder);
                let raw = floats(&decoder, &view, Some(derivative));
                let picture = decoder.picture(&view.with_shading(shading)).unwrap();
                let (mut beyond, mut reaching) = (0, 0);
                for (index, parts) in raw.chunks_exact(derivative.parts()).enumerate() {
                    let shade = match derivative {
                        Derivative::Gradient => shading.gain() * parts[0].hypot(parts[1]),
                        _ => 0.5 + 0.5 * shading.gain() * parts[0],
                    };
                    let size = shading.gain() * length(parts);
                    beyond += u32::from(size > 1.0 + 1e-5);
                    reaching += u32::from(size > 1.0 - 1e-5);
                    let found = match picture.samples() {
                        Samples::U8(samples) => f32::from(samples[index]),
                        Samples::U16(samples) => f32::from(samples[index]),
                    };
                    assert!((found - shade.clamp(0.0, 1.0) * peak).abs() <= 0.51 + 1e-6 * peak);
                }
                // 1 % of 384 pixels, of which several may be alike.
                assert!(
                    beyond <= 4 && reaching >= 4,
                    "{derivative:?}: {beyond}, {reaching}"
                );
            }
        }
    }

    #[test]
    fn the_fitted_gain_is_that_of_the_picture_whatever_the_view() {
        let decoder = decoder(3, 8);
        let shading = Shading::fitted(&decoder, Derivative::Laplacian).unwrap();
        let whole = View::sized(90, 30).unwrap().with_shading(shading);
        let region = Region {
            x: 31,
            y: 7,
            width: 20,
            height: 11,
        };
        let part = decoder
            .picture(&whole.with_region(region).unwrap())
            .unwrap();
        let whole = decoder.picture(&whole).unwrap();
        let (Samples::U8(part), Samples::U8(whole)) = (part.samples(), whole.samples()) else {
            panic!("8 bits a sample");
        };
        for (row, part) in part.chunks_exact(20 * 3).enumerate() {
            assert_eq!(part, &whole[((7 + row) * 90 + 31) * 3..][..20 * 3]);
        }
    }

    #[test]
    fn hues_go_round_and_alpha_stays() {
        let near = |found: [f32; 3], expected: [f32; 3]| {
            for (found, expected) in found.into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        };
        use std::f32::consts::{FRAC_PI_2, PI};
        near(hued(0.0, 1.0), [1.0, 0.0, 0.0]);
        near(hued(FRAC_PI_2, 0.5), [0.25, 0.5, 0.0]);
        near(hued(PI, 2.0), [0.0, 1.0, 1.0]);
        near(hued(-FRAC_PI_2, 1.0), [0.5, 0.0, 1.0]);

        let decoder = decoder(2, 8);
        let shading = Shading::fitted(&decoder, Derivative::Gradient)
            .unwrap()
            .with_hue()
            .unwrap();
        let view = View::whole(&decoder).with_shading(shading);
        let (shown, plain) = (
            decoder.picture(&view).unwrap(),
            decoder.picture(&View::whole(&decoder)).unwrap(),
        );
        assert_eq!(shown.channels(), 4);
        let (Samples::U8(shown), Samples::U8(plain)) = (shown.samples(), plain.samples()) else {
            panic!("8 bits a sample");
        };
        for (shown, plain) in shown.chunks_exact(4).zip(plain.chunks_exact(2)) {
            assert_eq!(shown[3], plain[1]);
            // Saturated: one of the primaries is missing, save for rounding.
            assert_eq!(shown[..3].iter().min(), Some(&0));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for gain in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Shading::new(Derivative::X, gain).is_err());
        }
        let shading = Shading::new(Derivative::Laplacian, 1.0).unwrap();
        assert!(shading.with_hue().is_err());
        assert_eq!(fitting_gain(vec![0.0; 9]), 1.0);
        // Jets of three more components cost more than twice as much.
        let decoder = decoder(1, 8);
        let file = Encoder::new().with_layers(2).with_width(12).with_steps(2);
        let picture = decoder.picture(&View::whole(&decoder)).unwrap();
        let bytes = file.encode(&picture).unwrap().bytes;
        let decoder = Decoder::new(&bytes).unwrap();
        let view = View::whole(&decoder);
        let limits = crate::Limits::default();
        let limits = limits.with_operations(2 * decoder.cost(&view).operations);
        let decoder = Decoder::with_limits(&bytes, &limits).unwrap();
        assert!(decoder.picture(&view).is_ok());
        assert!(decoder.picture(&view.with_shading(shading)).is_err());
    }
}
