//! Pictures in rows and columns, as one HTML file that needs nothing else.

use super::html::{PICTURES, document, escape, fill, png_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sirenc::Picture;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("gallery.html");

/// A page of pictures; its texts are not HTML yet.
pub(crate) struct Gallery<'a> {
    /// The command that makes it.
    pub(crate) heading: &'a str,
    pub(crate) title: &'a str,
    /// What the pictures of each column show.
    pub(crate) columns: &'a [&'a str],
    pub(crate) rows: Vec<Row>,
    /// How the pictures are to be read.
    pub(crate) hint: &'a str,
}

/// Pictures that have a name in common, each with a line below it.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) pictures: Vec<(Picture, String)>,
}

impl Gallery<'_> {
    /// The page, with `sections` of HTML after the pictures.
    pub(crate) fn page(&self, sections: &str) -> String {
        let body = fill(TEMPLATE, |slot| match slot {
            "heading" => escape(self.heading),
            "title" => escape(self.title),
            "columns" => {
                let heading = |name: &&str| format!("<th scope=\"col\">{}</th>", escape(name));
                self.columns.iter().map(heading).collect()
            }
            "rows" => self.rows.iter().map(|row| self.row(row)).collect(),
            "hint" => escape(self.hint),
            "sections" => sections.into(),
            _ => unreachable!("the template has no other slots"),
        });
        document(self.heading, PICTURES, "", &body)
    }

    fn row(&self, row: &Row) -> String {
        let name = escape(&row.name);
        let mut html = format!("<tr><th scope=\"row\">{name}</th>");
        for ((picture, below), column) in row.pictures.iter().zip(self.columns) {
            let png = BASE64.encode(png_of(picture));
            let _ = write!(
                html,
                "<td><img src=\"data:image/png;base64,{png}\" width=\"{}\" height=\"{}\" alt=\"{} of {name}\">{}</td>",
                picture.width(),
                picture.height(),
                escape(column),
                escape(below),
            );
        }
        html + "</tr>\n"
    }
}
