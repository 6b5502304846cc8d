//! What an animation says of its frames before any of them is decoded, so that they can be charged for first.

use super::animation::Format;
use super::gif;
use crate::media::Source;
use std::io;

/// What the blocks or chunks of an animation tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Frames, if they can be told: of a GIF, if all blocks are whole and nothing but the last byte of the file may be missing.
    pub(super) frames: Option<usize>,
    /// Whether the file is a GIF that ends within a block.
    pub(super) cut: bool,
    /// Width and height of the canvas in pixels.
    pub(super) size: [u32; 2],
}

/// Goes through the blocks or chunks in `source`, from its start.
///
/// # Errors
/// If it cannot be read.
pub(super) fn shape(source: &mut dyn Source, format: Format) -> io::Result<Shape> {
    let mut shape = Shape {
        frames: None,
        cut: false,
        size: [0; 2],
    };
    let counted = match format {
        Format::Gif => gif::count(source, &mut shape.size),
        Format::Png => png(source, &mut shape.size),
        Format::WebP => webp(source, &mut shape.size),
    };
    match counted {
        Ok(frames) => shape.frames = frames,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            shape.cut = format == Format::Gif;
        }
        Err(error) => return Err(error),
    }
    Ok(shape)
}

/// The number of frames that the `acTL` of a PNG declares, which comes before all samples; `size` becomes theirs. A decoder
/// reads no more.
fn png(source: &mut dyn Source, size: &mut [u32; 2]) -> io::Result<Option<usize>> {
    let mut signature = [0; 8];
    source.read_exact(&mut signature)?;
    loop {
        let [length, kind] = [word(source)?, word(source)?];
        let (length, mut read) = (u64::from(u32::from_be_bytes(length)), 0);
        match &kind {
            b"IHDR" => {
                *size = [word(source)?, word(source)?].map(u32::from_be_bytes);
                read = 8;
            }
            b"acTL" => return Ok(Some(u32::from_be_bytes(word(source)?) as usize)),
            b"IDAT" => return Ok(None),
            _ => {}
        }
        // And the checksum.
        gif::skip(source, (length + 4).saturating_sub(read))?;
    }
}

/// The number of `ANMF` chunks of a WebP; `size` becomes that of its canvas. What comes after its last whole chunk is for the
/// decoder to find fault with.
fn webp(source: &mut dyn Source, size: &mut [u32; 2]) -> io::Result<Option<usize>> {
    let mut signature = [0; 12];
    source.read_exact(&mut signature)?;
    let mut frames = 0;
    while let Ok(kind) = word(source) {
        let length = u64::from(u32::from_le_bytes(word(source)?));
        let mut read = 0;
        match &kind {
            b"VP8X" => {
                let mut header = [0; 10];
                source.read_exact(&mut header)?;
                let side =
                    |at| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], 0]) + 1;
                *size = [side(4), side(7)];
                read = 10;
            }
            b"ANMF" => frames += 1,
            _ => {}
        }
        // Chunks begin at even places.
        if gif::skip(source, length.next_multiple_of(2).saturating_sub(read)).is_err() {
            break;
        }
    }
    Ok(Some(frames))
}

fn word(source: &mut dyn Source) -> io::Result<[u8; 4]> {
    let mut word = [0; 4];
    source.read_exact(&mut word)?;
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Error;
    use crate::media::video::open_animation;
    use std::io::Cursor;

    const SIDE: u32 = 64;
    const FRAMES: u32 = 1000;

    /// An animated PNG of which all samples are missing.
    fn png_without_samples() -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
        let mut chunk = |kind: &[u8; 4], content: &[u8]| {
            bytes.extend((content.len() as u32).to_be_bytes());
            let start = bytes.len();
            bytes.extend(kind.iter().chain(content));
            let checksum = crc32fast::hash(&bytes[start..]);
            bytes.extend(checksum.to_be_bytes());
        };
        let side = SIDE.to_be_bytes();
        chunk(b"IHDR", &[&side[..], &side, &[8, 2, 0, 0, 0]].concat());
        chunk(b"acTL", &[FRAMES.to_be_bytes(), [0; 4]].concat());
        chunk(b"IDAT", &[]);
        chunk(b"IEND", &[]);
        bytes
    }

    /// An animated WebP whose frames are empty.
    fn webp_without_samples() -> Vec<u8> {
        let frame = *b"ANMF\x05\0\0\0\0\0\0\0\0\0";
        let content = [
            &b"WEBPVP8X\x0A\0\0\0\x02\0\0\0\x3F\0\0\x3F\0\0ANIM\x06\0\0\0\0\0\0\0\0\0"[..],
            &frame.repeat(FRAMES as usize),
        ]
        .concat();
        [b"RIFF", &(content.len() as u32).to_le_bytes()[..], &content].concat()
    }

    #[test]
    fn frames_are_charged_for_before_any_is_decoded() {
        for (format, bytes) in [
            (Format::Png, png_without_samples()),
            (Format::WebP, webp_without_samples()),
        ] {
            let told = shape(&mut Cursor::new(&bytes), format).expect("readable");
            let expected = Shape {
                frames: Some(FRAMES as usize),
                cut: false,
                size: [SIDE, SIDE],
            };
            assert_eq!(told, expected, "{format:?}");
            let all = u64::from(3 * SIDE * SIDE * FRAMES);
            for (most, refused) in [(all - 1, true), (all, false)] {
                let opened = open_animation(&mut Cursor::new(&bytes), 1 << 20, most);
                let error = opened.expect_err("nothing to decode");
                assert_eq!(
                    matches!(error, Error::Limit(_)),
                    refused,
                    "{format:?}: {error}"
                );
            }
        }
    }

    #[test]
    fn a_file_that_ends_early_says_nothing_of_its_frames() {
        let bytes = png_without_samples();
        let told = shape(&mut Cursor::new(&bytes[..30]), Format::Png).expect("readable");
        assert_eq!((told.frames, told.cut), (None, false));
    }
}
