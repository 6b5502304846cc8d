//! SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al. 2024, arXiv 2409.11321).

use super::optimiser::{EPSILON, Optimiser, bias_correction};
use super::persist::{Archive, Persist};
use crate::Error;
use crate::engine::Stride;
use crate::engine::net::Layer;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Zip, s};
use rayon::prelude::*;

/// Decay of the momentum, of the second moments and of the preconditioner's statistics.
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.98;
const BETA_SHAMPOO: f32 = 0.9;
/// Steps between refreshes of the eigenbases.
const REFRESH: i32 = 3;

/// What a device must know to take the same steps.
pub(super) const CONSTANTS: [(&str, f32); 4] = [
    ("BETA_1", BETA_1),
    ("BETA_2", BETA_2),
    ("BETA_SHAMPOO", BETA_SHAMPOO),
    ("EPSILON", EPSILON),
];

/// SOAP for the weights and biases of each layer together, as the matrix (W b).
///
/// For a gradient G (m x n) it keeps running means of G G^T and G^T G. In the basis of their
/// eigenvectors the gradient's coordinates are nearly uncorrelated, which is what Adam's
/// coordinate-wise scaling wants. The bases follow by one orthogonal iteration every [`REFRESH`] steps.
pub(crate) struct Soap {
    steps: i32,
    layers: Vec<State>,
}

struct State {
    left: Basis,
    right: Basis,
    /// Running mean of the gradient, in the original basis: it outlives changes of basis.
    momentum: Array2<f32>,
    /// Running mean of the squared gradient, in the eigenbasis.
    squares: Array2<f32>,
    /// The gradient of (W b), then the step.
    gradient: Array2<f32>,
    rotated: Array2<f32>,
    scratch: Array2<f32>,
}

/// Eigenvectors, in columns, of the running mean of a symmetric matrix.
struct Basis {
    mean: Array2<f32>,
    vectors: Array2<f32>,
    scratch: Array2<f32>,
}

impl Soap {
    pub(crate) fn new(parameters: &[Layer]) -> Self {
        let layers = parameters.iter().map(|layer| {
            let (outputs, inputs) = layer.weights.dim();
            State::new(outputs, inputs + 1)
        });
        Self {
            steps: 0,
            layers: layers.collect(),
        }
    }

    /// The step after `ahead` more, of size `rate`.
    pub(super) fn stride(&self, ahead: i32, rate: f32) -> Stride {
        let step = self.steps.saturating_add(ahead).saturating_add(1);
        let (unbias_mean, unbias_square) = bias_correction(BETA_1, BETA_2, step);
        Stride {
            rate,
            unbias: [unbias_mean, unbias_square],
            refresh: step % REFRESH == 1,
        }
    }

    /// Takes a step, without counting it.
    pub(super) fn take(&mut self, parameters: &mut [Layer], gradient: &[Layer], stride: Stride) {
        let layers = parameters
            .par_iter_mut()
            .zip(gradient)
            .zip(&mut self.layers);
        layers.for_each(|((layer, gradient), state)| {
            state
                .gradient
                .slice_mut(s![.., ..-1])
                .assign(&gradient.weights);
            state.gradient.slice_mut(s![.., -1]).assign(&gradient.bias);
            let step = state.step(stride);
            layer
                .weights
                .scaled_add(-stride.rate, &step.slice(s![.., ..-1]));
            layer.bias.scaled_add(-stride.rate, &step.slice(s![.., -1]));
        });
    }

    /// Moves `parameters` against `gradient` by about `rate` each.
    pub(crate) fn descend(&mut self, parameters: &mut [Layer], gradient: &[Layer], rate: f32) {
        let stride = self.stride(0, rate);
        self.take(parameters, gradient, stride);
        self.skip(1);
    }

    /// Counts steps that a device has taken.
    pub(super) fn skip(&mut self, steps: i32) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// All that one step leaves to the next, in the order of [`Persist`] and of `gpu/soap.wgsl`.
    pub(super) fn numbers(&mut self) -> impl Iterator<Item = &mut f32> {
        self.layers.iter_mut().flat_map(|layer| {
            let bases = [&mut layer.left, &mut layer.right].into_iter();
            let bases = bases.flat_map(|basis| basis.mean.iter_mut().chain(&mut basis.vectors));
            bases.chain(&mut layer.momentum).chain(&mut layer.squares)
        })
    }
}

impl Persist for Soap {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.steps.visit(archive)?;
        let mut numbers = self.numbers();
        numbers.try_for_each(|number| number.visit(archive))
    }
}

impl Optimiser for Soap {
    fn step(&mut self, parameters: &mut [Layer], gradient: &[Layer], rate: f32) {
        self.descend(parameters, gradient, rate);
    }

    fn soap(&mut self) -> Option<&mut Soap> {
        Some(self)
    }
}

