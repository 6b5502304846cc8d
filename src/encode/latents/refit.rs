//! The output layer that is best for given hidden layers, by linear least squares.
//!
//! Colours are linear in the activations of the last hidden layer. Once the layers before are rounded, the output layer
//! that makes up best for that is the solution of the normal equations, which one pass over the picture adds up. They also
//! tell the error of every other output layer.

use super::fit::LatentFit;
use crate::Error;
use crate::engine::kernel::TILE;
use crate::engine::net::{Architecture, Evaluator, Layer, Network, Order};
use crate::objective::latents::Pixels;
use ndarray::{Array1, Array2, ArrayView2, s};
use rayon::prelude::*;

/// What is added to the diagonal of the normal equations, relative to its largest element.
const RIDGE: f64 = 1e-7;

/// Products, targets, and the squares of colours with their number.
type Sums = (Array2<f64>, Array2<f64>, [f64; 2]);

/// The output layer of a network as a linear regression of colours on the activations before it, of which the last is
/// always 1.
pub(super) struct Regression {
    network: Network,
    /// The sums over pixels of products of activations.
    products: Array2<f64>,
    /// Those of products of activations and colours.
    targets: Array2<f64>,
    /// Those of squares of colours, in all channels together.
    squares: f64,
    /// Number of these colours.
    count: f64,
}

impl Regression {
    /// The regression of `network` on the rounded latents of `fit`; one of `sparse` blocks is looked at.
    ///
    /// # Errors
    /// None for networks of a fit.
    pub(super) fn new(fit: &LatentFit<'_>, network: Network, sparse: usize) -> Result<Self, Error> {
        let channels = fit.plan.channels;
        let neurons = network
            .layers()
            .last()
            .map_or(0, |last| last.weights.ncols());
        let evaluator = Evaluator::new(&hidden(&network, neurons)?, Order::Value);
        let pixels = Pixels {
            colours: fit.colours,
            planes: &fit.planes,
            patches: &[],
        };
        let size = neurons + 1;
        let blocks: Vec<usize> = (0..fit.colours.blocks()).step_by(sparse).collect();
        let zero = || -> Sums {
            let [products, targets] = [size, channels].map(|count| Array2::zeros((size, count)));
            (products, targets, [0.0; 2])
        };
        // A fixed division, so that the sums do not depend on the number of threads.
        let shares: Vec<_> = blocks
            .par_chunks(blocks.len().div_ceil(16).max(1))
            .map(|blocks| {
                let mut scratch = evaluator.scratch();
                let (mut products, mut targets, mut squares) = zero();
                let mut rows = vec![0.0; size * TILE];
                for &block in blocks {
                    let known = fit.colours.block(block);
                    let (colours, inside) = known.split_at(channels * TILE);
                    let activations =
                        evaluator.tile(&mut scratch, |rows| pixels.interpolate(block, rows));
                    rows[..neurons * TILE].copy_from_slice(activations);
                    rows[neurons * TILE..].fill(1.0);
                    for row in rows.chunks_exact_mut(TILE) {
                        row.iter_mut()
                            .zip(inside)
                            .for_each(|(row, inside)| *row *= inside);
                    }
                    for row in colours.chunks_exact(TILE) {
                        for (colour, inside) in row.iter().zip(inside) {
                            squares[0] += f64::from(inside * colour * colour);
                            squares[1] += f64::from(*inside);
                        }
                    }
                    let rows = ArrayView2::from_shape((size, TILE), &rows);
                    let colours = ArrayView2::from_shape((channels, TILE), colours);
                    if let (Ok(rows), Ok(colours)) = (rows, colours) {
                        products += &rows.dot(&rows.t()).mapv(f64::from);
                        targets += &rows.dot(&colours.t()).mapv(f64::from);
                    }
                }
                (products, targets, squares)
            })
            .collect();
        let sum = |(a, b, [c, d]): Sums, (e, f, [g, h]): Sums| (a + e, b + f, [c + g, d + h]);
        let (products, targets, [squares, count]) = shares.into_iter().fold(zero(), sum);
        Ok(Self {
            network,
            products,
            targets,
            squares,
            count,
        })
    }

