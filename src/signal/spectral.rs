//! Derivatives and integrals of a sampled picture.
//!
//! Between its pixels a picture is taken to be its cosine interpolant: the sum of products of cosines cos(pi k (x +
//! 1/2) / n), k < n, that passes through every pixel centre x = 0 .. n - 1 (the basis of the DCT-II). Its derivatives
//! are exact, and exactly consistent with its values; finite differences are those of a blurred picture, which a
//! network that fits them would be. Its mirror images continue it smoothly, so its derivative across every edge is 0.
//!
//! Units are pixels throughout.

use super::Picture;
use crate::Error;
use ndarray::{Array2, Axis};
use std::f64::consts::PI;

/// The longest side of a picture that is worked on: matrices grow with its square, and the time that
/// products with them take with its cube.
const LONGEST: u32 = 2048;

/// # Errors
/// [`Error::Parameter`] if `picture` is too large for its derivatives to be had.
pub(crate) fn check(picture: &Picture) -> Result<(), Error> {
    let longest = picture.width().max(picture.height());
    if longest <= LONGEST {
        return Ok(());
    }
    Err(Error::parameter(
        "longer side of a picture that is fitted by its derivatives",
        format!("{longest} pixels"),
        format!("at most {LONGEST}"),
    ))
}

/// The basis: row k is cos(pi k (x + 1/2) / n), scaled to an orthonormal matrix.
fn cosines(n: usize) -> Array2<f64> {
    let scale = |k: usize| (if k == 0 { 1.0 } else { 2.0 } / n as f64).sqrt();
    Array2::from_shape_fn((n, n), |(k, x)| scale(k) * phase(k, x, n).cos())
}

/// Sines of the same phases, with the scale of the cosines.
fn sines(n: usize) -> Array2<f64> {
    let scale = (2.0 / n as f64).sqrt();
    Array2::from_shape_fn((n, n), |(k, x)| scale * phase(k, x, n).sin())
}

/// pi k (x + 1/2) / n, turned back into a few periods while still in integers.
fn phase(k: usize, x: usize, n: usize) -> f64 {
    PI * (k * (2 * x + 1) % (4 * n)) as f64 / (2 * n) as f64
}

/// Frequency k in radians per pixel.
fn frequency(k: usize, n: usize) -> f64 {
    PI * k as f64 / n as f64
}

/// The matrix that takes n samples to the first derivative of their interpolant at the same places.
fn first(n: usize) -> Array2<f32> {
    let basis = cosines(n);
    let mut derived = sines(n);
    for (k, mut row) in derived.rows_mut().into_iter().enumerate() {
        row *= -frequency(k, n);
    }
    derived.t().dot(&basis).mapv(|value| value as f32)
}

/// The matrix that takes n samples to the second derivative of their interpolant at the same places.
fn second(n: usize) -> Array2<f32> {
    let basis = cosines(n);
    let mut derived = basis.clone();
    for (k, mut row) in derived.rows_mut().into_iter().enumerate() {
        row *= -frequency(k, n).powi(2);
    }
    derived.t().dot(&basis).mapv(|value| value as f32)
}

/// Derivatives along x and y of each of `planes` (rows x columns).
pub(crate) fn gradients(planes: &[Array2<f32>]) -> Vec<[Array2<f32>; 2]> {
    let Some((height, width)) = planes.first().map(Array2::dim) else {
        return Vec::new();
    };
    let (along_x, along_y) = (first(width), first(height));
    planes
        .iter()
        .map(|plane| [plane.dot(&along_x.t()), along_y.dot(plane)])
        .collect()
}

/// The matrix that takes n samples of a derivative to those of its interpolant's integral, of mean 0. The
/// interpolant is a sum of cosines and its derivative one of sines, so sines interpolate the samples of the derivative.
/// [`first`] is the opposite direction.
fn inverse(n: usize) -> Array2<f32> {
    let mut basis = cosines(n);
    for (k, mut row) in basis.rows_mut().into_iter().enumerate() {
        row *= if k == 0 { 0.0 } else { -1.0 / frequency(k, n) };
    }
    basis.t().dot(&sines(n)).mapv(|value| value as f32)
}

