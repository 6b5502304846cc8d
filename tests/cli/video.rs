//! Videos in and out.

use super::Folder;
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Delay, Frame, Rgba, RgbaImage};
use std::io::Cursor;

const SIZE: [u32; 2] = [16, 12];
/// A fit that takes a second.
const SMALL: &str = "--layers 3 --width 24 --steps 600";

/// A bright ball on a gradient, `frames` frames of it.
fn colours(frame: u32, x: u32, y: u32) -> [u8; 3] {
    let (dx, dy) = (f64::from(x) - f64::from(frame) - 4.0, f64::from(y) - 6.0);
    let ball = (160.0 * (-(dx * dx + dy * dy) / 9.0).exp()) as u8;
    [40 + ball, 60 + 8 * y as u8, 20 + ball / 2 + 5 * x as u8]
}

/// A Y4M of `frames` frames in 4:4:4, full range, so that Y is what it says. `fields` follow the size.
fn y4m(frames: u32, fields: &str) -> Vec<u8> {
    let [width, height] = SIZE;
    let mut bytes = format!("YUV4MPEG2 W{width} H{height}{fields}\n").into_bytes();
    let pixels = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    for frame in 0..frames {
        bytes.extend(b"FRAME\n");
        bytes.extend(pixels().map(|(x, y)| colours(frame, x, y)[0]));
        if !fields.contains("mono") {
            bytes.extend(pixels().map(|(x, y)| 100 + colours(frame, x, y)[2] / 8));
            bytes.extend(pixels().map(|(x, y)| 90 + colours(frame, x, y)[1] / 4));
        }
    }
    bytes
}

/// The header of a Y4M and its frames.
fn frames(bytes: &[u8], length: usize) -> (String, Vec<&[u8]>) {
    let end = bytes.iter().position(|&b| b == b'\n').expect("a header") + 1;
    let header = String::from_utf8(bytes[..end - 1].to_vec()).expect("text");
    let frames = bytes[end..].chunks(length + 6).map(|frame| {
        assert_eq!(&frame[..6], b"FRAME\n");
        assert_eq!(frame.len(), length + 6);
        &frame[6..]
    });
    (header, frames.collect())
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |(&a, &b): (&u8, &u8)| f64::from(a.abs_diff(b)).powi(2);
    let sum: f64 = a.iter().zip(b).map(square).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / sum.max(1e-9)).log10()
}

#[test]
fn a_clip_comes_back() {
    let folder = Folder::new();
    let fields = " F25:1 Ip A1:1 C444";
    folder.write("in.y4m", y4m(8, fields));
    let told = folder.ok(&format!("encode in.y4m --json {SMALL}"));
    let told = &told.json()[0];
    assert_eq!(
        (told["kind"].as_str(), told["frames"].as_u64()),
        (Some("video"), Some(8))
    );
    assert_eq!(told["rate"], serde_json::json!([25, 1]));
    let mean = told["psnr"].as_f64().expect("a number");
    assert!(mean > 32.0, "{mean} dB");

    folder.ok("decode in.siren -o out.y4m --chroma 444");
    let (written, given) = (folder.read("out.y4m"), folder.read("in.y4m"));
    let (header, decoded) = frames(&written, 16 * 12 * 3);
    assert_eq!(header, "YUV4MPEG2 W16 H12 F25:1 Ip A1:1 C444");
    let (_, original) = frames(&given, 16 * 12 * 3);
    assert_eq!(decoded.len(), original.len());
    for (a, b) in original.iter().zip(&decoded) {
        assert!(psnr(a, b) > 30.0, "{} dB", psnr(a, b));
    }

    // Twice the rate: every second frame is exactly a stored one, the others are neither neighbour.
    folder.ok("decode in.siren -o twice.y4m --chroma 444 --fps 50");
    let written = folder.read("twice.y4m");
    let (header, twice) = frames(&written, 16 * 12 * 3);
    assert_eq!(header, "YUV4MPEG2 W16 H12 F50:1 Ip A1:1 C444");
    assert_eq!(twice.len(), 16);
    for (index, frame) in decoded.iter().enumerate() {
        assert_eq!(frame, &twice[2 * index]);
        assert_ne!(frame, &twice[2 * index + 1]);
    }

    // A part of it, larger: of 4:2:0, with odd sides.
    folder.ok("decode in.siren -o part.y4m --from 0.08 --to 0.2 --size 33x25");
    let (header, part) = (folder.read("part.y4m"), 33 * 25 + 2 * 17 * 13);
    let (header, part) = frames(&header, part);
    assert_eq!(header, "YUV4MPEG2 W33 H25 F25:1 Ip A1:1 C420jpeg");
    assert_eq!(part.len(), 3);
    folder.ok("decode in.siren -o third.y4m --from 0.08 --to 0.2 --chroma 444 --threads 1");
    let third = folder.read("third.y4m");
    assert_eq!(frames(&third, 16 * 12 * 3).1, decoded[2..5]);
    folder.fails(
        1,
        "decode in.siren -o x.y4m --from 3",
        &["range of time", "0.32 s"],
    );
    let info = folder.ok("info in.siren");
    assert!(
        info.text()
            .contains("8 frames of 16 x 12 pixels, 25 a second, RGB"),
        "{}",
        info.text()
    );
}

