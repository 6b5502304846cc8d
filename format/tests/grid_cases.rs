//! The golden files with grids of latents: how each is made, and what reading it gives.

use siren_format::{
    ContextNetwork, Error, Fault, Feature, File, Input, Latents, Quantity, Weights,
};

use crate::cases::Case;
use crate::differences::{differing, served};
use crate::samples::{gridded, halves, latents, seal, section, with_latents};

/// Header of [`least`]: 1 x 1 pixels, one channel of 8 bits, input kind 1, both omegas 30, one hidden layer of one
/// neuron, weight coding 1; then one grid of scale 0 and step code 150, and a context network of 1 and 1 neurons.
const HEADER: [u8; 16] = [0, 1, 1, 0, 0x10, 240, 240, 1, 1, 1, 1, 1, 0, 150, 1, 1];

/// Weights payload of [`least`].
const WEIGHTS: [u8; 6] = [0x80, 0x19, 0xE0, 0xFB, 0x5E, 0x3E];

/// Latents payload of [`least`]: the six tensors of the context network are 72 zero bits, and the latent is 0.
const LATENTS: [u8; 10] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0x4E];

pub(crate) fn valid() -> Vec<Case<File>> {
    let written = |file: &File| file.to_bytes().expect("a valid file");
    let cases: [(_, _, fn() -> File); 8] = [
        (
            "grids",
            "30 x 20, three grids, 3-2-1, context network 22-4-3-2",
            || usual(4.0),
        ),
        (
            "grids-halves",
            "5 x 4, two grids of one scale, half floats",
            equal,
        ),
        (
            "grids-zeros",
            "the same as grids, all latents and numbers of the context network zero",
            || usual(0.0),
        ),
        (
            "grids-prior",
            "30 x 20, three grids, 3-2-1, the prior of context networks and differences from it",
            prior,
        ),
        (
            "differences",
            "30 x 20, a series of grids from scale 1 on, differences from both priors",
            || differing(served((30, 20), 3, [1, 170]), 2, 3.0),
        ),
        (
            "differences-gray",
            "7 x 9, one channel, a series from scale 2 on, some tensors without differences",
            || differing(served((7, 9), 1, [2, 190]), 3, 3.0),
        ),
        (
            "grids-escape",
            "9 x 7, latents as large as they can be, a context network of the largest numbers",
            escapes,
        ),
        (
            "grids-least",
            "1 x 1, one grid of one latent, one neuron, all zero",
            least,
        ),
    ];
    let case = |(name, what, make): (_, _, fn() -> File)| {
        let file = make();
        (name, what, written(&file), file)
    };
    cases.into_iter().map(case).collect()
}

fn usual(deviation: f64) -> File {
    let header = gridded((30, 20), &[3, 1, 0], [4, 3]);
    let latents = latents(&header, 8, deviation);
    with_latents(header, latents)
}

fn equal() -> File {
    let header = gridded((5, 4), &[0, 0], [2, 2]);
    let latents = latents(&header, 9, 1.0);
    let mut file = with_latents(header, latents);
    file.weights = Weights::Half(halves(9, 3));
    file
}

fn prior() -> File {
    let mut header = gridded((30, 20), &[3, 1, 0], [32, 16]);
    let latents = latents(&header, 8, 2.0);
    let Input::Grids(grids) = &mut header.network.input else {
        panic!("grids");
    };
    grids.context = ContextNetwork::Prior;
    with_latents(header, latents)
}

fn escapes() -> File {
    let header = gridded((9, 7), &[15, 2, 1], [2, 2]);
    let mut latents = latents(&header, 9, 300.0);
    for (index, tensor) in latents.context.iter_mut().enumerate() {
        tensor.step = [8, 16][index % 2];
        for (at, level) in tensor.levels.iter_mut().enumerate() {
            *level = [1 << 3, 1 << 12][index % 2] * if at % 3 == 0 { -1 } else { 1 };
        }
    }
    latents.levels[0][0] = i16::MIN;
    latents.levels[2][7..9].copy_from_slice(&[i16::MAX, i16::MIN]);
    with_latents(header, latents)
}

fn least() -> File {
    let mut header = gridded((1, 1), &[0], [1, 1]);
    header.network.hidden = vec![1];
    let mut latents = latents(&header, 0, 0.0);
    latents
        .context
        .iter_mut()
        .for_each(|tensor| tensor.step = 0);
    let mut file = with_latents(header, latents);
    let Weights::Levels(tensors) = &mut file.weights else {
        panic!("levels");
    };
    for (tensor, step) in tensors.iter_mut().zip([100, 95, 108, 103]) {
        tensor.step = step;
        tensor.levels.fill(0);
    }
    file
}

