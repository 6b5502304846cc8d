//! `sirenc thumbnail`: a small picture of what a file holds, as desktops ask for it.

use super::failure::Failure;
use super::input;
use super::output::Output;
use super::paths::Place;
use super::report::Report;
use super::shape;
use super::usage::Limiting;
use super::values;
use clap::Args;
use sirenc::media::picture::{Format, render, whole};
use sirenc::media::video::{Film, Writing};
use sirenc::{Camera, FrameTimes, Opened, View};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a small PNG of what a .siren file holds
///
/// That is the picture, the first frame of a video, or a view of a shape, of which the longer side has at most as many
/// pixels as --side says. Small ones are not enlarged. Desktops call it by the entry in share/thumbnailers.
#[derive(Args, Debug)]
pub(crate) struct Thumbnail {
    /// File to show; `-` is standard input
    #[arg(value_name = "INPUT")]
    input: PathBuf,

    /// PNG to write, whatever its name, over what is there; `-` is standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,

    /// Most pixels along the longer side
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = values::side)]
    side: u32,

    #[command(flatten)]
    limiting: Limiting,
}

pub(crate) fn run(args: &Thumbnail) -> Result<ExitCode, Failure> {
    let input = Place::input(&args.input);
    Ok(match Report::default().settle(&input, one(args, &input))? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn one(args: &Thumbnail, input: &Place) -> Result<(), Failure> {
    let (bytes, _) = input::read_siren(input)?;
    let opened = Opened::with_limits(&bytes, &args.limiting.limits())?;
    let scale = |width: u32, height: u32| {
        let longer = f64::from(width.max(height));
        (f64::from(args.side) / longer).min(1.0)
    };
    let create = || Output::create(&Place::output(&args.output), true);
    match opened {
        Opened::Picture(decoder) => {
            let view = View::scaled(&decoder, scale(decoder.width(), decoder.height()))?;
            let mut output = create()?;
            let written = render(&decoder, &view, Format::png(), &mut output, |_| ());
            output.commit(written)
        }
        Opened::Video(decoder) => {
            let view = decoder.view(scale(decoder.width(), decoder.height()))?;
            let first = FrameTimes::stored(&decoder).first();
            let mut film = Film::new(&decoder, &view, first, Writing::Pngs)?;
            let mut output = create()?;
            let written = film.write_png(0, &mut output);
            output.commit(written)
        }
        Opened::Shape(decoder) => {
            let [azimuth, elevation] = shape::VIEW;
            let camera = Camera::new(azimuth, elevation, args.side, args.side)?;
            let picture = decoder.picture(&camera)?;
            let mut output = create()?;
            let written = whole(&picture, Format::png(), &mut output);
            output.commit(written)
        }
        other => Err(Failure::Said(format!(
            "holds a {}, of which there is no picture",
            other.header().signal.name()
        ))),
    }
}
