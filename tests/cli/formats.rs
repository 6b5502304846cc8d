//! Kinds of pictures read and written.

use super::{Folder, QUICK, gradient};
use image::codecs::png::PngEncoder;
use image::{ColorType, DynamicImage, ImageDecoder, ImageEncoder, ImageReader};
use std::io::Cursor;

/// Encodes `in.png` and decodes it to `out.png`.
fn round_trip(folder: &Folder) -> DynamicImage {
    folder.ok(&format!("encode in.png {QUICK} -o in.siren"));
    folder.ok("decode in.siren -o out.png");
    folder.picture("out.png")
}

#[test]
fn channels_and_depth_survive() {
    let mut rgba = gradient(24, 16).to_rgba8();
    rgba.put_pixel(3, 3, image::Rgba([1, 2, 3, 100]));
    let rgba = DynamicImage::from(rgba);
    for (source, kept) in [
        (gradient(24, 16), ColorType::Rgb8),
        (gradient(24, 16).to_luma8().into(), ColorType::L8),
        (gradient(24, 16).to_luma16().into(), ColorType::L16),
        (gradient(24, 16).to_rgb16().into(), ColorType::Rgb16),
        (rgba.clone(), ColorType::Rgba8),
        (rgba.to_rgba16().into(), ColorType::Rgba16),
        (rgba.to_luma_alpha8().into(), ColorType::La8),
        (rgba.to_luma_alpha16().into(), ColorType::La16),
    ] {
        let decoded = round_trip(&Folder::with("in.png", &source));
        assert_eq!(decoded.color(), kept);
        assert_eq!((decoded.width(), decoded.height()), (24, 16));
    }
}

#[test]
fn opaque_alpha_is_dropped() {
    for (source, kept) in [
        (
            DynamicImage::from(gradient(20, 10).to_rgba8()),
            ColorType::Rgb8,
        ),
        (gradient(20, 10).to_luma_alpha16().into(), ColorType::L16),
    ] {
        assert_eq!(round_trip(&Folder::with("in.png", &source)).color(), kept);
    }
}

#[test]
fn thin_and_tiny_pictures_survive() {
    for (width, height) in [(1, 1), (1, 1000), (1000, 1), (2, 3)] {
        let decoded = round_trip(&Folder::with("in.png", &gradient(width, height)));
        assert_eq!((decoded.width(), decoded.height()), (width, height));
    }
}

#[test]
fn a_fit_looks_like_its_picture() {
    let source = gradient(32, 24);
    let folder = Folder::with("in.png", &source);
    let run = folder.ok("encode in.png --layers 2 --width 12 --steps 500 --json");
    assert!(
        run.json()[0]["psnr"].as_f64() > Some(25.0),
        "{}",
        run.text()
    );
    folder.ok("decode in.siren -o out.png");
    for (a, b) in source
        .to_rgb8()
        .iter()
        .zip(folder.picture("out.png").to_rgb8().iter())
    {
        assert!(a.abs_diff(*b) < 60);
    }
}

/// A JPEG, bright on the left, with an EXIF header that has nothing but the orientation in it.
fn oriented_jpeg(orientation: u8) -> Vec<u8> {
    let picture =
        image::GrayImage::from_fn(48, 16, |x, _| image::Luma([if x < 24 { 220 } else { 30 }]));
    let mut jpeg = Cursor::new(Vec::new());
    picture
        .write_to(&mut jpeg, image::ImageFormat::Jpeg)
        .expect("a JPEG");
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    exif.extend(b"\x01\0\x12\x01\x03\0\x01\0\0\0"); // one entry: tag 0x112, SHORT, one value
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut segment = vec![0xFF, 0xE1];
    segment.extend((exif.len() as u16 + 2).to_be_bytes());
    segment.extend(exif);
    let mut bytes = jpeg.into_inner();
    bytes.splice(2..2, segment); // right after the start-of-image marker
    bytes
}

