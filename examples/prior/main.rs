//! Trains the priors (SPEC 5.4.5 and 5.5) on a folder of photographs, and measures what they gain.
//!
//! ```text
//! cargo run --release --example prior -- begin format/src
//! cargo run --release --example prior -- own PHOTOS FILES PASSES
//! cargo run --release --example prior -- files PHOTOS FILES PASSES
//! cargo run --release --example prior -- train PHOTOS FILES format/src
//! cargo run --release --example prior -- measure PICTURES
//! ```
//!
//! `begin` writes priors that know nothing yet. `own` and `files` store a part of each photograph in two files of different
//! sizes, with networks of their own or under the priors that the program was built with; files that are there already are
//! kept. `train` fits one context network to the latents of all files, so that these take the fewest bits, and one network of
//! colours to their pixels. The first round is `begin`, `own` and `train`; each further one is `files` and `train`, in a new
//! folder and built anew. Every fifth photograph is held out. `measure` stores pictures with the priors and without them, at
//! several rates.

mod colours;
mod contexts;

use colours::Pixels;
use contexts::Samples;
use sirenc::format::{ContextNetwork, File, Limits, Weights};
use sirenc::{
    Activation, Architecture, Decoder, Differentiator, Encoder, Fitter, GridUse, Layer, Network,
    Objective, Picture, View,
};
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Widths of the hidden layers of the prior of context networks, and of the files' own ones that it is measured against.
const WIDTHS: [u8; 2] = [32, 16];
const OWN: ContextNetwork = ContextNetwork::Own([16, 8]);
/// Columns and rows of the part of a photograph that is stored.
const PART: [u32; 2] = [448, 320];
/// How much photographs are reduced before, in turn.
const REDUCED: [f64; 4] = [0.5, 0.6, 0.8, 1.0];
/// Bits for each pixel, in turn.
const RATES: [f64; 8] = [0.015, 0.04, 0.08, 0.12, 0.2, 0.3, 0.45, 0.7];
/// Bits for each pixel at which the priors are measured.
const MEASURED: [f64; 5] = [0.01, 0.04, 0.1, 0.2, 0.4];
/// The least rate at which files have networks of their own.
const OWN_RATE: f64 = 0.08;
/// One of this number of photographs is held out.
const HELD: usize = 5;
/// Steps of the fits, points in each, and the size of the largest step.
const CONTEXT_STEPS: u32 = 12_000;
const CONTEXT_RATE: f32 = 0.02;
const COLOUR_STEPS: u32 = 4_000;
const COLOUR_RATE: f32 = 0.003;
const POINTS: u64 = 16_384;
/// Units of weights and of biases of context networks.
const UNITS: [f32; 2] = [256.0, 16_384.0];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["begin", to] => begin(Path::new(to)),
        ["own", photos, to, passes] => {
            store(Path::new(photos), Path::new(to), passes.parse()?, OWN)
        }
        ["files", photos, to, passes] => {
            let context = ContextNetwork::Prior;
            store(Path::new(photos), Path::new(to), passes.parse()?, context)
        }
        ["train", photos, files, to] => {
            train(Path::new(photos), Path::new(files), Path::new(to))
        }
        ["measure", pictures] => measure(Path::new(pictures)),
        _ => Err("usage: prior begin FOLDER | own PHOTOS FILES PASSES | files PHOTOS FILES PASSES | train PHOTOS FILES FOLDER | measure PICTURES".into()),
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

/// A part of a photograph.
struct Part {
    picture: Picture,
    colours: Vec<u8>,
    index: usize,
}

impl Part {
    /// The part of photograph `index` at `path`.
    fn of(index: usize, path: &Path) -> Outcome<Self> {
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
        let colours = part.into_raw();
        let samples = sirenc::Samples::U8(colours.clone());
        Ok(Self {
            picture: Picture::new(columns, rows, 3, samples)?,
            colours,
            index,
        })
    }

    /// The two rates at which it is stored, and the names of the files.
    fn files(&self, folder: &Path) -> [(f64, PathBuf); 2] {
        [0, 1].map(|turn| {
            let rate = RATES[(self.index * 2 + turn * 3 + self.index / 4) % RATES.len()];
            let name = format!("{:03}-{rate}.siren", self.index);
            (rate, folder.join(name))
        })
    }
}

