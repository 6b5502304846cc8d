//! Stores a picture as a network and looks at a part of it, four times as large.
//!
//! ```sh
//! cargo run --release --example zoom --no-default-features --features encode
//! ```

use sirenc::{Decoder, Encoder, Picture, Region, Samples, View};

fn main() -> Result<(), sirenc::Error> {
    // Rings of 96 x 64 pixels; your own pixels go here.
    let ring = |x: f32, y: f32| 127.5 + 127.5 * (0.006 * (x * x + y * y)).sin();
    let pixels = (0..96 * 64).map(|i| ring((i % 96) as f32 - 48.0, (i / 96) as f32 - 32.0) as u8);
    let picture = Picture::new(96, 64, 1, Samples::U8(pixels.collect()))?;

    let encoded = Encoder::new()
        .with_bytes(400)
        .with_effort(3)?
        .encode(&picture)?;
    println!("{} bytes, {:.1} dB", encoded.bytes.len(), encoded.psnr);

    // The region is one of the enlarged picture.
    let decoder = Decoder::new(&encoded.bytes)?;
    let (x, y, width, height) = (100, 60, 160, 120);
    let region = Region {
        x,
        y,
        width,
        height,
    };
    let detail = decoder.picture(&View::scaled(&decoder, 4.0)?.with_region(region)?)?;
    println!(
        "a detail of {} x {} pixels",
        detail.width(),
        detail.height()
    );
    Ok(())
}
