//! The pictures of a study side by side, as one HTML file that needs nothing else.

use super::activations::{FIGURES, Told, summary};
use crate::cli::failure::Failure;
use crate::cli::html::{STYLE, escape, figures, fill, list, png_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sirenc::study::{Maps, Quality};
use std::fmt::Write;

const TEMPLATE: &str = include_str!("page.html");

/// The page, with the drawings (title, SVG) of all curves.
pub(super) fn page(told: &Told<'_>, drawings: &[(String, String)]) -> Result<String, Failure> {
    let mut rows = row(told, "original", &told.truth, None)?;
    for outcome in told.outcomes {
        let last = outcome.checkpoints.last().map(|it| &it.quality);
        rows += &row(told, outcome.contender.name, &outcome.maps, last)?;
    }
    Ok(fill(TEMPLATE, |slot| match slot {
        "style" => STYLE.into(),
        "title" => escape(&told.title),
        "rows" => std::mem::take(&mut rows),
        "figures" => table(&summary(told.outcomes)),
        "curves" => figures("PSNR over steps", drawings),
        "notes" => list("Notes", &notes()),
        _ => unreachable!("the template has no other slots"),
    }))
}

/// A row of pictures, with what each of them reaches below it.
fn row(
    told: &Told<'_>,
    name: &str,
    maps: &Maps,
    quality: Option<&Quality>,
) -> Result<String, Failure> {
    let name = escape(name);
    let mut html = format!("<tr><th scope=\"row\">{name}</th>");
    for (picture, (what, _, figure)) in maps.pictures(&told.truth)?.iter().zip(FIGURES) {
        let png = BASE64.encode(png_of(picture));
        let _ = write!(
            html,
            "<td><img src=\"data:image/png;base64,{png}\" width=\"{}\" height=\"{}\" alt=\"{what} of {name}\">",
            picture.width(),
            picture.height()
        );
        if let Some(quality) = quality {
            let _ = write!(html, "{:.2} dB", figure(quality));
        }
        html += "</td>";
    }
    html += "</tr>\n";
    Ok(html)
}

/// Lines of cells, of which the first has headings.
fn table(lines: &[Vec<String>]) -> String {
    let mut html = String::new();
    for (index, line) in lines.iter().enumerate() {
        html += "<tr>";
        for (column, cell) in line.iter().enumerate() {
            let cell = escape(cell);
            html += &match (index, column) {
                (0, _) => format!("<th scope=\"col\">{cell}</th>"),
                (_, 0) => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td>{cell}</td>"),
            };
        }
        html += "</tr>\n";
    }
    html
}

fn notes() -> Vec<String> {
    [
        "PSNR is relative to the range of what the picture itself has; pixels at its edge do not count.",
        "Derivatives of the original are differences of neighbouring pixels, (f(x+1) - f(x-1)) / 2 and \
         f(x+1) + f(x-1) + f(y+1) + f(y-1) - 4 f. They say less of the finest detail than exact derivatives do.",
        "Each network is fitted with three step sizes, in as many steps, and shown with the one that led to the \
         highest mean of the three PSNRs.",
        "ReLU networks are made of planes: their Laplacian is zero, exactly, wherever there is one.",
    ]
    .map(str::to_owned)
    .to_vec()
}
