//! What files of pictures say beside their samples and colours: EXIF and XMP. They are taken out of files of any format
//! that has them, carried in `.siren` files, and put into PNG, JPEG and WebP.

use super::exif;
use super::format::Format;
use super::xmp;
use crate::media::Source;
use crate::{Error, Limits};
use image::{ImageDecoder, ImageReader};
use siren_format::Metadata as Kind;
use std::io::{self, Write};

/// Metadata longer than this, which JPEG files cannot hold, is left out: a small file should not carry it.
const MOST: usize = 1 << 16;
/// What EXIF and XMP begin with in a segment of a JPEG file, which has room for so many bytes more.
const JPEG_EXIF: &[u8] = b"Exif\0\0";
const JPEG_XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const JPEG_MOST: usize = 65_533;
/// Where other chunks and segments may begin: after the signature and the header of PNG, and after the start of JPEG.
const PNG_START: usize = 33;
const JPEG_START: usize = 2;

/// The metadata of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// A TIFF structure of EXIF.
    pub exif: Option<Vec<u8>>,
    /// A packet of XMP.
    pub xmp: Option<Vec<u8>>,
}

impl Metadata {
    /// The metadata of the picture that `source` holds. What cannot be read is none: the picture matters more. The source
    /// is back at its beginning afterwards.
    ///
    /// # Errors
    /// If the source cannot be read again.
    pub fn of(source: &mut dyn Source) -> io::Result<Self> {
        source.rewind()?;
        let found = Self::read(source).unwrap_or_default();
        source.rewind()?;
        Ok(found)
    }

    fn read(source: &mut dyn Source) -> Option<Self> {
        let reader = ImageReader::new(source).with_guessed_format().ok()?;
        let mut decoder = reader.into_decoder().ok()?;
        Some(Self {
            exif: decoder.exif_metadata().ok().flatten(),
            xmp: decoder.xmp_metadata().ok().flatten(),
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.exif.is_none() && self.xmp.is_none()
    }

    /// What of it is worth its bytes in a small file, of a picture that has been turned upright: no thumbnails, nothing that
    /// only the maker of a camera reads, and the place where the picture was taken only if that is to be kept. Whether
    /// there was a place.
    pub fn tidied(self, keep_place: bool) -> (Self, bool) {
        let short = |found: Option<Vec<u8>>| found.filter(|found| found.len() <= MOST);
        let exif = short(self.exif).and_then(|exif| exif::tidied(&exif, keep_place));
        let xmp = short(self.xmp).and_then(|xmp| xmp::tidied(&xmp, keep_place));
        let placed = [&exif, &xmp]
            .into_iter()
            .flatten()
            .any(|(_, placed)| *placed);
        let tidied = Self {
            exif: exif.map(|(exif, _)| exif),
            xmp: xmp.map(|(xmp, _)| xmp).filter(|xmp| !xmp.is_empty()),
        };
        (tidied, placed)
    }

    /// What a `.siren` file carries.
    ///
    /// # Errors
    /// [`Error::Format`] if it is none.
    pub fn of_siren(file: &[u8], limits: &Limits) -> Result<Self, Error> {
        Ok(Self {
            exif: Kind::Exif.get(file, limits)?,
            xmp: Kind::Xmp.get(file, limits)?,
        })
    }

    /// A `.siren` file that carries this, in place of what it carried.
    ///
    /// # Errors
    /// [`Error::Format`] if it is none.
    pub fn put_into(&self, file: &[u8]) -> Result<Vec<u8>, Error> {
        // Whatever the file costs, it is not decoded here.
        let open = Limits::none();
        let file = Kind::Exif.put(file, self.exif.as_deref(), &open)?;
        Ok(Kind::Xmp.put(&file, self.xmp.as_deref(), &open)?)
    }

    /// Bytes that a `.siren` file grows by when it carries this.
    pub fn bytes(&self) -> u64 {
        let sections = [(Kind::Exif, &self.exif), (Kind::Xmp, &self.xmp)];
        let sizes = sections.map(|(kind, content)| {
            let content = content.as_ref();
            content.map_or(0, |content| kind.bytes(content))
        });
        sizes.iter().sum()
    }

    /// A writer to which a file of `format` is written, and which puts this into it on its way to `output`. Formats that
    /// have no place for it pass as they are.
    pub fn carried<W: Write>(&self, format: &Format, output: W) -> Carried<W> {
        let (start, inserted) = match format.name {
            "PNG" => (PNG_START, self.png()),
            "JPEG" => (JPEG_START, self.jpeg()),
            _ => (0, Vec::new()),
        };
        let whole = format.name == "WebP" && !self.is_empty();
        Carried {
            output,
            start,
            inserted,
            whole: whole.then(|| (self.clone(), Vec::new())),
        }
    }

    /// Chunks of a PNG file.
    fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut chunk = |kind: &[u8; 4], content: &[u8]| {
            bytes.extend((content.len() as u32).to_be_bytes());
            let body = [&kind[..], content].concat();
            bytes.extend(&body);
            bytes.extend(crc32fast::hash(&body).to_be_bytes());
        };
        if let Some(exif) = &self.exif {
            chunk(b"eXIf", exif);
        }
        if let Some(xmp) = &self.xmp {
            // Neither compressed nor in a language.
            let text = [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], xmp].concat();
            chunk(b"iTXt", &text);
        }
        bytes
    }

