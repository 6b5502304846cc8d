//! What is seen first of several pictures: a thumbnail of each, its figures, and a link that shows it.

use super::super::entry::{Compared, Entry};
use super::super::measure::reduced;
use super::{likeness, rival};
use crate::html::{escape, png_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sirenc::Picture;
use sirenc::media::grouped;
use std::fmt::Write;

/// Most pixels along the longer side of a thumbnail.
const SIDE: u32 = 144;

const HEADINGS: [&str; 8] = [
    "picture",
    "pixels",
    "bytes",
    "bpp",
    "PSNR, dB",
    "strongest rival",
    "its PSNR, dB",
    "sirenc is better by, dB",
];

/// A section of HTML; nothing for a single picture.
pub(super) fn overview(pictures: &[Compared]) -> String {
    if pictures.len() < 2 {
        return String::new();
    }
    let mut html = String::from(
        "<section>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"All pictures\">\
         <table id=\"overview\">\n<thead><tr><td></td>",
    );
    for heading in HEADINGS {
        let _ = write!(html, "<th scope=\"col\">{heading}</th>");
    }
    html += "</tr></thead>\n<tbody>\n";
    for (index, compared) in pictures.iter().enumerate() {
        for (rate, entries) in compared.points.iter().enumerate() {
            let link = format!("<a href=\"#picture={index}&amp;rate={rate}\">");
            html += "<tr>";
            if rate == 0 {
                let (rows, image) = (compared.points.len(), thumbnail(&compared.original));
                let _ = write!(html, "<td rowspan=\"{rows}\">{link}{image}</a></td>");
            }
            let name = escape(&compared.name);
            let _ = write!(html, "<th scope=\"row\">{link}{name}</a></th>");
            let (width, height) = (compared.original.width(), compared.original.height());
            let _ = write!(html, "<td>{width} x {height}</td>");
            for cell in cells(entries) {
                let _ = write!(html, "<td>{}</td>", escape(&cell));
            }
            html += "</tr>\n";
        }
    }
    html + "</tbody></table></div>\n</section>\n"
}

/// The figures of a rate: those of the .siren, and what the strongest other codec makes of as many bytes.
fn cells(entries: &[Entry]) -> Vec<String> {
    let Some(siren) = entries.first() else {
        return Vec::new();
    };
    let bpp = 8.0 * siren.bytes.len() as f64 / siren.decoded.pixels() as f64;
    let mut cells = vec![
        grouped(siren.bytes.len() as u64),
        format!("{bpp:.3}"),
        format!("{:.2}", siren.psnr),
    ];
    if let Some(rival) = rival(entries).map(|at| &entries[at]) {
        let codec = match likeness(rival, siren) {
            // Its smallest file takes more, so that it is no rival at these bytes.
            Some(as_other) if rival.missed => format!("{} ({as_other})", rival.codec),
            _ => rival.codec.clone(),
        };
        cells.extend([
            codec,
            format!("{:.2}", rival.psnr),
            format!("{:+.2}", siren.psnr - rival.psnr),
        ]);
    }
    cells
}

fn thumbnail(picture: &Picture) -> String {
    let (width, height) = (picture.width(), picture.height());
    let scale = (f64::from(SIDE) / f64::from(width.max(height))).min(1.0);
    let side = |pixels: u32| ((f64::from(pixels) * scale).round() as u32).max(1);
    let (width, height) = (side(width), side(height));
    // Reducing fails of no picture; if it does, the name is there still.
    let Ok(small) = reduced(picture, width, height) else {
        return String::new();
    };
    let png = BASE64.encode(png_of(&small));
    format!(
        "<img src=\"data:image/png;base64,{png}\" width=\"{width}\" height=\"{height}\" alt=\"\">"
    )
}
