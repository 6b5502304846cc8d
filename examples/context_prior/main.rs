//! Trains the prior of context networks (SPEC 5.4.5) on a folder of photographs.
//!
//! ```text
//! cargo run --release --example context_prior -- files PHOTOS FILES
//! cargo run --release --example context_prior -- train FILES prior.bin
//! cargo run --release --example context_prior -- measure PICTURES
//! ```
//!
//! The first command stores a part of each photograph in two files of different sizes, with a context network of their
//! own; files that are there already are kept. The second one fits one network to the latents of all of them: it minimises
//! the bits that these take. Every fifth photograph is held out. The third one stores pictures with the prior and without
//! it, at three rates.

mod samples;

use samples::Samples;
use sirenc::format::{ContextNetwork, File, Limits};
use sirenc::{
    Activation, Architecture, Differentiator, Encoder, Fitter, GridUse, Network, Picture,
};
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Widths of the hidden layers of the prior, and of the files' own context networks, whose bytes count.
const WIDTHS: [u8; 2] = [32, 16];
const OWN: ContextNetwork = ContextNetwork::Own([16, 8]);
/// Columns and rows of the part of a photograph that is stored.
const PART: [u32; 2] = [512, 384];
/// How much photographs are reduced before, in turn.
const REDUCED: [f64; 4] = [0.5, 0.6, 0.8, 1.0];
/// Bits for each pixel, in turn, and passes over the pixels.
const RATES: [f64; 6] = [0.08, 0.12, 0.2, 0.3, 0.45, 0.7];
const PASSES: u32 = 160;
/// One of this number of photographs is held out.
const HELD: usize = 5;
/// Steps of the fit, latents in each, and the size of the largest.
const STEPS: u32 = 12_000;
const LATENTS: u64 = 16_384;
const RATE: f32 = 0.02;
/// Units of weights and of biases.
const UNITS: [f32; 2] = [256.0, 16_384.0];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["files", photos, to] => store(Path::new(photos), Path::new(to)),
        ["train", files, to] => train(Path::new(files), Path::new(to)),
        ["measure", pictures] => measure(Path::new(pictures)),
        _ => Err(
            "usage: context_prior files PHOTOS FILES | train FILES PRIOR | measure PICTURES".into(),
        ),
    }
}

/// The paths in a folder, by name.
fn paths(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let paths: Result<Vec<_>, _> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths?;
    paths.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("png" | "webp" | "jpg" | "siren"))
    });
    paths.sort();
    Ok(paths)
}

/// Stores a part of every photograph in two files.
fn store(photos: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for (index, path) in paths(photos)?.iter().enumerate() {
        let photo = image::open(path)?.into_rgb8();
        let factor = REDUCED[index * 7 % REDUCED.len()];
        let side = |side: u32| (f64::from(side) * factor) as u32;
        let (width, height) = (side(photo.width()), side(photo.height()));
        let filter = image::imageops::FilterType::Lanczos3;
        let photo = image::imageops::resize(&photo, width, height, filter);
        let [columns, rows] = [PART[0].min(width), PART[1].min(height)];
        // Places that differ from one photograph to the next.
        let place = |room: u32, stride: u32| (index as u32 * stride) % (room + 1);
        let (x, y) = (place(width - columns, 97), place(height - rows, 61));
        let part = image::imageops::crop_imm(&photo, x, y, columns, rows).to_image();
        let picture = Picture::new(columns, rows, 3, sirenc::Samples::U8(part.into_raw()))?;
        for turn in 0..2 {
            let rate = RATES[(index * 2 + turn * 3 + index / 3) % RATES.len()];
            let name = to.join(format!("{index:03}-{rate}.siren"));
            if name.exists() {
                continue;
            }
            let stored = encoder(rate, OWN).with_steps(PASSES).encode(&picture)?;
            println!("{}: {:.2} dB", name.display(), stored.psnr);
            fs::write(name, stored.bytes)?;
        }
    }
    Ok(())
}

fn encoder(rate: f64, context: ContextNetwork) -> Encoder {
    Encoder::new()
        .with_bpp(rate)
        .with_grids(GridUse::On)
        .with_context(context)
}

fn train(files: &Path, to: &Path) -> Outcome<()> {
    let (mut samples, mut held) = (Samples::default(), Samples::default());
    for path in paths(files)? {
        let name = path.file_stem().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.split('-').next());
        let index: usize = number.ok_or("a name without a number")?.parse()?;
        let file = File::from_bytes(&fs::read(&path)?, &Limits::default())?;
        let to = if index.is_multiple_of(HELD) {
            &mut held
        } else {
            &mut samples
        };
        to.add(&file).ok_or("a file without grids")?;
    }
    println!("{} latents, {} held out", samples.len(), held.len());
    let shape = Architecture {
        inputs: sirenc::format::CONTEXT_INPUTS,
        hidden: WIDTHS.map(usize::from).to_vec(),
        outputs: 2,
        omega_first: 1.0,
        omega_hidden: 1.0,
        activation: Activation::Relu,
        frequencies: 0,
    };
    let mut network = Network::random(&shape, 1)?;
    let mut engine = Differentiator::new(&shape, &held);
    let mut measured = |network: &Network| {
        let mut gradient = network.layers().to_vec();
        engine.gradient(network, &held, 0..held.len() as u64, &mut gradient)
    };
    Fitter::new(STEPS, LATENTS)
        .with_rate(RATE)
        .fit_with(&mut network, &samples, |progress| {
            if progress.step.is_multiple_of(500) {
                println!("step {}: {:.4} bits a latent", progress.step, progress.loss);
            }
            ControlFlow::Continue(())
        })?;
    println!("held out: {:.4} bits a latent", measured(&network));
    let mut bytes = Vec::new();
    for layer in network.layers() {
        for &weight in layer.weights.iter() {
            let number = (weight * UNITS[0]).round().clamp(-2048.0, 2048.0) as i16;
            bytes.extend(number.to_le_bytes());
        }
        for &bias in layer.bias.iter() {
            bytes.extend(((bias * UNITS[1]).round() as i32).to_le_bytes());
        }
    }
    Ok(fs::write(to, bytes)?)
}

/// Prints the mean PSNR and rate of pictures with the prior and without.
fn measure(pictures: &Path) -> Outcome<()> {
    let paths = paths(pictures)?;
    for rate in [0.1, 0.2, 0.4] {
        for context in [OWN, ContextNetwork::Prior] {
            let (mut psnr, mut bpp) = (0.0, 0.0);
            for path in &paths {
                let picture = image::open(path)?.into_rgb8();
                let (width, height) = picture.dimensions();
                let samples = sirenc::Samples::U8(picture.into_raw());
                let picture = Picture::new(width, height, 3, samples)?;
                let stored = encoder(rate, context).encode(&picture)?;
                psnr += stored.psnr;
                bpp += stored.bpp;
            }
            let count = paths.len() as f64;
            println!(
                "{context:?}: {:.3} dB at {:.4} bpp",
                psnr / count,
                bpp / count
            );
        }
    }
    Ok(())
}
