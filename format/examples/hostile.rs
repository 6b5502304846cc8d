//! Writes files that cost as much as the default limits allow, or ask for more, in as few bytes as they take:
//! `cargo run -p siren-format --example hostile -- FOLDER`. `benches/hostile.sh` measures them.

use std::path::Path;

use siren_format::{
    Activation, Colour, File, Header, Input, Network, Samples, Signal, Tensor, Weights,
};

/// A picture of zeros: name, width, height, channels, depth, hidden layers and their width.
type Case = (&'static str, u32, u32, u8, u8, usize, u32);

const CASES: [Case; 11] = [
    // At the limits.
    ("most-pixels", 1 << 14, 1 << 14, 1, 8, 1, 1),
    ("most-samples", 1 << 14, 1 << 14, 4, 16, 1, 1),
    ("longest-row", 1 << 20, 1 << 8, 4, 16, 1, 1),
    ("longest-column", 1 << 8, 1 << 20, 4, 16, 1, 1),
    ("most-parameters", 1, 1, 1, 8, 2, 4093),
    ("widest-layer", 1 << 10, 1 << 10, 4, 16, 1, 4096),
    ("deepest", 1 << 9, 1 << 9, 1, 8, 255, 256),
    ("most-multiplications", 1 << 12, 1 << 12, 3, 8, 3, 510),
    // Beyond them.
    ("too-many-pixels", 1 << 14, (1 << 14) + 1, 1, 8, 1, 1),
    ("too-many-parameters", 1, 1, 1, 8, 2, 4096),
    ("all-there-is", u32::MAX, u32::MAX, 4, 16, 1, 1 << 20),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name a folder")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    for (name, width, height, channels, depth, layers, neurons) in CASES {
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
                hidden: vec![neurons; layers],
            },
        };
        let bytes = zeros(header).to_bytes()?;
        println!("{name}: {} bytes", bytes.len());
        std::fs::write(folder.join(format!("{name}.siren")), bytes)?;
    }
    Ok(())
}

/// A file of which every weight is 0; a tensor of those takes a few bits, however large it is.
fn zeros(header: Header) -> File {
    let counts = header
        .layers()
        .flat_map(|(outputs, inputs)| [outputs * inputs, outputs]);
    let tensors = counts.map(|count| Tensor {
        step: 104,
        levels: vec![0; count as usize],
    });
    File {
        weights: Weights::Levels(tensors.collect()),
        header,
        icc: None,
    }
}
