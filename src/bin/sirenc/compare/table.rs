//! Figures for people.

use super::entry::{Figures, Matched, Row, Rows};
use crate::table::columns;
use sirenc::media::grouped;

const HEADER: [&str; 9] = [
    "codec",
    "equal",
    "bytes",
    "bpp",
    "PSNR",
    "MS-SSIM",
    "SSIMULACRA2",
    "encode s",
    "decode s",
];

/// Columns of words, which are aligned to the left; numbers follow.
const WORDS: usize = 2;

/// The figures of one picture, or means, under `title`; rates are set apart by empty lines.
pub(super) fn table(title: &str, points: &[Vec<Row>]) -> String {
    let mut lines = vec![HEADER.map(str::to_owned)];
    for rows in points {
        lines.extend(rows.iter().map(cells));
    }
    let aligned: Vec<String> = columns(&lines, WORDS)
        .iter()
        .map(|line| format!("\n  {line}"))
        .collect();
    let mut text = title.to_owned();
    text += &aligned[0];
    let mut rest = aligned[1..].iter();
    for (index, rows) in points.iter().enumerate() {
        if index > 0 {
            text += "\n";
        }
        text.extend(rest.by_ref().take(rows.len()).map(String::as_str));
    }
    for line in misses(points) {
        text += &format!("\n  {line}");
    }
    text
}

fn cells(row: &Row) -> [String; 9] {
    let figures = &row.figures;
    [
        row.codec.clone(),
        match (row.matched, row.missed) {
            (Matched::Siren, _) => "",
            (Matched::Bytes, false) => "bytes",
            (Matched::Psnr, false) => "PSNR",
            (Matched::Bytes, true) => "(bytes)",
            (Matched::Psnr, true) => "(PSNR)",
        }
        .to_owned(),
        grouped(figures.bytes.round() as u64),
        format!("{:.3}", figures.bpp),
        format!("{:.2}", figures.psnr),
        format!("{:.4}", figures.ms_ssim),
        known(figures.ssimulacra2, 2),
        figures
            .encode_seconds
            .map_or("-".to_owned(), |seconds| format!("{seconds:.2}")),
        format!("{:.3}", figures.decode_seconds),
    ]
}

fn known(figure: f64, digits: usize) -> String {
    if figure.is_nan() {
        "-".to_owned()
    } else {
        format!("{figure:.digits$}")
    }
}

/// A line for each codec and kind of match in which some target could not be met.
fn misses(points: &[Vec<Row>]) -> Vec<String> {
    let mut lines = Vec::new();
    for row in points.iter().flatten().filter(|row| row.missed) {
        let codec = &row.codec;
        let line = match row.matched {
            Matched::Psnr => {
                format!("(PSNR) {codec}: no setting has as much; this is its best picture")
            }
            _ => format!("(bytes) {codec}: no setting takes so few; this is its smallest file"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// The notes of all pictures' tables.
pub(super) fn notes(all: &[Rows]) -> Vec<String> {
    let lines = all.iter().flat_map(|rows| {
        misses(&rows.points)
            .into_iter()
            .map(|line| format!("{}: {line}", rows.name))
    });
    lines.collect()
}

/// The rows of all pictures as one: means, with a target missed if it was for any of them.
pub(super) fn mean(all: &[Rows]) -> Vec<Vec<Row>> {
    let Some(first) = all.first() else {
        return Vec::new();
    };
    let row = |rate: usize, at: usize| {
        let rows: Vec<&Row> = all.iter().map(|rows| &rows.points[rate][at]).collect();
        let figures: Vec<Figures> = rows.iter().map(|row| row.figures).collect();
        Row {
            setting: String::new(),
            missed: rows.iter().any(|row| row.missed),
            figures: Figures::mean(&figures),
            ..rows[0].clone()
        }
    };
    let points = first.points.iter().enumerate();
    points
        .map(|(rate, rows)| (0..rows.len()).map(|at| row(rate, at)).collect())
        .collect()
}
