//! Writes frames as they are rendered: Y4M, GIF, or a PNG each.

use super::colour::{byte, luma, ycbcr};
use crate::media::Error;
use crate::media::picture::PNG_ROWS;
use crate::{Cost, FrameTimes, Frames, Strip, VideoDecoder, View};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, RgbaImage};
use std::io::Write;

/// Most frames a second in a GIF: viewers show faster ones slowly.
const FASTEST_GIF: u64 = 50;

/// How many samples of colour a Y4M file has for those of brightness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsampling {
    /// One for each square of four, which every player takes.
    Quarter,
    /// One for each pixel.
    Full,
}

/// What a video is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// One Y4M file.
    Y4m(Subsampling),
    /// One animated GIF file.
    Gif,
    /// A PNG for each frame.
    Pngs,
}

/// A rendering on its way into files.
pub struct Film<'a> {
    decoder: &'a VideoDecoder,
    frames: Frames<'a>,
    size: [u32; 2],
    moments: FrameTimes,
    writing: Writing,
}

impl Writing {
    /// Operations to write a pixel, and a frame whatever its size, as [`Cost`](crate::Cost) counts them.
    fn operations(self) -> [u64; 2] {
        match self {
            Self::Y4m(_) => [512, 0],
            Self::Gif => [8192, 1 << 22],
            Self::Pngs => [768, 1 << 23],
        }
    }

    /// Bytes of a pixel that are held beside what the decoder holds: colour differences that come after a whole plane of
    /// brightness, or a frame with four bytes a pixel and what the encoder of GIFs makes of it.
    fn bytes(self) -> u64 {
        match self {
            Self::Y4m(_) => 2,
            Self::Gif => 12,
            Self::Pngs => 0,
        }
    }
}

impl<'a> Film<'a> {
    /// Makes ready to write frames of `view` at `moments`. Nothing that could be refused later is left.
    ///
    /// # Errors
    /// [`Error::Signal`] if that costs more than the limits of the decoder allow, [`Error::Unsupported`] if what it is
    /// written as cannot hold it.
    pub fn new(
        decoder: &'a VideoDecoder,
        view: &View,
        moments: FrameTimes,
        writing: Writing,
    ) -> Result<Self, Error> {
        let [rate, per] = moments.rate().map(u64::from);
        if writing == Writing::Gif && rate > FASTEST_GIF * per {
            return Err(Error::Unsupported(format!(
                "has more frames a second than the {FASTEST_GIF} that GIFs are shown with; give --fps {FASTEST_GIF}, or write a .y4m"
            )));
        }
        if writing != Writing::Pngs && decoder.channels().is_multiple_of(2) {
            return Err(Error::Unsupported(
                "has transparency, which only pictures store; write a frame-%04d.png".into(),
            ));
        }
        decoder.admit(&Self::cost(decoder, view, &moments, writing))?;
        let region = view.region();
        Ok(Self {
            decoder,
            frames: decoder.rendering(view, &moments)?,
            size: [region.width, region.height],
            moments,
            writing,
        })
    }

    /// What it costs to render `view` at `moments`, and to write it.
    pub fn cost(
        decoder: &VideoDecoder,
        view: &View,
        moments: &FrameTimes,
        writing: Writing,
    ) -> Cost {
        let mut cost = decoder.cost(view, moments);
        let [pixel, frame] = writing.operations();
        cost.work(cost.pixels.saturating_mul(pixel));
        cost.work(cost.frames.saturating_mul(frame));
        cost.hold(view.pixels().saturating_mul(writing.bytes()));
        if writing == Writing::Pngs {
            let row = u64::from(view.region().width) * u64::from(decoder.channels());
            cost.hold(row * PNG_ROWS);
        }
        cost
    }

    /// Number of frames.
    pub fn frames(&self) -> u32 {
        self.moments.frames()
    }

    /// Hands the strips of a frame, of 8 bits a sample, to `sink`.
    fn render(
        &mut self,
        frame: u32,
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let strip = |strip: Strip| sink(&strip.samples.eight_bits());
        self.frames.frame(frame, strip)
    }

    /// Writes all frames as one file, Y4M or GIF, and tells `done` of each.
    ///
    /// # Errors
    /// [`Error::Write`], and [`Error::Signal`] if the device that renders fails.
    pub fn write(&mut self, output: &mut impl Write, done: &mut impl FnMut()) -> Result<(), Error> {
        match self.writing {
            Writing::Gif => self.write_gif(output, done),
            Writing::Y4m(subsampling) => self.write_y4m(subsampling, output, done),
            Writing::Pngs => Err(Error::Unsupported("is written as a file a frame".into())),
        }
    }

    /// Writes frame number `frame` as PNG.
    ///
    /// # Errors
    /// As [`Film::write`].
    pub fn write_png(&mut self, frame: u32, output: &mut impl Write) -> Result<(), Error> {
        let [width, height] = self.size;
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

    fn write_gif(&mut self, output: &mut impl Write, done: &mut impl FnMut()) -> Result<(), Error> {
        let [width, height] = self.size;
        let [rate, per] = self.moments.rate().map(u64::from);
        let refused = |error: image::ImageError| match error {
            image::ImageError::IoError(error) => error.into(),
            other => {
                Error::Unsupported(format!("cannot be written as GIF ({other}); write a .y4m"))
            }
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

    fn write_y4m(
        &mut self,
        subsampling: Subsampling,
        output: &mut impl Write,
        done: &mut impl FnMut(),
    ) -> Result<(), Error> {
        let [width, height] = self.size;
        let [rate, per] = self.moments.rate();
        let (name, step) = match (self.decoder.channels(), subsampling) {
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
