//! `sirenc decode`: a network in, a picture or what else it holds out.

use super::args::{Decode, Which};
use super::failure::Failure;
use super::format::{Format, Writer};
use super::input;
use super::output::Output;
use super::paths::{self, Job, Place};
use super::picture;
use super::render::render;
use super::report::Report;
use super::shape;
use super::sound;
use super::video;
use clap::ValueEnum;
use siren_format::Signal;
use sirenc::{Decoder, Derivative, Device, Shading, View};
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn run(args: &Decode) -> Result<ExitCode, Failure> {
    if args.color && args.derivative != Some(Which::Gradient) {
        return Err(Failure::Usage(
            "only the gradient has a direction to show; use --color with --derivative gradient"
                .into(),
        ));
    }
    let derivative = args.derivative.and_then(|which| which.to_possible_value());
    let extension = |input: &Place| match (input::stored(input), &derivative) {
        (Some(Signal::Sound { .. }), _) => "wav".into(),
        (Some(Signal::Video { .. }), _) => "y4m".into(),
        (Some(Signal::Shape { .. }), _) => "ply".into(),
        (_, Some(which)) => format!("{}.png", which.get_name()),
        (_, None) => "png".into(),
    };
    let jobs = paths::plan(&args.inputs, args.output.as_deref(), extension)?;
    let aside = jobs.iter().any(|job| job.output == Place::Standard);
    let report = Report {
        quiet: args.manner.quiet,
        json: false,
        aside,
    };
    for job in &jobs {
        match input::stored(&job.input) {
            Some(Signal::Sound { .. }) => {
                sound::check_output(&job.output)?;
                continue;
            }
            Some(Signal::Video { .. }) => {
                video::Form::of(&job.output)?;
                continue;
            }
            Some(Signal::Shape { .. }) => {
                shape::Form::of(&job.output)?;
                continue;
            }
            _ => {}
        }
        let format = Format::of(&job.output)?;
        if matches!(format.writer, Writer::Floats) && (args.color || args.gain.is_some()) {
            return Err(Failure::Usage(
                ".npy files hold the derivative itself; leave out --gain and --color".into(),
            ));
        }
    }
    let device = args.device.open(args.manner.quiet)?;
    paths::each(&jobs, args.manner.force, &report, |job| {
        one(args, job, &device, &report)
    })
}

fn one(args: &Decode, job: &Job, device: &Device, report: &Report) -> Result<(), Failure> {
    let start = Instant::now();
    let bytes = picture::read_siren(&job.input)?;
    match input::signal(&bytes) {
        Some(Signal::Shape { .. }) => return shape::decode(args, &bytes, job, report),
        Some(Signal::Sound { .. }) => return sound::decode(args, &bytes, job, report),
        Some(Signal::Video { .. }) => {
            return video::decode(args, &bytes, job, device, report);
        }
        _ => {}
    }
    for (given, name, other) in [
        (args.fps.is_some(), "--fps", "video"),
        (args.rate.is_some(), "--rate", "sound"),
        (args.from.is_some(), "--from", "video and no sound"),
        (args.to.is_some(), "--to", "video and no sound"),
        (args.resolution.is_some(), "--resolution", "shape"),
        (args.view.is_some(), "--view", "shape"),
    ] {
        if given {
            return Err(Failure::Said(format!(
                "holds no {other}, which alone has use for {name}; leave it out"
            )));
        }
    }
    let mut decoder =
        Decoder::with_limits(&bytes, &args.limiting.limits())?.with_device(device.clone());
    if let Some(threads) = args.threads {
        decoder = decoder.with_threads(threads);
    }
    let format = Format::of(&job.output)?;
    let mut view = view(args, &decoder)?;
    if let Some(which) = args.derivative {
        view = view.with_shading(shading(args, which, &decoder, format)?);
    }
    let (width, height) = (view.region().width, view.region().height);
    let mut output = Output::create(&job.output, args.manner.force)?;

    let bar = report.bar(
        &job.input,
        "{prefix}  [{bar:30}] row {pos} of {len}  {elapsed}, {eta} left",
    );
    bar.set_length(u64::from(height));
    let count = |rows| bar.inc(u64::from(rows));
    let written = render(&decoder, &view, format, &mut output, count);
    bar.finish_and_clear();
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
        (Some((width, height)), _) => View::sized(width, height)?,
        (None, Some(scale)) => View::scaled(decoder, scale)?,
        (None, None) => View::whole(decoder),
    };
    Ok(match args.region {
        Some(region) => whole.with_region(region)?,
        None => whole,
    })
}
