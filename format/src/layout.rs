//! Where the bytes of a file are: signature, header, sections, checksum.

use core::fmt;
use core::ops::Range;

use crate::{Coding, Cost, Error, Fault, Feature, Header, Limits, wire};

/// The first four bytes of a file. The first is no ASCII character and no start of UTF-8 text.
pub(crate) const SIGNATURE: [u8; 4] = [0xB5, b'S', b'R', b'N'];
pub(crate) const VERSION: u8 = 1;
/// Length of the checksum that ends a file, in bytes.
const CHECKSUM: usize = 4;

pub(crate) const WEIGHTS: u8 = 0x01;
pub(crate) const LATENTS: u8 = 0x02;
pub(crate) const ICC: u8 = 0x81;
pub(crate) const EXIF: u8 = 0x82;
pub(crate) const XMP: u8 = 0x83;
/// Set in the id of a section that a reader may skip if it does not know it.
const OPTIONAL: u8 = 0x80;

/// What a file's bytes are, as [`inspect`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// The header.
    pub header: Header,
    /// Coding of the weights.
    pub coding: Coding,
    /// All bytes of the file: each span begins where the one before it ends.
    pub spans: Vec<Span>,
}

/// Consecutive bytes of a file that serve one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The part of the file that the bytes are.
    pub part: Part,
    /// Position of the first one in the file.
    pub offset: usize,
    /// How many there are.
    pub length: usize,
}

/// What bytes of a file are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Signature and version.
    Signature,
    /// The header.
    Header,
    /// Id and length of the section with this id.
    Framing(u8),
    /// Payload of the section with this id.
    Section(u8),
    /// The checksum.
    Checksum,
}

impl Part {
    /// Tells whether these bytes are the coded weights, without the framing of their section.
    #[must_use]
    pub fn is_weights(self) -> bool {
        self == Self::Section(WEIGHTS)
    }

    /// Tells whether these bytes are the coded latents, without the framing of their section.
    #[must_use]
    pub fn is_latents(self) -> bool {
        self == Self::Section(LATENTS)
    }

    /// Tells whether a reader has to understand these bytes; unknown sections that it may skip are not
    /// critical (SPEC 4.1).
    #[must_use]
    pub fn is_critical(self) -> bool {
        !matches!(self, Self::Framing(id) | Self::Section(id) if id & OPTIONAL != 0)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("signature"),
            Self::Header => f.write_str("header"),
            Self::Framing(_) => f.write_str("framing"),
            Self::Section(WEIGHTS) => f.write_str("weights"),
            Self::Section(LATENTS) => f.write_str("latents"),
            Self::Section(ICC) => f.write_str("ICC profile"),
            Self::Section(EXIF) => f.write_str("EXIF"),
            Self::Section(XMP) => f.write_str("XMP"),
            Self::Section(id) => write!(f, "unknown section {id:#04x}"),
            Self::Checksum => f.write_str("checksum"),
        }
    }
}

impl Layout {
    /// What it costs to read the weights and the latents and to make networks of them.
    #[must_use]
    pub fn reading(&self) -> Cost {
        let mut cost = self.header.reading();
        cost.read(self.coded());
        cost
    }

    /// Bytes that a range coder reads: those of the latents, and of weights unless they are half floats.
    pub(crate) fn coded(&self) -> u64 {
        let coded = |span: &&Span| {
            let weights = self.coding != Coding::Half && span.part.is_weights();
            weights || span.part.is_latents()
        };
        let spans = self.spans.iter().filter(coded);
        spans.map(|span| span.length as u64).sum()
    }

    /// Positions of the payload of the section `id`.
    pub(crate) fn section(&self, id: u8) -> Option<Range<usize>> {
        let span = self
            .spans
            .iter()
            .find(|span| span.part == Part::Section(id))?;
        Some(span.offset..span.offset + span.length)
    }

