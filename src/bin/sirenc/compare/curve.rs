//! Rate-distortion curves over the rates that were compared.

use super::entry::{Figures, Matched, Rows};
use super::table;
use crate::plot::{Axis, Curve, Plot, Role};
use plotters::prelude::SeriesLabelPosition;
use sirenc::metric;

/// BD-rate over PSNR in percent of sirenc against `codec`: the mean over the pictures for which both
/// reach some PSNR, and the number of those. `None` if there are none.
///
/// The points of a codec are its files at equal bytes and at equal PSNR, which all lie on its curve of
/// that picture.
pub(super) fn bd_rate(all: &[Rows], codec: &str) -> Option<(f64, usize)> {
    let points = |rows: &Rows, codec: &str| -> Vec<[f64; 2]> {
        let rows = rows.points.iter().flatten();
        rows.filter(|row| row.codec == codec)
            .map(|row| [row.figures.bpp, row.figures.psnr])
            .collect()
    };
    let rates: Vec<f64> = all
        .iter()
        .filter_map(|rows| metric::bd_rate(&points(rows, codec), &points(rows, "sirenc")))
        .collect();
    let count = rates.len();
    (count > 0).then(|| (rates.iter().sum::<f64>() / count as f64, count))
}

/// The BD-rates against all codecs, in words.
pub(super) fn bd_rates(all: &[Rows]) -> String {
    let codecs = codecs(all);
    let others = &codecs[1.min(codecs.len())..];
    let width = others.iter().map(|codec| codec.len()).max().unwrap_or(0);
    let mut text = "BD-rate of sirenc over PSNR (negative: it takes fewer bits)".to_owned();
    for codec in others {
        text += &format!("\n  against {codec:<width$}  ");
        text += &match bd_rate(all, codec) {
            None => "no shared range".to_owned(),
            Some((rate, count)) if count == all.len() => format!("{rate:>+8.1} %"),
            Some((rate, count)) => {
                format!(
                    "{rate:>+8.1} %, with a shared range in {count} of {} pictures",
                    all.len()
                )
            }
        };
    }
    text
}

/// The names of all codecs, sirenc first.
fn codecs(all: &[Rows]) -> Vec<&str> {
    let mut codecs = Vec::new();
    let rows = all.iter().flat_map(|rows| rows.points.iter().take(1));
    for row in rows.flatten() {
        if !codecs.contains(&row.codec.as_str()) {
            codecs.push(&row.codec);
        }
    }
    codecs
}

/// The drawings of all curves, each with its title; that of PSNR first.
pub(super) fn drawings(all: &[Rows]) -> Vec<(String, String)> {
    let drawing = |title: &str, label: &str, figure| {
        (title.to_owned(), plot(title, label, &curves(all, figure)))
    };
    vec![
        drawing("PSNR", "PSNR (dB)", |figures| figures.psnr),
        drawing("SSIMULACRA2", "SSIMULACRA2", |figures| figures.ssimulacra2),
    ]
}

/// A drawing of `curves` over bits per pixel.
pub(super) fn plot(title: &str, label: &str, curves: &[Curve]) -> String {
    let plot = Plot {
        title,
        x: Axis {
            label: "bits per pixel",
            from_zero: true,
        },
        y: Axis {
            label,
            from_zero: false,
        },
        curves,
        marked: true,
        legend: SeriesLabelPosition::LowerRight,
    };
    plot.svg()
}

/// The curves of all codecs, as means over pictures. Of several pictures the files at equal bytes are
/// taken: means at equal PSNR weigh pictures differently, and so lie on another curve.
fn curves(all: &[Rows], figure: fn(&Figures) -> f64) -> Vec<Curve> {
    let means = table::mean(all);
    let curve = |codec: &str| {
        let rows = means
            .iter()
            .flatten()
            .filter(|row| row.codec == codec && (all.len() == 1 || row.matched != Matched::Psnr));
        let mut points: Vec<[f64; 2]> = rows
            .map(|row| [row.figures.bpp, figure(&row.figures)])
            .filter(|point| point[1].is_finite())
            .collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        points.dedup_by_key(|point| point[0]);
        Curve {
            name: codec.to_owned(),
            points,
            role: role(codec),
        }
    };
    codecs(all).into_iter().map(curve).collect()
}

/// How the curve of a codec is drawn.
pub(super) fn role(codec: &str) -> Role {
    if codec == "sirenc" {
        Role::Ours
    } else {
        Role::Other
    }
}
