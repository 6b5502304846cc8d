//! Placeholders on the command line: `encode`, `decode` and `info` with `--placeholder`.
//!
//! They are pictures of a few dozen bytes without a signature, so that nothing but the option tells what they are. They
//! come as files, or as text in place of the name of a file.

use super::decode::Decode;
use super::encode::Encode;
use super::failure::Failure;
use super::format;
use super::input::{Input, Kind, open_stream};
use super::jobs::{Inputs, Selection, Wanted};
use super::output::Output;
use super::paths::Place;
use super::picture;
use super::report::Report;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use serde_json::{Map, Value, json};
use siren_format::Limits;
use sirenc::media::picture::whole;
use sirenc::{PLACEHOLDER_BYTES, PlaceholderDecoder, PlaceholderEncoder};
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Pixels of the longer side of what is decoded, if nothing else is asked for.
const SIDE: u32 = 128;
/// The most bytes that are read of a placeholder: more than its text can have.
const MOST: u64 = 4096;

/// Base64 without padding, and with any when it is read.
const TEXT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What has been made of a picture.
struct Made {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
    seconds: f64,
}

/// `sirenc encode --placeholder`.
pub(crate) fn encode(args: &Encode) -> Result<ExitCode, Failure> {
    let bytes = args.fitting.bytes.unwrap_or(PLACEHOLDER_BYTES as u64);
    let encoder = PlaceholderEncoder::new()
        .with_bytes(usize::try_from(bytes).unwrap_or(usize::MAX))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let inputs = Inputs::find(&args.inputs, args.selection, Wanted::Signals)?;
    let report = Report {
        quiet: args.manner.quiet,
        json: args.json,
        ..Report::default()
    };
    if args.text && args.output.is_none() {
        return print(&inputs, &encoder, &report);
    }
    let plan = inputs.plan(args.output.as_deref(), |_| "placeholder".into())?;
    let report = Report {
        aside: plan.to_standard(),
        ..report
    };
    let (ready, mut tally) = plan.ready(args.manner.force, &report, |_| Ok(true))?;
    for job in ready {
        let done = made(&job.input, &encoder).and_then(|made| {
            let output = Output::create(&job.output, args.manner.force)?;
            if args.text {
                output.finish(format!("{}\n", TEXT.encode(&made.bytes)).as_bytes())?;
            } else {
                output.finish(&made.bytes)?;
            }
            if report.json {
                return report.print(made.facts(&job.input, Some(&job.output)));
            }
            report.say(&format!(
                "{} -> {}  {} bytes  {:.2} s",
                job.input,
                job.output,
                made.bytes.len(),
                made.seconds
            ))
        });
        tally.settle(job, done, &report)?;
    }
    tally.end(&report)
}

/// Prints the placeholders of all inputs as text.
fn print(
    inputs: &Inputs,
    encoder: &PlaceholderEncoder,
    report: &Report,
) -> Result<ExitCode, Failure> {
    let mut status = ExitCode::SUCCESS;
    for input in inputs.places() {
        let told = made(input, encoder).and_then(|made| {
            let text = TEXT.encode(&made.bytes);
            match (report.json, inputs.several) {
                (true, _) => report.print(made.facts(input, None)),
                (false, true) => report.print(format!("{input}  {text}")),
                (false, false) => report.print(text),
            }
        });
        if !report.settle(input, told)? {
            status = ExitCode::FAILURE;
        }
    }
    Ok(status)
}

