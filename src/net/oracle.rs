//! The same network in f64, as plainly as it can be written: what the kernels are tested against.

use super::{Layer, Network, Shape};

/// Outputs at one point.
pub(crate) fn forward(network: &Network, point: &[f64]) -> Vec<f64> {
    activations(network, point)
        .pop()
        .expect("a network has layers")
}

/// Inputs of every layer, then the outputs.
fn activations(network: &Network, point: &[f64]) -> Vec<Vec<f64>> {
    let shape = network.shape();
    let mut all = vec![point.to_vec()];
    for (index, layer) in network.layers().iter().enumerate() {
        let omega = f64::from(shape.omega(index));
        let x = all.last().expect("starts with the point");
        let z = layer
            .weights
            .rows()
            .into_iter()
            .zip(&layer.bias)
            .map(|(row, &bias)| {
                let sum: f64 = row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum();
                omega * (sum + f64::from(bias))
            });
        all.push(
            z.map(|z| {
                if index < shape.hidden.len() {
                    z.sin()
                } else {
                    z
                }
            })
            .collect(),
        );
    }
    all
}

/// Gradient of sum_c adjoint[c] * output[c] at one point, in the order of the parameters.
pub(crate) fn gradient(network: &Network, point: &[f64], adjoint: &[f64]) -> Vec<f64> {
    let shape = network.shape();
    let all = activations(network, point);
    let mut d = adjoint.to_vec();
    let mut layers = Vec::new();
    for (index, layer) in network.layers().iter().enumerate().rev() {
        let omega = f64::from(shape.omega(index));
        let x = &all[index];
        let weights = d.iter().flat_map(|d| x.iter().map(move |x| omega * d * x));
        layers.push(
            weights
                .chain(d.iter().map(|d| omega * d))
                .collect::<Vec<_>>(),
        );
        let below = |i: usize| {
            let sum: f64 = d
                .iter()
                .enumerate()
                .map(|(o, d)| f64::from(layer.weights[[o, i]]) * d)
                .sum();
            // x = sin z, so |cos z| = sqrt(1 - x^2); the sign needs z itself.
            omega
                * sum
                * if index > 0 {
                    cosine(network, &all, index - 1, i)
                } else {
                    1.0
                }
        };
        d = (0..x.len()).map(below).collect();
    }
    layers.into_iter().rev().flatten().collect()
}

fn cosine(network: &Network, all: &[Vec<f64>], layer: usize, neuron: usize) -> f64 {
    let Layer { weights, bias } = &network.layers()[layer];
    let sum: f64 = weights
        .row(neuron)
        .iter()
        .zip(&all[layer])
        .map(|(&w, x)| f64::from(w) * x)
        .sum();
    (f64::from(network.shape().omega(layer)) * (sum + f64::from(bias[neuron]))).cos()
}

mod tests {
    use super::*;
    use crate::kernel::TILE;
    use crate::net::{Differentiator, Evaluator, Objective};
    use crate::simd::levels;

    /// Scattered points with targets that depend on them; the loss is half the squared error.
    struct Scattered {
        points: Vec<[f32; 2]>,
        outputs: usize,
    }

    impl Scattered {
        fn new(count: usize, outputs: usize) -> Self {
            let at = |i: usize, step: f64| ((i as f64 * step).fract() * 2.0 - 1.0) as f32;
            Self {
                points: (0..count).map(|i| [at(i, 0.7549), at(i, 0.5698)]).collect(),
                outputs,
            }
        }

        fn target(&self, point: [f32; 2], channel: usize) -> f32 {
            (point[0] - 0.5 * point[1]) * (channel as f32 + 1.0) * 0.3
        }
    }

    impl Objective for Scattered {
        fn knowns(&self) -> usize {
            self.outputs
        }

        fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
            for (slot, &point) in self.points[first as usize..][..count].iter().enumerate() {
                coordinates[slot] = point[0];
                coordinates[TILE + slot] = point[1];
                for channel in 0..self.outputs {
                    known[channel * TILE + slot] = self.target(point, channel);
                }
            }
        }

