//! What holds of the fits of any picture, the simplest above all.

use super::{Encoder, SoundEncoder};
use crate::decode::{Decoder, View};
use crate::metric;
use crate::signal::{Picture, Samples, Sound};
use proptest::prelude::*;
use std::ops::ControlFlow;

/// A picture of one of the kinds that people try first.
fn picture(kind: usize, [width, height]: [u32; 2], channels: u8, seed: u8) -> Picture {
    let count = usize::from(channels);
    let sample = |index: usize| {
        let (pixel, channel) = (index / count, index % count);
        let [x, y] = [pixel % width as usize, pixel / width as usize];
        let [w, h] = [width as usize, height as usize];
        let tint = seed.wrapping_add(60 * channel as u8);
        if channels.is_multiple_of(2) && channel + 1 == count {
            // Alpha: all there, all hidden, or half.
            return if (x + usize::from(seed)).is_multiple_of(1 + kind % 3) {
                255
            } else {
                0
            };
        }
        match kind {
            0 => tint,
            1 => 255,
            2 => {
                if 2 * x < w {
                    tint
                } else {
                    !tint
                }
            }
            3 => [20, 130, 240][(3 * y / h + channel) % 3],
            4 => (255 * (x + y) / (w + h)) as u8,
            5 => {
                if (x, y) == (w / 2, h / 3) {
                    255
                } else {
                    3
                }
            }
            6 => ((pixel as u32).wrapping_mul(2_654_435_761) >> 13) as u8 ^ tint,
            _ => {
                let phase = 0.3 * x as f64 + 0.2 * y as f64 + channel as f64;
                (f64::from(tint / 2) + 50.0 + 50.0 * phase.sin()) as u8
            }
        }
    };
    let samples = (0..width as usize * height as usize * count)
        .map(sample)
        .collect();
    Picture::new(width, height, channels, Samples::U8(samples)).expect("a picture")
}

/// PSNR of the picture's mean colour, over all that can be seen.
fn mean_colour(picture: &Picture) -> f64 {
    let channels = usize::from(picture.channels());
    let Samples::U8(samples) = picture.samples() else {
        unreachable!("a picture of 8 bits")
    };
    let pixels = samples.chunks(channels);
    let seen = |pixel: &[u8], channel: usize| {
        !picture.has_alpha() || channel + 1 == channels || pixel[channels - 1] > 0
    };
    let mean = |channel: usize| {
        let seen: Vec<f64> = pixels
            .clone()
            .filter(|pixel| seen(pixel, channel))
            .map(|pixel| f64::from(pixel[channel]))
            .collect();
        seen.iter().sum::<f64>() / seen.len().max(1) as f64
    };
    let means: Vec<u8> = (0..channels).map(|c| mean(c).round() as u8).collect();
    let flat = means.repeat(samples.len() / channels);
    let flat = Picture::new(
        picture.width(),
        picture.height(),
        picture.channels(),
        Samples::U8(flat),
    );
    metric::psnr(picture, &flat.expect("a picture"))
}

fn encode(picture: &Picture, bytes: u64, effort: u8) -> f64 {
    let encoder = Encoder::new()
        .with_bytes(bytes)
        .with_effort(effort)
        .expect("an effort");
    let encoded = encoder.encode(picture).expect("a file");
    assert!(encoded.bytes.len() as u64 <= bytes);
    let decoder = Decoder::new(&encoded.bytes).expect("a file");
    let decoded = decoder.picture(&View::whole(&decoder)).expect("a picture");
    let psnr = metric::psnr(picture, &decoded);
    assert!(psnr == encoded.psnr || (psnr - encoded.psnr).abs() < 1e-6);
    psnr
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A file is never worse than the mean colour, and neither more effort nor more bytes make it worse.
    #[test]
    fn a_fit_is_worth_what_it_costs(
        kind in 0..8_usize,
        sides in [1..24_u32, 1..24_u32],
        channels in 1..=4_u8,
        seed in any::<u8>(),
        bytes in 64..300_u64,
        effort in 1..=2_u8,
    ) {
        let picture = picture(kind, sides, channels, seed);
        let psnr = encode(&picture, bytes, effort);
        prop_assert!(psnr >= mean_colour(&picture) - 0.05, "{} dB for one colour", psnr);
        let more = encode(&picture, bytes, effort + 1);
        prop_assert!(more >= psnr - 0.3, "effort {}: {} dB, then {}", effort, psnr, more);
        let larger = encode(&picture, 2 * bytes, effort);
        prop_assert!(larger >= psnr, "{} bytes: {} dB, then {}", bytes, psnr, larger);
    }
}

/// Rounding used to undo fits that were nearly perfect: sensitivities were measured at a noise far below its own.
#[test]
fn what_a_perfect_fit_finds_survives_rounding() {
    let bars = picture(3, [48, 48], 3, 0);
    let psnr = encode(&bars, 400, 4);
    assert!(psnr > 40.0, "{psnr} dB");
}

