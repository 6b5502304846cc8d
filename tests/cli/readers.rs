//! Files that are not whole, of rare kinds, or without a signature.

use super::{Folder, QUICK, gradient};
use image::{DynamicImage, ImageFormat};
use std::io::Cursor;
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("a file");
    file.into_inner()
}

/// A picture with something everywhere.
fn busy() -> DynamicImage {
    let wave = |x: u32, y: u32, z: u32| (128 + (x * 37 + y * 59 + z * 83) % 101) as u8;
    let colour = |x, y| image::Rgb([0, 1, 2].map(|z| wave(x, y, z)));
    image::RgbImage::from_fn(80, 56, colour).into()
}

/// JPEG files of one picture, sequential and progressive, with and without restart markers.
fn jpegs() -> Vec<Vec<u8>> {
    let picture = busy().to_rgb8();
    let settings = [(false, 0), (false, 3), (true, 0), (true, 3)];
    let encode = |(progressive, interval)| {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
        encoder.set_progressive(progressive);
        encoder.set_restart_interval(interval);
        encoder
            .encode(&picture, 80, 56, jpeg_encoder::ColorType::Rgb)
            .expect("a JPEG");
        bytes
    };
    settings.map(encode).to_vec()
}

#[test]
fn a_jpeg_is_whole_or_refused() {
    let folder = Folder::new();
    for (index, whole) in jpegs().into_iter().enumerate() {
        folder.write("in.jpg", &whole);
        folder.ok(&format!("encode in.jpg -o whole.siren -f {QUICK}"));
        // With something after its end, or without the two bytes that say it.
        for bytes in [
            [&whole[..], b"more"].concat(),
            whole[..whole.len() - 2].to_vec(),
        ] {
            folder.write("in.jpg", bytes);
            folder.ok(&format!("encode in.jpg -o out.siren -f {QUICK}"));
            assert!(
                folder.read("out.siren") == folder.read("whole.siren"),
                "{index}"
            );
        }
        // Cut anywhere, also where somebody has put an end there.
        for percent in [50, 75, 95] {
            for end in [&b""[..], b"\xFF\xD9"] {
                let cut = &whole[..whole.len() * percent / 100];
                folder.write("in.jpg", [cut, end].concat());
                let run = folder.run(&format!("encode in.jpg -o out.siren -f {QUICK}"));
                assert_eq!(run.status, 1, "{index} {percent}");
                let words = ["not whole", "damaged"];
                assert!(
                    words.iter().any(|word| run.stderr.contains(word)),
                    "{}",
                    run.stderr
                );
            }
        }
    }
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_named() {
    let folder = Folder::new();
    let whole = &jpegs()[0];
    let frame = whole
        .windows(2)
        .position(|marker| marker == [0xFF, 0xC0])
        .expect("a frame");
    for (at, value, word) in [
        (1, 0xC9, "arithmetic-coded"),
        (1, 0xC3, "lossless"),
        (1, 0xC5, "hierarchical"),
        (4, 12, "12-bit"),
    ] {
        let mut bytes = whole.clone();
        bytes[frame + at] = value;
        folder.write("in.jpg", bytes);
        folder.fails(
            1,
            &format!("encode in.jpg {QUICK}"),
            &["in.jpg", word, "PNG"],
        );
    }
}

#[test]
fn a_png_may_lack_its_end_but_no_samples() {
    let folder = Folder::new();
    let whole = file(&busy(), ImageFormat::Png);
    folder.write("in.png", &whole);
    folder.ok(&format!("encode in.png -o whole.siren {QUICK}"));
    for missing in [1, 5, 12] {
        folder.write("in.png", &whole[..whole.len() - missing]);
        folder.ok(&format!("encode in.png -o out.siren -f {QUICK}"));
        assert!(
            folder.read("out.siren") == folder.read("whole.siren"),
            "{missing}"
        );
    }
    for missing in [13, 40, whole.len() / 2] {
        folder.write("in.png", &whole[..whole.len() - missing]);
        folder.fails(
            1,
            &format!("encode in.png -o out.siren -f {QUICK}"),
            &["in.png", "not whole"],
        );
    }
    let mut damaged = whole;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    folder.write("in.png", damaged);
    folder.fails(
        1,
        &format!("encode in.png -o out.siren -f {QUICK}"),
        &["damaged"],
    );
}

/// A TIFF of half-transparent pixels, whose alpha is of the kind `extra`.
fn with_alpha(colours: impl Fn(u8) -> u8, extra: u16) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut samples: Vec<u8> = Vec::new();
    for pixel in gradient(24, 16).to_rgb8().pixels() {
        samples.extend(pixel.0.map(&colours));
        samples.push(51);
    }
    let mut encoder = TiffEncoder::new(&mut bytes).expect("a TIFF");
    let mut image = encoder
        .new_image::<colortype::RGBA8>(24, 16)
        .expect("an image");
    let tags = image.encoder();
    tags.write_tag(Tag::ExtraSamples, &[extra][..])
        .expect("a tag");
    image.write_data(&samples).expect("samples");
    bytes.into_inner()
}

