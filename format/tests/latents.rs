//! Latents: against the plain decoder, at their extremes, and what they cost.

use siren_format::{
    BIT, ContextNetwork, Error, Fault, File, Grid, Grids, Header, Input, Latents, Limits, Quantity,
    Signal, Tensor, Weights, context_prior, inspect,
};

use crate::allocations::peak;
use crate::golden;
use crate::samples::{Random, gridded, latents, seal, section, with_latents};
use crate::{plain, plain_latents};
use sirenc_fuzz_bodies::{read, rewrite};

/// Payloads of the weights and of the latents.
fn payloads(bytes: &[u8]) -> [&[u8]; 2] {
    let layout = inspect(bytes, &Limits::default()).expect("a valid file");
    [1, 2].map(|id| {
        let part = siren_format::Part::Section(id);
        let span = layout.spans.iter().find(|span| span.part == part);
        let span = span.expect("a section");
        &bytes[span.offset..span.offset + span.length]
    })
}

/// Writes and reads a file, with both decoders, and holds the costs to the result. Returns the bytes of the latents.
fn round_trip(file: &File, table: &[Vec<u64>]) -> usize {
    let bytes = file.to_bytes().expect("a valid file");
    let [_, payload] = payloads(&bytes);
    assert_eq!(read(&bytes, &Limits::default()).as_ref(), Some(file));
    let plain = plain_latents::decode(payload, &file.header, table);
    assert_eq!(plain.as_ref(), file.latents.as_ref());

    let latents = file.latents.as_ref().expect("latents");
    let costs = latents.costs(&file.header).expect("a valid file");
    assert_eq!(costs.grids.len(), latents.levels.len());
    let estimate = costs.context + costs.grids.iter().sum::<u64>();
    let real = 8 * BIT * payload.len() as u64;
    let slack = 2 * 8 * BIT + estimate / 1000;
    assert!(
        real.abs_diff(estimate) < slack,
        "{estimate} estimated, {real} written"
    );
    payload.len()
}

/// Any few grids of a small picture.
fn any_header(random: &mut Random) -> Header {
    let side = |random: &mut Random| 1 + random.below(40) as u32;
    let size = (side(random), side(random));
    let scales: Vec<u8> = (0..=random.below(4))
        .map(|_| random.below(7) as u8)
        .collect();
    let widest = [4, 32][random.below(2)];
    let context = [0; 2].map(|_| 1 + random.below(widest) as u8);
    gridded(size, &scales, context)
}

#[test]
fn both_decoders_agree() {
    let table = plain::table();
    let mut random = Random(21);
    for seed in 0..if cfg!(miri) { 3 } else { 300 } {
        let header = any_header(&mut random);
        // From nearly all zeros to levels beyond what contexts see.
        let deviation = (random.below(1000) as f64 / 100.0 - 2.0).exp2();
        let mut latents = latents(&header, seed, deviation);
        for levels in &mut latents.levels {
            for _ in 0..random.below(3) {
                let at = random.below(levels.len());
                levels[at] = random.next() as i16;
            }
        }
        round_trip(&with_latents(header, latents), &table);
    }
}

/// As a fit leaves them: coarse grids of large latents, fine ones of small, and a context network that knows it.
#[test]
fn both_decoders_agree_on_what_is_like_a_fit() {
    let table = plain::table();
    let header = gridded((120, 90), &[6, 5, 4, 3, 2, 1, 0], [8, 8]);
    let mut random = Random(5);
    let mut like = latents(&header, 1, 0.0);
    for (levels, deviation) in like
        .levels
        .iter_mut()
        .zip([20.0, 9.0, 5.0, 2.5, 1.0, 0.5, 0.2])
    {
        for level in levels {
            *level = (deviation * random.normal()).round() as i16;
        }
    }
    // log2 of the scale is that of the grid minus 2, whatever is around.
    let [first, others @ ..] = &mut like.context[..] else {
        panic!("a context network");
    };
    (first.step, first.levels) = (0, vec![0; 8 * 22]);
    first.levels[21] = 256;
    for (tensor, levels) in others.iter_mut().zip([8, 64, 8, 16, 2]) {
        (tensor.step, tensor.levels) = (0, vec![0; levels]);
    }
    others[0].levels[0] = 3 << 14;
    others[1].levels[0] = 256;
    others[3].levels[8] = 256;
    others[4].levels[1] = -(3 << 14);
    let file = with_latents(header, like);
    let bytes = round_trip(&file, &table);

    // Under scale 1 everywhere they cost more.
    let mut ignorant = file;
    if let Some(latents) = &mut ignorant.latents {
        for tensor in &mut latents.context {
            tensor.levels.fill(0);
        }
    }
    let without = round_trip(&ignorant, &table);
    assert!(bytes * 3 < without * 2, "{bytes} bytes, {without} without");
}

