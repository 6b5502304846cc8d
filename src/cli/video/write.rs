//! Writes frames as they are rendered: Y4M, GIF, or a PNG each.

use super::colour::{byte, luma, ycbcr};
use crate::cli::args::Subsampling;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::paths::{self, Place};
use crate::cli::render::eight_bits;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, RgbaImage};
use sirenc::{Moments, Samples, Strip, VideoDecoder, View};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Most frames a second in a GIF: viewers show faster ones slowly.
const FASTEST_GIF: u64 = 50;

/// What a video is written as.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Y4m,
    Gif,
    /// A picture a frame.
    Pngs(Pattern),
}

/// A file name with the place of a number in it: what is before and after, and the least digits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    before: String,
    digits: usize,
    after: String,
    folder: PathBuf,
}

impl Pattern {
    /// `path` with one `%d`, `%4d` or `%04d` in its last part.
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (before, rest) = name.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let digits = match digits {
            "" => 1,
            digits => digits
                .parse()
                .ok()
                .filter(|digits| (1..=20).contains(digits))?,
        };
        Some(Self {
            before: before.to_owned(),
            digits,
            after: after.to_owned(),
            folder: path.with_file_name(""),
        })
    }

    /// The name of frame `frame`, counted from 0; names are counted from 1.
    fn path(&self, frame: u32) -> PathBuf {
        let Self {
            before,
            digits,
            after,
            ..
        } = self;
        let number = u64::from(frame) + 1;
        self.folder
            .join(format!("{before}{number:0digits$}{after}"))
    }
}

impl Form {
    /// What the name of an output asks for: Y4M where it has no extension.
    pub(crate) fn of(output: &Place) -> Result<Self, Failure> {
        let Place::Path(path) = output else {
            return Ok(Self::Y4m);
        };
        let Some(extension) = path.extension() else {
            return Ok(Self::Y4m);
        };
        match extension.to_string_lossy().to_lowercase().as_str() {
            "y4m" => Ok(Self::Y4m),
            "gif" => Ok(Self::Gif),
            "png" => Pattern::of(path).map(Self::Pngs).ok_or_else(|| {
                Failure::Usage(format!(
                    "{output} is one picture, but a video has many; put a number into the name, as in frame-%04d.png, or write a .gif or .y4m"
                ))
            }),
            extension => Err(Failure::Usage(format!(
                "videos are not written as .{extension}; give -o a .y4m, a .gif or a frame-%04d.png"
            ))),
        }
    }
}

/// A rendering on its way into files.
pub(crate) struct Film<'a> {
    pub(crate) decoder: &'a VideoDecoder,
    pub(crate) view: View,
    pub(crate) moments: Moments,
    pub(crate) subsampling: Subsampling,
    pub(crate) force: bool,
}

impl Film<'_> {
    /// Writes all frames to `place` and tells `done` of each.
    pub(crate) fn write(
        &self,
        form: &Form,
        place: &Place,
        mut done: impl FnMut(),
    ) -> Result<(), Failure> {
        if let Form::Pngs(pattern) = form {
            return self.write_pngs(pattern, done);
        }
        if self.decoder.channels().is_multiple_of(2) {
            return Err(Failure::Said(
                "has transparency, which only pictures store; write a frame-%04d.png".into(),
            ));
        }
        let mut output = Output::create(place, self.force)?;
        let written = match form {
            Form::Gif => self.write_gif(&mut output, &mut done),
            _ => self.write_y4m(&mut output, &mut done),
        };
        output.commit(written)
    }

    fn size(&self) -> [u32; 2] {
        let region = self.view.region();
        [region.width, region.height]
    }

    /// Hands the strips of a frame, of 8 bits a sample, to `sink`.
    fn render(
        &self,
        frame: u32,
        mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let strip = |strip: Strip| match strip.samples {
            Samples::U8(samples) => sink(&samples),
            Samples::U16(samples) => sink(&eight_bits(&samples)),
        };
        self.decoder.render(&self.view, &self.moments, frame, strip)
    }

    fn write_pngs(&self, pattern: &Pattern, mut done: impl FnMut()) -> Result<(), Failure> {
        let frames = 0..self.moments.frames();
        for frame in frames.clone() {
            paths::writable(&pattern.path(frame), self.force)?;
        }
        for frame in frames {
            let mut output = Output::create(&Place::Path(pattern.path(frame)), self.force)?;
            let written = self.write_png(frame, &mut output);
            output.commit(written)?;
            done();
        }
        Ok(())
    }

    fn write_png(&self, frame: u32, output: &mut Output) -> Result<(), Failure> {
        let [width, height] = self.size();
        let mut encoder = png::Encoder::new(output, width, height);
        encoder.set_color(match self.decoder.channels() {
            1 => png::ColorType::Grayscale,
            2 => png::ColorType::GrayscaleAlpha,
            3 => png::ColorType::Rgb,
            _ => png::ColorType::Rgba,
        });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        let mut stream = writer.stream_writer()?;
        self.render(frame, |samples| Ok(stream.write_all(samples)?))?;
        stream.finish()?;
        Ok(writer.finish()?)
    }

    fn write_gif(&self, output: &mut Output, done: &mut impl FnMut()) -> Result<(), Failure> {
        let [width, height] = self.size();
        let [rate, per] = self.moments.rate().map(u64::from);
        // A frame in four bytes a pixel, and what the encoder makes of it.
        self.decoder.check_memory(8 * self.view.pixels())?;
        if rate > FASTEST_GIF * per {
            return Err(Failure::Said(format!(
                "has more frames a second than the {FASTEST_GIF} that GIFs are shown with; give --fps {FASTEST_GIF}, or write a .y4m"
            )));
        }
        let refused = |error: image::ImageError| match error {
            image::ImageError::IoError(error) => error.into(),
            other => Failure::Said(format!("cannot be written as GIF ({other}); write a .y4m")),
        };
        let mut encoder = GifEncoder::new_with_speed(output, 10);
        encoder.set_repeat(Repeat::Infinite).map_err(refused)?;
        // Delays are whole hundredths of a second: each ends where it should, to the nearest of them.
        let hundredths = |frame: u32| (200 * per * u64::from(frame) + rate) / (2 * rate);
        for frame in 0..self.moments.frames() {
            let mut pixels = Vec::new();
            let gray = self.decoder.channels() == 1;
            self.render(frame, |samples| {
                if gray {
                    pixels.extend(samples.iter().flat_map(|&v| [v, v, v, u8::MAX]));
                } else {
                    let colours = samples.as_chunks::<3>().0;
                    pixels.extend(colours.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]));
                }
                Ok(())
            })?;
            let delay = (hundredths(frame + 1) - hundredths(frame)) as u32;
            let delay = Delay::from_numer_denom_ms(10 * delay, 1);
            let Some(pixels) = RgbaImage::from_raw(width, height, pixels) else {
                continue;
            };
            let picture = image::Frame::from_parts(pixels, 0, 0, delay);
            encoder.encode_frame(picture).map_err(refused)?;
            done();
        }
        Ok(())
    }

    fn write_y4m(&self, output: &mut Output, done: &mut impl FnMut()) -> Result<(), Failure> {
        let [width, height] = self.size();
        let [rate, per] = self.moments.rate();
        // Colour differences come after a whole plane of brightness.
        self.decoder.check_memory(2 * self.view.pixels())?;
        let (name, step) = match (self.decoder.channels(), self.subsampling) {
            (1, _) => ("mono", 0),
            (_, Subsampling::Full) => ("444", 1),
            (_, Subsampling::Quarter) => ("420jpeg", 2),
        };
        writeln!(
            output,
            "YUV4MPEG2 W{width} H{height} F{rate}:{per} Ip A1:1 C{name}"
        )?;
        for frame in 0..self.moments.frames() {
            output.write_all(b"FRAME\n")?;
            if step == 0 {
                self.render(frame, |samples| {
                    let luma: Vec<u8> = samples.iter().map(|&gray| luma(gray)).collect();
                    Ok(output.write_all(&luma)?)
                })?;
            } else {
                let mut planes = Planes::new(width, step);
                self.render(frame, |samples| {
                    let pixels = samples.as_chunks::<3>().0;
                    pixels
                        .chunks(width as usize)
                        .for_each(|row| planes.push(row));
                    Ok(output.write_all(&std::mem::take(&mut planes.luma))?)
                })?;
                for plane in planes.finish() {
                    output.write_all(&plane)?;
                }
            }
            done();
        }
        Ok(())
    }
}

