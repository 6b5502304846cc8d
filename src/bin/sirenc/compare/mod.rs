//! `sirenc compare`: pictures' and sounds' .siren files beside the files of other codecs.

mod args;
mod codec;
mod curve;
mod entry;
mod inputs;
pub(crate) mod jpeg;
pub(crate) mod measure;
mod page;
mod picture;
mod placeholder;
mod results;
mod search;
mod sound;
mod table;
mod tool;

use super::failure::Failure;
use super::files::{Files, Typed};
use super::output::Scratch;
use super::report::Report;
pub(crate) use args::Compare;
use entry::{Compared, Rows};
use inputs::Input;
use picture::Bench;
use results::About;
use sirenc::{Encoder, EncoderOf, KindSettings};
use std::process::ExitCode;

/// Bits per pixel of a curve for which no rates are given.
const CURVE: [f64; 4] = [0.05, 0.1, 0.2, 0.3];

pub(crate) fn run(args: &Compare) -> Result<ExitCode, Failure> {
    let listed = inputs::listed(&args.inputs)?;
    if sound::are_all(&listed)? {
        return sound::run(args, &listed);
    }
    let inputs = inputs::pair(&listed)?;
    let encoders = encoders(args).map_err(|error| Failure::Usage(error.to_string()))?;
    check_rates(args, &inputs, encoders.len())?;
    let typed = Typed {
        json: args.json.as_deref(),
        csv: args.csv.as_deref(),
        svg: args.svg.as_deref(),
        report: args.report.as_deref(),
    };
    let (files, report) = Files::with_report(&typed, &listed, args.manner)?;
    let scratch = Scratch::new()?;
    let (codecs, mut notes) = codec::available(args.against.as_deref(), &scratch)?;
    for note in &notes {
        report.say(note)?;
    }
    let bench = Bench {
        encoders: &encoders,
        threads: args.threads,
        codecs: &codecs,
        downscaled: args.downscaled,
        scratch: &scratch,
        report: &report,
    };

    let (mut all, mut pictures) = (Vec::new(), Vec::new());
    for input in &inputs {
        let compared = bench.compare(input).and_then(|(rows, compared)| {
            let title = format!("{}  {} x {}", rows.name, rows.width, rows.height);
            report.say(&format!("{}\n", table::table(&title, &rows.points)))?;
            all.push(rows);
            // The pictures of many inputs would fill the memory for nothing without a page.
            if files.report.is_some() {
                pictures.push(compared);
            }
            Ok(())
        });
        report.settle(&input.picture, compared)?;
    }
    if all.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    summarise(args, &all, &report)?;
    let about = about(args, &inputs, &codecs);
    notes.extend(
        about
            .iter()
            .map(|about| format!("{}: {}, {}", about.codec, about.version, about.usage)),
    );
    if args.downscaled {
        notes.push(search::REDUCTION.into());
    }
    notes.extend(table::notes(&all));
    if args.curve {
        notes.extend(curve::bd_rates(&all).lines().map(str::to_owned));
    }
    write(args, &files, &all, &pictures, &about, &notes)?;
    Ok(if all.len() == inputs.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An encoder for each rate, the lowest first; one at the default rate where none is asked for.
fn encoders(args: &Compare) -> Result<Vec<Encoder>, sirenc::Error> {
    let encoder: Encoder = encoder(args)?;
    let mut bpp = args.bpp.clone();
    if args.curve && args.bytes.is_empty() && bpp.is_empty() {
        bpp = CURVE.to_vec();
    }
    bpp.sort_by(f64::total_cmp);
    bpp.dedup();
    let sized = sizes(args)
        .into_iter()
        .map(|bytes| encoder.clone().with_bytes(bytes));
    let rated = bpp.iter().map(|&bpp| encoder.clone().with_bpp(bpp));
    let mut encoders: Vec<Encoder> = sized.chain(rated).collect();
    if encoders.is_empty() {
        encoders.push(encoder);
    }
    encoders.iter().try_for_each(Encoder::validate)?;
    Ok(encoders)
}

/// The encoder of whatever is compared, for files of the default size.
fn encoder<K: KindSettings>(args: &Compare) -> Result<EncoderOf<K>, sirenc::Error> {
    let mut encoder = EncoderOf::new();
    if let Some(effort) = args.effort {
        encoder = encoder.with_effort(effort)?;
    }
    if let Some(seed) = args.seed {
        encoder = encoder.with_seed(seed);
    }
    if let Some(threads) = args.threads {
        encoder = encoder.with_threads(threads);
    }
    Ok(encoder)
}

/// The sizes in bytes that are asked for, each once and the smallest first.
fn sizes(args: &Compare) -> Vec<u64> {
    let mut bytes = args.bytes.clone();
    bytes.sort_unstable();
    bytes.dedup();
    bytes
}

/// Refuses rates that nothing is encoded at, that differ in number from picture to picture, or that
/// are too few for a curve.
fn check_rates(args: &Compare, inputs: &[Input], asked: usize) -> Result<(), Failure> {
    let encoding = !args.bytes.is_empty()
        || !args.bpp.is_empty()
        || args.effort.is_some()
        || args.seed.is_some();
    if encoding && inputs.iter().all(|input| !input.sirens.is_empty()) {
        return Err(Failure::Usage(
            "nothing is encoded, as every picture comes with its .siren file; leave out --bytes, --bpp, --effort and --seed, or the .siren files".into(),
        ));
    }
    let rates = |input: &Input| match input.sirens.len() {
        0 => asked,
        given => given,
    };
    let count = rates(&inputs[0]);
    if let Some(other) = inputs.iter().find(|input| rates(input) != count) {
        return Err(Failure::Usage(format!(
            "{} has {count} rates, but {} has {}; give every picture as many .siren files, or sizes to encode at",
            inputs[0].picture,
            other.picture,
            rates(other)
        )));
    }
    if args.curve && count < 2 {
        return Err(Failure::Usage(
            "a curve needs two rates at least; give --bpp or --bytes several, or each picture several .siren files".into(),
        ));
    }
    Ok(())
}

/// Says what is true of all pictures together.
fn summarise(args: &Compare, all: &[Rows], report: &Report) -> Result<(), Failure> {
    if all.len() > 1 {
        let title = format!("mean of {} pictures", all.len());
        report.say(&format!("{}\n", table::table(&title, &table::mean(all))))?;
    }
    if args.curve {
        report.say(&curve::bd_rates(all))?;
    }
    Ok(())
}

/// What each codec is and how it was used.
fn about(args: &Compare, inputs: &[Input], codecs: &[codec::Codec]) -> Vec<About> {
    let effort = args.effort.unwrap_or(sirenc::DEFAULT_EFFORT);
    let seed = args.seed.unwrap_or(0);
    let sirenc = About {
        codec: "sirenc".into(),
        version: format!("sirenc {}", env!("CARGO_PKG_VERSION")),
        usage: if inputs.iter().all(|input| !input.sirens.is_empty()) {
            "existing files".into()
        } else {
            format!("--effort {effort} --seed {seed}")
        },
    };
    let others = codecs.iter().map(|codec| About {
        codec: codec.name.into(),
        version: codec.version.clone(),
        usage: codec.usage(),
    });
    std::iter::once(sirenc).chain(others).collect()
}

fn write(
    args: &Compare,
    files: &Files,
    all: &[Rows],
    pictures: &[Compared],
    about: &[About],
    notes: &[String],
) -> Result<(), Failure> {
    let drawings = if args.curve {
        curve::drawings(all)
    } else {
        Vec::new()
    };
    if let Some(place) = &files.json {
        files.write(place, &results::json(all, about, args.curve))?;
    }
    if let Some(place) = &files.csv {
        files.write(place, &results::csv(all))?;
    }
    if let (Some(place), Some((_, drawing))) = (&files.svg, drawings.first()) {
        files.write(place, drawing)?;
    }
    if let Some(place) = &files.report {
        files.write(place, &page::page(pictures, &drawings, notes))?;
    }
    Ok(())
}
