//! Polygons into triangles.

use crate::media::Error;

/// Comparisons of a corner with a triangle that a file may cost; they take seconds.
const MOST_COMPARISONS: u64 = 1 << 31;

/// Cuts polygons into triangles.
pub(super) struct Cutter<'a> {
    points: &'a [[f64; 3]],
    triangles: Vec<[u32; 3]>,
    comparisons: u64,
}

impl<'a> Cutter<'a> {
    /// For polygons whose corners are positions in `points`, all of them there.
    pub(super) fn new(points: &'a [[f64; 3]]) -> Self {
        Self {
            points,
            triangles: Vec::new(),
            comparisons: 0,
        }
    }

    /// The triangles of all polygons so far, as indices of their corners.
    pub(super) fn finish(self) -> Vec<[u32; 3]> {
        self.triangles
    }

    /// Cuts the polygon with these corners: in triangles with a common corner, if all of them are inside of it, or
    /// else ear by ear (Meisters 1975).
    pub(super) fn cut(&mut self, corners: &[u32]) -> Result<(), Error> {
        let flat = self.flat(corners);
        let fan = || (2..corners.len()).map(|last| [0, last - 1, last]);
        let area = |[a, b, c]: [usize; 3]| cross(flat[a], flat[b], flat[c]);
        let sum: f64 = fan().map(area).sum();
        // What corners on one line miss it by in floats of 32 bits is no reason for ears.
        let inside = |triangle| area(triangle) >= -1e-5 * sum;
        let places: Vec<[usize; 3]> = if corners.len() == 3 || fan().all(inside) {
            fan().collect()
        } else {
            self.ears(&flat)?
        };
        let triangle = |places: [usize; 3]| places.map(|place| corners[place]);
        self.triangles.extend(places.into_iter().map(triangle));
        Ok(())
    }

    /// The corners in the plane that the polygon is seen at its largest in, so that it is counter-clockwise there.
    fn flat(&self, corners: &[u32]) -> Vec<[f64; 2]> {
        let point = |corner: u32| self.points[corner as usize];
        let first = corners.first().map_or([0.0; 3], |&corner| point(corner));
        // From the first corner, whose distance from the origin may be great.
        let points: Vec<[f64; 3]> = corners
            .iter()
            .map(|&corner| [0, 1, 2].map(|axis| point(corner)[axis] - first[axis]))
            .collect();
        // Twice the area as it is seen along each axis.
        let seen = [0, 1, 2].map(|axis| {
            let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
            let pairs = points.iter().zip(points.iter().cycle().skip(1));
            pairs.map(|(a, b)| a[u] * b[v] - b[u] * a[v]).sum::<f64>()
        });
        let larger = |a: &usize, b: &usize| seen[*a].abs().total_cmp(&seen[*b].abs());
        let axis = (0..3).max_by(larger).unwrap_or(0);
        let (mut u, mut v) = ((axis + 1) % 3, (axis + 2) % 3);
        if seen[axis] < 0.0 {
            (u, v) = (v, u);
        }
        points.iter().map(|point| [point[u], point[v]]).collect()
    }

    /// Triangles of a polygon that is counter-clockwise, as places among its corners. One that crosses itself has no
    /// right ones, and is cut into some.
    fn ears(&mut self, flat: &[[f64; 2]]) -> Result<Vec<[usize; 3]>, Error> {
        let count = flat.len();
        let mut next: Vec<usize> = (1..count).chain([0]).collect();
        let mut last: Vec<usize> = [count - 1].into_iter().chain(0..count - 1).collect();
        let mut triangles = Vec::with_capacity(count - 2);
        let (mut here, mut left, mut tried) = (0, count, 0);
        while left > 3 {
            self.comparisons += left as u64;
            if self.comparisons > MOST_COMPARISONS {
                return Err(Error::Malformed(format!(
                    "has faces of too many corners, such as {count}, that are not convex; have them cut into triangles first, such as in MeshLab"
                )));
            }
            let (a, c) = (last[here], next[here]);
            if tried < left && !is_ear(flat, &next, [a, here, c]) {
                here = c;
                tried += 1;
                continue;
            }
            triangles.push([a, here, c]);
            (next[a], last[c]) = (c, a);
            (here, left, tried) = (c, left - 1, 0);
        }
        triangles.push([last[here], here, next[here]]);
        Ok(triangles)
    }
}

