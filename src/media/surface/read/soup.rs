//! What files hold before it is a surface: points, normals, and faces that need not fit together.

use super::orient::orient;
use super::polygon::Cutter;
use crate::Surface;
use crate::media::Error;
use std::collections::HashMap;

/// A point or a normal as precise as files have it.
pub(super) type Point = [f64; 3];

/// At most one point of this number may be left out because it is invalid.
const BAD: usize = 10;
/// A surface whose distance from the origin is more than this number of times its length is stored relative to its own
/// middle: 32-bit floats would not resolve it where it lies.
const FAR: f64 = 64.0;

/// Points and faces as a file holds them, before they are a surface.
#[derive(Debug, Default)]
pub(super) struct Soup {
    pub(super) points: Vec<Point>,
    /// As many as points, if there are any.
    pub(super) normals: Option<Vec<Point>>,
    /// Corners of all faces, one face after the other, as positions in `points`.
    corners: Vec<u32>,
    /// Where in `corners` each face ends.
    ends: Vec<usize>,
}

impl Soup {
    /// Adds a face, of which fewer than three corners make none.
    pub(super) fn face(&mut self, corners: &[u32]) {
        if corners.len() >= 3 {
            self.corners.extend(corners);
            self.ends.push(self.corners.len());
        }
    }

    /// The surface of the faces, or if there are none, of the points. `warn` is called
    /// with a message about everything that has to be mended or left out.
    pub(super) fn surface(mut self, warn: &mut dyn FnMut(&str)) -> Result<Surface, Error> {
        if !self.ends.is_empty() {
            return self.mesh(warn);
        }
        match self.normals.take() {
            Some(normals) if !normals.is_empty() => cloud(self.points, normals, warn),
            _ if self.points.is_empty() => Err(Error::Malformed("holds no points".into())),
            _ => Err(Error::Malformed(format!(
                "has {} points, but neither faces nor normals, without which nobody knows what is inside; have normals estimated and oriented first, such as in MeshLab, and give it as PLY or XYZ",
                self.points.len()
            ))),
        }
    }

    fn mesh(self, warn: &mut dyn FnMut(&str)) -> Result<Surface, Error> {
        let (points, corners) = welded(&self.points, self.corners)?;
        let mut cutter = Cutter::new(&points);
        let mut begin = 0;
        for end in self.ends {
            cutter.cut(&corners[begin..end])?;
            begin = end;
        }
        let mut triangles = cutter.finish();
        // Without area they say nothing of which way their neighbours face.
        triangles.retain(|[a, b, c]| a != b && b != c && c != a);
        let oriented = orient(&points, &mut triangles);
        if oriented.turned == triangles.len() && oriented.turned > 0 {
            warn("all of its triangles face inwards; they are turned");
        } else if oriented.turned > 0 {
            let (turned, all) = (oriented.turned, triangles.len());
            warn(&format!(
                "{turned} of its {all} triangles face another way than the rest; they are turned"
            ));
        }
        if oriented.torn > 0 {
            warn(&format!(
                "{} of its edges are between triangles that face opposite ways, whichever are turned; nobody knows what is inside there",
                oriented.torn
            ));
        }
        let origin = origin(&points);
        Ok(Surface::mesh(from(origin, &points), triangles)?.at(origin))
    }
}

/// The points that are corners of faces, each place once, and the corners as positions among these.
fn welded(points: &[Point], mut corners: Vec<u32>) -> Result<(Vec<Point>, Vec<u32>), Error> {
    let mut places = HashMap::new();
    let mut kept = Vec::new();
    for corner in &mut corners {
        let Some(&point) = points.get(*corner as usize) else {
            return Err(Error::Malformed(format!(
                "has a face of which a corner is {corner}, counted from 0, but only {} points; the file is damaged",
                points.len()
            )));
        };
        if let Some(x) = point.iter().find(|x| !x.is_finite()) {
            return Err(Error::Malformed(format!(
                "has a coordinate of {x} (at point {corner}), which must be a finite number; the file is damaged"
            )));
        }
        // Zeros of both signs are one place.
        let place = point.map(|x| (x + 0.0).to_bits());
        *corner = *places.entry(place).or_insert_with(|| {
            kept.push(point);
            kept.len() as u32 - 1
        });
    }
    Ok((kept, corners))
}

