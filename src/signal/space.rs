//! Arithmetic on points of space.

/// A point of space, or a direction.
pub type Point = [f32; 3];

pub(crate) fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scaled(a: Point, by: f32) -> Point {
    a.map(|x| x * by)
}

pub(crate) fn dot(a: Point, b: Point) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Point, b: Point) -> Point {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
pub(crate) fn length(a: Point) -> f32 {
    // In f64, whose range no square of a f32 leaves.
    let square: f64 = a.iter().map(|&x| f64::from(x).powi(2)).sum();
    square.sqrt() as f32
}

/// The direction of `a`; zero if it has none.
pub(crate) fn unit(a: Point) -> Point {
    let [x, y, z] = a.map(f64::from);
    let length = (x * x + y * y + z * z).sqrt();
    if length > 0.0 {
        [x, y, z].map(|x| (x / length) as f32)
    } else {
        [0.0; 3]
    }
}
