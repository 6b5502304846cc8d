//! Stores a surface as the signed distance to it, and makes a mesh of that.
//!
//! ```sh
//! cargo run --release --example shape --no-default-features --features encode
//! ```

use sirenc::{ShapeDecoder, ShapeEncoder, Surface};

fn main() -> Result<(), sirenc::Error> {
    // Points on a sphere of radius 20 around (10, 0, 0), spread by the golden angle, and where outside is.
    let normals: Vec<[f32; 3]> = (0..2000)
        .map(|i| {
            let (z, angle) = (i as f32 / 1000.0 - 0.9995, i as f32 * 2.399_963);
            let r = (1.0 - z * z).sqrt();
            [r * angle.cos(), r * angle.sin(), z]
        })
        .collect();
    let points = normals
        .iter()
        .map(|n| [10.0 + 20.0 * n[0], 20.0 * n[1], 20.0 * n[2]]);
    let surface = Surface::cloud(points.collect(), normals)?;

    let encoded = ShapeEncoder::new()
        .with_bytes(300)
        .with_steps(300)
        .encode(&surface)?;
    println!(
        "{} bytes, {:.2} % of its size off",
        encoded.bytes.len(),
        100.0 * encoded.relative
    );

    let mesh = ShapeDecoder::new(&encoded.bytes)?.mesh(64)?;
    println!(
        "{} vertices, {} triangles",
        mesh.vertices.len(),
        mesh.triangles.len()
    );
    Ok(())
}
