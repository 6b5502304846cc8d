//! Series of grids, and weight coding 2: against the plain decoder, and held to the rules.

use siren_format::{
    BIT, ContextNetwork, Error, Fault, File, Grid, Grids, Header, Input, Limits, Tensor, Weights,
    colour_prior, inspect, series,
};

use crate::samples::{Random, file, latents, seal};
use crate::{plain, plain_differences, plain_latents};
use sirenc_fuzz_bodies::read;

/// A header that the priors serve: of 1 or 3 channels, with a series of grids.
pub(crate) fn served(size: (u32, u32), channels: u8, [finest, step]: [u8; 2]) -> Header {
    let mut header = file(size, (channels, 8), &[24], vec![]).header;
    header.network.omega_first = 16;
    header.network.omega_hidden = 16;
    header.network.input = Input::Grids(Grids {
        grids: series(channels, finest, step),
        context: ContextNetwork::Prior,
    });
    header
}

/// Differences of about this size, in every second tensor if `some`.
fn differences(header: &Header, seed: u64, deviation: f64, some: bool) -> Vec<Tensor> {
    let mut random = Random(seed);
    let prior = colour_prior(header).expect("a header that the prior serves");
    let tensor = |(index, numbers): (usize, &Vec<i32>)| {
        let none = some && index % 2 == 1;
        let deviation = if none { 0.0 } else { deviation };
        let level = |_| (deviation * random.normal()).round() as i32;
        Tensor {
            step: if none { 0 } else { 120 + index as u8 },
            levels: (0..numbers.len()).map(level).collect(),
        }
    };
    prior.iter().enumerate().map(tensor).collect()
}

/// A file that the priors serve, with small latents.
pub(crate) fn differing(header: Header, seed: u64, deviation: f64) -> File {
    let mut latents = latents(&header, seed, 2.0);
    for (index, tensor) in latents.context.iter_mut().enumerate() {
        // Most differences of context networks are zero.
        if index < 4 {
            tensor.step = 0;
            tensor.levels.fill(0);
        }
    }
    File {
        weights: Weights::Differences(differences(&header, seed, deviation, seed % 2 == 1)),
        header,
        latents: Some(latents),
        icc: None,
    }
}

/// Payload of the section with this id.
fn payload(bytes: &[u8], id: u8) -> &[u8] {
    let layout = inspect(bytes, &Limits::default()).expect("a valid file");
    let part = siren_format::Part::Section(id);
    let span = layout.spans.iter().find(|span| span.part == part);
    let span = span.expect("a section");
    &bytes[span.offset..span.offset + span.length]
}

#[test]
fn both_decoders_agree() {
    let table = plain::table();
    let mut random = Random(5);
    for seed in 0..if cfg!(miri) { 2 } else { 60 } {
        let side = |random: &mut Random| 1 + random.below(40) as u32;
        let size = (side(&mut random), side(&mut random));
        let channels = [1, 3][random.below(2)];
        let header = served(
            size,
            channels,
            [random.below(4) as u8, 150 + random.below(80) as u8],
        );
        let deviation = (random.below(1000) as f64 / 80.0 - 2.0).exp2();
        let file = differing(header, seed, deviation);
        let bytes = file.to_bytes().expect("a valid file");
        assert_eq!(read(&bytes, &Limits::default()).as_ref(), Some(&file));
        let weights = payload(&bytes, 1);
        let plain = plain_differences::decode(weights, &file.header, &table);
        assert_eq!(
            plain.map(Weights::Differences).as_ref(),
            Some(&file.weights)
        );
        let plain = plain_latents::decode(payload(&bytes, 2), &file.header, &table);
        assert_eq!(plain.as_ref(), file.latents.as_ref());

        let estimate = file.weights.bits(&file.header).expect("a valid file");
        let real = 8 * BIT * weights.len() as u64;
        assert!(real.abs_diff(estimate) < 2 * 8 * BIT + estimate / 1000);
        let measured = File::measured(&bytes, &Limits::default()).expect("a valid file");
        let counted = measured.bits;
        let counted: u64 = counted.iter().sum();
        assert!(counted.abs_diff(estimate) <= 2 * BIT + estimate / 1000);
    }
}

