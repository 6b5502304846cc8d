//! STL, in binary or text. Normals are left out: they follow from the corners.

use super::lines::{Lines, quoted, three, wrong};
use super::soup::Soup;
use super::{cut_off, damaged};
use crate::Surface;
use crate::media::Error;
use crate::media::Source;

/// Bytes before the triangles, and of each.
const HEADER: u64 = 84;
const TRIANGLE: u64 = 50;

/// Whether a file of `length` bytes that begins with `start` is just as long as its binary header says. Many headers
/// begin with "solid", as text does.
pub(super) fn is_binary(start: &[u8], length: u64) -> bool {
    said(start).is_some_and(|said| said == length)
}

/// The length that a binary header calls for.
fn said(start: &[u8]) -> Option<u64> {
    let count = start.get(80..84)?.try_into().ok()?;
    Some(HEADER + TRIANGLE * u64::from(u32::from_le_bytes(count)))
}

/// Whether text that begins with `start` may be STL.
pub(super) fn is_text(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let start = start.trim_ascii_start();
    start
        .get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"solid"))
}

/// The surface in `source`, which has `length` bytes.
pub(super) fn read(
    source: &mut dyn Source,
    length: u64,
    warn: &mut dyn FnMut(&str),
) -> Result<Surface, Error> {
    let start = source.fill_buf().map_err(|error| Error::reading(&error))?;
    let soup = match said(start) {
        _ if !is_binary(start, length) && is_text(start) => text(source)?,
        Some(said) if said <= length => {
            if said < length {
                let more = length - said;
                warn(&format!(
                    "{more} bytes follow its last triangle; they are left out"
                ));
            }
            binary(source, (said - HEADER) / TRIANGLE)?
        }
        Some(said) => {
            let count = (said - HEADER) / TRIANGLE;
            return Err(damaged(
                "STL",
                format!("it declares {count} triangles, but has only {length} bytes"),
            ));
        }
        None => return Err(damaged("STL", "it is neither text nor long enough")),
    };
    soup.surface(warn)
}

fn binary(source: &mut dyn Source, count: u64) -> Result<Soup, Error> {
    let mut soup = Soup::default();
    let mut header = [0; HEADER as usize];
    source
        .read_exact(&mut header)
        .map_err(|error| cut_off("STL", &error))?;
    for _ in 0..count {
        let mut bytes = [0; TRIANGLE as usize];
        source
            .read_exact(&mut bytes)
            .map_err(|error| cut_off("STL", &error))?;
        // The normal comes first, and an attribute last.
        let numbers = bytes[12..48].as_chunks::<4>().0;
        for corner in numbers.as_chunks::<3>().0 {
            soup.points
                .push(corner.map(|x| f32::from_le_bytes(x).into()));
        }
        face(&mut soup);
    }
    Ok(soup)
}

/// Adds a face of the last three points.
fn face(soup: &mut Soup) {
    let end = soup.points.len() as u32;
    soup.face(&[end - 3, end - 2, end - 1]);
}

