//! Meshes out of signed distances, with vertices moved onto the surface.

use super::super::cost::{each, threads};
use super::super::on_threads;
use super::ShapeDecoder;
use super::grid::{DistanceGrid, LAYERS, check};
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::{Evaluator, Network, Order};
use crate::signal::{Placement, Point, space};
use fast_surface_nets::ndshape::RuntimeShape;
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};
use rayon::prelude::*;
use siren_format::{Cost, Limits};
use std::collections::HashMap;

/// Triangles of a surface, in the space that it came from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Mesh {
    /// What is to be added to every vertex: zero, unless the surface is so far from there that floats of 32 bits
    /// would not hold its vertices.
    pub origin: Point,
    /// Corners of triangles, as seen from the origin.
    pub vertices: Vec<Point>,
    /// The outward normal at each vertex, of length 1: the direction of the exact gradient.
    pub normals: Vec<Point>,
    /// Triangles as positions in `vertices`, counter-clockwise as seen from outside.
    pub triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// The vertices where they are, whatever the origin.
    pub fn places(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        let place = |vertex: &Point| {
            [0, 1, 2].map(|axis| f64::from(self.origin[axis]) + f64::from(vertex[axis]))
        };
        self.vertices.iter().map(place)
    }
}

/// Steps from where surface nets put a vertex to where the distance is zero.
const NEWTON_STEPS: usize = 3;

impl ShapeDecoder {
    /// The surface as triangles, by surface nets (Gibson 1998) on a grid of `resolution` cells along each
    /// side of the cube; each vertex is then moved along the exact gradient to where the distance is zero.
    ///
    /// Where the surface leaves the cube, it has a hole. Memory grows with the square of the resolution and
    /// with the mesh, which is charged for as it grows.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the resolution is not 2 to 4096, [`Error::Limit`] if the grid or the mesh costs more than the
    /// limits allow, [`Error::Threads`] if threads cannot be started.
    pub fn mesh(&self, resolution: u32) -> Result<Mesh, Error> {
        self.meshed(resolution).map(|(mesh, _)| mesh)
    }

    /// The same as [`ShapeDecoder::mesh`] returns, and what it has cost.
    ///
    /// # Errors
    /// The same as those of [`ShapeDecoder::mesh`].
    pub fn meshed(&self, resolution: u32) -> Result<(Mesh, Cost), Error> {
        check(resolution)?;
        let mut growth = Growth {
            cost: self.cost_of_grid(resolution),
            limits: &self.stored.limits,
            each: each(self.header(), Order::Gradient),
        };
        growth.check()?;
        let mesh = on_threads(self.threads, || {
            Extractor::new(self.network(), &self.placement, resolution).mesh(&mut growth)
        })??;
        Ok((mesh, growth.cost))
    }

    /// What it costs to make a mesh of `resolution` cells along each side, if it has as many vertices as the surface of a
    /// ball in the cube: how many there are shows only when they are made.
    pub fn cost(&self, resolution: u32) -> Cost {
        let mut growth = Growth {
            cost: self.cost_of_grid(resolution),
            limits: &self.stored.limits,
            each: each(self.header(), Order::Gradient),
        };
        let side = u64::from(resolution);
        growth.add(4 * side * side, 8 * side * side);
        growth.cost
    }

    /// What the distances on a grid of `resolution` cells along each side cost.
    fn cost_of_grid(&self, resolution: u32) -> Cost {
        let (side, layers) = (u64::from(resolution) + 1, u64::from(LAYERS));
        let mut cost = self.stored.opened();
        // Slabs have the two layers in common at which they meet.
        let slabs = u64::from(resolution).div_ceil(layers);
        let slab = side * side * (layers + 2).min(side);
        cost.evaluate(slabs, slab, each(self.header(), Order::Value));
        // A distance and the number of a vertex at each grid point of a slab.
        cost.hold(8 * slab);
        for order in [Order::Value, Order::Gradient] {
            let threads = threads(self.threads);
            self.stored.hold_kernels(&mut cost, 1, order, threads);
        }
        cost
    }
}

/// What a mesh costs that grows.
struct Growth<'a> {
    cost: Cost,
    limits: &'a Limits,
    /// Operations of a gradient.
    each: u64,
}

/// Bytes that a vertex and a triangle take in memory, with as much room again that vectors keep for more; and in a file of
/// numbers.
const VERTEX: [u64; 2] = [48, 24];
const TRIANGLE: [u64; 2] = [24, 50];

impl Growth<'_> {
    /// Charges for vertices, which will be moved onto the surface, and triangles.
    fn add(&mut self, vertices: u64, triangles: u64) {
        let steps = NEWTON_STEPS as u64 + 1;
        self.cost.evaluate(steps, vertices, self.each);
        self.cost
            .hold(vertices * VERTEX[0] + triangles * TRIANGLE[0]);
        self.cost
            .put(vertices * VERTEX[1] + triangles * TRIANGLE[1]);
    }

    fn check(&self) -> Result<(), Error> {
        Ok(self.limits.admit(&self.cost)?)
    }

    /// Refuses a slab in which so many edges of the grid cross the surface. Each gives two triangles, of four vertices that
    /// have at least two more edges each.
    fn check_slab(&self, edges: u64) -> Result<(), Error> {
        let mut cost = self.cost;
        cost.hold(edges * SLAB_EDGE);
        Ok(self.limits.admit(&cost)?)
    }
}

/// Bytes that an edge takes in a slab: six numbers of corners, and a part of vertices with normals and places.
const SLAB_EDGE: u64 = 200;

