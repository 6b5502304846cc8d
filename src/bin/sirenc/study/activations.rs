//! `sirenc study activations`: sines against ramps.

use super::args::StudyActivations;
use super::{begin, page};
use crate::compare::measure;
use crate::failure::Failure;
use crate::files::{Files, Typed};
use crate::paths::Place;
use crate::picture;
use crate::plot::{self, Axis, Curve, Plot, Role};
use crate::progress::STEPS;
use crate::report::Report;
use crate::table::columns;
use image::DynamicImage;
use image::imageops::FilterType;
use plotters::prelude::SeriesLabelPosition;
use serde_json::{Value, json};
use sirenc::media::grouped;
use sirenc::study::{self, Maps, Outcome, Quality};
use sirenc::{Architecture, Picture, Progress};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// How often each fit is looked at.
const CHECKPOINTS: u32 = 20;
/// The table shows one of this number of checkpoints.
const SHOWN: usize = 4;

/// A figure: its name for people, its name for programs, and how to get it.
type Figure = (&'static str, &'static str, fn(&Quality) -> f64);

pub(super) const FIGURES: [Figure; 3] = [
    ("picture", "picture", |quality| quality.picture),
    ("gradient", "gradient", |quality| quality.gradient),
    ("Laplacian", "laplacian", |quality| quality.laplacian),
];

/// The results of a study, and what is needed to show them.
pub(super) struct Told<'a> {
    /// The picture, and what its networks have in common.
    pub(super) title: String,
    pub(super) truth: Maps,
    pub(super) outcomes: &'a [Outcome],
}

