//! Decoding under limits, and what the command reads beside `.siren` files.

use siren_format::Limits;
use sirenc::{Decoder, Derivative, Error, Picture, Region, Samples, Shading, View};

use crate::resealed;

/// Few enough of everything that an input takes microseconds.
fn small() -> Limits {
    Limits::default()
        .with_pixels(1 << 16)
        .with_layer_width(64)
        .with_parameters(1 << 10)
        .with_multiplications(1 << 24)
        .with_metadata(1 << 10)
}

/// Parses under limits and renders a few pixels, and again a part of them, which must be the same. The last
/// four bytes, where the checksum goes, say which.
pub fn decode_limited(bytes: &[u8]) {
    let Some(&[columns, rows, part, kind]) = bytes.last_chunk() else {
        return;
    };
    let Ok(decoder) = Decoder::with_limits(&resealed(bytes), &small()) else {
        return;
    };
    let side = |byte: u8| u32::from(byte % 16) + 1;
    let (width, height) = (side(columns), side(rows));
    let whole = View::sized(width, height).expect("not empty");
    let whole = match shading(kind) {
        Some(shading) => whole.with_shading(shading),
        None => whole,
    };
    let (x, y) = (u32::from(part % 16) % width, u32::from(part / 16) % height);
    let region = Region {
        x,
        y,
        width: width - x,
        height: height - y,
    };
    let part = whole.with_region(region).expect("within");
    match (decoder.picture(&whole), decoder.picture(&part)) {
        (Ok(whole), Ok(part)) => compare(&whole, &part, region),
        (Err(Error::Limit { .. }), _) => {}
        (whole, part) => panic!("{:?}, {:?}", whole.err(), part.err()),
    }
}

/// Most inputs show the picture; the others a derivative of it.
fn shading(kind: u8) -> Option<Shading> {
    let derivative = match kind % 16 {
        0 => Derivative::X,
        1 => Derivative::Gradient,
        2 => Derivative::Laplacian,
        _ => return None,
    };
    Some(Shading::new(derivative, f32::from(kind) + 1.0).expect("a positive gain"))
}

/// Requires that a part has the samples it has in the whole.
fn compare(whole: &Picture, part: &Picture, region: Region) {
    let row = |y: u32, x: u32, picture: &Picture| {
        let channels = usize::from(picture.channels());
        let start = (y * picture.width() + x) as usize * channels;
        start..start + region.width as usize * channels
    };
    for y in 0..region.height {
        let (a, b) = (row(y + region.y, region.x, whole), row(y, 0, part));
        let same = match (whole.samples(), part.samples()) {
            (Samples::U8(whole), Samples::U8(part)) => whole[a] == part[b],
            (Samples::U16(whole), Samples::U16(part)) => whole[a] == part[b],
            _ => false,
        };
        assert!(same, "row {y} of {region:?} is another than in the whole");
    }
}

/// Gives the bytes after the first to the reader of that number, if there is one.
pub fn cli_inputs(bytes: &[u8]) {
    if let [number, rest @ ..] = bytes
        && let Some((_, read)) = sirenc::cli::READERS.get(usize::from(*number))
    {
        read(rest);
    }
}