#[test]
fn both_decoders_agree_on_garbage() {
    let table = plain::table();
    let mut random = Random(22);
    let header = gridded((4, 3), &[1, 0], [1, 1]);
    let zeros = latents(&header, 0, 0.0);
    let bytes = with_latents(header.clone(), zeros)
        .to_bytes()
        .expect("a valid file");
    let spans = inspect(&bytes, &Limits::default()).expect("valid").spans;
    let [weights, _] = payloads(&bytes);
    let (mut whole, mut broken) = (0, 0);
    for _ in 0..if cfg!(miri) { 20 } else { 100_000 } {
        let mut payload: Vec<u8> = (0..random.below(24)).map(|_| random.next() as u8).collect();
        // Six step codes and scale codes at random are hardly ever in range.
        let steps = payload.len().min(random.below(10));
        payload[..steps].fill(0);
        let parts = [section(1, weights), section(2, &payload)].concat();
        let bytes = seal(&bytes[5..5 + spans[1].length], &parts);
        let plain = plain_latents::decode(&payload, &header, &table);
        match File::from_bytes(&bytes, &Limits::default()) {
            Ok(file) => {
                whole += 1;
                assert_eq!(plain.as_ref(), file.latents.as_ref());
                rewrite(&file, &Limits::default());
            }
            Err(error) => {
                broken += 1;
                assert!(matches!(
                    error,
                    Error::Malformed(Fault::LevelStream | Fault::LatentRange | Fault::ContextRange)
                ));
                assert_eq!(plain, None, "{payload:02X?}: {error}");
            }
        }
    }
    let least = if cfg!(miri) { 0 } else { 1000 };
    assert!(
        whole >= least && broken >= least,
        "{whole} whole, {broken} broken"
    );
}

#[test]
fn golden_latents_are_what_the_plain_decoder_says() {
    let table = plain::table();
    let mut files = 0;
    for (name, bytes) in golden::valid_bytes() {
        let file = File::from_bytes(&bytes, &Limits::default()).expect(&name);
        if file.latents.is_some() {
            round_trip(&file, &table);
            files += 1;
        }
    }
    assert!(files >= 4);
}

/// Networks of the largest numbers, over latents of the largest: no sum overflows, and all come back.
#[test]
fn extreme_contexts_come_back() {
    let table = plain::table();
    let mut random = Random(23);
    for round in 0..if cfg!(miri) { 2 } else { 60 } {
        let header = gridded((9, 7), &[15, 2, 0], [32, 32]);
        let mut latents = latents(&header, 0, 0.0);
        for (index, tensor) in latents.context.iter_mut().enumerate() {
            let (step, most) = [(8, 1 << 3), (16, 1 << 12)][index % 2];
            tensor.step = step;
            for level in &mut tensor.levels {
                *level = match round % 4 {
                    0 => most,
                    1 => -most,
                    2 => [most, -most][random.below(2)],
                    _ => random.below(2 * most as usize + 1) as i32 - most,
                };
            }
        }
        let extremes = [i16::MIN, i16::MIN + 1, -512, -1, 0, 1, 511, i16::MAX];
        for level in latents.levels.iter_mut().flatten() {
            *level = extremes[random.below(extremes.len())];
        }
        round_trip(&with_latents(header, latents), &table);
    }
}

/// Every mean and every scale, and levels within and beyond the symbols.
#[test]
fn every_distribution_codes_every_level() {
    let table = plain::table();
    for scale in (-5..=9).map(|octave| octave * 64 + 17) {
        for mean in [-20_000, -16_384, -1000, -33, 0, 31, 32, 700, 16_384] {
            let header = gridded((8, 4), &[0], [1, 1]);
            let mut latents = latents(&header, 0, 0.0);
            latents.context[5] = Tensor {
                step: 8,
                levels: vec![mean, scale],
            };
            for (index, level) in latents.levels[0].iter_mut().enumerate() {
                let near = (mean / 64) as i64 + index as i64 - 16;
                let far = [i16::MIN, i16::MAX, 515, -515][index % 4];
                *level = if index % 8 < 4 { near as i16 } else { far };
            }
            round_trip(&with_latents(header, latents), &table);
        }
    }
}

