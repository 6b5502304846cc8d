//! Writes files that cost as much as the default limits allow, or ask for more, in as few bytes as they take:
//! `cargo run -p siren-format --example hostile -- FOLDER`. `benches/hostile.sh` measures them.

use std::path::Path;

use siren_format::{
    Activation, CONTEXT_INPUTS, Colour, ContextNetwork, File, Grid, Grids, Header, Input, Latents,
    Network, Samples, Signal, Tensor, Weights,
};

/// A file of zeros: its name, signal, channels and bits a sample, and the widths of its hidden layers.
struct Case(&'static str, Signal, (u8, u8), Vec<u32>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name a folder")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let plain = cases()
        .into_iter()
        .map(|Case(name, signal, samples, hidden)| {
            (
                name,
                zeros(header(signal, samples, hidden, Input::Coordinates)),
            )
        });
    for (name, file) in plain.chain(grid_cases()) {
        let bytes = file.to_bytes()?;
        println!("{name}: {} bytes", bytes.len());
        std::fs::write(folder.join(name).with_extension("siren"), bytes)?;
    }
    Ok(())
}

/// Pictures whose network sees grids: the sides of the picture, scale and number of its grids, widths of the context network
/// and of the network, and the largest latent.
fn grid_cases() -> Vec<(&'static str, File)> {
    let case = |name, (width, height), (scale, count): (u8, usize), context, hidden, largest| {
        let grids = Grids {
            grids: vec![Grid { scale, step: 150 }; count],
            context: ContextNetwork::Own(context),
        };
        let signal = Signal::Picture { width, height };
        let mut file = zeros(header(signal, (3, 8), hidden, Input::Grids(grids)));
        if let Some(latents) = &mut file.latents {
            scatter(latents, largest);
        }
        (name, file)
    };
    let square = |side| (side, side);
    vec![
        case("grids-zeros", square(4000), (0, 1), [32, 32], vec![1], 0),
        case("grids-noise", square(1500), (0, 1), [32, 32], vec![1], 1000),
        case(
            "grids-wide-noise",
            square(1500),
            (0, 1),
            [1, 1],
            vec![1],
            32_767,
        ),
        case(
            "grids-small-noise",
            square(1500),
            (0, 1),
            [1, 1],
            vec![1],
            3,
        ),
        case("grids-signs", square(1500), (0, 1), [1, 32], vec![1], 1),
        case("grids-many", square(1200), (15, 64), [1, 1], vec![1], 1000),
        case(
            "grids-column",
            (1, 1 << 20),
            (15, 64),
            [1, 1],
            vec![1],
            1000,
        ),
        case(
            "grids-fine-column",
            (1, 1 << 17),
            (0, 32),
            [1, 1],
            vec![1],
            3,
        ),
        case("grids-row", (1 << 20, 1), (15, 64), [1, 1], vec![1], 1000),
        case(
            "grids-wide",
            square(1000),
            (10, 16),
            [1, 1],
            vec![2048],
            1000,
        ),
    ]
}

/// Makes every latent some number up to `largest`.
fn scatter(latents: &mut Latents, largest: i64) {
    let mut state = 1_u64;
    for level in latents.levels.iter_mut().flatten() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *level = ((state >> 33) as i64 % (2 * largest + 1) - largest) as i16;
    }
}

