//! Animated pictures as videos.

use super::colours::png;
use super::{Folder, QUICK, gradient};
use image::codecs::gif::GifEncoder;
use image::{Delay, DynamicImage, Frame, Rgba, RgbaImage};

/// Frame `index` of an animation.
fn picture(index: u8) -> RgbaImage {
    RgbaImage::from_fn(16, 12, |x, y| {
        Rgba([10 * x as u8, 20 * y as u8, 40 * index, 255])
    })
}

fn gif(hundredths: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for (index, &delay) in (0..).zip(hundredths) {
        let delay = Delay::from_numer_denom_ms(10 * delay, 1);
        let frame = Frame::from_parts(picture(index), 0, 0, delay);
        encoder.encode_frame(frame).expect("a frame");
    }
    drop(encoder);
    bytes
}

/// An animated PNG with a frame for each delay, which are fractions of a second; `default` is a picture more that
/// is none of them.
fn apng(delays: &[[u16; 2]], default: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 16, 12);
    encoder.set_color(png::ColorType::Rgba);
    encoder
        .set_animated(delays.len() as u32, 0)
        .expect("frames");
    encoder.set_sep_def_img(default).expect("a default picture");
    let mut writer = encoder.write_header().expect("a header");
    if default {
        writer.write_image_data(&picture(5)).expect("a picture");
    }
    for (index, &[numerator, denominator]) in (0..).zip(delays) {
        writer
            .set_frame_delay(numerator, denominator)
            .expect("a delay");
        writer.write_image_data(&picture(index)).expect("a frame");
    }
    writer.finish().expect("the end");
    bytes
}

/// A chunk of a WebP.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn webp(milliseconds: &[u32]) -> Vec<u8> {
    // Animated and with alpha; then the size minus one, in 24 bits each.
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[0x12, 0, 0, 0, 15, 0, 0, 11, 0, 0]));
    body.extend(chunk(b"ANIM", &[0; 6]));
    for (index, &delay) in (0..).zip(milliseconds) {
        let mut still = std::io::Cursor::new(Vec::new());
        DynamicImage::from(picture(index))
            .write_to(&mut still, image::ImageFormat::WebP)
            .expect("a WebP");
        let still = still.into_inner();
        let begin = still.windows(4).position(|name| name == b"VP8L");
        let mut frame = vec![0, 0, 0, 0, 0, 0, 15, 0, 0, 11, 0, 0];
        frame.extend(&delay.to_le_bytes()[..3]);
        frame.push(2);
        frame.extend(&still[begin.expect("samples")..]);
        body.extend(chunk(b"ANMF", &frame));
    }
    chunk(b"RIFF", &body)
}

#[test]
fn every_animated_format_is_a_video() {
    let folder = Folder::new();
    for (name, bytes, rate, frames) in [
        ("a.gif", gif(&[4, 4, 4]), [25, 1], 3),
        ("a.webp", webp(&[40, 40, 40]), [25, 1], 3),
        (
            "a.png",
            apng(&[[1001, 30_000]; 3], false),
            [30_000, 1001],
            3,
        ),
        ("default.png", apng(&[[1, 10]; 3], true), [10, 1], 3),
        // No delay is a tenth of a second.
        ("none.gif", gif(&[0, 1, 0]), [10, 1], 3),
        ("none.png", apng(&[[0, 100]; 2], false), [10, 1], 2),
        ("uneven.webp", webp(&[40, 120, 80]), [25, 1], 6),
        ("one.png", apng(&[[1, 10]], false), [0, 0], 0),
        ("one.webp", webp(&[40]), [0, 0], 0),
    ] {
        folder.write(name, &bytes);
        let run = folder.ok(&format!("encode {name} -o out.siren -f {QUICK} --json"));
        let told = &run.json()[0];
        let kind = if frames == 0 { "picture" } else { "video" };
        assert_eq!(told["kind"], kind, "{name}");
        assert_eq!(run.stderr, "", "{name}");
        if frames > 0 {
            assert_eq!(told["frames"], frames, "{name}");
            assert_eq!(told["rate"], serde_json::json!(rate), "{name}");
        }
        let piped = folder.run_with(&format!("encode - {QUICK}"), &bytes);
        assert!(piped.stdout == folder.read("out.siren"), "{name}");
    }
    // The frames are those that are seen: of both formats the same file comes.
    folder.write("same.png", apng(&[[1, 25]; 3], true));
    for name in ["same.png", "a.webp"] {
        folder.ok(&format!("encode {name} -o {name}.siren {QUICK}"));
    }
    assert!(folder.read("a.webp.siren") == folder.read("same.png.siren"));
}

