//! Weight coding 1: against the plain decoder, at its extremes, and what it costs.

use siren_format::{BIT, Error, Fault, File, LEVEL_MAX, Limits, Signal, Tensor, Weights, inspect};

use crate::golden;
use crate::plain;
use crate::samples::{
    Random, SOUND, file, leveled, order, other, other_levels, seal, section, tensors,
};
use sirenc_fuzz_bodies::read;

/// Payload of the weights section.
fn payload(bytes: &[u8]) -> &[u8] {
    let spans = inspect(bytes, &Limits::default())
        .expect("a valid file")
        .spans;
    let weights = spans.iter().find(|span| span.part.is_weights());
    let span = weights.expect("weights");
    &bytes[span.offset..span.offset + span.length]
}

/// Writes and reads a file, with both decoders, and holds the estimate to the result.
fn round_trip(file: &File, table: &[Vec<u64>]) -> usize {
    let bytes = file.to_bytes().expect("a valid file");
    let payload = payload(&bytes);
    assert_eq!(
        File::from_bytes(&bytes, &Limits::default()).as_ref(),
        Ok(file)
    );
    let plain = plain::decode(payload, &file.header, table).map(Weights::Levels);
    assert_eq!(plain.as_ref(), Some(&file.weights));

    let estimate = file.weights.bits(&file.header).expect("a valid file");
    let real = 8 * BIT * payload.len() as u64;
    // The last byte is begun, and a level loses at most 2^-16 of itself to rounding in the coder.
    let slack = 2 * 8 * BIT + estimate / 1000;
    assert!(
        real.abs_diff(estimate) < slack,
        "{estimate} estimated, {real} written"
    );
    // What is counted while reading is what was written.
    let measured = File::measured(&bytes, &Limits::default()).expect("a valid file");
    let counted = measured.bits;
    let counted: u64 = counted.iter().sum();
    assert!(
        counted.abs_diff(estimate) <= 2 * BIT + estimate / 1000,
        "{estimate} estimated, {counted} read"
    );
    payload.len()
}

#[test]
fn the_table_is_the_gaussian_it_is_said_to_be() {
    // Simpson's rule from x to where nothing is left.
    let upper = |z: f64| -> f64 {
        let (steps, end) = (20_000, 12.0);
        let h = (end - z) / f64::from(steps);
        let density = |i: i32| (-0.5 * (z + h * f64::from(i)).powi(2)).exp();
        let weight = |i: i32| if i % 2 == 1 { 4.0 } else { 2.0 };
        let inner: f64 = (1..steps).map(|i| weight(i) * density(i)).sum();
        (inner + density(0) + density(steps)) * h / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
    };
    let table = plain::table();
    assert_eq!(table.len(), 4);
    for (m, row) in table.iter().enumerate() {
        let deviation = 8.0 * 2_f64.powf(m as f64 / 4.0);
        assert_eq!(row.len(), 1 + (4.0 * deviation) as usize);
        for (x, &entry) in row.iter().enumerate() {
            let exact = 65_536.0 * upper(x as f64 / deviation);
            assert_eq!(entry as f64, exact.round(), "row {m}, entry {x}: {exact}");
        }
        // What the decoder relies on: no symbol is without width, at any stride.
        assert!(row.windows(3).all(|entries| entries[0] > entries[2]));
        assert!(row.last() > Some(&0));
    }
}

#[test]
fn both_decoders_agree() {
    let table = plain::table();
    let mut random = Random(11);
    for seed in 0..300 {
        // One network, or the three of a sound's segments.
        let header = if seed % 3 == 0 {
            other(SOUND, (2, 16), &[9, 30], 0).header
        } else {
            file((1, 1), (1, 8), &[9, 30], vec![]).header
        };
        // From nearly all zeros to the largest levels, another deviation in each tensor.
        let octaves: Vec<f64> = (0..6)
            .map(|_| random.below(2000) as f64 / 100.0 - 3.0)
            .collect();
        let mut tensors = tensors(&header, seed, |index| octaves[index].exp2());
        for tensor in &mut tensors {
            tensor.step = random.next() as u8;
            for level in &mut tensor.levels {
                *level = (*level).clamp(-LEVEL_MAX, LEVEL_MAX);
            }
            // Outliers of any size.
            for _ in 0..random.below(3) {
                let at = random.below(tensor.levels.len());
                let size = (LEVEL_MAX >> random.below(21)) as usize;
                tensor.levels[at] = random.below(2 * size + 1) as i32 - size as i32;
            }
        }
        order(&header, &mut tensors);
        let weights = Weights::Levels(tensors);
        let icc = None;
        round_trip(
            &File {
                header,
                weights,
                latents: None,
                icc,
            },
            &table,
        );
    }
}

