//! What is charged for a file, beside what is evaluated for it.

use rayon::ThreadPool;
use siren_format::{Cost, Header, Limits};
use sirenc::{
    Camera, Decoder, Derivative, Error, FrameTimes, Opened, Playback, Shading, ShapeDecoder,
    SoundDecoder, VideoDecoder, View, counted,
};
use std::cell::OnceCell;

use crate::resealed;

thread_local! {
    /// This thread as all there is, so that what it evaluates is all that is evaluated.
    static ALONE: OnceCell<ThreadPool> = const { OnceCell::new() };
}

/// Does `work` on this thread alone, and counts the multiplications of networks that it takes.
fn alone<R: Send>(work: impl FnOnce() -> R + Send) -> (R, u64) {
    ALONE.with(|pool| {
        let alone = || {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
            pool.use_current_thread().build().expect("a pool")
        };
        pool.get_or_init(alone).install(|| counted(work))
    })
}

/// Few enough of everything that an input takes a millisecond.
fn small() -> Limits {
    Limits::default()
        .with_pixels(1 << 16)
        .with_layer_width(64)
        .with_parameters(1 << 12)
        .with_networks(1 << 8)
        .with_frames(1 << 8)
        .with_operations(1 << 27)
        .with_memory(1 << 24)
}

/// Decodes a file as it is stored, in another size or at another rate, and requires that no more points are evaluated than
/// were charged for. The last four bytes, where the checksum goes, say what is made of it.
pub fn cost(bytes: &[u8]) {
    let Some(&knobs) = bytes.last_chunk() else {
        return;
    };
    let Ok(opened) = Opened::with_limits(&resealed(bytes), &small()) else {
        return;
    };
    let header = opened.header();
    let (done, multiplications) = match &opened {
        Opened::Picture(decoder) => alone(|| picture(decoder, knobs)),
        Opened::Video(decoder) => alone(|| frames(decoder, knobs)),
        Opened::Sound(decoder) => alone(|| sound(decoder, knobs)),
        Opened::Shape(decoder) => alone(|| shape(decoder, knobs)),
        _ => return,
    };
    match done {
        Ok(cost) => check(header, &cost, multiplications),
        // What is refused in the middle has not taken more than was allowed.
        Err(Error::Limit(_)) => {
            let allowed = small().operations;
            assert!(
                multiplications <= allowed,
                "{multiplications} before a refusal"
            );
        }
        Err(Error::Parameter { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
}

/// Holds what was charged to what was evaluated.
fn check(header: &Header, cost: &Cost, multiplications: u64) {
    // Of a point, without what does not depend on the network.
    let network = header.operations_per_point(1) - header.operations_per_point(0);
    let evaluated = multiplications / header.multiplications_per_point() * network;
    assert!(
        evaluated <= cost.operations,
        "networks take {evaluated} operations, and {} are charged in all",
        cost.operations
    );
}

fn picture(decoder: &Decoder, [a, b, kind, _]: [u8; 4]) -> Result<Cost, Error> {
    let side = |byte: u8| u32::from(byte) + 1;
    let sized = View::sized(side(a), side(b))?;
    let view = match kind % 4 {
        0 => View::whole(decoder),
        1 => sized,
        2 => sized.with_shading(Shading::new(Derivative::X, 1.0)?),
        _ => View::whole(decoder).with_shading(Shading::new(Derivative::Laplacian, 1.0)?),
    };
    decoder.render(&view, |_| Ok::<_, Error>(()))?;
    Ok(decoder.cost(&view))
}

fn frames(decoder: &VideoDecoder, [a, b, rate, _]: [u8; 4]) -> Result<Cost, Error> {
    let side = |byte: u8| u32::from(byte) + 1;
    let moments = FrameTimes::stored(decoder);
    let (view, moments) = match rate % 3 {
        0 => (View::of_frames(decoder), moments),
        1 => (View::sized(side(a), side(b))?, moments),
        _ => (
            View::of_frames(decoder),
            moments.with_rate([side(rate), 7])?,
        ),
    };
    let mut frames = decoder.rendering(&view, &moments)?;
    for frame in 0..moments.frames() {
        frames.frame(frame, |_| Ok::<_, Error>(()))?;
    }
    Ok(decoder.cost(&view, &moments))
}

fn sound(decoder: &SoundDecoder, [a, b, kind, _]: [u8; 4]) -> Result<Cost, Error> {
    let whole = Playback::whole(decoder);
    let playback = match kind % 3 {
        0 => whole,
        1 => whole.with_rate(decoder.rate().saturating_mul(u32::from(a) + 1))?,
        _ => whole.with_rate((decoder.rate() / (u32::from(b) + 1)).max(1))?,
    };
    decoder.render(&playback, |_| Ok::<_, Error>(()))?;
    Ok(decoder.cost(&playback))
}

fn shape(decoder: &ShapeDecoder, [a, b, kind, _]: [u8; 4]) -> Result<Cost, Error> {
    let cost = if kind % 2 == 0 {
        decoder.meshed(u32::from(a) % 64 + 2)?.1
    } else {
        let angle = f32::from(a) - 128.0;
        let side = u32::from(b) % 32 + 1;
        decoder
            .traced(&Camera::new(angle, 0.5 * angle, side, side)?)?
            .1
    };
    Ok(cost)
}