    fn push(&mut self, part: Part, length: usize) -> usize {
        let offset = self
            .spans
            .last()
            .map_or(0, |last| last.offset + last.length);
        self.spans.push(Span {
            part,
            offset,
            length,
        });
        offset + length
    }
}

/// Finds out what each byte of a file is for, without decoding its weights.
///
/// # Errors
/// Every [`Error`] that [`File::from_bytes`](crate::File::from_bytes) gives, except for faults inside the
/// weights section.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Layout, Error> {
    let body = checked_body(bytes)?;
    let start = SIGNATURE.len() + 1;
    let (header, coding, length) = wire::read_header(&body[start..])?;
    limits.check(&header)?;

    let mut layout = Layout {
        header,
        coding,
        spans: Vec::new(),
    };
    layout.push(Part::Signature, start);
    let mut end = layout.push(Part::Header, length);
    let mut previous = None;
    while let [id, rest @ ..] = &body[end..] {
        if previous >= Some(*id) {
            return Err(Error::Malformed(Fault::SectionOrder));
        }
        previous = Some(*id);
        if id & OPTIONAL == 0 && ![WEIGHTS, LATENTS].contains(id) {
            return Err(Error::Unsupported {
                what: Feature::Section,
                number: u32::from(*id),
            });
        }
        let (length, taken) = wire::read_length(rest).map_err(Error::Malformed)?;
        let left = rest.len() - taken;
        let length = usize::try_from(length)
            .ok()
            .filter(|&length| length <= left);
        let length = length.ok_or(Error::Malformed(Fault::SectionEnds))?;
        layout.push(Part::Framing(*id), 1 + taken);
        end = layout.push(Part::Section(*id), length);
    }
    layout.push(Part::Checksum, CHECKSUM);

    layout
        .section(WEIGHTS)
        .ok_or(Error::Malformed(Fault::NoWeights))?;
    if layout.section(LATENTS).is_some() != layout.header.grids().is_some() {
        return Err(Error::Malformed(Fault::LatentSection));
    }
    let metadata = layout.section(ICC).map_or(0, |icc| icc.len());
    limits.check_sections(&layout, metadata)?;
    Ok(layout)
}

/// Checks signature, version and checksum, and returns all bytes before the last.
fn checked_body(bytes: &[u8]) -> Result<&[u8], Error> {
    let Some(rest) = bytes.strip_prefix(&SIGNATURE) else {
        return Err(not_siren(bytes));
    };
    if let Some(&version) = rest.first()
        && version != VERSION
    {
        return Err(Error::Unsupported {
            what: Feature::Version,
            number: version.into(),
        });
    }
    let (body, stored) = bytes
        .split_last_chunk()
        .filter(|(body, _)| body.len() > SIGNATURE.len())
        .ok_or(Error::Truncated {
            length: bytes.len(),
        })?;
    let (stored, computed) = (u32::from_le_bytes(*stored), crc32fast::hash(body));
    if stored == computed {
        Ok(body)
    } else {
        Err(Error::Corrupt { stored, computed })
    }
}

/// Says what bytes without the signature look like.
fn not_siren(bytes: &[u8]) -> Error {
    /// The signature's first byte after seven-bit transfer, after Latin-1 to UTF-8 conversion, and after
    /// replacement of what is not UTF-8.
    const TEXT: [&[u8]; 3] = [b"5SRN", b"\xC2\xB5SRN", b"\xEF\xBF\xBDSRN"];
    if SIGNATURE.starts_with(bytes) {
        Error::Truncated {
            length: bytes.len(),
        }
    } else if TEXT.iter().any(|start| bytes.starts_with(start)) {
        Error::TextMode
    } else {
        Error::NotSiren
    }
}

/// Appends a section.
pub(crate) fn write_section(bytes: &mut Vec<u8>, id: u8, payload: &[u8]) -> Result<(), Fault> {
    bytes.push(id);
    bytes.extend(wire::write_length(payload.len() as u64)?);
    bytes.extend(payload);
    Ok(())
}
