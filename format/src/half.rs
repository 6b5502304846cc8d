//! Weight coding 0: half floats under zstd (SPEC 5.2).
//!
//! The bytes are split into two planes before they are compressed, because a weight's low byte is nearly
//! random and its high byte (sign, exponent, two bits of the significand) is not: apart, the entropy coder
//! fits the second alone. Of 7,479 normally distributed weights, zstd saves 7.6 per cent with the bytes of
//! each weight together and 15.1 in planes; the entropy of the high bytes allows 15.9.

use crate::Fault;
#[cfg(feature = "zstd")]
use in_c::{compress, decompress};
#[cfg(all(feature = "ruzstd", not(feature = "zstd")))]
use in_rust::decompress;

/// A zstd frame's first four bytes. They are the same in every file, so files leave them out.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Bits of a frame's descriptor byte that announce a checksum or a dictionary, and one that has no meaning yet.
const UNUSED: u8 = 0b0000_1111;

/// The most that a zstd block decompresses to, and the fewest bytes it takes in its frame.
const BLOCK: (u64, u64) = (128 << 10, 4);

/// Exponent bits: all set in infinities and what is not a number.
const EXPONENT: u16 = 0x7C00;

pub(crate) fn write(values: &[u16], parameters: u64) -> Result<Vec<u8>, Fault> {
    if values.len() as u64 != parameters {
        return Err(Fault::WeightCount);
    }
    all_finite(values)?;
    let frame = compress(&[plane(values, 0), plane(values, 1)]);
    let payload = frame
        .as_deref()
        .and_then(|frame| frame.strip_prefix(&MAGIC));
    payload.map(<[u8]>::to_vec).ok_or(Fault::WeightStream)
}

/// The high bytes (0) or the low bytes (1) of all values.
fn plane(values: &[u16], byte: usize) -> Vec<u8> {
    values.iter().map(|v| v.to_be_bytes()[byte]).collect()
}

pub(crate) fn read(payload: &[u8], parameters: u64) -> Result<Vec<u16>, Fault> {
    let descriptor = *payload.first().ok_or(Fault::WeightStream)?;
    if descriptor & UNUSED != 0 {
        return Err(Fault::WeightStream);
    }
    let size = content_size(descriptor, &payload[1..]).ok_or(Fault::WeightStream)?;
    if Some(size) != parameters.checked_mul(2) {
        return Err(Fault::WeightCount);
    }
    // A frame too short for the size it declares is refused before that size is allocated.
    let (decompressed, compressed) = BLOCK;
    if size > payload.len() as u64 / compressed * decompressed {
        return Err(Fault::WeightStream);
    }
    let frame = [&MAGIC, payload].concat();
    let planes = decompress(&frame, size as usize).ok_or(Fault::WeightStream)?;
    let (high, low) = planes.split_at(planes.len() / 2);
    let values: Vec<u16> = high
        .iter()
        .zip(low)
        .map(|(&h, &l)| u16::from_be_bytes([h, l]))
        .collect();
    all_finite(&values)?;
    Ok(values)
}

/// The size that a frame records for its content (RFC 8878, 3.1.1.1), given the bytes of its header after the descriptor.
fn content_size(descriptor: u8, header: &[u8]) -> Option<u64> {
    let single_segment = descriptor & 0b0010_0000 != 0;
    let (bytes, more) = match descriptor >> 6 {
        0 if single_segment => (1, 0),
        0 => return None,
        1 => (2, 256),
        2 => (4, 0),
        _ => (8, 0),
    };
    let window = usize::from(!single_segment);
    let field = header.get(window..window + bytes)?;
    let size = field
        .iter()
        .rev()
        .fold(0, |size, &byte| size << 8 | u64::from(byte));
    size.checked_add(more)
}

/// [`crate::Coding`] has refused to write half floats before they get here.
#[cfg(not(feature = "zstd"))]
fn compress(_: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
    None
}

/// [`crate::Coding`] has refused to read half floats before they get here.
#[cfg(not(any(feature = "zstd", feature = "ruzstd")))]
fn decompress(_: &[u8], _: usize) -> Option<Vec<u8>> {
    None
}

fn all_finite(values: &[u16]) -> Result<(), Fault> {
    let finite = values.iter().all(|bits| bits & EXPONENT != EXPONENT);
    if finite {
        Ok(())
    } else {
        Err(Fault::NotFinite)
    }
}

