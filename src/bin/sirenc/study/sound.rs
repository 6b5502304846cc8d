//! `sirenc study sound`: sines against ramps in a sound.

use super::args::StudySound;
use super::begin;
use crate::failure::Failure;
use crate::files::{Files, Typed};
use crate::input::Input;
use crate::paths::Place;
use crate::picture::MOST_DECODED;
use crate::progress::STEPS;
use crate::report::Report;
use crate::sound::{finite, ratio};
use crate::table::columns;
use serde_json::json;
use sirenc::Limits;
use sirenc::media::grouped;
use sirenc::media::sound::{most_samples, read};
use sirenc::study::{self, Heard, SoundStudy};
use sirenc::{Progress, Sound};
use std::ops::ControlFlow;
use std::process::ExitCode;

pub(crate) fn run(args: &StudySound) -> Result<ExitCode, Failure> {
    let (files, report) = begin(
        &args.running,
        Typed::default(),
        std::slice::from_ref(&args.input),
    )?;
    let place = Place::input(&args.input);
    let studied = one(args, &place, &files, &report);
    Ok(if report.settle(&place, studied)? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn one(args: &StudySound, place: &Place, files: &Files, report: &Report) -> Result<(), Failure> {
    let sound = read(
        Input::open(place, &Limits::interactive())?.source(),
        most_samples(MOST_DECODED),
    )?;
    // Casts saturate.
    let span = (args.segments * f64::from(sound.rate())).round() as u32;
    let study = SoundStudy {
        hidden: vec![usize::from(args.width); args.layers.into()],
        span: span.min(sound.frames()),
        steps: args.steps,
        seed: args.running.seed,
    };
    let heard = fit(place, &sound, &study, report)?;
    let title = format!(
        "{place}  {:.2} s at {} Hz; {} x {} neurons for each {:.2} s, {} steps, seed {}",
        sound.seconds(),
        sound.rate(),
        args.layers,
        args.width,
        f64::from(study.span) / f64::from(sound.rate()),
        args.steps,
        args.running.seed
    );
    report.say(&table(&title, &heard))?;
    if let Some(place) = &files.json {
        let network = |heard: &Heard| {
            finite(json!({
                "name": heard.name,
                "parameters": heard.parameters,
                "step_size": heard.rate,
                "snr": heard.snr,
                "segmental_snr": heard.segmental_snr,
            }))
        };
        let facts = json!({
            "input": Place::input(&args.input).name(),
            "rate": sound.rate(),
            "frames": sound.frames(),
            "segment": study.span,
            "hidden": study.hidden,
            "steps": study.steps,
            "seed": study.seed,
            "networks": heard.iter().map(network).collect::<Vec<_>>(),
        });
        files.write(place, &format!("{facts:#}\n"))?;
    }
    Ok(())
}

fn fit(
    place: &Place,
    sound: &Sound,
    study: &SoundStudy,
    report: &Report,
) -> Result<Vec<Heard>, Failure> {
    let bar = report.bar(Some(place), STEPS);
    let heard = study::sounds(sound, study, &mut |fit, progress: &Progress| {
        bar.set_length(study::SOUND_FITS as u64 * u64::from(progress.steps));
        bar.set_position(fit as u64 * u64::from(progress.steps) + u64::from(progress.step));
        bar.set_message(format!("{:.1} dB", progress.psnr));
        // An interruption ends the process by itself.
        ControlFlow::Continue(())
    });
    drop(bar);
    Ok(heard?)
}

fn table(title: &str, heard: &[Heard]) -> String {
    let headings = ["network", "weights", "step size", "SNR", "segmental"];
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(heard.iter().map(|heard| {
        [
            heard.name.to_owned(),
            grouped(heard.parameters as u64),
            format!("{:.1e}", heard.rate),
            format!("{} dB", ratio(heard.snr)),
            format!("{} dB", ratio(heard.segmental_snr)),
        ]
    }));
    let mut text = title.to_owned();
    for line in columns(&lines, 1) {
        text += &format!("\n  {line}");
    }
    text
}
