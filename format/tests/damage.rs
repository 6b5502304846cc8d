//! Damaged files: every truncation, every flipped bit, a million mutations behind a correct checksum.

use siren_format::{Error, File, Layout, Limits, inspect};
use sirenc_fuzz_bodies::{read, resealed, rewrite};

use crate::allocations::peak;
use crate::golden;
use crate::samples::{Random, file, halves};

const MUTATIONS: usize = 1_000_000;

#[test]
fn every_truncation_is_an_error() {
    for (name, bytes) in golden::valid_bytes() {
        for end in 0..bytes.len() {
            let error = File::from_bytes(&bytes[..end], &Limits::default()).expect_err(&name);
            let expected = match end {
                0..9 => matches!(error, Error::Truncated { length } if length == end),
                _ => matches!(error, Error::Corrupt { .. }),
            };
            assert!(expected, "{name} cut to {end} bytes: {error:?}");
        }
    }
}

#[test]
fn truncations_with_a_correct_checksum_are_errors() {
    for (name, bytes) in golden::valid_bytes() {
        let layout = inspect(&bytes, &Limits::default()).expect(&name);
        // A file cut between two sections after the weights is a shorter file, not a damaged one.
        let whole: Vec<usize> = layout
            .spans
            .iter()
            .skip(3)
            .map(|span| span.offset + span.length)
            .collect();
        for end in (9..bytes.len()).filter(|&end| !whole.contains(&(end - 4))) {
            let cut = resealed(&bytes[..end]);
            assert!(
                read(&cut, &Limits::default()).is_none(),
                "{name} cut to {end} bytes"
            );
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    for (name, bytes) in golden::valid_bytes() {
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = File::from_bytes(&flipped, &Limits::default()).expect_err(&name);
            let expected = match bit / 8 {
                0..4 => matches!(error, Error::NotSiren | Error::TextMode),
                4 => matches!(error, Error::Unsupported { .. }),
                _ => matches!(error, Error::Corrupt { .. }),
            };
            assert!(expected, "{name} with bit {bit} flipped: {error:?}");
        }
    }
}

/// Mutations that keep the checksum right reach the parser proper. None may panic, none may take more
/// memory than its limits and its own length justify.
#[test]
fn mutations_never_panic_and_stay_within_their_memory() {
    const PARAMETERS: u64 = 1 << 12;
    // The memory of these, and of a few thousand latents.
    let limits = Limits::default()
        .with_parameters(PARAMETERS)
        .with_memory(24 * PARAMETERS);
    // Per parameter two planes and one number of 16 bits; then the runs of the header and the spans.
    let fixed = 4 * PARAMETERS as usize + (24 << 10);
    // Where a sound's many networks have few parameters each, their tensors take more than their levels do. They
    // come as the payload does, of which each takes at least two bits, and a vector that grows may be
    // half empty and still hold its old half. Latents take the memory that the header says.
    let more = |bytes: &[u8]| match inspect(bytes, &limits) {
        Ok(Layout { header, .. }) if header.grids().is_some() => 12 * header.latents() as usize,
        Ok(Layout { header, .. }) if header.networks() > 1 => {
            let each = 3 * size_of::<siren_format::Tensor>() + 2 * size_of::<[i32; 4]>();
            each * (4 * bytes.len()).min(PARAMETERS as usize)
        }
        _ => 0,
    };

    let mut seeds: Vec<Vec<u8>> = golden::valid_bytes()
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    // Sound files outnumber the others, so that most mutations start from one fault or none.
    seeds = seeds
        .iter()
        .cycle()
        .take(8 * seeds.len())
        .cloned()
        .collect();
    seeds.extend(golden::invalid_bytes().into_iter().map(|(_, bytes)| bytes));
    let large = file((768, 512), (3, 8), &[12; 4], halves(543, 5));
    seeds.push(large.to_bytes().expect("a valid file"));
    seeds.retain(|seed| seed.len() > 9);

    let mut random = Random(2026);
    let mut accepted = 0;
    for _ in 0..MUTATIONS {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut bytes, &seeds, &mut random);
        }
        let bytes = resealed(&bytes);
        let (file, held) = peak(|| File::from_bytes(&bytes, &limits));
        assert!(
            held <= fixed + 3 * bytes.len() + more(&bytes),
            "{held} bytes held for {bytes:02X?}"
        );
        if let Ok(file) = file {
            accepted += 1;
            // Compression takes far longer than reading.
            if accepted % 100 == 0 {
                read(&bytes, &limits);
                rewrite(&file, &limits);
            }
        } else if accepted % 100 == 0 {
            read(&bytes, &limits);
        }
    }
    assert!(
        accepted > MUTATIONS / 50,
        "only {accepted} mutations reached the end of the parser"
    );
    assert!(
        accepted < MUTATIONS / 2,
        "{accepted} mutations changed nothing that is checked"
    );
}

/// Changes a few bytes after the signature and the version.
fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    const EDGES: [u8; 12] = [0, 1, 2, 127, 128, 129, 250, 251, 252, 253, 254, 255];
    if bytes.len() < 6 {
        return;
    }
    // Half of the mutations hit the header, where each byte matters most.
    let end = if random.below(2) == 0 {
        bytes.len().min(24)
    } else {
        bytes.len()
    };
    let at = 5 + random.below(end - 5);
    match random.below(6) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = EDGES[random.below(EDGES.len())],
        2 => bytes[at] = random.next() as u8,
        3 => bytes.insert(at, EDGES[random.below(EDGES.len())]),
        4 => drop(bytes.remove(at)),
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            let length = random.below(16).min(other.len() - from);
            let to = (at + random.below(16)).min(bytes.len());
            bytes.splice(at..to, other[from..from + length].iter().copied());
        }
    }
}
