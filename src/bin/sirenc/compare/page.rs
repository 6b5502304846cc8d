//! The report as one HTML file that needs nothing else: pictures, networks, script and style are in it.
//!
//! If the command has a decoder for browsers in it, so has the page, and enlarging a `.siren` shows what its file says and
//! not pixels.

mod overview;

use super::entry::{Compared, Entry, Matched};
use crate::browser::{DECODE, DECODER, EMBEDDED, bundle, elements};
use crate::html::{DECODING, document, escape_script, figures, fill, list, png_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sirenc::Picture;
use sirenc::media::grouped;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("page.html");

/// The modules of the page's script, each after those that it imports.
const MODULES: [(&str, &str); 4] = [
    DECODE,
    EMBEDDED,
    ("evaluator", include_str!("evaluator.js")),
    ("page", include_str!("page.js")),
];

/// The page for `pictures`, with `curves` (title, SVG) and `notes` below them. Curves are inserted as
/// they are, everything else is escaped.
pub(crate) fn page(pictures: &[Compared], curves: &[(String, String)], notes: &[String]) -> String {
    let mut images = Images::default();
    let data: Vec<Value> = pictures.iter().map(|it| images.picture(it)).collect();
    let body = fill(TEMPLATE, |slot| match slot {
        "overview" => overview::overview(pictures),
        "curves" => figures("Curves", curves),
        "notes" => list("Notes", notes),
        "data" => escape_script(&json!({ "pictures": data }).to_string()),
        "images" => std::mem::take(&mut images.html),
        "decoder" => elements(DECODER),
        "script" => bundle(&MODULES),
        _ => unreachable!("the template has no other slots"),
    });
    document("sirenc compare", DECODING, "", &body)
}

/// The images of the page: elements `image-0` and so on, which the data refers to by number.
#[derive(Default)]
struct Images {
    html: String,
    count: usize,
}

impl Images {
    fn picture(&mut self, compared: &Compared) -> Value {
        let original = &compared.original;
        json!({
            "name": compared.name,
            "width": original.width(),
            "height": original.height(),
            "alpha": original.has_alpha(),
            "image": self.image(original),
            // What is shown beside the first entry of each rate.
            "rivals": compared.points.iter().map(|entries| rival(entries)).collect::<Vec<_>>(),
            "points": compared.points.iter()
                .map(|entries| entries.iter().map(|entry| self.entry(entry, entries)).collect::<Vec<_>>())
                .collect::<Vec<_>>(),
        })
    }

    /// Numbers as the page shows them, which therefore has no second opinion about digits.
    fn entry(&mut self, entry: &Entry, beside: &[Entry]) -> Value {
        let pixels = entry.decoded.pixels() as f64;
        let seconds = |seconds: f64| format!("{seconds:.2}");
        json!({
            "codec": entry.codec,
            "matched": beside.first().and_then(|siren| likeness(entry, siren)),
            "setting": entry.setting,
            "bytes": grouped(entry.bytes.len() as u64),
            "bpp": format!("{:.4}", 8.0 * entry.bytes.len() as f64 / pixels),
            "psnr": format!("{:.2}", entry.psnr),
            "ms_ssim": format!("{:.4}", entry.ms_ssim),
            "ssimulacra2": format!("{:.1}", entry.ssimulacra2),
            "encode": entry.encode_seconds.map(seconds),
            "decode": format!("{:.3}", entry.decode_seconds),
            "image": self.image(&entry.decoded),
            // Of the others the page has only pixels to enlarge.
            "file": (entry.matched == Matched::Siren).then(|| BASE64.encode(&entry.bytes)),
        })
    }

    fn image(&mut self, picture: &Picture) -> usize {
        let number = self.count;
        self.count += 1;
        let _ = write!(
            self.html,
            "<script type=\"text/plain\" id=\"image-{number}\">"
        );
        BASE64.encode_string(png_of(picture), &mut self.html);
        self.html += "</script>\n";
        number
    }
}

/// What an entry has in common with the .siren beside it. Codecs whose settings are far apart, or end
/// early, may stay well within its bytes or above its PSNR.
fn likeness(entry: &Entry, siren: &Entry) -> Option<&'static str> {
    let few = 10 * entry.bytes.len() < 9 * siren.bytes.len();
    match (entry.matched, entry.missed) {
        (Matched::Siren, _) => None,
        (Matched::Bytes, true) => Some("its smallest"),
        (Matched::Bytes, false) if few => Some("fewer bytes"),
        (Matched::Bytes, false) => Some("same bytes"),
        (Matched::Psnr, true) => Some("its best"),
        (Matched::Psnr, false) if entry.psnr > siren.psnr + 1.0 => Some("higher PSNR"),
        (Matched::Psnr, false) => Some("same PSNR"),
    }
}