#[test]
fn colours_multiplied_by_alpha_become_straight() {
    let folder = Folder::new();
    // Multiples of 5 are what they were after a fifth of them has been stored.
    let fives = |v: u8| v / 5 * 5;
    folder.write("straight.tif", with_alpha(fives, 2));
    folder.write("multiplied.tif", with_alpha(|v| fives(v) / 5, 1));
    for name in ["straight", "multiplied"] {
        folder.ok(&format!("encode {name}.tif {QUICK}"));
    }
    assert!(folder.read("straight.siren") == folder.read("multiplied.siren"));
}

#[test]
fn tiffs_have_pages_and_numbers_of_64_bits() {
    let folder = Folder::with("in.png", &gradient(24, 16));
    folder.ok(&format!("encode in.png -o in.siren {QUICK}"));
    let samples = gradient(24, 16).to_rgb8().into_raw();
    let mut pages = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut pages).expect("a TIFF");
    for _ in 0..3 {
        encoder
            .write_image::<colortype::RGB8>(24, 16, &samples)
            .expect("a page");
    }
    folder.write("pages.tif", pages.into_inner());
    let mut big = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new_big(&mut big).expect("a TIFF");
    encoder
        .write_image::<colortype::RGB8>(24, 16, &samples)
        .expect("a page");
    folder.write("big.tif", big.into_inner());
    for (name, said) in [("pages", "3 pages"), ("big", "")] {
        let run = folder.ok(&format!("encode {name}.tif {QUICK}"));
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert_eq!(run.stderr.is_empty(), said.is_empty(), "{}", run.stderr);
        assert!(folder.read(&format!("{name}.siren")) == folder.read("in.siren"));
    }
    let mut deep = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut deep).expect("a TIFF");
    encoder
        .write_image::<colortype::RGB32>(24, 16, &[7; 24 * 16 * 3])
        .expect("a page");
    folder.write("deep.tif", deep.into_inner());
    folder.fails(
        1,
        &format!("encode deep.tif {QUICK}"),
        &["32 bits a sample"],
    );
}

#[test]
fn tga_needs_no_name() {
    let folder = Folder::new();
    let mut alpha = gradient(24, 16).to_rgba8();
    alpha.put_pixel(3, 3, image::Rgba([1, 2, 3, 100]));
    for picture in [
        gradient(24, 16),
        gradient(24, 16).to_luma8().into(),
        alpha.into(),
    ] {
        let bytes = file(&picture, ImageFormat::Tga);
        picture.save(folder.path("in.png")).expect("a PNG");
        folder.ok(&format!("encode in.png -f {QUICK}"));
        let piped = folder.run_with(&format!("encode - {QUICK}"), &bytes);
        assert!(piped.stdout == folder.read("in.siren"), "{}", piped.stderr);
    }
    let run = folder.run_with("encode -", b"\0\0\x02 and what is no picture at all");
    assert!(run.stderr.contains("no picture"), "{}", run.stderr);
}

#[test]
fn a_picture_of_which_nothing_is_seen_keeps_its_alpha() {
    let clear = image::RgbaImage::from_pixel(16, 16, image::Rgba([9, 99, 199, 0]));
    let folder = Folder::with("in.png", &clear.into());
    let run = folder.ok(&format!("encode in.png {QUICK} --json"));
    assert_eq!(run.json()[0]["channels"], 4);
}
