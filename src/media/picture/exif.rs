//! EXIF (JEITA CP-3451): the directories of a TIFF structure, written anew with what is worth its bytes. A structure is
//! full of offsets, and cameras put a thumbnail, notes of the maker's and the place into it: taking things out means
//! writing the rest again.

use std::borrow::Cow;

/// Tags of IFD0 and of the directories that it points to.
const ORIENTATION: u16 = 0x0112;
const EXIF: u16 = 0x8769;
const GPS: u16 = 0x8825;
/// What is left out: sizes in pixels, which decoding may change, where samples lie and how they are coded, a list of other
/// pictures, what has a section or a form of its own (XMP, ICC, IPTC, Photoshop's), data for printing, and in the EXIF
/// directory notes that only their maker reads and a list of sample formats.
const LEFT_OUT: [u16; 25] = [
    0x00FE, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0111, 0x0115, 0x0116, 0x0117, 0x011C, 0x0144,
    0x0145, 0x014A, 0x0201, 0x0202, 0x02BC, 0x83BB, 0x8649, 0x8773, 0xC4A5, 0x927C, 0xA002, 0xA003,
    0xA005,
];

/// An entry of a directory, its value as it lies in the file.
#[derive(Clone, Debug, PartialEq)]
struct Entry<'a> {
    tag: u16,
    kind: u16,
    count: u32,
    value: Cow<'a, [u8]>,
}

/// A TIFF structure and the order of its bytes.
struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

/// What EXIF becomes: upright, without what is not worth its bytes, and with the place only if it is to be kept. Whether
/// there was a place. None if it has nothing, or cannot be read.
pub(super) fn tidied(bytes: &[u8], keep_place: bool) -> Option<(Vec<u8>, bool)> {
    let tiff = Tiff::of(bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes))?;
    let first = tiff.directory(tiff.u32(4)?)?;
    let inner = |tag: u16| {
        let entry = first.iter().find(|entry| entry.tag == tag)?;
        tiff.directory(tiff.number(entry)?)
    };
    let (exif, gps) = (inner(EXIF).unwrap_or_default(), inner(GPS));
    let has_place = gps.is_some();
    let gps = gps.filter(|_| keep_place).unwrap_or_default();
    let kept =
        |entry: &Entry<'_>| !LEFT_OUT.contains(&entry.tag) && ![EXIF, GPS].contains(&entry.tag);
    let mut directories = [first, exif, gps].map(|entries| {
        let mut entries: Vec<_> = entries.into_iter().filter(kept).collect();
        entries.sort_by_key(|entry| entry.tag);
        entries
    });
    for entry in &mut directories[0] {
        if entry.tag == ORIENTATION {
            *entry = tiff.short(ORIENTATION, 1);
        }
    }
    let says = |entry: &Entry<'_>| entry.tag != ORIENTATION;
    let worth = directories.iter().flatten().any(says);
    worth.then(|| (tiff.written(directories), has_place))
}

