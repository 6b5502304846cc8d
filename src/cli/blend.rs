//! `sirenc blend`: two pictures in, one network out.

use super::args::Blend;
use super::encode;
use super::failure::Failure;
use super::output::Output;
use super::paths::{self, Job, Place};
use super::picture;
use super::report::Report;
use sirenc::{Encoder, Picture};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Blend) -> Result<ExitCode, Failure> {
    let encoder = encode::settings(&args.fitting)
        .and_then(|encoder| encoder.validate().map(|()| encoder))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(share) = args.mix.filter(|share| !(0.0..=1.0).contains(share)) {
        return Err(Failure::Usage(format!(
            "--mix is {share}, but must be 0 (all of A) to 1 (all of B)"
        )));
    }
    let others = args
        .mask
        .iter()
        .chain([&args.b])
        .map(|typed| Place::input(typed));
    let others: Vec<_> = others.collect();
    let job = Job {
        input: Place::input(&args.a),
        output: Place::output(&args.output),
    };
    let standard = others.iter().chain([&job.input]);
    if standard.filter(|&place| *place == Place::Standard).count() > 1 {
        return Err(Failure::Usage(
            "standard input holds one picture; name the others".into(),
        ));
    }
    let report = Report {
        quiet: args.manner.quiet,
        json: args.json,
        aside: job.output == Place::Standard,
    };
    paths::each(&[job], args.manner.force, &report, |job| {
        if others.iter().any(|other| other.is_same_file(&job.output)) {
            return Err(Failure::Said(format!(
                "{} is one of the pictures; name another file with -o",
                job.output
            )));
        }
        one(&encoder, args, job, &report)
    })
}

fn one(encoder: &Encoder, args: &Blend, job: &Job, report: &Report) -> Result<(), Failure> {
    let a = picture::read(&job.input)?;
    opaque(&a)?;
    let b = beside(&args.b, &a)?;
    let how = match &args.mask {
        Some(mask) => sirenc::Blend::Mask(beside(mask, &a)?),
        None if args.dominant => sirenc::Blend::Dominant,
        None => sirenc::Blend::Mix(args.mix.unwrap_or(0.5)),
    };
    // Opened before the fit: that it cannot be written should not be learnt after it.
    let output = Output::create(&job.output, args.manner.force)?;
    let encoded = encode::watched(&job.input, report, |progress| {
        encoder.blend_with(&a, &b, &how, progress)
    })?;
    output.finish(&encoded.bytes)?;
    encode::tell(job, &encoded, report)
}

/// The picture `typed`, which must lie on `a` pixel by pixel.
fn beside(typed: &Path, a: &Picture) -> Result<Picture, Failure> {
    let place = Place::input(typed);
    let picture =
        picture::read(&place).map_err(|failure| Failure::Said(format!("{place}: {failure}")))?;
    opaque(&picture).map_err(|failure| Failure::Said(format!("{place}: {failure}")))?;
    let size = |picture: &Picture| (picture.width(), picture.height());
    let ((width, height), (needed_width, needed_height)) = (size(&picture), size(a));
    if (width, height) != (needed_width, needed_height) {
        return Err(Failure::Said(format!(
            "{place}: is {width}x{height}, but must be {needed_width}x{needed_height} as the first picture; scale or crop one of them first"
        )));
    }
    Ok(picture)
}

fn opaque(picture: &Picture) -> Result<(), Failure> {
    if picture.has_alpha() {
        return Err(Failure::Said(
            "has transparency, which is not blended; put it on a background first".into(),
        ));
    }
    Ok(())
}
