//! PLY, in text or binary: vertices, with or without normals, and faces or strips of triangles.
//!
//! `ply-rs-bw` takes no text that ends its lines with carriage returns only, and no coordinate that is not a number.

use super::lines::{Lines, number, quoted};
use super::soup::{Point, Soup};
use super::{cut_off, damaged};
use crate::Surface;
use crate::media::Error;
use crate::media::Source;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Text,
    Little,
    Big,
}

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Type {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "char" | "int8" => Self::I8,
            "uchar" | "uint8" => Self::U8,
            "short" | "int16" => Self::I16,
            "ushort" | "uint16" => Self::U16,
            "int" | "int32" => Self::I32,
            "uint" | "uint32" => Self::U32,
            "float" | "float32" => Self::F32,
            "double" | "float64" => Self::F64,
            _ => return None,
        })
    }

    /// Bytes of a number.
    fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The number in `bytes`, the lowest of which comes first.
    fn number(self, bytes: [u8; 8]) -> f64 {
        let [a, b, c, d, ..] = bytes;
        match self {
            Self::I8 => i8::from_le_bytes([a]).into(),
            Self::U8 => a.into(),
            Self::I16 => i16::from_le_bytes([a, b]).into(),
            Self::U16 => u16::from_le_bytes([a, b]).into(),
            Self::I32 => i32::from_le_bytes([a, b, c, d]).into(),
            Self::U32 => u32::from_le_bytes([a, b, c, d]).into(),
            Self::F32 => f32::from_le_bytes([a, b, c, d]).into(),
            Self::F64 => f64::from_le_bytes(bytes),
        }
    }
}

/// What an element has: a number, or as many as another says before them.
struct Property {
    name: String,
    count: Option<Type>,
    kind: Type,
}

struct Element {
    name: String,
    count: u64,
    properties: Vec<Property>,
}

impl Element {
    /// The place of a property that is a number.
    fn place(&self, name: &str) -> Option<usize> {
        let named = |property: &Property| property.name == name && property.count.is_none();
        self.properties.iter().position(named)
    }

    /// The places of three such properties, if it has all of them.
    fn places(&self, names: [&str; 3]) -> Option<[usize; 3]> {
        let [x, y, z] = names.map(|name| self.place(name));
        Some([x?, y?, z?])
    }
}

/// The surface in `source`, which has `length` bytes.
pub(super) fn read(
    source: &mut dyn Source,
    length: u64,
    warn: &mut dyn FnMut(&str),
) -> Result<Surface, Error> {
    let mut lines = Lines::new(source);
    let (encoding, elements) = header(&mut lines)?;
    for element in &elements {
        holds(element, encoding, length)?;
    }
    let mut rows = Rows {
        lines,
        encoding,
        words: Vec::new(),
        next: 0,
    };
    let mut soup = Soup::default();
    for element in &elements {
        match element.name.as_str() {
            "vertex" => vertices(&mut rows, element, &mut soup)?,
            "face" => polygons(&mut rows, element, |corners| face(corners, &mut soup))?,
            "tristrips" => polygons(&mut rows, element, |corners| strips(corners, &mut soup))?,
            _ => polygons(&mut rows, element, |_| Ok(()))?,
        }
    }
    soup.surface(warn)
}

/// What the header says: how numbers are written, and which elements there are.
fn header(lines: &mut Lines<'_>) -> Result<(Encoding, Vec<Element>), Error> {
    let mut encoding = None;
    let mut elements: Vec<Element> = Vec::new();
    loop {
        let Some(line) = lines.next()? else {
            return Err(damaged("PLY", "its header has no end"));
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let said = match words[..] {
            ["ply"] | ["comment" | "obj_info", ..] | [] => Some(()),
            ["format", name, _] => {
                encoding = match name {
                    "ascii" => Some(Encoding::Text),
                    "binary_little_endian" => Some(Encoding::Little),
                    "binary_big_endian" => Some(Encoding::Big),
                    _ => None,
                };
                encoding.map(|_| ())
            }
            ["element", name, count] => count.parse().ok().map(|count| {
                elements.push(Element {
                    name: name.to_owned(),
                    count,
                    properties: Vec::new(),
                });
            }),
            ["property", ref kind @ .., name] => {
                let kind = match kind {
                    ["list", count, kind] => Type::of(count).map(Some).zip(Type::of(kind)),
                    [kind] => Type::of(kind).map(|kind| (None, kind)),
                    _ => None,
                };
                kind.zip(elements.last_mut())
                    .map(|((count, kind), element)| {
                        let name = name.to_owned();
                        element.properties.push(Property { name, count, kind });
                    })
            }
            ["end_header"] => break,
            _ => None,
        };
        if said.is_none() {
            let what = format!("says {}", quoted(&line));
            return Err(lines.wrong(&format!("{what}; the file is damaged, or no PLY")));
        }
    }
    match encoding {
        Some(encoding) => Ok((encoding, elements)),
        None => Err(damaged("PLY", "its header does not say the format")),
    }
}

/// Refuses a header that promises more than a file of `length` bytes can hold.
fn holds(element: &Element, encoding: Encoding, length: u64) -> Result<(), Error> {
    let bytes = |property: &Property| match encoding {
        // A digit, and what ends it.
        Encoding::Text => 2,
        _ => property.count.unwrap_or(property.kind).bytes() as u64,
    };
    let least: u64 = element.properties.iter().map(bytes).sum();
    // What has no properties takes no bytes, and is nothing. The last number need not end in anything.
    if element.count > (length + 1) / least.max(1) || least == 0 && element.count > 0 {
        return Err(Error::Limit(format!(
            "declares {} of element {}, but has no more than {length} bytes; the file is not whole, or damaged",
            element.count,
            quoted(&element.name)
        )));
    }
    Ok(())
}

/// The rows of all elements, one after the other.
struct Rows<'a> {
    lines: Lines<'a>,
    encoding: Encoding,
    /// Of text, the numbers on the line at hand, and how many have been taken.
    words: Vec<f64>,
    next: usize,
}

