//! `sirenc demo`: a built-in photograph, encoded, decoded and compared with a JPEG.

use super::compare::jpeg;
use super::encode;
use super::failure::Failure;
use super::format;
use super::output::Output;
use super::paths::Place;
use super::picture;
use super::report::Report;
use super::values;
use clap::Args;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat};
use sirenc::media::grouped;
use sirenc::media::picture::render;
use sirenc::{Decoder, Encoded, Encoder, Limits, Picture, View, metric};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// 240 x 160 pixels of picture 23 of the Kodak test set, which is free to use.
const PHOTO: &[u8] = include_bytes!("demo.png");

/// Bytes of the file: so few that a JPEG of that size, of which a quarter is tables, has little left for
/// the picture.
const BYTES: u64 = 2_400;

/// Enlargement of the second pair of pictures.
const SCALE: u32 = 4;

/// Encode a built-in photograph and compare it with a JPEG of the same size
///
/// Takes some seconds and needs no input. Leaves the pictures in a folder, to be looked at;
/// run again, it overwrites them.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Folder for the results, made if missing
    #[arg(short, long, value_name = "DIR", default_value = "sirenc-demo")]
    pub(crate) out: PathBuf,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,
}

pub(crate) fn run(args: &Demo) -> Result<ExitCode, Failure> {
    let folder = Folder { path: &args.out };
    fs::create_dir_all(folder.path)
        .map_err(|error| Failure::writing(folder.path.display(), &error))?;
    let report = Report::default();
    let (photo, encoded) = encoded(args, &folder, &report)?;
    let jpeg = compared(&photo, encoded.bytes.len(), &folder, &report)?;
    enlarged(args, &encoded.bytes, &folder, &report)?;
    let enlarged = image::load_from_memory(&jpeg)
        .map_err(unexpected)?
        .resize_exact(
            SCALE * photo.width(),
            SCALE * photo.height(),
            FilterType::CatmullRom,
        );
    folder.write("jpeg-4x.png", &file_of(&enlarged, ImageFormat::Png)?)?;

    let path = folder.path.display();
    report.say(&format!(
        "\n\
         {path} now holds photo.png, photo.siren, photo.jpg, and siren-1x.png, siren-4x.png,\n\
         jpeg-4x.png (enlarged with a bicubic filter) to be looked at side by side. Then try\n\
         \n  sirenc info {path}/photo.siren\
         \n  sirenc encode YOUR-PHOTO.jpg"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The built-in photograph, and its file.
fn encoded(
    args: &Demo,
    folder: &Folder<'_>,
    report: &Report,
) -> Result<(Picture, Encoded), Failure> {
    let say = |text: String| report.say(&text);
    let photo = picture::of_bytes(PHOTO)?;
    folder.write("photo.png", PHOTO)?;
    say(format!(
        "photograph    {} x {} pixels, built in",
        photo.width(),
        photo.height()
    ))?;

    let mut encoder = Encoder::new().with_bytes(BYTES);
    if let Some(threads) = args.threads {
        encoder = encoder.with_threads(threads);
    }
    let encoded = encode::fit(&encoder, &photo, &folder.place("photo.png"), report)?;
    folder.write("photo.siren", &encoded.bytes)?;
    say(format!(
        "sirenc        {} bytes  {:.3} bpp  {:.2} dB  encoded in {:.1} s: {} weights",
        grouped(encoded.bytes.len() as u64),
        encoded.bpp,
        encoded.psnr,
        encoded.elapsed.as_secs_f64(),
        grouped(encoded.parameters),
    ))?;
    Ok((photo, encoded))
}

/// The photograph as a JPEG of at most `size` bytes.
fn compared(
    photo: &Picture,
    size: usize,
    folder: &Folder<'_>,
    report: &Report,
) -> Result<Vec<u8>, Failure> {
    let (quality, jpeg) = jpeg::within(photo, size)?;
    folder.write("photo.jpg", &jpeg)?;
    report.say(&format!(
        "JPEG          {} bytes  {:.3} bpp  {:.2} dB  at quality {quality}, {}",
        grouped(jpeg.len() as u64),
        8.0 * jpeg.len() as f64 / photo.pixels() as f64,
        metric::psnr(photo, &picture::of_bytes(&jpeg)?),
        if jpeg.len() > size {
            "the smallest there is, and still larger"
        } else {
            "the best that is no larger"
        },
    ))?;
    Ok(jpeg)
}

/// Decodes the file at its own size, and enlarged.
fn enlarged(
    args: &Demo,
    bytes: &[u8],
    folder: &Folder<'_>,
    report: &Report,
) -> Result<(), Failure> {
    let mut decoder = Decoder::with_limits(bytes, &Limits::none())?;
    if let Some(threads) = args.threads {
        decoder = decoder.with_threads(threads);
    }
    for (name, scale) in [("siren-1x.png", 1), ("siren-4x.png", SCALE)] {
        let start = Instant::now();
        let view = View::scaled(&decoder, f64::from(scale))?;
        let place = folder.place(name);
        let mut output = Output::create(&place, true)?;
        let written = render(&decoder, &view, format::of(&place)?, &mut output, |_| ());
        output.commit(written)?;
        let seconds = start.elapsed().as_secs_f64();
        report.say(&format!(
            "decoded       {} x {} pixels in {seconds:.3} s",
            view.width(),
            view.height()
        ))?;
    }
    Ok(())
}

/// Where the results go. They overwrite those of an earlier demonstration.
struct Folder<'a> {
    path: &'a Path,
}

impl Folder<'_> {
    fn place(&self, name: &str) -> Place {
        Place::Path(self.path.join(name))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        Output::create(&self.place(name), true)?.finish(bytes)
    }
}

fn file_of(image: &DynamicImage, format: ImageFormat) -> Result<Vec<u8>, Failure> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).map_err(unexpected)?;
    Ok(file.into_inner())
}

/// For work on the built-in picture, which cannot fail.
fn unexpected(error: image::ImageError) -> Failure {
    Failure::Said(format!("the demonstration failed: {error}"))
}
