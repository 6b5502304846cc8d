//! What holds of pictures with grids of latents, the simplest above all.

use super::super::{Encoder, GridUse};
use super::fit::LatentFit;
use super::plan::{Aim, LatentPlan};
use super::round::Rounded;
use super::start;
use crate::decode::{Decoder, Region, View};
use crate::encode::meter::Stepwise;
use crate::encode::settings::Steps;
use crate::engine::net::Order;
use crate::objective::Derivatives;
use crate::objective::latents::Colours;
use crate::signal::{Picture, Samples};
use ndarray::Array2;
use siren_format::{ContextNetwork, File, Limits};
use std::ops::ControlFlow;

/// Waves and an edge.
fn picture(width: u32, height: u32, channels: u8) -> Picture {
    let sample = |index: u32| {
        let (pixel, channel) = (index / u32::from(channels), index % u32::from(channels));
        let (x, y) = (f64::from(pixel % width), f64::from(pixel / width));
        let edge = if x > 0.6 * y + 9.0 { 60.0 } else { 0.0 };
        let wave = 40.0 * (0.4 * x + 0.25 * y + f64::from(channel)).sin();
        (90.0 + edge + wave) as u8
    };
    let count = width * height * u32::from(channels);
    let samples = (0..count).map(sample).collect();
    Picture::new(width, height, channels, Samples::U8(samples)).unwrap()
}

fn encoder(bytes: u64, steps: u32) -> Encoder {
    Encoder::new()
        .with_bytes(bytes)
        .with_steps(steps)
        .with_grids(GridUse::On)
}

/// Whether the network of a file sees grids.
fn has_latents(bytes: &[u8]) -> bool {
    let file = File::from_bytes(bytes, &Limits::default()).unwrap();
    file.latents.is_some()
}

#[test]
fn files_keep_to_their_bytes_and_decode_to_the_psnr_that_is_told() {
    for (width, height, channels, bytes) in [
        (64, 48, 3, 1800),
        (33, 50, 1, 1200),
        (17, 5, 3, 900),
        (1, 1, 3, 900),
        (100, 1, 1, 900),
    ] {
        let picture = picture(width, height, channels);
        let encoded = encoder(bytes, 30).encode(&picture).unwrap();
        assert!(encoded.bytes.len() as u64 <= bytes);
        let decoder = Decoder::new(&encoded.bytes).unwrap();
        let decoded = decoder.picture(&View::whole(&decoder)).unwrap();
        let psnr = crate::metric::psnr(&picture, &decoded);
        let same = (psnr - encoded.psnr).abs() < 1e-6 || psnr == encoded.psnr;
        assert!(same, "{psnr} {}", encoded.psnr);
        assert!(psnr > 20.0, "{width} x {height}: {psnr}");
    }
}

/// Where a picture is one colour, no fit is better than the plain file of it.
#[test]
fn one_colour_is_exact() {
    let samples = Samples::U16(vec![40_000; 40 * 30]);
    let picture = Picture::new(40, 30, 1, samples).unwrap();
    let encoded = encoder(500, 20).encode(&picture).unwrap();
    assert_eq!(encoded.psnr, f64::INFINITY);
}

#[test]
fn a_psnr_is_reached() {
    let picture = picture(64, 64, 3);
    let encoder = Encoder::new()
        .with_psnr(30.0)
        .with_steps(60)
        .with_grids(GridUse::On);
    let encoded = encoder.encode(&picture).unwrap();
    assert!(encoded.psnr >= 30.0, "{}", encoded.psnr);
    assert!(has_latents(&encoded.bytes));
}

#[test]
fn what_cannot_be_is_refused() {
    let opaque = picture(20, 20, 3);
    assert!(encoder(900, 20).with_layers(3).encode(&opaque).is_err());
    let poisson = encoder(900, 20).with_supervision(Derivatives::Gradient);
    assert!(poisson.encode(&opaque).is_err());
    let clear = Samples::U8(vec![7; 4 * 400]);
    let clear = Picture::new(20, 20, 4, clear).unwrap();
    assert!(encoder(900, 20).encode(&clear).is_err());
}

/// The file is the same for any number of threads, and for a fit that was interrupted.
#[test]
fn files_are_the_same_on_any_number_of_threads_and_after_an_interruption() {
    let picture = picture(70, 40, 3);
    let encoder = encoder(1800, 24);
    let whole = encoder.encode(&picture).unwrap().bytes;
    assert!(has_latents(&whole));
    let threaded = encoder.clone().with_threads(3).encode(&picture).unwrap();
    assert!(threaded.bytes == whole, "another number of threads");
    let mut kept = None;
    let stopped = encoder.encode_resumable(&picture, None, |progress, checkpoint| {
        if progress.step < 9 {
            return ControlFlow::Continue(());
        }
        kept = checkpoint.to_bytes().ok();
        ControlFlow::Break(())
    });
    assert!(stopped.is_ok());
    let resumed = encoder.encode_resumable(&picture, kept.as_deref(), |progress, _| {
        assert!(progress.step > 9);
        ControlFlow::Continue(())
    });
    assert!(resumed.unwrap().bytes == whole, "after an interruption");
}