#[test]
fn a_writer_of_latents_is_held_to_the_rules() {
    let header = gridded((9, 7), &[2, 0], [2, 3]);
    let valid = || with_latents(header.clone(), latents(&header, 3, 2.0));
    assert!(valid().to_bytes().is_ok());
    let refused = |fault, break_it: fn(&mut File, &mut Latents)| {
        let mut file = valid();
        let mut latents = file.latents.take().expect("latents");
        break_it(&mut file, &mut latents);
        let costs = latents.costs(&file.header).map(|_| ());
        assert_eq!(costs, Err(Error::Invalid(fault)));
        file.latents = Some(latents);
        assert_eq!(file.to_bytes(), Err(Error::Invalid(fault)));
    };
    refused(Fault::LatentCount, |_, l| l.levels[1].truncate(62));
    refused(Fault::LatentCount, |_, l| l.levels.truncate(1));
    refused(Fault::LatentCount, |_, l| l.levels.swap(0, 1));
    refused(Fault::ContextCount, |_, l| l.context.truncate(5));
    refused(Fault::ContextCount, |_, l| l.context[4].levels.push(0));
    for (tensor, step, level) in [(0, 0, 2049), (2, 8, 9), (1, 0, 1 << 22), (3, 16, 4097)] {
        for level in [level, -level] {
            let mut file = valid();
            let latents = file.latents.as_mut().expect("latents");
            latents.context[tensor].step = step;
            latents.context[tensor].levels[0] = level;
            // 2^22 is the largest level, and no larger number than a bias can be.
            let range = Err(Error::Invalid(Fault::ContextRange));
            let expected = if level.abs() == 1 << 22 {
                Ok(())
            } else {
                range
            };
            assert_eq!(file.to_bytes().map(|_| ()), expected, "{tensor} {level}");
        }
    }
    refused(Fault::ContextRange, |_, l| {
        l.context[1].step = 0;
        l.context[1].levels[0] = (1 << 22) + 1;
    });
    refused(Fault::ContextRange, |_, l| l.context[0].step = 9);
    refused(Fault::ContextRange, |_, l| l.context[1].step = 17);
    refused(Fault::ContextRange, |_, l| {
        l.context[5].levels[0] = i32::MIN;
    });
    let grids = |change: fn(&mut Grids)| {
        let mut file = valid();
        if let Input::Grids(grids) = &mut file.header.network.input {
            change(grids);
        }
        let error = file.to_bytes().expect_err("a broken rule");
        let latents = file.latents.expect("latents");
        assert_eq!(latents.costs(&file.header), Err(error.clone()));
        error
    };
    let invalid = Error::Invalid;
    assert_eq!(grids(|g| g.grids.clear()), invalid(Fault::GridCount));
    let many = |g: &mut Grids| g.grids = vec![g.grids[0]; 65];
    assert_eq!(grids(many), invalid(Fault::GridCount));
    for scale in [16, 31, 32, 255] {
        let mut file = valid();
        if let Input::Grids(grids) = &mut file.header.network.input {
            grids.grids[1].scale = scale;
        }
        assert_eq!(file.to_bytes(), Err(invalid(Fault::GridScale)));
    }
    let width = invalid(Fault::ContextWidth);
    assert_eq!(grids(|g| g.context = ContextNetwork::Own([0, 1])), width);
    assert_eq!(grids(|g| g.context = ContextNetwork::Own([2, 33])), width);
}

/// Latents go with grids, and grids with pictures.
#[test]
fn grids_and_latents_come_together() {
    let header = gridded((9, 7), &[2, 0], [2, 3]);
    let file = with_latents(header.clone(), latents(&header, 3, 2.0));
    let invalid = |file: &File| file.to_bytes().expect_err("a broken rule");
    let mut without = file.clone();
    without.latents = None;
    assert_eq!(invalid(&without), Error::Invalid(Fault::LatentSection));
    let mut alone = crate::samples::gray();
    alone.latents.clone_from(&file.latents);
    assert_eq!(invalid(&alone), Error::Invalid(Fault::LatentSection));
    let latents = file.latents.as_ref().expect("latents");
    let costs = latents.costs(&alone.header);
    assert_eq!(costs, Err(Error::Invalid(Fault::LatentSection)));
    let mut video = file;
    video.header.signal = crate::samples::VIDEO;
    assert_eq!(invalid(&video), Error::Invalid(Fault::GridSignal));
}

