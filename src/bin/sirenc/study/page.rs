//! The pictures of a study side by side, as one HTML file that needs nothing else.

use super::activations::{FIGURES, Told, summary};
use crate::failure::Failure;
use crate::gallery::{Gallery, Row};
use crate::html::{escape, figures, list};
use sirenc::study::{Maps, Quality};

const COLUMNS: [&str; 3] = ["picture", "length of the gradient", "Laplacian"];

const HINT: &str = "Networks are fitted to the picture alone; gradients and Laplacians are their exact \
    derivatives. All are shown with the gain that suits those of the original, which come from differences of its \
    pixels: black is no gradient, mid-gray no Laplacian.";

/// The page, with the drawings (title, SVG) of all curves.
pub(super) fn page(told: &Told<'_>, drawings: &[(String, String)]) -> Result<String, Failure> {
    let mut rows = vec![row(told, "original", &told.truth, None)?];
    for outcome in told.outcomes {
        let last = outcome.checkpoints.last().map(|it| &it.quality);
        rows.push(row(told, outcome.contender.name, &outcome.maps, last)?);
    }
    let gallery = Gallery {
        heading: "sirenc study activations",
        title: &told.title,
        columns: &COLUMNS,
        rows,
        hint: HINT,
    };
    let sections = [
        table(&summary(told.outcomes)),
        figures("PSNR over steps", drawings),
        list("Notes", &notes()),
    ];
    Ok(gallery.page(&sections.concat()))
}

/// A row of pictures, with what each of them reaches below it.
fn row(
    told: &Told<'_>,
    name: &str,
    maps: &Maps,
    quality: Option<&Quality>,
) -> Result<Row, Failure> {
    let pictures = maps.pictures(&told.truth)?.into_iter().zip(FIGURES);
    let pictures = pictures.map(|(picture, (.., figure))| {
        let below = quality.map_or_else(String::new, |it| format!("{:.2} dB", figure(it)));
        (picture, below)
    });
    Ok(Row {
        name: name.to_owned(),
        pictures: pictures.collect(),
    })
}

/// A section with a table of cells; the first line has headings.
fn table(lines: &[Vec<String>]) -> String {
    let mut html = String::from(
        "<section>\n<h2 id=\"figures-title\">Figures</h2>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"figures-title\">\
         <table class=\"figures\">\n",
    );
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
    html + "</table></div>\n</section>\n"
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
