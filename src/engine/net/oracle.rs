//! The same network in f64, as plainly as it can be written: what the kernels are tested against.

use super::{Activation, Architecture, Layer, Network};

/// Outputs at one point.
pub(crate) fn forward(network: &Network, point: &[f64]) -> Vec<f64> {
    activations(network, point)
        .pop()
        .expect("a network has layers")
}

/// Inputs of every layer, then the outputs.
pub(crate) fn activations(network: &Network, point: &[f64]) -> Vec<Vec<f64>> {
    let shape = network.architecture();
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
            z.map(|z| match shape.activation(index) {
                Some(Activation::Sine) => z.sin(),
                Some(Activation::Tanh) => z.tanh(),
                Some(Activation::Relu) => z.max(0.0),
                Some(Activation::LeakyRelu) => z.max(0.01 * z),
                None => z,
            })
            .collect(),
        );
    }
    all
}

/// Gradient of sum_c adjoint[c] * output[c] at one point, in the order of the parameters.
pub(crate) fn gradient(network: &Network, point: &[f64], adjoint: &[f64]) -> Vec<f64> {
    let shape = network.architecture();
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
    (f64::from(network.architecture().omega(layer)) * (sum + f64::from(bias[neuron]))).cos()
}

mod tests {
    use super::super::{Differentiator, Evaluator, Field, Objective, Order};
    use super::*;
    use crate::engine::kernel::TILE;
    use crate::engine::simd::levels;

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

