//! Trains the prior of placeholders (SPEC 11.5) on a folder of photographs.
//!
//! ```text
//! cargo run --release --example placeholder_prior -- train PHOTOS prior.bin
//! cargo run --release --example placeholder_prior -- measure prior.bin PICTURES
//! ```
//!
//! Every fifth photograph is held out: training never sees it. The others, whole and in 40 parts each, are made into
//! placeholders of many sizes, and the prior learns to expect their levels: it minimises the bits that they take. As it
//! decides which levels an encoder chooses, this is done several times. The seed is fixed, exponentials are computed
//! here in plain arithmetic, and one thread does it all, so the same photographs give the same bytes.

mod network;
mod pictures;

use network::{Network, Random, Sample};
use sirenc::format::{PLACEHOLDER_LAYERS, Placeholder, Prior};
use sirenc::{Picture, PlaceholderDecoder, PlaceholderEncoder, metric};
use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// How often placeholders are made, and how often the prior sees all of those made last.
const ROUNDS: [usize; 2] = [2, 5];
/// Placeholders made of each picture in a round.
const EACH: usize = 2;
/// The rates of learning at the beginnings of rounds, each of which falls to a hundredth.
const RATES: [f32; 2] = [4e-3, 4e-3];

/// Units that numbers are rounded to between rounds, and in the end: coarse ones lose nothing, and compress better.
const FINE: [f32; 2] = [1.0, 1.0];
const COARSE: [f32; 2] = [8.0, 64.0];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["train", photos, to] => train(Path::new(photos), Path::new(to)),
        ["measure", prior, pictures] => {
            let prior = Prior::from_bytes(&fs::read(prior)?)?;
            let pictures = pictures::whole(Path::new(pictures))?;
            println!("{}", measured(&prior, &pictures)?);
            Ok(())
        }
        _ => Err("usage: placeholder_prior train PHOTOS PRIOR | measure PRIOR PICTURES".into()),
    }
}

fn train(photos: &Path, to: &Path) -> Outcome<()> {
    let mut random = Random::new(1);
    let (pictures, held) = pictures::parts(photos, &mut random)?;
    println!(
        "{} pictures to train on, {} held out",
        pictures.len(),
        held.len()
    );
    let mut network = Network::new(PLACEHOLDER_LAYERS, &mut random);
    for (round, (passes, rate)) in ROUNDS.into_iter().zip(RATES).enumerate() {
        let prior = match round {
            // Levels that a blank prior leads to are as good as rounded with a dead zone.
            0 => Prior::from_bytes(&Network::blank(PLACEHOLDER_LAYERS).bytes(FINE))?,
            _ => Prior::from_bytes(&network.bytes(FINE))?,
        };
        let mut samples = Vec::new();
        for picture in &pictures {
            for _ in 0..EACH {
                gather(picture, &prior, &mut random, &mut samples)?;
            }
        }
        println!("round {round}: {} levels", samples.len());
        let steps = passes * samples.len().div_ceil(network::BATCH);
        let mut taken = 0;
        for pass in 0..passes {
            let bits = network.pass(&mut samples, &mut random, |batch| {
                let progress = (taken + batch) as f32 / steps as f32;
                rate * (0.01 + 0.99 * (1.0 - progress))
            });
            taken += samples.len().div_ceil(network::BATCH);
            println!("  pass {pass}: {bits:.5} bits a level");
        }
        let prior = Prior::from_bytes(&network.bytes(FINE))?;
        println!("  held out: {}", measured(&prior, &held)?);
    }
    let bytes = network.bytes(COARSE);
    println!("written: {}", measured(&Prior::from_bytes(&bytes)?, &held)?);
    Ok(fs::write(to, bytes)?)
}

/// Adds the levels of one placeholder of `picture` and what the prior sees of each.
fn gather(
    picture: &Picture,
    prior: &Prior,
    random: &mut Random,
    samples: &mut Vec<Sample>,
) -> Outcome<()> {
    let step = 4 + random.below(20) as u8;
    let lambda = 0.1 + 0.15 * random.uniform();
    let encoder = PlaceholderEncoder::new().with_prior(prior.clone());
    let made = encoder.quantised(picture, step, lambda)?;
    Placeholder::chosen(prior, made.aspect, step, made.levels.len(), |choice| {
        let level = made.levels[choice.channel][choice.index];
        samples.push(Sample {
            inputs: *choice.inputs,
            level,
        });
        level
    })?;
    Ok(())
}

/// The mean PSNR of placeholders of some sizes, in words.
fn measured(prior: &Prior, pictures: &[Picture]) -> Outcome<String> {
    let mut told = Vec::new();
    for size in [32, 64, 100, 200] {
        let encoder = PlaceholderEncoder::new()
            .with_prior(prior.clone())
            .with_bytes(size)?;
        let mut sum = 0.0;
        for picture in pictures {
            let bytes = encoder.encode(picture)?;
            let decoder = PlaceholderDecoder::with_prior(&bytes, prior)?;
            let decoded = decoder.picture(picture.width(), picture.height())?;
            sum += metric::psnr(picture, &decoded);
        }
        told.push(format!(
            "{:.2} dB in {size} bytes",
            sum / pictures.len() as f64
        ));
    }
    Ok(told.join(", "))
}
