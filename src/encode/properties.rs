//! What holds of any budget, size and region.

use super::quantise::{Probe, Quantiser};
use crate::decode::{Decoder, Region, View};
use crate::engine::net::{Device, Network};
use crate::model::weights::{Gains, shape, step_size, tensors, to_networks};
use crate::objective::Image;
use crate::signal::{Picture, Samples};
use proptest::collection::vec;
use proptest::prelude::*;
use siren_format::{
    Activation, BIT, Colour, File, Header, Input, LEVEL_MAX, Limits, Signal, Weights,
};

const PICTURE: &[u8] = include_bytes!("../../format/tests/golden/valid/rgb.siren");

/// The header of a file of a picture of 8 x 8 pixels.
pub(super) fn header(hidden: Vec<u32>, channels: u8) -> Header {
    Header {
        signal: Signal::Picture {
            width: 8,
            height: 8,
        },
        samples: siren_format::Samples {
            channels,
            depth: 8,
            colour: Colour::Direct,
        },
        network: siren_format::Network {
            activation: Activation::Sine,
            input: Input::Coordinates,
            omega_first: 160,
            omega_hidden: 240,
            hidden,
        },
    }
}

fn samples(picture: Picture) -> Vec<u8> {
    match picture.samples() {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(_) => unreachable!("a picture of 8 bits"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Levels keep to the budget, are the nearest ones, and a file's networks are what was rounded.
    #[test]
    fn levels_are_nearest_within_the_budget_and_come_back(
        hidden in vec(1..12_u32, 1..4),
        channels in 1..=4_u8,
        seed in any::<u64>(),
        generosity in 1.5..8.0_f64,
    ) {
        let header = header(hidden, channels);
        let mut network = Network::random(&shape(&header), seed)?;
        crate::model::symmetry::fold(&mut network);
        let values = (0..64 * usize::from(channels)).map(|i| (i * 37) as u8).collect();
        let picture = Picture::new(8, 8, channels, Samples::U8(values))?;
        let task = Image::new(&picture, 0);
        let mut probe = Probe::new(&network, &Device::cpu(), &task, 64)?;
        let mut quantiser =
            Quantiser::new(&header, &network, &mut probe, 1e-9, Gains::default())?;
        let budget = generosity * header.parameters() as f64 + 200.0;
        quantiser.set_budget(budget, &network)?;

        let mut rounded = network.clone();
        quantiser.begin(1, &network)?;
        crate::fit::Rounding::round(&mut quantiser, 0, &network, &mut rounded)?;
        let weights = Weights::Levels(quantiser.levels(&network));
        prop_assert!(weights.bits(&header)? as f64 / BIT as f64 <= budget);

        // Sorting puts neurons in another order, not tensors: the step sizes are those of the tensors.
        let Weights::Levels(levels) = &weights else { unreachable!("levels") };
        for ((before, after), tensor) in tensors(&network).zip(tensors(&rounded)).zip(levels) {
            let size = step_size(tensor.step);
            for (before, after) in before.iter().zip(after) {
                let clipped = (after / size).abs() >= LEVEL_MAX as f32;
                let half = 0.5 * size + 4.0 * f32::EPSILON * before.abs();
                prop_assert!(clipped || (before - after).abs() <= half, "{} {} {}", before, after, size);
            }
        }

        let file = File { header, weights, latents: None, icc: None };
        let read = File::from_bytes(&file.to_bytes()?, &Limits::default())?;
        let back = to_networks(&read)?;
        let [back] = &back[..] else { unreachable!("a picture is one network") };
        // The same function, whatever the order of its neurons: the same values in every tensor.
        for (back, rounded) in tensors(back).zip(tensors(&rounded)) {
            let sorted = |values: &[f32]| {
                let mut all: Vec<f32> = values.iter().map(|value| value.abs()).collect();
                all.sort_by(f32::total_cmp);
                all
            };
            prop_assert_eq!(sorted(back), sorted(rounded));
        }
    }

    /// Any region at any size is what the whole has there.
    #[test]
    fn a_region_is_a_part_of_the_whole(
        sides in [1..70_u32, 1..50_u32],
        corner in [0.0..1.0_f64, 0.0..1.0],
        extent in [0.0..1.0_f64, 0.0..1.0],
    ) {
        let decoder = Decoder::new(PICTURE)?;
        let whole = View::sized(sides[0], sides[1])?;
        let part = |side: u32, at: f64, length: f64| {
            let first = (at * f64::from(side)) as u32;
            (first, 1 + (length * f64::from(side - first - 1)) as u32)
        };
        let (x, width) = part(sides[0], corner[0], extent[0]);
        let (y, height) = part(sides[1], corner[1], extent[1]);
        let region = Region { x, y, width, height };
        let all = samples(decoder.picture(&whole)?);
        let cut = samples(decoder.picture(&whole.with_region(region)?)?);
        let pixel = usize::from(decoder.channels());
        let row = sides[0] as usize * pixel;
        let expected: Vec<u8> = (y..y + height)
            .flat_map(|y| {
                let start = y as usize * row + x as usize * pixel;
                all[start..start + width as usize * pixel].iter().copied()
            })
            .collect();
        prop_assert_eq!(cut, expected);
    }

    /// Sides are rounded, never lost; at odd scales the pixel in the middle of each block is the picture's own.
    #[test]
    fn scales_keep_the_pixels(odd in 0..5_u32, scale in 0.001..20.0_f64) {
        let decoder = Decoder::new(PICTURE)?;
        let view = View::scaled(&decoder, scale)?;
        for (scaled, own) in [(view.width(), decoder.width()), (view.height(), decoder.height())] {
            prop_assert!(scaled >= 1);
            prop_assert!((f64::from(scaled) - f64::from(own) * scale).abs() <= 0.5 || scaled == 1);
        }
        let times = 2 * odd + 1;
        let own = samples(decoder.picture(&View::whole(&decoder))?);
        let large = View::scaled(&decoder, f64::from(times))?;
        prop_assert_eq!(large.width(), times * decoder.width());
        let all = samples(decoder.picture(&large)?);
        let pixel = usize::from(decoder.channels());
        for y in 0..decoder.height() {
            for x in 0..decoder.width() {
                let at = |x: u32, y: u32, width: u32| (y as usize * width as usize + x as usize) * pixel;
                let here = at(x, y, decoder.width());
                let there = at(x * times + odd, y * times + odd, large.width());
                for channel in 0..pixel {
                    prop_assert!(own[here + channel].abs_diff(all[there + channel]) <= 1);
                }
            }
        }
    }
}
