//! How far a surface is from another.

use crate::signal::{Point, Surface, space};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

/// How alike two surfaces are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Likeness {
    /// Chamfer distance: the mean distance from points of one surface to the other, averaged over both
    /// directions. Distances are to the surface itself, not to points drawn from it, so they are zero for
    /// equal surfaces, unless one is a cloud of points.
    pub chamfer: f64,
    /// Normal consistency: the mean cosine of the angle between the normal at those points and the normal of
    /// the other surface at its nearest point, 1 at best.
    pub normals: f64,
}

/// Compares two surfaces at `count` random points of each.
pub fn likeness(a: &Surface, b: &Surface, count: usize, seed: u64) -> Likeness {
    let [there, back] = [(a, b, seed), (b, a, !seed)].map(|(from, to, seed)| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let points: Vec<_> = (0..count).map(|_| from.sample(&mut random)).collect();
        let tree = Tree::new(to);
        // Added up in order, whatever the number of threads.
        let found: Vec<(f64, f64)> = points
            .par_iter()
            .map(|&(point, normal)| {
                let (square, nearest) = tree.nearest(point);
                let cosine = nearest.map_or(0.0, |nearest| space::dot(normal, nearest));
                (f64::from(square).sqrt(), f64::from(cosine))
            })
            .collect();
        let sum = |of: fn(&(f64, f64)) -> f64| found.iter().map(of).sum::<f64>() / count as f64;
        (sum(|found| found.0), sum(|found| found.1))
    });
    Likeness {
        chamfer: 0.5 * (there.0 + back.0),
        normals: 0.5 * (there.1 + back.1),
    }
}

/// The primitives of a surface in a hierarchy of bounding boxes.
struct Tree<'a> {
    surface: &'a Surface,
    /// In the order of the leaves.
    primitives: Vec<u32>,
    /// The left half of a node follows it.
    nodes: Vec<Node>,
}

struct Node {
    least: Point,
    most: Point,
    /// Primitives of a leaf.
    range: std::ops::Range<usize>,
    /// The right half; none of a leaf.
    right: Option<usize>,
}

/// Most primitives in a leaf.
const LEAF: usize = 4;

impl<'a> Tree<'a> {
    fn new(surface: &'a Surface) -> Self {
        let mut tree = Self {
            surface,
            primitives: (0..surface.len() as u32).collect(),
            nodes: Vec::new(),
        };
        tree.divide(0..surface.len());
        tree
    }

    /// Makes the node of a range of primitives and all below it.
    fn divide(&mut self, range: std::ops::Range<usize>) {
        let (mut least, mut most) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for &primitive in &self.primitives[range.clone()] {
            for corner in self.surface.primitive(primitive as usize).0 {
                for axis in 0..3 {
                    least[axis] = least[axis].min(corner[axis]);
                    most[axis] = most[axis].max(corner[axis]);
                }
            }
        }
        let node = self.nodes.len();
        self.nodes.push(Node {
            least,
            most,
            range: range.clone(),
            right: None,
        });
        if range.len() <= LEAF {
            return;
        }
        let size = space::sub(most, least);
        let longest = |a: &usize, b: &usize| size[*a].total_cmp(&size[*b]);
        let axis = (0..3).max_by(longest).unwrap_or(0);
        let (half, surface) = (range.len() / 2, self.surface);
        let middle = |primitive: &u32| {
            let corners = surface.primitive(*primitive as usize).0;
            corners.iter().map(|corner| corner[axis]).sum::<f32>()
        };
        self.primitives[range.clone()]
            .select_nth_unstable_by(half, |a, b| middle(a).total_cmp(&middle(b)));
        self.divide(range.start..range.start + half);
        self.nodes[node].right = Some(self.nodes.len());
        self.divide(range.start + half..range.end);
    }

    /// The squared distance to the nearest place of the surface, and the normal there.
    fn nearest(&self, point: Point) -> (f32, Option<Point>) {
        let (mut best, mut normal) = (f32::INFINITY, None);
        let mut open = vec![0];
        while let Some(index) = open.pop() {
            let node = &self.nodes[index];
            if node.square(point) >= best {
                continue;
            }
            let Some(right) = node.right else {
                for &primitive in &self.primitives[node.range.clone()] {
                    let (corners, its_normal) = self.surface.primitive(primitive as usize);
                    let far = space::sub(point, nearest_of(corners, point));
                    let square = space::dot(far, far);
                    if square < best {
                        (best, normal) = (square, Some(its_normal));
                    }
                }
                continue;
            };
            // The nearer half is looked at first.
            let mut halves = [index + 1, right];
            if self.nodes[halves[0]].square(point) < self.nodes[halves[1]].square(point) {
                halves.swap(0, 1);
            }
            open.extend(halves);
        }
        (best, normal)
    }
}

impl Node {
    /// The squared distance of a point to the box.
    fn square(&self, point: Point) -> f32 {
        (0..3)
            .map(|axis| {
                let x = point[axis];
                (self.least[axis] - x).max(x - self.most[axis]).max(0.0)
            })
            .map(|far| far * far)
            .sum()
    }
}