#[test]
fn both_decoders_agree_on_garbage() {
    let table = plain::table();
    let mut random = Random(12);
    let header = [0, 1, 1, 0, 0, 240, 240, 1, 1, 2, 1];
    let (mut whole, mut broken) = (0, 0);
    for _ in 0..100_000 {
        let length = random.below(12);
        let mut payload: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        if let Some(first) = payload.first_mut() {
            *first |= 0x80 >> random.below(8);
        }
        let bytes = seal(&header, &section(1, &payload));
        match File::from_bytes(&bytes, &Limits::default()) {
            Ok(file) => {
                whole += 1;
                let plain = plain::decode(&payload, &file.header, &table);
                assert_eq!(plain.map(Weights::Levels), Some(file.weights));
            }
            Err(error) => {
                broken += 1;
                assert!(matches!(
                    error,
                    Error::Malformed(Fault::LevelRange | Fault::LevelStream | Fault::NeuronOrder)
                ));
                let header = leveled(&[2], vec![]).header;
                assert_eq!(plain::decode(&payload, &header, &table), None);
            }
        }
    }
    assert!(
        whole > 1000 && broken > 1000,
        "{whole} whole, {broken} broken"
    );
}

#[test]
fn golden_levels_are_what_the_plain_decoder_says() {
    let table = plain::table();
    let mut files = 0;
    for (name, bytes) in golden::valid_bytes() {
        let file = File::from_bytes(&bytes, &Limits::default()).expect(&name);
        if matches!(file.weights, Weights::Levels(_)) {
            round_trip(&file, &table);
            files += 1;
        }
    }
    assert!(files >= 4);
}

/// Single levels of every size, so that scales and escapes meet all of them.
#[test]
fn every_magnitude_comes_back() {
    let table = plain::table();
    for bit in 0..=22 {
        for near in -2..=2 {
            let level = ((1 << bit) + near).min(LEVEL_MAX);
            let one = |levels: Vec<i32>| Tensor { step: 255, levels };
            let edges = [
                vec![level, -level],
                vec![level.abs()],
                vec![0],
                vec![-level],
            ];
            round_trip(&leveled(&[1], edges.map(one).to_vec()), &table);
        }
    }
}

/// Zeros with very few other levels among them, where the standard deviation says little: what is left out
/// must not be lost, and outliers must not make the rest expensive.
#[test]
fn sparse_levels_come_back() {
    let table = plain::table();
    for outlier in [1, -1, 2, 30, 1000, LEVEL_MAX] {
        let header = leveled(&[40, 40], vec![]).header;
        let mut tensors = tensors(&header, 3, |_| 0.0);
        tensors[2].levels[777] = outlier;
        let length = round_trip(&leveled(&[40, 40], tensors), &table);
        assert!(length < 32, "{length} bytes for one level of {outlier}");
    }
}

/// The ideal Gaussian cost is n log2(sigma sqrt(2 pi e)): a large file comes within 0.03 bits a level of it,
/// steps and scales included, and a small one within ten bytes.
#[test]
fn levels_cost_what_a_gaussian_code_would() {
    let table = plain::table();
    let ideal = |tensors: &[Tensor]| -> f64 {
        let one = |tensor: &Tensor| {
            let count = tensor.levels.len() as f64;
            let squares: f64 = tensor.levels.iter().map(|&l| f64::from(l).powi(2)).sum();
            count * (0.5 * (squares / count).log2() + 2.0471)
        };
        tensors.iter().map(one).sum()
    };
    for (hidden, excess) in [(&[28; 10][..], 0.03 * 7479.0), (&[6, 6], 80.0)] {
        let mut network = file((768, 512), (3, 8), hidden, vec![]);
        let last = 2 * hidden.len();
        let deviation = |index| match index {
            0 | 1 => 600.0,
            _ if index < last => 20.0,
            _ => 40.0,
        };
        let tensors = tensors(&network.header, 5, deviation);
        let ideal = ideal(&tensors);
        network.weights = Weights::Levels(tensors);
        let bits = 8.0 * round_trip(&network, &table) as f64;
        println!("{hidden:?}: {bits} bits, {ideal:.0} ideal");
        assert!(bits < ideal + excess, "{bits} bits, {ideal} ideal");
    }
}

