//! Triangles of a mesh that face the same way as their neighbours, and outwards.

use super::soup::Point;
use std::collections::VecDeque;

/// How many triangles were turned, and how many could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Oriented {
    /// Triangles that were turned over.
    pub(super) turned: usize,
    /// Edges between triangles that face opposite ways and cannot both be turned, such as in a Moebius strip.
    pub(super) torn: usize,
}

/// The edge of a triangle, from a corner to the next, by its lower end, its higher end, and three times the triangle
/// and the corner.
type Edge = (u32, u32, u32);

/// No neighbour.
const NONE: u32 = u32::MAX;
/// A part of a surface of which at most one edge in this number is open still has an inside, such as a scan with holes.
const CLOSED: usize = 20;
/// The least volume of such a part, as a share of the ball's with the same area: a sheet has next to none.
const LEAST_VOLUME: f64 = 0.01;
/// Larger parts that a part may be a cavity of; of more it is not looked at.
const MOST_HOLDERS: usize = 64;

/// Triangles that hang together by edges.
#[derive(Debug)]
struct Part {
    triangles: Vec<u32>,
    /// Signed volume: negative if it is inside out.
    volume: f64,
    /// Whether it has an inside.
    closed: bool,
    least: Point,
    most: Point,
}

/// Turns triangles between `points` until those of each part of the surface face the same way: that of most of its
/// area, and outwards if it is closed. A part within another may be a cavity, and stays as it is unless all are
/// inside out.
pub(super) fn orient(points: &[Point], triangles: &mut [[u32; 3]]) -> Oriented {
    let mut oriented = Oriented::default();
    if triangles.len() > (NONE / 3) as usize {
        return oriented;
    }
    let neighbours = neighbours(triangles);
    let mut turned = vec![None; triangles.len()];
    let mut parts = Vec::new();
    for first in 0..triangles.len() {
        if turned[first].is_none() {
            let (found, torn) = reached(first as u32, triangles, &neighbours, &mut turned);
            oriented.torn += torn;
            parts.push(part(
                points,
                triangles,
                &neighbours,
                found,
                &mut turned,
                torn == 0,
            ));
        }
    }
    for part in inside_out(&mut parts) {
        for &triangle in &part.triangles {
            turn(&mut turned[triangle as usize]);
        }
    }
    for (corners, turned) in triangles.iter_mut().zip(turned) {
        if turned == Some(true) {
            corners.swap(1, 2);
            oriented.turned += 1;
        }
    }
    oriented
}

fn turn(turned: &mut Option<bool>) {
    *turned = turned.map(|turned| !turned);
}

/// The edge across each edge, if exactly two triangles have it.
fn neighbours(triangles: &[[u32; 3]]) -> Vec<u32> {
    let mut edges: Vec<Edge> = (0..3 * triangles.len() as u32)
        .map(|edge| {
            let [from, to] = ends(triangles, edge);
            (from.min(to), from.max(to), edge)
        })
        .collect();
    edges.sort_unstable();
    let mut neighbours = vec![NONE; edges.len()];
    for same in edges.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        if let [(.., a), (.., b)] = *same {
            neighbours[a as usize] = b;
            neighbours[b as usize] = a;
        }
    }
    neighbours
}

fn ends(triangles: &[[u32; 3]], edge: u32) -> [u32; 2] {
    let (corners, corner) = (triangles[edge as usize / 3], edge as usize % 3);
    [corners[corner], corners[(corner + 1) % 3]]
}

/// The triangles that hang together with `first`, of each of which `turned` will say whether it has to be turned to
/// face the same way; and the edges at which that cannot be.
fn reached(
    first: u32,
    triangles: &[[u32; 3]],
    neighbours: &[u32],
    turned: &mut [Option<bool>],
) -> (Vec<u32>, usize) {
    turned[first as usize] = Some(false);
    let (mut found, mut open, mut torn) = (Vec::new(), VecDeque::from([first]), 0);
    while let Some(triangle) = open.pop_front() {
        found.push(triangle);
        for edge in 3 * triangle..3 * triangle + 3 {
            let other = neighbours[edge as usize];
            if other == NONE {
                continue;
            }
            // Two that face the same way go along their edge in opposite directions.
            let along = ends(triangles, edge) == ends(triangles, other);
            let wanted = turned[triangle as usize].map(|turned| turned != along);
            let place = &mut turned[other as usize / 3];
            if place.is_none() {
                *place = wanted;
                open.push_back(other / 3);
            } else if *place != wanted {
                torn += 1;
            }
        }
    }
    // Each was met from both sides.
    (found, torn / 2)
}

