//! Reads animated GIFs: every frame as it is seen, into a temporary file.

use super::recording::{Layout, Recording};
use crate::cli::failure::Failure;
use crate::cli::input::Source;
use crate::cli::picture;
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Frame, ImageDecoder, Limits};
use sirenc::Clip;
use std::io::{BufWriter, Write};

/// What a file begins with.
pub(crate) const SIGNATURE: &[u8] = b"GIF8";
/// The most memory that a frame may take while it is decoded.
pub(crate) const MOST_DECODED: u64 = 256 << 20;
/// The most that all frames may take in the temporary file, as many times as much.
const MORE_ON_DISK: u64 = 64;
/// The most frames, repeated ones included.
const MOST_FRAMES: u64 = 1 << 20;
/// Frames of this many hundredths of a second or fewer are shown as browsers do: for the second number.
const NO_DELAY: (u32, u32) = (1, 10);

/// Whether `source`, a GIF, has more than one frame. One that is damaged has not.
pub(crate) fn is_animated(source: &mut dyn Source) -> bool {
    frames(source, MOST_DECODED)
        .is_ok_and(|frames| frames.take(2).filter(Result::is_ok).count() == 2)
}

fn frames(source: &mut dyn Source, most: u64) -> Result<image::Frames<'_>, Failure> {
    let mut decoder = GifDecoder::new(source).map_err(|error| picture::explain(&error, most))?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(most);
    let limited = decoder.set_limits(limits);
    limited.map_err(|error| picture::explain(&error, most))?;
    Ok(decoder.into_frames())
}

/// The recording in `source`, a frame of which takes at most `most` bytes decoded. What is transparent lies on
/// white.
pub(crate) fn open(source: &mut dyn Source, most: u64) -> Result<Recording, Failure> {
    let spooling = |error| Failure::writing("temporary files", &error);
    let mut file = BufWriter::new(tempfile::tempfile().map_err(spooling)?);
    let (mut size, mut delays, mut end) = ([0; 2], Vec::new(), 0);
    for frame in frames(source, most)? {
        let frame = frame.map_err(|error| picture::explain(&error, most))?;
        let pixels = frame.buffer();
        size = [pixels.width(), pixels.height()];
        end += Layout::Rgb.bytes(size);
        if end > most * MORE_ON_DISK || delays.len() as u64 == MOST_FRAMES {
            let megabytes = (most * MORE_ON_DISK) >> 20;
            return Err(Failure::Said(format!(
                "has more frames than {MOST_FRAMES}, or than fit in {megabytes} MiB; give a part of it"
            )));
        }
        let on_white = |&image::Rgba([r, g, b, a]): &image::Rgba<u8>| {
            [r, g, b].map(|c| if a == 0 { u8::MAX } else { c })
        };
        let bytes: Vec<u8> = pixels.pixels().flat_map(on_white).collect();
        file.write_all(&bytes).map_err(spooling)?;
        delays.push(delay(&frame));
    }
    let (rate, holds) = timing(&delays)?;
    let bytes = Layout::Rgb.bytes(size);
    let repeated = holds.iter().zip(0..);
    let offsets: Vec<u64> = repeated
        .flat_map(|(&hold, frame)| std::iter::repeat_n(frame * bytes, hold as usize))
        .collect();
    Ok(Recording {
        file: file
            .into_inner()
            .map_err(|error| spooling(error.into_error()))?,
        clip: Clip::new(size, 3, offsets.len() as u32, rate)?,
        layout: Layout::Rgb,
        offsets,
    })
}

/// How long a frame is shown, in hundredths of a second.
fn delay(frame: &Frame) -> u32 {
    let (milliseconds, per) = frame.delay().numer_denom_ms();
    match milliseconds / per / 10 {
        short if short <= NO_DELAY.0 => NO_DELAY.1,
        delay => delay,
    }
}

