//! Whatever a writer accepts, a reader gives back.

use proptest::collection::vec;
use proptest::prelude::*;
use siren_format::{
    Activation, Coding, Colour, ContextNetwork, File, Grid, Grids, Header, Input, LEVEL_MAX,
    Latents, Limits, Network, Samples, Signal, Tensor, Weights, colour_prior, series,
};
use sirenc_fuzz_bodies::read;

use crate::samples::{Random, halves, latents, order, tensors};

/// Runs of equal widths, as networks have them, or any widths at all.
fn hidden() -> impl Strategy<Value = Vec<u32>> {
    let run = (1..=60_usize, 1..=12_u32).prop_map(|(repeat, width)| vec![width; repeat]);
    let runs = vec(run, 1..=4).prop_map(|runs| runs.concat());
    prop_oneof![runs, vec(1..=8_u32, 1..=255), vec(1..=300_u32, 1..=2)]
}

/// Any kind, with samples that suit it.
fn signal() -> impl Strategy<Value = (Signal, Samples)> {
    let side = || prop_oneof![1..=300_u32, 1..=u32::MAX];
    let with = |channels, depth| Samples {
        channels,
        depth,
        colour: Colour::Direct,
    };
    let plane = move || (1..=4_u8, prop_oneof![Just(8), Just(16)]);
    let picture = (side(), side(), plane())
        .prop_map(move |(width, height, (c, d))| (Signal::Picture { width, height }, with(c, d)));
    let finite = || any::<u32>().prop_map(|bits| bits & !(1 << 30));
    let centre = [finite(), finite(), finite()];
    let shape =
        (centre, 1..=254_u32, 0..1_u32 << 23).prop_map(move |(centre, exponent, fraction)| {
            let scale = exponent << 23 | fraction;
            (Signal::Shape { centre, scale }, with(1, 32))
        });
    let depth = prop_oneof![Just(8), Just(16), Just(24), Just(32)];
    let segments = (1..=4000_u32, 0..=500_u32, 0..=5_u32, 0..=1000_u32);
    let sound = (side(), segments, 1..=2_u8, depth).prop_map(
        move |(rate, (segment, overlap, more, rest), c, d)| {
            let overlap = if more == 0 {
                0
            } else {
                overlap.min(segment / 2)
            };
            let rest = rest.min(segment - overlap - u32::from(more == 1)) * u32::from(more > 0);
            let frames = segment + more.saturating_sub(1) * (segment - overlap) + rest;
            let (segment, overlap) = if frames == segment {
                (frames, 0)
            } else {
                (segment, overlap)
            };
            let signal = Signal::Sound {
                rate,
                frames,
                segment,
                overlap,
            };
            (signal, with(c, d))
        },
    );
    let rate = prop_oneof![Just([30_000, 1001]), (1..=u32::MAX).prop_map(|n| [n, 1])];
    let video = (side(), side(), side(), rate, plane()).prop_map(
        move |(width, height, frames, rate, (c, d))| {
            let signal = Signal::Video {
                width,
                height,
                frames,
                rate,
            };
            (signal, with(c, d))
        },
    );
    prop_oneof![picture, shape, sound, video]
}

/// Most latents of a file here.
const LATENTS: u64 = 3000;

/// Coordinates, or any grids; those that are too fine for the picture are left out.
fn input() -> impl Strategy<Value = Input> {
    let grid = (0..=15_u8, any::<u8>()).prop_map(|(scale, step)| Grid { scale, step });
    let widths = || prop_oneof![1..=4_u8, 1..=32_u8];
    let own = [widths(), widths()].prop_map(ContextNetwork::Own);
    let context = prop_oneof![own, Just(ContextNetwork::Prior)];
    let grids = (vec(grid, 1..=64), context)
        .prop_map(|(grids, context)| Input::Grids(Grids { grids, context }));
    let context = prop_oneof![
        Just(ContextNetwork::Own([3, 2])),
        Just(ContextNetwork::Prior)
    ];
    let short = (0..=6_u8, any::<u8>(), context);
    let short = short.prop_map(|(finest, step, context)| {
        let channels = if step % 2 == 0 { 1 } else { 3 };
        let grids = series(channels, finest, step);
        Input::Grids(Grids { grids, context })
    });
    prop_oneof![Just(Input::Coordinates), grids, short]
}

/// A header that the prior of colours serves, if this one can be made so.
fn served(mut header: Header) -> Header {
    let Some((grids, _)) = header.grids() else {
        return header;
    };
    header.samples.channels = match (0..grids.grids.len())
        .map(|index| grids.component(index))
        .max()
    {
        Some(0) => 1,
        _ => 3,
    };
    header.network.omega_first = 16;
    header.network.omega_hidden = 16;
    header.network.hidden = vec![24];
    header
}

/// What is left of `input` for a signal, if it is a picture.
fn suited(input: Input, signal: Signal) -> Input {
    let (Input::Grids(mut grids), Signal::Picture { width, height }) = (input, signal) else {
        return Input::Coordinates;
    };
    let mut left = LATENTS;
    grids.grids.retain(|grid| {
        let [columns, rows] = grid.size(width, height).map(u64::from);
        let kept = columns * rows <= left;
        left -= if kept { columns * rows } else { 0 };
        kept
    });
    if grids.grids.is_empty() {
        Input::Coordinates
    } else {
        Input::Grids(grids)
    }
}

/// Latents of any magnitude, if the header has grids.
fn any_latents(header: &Header, flat: bool, seed: u64) -> Option<Latents> {
    header.grids()?;
    let deviation = if flat {
        0.0
    } else {
        2_f64.powi((seed % 14) as i32 - 2)
    };
    Some(latents(header, seed, deviation))
}

