//! Videos on the command line: in from Y4M and animated pictures, out as Y4M, GIF or a picture a frame.

mod write;

pub(crate) use write::Form;

use super::decode::{Chroma, Decode};
use super::encode::Encode;
use super::encode::{bytes, decibels, stored, warn};
use super::failure::Failure;
use super::input::Input;
use super::jobs::Job;
use super::report::Report;
use sirenc::media::video::{self as media, Film, Subsampling, Writing};
use sirenc::{Encoded, FrameTimes, VideoDecoder, VideoEncoder, View};
use std::io;
use std::time::Instant;

/// Encodes the video that `input` holds.
pub(crate) fn encode(
    encoder: &VideoEncoder,
    args: &Encode,
    mut input: Input,
    job: &Job,
    report: &Report,
) -> Result<Encoded, Failure> {
    let reading = |error: io::Error| Failure::reading(&error);
    let source = input.source();
    let recording = if media::is_y4m(source.fill_buf().map_err(reading)?) {
        media::open_y4m(input.into_file()?)?
    } else {
        let most = args.limiting.limits().memory;
        let (recording, notes) =
            media::open_animation(source, media::MOST_DECODED.min(most), most)?;
        warn(args, job, &notes);
        recording
    };
    stored(args, job, report, decibels, bytes, |from, progress| {
        encoder.encode_resumable(&recording, from, progress)
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
    let writing = match (&form, args.chroma) {
        (Form::Gif, _) => Writing::Gif,
        (Form::Pngs(_), _) => Writing::Pngs,
        (Form::Y4m, Chroma::Quarter) => Writing::Y4m(Subsampling::Quarter),
        (Form::Y4m, Chroma::Full) => Writing::Y4m(Subsampling::Full),
    };
    let view = view(args, decoder)?;
    let mut film = Film::new(decoder, &view, moments(args, decoder)?, writing)?;
    let (region, frames) = (view.region(), film.frames());
    let bar = report.bar(Some(&job.input), "frame {pos} of {len}");
    bar.set_length(frames.into());
    let written = write::write(&mut film, &form, &job.output, args.manner.force, || {
        bar.inc(1);
    });
    drop(bar);
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
        Some(size) => {
            let (width, height) = size.of(f64::from(decoder.width()) / f64::from(decoder.height()));
            View::sized(width, height)?
        }
        None => decoder.view(args.scale.unwrap_or(1.0))?,
    };
    Ok(match args.region {
        Some(region) => whole.with_region(region)?,
        None => whole,
    })
}

fn moments(args: &Decode, decoder: &VideoDecoder) -> Result<FrameTimes, Failure> {
    let mut moments = FrameTimes::stored(decoder);
    if let Some(rate) = args.fps {
        moments = moments.with_rate(rate)?;
    }
    if args.from.is_some() || args.to.is_some() {
        moments = moments.within(args.from.unwrap_or(0.0), args.to.unwrap_or(f64::INFINITY))?;
    }
    Ok(moments)
}
