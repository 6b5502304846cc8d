//! The two formats that are made of chunks, each of which says what it is and how long: WAV, in all its sizes, and
//! AIFF.

use super::pcm::{CONVERT, Coding, Data, Pcm};
use super::{damaged, explain_io, short};
use crate::Sound;
use crate::media::Error;
use crate::media::Source;
use std::io::SeekFrom;

/// Whether `length` is a placeholder of programs that do not know the length, such as those that write to a pipe.
/// 7F000000, 7FFFF000, 7FFFFFFF, 80000000 and FFFFFFFF are in use, rounded to whole frames or less by a header.
fn is_placeholder(length: u64) -> bool {
    matches!(
        length,
        0x7EFF_E000..=0x7F00_1000 | 0x7FFF_E000..=0x8000_1000 | 0xFFFF_E000..=0xFFFF_FFFF
    ) || length >= 1 << 63
}

/// A chunk: where its content begins, and how long it says it is.
struct Chunk {
    id: [u8; 4],
    begin: u64,
    length: u64,
}

/// The chunks of a file, one after the other.
struct Chunks<'a> {
    source: &'a mut dyn Source,
    /// The position of `source` in bytes from its beginning.
    here: u64,
    /// Where the next chunk begins.
    next: u64,
    /// The length of the file.
    end: u64,
    /// Whether numbers have their highest byte first.
    big: bool,
}

impl<'a> Chunks<'a> {
    /// The chunks of a file that begins at `begin`, after the twelve bytes that identify it.
    fn new(source: &'a mut dyn Source, begin: u64, big: bool) -> Result<Self, Error> {
        let first = begin + 12;
        let end = source.seek(SeekFrom::End(0));
        let there = end.and_then(|end| source.seek(SeekFrom::Start(first)).map(|_| end));
        Ok(Self {
            source,
            here: first,
            next: first,
            end: there.map_err(|error| Error::reading(&error))?,
            big,
        })
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        if self.next.saturating_add(8) > self.end {
            return Ok(None);
        }
        let [a, b, c, d, length @ ..] = self.read::<8>(self.next)?;
        let length = u64::from(self.long(length));
        let begin = self.here;
        // An odd one is followed by a byte that makes it even.
        self.next = begin + length + length % 2;
        Ok(Some(Chunk {
            id: [a, b, c, d],
            begin,
            length,
        }))
    }

    /// The `N` bytes from `place` on.
    fn read<const N: usize>(&mut self, place: u64) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        // Unlike another seek, this one keeps what is buffered.
        let step = place as i64 - self.here as i64;
        let read = self.source.seek_relative(step);
        let read = read.and_then(|()| self.source.read_exact(&mut bytes));
        read.map_err(|error| explain_io(&error))?;
        self.here = place + N as u64;
        Ok(bytes)
    }

    fn long(&self, bytes: [u8; 4]) -> u32 {
        if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }

    fn short(&self, bytes: [u8; 2]) -> u16 {
        if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    /// What is wrong where no chunk is left and `missing` was not found.
    fn lack(&self, missing: &str) -> Error {
        if self.next > self.end {
            short()
        } else {
            damaged(&format!("it has no chunk {missing:?}"))
        }
    }

    /// `length` bytes from `begin` on, or all there are if the length is only a placeholder for one.
    fn data(&self, begin: u64, length: u64) -> Data {
        let unknown = is_placeholder(length) && begin.saturating_add(length) > self.end;
        let length = (!unknown).then_some(length);
        Data { begin, length }
    }
}

