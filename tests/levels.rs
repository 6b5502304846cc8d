//! A picture decodes to the same values whatever the instruction set, within SPEC.md, section 6.4.

use sirenc::{Encoder, Picture, Samples};
use std::process::Command;

const LEVELS: [&str; 6] = ["avx512", "avx2", "sse4.2", "sse2", "neon", "scalar"];

fn picture() -> Picture {
    let at = |i: u32| {
        let (x, y) = (f64::from(i % 96) / 96.0, f64::from(i / 96) / 64.0);
        let wave = (30.0 * x * y).sin() + (11.0 * (x - y)).cos();
        [wave, x - y, x * y].map(|v| (127.5 + 60.0 * v) as u8)
    };
    let samples = (0..96 * 64).flat_map(at).collect();
    Picture::new(96, 64, 3, Samples::U8(samples)).expect("as many samples as pixels")
}

#[test]
fn every_level_decodes_within_the_tolerance() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = |name: &str| folder.path().join(name);
    let encoder = Encoder::new().with_layers(5).with_width(24).with_steps(150);
    let encoded = encoder
        .encode(&picture())
        .expect("a picture that can be fitted");
    std::fs::write(path("a.siren"), encoded.bytes).expect("a file that can be written");

    let decode = |level: &str| {
        let output = path(&format!("{level}.png"));
        let status = Command::new(env!("CARGO_BIN_EXE_sirenc"))
            .env("SIRENC_SIMD", level)
            .args(["decode", "--force", "--quiet", "--scale", "3", "-o"])
            .args([&output, &path("a.siren")])
            .status();
        assert!(status.expect("sirenc runs").success(), "{level}");
        image::open(output).expect("a picture").to_rgb8().into_raw()
    };
    let reference = decode("scalar");
    for level in LEVELS {
        let samples = decode(level);
        let differences = reference
            .iter()
            .zip(&samples)
            .map(|(a, b)| f64::from(a.abs_diff(*b)));
        let peak = differences.clone().fold(0.0, f64::max);
        let mean_square = differences.map(|d| d * d).sum::<f64>() / samples.len() as f64;
        assert!(peak <= 1.0, "{level}: peak {peak}");
        assert!(
            mean_square.sqrt() <= 0.05,
            "{level}: RMSE {}",
            mean_square.sqrt()
        );
    }
}
