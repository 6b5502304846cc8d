//! Shapes out of files: surfaces as signed distances, made a mesh, a grid of distances or a picture of.

mod extract;
mod grid;
mod shade;

pub use extract::Mesh;
pub(crate) use extract::mesh_of;
pub use shade::Camera;

use super::stored::Stored;
use crate::engine::net::{Field, Network};
use crate::signal::Placement;
use crate::{Error, Limits};
use siren_format::{Header, Signal};

/// A parsed `.siren` file of a shape: the signed distance to a surface, negative inside.
///
/// ```
/// use sirenc::{ShapeDecoder, ShapeEncoder, Surface};
/// # fn main() -> Result<(), sirenc::Error> {
/// // A sphere of radius 20 around (10, 0, 0).
/// let normals: Vec<[f32; 3]> = (0..2000)
///     .map(|i| {
///         let (z, angle) = (i as f32 / 1000.0 - 0.9995, i as f32 * 2.399963);
///         let r = (1.0 - z * z).sqrt();
///         [r * angle.cos(), r * angle.sin(), z]
///     })
///     .collect();
/// let points = normals.iter().map(|n| [10.0 + 20.0 * n[0], 20.0 * n[1], 20.0 * n[2]]).collect();
/// let surface = Surface::cloud(points, normals)?;
///
/// let encoder = ShapeEncoder::new().with_bytes(300).with_steps(150);
/// let shape = ShapeDecoder::new(&encoder.encode(&surface)?.bytes)?;
/// let mesh = shape.mesh(32)?;
/// let radius = |p: &[f32; 3]| ((p[0] - 10.0).powi(2) + p[1].powi(2) + p[2].powi(2)).sqrt();
/// assert!(mesh.vertices.iter().all(|vertex| (radius(vertex) - 20.0).abs() < 2.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ShapeDecoder {
    stored: Stored,
    placement: Placement,
    threads: Option<usize>,
}

impl ShapeDecoder {
    /// Parses the bytes of a file under the default [`Limits`].
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes are not a `.siren` file, damaged, of a later version, or ask for
    /// more than the limits allow; [`Error::Kind`] if what they hold is no shape.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        Self::with_limits(bytes, &Limits::default())
    }

    /// Parses the bytes of a file under the given limits.
    ///
    /// # Errors
    /// As [`ShapeDecoder::new`].
    pub fn with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        Self::of(Stored::new(bytes, limits)?)
    }

    /// The decoder of a file that has been read, if it holds a shape.
    pub(in crate::decode) fn of(stored: Stored) -> Result<Self, Error> {
        let Signal::Shape { centre, scale } = stored.header.signal else {
            return Err(stored.refuse("shape"));
        };
        Ok(Self {
            stored,
            placement: Placement {
                centre: centre.map(f32::from_bits),
                scale: f32::from_bits(scale),
            },
            threads: None,
        })
    }

    /// Evaluates on `threads` threads; 0 means one per core. Results do not depend on it.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The header of the file.
    pub fn header(&self) -> &Header {
        &self.stored.header
    }

    /// Where the network's cube lies in the space that the shape came from.
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// The network.
    pub fn network(&self) -> &Network {
        self.stored.network()
    }

    /// The signed distance as a function of the cube from -1 to 1, in units of half its side.
    pub fn field(&self) -> Field {
        Field::new(self.network())
    }
}