/// The sound in a WAV file that begins at `begin` with `head`: RIFF, the same in the other byte order, or RF64,
/// whose lengths have 64 bits.
pub(super) fn wav(
    source: &mut dyn Source,
    begin: u64,
    head: &[u8],
    most: usize,
) -> Result<Sound, Error> {
    let mut chunks = Chunks::new(source, begin, head.starts_with(b"RIFX"))?;
    let long = head.starts_with(b"RF64") || head.starts_with(b"BW64");
    let (mut pcm, mut data, mut size) = (None, None, None);
    while pcm.is_none() || data.is_none() {
        let Some(chunk) = chunks.next()? else {
            break;
        };
        match &chunk.id {
            b"ds64" if long => {
                // That of the whole file comes first.
                size = Some(u64::from_le_bytes(chunks.read(chunk.begin + 8)?));
            }
            b"fmt " => pcm = Some(format(&mut chunks, &chunk)?),
            b"data" => {
                let mut length = chunk.length;
                if long && length == u64::from(u32::MAX) {
                    length = size.unwrap_or(length);
                    chunks.next = chunk
                        .begin
                        .saturating_add(length)
                        .saturating_add(length % 2);
                }
                // A recorder that was cut off before it came back to write any length.
                if length == 0 && head.get(4..8) == Some(&[0; 4]) {
                    length = u64::MAX;
                }
                data = Some(chunks.data(chunk.begin, length));
            }
            _ => {}
        }
    }
    let pcm: Pcm = pcm.ok_or_else(|| chunks.lack("fmt "))?;
    let data = data.ok_or_else(|| chunks.lack("data"))?;
    pcm.read(chunks.source, data, most)
}

/// What the chunk `fmt ` of a WAV file says of its samples.
fn format(chunks: &mut Chunks<'_>, chunk: &Chunk) -> Result<Pcm, Error> {
    if chunk.length < 16 {
        return Err(damaged("its chunk \"fmt \" is too short"));
    }
    let [t0, t1, c0, c1, r0, r1, r2, r3, .., b0, b1, s0, s1] = chunks.read::<16>(chunk.begin)?;
    let channels = u32::from(chunks.short([c0, c1]));
    let rate = chunks.long([r0, r1, r2, r3]);
    let frame = u32::from(chunks.short([b0, b1]));
    let mut bits = u32::from(chunks.short([s0, s1]));
    let container = bits;
    let mut tag = chunks.short([t0, t1]);
    if tag == 0xFFFE {
        if chunk.length < 40 {
            return Err(damaged("its chunk \"fmt \" is too short"));
        }
        let more: [u8; 24] = chunks.read(chunk.begin + 16)?;
        let valid = u32::from(chunks.short([more[2], more[3]]));
        // Some leave it at 0.
        bits = if valid == 0 { bits } else { valid };
        // A tag in the form of a GUID, the rest of which is the same for all.
        if more[10..] != *b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71" || chunks.big {
            return Err(unread("samples of a kind that has no number in WAV"));
        }
        tag = chunks.short([more[8], more[9]]);
    }
    let coding = match tag {
        // In one byte there is no sign.
        1 if frame == channels => Coding::Unsigned,
        1 => Coding::Signed,
        3 => Coding::Float,
        6 => Coding::ALaw,
        7 => Coding::MuLaw,
        _ => return Err(unread(&compression(tag))),
    };
    super::check(rate, channels)?;
    if frame % channels != 0 || frame / channels < container.div_ceil(8) {
        return Err(unread(&format!(
            "{channels} samples of {container} bits in {frame} bytes"
        )));
    }
    Ok(Pcm {
        rate,
        channels,
        coding,
        bytes: (frame / channels) as usize,
        bits,
        big: chunks.big,
    })
}

/// What WAV calls the codings that are not read.
fn compression(tag: u16) -> String {
    let name = match tag {
        0x02 => "Microsoft ADPCM",
        0x11 => "IMA ADPCM",
        0x14 | 0x40 | 0x45 | 0x64 | 0x65 => "G.72x",
        0x22 => "TrueSpeech",
        0x31 => "GSM 6.10",
        0x50 => "MPEG audio",
        0x55 => "MP3",
        0x92 | 0x2000 => "AC-3",
        0xFF | 0x1600..=0x1602 | 0xA106 => "AAC",
        0x160..=0x163 => "Windows Media audio",
        0x674F..=0x6751 | 0x676F..=0x6771 => "Vorbis",
        0x704F => "Opus",
        0xF1AC => "FLAC",
        _ => return format!("coding {tag:#06x}"),
    };
    name.into()
}

