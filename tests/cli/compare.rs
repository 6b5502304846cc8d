//! Comparing with other codecs: with JPEG alone where it matters, as that needs no tool.

use super::{Folder, Run, gradient};
use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
use serde_json::Value;
use std::fs;

/// Quick, and without tools.
const JPEG: &str = "--effort 1 --against jpeg";

/// A picture with edges and texture, so that codecs differ.
fn scene(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let texture = (x * 7 + y * 13 + x * y) % 32;
        let block = if (x / 12 + y / 9) % 2 == 0 { 150 } else { 60 };
        Rgb([0, x / 4, y / 4].map(|tint| (block + texture + tint) as u8))
    })
    .into()
}

/// The rows of a CSV file without quoted cells, by the names of the first one.
fn rows(csv: &str) -> Vec<Vec<(&str, &str)>> {
    let mut lines = csv.lines().map(|line| line.split(','));
    let names: Vec<_> = lines.next().expect("a row of names").collect();
    lines
        .map(|cells| names.iter().copied().zip(cells).collect())
        .collect()
}

fn cell<'a>(row: &[(&str, &'a str)], name: &str) -> &'a str {
    let found = row.iter().find(|(column, _)| *column == name);
    found.unwrap_or_else(|| panic!("no column {name}")).1
}

fn number(row: &[(&str, &str)], name: &str) -> f64 {
    cell(row, name)
        .parse()
        .unwrap_or_else(|_| panic!("{name} is no number"))
}

#[test]
fn matches_are_no_larger_and_no_worse() {
    let folder = Folder::with("in.png", &scene(64, 48));
    let run = folder.ok(&format!("compare in.png {JPEG} --bytes 1500,2000 --csv -"));
    assert!(run.stderr.contains("in.png  64 x 48"), "{}", run.stderr);
    let rows = rows(run.text());
    assert_eq!(rows.len(), 2 * 3);
    for rate in rows.chunks(3) {
        let codecs: Vec<_> = rate.iter().map(|row| cell(row, "codec")).collect();
        assert_eq!(codecs, ["sirenc", "JPEG", "JPEG"]);
        let matches: Vec<_> = rate.iter().map(|row| cell(row, "match")).collect();
        assert_eq!(matches, ["siren", "bytes", "psnr"]);
        for row in rate {
            assert_eq!(cell(row, "matched"), "true");
            let bpp = number(row, "bytes") * 8.0 / (64.0 * 48.0);
            assert!((number(row, "bpp") - bpp).abs() < 1e-5);
            assert!((0.0..1.0).contains(&number(row, "ms_ssim")));
            assert!(number(row, "ssimulacra2") < 100.0);
        }
        assert!(number(&rate[1], "bytes") <= number(&rate[0], "bytes"));
        assert!(number(&rate[2], "psnr") >= number(&rate[0], "psnr"));
    }
    assert!(number(&rows[0], "bytes") <= 1500.0 && number(&rows[3], "bytes") > 1500.0);
}

#[test]
fn a_match_that_cannot_be_had_is_said() {
    let folder = Folder::with("in.png", &scene(64, 48));
    let run = folder.ok(&format!("compare in.png {JPEG} --bytes 120 --csv f.csv"));
    assert!(
        run.text().contains("(bytes) JPEG: no setting"),
        "{}",
        run.text()
    );
    let csv = String::from_utf8(folder.read("f.csv")).expect("text");
    let rows = rows(&csv);
    assert_eq!(cell(&rows[1], "matched"), "false");
    assert_eq!(cell(&rows[1], "setting"), "quality 1");
}

#[test]
fn a_downscaled_picture_fits_where_the_whole_does_not() {
    let folder = Folder::with("in.png", &scene(240, 160));
    let run = folder.ok(&format!(
        "compare in.png {JPEG} --bytes 500,900 --downscaled --csv -"
    ));
    let rows = rows(run.text());
    for rate in rows.chunks(4) {
        let [siren, whole, _, downscaled] = rate else {
            panic!("{} rows", rate.len());
        };
        assert_eq!(cell(whole, "matched"), "false");
        assert_eq!(cell(downscaled, "codec"), "JPEG downscaled");
        assert_eq!(cell(downscaled, "matched"), "true");
        assert!(number(downscaled, "bytes") <= number(siren, "bytes"));
        assert!(cell(downscaled, "setting").starts_with("1/"));
    }
    assert!(number(&rows[7], "psnr") > number(&rows[3], "psnr"));
}

