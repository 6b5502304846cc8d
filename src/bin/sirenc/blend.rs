//! `sirenc blend`: two pictures in, one network out.

mod args;

pub(crate) use args::Blend;

use super::encode;
use super::failure::Failure;
use super::files::{Files, Typed};
use super::gallery::{Gallery, Row};
use super::jobs::{Inputs, Job, Selection, Wanted};
use super::output::Output;
use super::paths::Place;
use super::picture;
use super::report::Report;
use sirenc::media::grouped;
use sirenc::study::Fusion;
use sirenc::{Decoder, Encoder, Limits, Picture, metric};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Blend) -> Result<ExitCode, Failure> {
    let encoder: Encoder = encode::pixels(&args.fitting)
        .and_then(|encoder| encoder.validate().map(|()| encoder))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let encoder = encoder.with_device(args.fitting.device.open(args.manner.quiet)?);
    let others = args
        .mask
        .iter()
        .chain([&args.b])
        .map(|typed| Place::input(typed));
    let others: Vec<_> = others.collect();
    let first = std::slice::from_ref(&args.a);
    let inputs = Inputs::find(first, Selection::default(), Wanted::Signals)?;
    let plan = inputs.plan(Some(&args.output), |_| "siren".into())?;
    let standard = others.iter().chain(plan.jobs.iter().map(|job| &job.input));
    if standard.filter(|&place| *place == Place::Standard).count() > 1 {
        return Err(Failure::Usage(
            "standard input holds one picture; name the others".into(),
        ));
    }
    let typed = Typed {
        report: args.report.as_deref(),
        ..Typed::default()
    };
    let inputs = [&args.a, &args.b].into_iter().chain(&args.mask).cloned();
    let files = Files::new(&typed, &inputs.collect::<Vec<_>>(), args.manner.force)?;
    let report = Report {
        quiet: args.manner.quiet,
        json: args.json,
        aside: plan.to_standard() || files.to_standard(),
        total: None,
    };
    let look = |job: &Job| {
        if files.report.as_ref() == Some(&job.output) {
            return Err(Failure::Usage(format!(
                "{} is to take two results; give each a file of its own",
                job.output
            )));
        }
        if others.iter().any(|other| other.is_same_file(&job.output)) {
            return Err(Failure::Said(format!(
                "{} is one of the pictures; name another file with -o",
                job.output
            )));
        }
        Ok(true)
    };
    let (ready, mut tally) = plan.ready(args.manner.force, &report, look)?;
    for job in ready {
        tally.settle(job, one(&encoder, args, job, &files, &report), &report)?;
    }
    tally.end(&report)
}

fn one(
    encoder: &Encoder,
    args: &Blend,
    job: &Job,
    files: &Files,
    report: &Report,
) -> Result<(), Failure> {
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
    let encoded = encode::watched(&job.input, report, encode::decibels, |progress| {
        encoder.blend_with(&a, &b, &how, progress)
    })?;
    output.finish(&encoded.bytes)?;
    encode::told(job, &encoded)?.say(report)?;
    if let Some(place) = &files.report {
        let decoder = Decoder::with_limits(&encoded.bytes, &Limits::none())?;
        let fusion = Fusion::new(&a, &b, &how, &decoder)?;
        let line = format!(
            "{}  {} bytes  {} parameters  {} steps",
            job.output,
            grouped(encoded.bytes.len() as u64),
            grouped(encoded.parameters),
            grouped(encoded.steps.into())
        );
        files.write(place, &page(&line, args, fusion))?;
    }
    Ok(())
}

const HINT: &str = "The network saw nothing but the composed gradients. The composed picture is the one whose \
    gradients are nearest to them. Lengths of gradients are over all channels, exact for the network, those of the \
    cosine interpolants for the pictures, and all shown with one gain: black is none.";

/// The page on a blend, with the pictures as they went in and came out.
fn page(title: &str, args: &Blend, fusion: Fusion) -> String {
    let correlation = format!("correlation with the composed {:.3}", fusion.correlation);
    let psnr = metric::psnr(&fusion.pictures[2], &fusion.pictures[3]);
    let rows = [
        (args.a.display().to_string(), String::new(), String::new()),
        (args.b.display().to_string(), String::new(), String::new()),
        ("composed".into(), String::new(), String::new()),
        (
            args.output.display().to_string(),
            format!("{psnr:.2} dB against the composed"),
            correlation,
        ),
    ];
    let pictures = fusion.pictures.into_iter().zip(fusion.gradients);
    let row = |((name, below, below_gradient), (picture, gradient))| Row {
        name,
        pictures: vec![(picture, below), (gradient, below_gradient)],
    };
    let gallery = Gallery {
        heading: "sirenc blend",
        title,
        columns: &["picture", "length of the gradient"],
        rows: rows.into_iter().zip(pictures).map(row).collect(),
        hint: HINT,
    };
    gallery.page("")
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
