//! The blocks of a GIF, without what they hold.

use crate::media::Source;
use std::io::{self, Read};

/// The number of frames in `source`; `size` becomes theirs. None if the file holds something that is no block.
///
/// # Errors
/// If it cannot be read, or ends within a block.
pub(super) fn count(source: &mut dyn Source, size: &mut [u32; 2]) -> io::Result<Option<usize>> {
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

/// Goes on by `count` bytes.
///
/// # Errors
/// If there are fewer, or they cannot be read.
pub(super) fn skip(mut source: &mut dyn Source, count: u64) -> io::Result<()> {
    let skipped = io::copy(&mut Read::take(&mut source, count), &mut io::sink())?;
    if skipped < count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
