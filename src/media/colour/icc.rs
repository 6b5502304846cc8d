//! Colour profiles of the International Color Consortium (ICC.1:2022): those of primaries and curves are
//! understood, and written in few bytes.

use super::codes;
use super::curve::Curve;
use super::matrix::transposed;
use super::space::Space;

/// Bytes of the header, and of each entry of the table of tags after it.
const HEADER: usize = 128;
const ENTRY: usize = 12;
/// More tags than any profile has.
const MOST_TAGS: usize = 200;
/// What makes a profile more than primaries and curves: tables over all three samples, which come first where both
/// are there.
const TABLES: [&[u8]; 6] = [b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1", b"D2B2"];

/// Whether a profile describes pictures with this number of channels. The profile of a CMYK JPEG no longer does once
/// its samples have been converted to RGB.
pub(crate) fn describes(profile: &[u8], channels: u8) -> bool {
    let space: &[u8] = if channels < 3 { b"GRAY" } else { b"RGB " };
    profile.get(16..20) == Some(space)
}

/// The space that a profile describes by primaries and curves, or by code points; none if it does so otherwise, or
/// is damaged.
pub(crate) fn space(profile: &[u8]) -> Option<Space> {
    if profile.get(36..40)? != b"acsp" || profile.get(20..24)? != b"XYZ " {
        return None;
    }
    if let Some(codes) = tag(profile, b"cicp") {
        let &[primaries, transfer] = codes.get(8..10)? else {
            return None;
        };
        return codes::space(primaries, transfer);
    }
    if TABLES.iter().any(|name| tag(profile, name).is_some()) {
        return None;
    }
    let curve = |name| Some(curve(tag(profile, name)?)?.simplified());
    if profile.get(16..20)? == b"GRAY" {
        return Space::with_srgb_primaries(curve(b"kTRC")?);
    }
    let column = |name| xyz(tag(profile, name)?);
    Some(Space {
        to_xyz: transposed([column(b"rXYZ")?, column(b"gXYZ")?, column(b"bXYZ")?]),
        curves: [curve(b"rTRC")?, curve(b"gTRC")?, curve(b"bTRC")?],
        narrow: false,
    })
}

/// The data of the tag called `name`.
fn tag<'a>(profile: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let count = number(profile, HEADER)? as usize;
    let entries = profile.get(HEADER + 4..)?.as_chunks::<ENTRY>().0;
    let entry = entries
        .iter()
        .take(count.min(MOST_TAGS))
        .find(|entry| entry.starts_with(name))?;
    let (begin, length) = (number(entry, 4)? as usize, number(entry, 8)? as usize);
    profile.get(begin..begin.checked_add(length)?)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// A number with 16 bits of fraction.
fn fixed(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(number(bytes, at)?.cast_signed()) / 65_536.0)
}

fn xyz(tag: &[u8]) -> Option<[f64; 3]> {
    if tag.get(..4)? != b"XYZ " {
        return None;
    }
    Some([fixed(tag, 8)?, fixed(tag, 12)?, fixed(tag, 16)?])
}

fn curve(tag: &[u8]) -> Option<Curve> {
    match tag.get(..4)? {
        b"curv" => {
            let count = number(tag, 8)? as usize;
            let values = tag.get(12..)?.as_chunks::<2>().0.get(..count)?;
            let mut values = values.iter().map(|&value| u16::from_be_bytes(value));
            Some(match count {
                0 => Curve::power(1.0),
                1 => Curve::power(f64::from(values.next()?) / 256.0),
                _ => Curve::Table(values.collect()),
            })
        }
        b"para" => {
            let kind = u16::from_be_bytes(tag.get(8..10)?.try_into().ok()?);
            let count = *[1, 3, 4, 5, 7].get(usize::from(kind))?;
            let numbers: Option<Vec<f64>> = (0..count).map(|i| fixed(tag, 12 + 4 * i)).collect();
            Some(Curve::Parametric(match numbers?[..] {
                [g] => [g, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                [g, a, b] => [g, a, b, 0.0, -b / a, 0.0, 0.0],
                [g, a, b, c] => [g, a, b, 0.0, -b / a, c, c],
                [g, a, b, c, d] => [g, a, b, c, d, 0.0, 0.0],
                [g, a, b, c, d, e, f] => [g, a, b, c, d, e, f],
                _ => return None,
            }))
        }
        _ => None,
    }
}

/// A profile of `space`, as short as they get. None for one that goes beyond white or has samples that go not from
/// end to end, which profiles do not hold.
pub(crate) fn profile(space: &Space) -> Option<Vec<u8>> {
    if space.narrow {
        return None;
    }
    let curves: Option<Vec<_>> = space.curves.iter().map(curve_tag).collect();
    let columns = transposed(space.to_xyz);
    let mut tags: Vec<([u8; 4], Vec<u8>)> = vec![
        // A text of no letters serves as name and as licence.
        (*b"desc", text_tag()),
        (*b"cprt", text_tag()),
        (*b"wtpt", xyz_tag([0.9642, 1.0, 0.8249])),
    ];
    for (name, column) in [*b"rXYZ", *b"gXYZ", *b"bXYZ"].into_iter().zip(columns) {
        tags.push((name, xyz_tag(column)));
    }
    tags.extend([*b"rTRC", *b"gTRC", *b"bTRC"].into_iter().zip(curves?));

    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data: Vec<u8> = Vec::new();
    let begin = HEADER + 4 + ENTRY * tags.len();
    let mut written: Vec<(&[u8], usize)> = Vec::new();
    for (name, tag) in &tags {
        // What is the same is written once.
        let found = written.iter().find(|(other, _)| other == tag);
        let at = found.map_or(begin + data.len(), |&(_, at)| at);
        if at == begin + data.len() {
            data.extend(tag);
            written.push((tag, at));
        }
        table.extend(name);
        table.extend((at as u32).to_be_bytes());
        table.extend((tag.len() as u32).to_be_bytes());
    }
    let mut profile = header((begin + data.len()) as u32);
    profile.extend(table);
    profile.extend(data);
    Some(profile)
}

/// The header of a display's profile of RGB, version 4.2.
fn header(length: u32) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &length.to_be_bytes());
    put(8, &[4, 0x20, 0, 0]);
    put(12, b"mntrRGB XYZ ");
    // The first of January 2026.
    put(24, &[7, 0xEA, 0, 1, 0, 1]);
    put(36, b"acsp");
    put(68, &xyz_tag([0.9642, 1.0, 0.8249])[8..]);
    header
}

