//! The blocks of a GIF, without what they hold.

use crate::media::Source;
use std::io::{self, Read};

/// What the blocks of a GIF tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Frames, if all blocks are whole and nothing but the last byte of the file may be missing.
    pub(super) frames: Option<usize>,
    /// Whether the file ends within a block.
    pub(super) cut: bool,
    /// Width and height of the canvas in pixels.
    pub(super) size: [u32; 2],
}

/// Goes through the blocks in `source`.
///
/// # Errors
/// If it cannot be read.
pub(super) fn shape(source: &mut dyn Source) -> io::Result<Shape> {
    let mut shape = Shape {
        frames: None,
        cut: false,
        size: [0; 2],
    };
    match count(source, &mut shape.size) {
        Ok(frames) => shape.frames = frames,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => shape.cut = true,
        Err(error) => return Err(error),
    }
    Ok(shape)
}

/// The number of frames; `size` becomes theirs. None if the file holds something that is no block.
fn count(source: &mut dyn Source, size: &mut [u32; 2]) -> io::Result<Option<usize>> {
    let mut screen = [0; 13];
    source.read_exact(&mut screen)?;
    *size = [6, 8].map(|at| u16::from_le_bytes([screen[at], screen[at + 1]]).into());
    skip(source, colours(screen[10]))?;
    let mut frames = 0;
    loop {
        let mut kind = [0];
        if source.read(&mut kind)? == 0 {
            return Ok(Some(frames));
        }
        match kind[0] {
            // The end.
            0x3B => return Ok(Some(frames)),
            // An extension and its label.
            0x21 => skip(source, 1)?,
            // A frame, and after its colours the size of its first codes.
            0x2C => {
                let mut frame = [0; 9];
                source.read_exact(&mut frame)?;
                skip(source, colours(frame[8]) + 1)?;
                frames += 1;
            }
            _ => return Ok(None),
        }
        loop {
            let mut length = [0];
            source.read_exact(&mut length)?;
            if length[0] == 0 {
                break;
            }
            skip(source, length[0].into())?;
        }
    }
}

/// Bytes of the colours that follow a header with these flags.
fn colours(flags: u8) -> u64 {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

fn skip(mut source: &mut dyn Source, count: u64) -> io::Result<()> {
    let skipped = io::copy(&mut Read::take(&mut source, count), &mut io::sink())?;
    if skipped < count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