pub(crate) fn run(args: &StudyActivations) -> Result<ExitCode, Failure> {
    let typed = Typed {
        csv: args.csv.as_deref(),
        svg: args.svg.as_deref(),
        report: args.report.as_deref(),
        ..Typed::default()
    };
    let (files, report) = begin(&args.running, typed, std::slice::from_ref(&args.input))?;
    let place = Place::input(&args.input);
    let studied = one(args, &place, &files, &report);
    Ok(if report.settle(&place, studied)? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn one(
    args: &StudyActivations,
    place: &Place,
    files: &Files,
    report: &Report,
) -> Result<(), Failure> {
    let picture = gray(&picture::read(place)?, args.side)?;
    let outcomes = fit(args, place, &picture, report)?;
    let told = Told {
        title: format!(
            "{place}  {} x {}, gray; {} x {} neurons, omega {}, {} steps, seed {}",
            picture.width(),
            picture.height(),
            args.layers,
            args.width,
            args.omega,
            args.steps,
            args.running.seed
        ),
        truth: Maps::of_picture(&picture),
        outcomes: &outcomes,
    };
    report.say(&table(&told))?;
    if let Some(place) = &files.json {
        files.write(place, &format!("{:#}\n", figures(&told, args)))?;
    }
    if let Some(place) = &files.csv {
        files.write(place, &csv(&told))?;
    }
    if let Some(place) = &files.svg {
        files.write(place, &drawing(&told))?;
    }
    if let Some(place) = &files.report {
        files.write(place, &page::page(&told, &drawings(&told))?)?;
    }
    Ok(())
}

/// `picture` in gray, of 8 bits a sample, its longer side at most `side` pixels.
fn gray(picture: &Picture, side: u32) -> Result<Picture, Failure> {
    let gray = measure::image(&measure::plain(picture)?).into_luma8();
    let gray = DynamicImage::from(gray);
    let small = if gray.width().max(gray.height()) > side {
        gray.resize(side, side, FilterType::CatmullRom)
    } else {
        gray
    };
    Ok(picture::from_image(small)?)
}

fn fit(
    args: &StudyActivations,
    place: &Place,
    picture: &Picture,
    report: &Report,
) -> Result<Vec<Outcome>, Failure> {
    let hidden = vec![usize::from(args.width); args.layers.into()];
    let contenders = study::contenders(&hidden, args.omega, picture.width(), picture.height());
    let bar = report.bar(Some(place), STEPS);
    bar.set_length((contenders.len() * study::TRIALS) as u64 * u64::from(args.steps));
    let mut tell = |index: usize, progress: &Progress| {
        bar.set_position(index as u64 * u64::from(args.steps) + u64::from(progress.step));
        bar.set_message(format!(
            "{}: {:.1} dB",
            contenders[index / study::TRIALS].name,
            progress.psnr
        ));
        // An interruption ends the process by itself.
        ControlFlow::Continue(())
    };
    let (steps, seed) = (args.steps, args.running.seed);
    let outcomes = study::activations(picture, &contenders, steps, CHECKPOINTS, seed, &mut tell);
    drop(bar);
    Ok(outcomes?)
}

/// The networks in the end, then each figure over steps.
fn table(told: &Told<'_>) -> String {
    let mut text = told.title.clone();
    for line in columns(&summary(told.outcomes), 1) {
        text += &format!("\n  {line}");
    }
    for (name, _, figure) in FIGURES {
        text += &format!("\n\nPSNR of the {name} in dB, over steps");
        for line in columns(&over_steps(told.outcomes, figure), 0) {
            text += &format!("\n  {line}");
        }
    }
    text + "\n"
}

/// A line for each network, under one of headings.
pub(super) fn summary(outcomes: &[Outcome]) -> Vec<Vec<String>> {
    let headings = [
        "network",
        "weights",
        "step size",
        "picture",
        "gradient",
        "Laplacian",
        "largest |Laplacian|",
    ];
    let line = |outcome: &Outcome| {
        let mut cells = vec![
            outcome.contender.name.to_owned(),
            grouped(outcome.parameters as u64),
            format!("{:.1e}", outcome.rate),
        ];
        let last = outcome.checkpoints.last();
        cells.extend(FIGURES.iter().map(|(.., figure)| {
            last.map_or_else(String::new, |it| format!("{:.2} dB", figure(&it.quality)))
        }));
        // Exactly 0 is not a rounded 0.
        cells.push(match outcome.largest_laplacian {
            0.0 => "0".to_owned(),
            size => format!("{size:.2e}"),
        });
        cells
    };
    let mut lines = vec![headings.map(str::to_owned).to_vec()];
    lines.extend(outcomes.iter().map(line));
    lines
}

fn over_steps(outcomes: &[Outcome], figure: fn(&Quality) -> f64) -> Vec<Vec<String>> {
    let mut lines = vec![vec!["step".to_owned()]];
    lines[0].extend(outcomes.iter().map(|it| it.contender.name.to_owned()));
    let Some(first) = outcomes.first() else {
        return lines;
    };
    let count = first.checkpoints.len();
    let shown = (0..count).filter(|at| at.is_multiple_of(SHOWN) || at + 1 == count);
    lines.extend(shown.map(|at| {
        let mut line = vec![grouped(first.checkpoints[at].step.into())];
        line.extend(outcomes.iter().map(|outcome| {
            let checkpoint = outcome.checkpoints.get(at);
            checkpoint.map_or_else(String::new, |it| format!("{:.2}", figure(&it.quality)))
        }));
        line
    }));
    lines
}

fn figures(told: &Told<'_>, args: &StudyActivations) -> Value {
    let network = |outcome: &Outcome| {
        let list = |figure: fn(&Quality) -> f64| {
            let figures = outcome.checkpoints.iter();
            figures.map(|it| figure(&it.quality)).collect::<Vec<_>>()
        };
        let Architecture {
            hidden,
            frequencies,
            ..
        } = &outcome.contender.shape;
        let mut value = json!({
            "name": outcome.contender.name,
            "hidden": hidden,
            "frequencies": frequencies,
            "parameters": outcome.parameters,
            "step_size": outcome.rate,
            "largest_laplacian": outcome.largest_laplacian,
            "step": outcome.checkpoints.iter().map(|it| it.step).collect::<Vec<_>>(),
        });
        for (_, key, figure) in FIGURES {
            value[format!("psnr_{key}")] = json!(list(figure));
        }
        value
    };
    let (height, width) = told.truth.values.dim();
    json!({
        "input": Place::input(&args.input).name(),
        "width": width,
        "height": height,
        "omega": args.omega,
        "steps": args.steps,
        "seed": args.running.seed,
        "networks": told.outcomes.iter().map(network).collect::<Vec<_>>(),
    })
}

fn csv(told: &Told<'_>) -> String {
    let mut text = String::from("network,step,psnr_picture,psnr_gradient,psnr_laplacian\r\n");
    for outcome in told.outcomes {
        for checkpoint in &outcome.checkpoints {
            let quality = &checkpoint.quality;
            let [picture, gradient, laplacian] =
                FIGURES.map(|(.., figure)| format!("{:.4}", figure(quality)));
            text += &format!(
                "{},{},{picture},{gradient},{laplacian}\r\n",
                outcome.contender.name, checkpoint.step
            );
        }
    }
    text
}

/// The curves of each figure.
fn curves(outcomes: &[Outcome], figure: fn(&Quality) -> f64) -> Vec<Curve> {
    let curve = |outcome: &Outcome| Curve {
        name: outcome.contender.name.to_owned(),
        points: outcome
            .checkpoints
            .iter()
            .map(|it| [it.step.into(), figure(&it.quality)])
            .collect(),
        role: if outcome.contender.name == "SIREN" {
            Role::Ours
        } else {
            Role::Other
        },
    };
    outcomes.iter().map(curve).collect()
}

fn with_plots<R>(told: &Told<'_>, show: impl FnOnce(&[Plot<'_>]) -> R) -> R {
    let curves = FIGURES.map(|(.., figure)| curves(told.outcomes, figure));
    let titles = FIGURES.map(|(name, ..)| format!("PSNR of the {name}"));
    let axis = |label, from_zero| Axis { label, from_zero };
    let plot = |at: usize| Plot {
        title: &titles[at],
        x: axis("steps", true),
        y: axis("PSNR, dB", false),
        curves: &curves[at],
        marked: true,
        legend: SeriesLabelPosition::LowerRight,
    };
    show(&[plot(0), plot(1), plot(2)])
}

fn drawing(told: &Told<'_>) -> String {
    with_plots(told, plot::sheet)
}

/// Each plot by itself, with its title.
fn drawings(told: &Told<'_>) -> Vec<(String, String)> {
    with_plots(told, |plots| {
        let titled = |plot: &Plot<'_>| (plot.title.to_owned(), plot.svg());
        plots.iter().map(titled).collect()
    })
}
