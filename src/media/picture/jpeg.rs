//! Checks whether a JPEG file is whole (ITU-T T.81), since decoders fill missing parts with gray and do not report it.
//! The whole file is read up to the coefficients, which need not be computed but must be there. A changed bit that
//! leaves their number the same goes unnoticed, as the format has no checksums. The few kinds of JPEG files that the
//! decoder of the `image` crate decodes wrongly, or not at all, are handled here too.

mod bits;
mod scan;
#[cfg(test)]
mod tests;

use super::{cut, too_large};
use crate::media::Error;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};
use scan::{Component, Scan};

/// More scans than any encoder makes.
const MOST_SCANS: usize = 1000;

/// What a JPEG file holds that matters beside its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Survey {
    /// 1 gray, 3 colours, 4 of printing.
    pub(super) components: usize,
    /// Whether it has components in scans of their own without being progressive, or such numbers of samples that
    /// none is a power of two times another: the decoder of the `image` crate is not for these.
    pub(super) unusual: bool,
}

/// The picture of an unusual file, with its profile and orientation.
pub(super) fn decode(bytes: &[u8], most: u64) -> Result<(DynamicImage, Option<Vec<u8>>), Error> {
    let refused = |error| damaged(&format!("cannot be decoded ({error})"));
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(usize::try_from(most).unwrap_or(usize::MAX));
    let samples = decoder.decode().map_err(refused)?;
    let Some(info) = decoder.info() else {
        return Err(damaged("says nothing of its samples"));
    };
    let (width, height) = (info.width.into(), info.height.into());
    let image = match info.pixel_format {
        PixelFormat::L8 => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => return Err(unread("an unusual CMYK")),
    };
    let mut image = image.ok_or_else(|| damaged("has fewer samples than it says"))?;
    let orientation = decoder.exif_data().and_then(Orientation::from_exif_chunk);
    image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok((image, decoder.icc_profile()))
}

/// Goes through a JPEG file, if its samples take at most `most` bytes.
///
/// # Errors
/// What it is if it is of a kind that is not read, and where it is damaged or ends if it is not whole.
pub(super) fn check(bytes: &[u8], most: u64) -> Result<Survey, Error> {
    let mut file = File {
        most,
        ..File::default()
    };
    let mut at = 2;
    loop {
        let Some((marker, next)) = marker(bytes, at)? else {
            return file.end(false);
        };
        match marker {
            EOI => return file.end(true),
            // Restart markers outside a scan, and what stands alone.
            0x01 | 0xD0..=0xD8 => at = next,
            _ => {
                let length = bytes.get(next..next + 2).ok_or_else(cut)?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                let segment = bytes.get(next + 2..next + length).ok_or_else(cut)?;
                at = next + length;
                match marker {
                    SOS => at += file.scan(segment, &bytes[at..])?,
                    _ => file.segment(marker, segment)?,
                }
            }
        }
    }
}

const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// The marker at `at`, after as many fill bytes as there may be, and where it ends. None at the end of the file.
fn marker(bytes: &[u8], at: usize) -> Result<Option<(u8, usize)>, Error> {
    let Some(&first) = bytes.get(at) else {
        return Ok(None);
    };
    if first != 0xFF {
        return Err(damaged(&format!("has no marker at byte {at}")));
    }
    let fill = bytes[at..].iter().take_while(|&&byte| byte == 0xFF).count();
    let marker = bytes.get(at + fill);
    Ok(marker.map(|&marker| (marker, at + fill + 1)))
}

fn damaged(what: &str) -> Error {
    Error::Malformed(format!("is a damaged JPEG: it {what}"))
}

fn unread(kind: &str) -> Error {
    Error::Unsupported(format!(
        "is {kind} JPEG, which is not read; convert it to PNG first"
    ))
}

/// What the segments of a file have said so far.
#[derive(Default)]
struct File {
    /// Bytes that samples may take.
    most: u64,
    tables: scan::Tables,
    /// MCUs between restart markers; 0 for none.
    interval: usize,
    progressive: bool,
    /// Width and height of the picture in pixels, once its frame header was read.
    size: Option<[usize; 2]>,
    components: Vec<Component>,
    scans: usize,
    unusual: bool,
}

