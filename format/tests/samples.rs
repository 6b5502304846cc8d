//! Small files to test with, and the parts to build broken ones from.

use siren_format::{
    Activation, CONTEXT_INPUTS, Colour, ContextNetwork, File, Grid, Grids, Header, Input, Latents,
    Network, Samples, Signal, Tensor, Weights,
};

/// Header of [`gray`]: 1 x 1 pixels, one channel of 8 bits, both omegas 30, one hidden layer of one neuron.
pub(crate) const HEADER: [u8; 11] = [0, 1, 1, 0, 0, 240, 240, 1, 1, 1, 0];

/// Weights payload of [`gray`]: a zstd frame of ten bytes in one raw block.
pub(crate) const PAYLOAD: [u8; 15] = [
    0x20, 10, 0x51, 0, 0, 0x38, 0xB8, 0x34, 0x3C, 0x00, 0, 0, 0, 0, 1,
];

/// Weights payload of a file like [`gray`] under weight coding 1: levels 300 and -211, 93, 17, 6.
pub(crate) const LEVELS: [u8; 9] = [0x86, 0x8B, 0x80, 0xFC, 0x99, 0x12, 0x55, 0x32, 0x60];

/// The smallest picture: weights 0.5 and -0.5, bias 0.25; then weight 1 and the smallest subnormal as bias.
pub(crate) fn gray() -> File {
    file(
        (1, 1),
        (1, 8),
        &[1],
        vec![0x3800, 0xB800, 0x3400, 0x3C00, 0x0001],
    )
}

pub(crate) fn file(
    (width, height): (u32, u32),
    (channels, depth): (u8, u8),
    hidden: &[u32],
    weights: Vec<u16>,
) -> File {
    let header = Header {
        signal: Signal::Picture { width, height },
        samples: Samples {
            channels,
            depth,
            colour: Colour::Direct,
        },
        network: Network {
            activation: Activation::Sine,
            input: Input::Coordinates,
            omega_first: 240,
            omega_hidden: 240,
            hidden: hidden.to_vec(),
        },
    };
    File {
        header,
        weights: Weights::Half(weights),
        latents: None,
        icc: None,
    }
}

/// A shape in a cube of side 0.5 at (1, -2, 0.125).
pub(crate) const SHAPE: Signal = Signal::Shape {
    centre: [0x3F80_0000, 0xC000_0000, 0x3E00_0000],
    scale: 0x3E80_0000,
};

/// 3 segments of 4,000 frames that overlap by 400, at 8 kHz; the last one reaches 800 frames too far.
pub(crate) const SOUND: Signal = Signal::Sound {
    rate: 8000,
    frames: 10_400,
    segment: 4000,
    overlap: 400,
};

/// 50 frames of 64 x 48 pixels at 29.97 frames a second.
pub(crate) const VIDEO: Signal = Signal::Video {
    width: 64,
    height: 48,
    frames: 50,
    rate: [30_000, 1001],
};

/// A file of another kind, with `channels` of `depth` bits and these hidden layers, in half floats.
pub(crate) fn other(
    signal: Signal,
    (channels, depth): (u8, u8),
    hidden: &[u32],
    seed: u64,
) -> File {
    let mut file = file((1, 1), (channels, depth), hidden, vec![]);
    file.header.signal = signal;
    let count = file.header.parameters() as usize;
    file.weights = Weights::Half(halves(count, seed));
    file
}

/// The same in levels of these standard deviations.
pub(crate) fn other_levels(
    signal: Signal,
    samples: (u8, u8),
    hidden: &[u32],
    deviation: impl Fn(usize) -> f64,
) -> File {
    let mut file = other(signal, samples, hidden, 0);
    file.weights = Weights::Levels(tensors(&file.header, 4, deviation));
    file
}

/// 1 x 1 pixels, one channel of 8 bits, as [`gray`], with these hidden layers and tensors.
pub(crate) fn leveled(hidden: &[u32], tensors: Vec<Tensor>) -> File {
    File {
        weights: Weights::Levels(tensors),
        ..file((1, 1), (1, 8), hidden, vec![])
    }
}

