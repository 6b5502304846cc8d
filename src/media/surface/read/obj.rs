//! Wavefront OBJ: vertices and faces. Lines, curves, groups, materials, and what else there may be is left out.
//!
//! `tobj` makes triangles of lines, takes every polygon for convex, and refuses lines that go on in the next.

use super::lines::{Lines, quoted, three, wrong};
use super::soup::Soup;
use crate::Surface;
use crate::media::Error;
use crate::media::Source;

pub(super) fn read(source: &mut dyn Source, warn: &mut dyn FnMut(&str)) -> Result<Surface, Error> {
    let mut lines = Lines::new(source);
    let mut soup = Soup::default();
    let mut corners = Vec::new();
    let mut whole = String::new();
    while let Some(line) = lines.next()? {
        // A comment may hold anything, and ends with its line.
        let text = line.split('#').next().unwrap_or_default();
        if let Some(part) = text.trim_end().strip_suffix('\\') {
            whole += part;
            whole.push(' ');
            if whole.len() > LONGEST {
                return Err(lines.wrong("goes on for too long; the file is damaged"));
            }
            continue;
        }
        whole += text;
        statement(&whole, &mut soup, &mut corners).map_err(|what| wrong(lines.number, &what))?;
        whole.clear();
    }
    if !whole.is_empty() {
        return Err(lines
            .wrong("should go on from the one before, but there is none; the file is not whole"));
    }
    soup.surface(warn)
}

/// The longest line with all that it goes on in, in bytes.
const LONGEST: usize = 1 << 24;

/// Adds what a line says to `soup`, or says what is wrong with it. `corners` is room to work in.
fn statement(line: &str, soup: &mut Soup, corners: &mut Vec<u32>) -> Result<(), String> {
    let mut words = line.split_ascii_whitespace();
    match words.next() {
        // What may follow is a weight, or a colour.
        Some("v") => soup.points.push(three(words)?),
        Some("f" | "fo") => {
            corners.clear();
            for word in words {
                corners.push(corner(word, soup.points.len())?);
            }
            soup.face(corners);
        }
        _ => {}
    }
    Ok(())
}

/// The vertex that a corner of a face has, of `count` so far: a number from 1 on, or if it is negative, counted
/// back from the last. After slashes come those of its texture and normal.
fn corner(word: &str, count: usize) -> Result<u32, String> {
    let number = word.split('/').next().unwrap_or_default();
    let index = match number.parse::<i64>() {
        Ok(number) if number > 0 => Some(number - 1),
        Ok(number) if number < 0 => Some(count as i64 + number),
        _ => None,
    };
    let index = index.and_then(|index| u32::try_from(index).ok());
    index.ok_or_else(|| format!("has a face with {} for a vertex", quoted(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(text: &[u8]) -> Result<Surface, String> {
        let surface = super::read(&mut Cursor::new(text), &mut |_| {});
        surface.map_err(|failure| failure.to_string())
    }

    const PLAIN: &str = "v 0 0 0\nv 2 0 0\nv 0 3 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n";

    #[test]
    fn what_programs_write_is_the_same_mesh() {
        let plain = read(PLAIN.as_bytes()).unwrap();
        let with = |from: &str, to: &str| PLAIN.replace(from, to).into_bytes();
        for text in [
            [b"\xEF\xBB\xBF", PLAIN.as_bytes()].concat(),
            with("\n", "\r\n"),
            with("\n", "\r"),
            with("f 1 3 2", "f 1 \\\n3\\\r\n 2"),
            with("f 1 3 2", "f 1 3 2 # first"),
            with("f 1 3 2", "f 1/1/1 3//9 2/7"),
            with("f 3 1 4", "f -2 -4 -1"),
            with("f 1 3 2", "l 1 2 3\np 1\nl 1 2\nf 1 3 2\nf 1 2"),
            with("v 2 0 0", "  v\t2.0 0 -0e1 0.5 0.5 1 "),
            with(
                "f 1 3 2",
                "g a\nusemtl b c\ns off\nvt 0 1\nvn 0 0 1\nfo 1 3 2",
            ),
            [b"# \xE9t\xE9 \\\n".as_slice(), PLAIN.as_bytes()].concat(),
        ] {
            let found = read(&text).unwrap();
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(found.points(), plain.points(), "{shown}");
            assert_eq!(found.triangles(), plain.triangles(), "{shown}");
        }
    }

    #[test]
    fn what_is_no_mesh_is_refused() {
        for (text, words) in [
            (
                "v 1 2 3\nv 4 5 6\nl 1 2\n",
                &["2 points", "neither faces"][..],
            ),
            ("v 1 2\n", &["line 1", "fewer than three"]),
            ("v 1 2 3\n\nf 0 1 1\n", &["line 3", "\"0\""]),
            ("v 1 2 3\nf 1 -2 1\n", &["line 2", "\"-2\""]),
            ("v 1 2 3\nf 1 1 7\n", &["corner is 6"]),
            ("v 1 2 3\nf 1 2 \\\n", &["not whole"]),
            ("v 1,5 2 3\n", &["line 1", "\"1,5\""]),
        ] {
            let refused = read(text.as_bytes()).unwrap_err();
            assert!(words.iter().all(|word| refused.contains(word)), "{refused}");
        }
    }
}