#[test]
fn placeholders_are_compared_if_they_are_named() {
    // More bytes must buy quality, or the file is smaller than asked for.
    let waves = RgbImage::from_fn(60, 40, |x, y| {
        let wave = |at: f32| (128.0 + 60.0 * at.sin()) as u8;
        let (x, y) = (x as f32, y as f32);
        Rgb([
            wave(0.06 * x + 0.002 * x * y),
            wave(0.1 * y),
            wave(0.05 * (x - y)),
        ])
    });
    let folder = Folder::with("in.png", &waves.into());
    let run = folder.ok(
        "compare in.png --effort 1 --bytes 98 --against thumbhash,blurhash --downscaled --csv -",
    );
    let rows = rows(run.text());
    let column = |name| -> Vec<_> { rows.iter().map(|row| cell(row, name)).collect() };
    assert_eq!(
        column("codec"),
        ["sirenc", "BlurHash", "BlurHash", "ThumbHash"]
    );
    assert_eq!(column("match"), ["siren", "bytes", "psnr", "bytes"]);
    // 84 characters; 8 x 6 components would take 100.
    assert_eq!(column("setting")[1], "8 x 5 components");
    assert_eq!(number(&rows[1], "bytes"), 84.0);
    assert!((15.0..30.0).contains(&number(&rows[3], "bytes")));
    for row in &rows[1..] {
        assert!(number(row, "psnr") > 20.0, "{row:?}");
    }
}

#[test]
fn json_has_the_shape_of_compressai() {
    let folder = Folder::with("a.png", &scene(64, 48));
    folder.write("b.png", folder.read("a.png"));
    let run = folder.ok(&format!(
        "compare a.png b.png {JPEG} --bpp 2.4,3 --downscaled --curve --svg curve.svg --report page.html --json -"
    ));
    let json: Value = serde_json::from_str(run.text()).expect("JSON and nothing else");
    let against = json["against"].as_array().expect("an array");
    let objects: Vec<_> = std::iter::once(&json).chain(against).collect();
    let names: Vec<_> = objects.iter().map(|object| &object["name"]).collect();
    assert_eq!(
        names,
        ["sirenc", "JPEG", "JPEG, equal PSNR", "JPEG downscaled"]
    );
    for object in &objects {
        assert!(object["description"].is_string());
        let pictures = object["pictures"].as_array().expect("pictures");
        assert_eq!(pictures.len(), 2);
        for list in [
            "bpp",
            "psnr-rgb",
            "ms-ssim-rgb",
            "ssimulacra2",
            "encoding_time",
            "decoding_time",
        ] {
            let values = object["results"][list].as_array().expect(list);
            assert_eq!(values.len(), 2, "{list}");
            for (rate, value) in values.iter().enumerate() {
                let of = |at: usize| pictures[at]["results"][list][rate].as_f64().expect(list);
                let mean = 0.5 * (of(0) + of(1));
                assert!((value.as_f64().expect(list) - mean).abs() < 1e-9, "{list}");
            }
        }
    }
    assert_eq!(objects[1]["bd-rate"], objects[2]["bd-rate"]);
    assert!(run.stderr.contains("mean of 2 pictures"), "{}", run.stderr);
    assert!(run.stderr.contains("BD-rate of sirenc"), "{}", run.stderr);
    assert_eq!(folder.names(), ["a.png", "b.png", "curve.svg", "page.html"]);
    folder.fails(
        1,
        &format!("compare a.png {JPEG} --report page.html"),
        &["page.html exists", "--force"],
    );
}

#[test]
fn a_file_that_is_there_is_not_encoded_again() {
    let folder = Folder::with("in.png", &scene(40, 30));
    folder.ok("encode in.png --effort 1 --bytes 500");
    let bytes = folder.read("in.siren").len();
    let run = folder.ok("compare in.siren in.png --against jpeg --csv -");
    let rows = rows(run.text());
    assert_eq!(cell(&rows[0], "bytes"), bytes.to_string());
    assert_eq!(cell(&rows[0], "encode_seconds"), "");
    assert_eq!(cell(&rows[0], "setting"), "in.siren");
    assert_eq!(folder.read("in.siren").len(), bytes);
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = Folder::with("in.png", &scene(40, 30));
    folder.ok("encode in.png --effort 1 --bytes 500");
    folder.write("other.siren", folder.read("in.siren"));
    folder.write("in.bmp", "");
    folder.fails(
        2,
        "compare in.png other.siren",
        &["other.siren has no picture", "other.png"],
    );
    folder.fails(
        2,
        "compare in.png in.bmp in.siren",
        &["in.png and in.bmp have the same name"],
    );
    folder.fails(
        2,
        "compare in.png in.siren --bpp 1",
        &["nothing is encoded"],
    );
    folder.fails(
        2,
        "compare in.png in.siren --effort 9",
        &["nothing is encoded"],
    );
    folder.fails(2, "compare in.png in.siren --curve", &["two rates"]);
    folder.fails(
        2,
        "compare in.png --csv x --json x",
        &["x is to take two results"],
    );
    folder.fails(2, "compare in.png --bytes 0", &["0"]);
    for (picture, words) in [
        (gradient(8, 8), "is 40 x 30 pixels, but the original 8 x 8"),
        (
            gradient(40, 30).to_luma8().into(),
            "it is of another picture",
        ),
    ] {
        picture.save(folder.path("other.png")).expect("a picture");
        let arguments = "compare other.png other.siren --against jpeg";
        folder.fails(1, arguments, &["other.png: other.siren: ", words]);
    }
}

