//! EXIF and XMP: carried, tidied, and said to be left out.

use super::colours::png;
use super::{Folder, QUICK, gradient};
use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};
use std::io::Cursor;

const XMP: &str =
    "<x tiff:Orientation=\"6\" exif:GPSLatitude=\"47,22N\"><dc:title>Lake</dc:title></x>";

/// A structure in which a camera, an orientation of 6 and a place are found, written by hand.
fn exif() -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x03\0".to_vec();
    tiff.extend(b"\x0F\x01\x02\0\x08\0\0\0\x32\0\0\0");
    tiff.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    tiff.extend(b"\x25\x88\x04\0\x01\0\0\0\x3A\0\0\0");
    tiff.extend(b"\0\0\0\0Leicant\0");
    // The place: north, and so many degrees.
    tiff.extend(b"\x02\0\x01\0\x02\0\x02\0\0\0N\0\0\0\x02\0\x05\0\x01\0\0\0\x58\0\0\0\0\0\0\0");
    tiff.extend(b"\x2F\0\0\0\x01\0\0\0");
    tiff
}

/// A JPEG that is to be seen on its side, of stripes that no few weights make.
fn photograph() -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let stripes = image::RgbImage::from_fn(48, 32, |x, y| {
        image::Rgb([(x * x * 7 + y * 5) as u8, (x * y) as u8, (y * y * 3) as u8])
    });
    let picture = image::DynamicImage::from(stripes);
    picture
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .expect("a JPEG");
    let mut bytes = file.into_inner();
    let bodies = [
        [&b"Exif\0\0"[..], &exif()].concat(),
        [&b"http://ns.adobe.com/xap/1.0/\0"[..], XMP.as_bytes()].concat(),
    ];
    for body in bodies.into_iter().rev() {
        let length = (body.len() as u16 + 2).to_be_bytes();
        bytes.splice(2..2, [&[0xFF, 0xE1], &length[..], &body].concat());
    }
    bytes
}

type Bytes = Option<Vec<u8>>;

/// Size, EXIF and XMP of a picture, as others read them.
fn read(bytes: &[u8]) -> ((u32, u32), Bytes, Bytes) {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut decoder = reader.expect("no I/O").into_decoder().expect("a picture");
    let exif = decoder.exif_metadata().expect("readable");
    let xmp = decoder.xmp_metadata().expect("readable");
    let size = decoder.dimensions();
    image::load_from_memory(bytes).expect("a whole picture");
    (size, exif, xmp)
}

fn has(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

#[test]
fn metadata_is_left_out_with_a_word_or_carried() {
    let folder = Folder::new();
    folder.write("a.jpg", photograph());
    folder.write("b.jpg", photograph());
    let run = folder.ok(&format!("encode a.jpg b.jpg {QUICK}"));
    let told = "EXIF or XMP of 2 pictures left out; carry it with --metadata all";
    assert_eq!(run.text().matches(told).count(), 1, "{}", run.text());
    folder.ok("decode a.siren -o plain.jpg");
    assert_eq!(read(&folder.read("plain.jpg")), ((32, 48), None, None));

    let run = folder.ok(&format!("encode a.jpg -f --metadata all {QUICK}"));
    let told = "the place of 1 picture left out of what is carried; keep it with --gps";
    assert!(run.text().contains(told), "{}", run.text());
    for extension in ["png", "jpg", "webp"] {
        folder.ok(&format!("decode a.siren -o out.{extension}"));
        let (size, exif, xmp) = read(&folder.read(&format!("out.{extension}")));
        assert_eq!(size, (32, 48), "{extension}");
        let (exif, xmp) = (exif.expect("EXIF"), xmp.expect("XMP"));
        assert!(
            has(&exif, b"Leicant") && !has(&exif, b"\x2F\0\0\0\x01"),
            "{extension}"
        );
        let upright = Orientation::from_exif_chunk(&exif);
        assert_eq!(upright, Some(Orientation::NoTransforms));
        let tidied = "<x tiff:Orientation=\"1\"><dc:title>Lake</dc:title></x>";
        assert_eq!(xmp, tidied.as_bytes(), "{extension}");
    }
    folder.ok("decode a.siren -o out.tif");
    folder.ok("decode a.siren --derivative dx -o dx.png");
    assert_eq!(read(&folder.read("dx.png")), ((32, 48), None, None));

    let run = folder.ok(&format!("encode a.jpg -f --metadata all --gps {QUICK}"));
    assert!(!run.text().contains("left out"), "{}", run.text());
    folder.ok("decode a.siren -f -o out.png");
    let (_, exif, xmp) = read(&folder.read("out.png"));
    assert!(has(&exif.expect("EXIF"), b"\x2F\0\0\0\x01"));
    assert!(has(&xmp.expect("XMP"), b"exif:GPSLatitude"));
    folder.fails(
        2,
        "encode a.jpg -f --gps --metadata icc",
        &["--metadata all"],
    );
}

#[test]
fn what_is_carried_counts() {
    let folder = Folder::new();
    folder.write("a.jpg", photograph());
    let all = "encode a.jpg -f --metadata all";
    folder.ok(&format!("{all} --bytes 700 --steps 40"));
    let size = folder.read("a.siren").len();
    assert!((650..=700).contains(&size), "{size}");
    let info = folder.ok("info a.siren");
    assert!(info.text().contains("\n    EXIF ") && info.text().contains("\n    XMP "));
    folder.fails(
        1,
        &format!("{all} --bytes 100 --steps 40"),
        &[
            "a.jpg: its EXIF and XMP take ",
            "more than a third of the 100",
        ],
    );
    let run = folder.ok(&format!("{all} {QUICK} --json"));
    let facts = &run.json()[0];
    let size = folder.read("a.siren").len() as u64;
    assert_eq!(
        (facts["bytes"].as_u64(), facts["bpp"].as_f64()),
        (Some(size), Some(size as f64 / 192.0))
    );
}

/// WebP has a form without any metadata, which must be turned into the other one.
#[test]
fn xmp_alone_is_carried_with_transparency_and_without() {
    let folder = Folder::new();
    for (name, picture) in [("rgb", gradient(12, 8)), ("rgba", glass())] {
        let text = [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], b"<x>odd</x>"].concat();
        folder.write(&format!("{name}.png"), png(&picture, &[(b"iTXt", text)]));
        folder.ok(&format!("encode {name}.png --metadata all {QUICK}"));
        folder.ok(&format!("decode {name}.siren -o {name}.webp"));
        folder.ok(&format!("decode {name}.siren -o again.png -f"));
        let file = folder.read(&format!("{name}.webp"));
        let found = ((12, 8), None, Some(b"<x>odd</x>".to_vec()));
        assert_eq!(read(&file), found, "{name}");
        let same = folder.picture(&format!("{name}.webp")) == folder.picture("again.png");
        assert!(same, "{name}");
    }
}

fn glass() -> image::DynamicImage {
    let mut picture = gradient(12, 8).to_rgba8();
    picture
        .pixels_mut()
        .for_each(|pixel| pixel.0[3] = pixel.0[0] / 2);
    picture.into()
}
