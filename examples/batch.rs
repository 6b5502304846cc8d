//! Encodes several pictures, each of a given PSNR, and tells how far it is.
//!
//! ```sh
//! cargo run --release --example batch --no-default-features --features encode
//! ```

use sirenc::{Encoder, Picture, Samples};
use std::io::{Write, stderr};
use std::ops::ControlFlow;

fn main() -> Result<(), sirenc::Error> {
    let encoder = Encoder::new().with_psnr(35.0).with_effort(2)?;
    for frequency in [0.1, 0.3, 0.6] {
        let wave = |i: i32| 127.5 + 120.0 * (frequency * (i % 48 + i / 48) as f32).sin();
        let pixels = (0..48 * 48).map(|i| wave(i) as u8).collect();
        let picture = Picture::new(48, 48, 1, Samples::U8(pixels))?;
        // To break ends the fit early, with the best that it has found.
        let encoded = encoder.encode_with(&picture, |progress| {
            let (step, steps) = (progress.step, progress.steps);
            let _ = write!(
                stderr(),
                "\r{step} of {steps} steps, {:.1} dB ",
                progress.psnr
            );
            ControlFlow::Continue(())
        })?;
        println!("{} bytes for {:.1} dB", encoded.bytes.len(), encoded.psnr);
    }
    Ok(())
}