/// The planes of a frame, row by row, Cb and Cr as means over squares of `step` x `step` pixels, or what there
/// is of them at the edges.
struct Planes {
    step: usize,
    /// Y of the rows since it was last taken.
    luma: Vec<u8>,
    /// Sums of the squares begun, and how many rows they have.
    sums: Vec<[f32; 2]>,
    rows: usize,
    /// Pixels of a row.
    width: usize,
    chroma: [Vec<u8>; 2],
}

impl Planes {
    fn new(width: u32, step: usize) -> Self {
        let width = width as usize;
        Self {
            step,
            luma: Vec::new(),
            sums: vec![[0.0; 2]; width.div_ceil(step)],
            rows: 0,
            width,
            chroma: [Vec::new(), Vec::new()],
        }
    }

    fn push(&mut self, row: &[[u8; 3]]) {
        for (pixels, sum) in row.chunks(self.step).zip(&mut self.sums) {
            for &pixel in pixels {
                let [y, cb, cr] = ycbcr(pixel.map(f32::from));
                self.luma.push(byte(y));
                *sum = [sum[0] + cb, sum[1] + cr];
            }
        }
        self.rows += 1;
        if self.rows == self.step {
            self.end();
        }
    }

    fn end(&mut self) {
        for (index, sum) in self.sums.iter_mut().enumerate() {
            let columns = self.step.min(self.width - index * self.step);
            let count = (columns * self.rows) as f32;
            for (plane, sum) in self.chroma.iter_mut().zip(std::mem::take(sum)) {
                plane.push(byte(sum / count));
            }
        }
        self.rows = 0;
    }

    fn finish(mut self) -> [Vec<u8>; 2] {
        if self.rows > 0 {
            self.end();
        }
        self.chroma
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_frames_are_counted_from_one() {
        let pattern = |path: &str| Pattern::of(Path::new(path));
        let name = |path: &str, frame| pattern(path).unwrap().path(frame);
        assert_eq!(name("a/f-%04d.png", 8), Path::new("a/f-0009.png"));
        assert_eq!(name("%d.png", 9), Path::new("10.png"));
        assert_eq!(name("%3d.png", 9999), Path::new("10000.png"));
        for none in [
            "a.png", "%.png", "%x.png", "%-3d.png", "%99d.png", "%d/a.png",
        ] {
            assert_eq!(pattern(none), None, "{none}");
        }
    }

    #[test]
    fn chroma_is_the_mean_of_what_it_stands_for() {
        let mut planes = Planes::new(3, 2);
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        for row in [[red, blue, red], [red, blue, red], [blue, blue, red]] {
            planes.push(&row);
        }
        assert_eq!(planes.luma, [81, 41, 81, 81, 41, 81, 41, 41, 81]);
        assert_eq!(
            planes.finish(),
            [vec![165, 90, 240, 90], vec![175, 240, 110, 240]]
        );
    }
}