    /// Segments of a JPEG file, without what is too long for one.
    fn jpeg(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (start, content) in [(JPEG_EXIF, &self.exif), (JPEG_XMP, &self.xmp)] {
            let body = content.as_ref().map(|content| [start, content].concat());
            if let Some(body) = body.filter(|body| body.len() <= JPEG_MOST) {
                bytes.extend([0xFF, 0xE1]);
                bytes.extend((body.len() as u16 + 2).to_be_bytes());
                bytes.extend(body);
            }
        }
        bytes
    }

    /// A WebP file with chunks for this: their presence is told in a header, which a simple file does not have.
    fn webp(&self, file: &[u8]) -> Option<Vec<u8>> {
        const EXTENDED: usize = 30;
        let simple = file.get(12..16)? != b"VP8X";
        let mut bytes = file.to_vec();
        if simple {
            // Of a lossless picture: a byte, then its size less one in 14 bits each, and whether it has alpha.
            let size = u32::from_le_bytes(file.get(21..25)?.try_into().ok()?);
            let three = |number: u32| number.to_le_bytes()[..3].to_vec();
            let flags = u8::from(size >> 28 & 1 == 1) << 4;
            let sides = [three(size & 0x3FFF), three(size >> 14 & 0x3FFF)].concat();
            let header = [&b"VP8X\x0A\0\0\0"[..], &[flags, 0, 0, 0], &sides].concat();
            bytes.splice(12..12, header);
        }
        for (kind, flag, content) in [(b"EXIF", 8, &self.exif), (b"XMP ", 4, &self.xmp)] {
            if let Some(content) = content {
                *bytes.get_mut(EXTENDED - 10)? |= flag;
                bytes.extend(kind);
                bytes.extend((content.len() as u32).to_le_bytes());
                bytes.extend(content);
                bytes.resize(bytes.len().next_multiple_of(2), 0);
            }
        }
        let length = (bytes.len() as u32 - 8).to_le_bytes();
        bytes.get_mut(4..8)?.copy_from_slice(&length);
        Some(bytes)
    }
}

/// A file on its way to `output`, into which metadata is put.
pub struct Carried<W> {
    output: W,
    /// Bytes of the file before what is inserted that are still to come, and what is inserted then.
    start: usize,
    inserted: Vec<u8>,
    /// The file so far, where it is only changed as a whole, and what is put into it.
    whole: Option<(Metadata, Vec<u8>)>,
}

impl<W: Write> Carried<W> {
    /// Writes what is left of the file.
    ///
    /// # Errors
    /// That of the output.
    pub fn finish(mut self) -> io::Result<()> {
        match self.whole.take() {
            Some((metadata, file)) => {
                let changed = metadata.webp(&file);
                self.output.write_all(&changed.unwrap_or(file))
            }
            None => Ok(()),
        }
    }
}

impl<W: Write> Write for Carried<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some((_, file)) = &mut self.whole {
            file.extend(bytes);
            return Ok(bytes.len());
        }
        if self.inserted.is_empty() {
            return self.output.write(bytes);
        }
        let before = &bytes[..self.start.min(bytes.len())];
        self.output.write_all(before)?;
        self.start -= before.len();
        if self.start == 0 {
            self.output.write_all(&std::mem::take(&mut self.inserted))?;
        }
        Ok(before.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