fn cases() -> Vec<Case> {
    let picture = |width, height| Signal::Picture { width, height };
    let sound = |frames, segment, overlap| Signal::Sound {
        rate: 44_100,
        frames,
        segment,
        overlap,
    };
    let video = |width, height, frames| Signal::Video {
        width,
        height,
        frames,
        rate: [25, 1],
    };
    let shape = Signal::Shape {
        centre: [0; 3],
        scale: 0x3F80_0000,
    };
    let alternate = |layers: usize, wide: u32| (0..layers).map(|k| [wide, 1][k % 2]).collect();
    vec![
        // Nearly all that a service allows, of one thing after the other.
        Case("picture-pixels", picture(20_000, 20_000), (1, 8), vec![1]),
        Case("picture-samples", picture(10_000, 12_000), (4, 16), vec![1]),
        Case("picture-row", picture(1 << 20, 100), (4, 16), vec![1]),
        Case("picture-column", picture(100, 1 << 20), (4, 16), vec![1]),
        Case(
            "picture-of-25-megapixels",
            picture(5000, 5000),
            (3, 8),
            vec![28; 10],
        ),
        Case("picture-deep", picture(256, 240), (1, 8), vec![256; 80]),
        Case("picture-wide", picture(1 << 10, 1600), (4, 16), vec![4096]),
        Case(
            "picture-alternate",
            picture(2000, 220),
            (1, 8),
            alternate(8, 4096),
        ),
        Case("picture-narrow", picture(4000, 4000), (1, 8), vec![1; 255]),
        Case("picture-parameters", picture(1, 1), (1, 8), vec![4093; 2]),
        Case(
            "picture-biases",
            picture(1, 1),
            (1, 8),
            alternate(255, 4096),
        ),
        Case("sound-segments", sound(1 << 16, 1, 0), (2, 16), vec![8; 2]),
        Case("sound-layers", sound(1 << 10, 1, 0), (1, 16), vec![1; 255]),
        Case(
            "sound-long",
            sound(250_000_000, 250_000_000, 0),
            (2, 16),
            vec![8],
        ),
        Case("sound-fading", sound(1 << 16, 4, 2), (1, 16), vec![4; 4]),
        Case("video-frames", video(1, 1, 1 << 20), (1, 8), vec![1]),
        Case("video-small", video(17, 15, 1 << 17), (3, 8), vec![12; 3]),
        Case("video-rows", video(1 << 20, 1, 300), (3, 8), vec![1]),
        Case("shape-grid", shape, (1, 32), vec![64; 3]),
        // More than that.
        Case(
            "too-many-pixels",
            picture(1 << 17, 1 << 17),
            (1, 8),
            vec![1],
        ),
        Case("too-many-parameters", picture(1, 1), (1, 8), vec![4096; 2]),
        Case("too-many-frames", video(1, 1, 1 << 28), (1, 8), vec![1]),
        Case("too-many-networks", sound(1 << 17, 1, 0), (1, 16), vec![1]),
        Case(
            "too-much-output",
            picture(1 << 15, 1 << 15),
            (4, 16),
            vec![1],
        ),
        Case(
            "all-there-is",
            picture(u32::MAX, u32::MAX),
            (4, 16),
            vec![1 << 20],
        ),
    ]
}

/// A header of these.
fn header(signal: Signal, (channels, depth): (u8, u8), hidden: Vec<u32>, input: Input) -> Header {
    Header {
        signal,
        samples: Samples {
            channels,
            depth,
            colour: Colour::Direct,
        },
        network: Network {
            activation: Activation::Sine,
            input,
            omega_first: 240,
            omega_hidden: 240,
            hidden,
        },
    }
}

/// A file of which every weight and every latent is 0; a tensor of those takes a few bits, however large it is.
fn zeros(header: Header) -> File {
    let tensor = |step, count: u32| Tensor {
        step,
        levels: vec![0; count as usize],
    };
    let weights = (0..header.networks()).flat_map(|_| {
        let layers = header.layers();
        let pair = |(outputs, inputs)| [tensor(104, outputs * inputs), tensor(104, outputs)];
        layers.flat_map(pair).collect::<Vec<_>>()
    });
    let latents = header.grids().map(|(grids, [width, height])| {
        let [first, second] = grids.context.widths().map(u32::from);
        let layers = [(CONTEXT_INPUTS as u32, first), (first, second), (second, 2)];
        let pair = |(inputs, outputs)| [tensor(0, inputs * outputs), tensor(0, outputs)];
        let count = |grid: &Grid| {
            let [columns, rows] = grid.size(width, height);
            (columns * rows) as usize
        };
        Latents {
            context: layers.into_iter().flat_map(pair).collect(),
            levels: grids
                .grids
                .iter()
                .map(|grid| vec![0; count(grid)])
                .collect(),
        }
    });
    File {
        weights: Weights::Levels(weights.collect()),
        latents,
        header,
        icc: None,
    }
}
