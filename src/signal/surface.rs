//! Surfaces in space, from which points and their normals are drawn.

use super::space::{self, Point};
use crate::Error;
#[cfg(feature = "encode")]
use ndarray_rand::rand::Rng;
use std::hash::{Hash, Hasher};

/// A surface in space: oriented points of it, or triangles. Its normals point outwards.
#[derive(Clone, Debug)]
pub struct Surface {
    origin: Point,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// Points and as many normals of length 1; at least one.
    Cloud {
        points: Vec<Point>,
        normals: Vec<Point>,
    },
    Mesh {
        vertices: Vec<Point>,
        /// Corners, counter-clockwise as seen from outside: positions in `vertices`, all of them there.
        triangles: Vec<[u32; 3]>,
        /// Area of all triangles up to each, which included. The last one is positive and finite.
        areas: Vec<f64>,
    },
}

/// Where the cube from -1 to 1, which a network knows, lies in the space of a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The centre of the cube.
    pub centre: Point,
    /// Half its side.
    pub scale: f32,
}

/// Of how many times half the side of its cube a surface is far from the origin.
const FAR: f32 = 128.0;
/// Half the side of the cube that a surface is put into, by half the longest side of its bounding box.
const MARGIN: f64 = 1.1;

impl Surface {
    /// Points of a surface, at least one, with the outward normal at each, of any length.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there are none, not as many normals, or a number is not finite or a normal
    /// zero.
    pub fn cloud(points: Vec<Point>, mut normals: Vec<Point>) -> Result<Self, Error> {
        if points.is_empty() {
            return Err(Error::parameter("number of points", 0, "at least 1"));
        }
        if normals.len() != points.len() {
            let allowed = format!("as many as points, {}", points.len());
            return Err(Error::parameter(
                "number of normals",
                normals.len(),
                allowed,
            ));
        }
        finite("coordinate", &points)?;
        finite("normal", &normals)?;
        for (index, normal) in normals.iter_mut().enumerate() {
            *normal = space::unit(*normal);
            if *normal == [0.0; 3] {
                let given = format!("zero (at point {index})");
                return Err(Error::parameter("normal", given, "of some length"));
            }
        }
        Ok(Self {
            origin: [0.0; 3],
            form: Form::Cloud { points, normals },
        })
    }

    /// Triangles between `vertices`, three positions in these for each, counter-clockwise as seen from
    /// outside.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a number is not finite, a position not one of a vertex, or the triangles have
    /// no area.
    pub fn mesh(vertices: Vec<Point>, triangles: Vec<[u32; 3]>) -> Result<Self, Error> {
        finite("coordinate", &vertices)?;
        let outside = |&&corner: &&u32| corner as usize >= vertices.len();
        if let Some(corner) = triangles.iter().flatten().find(outside) {
            let allowed = format!("below the number of vertices, {}", vertices.len());
            return Err(Error::parameter("corner of a triangle", corner, allowed));
        }
        let mut sum = 0.0;
        let area = |corners: &[u32; 3]| {
            let [a, b, c] = corners.map(|corner| vertices[corner as usize].map(f64::from));
            let [u, v] = [b, c].map(|x| [x[0] - a[0], x[1] - a[1], x[2] - a[2]]);
            let normal = [
                u[1] * v[2] - u[2] * v[1],
                u[2] * v[0] - u[0] * v[2],
                u[0] * v[1] - u[1] * v[0],
            ];
            sum += 0.5 * normal.iter().map(|x| x * x).sum::<f64>().sqrt();
            sum
        };
        let areas: Vec<f64> = triangles.iter().map(area).collect();
        if !(sum.is_finite() && sum > 0.0) {
            let given = format!("{sum} for all {} triangles", triangles.len());
            return Err(Error::parameter("area", given, "a positive number"));
        }
        Ok(Self {
            origin: [0.0; 3],
            form: Form::Mesh {
                vertices,
                triangles,
                areas,
            },
        })
    }

    /// The same surface, moved by `origin`. Its points are as they were, now as seen from there: so a surface keeps
    /// its form far from where coordinates are zero, such as on a map, where floats of 32 bits are too far apart.
    #[must_use]
    pub fn at(mut self, origin: Point) -> Self {
        self.origin = origin;
        self
    }