/// The refusal of a coding that is not read.
fn unread(coding: &str) -> Error {
    Error::Unsupported(format!(
        "holds {coding}; only PCM, floats, A-law and mu-law are read of WAV and AIFF; convert it first: {CONVERT}"
    ))
}

/// The sound in an AIFF file that begins at `begin`, or in an AIFF-C file that is not compressed.
pub(super) fn aiff(source: &mut dyn Source, begin: u64, most: usize) -> Result<Sound, Error> {
    let mut chunks = Chunks::new(source, begin, true)?;
    let (mut common, mut data) = (None, None);
    while common.is_none() || data.is_none() {
        let Some(chunk) = chunks.next()? else {
            break;
        };
        match &chunk.id {
            b"COMM" => common = Some(common_of(&mut chunks, &chunk)?),
            b"SSND" => {
                let [a, b, c, d, ..] = chunks.read::<8>(chunk.begin)?;
                let skipped = 8 + u64::from(chunks.long([a, b, c, d]));
                let Some(length) = chunk.length.checked_sub(skipped) else {
                    return Err(damaged("its chunk \"SSND\" is too short"));
                };
                data = Some(chunks.data(chunk.begin + skipped, length));
            }
            _ => {}
        }
    }
    let (pcm, frames) = common.ok_or_else(|| chunks.lack("COMM"))?;
    // Without frames there may be none.
    let mut data = match data {
        None if frames == 0 => Data {
            begin: chunks.end,
            length: Some(0),
        },
        data => data.ok_or_else(|| chunks.lack("SSND"))?,
    };
    if let Some(length) = &mut data.length {
        let said = u64::from(frames) * u64::from(pcm.channels) * pcm.bytes as u64;
        if said > *length {
            return Err(short());
        }
        *length = said;
    }
    pcm.read(chunks.source, data, most)
}

/// What the chunk `COMM` of an AIFF file says of its samples, and how many frames of them there are.
fn common_of(chunks: &mut Chunks<'_>, chunk: &Chunk) -> Result<(Pcm, u32), Error> {
    if chunk.length < 18 {
        return Err(damaged("its chunk \"COMM\" is too short"));
    }
    let [c0, c1, f0, f1, f2, f3, s0, s1, rate @ ..] = chunks.read::<18>(chunk.begin)?;
    let frames = chunks.long([f0, f1, f2, f3]);
    let mut bits = u32::from(chunks.short([s0, s1]));
    let kind = if chunk.length >= 22 {
        chunks.read(chunk.begin + 18)?
    } else {
        *b"NONE"
    };
    let (coding, big) = match &kind {
        b"NONE" | b"twos" | b"in24" | b"in32" => (Coding::Signed, true),
        b"sowt" | b"42n1" | b"23ni" => (Coding::Signed, false),
        b"raw " => (Coding::Unsigned, true),
        b"fl32" | b"FL32" | b"fl64" | b"FL64" => (Coding::Float, true),
        b"alaw" | b"ALAW" => (Coding::ALaw, true),
        b"ulaw" | b"ULAW" => (Coding::MuLaw, true),
        other => return Err(unread(&format!("{:?}", String::from_utf8_lossy(other)))),
    };
    if matches!(coding, Coding::ALaw | Coding::MuLaw) {
        // Some say 16, which is what comes of them.
        bits = 8;
    }
    let pcm = Pcm {
        rate: extended(rate).round() as u32,
        channels: chunks.short([c0, c1]).into(),
        coding,
        bytes: bits.div_ceil(8) as usize,
        bits,
        big,
    };
    Ok((pcm, frames))
}

/// A float of 80 bits, as AIFF has its rate.
fn extended(bytes: [u8; 10]) -> f64 {
    let [e0, e1, mantissa @ ..] = bytes;
    let exponent = i32::from(u16::from_be_bytes([e0 & 0x7F, e1])) - 16_383 - 63;
    u64::from_be_bytes(mantissa) as f64 * 2f64.powi(exponent)
}
