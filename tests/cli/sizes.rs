//! The size of the file: never over what was asked, and nearly that.

use super::Folder;
use image::{DynamicImage, Rgb, RgbImage};

fn waves() -> DynamicImage {
    RgbImage::from_fn(96, 64, |x, y| {
        let (x, y) = (f64::from(x) / 96.0, f64::from(y) / 64.0);
        let wave = (30.0 * x * y).sin() + (11.0 * (x - y)).cos();
        Rgb([wave, x - y, x * y].map(|v| (127.5 + 60.0 * v) as u8))
    })
    .into()
}

#[test]
fn a_file_has_the_size_asked_for() {
    let folder = Folder::with("in.png", &waves());
    for bytes in [100, 333, 1_000, 4_000] {
        folder.ok(&format!("encode in.png -f --bytes {bytes} --steps 40"));
        let size = folder.read("in.siren").len();
        assert!(
            size <= bytes && size * 100 >= bytes * 97,
            "{size} of {bytes}"
        );
        folder.ok("decode in.siren -f -o out.png");
    }
    folder.ok("encode in.png -f --bytes 1KiB --steps 40");
    let size = folder.read("in.siren").len();
    assert!((993..=1024).contains(&size), "{size}");
    folder.ok("encode in.png -f --bpp 0.5 --steps 150");
    let size = folder.read("in.siren").len();
    assert!((373..=384).contains(&size), "{size}");
}

#[test]
fn half_floats_take_the_size_of_the_network() {
    let folder = Folder::with("in.png", &waves());
    folder.ok("encode in.png -f --weights f16 --layers 2 --width 8 --steps 40");
    let halves = folder.read("in.siren").len();
    folder.ok("encode in.png -f --layers 2 --width 8 --steps 40");
    let levels = folder.read("in.siren").len();
    assert!(levels < halves * 6 / 10, "{levels} against {halves}");
    let run = folder.run("encode in.png -f --weights f16 --bytes 500");
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("half floats"), "{}", run.stderr);
}

#[test]
fn an_impossible_size_is_refused_with_the_least_there_is() {
    let folder = Folder::with("in.png", &waves());
    let run = folder.run("encode in.png --bytes 20 --layers 3 --width 30 --steps 4");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("at least"), "{}", run.stderr);
    assert_eq!(folder.names(), ["in.png"]);
}

#[test]
fn a_psnr_is_reached_and_hardly_passed() {
    let folder = Folder::with("in.png", &waves());
    // A file of so few bytes can pass it by more.
    for (asked, most) in [(20.0, 22.0), (24.0, 24.25), (29.0, 29.25)] {
        let run = folder.ok(&format!(
            "encode in.png -f --psnr {asked} --steps 500 --json"
        ));
        let psnr = run.json()[0]["psnr"].as_f64().expect("a number");
        assert!((asked..most).contains(&psnr), "{psnr} for {asked}");
    }
    let sizes = [10, 40].map(|quality| {
        folder.ok(&format!("encode in.png -f --quality {quality} --steps 300"));
        folder.read("in.siren").len()
    });
    assert!(sizes[0] < sizes[1], "{sizes:?}");
}

#[test]
fn a_psnr_that_cannot_be_had_is_refused_with_the_nearest() {
    let folder = Folder::with("in.png", &waves());
    folder.fails(
        1,
        "encode in.png --psnr 95 --steps 60",
        &["in.png", "95 dB", "nearest is", "bytes"],
    );
    assert_eq!(folder.names(), ["in.png"]);
    folder.fails(2, "encode in.png --psnr 1", &["5 to 100"]);
    folder.fails(2, "encode in.png --quality 101", &["0 to 100"]);
    folder.fails(2, "encode in.png --quality 50 --width 9", &["width"]);
    folder.fails(
        2,
        "encode in.png --quality 50 --bytes 900",
        &["cannot be used with"],
    );
}