fn cloud(
    mut points: Vec<Point>,
    mut normals: Vec<Point>,
    warn: &mut dyn FnMut(&str),
) -> Result<Surface, Error> {
    let finite = |point: &Point| point.iter().all(|x| x.is_finite());
    let is_good = |(point, normal): (&Point, &Point)| {
        finite(point) && finite(normal) && normal.iter().any(|&x| x != 0.0)
    };
    let good: Vec<bool> = points.iter().zip(&normals).map(is_good).collect();
    let (bad, all) = (good.iter().filter(|good| !**good).count(), points.len());
    if let Some(first) = good.iter().position(|good| !good) {
        let what = format!(
            "{bad} of its {all} points (the first is point {first}) have a normal that is zero, or numbers that are not finite"
        );
        if bad * BAD > all {
            return Err(Error::Malformed(format!(
                "{what}; have normals estimated and oriented first, such as in MeshLab"
            )));
        }
        warn(&format!("{what}; they are left out"));
    }
    for list in [&mut points, &mut normals] {
        let mut good = good.iter();
        list.retain(|_| good.next() == Some(&true));
    }
    let origin = origin(&points);
    // A normal may be of any length, of which a float may hold none.
    let unit = |normal: &Point| {
        let most = normal.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        normal.map(|x| (x / most) as f32)
    };
    let normals = normals.iter().map(unit).collect();
    Ok(Surface::cloud(from(origin, &points), normals)?.at(origin))
}

/// Where points are given from: zero, or if they are far from there, their middle.
fn origin(points: &[Point]) -> crate::Point {
    let (mut least, mut most) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for point in points {
        for (axis, &x) in point.iter().enumerate() {
            least[axis] = least[axis].min(x);
            most[axis] = most[axis].max(x);
        }
    }
    let side = (0..3).fold(0.0, |side: f64, axis| side.max(most[axis] - least[axis]));
    let far = least
        .iter()
        .chain(&most)
        .fold(0.0, |far: f64, x| far.max(x.abs()));
    if far > FAR * side && far < f32::MAX.into() {
        [0, 1, 2].map(|axis| (0.5 * (least[axis] + most[axis])) as f32)
    } else {
        [0.0; 3]
    }
}

/// Points as they are from `origin`.
fn from(origin: crate::Point, points: &[Point]) -> Vec<crate::Point> {
    let from = |point: &Point| [0, 1, 2].map(|axis| (point[axis] - f64::from(origin[axis])) as f32);
    points.iter().map(from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The surface, and what was warned of.
    fn made(soup: Soup) -> Result<(Surface, Vec<String>), String> {
        let mut warnings = Vec::new();
        let surface = soup.surface(&mut |line| warnings.push(line.to_owned()));
        Ok((surface.map_err(|failure| failure.to_string())?, warnings))
    }

    #[test]
    fn a_few_bad_points_are_left_out_and_many_are_refused() {
        let up = [0.0, 0.0, 1e-60];
        let cloud = |bad: &[([f64; 3], [f64; 3])]| {
            let mut soup = Soup::default();
            let mut normals = vec![up; 30];
            soup.points = (0..30)
                .map(|i| [f64::from(i), f64::from(i * i), 0.0])
                .collect();
            for (index, &(point, normal)) in bad.iter().enumerate() {
                (soup.points[index], normals[index]) = (point, normal);
            }
            soup.normals = Some(normals);
            made(soup)
        };
        let (whole, warnings) = cloud(&[]).unwrap();
        assert_eq!((whole.points().len(), warnings.len()), (30, 0));
        assert_eq!(whole.normals()[3], [0.0, 0.0, 1.0]);
        let bad = [
            ([0.0; 3], [0.0; 3]),
            ([1.0; 3], [0.0, f64::NAN, 1.0]),
            ([f64::INFINITY, 0.0, 0.0], up),
            ([2.0; 3], [0.0; 3]),
        ];
        let (some, warnings) = cloud(&bad[..3]).unwrap();
        assert_eq!(some.points().len(), 27);
        assert!(warnings[0].contains("3 of its 30 points"), "{warnings:?}");
        let refused = cloud(&bad).unwrap_err();
        assert!(refused.contains("4 of its 30 points"), "{refused}");
    }

    #[test]
    fn what_is_far_from_the_origin_keeps_its_form() {
        let far = [500_000.0, 4_649_776.3, 100.0];
        let mut soup = Soup::default();
        for index in 0..8_u32 {
            let corner = [1, 2, 4].map(|bit| f64::from(u8::from(index & bit != 0)) * 0.7);
            soup.points
                .push([0, 1, 2].map(|axis| far[axis] + corner[axis]));
        }
        for face in [
            [0, 2, 3, 1],
            [4, 5, 7, 6],
            [0, 1, 5, 4],
            [2, 6, 7, 3],
            [0, 4, 6, 2],
            [1, 3, 7, 5],
        ] {
            soup.face(&face);
        }
        let (surface, warnings) = made(soup).unwrap();
        assert!(warnings.is_empty());
        let placement = surface.placement().unwrap();
        for (index, &point) in surface.points().iter().enumerate() {
            let place = |axis: usize| f64::from(point[axis]) + f64::from(surface.origin()[axis]);
            for (axis, corner) in far.iter().enumerate() {
                let off = place(axis) - corner;
                assert!(
                    off.abs() < 1e-6 || (off - 0.7).abs() < 1e-6,
                    "{index} {off}"
                );
                let from_centre = place(axis) - f64::from(placement.centre[axis]);
                assert!(
                    from_centre.abs() < f64::from(placement.scale),
                    "{from_centre}"
                );
            }
        }
    }
}