impl<'a> Tiff<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes {
            [b'I', b'I', 42, 0, ..] => true,
            [b'M', b'M', 0, 42, ..] => false,
            _ => return None,
        };
        Some(Self { bytes, little })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self.little {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self.little {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        })
    }

    fn two(&self, number: u16) -> [u8; 2] {
        match self.little {
            true => number.to_le_bytes(),
            false => number.to_be_bytes(),
        }
    }

    fn four(&self, number: u32) -> [u8; 4] {
        match self.little {
            true => number.to_le_bytes(),
            false => number.to_be_bytes(),
        }
    }

    /// The entries of the directory at `at` that can be read. Their values together are no longer than the structure:
    /// where they lie over each other, some are left out.
    fn directory(&self, at: u32) -> Option<Vec<Entry<'a>>> {
        let at = usize::try_from(at).ok()?;
        let count = usize::from(self.u16(at)?);
        let mut left = self.bytes.len();
        let entries = (0..count).filter_map(|index| {
            let entry = self.entry(at + 2 + 12 * index)?;
            left = left.checked_sub(entry.value.len())?;
            Some(entry)
        });
        Some(entries.collect())
    }

    fn entry(&self, at: usize) -> Option<Entry<'a>> {
        let (tag, kind, count) = (self.u16(at)?, self.u16(at + 2)?, self.u32(at + 4)?);
        // Bytes of a value of each type, of which there are 1 to 12.
        let sizes = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
        let size: usize = *sizes.get(usize::from(kind).checked_sub(1)?)?;
        let length = usize::try_from(count).ok()?.checked_mul(size)?;
        let start = match length {
            0..=4 => at + 8,
            _ => usize::try_from(self.u32(at + 8)?).ok()?,
        };
        let value = Cow::Borrowed(self.bytes.get(start..start.checked_add(length)?)?);
        Some(Entry {
            tag,
            kind,
            count,
            value,
        })
    }

    /// The number that an entry has, as those do which point to directories.
    fn number(&self, entry: &Entry<'_>) -> Option<u32> {
        let inner = Tiff {
            bytes: &entry.value,
            little: self.little,
        };
        inner.u32(0)
    }

    fn short(&self, tag: u16, number: u16) -> Entry<'static> {
        Entry {
            tag,
            kind: 3,
            count: 1,
            value: self.two(number).to_vec().into(),
        }
    }

    fn long(&self, tag: u16, number: usize) -> Entry<'static> {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Entry {
            tag,
            kind: 4,
            count: 1,
            value: self.four(number).to_vec().into(),
        }
    }

    /// A structure of IFD0, the EXIF directory and that of the place, of which the empty ones are left out.
    fn written(&self, [mut first, exif, gps]: [Vec<Entry<'_>>; 3]) -> Vec<u8> {
        for (tag, entries) in [(EXIF, &exif), (GPS, &gps)] {
            if !entries.is_empty() {
                first.push(self.long(tag, 0));
            }
        }
        first.sort_by_key(|entry| entry.tag);
        let exif_at = 8 + length(&first);
        let gps_at = exif_at + if exif.is_empty() { 0 } else { length(&exif) };
        for entry in &mut first {
            match entry.tag {
                EXIF => *entry = self.long(EXIF, exif_at),
                GPS => *entry = self.long(GPS, gps_at),
                _ => {}
            }
        }
        let mut bytes = self.bytes[..4].to_vec();
        bytes.extend(self.four(8));
        for entries in [&first, &exif, &gps] {
            if !entries.is_empty() {
                self.write_directory(entries, &mut bytes);
            }
        }
        bytes
    }

    fn write_directory(&self, entries: &[Entry<'_>], bytes: &mut Vec<u8>) {
        let mut place = bytes.len() + 2 + 12 * entries.len() + 4;
        let mut values = Vec::new();
        bytes.extend(self.two(entries.len() as u16));
        for entry in entries {
            bytes.extend(self.two(entry.tag));
            bytes.extend(self.two(entry.kind));
            bytes.extend(self.four(entry.count));
            if entry.value.len() <= 4 {
                let mut value = [0; 4];
                value[..entry.value.len()].copy_from_slice(&entry.value);
                bytes.extend(value);
            } else {
                bytes.extend(self.four(u32::try_from(place).unwrap_or(u32::MAX)));
                values.extend(&*entry.value);
                values.resize(values.len().next_multiple_of(2), 0);
                place += entry.value.len().next_multiple_of(2);
            }
        }
        // No further directory.
        bytes.extend([0; 4]);
        bytes.extend(values);
    }
}

/// Bytes of a directory with its values.
fn length(entries: &[Entry<'_>]) -> usize {
    let values = entries.iter().map(|entry| entry.value.len());
    let apart: usize = values
        .filter(|length| *length > 4)
        .map(|length| length.next_multiple_of(2))
        .sum();
    2 + 12 * entries.len() + 4 + apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A structure with a camera's name, an orientation, an exposure, a maker's note, a place and a thumbnail.
    fn photograph(little: bool) -> Vec<u8> {
        let start: &[u8] = if little { b"II*\0" } else { b"MM\0*" };
        let tiff = Tiff {
            bytes: start,
            little,
        };
        let entry = |tag, kind, count, value: &[u8]| Entry {
            tag,
            kind,
            count,
            value: value.to_vec().into(),
        };
        let first = vec![
            entry(0x010F, 2, 7, b"Camera\0"),
            tiff.short(ORIENTATION, 6),
            entry(0x0201, 4, 1, &tiff.four(9)),
        ];
        // Turned upright, it is no longer so wide.
        let wide = tiff.short(0xA002, 4000);
        let exif = vec![
            wide,
            entry(0x829A, 5, 1, &[tiff.four(1), tiff.four(250)].concat()),
            entry(0x927C, 7, 5000, &[b'n'; 5000]),
        ];
        let gps = vec![entry(2, 5, 3, &[0x55; 24])];
        tiff.written([first, exif, gps])
    }

    fn tags(bytes: &[u8], pointer: Option<u16>) -> Vec<u16> {
        let tiff = Tiff::of(bytes).unwrap();
        let mut entries = tiff.directory(tiff.u32(4).unwrap()).unwrap();
        if let Some(pointer) = pointer {
            let entry = entries.iter().find(|entry| entry.tag == pointer);
            entries = tiff
                .directory(tiff.number(entry.unwrap()).unwrap())
                .unwrap();
        }
        entries.iter().map(|entry| entry.tag).collect()
    }

    #[test]
    fn what_is_worth_its_bytes_stays() {
        for little in [true, false] {
            let before = photograph(little);
            let (after, placed) = tidied(&before, false).unwrap();
            assert!(placed && after.len() < 120, "{}", after.len());
            assert_eq!(tags(&after, None), [0x010F, ORIENTATION, EXIF]);
            assert_eq!(tags(&after, Some(EXIF)), [0x829A]);
            assert!(!after.windows(4).any(|it| it == [0x55; 4]));
            let upright = image::metadata::Orientation::from_exif_chunk(&after);
            assert_eq!(upright, Some(image::metadata::Orientation::NoTransforms));
            let (kept, _) = tidied(&before, true).unwrap();
            assert_eq!(tags(&kept, None), [0x010F, ORIENTATION, EXIF, GPS]);
            assert_eq!(tags(&kept, Some(GPS)), [2]);
            assert_eq!(
                tidied(&kept, true),
                Some((kept.clone(), true)),
                "nothing more"
            );
            // As WebP files have it.
            let prefixed = [&b"Exif\0\0"[..], &before].concat();
            assert_eq!(tidied(&prefixed, false), Some((after, true)));
        }
    }

    #[test]
    fn what_says_nothing_is_none() {
        let tiff = Tiff::of(b"II*\0").unwrap();
        let first = vec![tiff.short(ORIENTATION, 3)];
        let only = tiff.written([first, Vec::new(), Vec::new()]);
        assert_eq!(tidied(&only, true), None);
        for wrong in [&b""[..], b"II*", b"II*\0", b"MM\0*\xFF\xFF\xFF\xFF"] {
            assert_eq!(tidied(wrong, true), None);
        }
    }

    proptest! {
        /// Whatever the bytes are, and whatever of a photograph is cut off or changed.
        #[test]
        fn any_bytes_are_read_or_none(
            cut in 0_usize..6000, at in 0_usize..300, byte: u8, noise in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = tidied(&[b"MM\0*", &noise[..]].concat(), true);
            let mut bytes = photograph(byte & 1 == 0);
            bytes.truncate(cut);
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
            if let Some((tidy, _)) = tidied(&bytes, true) {
                prop_assert!(tidied(&tidy, true).is_some());
            }
        }
    }
}