#[cfg(feature = "zstd")]
mod in_c {
    //! zstd by its library.

    use ::zstd::bulk::Decompressor;
    use ::zstd::stream::write::Encoder;
    use ::zstd::zstd_safe::find_frame_compressed_size;
    use std::io::Write as _;

    /// Ways to compress: a level, and whether each plane gets blocks of its own. zstd fits one code to a
    /// block and does not divide a small input by itself; a few weights are not worth a second block. Level 1
    /// seeks few matches, which random planes have only by accident, level 19 finds those of structured ones.
    const WAYS: [(i32, bool); 3] = [(1, true), (19, true), (19, false)];

    /// The smallest frame that there is of both planes.
    pub(super) fn compress(planes: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
        let frames = WAYS.map(|(level, divide)| frame(planes, level, divide).ok());
        frames.into_iter().flatten().min_by_key(Vec::len)
    }

    fn frame(planes: &[Vec<u8>; 2], level: i32, divide: bool) -> std::io::Result<Vec<u8>> {
        let [high, low] = planes;
        let mut zstd = Encoder::new(Vec::new(), level)?;
        zstd.set_pledged_src_size(Some((high.len() + low.len()) as u64))?;
        zstd.write_all(high)?;
        if divide {
            zstd.flush()?;
        }
        zstd.write_all(low)?;
        zstd.finish()
    }

    /// What a frame and nothing else decompresses to, if that has this size.
    pub(super) fn decompress(frame: &[u8], size: usize) -> Option<Vec<u8>> {
        if find_frame_compressed_size(frame) != Ok(frame.len()) {
            return None;
        }
        let mut content = vec![0; size];
        let written = Decompressor::new()
            .ok()?
            .decompress_to_buffer(frame, &mut content[..]);
        (written.ok() == Some(size)).then_some(content)
    }
}

#[cfg(all(feature = "ruzstd", any(test, not(feature = "zstd"))))]
mod in_rust {
    //! zstd where there is no C: frames are read, and none are written.

    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
    use std::io::Read as _;

    /// Bytes that are decompressed at a time, about.
    const STEP: usize = 1 << 20;
    /// The window that RFC 8878 asks every decoder to have memory for.
    const WINDOW: u64 = 8 << 20;

    /// What a frame and nothing else decompresses to, if that has this size.
    pub(super) fn decompress(mut frame: &[u8], size: usize) -> Option<Vec<u8>> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW.max(size as u64));
        decoder.init(&mut frame).ok()?;
        let mut content = vec![0; size];
        let mut filled = 0;
        while !decoder.is_finished() {
            decoder
                .decode_blocks(&mut frame, BlockDecodingStrategy::UptoBytes(STEP))
                .ok()?;
            filled += decoder.read(&mut content[filled..]).ok()?;
            // More than the size that was recorded.
            if filled == size && decoder.can_collect() > 0 {
                return None;
            }
        }
        (filled == size && frame.is_empty()).then_some(content)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(all(feature = "zstd", feature = "ruzstd"))]
    fn frames_are_read_in_rust_as_in_c() {
        use super::{in_c, in_rust};
        // From constant to random bytes, and from less than a block to several.
        for (count, mask) in [
            (0, 0),
            (1, 255),
            (5, 0),
            (700, 15),
            (140_000, 7),
            (140_000, 255),
        ] {
            let mut state = 1_u32;
            let mut byte = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8 & mask
            };
            let planes = [0; 2].map(|_| (0..count).map(|_| byte()).collect::<Vec<u8>>());
            let frame = in_c::compress(&planes).unwrap();
            let content = planes.concat();
            let size = content.len();
            assert_eq!(in_rust::decompress(&frame, size).as_ref(), Some(&content));
            assert_eq!(in_c::decompress(&frame, size), Some(content));
            let longer = [&frame[..], &[0]].concat();
            let twice = [&frame[..], &frame].concat();
            let refused = [
                (&frame[..frame.len() - 1], size),
                (&longer, size),
                (&twice, 2 * size),
                (&frame, size + 1),
                (&frame, size.saturating_sub(1)),
            ];
            for (frame, size) in refused.into_iter().filter(|_| size > 0) {
                assert_eq!(in_rust::decompress(frame, size), None);
                assert_eq!(in_c::decompress(frame, size), None);
            }
        }
    }
}
