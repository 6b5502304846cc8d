//! Surfaces out of files: PLY, OBJ, STL, and points with normals in plain text.
//!
//! Files may come from anyone. No reader makes room for what a header promises: it grows with what is read. Numbers
//! are read as floats of 64 bits: coordinates may be large, such as those of maps, and close to each other.

mod lines;
mod obj;
mod orient;
mod ply;
mod polygon;
mod soup;
mod stl;
mod xyz;

use crate::Surface;
use crate::media::Error;
use crate::media::Source;
use crate::media::extension;
use std::fmt::Display;
use std::io::{self, ErrorKind, SeekFrom};
use std::path::Path;

/// The formats that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Stanford PLY, in text or binary.
    Ply,
    /// Wavefront OBJ.
    Obj,
    /// STL, in text or binary.
    Stl,
    /// Points with normals, one a line.
    Xyz,
}

impl Format {
    /// The format of a surface of `length` bytes in a file of this `name` that begins with `start`, if it seems to be
    /// one. PLY says so itself; of the others the name does, or the content.
    pub fn of(start: &[u8], length: u64, name: Option<&Path>) -> Option<Self> {
        if start.starts_with(b"ply") && start.get(3).is_some_and(u8::is_ascii_whitespace) {
            return Some(Self::Ply);
        }
        match extension(name).as_deref() {
            Some("obj") => return Some(Self::Obj),
            Some("stl") => return Some(Self::Stl),
            Some("xyz") => return Some(Self::Xyz),
            _ => {}
        }
        if stl::is_binary(start, length) {
            return Some(Self::Stl);
        }
        // No text has a zero in it.
        if start.contains(&0) {
            return None;
        }
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start_matches('\u{feff}').replace('\r', "\n");
        let word = |word: &str| {
            text.to_lowercase()
                .split_ascii_whitespace()
                .any(|it| it == word)
        };
        if stl::is_text(start) && (word("facet") || word("endsolid")) {
            Some(Self::Stl)
        } else if is_obj(&text) {
            Some(Self::Obj)
        } else if xyz::is_points(&text) {
            Some(Self::Xyz)
        } else {
            None
        }
    }
}

/// Whether text seems to be OBJ: its first statements are, and a vertex is among them.
fn is_obj(text: &str) -> bool {
    const STATEMENTS: [&str; 10] = ["v", "vn", "vt", "f", "o", "g", "s", "l", "mtllib", "usemtl"];
    let lines = text.lines().map(str::trim_start);
    let mut statements = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_ascii_whitespace().next().unwrap_or_default())
        .take(50)
        .peekable();
    // The last line may be cut off, and what comes late says little.
    let known = statements
        .peek()
        .is_some_and(|first| STATEMENTS.contains(first));
    known
        && statements
            .take_while(|statement| STATEMENTS.contains(statement))
            .any(|it| it == "v")
}

/// The surface that `source` holds, in a file of this `name`. `warn` is called with
/// a message about everything that is mended or left out.
pub fn read(
    source: &mut dyn Source,
    name: Option<&Path>,
    warn: &mut dyn FnMut(&str),
) -> Result<Surface, Error> {
    let reading = |error: io::Error| Error::reading(&error);
    let length = source.seek(SeekFrom::End(0)).map_err(reading)?;
    source.rewind().map_err(reading)?;
    let start = source.fill_buf().map_err(reading)?;
    match Format::of(start, length, name) {
        Some(Format::Ply) => ply::read(source, length, warn),
        Some(Format::Obj) => obj::read(source, warn),
        Some(Format::Stl) => stl::read(source, length, warn),
        Some(Format::Xyz) => xyz::read(source, warn),
        None => Err(Error::Unsupported(
            "is no surface in a format that is read: PLY, OBJ, STL or XYZ".into(),
        )),
    }
}

fn damaged(what: &str, detail: impl Display) -> Error {
    Error::Malformed(format!(
        "cannot be read as {what} ({detail}); the file is damaged, or not quite what it says it is"
    ))
}

/// Why reading binary numbers failed.
fn cut_off(what: &str, error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => damaged(what, "it ends before all that it declares"),
        _ => Error::reading(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content_where_no_name_tells() {
        let mut binary = vec![b' '; 80];
        binary.extend([1, 0, 0, 0]);
        binary.extend([0; 50]);

        for (start, format) in [
            (&b"ply\rformat"[..], Some(Format::Ply)),
            (&binary, Some(Format::Stl)),
            (&binary[..133], None),
            (
                b"\xEF\xBB\xBF Solid\n FACET normal 0 0 1",
                Some(Format::Stl),
            ),
            (b"solid ground\n", None),
            (
                b"# from a program\r\nmtllib a.mtl\r\no a\r\nv 0 0 1\r\n",
                Some(Format::Obj),
            ),
            (b"\xEF\xBB\xBFv 1 2 3\nvp 0 1", Some(Format::Obj)),
            (b"g o o d", None),
            (b"0.1 0.2 0.3 0 0 1\n0.1 0.", Some(Format::Xyz)),
            (b"# cloud\n3\n1,2,3,0,0,1\n", Some(Format::Xyz)),
            (b"0,1 0,2 0,3 0 0 1", Some(Format::Xyz)),
            (b"x y z nx ny nz\n1 2 3 0 0 1", Some(Format::Xyz)),
            (b"P3\n1 1\n255\n1 2 3", None),
            (b"\x89PNG\r\n\x1A\n\0\0", None),
            (b"", None),
        ] {
            let length = start.len() as u64;
            assert_eq!(
                Format::of(start, length, None),
                format,
                "{:?}",
                String::from_utf8_lossy(start)
            );
        }
        let named = Some(Path::new("a.STL"));
        assert_eq!(Format::of(b"1 2 3", 5, named), Some(Format::Stl));
        assert_eq!(Format::of(b"ply\n", 4, named), Some(Format::Ply));
    }
}
