//! Pictures fitted by their derivatives: `encode --supervise` and `blend`.

use super::{Folder, QUICK, gradient};
use image::{DynamicImage, GrayImage, Luma};

/// A fit that takes a second or so.
const SHORT: &str = "--layers 2 --width 16 --steps 1000";

/// Decoded samples of two files, and by how much they differ on average.
fn far(a: &DynamicImage, b: &DynamicImage) -> f64 {
    let (a, b) = (a.to_rgb8(), b.to_rgb8());
    assert_eq!(a.dimensions(), b.dimensions());
    let pairs = a.iter().zip(b.iter());
    let sum: f64 = pairs
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs())
        .sum();
    sum / a.len() as f64
}

#[test]
fn colours_come_back_from_derivatives() {
    let picture = gradient(48, 32);
    let folder = Folder::with("in.png", &picture);
    for what in ["gradient", "laplacian"] {
        folder.ok(&format!("encode in.png --supervise {what} {SHORT} --force"));
        folder.ok("decode in.siren -o out.png --force");
        let far = far(&picture, &folder.picture("out.png"));
        assert!(far < 6.0, "{what}: {far}");
    }
}

#[test]
fn derivatives_go_with_sizes_and_any_picture() {
    let folder = Folder::with("rgb.png", &gradient(24, 16));
    let gray = GrayImage::from_fn(9, 1, |x, _| Luma([(x * 20) as u8]));
    gray.save(folder.path("row.png")).expect("a picture");
    let glass = image::RgbaImage::from_fn(8, 12, |x, y| image::Rgba([9, 80, 200, (x * y) as u8]));
    glass.save(folder.path("glass.png")).expect("a picture");
    for what in ["gradient", "laplacian"] {
        folder.ok(&format!(
            "encode rgb.png --supervise {what} --bytes 300 --steps 20 --force"
        ));
        assert!(folder.read("rgb.siren").len() <= 300);
        for name in ["row", "glass"] {
            folder.ok(&format!(
                "encode {name}.png --supervise {what} {QUICK} --force"
            ));
            folder.ok(&format!(
                "encode {name}.png --supervise {what} --weights f16 {QUICK} --force"
            ));
        }
    }
}

#[test]
fn what_cannot_be_supervised_is_refused() {
    let folder = Folder::with("in.png", &gradient(8, 8));
    folder.fails(
        2,
        "encode in.png --supervise edges",
        &["edges", "laplacian"],
    );
    for target in ["--psnr 30", "--quality 50"] {
        folder.fails(
            2,
            &format!("encode in.png --supervise gradient {target}"),
            &["PSNR", "ask for a size"],
        );
    }
    GrayImage::new(5000, 1)
        .save(folder.path("long.png"))
        .expect("a picture");
    folder.fails(
        1,
        &format!("encode long.png --supervise gradient {QUICK}"),
        &["long.png", "5000", "2048"],
    );
    assert_eq!(folder.names(), ["in.png", "long.png"]);
}

#[test]
fn pictures_blend() {
    let a = gradient(32, 24);
    let folder = Folder::with("a.png", &a);
    let b: DynamicImage =
        GrayImage::from_fn(32, 24, |x, y| Luma([(255 - 3 * x - 4 * y) as u8])).into();
    b.save(folder.path("b.png")).expect("a picture");
    let mask = GrayImage::from_fn(32, 24, |x, _| Luma([if x < 16 { 0 } else { 255 }]));
    mask.save(folder.path("mask.png")).expect("a picture");
    for how in ["", "--mix 0.25", "--dominant", "--mask mask.png"] {
        let arguments = format!("blend a.png b.png -o c.siren --force --json {how} {QUICK}");
        let facts = &folder.ok(&arguments).json()[0];
        assert_eq!(facts["channels"], 3, "{how}: gray beside colour");
        folder.ok("decode c.siren -o c.png --force");
    }
    // All of one of them is that one.
    for (mix, expected) in [(0, &a), (1, &b)] {
        folder.ok(&format!(
            "blend a.png b.png -o c.siren --mix {mix} {SHORT} --force"
        ));
        folder.ok("decode c.siren -o c.png --force");
        let far = far(expected, &folder.picture("c.png"));
        assert!(far < 6.0, "{mix}: {far}");
    }
    folder.ok(&format!(
        "blend a.png b.png -o c.siren --report page.html --force {SHORT}"
    ));
    let page = String::from_utf8(folder.read("page.html")).expect("text");
    assert_eq!(page.matches("<img ").count(), 8);
    assert!(page.contains("c.siren") && !page.contains("{{"));
    let said = "correlation with the composed ";
    let (_, after) = page.split_once(said).expect(said);
    let correlation: f64 = after[..5].parse().expect("a number");
    assert!(correlation > 0.9, "{correlation}");
    let piped = folder.run_with(
        &format!("blend - b.png -o - {QUICK}"),
        &folder.read("a.png"),
    );
    assert_eq!(piped.status, 0, "{}", piped.stderr);
    folder.write("piped.siren", piped.stdout);
    folder.ok("info piped.siren");
}

#[test]
fn what_does_not_blend_is_refused() {
    let folder = Folder::with("a.png", &gradient(16, 12));
    gradient(12, 16)
        .save(folder.path("b.png"))
        .expect("a picture");
    let glass = image::RgbaImage::from_fn(16, 12, |x, _| image::Rgba([9, 80, 200, x as u8]));
    glass.save(folder.path("glass.png")).expect("a picture");
    folder.fails(2, "blend a.png -o c.siren", &["<B>"]);
    folder.fails(2, "blend a.png a.png", &["--output"]);
    folder.fails(
        2,
        "blend a.png a.png -o c.siren --mix 2",
        &["--mix", "0 to 1"],
    );
    folder.fails(
        2,
        "blend a.png a.png -o c.siren --mix 0.2 --dominant",
        &["--dominant"],
    );
    folder.fails(2, "blend - - -o c.siren", &["standard input"]);
    folder.fails(
        2,
        "blend a.png a.png -o c.siren --report c.siren",
        &["c.siren", "two results"],
    );
    folder.fails(
        1,
        "blend a.png b.png -o c.siren",
        &["b.png: is 12x16", "16x12", "scale or crop"],
    );
    folder.fails(
        1,
        "blend a.png a.png -o c.siren --mask b.png",
        &["b.png: is 12x16", "16x12"],
    );
    folder.fails(
        1,
        "blend a.png glass.png -o c.siren",
        &["glass.png: has transparency", "background"],
    );
    folder.fails(
        1,
        "blend glass.png a.png -o c.siren",
        &["glass.png: has transparency"],
    );
    folder.fails(
        1,
        "blend a.png none.png -o c.siren",
        &["none.png: cannot be read"],
    );
    gradient(16, 12)
        .save(folder.path("d.png"))
        .expect("a picture");
    folder.fails(
        1,
        "blend a.png d.png -o d.png --force",
        &["d.png is one of the pictures"],
    );
    assert_eq!(folder.names(), ["a.png", "b.png", "d.png", "glass.png"]);
}
