//! Tests that look at the page of a comparison as a browser would.

use super::super::curve::{plot, role};
use super::*;
use crate::plot::Curve;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageReader};
use sirenc::{Decoder, Encoder, Samples, View, metric};
use std::io::Cursor;

/// Compares tiles at 1:1 with the decoded image, at a place of each network.
const CHECK: &str = include_str!("check.js");

fn picture_of(image: &DynamicImage) -> Picture {
    let samples = Samples::U8(image.to_rgb8().into_raw());
    Picture::new(image.width(), image.height(), 3, samples).unwrap()
}

fn siren(image: &DynamicImage, bpp: f64) -> Entry {
    let original = picture_of(image);
    let encoded = Encoder::new()
        .with_bpp(bpp)
        .with_steps(150)
        .encode(&original)
        .unwrap();
    let decoder = Decoder::new(&encoded.bytes).unwrap();
    let decoded = decoder.picture(&View::whole(&decoder)).unwrap();
    measured("sirenc", Matched::Siren, encoded.bytes, &original, decoded)
}

fn jpeg(image: &DynamicImage, quality: u8, matched: Matched) -> Entry {
    let mut bytes = Vec::new();
    image
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .unwrap();
    let decoded = picture_of(&image::load_from_memory(&bytes).unwrap());
    measured("JPEG", matched, bytes, &picture_of(image), decoded)
}

fn measured(
    codec: &str,
    matched: Matched,
    bytes: Vec<u8>,
    original: &Picture,
    decoded: Picture,
) -> Entry {
    Entry {
        codec: codec.into(),
        matched,
        setting: "look".into(),
        missed: false,
        bytes,
        psnr: metric::psnr(original, &decoded),
        decoded,
        ms_ssim: 0.9,
        ssimulacra2: 12.3,
        encode_seconds: (matched == Matched::Siren).then_some(1.5),
        decode_seconds: 0.004,
    }
}

fn compare(name: &str, image: &DynamicImage) -> Compared {
    let points = [0.1, 0.2].map(|bpp| {
        vec![
            siren(image, bpp),
            jpeg(image, 2, Matched::Bytes),
            jpeg(image, 8, Matched::Psnr),
        ]
    });
    Compared {
        name: name.into(),
        original: picture_of(image),
        points: points.into(),
    }
}

#[test]
#[ignore = "writes a page to be looked at in a browser"]
fn a_page_to_look_at() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} must be set"));
    let out = std::path::PathBuf::from(variable("SIRENC_PAGE_OUT"));
    let file = std::fs::read(variable("SIRENC_PAGE_PICTURE")).unwrap();
    let reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .unwrap();
    let whole = reader.decode().unwrap();
    let pictures = [
        compare("whole.png", &whole),
        compare("<crop> & \"more\".png", &whole.crop_imm(200, 100, 256, 160)),
    ];
    let points = |codec: &str| {
        let mut points: Vec<_> = pictures[0]
            .points
            .iter()
            .flatten()
            .filter(|entry| entry.codec == codec)
            .map(|entry| {
                [
                    8.0 * entry.bytes.len() as f64 / entry.decoded.pixels() as f64,
                    entry.psnr,
                ]
            })
            .collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        points
    };
    let curve = |codec: &str, lift: f64| Curve {
        name: codec.into(),
        role: role(codec),
        points: points("JPEG")
            .iter()
            .map(|[x, y]| [x + 0.03 * lift, y + lift])
            .collect(),
    };
    let curves = [
        Curve {
            name: "sirenc".into(),
            role: role("sirenc"),
            points: points("sirenc"),
        },
        curve("JPEG", 0.0),
        curve("WebP", 1.0),
        curve("AVIF", 2.0),
        curve("JPEG XL", 3.0),
        Curve {
            name: "one point".into(),
            role: role("one point"),
            points: vec![[0.15, 23.0]],
        },
    ];
    let titled = |title: &str, label| (title.to_owned(), plot(title, label, &curves));
    let curves = [
        titled("whole.png: PSNR", "PSNR, dB"),
        titled("whole.png: SSIMULACRA2", "SSIMULACRA2"),
    ];
    let html = page(
        &pictures,
        &curves,
        &["Figures but PSNR are made up.".into(), "a < b & c".into()],
    );
    std::fs::create_dir_all(&out).unwrap();
    let check = html.replace("</script>\n</body>", &format!("{CHECK}</script>\n</body>"));
    std::fs::write(out.join("page.html"), html).unwrap();
    std::fs::write(out.join("check.html"), check).unwrap();
}