#[test]
fn a_folder_is_compared_with_the_siren_files_in_it() {
    let folder = Folder::with("b.png", &scene(40, 30));
    folder.ok("encode b.png --effort 1");
    fs::create_dir(folder.path("in")).expect("a folder");
    for (from, to) in [
        ("b.png", "in/b.png"),
        ("b.siren", "in/b.siren"),
        ("b.png", "in/a.png"),
    ] {
        folder.write(to, folder.read(from));
    }
    // Of no picture in the folder, and no picture: both are left alone there.
    folder.write("in/c.siren", folder.read("b.siren"));
    folder.write("in/notes.txt", "text");
    let run = folder.ok(&format!("compare in/ {JPEG} --csv - --report page.html"));
    let rows = rows(run.text());
    let names: Vec<_> = rows.iter().map(|row| cell(row, "picture")).collect();
    assert_eq!(
        names,
        ["a.png", "a.png", "a.png", "b.png", "b.png", "b.png"]
    );
    assert_eq!(cell(&rows[3], "encode_seconds"), "", "it is there already");
    let page = String::from_utf8(folder.read("page.html")).expect("text");
    assert!(page.contains("id=\"overview\"") && page.contains(">b.png</a>"));

    folder.fails(2, "compare in/c.siren", &["has no picture"]);
    fs::create_dir(folder.path("none")).expect("a folder");
    folder.fails(1, "compare none", &["no file that is read"]);
}

#[test]
fn a_tool_that_is_missing_is_named() {
    let folder = Folder::with("in.png", &gradient(16, 16));
    let without_tools = |arguments: &str| -> Run {
        let mut command = folder.command(arguments);
        let command = command.env("PATH", folder.path("nothing"));
        command.output().expect("sirenc starts").into()
    };
    let run = without_tools("compare in.png --effort 1 --against jpeg,avif");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("avifenc is not installed"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("libavif-bin"), "{}", run.stderr);
    let run = without_tools("compare in.png --effort 1 --bytes 200");
    assert_eq!(run.status, 0, "{}", run.stderr);
    for missing in [
        "WebP is left out: cwebp",
        "AVIF is left out",
        "JPEG XL is left out",
    ] {
        assert!(run.text().contains(missing), "{}", run.text());
    }
    assert!(run.text().contains("JPEG  "), "{}", run.text());
    assert!(!run.text().contains("BlurHash"), "{}", run.text());
}

#[cfg(unix)]
#[test]
fn a_tool_that_fails_is_quoted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with("in.png", &gradient(16, 16));
    let script = "#!/bin/sh\nif [ \"$1\" = -version ]; then echo 9.9; exit; fi\n\
                  echo first >&2\necho 'no memory left' >&2\nexit 3\n";
    for tool in ["cwebp", "dwebp"] {
        folder.write(tool, script);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(tool), executable).expect("a file of ours");
    }
    let mut command = folder.command("compare in.png --effort 1 --bytes 200 --against webp");
    let command = command.env("PATH", folder.path(""));
    let run: Run = command.output().expect("sirenc starts").into();
    assert_eq!(run.status, 1);
    for words in [
        "in.png: WebP failed: `cwebp -m 6 -q 50 ",
        "`: no memory left",
    ] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}

#[test]
fn gray_deep_and_tiny_pictures_are_compared_but_no_transparent_ones() {
    let folder = Folder::with("gray.png", &scene(24, 20).to_luma16().into());
    let run = folder.ok(&format!("compare gray.png {JPEG} --bytes 300 --csv -"));
    assert!(number(&rows(run.text())[1], "psnr") > 20.0);

    // Too small for SSIMULACRA2.
    gradient(5, 9)
        .save(folder.path("tiny.png"))
        .expect("a picture");
    let run = folder.ok(&format!("compare tiny.png {JPEG} --bytes 200 --csv -"));
    assert_eq!(cell(&rows(run.text())[1], "ssimulacra2"), "");

    let glass = RgbaImage::from_pixel(16, 16, image::Rgba([9, 9, 9, 100]));
    glass.save(folder.path("glass.png")).expect("a picture");
    folder.fails(
        1,
        &format!("compare glass.png {JPEG}"),
        &["glass.png: has transparency", "background"],
    );
}