/// Files hold differences from the prior, or a context network of their own where that is asked for.
#[test]
fn files_have_the_prior_unless_told_otherwise() {
    let picture = picture(64, 48, 3);
    for context in [ContextNetwork::Prior, ContextNetwork::Own([5, 4])] {
        let encoder = encoder(1800, 12).with_context(context);
        let bytes = encoder.encode(&picture).unwrap().bytes;
        let file = File::from_bytes(&bytes, &Limits::default()).unwrap();
        let (grids, _) = file.header.grids().unwrap();
        assert_eq!(grids.context, context);
        let levels = file.latents.unwrap().context;
        let fitted: Vec<bool> = levels
            .iter()
            .map(|tensor| tensor.levels.iter().any(|&level| level != 0))
            .collect();
        assert_eq!(fitted[0], context != ContextNetwork::Prior);
    }
}

/// A fit counts the bits that the file takes: in floats what the format computes in integers.
#[test]
fn bits_of_a_fit_are_those_of_its_file() {
    let picture = picture(96, 80, 3);
    let colours = Colours::new(&picture);
    let plan = LatentPlan::new(&picture, Aim::Bytes(3000), Steps::Exactly(60), 0, 30);
    let (plan, analysis) = start::analyse(&colours, plan);
    let mut fit = LatentFit::new(&colours, plan, analysis).unwrap();
    for _ in 0..60 {
        fit.take().unwrap();
    }
    let exact = fit.context.clone();
    let mut rounded = Rounded::new(&mut fit).unwrap();
    let [counted, written] = rounded.bits();
    assert!(
        (written / counted - 1.0).abs() < 0.005,
        "{written} {counted}"
    );
    // The steps of the context network are no worse than the finest ones.
    let [chosen, finest] = rounded.bits_beside_finest(&exact);
    assert!(chosen <= finest, "{chosen} {finest}");
}

/// Short fits do not leave much of their bytes unused.
#[test]
fn short_fits_use_their_bytes() {
    let picture = picture(96, 80, 3);
    // The passes of efforts 1 to 3.
    for steps in [30, 70, 160] {
        let bytes = encoder(1800, steps).encode(&picture).unwrap().bytes;
        assert!(has_latents(&bytes));
        let used = bytes.len();
        assert!((1500..=1800).contains(&used), "{steps} steps: {used} bytes");
    }
}

/// A region is the crop of the whole, derivatives are those of the values, and both hold between pixels and beyond edges.
#[test]
fn latents_are_a_smooth_function_of_the_plane() {
    let picture = picture(48, 36, 3);
    let bytes = encoder(1800, 30).encode(&picture).unwrap().bytes;
    assert!(has_latents(&bytes));
    let decoder = Decoder::new(&bytes).unwrap();
    let view = View::scaled(&decoder, 2.5).unwrap();
    let whole = decoder.picture(&view).unwrap();
    let region = Region {
        x: 17,
        y: 21,
        width: 60,
        height: 40,
    };
    let part = decoder.picture(&view.with_region(region).unwrap()).unwrap();
    let rows = |picture: &Picture| match picture.samples() {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(_) => unreachable!("8 bits"),
    };
    let (whole, part, stride) = (rows(&whole), rows(&part), 120 * 3);
    for (row, part) in part.chunks_exact(60 * 3).enumerate() {
        assert_eq!(part, &whole[(row + 21) * stride + 17 * 3..][..60 * 3]);
    }

    let field = decoder.field();
    assert_eq!(field.inputs(), 2);
    let place = |i: usize, j: usize| (i as f32 * 1.37 + j as f32 * 2.1).sin() * 1.02;
    let points = Array2::from_shape_fn((200, 2), |(i, j)| place(i, j));
    let jets = field.jets(points.view(), Order::Laplacian).unwrap();
    let h = 2e-3;
    let moved = |x: f32, y: f32| {
        let points = Array2::from_shape_fn((200, 2), |(i, j)| place(i, j) + [x, y][j]);
        field.values(points.view()).unwrap()
    };
    let along = [
        moved(h, 0.0) - moved(-h, 0.0),
        moved(0.0, h) - moved(0.0, -h),
    ];
    for (input, along) in along.iter().enumerate() {
        let exact = jets.derivatives(input).unwrap();
        let scale = exact.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
        for (found, exact) in along.iter().zip(&exact) {
            assert!((found / (2.0 * h) - exact).abs() < 0.03 * scale);
        }
    }
}
