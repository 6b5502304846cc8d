//! A clip whose every moment is known: a square window that moves, turns and closes in over a photograph.
//!
//! ```sh
//! cargo run --release --example clip -- make photo.png clip.y4m 64 2     # every second one of 64 frames
//! sirenc encode clip.y4m
//! cargo run --release --example clip -- compare photo.png clip.siren 64  # with all 64
//! ```
//!
//! `compare` tells the mean PSNR of the frames that were stored, of those between two of them, which the fit
//! never saw, and of what blending the two decoded neighbours of such a frame would give in its place.

use image::RgbImage;
use sirenc::{FrameTimes, Samples, VideoDecoder};
use std::error::Error;
use std::f64::consts::{PI, TAU};
use std::fs::File;
use std::io::{BufWriter, Write};

/// Side of a frame, and frames a second of the whole clip.
const SIDE: u32 = 256;
const RATE: u32 = 50;
/// Samples of the photograph along either side of a pixel.
const FINE: u32 = 3;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", photo, clip, frames, every] => make(photo, clip, frames.parse()?, every.parse()?),
        ["compare", photo, siren, frames] => compare(photo, siren, frames.parse()?),
        _ => Err(
            "give `make PHOTO CLIP.y4m FRAMES EVERY` or `compare PHOTO CLIP.siren FRAMES`".into(),
        ),
    }
}

/// Frame `frame` of `frames`, RGB.
fn frame(photo: &RgbImage, frame: u32, frames: u32) -> Vec<u8> {
    let s = f64::from(frame) / f64::from(frames);
    let (sin, cos) = (0.5 * (TAU * s).sin()).sin_cos();
    // The window stays within the photograph, however it is turned.
    let shorter = f64::from(photo.width().min(photo.height()));
    let side = shorter * (0.6 - 0.15 * (PI * s).sin());
    let x = f64::from(photo.width()) * (0.5 + 0.1 * (TAU * s).cos());
    let y = f64::from(photo.height()) * (0.5 + 0.06 * (TAU * s).sin());
    let count = SIDE * FINE;
    let place = |index: u32| (f64::from(index) + 0.5) / f64::from(count) - 0.5;
    let mut pixels = vec![0; (SIDE * SIDE * 3) as usize];
    for (index, pixel) in (0..).zip(pixels.as_chunks_mut::<3>().0) {
        let (column, row) = (index % SIDE, index / SIDE);
        let mut sum = [0.0; 3];
        for fine in 0..FINE * FINE {
            let u = side * place(column * FINE + fine % FINE);
            let v = side * place(row * FINE + fine / FINE);
            let colour = sample(photo, x + u * cos - v * sin, y + u * sin + v * cos);
            sum.iter_mut().zip(colour).for_each(|(sum, c)| *sum += c);
        }
        *pixel = sum.map(|c| (c / f64::from(FINE * FINE)).round() as u8);
    }
    pixels
}

/// The photograph at (x, y), in pixels from its corner: linear between the centres of pixels.
fn sample(photo: &RgbImage, x: f64, y: f64) -> [f64; 3] {
    let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
    let at = |dx: u32, dy: u32| {
        let column = (x as u32 + dx).min(photo.width() - 1);
        let row = (y as u32 + dy).min(photo.height() - 1);
        photo.get_pixel(column, row).0.map(f64::from)
    };
    let (a, b) = (x.fract(), y.fract());
    let corners = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
    std::array::from_fn(|c| {
        let [p, q, r, s] = corners.map(|corner| corner[c]);
        (1.0 - b) * (p + a * (q - p)) + b * (r + a * (s - r))
    })
}

fn make(photo: &str, clip: &str, frames: u32, every: u32) -> Result<()> {
    let photo = image::open(photo)?.to_rgb8();
    let mut file = BufWriter::new(File::create(clip)?);
    writeln!(
        file,
        "YUV4MPEG2 W{SIDE} H{SIDE} F{RATE}:{every} Ip A1:1 C444"
    )?;
    for index in (0..frames).step_by(every as usize) {
        file.write_all(b"FRAME\n")?;
        let pixels = frame(&photo, index, frames);
        let pixels = pixels.as_chunks::<3>().0;
        // ITU-R BT.601, limited range: Y, (B - Y) / 1.772, (R - Y) / 1.402.
        let luma = |p: &[u8; 3]| {
            let [r, g, b] = p.map(f64::from);
            0.299 * r + 0.587 * g + 0.114 * b
        };
        let byte = |value: f64| value.round() as u8;
        let y = |p: &[u8; 3]| byte(16.0 + luma(p) * 219.0 / 255.0);
        let difference = |p: &[u8; 3], channel: usize, scale: f64| {
            byte(128.0 + (f64::from(p[channel]) - luma(p)) / scale * 224.0 / 255.0)
        };
        let planes = pixels.iter().map(y);
        let planes = planes.chain(pixels.iter().map(|p| difference(p, 2, 1.772)));
        let planes = planes.chain(pixels.iter().map(|p| difference(p, 0, 1.402)));
        file.write_all(&planes.collect::<Vec<_>>())?;
    }
    Ok(file.flush()?)
}

fn compare(photo: &str, siren: &str, frames: u32) -> Result<()> {
    let photo = image::open(photo)?.to_rgb8();
    let decoder = VideoDecoder::new(&std::fs::read(siren)?)?;
    let every = frames.div_ceil(decoder.frames());
    let [rate, per] = decoder.rate();
    let moments = FrameTimes::stored(&decoder).with_rate([rate * every, per])?;
    let view = decoder.view(1.0)?;
    let mut decoded = Vec::new();
    let mut rendering = decoder.rendering(&view, &moments)?;
    for index in 0..frames {
        let mut pixels = Vec::new();
        rendering.frame(index, |strip| {
            if let Samples::U8(samples) = strip.samples {
                pixels.extend(samples);
            }
            Ok::<_, sirenc::Error>(())
        })?;
        decoded.push(pixels);
    }
    let (mut stored, mut between, mut blended, mut beyond) = (vec![], vec![], vec![], vec![]);
    for index in 0..frames as usize {
        let truth = frame(&photo, index as u32, frames);
        let psnr = psnr(&truth, &decoded[index]);
        let every = every as usize;
        let last = index / every * every;
        if index == last {
            stored.push(psnr);
        } else if let Some(next) = decoded.get(last + every) {
            between.push(psnr);
            let share = (index - last) as f64 / every as f64;
            let blend = |(&a, &b): (&u8, &u8)| {
                (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8
            };
            let blend: Vec<u8> = decoded[last].iter().zip(next).map(blend).collect();
            blended.push(self::psnr(&truth, &blend));
        } else {
            beyond.push(psnr);
        }
    }
    for (name, psnrs) in [
        ("stored frames", stored),
        ("frames between", between),
        ("the same, neighbours blended", blended),
        ("after the last", beyond),
    ] {
        let mean = psnrs.iter().sum::<f64>() / psnrs.len() as f64;
        let least = psnrs.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "{name}: {}, mean {mean:.2} dB, least {least:.2} dB",
            psnrs.len()
        );
    }
    Ok(())
}

fn psnr(truth: &[u8], decoded: &[u8]) -> f64 {
    let square = |(&a, &b): (&u8, &u8)| f64::from(a.abs_diff(b)).powi(2);
    let sum: f64 = truth.iter().zip(decoded).map(square).sum();
    10.0 * (255.0 * 255.0 * truth.len() as f64 / sum).log10()
}