fn header() -> impl Strategy<Value = Header> {
    let omega = || prop_oneof![Just(240), 1..=u16::MAX];
    (signal(), input(), omega(), omega(), hidden()).prop_map(
        |((signal, samples), input, omega_first, omega_hidden, hidden)| Header {
            signal,
            samples,
            network: Network {
                activation: Activation::Sine,
                input: suited(input, signal),
                omega_first,
                omega_hidden,
                hidden,
            },
        },
    )
}

/// Half floats or levels, all zero or of any kind.
fn weights(header: &Header, coding: Coding, flat: bool, seed: u64) -> Weights {
    let count = header.parameters() as usize;
    match (coding, flat) {
        (Coding::Half, true) => Weights::Half(vec![0; count]),
        (Coding::Half, false) => Weights::Half(halves(count, seed)),
        (Coding::Differences, _) => {
            let Some(prior) = colour_prior(header) else {
                return weights(header, Coding::Levels, flat, seed);
            };
            let mut random = Random(seed);
            let tensors = prior.iter().enumerate().map(|(index, numbers)| {
                let none = flat || seed >> index & 1 == 1;
                let most = (1 << (seed >> 8 & 15)) as f64 * f64::from(u8::from(!none));
                let level = |_| (most * random.normal()).round() as i32;
                Tensor {
                    levels: (0..numbers.len()).map(level).collect(),
                    step: if none { 0 } else { (seed >> 16) as u8 },
                }
            });
            Weights::Differences(tensors.collect())
        }
        (Coding::Levels, true) => Weights::Levels(tensors(header, seed, |_| 0.0)),
        (Coding::Levels, false) => {
            let octave = |index| (seed >> (index % 16) & 15) as f64;
            let mut tensors = tensors(header, seed, |index| (octave(index) - 1.0).exp2());
            let mut random = Random(seed);
            for tensor in &mut tensors {
                tensor.step = random.next() as u8;
                let at = random.below(tensor.levels.len());
                tensor.levels[at] = [0, 1, -7, LEVEL_MAX, -LEVEL_MAX][random.below(5)];
            }
            order(header, &mut tensors);
            Weights::Levels(tensors)
        }
    }
}

fn any_file() -> impl Strategy<Value = File> {
    let icc = prop::option::of(vec(any::<u8>(), 0..=600));
    let coding = prop_oneof![
        Just(Coding::Half),
        Just(Coding::Levels),
        Just(Coding::Differences)
    ];
    (header(), icc, coding, any::<bool>(), any::<u64>()).prop_map(
        |(header, icc, coding, flat, seed)| {
            let header = match coding {
                Coding::Differences => served(header),
                _ => header,
            };
            File {
                weights: weights(&header, coding, flat, seed),
                latents: any_latents(&header, flat, seed),
                header,
                icc,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn files_come_back(file in any_file()) {
        let bytes = file.to_bytes()?;
        prop_assert_eq!(read(&bytes, &Limits::none()), Some(file));
    }
}

/// Every finite pattern survives, subnormal and negative zero among them.
#[test]
fn every_finite_half_comes_back() {
    let mut all: Vec<u16> = (0..=u16::MAX)
        .filter(|bits| bits & 0x7C00 != 0x7C00)
        .collect();
    all.push(0);
    // 4 x 15872 + 1 parameters: two inputs, one output.
    let file = crate::samples::file((9, 9), (1, 16), &[15_872], all);
    let bytes = file.to_bytes().expect("a valid file");
    assert_eq!(read(&bytes, &Limits::none()).as_ref(), Some(&file));
}

/// What stands beside the weights of a usual picture is 28 bytes (SPEC 10), and planes earn their place.
#[test]
fn overhead_and_planes() {
    let file = crate::samples::file((768, 512), (3, 8), &[28; 10], normal_halves(7479));
    let bytes = file.to_bytes().expect("a valid file");
    let layout = siren_format::inspect(&bytes, &Limits::default()).expect("a valid file");
    let weights = layout.spans.iter().find(|span| span.part.is_weights());
    let weights = weights.expect("weights").length;
    assert_eq!(bytes.len() - weights, 28);

    let Weights::Half(values) = &file.weights else {
        panic!("half floats went in");
    };
    let interleaved: Vec<u8> = values.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let plain = zstd::bulk::compress(&interleaved, 19)
        .expect("compression")
        .len();
    println!(
        "{} bytes of halves, {plain} under zstd, {weights} in planes",
        interleaved.len()
    );
    assert!(weights * 100 < interleaved.len() * 86 && plain * 100 > interleaved.len() * 92);
}

/// Halves of roughly normal distribution and standard deviation 0.05: sums of twelve uniform numbers.
fn normal_halves(count: usize) -> Vec<u16> {
    let mut random = Random(3);
    let one = |random: &mut Random| {
        // In units of 2^-24, the smallest half.
        let sum: i64 = (0..12)
            .map(|_| (random.next() >> 44) as i64 - (1 << 19))
            .sum();
        let value = (sum.unsigned_abs() * 8 / 10) as u32;
        let sign = if sum < 0 { 0x8000 } else { 0 };
        let bits = 32 - value.leading_zeros();
        let exponent = bits.saturating_sub(10);
        let significand = if exponent == 0 {
            value
        } else {
            (value >> (exponent - 1)) & 0x3FF
        };
        sign | (exponent << 10) as u16 | significand as u16
    };
    (0..count).map(|_| one(&mut random)).collect()
}
