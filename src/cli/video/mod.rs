//! Videos on the command line: in from Y4M and animated pictures, out as Y4M, GIF or a picture a frame.

pub(crate) mod animation;
mod colour;
mod gif;
mod recording;
mod timing;
mod write;
pub(crate) mod y4m;

pub(crate) use animation::is_animated;
pub(crate) use write::Form;

use super::args::{Decode, Encode};
use super::encode::{bytes, decibels, stored, warn};
use super::failure::Failure;
use super::input::Input;
use super::paths::Job;
use super::report::Report;
use sirenc::{Encoded, Encoder, Moments, VideoDecoder, View};
use std::io;
use std::time::Instant;
use write::Film;

/// Whether bytes begin like a Y4M file.
pub(crate) fn is_y4m(start: &[u8]) -> bool {
    start.starts_with(y4m::SIGNATURE)
}

/// Encodes the video that `input` holds.
pub(crate) fn encode(
    encoder: &Encoder,
    args: &Encode,
    mut input: Input,
    job: &Job,
    report: &Report,
) -> Result<Encoded, Failure> {
    let reading = |error: io::Error| Failure::reading(&error);
    let source = input.source();
    let recording = if is_y4m(source.fill_buf().map_err(reading)?) {
        y4m::open(input.into_file().map_err(reading)?)?
    } else {
        let most = args.limiting.limits().memory;
        let (recording, notes) = animation::open(source, animation::MOST_DECODED.min(most), most)?;
        warn(args, job, &notes);
        recording
    };
    stored(args, job, report, decibels, bytes, |from, progress| {
        encoder.encode_video_resumable(&recording, from, progress)
    })
}

/// Decodes a video.
pub(crate) fn decode(
    args: &Decode,
    decoder: &VideoDecoder,
    job: &Job,
    report: &Report,
) -> Result<(), Failure> {
    let begin = Instant::now();
    let form = Form::of(&job.output)?;
    let film = Film {
        decoder,
        view: view(args, decoder)?,
        moments: moments(args, decoder)?,
        subsampling: args.chroma,
        force: args.manner.force,
    };
    let (region, frames) = (film.view.region(), film.moments.frames());
    let bar = report.bar(
        &job.input,
        "{prefix}  [{bar:30}] frame {pos} of {len}  {elapsed}, {eta} left",
    );
    bar.set_length(frames.into());
    let written = film.write(&form, &job.output, || bar.inc(1));
    bar.finish_and_clear();
    written?;
    report.say(&format!(
        "{} -> {}  {frames} frames of {}x{}  {:.1} s",
        job.input,
        job.output,
        region.width,
        region.height,
        begin.elapsed().as_secs_f64()
    ))
}

fn view(args: &Decode, decoder: &VideoDecoder) -> Result<View, Failure> {
    let whole = match args.size {
        Some((width, height)) => View::sized(width, height)?,
        None => decoder.view(args.scale.unwrap_or(1.0))?,
    };
    Ok(match args.region {
        Some(region) => whole.with_region(region)?,
        None => whole,
    })
}

fn moments(args: &Decode, decoder: &VideoDecoder) -> Result<Moments, Failure> {
    let mut moments = Moments::stored(decoder);
    if let Some(rate) = args.fps {
        moments = moments.with_rate(rate)?;
    }
    if args.from.is_some() || args.to.is_some() {
        moments = moments.within(args.from.unwrap_or(0.0), args.to.unwrap_or(f64::INFINITY))?;
    }
    Ok(moments)
}