/// Frames a second, and how many of them each frame is, shown for so many hundredths of a second.
///
/// Delays that differ by one are one rate that hundredths cannot tell. Others are all multiples of a frame.
fn timing(delays: &[u32]) -> Result<([u32; 2], Vec<u32>), Failure> {
    let (least, most) = (
        delays.iter().min().copied().unwrap_or(1),
        delays.iter().max().copied().unwrap_or(1),
    );
    if most - least <= 1 {
        let total: u64 = delays.iter().map(|&delay| u64::from(delay)).sum();
        // At most 2^20 frames of 2^16 hundredths, more than whose sum are brought down to 32 bits.
        let shift = (64 - total.leading_zeros()).saturating_sub(32);
        let frames = (100 * delays.len() as u64) >> shift;
        return Ok((
            [frames as u32, (total >> shift) as u32],
            vec![1; delays.len()],
        ));
    }
    let unit = delays.iter().fold(0, |a, &b| gcd(a, b));
    let holds: Vec<u32> = delays.iter().map(|delay| delay / unit).collect();
    let frames: u64 = holds.iter().map(|&hold| u64::from(hold)).sum();
    if frames > MOST_FRAMES {
        return Err(Failure::Said(format!(
            "has frames shown for so different times that it takes {frames} of equal ones; give it one rate first (`ffmpeg -r 25`)"
        )));
    }
    Ok(([100, unit], holds))
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::gif::GifEncoder;
    use image::{Delay, Rgba, RgbaImage};
    use sirenc::Footage;
    use std::io::Cursor;

    fn animation(delays: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for (index, &delay) in (0_u8..).zip(delays) {
            let colour = |x, y| {
                if (x, y) == (1, 0) {
                    Rgba([0; 4])
                } else {
                    Rgba([50 * index, 200, 7, 255])
                }
            };
            let delay = Delay::from_numer_denom_ms(10 * delay, 1);
            let frame = Frame::from_parts(RgbaImage::from_fn(3, 2, colour), 0, 0, delay);
            encoder.encode_frame(frame).unwrap();
        }
        drop(encoder);
        bytes
    }

    #[test]
    fn frames_last_as_long_as_they_are_shown() {
        for (delays, rate, holds) in [
            (vec![4, 4, 4], [300, 12], vec![1, 1, 1]),
            (vec![3, 3, 4], [300, 10], vec![1, 1, 1]),
            (vec![2, 6, 4], [100, 2], vec![1, 3, 2]),
        ] {
            assert_eq!(timing(&delays).unwrap(), (rate, holds));
        }
        assert!(timing(&vec![65_535; 1 << 20]).unwrap().0[0] > 0);
        let mut uneven = vec![65_535; 1 << 8];
        uneven.push(2);
        assert!(timing(&uneven).is_err());
    }

    #[test]
    fn frames_are_read_as_they_are_seen() {
        let bytes = animation(&[2, 6, 0]);
        assert!(is_animated(&mut Cursor::new(&bytes[..])));
        let video = open(&mut Cursor::new(&bytes[..]), MOST_DECODED).unwrap();
        // No delay at all is taken as ten hundredths.
        assert_eq!(
            video.clip(),
            Clip::new([3, 2], 3, 1 + 3 + 5, [50, 1]).unwrap()
        );
        let mut row = [0; 9];
        for (frame, shown) in (0..).zip([0, 1, 1, 1, 2, 2, 2, 2, 2]) {
            video.row(frame, 0, &mut row).unwrap();
            assert_eq!(row, [50 * shown, 200, 7, 255, 255, 255, 50 * shown, 200, 7]);
        }
    }

    #[test]
    fn what_is_no_animation_is_none() {
        let bytes = animation(&[2, 6]);
        assert!(!is_animated(&mut Cursor::new(&animation(&[5])[..])));
        assert!(open(&mut Cursor::new(&bytes[..bytes.len() - 9]), MOST_DECODED).is_err());
        // A logical screen of 65,535 x 65,535 in a few bytes.
        let mut huge = bytes;
        huge[6..10].fill(0xFF);
        assert!(!is_animated(&mut Cursor::new(&huge[..])));
        assert!(open(&mut Cursor::new(&huge[..]), MOST_DECODED).is_err());
    }
}
