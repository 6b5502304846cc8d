//! TGA has no signature at its beginning: what its header may hold tells it from other files.

use super::Survey;
use crate::media::Source;
use std::io::SeekFrom;

/// Bytes of the header.
const HEADER: usize = 18;
/// What the last bytes of a file of version 2 are, and how many there are with what is before them.
const SIGNATURE: &[u8] = b"TRUEVISION-XFILE.\0";
const FOOTER: i64 = 26;
/// Where the extension area says what the alpha is.
const ATTRIBUTES: u64 = 494;

/// Whether bytes that begin a file can be the header of a TGA.
pub(super) fn is_tga(start: &[u8]) -> bool {
    let Some(header) = start.first_chunk::<HEADER>() else {
        return false;
    };
    let number = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let (mapped, kind, depth) = (header[1], header[2], header[16]);
    let map = match mapped {
        0 => header[3..8].iter().all(|&byte| byte == 0),
        1 => number(5) > 0 && matches!(header[7], 15 | 16 | 24 | 32),
        _ => false,
    };
    let samples = match kind {
        1 | 9 => mapped == 1 && matches!(depth, 8 | 16),
        2 | 10 => matches!(depth, 15 | 16 | 24 | 32),
        3 | 11 => matches!(depth, 8 | 16),
        _ => false,
    };
    // The four highest bits of the last byte: the order of rows and columns, and interleaving, which is none.
    map && samples && number(12) > 0 && number(14) > 0 && header[17] >> 6 == 0
}

/// Looks at the extension area that files of version 2 have.
pub(super) fn survey(source: &mut dyn Source) -> Survey {
    Survey {
        premultiplied: attributes(source) == Some(4),
        ..Survey::default()
    }
}

/// What the alpha is; none where it is not said.
fn attributes(source: &mut dyn Source) -> Option<u8> {
    let mut footer = [0; FOOTER as usize];
    source.seek(SeekFrom::End(-FOOTER)).ok()?;
    source.read_exact(&mut footer).ok()?;
    let area = u32::from_le_bytes(*footer.first_chunk()?);
    if !footer.ends_with(SIGNATURE) || area == 0 {
        return None;
    }
    let mut kind = [0];
    source
        .seek(SeekFrom::Start(u64::from(area) + ATTRIBUTES))
        .ok()?;
    source.read_exact(&mut kind).ok()?;
    Some(kind[0])
}
