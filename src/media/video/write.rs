//! Writes frames as they are rendered: Y4M, GIF, or a PNG each.

use super::colour::{byte, luma, ycbcr};
use crate::media::Error;
use crate::{FrameTimes, Strip, VideoDecoder, View};
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

/// A rendering on its way into files.
pub struct Film<'a> {
    /// The video.
    pub decoder: &'a VideoDecoder,
    /// Size and region of its frames.
    pub view: View,
    /// The times of its frames.
    pub moments: FrameTimes,
    /// How much colour a Y4M file has.
    pub subsampling: Subsampling,
}

impl Film<'_> {
    fn size(&self) -> [u32; 2] {
        let region = self.view.region();
        [region.width, region.height]
    }

    /// Hands the strips of a frame, of 8 bits a sample, to `sink`.
    fn render(
        &self,
        frame: u32,
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let strip = |strip: Strip| sink(&strip.samples.eight_bits());
        self.decoder.render(&self.view, &self.moments, frame, strip)
    }

    /// Writes frame number `frame` as PNG.
    ///
    /// # Errors
    /// [`Error::Signal`] if it cannot be rendered within the limits, [`Error::Write`].
    pub fn write_png(&self, frame: u32, output: &mut impl Write) -> Result<(), Error> {
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

    /// Writes all frames as one GIF, and tells `done` of each.
    ///
    /// # Errors
    /// As [`Film::write_png`], and [`Error::Unsupported`] if they follow each other faster than viewers show.
    pub fn write_gif(&self, output: &mut impl Write, done: &mut impl FnMut()) -> Result<(), Error> {
        let [width, height] = self.size();
        let [rate, per] = self.moments.rate().map(u64::from);
        // A frame in four bytes a pixel, and what the encoder makes of it.
        self.decoder.check_memory(8 * self.view.pixels())?;
        if rate > FASTEST_GIF * per {
            return Err(Error::Unsupported(format!(
                "has more frames a second than the {FASTEST_GIF} that GIFs are shown with; give --fps {FASTEST_GIF}, or write a .y4m"
            )));
        }
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

    /// Writes all frames as Y4M, and tells `done` of each.
    ///
    /// # Errors
    /// As [`Film::write_png`].
    pub fn write_y4m(&self, output: &mut impl Write, done: &mut impl FnMut()) -> Result<(), Error> {
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