/// A few bytes may hold millions of latents, but not more than the format permits, nor than the limits.
#[test]
fn latents_are_bounded() {
    let limits = |memory: u64| Limits::default().with_memory(memory);
    let header = gridded((1000, 1000), &[0, 0], [1, 1]);
    let mut zeros = latents(&header, 0, 0.0);
    // The smallest scale, 2^-4.
    zeros.context[5].levels[1] = -64;
    let file = with_latents(header.clone(), zeros);
    let bytes = file.to_bytes().expect("a valid file");
    assert!(bytes.len() < 300, "{} bytes", bytes.len());
    let memory = header.cost().memory;
    let (read, held) = peak(|| File::from_bytes(&bytes, &limits(memory)));
    assert_eq!(read.as_ref(), Ok(&file));
    assert!(held as u64 <= memory, "{held} bytes of {memory}");
    let (refused, held) = peak(|| File::from_bytes(&bytes, &limits(memory - 1)));
    let Err(Error::Limit { what, asked, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((what, asked), (Quantity::Memory, memory));
    assert!(held < 4096, "{held} bytes held");

    // Two grids of 2^27 nodes are as many as there may be.
    let mut most = gridded((1 << 14, 1 << 13), &[0, 0], [1, 1]);
    let mut file = with_latents(gridded((1, 1), &[0, 0], [1, 1]), latents(&header, 0, 0.0));
    assert_eq!(most.latents(), 1 << 28);
    file.header = most.clone();
    let count = Err(Error::Invalid(Fault::LatentCount));
    assert_eq!(file.to_bytes(), count);
    most.signal = Signal::Picture {
        width: 1 << 14,
        height: (1 << 13) + 1,
    };
    file.header = most;
    let count = Err(Error::Invalid(Fault::NodeCount));
    assert_eq!(file.to_bytes(), count);
    // Nothing overflows, however large the picture.
    let header = gridded((u32::MAX, u32::MAX), &[0; 64], [32, 32]);
    assert_eq!(header.latents(), u64::MAX);
    assert_eq!(header.cost().memory, u64::MAX);
    assert_eq!(header.cost().operations, u64::MAX);
}

/// What latents take counts beside what points do.
#[test]
fn operations_of_latents_count() {
    // 9 x 7 pixels, which are one tile of 7 rows; 3 x 2 and 9 x 7 latents, two grids, and a network 2-2-1 of 9 parameters.
    let header = gridded((9, 7), &[2, 0], [2, 3]);
    assert_eq!(header.latents(), 6 + 63);
    let point = 512 + 1536 * 2 + 2 * (2 + 16) + (2 + 16);
    let rows = 2048 * 2 * (7 + 1);
    let context = 22 * 2 + 2 * 3 + 3 * 2;
    let reading = 1536 * 9 + (1 << 15) * 2 + ((1 << 12) + 3 * context) * 69;
    let file = with_latents(header.clone(), latents(&header, 3, 2.0));
    let bytes = file.to_bytes().expect("a valid file");
    let coded: usize = payloads(&bytes).iter().map(|payload| payload.len()).sum();
    let asked = (1 << 16) + 256 * point + rows + reading + 1536 * coded as u64;
    let limits = |most| Limits::default().with_operations(most);
    assert_eq!(File::from_bytes(&bytes, &limits(asked)), Ok(file));
    let error = Error::Limit {
        what: Quantity::Operations,
        asked,
        allowed: asked - 1,
    };
    assert_eq!(File::from_bytes(&bytes, &limits(asked - 1)), Err(error));
}

/// The parent of a grid is the one before, if it is coarser.
#[test]
fn parents_are_coarser() {
    let grid = |scale| Grid { scale, step: 0 };
    let grids = Grids {
        grids: vec![grid(2), grid(2), grid(1), grid(3), grid(0)],
        context: ContextNetwork::Own([1, 1]),
    };
    let parents: Vec<_> = (0..6).map(|index| grids.parent(index)).collect();
    assert_eq!(parents, [None, None, Some(1), None, Some(3), None]);
    assert_eq!(grid(2).size(9, 8), [3, 2]);
    assert_eq!(grid(15).size(u32::MAX, 1), [1 << 17, 1]);
}

/// Weights of either coding go with latents.
#[test]
fn latents_go_with_half_floats() {
    let header = gridded((9, 7), &[2, 0], [2, 3]);
    let mut file = with_latents(header.clone(), latents(&header, 3, 2.0));
    file.weights = Weights::Half(crate::samples::halves(header.parameters() as usize, 2));
    round_trip(&file, &plain::table());
}

/// SPEC 5.4.5 names the prior of context networks by its hash.
#[test]
fn the_prior_of_contexts_is_the_one_of_the_specification() {
    let prior = include_bytes!("../src/context_prior.bin");
    let spec = include_str!("../SPEC.md");
    let crc = crate::samples::crc32(prior);
    assert!(
        spec.contains(&format!(
            "{} bytes; their CRC-32 (2.3) is `{crc:08X}`",
            "2,696"
        )),
        "the CRC-32 of the prior is {crc:08X}"
    );
    assert_eq!(
        context_prior().iter().map(Vec::len).sum::<usize>() * 2,
        2_696 - 2 * 50
    );
}
