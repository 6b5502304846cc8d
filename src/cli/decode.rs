//! `sirenc decode`: a network in, a picture out.

use super::args::Decode;
use super::failure::Failure;
use super::format::Format;
use super::output::Output;
use super::paths::{self, Job, Place};
use super::picture;
use super::render::render;
use super::report::Report;
use sirenc::{Decoder, View};
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn run(args: &Decode) -> Result<ExitCode, Failure> {
    let jobs = paths::plan(&args.inputs, args.output.as_deref(), "png")?;
    let aside = jobs.iter().any(|job| job.output == Place::Standard);
    let report = Report {
        quiet: args.manner.quiet,
        json: false,
        aside,
    };
    for job in &jobs {
        Format::of(&job.output)?;
    }
    paths::each(&jobs, args.manner.force, &report, |job| {
        one(args, job, &report)
    })
}

fn one(args: &Decode, job: &Job, report: &Report) -> Result<(), Failure> {
    let start = Instant::now();
    let mut decoder = Decoder::new(&picture::read_siren(&job.input)?)?;
    if let Some(threads) = args.threads {
        decoder = decoder.with_threads(threads);
    }
    let view = view(args, &decoder)?;
    let (width, height) = (view.region().width, view.region().height);
    let mut output = Output::create(&job.output, args.manner.force)?;

    let bar = report.bar(
        &job.input,
        "{prefix}  [{bar:30}] row {pos} of {len}  {elapsed}, {eta} left",
    );
    bar.set_length(u64::from(height));
    let count = |rows| bar.inc(u64::from(rows));
    let written = render(
        &decoder,
        &view,
        Format::of(&job.output)?,
        &mut output,
        count,
    );
    bar.finish_and_clear();
    output.commit(written)?;

    let seconds = start.elapsed().as_secs_f64();
    report.say(&format!(
        "{} -> {}  {width}x{height}  {seconds:.1} s",
        job.input, job.output
    ))
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
