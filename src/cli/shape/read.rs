//! Surfaces out of files: PLY, OBJ, STL, and points with normals in plain text.
//!
//! Files may come from anyone. No reader makes room for what a header promises: it grows with what is read.

mod ply;

use crate::cli::failure::Failure;
use crate::cli::input::Source;
use crate::cli::paths::Place;
use sirenc::{Point, Surface};
use std::io::{BufRead, Read};

/// The longest line of text that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 16;

/// Whether an input holds a surface: PLY says so at its beginning, and the others by their names.
pub(crate) fn is_shape(start: &[u8], place: &Place) -> bool {
    let extension = extension(place);
    let named = matches!(extension.as_deref(), Some("obj" | "stl" | "xyz"));
    named || start.starts_with(b"ply\n") || start.starts_with(b"ply\r")
}

/// The extension of a file's name, in lower case.
fn extension(place: &Place) -> Option<String> {
    match place {
        Place::Path(path) => Some(path.extension()?.to_string_lossy().to_lowercase()),
        Place::Standard => None,
    }
}

/// The surface that `source` holds, which is opened from `place`.
pub(crate) fn read(source: &mut dyn Source, place: &Place) -> Result<Surface, Failure> {
    let start = source
        .fill_buf()
        .map_err(|error| Failure::reading(&error))?;
    match extension(place).as_deref() {
        _ if start.starts_with(b"ply") => ply::read(source),
        Some("obj") => obj(source),
        Some("stl") => stl(source),
        _ => xyz(source),
    }
}

/// Triangles, or if there are none, points with normals.
fn surface(
    points: Vec<Point>,
    normals: Option<Vec<Point>>,
    triangles: Vec<[u32; 3]>,
) -> Result<Surface, Failure> {
    match normals {
        _ if !triangles.is_empty() => Ok(Surface::mesh(points, triangles)?),
        Some(normals) => Ok(Surface::cloud(points, normals)?),
        None if points.is_empty() => Err(Failure::Said("holds no points".into())),
        None => Err(Failure::Said(
            "has neither faces nor normals, without which nobody knows what is inside; have normals estimated and oriented first, such as in MeshLab"
                .into(),
        )),
    }
}

/// A polygon as triangles with a common corner.
fn fan(corners: &[u32]) -> impl Iterator<Item = [u32; 3]> + '_ {
    let rest = corners.get(1..).unwrap_or_default();
    rest.windows(2).map(|pair| [corners[0], pair[0], pair[1]])
}

fn damaged(what: &str, error: impl std::fmt::Display) -> Failure {
    // Some of these texts have several lines.
    let error = error.to_string();
    let detail: Vec<_> = error.split_whitespace().collect();
    Failure::Said(format!(
        "cannot be read as {what} ({}); the file is damaged, or not quite what it says it is",
        detail.join(" ")
    ))
}

fn obj(source: &mut dyn Source) -> Result<Surface, Failure> {
    let options = tobj::LoadOptions {
        triangulate: true,
        ..tobj::LoadOptions::default()
    };
    // Colours are not looked at.
    let colours = |_: &std::path::Path| Ok(Default::default());
    let (models, _) = tobj::load_obj_buf(&mut &mut *source, &options, colours)
        .map_err(|error| damaged("OBJ", error))?;
    let (mut points, mut triangles) = (Vec::new(), Vec::new());
    for model in &models {
        let first = points.len() as u32;
        points.extend_from_slice(model.mesh.positions.as_chunks::<3>().0);
        let corners = model.mesh.indices.as_chunks::<3>().0;
        triangles.extend(
            corners
                .iter()
                .map(|corners| corners.map(|corner| first + corner)),
        );
    }
    surface(points, None, triangles)
}

fn stl(source: &mut dyn Source) -> Result<Surface, Failure> {
    let mesh = stl_io::read_stl(&mut &mut *source).map_err(|error| damaged("STL", error))?;
    let points = mesh.vertices.iter().map(|vertex| vertex.0).collect();
    let corners = mesh
        .faces
        .iter()
        .map(|face| face.vertices.map(|corner| corner as u32));
    surface(points, None, corners.collect())
}

/// Lines of six numbers, x y z and the normal, between blanks, commas or semicolons; more on a line is left
/// out, such as colours, and so are empty lines and those that begin with #.
fn xyz(source: &mut dyn Source) -> Result<Surface, Failure> {
    let (mut points, mut normals) = (Vec::new(), Vec::new());
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let length = (&mut *source)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::reading(&error))?;
        if length == 0 {
            break;
        }
        let wrong = |what: &str| {
            Err(Failure::Said(format!(
                "line {number} {what}; each needs six numbers, x y z and the normal"
            )))
        };
        let Ok(text) = std::str::from_utf8(&line) else {
            return wrong("is no text");
        };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let separators = |c: char| c.is_whitespace() || c == ',' || c == ';';
        let words = text.split(separators).filter(|word| !word.is_empty());
        let mut numbers = Vec::with_capacity(6);
        for word in words.take(6) {
            match word.parse::<f32>() {
                Ok(number) => numbers.push(number),
                Err(_) => return wrong(&format!("has {word:?} for a number")),
            }
        }
        match numbers[..] {
            [x, y, z, nx, ny, nz] => {
                points.push([x, y, z]);
                normals.push([nx, ny, nz]);
            }
            [_, _, _] => return wrong("has no normal"),
            _ => return wrong(&format!("has {} numbers", numbers.len())),
        }
    }
    surface(points, Some(normals), Vec::new())
}