    /// The place that points are seen from: what is to be added to each.
    pub fn origin(&self) -> Point {
        self.origin
    }

    /// Points of a cloud, or vertices of a mesh, as seen from [`Surface::origin`].
    pub fn points(&self) -> &[Point] {
        match &self.form {
            Form::Cloud { points, .. } => points,
            Form::Mesh { vertices, .. } => vertices,
        }
    }

    /// Triangles of a mesh, as positions in [`Surface::points`]; none of a cloud.
    pub fn triangles(&self) -> &[[u32; 3]] {
        match &self.form {
            Form::Cloud { .. } => &[],
            Form::Mesh { triangles, .. } => triangles,
        }
    }

    /// Normals at the points of a cloud; none of a mesh, whose triangles have them.
    pub fn normals(&self) -> &[Point] {
        match &self.form {
            Form::Cloud { normals, .. } => normals,
            Form::Mesh { .. } => &[],
        }
    }

    /// Number of primitives: points of a cloud, triangles of a mesh.
    pub(crate) fn len(&self) -> usize {
        match &self.form {
            Form::Cloud { points, .. } => points.len(),
            Form::Mesh { triangles, .. } => triangles.len(),
        }
    }

    /// The corners of a primitive, all the same for a point of a cloud, and its normal.
    pub(crate) fn primitive(&self, index: usize) -> ([Point; 3], Point) {
        match &self.form {
            Form::Cloud { points, normals } => ([points[index]; 3], normals[index]),
            Form::Mesh {
                vertices,
                triangles,
                ..
            } => {
                let corners = triangles[index].map(|corner| vertices[corner as usize]);
                let [a, b, c] = corners;
                let normal = space::cross(space::sub(b, a), space::sub(c, a));
                (corners, space::unit(normal))
            }
        }
    }

    /// A random point, as seen from [`Surface::origin`], and its normal: each point of a cloud is as likely, each part
    /// of a mesh as its area.
    #[cfg(feature = "encode")]
    pub fn sample(&self, random: &mut impl Rng) -> (Point, Point) {
        let index = match &self.form {
            Form::Cloud { points, .. } => random.random_range(0..points.len()),
            Form::Mesh { areas, .. } => {
                let whole = areas.last().copied().unwrap_or(0.0);
                let place = whole * random.random::<f64>();
                areas
                    .partition_point(|&area| area <= place)
                    .min(areas.len() - 1)
            }
        };
        let ([a, b, c], normal) = self.primitive(index);
        // A point of the parallelogram, folded into the triangle.
        let (mut s, mut t) = (random.random::<f32>(), random.random::<f32>());
        if s + t > 1.0 {
            (s, t) = (1.0 - s, 1.0 - t);
        }
        let along = |corner, share| space::scaled(space::sub(corner, a), share);
        (space::add(a, space::add(along(b, s), along(c, t))), normal)
    }

    /// The cube around the surface, with a tenth of its longest side to spare.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the surface has no extent, one beyond what a `f32` holds, or one too small for
    /// how far from the origin it is.
    pub fn placement(&self) -> Result<Placement, Error> {
        let [least, most] = self.bounds();
        let extent = self.longest();
        let refuse = |allowed: &str| {
            let name = "extent of the surface";
            Err(Error::parameter(name, extent, allowed))
        };
        let (mut centre, mut beside) = ([0.0; 3], 0.0_f64);
        for axis in 0..3 {
            let middle = 0.5 * (f64::from(least[axis]) + f64::from(most[axis]));
            let middle = f64::from(self.origin[axis]) + middle;
            centre[axis] = middle as f32;
            beside = beside.max((middle - f64::from(centre[axis])).abs());
        }
        // Far from the origin, the centre of the cube is beside that of the surface.
        let half = 0.5 * extent + beside;
        let scale = (half * MARGIN) as f32;
        if !(scale.is_normal() && scale.is_finite()) {
            return refuse("a positive number that a float of 32 bits holds");
        }
        if half > extent {
            let allowed = format!(
                "at least {} so far from the origin, where floats of 32 bits are too far apart; move it nearer",
                2.0 * beside
            );
            return refuse(&allowed);
        }
        Ok(Placement { centre, scale })
    }

