//! The page as one HTML file that needs nothing else: files, decoder, script and style are in it.

use crate::browser::{DECODE, EMBEDDED, bundle, elements};
use crate::html::{DECODING, document, escape, fill};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("../../../../web/viewer/page.html");

/// The modules of the page's script, each after those that it imports.
const MODULES: [(&str, &str); 8] = [
    DECODE,
    EMBEDDED,
    ("bicubic", include_str!("../../../../web/viewer/bicubic.js")),
    ("gpu", include_str!("../../../../web/viewer/gpu.js")),
    ("picture", include_str!("../../../../web/viewer/picture.js")),
    ("sound", include_str!("../../../../web/viewer/sound.js")),
    ("shape", include_str!("../../../../web/viewer/shape.js")),
    ("page", include_str!("../../../../web/viewer/page.js")),
];

/// A file that is in the page.
pub(crate) struct Shown {
    /// The name that it is shown by.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The page that shows `files` by means of `decoder`.
pub(crate) fn page(files: &[Shown], decoder: &[u8]) -> String {
    let style = include_str!("../../../../web/viewer/page.css");
    let body = fill(TEMPLATE, |slot| match slot {
        "files" => files.iter().map(element).collect(),
        "decoder" => elements(decoder),
        "script" => bundle(&MODULES),
        _ => unreachable!("the template has no other slots"),
    });
    document("sirenc view", DECODING, style, &body)
}

fn element(file: &Shown) -> String {
    let name = escape(&file.name);
    let mut html = String::new();
    let _ = write!(
        html,
        "<script type=\"text/plain\" class=\"file\" data-name=\"{name}\">"
    );
    BASE64.encode_string(&file.bytes, &mut html);
    html + "</script>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_in_the_page_and_names_cannot_leave_their_place() {
        let evil = "</script><script>alert(1)</script>{{wasm}}\"'";
        let files = [(evil, vec![1, 2, 3]), ("b.siren", vec![255; 5])];
        let files = files.map(|(name, bytes)| Shown {
            name: name.into(),
            bytes,
        });
        let html = page(&files, b"decoder");
        assert!(!html.contains("<script>alert"));
        assert!(html.contains(
            "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{wasm}}&quot;&#39;\">AQID<"
        ));
        assert!(html.contains("data-name=\"b.siren\">//////8=</script>"));
        assert_eq!(html.matches("class=\"file\"").count(), 2);
        assert!(html.contains(&BASE64.encode("decoder")));
    }

    #[test]
    fn nothing_is_fetched_and_no_script_ends_early() {
        let html = page(&[], &[]);
        assert!(!html.contains("http://") && !html.contains("https://"));
        assert!(!html.contains("{{"), "an unfilled slot");
        // The decoder, the worker and the script.
        assert_eq!(html.matches("<script").count(), 3);
        assert_eq!(html.matches("</script").count(), 3);
    }
}
