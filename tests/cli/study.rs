//! Experiments on networks, small ones.

use super::Folder;
use image::{DynamicImage, GrayImage, Luma};
use serde_json::Value;

/// Waves that ramps do not get in a few steps.
fn waves() -> DynamicImage {
    GrayImage::from_fn(40, 24, |x, y| {
        Luma([(128.0 + 100.0 * (x as f32 * 0.8 + y as f32 * 0.3).sin()) as u8])
    })
    .into()
}

#[test]
fn sines_beat_ramps_whose_laplacian_is_zero() {
    let folder = Folder::with("in.png", &waves());
    let run = folder.ok(
        "study activations in.png --layers 2 --width 24 --omega 15 --steps 80 --side 30 --json f.json --csv f.csv --svg f.svg --report page.html",
    );
    let text = run.text();
    assert!(text.contains("30 x 18, gray; 2 x 24 neurons"), "{text}");
    for heading in [
        "PSNR of the picture",
        "PSNR of the gradient",
        "PSNR of the Laplacian",
    ] {
        assert!(text.contains(heading), "{text}");
    }
    let relu = text
        .lines()
        .find(|line| line.trim_start().starts_with("ReLU "))
        .expect("ReLU");
    assert!(relu.ends_with("dB  0") || relu.ends_with(" 0"), "{relu}");

    let json: Value = serde_json::from_slice(&folder.read("f.json")).expect("JSON");
    let networks = json["networks"].as_array().expect("networks");
    let names: Vec<_> = networks
        .iter()
        .map(|it| it["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["SIREN", "ReLU", "tanh", "ReLU + encoding"]);
    let last = |network: &Value, key: &str| {
        let list = network[key].as_array().expect(key);
        assert_eq!(list.len(), 21);
        list[20].as_f64().expect("a number")
    };
    assert_eq!(last(&networks[0], "step"), 80.0);
    assert!(
        last(&networks[0], "psnr_picture") > last(&networks[1], "psnr_picture") + 8.0,
        "{text}"
    );
    assert_eq!(networks[1]["largest_laplacian"], 0.0);
    assert!(networks[0]["largest_laplacian"].as_f64() > Some(0.0));

    let csv = String::from_utf8(folder.read("f.csv")).expect("text");
    assert_eq!(csv.lines().count(), 1 + 4 * 21);
    let svg = String::from_utf8(folder.read("f.svg")).expect("text");
    assert!(svg.contains("PSNR of the Laplacian") && !svg.contains("NaN"));
    let page = String::from_utf8(folder.read("page.html")).expect("text");
    assert_eq!(
        page.matches("<img src=\"data:image/png;base64,").count(),
        3 * 5
    );
    assert_eq!(page.matches("<svg").count(), 3);
    assert!(!page.contains("{{") && !page.contains("src=\"http"));
    // Run again, it gives the same figures.
    folder.ok("study activations in.png --layers 2 --width 24 --omega 15 --steps 80 --side 30 -q --csv g.csv --threads 1");
    assert_eq!(folder.read("g.csv"), folder.read("f.csv"));
}

#[test]
fn a_new_network_is_as_theory_says() {
    let folder = Folder::new();
    let run = folder
        .ok("study init --layers 4 --width 128 --points 256 --csv - --json f.json --svg f.svg");
    let mut lines = run.text().lines();
    let keys: Vec<_> = lines.next().expect("keys").split(',').collect();
    let rows: Vec<Vec<f64>> = lines
        .map(|line| {
            line.split(',')
                .map(|cell| cell.parse().expect("a number"))
                .collect()
        })
        .collect();
    assert_eq!(rows.len(), 4);
    let of = |row: &[f64], key: &str| row[keys.iter().position(|it| *it == key).expect(key)];
    for row in &rows[1..] {
        assert!(of(row, "z_ks_expected") < 0.04 && of(row, "sine_ks_expected") < 0.04);
        assert!((0.8..1.1).contains(&of(row, "z_deviation")));
        assert!(
            (of(row, "gradient_deviation") / of(row, "gradient_deviation_expected") - 1.0).abs()
                < 0.25
        );
    }
    assert!(of(&rows[0], "sine_ks_arcsine") < 0.03);
    assert!(run.stderr.contains("KS N(0,1)"), "{}", run.stderr);
    let json: Value = serde_json::from_slice(&folder.read("f.json")).expect("JSON");
    assert_eq!(
        json["statistics"][3]["z_density"].as_array().map(Vec::len),
        Some(60)
    );
    let svg = String::from_utf8(folder.read("f.svg")).expect("text");
    assert!(svg.contains("arcsine") && svg.contains("by the recursion") && !svg.contains("NaN"));
}

#[test]
fn what_cannot_be_studied_is_said() {
    let folder = Folder::with("in.png", &waves());
    folder.fails(
        1,
        "study activations none.png",
        &["none.png: cannot be read"],
    );
    folder.fails(2, "study activations in.png --layers 0", &["--layers"]);
    folder.fails(
        2,
        "study activations in.png --steps 0",
        &["--steps", "1 to"],
    );
    folder.fails(1, "study activations in.png --omega=-1", &["omega is -1"]);
    folder.fails(
        1,
        "study activations in.png --report in.png/page.html",
        &["cannot write in.png/page.html: Not a directory"],
    );
    folder.fails(
        1,
        "study activations in.png --json in.png -f",
        &["in.png is one of the inputs"],
    );
    folder.fails(2, "study activations in.png --side 1", &["--side"]);
    folder.fails(
        2,
        "study activations in.png --json x --csv x",
        &["two results"],
    );
    folder.fails(
        1,
        "study init --points 4000000000",
        &["values in all layers", "at most"],
    );
    folder.fails(2, "study init --points 0", &["--points", "1 to"]);
    GrayImage::new(9, 2)
        .save(folder.path("thin.png"))
        .expect("a picture");
    folder.fails(
        1,
        "study activations thin.png",
        &["thin.png: picture size is 9x2", "3x3"],
    );
}
