//! Sounds to be listened to side by side, as one HTML file that needs nothing else.

use super::Row;
use crate::html::{SOUNDS, document, escape, fill};
use crate::sound::ratio;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sirenc::media::grouped;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("page.html");
const HEADINGS: [&str; 5] = ["codec", "bytes", "SNR, dB", "segmental, dB", "sound"];

/// A sound, and the files of it.
pub(super) struct Compared {
    pub(super) title: String,
    /// It as it was, as WAV.
    pub(super) original: Vec<u8>,
    pub(super) rows: Vec<Row>,
}

pub(super) fn page(all: &[Compared]) -> String {
    let body = fill(TEMPLATE, |slot| match slot {
        "sounds" => all.iter().map(section).collect(),
        _ => unreachable!("the template has no other slots"),
    });
    document("sirenc compare", SOUNDS, "", &body)
}

fn section(compared: &Compared) -> String {
    let title = escape(&compared.title);
    let mut html = format!(
        "<section>\n<h2>{title}</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">\
         <table class=\"sounds\">\n<tr>"
    );
    for heading in HEADINGS {
        let _ = write!(html, "<th scope=\"col\">{heading}</th>");
    }
    html += "</tr>\n";
    html += &line(
        "original",
        &[const { String::new() }; 3],
        &compared.original,
    );
    for row in &compared.rows {
        let figures = [grouped(row.bytes), ratio(row.snr), ratio(row.segmental_snr)];
        html += &line(
            &format!("{} {}", row.codec, row.setting),
            &figures,
            &row.heard,
        );
    }
    html + "</table></div>\n</section>\n"
}

/// A line of the table. What is exact needs no second hearing.
fn line(name: &str, figures: &[String], heard: &[u8]) -> String {
    let name = escape(name.trim_end());
    let mut html = format!("<tr><th scope=\"row\">{name}</th>");
    for figure in figures {
        let _ = write!(html, "<td>{}</td>", escape(figure));
    }
    if heard.is_empty() {
        return html + "<td></td></tr>\n";
    }
    let wav = BASE64.encode(heard);
    html + &format!(
        "<td><audio controls preload=\"none\" aria-label=\"{name}\" src=\"data:audio/wav;base64,{wav}\"></audio></td></tr>\n"
    )
}
