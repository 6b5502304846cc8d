//! Colours that a file says are not those of sRGB, and colour profiles.

use super::{Folder, QUICK, gradient};
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use std::io::Cursor;

/// A PNG of `picture` with `chunks`, types and data, before its samples.
pub(super) fn png(picture: &DynamicImage, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Png)
        .expect("a PNG");
    let mut bytes = file.into_inner();
    for (kind, data) in chunks.iter().rev() {
        let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
        chunk.extend(*kind);
        chunk.extend(data);
        chunk.extend(crc(&chunk[4..]).to_be_bytes());
        // After the signature and the header.
        bytes.splice(33..33, chunk);
    }
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Numbers of 32 bits, as `gAMA` and `cHRM` have them.
fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// White, red, green and blue of Display P3.
const P3: [u32; 8] = [
    31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000,
];

fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .expect("no I/O");
    let mut decoder = reader.into_decoder().expect("a picture");
    decoder.icc_profile().expect("a readable profile")
}

/// A picture with little colour, which is in sRGB whatever primaries it is said to have.
fn dull() -> DynamicImage {
    let colour = |x, y| image::Rgb([100 + 2 * x as u8, 110 + 2 * y as u8, 120 + x as u8]);
    RgbImage::from_fn(24, 16, colour).into()
}

/// A picture of the strongest colours.
fn strong() -> DynamicImage {
    let colour = |x, y| image::Rgb([255 * (x / 12) as u8, 255 - 10 * y as u8, 10 * y as u8]);
    RgbImage::from_fn(24, 16, colour).into()
}

/// The file that `name` becomes, and what is said on standard error.
fn encoded(folder: &Folder, name: &str, arguments: &str) -> (Vec<u8>, String) {
    let run = folder.ok(&format!(
        "encode {name} -f -o out.siren {QUICK} {arguments}"
    ));
    (folder.read("out.siren"), run.stderr)
}

#[test]
fn linear_light_becomes_srgb() {
    let folder = Folder::with("srgb.png", &{
        let mut picture = gradient(24, 16).to_rgb8();
        for sample in picture.iter_mut() {
            let light = f64::from(*sample) / 255.0;
            let srgb = if light <= 0.003_130_8 {
                12.92 * light
            } else {
                1.055 * light.powf(1.0 / 2.4) - 0.055
            };
            *sample = (255.0 * srgb).round() as u8;
        }
        picture.into()
    });
    folder.write(
        "gama.png",
        png(&gradient(24, 16), &[(b"gAMA", numbers(&[100_000]))]),
    );
    folder.write(
        "cicp.png",
        png(&gradient(24, 16), &[(b"cICP", vec![1, 8, 0, 1])]),
    );
    let expected = encoded(&folder, "srgb.png", "");
    assert_eq!(expected.1, "");
    for name in ["gama.png", "cicp.png"] {
        assert!(encoded(&folder, name, "") == expected, "{name}");
    }
}

#[test]
fn what_is_srgb_already_stays_as_it_is() {
    let folder = Folder::with("plain.png", &gradient(24, 16));
    let expected = encoded(&folder, "plain.png", "");
    let srgb = [
        31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000,
    ];
    for chunks in [
        vec![(b"gAMA", numbers(&[45_455]))],
        vec![(b"gAMA", numbers(&[45_455])), (b"cHRM", numbers(&srgb))],
        vec![(b"cICP", vec![1, 13, 0, 1])],
        // Others do not count beside these.
        vec![(b"cICP", vec![1, 13, 0, 1]), (b"gAMA", numbers(&[100_000]))],
        vec![(b"sRGB", vec![0]), (b"gAMA", numbers(&[100_000]))],
    ] {
        folder.write("in.png", png(&gradient(24, 16), &chunks));
        assert!(encoded(&folder, "in.png", "") == expected, "{chunks:?}");
    }
    // What cannot be meant is said.
    for (chunk, word) in [
        ((b"gAMA", numbers(&[1])), "gAMA"),
        ((b"cHRM", numbers(&[30_000; 8])), "cHRM"),
        ((b"cICP", vec![77, 13, 0, 1]), "primaries 77"),
    ] {
        folder.write("in.png", png(&gradient(24, 16), &[chunk]));
        let (file, said) = encoded(&folder, "in.png", "");
        assert!(file == expected.0 && said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_profile_is_kept_where_colours_need_it_and_there_is_room() {
    let folder = Folder::new();
    for (name, chunk) in [
        ("chrm", (b"cHRM", numbers(&P3))),
        ("cicp", (b"cICP", vec![12, 13, 0, 1])),
    ] {
        // All of it is in sRGB: the same picture in other numbers, and no profile.
        folder.write("dull.png", png(&dull(), std::slice::from_ref(&chunk)));
        let (file, said) = encoded(&folder, "dull.png", "--bytes 2000");
        assert!(file.len() < 400 && said.is_empty(), "{name}: {said}");
        folder.ok("decode out.siren -f -o out.png");
        assert_eq!(profile(&folder.read("out.png")), None, "{name}");
        folder.write("strong.png", png(&strong(), &[chunk]));
        let (file, said) = encoded(&folder, "strong.png", "--bytes 2000");
        assert!((380..1000).contains(&file.len()), "{name}: {}", file.len());
        assert_eq!(said, "");
        folder.ok("decode out.siren -f -o out.png");
        let profile = profile(&folder.read("out.png")).expect("a profile");
        assert!(profile.len() < 400, "{}", profile.len());
        // Nor is it kept where nothing is to be carried.
        let (_, said) = encoded(&folder, "strong.png", "--bytes 2000 --metadata none");
        assert!(said.contains("beyond sRGB in"), "{said}");
        folder.ok("decode out.siren -f -o out.png");
        assert_eq!(self::profile(&folder.read("out.png")), None);
        // A small file has no room for it, and says so.
        let (file, said) = encoded(&folder, "strong.png", "--bytes 300");
        assert!(file.len() < 300, "{}", file.len());
        assert!(
            said.contains("beyond sRGB in") && said.contains("strong.png"),
            "{said}"
        );
        assert_eq!(encoded(&folder, "strong.png", "--bytes 300 -q").1, "");
    }
}

#[test]
fn pictures_of_high_range_are_shown_on_a_reference_white() {
    let folder = Folder::new();
    for transfer in [16, 18] {
        folder.write(
            "in.png",
            png(&strong(), &[(b"cICP", vec![9, transfer, 0, 1])]),
        );
        let (_, said) = encoded(&folder, "in.png", "");
        assert!(
            said.contains("high dynamic range") && said.contains("203"),
            "{said}"
        );
    }
}

#[test]
fn a_profile_that_is_not_understood_never_eats_a_file() {
    let folder = Folder::new();
    let mut unknown = vec![7; 900];
    unknown[16..20].copy_from_slice(b"RGB ");
    let mut file = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    image::ImageEncoder::set_icc_profile(&mut encoder, unknown.clone()).expect("a profile");
    dull().write_with_encoder(encoder).expect("a PNG");
    folder.write("in.png", file);
    let (_, said) = encoded(&folder, "in.png", "--bytes 4000");
    assert_eq!(said, "");
    folder.ok("decode out.siren -f -o out.png");
    assert_eq!(profile(&folder.read("out.png")), Some(unknown));
    folder.fails(
        1,
        &format!("encode in.png -f -o out.siren {QUICK} --bytes 1000"),
        &["in.png", "900 bytes", "sRGB"],
    );
    let (_, said) = encoded(&folder, "in.png", "");
    assert!(said.contains("900 bytes beside"), "{said}");
}