        fn loss(&self, count: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
            adjoint.fill(0.0);
            let mut loss = 0.0;
            for channel in 0..self.outputs {
                for at in channel * TILE..channel * TILE + count {
                    let error = outputs[at] - known[at];
                    adjoint[at] = error;
                    loss += 0.5 * f64::from(error).powi(2);
                }
            }
            loss
        }
    }

    fn shape(hidden: &[usize], outputs: usize) -> Shape {
        Shape {
            inputs: 2,
            hidden: hidden.to_vec(),
            outputs,
            omega_first: 30.0,
            omega_hidden: 20.0,
        }
    }

    /// Widths on both sides of every block size, and a batch that ends within a tile.
    const SHAPES: [(&[usize], usize); 5] = [
        (&[28, 28], 3),
        (&[1], 1),
        (&[7, 13, 5], 4),
        (&[6, 17], 2),
        (&[48, 31], 3),
    ];

    fn loss_f64(network: &Network, batch: &Scattered) -> f64 {
        let errors = batch.points.iter().flat_map(|&point| {
            let y = forward(network, &point.map(f64::from));
            y.into_iter().enumerate().map(move |(channel, y)| {
                0.5 * (y - f64::from(batch.target(point, channel))).powi(2)
            })
        });
        errors.sum::<f64>() / batch.points.len() as f64
    }

    fn gradient_f64(network: &Network, batch: &Scattered) -> Vec<f64> {
        let mut sum = vec![0.0; network.shape().parameters()];
        for &point in &batch.points {
            let at = point.map(f64::from);
            let y = forward(network, &at);
            let errors: Vec<f64> = (0..y.len())
                .map(|c| y[c] - f64::from(batch.target(point, c)))
                .collect();
            for (sum, part) in sum.iter_mut().zip(gradient(network, &at, &errors)) {
                *sum += part / batch.points.len() as f64;
            }
        }
        sum
    }

    #[test]
    fn the_oracle_agrees_with_central_differences() {
        let batch = Scattered::new(9, 2);
        let mut network = Network::random(&shape(&[5, 4], 2), 3).unwrap();
        let gradient = gradient_f64(&network, &batch);
        for (index, expected) in gradient.into_iter().enumerate() {
            let mut at = |delta: f32| {
                let parameter = network
                    .layers
                    .iter_mut()
                    .flat_map(Layer::parameters_mut)
                    .nth(index)
                    .unwrap();
                let before = *parameter;
                *parameter += delta;
                let moved = f64::from(*parameter) - f64::from(before);
                let loss = loss_f64(&network, &batch);
                *network
                    .layers
                    .iter_mut()
                    .flat_map(Layer::parameters_mut)
                    .nth(index)
                    .unwrap() = before;
                (loss, moved)
            };
            let ((above, up), (below, down)) = (at(1e-4), at(-1e-4));
            let difference = (above - below) / (up - down);
            let scale = expected.abs().max(1.0);
            assert!(
                (difference - expected).abs() < 1e-3 * scale,
                "{index}: {difference} {expected}"
            );
        }
    }

    #[test]
    fn gradients_match_the_oracle_at_every_level() {
        for (hidden, outputs) in SHAPES {
            let shape = shape(hidden, outputs);
            let network = Network::random(&shape, 1).unwrap();
            let batch = Scattered::new(TILE + 37, outputs);
            let expected = gradient_f64(&network, &batch);
            let norm = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
            for (name, level) in levels() {
                let mut found = network.layers.clone();
                let mut engine = Differentiator::with_level(&shape, outputs, level);
                let loss =
                    engine.gradient(&network, &batch, 0..batch.points.len() as u64, &mut found);
                let reference = loss_f64(&network, &batch);
                assert!(
                    (loss - reference).abs() < 1e-4 * reference,
                    "{name} {hidden:?}"
                );
                let found = found.iter().flat_map(Layer::parameters);
                for (index, (&found, expected)) in found.zip(&expected).enumerate() {
                    let error = (f64::from(found) - expected).abs();
                    assert!(
                        error < 1e-4 * norm,
                        "{name} {hidden:?} {index}: {found} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn values_match_the_oracle_at_every_level() {
        for (hidden, outputs) in SHAPES {
            let network = Network::random(&shape(hidden, outputs), 2).unwrap();
            let batch = Scattered::new(TILE, outputs);
            for (name, level) in levels() {
                let engine = Evaluator::with_level(&network, level);
                let mut scratch = engine.scratch();
                let found = engine.tile(&mut scratch, |rows| {
                    batch.draw(0, TILE, rows, &mut vec![0.0; outputs * TILE]);
                });
                for (slot, point) in batch.points.iter().enumerate() {
                    let expected = forward(&network, &point.map(f64::from));
                    for (channel, expected) in expected.into_iter().enumerate() {
                        let error = (f64::from(found[channel * TILE + slot]) - expected).abs();
                        assert!(error < 2e-4, "{name} {hidden:?}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn results_do_not_depend_on_threads() {
        let shape = shape(&[28, 28], 3);
        let network = Network::random(&shape, 1).unwrap();
        let batch = Scattered::new(40 * TILE + 5, 3);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let mut found = network.layers.clone();
                let points = 0..batch.points.len() as u64;
                let loss =
                    Differentiator::new(&shape, 3).gradient(&network, &batch, points, &mut found);
                (loss.to_bits(), found)
            })
        };
        let one = with(1);
        assert!([2, 3, 8].into_iter().all(|threads| with(threads) == one));
    }
}