#[test]
fn exif_orientation_is_applied() {
    let folder = Folder::new();
    // Orientation and where the bright half ends up.
    for (orientation, (x, y)) in [
        (1, (4, 8)),
        (2, (44, 8)),
        (3, (44, 8)),
        (6, (8, 4)),
        (8, (8, 44)),
    ] {
        folder.write("in.jpg", oriented_jpeg(orientation));
        folder.ok("encode in.jpg -f --layers 2 --width 12 --steps 600");
        folder.ok("decode in.siren -f");
        let decoded = folder.picture("in.png").to_luma8();
        let upright = if orientation < 5 { (48, 16) } else { (16, 48) };
        assert_eq!(decoded.dimensions(), upright, "orientation {orientation}");
        let opposite = decoded.get_pixel(upright.0 - 1 - x, upright.1 - 1 - y);
        assert!(
            decoded.get_pixel(x, y).0[0] > opposite.0[0] + 60,
            "orientation {orientation}"
        );
    }
}

/// An ICC profile as far as its header, with the colour space it is for.
fn profile(space: &[u8; 4]) -> Vec<u8> {
    let mut profile = vec![7; 300];
    profile[16..20].copy_from_slice(space);
    profile
}

fn icc(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .expect("no I/O");
    reader
        .into_decoder()
        .expect("a picture")
        .icc_profile()
        .expect("a readable profile")
}

fn with_icc(picture: &DynamicImage, profile: Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    encoder.set_icc_profile(profile).expect("PNG has profiles");
    picture.write_with_encoder(encoder).expect("a PNG");
    file
}

#[test]
fn colour_profile_is_carried() {
    let folder = Folder::new();
    folder.write("in.png", with_icc(&gradient(64, 64), profile(b"RGB ")));
    folder.ok(&format!("encode in.png {QUICK}"));
    for name in ["out.png", "out.jpg", "out.webp", "out.tif"] {
        folder.ok(&format!("decode in.siren -o {name}"));
        assert!(
            icc(&folder.read(name)) == Some(profile(b"RGB ")),
            "written to {name}"
        );
        folder.ok(&format!("encode {name} -o again.siren -f {QUICK}"));
        folder.ok("decode again.siren -o again.png -f");
        assert!(
            icc(&folder.read("again.png")) == Some(profile(b"RGB ")),
            "read from {name}"
        );
    }
}

#[test]
fn colour_profile_of_another_colour_space_is_dropped() {
    let folder = Folder::new();
    folder.write("in.png", with_icc(&gradient(16, 16), profile(b"CMYK")));
    round_trip(&folder);
    assert_eq!(icc(&folder.read("out.png")), None);

    let gray = gradient(16, 16).to_luma8().into();
    folder.write("gray.png", with_icc(&gray, profile(b"GRAY")));
    folder.ok(&format!("encode gray.png {QUICK}"));
    folder.ok("decode gray.siren -o gray.webp");
    folder.ok("decode gray.siren -o again.png");
    assert_eq!(icc(&folder.read("gray.webp")), None, "WebP has no gray");
    assert_eq!(icc(&folder.read("again.png")), Some(profile(b"GRAY")));
}

#[test]
fn lossless_formats_hold_the_same_picture() {
    let mut alpha = gradient(20, 12).to_rgba16();
    alpha.get_pixel_mut(0, 0).0[3] = 0;
    let (alpha, rgb) = (DynamicImage::from(alpha), gradient(20, 12));
    for (source, names, kept) in [
        (
            rgb.clone(),
            "webp tif tiff bmp tga qoi ppm pnm pam PNG",
            ColorType::Rgb8,
        ),
        (
            rgb.to_luma8().into(),
            "tif tga pgm pnm pam png",
            ColorType::L8,
        ),
        (rgb.to_luma8().into(), "webp bmp qoi ppm", ColorType::Rgb8),
        (rgb.to_rgb16().into(), "tif ppm pnm pam", ColorType::Rgb16),
        (rgb.to_rgb16().into(), "webp bmp qoi", ColorType::Rgb8),
        (alpha.clone(), "tif pam", ColorType::Rgba16),
        (alpha.clone(), "webp bmp tga qoi", ColorType::Rgba8),
        (alpha.to_luma_alpha16().into(), "tif", ColorType::Rgba16),
        (alpha.to_luma_alpha8().into(), "webp tga", ColorType::Rgba8),
    ] {
        let folder = Folder::with("in.png", &source);
        let reference = round_trip(&folder);
        for extension in names.split_whitespace() {
            let name = format!("as.{extension}");
            folder.ok(&format!("decode in.siren -o {name}"));
            let mut reader = ImageReader::open(folder.path(&name)).expect("a file");
            reader = reader.with_guessed_format().expect("no I/O");
            let written = reader
                .decode()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(written.color(), kept, "{name}");
            // BMP stores gray as a palette of gray, which is read as RGB.
            let same = match kept {
                ColorType::Rgb16 | ColorType::Rgba16 => {
                    written.to_rgba16() == reference.to_rgba16()
                }
                _ => written.to_rgba8() == reference.to_rgba8(),
            };
            assert!(same, "{name}");
        }
    }
}