#[test]
fn pipes_and_pictures_and_animations() {
    let folder = Folder::new();
    // From a pipe the same as from a file, and gray.
    let gray = y4m(6, " F30000:1001 Cmono");
    folder.write("gray.y4m", &gray);
    folder.ok(&format!("encode gray.y4m {SMALL} --quiet"));
    let piped = folder.run_with(&format!("encode - {SMALL} --quiet"), &gray);
    assert_eq!(
        (piped.status, &piped.stdout),
        (0, &folder.read("gray.siren"))
    );
    let out = folder.run_with("decode -", &piped.stdout);
    let (header, decoded) = frames(&out.stdout, 16 * 12);
    assert_eq!(header, "YUV4MPEG2 W16 H12 F30000:1001 Ip A1:1 Cmono");
    assert_eq!(decoded.len(), 6);

    // A picture a frame holds the samples themselves.
    folder.ok("decode gray.siren -o f-%02d.png --region 1,2,7,5");
    assert_eq!(
        folder
            .names()
            .iter()
            .filter(|name| name.starts_with("f-"))
            .count(),
        6
    );
    let picture = folder.picture("f-06.png");
    assert_eq!((picture.width(), picture.height()), (7, 5));
    let first = folder.picture("f-01.png").to_luma8();
    let luma = |gray: u8| (16.0 + f64::from(gray) * 219.0 / 255.0).round() as u8;
    assert_eq!(luma(first.get_pixel(0, 0)[0]), decoded[0][2 * 16 + 1]);
    folder.fails(
        1,
        "decode gray.siren -o f-%02d.png",
        &["f-01.png", "--force"],
    );
    folder.fails(2, "decode gray.siren -o f.png", &["frame-%04d.png"]);
    folder.fails(2, "decode gray.siren -o f.jpg", &[".y4m", ".gif"]);

    folder.ok("decode gray.siren -o gray.gif --fps 30");
    let read = folder.read("gray.gif");
    let gif = GifDecoder::new(Cursor::new(&read)).expect("a GIF");
    let shown = gif.into_frames().collect_frames().expect("frames");
    // 6 frames of 30000/1001 a second last as long as 6.006 of 30, which is 7 that begin within.
    assert_eq!(shown.len(), 7);
    let delays: Vec<u32> = shown
        .iter()
        .map(|frame| frame.delay().numer_denom_ms().0)
        .collect();
    assert_eq!(delays, [30, 40, 30, 30, 40, 30, 30]);
    folder.fails(1, "decode gray.siren -o fast.gif --fps 60", &["--fps 50"]);

    folder.ok(&format!("encode gray.gif -o again.siren {}", super::QUICK));
    let info = folder.ok("info again.siren --json");
    assert_eq!(info.json()[0]["frames"], 7);
}

#[test]
fn an_animation_of_one_frame_is_a_picture() {
    let folder = Folder::new();
    for (name, count) in [("one", 1), ("two", 2)] {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        for index in 0..count {
            let colour = |x, y| Rgba([20 * x as u8, 20 * y as u8, 90 * index, 255]);
            let delay = Delay::from_numer_denom_ms(200, 1);
            let frame = Frame::from_parts(RgbaImage::from_fn(8, 8, colour), 0, 0, delay);
            encoder.encode_frame(frame).expect("a frame");
        }
        drop(encoder);
        folder.write(&format!("{name}.gif"), &bytes);
        let kind = if count == 1 { "picture" } else { "video" };
        folder.ok(&format!("encode {name}.gif {}", super::QUICK));
        let info = folder.ok(&format!("info {name}.siren --json"));
        assert_eq!(info.json()[0]["kind"], kind);
        let piped = folder.run_with(&format!("encode - {}", super::QUICK), &bytes);
        assert_eq!(piped.stdout, folder.read(&format!("{name}.siren")));
    }
    let info = folder.ok("info two.siren --json");
    assert_eq!(info.json()[0]["rate"], serde_json::json!([5, 1]));
    folder.fails(
        2,
        "decode one.siren --fps 5",
        &["one.siren: holds a picture; --fps"],
    );
}

#[test]
fn videos_that_cannot_be_read_say_why() {
    let folder = Folder::new();
    let whole = y4m(3, " F25:1 C444");
    for (name, bytes, words) in [
        (
            "cut",
            &whole[..whole.len() - 7],
            &["frame 3", "7 of 576 bytes"],
        ),
        ("deep", &y4m(1, " F25:1 C420p10")[..], &["420p10", "8 bits"]),
        (
            "fields",
            &y4m(1, " F25:1 It C444")[..],
            &["interlaced", "bwdif"],
        ),
        (
            "none",
            b"YUV4MPEG2 W4 H4 F25:1\n",
            &["without frames", "none"],
        ),
        (
            "huge",
            b"YUV4MPEG2 W999999999 H999999999 F25:1\nFRAME\n",
            &["not whole", "frame 1"],
        ),
    ] {
        folder.write(&format!("{name}.y4m"), bytes);
        folder.fails(1, &format!("encode {name}.y4m"), words);
    }
}
