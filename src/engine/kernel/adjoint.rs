//! The gradient of a weight matrix from a tile of points.

use super::TILE;
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Inputs of a block.
const INPUTS: usize = 4;

/// `dw[o][i] += sum_p dz[o][p] x[i][p]`, with `dw` of `outputs` x `inputs` in row-major order.
///
/// `dz` holds one row of [`TILE`] per output, `x` one per input.
#[inline(always)]
pub(crate) fn adjoint_weights<S: Simd>(simd: S, dz: &[f32], x: &[f32], dw: &mut [f32]) {
    assert_eq!(dw.len(), dz.len() / TILE * (x.len() / TILE));
    // 4 x 4 accumulators of the 32 AVX-512 registers, 2 x 4 of the 16 of narrower sets: enough to hide
    // the latency of the multiply-add, and whole vectors of sums to reduce together.
    if <S::f32s as SimdBase<S>>::LEN >= 16 {
        by_blocks::<S, 4, 16>(simd, dz, x, dw);
    } else {
        by_blocks::<S, 2, 8>(simd, dz, x, dw);
    }
}

/// `SUMS` is `OUTPUTS * INPUTS`.
#[inline(always)]
fn by_blocks<S: Simd, const OUTPUTS: usize, const SUMS: usize>(
    simd: S,
    dz: &[f32],
    x: &[f32],
    dw: &mut [f32],
) {
    let (dz, x) = (dz.as_chunks::<TILE>().0, x.as_chunks::<TILE>().0);
    let (dz_blocks, dz_rest) = dz.as_chunks::<OUTPUTS>();
    let (x_blocks, x_rest) = x.as_chunks::<INPUTS>();
    let (dz_rest, x_rest) = (padded::<OUTPUTS>(dz_rest), padded::<INPUTS>(x_rest));
    let inputs = x.len();
    for (dz, rows) in dz_blocks
        .iter()
        .chain(&dz_rest)
        .zip(dw.chunks_mut(OUTPUTS * inputs))
    {
        for (block, x) in x_blocks.iter().chain(&x_rest).enumerate() {
            let sums = block_sums::<S, OUTPUTS, SUMS>(simd, dz, x);
            for (row, sums) in rows.chunks_exact_mut(inputs).zip(sums.chunks_exact(INPUTS)) {
                for (dw, sum) in row[block * INPUTS..].iter_mut().zip(sums) {
                    *dw += sum;
                }
            }
        }
    }
}

/// The rows that do not fill a block, and rows of zeros that do; none if there are none.
#[inline(always)]
fn padded<const ROWS: usize>(rest: &[[f32; TILE]]) -> Option<[[f32; TILE]; ROWS]> {
    if rest.is_empty() {
        return None;
    }
    let mut block = [[0.0; TILE]; ROWS];
    block[..rest.len()].copy_from_slice(rest);
    Some(block)
}

/// `OUTPUTS` x [`INPUTS`] sums over the tile, row by row.
#[inline(always)]
fn block_sums<S: Simd, const OUTPUTS: usize, const SUMS: usize>(
    simd: S,
    dz: &[[f32; TILE]; OUTPUTS],
    x: &[[f32; TILE]; INPUTS],
) -> [f32; SUMS] {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    let mut sums = [S::f32s::splat(simd, 0.0); SUMS];
    // Plain loops: `array::map` and `from_fn` would not be inlined into the instruction set. Counted by
    // vector, not by point, so that the compiler sees that no slice leaves its row.
    for vector in 0..TILE / lanes {
        let mut columns = [S::f32s::splat(simd, 0.0); INPUTS];
        for (column, x) in columns.iter_mut().zip(x) {
            *column = S::f32s::from_slice(simd, &x[vector * lanes..][..lanes]);
        }
        for (sums, dz) in sums.as_chunks_mut::<INPUTS>().0.iter_mut().zip(dz) {
            let dz = S::f32s::from_slice(simd, &dz[vector * lanes..][..lanes]);
            for (sum, &x) in sums.iter_mut().zip(&columns) {
                *sum = x.mul_add(dz, *sum);
            }
        }
    }
    lane_sums(simd, sums)
}

/// The sum over lanes of each vector; at least as many vectors as lanes.
///
/// Interleaving two vectors and adding the halves gives one vector that holds the partial sums of the
/// first in its even lanes and of the second in its odd ones. Repeated over pairs of results, one vector
/// holds the sums of as many vectors as it has lanes, with the bits of the lane number reversed. That
/// takes three operations a sum, against eight for reducing each vector by itself.
#[inline(always)]
fn lane_sums<S: Simd, const SUMS: usize>(simd: S, mut vectors: [S::f32s; SUMS]) -> [f32; SUMS] {
    let _ = simd;
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    let levels = lanes.trailing_zeros();
    let mut count = SUMS;
    for _ in 0..levels {
        count /= 2;
        for pair in 0..count {
            let (a, b) = (vectors[2 * pair], vectors[2 * pair + 1]);
            vectors[pair] = a.zip_low(b) + a.zip_high(b);
        }
    }
    let mut sums = [0.0; SUMS];
    for (sums, vector) in sums.chunks_exact_mut(lanes).zip(&vectors) {
        for (lane, &sum) in vector.as_slice().iter().enumerate() {
            sums[lane.reverse_bits() >> (usize::BITS - levels)] = sum;
        }
    }
    sums
}

/// `sums[r] += sum_p rows[r][p]`.
#[inline(always)]
pub(crate) fn row_sums<S: Simd>(simd: S, rows: &[f32], sums: &mut [f32]) {
    let lanes = <S::f32s as SimdBase<S>>::LEN;
    for (row, sum) in rows.as_chunks::<TILE>().0.iter().zip(sums) {
        let mut total = S::f32s::splat(simd, 0.0);
        for values in row.chunks_exact(lanes) {
            total += S::f32s::from_slice(simd, values);
        }
        *sum += total.reduce_sum();
    }
}