impl Rows<'_> {
    /// Goes to the next row.
    fn begin(&mut self) -> Result<(), Error> {
        if self.encoding != Encoding::Text {
            return Ok(());
        }
        self.words.clear();
        self.next = 0;
        while self.words.is_empty() {
            let Some(line) = self.lines.next()? else {
                return Err(damaged("PLY", "it ends before all that it declares"));
            };
            let numbers = line.split_ascii_whitespace().map(number);
            let numbers: Result<Vec<f64>, String> = numbers.collect();
            self.words = numbers.map_err(|what| self.lines.wrong(&what))?;
        }
        Ok(())
    }

    /// The next number of the row.
    fn number(&mut self, kind: Type) -> Result<f64, Error> {
        if self.encoding == Encoding::Text {
            let Some(&number) = self.words.get(self.next) else {
                let found = self.words.len();
                return Err(self
                    .lines
                    .wrong(&format!("has {found} numbers, which are too few")));
            };
            self.next += 1;
            return Ok(number);
        }
        let mut bytes = [0; 8];
        let used = &mut bytes[..kind.bytes()];
        let read = self.lines.source().read_exact(used);
        read.map_err(|error| cut_off("PLY", &error))?;
        if self.encoding == Encoding::Big {
            used.reverse();
        }
        Ok(kind.number(bytes))
    }

    /// Ends a row, of which nothing may be left.
    fn end(&mut self) -> Result<(), Error> {
        if self.next < self.words.len() {
            let found = self.words.len();
            return Err(self
                .lines
                .wrong(&format!("has {found} numbers, which are too many")));
        }
        Ok(())
    }

    /// Reads a row of `element`: `numbers` are those of its properties, and `list` the longest of those that
    /// faces have.
    fn read(
        &mut self,
        element: &Element,
        numbers: &mut Vec<f64>,
        list: &mut Vec<f64>,
    ) -> Result<(), Error> {
        self.begin()?;
        numbers.clear();
        list.clear();
        for property in &element.properties {
            let Some(count) = property.count else {
                numbers.push(self.number(property.kind)?);
                continue;
            };
            // One in place of the list, so that places are those of properties.
            numbers.push(0.0);
            let count = whole(self.number(count)?)?;
            let corners = matches!(property.name.as_str(), "vertex_indices" | "vertex_index");
            for _ in 0..count {
                let number = self.number(property.kind)?;
                if corners {
                    list.push(number);
                }
            }
        }
        self.end()
    }
}

fn vertices(rows: &mut Rows<'_>, element: &Element, soup: &mut Soup) -> Result<(), Error> {
    let Some(places) = element.places(["x", "y", "z"]) else {
        return Err(Error::Malformed("has vertices without x, y and z".into()));
    };
    let normal = element.places(["nx", "ny", "nz"]);
    let (mut numbers, mut list, mut normals) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..element.count {
        rows.read(element, &mut numbers, &mut list)?;
        let three = |places: [usize; 3]| -> Point { places.map(|place| numbers[place]) };
        soup.points.push(three(places));
        normals.extend(normal.map(three));
    }
    soup.normals = normal.map(|_| normals);
    Ok(())
}

/// Hands on the corners of each row.
fn polygons(
    rows: &mut Rows<'_>,
    element: &Element,
    mut add: impl FnMut(&[f64]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut numbers, mut list) = (Vec::new(), Vec::new());
    for _ in 0..element.count {
        rows.read(element, &mut numbers, &mut list)?;
        add(&list)?;
    }
    Ok(())
}

fn face(corners: &[f64], soup: &mut Soup) -> Result<(), Error> {
    let corners: Result<Vec<u32>, Error> = corners.iter().copied().map(whole).collect();
    soup.face(&corners?);
    Ok(())
}