#[test]
fn one_colour_takes_a_handful_of_bytes_and_is_exact() {
    for (kind, channels) in [(0, 1), (1, 3), (0, 3), (1, 1)] {
        let picture = picture(kind, [40, 30], channels, 77);
        let encoded = Encoder::new().encode(&picture).expect("a file");
        assert_eq!(encoded.psnr, f64::INFINITY);
        assert!(encoded.bytes.len() <= 40, "{} bytes", encoded.bytes.len());
    }
}

/// A dark picture that varies little is fitted as well as the same picture in the middle of the range.
#[test]
fn night_is_as_good_as_day() {
    let shifted = |base: f64| {
        let samples = (0..32 * 24 * 3).map(|index: usize| {
            let (x, y) = ((index / 3 % 32) as f64, (index / 96) as f64);
            let wave = (0.25 * x + (index % 3) as f64).sin() * (0.3 * y).cos();
            (base + 7.0 * wave).round() as u8
        });
        Picture::new(32, 24, 3, Samples::U8(samples.collect())).expect("a picture")
    };
    let [night, day] = [10.0, 128.0].map(|base| encode(&shifted(base), 300, 2));
    assert!((night - day).abs() < 1.5, "{night} and {day} dB");
}

fn sound(frames: u32, sample: impl Fn(f64) -> f64) -> Sound {
    let samples = (0..frames).map(|frame| sample(f64::from(frame) / 8000.0) as f32);
    Sound::new(8000, 1, 16, samples.collect()).expect("a sound")
}

/// No file of a sound is worse than silence, and those of simple sounds are far better.
#[test]
fn simple_sounds_are_never_worse_than_silence() {
    use std::f64::consts::TAU;
    let click = |t: f64| if (t - 0.1).abs() < 1e-6 { 0.9 } else { 0.0 };
    let tone = |t: f64| 0.5 * (TAU * 440.0 * t).sin();
    let noise = |t: f64| (t * 1e7).sin();
    // The least dB at efforts 1 and 3.
    let sounds = [
        ("silence", sound(2000, |_| 0.0), [f64::INFINITY; 2]),
        ("click", sound(2000, click), [0.0; 2]),
        ("tone", sound(2000, tone), [0.0, 15.0]),
        ("noise", sound(2000, noise), [0.0; 2]),
    ];
    for (name, sound, least) in sounds {
        for (effort, least) in [1, 3].into_iter().zip(least) {
            let encoder = SoundEncoder::new().with_bytes(300).with_effort(effort);
            let encoded = encoder.and_then(|encoder| encoder.encode(&sound));
            let snr = encoded.expect("a file").snr;
            assert!(snr >= least - 0.05, "{name}: {snr} dB at effort {effort}");
        }
    }
}

/// A fit that is ended while it still looks for frequencies keeps the best that it has found, and never tells of more
/// steps than it plans.
#[test]
fn a_sound_that_is_stopped_early_keeps_what_it_has() {
    use std::f64::consts::TAU;
    let hum = sound(2000, |t| 0.5 * (TAU * 40.0 * t).sin());
    let encoder = SoundEncoder::new().with_bytes(300).with_steps(500);
    let mut last = 0;
    let encoded = encoder.encode_with(&hum, |progress| {
        assert!(progress.step <= progress.steps, "{progress:?}");
        last = progress.step;
        if progress.step < 1300 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    let snr = encoded.expect("a file").snr;
    assert!(
        last == 1300,
        "it ended after {last} steps, not within a trial"
    );
    assert!(snr > 3.0, "{snr} dB");
}

/// Every segment of a sound is fitted from frequencies that suit it, and the file holds one for all.
#[test]
fn segments_begin_at_frequencies_of_their_own() {
    use std::f64::consts::TAU;
    // A hum, and from the middle on a chord far above it.
    let sample = |t: f64| {
        let chord = [900.0, 1130.0, 1430.0].map(|f| (TAU * f * t).sin());
        let hum = 0.5 * (TAU * 15.0 * t).sin();
        if t < 0.2 {
            hum
        } else {
            0.2 * chord.iter().sum::<f64>()
        }
    };
    let sound = sound(3200, sample);
    let encoder = SoundEncoder::new().with_segments(0.2).with_steps(500);
    let levels = encoder.clone().with_bytes(900).encode(&sound);
    let halves = encoder.with_half_floats().with_width(16).encode(&sound);
    for encoded in [levels, halves] {
        let encoded = encoded.expect("a file");
        assert!(encoded.segments == 2, "{} segments", encoded.segments);
        assert!(encoded.snr > 10.0, "{} dB", encoded.snr);
    }
}