#[test]
fn uneven_delays_take_a_sane_number_of_frames() {
    let folder = Folder::new();
    for (delays, most) in [
        (vec![10, 300, 7], 200),
        (vec![5, 65_535], 2048),
        (vec![7, 7, 7, 7, 150], 100),
    ] {
        folder.write("in.gif", gif(&delays));
        let run = folder.ok(&format!("encode in.gif -o out.siren -f {QUICK} --json"));
        let told = &run.json()[0];
        let frames = told["frames"].as_u64().expect("frames");
        assert!(frames <= most, "{delays:?}: {frames}");
        let rate = told["rate"].clone();
        let [rate, per] = [0, 1].map(|index| rate[index].as_f64().expect("a rate"));
        assert!(rate / per <= 50.0, "{delays:?}: {rate}/{per}");
        let seconds = frames as f64 * per / rate;
        let given = f64::from(delays.iter().sum::<u32>()) / 100.0;
        assert!(
            (seconds / given - 1.0).abs() < 0.1,
            "{delays:?}: {seconds} s"
        );
        assert!(
            run.stderr.contains("in.gif") && run.stderr.contains(" s"),
            "{}",
            run.stderr
        );
        folder.ok("decode out.siren -o out.gif -f");
    }
}

#[test]
fn what_videos_do_not_store_is_said() {
    let folder = Folder::new();
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for index in 0..2 {
        let mut picture = picture(index);
        picture.put_pixel(3, 3, Rgba([0; 4]));
        encoder.encode_frame(Frame::new(picture)).expect("a frame");
    }
    drop(encoder);
    folder.write("in.gif", bytes);
    let run = folder.ok(&format!("encode in.gif {QUICK}"));
    assert!(run.stderr.contains("transparent"), "{}", run.stderr);
    // A picture that is compared is the first frame.
    folder.write("a.png", apng(&[[1, 10]; 3], false));
    let run = folder.ok("compare a.png --bytes 100 --effort 1 --against jpeg");
    assert!(run.stderr.contains("first frame"), "{}", run.stderr);
}

#[test]
fn a_gif_may_lack_its_last_byte_but_no_more() {
    let folder = Folder::new();
    let whole = gif(&[10, 10, 10]);
    folder.write("whole.gif", &whole);
    folder.write("last.gif", &whole[..whole.len() - 1]);
    for name in ["whole", "last"] {
        folder.ok(&format!("encode {name}.gif {QUICK}"));
    }
    assert!(folder.read("whole.siren") == folder.read("last.siren"));
    folder.write("cut.gif", &whole[..whole.len() - 9]);
    folder.fails(
        1,
        &format!("encode cut.gif {QUICK}"),
        &["cut.gif", "not whole"],
    );
}

#[test]
fn frames_take_no_more_than_the_limit() {
    let folder = Folder::new();
    folder.write("in.gif", gif(&[10; 6]));
    folder.fails(
        1,
        &format!("encode in.gif {QUICK} --limit memory=3000"),
        &["in.gif", "--limit memory=N"],
    );
}

#[test]
fn frames_become_srgb_too() {
    let folder = Folder::new();
    let frames = apng(&[[1, 10]; 2], false);
    folder.write("plain.png", &frames);
    let mut linear = frames;
    // The chunk that `png` inserts, of a file that is nothing else.
    let chunked = png(
        &gradient(1, 1),
        &[(b"gAMA", 100_000_u32.to_be_bytes().to_vec())],
    );
    linear.splice(33..33, chunked[33..49].iter().copied());
    folder.write("linear.png", linear);
    for name in ["plain", "linear"] {
        folder.ok(&format!("encode {name}.png {QUICK}"));
        assert_eq!(
            folder.ok(&format!("info {name}.siren --json")).json()[0]["kind"],
            "video"
        );
    }
    assert!(folder.read("plain.siren") != folder.read("linear.siren"));
}
