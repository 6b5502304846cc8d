//! Meshes into files, with their normals.

use crate::cli::failure::Failure;
use crate::cli::output::Output;
use sirenc::{Mesh, Point, Surface};
use std::io::{self, Write};

/// A format of meshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Ply,
    Obj,
    Stl,
}

impl Format {
    /// The format of files with this extension, in lower case.
    pub(super) fn of(extension: &str) -> Option<Self> {
        match extension {
            "ply" => Some(Self::Ply),
            "obj" => Some(Self::Obj),
            "stl" => Some(Self::Stl),
            _ => None,
        }
    }

    pub(super) fn write(self, mesh: &Mesh, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Ply => ply(mesh, output),
            Self::Obj => obj(mesh, output),
            Self::Stl => stl(mesh, output),
        }
    }
}

/// PLY 1.0, binary, little-endian.
fn ply(mesh: &Mesh, output: &mut Output) -> Result<(), Failure> {
    Ok(write_ply(
        &mesh.vertices,
        &mesh.normals,
        &mesh.triangles,
        output,
    )?)
}

/// A surface in the same format: its triangles, or its points with their normals.
pub(crate) fn binary_ply(surface: &Surface) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (points, normals) = (surface.points(), surface.normals());
    write_ply(points, normals, surface.triangles(), &mut bytes).expect("memory to write to");
    bytes
}

/// `normals` may be none.
fn write_ply(
    points: &[Point],
    normals: &[Point],
    triangles: &[[u32; 3]],
    output: &mut impl Write,
) -> io::Result<()> {
    let count = points.len();
    write!(
        output,
        "ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
    )?;
    let properties = ["x", "y", "z", "nx", "ny", "nz"];
    for property in &properties[..if normals.is_empty() { 3 } else { 6 }] {
        writeln!(output, "property float {property}")?;
    }
    let count = triangles.len();
    write!(
        output,
        "element face {count}\nproperty list uchar uint vertex_indices\nend_header\n"
    )?;
    for (index, point) in points.iter().enumerate() {
        for number in point.iter().chain(normals.get(index).into_iter().flatten()) {
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
fn obj(mesh: &Mesh, output: &mut Output) -> Result<(), Failure> {
    for [x, y, z] in &mesh.vertices {
        writeln!(output, "v {x} {y} {z}")?;
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
fn stl(mesh: &Mesh, output: &mut Output) -> Result<(), Failure> {
    let triangles = mesh.triangles.iter().map(|corners| {
        let corners = corners.map(|corner| corner as usize);
        let mut normal = [0.0; 3];
        for corner in corners {
            for (sum, x) in normal.iter_mut().zip(mesh.normals[corner]) {
                *sum += x;
            }
        }
        let length = normal
            .iter()
            .map(|x| x * x)
            .sum::<f32>()
            .sqrt()
            .max(f32::MIN_POSITIVE);
        stl_io::Triangle {
            normal: stl_io::Normal::new(normal.map(|x| x / length)),
            vertices: corners.map(|corner| stl_io::Vertex::new(mesh.vertices[corner])),
        }
    });
    Ok(stl_io::write_stl(output, triangles)?)
}
