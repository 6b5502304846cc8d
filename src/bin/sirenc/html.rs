//! What pages in HTML are made of. Each is one file that needs nothing else.

use sirenc::Picture;
use std::fmt::Write;

/// The look of all pages.
const STYLE: &str = include_str!("html.css");

/// What a page may do beside showing text and its own styles, in the words of a Content-Security-Policy. Nothing is ever
/// fetched.
pub(crate) const PICTURES: &str = "img-src data:";
pub(crate) const SOUNDS: &str = "media-src data:";
pub(crate) const DECODING: &str =
    "img-src data:; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:";

/// The page of this title around `body`, which is HTML already. It may do what `allowed` says, and has `style` after the
/// styles of all pages.
pub(crate) fn document(title: &str, allowed: &str, style: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; {allowed}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// `template` with every `{{slot}}` replaced, in one pass: what is filled in is not searched for slots.
pub(crate) fn fill(template: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut parts = template.split("{{");
    let mut html = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let (slot, rest) = part.split_once("}}").unwrap_or((part, ""));
        html += &value(slot);
        html += rest;
    }
    html
}

/// Text as HTML, in elements and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            other => html.push(other),
        }
    }
    html
}

/// JSON that cannot end the script element it stands in: `<` occurs only within strings.
pub(crate) fn escape_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// A section of drawings, each with its title; SVGs are inserted as they are.
pub(crate) fn figures(heading: &str, drawings: &[(String, String)]) -> String {
    if drawings.is_empty() {
        return String::new();
    }
    let mut html = format!(
        "<section>\n<h2>{}</h2>\n<div class=\"curves\">\n",
        escape(heading)
    );
    for (title, svg) in drawings {
        let title = escape(title);
        let _ = writeln!(
            html,
            "<figure role=\"img\" aria-label=\"{title}\">{svg}</figure>"
        );
    }
    html + "</div>\n</section>\n"
}

/// A section of notes.
pub(crate) fn list(heading: &str, notes: &[String]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let mut html = format!("<section>\n<h2>{}</h2>\n<ul>\n", escape(heading));
    for note in notes {
        let _ = writeln!(html, "<li>{}</li>", escape(note));
    }
    html + "</ul>\n</section>\n"
}

/// `picture` as a PNG of 8 bits a sample. The colour profile is left out of all pictures alike: the
/// page compares samples, and a canvas that converted them would not show the network's.
pub(crate) fn png_of(picture: &Picture) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match picture.channels() {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    let samples = picture.samples().eight_bits();
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&samples)?;
        writer.finish()
    });
    written.expect("memory can be written to, and a picture has the samples of its size");
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use sirenc::Samples;

    #[test]
    fn deep_samples_are_shown_in_eight_bits() {
        let deep = Picture::new(2, 1, 2, Samples::U16(vec![0, 65_535, 128, 129])).unwrap();
        let image = image::load_from_memory(&png_of(&deep)).unwrap();
        assert_eq!(image.into_luma_alpha8().into_raw(), [0, 255, 0, 1]);
    }
}
