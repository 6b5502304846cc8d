//! Placeholders from pictures and back, and the golden ones that other decoders are held to.
//!
//! The golden files are written only on request: `SIREN_FORMAT_BLESS=1 cargo test --test tests placeholder`.

use sirenc::format::Placeholder;
use sirenc::{Picture, PlaceholderDecoder, PlaceholderEncoder, Samples, metric};
use std::fs;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/format/tests/golden/placeholders"
);
/// Pixels of the longer side of golden pictures.
const SIDE: u32 = 12;

/// A picture whose pixels `colour` makes of x and y from 0 to 1.
fn picture(
    width: u32,
    height: u32,
    channels: u8,
    colour: impl Fn(f64, f64) -> Vec<f64>,
) -> Picture {
    let pixel = |index: u32| {
        let x = (f64::from(index % width) + 0.5) / f64::from(width);
        let y = (f64::from(index / width) + 0.5) / f64::from(height);
        colour(x, y)
            .into_iter()
            .map(|value| (255.0 * value).round() as u8)
    };
    let samples = (0..width * height).flat_map(pixel).collect();
    Picture::new(width, height, channels, Samples::U8(samples)).expect("a picture")
}

/// Sky, sea and sand, and a sail.
fn beach(width: u32, height: u32) -> Picture {
    picture(width, height, 3, |x, y| {
        let sail = (x - 0.6).abs() < 0.3 * (y - 0.2) && y < 0.55;
        let bottom = 0.8 + 0.1 * (5.0 * x).sin();
        match y {
            _ if sail => vec![0.95, 0.93, 0.9],
            _ if y < 0.5 => vec![0.4 + 0.5 * y, 0.6 + 0.4 * y, 0.9],
            _ if y < bottom => vec![0.1, 0.3 + 0.1 * (40.0 * y).sin(), 0.5],
            _ => vec![0.8, 0.7 - 0.1 * x, 0.5],
        }
    })
}

/// A red disc that fades to the right, and nothing around it.
fn disc(width: u32, height: u32) -> Picture {
    picture(width, height, 4, |x, y| {
        let inside = (x - 0.5).hypot(y - 0.5) < 0.4;
        vec![0.9, 0.2, 0.1, if inside { 1.0 - 0.5 * x } else { 0.0 }]
    })
}

fn encoded(picture: &Picture, bytes: usize) -> Vec<u8> {
    let encoder = PlaceholderEncoder::new().with_bytes(bytes).expect("a size");
    encoder.encode(picture).expect("a placeholder")
}

fn decoded(bytes: &[u8], width: u32, height: u32) -> Picture {
    let decoder = PlaceholderDecoder::new(bytes).expect("a placeholder");
    decoder.picture(width, height).expect("a picture")
}

/// As format/tests/placeholders.rs has it.
fn described(placeholder: &Placeholder) -> String {
    let Placeholder {
        aspect,
        step,
        levels,
    } = placeholder;
    let mut text = format!(
        "aspect {} step {step} channels {}\n",
        aspect.code(),
        levels.len()
    );
    for (channel, levels) in levels.iter().enumerate() {
        let frequencies = Placeholder::frequencies(*aspect, *step, channel);
        for (frequency, level) in frequencies
            .iter()
            .zip(levels)
            .filter(|(_, level)| **level != 0)
        {
            text += &format!("{channel} {} {} {level}\n", frequency.k, frequency.l);
        }
    }
    text
}

/// Golden bytes decode to golden samples, red, green, blue and alpha of each pixel, to within 1.
#[test]
fn golden_placeholders_are_the_pictures_they_were() {
    for (name, source, bytes) in [
        ("beach", beach(96, 64), 32),
        ("beach-200", beach(96, 64), 200),
        ("tall", beach(60, 90), 24),
        ("cut-out", disc(80, 80), 60),
        ("odd", beach(250, 50), 40),
    ] {
        let file = |extension: &str| format!("{FOLDER}/{name}.{extension}");
        if std::env::var_os("SIREN_FORMAT_BLESS").is_some() {
            fs::create_dir_all(FOLDER).expect("a folder");
            fs::write(file("placeholder"), encoded(&source, bytes)).expect("written");
        }
        let stored = fs::read(file("placeholder")).expect("a golden placeholder");
        let decoder = PlaceholderDecoder::new(&stored).expect("a placeholder");
        let (width, height) = decoder.size_within(SIDE);
        let picture = decoder.picture(width, height).expect("a picture");
        let samples = picture.samples().eight_bits().into_owned();
        let pixels = samples.chunks_exact(picture.channels().into());
        let rgba: Vec<u8> = pixels
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], *pixel.get(3).unwrap_or(&255)])
            .collect();
        if std::env::var_os("SIREN_FORMAT_BLESS").is_some() {
            fs::write(file("rgba"), &rgba).expect("written");
            fs::write(file("txt"), described(decoder.placeholder())).expect("written");
        }
        let golden = fs::read(file("rgba")).expect("golden samples");
        assert_eq!(golden.len(), rgba.len(), "{name}");
        let differ = golden.iter().zip(&rgba).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(differ <= Some(1), "{name}: {differ:?}");
    }
}