/// What a network after the first takes for its steps and scales is 2 to 4 bits a tensor.
#[test]
fn segments_say_what_to_expect_of_the_next() {
    let table = plain::table();
    let network = |signal| other_levels(signal, (1, 16), &[6, 6], |index| [40.0, 9.0][index % 2]);
    let three = network(SOUND);
    let Weights::Levels(tensors) = &three.weights else {
        panic!("levels went in");
    };
    let bytes = three.to_bytes().expect("a valid file");
    let measured = File::measured(&bytes, &Limits::default()).expect("a valid file");
    let costs = measured.bits;
    let mut apart = 0;
    for tensors in tensors.chunks(6) {
        let one = File {
            weights: Weights::Levels(tensors.to_vec()),
            ..network(Signal::Sound {
                rate: 8000,
                frames: 4000,
                segment: 4000,
                overlap: 0,
            })
        };
        apart += one.weights.bits(&one.header).expect("a valid file");
        round_trip(&one, &table);
    }
    round_trip(&three, &table);
    let together: u64 = costs.iter().sum();
    assert_eq!(costs.len(), 18);
    assert!(
        together + 2 * 16 * BIT < apart,
        "{together} together, {apart} apart"
    );
}

#[test]
fn a_writer_of_levels_is_held_to_the_rules() {
    let tensor = |levels: &[i32]| Tensor {
        step: 0,
        levels: levels.to_vec(),
    };
    let sound = || vec![tensor(&[1, 2]), tensor(&[3]), tensor(&[4]), tensor(&[5])];
    let refused = |tensors: Vec<Tensor>, fault| {
        let file = leveled(&[1], tensors);
        assert_eq!(file.to_bytes(), Err(Error::Invalid(fault)));
        let bits = file.weights.bits(&file.header);
        assert_eq!(bits, Err(Error::Invalid(fault)));
    };
    assert!(leveled(&[1], sound()).to_bytes().is_ok());
    refused(sound()[..3].to_vec(), Fault::WeightCount);
    refused([sound(), sound()].concat(), Fault::WeightCount);
    for level in [LEVEL_MAX + 1, -LEVEL_MAX - 1, i32::MAX, i32::MIN] {
        let mut tensors = sound();
        tensors[2].levels[0] = level;
        refused(tensors, Fault::LevelRange);
    }
    // Biases of a hidden layer that are not in order, or not folded.
    let pair = |biases: [i32; 2]| {
        let weights = [tensor(&[1, 2, 3, 4]), tensor(&biases)];
        leveled(
            &[2],
            [&weights[..], &[tensor(&[4, 5]), tensor(&[-6])]].concat(),
        )
    };
    assert!(pair([0, 0]).to_bytes().is_ok() && pair([7, 9]).to_bytes().is_ok());
    for biases in [[1, 0], [-1, 0], [-3, -2]] {
        let refused = Err(Error::Invalid(Fault::NeuronOrder));
        assert_eq!(pair(biases).to_bytes(), refused);
    }
    // As many levels in all, but not in each tensor.
    let mut tensors = sound();
    tensors.swap(0, 1);
    refused(tensors, Fault::WeightCount);
    refused(vec![], Fault::WeightCount);
}

/// A file of a few bytes may hold millions of zeros, but not more than coding 1 permits.
#[test]
fn zeros_are_bounded() {
    let open = Limits::none();
    // 4 x 67,108,864 + 1 parameters.
    let header = [0, 1, 1, 0, 0, 240, 240, 1, 1, 252, 0, 0, 0, 4, 1];
    let bytes = seal(&header, &section(1, &[0x80]));
    let refused = Err(Error::Malformed(Fault::LevelCount));
    assert_eq!(File::from_bytes(&bytes, &open), refused);
    assert!(read(&bytes, &open).is_none());
}