#[test]
fn both_decoders_agree_on_garbage() {
    let table = plain::table();
    let mut random = Random(8);
    let header = served((9, 7), 3, [1, 170]);
    let whole = differing(header.clone(), 2, 3.0);
    let written = whole.to_bytes().expect("a valid file");
    let (layout, latents) = (inspect(&written, &Limits::default()), payload(&written, 2));
    let spans = layout.expect("a valid file").spans;
    let head = &written[spans[1].offset..][..spans[1].length];
    let (mut good, mut bad) = (0, 0);
    for _ in 0..if cfg!(miri) { 5 } else { 500 } {
        let mut bytes: Vec<u8> = (0..random.below(60)).map(|_| random.next() as u8).collect();
        // Seldom is random bytes' end that of a writer: some that are, with a bit changed.
        if random.below(2) == 0 {
            bytes = payload(&written, 1).to_vec();
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        let section = |id: u8, payload: &[u8]| {
            let length = (payload.len() as u16).to_le_bytes();
            let length = match payload.len() {
                short @ ..251 => vec![short as u8],
                _ => vec![251, length[0], length[1]],
            };
            [&[id][..], &length, payload].concat()
        };
        let sections = [section(1, &bytes), section(2, latents)].concat();
        let file = File::from_bytes(&seal(head, &sections), &Limits::default());
        let plain = plain_differences::decode(&bytes, &header, &table);
        match (&file, &plain) {
            (Ok(_), Some(_)) => good += 1,
            _ => bad += 1,
        }
        let weights = file.ok().map(|file| file.weights);
        assert_eq!(weights, plain.map(Weights::Differences));
    }
    assert!(
        cfg!(miri) || good > 0 && bad > 0,
        "{good} read, {bad} refused"
    );
}

#[test]
fn the_prior_of_colours_is_the_one_of_the_specification() {
    let bytes = include_bytes!("../src/colour_prior.bin");
    let crc = crate::samples::crc32(bytes);
    assert!(
        include_str!("../SPEC.md").contains(&format!(
            "{} bytes; their CRC-32\n(2.3) is `{crc:08X}`",
            "1,014"
        )),
        "the CRC-32 of the prior is {crc:08X}"
    );
    for channels in [1, 3] {
        let header = served((300, 200), channels, [2, 180]);
        let plain = plain_differences::prior(&header).expect("a header that it serves");
        let numbers = colour_prior(&header).expect("a header that it serves");
        let numbers: Vec<Vec<i64>> = numbers
            .iter()
            .map(|numbers| numbers.iter().map(|&number| number.into()).collect())
            .collect();
        assert_eq!(numbers, plain);
    }
}

#[test]
fn the_prior_serves_no_other_networks() {
    let file = differing(served((30, 20), 3, [1, 170]), 2, 3.0);
    type Change = fn(&mut Header);
    let changes: [Change; 6] = [
        |header| header.network.hidden = vec![23],
        |header| header.network.hidden = vec![24, 24],
        |header| header.network.omega_first = 17,
        |header| header.network.omega_hidden = 15,
        |header| header.samples.channels = 4,
        |header| header.network.input = Input::Coordinates,
    ];
    for change in changes {
        let mut other = file.clone();
        change(&mut other.header);
        assert_eq!(colour_prior(&other.header), None);
        if other.header.grids().is_none() {
            other.latents = None;
        }
        assert_eq!(other.to_bytes(), Err(Error::Invalid(Fault::PriorNetwork)));
    }
    let mut other = file;
    let Weights::Differences(tensors) = &mut other.weights else {
        panic!("differences");
    };
    tensors[3].levels.pop();
    assert_eq!(other.to_bytes(), Err(Error::Invalid(Fault::WeightCount)));
}

/// A series stands for its grids, which are given as one wherever they are those of one.
#[test]
fn series_are_short_for_their_grids() {
    let scales = |channels, finest| -> Vec<u8> {
        let grids = series(channels, finest, 200);
        grids.iter().map(|grid| grid.scale).collect()
    };
    assert_eq!(scales(1, 0), [4, 3, 2, 1, 0]);
    assert_eq!(scales(3, 1), [4, 3, 2, 1, 4, 3, 4, 3]);
    assert_eq!(scales(3, 3), [6, 5, 4, 3, 6, 5, 6, 5]);
    let steps: Vec<u8> = series(2, 2, 170).iter().map(|grid| grid.step).collect();
    // Scales 5, 4, 3, 2 and 5, 4.
    assert_eq!(steps, [136, 138, 146, 154, 136, 139]);

    let length = |header: &Header| {
        let file = differing(header.clone(), 1, 2.0);
        let bytes = file.to_bytes().expect("a valid file");
        inspect(&bytes, &Limits::default())
            .expect("a valid file")
            .spans[1]
            .length
    };
    let whole = served((30, 20), 3, [0, 200]);
    let mut other = whole.clone();
    let Input::Grids(grids) = &mut other.network.input else {
        panic!("grids");
    };
    let Some(Grid { step, .. }) = grids.grids.last_mut() else {
        panic!("grids");
    };
    *step += 1;
    // Eleven grids of two bytes each, in place of a scale and a step.
    assert_eq!(length(&other), length(&whole) + 20);
}

/// Differences of zero take a bit for each tensor.
#[test]
fn no_differences_cost_nothing() {
    let header = served((30, 20), 3, [1, 170]);
    let none = colour_prior(&header).expect("a header that the prior serves");
    let none = none.iter().map(|numbers| Tensor {
        step: 0,
        levels: vec![0; numbers.len()],
    });
    let weights = Weights::Differences(none.collect());
    assert_eq!(weights.bits(&header), Ok(4 * BIT));
}
