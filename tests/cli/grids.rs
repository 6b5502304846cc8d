//! Pictures with grids of latents: `encode --grids on`.

use super::{Folder, gradient};
use serde_json::Value;

#[test]
fn pictures_with_grids_are_encoded_shown_and_decoded() {
    let waves = image::RgbImage::from_fn(48, 32, |x, y| {
        let wave = (x as f32 * 0.5 + y as f32 * 0.3).sin();
        image::Rgb([(120.0 + 90.0 * wave) as u8, (4 * x) as u8, (6 * y) as u8])
    });
    let folder = Folder::with("in.png", &waves.into());
    folder.ok("encode in.png --grids on --bytes 1200 --steps 20");
    assert!(folder.read("in.siren").len() <= 1200);
    let shown = folder.ok("info in.siren --json");
    let facts: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(facts["input_kind"], "grids");
    folder.ok("decode in.siren --scale 2 -o out.png");
    assert_eq!(folder.picture("out.png").width(), 96);
    folder.ok("decode in.siren --derivative gradient -o slope.png");
}

#[test]
fn what_grids_do_not_go_with_is_refused() {
    let folder = Folder::with("in.png", &gradient(48, 32));
    for (status, options, fault) in [
        (2, "--layers 3", "layers"),
        (2, "--supervise gradient", "derivatives"),
        (1, "--bytes 30", "at least"),
    ] {
        let command = format!("encode in.png --grids on --steps 20 {options}");
        folder.fails(status, &command, &[fault]);
        assert!(!folder.path("in.siren").exists(), "{options}");
    }
}