pub(crate) fn invalid() -> Vec<Case<Error>> {
    use Error::Malformed;
    let sections = [section(1, &WEIGHTS), section(2, &LATENTS)].concat();
    // The file of `least` with bytes `at..at + old` of its header replaced.
    let header = |at: usize, old: usize, new: &[u8]| {
        let header = [&HEADER[..at], new, &HEADER[at + old..]].concat();
        seal(&header, &sections)
    };
    let payload = |bytes: &[u8]| {
        let sections = [section(1, &WEIGHTS), section(2, bytes)].concat();
        seal(&HEADER, &sections)
    };
    // A shape at the origin of scale 1, and samples that suit it.
    let shape = [&[1], &[0; 12][..], &[0, 0, 0x80, 0x3F, 12]].concat();
    // 64 grids: their number, scales and step codes.
    let many = [&[65][..], &[0; 130]].concat();
    let limit = |what, asked, allowed| Error::Limit {
        what,
        asked,
        allowed,
    };
    let fault = |name, what, bytes, fault| (name, what, bytes, Malformed(fault));
    let mut cases = vec![
        fault(
            "grids-0",
            "no grid, and no series",
            seal(&HEADER[..11], &[0]),
            Fault::HeaderEnds,
        ),
        fault(
            "series-scale",
            "a series from scale 13 on, whose coarsest grid has scale 16",
            header(11, 3, &[0, 13, 250]),
            Fault::GridScale,
        ),
        fault(
            "series-list",
            "a list of the grids that a series stands for",
            header(11, 3, &[5, 4, 150, 3, 158, 2, 166, 1, 174, 0, 182]),
            Fault::NotShortest,
        ),
        fault(
            "series-floor",
            "a series whose steps are all as fine as can be",
            header(11, 3, &[0, 0, 136]),
            Fault::NotShortest,
        ),
        fault(
            "differences-network",
            "differences from a prior that has another number of neurons",
            header(10, 4, &[2, 0, 0, 180]),
            Fault::PriorNetwork,
        ),
        fault(
            "grids-65",
            "65 grids",
            header(11, 3, &many),
            Fault::GridCount,
        ),
        fault(
            "grids-2-32",
            "2^32 - 1 grids",
            header(11, 3, &[252, 255, 255, 255, 255]),
            Fault::GridCount,
        ),
        fault(
            "grids-long",
            "the number of grids in three bytes",
            header(11, 1, &[251, 1, 0]),
            Fault::NotShortest,
        ),
        fault(
            "grids-end",
            "a header that ends after its first grid",
            seal(&HEADER[..14], &[]),
            Fault::HeaderEnds,
        ),
        fault(
            "grids-scale",
            "a grid of scale 16",
            header(12, 1, &[16]),
            Fault::GridScale,
        ),
        fault(
            "grids-nodes",
            "2^28 + 2^14 nodes",
            header(1, 2, &[251, 0, 64, 251, 1, 64]),
            Fault::NodeCount,
        ),
        fault(
            "grids-shape",
            "a shape with grids",
            header(0, 4, &shape),
            Fault::GridSignal,
        ),
        fault(
            "context-0",
            "a context network without a neuron in its second layer",
            header(15, 1, &[0]),
            Fault::ContextWidth,
        ),
        fault(
            "context-33",
            "a context network of 33 neurons in its second layer",
            header(15, 1, &[33]),
            Fault::ContextWidth,
        ),
        fault(
            "latents-missing",
            "grids without a latents section",
            seal(&HEADER, &section(1, &WEIGHTS)),
            Fault::LatentSection,
        ),
        fault(
            "latents-unasked",
            "a latents section without grids",
            seal(&[0, 1, 1, 0, 0, 240, 240, 1, 1, 1, 1], &sections),
            Fault::LatentSection,
        ),
    ];
    cases.extend(
        payloads(&payload).map(|(name, what, bytes, found)| fault(name, what, bytes, found)),
    );
    cases.push((
        "latents-operations",
        "16,383 x 16,384 latents",
        header(1, 2, &[251, 255, 63, 251, 0, 64]),
        limit(Quantity::Operations, 1_680_605_501_440, 350_000_000_000),
    ));
    cases.push((
        "context-prior",
        "a prior of context networks with the number 2",
        header(14, 2, &[0, 2]),
        Error::Unsupported {
            what: Feature::Prior,
            number: 2,
        },
    ));
    cases
}

/// The faults of latents payloads.
fn payloads(payload: &impl Fn(&[u8]) -> Vec<u8>) -> [Case<Fault>; 7] {
    let zeros = &LATENTS[..9];
    [
        (
            "context-step",
            "step code 9 for weights of the context network",
            payload(&[0x4C]),
            Fault::ContextRange,
        ),
        (
            "context-scale",
            "scale code 88 in the context network",
            payload(&[0x05, 0x88]),
            Fault::ContextRange,
        ),
        (
            "context-level",
            "a level of the context network of 27 * 2^16",
            payload(&[0x05, 0x7F, 0xFF, 0xFF, 0xFF]),
            Fault::ContextRange,
        ),
        (
            "latents-empty",
            "no bytes: a Golomb code of zeros alone",
            payload(&[]),
            Fault::LatentRange,
        ),
        (
            "latents-range",
            "a latent below -2^15",
            payload(&[zeros, &[0, 0, 0, 1, 0x80]].concat()),
            Fault::LatentRange,
        ),
        (
            "latents-tail",
            "a zero byte after the latents",
            payload(&[&LATENTS[..], &[0]].concat()),
            Fault::LevelStream,
        ),
        (
            "latents-longer",
            "another byte after the latents, which changes none of them",
            payload(&[&LATENTS[..], &[1]].concat()),
            Fault::LevelStream,
        ),
    ]
}

#[test]
fn the_parts_are_those_of_the_least_file() {
    let sections = [section(1, &WEIGHTS), section(2, &LATENTS)].concat();
    let Some(Latents { levels, .. }) = least().latents else {
        panic!("latents");
    };
    assert_eq!(levels, [[0]]);
    assert_eq!(least().to_bytes(), Ok(seal(&HEADER, &sections)));
}
