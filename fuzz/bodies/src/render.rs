//! Decoding under limits.

use siren_format::Limits;
use sirenc::{
    Camera, Decoder, Derivative, Error, FrameTimes, Picture, Playback, Region, Samples, Shading,
    ShapeDecoder, SoundDecoder, VideoDecoder, View,
};

use crate::resealed;

/// Few enough of everything that an input takes microseconds.
fn small() -> Limits {
    Limits::default()
        .with_pixels(1 << 16)
        .with_layer_width(64)
        .with_parameters(1 << 10)
        .with_operations(1 << 26)
        .with_metadata(1 << 10)
}

/// Parses under limits and renders a few pixels, moments or frames, and again a part of them, which must be the
/// same; of a shape a picture and a mesh. The last four bytes, where the checksum goes, say which.
pub fn decode_limited(bytes: &[u8]) {
    let Some(&[columns, rows, part, kind]) = bytes.last_chunk() else {
        return;
    };
    let sealed = resealed(bytes);
    let side = |byte: u8| u32::from(byte % 16) + 1;
    let whole = View::sized(side(columns), side(rows)).expect("not empty");
    let (width, height) = (whole.width(), whole.height());
    let (x, y) = (u32::from(part % 16) % width, u32::from(part / 16) % height);
    let region = Region {
        x,
        y,
        width: width - x,
        height: height - y,
    };
    let whole = match shading(kind) {
        Some(shading) => whole.with_shading(shading),
        None => whole,
    };
    if let Ok(decoder) = Decoder::with_limits(&sealed, &small()) {
        parts(&whole, region, |view| decoder.picture(view));
    } else if let Ok(decoder) = VideoDecoder::with_limits(&sealed, &small()) {
        let seconds = FrameTimes::stored(&decoder).seconds();
        let start = seconds * f64::from(kind) / 256.0;
        if let Ok(moments) = FrameTimes::stored(&decoder).within(start, seconds) {
            parts(&whole, region, |view| frame(&decoder, view, &moments));
        }
    } else if let Ok(decoder) = SoundDecoder::with_limits(&sealed, &small()) {
        play(&decoder, f64::from(part) / 256.0, [columns, rows]);
    } else if let Ok(decoder) = ShapeDecoder::with_limits(&sealed, &small()) {
        let angle = f32::from(part) - 128.0;
        let camera = Camera::new(angle, 0.5 * angle, width, height).expect("a view");
        enclose(&decoder, &camera, side(kind) + 1);
    }
}

/// Draws the whole and the part of it in `region`, and compares them.
fn parts(whole: &View, region: Region, draw: impl Fn(&View) -> Result<Picture, Error>) {
    let part = whole.with_region(region).expect("within");
    match (draw(whole), draw(&part)) {
        (Ok(whole), Ok(part)) => compare(&whole, &part, region),
        (Err(Error::Limit { .. }), _) => {}
        (whole, part) => panic!("{:?}, {:?}", whole.err(), part.err()),
    }
}

/// The last of `moments`.
fn frame(decoder: &VideoDecoder, view: &View, moments: &FrameTimes) -> Result<Picture, Error> {
    let (mut bytes, mut words) = (Vec::new(), Vec::new());
    let mut frames = decoder.rendering(view, moments)?;
    frames.frame(moments.frames() - 1, |strip| {
        match strip.samples {
            Samples::U8(samples) => bytes.extend(samples),
            Samples::U16(samples) => words.extend(samples),
            _ => unreachable!("samples have 8 or 16 bits"),
        }
        Ok::<_, Error>(())
    })?;
    let samples = match decoder.depth() {
        8 => Samples::U8(bytes),
        _ => Samples::U16(words),
    };
    let Region { width, height, .. } = view.region();
    Picture::new(width, height, decoder.channels(), samples)
}

/// Plays a few frames from the share `start` of the sound on, and fewer of them, which must begin as those do.
fn play(decoder: &SoundDecoder, start: f64, lengths: [u8; 2]) {
    let whole = Playback::whole(decoder);
    let [rate, frames] = [decoder.rate(), decoder.frames()].map(f64::from);
    let from = start * frames / rate;
    let part = |length: u8| {
        let to = from + (f64::from(length) + 1.0) / rate;
        whole.with_range(from, to.min(frames / rate))
    };
    let (Ok(a), Ok(b)) = (part(lengths[0]), part(lengths[1])) else {
        return;
    };
    match (decoder.sound(&a), decoder.sound(&b)) {
        (Ok(a), Ok(b)) => {
            let equal = a.samples().iter().zip(b.samples()).all(|(a, b)| a == b);
            assert!(equal, "a part of a sound is another than in the whole");
        }
        (Err(Error::Limit { .. }), _) | (_, Err(Error::Limit { .. })) => {}
        (a, b) => panic!("{:?}, {:?}", a.err(), b.err()),
    }
}

/// Makes a picture and a mesh, whose corners must be there.
fn enclose(decoder: &ShapeDecoder, camera: &Camera, resolution: u32) {
    match decoder.picture(camera) {
        Ok(_) | Err(Error::Limit { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    match decoder.mesh(resolution) {
        Ok(mesh) => {
            assert_eq!(mesh.vertices.len(), mesh.normals.len());
            let mut corners = mesh.triangles.iter().flatten();
            assert!(corners.all(|&corner| (corner as usize) < mesh.vertices.len()));
        }
        Err(Error::Limit { .. }) => {}
        Err(error) => panic!("{error:?}"),
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