#[test]
fn a_placeholder_never_takes_more_than_was_asked_and_uses_what_it_has() {
    let noise = picture(120, 80, 3, |x, y| {
        let hash = |salt: f64| ((x * 127.1 + y * 311.7 + salt).sin() * 43_758.545).rem_euclid(1.0);
        vec![hash(0.0), hash(1.0), hash(2.0)]
    });
    let flat = picture(7, 5, 3, |_, _| vec![0.2, 0.4, 0.9]);
    let dot = picture(1, 1, 1, |_, _| vec![1.0]);
    let strip = beach(3, 500);
    for bytes in [16, 17, 20, 32, 51, 100, 200] {
        // The least error may leave a level or two unsaid, of some 8 bits each in noise.
        let most = bytes - 1 - bytes / 50;
        for (source, least) in [
            (&noise, most),
            (&beach(96, 64), most),
            (&disc(40, 60), most),
            (&flat, 1),
            (&dot, 1),
            (&strip, 1),
        ] {
            let length = encoded(source, bytes).len();
            assert!((least..=bytes).contains(&length), "{length} of {bytes}");
        }
    }
}

#[test]
fn more_bytes_are_better() {
    let source = beach(96, 64);
    let psnr = [16, 32, 64, 128, 200]
        .map(|bytes| metric::psnr(&source, &decoded(&encoded(&source, bytes), 96, 64)));
    assert!(
        psnr.is_sorted() && psnr[1] > 19.0 && psnr[4] > 25.0,
        "{psnr:?}"
    );
    let flat = picture(9, 6, 3, |_, _| vec![0.2, 0.4, 0.9]);
    assert!(metric::psnr(&flat, &decoded(&encoded(&flat, 32), 9, 6)) > 40.0);
}

#[test]
fn aspect_ratios_are_right_to_one_in_a_hundred() {
    for (width, height) in [
        (1, 1),
        (3, 2),
        (1080, 1920),
        (137, 90),
        (90, 137),
        (1000, 7),
        (13, 12),
    ] {
        let source = picture(width, height, 3, |x, _| vec![x, 0.5, 0.5]);
        let aspect = PlaceholderDecoder::new(&encoded(&source, 16))
            .expect("a placeholder")
            .aspect();
        let ratio = aspect * f64::from(height) / f64::from(width);
        assert!((ratio - 1.0).abs() < 0.01, "{width}x{height}: {ratio}");
    }
    let thread = picture(1000, 1, 3, |x, _| vec![x, 0.5, 0.5]);
    let refused = PlaceholderEncoder::new().encode(&thread);
    assert!(refused.is_err_and(|error| error.to_string().contains("1:250 to 250:1")));
}

#[test]
fn transparency_is_kept() {
    let picture = decoded(&encoded(&disc(80, 80), 60), 20, 20);
    assert_eq!(picture.channels(), 4);
    let samples = picture.samples().eight_bits();
    let pixel = |x: usize, y: usize| &samples[4 * (20 * y + x)..][..4];
    let [corner, middle] = [pixel(0, 0), pixel(9, 10)];
    assert!(corner[3] < 40 && middle[3] > 150, "{corner:?} {middle:?}");
    assert!(
        middle[0] > 200 && middle[1] < 90 && middle[2] < 70,
        "{middle:?}"
    );
    // Opaque alpha is none.
    let opaque = self::picture(9, 9, 4, |x, y| vec![x, y, 0.5, 1.0]);
    assert_eq!(decoded(&encoded(&opaque, 32), 9, 9).channels(), 3);
    let nothing = self::picture(9, 9, 4, |_, _| vec![0.0; 4]);
    assert!(
        decoded(&encoded(&nothing, 16), 9, 9)
            .samples()
            .eight_bits()
            .chunks(4)
            .all(|p| p[3] < 3)
    );
}

/// A pixel is a mean over its area: four by four of a large picture are one of a small one.
#[test]
fn small_pictures_are_means_of_large_ones() {
    let bytes = encoded(&beach(96, 64), 200);
    let [small, large] = [(24, 16), (96, 64)].map(|(w, h)| decoded(&bytes, w, h));
    let [small, large] = [&small, &large].map(|picture| picture.samples().eight_bits());
    for (index, &sample) in small.iter().enumerate() {
        let (x, y, channel) = (index / 3 % 24, index / 72, index % 3);
        let cells = (0..16).map(|cell| (4 * y + cell / 4) * 96 + 4 * x + cell % 4);
        let of_cells: Vec<u8> = cells.map(|cell| large[3 * cell + channel]).collect();
        // Where a sample is limited, the mean of limited ones is another.
        if of_cells.iter().any(|&cell| cell == 0 || cell == 255) {
            continue;
        }
        let mean = of_cells.iter().map(|&cell| f64::from(cell)).sum::<f64>() / 16.0;
        assert!(
            (mean - f64::from(sample)).abs() <= 1.0,
            "{x} {y}: {mean} {sample}"
        );
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for bytes in [0, 15, 201] {
        let refused = PlaceholderEncoder::new().with_bytes(bytes);
        assert!(refused.is_err_and(|error| error.to_string().contains("16 to 200")));
    }
    let decoder = PlaceholderDecoder::new(&encoded(&beach(30, 20), 20)).expect("a placeholder");
    for (width, height) in [(0, 1), (1, 0), (65_536, 1)] {
        assert!(decoder.picture(width, height).is_err());
    }
    assert!(PlaceholderDecoder::new(b"").is_err());
}