/// The part of the triangles `found`, turned so that most of its area faces as it did.
fn part(
    points: &[Point],
    triangles: &[[u32; 3]],
    neighbours: &[u32],
    found: Vec<u32>,
    turned: &mut [Option<bool>],
    consistent: bool,
) -> Part {
    let at = |corner: u32| points[corner as usize];
    let (mut least, mut most) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    let (mut open, mut areas, mut volume) = (0, [0.0; 2], 0.0);
    for &triangle in &found {
        for corner in triangles[triangle as usize] {
            for (axis, x) in at(corner).into_iter().enumerate() {
                least[axis] = least[axis].min(x);
                most[axis] = most[axis].max(x);
            }
        }
    }
    let centre = [0, 1, 2].map(|axis| 0.5 * (least[axis] + most[axis]));
    for &triangle in &found {
        let edges = 3 * triangle as usize..3 * triangle as usize + 3;
        open += neighbours[edges]
            .iter()
            .filter(|&&other| other == NONE)
            .count();
        // Away from the centre, so that an open part has a volume, too.
        let [a, b, c] = triangles[triangle as usize].map(|corner| sub(at(corner), centre));
        let normal = cross(sub(b, a), sub(c, a));
        let is_turned = turned[triangle as usize] == Some(true);
        areas[usize::from(is_turned)] += 0.5 * dot(normal, normal).sqrt();
        volume += dot(a, normal) / 6.0 * if is_turned { -1.0 } else { 1.0 };
    }
    if areas[1] > areas[0] {
        volume = -volume;
        found
            .iter()
            .for_each(|&triangle| turn(&mut turned[triangle as usize]));
    }
    let ball = (areas[0] + areas[1]).powf(1.5) / (6.0 * std::f64::consts::PI.sqrt());
    let nearly = open * CLOSED <= 3 * found.len() && volume.abs() > LEAST_VOLUME * ball;
    Part {
        triangles: found,
        volume,
        closed: consistent && (open == 0 || nearly),
        least,
        most,
    }
}

/// The closed parts that have to be turned to have their insides inside.
fn inside_out(parts: &mut [Part]) -> Vec<&Part> {
    let all: f64 = parts
        .iter()
        .filter(|part| part.closed)
        .map(|part| part.volume)
        .sum();
    parts.sort_by(|a, b| b.volume.abs().total_cmp(&a.volume.abs()));
    let parts = &*parts;
    let closed: Vec<&Part> = parts.iter().filter(|part| part.closed).collect();
    let wrong = |index: usize| {
        let part = closed[index];
        let holds = |other: &&Part| {
            let axis = |axis: usize| {
                other.least[axis] <= part.least[axis] && part.most[axis] <= other.most[axis]
            };
            (0..3).all(axis)
        };
        let may_be_cavity = || closed[..index.min(MOST_HOLDERS)].iter().any(holds);
        // If all are turned, this one is not to be turned a second time.
        let inwards = (part.volume < 0.0) != (all < 0.0);
        (all < 0.0) != (inwards && !may_be_cavity())
    };
    let wrong = (0..closed.len()).filter(|&index| wrong(index));
    wrong.map(|index| closed[index]).collect()
}

fn sub(a: Point, b: Point) -> Point {
    [0, 1, 2].map(|axis| a[axis] - b[axis])
}

fn dot(a: Point, b: Point) -> f64 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