/// The integral of each of `gradients` along its own axis: rows of mean 0 of the derivative along x, columns
/// of mean 0 of that along y.
pub(crate) fn along(gradients: &[[Array2<f32>; 2]]) -> Vec<[Array2<f32>; 2]> {
    let Some((height, width)) = gradients.first().map(|[x, _]| x.dim()) else {
        return Vec::new();
    };
    let (along_x, along_y) = (inverse(width), inverse(height));
    gradients
        .iter()
        .map(|[x, y]| [x.dot(&along_x.t()), along_y.dot(y)])
        .collect()
}

/// The Laplacian of each of `planes` (rows x columns).
pub(crate) fn laplacians(planes: &[Array2<f32>]) -> Vec<Array2<f32>> {
    let Some((height, width)) = planes.first().map(Array2::dim) else {
        return Vec::new();
    };
    let (along_x, along_y) = (second(width), second(height));
    planes
        .iter()
        .map(|plane| plane.dot(&along_x.t()) + along_y.dot(plane))
        .collect()
}

/// What stars of size `reach` come to, in pictures without flux through their edges of which `laplacians` are
/// the Laplacians: the mean of the four values that far to either side and above and below, minus that in the
/// middle.
///
/// A wave of frequencies (k, l) and Laplacian -(k^2 + l^2) has stars of (cos k d + cos l d) / 2 - 1, so each
/// wave of the Laplacian has to be multiplied by the quotient.
pub(crate) fn stars(laplacians: &[Array2<f32>], reach: usize) -> Vec<Array2<f32>> {
    let Some((height, width)) = laplacians.first().map(Array2::dim) else {
        return Vec::new();
    };
    let (basis_x, basis_y) = (cosines(width), cosines(height));
    let factor = |k: f64, l: f64| match k * k + l * l {
        0.0 => 0.0,
        square => (1.0 - 0.5 * ((k * reach as f64).cos() + (l * reach as f64).cos())) / square,
    };
    let stars = |plane: &Array2<f32>| {
        let mut spectrum = basis_y.dot(&plane.mapv(f64::from)).dot(&basis_x.t());
        for ((l, k), amplitude) in spectrum.indexed_iter_mut() {
            *amplitude *= factor(frequency(k, width), frequency(l, height));
        }
        let plane = basis_y.t().dot(&spectrum).dot(&basis_x);
        plane.mapv(|value| value as f32)
    };
    laplacians.iter().map(stars).collect()
}

/// The planes of mean 0 whose gradients are nearest to `gradients` in the least-squares sense: the solutions
/// of Poisson's equations Laplacian I = div g with no flux through the edges.
pub(crate) fn solve(gradients: &[[Array2<f32>; 2]]) -> Vec<Array2<f32>> {
    let Some((height, width)) = gradients.first().map(|[x, _]| x.dim()) else {
        return Vec::new();
    };
    let (cosines_x, cosines_y) = (cosines(width), cosines(height));
    let (sines_x, sines_y) = (sines(width), sines(height));
    let solution = |[gx, gy]: &[Array2<f32>; 2]| {
        // Along its own axis a gradient is a sum of sines, along the other one of cosines: that of a wave
        // of amplitude c has amplitudes -k c. Of all c the one with the least |k c + s|^2 is - k s / k^2.
        let x = cosines_y.dot(&gx.mapv(f64::from)).dot(&sines_x.t());
        let y = sines_y.dot(&gy.mapv(f64::from)).dot(&cosines_x.t());
        let spectrum = Array2::from_shape_fn((height, width), |(l, k)| {
            let (kx, ky) = (frequency(k, width), frequency(l, height));
            let square = kx * kx + ky * ky;
            if square == 0.0 {
                0.0
            } else {
                -(kx * x[[l, k]] + ky * y[[l, k]]) / square
            }
        });
        let plane = cosines_y.t().dot(&spectrum).dot(&cosines_x);
        plane.mapv(|value| value as f32)
    };
    gradients.iter().map(solution).collect()
}

