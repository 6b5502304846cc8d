//! Surfaces: PLY, OBJ, STL and points with normals in, meshes and grids of distances out.

mod read;
mod write;

pub use read::{Format, read};
pub use write::{MeshFormat, binary_ply, distances};