/// Tensors for a header: in each, levels of standard deviation `deviation(index)`, index within its network.
pub(crate) fn tensors(header: &Header, seed: u64, deviation: impl Fn(usize) -> f64) -> Vec<Tensor> {
    let mut random = Random(seed);
    let counts: Vec<u32> = header
        .layers()
        .flat_map(|(outputs, inputs)| [outputs * inputs, outputs])
        .collect();
    let mut tensors = Vec::new();
    for _ in 0..header.networks() {
        for (index, &count) in counts.iter().enumerate() {
            tensors.push(Tensor {
                step: (104 + 2 * index - 7 * (index % 2)).min(255) as u8,
                levels: (0..count)
                    .map(|_| (deviation(index) * random.normal()).round() as i32)
                    .collect(),
            });
        }
    }
    order(header, &mut tensors);
    tensors
}

/// The header of a gray picture with grids of these scales, and a context network of these widths.
pub(crate) fn gridded((width, height): (u32, u32), scales: &[u8], context: [u8; 2]) -> Header {
    let mut header = file((width, height), (1, 8), &[2], vec![]).header;
    let grid = |(index, &scale)| Grid {
        scale,
        step: 150 + index as u8,
    };
    header.network.input = Input::Grids(Grids {
        grids: scales.iter().enumerate().map(grid).collect(),
        context: ContextNetwork::Own(context),
    });
    header
}

/// Latents of this standard deviation for a header, and a context network of any numbers; of zeros, if the latents are.
pub(crate) fn latents(header: &Header, seed: u64, deviation: f64) -> Latents {
    let mut random = Random(seed);
    let (grids, [width, height]) = header.grids().expect("a header with grids");
    let [first, second] = grids.context.widths().map(usize::from);
    let mut context = Vec::new();
    for (inputs, outputs) in [(CONTEXT_INPUTS, first), (first, second), (second, 2)] {
        for (count, step) in [(inputs * outputs, 3), (outputs, 10)] {
            let any = if deviation > 0.0 { 4.0 } else { 0.0 };
            let levels = (0..count).map(|_| (any * random.normal()).round() as i32);
            context.push(Tensor {
                step,
                levels: levels.collect(),
            });
        }
    }
    let mut levels = |grid: &Grid| {
        let [columns, rows] = grid.size(width, height);
        let level = |_| (deviation * random.normal()).round() as i16;
        (0..columns * rows).map(level).collect()
    };
    Latents {
        levels: grids.grids.iter().map(&mut levels).collect(),
        context,
    }
}

/// A file with these latents, and weights in levels.
pub(crate) fn with_latents(header: Header, latents: Latents) -> File {
    File {
        weights: Weights::Levels(tensors(&header, 6, |_| 12.0)),
        header,
        latents: Some(latents),
        icc: None,
    }
}

/// Makes the biases of hidden layers ascend from 0, as SPEC 5.3.5 wants.
pub(crate) fn order(header: &Header, tensors: &mut [Tensor]) {
    let count = 2 * header.layers().count();
    for network in tensors.chunks_mut(count) {
        for tensor in network.iter_mut().take(count - 1).skip(1).step_by(2) {
            for level in &mut tensor.levels {
                *level = level.abs();
            }
            tensor.levels.sort_unstable();
        }
    }
}

/// `count` finite half floats between about 0.03 and 1, of either sign.
pub(crate) fn halves(count: usize, seed: u64) -> Vec<u16> {
    let mut random = Random(seed);
    let half = |bits: u64| (bits & 0x83FF) as u16 | (0x2800 + (bits >> 16 & 3) as u16 * 0x400);
    (0..count).map(|_| half(random.next())).collect()
}

/// A file of these bytes: signature and version before, the right checksum after.
pub(crate) fn seal(header: &[u8], sections: &[u8]) -> Vec<u8> {
    let mut bytes = [&[0xB5, b'S', b'R', b'N', 1], header, sections].concat();
    bytes.extend(crc32(&bytes).to_le_bytes());
    bytes
}

/// A section shorter than 251 bytes.
pub(crate) fn section(id: u8, payload: &[u8]) -> Vec<u8> {
    [&[id, payload.len() as u8], payload].concat()
}

/// `SplitMix64` (Steele, Lea and Flood 2014): short, and good enough to choose mutations.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Nearly normal, of standard deviation 1: a sum of twelve uniform numbers.
    pub(crate) fn normal(&mut self) -> f64 {
        let uniform = |random: u64| (random >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        (0..12).map(|_| uniform(self.next())).sum()
    }
}

/// CRC-32 by its definition, apart from the one that the crate uses.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}
