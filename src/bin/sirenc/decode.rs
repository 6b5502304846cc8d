//! `sirenc decode`: a network in, a picture or what else it holds out.

mod args;

use args::Which;
pub(crate) use args::{Chroma, Decode};

use super::failure::Failure;
use super::format;
use super::input::{self, Stored};
use super::jobs::{Inputs, Job, Wanted};
use super::options::{Given, Use};
use super::output::Output;
use super::paths::Place;
use super::placeholder;
use super::report::Report;
use super::shape;
use super::sound;
use super::video;
use clap::ValueEnum;
use siren_format::Signal;
use sirenc::media::picture::{Format, Metadata, Writer, render};
use sirenc::{Decoder, Derivative, Device, Opened, Shading, View};
use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn run(args: &Decode, given: &Given) -> Result<ExitCode, Failure> {
    if args.color && args.derivative != Some(Which::Gradient) {
        return Err(Failure::Usage(
            "only the gradient has a direction to show; use --color with --derivative gradient"
                .into(),
        ));
    }
    if args.placeholder {
        return placeholder::decode(args);
    }
    let inputs = Inputs::find(&args.inputs, args.selection, Wanted::Sirens)?;
    let alone = inputs.places().len() == 1;
    let mut files: HashMap<Place, Stored> = inputs
        .places()
        .map(|place| (place.clone(), Stored::read(place, alone)))
        .collect();
    let derivative = args.derivative.and_then(|which| which.to_possible_value());
    let extension = |input: &Place| match (signal(&files, input), &derivative) {
        (Some(Signal::Sound { .. }), _) => "wav".into(),
        (Some(Signal::Video { .. }), _) => "y4m".into(),
        (Some(Signal::Shape { .. }), _) => "ply".into(),
        (_, Some(which)) => format!("{}.png", which.get_name()),
        (_, None) => "png".into(),
    };
    let plan = inputs.plan(args.output.as_deref(), extension)?;
    let report = Report {
        quiet: args.manner.quiet,
        json: false,
        aside: plan.to_standard(),
        total: None,
    };
    let look = |job: &Job| match signal(&files, &job.input) {
        Some(signal) => given.check(made(signal, &job.output)?).map(|()| true),
        None => Ok(false),
    };
    let (ready, mut tally) = plan.ready(args.manner.force, &report, look)?;
    let report = report.of(ready.len());
    let device = args.device.open(args.manner.quiet)?;
    for (index, job) in ready.into_iter().enumerate() {
        let bytes = match files.get_mut(&job.input) {
            Some(file) => file.bytes(&job.input),
            None => input::read_siren(&job.input).map(|(bytes, _)| bytes),
        };
        let report = report.at(index, 1);
        let done = bytes.and_then(|bytes| one(args, &bytes, job, &device, &report));
        tally.settle(job, done, &report)?;
    }
    tally.end(&report)
}

/// What the file at `input` seems to hold.
fn signal<'a>(files: &'a HashMap<Place, Stored>, input: &Place) -> Option<&'a Signal> {
    files.get(input)?.signal.as_ref()
}

/// What is made of a signal that is written to `output`.
fn made(signal: &Signal, output: &Place) -> Result<Use, Failure> {
    Ok(match signal {
        Signal::Picture { .. } => match format::of(output)?.writer {
            Writer::Floats => Use::Floats,
            _ => Use::Picture,
        },
        Signal::Sound { .. } => sound::check_output(output).map(|()| Use::Sound)?,
        Signal::Video { .. } => match video::Form::of(output)? {
            video::Form::Y4m => Use::Video,
            _ => Use::Animation,
        },
        Signal::Shape { .. } => match shape::Form::of(output)? {
            shape::Form::Mesh(_) | shape::Form::Distances => Use::Mesh,
            shape::Form::Picture(_) => Use::Rendering,
        },
    })
}

fn one(
    args: &Decode,
    bytes: &[u8],
    job: &Job,
    device: &Device,
    report: &Report,
) -> Result<(), Failure> {
    let mut opened = Opened::with_limits(bytes, &args.limiting.limits())?;
    if let Some(threads) = args.threads {
        opened = opened.with_threads(threads);
    }
    match opened {
        Opened::Picture(decoder) => {
            let decoder = decoder.with_device(device.clone());
            let metadata = Metadata::of_siren(bytes, &args.limiting.limits())?;
            picture(args, &decoder, &metadata, job, report)
        }
        Opened::Shape(decoder) => shape::decode(args, &decoder, job, report),
        Opened::Sound(decoder) => sound::decode(args, &decoder, job, report),
        Opened::Video(decoder) => {
            let decoder = decoder.with_device(device.clone());
            video::decode(args, &decoder, job, report)
        }
        other => Err(Failure::Said(format!(
            "holds a {}, which this command does not decode",
            other.header().signal.name()
        ))),
    }
}

fn picture(
    args: &Decode,
    decoder: &Decoder,
    metadata: &Metadata,
    job: &Job,
    report: &Report,
) -> Result<(), Failure> {
    let start = Instant::now();
    let format = format::of(&job.output)?;
    let mut view = view(args, decoder)?;
    if let Some(which) = args.derivative {
        view = view.with_shading(shading(args, which, decoder, format)?);
    }
    let (width, height) = (view.region().width, view.region().height);
    let mut output = Output::create(&job.output, args.manner.force)?;

    let bar = report.bar(Some(&job.input), "row {pos} of {len}");
    bar.set_length(u64::from(height));
    let count = |rows| bar.inc(u64::from(rows));
    // It speaks of the picture, and not of a derivative of it.
    let none = Metadata::default();
    let metadata = view.shading().map_or(metadata, |_| &none);
    let mut file = metadata.carried(format, &mut output);
    let written = render(decoder, &view, format, &mut file, count);
    let written = written.and_then(|()| Ok(file.finish()?));
    drop(bar);
    output.commit(written)?;

    let seconds = start.elapsed().as_secs_f64();
    let gain = match (view.shading(), format.writer) {
        (None, _) | (_, Writer::Floats) => String::new(),
        (Some(shading), _) => format!("  gain {:.4}", shading.gain()),
    };
    report.say(&format!(
        "{} -> {}  {width}x{height}{gain}  {seconds:.1} s",
        job.input, job.output
    ))
}

fn shading(
    args: &Decode,
    which: Which,
    decoder: &Decoder,
    format: &Format,
) -> Result<Shading, Failure> {
    let derivative = match which {
        Which::Dx => Derivative::X,
        Which::Dy => Derivative::Y,
        Which::Gradient => Derivative::Gradient,
        Which::Laplacian => Derivative::Laplacian,
    };
    let shading = match (args.gain, format.writer) {
        (Some(gain), _) => Shading::new(derivative, gain)?,
        // Floats are what they are, whatever the gain.
        (None, Writer::Floats) => Shading::new(derivative, 1.0)?,
        (None, _) => Shading::fitted(decoder, derivative)?,
    };
    Ok(if args.color {
        shading.with_hue()?
    } else {
        shading
    })
}

fn view(args: &Decode, decoder: &Decoder) -> Result<View, Failure> {
    let whole = match (args.size, args.scale) {
        (Some(size), _) => {
            let aspect = f64::from(decoder.width()) / f64::from(decoder.height());
            let (width, height) = size.of(aspect);
            View::sized(width, height)?
        }
        (None, Some(scale)) => View::scaled(decoder, scale)?,
        (None, None) => View::whole(decoder),
    };
    Ok(match args.region {
        Some(region) => whole.with_region(region)?,
        None => whole,
    })
}
