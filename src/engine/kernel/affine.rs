//! The affine map of a layer over a tile of points.

use super::{Panels, TILE};
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// `z[o][p] = bias[o] + sum_i w[o][i] x[i][p]` for all points of a tile.
///
/// `x` holds `w.columns()` rows of [`TILE`], `z` `w.rows()` rows; an empty `bias` counts as zeros.
/// With the transposed matrix this is also the adjoint of the inputs.
#[inline(always)]
pub(crate) fn affine<S: Simd>(simd: S, w: &Panels, bias: &[f32], x: &[f32], z: &mut [f32]) {
    assert!(x.len() == w.columns() * TILE && z.len() == w.rows() * TILE);
    assert!(bias.is_empty() || bias.len() == w.rows());
    // 6 x 4 accumulators of the 32 AVX-512 registers, 6 x 2 of the 16 of narrower sets.
    if <S::f32s as SimdBase<S>>::LEN >= 16 {
        by_points::<S, 4>(simd, w, bias, x, z);
    } else {
        by_points::<S, 2>(simd, w, bias, x, z);
    }
}

#[inline(always)]
fn by_points<S: Simd, const VECTORS: usize>(
    simd: S,
    w: &Panels,
    bias: &[f32],
    x: &[f32],
    z: &mut [f32],
) {
    let points = VECTORS * <S::f32s as SimdBase<S>>::LEN;
    for point in (0..TILE / points).map(|block| block * points) {
        for (first, rows, panel) in w.blocks() {
            let bias = if bias.is_empty() {
                bias
            } else {
                &bias[first..][..rows]
            };
            let z = &mut z[first * TILE..][..rows * TILE];
            match rows {
                6 => block::<S, 6, VECTORS>(simd, panel, bias, point, x, z),
                5 => block::<S, 5, VECTORS>(simd, panel, bias, point, x, z),
                4 => block::<S, 4, VECTORS>(simd, panel, bias, point, x, z),
                3 => block::<S, 3, VECTORS>(simd, panel, bias, point, x, z),
                2 => block::<S, 2, VECTORS>(simd, panel, bias, point, x, z),
                _ => block::<S, 1, VECTORS>(simd, panel, bias, point, x, z),
            }
        }
    }
}

/// `ROWS` results at `VECTORS` vectors of points from `point` on, accumulated in registers.
#[inline(always)]
fn block<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    panel: &[f32],
    bias: &[f32],
    point: usize,
    x: &[f32],
    z: &mut [f32],
) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    let mut sums = [[S::f32s::splat(simd, 0.0); VECTORS]; ROWS];
    for (sum, &bias) in sums.iter_mut().zip(bias) {
        *sum = [S::f32s::splat(simd, bias); VECTORS];
    }
    for (weights, x) in panel
        .as_chunks::<ROWS>()
        .0
        .iter()
        .zip(x.as_chunks::<TILE>().0)
    {
        let x = &x[point..][..VECTORS * lanes];
        // Plain loops: `array::map` and `from_fn` would not be inlined into the instruction set.
        let mut points = [S::f32s::splat(simd, 0.0); VECTORS];
        for (points, x) in points.iter_mut().zip(x.chunks_exact(lanes)) {
            *points = S::f32s::from_slice(simd, x);
        }
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            let weight = S::f32s::splat(simd, weight);
            for (sum, &x) in sum.iter_mut().zip(&points) {
                *sum = x.mul_add(weight, *sum);
            }
        }
    }
    for (sum, z) in sums.iter().zip(z.as_chunks_mut::<TILE>().0) {
        for (sum, z) in sum.iter().zip(z[point..].chunks_exact_mut(lanes)) {
            sum.store_slice(z);
        }
    }
}