/// Mean of each of `planes`.
pub(crate) fn means(planes: &[Array2<f32>]) -> Vec<f32> {
    let mean = |plane: &Array2<f32>| {
        let rows = plane.sum_axis(Axis(1)).mapv(f64::from);
        (rows.sum() / plane.len().max(1) as f64) as f32
    };
    planes.iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture made of two of the cosines, of which all derivatives are known.
    fn waves(height: usize, width: usize) -> (Array2<f32>, impl Fn(f64, f64) -> [f64; 3]) {
        let at = move |x: f64, y: f64| {
            let (a, b) = (3.0 * PI / width as f64, 2.0 * PI / height as f64);
            let (px, py) = (a * (x + 0.5), b * (y + 0.5));
            [
                -a * px.sin() * py.cos(),
                -b * px.cos() * py.sin(),
                -(a * a + b * b) * px.cos() * py.cos(),
            ]
        };
        let value = |(y, x): (usize, usize)| {
            let px = phase(3, x, width);
            (px.cos() * phase(2, y, height).cos()) as f32 + 0.25
        };
        (Array2::from_shape_fn((height, width), value), at)
    }

    #[test]
    fn derivatives_of_cosines_are_exact() {
        let (plane, exact) = waves(14, 23);
        let planes = [plane];
        let [dx, dy] = &gradients(&planes)[0];
        let laplacian = &laplacians(&planes)[0];
        for ((y, x), &dx) in dx.indexed_iter() {
            let found = [dx, dy[[y, x]], laplacian[[y, x]]].map(f64::from);
            for (found, exact) in found.iter().zip(exact(x as f64, y as f64)) {
                assert!((found - exact).abs() < 1e-4, "{x} {y}: {found} {exact}");
            }
        }
    }

    #[test]
    fn integrals_along_rows_and_columns_undo_derivatives() {
        let plane = Array2::from_shape_fn((9, 16), |(y, x)| ((y * 37 + x * 101) % 17) as f32 * 0.1);
        let [x, y] = &along(&gradients(std::slice::from_ref(&plane)))[0];
        for ((row, column), &value) in plane.indexed_iter() {
            let along_x = x[[row, column]] - x[[row, 0]] + plane[[row, 0]];
            let along_y = y[[row, column]] - y[[0, column]] + plane[[0, column]];
            assert!((along_x - value).abs() < 1e-4, "{row} {column}: {along_x}");
            assert!((along_y - value).abs() < 1e-4, "{row} {column}: {along_y}");
        }
    }

    #[test]
    fn a_picture_is_the_solution_for_its_gradients() {
        let plane = Array2::from_shape_fn((9, 16), |(y, x)| ((y * 37 + x * 101) % 17) as f32 * 0.1);
        let planes = [plane];
        let found = &solve(&gradients(&planes))[0] + means(&planes)[0];
        for (found, expected) in found.iter().zip(&planes[0]) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn stars_follow_from_laplacians() {
        let (height, width) = (9, 16);
        let value = |y: usize, x: usize| ((y * 37 + x * 101) % 17) as f32 * 0.1;
        let plane = Array2::from_shape_fn((height, width), |(y, x)| value(y, x));
        let found = &stars(&laplacians(std::slice::from_ref(&plane)), 4)[0];
        for (y, x) in [(4, 4), (4, 7), (4, 11)] {
            let tips = [
                value(y, x + 4),
                value(y, x - 4),
                value(y + 4, x),
                value(y - 4, x),
            ];
            let exact = 0.25 * tips.iter().sum::<f32>() - value(y, x);
            assert!((found[[y, x]] - exact).abs() < 1e-4, "{y} {x}");
        }
        // Mirrored at the edges: 0 - 4 is the pixel 3.
        let exact = 0.25 * (value(0, 9) + value(0, 1) + value(4, 5) + value(3, 5)) - value(0, 5);
        assert!((found[[0, 5]] - exact).abs() < 1e-4);
    }
}
