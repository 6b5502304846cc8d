//! `sirenc study init`: a network before its first step.

use super::args::StudyInit;
use crate::failure::Failure;
use crate::files::{Files, Typed};
use crate::plot::{self, Axis, Curve, Plot, Role};
use crate::table::columns;
use plotters::prelude::SeriesLabelPosition;
use serde_json::{Value, json};
use sirenc::study::{self, Distribution, LayerStatistics, arcsine, folded_normal, normal};
use sirenc::{Architecture, Network};
use std::process::ExitCode;

/// Bins of a density.
const BINS: usize = 60;
/// Pre-activations are shown from minus to plus this value.
const WIDEST: f64 = 4.0;

pub(crate) fn run(args: &StudyInit) -> Result<ExitCode, Failure> {
    let typed = Typed {
        json: args.json.as_deref(),
        csv: args.csv.as_deref(),
        svg: args.svg.as_deref(),
        report: None,
    };
    let (files, report) = Files::with_report(&typed, &[], args.manner)?;
    let shape = Architecture {
        hidden: vec![args.width.into(); args.layers.into()],
        outputs: 1,
        omega_first: args.omega,
        omega_hidden: args.omega,
        ..Architecture::default()
    };
    let network = Network::random(&shape, args.seed)?;
    let layers = study::initialisation(&network, args.points as usize, args.seed)?;

    report.say(&format!(
        "{} x {} neurons, omega {}, seed {}; {} points\n{}\n",
        args.layers,
        args.width,
        args.omega,
        args.seed,
        args.points,
        table(&layers)
    ))?;
    if let Some(place) = &files.json {
        files.write(place, &format!("{:#}\n", json(args, &layers)))?;
    }
    if let Some(place) = &files.csv {
        files.write(place, &csv(&layers))?;
    }
    if let Some(place) = &files.svg {
        files.write(place, &drawing(&layers))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One number that is known of each layer: names for people and for programs.
struct Figure {
    column: &'static str,
    key: &'static str,
    of: fn(&LayerStatistics) -> f64,
}

const fn figure(
    column: &'static str,
    key: &'static str,
    of: fn(&LayerStatistics) -> f64,
) -> Figure {
    Figure { column, key, of }
}

const FIGURES: [Figure; 14] = [
    figure("z: mean", "z_mean", |it| it.pre_activations.mean),
    figure("dev.", "z_deviation", |it| it.pre_activations.deviation),
    figure("theory", "z_deviation_expected", |it| it.expected[0]),
    figure("KS N(0,1)", "z_ks_normal", |it| {
        it.pre_activations.distance(normal)
    }),
    figure("KS N(0,v)", "z_ks_expected", |it| {
        it.pre_activations.distance(|x| normal(x / it.expected[0]))
    }),
    figure("sin z: mean", "sine_mean", |it| it.activations.mean),
    figure("dev.", "sine_deviation", |it| it.activations.deviation),
    figure("theory", "sine_deviation_expected", |it| it.expected[1]),
    figure("KS arcsine", "sine_ks_arcsine", |it| {
        it.activations.distance(arcsine)
    }),
    figure("KS sin N(0,v)", "sine_ks_expected", |it| {
        it.activations
            .distance(|x| folded_normal(x, it.expected[0]))
    }),
    figure("dy/dz: mean", "gradient_mean", |it| it.gradients.mean),
    figure("dev.", "gradient_deviation", |it| it.gradients.deviation),
    figure("theory", "gradient_deviation_expected", |it| it.expected[2]),
    figure("KS N", "gradient_ks_normal", |it| {
        let Distribution {
            mean, deviation, ..
        } = it.gradients;
        it.gradients.distance(|x| normal((x - mean) / deviation))
    }),
];

/// A line for each layer, from the input on.
fn table(layers: &[LayerStatistics]) -> String {
    let mut lines = vec![vec!["layer".to_owned()]];
    lines[0].extend(FIGURES.iter().map(|it| it.column.to_owned()));
    for (index, layer) in layers.iter().enumerate() {
        let mut line = vec![(index + 1).to_string()];
        line.extend(FIGURES.iter().map(|it| format!("{:.4}", (it.of)(layer))));
        lines.push(line);
    }
    let lines = columns(&lines, 0);
    let notes = "\
z before a sine: N(0, 1) by the paper, N(0, v) with v = 1 - exp(-2 v) of the layer before by the recursion;
after it: the arcsine law by the paper, sin N(0, v) by the recursion; dy/dz: of the same deviation in every
layer by the paper, towards the input larger by sqrt(1 + exp(-2 v)) a layer by the recursion. The first layer's
z is no sum of many, and spreads over many turns. KS is a Kolmogorov-Smirnov distance, 0 to 1.";
    format!("  {}\n{notes}", lines.join("\n  "))
}

fn csv(layers: &[LayerStatistics]) -> String {
    let keys: Vec<_> = FIGURES.iter().map(|it| it.key).collect();
    let mut text = format!("layer,{}\r\n", keys.join(","));
    for (index, layer) in layers.iter().enumerate() {
        let figures = FIGURES.iter().map(|it| format!(",{:.6}", (it.of)(layer)));
        text += &format!("{}{}\r\n", index + 1, figures.collect::<String>());
    }
    text
}

fn json(args: &StudyInit, layers: &[LayerStatistics]) -> Value {
    let layer = |layer: &LayerStatistics| {
        let mut value = json!({
            "z_density": layer.pre_activations.histogram(-WIDEST, WIDEST, BINS),
            "sine_density": layer.activations.histogram(-1.0, 1.0, BINS),
            "gradient_density": relative(&layer.gradients),
        });
        for figure in &FIGURES {
            value[figure.key] = json!((figure.of)(layer));
        }
        value
    };
    json!({
        "layers": args.layers,
        "width": args.width,
        "omega": args.omega,
        "points": args.points,
        "seed": args.seed,
        "statistics": layers.iter().map(layer).collect::<Vec<_>>(),
    })
}

/// The density of values in units of their own deviation.
fn relative(values: &Distribution) -> Vec<[f64; 2]> {
    let (range, deviation) = (WIDEST * values.deviation, values.deviation);
    let bins = values.histogram(-range, range, BINS);
    bins.iter()
        .map(|[x, density]| [x / deviation, density * deviation])
        .collect()
}

/// Densities of z, sin z and dy/dz, and the deviation of dy/dz over layers.
fn drawing(layers: &[LayerStatistics]) -> String {
    let z = densities(layers, 1, |it| {
        it.pre_activations.histogram(-WIDEST, WIDEST, BINS)
    });
    let z = with_law(z, "N(0, 1)", WIDEST, normal);
    let sines = densities(layers, 0, |it| it.activations.histogram(-1.0, 1.0, BINS));
    let sines = with_law(sines, "arcsine", 1.0, arcsine);
    let gradients = densities(layers, 0, |it| relative(&it.gradients));
    let gradients = with_law(gradients, "N(0, 1)", WIDEST, normal);
    let depth = over_layers(layers);
    let axis = |label, from_zero| Axis { label, from_zero };
    let density = |title, label, curves| Plot {
        title,
        x: axis(label, false),
        y: axis("density", true),
        curves,
        marked: false,
        legend: SeriesLabelPosition::UpperRight,
    };
    plot::sheet(&[
        density("Pre-activations z, from layer 2 on", "z", &z),
        density("Activations sin z", "sin z", &sines),
        density(
            "Gradients dy/dz",
            "dy/dz, in its own deviations",
            &gradients,
        ),
        Plot {
            title: "Gradients over depth",
            x: axis("layer", true),
            y: axis("deviation of dy/dz", true),
            curves: &depth,
            marked: true,
            legend: SeriesLabelPosition::LowerRight,
        },
    ])
}

/// The densities of up to four layers, from layer `from` on: the first, the last and some between.
fn densities(
    layers: &[LayerStatistics],
    from: usize,
    density: impl Fn(&LayerStatistics) -> Vec<[f64; 2]>,
) -> Vec<Curve> {
    let last = layers.len().saturating_sub(1);
    let mut shown: Vec<usize> = (0..4)
        .map(|at| from + at * last.saturating_sub(from) / 3)
        .collect();
    shown.dedup();
    let named = shown
        .iter()
        .filter_map(|&index| Some((index, layers.get(index)?)));
    named
        .map(|(index, layer)| Curve {
            name: format!("layer {}", index + 1),
            points: density(layer),
            role: Role::Other,
        })
        .collect()
}

/// `curves`, and the law with the given cumulative function, in the same bins from minus to plus `widest`.
fn with_law(
    mut curves: Vec<Curve>,
    name: &str,
    widest: f64,
    cumulative: fn(f64) -> f64,
) -> Vec<Curve> {
    let width = 2.0 * widest / BINS as f64;
    let bin = |index: usize| {
        let start = index as f64 * width - widest;
        let share = cumulative(start + width) - cumulative(start);
        [start + 0.5 * width, share / width]
    };
    curves.push(Curve {
        name: name.into(),
        points: (0..BINS).map(bin).collect(),
        role: Role::Theory,
    });
    curves
}

/// The deviation of gradients in every layer: measured, by the recursion, and by the paper, the same in
/// all layers as in the last.
fn over_layers(layers: &[LayerStatistics]) -> Vec<Curve> {
    let curve = |name: &str, role, of: &dyn Fn(&LayerStatistics) -> f64| Curve {
        name: name.into(),
        points: layers
            .iter()
            .enumerate()
            .map(|(index, layer)| [index as f64 + 1.0, of(layer)])
            .collect(),
        role,
    };
    let last = layers.last().map_or(0.0, |it| it.expected[2]);
    vec![
        curve("measured", Role::Ours, &|it| it.gradients.deviation),
        curve("by the recursion", Role::Other, &|it| it.expected[2]),
        curve("by the paper", Role::Theory, &|_| last),
    ]
}
