//! A colour space of three primaries and their curves, or of a gray and its curve, and its way to sRGB.

use super::codes;
use super::curve::{Curve, HDR_WHITE, SRGB, srgb};
use super::matrix::{Matrix, apply, inverse, product};
use crate::Samples;

/// How samples stand for colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// From the light of red, green and blue to CIE XYZ under D50. Gray does not use it.
    pub to_xyz: Matrix,
    /// The curves of red, green and blue. The first one is also the curve of gray.
    pub curves: [Curve; 3],
    /// Whether black is 16 and white 235 of 255, as in videos.
    pub narrow: bool,
}

/// How far from sRGB a space may be that is taken for it, and how far beyond the end of the range a sample may be
/// that is cut off, in samples of 0 to 1: a step and a half of 8 bits.
const SAME: f64 = 1.5 / 255.0;
/// Luminance of the display for which hybrid log-gamma is rendered, in cd/m2, and the gamma that goes with it
/// (ITU-R BT.2100).
const HLG_DISPLAY: f64 = 1000.0;
const HLG_GAMMA: f64 = 1.2;

impl Space {
    /// The space of one curve for all three primaries.
    pub fn new(to_xyz: Matrix, curve: Curve) -> Self {
        Self {
            to_xyz,
            curves: [curve.clone(), curve.clone(), curve],
            narrow: false,
        }
    }

    /// The primaries of sRGB with another curve.
    pub fn with_srgb_primaries(curve: Curve) -> Option<Self> {
        Some(Self::new(codes::chromaticities(1)?.to_xyz()?, curve))
    }

    /// Whether it goes beyond white.
    pub fn is_hdr(&self) -> bool {
        self.curves[0].is_hdr()
    }

    /// Whether it is sRGB for all practical purposes: converting a grid of colours and all grays to sRGB leaves them as
    /// they are.
    pub fn is_srgb(&self, channels: u8) -> bool {
        if self.narrow || self.is_hdr() {
            return false;
        }
        let Some(way) = Way::new(self, channels) else {
            return false;
        };
        let same = |sample: [f64; 3]| {
            let light = way.light([0, 1, 2].map(|index| self.curves[index].light(sample[index])));
            let count = if channels < 3 { 1 } else { 3 };
            light
                .iter()
                .zip(sample)
                .take(count)
                .all(|(&light, sample)| (srgb(light) - sample).abs() <= SAME)
        };
        let grid = (0..9 * 9 * 9).map(|cell| [cell / 81, cell / 9 % 9, cell % 9]);
        let grid = grid.map(|cell| cell.map(|step| f64::from(step) / 8.0));
        let grays = (0..=255).map(|step| [f64::from(step) / 255.0; 3]);
        grid.chain(grays).all(same)
    }

    /// How many pixels of `samples` have a colour that sRGB has not.
    pub fn outside(&self, samples: &Samples, channels: u8) -> u64 {
        let Some(way) = Way::new(self, channels) else {
            return 0;
        };
        match samples {
            Samples::U8(samples) => way.outside(samples),
            Samples::U16(samples) => way.outside(samples),
        }
    }

    /// Turns `samples` into sRGB, cutting off what that has not.
    pub fn convert(&self, samples: &mut Samples, channels: u8) {
        let Some(way) = Way::new(self, channels) else {
            return;
        };
        match samples {
            Samples::U8(samples) => way.convert(samples),
            Samples::U16(samples) => way.convert(samples),
        }
    }
}

/// A sample of 8 or 16 bits.
trait Sample: Copy + Into<usize> {
    /// The largest.
    const PEAK: u32;

    /// The nearest to a number of 0 to 1. Others are cut off.
    fn nearest(value: f64) -> Self;
}

impl Sample for u8 {
    const PEAK: u32 = 255;

    fn nearest(value: f64) -> Self {
        (value * 255.0).round() as Self
    }
}

impl Sample for u16 {
    const PEAK: u32 = 65_535;

    fn nearest(value: f64) -> Self {
        (value * 65_535.0).round() as Self
    }
}

/// The conversion of pictures with this number of channels from a space to sRGB.
struct Way<'a> {
    space: &'a Space,
    channels: usize,
    /// From light to the light of sRGB's primaries.
    matrix: Matrix,
}

impl<'a> Way<'a> {
    fn new(space: &'a Space, channels: u8) -> Option<Self> {
        let srgb = Space::with_srgb_primaries(SRGB)?;
        Some(Self {
            space,
            channels: channels.into(),
            matrix: product(&inverse(&srgb.to_xyz)?, &space.to_xyz),
        })
    }

    /// Samples of a pixel that are no alpha.
    fn colours(&self) -> usize {
        if self.channels < 3 { 1 } else { 3 }
    }

    /// The light that every sample stands for, for each curve.
    fn tables<T: Sample>(&self) -> Vec<Vec<f64>> {
        let light = |curve: &Curve, sample: u32| {
            let share = f64::from(sample) / f64::from(T::PEAK);
            curve.light(match self.space.narrow {
                true => (share * 255.0 - 16.0) / 219.0,
                false => share,
            })
        };
        let curves = self.space.curves.iter().take(self.colours());
        curves
            .map(|curve| (0..=T::PEAK).map(|sample| light(curve, sample)).collect())
            .collect()
    }