impl State {
    fn new(m: usize, n: usize) -> Self {
        let zeros = || Array2::zeros((m, n));
        Self {
            left: Basis::new(m),
            right: Basis::new(n),
            momentum: zeros(),
            squares: zeros(),
            gradient: zeros(),
            rotated: zeros(),
            scratch: zeros(),
        }
    }

    /// Takes in `self.gradient` and returns the direction of the step, of about unit coordinates.
    fn step(&mut self, stride: Stride) -> &Array2<f32> {
        let Self {
            left,
            right,
            momentum,
            squares,
            gradient,
            rotated,
            scratch,
        } = self;
        left.accumulate(gradient.view(), gradient.t());
        right.accumulate(gradient.t(), gradient.view());
        Zip::from(&mut *momentum)
            .and(&*gradient)
            .for_each(|mean, &gradient| *mean += (1.0 - BETA_1) * (gradient - *mean));

        // Q_L^T G Q_R
        rotate(
            left.vectors.t(),
            gradient.view(),
            right.vectors.view(),
            scratch,
            rotated,
        );
        Zip::from(&mut *squares)
            .and(&*rotated)
            .for_each(|mean, &g| *mean += (1.0 - BETA_2) * (g * g - *mean));

        let [unbias_mean, unbias_square] = stride.unbias;
        rotate(
            left.vectors.t(),
            momentum.view(),
            right.vectors.view(),
            scratch,
            rotated,
        );
        Zip::from(&mut *rotated)
            .and(&*squares)
            .for_each(|mean, &square| {
                *mean *= unbias_mean / ((square * unbias_square).sqrt() + EPSILON);
            });
        // Q_L N Q_R^T
        rotate(
            left.vectors.view(),
            rotated.view(),
            right.vectors.t(),
            scratch,
            gradient,
        );

        if stride.refresh {
            left.refresh();
            right.refresh();
        }
        gradient
    }
}

/// `result = a b c`.
fn rotate(
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    c: ArrayView2<'_, f32>,
    scratch: &mut Array2<f32>,
    result: &mut Array2<f32>,
) {
    general_mat_mul(1.0, &a, &b, 0.0, scratch);
    general_mat_mul(1.0, &*scratch, &c, 0.0, result);
}

impl Basis {
    fn new(size: usize) -> Self {
        let zeros = || Array2::zeros((size, size));
        Self {
            mean: zeros(),
            vectors: Array2::eye(size),
            scratch: zeros(),
        }
    }

    fn accumulate(&mut self, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) {
        general_mat_mul(1.0 - BETA_SHAMPOO, &a, &b, BETA_SHAMPOO, &mut self.mean);
    }

    /// One orthogonal iteration: Q <- orthonormal basis of mean * Q.
    fn refresh(&mut self) {
        let trace = self.mean.diag().sum();
        if !(trace > 0.0 && trace.is_finite()) {
            return;
        }
        general_mat_mul(
            1.0 / trace,
            &self.mean,
            &self.vectors,
            0.0,
            &mut self.scratch,
        );
        // Where the mean has no energy left in a direction, the old vector stays a candidate.
        self.scratch.scaled_add(1e-9, &self.vectors);
        std::mem::swap(&mut self.vectors, &mut self.scratch);
        orthonormalise(&mut self.vectors);
    }
}

/// Makes the columns orthonormal: Gram-Schmidt, each column twice, which is enough in f32.
fn orthonormalise(columns: &mut Array2<f32>) {
    // Work on rows of the transpose, which are contiguous.
    let mut rows = columns.t().to_owned();
    for index in 0..rows.nrows() {
        let (done, mut rest) = rows.view_mut().split_at(ndarray::Axis(0), index);
        let mut row = rest.row_mut(0);
        for _ in 0..2 {
            let norm = row.dot(&row).sqrt();
            if norm > 0.0 {
                row /= norm;
            }
            for other in done.rows() {
                let along = row.dot(&other);
                row.scaled_add(-along, &other);
            }
        }
        let norm = row.dot(&row).sqrt();
        if norm > 0.0 {
            row /= norm;
        }
    }
    columns.assign(&rows.t());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_stay_orthonormal_and_diagonalise() {
        let n = 12;
        let mut basis = Basis::new(n);
        let wave = |i: usize, j: usize| ((i * 7 + j * 3) as f32 * 0.37).sin() / (1 + i + j) as f32;
        for step in 0..400 {
            let g = Array2::from_shape_fn((n, 20), |(i, j)| wave(i, j + step % 5));
            basis.accumulate(g.view(), g.t());
            basis.refresh();
        }
        let gram = basis.vectors.t().dot(&basis.vectors);
        let diagonal = basis.vectors.t().dot(&basis.mean).dot(&basis.vectors);
        let scale = diagonal.diag().sum();
        for ((i, j), &value) in gram.indexed_iter() {
            assert!(
                (value - f32::from(u8::from(i == j))).abs() < 1e-4,
                "{i} {j} {value}"
            );
            assert!(
                i == j || diagonal[[i, j]].abs() < 2e-3 * scale,
                "{i} {j} {}",
                diagonal[[i, j]]
            );
        }
    }
}