        fn loss(
            &self,
            _: u64,
            count: usize,
            known: &[f32],
            outputs: &[f32],
            adjoint: &mut [f32],
        ) -> f64 {
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

    fn shape(hidden: &[usize], outputs: usize) -> Architecture {
        Architecture {
            inputs: 2,
            hidden: hidden.to_vec(),
            outputs,
            omega_first: 30.0,
            omega_hidden: 20.0,
            ..Architecture::default()
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
        let mut sum = vec![0.0; network.architecture().parameters()];
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
                let mut engine = Differentiator::with_level(&shape, &batch, level);
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
                let engine = Evaluator::with_level(&network, Order::Value, level);
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
                let loss = Differentiator::new(&shape, &batch)
                    .gradient(&network, &batch, points, &mut found);
                (loss.to_bits(), found)
            })
        };
        let one = with(1);
        assert!([2, 3, 8].into_iter().all(|threads| with(threads) == one));
    }

    /// All activations, with and without an encoding; omega small enough for differences in f64.
    fn varied() -> Vec<Architecture> {
        let with = |activation, frequencies, hidden: &[usize]| Architecture {
            inputs: 2,
            hidden: hidden.to_vec(),
            outputs: 2,
            omega_first: 4.0,
            omega_hidden: 3.0,
            activation,
            frequencies,
        };
        vec![
            with(Activation::Sine, 0, &[7, 13, 5]),
            with(Activation::Sine, 0, &[28]),
            with(Activation::Tanh, 0, &[9, 6]),
            with(Activation::Relu, 0, &[9, 6]),
            with(Activation::LeakyRelu, 0, &[9, 6]),
            with(Activation::Relu, 3, &[9, 6]),
            with(Activation::Tanh, 2, &[5]),
        ]
    }

    /// The jet at `point`, component after component, by central differences of f64 values.
    fn jet_f64(network: &Network, point: &[f64]) -> Vec<f64> {
        const H: f64 = 1e-4;
        let moved = |input: usize, by: f64| {
            let mut point = point.to_vec();
            point[input] += by;
            forward(network, &point)
        };
        let at = forward(network, point);
        let (mut firsts, mut laplacian) = (Vec::new(), vec![0.0; at.len()]);
        for input in 0..point.len() {
            let (above, below) = (moved(input, H), moved(input, -H));
            for output in 0..at.len() {
                firsts.push((above[output] - below[output]) / (2.0 * H));
                laplacian[output] += (above[output] - 2.0 * at[output] + below[output]) / (H * H);
            }
        }
        [at, firsts, laplacian].concat()
    }

    /// A loss on every component of the jets: half the square of each plus a target, weighted.
    struct Jetted(Scattered, Order);

    impl Jetted {
        fn weight(component: usize) -> f64 {
            [1.0, 0.3, 0.2, 0.01][component]
        }

        fn loss_f64(&self, network: &Network) -> f64 {
            let each = self.0.points.iter().map(|&point| {
                let jet = jet_f64(network, &point.map(f64::from));
                let components = self.1.components(2) * self.0.outputs;
                jet[..components]
                    .iter()
                    .enumerate()
                    .map(|(row, value)| {
                        0.5 * Self::weight(row / self.0.outputs) * (value + 0.5).powi(2)
                    })
                    .sum::<f64>()
            });
            each.sum::<f64>() / self.0.points.len() as f64
        }
    }

    impl Objective for Jetted {
        fn order(&self) -> Order {
            self.1
        }

        fn knowns(&self) -> usize {
            self.0.knowns()
        }

        fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
            self.0.draw(first, count, coordinates, known);
        }

        fn loss(
            &self,
            _: u64,
            count: usize,
            _: &[f32],
            outputs: &[f32],
            adjoint: &mut [f32],
        ) -> f64 {
            adjoint.fill(0.0);
            let mut loss = 0.0;
            for row in 0..outputs.len() / TILE {
                let weight = Self::weight(row / self.0.outputs);
                for at in row * TILE..row * TILE + count {
                    let error = f64::from(outputs[at]) + 0.5;
                    adjoint[at] = (weight * error) as f32;
                    loss += 0.5 * weight * error * error;
                }
            }
            loss
        }
    }

    #[test]
    fn jets_match_differences_in_the_coordinates_at_every_level() {
        for shape in varied() {
            let network = Network::random(&shape, 5).unwrap();
            let batch = Scattered::new(50, shape.outputs);
            for order in [Order::Value, Order::Gradient, Order::Laplacian] {
                for (name, level) in levels() {
                    let engine = Evaluator::with_level(&network, order, level);
                    let mut scratch = engine.scratch();
                    let found = engine.tile(&mut scratch, |rows| {
                        batch.draw(0, 50, rows, &mut vec![0.0; 2 * TILE]);
                    });
                    assert_eq!(found.len(), order.components(2) * 2 * TILE);
                    for (slot, point) in batch.points.iter().enumerate() {
                        let expected = jet_f64(&network, &point.map(f64::from));
                        // Where a ramp bends within the step of the differences they see the bend.
                        let bent = shape.activation != Activation::Sine
                            && expected[6..].iter().any(|x| x.abs() > 1e3);
                        for (row, found) in found.chunks_exact(TILE).enumerate() {
                            let error = (f64::from(found[slot]) - expected[row]).abs();
                            let scale = 1.0 + expected[row].abs();
                            assert!(
                                bent || error < 2e-3 * scale,
                                "{name} {shape:?} row {row}: {error} of {}",
                                expected[row]
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn gradients_of_losses_on_jets_match_differences_in_the_parameters() {
        for shape in varied() {
            for order in [Order::Value, Order::Gradient, Order::Laplacian] {
                let network = Network::random(&shape, 6).unwrap();
                let batch = Jetted(Scattered::new(11, shape.outputs), order);
                let mut found = network.layers.clone();
                for layer in &mut found {
                    layer.parameters_mut().for_each(|x| *x = 0.0);
                }
                let loss = Differentiator::new(&shape, &batch).gradient(
                    &network,
                    &batch,
                    0..batch.0.points.len() as u64,
                    &mut found,
                );
                let reference = batch.loss_f64(&network);
                let ramp = matches!(shape.activation, Activation::Relu | Activation::LeakyRelu);
                // Differences of ramps see bends; their Laplacian is zero and needs no check.
                if ramp && order == Order::Laplacian {
                    continue;
                }
                assert!(
                    (loss - reference).abs() < 2e-3 * (1.0 + reference),
                    "{shape:?}"
                );
                let found: Vec<f64> = found
                    .iter()
                    .flat_map(Layer::parameters)
                    .map(|&x| f64::from(x))
                    .collect();
                let norm = found.iter().map(|x| x * x).sum::<f64>().sqrt();
                let frozen: usize = shape
                    .layers()
                    .take(shape.frozen())
                    .map(|(o, i)| o * (i + 1))
                    .sum();
                assert!(
                    found[..frozen].iter().all(|&x| x == 0.0),
                    "trained: {shape:?}"
                );
                for (index, found) in found.iter().enumerate().skip(frozen) {
                    let at = |delta: f32| {
                        let mut moved = network.clone();
                        let x = moved
                            .layers
                            .iter_mut()
                            .flat_map(Layer::parameters_mut)
                            .nth(index)
                            .unwrap();
                        let before = f64::from(*x);
                        *x += delta;
                        let by = f64::from(*x) - before;
                        (batch.loss_f64(&moved), by)
                    };
                    let ((above, up), (below, down)) = (at(1e-3), at(-1e-3));
                    let difference = (above - below) / (up - down);
                    assert!(
                        (difference - found).abs() < 5e-3 * norm + 1e-3,
                        "{order:?} {shape:?} {index}: {difference} {found}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_field_gives_its_jets_by_name() {
        let shape = varied().remove(0);
        let network = Network::random(&shape, 7).unwrap();
        let field = Field::new(&network);
        let points = ndarray::array![[0.25, -0.5], [0.75, 0.125]];
        let jets = field.jets(points.view(), Order::Laplacian).unwrap();
        for (index, point) in points.rows().into_iter().enumerate() {
            let expected = jet_f64(&network, &[f64::from(point[0]), f64::from(point[1])]);
            let parts = [
                jets.values(),
                jets.derivatives(0).unwrap(),
                jets.derivatives(1).unwrap(),
                jets.laplacians().unwrap(),
            ];
            for (part, expected) in parts.iter().zip(expected.chunks(2)) {
                for (found, expected) in part.row(index).iter().zip(expected) {
                    assert!((f64::from(*found) - expected).abs() < 2e-3 * (1.0 + expected.abs()));
                }
            }
        }
        let values = field.jets(points.view(), Order::Gradient).unwrap();
        assert!(values.derivatives(2).is_none() && values.laplacians().is_none());
    }
}