/// The point of a triangle that is nearest to `point`: at a corner, on an edge, or inside (Ericson,
/// "Real-Time Collision Detection", section 5.1.5).
fn nearest_of([a, b, c]: [Point; 3], point: Point) -> Point {
    let (ab, ac) = (space::sub(b, a), space::sub(c, a));
    let along = |corner| {
        let from = space::sub(point, corner);
        (space::dot(ab, from), space::dot(ac, from))
    };
    let ((d1, d2), (d3, d4), (d5, d6)) = (along(a), along(b), along(c));
    if d1 <= 0.0 && d2 <= 0.0 {
        return a;
    }
    if d3 >= 0.0 && d4 <= d3 {
        return b;
    }
    if d6 >= 0.0 && d5 <= d6 {
        return c;
    }
    let on = |from, edge, share| space::add(from, space::scaled(edge, share));
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return on(a, ab, d1 / (d1 - d3));
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return on(a, ac, d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 >= d3 && d5 >= d6 {
        return on(b, space::sub(c, b), (d4 - d3) / ((d4 - d3) + (d5 - d6)));
    }
    let whole = va + vb + vc;
    on(on(a, ab, vb / whole), ac, vc / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_rand::rand::Rng;

    /// The plane z = `height` over the unit square, in triangles.
    fn square(height: f32, cells: u32) -> Surface {
        let side = cells + 1;
        let at = |index: u32| (index as f32) / cells as f32;
        let vertices = (0..side * side).map(|i| [at(i % side), at(i / side), height]);
        let triangles = (0..cells * cells).flat_map(|cell| {
            let corner = cell / cells * side + cell % cells;
            let [a, b, c, d] = [0, 1, side, side + 1].map(|step| corner + step);
            [[a, b, c], [b, d, c]]
        });
        Surface::mesh(vertices.collect(), triangles.collect()).unwrap()
    }

    #[test]
    fn planes_are_as_far_as_they_are_apart() {
        let found = likeness(&square(0.0, 7), &square(0.25, 3), 1000, 1);
        assert!((found.chamfer - 0.25).abs() < 1e-6, "{found:?}");
        assert!((found.normals - 1.0).abs() < 1e-6, "{found:?}");
        let same = likeness(&square(1.0, 7), &square(1.0, 3), 1000, 1);
        assert!(same.chamfer < 1e-6);
    }

    #[test]
    fn clouds_are_compared_too() {
        let z = [0.0, 0.0, 1.0];
        let cloud = Surface::cloud(vec![[0.0; 3], [1.0, 0.0, 0.0]], vec![z, z]).unwrap();
        let other = Surface::cloud(vec![[0.0, 3.0, 0.0]], vec![[0.0, 0.0, -1.0]]).unwrap();
        let found = likeness(&cloud, &other, 4000, 1);
        let expected = 0.5 * (0.5 * (3.0 + 10_f64.sqrt()) + 3.0);
        assert!((found.chamfer - expected).abs() < 2e-3, "{found:?}");
        assert_eq!(found.normals, -1.0);
    }

    #[test]
    fn the_tree_finds_what_trying_all_finds() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut point = |size: f32| [(); 3].map(|()| size * (random.random::<f32>() - 0.5));
        let mut vertices = Vec::new();
        for _ in 0..300 {
            let centre = point(2.0);
            vertices.extend((0..3).map(|_| space::add(centre, point(0.3))));
        }
        let triangles = (0..300).map(|i| [3 * i, 3 * i + 1, 3 * i + 2]).collect();
        let surface = Surface::mesh(vertices, triangles).unwrap();
        let tree = Tree::new(&surface);
        for _ in 0..200 {
            let point = point(3.0);
            let square = |index| {
                let far = space::sub(point, nearest_of(surface.primitive(index).0, point));
                space::dot(far, far)
            };
            let expected = (0..300).map(square).fold(f32::INFINITY, f32::min);
            assert_eq!(tree.nearest(point).0, expected);
        }
    }

    #[test]
    fn the_nearest_point_of_a_triangle_is_nearest() {
        let corners = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.8, 0.0]];
        let [a, b, c] = corners;
        let mut random = ChaCha8Rng::seed_from_u64(6);
        for _ in 0..100 {
            let point: Point = [(); 3].map(|()| 4.0 * random.random::<f32>() - 2.0);
            let length = |to| space::length(space::sub(point, to));
            let found = length(nearest_of(corners, point));
            // A fine grid of the triangle has nothing nearer, and something as near.
            let mut least = f32::INFINITY;
            for i in 0..=100 {
                for j in 0..=100 - i {
                    let (s, t) = (i as f32 / 100.0, j as f32 / 100.0);
                    let edge = |to, share| space::scaled(space::sub(to, a), share);
                    least = least.min(length(space::add(a, space::add(edge(b, s), edge(c, t)))));
                }
            }
            assert!(
                found < least + 1e-5 && least < found + 0.02,
                "{found} {least}"
            );
        }
    }
}