    /// The longest side of the bounding box.
    pub(crate) fn longest(&self) -> f64 {
        let [least, most] = self.bounds();
        let sides = least
            .iter()
            .zip(&most)
            .map(|(&a, &b)| f64::from(b) - f64::from(a));
        sides.fold(0.0, f64::max)
    }

    /// Corners of all primitives. Vertices that no triangle has are no part of the surface.
    fn corners(&self) -> impl Iterator<Item = Point> + '_ {
        (0..self.len()).flat_map(|index| self.primitive(index).0)
    }

    /// Opposite corners of the bounding box, the least coordinates and the most.
    pub(crate) fn bounds(&self) -> [Point; 2] {
        let (mut least, mut most) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for corner in self.corners() {
            for (axis, x) in corner.into_iter().enumerate() {
                least[axis] = least[axis].min(x);
                most[axis] = most[axis].max(x);
            }
        }
        [least, most]
    }

    /// How far the surface reaches in a direction, from the origin.
    pub(crate) fn reach(&self, direction: Point) -> f32 {
        let along = self.corners().map(|corner| space::dot(direction, corner));
        along.fold(f32::NEG_INFINITY, f32::max)
    }

    /// This surface in the coordinates of a placement.
    pub(crate) fn placed(&self, placement: &Placement) -> Self {
        let mut placed = self.clone().at([0.0; 3]);
        let points = match &mut placed.form {
            Form::Cloud { points, .. } => points,
            Form::Mesh {
                vertices, areas, ..
            } => {
                let square = f64::from(placement.scale).powi(2);
                areas.iter_mut().for_each(|area| *area /= square);
                vertices
            }
        };
        for point in points {
            *point = placement.cube_point(self.origin, *point);
        }
        placed
    }
}

impl Placement {
    /// From the space of the surface to the cube.
    pub fn to_cube(&self, point: Point) -> Point {
        self.cube_point([0.0; 3], point)
    }

    /// To the cube from the space of the surface, for a point as seen from `origin`.
    fn cube_point(&self, origin: Point, point: Point) -> Point {
        [0, 1, 2].map(|axis| {
            let centre = f64::from(self.centre[axis]) - f64::from(origin[axis]);
            ((f64::from(point[axis]) - centre) / f64::from(self.scale)) as f32
        })
    }

    /// This placement in coordinates relative to `origin`.
    pub(crate) fn seen_from(&self, origin: Point) -> Self {
        let centre = |axis: usize| f64::from(self.centre[axis]) - f64::from(origin[axis]);
        Self {
            centre: [0, 1, 2].map(|axis| centre(axis) as f32),
            scale: self.scale,
        }
    }

    /// Where points of the cube have to be seen from for floats of 32 bits to hold them: zero, or its centre if that
    /// is far away.
    pub(crate) fn origin(&self) -> Point {
        let far = self.centre.iter().any(|x| x.abs() > FAR * self.scale);
        if far { self.centre } else { [0.0; 3] }
    }

    /// From the cube to the space of the surface.
    pub fn to_source(&self, point: Point) -> Point {
        let place = |(x, centre)| (f64::from(centre) + f64::from(self.scale) * f64::from(x)) as f32;
        let [x, y, z] = point;
        let [u, v, w] = self.centre;
        [(x, u), (y, v), (z, w)].map(place)
    }
}

/// Hashes the bits of all numbers, which make up the whole surface.
impl Hash for Surface {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.origin.map(f32::to_bits).hash(state);
        for points in [self.points(), self.normals()] {
            points.len().hash(state);
            for x in points.iter().flatten() {
                x.to_bits().hash(state);
            }
        }
        self.triangles().hash(state);
    }
}