/// Stores a part of every photograph in two files.
fn store(photos: &Path, to: &Path, passes: u32, context: ContextNetwork) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for (index, path) in paths(photos)?.iter().enumerate() {
        let part = Part::of(index, path)?;
        for (rate, name) in part.files(to) {
            if name.exists() || context == OWN && rate < OWN_RATE {
                continue;
            }
            let encoder = encoder(rate, context).with_steps(passes);
            let stored = encoder.encode(&part.picture)?;
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

/// Writes priors that know nothing yet: contexts that say nothing, and colours that are the sums of their grids.
fn begin(to: &Path) -> Outcome<()> {
    let shape = context_shape();
    let layers = shape.layers();
    let mut layers: Vec<Layer> = layers
        .map(|(outputs, inputs)| Layer::zeros(outputs, inputs))
        .collect();
    // Scales of about a half.
    if let Some(last) = layers.last_mut() {
        last.bias[1] = -0.7;
    }
    let contexts = Network::from_layers(&context_shape(), layers)?;
    fs::write(to.join("context_prior.bin"), context_bytes(&contexts))?;
    fs::write(
        to.join("colour_prior.bin"),
        colours::bytes(&colours::linear()?),
    )?;
    Ok(())
}

/// Fits both priors to the files of the photographs' parts.
fn train(photos: &Path, files: &Path, to: &Path) -> Outcome<()> {
    let (mut samples, mut held) = (Samples::default(), Samples::default());
    let (mut pixels, mut held_pixels) = (Pixels::default(), Pixels::default());
    for (index, path) in paths(photos)?.iter().enumerate() {
        let part = Part::of(index, path)?;
        for (_, name) in part.files(files) {
            if !name.exists() {
                continue;
            }
            let bytes = fs::read(&name)?;
            let file = File::from_bytes(&bytes, &Limits::default())?;
            let (samples, pixels) = if index.is_multiple_of(HELD) {
                (&mut held, &mut held_pixels)
            } else {
                (&mut samples, &mut pixels)
            };
            // Some parts are best without grids at the lowest rates.
            if samples.add(&file).is_none() {
                continue;
            }
            // Grids of others mean what their own networks make of them.
            if !matches!(file.weights, Weights::Differences(_)) {
                continue;
            }
            let psnr = psnr(&bytes, &part.colours)?;
            pixels
                .add(&file, &part.colours, 4.0 * 10.0_f64.powf(-psnr / 10.0))
                .ok_or("grids that the prior does not know")?;
        }
    }
    println!("{} latents, {} held out", samples.len(), held.len());
    let contexts = fit(
        Network::random(&context_shape(), 1)?,
        [&samples, &held],
        [samples.len() as u64, held.len() as u64],
        (CONTEXT_STEPS, CONTEXT_RATE),
    )?;
    fs::write(to.join("context_prior.bin"), context_bytes(&contexts))?;
    println!("{} pixels, {} held out", pixels.len(), held_pixels.len());
    if pixels.len() == 0 {
        return Ok(());
    }
    let colours = fit(
        colours::network(&fs::read(to.join("colour_prior.bin"))?)?,
        [&pixels, &held_pixels],
        [pixels.len(), held_pixels.len()],
        (COLOUR_STEPS, COLOUR_RATE),
    )?;
    fs::write(to.join("colour_prior.bin"), colours::bytes(&colours))?;
    Ok(())
}

/// The PSNR of a file beside the samples that it was made of, in dB.
fn psnr(bytes: &[u8], colours: &[u8]) -> Outcome<f64> {
    let decoder = Decoder::new(bytes)?;
    let decoded = decoder.picture(&View::whole(&decoder))?;
    let sirenc::Samples::U8(decoded) = decoded.samples() else {
        return Err("samples of 16 bits".into());
    };
    let squares = decoded
        .iter()
        .zip(colours)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let mean = squares.sum::<f64>() / colours.len() as f64;
    Ok(10.0 * (255.0 * 255.0 / mean.max(1e-3)).log10())
}

/// Fits `network` to the first of two objectives of these numbers of points, and says what it leaves of both.
fn fit(
    mut network: Network,
    [objective, held]: [&dyn Objective; 2],
    [_, points]: [u64; 2],
    (steps, rate): (u32, f32),
) -> Outcome<Network> {
    let mut engine = Differentiator::new(network.architecture(), held);
    let mut measured = |network: &Network| {
        let mut gradient = network.layers().to_vec();
        engine.gradient(network, held, 0..points, &mut gradient)
    };
    println!("held out, before: {:.4}", measured(&network));
    Fitter::new(steps, POINTS)
        .with_rate(rate)
        .fit_with(&mut network, objective, |progress| {
            if progress.step.is_multiple_of(1000) {
                println!("step {}: {:.4}", progress.step, progress.loss);
            }
            ControlFlow::Continue(())
        })?;
    println!("held out, after: {:.4}", measured(&network));
    Ok(network)
}

/// The shape of the prior of context networks.
fn context_shape() -> Architecture {
    Architecture {
        inputs: sirenc::format::CONTEXT_INPUTS,
        hidden: WIDTHS.map(usize::from).to_vec(),
        outputs: 2,
        omega_first: 1.0,
        omega_hidden: 1.0,
        activation: Activation::Relu,
        frequencies: 0,
    }
}

/// The numbers of a context network in the bytes of the prior.
fn context_bytes(network: &Network) -> Vec<u8> {
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
    bytes
}

/// Prints the mean PSNR and rate of pictures with the prior and without.
fn measure(pictures: &Path) -> Outcome<()> {
    let paths = paths(pictures)?;
    for rate in MEASURED {
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