/// Whether nothing of the polygon that `next` goes around is in the triangle of three corners in a row.
fn is_ear(flat: &[[f64; 2]], next: &[usize], [a, b, c]: [usize; 3]) -> bool {
    let corners = [flat[a], flat[b], flat[c]];
    if cross(corners[0], corners[1], corners[2]) < 0.0 {
        return false;
    }
    let sides = [[0, 1], [1, 2], [2, 0]].map(|side| side.map(|corner| corners[corner]));
    let mut other = next[c];
    while other != a {
        let point = flat[other];
        let inside = |[from, to]: [[f64; 2]; 2]| cross(from, to, point) >= 0.0;
        // Where two parts of the outline meet, corners lie upon each other.
        if !corners.contains(&point) && sides.into_iter().all(inside) {
            return false;
        }
        other = next[other];
    }
    true
}

/// Twice the area of a triangle, negative if it is clockwise.
fn cross(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The triangles of a polygon in the plane, brought into space: at a slant, and far away.
    fn cut(outline: &[[f64; 2]]) -> Vec<[u32; 3]> {
        let place = |&[x, y]: &[f64; 2]| [5e6 + x, 4e5 + 0.3 * y, 0.1 * x - y];
        let points: Vec<[f64; 3]> = outline.iter().map(place).collect();
        let mut cutter = Cutter::new(&points);
        let corners: Vec<u32> = (0..outline.len() as u32).collect();
        cutter.cut(&corners).unwrap();
        cutter.finish()
    }

    /// Requires that triangles lie side by side, none of them turned over, and fill the outline.
    fn fills(outline: &[[f64; 2]]) {
        let area = |[a, b, c]: [usize; 3]| cross(outline[a], outline[b], outline[c]);
        let whole: f64 = (2..outline.len())
            .map(|last| area([0, last - 1, last]))
            .sum();
        let areas: Vec<f64> = cut(outline)
            .iter()
            .map(|corners| whole.signum() * area(corners.map(|corner| corner as usize)))
            .collect();
        assert_eq!(areas.len(), outline.len() - 2);
        assert!(areas.iter().all(|area| *area > -1e-6), "{areas:?}");
        assert!((areas.iter().sum::<f64>() - whole.abs()).abs() < 1e-6 * whole.abs());
    }

    #[test]
    fn polygons_are_filled_and_nothing_else() {
        let u = [
            [0.0, 0.0],
            [2.0, 0.0],
            [2.0, 2.0],
            [1.6, 2.0],
            [1.6, 0.4],
            [0.4, 0.4],
            [0.4, 2.0],
            [0.0, 2.0],
        ];
        let spiral: Vec<[f64; 2]> = (0..40)
            .map(|i| (0.4 * f64::from(i), 1.0 + 0.2 * f64::from(i)))
            .chain(
                (0..40)
                    .rev()
                    .map(|i| (0.4 * f64::from(i), 0.9 + 0.2 * f64::from(i))),
            )
            .map(|(angle, radius)| [radius * angle.cos(), radius * angle.sin()])
            .collect();
        // Corners in a row on one side.
        let dart = [
            [0.0, 0.0],
            [1.0, 0.0],
            [2.0, 0.0],
            [3.0, 0.0],
            [3.0, 3.0],
            [2.5, 0.5],
        ];
        for outline in [&u[..], &spiral, &dart] {
            for first in 0..outline.len() {
                let mut outline = outline.to_vec();
                outline.rotate_left(first);
                fills(&outline);
                outline.reverse();
                fills(&outline);
            }
        }
    }

    #[test]
    fn a_convex_polygon_is_a_fan_and_any_other_ends() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        assert_eq!(cut(&square), [[0, 1, 2], [0, 2, 3]]);
        let crossed: Vec<[f64; 2]> = (0..101)
            .map(|i| f64::from(i) * 2.3)
            .map(|angle| [angle.cos(), (1.7 * angle).sin()])
            .collect();
        assert_eq!(cut(&crossed).len(), 99);
        assert_eq!(cut(&[[1.0, 1.0]; 5]).len(), 3);
    }
}
