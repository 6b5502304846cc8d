//! What a file says of its signal beside the signal itself (SPEC 4.4). It is put into a finished file and taken out of it,
//! whole and unread, and costs nobody anything who does not ask for it.

use crate::layout::{EXIF, ICC, Layout, Part, XMP, inspect, write_section};
use crate::{Error, Fault, Limits};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// How hard zlib tries, 0 to 10: a few kilobytes take no time.
const LEVEL: u8 = 10;

/// A kind of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// A TIFF structure as in a JPEG file, without the six bytes that it has before it there.
    Exif,
    /// A packet of XMP, in UTF-8.
    Xmp,
}

impl Metadata {
    fn id(self) -> u8 {
        match self {
            Self::Exif => EXIF,
            Self::Xmp => XMP,
        }
    }

    fn section(self, content: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut section = Vec::new();
        let payload = compress_to_vec_zlib(content, LEVEL);
        write_section(&mut section, self.id(), &payload)?;
        Ok(section)
    }

    /// How many bytes a file grows by that has none of this kind, and gets `content`.
    #[must_use]
    pub fn bytes(self, content: &[u8]) -> u64 {
        self.section(content)
            .map_or(u64::MAX, |section| section.len() as u64)
    }

    /// The same file with `content` as its metadata of this kind, or with none. Optional sections that this version does
    /// not know are left out, as SPEC 4.1 asks of whoever changes a file.
    ///
    /// # Errors
    /// Those of [`inspect`], and [`Error::Invalid`].
    pub fn put(
        self,
        file: &[u8],
        content: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<Vec<u8>, Error> {
        let layout = inspect(file, limits)?;
        let section = content.map(|content| self.section(content)).transpose();
        let mut section = section.map_err(Error::Invalid)?.unwrap_or_default();
        let mut bytes = Vec::with_capacity(file.len() + section.len());
        for span in &layout.spans {
            let id = match span.part {
                Part::Signature | Part::Header => 0,
                Part::Framing(id) | Part::Section(id) => id,
                Part::Checksum => u8::MAX,
            };
            if id > self.id() {
                bytes.append(&mut section);
            }
            let known = span.part.is_critical() || [ICC, EXIF, XMP].contains(&id);
            if known && id != self.id() && span.part != Part::Checksum {
                bytes.extend(&file[span.offset..span.offset + span.length]);
            }
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// The metadata of this kind that `file` has, if it can be made sense of within the limit of metadata.
    ///
    /// # Errors
    /// Those of [`inspect`].
    pub fn get(self, file: &[u8], limits: &Limits) -> Result<Option<Vec<u8>>, Error> {
        let layout: Layout = inspect(file, limits)?;
        let Some(range) = layout.section(self.id()) else {
            return Ok(None);
        };
        let most = usize::try_from(limits.metadata).unwrap_or(usize::MAX);
        Ok(decompress_to_vec_zlib_with_limit(&file[range], most).ok())
    }
}
