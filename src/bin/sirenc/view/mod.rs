//! `sirenc view`: a page that shows `.siren` files in a browser.

mod page;
mod serve;

use super::browser::DECODER;
use super::failure::Failure;
use super::input;
use super::output::Output;
use super::paths::Place;
use super::report::Report;
use super::usage::{Limiting, Manner};
use clap::Args;
use page::Shown;
use sirenc::Opened;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make a page that shows .siren files in a browser
///
/// The page is one file that needs nothing else: it has a decoder in it, which evaluates the networks at the resolution of
/// the screen. Pictures are panned and zoomed, beside a bicubic enlargement or as derivatives; sounds and videos play, and
/// shapes turn. Other .siren files can be dropped on it.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct View {
    /// Files to show; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Page to write; `-` is standard output [default: the name of the first file, with .html]
    #[arg(short, long, value_name = "PAGE")]
    output: Option<PathBuf>,

    /// Write no page, but serve it to browsers on this machine until interrupted
    #[arg(long, conflicts_with_all = ["output", "force"])]
    serve: bool,

    /// Port of 127.0.0.1 to serve at; 0 is any that is free
    #[arg(long, value_name = "N", default_value_t = 0, requires = "serve")]
    port: u16,

    #[command(flatten)]
    limiting: Limiting,

    #[command(flatten)]
    manner: Manner,
}

const EXAMPLES: &str = "\
Examples:
  sirenc view photo.siren                     writes photo.html
  sirenc view *.siren -o all.html             one page for all of them
  sirenc view photo.siren --serve             says at which address a browser finds it
  sirenc view -o viewer.html                  a page without files, to drop some on";

pub(crate) fn run(args: &View) -> Result<ExitCode, Failure> {
    if DECODER.is_empty() {
        return Err(Failure::Said(
            "this build has no decoder for browsers in it; run `web/build` in a clone of the sources, and then \
             `cargo install --path .` there"
                .into(),
        ));
    }
    let report = Report {
        quiet: args.manner.quiet,
        ..Report::default()
    };
    let mut shown = Vec::new();
    for file in &args.files {
        let place = Place::input(file);
        let read = read(&place, &args.limiting).map(|file| shown.push(file));
        if !report.settle(&place, read)? {
            return Ok(ExitCode::FAILURE);
        }
    }
    let html = page::page(&shown, DECODER);
    if args.serve {
        serve::serve(&html, args.port, &report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let output = Place::output(&name(args)?);
    let report = Report {
        aside: output == Place::Standard,
        ..report
    };
    Output::create(&output, args.manner.force)?.finish(html.as_bytes())?;
    report.say(&format!("{output}  open it in a browser"))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a file, and refuses it if it cannot be opened.
fn read(place: &Place, limiting: &Limiting) -> Result<Shown, Failure> {
    let (bytes, _) = input::read_siren(place)?;
    Opened::with_limits(&bytes, &limiting.limits())?;
    let name = match place.path().and_then(|path| path.file_name()) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => place.name(),
    };
    Ok(Shown { name, bytes })
}

/// The name of the page that is to be written.
fn name(args: &View) -> Result<PathBuf, Failure> {
    match (
        &args.output,
        args.files.first().map(|file| Place::input(file)),
    ) {
        (Some(output), _) => Ok(output.clone()),
        (None, Some(Place::Path(file))) => Ok(file.with_extension("html")),
        (None, _) => Err(Failure::Usage(
            "name the page with -o, for there is no file that it could be named after".into(),
        )),
    }
}
