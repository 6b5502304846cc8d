//! Kernels against plain loops, at every instruction set.

use super::super::simd::levels;
use super::*;
use fearless_simd::dispatch;

fn row(rows: &[f32], index: usize) -> &[f32] {
    &rows[index * TILE..][..TILE]
}

fn values(count: usize, seed: f32) -> Vec<f32> {
    (0..count)
        .map(|i| ((i as f32 * 0.618 + seed).fract() - 0.5) * 2.0)
        .collect()
}

#[test]
fn blocks_cover_everything_once() {
    for count in 0..200 {
        for most in 1..9 {
            let mut next = 0;
            for (first, rows) in blocks(count, most) {
                assert_eq!(first, next);
                assert!(rows <= most && (rows > 0 || count == 0));
                next += rows;
            }
            assert_eq!(next, count);
        }
    }
}

#[test]
fn every_block_size_matches_plain_sums() {
    for (name, level) in levels() {
        for (outputs, inputs) in (1..20).map(|n| (n, 20 - n)).chain([(128, 96), (1, 1)]) {
            let w =
                ndarray::Array2::from_shape_vec((outputs, inputs), values(outputs * inputs, 0.1));
            let (w, bias) = (w.unwrap(), values(outputs, 0.7));
            let x = values(inputs * TILE, 0.3);
            let dz = values(outputs * TILE, 0.9);
            let mut panels = Panels::new(outputs, inputs);
            panels.pack(w.view(), 2.0);
            let mut z = vec![0.0; outputs * TILE];
            let (mut dw, mut db) = (vec![1.0; outputs * inputs], vec![1.0; outputs]);
            dispatch!(level, simd => {
                affine(simd, &panels, &bias, &x, &mut z);
                adjoint_weights(simd, &dz, &x, &mut dw);
                row_sums(simd, &dz, &mut db);
            });
            for o in 0..outputs {
                let sum: f64 = row(&dz, o).iter().map(|&d| f64::from(d)).sum();
                assert!((f64::from(db[o]) - 1.0 - sum).abs() < 1e-3);
                for p in 0..TILE {
                    let products = (0..inputs).map(|i| 2.0 * f64::from(w[[o, i]] * row(&x, i)[p]));
                    let expected = f64::from(bias[o]) + products.sum::<f64>();
                    assert!((f64::from(row(&z, o)[p]) - expected).abs() < 1e-4, "{name}");
                }
                for i in 0..inputs {
                    let products = row(&dz, o)
                        .iter()
                        .zip(row(&x, i))
                        .map(|(&a, &b)| f64::from(a * b));
                    let found = f64::from(dw[o * inputs + i]) - 1.0;
                    assert!((found - products.sum::<f64>()).abs() < 1e-3, "{name}");
                }
            }
        }
    }
}
