//! Samples as WAV and AIFF hold them: integers, floats, and the two logarithmic codes of telephony.

use super::{Samples, check, damaged, depth, short};
use crate::Sound;
use crate::media::Error;
use crate::media::Source;
use std::io::{ErrorKind, SeekFrom};

/// What the bytes of a sample stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Integers, in the highest bits of their bytes.
    Signed,
    /// Integers in the highest bits of their bytes, with half the range added.
    Unsigned,
    Float,
    /// The A-law of G.711.
    ALaw,
    /// The mu-law of G.711.
    MuLaw,
}

/// How a file holds its samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcm {
    pub(super) rate: u32,
    pub(super) channels: u32,
    pub(super) coding: Coding,
    /// Bytes that a sample takes.
    pub(super) bytes: usize,
    /// Bits of it that are used.
    pub(super) bits: u32,
    /// Whether its highest byte comes first.
    pub(super) big: bool,
}

/// Where the samples of a file are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    pub(super) begin: u64,
    /// Their bytes; none if the file does not know, and they go on to its end.
    pub(super) length: Option<u64>,
}

/// Bytes that are read at a time, at most.
const BLOCK: usize = 1 << 16;

impl Pcm {
    /// The sound that `data` of `source` is, of at most `most` samples.
    pub(super) fn read(
        &self,
        source: &mut dyn Source,
        data: Data,
        most: usize,
    ) -> Result<Sound, Error> {
        check(self.rate, self.channels)?;
        self.check_size()?;
        let frame = self.bytes * self.channels as usize;
        if data.length.is_some_and(|length| length % frame as u64 != 0) {
            return Err(damaged("its samples end within one"));
        }
        source
            .seek(SeekFrom::Start(data.begin))
            .map_err(|error| Error::reading(&error))?;
        let mut samples = Samples::new(most);
        let mut block = vec![0; BLOCK / frame * frame];
        let mut left = data.length.unwrap_or(u64::MAX);
        while left > 0 {
            let wanted = block
                .len()
                .min(usize::try_from(left).unwrap_or(block.len()));
            let found = fill(source, &mut block[..wanted])?;
            // A stream that was cut off may have a part of a frame left at its end.
            for sample in block[..found / frame * frame].chunks_exact(self.bytes) {
                samples.add(self.sample(sample))?;
            }
            if found < wanted {
                if data.length.is_some() {
                    return Err(short());
                }
                break;
            }
            left -= found as u64;
        }
        let depth = match self.coding {
            Coding::Float => 32,
            Coding::ALaw | Coding::MuLaw => 16,
            Coding::Signed | Coding::Unsigned => depth(self.bits),
        };
        samples.sound(self.rate, self.channels, depth)
    }

    /// Refuses samples of a size that their coding does not have.
    fn check_size(&self) -> Result<(), Error> {
        let (bytes, bits) = (self.bytes, self.bits);
        let known = match self.coding {
            Coding::Signed | Coding::Unsigned => {
                (1..=4).contains(&bytes) && (1..=8 * bytes).contains(&(bits as usize))
            }
            Coding::Float => matches!((bytes, bits), (4, 32) | (8, 64)),
            Coding::ALaw | Coding::MuLaw => bytes == 1,
        };
        if known {
            return Ok(());
        }
        Err(Error::Unsupported(format!(
            "has samples of {bits} bits in {bytes} bytes, which are not read; convert it first: {CONVERT}"
        )))
    }

    /// The sample in `bytes`, of which 1 is full scale.
    fn sample(&self, bytes: &[u8]) -> f32 {
        // From the highest byte on.
        let mut high = [0; 8];
        for (index, &byte) in bytes.iter().enumerate() {
            let place = if self.big {
                index
            } else {
                bytes.len() - 1 - index
            };
            high[place] = byte;
        }
        let [a, b, c, d, ..] = high;
        match self.coding {
            Coding::Signed => scaled(i32::from_be_bytes([a, b, c, d])),
            Coding::Unsigned => scaled(i32::from_be_bytes([a ^ 0x80, b, c, d])),
            Coding::Float if bytes.len() == 8 => f64::from_be_bytes(high) as f32,
            Coding::Float => f32::from_be_bytes([a, b, c, d]),
            Coding::ALaw => f32::from(a_law(a)) / 32_768.0,
            Coding::MuLaw => f32::from(mu_law(a)) / 32_768.0,
        }
    }
}

/// What makes a file that is read of most others.
pub(super) const CONVERT: &str = "ffmpeg -i INPUT -c:a pcm_s24le sound.wav";

/// Up to 24 bits of it are kept exactly.
fn scaled(sample: i32) -> f32 {
    sample as f32 / 2f32.powi(31)
}

/// The sample of 16 bits that a byte of A-law stands for.
fn a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (step, chord) = (i16::from(byte & 0x0F), byte >> 4 & 7);
    let size = match chord {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (chord - 1),
    };
    if byte & 0x80 == 0 { -size } else { size }
}

/// The sample of 16 bits that a byte of mu-law stands for.
fn mu_law(byte: u8) -> i16 {
    let byte = !byte;
    let (step, chord) = (i16::from(byte & 0x0F), byte >> 4 & 7);
    let size = (((step << 3) + 0x84) << chord) - 0x84;
    if byte & 0x80 == 0 { size } else { -size }
}

/// Reads `bytes` full, or as far as `source` goes, and says how far.
fn fill(source: &mut dyn Source, bytes: &mut [u8]) -> Result<usize, Error> {
    let mut found = 0;
    while found < bytes.len() {
        match source.read(&mut bytes[found..]) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::reading(&error)),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_is_scaled_to_full() {
        let sample = |coding, bits, big, bytes: &[u8]| {
            let pcm = Pcm {
                rate: 8000,
                channels: 1,
                coding,
                bytes: bytes.len(),
                bits,
                big,
            };
            assert!(pcm.check_size().is_ok());
            pcm.sample(bytes)
        };
        use Coding::{ALaw, Float, MuLaw, Signed, Unsigned};
        for (coding, bits, bytes, expected) in [
            (Unsigned, 8, &[0x80_u8][..], 0.0),
            (Unsigned, 8, &[0x00], -1.0),
            (Signed, 8, &[0x40], 0.5),
            (Signed, 16, &[0x01, 0xC0], -0.5 + 1.0 / 32_768.0),
            (Signed, 12, &[0x10, 0x00], 1.0 / 2048.0),
            (Signed, 24, &[0xFF, 0xFF, 0x7F], 1.0 - 1.0 / 8_388_608.0),
            (
                Signed,
                24,
                &[0x00, 0xFF, 0xFF, 0x7F],
                1.0 - 1.0 / 8_388_608.0,
            ),
            (Signed, 32, &[0x00, 0x00, 0x00, 0x80], -1.0),
            (Float, 32, &0.3_f32.to_le_bytes(), 0.3),
            (Float, 64, &(-0.3_f64).to_le_bytes(), -0.3),
            (ALaw, 8, &[0xD5], 8.0 / 32_768.0),
            (ALaw, 8, &[0x2A], -32_256.0 / 32_768.0),
            (MuLaw, 8, &[0xFF], 0.0),
            (MuLaw, 8, &[0x00], -32_124.0 / 32_768.0),
        ] {
            assert_eq!(
                sample(coding, bits, false, bytes),
                expected,
                "{coding:?} {bytes:?}"
            );
            let mut turned = bytes.to_vec();
            turned.reverse();
            assert_eq!(
                sample(coding, bits, true, &turned),
                expected,
                "{coding:?} {turned:?}"
            );
        }
    }
}