    /// Light of sRGB's primaries, of that of the space's. Of gray the first number counts.
    fn light(&self, light: [f64; 3]) -> [f64; 3] {
        let light = match self.space.curves[0] {
            Curve::Hlg => self.display(light),
            _ => light,
        };
        match self.colours() {
            1 => light,
            _ => apply(&self.matrix, light),
        }
    }

    /// The light of a display that shows the light of a scene.
    fn display(&self, scene: [f64; 3]) -> [f64; 3] {
        let luminance: f64 = match self.colours() {
            1 => scene[0],
            _ => apply(&self.space.to_xyz, scene)[1],
        };
        let factor = luminance.max(0.0).powf(HLG_GAMMA - 1.0) * (HLG_DISPLAY / HDR_WHITE);
        scene.map(|light| light * factor)
    }

    /// The light of each pixel.
    fn lights<T: Sample>(&self, pixel: &[T], tables: &[Vec<f64>]) -> [f64; 3] {
        let mut light = [0.0; 3];
        for ((light, table), &sample) in light.iter_mut().zip(tables).zip(pixel) {
            *light = table[sample.into()];
        }
        self.light(light)
    }

    fn outside<T: Sample>(&self, samples: &[T]) -> u64 {
        let tables = self.tables::<T>();
        // What a sample of -SAME and one of 1 + SAME stand for.
        let range = -SAME / 12.92..=SRGB.light(1.0 + SAME);
        let pixels = samples.chunks_exact(self.channels);
        let outside = pixels.filter(|pixel| {
            let light = self.lights(pixel, &tables);
            let mut colours = light.iter().take(self.colours());
            colours.any(|light| !range.contains(light))
        });
        outside.count() as u64
    }

    fn convert<T: Sample>(&self, samples: &mut [T]) {
        let tables = self.tables::<T>();
        for pixel in samples.chunks_exact_mut(self.channels) {
            let light = self.lights(pixel, &tables);
            let colours = pixel.iter_mut().zip(light).take(self.colours());
            colours.for_each(|(sample, light)| *sample = T::nearest(srgb(light)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(space: &Space, samples: &[u8], channels: u8) -> (u64, Vec<u8>) {
        let mut samples = Samples::U8(samples.to_vec());
        let outside = space.outside(&samples, channels);
        space.convert(&mut samples, channels);
        let Samples::U8(samples) = samples else {
            panic!("8 bits");
        };
        (outside, samples)
    }

    #[test]
    fn colours_become_those_of_srgb() {
        let p3 = codes::space(12, 13).unwrap();
        let linear = Space::with_srgb_primaries(Curve::power(1.0)).unwrap();
        for (space, given, outside, expected) in [
            // As CSS Color 4 converts `color(display-p3 ...)`.
            (&p3, [200, 100, 50], 0, [215, 93, 31]),
            (&p3, [128, 128, 128], 0, [128, 128, 128]),
            (&p3, [255, 0, 0], 1, [255, 0, 0]),
            (&p3, [0, 255, 0], 1, [0, 255, 0]),
            (&linear, [55, 0, 255], 0, [128, 0, 255]),
        ] {
            let found = converted(space, &given, 3);
            assert_eq!(found.0, outside, "{given:?}");
            for (a, b) in found.1.iter().zip(expected) {
                assert!(a.abs_diff(b) <= 1, "{given:?}: {found:?}");
            }
        }
        // Alpha stays, and gray has no primaries.
        assert_eq!(converted(&p3, &[128, 128, 128, 7], 4).1[3], 7);
        assert_eq!(converted(&linear, &[55, 99], 2).1, [128, 99]);
        assert_eq!(converted(&p3, &[77], 1), (0, vec![77]));
    }

    #[test]
    fn high_range_is_shown_on_its_reference_white() {
        for (transfer, white, black) in [(16, 148, 0), (18, 191, 0)] {
            let space = codes::space(9, transfer).unwrap();
            assert!(space.is_hdr() && !space.is_srgb(3));
            let (outside, found) = converted(&space, &[white, white, white, black, 0, 0], 3);
            assert_eq!(outside, 0, "{transfer}");
            assert!(found[..3].iter().all(|&v| v > 250), "{transfer}: {found:?}");
            assert!(found[3..].iter().all(|&v| v == 0), "{transfer}: {found:?}");
            let (outside, found) = converted(&space, &[250; 3], 3);
            assert_eq!((outside, found), (1, vec![255; 3]), "{transfer}");
        }
    }

    #[test]
    fn srgb_is_told_from_what_is_near() {
        let with = |curve| Space::with_srgb_primaries(curve).unwrap();
        assert!(with(SRGB).is_srgb(3));
        assert!(!with(Curve::power(2.2)).is_srgb(3));
        assert!(!with(Curve::power(1.0)).is_srgb(1));
        assert!(!codes::space(12, 13).unwrap().is_srgb(3));
        assert!(codes::space(12, 13).unwrap().is_srgb(1));
        let narrow = Space {
            narrow: true,
            ..with(SRGB)
        };
        assert!(!narrow.is_srgb(3));
        assert_eq!(converted(&narrow, &[16, 235, 126], 3).1, [0, 255, 128]);
    }
}