/// Where the strongest of the others is among the entries of a rate: of those that take no more bytes than the .siren the one
/// with the highest PSNR, rather than one that takes four times as many. The second entry if none takes so few; `None` if
/// there is no other.
fn rival(entries: &[Entry]) -> Option<usize> {
    let within = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.matched == Matched::Bytes && !entry.missed);
    let best = within.max_by(|(_, a), (_, b)| a.psnr.total_cmp(&b.psnr));
    match best {
        Some((at, _)) => Some(at),
        None => (entries.len() > 1).then_some(1),
    }
}

/// Builds a page of a real picture, to be looked at: `SIRENC_PAGE_PICTURE=photo.png
/// SIRENC_PAGE_OUT=folder cargo test --bin sirenc a_page_to_look_at -- --ignored`. Beside `page.html`
/// it writes `check.html`, which ends with the largest difference between the network evaluated in the
/// page at 1:1 and the decoder's pixels; a browser has to run it.
#[cfg(test)]
mod look;

#[cfg(test)]
mod tests {
    use super::*;
    use sirenc::Samples;

    fn gray(value: u8) -> Picture {
        Picture::new(16, 8, 1, Samples::U8(vec![value; 128])).unwrap()
    }

    fn compared(name: &str, entries: Vec<Entry>) -> Compared {
        Compared {
            name: name.into(),
            original: gray(9),
            points: vec![entries],
        }
    }

    fn entry(codec: &str, matched: Matched, bytes: Vec<u8>) -> Entry {
        Entry {
            codec: codec.into(),
            matched,
            setting: "-q 40".into(),
            missed: false,
            bytes,
            decoded: gray(7),
            psnr: 31.416,
            ms_ssim: 0.98765,
            ssimulacra2: f64::INFINITY,
            encode_seconds: None,
            decode_seconds: 0.25,
        }
    }

    /// What the page's script would parse.
    fn data(html: &str) -> Value {
        let (_, rest) = html.split_once("id=\"data\">").unwrap();
        let (json, _) = rest.split_once("</script>").unwrap();
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let evil = "</script><script>alert(1)</script>{{notes}}\u{2028}<!--";
        let pictures = [compared(evil, vec![entry(evil, Matched::Psnr, vec![0])])];
        let curves = [("<q\"'>".into(), "<svg></svg>".into())];
        let html = page(&pictures, &curves, &["<b>&".into(), "{{data}}".into()]);
        assert!(!html.contains("alert(1)</") && !html.contains("<!--"));
        assert!(html.contains("aria-label=\"&lt;q&quot;&#39;&gt;\"><svg></svg>"));
        assert!(html.contains("<li>&lt;b&gt;&amp;</li>") && html.contains("<li>{{data}}</li>"));
        let data = data(&html);
        assert_eq!(data["pictures"][0]["name"], evil);
        assert_eq!(data["pictures"][0]["points"][0][0]["codec"], evil);
    }