/// Refuses infinities and what is no number.
fn finite(name: &'static str, points: &[Point]) -> Result<(), Error> {
    let bad = points
        .iter()
        .enumerate()
        .find_map(|(index, point)| point.iter().find(|x| !x.is_finite()).map(|x| (index, x)));
    match bad {
        None => Ok(()),
        Some((index, x)) => {
            let given = format!("{x} (at point {index})");
            Err(Error::parameter(name, given, "a finite number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    /// A triangle of area 6 and one of area 2, side by side in the plane z = 1.
    fn mesh() -> Surface {
        let vertices = [[0.0, 0.0], [4.0, 0.0], [0.0, 3.0], [-4.0 / 3.0, 0.0]];
        let vertices = vertices.map(|[x, y]| [x, y, 1.0]).to_vec();
        Surface::mesh(vertices, vec![[0, 1, 2], [0, 2, 3]]).unwrap()
    }

    #[test]
    fn meshes_are_sampled_by_area() {
        let mesh = mesh();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (mut right, mut mean) = (0.0, [0.0_f64; 2]);
        const COUNT: usize = 20_000;
        for _ in 0..COUNT {
            let (point, normal) = mesh.sample(&mut random);
            let [x, y, z] = point.map(f64::from);
            assert!(z == 1.0 && normal == [0.0, 0.0, 1.0]);
            assert!(y >= 0.0 && x / 4.0 + y / 3.0 < 1.0001 && y / 3.0 - 0.75 * x < 1.0001);
            right += f64::from(u8::from(x > 0.0)) / COUNT as f64;
            for (mean, x) in mean.iter_mut().zip([x, y]) {
                *mean += x / COUNT as f64;
            }
        }
        assert!((right - 0.75).abs() < 0.01, "{right}");
        // Centroids of the triangles at x = 4/3 and -4/9, y = 1.
        assert!((mean[0] - (0.75 * 4.0 / 3.0 - 0.25 * 4.0 / 9.0)).abs() < 0.03);
        assert!((mean[1] - 1.0).abs() < 0.02, "{mean:?}");
    }

    #[test]
    fn a_placement_leaves_a_margin_and_leads_back() {
        let surface = Surface::cloud(
            vec![[10.0, -3.0, 5.0], [14.0, -2.0, 5.0]],
            vec![[0.0, 0.0, 9.0], [0.0, 3.0, 4.0]],
        );
        let surface = surface.unwrap();
        let placement = surface.placement().unwrap();
        assert_eq!(placement.centre, [12.0, -2.5, 5.0]);
        assert!((placement.scale - 2.2).abs() < 1e-6);
        let placed = surface.placed(&placement);
        assert!((placed.points()[1][0] - 1.0 / 1.1).abs() < 1e-6);
        for (&there, &here) in surface.points().iter().zip(placed.points()) {
            let back = placement.to_source(here);
            assert!(space::length(space::sub(there, back)) < 1e-5);
        }
        assert!((space::length(surface.primitive(1).1) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_surface_is_refused() {
        let refused = |surface: Result<Surface, Error>, words: &str| {
            let message = surface.expect_err(words).to_string();
            assert!(message.contains(words), "{message}");
        };
        let one = || vec![[1.0, 2.0, 3.0]];
        refused(Surface::cloud(vec![], vec![]), "number of points is 0");
        refused(Surface::cloud(one(), vec![]), "number of normals is 0");
        refused(Surface::cloud(one(), vec![[0.0; 3]]), "normal is zero");
        refused(
            Surface::cloud(vec![[1.0, f32::NAN, 0.0]], one()),
            "coordinate is NaN (at point 0)",
        );
        let infinite = vec![[f32::INFINITY, 0.0, 0.0]];
        refused(Surface::cloud(one(), infinite), "normal is inf");
        refused(Surface::mesh(one(), vec![[0, 0, 1]]), "corner");
        refused(Surface::mesh(one(), vec![[0, 0, 0]]), "area is 0");
        refused(Surface::mesh(one(), vec![]), "area is 0");
        let point = Surface::cloud(one(), one()).unwrap();
        assert!(point.placement().is_err());
        // Floats are one apart there.
        let far = mesh().at([1e7, 0.0, 0.0]);
        assert!(far.placement().is_ok());
        let between = Surface::cloud(vec![[4.0, 0.0, 0.0], [5.0, 1.0, 0.0]], vec![[1.0; 3]; 2]);
        let farther = between.unwrap().at([1e8, 0.0, 0.0]).placement();
        refused(farther.map(|_| point), "so far from the origin");
    }
}