fn text_tag() -> Vec<u8> {
    let mut tag = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS".to_vec();
    tag.extend([0, 0, 0, 0, 0, 0, 0, 28]);
    tag
}

fn xyz_tag(colour: [f64; 3]) -> Vec<u8> {
    let mut tag = b"XYZ \0\0\0\0".to_vec();
    tag.extend(colour.iter().flat_map(|&value| fixed_bytes(value)));
    tag
}

fn curve_tag(curve: &Curve) -> Option<Vec<u8>> {
    let mut tag;
    match curve {
        Curve::Parametric(numbers) => {
            let (kind, count) = match numbers {
                [_, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0] => (0, 1),
                [_, _, _, _, _, 0.0, 0.0] => (3, 5),
                _ => (4, 7),
            };
            tag = vec![b'p', b'a', b'r', b'a', 0, 0, 0, 0, 0, kind, 0, 0];
            tag.extend(
                numbers[..count]
                    .iter()
                    .flat_map(|&value| fixed_bytes(value)),
            );
        }
        Curve::Table(values) => {
            tag = b"curv\0\0\0\0".to_vec();
            tag.extend((values.len() as u32).to_be_bytes());
            tag.extend(values.iter().flat_map(|value| value.to_be_bytes()));
            tag.resize(tag.len().next_multiple_of(4), 0);
        }
        Curve::Pq | Curve::Hlg => return None,
    }
    Some(tag)
}

fn fixed_bytes(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::curve::SRGB;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let table = Curve::Table(vec![0, 9, 30_000, 65_535]);
        for curve in [SRGB, Curve::power(2.2), table] {
            let space = Space::new(codes::chromaticities(12).unwrap().to_xyz().unwrap(), curve);
            let written = profile(&space).unwrap();
            assert!(written.len() <= 388, "{}", written.len());
            assert_eq!(number(&written, 0).unwrap() as usize, written.len());
            assert!(describes(&written, 3) && !describes(&written, 1));
            let read = super::space(&written).unwrap();
            for sample in 0..=255 {
                let sample = f64::from(sample) / 255.0;
                let [a, b] = [&read, &space].map(|space| space.curves[1].light(sample));
                assert!((a - b).abs() < 2e-4, "{a} {b}");
            }
            for (a, b) in read
                .to_xyz
                .iter()
                .flatten()
                .zip(space.to_xyz.iter().flatten())
            {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
        let hdr = codes::space(9, 16).unwrap();
        assert_eq!(profile(&hdr), None);
    }

    #[test]
    fn what_is_damaged_or_of_another_kind_is_not_understood() {
        let space = codes::space(1, 13).unwrap();
        let whole = profile(&space).unwrap();
        assert!(super::space(&whole).unwrap().is_srgb(3));
        for length in 0..whole.len() {
            // The name is at the end of none of them, but all that matters is.
            let _ = super::space(&whole[..length]);
        }
        assert_eq!(super::space(&whole[..whole.len() - 1]), None);
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] = !damaged[at];
            let _ = super::space(&damaged);
        }
        let mut tables = whole;
        tables[HEADER + 4..HEADER + 8].copy_from_slice(b"A2B0");
        assert_eq!(super::space(&tables), None);
    }
}
