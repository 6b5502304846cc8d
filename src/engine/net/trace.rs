//! The activations and gradients of every layer, for inspection.

use super::super::kernel::{Panels, TILE, activate, activate_adjoint, affine};
use super::super::simd;
use super::{Network, Order, Packed};
use crate::Error;
use fearless_simd::{Simd, dispatch};
use ndarray::{Array2, ArrayView2, Axis};

/// The values and gradients of one layer at a batch of points; every array is points x neurons.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trace {
    /// z = omega (W x + b).
    pub pre_activations: Array2<f32>,
    /// f(z); in the output layer z itself.
    pub activations: Array2<f32>,
    /// dy/dz of the sum y of the network's outputs at the same point.
    pub adjoints: Array2<f32>,
}

impl Network {
    /// Values and gradients of every layer, from input to output, at `points` (n x inputs), for the inspection of
    /// networks. They are computed by the same kernels as in a fit, but all of them are kept.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `points` has another number of columns than the network has inputs.
    pub fn trace(&self, points: ArrayView2<'_, f32>) -> Result<Vec<Trace>, Error> {
        let inputs = self.shape.inputs;
        if points.ncols() != inputs {
            let given = points.ncols();
            return Err(Error::parameter("coordinates per point", given, inputs));
        }
        let mut layers = Packed::new(&self.shape);
        let mut backward = Vec::with_capacity(layers.len());
        for (packed, layer) in layers.iter_mut().zip(&self.layers) {
            packed.pack(layer);
            let mut panels = Panels::new(layer.weights.ncols(), layer.bias.len());
            panels.pack(layer.weights.t(), packed.omega);
            backward.push(panels);
        }
        let zeros = |neurons: usize| Array2::zeros((points.nrows(), neurons));
        let mut traces: Vec<Trace> = self
            .shape
            .layers()
            .map(|(outputs, _)| Trace {
                pre_activations: zeros(outputs),
                activations: zeros(outputs),
                adjoints: zeros(outputs),
            })
            .collect();
        for (index, points) in points.axis_chunks_iter(Axis(0), TILE).enumerate() {
            let mut x = vec![0.0; inputs * TILE];
            for ((slot, input), &coordinate) in points.indexed_iter() {
                x[input * TILE + slot] = coordinate;
            }
            let rows =
                dispatch!(simd::level().1, simd => tile(simd, &layers, &backward, inputs, x));
            for (trace, rows) in traces.iter_mut().zip(&rows) {
                for (array, rows) in [
                    (&mut trace.pre_activations, &rows.pre_activations),
                    (&mut trace.activations, &rows.activations),
                    (&mut trace.adjoints, &rows.adjoints),
                ] {
                    let mut part = array.slice_mut(ndarray::s![index * TILE.., ..]);
                    for (slot, mut point) in part.rows_mut().into_iter().enumerate().take(TILE) {
                        for (neuron, value) in point.iter_mut().enumerate() {
                            *value = rows[neuron * TILE + slot];
                        }
                    }
                }
            }
        }
        Ok(traces)
    }
}

/// One layer's part of a tile: a row of [`TILE`] for each neuron.
struct Rows {
    pre_activations: Vec<f32>,
    activations: Vec<f32>,
    /// f'(z).
    slopes: Vec<f32>,
    adjoints: Vec<f32>,
}

#[inline(always)]
fn tile<S: Simd>(
    simd: S,
    layers: &[Packed],
    backward: &[Panels],
    inputs: usize,
    mut x: Vec<f32>,
) -> Vec<Rows> {
    let mut rows = Vec::with_capacity(layers.len());
    for layer in layers {
        let mut z = vec![0.0; layer.forward.rows() * TILE];
        layer.affine(simd, &x, &mut z);
        let pre_activations = z.clone();
        let mut activations = z.clone();
        if let Some(activation) = layer.activation {
            activate(
                simd,
                activation,
                Order::Value,
                inputs,
                &mut z,
                &mut activations,
            );
        }
        x.clone_from(&activations);
        rows.push(Rows {
            pre_activations,
            activations,
            slopes: z,
            adjoints: Vec::new(),
        });
    }
    let mut adjoints = vec![1.0; x.len()];
    for index in (0..layers.len()).rev() {
        if index + 1 < layers.len() {
            let panels = &backward[index + 1];
            let mut below = vec![0.0; panels.rows() * TILE];
            affine(simd, panels, &[], &adjoints, &mut below);
            if let Some(activation) = layers[index].activation {
                let Rows {
                    slopes,
                    activations,
                    ..
                } = &rows[index];
                activate_adjoint(
                    simd,
                    activation,
                    Order::Value,
                    inputs,
                    slopes,
                    activations,
                    &mut below,
                );
            }
            adjoints = below;
        }
        rows[index].adjoints.clone_from(&adjoints);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, Architecture, oracle};
    use super::*;

    #[test]
    fn traces_match_the_oracle() {
        for (activation, frequencies) in [(Activation::Sine, 0), (Activation::Tanh, 2)] {
            let shape = Architecture {
                hidden: vec![9, 7, 8],
                outputs: 2,
                omega_first: 6.0,
                omega_hidden: 5.0,
                activation,
                frequencies,
                ..Architecture::default()
            };
            let network = Network::random(&shape, 3).unwrap();
            let points =
                Array2::from_shape_fn((TILE + 3, 2), |(i, j)| (i as f32 * 0.7 + j as f32).sin());
            let traces = network.trace(points.view()).unwrap();
            assert_eq!(traces.len(), shape.layers().count());
            for slot in [0, TILE - 1, TILE, TILE + 2] {
                let point = [0, 1].map(|input| f64::from(points[[slot, input]]));
                let outputs = oracle::forward(&network, &point);
                let last = &traces[traces.len() - 1];
                for (found, expected) in last.activations.row(slot).iter().zip(&outputs) {
                    assert!((f64::from(*found) - expected).abs() < 1e-4);
                }
                // z moves with the bias, omega times as fast.
                for (layer, trace) in traces.iter().enumerate() {
                    for (neuron, &adjoint) in trace.adjoints.row(slot).iter().enumerate() {
                        const H: f32 = 1e-3;
                        let moved = |by: f32| {
                            let mut layers = network.layers().to_vec();
                            layers[layer].bias[neuron] += by / shape.omega(layer);
                            let moved = Network::from_layers(&shape, layers).unwrap();
                            oracle::forward(&moved, &point).iter().sum::<f64>()
                        };
                        let difference = (moved(H) - moved(-H)) / f64::from(2.0 * H);
                        let error = (f64::from(adjoint) - difference).abs();
                        assert!(
                            error < 2e-3 * (1.0 + difference.abs()),
                            "{layer} {neuron}: {error}"
                        );
                    }
                    let z = trace.pre_activations.row(slot);
                    for (a, z) in trace.activations.row(slot).iter().zip(z) {
                        let expected = match shape.activation(layer) {
                            Some(Activation::Sine) => z.sin(),
                            Some(_) => z.tanh(),
                            None => *z,
                        };
                        assert!((a - expected).abs() < 1e-5);
                    }
                }
            }
            assert!(network.trace(Array2::zeros((1, 3)).view()).is_err());
        }
    }
}