fn text(source: &mut dyn Source) -> Result<Soup, Error> {
    let mut lines = Lines::new(source);
    let mut soup = Soup::default();
    // Corners of the facet at hand, if there is one.
    let mut facet = None;
    while let Some(line) = lines.next()? {
        let mut words = line.split_ascii_whitespace();
        let statement = words.next().unwrap_or_default().to_ascii_lowercase();
        let done = match (statement.as_str(), &mut facet) {
            ("solid" | "endsolid", None) | ("" | "outer" | "endloop", _) => Ok(()),
            ("facet", none @ None) => {
                *none = Some(0);
                words
                    .next()
                    .filter(|word| word.eq_ignore_ascii_case("normal"))
                    .map(|_| ())
                    .ok_or_else(|| "has a facet without \"normal\"".to_owned())
            }
            ("vertex", Some(corners)) => three(words).map(|point| {
                *corners += 1;
                soup.points.push(point);
            }),
            ("endfacet", Some(3)) => {
                facet = None;
                face(&mut soup);
                Ok(())
            }
            ("endfacet", Some(corners)) => Err(format!("ends a facet of {corners} corners")),
            _ => Err(format!("has {} where STL has none", quoted(&statement))),
        };
        let number = lines.number;
        done.map_err(|what| wrong(number, &format!("{what}; the file is damaged, or no STL")))?;
    }
    match facet {
        // What begins like text may be binary, of another length than it says.
        None if soup.points.is_empty() => Err(damaged("STL", "it has no facets")),
        None => Ok(soup),
        Some(_) => Err(damaged("STL", "it ends within a facet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;
    use std::io::Cursor;

    const CORNERS: [[[f32; 3]; 3]; 4] = {
        let [a, b, c, d] = [[0.0; 3], [2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 1.0]];
        [[a, c, b], [a, b, d], [b, c, d], [c, a, d]]
    };

    fn text() -> String {
        let mut text = "solid a thing\n".to_owned();
        for corners in CORNERS {
            text += " facet normal 0 0 0\n  outer loop\n";
            for [x, y, z] in corners {
                writeln!(text, "   vertex {x} {y:e} {z}").unwrap();
            }
            text += "  endloop\n endfacet\n";
        }
        text + "endsolid a thing\n"
    }

    fn binary(header: &[u8]) -> Vec<u8> {
        let mut bytes = header.to_vec();
        bytes.resize(80, b' ');
        bytes.extend((CORNERS.len() as u32).to_le_bytes());
        for corners in CORNERS {
            bytes.extend([0; 12]);
            bytes.extend(corners.iter().flatten().flat_map(|x| x.to_le_bytes()));
            bytes.extend([0; 2]);
        }
        bytes
    }

    /// The surface, and how many warnings there were.
    fn read(bytes: &[u8]) -> Result<(Surface, usize), String> {
        let mut warnings = 0;
        let surface = super::read(&mut Cursor::new(bytes), bytes.len() as u64, &mut |_| {
            warnings += 1;
        });
        Ok((surface.map_err(|failure| failure.to_string())?, warnings))
    }

    #[test]
    fn text_and_binary_are_told_apart_whatever_they_begin_with() {
        let mut longer = binary(b"");
        longer.extend([0; 7]);
        for (bytes, warned) in [
            (binary(b"COLOR="), 0),
            (binary(b"solid thing\n  facet normal"), 0),
            (longer, 1),
            (text().into_bytes(), 0),
            (text().to_uppercase().into_bytes(), 0),
            (text().replace(" a thing", "").into_bytes(), 0),
            (text().replace('\n', "\r\n").into_bytes(), 0),
            (format!(" \n  {}", text()).into_bytes(), 0),
            (format!("\u{feff}{}", text()).into_bytes(), 0),
        ] {
            let (surface, warnings) = read(&bytes).unwrap();
            let triangles = [[0, 1, 2], [0, 2, 3], [2, 1, 3], [1, 0, 3]];
            assert_eq!(
                surface.triangles(),
                triangles,
                "{}",
                String::from_utf8_lossy(&bytes)
            );
            assert_eq!((surface.points().len(), warnings), (4, warned));
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let whole = text();
        let cut = whole.find("endloop").unwrap();
        for (bytes, words) in [
            (whole.as_bytes()[..cut].to_vec(), "within a facet"),
            (
                whole.replacen("   vertex 0 0e0 0\n", "", 1).into_bytes(),
                "2 corners",
            ),
            (whole.replacen("endfacet", "", 1).into_bytes(), "\"facet\""),
            (binary(b"")[..200].to_vec(), "declares 4 triangles"),
            (binary(b"solid")[..200].to_vec(), "no facets"),
            (vec![0; 20], "long enough"),
            (vec![0; 84], "no points"),
        ] {
            let refused = read(&bytes).unwrap_err();
            assert!(refused.contains(words), "{words}: {refused}");
        }
    }
}