fn cross(a: Point, b: Point) -> Point {
    [0, 1, 2].map(|axis| {
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        a[u] * b[v] - a[v] * b[u]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box around the origin, its faces outwards.
    fn cube(half: f64) -> (Vec<Point>, Vec<[u32; 3]>) {
        let corner = |index: u32| [1, 2, 4].map(|bit| if index & bit == 0 { -half } else { half });
        let squares: [[u32; 4]; 6] = [
            [0, 2, 3, 1],
            [4, 5, 7, 6],
            [0, 1, 5, 4],
            [2, 6, 7, 3],
            [0, 4, 6, 2],
            [1, 3, 7, 5],
        ];
        let halves = squares
            .into_iter()
            .flat_map(|[a, b, c, d]| [[a, b, c], [a, c, d]]);
        ((0..8).map(corner).collect(), halves.collect())
    }

    /// Boxes with these half sides and places on the x axis, turned inside out if so said.
    fn boxes(all: &[(f64, f64, bool)]) -> (Vec<Point>, Vec<[u32; 3]>) {
        let (mut points, mut triangles) = (Vec::new(), Vec::new());
        for &(half, x, inverted) in all {
            let first = points.len() as u32;
            let (corners, faces) = cube(half);
            points.extend(corners.into_iter().map(|[a, b, c]| [a + x, b, c]));
            triangles.extend(faces.into_iter().map(|[a, b, c]| {
                let corners = if inverted { [a, c, b] } else { [a, b, c] };
                corners.map(|corner| first + corner)
            }));
        }
        (points, triangles)
    }

    #[test]
    fn parts_face_outwards_and_cavities_inwards() {
        const RIGHT: bool = false;
        const WRONG: bool = true;
        for (found, wanted) in [
            (&[(1.0, 0.0, RIGHT)][..], &[RIGHT][..]),
            (&[(1.0, 0.0, WRONG)], &[RIGHT]),
            // Side by side.
            (&[(1.0, 0.0, RIGHT), (0.5, 9.0, WRONG)], &[RIGHT, RIGHT]),
            (&[(1.0, 0.0, WRONG), (0.5, 9.0, RIGHT)], &[RIGHT, RIGHT]),
            // One within the other.
            (&[(1.0, 0.0, RIGHT), (0.5, 0.0, WRONG)], &[RIGHT, WRONG]),
            (&[(1.0, 0.0, RIGHT), (0.5, 0.0, RIGHT)], &[RIGHT, RIGHT]),
            (&[(1.0, 0.0, WRONG), (0.5, 0.0, RIGHT)], &[RIGHT, WRONG]),
        ] {
            let (points, mut triangles) = boxes(found);
            orient(&points, &mut triangles);
            let parts = found.iter().zip(wanted);
            let wanted: Vec<_> = parts
                .map(|(&(half, x, _), &wrong)| (half, x, wrong))
                .collect();
            assert_eq!(triangles.len(), boxes(&wanted).1.len());
            // A triangle may begin with another corner than it did.
            let turned = |triangles: &[[u32; 3]]| {
                let least = |t: &[u32; 3]| (0..3).min_by_key(|&i| t[i]).unwrap_or(0);
                let rotate = |t: &[u32; 3]| [0, 1, 2].map(|i| t[(least(t) + i) % 3]);
                triangles.iter().map(rotate).collect::<Vec<_>>()
            };
            assert_eq!(turned(&triangles), turned(&boxes(&wanted).1), "{found:?}");
        }
    }

    #[test]
    fn neighbours_face_the_same_way() {
        let (points, right) = cube(1.0);
        for wrong in [vec![3], vec![0, 5, 7], (0..12).collect(), (0..11).collect()] {
            let mut triangles = right.clone();
            wrong
                .iter()
                .for_each(|&index: &usize| triangles[index].swap(1, 2));
            let found = orient(&points, &mut triangles);
            assert_eq!((found.turned, found.torn), (wrong.len(), 0));
            assert_eq!(triangles, right);
        }
        // A sheet stays as most of it is.
        let sheet = [
            [0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [1.0, 1.0, 0.0],
            [0.0, 1.0, 0.0],
            [3.0, 3.0, 0.0],
        ];
        let mut triangles = [[0, 2, 1], [0, 3, 2], [2, 1, 4]];
        let found = orient(&sheet, &mut triangles);
        assert_eq!((found.turned, triangles[2]), (1, [2, 4, 1]));
        // A strip of three squares, turned around once.
        let mut strip = [
            [0, 1, 3],
            [0, 3, 2],
            [2, 3, 5],
            [2, 5, 4],
            [4, 5, 0],
            [4, 0, 1],
        ];
        let ring: Vec<Point> = (0..6)
            .map(|i| f64::from(i / 2) * 2.1)
            .zip([0.0, 1.0].into_iter().cycle())
            .map(|(angle, z)| [angle.cos(), angle.sin(), z])
            .collect();
        assert!(orient(&ring, &mut strip).torn > 0);
    }
}