#[test]
fn what_a_format_cannot_store_is_said() {
    let mut alpha = gradient(8, 8).to_rgba8();
    alpha.get_pixel_mut(0, 0).0[3] = 0;
    let folder = Folder::with("in.png", &alpha.into());
    gradient(8, 8).save(folder.path("rgb.png")).expect("a PNG");
    folder.ok(&format!("encode in.png rgb.png {QUICK}"));
    folder.fails(
        1,
        "decode in.siren -o out.jpg",
        &["in.siren", "transparency", "JPEG", ".png"],
    );
    folder.fails(1, "decode in.siren -o out.ppm", &["transparency", "PPM"]);
    folder.fails(1, "decode rgb.siren -o out.pgm", &["colours", "PGM"]);
    folder.fails(2, "decode in.siren -o out.gif", &[".gif", ".png", ".jpg"]);
    assert_eq!(
        folder.names(),
        ["in.png", "in.siren", "rgb.png", "rgb.siren"]
    );
}

/// What people have and is not read is called by its name, with the command that converts it.
#[test]
fn foreign_formats_are_told_with_a_command_that_converts_them() {
    let folder = Folder::new();
    let brand = |brand: &str| [b"\0\0\0\x20ftyp", brand.as_bytes(), &[0; 40]].concat();
    for (name, bytes, words) in [
        (
            "a.avif",
            brand("avif"),
            "is an AVIF picture, which is not read; convert it with `avifdec",
        ),
        (
            "a.heic",
            brand("heic"),
            "is a HEIC picture, which is not read; convert it with `heif-dec",
        ),
        ("a.heif", brand("mif1"), "`heif-dec IN.heic OUT.png`"),
        (
            "a.mov",
            brand("qt  "),
            "is a QuickTime video, which is not read; convert it with `ffmpeg",
        ),
        (
            "a.mp4",
            brand("isom"),
            "is an MPEG-4 video, which is not read; convert it with `ffmpeg",
        ),
        (
            "b.mp4",
            brand("mp42"),
            "`ffmpeg -i IN -f yuv4mpegpipe - | sirenc encode - -o OUT.siren`",
        ),
        (
            "a.webm",
            b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81".to_vec(),
            "Matroska or WebM",
        ),
        (
            "a.jxl",
            b"\xFF\x0A\xFA\x1F\x01\x90".to_vec(),
            "`djxl IN.jxl OUT.png`",
        ),
        (
            "b.jxl",
            b"\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14".to_vec(),
            "is a JPEG XL picture",
        ),
        (
            "a.psd",
            b"8BPS\0\x01\0\0\0\0\0\0".to_vec(),
            "is a Photoshop picture",
        ),
        (
            "a.glb",
            b"glTF\x02\0\0\0\0\0\0\0".to_vec(),
            "`assimp export IN.glb OUT.ply`. Meshes are read from .ply, .obj and .stl",
        ),
        (
            "a.gltf",
            b"{\n  \"scene\": 0,\n  \"asset\": { \"version\": \"2.0\" }\n}".to_vec(),
            "is a glTF model",
        ),
    ] {
        folder.write(name, bytes);
        folder.fails(1, &format!("encode {name}"), &[&format!("{name}: "), words]);
    }
}
