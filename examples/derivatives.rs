//! Exact derivatives of a stored picture: at any point, and as a picture of the Laplacian.
//!
//! ```sh
//! cargo run --release --example derivatives --no-default-features --features encode
//! ```

use sirenc::ndarray::array;
use sirenc::{Decoder, Derivative, Encoder, Order, Picture, Samples, Shading, View};

fn main() -> Result<(), sirenc::Error> {
    // Brightness rises by two from column to column and by one from row to row.
    let pixels = (0..64 * 48).map(|i| (2 * (i % 64) + i / 64) as u8);
    let picture = Picture::new(64, 48, 1, Samples::U8(pixels.collect()))?;
    let encoded = Encoder::new()
        .with_bytes(200)
        .with_effort(2)?
        .encode(&picture)?;
    let decoder = Decoder::new(&encoded.bytes)?;

    // Coordinates span -1 to 1 along the longer side, and values -1 to 1 over the range of samples.
    let jets = decoder
        .field()
        .jets(array![[0.1, -0.2]].view(), Order::Laplacian)?;
    let per_pixel = 127.5 * 2.0 / 64.0;
    for (input, name) in ["x", "y"].iter().enumerate() {
        if let Some(slopes) = jets.derivatives(input) {
            println!("by {name}: {:.2} a pixel", slopes[[0, 0]] * per_pixel);
        }
    }

    let shading = Shading::fitted(&decoder, Derivative::Laplacian)?;
    let view = View::whole(&decoder).with_shading(shading);
    let laplacian = decoder.picture(&view)?;
    println!(
        "the Laplacian as {} x {} pixels",
        laplacian.width(),
        laplacian.height()
    );
    Ok(())
}