/// The placeholder of the picture at `place`.
fn made(place: &Place, encoder: &PlaceholderEncoder) -> Result<Made, Failure> {
    let begin = Instant::now();
    let mut input = Input::open(place, &Limits::interactive())?;
    let kind = input.kind(place)?;
    if kind != Kind::Picture {
        let message = "is not a picture, and a placeholder is of one; leave --placeholder out";
        return Err(Failure::Said(message.into()));
    }
    let picture = picture::in_srgb(&mut input, place)?;
    Ok(Made {
        bytes: encoder.encode(&picture)?,
        width: picture.width(),
        height: picture.height(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}

impl Made {
    fn facts(&self, input: &Place, output: Option<&Place>) -> Value {
        let mut facts = Map::new();
        facts.insert("input".into(), json!(input.name()));
        if let Some(output) = output {
            facts.insert("output".into(), json!(output.name()));
        }
        facts.insert("kind".into(), json!("placeholder"));
        facts.insert("width".into(), json!(self.width));
        facts.insert("height".into(), json!(self.height));
        facts.insert("bytes".into(), json!(self.bytes.len()));
        facts.insert("text".into(), json!(TEXT.encode(&self.bytes)));
        facts.insert("seconds".into(), json!(self.seconds));
        facts.into()
    }
}

/// `sirenc decode --placeholder`.
pub(crate) fn decode(args: &Decode) -> Result<ExitCode, Failure> {
    let selection = args.selection;
    let inputs = Inputs::find(&args.inputs, selection, Wanted::Sirens)?;
    let no_file = |place: &Place| place.path().is_some_and(|path| !path.exists());
    if args.output.is_none() && inputs.places().any(no_file) {
        return Err(Failure::Usage(
            "text has no name to give its picture, and there is no such file; name the picture with -o".into(),
        ));
    }
    let plan = inputs.plan(args.output.as_deref(), |_| "png".into())?;
    let report = Report {
        quiet: args.manner.quiet,
        aside: plan.to_standard(),
        ..Report::default()
    };
    let (ready, mut tally) = plan.ready(args.manner.force, &report, |_| Ok(true))?;
    for job in ready {
        let written = read(&job.input).and_then(|(decoder, _)| {
            let begin = Instant::now();
            let format = format::of(&job.output)?;
            let (width, height) = match args.size {
                Some(size) => size.of(decoder.aspect()),
                None => decoder.size_within(SIDE),
            };
            let picture = decoder.picture(width, height)?;
            let mut output = Output::create(&job.output, args.manner.force)?;
            let written = whole(&picture, format, &mut output);
            output.commit(written)?;
            let seconds = begin.elapsed().as_secs_f64();
            report.say(&format!(
                "{} -> {}  {width}x{height}  {seconds:.1} s",
                job.input, job.output
            ))
        });
        tally.settle(job, written, &report)?;
    }
    tally.end(&report)
}

/// `sirenc info --placeholder`.
pub(crate) fn info(files: &[PathBuf], report: &Report) -> Result<ExitCode, Failure> {
    let inputs = Inputs::find(files, Selection::default(), Wanted::Sirens)?;
    let mut status = ExitCode::SUCCESS;
    for input in inputs.places() {
        let told = read(input)
            .and_then(|(decoder, bytes)| report.print(told(&decoder, bytes, input, report)));
        if !report.settle(input, told)? {
            status = ExitCode::FAILURE;
        }
    }
    Ok(status)
}

/// What a placeholder of `bytes` bytes holds, for people or for programs.
fn told(decoder: &PlaceholderDecoder, bytes: usize, input: &Place, report: &Report) -> String {
    let placeholder = decoder.placeholder();
    let levels = || placeholder.levels.iter().flatten();
    let (all, set) = (
        levels().count(),
        levels().filter(|level| **level != 0).count(),
    );
    let (aspect, alpha) = (decoder.aspect(), decoder.has_alpha());
    if report.json {
        let facts = json!({
            "input": input.name(), "kind": "placeholder", "bytes": bytes, "aspect": aspect, "alpha": alpha,
            "step": placeholder.step, "levels": all, "nonzero": set,
        });
        return facts.to_string();
    }
    let ratio = match placeholder.aspect.exact() {
        Some((width, height)) => format!("{width}:{height}"),
        None => format!("{aspect:.3}:1"),
    };
    let colours = if alpha { "RGBA" } else { "RGB" };
    format!(
        "{input}\n  placeholder  {ratio}, {colours}\n  weights      {set} of {all} are not zero, in steps of 2^-{:.2}\n  size         {bytes} bytes",
        f64::from(placeholder.step) / 4.0
    )
}

/// The placeholder that is at `place`, or that its name is the text of; and how many bytes it has.
fn read(place: &Place) -> Result<(PlaceholderDecoder, usize), Failure> {
    let bytes = match place {
        Place::Path(path) if !path.exists() => of_text(path.to_string_lossy().as_bytes())
            .ok_or_else(|| {
                Failure::Said("is neither a file nor a placeholder's text, which is base64".into())
            })?,
        _ => {
            let mut bytes = Vec::new();
            let source = open_stream(place).map_err(|error| Failure::reading(&error))?;
            let read = source.take(MOST).read_to_end(&mut bytes);
            read.map_err(|error| Failure::reading(&error))?;
            // No placeholder that is not text looks like it but one of billions.
            of_text(&bytes).unwrap_or(bytes)
        }
    };
    Ok((PlaceholderDecoder::new(&bytes)?, bytes.len()))
}

/// The bytes of a text in base64 of any alphabet.
fn of_text(text: &[u8]) -> Option<Vec<u8>> {
    let standard = text.trim_ascii().iter().map(|&letter| match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    });
    TEXT.decode(standard.collect::<Vec<u8>>()).ok()
}