/// Strips of triangles, which -1 ends: each corner makes one with the two before, in turn the one way around and the
/// other.
fn strips(corners: &[f64], soup: &mut Soup) -> Result<(), Error> {
    for strip in corners.split(|&corner| corner == -1.0) {
        let strip: Result<Vec<u32>, Error> = strip.iter().copied().map(whole).collect();
        for (index, corners) in strip?.windows(3).enumerate() {
            match *corners {
                [a, b, c] if index % 2 == 0 => soup.face(&[a, b, c]),
                [a, b, c] => soup.face(&[b, a, c]),
                _ => {}
            }
        }
    }
    Ok(())
}

/// A number that counts something.
fn whole(number: f64) -> Result<u32, Error> {
    let whole = number as u32;
    if f64::from(whole) == number {
        Ok(whole)
    } else {
        Err(damaged(
            "PLY",
            format!("it has {number} for the number of a vertex or of corners"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(bytes: &[u8]) -> Result<Surface, String> {
        let surface = super::read(&mut Cursor::new(bytes), bytes.len() as u64, &mut |_| {});
        surface.map_err(|failure| failure.to_string())
    }

    const XYZ: &str = "element vertex 4\nproperty double x\nproperty float64 y\nproperty float z\n";
    const POINTS: &str = "0 0 0\n2 0 0\n0 3 0\n0 0 1\n";

    fn text(elements: &str, body: &str) -> String {
        format!("ply\nformat ascii 1.0\ncomment of ours\n{XYZ}{elements}end_header\n{POINTS}{body}")
    }

    #[test]
    fn faces_and_strips_are_the_same_mesh() {
        let faces = "element face 4\nproperty uchar flags\nproperty list uchar int vertex_index\n";
        let plain = text(faces, "9 3 0 2 1\n9 3 0 1 3\n9 3 1 2 3\n9 3 2 0 3\n");
        let mesh = read(plain.as_bytes()).unwrap();
        assert_eq!((mesh.points().len(), mesh.triangles().len()), (4, 4));
        for other in [
            plain.replace('\n', "\r\n"),
            plain.replace('\n', "\r"),
            plain.replace("\n9", "\n\n9"),
        ] {
            let found = read(other.as_bytes()).unwrap();
            assert_eq!(
                (found.points(), found.triangles()),
                (mesh.points(), mesh.triangles())
            );
        }
        let strips = "element tristrips 1\nproperty list int int vertex_indices\n";
        let strip = read(text(strips, "10 0 2 1 -1 0 1 3 2 0 -1\n").as_bytes()).unwrap();
        assert_eq!(strip.triangles().len(), 4);
        assert_eq!(strip.points().len(), 4);
    }

    #[test]
    fn line_feeds_in_binary_are_numbers() {
        // The first byte after the header is one.
        let mut bytes = b"ply\rformat binary_big_endian 1.0\relement vertex 3\rproperty uchar x\rproperty short y\rproperty int z\rproperty char nx\rproperty float ny\rproperty double nz\rend_header\r".to_vec();
        for point in 0..3_u8 {
            bytes.extend([10, 1, point, 0, 0, 0, 10, 0xFF]);
            bytes.extend(1_f32.to_be_bytes());
            bytes.extend(0_f64.to_be_bytes());
        }
        let cloud = read(&bytes).unwrap();
        let place = |axis| cloud.origin()[axis] + cloud.points()[2][axis];
        assert_eq!([0, 1, 2].map(place), [10.0, 258.0, 10.0]);
        assert!((cloud.normals()[2][0] + 0.5_f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn a_header_or_body_that_is_not_right_is_refused_in_few_words() {
        let faces = "element face 1\nproperty list char int vertex_indices\n";
        let long = "x".repeat(9000);
        for (bytes, words) in [
            (text(faces, ""), "ends before"),
            (
                text(faces, "3 0 1\n"),
                "line 15 has 3 numbers, which are too few",
            ),
            (text(faces, "3 0 1 2 9\n"), "too many"),
            (text(faces, "-3 0 1 2\n"), "-3"),
            (text(faces, "3 0 1 1.5\n"), "1.5"),
            (text(faces, "3 0 1 x\n"), "\"x\""),
            (
                text("property list uchar\n", ""),
                "line 8 says \"property list uchar\"",
            ),
            (text(&format!("property {long} x\n"), ""), "line 8"),
            (text("", "").replace("ascii", "utf8"), "line 2"),
            (text("", "").replace("end_header", ""), "line"),
            (
                text("element face 900\nproperty list uchar int a\n", ""),
                "declares 900",
            ),
            ("ply\nend_header\n".into(), "does not say the format"),
            ("ply\n".into(), "no end"),
        ] {
            let refused = read(bytes.as_bytes()).unwrap_err();
            assert!(
                refused.contains(words) && refused.len() < 300,
                "{words}: {refused}"
            );
        }
    }
}