/// The surface at which `network` is zero, in the cube at `placement`, as [`ShapeDecoder::mesh`] extracts it.
///
/// # Errors
/// None: nothing is limited.
pub(crate) fn mesh_of(
    network: &Network,
    placement: &Placement,
    resolution: u32,
) -> Result<Mesh, Error> {
    let mut growth = Growth {
        cost: Cost::default(),
        limits: &Limits::none(),
        each: 0,
    };
    Extractor::new(network, placement, resolution).mesh(&mut growth)
}

/// A grid of distances, and what has been extracted from it.
struct Extractor {
    placement: Placement,
    grid: DistanceGrid,
    jets: Evaluator,
    mesh: Mesh,
    /// The vertices of cells in the layer at which slabs meet, and where they are in the mesh.
    seam: HashMap<[u32; 3], u32>,
}

impl Extractor {
    fn new(network: &Network, placement: &Placement, resolution: u32) -> Self {
        let grid = DistanceGrid::new(network, resolution);
        Self {
            placement: *placement,
            jets: grid.distances.with_order(Order::Gradient),
            grid,
            mesh: Mesh::default(),
            seam: HashMap::new(),
        }
    }

    fn mesh(mut self, growth: &mut Growth<'_>) -> Result<Mesh, Error> {
        let mut buffer = SurfaceNetsBuffer::default();
        for first in (0..self.grid.resolution).step_by(LAYERS as usize) {
            self.slab(first, &mut buffer, growth)?;
        }
        self.settle();
        Ok(self.mesh)
    }

    /// Adds the triangles of the cells of some layers from `first` on. Faces on the far side of a slab are
    /// left to the next, which begins with the layer that this one ends with.
    fn slab(
        &mut self,
        first: u32,
        buffer: &mut SurfaceNetsBuffer,
        growth: &mut Growth<'_>,
    ) -> Result<(), Error> {
        let side = self.grid.side();
        let layers = (LAYERS + 1).min(self.grid.resolution - first) + 1;
        let distances = self.grid.slab(first, layers);
        growth.check_slab(crossings(&distances, side as usize))?;
        let shape = RuntimeShape::<u32, 3>::new([side, side, layers]);
        let far = [side - 1, side - 1, layers - 1];
        surface_nets(&distances, &shape, [0; 3], far, buffer);
        growth.add(
            buffer.positions.len() as u64,
            buffer.indices.len() as u64 / 3,
        );
        growth.check()?;
        let (seam, mut next) = (std::mem::take(&mut self.seam), HashMap::new());
        let mut places = Vec::with_capacity(buffer.positions.len());
        for (&[x, y, z], cell) in buffer.positions.iter().zip(&buffer.surface_points) {
            let cell = [cell[0], cell[1], cell[2] + first];
            let place = seam.get(&cell).copied().unwrap_or_else(|| {
                let vertex = [x, y, z + first as f32].map(|index| self.grid.coordinate(index));
                self.mesh.vertices.push(vertex);
                self.mesh.vertices.len() as u32 - 1
            });
            if cell[2] >= first + LAYERS {
                next.insert(cell, place);
            }
            places.push(place);
        }
        self.seam = next;
        let triangles = buffer.indices.chunks_exact(3);
        self.mesh.triangles.extend(triangles.map(|corners| {
            [corners[0], corners[1], corners[2]].map(|corner| places[corner as usize])
        }));
        Ok(())
    }

    /// Moves the vertices to where the distance is zero, finds their normals, and takes both to the space of
    /// the surface. A vertex moves by no more than a cell.
    fn settle(&mut self) {
        let cell = 2.0 / self.grid.resolution as f32;
        self.mesh.origin = self.placement.origin();
        let (jets, placement) = (&self.jets, self.placement.seen_from(self.mesh.origin));
        let Mesh {
            vertices, normals, ..
        } = &mut self.mesh;
        normals.resize(vertices.len(), [0.0; 3]);
        let tiles = vertices
            .par_chunks_mut(TILE)
            .zip(normals.par_chunks_mut(TILE));
        tiles.for_each_init(
            || jets.scratch(),
            |scratch, (vertices, normals)| {
                for step in 0..=NEWTON_STEPS {
                    let rows = jets.tile(scratch, |coordinates| {
                        for (slot, vertex) in vertices.iter().enumerate() {
                            for (axis, &x) in vertex.iter().enumerate() {
                                coordinates[axis * TILE + slot] = x;
                            }
                        }
                    });
                    for (slot, (vertex, normal)) in
                        vertices.iter_mut().zip(normals.iter_mut()).enumerate()
                    {
                        let gradient = [1, 2, 3].map(|row| rows[row * TILE + slot]);
                        let square = space::dot(gradient, gradient).max(1e-6);
                        let far = (rows[slot] / square.sqrt()).clamp(-cell, cell);
                        *normal = space::unit(gradient);
                        if step < NEWTON_STEPS {
                            *vertex = space::sub(*vertex, space::scaled(*normal, far));
                        }
                    }
                }
                for vertex in vertices {
                    *vertex = placement.to_source(*vertex);
                }
            },
        );
    }
}

/// How many edges of a grid of layers of `side` x `side` points have ends of different signs.
fn crossings(distances: &[f32], side: usize) -> u64 {
    let count = |step: usize, within: usize| {
        let ends = distances
            .iter()
            .zip(distances.iter().skip(step))
            .enumerate();
        let crossing = |(index, (a, b)): (usize, (&f32, &f32))| {
            u64::from(index % within < within - step && (*a < 0.0) != (*b < 0.0))
        };
        ends.map(crossing).sum::<u64>()
    };
    count(1, side) + count(side, side * side) + count(side * side, usize::MAX)
}