impl File {
    fn segment(&mut self, marker: u8, segment: &[u8]) -> Result<(), Error> {
        match marker {
            0xC4 => self.tables.define(segment),
            0xDB => self.tables.quantise(segment),
            0xC0..=0xC2 => self.frame(marker, segment),
            0xC3 => Err(unread("a lossless")),
            0xC5..=0xC7 | 0xDE => Err(unread("a hierarchical")),
            0xC9..=0xCC => Err(unread("an arithmetic-coded")),
            0xCD..=0xCF => Err(unread("a hierarchical arithmetic-coded")),
            0xF7 => Err(unread("a JPEG-LS, not a plain")),
            0xDC => Err(unread("a (DNL, of a height that is told at the end,)")),
            0xDD => {
                let interval = segment.first_chunk().ok_or_else(cut)?;
                self.interval = u16::from_be_bytes(*interval).into();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The header of a frame: sizes and components.
    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), Error> {
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = segment else {
            return Err(damaged("has a frame without a header"));
        };
        if precision != 8 {
            return Err(unread(&format!("a {precision}-bit")));
        }
        if self.size.is_some() {
            return Err(unread("a hierarchical"));
        }
        let size = [[w1, w0], [h1, h0]].map(|side| usize::from(u16::from_be_bytes(side)));
        if size[1] == 0 {
            return Err(unread("a (DNL, of a height that is told at the end,)"));
        }
        let specifications = rest.as_chunks::<3>().0;
        if size[0] == 0 || specifications.len() < count.into() || !(1..=4).contains(&count) {
            return Err(damaged("has a frame of no size or of unknown components"));
        }
        let specifications = &specifications[..count.into()];
        // Gray, or what becomes RGB.
        let needed = (size[0] * size[1]) as u64 * if count == 1 { 1 } else { 3 };
        if needed > self.most {
            return Err(too_large(size.map(|side| side as u32), needed, self.most));
        }
        self.progressive = marker == 0xC2;
        self.size = Some(size);
        self.unusual = specifications.iter().any(|[_, factors, _]| {
            let factors = [factors >> 4, factors & 15];
            !factors.iter().all(|factor| factor.is_power_of_two())
        });
        self.components = Component::all(specifications, size, self.progressive)
            .ok_or_else(|| damaged("has components of no size"))?;
        Ok(())
    }

    /// A scan with this header, whose data `bytes` begin with; returns how many of them are its.
    fn scan(&mut self, header: &[u8], bytes: &[u8]) -> Result<usize, Error> {
        let Some(size) = self.size else {
            return Err(damaged("has a scan before its frame"));
        };
        self.scans += 1;
        if self.scans > MOST_SCANS {
            return Err(damaged(&format!("has more than {MOST_SCANS} scans")));
        }
        let scan = Scan::new(header, self.progressive, self.interval, &self.components)
            .ok_or_else(|| damaged("has a scan with a header that cannot be"))?;
        self.unusual |= !self.progressive && scan.components() < self.components.len();
        scan.read(&self.tables, &mut self.components, size, bytes)
            .map_err(|fault| match fault {
                scan::Fault::Ends { done, of } => {
                    let percent = 100 * done / of.max(1);
                    let scan = self.scans;
                    Error::Malformed(format!(
                        "ends too early: {percent} % of scan {scan} is there; the file is not whole"
                    ))
                }
                scan::Fault::Damaged(what) => damaged(what),
            })
    }

    /// At the end of the file, which has a marker that says so, or not.
    fn end(self, marked: bool) -> Result<Survey, Error> {
        let seen = |component: &Component| component.is_begun();
        let whole = |component: &Component| component.is_whole(self.progressive);
        if self.components.is_empty() || !self.components.iter().all(seen) {
            return Err(cut());
        }
        // A progressive file may leave out what adds nothing, if it says that it ends there.
        if !marked && !self.components.iter().all(whole) {
            return Err(cut());
        }
        Ok(Survey {
            components: self.components.len(),
            unusual: self.unusual,
        })
    }
}