    #[test]
    fn every_entry_is_there_with_its_picture() {
        let entries = vec![
            entry("sirenc", Matched::Siren, vec![0; 1600]),
            entry("JPEG", Matched::Bytes, vec![0; 1500]),
            entry("JPEG", Matched::Psnr, vec![0; 2000]),
        ];
        let html = page(&[compared("a.png", entries)], &[], &[]);
        let data = data(&html);
        let picture = &data["pictures"][0];
        assert_eq!(
            (&picture["width"], &picture["height"]),
            (&json!(16), &json!(8))
        );
        let jpeg = &picture["points"][0][1];
        for (field, text) in [
            ("codec", "JPEG"),
            ("matched", "same bytes"),
            ("setting", "-q 40"),
            ("bytes", "1,500"),
            ("bpp", "93.7500"),
            ("psnr", "31.42"),
            ("ms_ssim", "0.9877"),
            ("ssimulacra2", "inf"),
            ("decode", "0.250"),
        ] {
            assert_eq!(jpeg[field], text, "{field}");
        }
        assert_eq!(jpeg["encode"], Value::Null);
        // The original once, and one image each.
        assert_eq!(html.matches("id=\"image-").count(), 4);
        let (_, rest) = html.split_once("id=\"image-3\">").unwrap();
        let png = BASE64.decode(rest.split_once('<').unwrap().0).unwrap();
        let image = image::load_from_memory(&png).unwrap();
        assert_eq!(image.into_luma8().into_raw(), vec![7; 128]);
    }

    #[test]
    fn the_strongest_of_as_many_bytes_is_shown_first() {
        let of = |matched, missed, psnr| Entry {
            missed,
            psnr,
            ..entry("x", matched, vec![0])
        };
        let siren = || of(Matched::Siren, false, 30.0);
        let equal = |psnr| of(Matched::Bytes, false, psnr);
        let (more, better) = (
            of(Matched::Bytes, true, 40.0),
            of(Matched::Psnr, false, 41.0),
        );
        assert_eq!(rival(&[siren()]), None);
        assert_eq!(rival(&[siren(), of(Matched::Bytes, true, 40.0)]), Some(1));
        let all = [siren(), equal(28.0), more, equal(29.0), better];
        assert_eq!(rival(&all), Some(3));
    }

    /// One picture needs no overview; of several each is there with its figures and a link that shows it.
    #[test]
    fn several_pictures_have_an_overview() {
        let of = |name: &str| {
            let jpeg = entry("JPEG", Matched::Bytes, vec![0; 1500]);
            compared(
                name,
                vec![entry("sirenc", Matched::Siren, vec![0; 1600]), jpeg],
            )
        };
        assert!(!page(&[of("a.png")], &[], &[]).contains("id=\"overview\""));
        let html = page(&[of("a.png"), of("<b>.png")], &[], &[]);
        assert!(html.contains("id=\"overview\"") && html.contains("&lt;b&gt;.png"));
        for picture in 0..2 {
            assert!(html.contains(&format!("href=\"#picture={picture}&amp;rate=0\"")));
        }
        assert_eq!(html.matches("<td>1,600</td>").count(), 2);
        assert_eq!(html.matches("<td>JPEG</td>").count(), 2);
    }

    #[test]
    fn nothing_is_fetched() {
        let html = page(&[], &[], &[]);
        assert!(!html.contains("http://") && !html.contains("https://"));
        assert!(!html.contains("{{"), "an unfilled slot");
    }

    #[test]
    fn only_a_siren_comes_with_its_file() {
        let entries = vec![
            entry("sirenc", Matched::Siren, vec![1, 2, 3]),
            entry("JPEG", Matched::Bytes, vec![4]),
        ];
        let html = page(&[compared("a.png", entries)], &[], &[]);
        let entries = &data(&html)["pictures"][0]["points"][0];
        assert_eq!(entries[0]["file"], "AQID");
        assert_eq!(entries[1]["file"], Value::Null);
    }
}
