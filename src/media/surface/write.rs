//! Meshes into files, with their normals, and grids of distances.

use crate::media::{Error, npy};
use crate::{Mesh, Point, ShapeDecoder, Surface};
use std::io::{self, Write};

/// A format of meshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeshFormat {
    /// Stanford PLY, binary.
    Ply,
    /// Wavefront OBJ.
    Obj,
    /// STL, binary.
    Stl,
}

impl MeshFormat {
    /// The format of files with this extension, in lower case.
    pub fn of(extension: &str) -> Option<Self> {
        match extension {
            "ply" => Some(Self::Ply),
            "obj" => Some(Self::Obj),
            "stl" => Some(Self::Stl),
            _ => None,
        }
    }

    /// The extensions that [`MeshFormat::of`] knows.
    pub fn extensions() -> [&'static str; 3] {
        ["ply", "obj", "stl"]
    }

    /// Writes `mesh` to `output`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the format cannot hold it, [`Error::Write`].
    pub fn write(self, mesh: &Mesh, output: &mut impl Write) -> Result<(), Error> {
        match self {
            Self::Ply => ply(mesh, output),
            Self::Obj => obj(mesh, output),
            Self::Stl => stl(mesh, output),
        }
    }
}

/// PLY 1.0, binary, little-endian.
fn ply(mesh: &Mesh, output: &mut impl Write) -> Result<(), Error> {
    let (normals, triangles) = (&mesh.normals, &mesh.triangles);
    if mesh.origin == [0.0; 3] {
        let vertices = mesh
            .vertices
            .iter()
            .map(|vertex| vertex.map(f32::to_le_bytes));
        Ok(write_ply("float", vertices, normals, triangles, output)?)
    } else {
        let places = Vec::from_iter(mesh.places());
        let places = places.iter().map(|place| place.map(f64::to_le_bytes));
        Ok(write_ply("double", places, normals, triangles, output)?)
    }
}

/// A surface as seen from its origin, in the same format: its triangles, or its points with their normals.
pub fn binary_ply(surface: &Surface) -> Vec<u8> {
    let mut bytes = Vec::new();
    let points = surface
        .points()
        .iter()
        .map(|point| point.map(f32::to_le_bytes));
    let (normals, triangles) = (surface.normals(), surface.triangles());
    write_ply("float", points, normals, triangles, &mut bytes).expect("memory to write to");
    bytes
}

/// `points` are the bytes of coordinates of type `kind`; `normals` may be none.
fn write_ply<const BYTES: usize>(
    kind: &str,
    points: impl ExactSizeIterator<Item = [[u8; BYTES]; 3]>,
    normals: &[Point],
    triangles: &[[u32; 3]],
    output: &mut impl Write,
) -> io::Result<()> {
    let count = points.len();
    write!(
        output,
        "ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
    )?;
    for coordinate in ["x", "y", "z"] {
        writeln!(output, "property {kind} {coordinate}")?;
    }
    if !normals.is_empty() {
        output.write_all(b"property float nx\nproperty float ny\nproperty float nz\n")?;
    }
    let count = triangles.len();
    write!(
        output,
        "element face {count}\nproperty list uchar uint vertex_indices\nend_header\n"
    )?;
    for (index, point) in points.enumerate() {
        output.write_all(point.as_flattened())?;
        for number in normals.get(index).into_iter().flatten() {
            output.write_all(&number.to_le_bytes())?;
        }
    }
    for corners in triangles {
        output.write_all(&[3])?;
        for corner in corners {
            output.write_all(&corner.to_le_bytes())?;
        }
    }
    Ok(())
}

/// Wavefront OBJ; numbers are as short as gives the same floats again.
fn obj(mesh: &Mesh, output: &mut impl Write) -> Result<(), Error> {
    if mesh.origin == [0.0; 3] {
        for [x, y, z] in &mesh.vertices {
            writeln!(output, "v {x} {y} {z}")?;
        }
    } else {
        for [x, y, z] in mesh.places() {
            writeln!(output, "v {x} {y} {z}")?;
        }
    }
    for [x, y, z] in &mesh.normals {
        writeln!(output, "vn {x} {y} {z}")?;
    }
    for corners in &mesh.triangles {
        let [a, b, c] = corners.map(|corner| u64::from(corner) + 1);
        writeln!(output, "f {a}//{a} {b}//{b} {c}//{c}")?;
    }
    Ok(())
}

/// Binary STL, which has one normal for each triangle: the mean of those of its corners.
fn stl(mesh: &Mesh, output: &mut impl Write) -> Result<(), Error> {
    if mesh.origin != [0.0; 3] {
        return Err(Error::Unsupported(
            "is too far from the origin for STL, which has floats of 32 bits; decode it to .ply or .obj".into(),
        ));
    }
    let Ok(count) = u32::try_from(mesh.triangles.len()) else {
        return Err(Error::Unsupported(
            "has more triangles than STL can hold; decode it to .ply or .obj".into(),
        ));
    };
    // Nothing in the header, which must not begin with "solid".
    output.write_all(&[0; 80])?;
    output.write_all(&count.to_le_bytes())?;
    for corners in &mesh.triangles {
        let corners = corners.map(|corner| corner as usize);
        let mut normal = [0.0; 3];
        for corner in corners {
            for (sum, x) in normal.iter_mut().zip(mesh.normals[corner]) {
                *sum += x;
            }
        }
        let square = normal.iter().map(|x| x * x).sum::<f32>();
        let length = square.sqrt().max(f32::MIN_POSITIVE);
        let vertices = corners.map(|corner| mesh.vertices[corner]);
        let numbers = [normal.map(|x| x / length)].into_iter().chain(vertices);
        for number in numbers.flatten() {
            output.write_all(&number.to_le_bytes())?;
        }
        output.write_all(&[0; 2])?;
    }
    Ok(())
}

/// The signed distances of `shape` at the corners of `resolution` cells along each side of its cube, in the units of the
/// space that it came from (see [`ShapeDecoder::distances`]): an array of `resolution + 1` numbers along each axis in
/// NumPy's format, whose indices are those of x, y and z.
///
/// # Errors
/// Those of [`ShapeDecoder::distances`], and [`Error::Write`].
pub fn distances(
    shape: &ShapeDecoder,
    resolution: u32,
    output: &mut impl Write,
) -> Result<(), Error> {
    let mut header = Some(npy::header(
        &[resolution.saturating_add(1); 3],
        npy::Order::FirstFastest,
    ));
    shape.distances(resolution, |layers| {
        if let Some(header) = header.take() {
            output.write_all(&header)?;
        }
        Ok(output.write_all(&npy::floats(layers))?)
    })
}