    /// The network with the best output layer; if there is a prior, the best one that a ridge, relative to the largest
    /// sum of squares, ties to that of the prior. The tighter it is tied, the less the layers differ where it matters little.
    ///
    /// # Errors
    /// None for networks of a fit.
    pub(super) fn solution(&self, tie: Option<(&Network, f64)>) -> Result<Network, Error> {
        let largest = self
            .products
            .diag()
            .iter()
            .fold(0.0, |most: f64, &x| most.max(x));
        let ridge = largest * tie.map_or(RIDGE, |(_, ridge)| ridge);
        let (mut products, mut targets) = (self.products.clone(), self.targets.clone());
        products.diag_mut().mapv_inplace(|x| x + ridge);
        if let Some(prior) = tie.and_then(|(prior, _)| prior.layers().last()) {
            for (channel, mut targets) in targets.columns_mut().into_iter().enumerate() {
                targets += &(column(prior, channel) * ridge);
            }
        }
        let mut layers = self.network.layers().to_vec();
        let (Some(last), Some(factor)) = (layers.last_mut(), cholesky(&products)) else {
            return Ok(self.network.clone());
        };
        let neurons = last.weights.ncols();
        for channel in 0..last.bias.len() {
            let solution = solve(factor.view(), targets.column(channel).to_vec());
            for (weight, &value) in last.weights.row_mut(channel).iter_mut().zip(&solution) {
                *weight = value as f32;
            }
            last.bias[channel] = solution[neurons] as f32;
        }
        Network::from_layers(self.network.architecture(), layers)
    }

    /// The mean squared error, of samples from 0 to 1, with the output layer of `network`.
    pub(super) fn error(&self, network: &Network) -> f64 {
        let Some(last) = network.layers().last() else {
            return 0.0;
        };
        let error = |channel: usize| {
            let weights = column(last, channel);
            weights.dot(&self.products.dot(&weights))
                - 2.0 * weights.dot(&self.targets.column(channel))
        };
        let errors: f64 = (0..last.bias.len()).map(error).sum();
        // Colours span -1 to 1.
        (errors + self.squares) / (4.0 * self.count)
    }
}

/// The weights and the bias of a channel.
fn column(layer: &Layer, channel: usize) -> Array1<f64> {
    let weights = layer.weights.row(channel);
    let all = weights.iter().chain([&layer.bias[channel]]);
    all.map(|&number| f64::from(number)).collect()
}

/// The network whose outputs are the activations of the last hidden layer of `network`.
fn hidden(network: &Network, neurons: usize) -> Result<Network, Error> {
    let shape = Architecture {
        outputs: neurons,
        ..network.architecture().clone()
    };
    let mut layers = network.layers().to_vec();
    if let Some(last) = layers.last_mut() {
        *last = Layer {
            weights: Array2::eye(neurons),
            bias: Array1::zeros(neurons),
        };
    }
    Network::from_layers(&shape, layers)
}

/// The lower triangular factor of a positive matrix; none if it is not positive.
fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    let mut factor = Array2::<f64>::zeros((size, size));
    for row in 0..size {
        for column in 0..=row {
            let dot = factor
                .slice(s![row, ..column])
                .dot(&factor.slice(s![column, ..column]));
            let rest = matrix[[row, column]] - dot;
            if row == column {
                let root = rest.sqrt();
                // Also where it is not a number.
                if root.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
                    return None;
                }
                factor[[row, row]] = root;
            } else {
                factor[[row, column]] = rest / factor[[column, column]];
            }
        }
    }
    Some(factor)
}

/// The solution x of L L^T x = b.
fn solve(factor: ArrayView2<'_, f64>, mut b: Vec<f64>) -> Vec<f64> {
    let size = b.len();
    for row in 0..size {
        let dot: f64 = (0..row)
            .map(|column| factor[[row, column]] * b[column])
            .sum();
        b[row] = (b[row] - dot) / factor[[row, row]];
    }
    for row in (0..size).rev() {
        let dot: f64 = (row + 1..size)
            .map(|column| factor[[column, row]] * b[column])
            .sum();
        b[row] = (b[row] - dot) / factor[[row, row]];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved() {
        let wave = |i: usize, j: usize| ((i * 5 + j * 3) as f64 * 0.7).sin();
        let a = Array2::from_shape_fn((6, 9), |(i, j)| wave(i, j * j));
        let mut matrix = a.dot(&a.t());
        let x: Vec<f64> = (0..6).map(|i| wave(i, 2)).collect();
        let b = matrix.dot(&Array1::from(x.clone())).to_vec();
        // The matrix has rank 2.
        matrix.diag_mut().mapv_inplace(|x| x + RIDGE * 10.0);
        let factor = cholesky(&matrix).expect("a positive matrix");
        for (found, x) in solve(factor.view(), b).iter().zip(&x) {
            assert!((found - x).abs() < 1e-3, "{found} {x}");
        }
        assert!(cholesky(&-matrix).is_none());
    }
}
