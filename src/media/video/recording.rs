//! Frames in a file, read row by row where they lie.

use super::colour::Range;
use crate::{Clip, VideoSource};
use std::fs::File;
use std::io;

/// How a frame lies in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Layout {
    /// Pixel after pixel, three bytes each.
    Rgb,
    /// Y row by row, then Cb and Cr, if there are any.
    Planes {
        chroma: Option<Chroma>,
        range: Range,
    },
}

/// Where samples of Cb and Cr lie among those of Y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chroma {
    pub along_x: Axis,
    pub along_y: Axis,
}

/// How samples of colour differences lie along one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    /// Samples of Y for each of Cb.
    pub step: u32,
    /// Whether one of Cb lies amidst them, rather than on the first.
    pub centred: bool,
}

impl Axis {
    /// Samples of Cb for `length` of Y.
    pub(crate) fn count(self, length: u32) -> u32 {
        length.div_ceil(self.step)
    }

    /// Between which two samples of Cb that of Y with number `index` of `length` lies, and the weight of the
    /// second.
    fn between(self, index: u32, length: u32) -> ([usize; 2], f32) {
        let step = self.step as f32;
        let shift = if self.centred {
            0.5 * (step - 1.0)
        } else {
            0.0
        };
        let last = self.count(length) - 1;
        let place = ((index as f32 - shift) / step).clamp(0.0, last as f32);
        let below = place as u32;
        (
            [below, (below + 1).min(last)].map(|index| index as usize),
            place - below as f32,
        )
    }
}

impl Layout {
    /// Bytes of a frame of `width` x `height` pixels.
    pub(crate) fn bytes(self, [width, height]: [u32; 2]) -> u64 {
        let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
        let pixels = area(width, height);
        let more = match self {
            Self::Rgb => pixels.saturating_mul(2),
            Self::Planes { chroma: None, .. } => 0,
            Self::Planes {
                chroma: Some(Chroma { along_x, along_y }),
                ..
            } => area(along_x.count(width), along_y.count(height)).saturating_mul(2),
        };
        pixels.saturating_add(more)
    }
}

/// VideoSource in a file. Beside the file it takes eight bytes a frame.
#[derive(Debug)]
pub struct Recording {
    pub(crate) file: File,
    pub(crate) clip: Clip,
    pub(crate) layout: Layout,
    /// Where each frame begins. Several may be one and the same.
    pub(crate) offsets: Vec<u64>,
}

impl VideoSource for Recording {
    fn clip(&self) -> Clip {
        self.clip
    }

    fn row(&self, frame: u32, row: u32, samples: &mut [u8]) -> io::Result<()> {
        let frame = self.offsets[frame as usize];
        let begin = frame + u64::from(row) * self.row_bytes();
        match self.layout {
            Layout::Rgb => read_at(&self.file, begin, samples),
            Layout::Planes {
                chroma: None,
                range,
            } => {
                read_at(&self.file, begin, samples)?;
                samples.iter_mut().for_each(|y| *y = range.gray(*y));
                Ok(())
            }
            Layout::Planes {
                chroma: Some(chroma),
                range,
            } => {
                let width = self.clip.width() as usize;
                let mut luma = vec![0; width];
                read_at(&self.file, begin, &mut luma)?;
                let differences = self.differences(frame, row, chroma)?;
                let pixels = samples.as_chunks_mut::<3>().0.iter_mut();
                for (column, (pixel, &y)) in pixels.zip(&luma).enumerate() {
                    let (at, weight) = chroma.along_x.between(column as u32, self.clip.width());
                    let mix = |row: &Vec<f32>| row[at[0]] + weight * (row[at[1]] - row[at[0]]);
                    *pixel = range.rgb(y, [mix(&differences[0]), mix(&differences[1])]);
                }
                Ok(())
            }
        }
    }
}

impl Recording {
    /// Bytes of a row of Y, or of colours.
    fn row_bytes(&self) -> u64 {
        let samples = if self.layout == Layout::Rgb { 3 } else { 1 };
        u64::from(self.clip.width()) * samples
    }

    /// Cb and Cr at row `row`, interpolated from those of the two nearest rows that have them.
    fn differences(&self, frame: u64, row: u32, chroma: Chroma) -> io::Result<[Vec<f32>; 2]> {
        let (width, height) = (self.clip.width(), self.clip.height());
        let count = chroma.along_x.count(width) as usize;
        let rows = u64::from(chroma.along_y.count(height));
        let (at, weight) = chroma.along_y.between(row, height);
        let first = frame + u64::from(width) * u64::from(height);
        let mut bytes = vec![0; count];
        let mut plane = |plane: u64| {
            let mut row = |row: usize| {
                let before = plane * rows + row as u64;
                read_at(&self.file, first + before * count as u64, &mut bytes)?;
                Ok::<_, io::Error>(bytes.iter().map(|&c| f32::from(c)).collect::<Vec<_>>())
            };
            let mut mixed = row(at[0])?;
            if weight > 0.0 {
                for (a, b) in mixed.iter_mut().zip(row(at[1])?) {
                    *a += weight * (b - *a);
                }
            }
            Ok::<_, io::Error>(mixed)
        };
        Ok([plane(0)?, plane(1)?])
    }
}

/// Fills `bytes` from `offset` of `file` on, wherever others read at the same time.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
pub fn read_at(file: &File, mut offset: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_read(bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn axis(step: u32, centred: bool) -> Axis {
        Axis { step, centred }
    }

    #[test]
    fn a_ramp_of_chroma_stays_one() {
        // Samples of Cb that say where they lie, in units of Y.
        for axis in [axis(1, false), axis(2, false), axis(2, true), axis(4, true)] {
            let step = axis.step as f32;
            let shift = if axis.centred {
                0.5 * (step - 1.0)
            } else {
                0.0
            };
            let length = 21;
            for index in axis.step..length - axis.step {
                let ([a, b], weight) = axis.between(index, length);
                let [a, b] = [a, b].map(|cb| step * cb as f32 + shift);
                let found = a + weight * (b - a);
                assert!((found - index as f32).abs() < 1e-5, "{axis:?} {index}");
            }
        }
        assert_eq!(axis(2, true).between(0, 1), ([0, 0], 0.0));
        assert_eq!(axis(2, true).between(4, 5), ([1, 2], 0.75));
        assert_eq!(axis(2, false).between(4, 5), ([2, 2], 0.0));
    }

    #[test]
    fn frames_take_the_bytes_of_their_planes() {
        let planes = |chroma| Layout::Planes {
            chroma,
            range: Range::Limited,
        };
        let half = axis(2, true);
        let chroma = |along_x, along_y| Some(Chroma { along_x, along_y });
        assert_eq!(planes(None).bytes([5, 3]), 15);
        assert_eq!(planes(chroma(half, half)).bytes([5, 3]), 15 + 2 * 6);
        assert_eq!(
            planes(chroma(half, axis(1, false))).bytes([5, 3]),
            15 + 2 * 9
        );
        assert_eq!(Layout::Rgb.bytes([5, 3]), 45);
    }
}
