//! Networks that are the same function, and the one of them that a file holds.
//!
//! Neurons of a hidden layer can change places. Since sin(-z) = -sin z, a neuron's weights and bias can
//! change sign with the weights that read it; since sin(z + pi) = -sin z, its bias b can move by pi / omega
//! likewise. A layer of w neurons so has w! 2^w forms even with biases at their smallest, and naming one of
//! them costs log2(w!) + w bits for nothing. The format wants biases that ascend from 0 (SPEC 5.3.5).

use crate::engine::net::{Layer, Network};
use siren_format::Tensor;
use std::f32::consts::PI;

/// Moves every bias of a hidden layer to the smallest that leaves the function as it is.
pub(crate) fn fold(network: &mut Network) {
    let omegas: Vec<f32> = (0..network.layers().len())
        .map(|layer| network.architecture().omega(layer))
        .collect();
    for (index, omega) in omegas.iter().enumerate() {
        let [layer, next, ..] = &mut network.layers[index..] else {
            break;
        };
        for (neuron, bias) in layer.bias.iter_mut().enumerate() {
            let turns = (*bias * omega / PI).round();
            *bias -= turns * PI / omega;
            if turns % 2.0 != 0.0 {
                reader(next, neuron).for_each(|weight| *weight = -*weight);
            }
        }
    }
}

/// The weights by which `next` reads neuron `neuron`.
fn reader(next: &mut Layer, neuron: usize) -> impl Iterator<Item = &mut f32> {
    next.weights.column_mut(neuron).into_iter()
}

/// Brings the levels of a network, W and b of every layer in turn, into the order of the format.
pub(crate) fn sort(tensors: &mut [Tensor]) {
    for layer in (0..tensors.len() / 2).map(|index| 2 * index) {
        let [weights, biases, next, ..] = &mut tensors[layer..] else {
            break;
        };
        let neurons = biases.levels.len();
        let mut order: Vec<usize> = (0..neurons).collect();
        order.sort_by_key(|&neuron| biases.levels[neuron].unsigned_abs());
        let sign = |neuron: usize| if biases.levels[neuron] < 0 { -1 } else { 1 };
        let row = |&neuron: &usize| {
            let inputs = weights.levels.len() / neurons;
            let row = &weights.levels[neuron * inputs..][..inputs];
            row.iter().map(move |level| sign(neuron) * level)
        };
        weights.levels = order.iter().flat_map(row).collect();
        for readers in next.levels.chunks_exact_mut(neurons) {
            let sorted: Vec<i32> = order.iter().map(|&n| sign(n) * readers[n]).collect();
            readers.copy_from_slice(&sorted);
        }
        biases.levels = order.iter().map(|&n| biases.levels[n].abs()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::weights::{tensors, to_networks};
    use super::*;
    use crate::engine::net::{Architecture, Field};
    use ndarray::Array2;
    use siren_format::{
        Activation, Colour, File, Header, Input, Network as Layers, Samples, Signal, Weights,
    };

    fn header() -> Header {
        Header {
            signal: Signal::Picture {
                width: 8,
                height: 8,
            },
            samples: Samples {
                channels: 3,
                depth: 8,
                colour: Colour::Direct,
            },
            network: Layers {
                activation: Activation::Sine,
                input: Input::Coordinates,
                omega_first: 160,
                omega_hidden: 240,
                hidden: vec![7, 9, 5],
            },
        }
    }

    fn values(network: &Network) -> Array2<f32> {
        let points = Array2::from_shape_fn((50, 2), |(i, axis)| {
            ((i * 13 + axis * 29) % 41) as f32 / 20.0 - 1.0
        });
        Field::new(network).values(points.view()).expect("values")
    }

    fn network() -> Network {
        let shape: Architecture = super::super::weights::shape(&header());
        let mut network = Network::random(&shape, 3).expect("a network");
        for layer in &mut network.layers {
            layer.bias *= 4.0;
        }
        network
    }

    #[test]
    fn folding_changes_no_value() {
        let before = network();
        let mut after = before.clone();
        fold(&mut after);
        let [first, second] = [0, 1].map(|layer| after.architecture().omega(layer));
        for (layer, omega) in after.layers()[..3].iter().zip([first, second, second]) {
            assert!(
                layer
                    .bias
                    .iter()
                    .all(|b| b.abs() <= 1.0001 * PI / 2.0 / omega)
            );
        }
        assert_ne!(before.layers()[0].bias, after.layers()[0].bias);
        let far = (values(&before) - values(&after)).mapv(f32::abs);
        assert!(far.iter().all(|&far| far < 1e-4));
    }

    #[test]
    fn sorting_changes_no_value() {
        let network = network();
        let levels = |tensor: &[f32]| Tensor {
            step: 120,
            levels: tensor.iter().map(|x| (x * 512.0) as i32).collect(),
        };
        let before: Vec<Tensor> = tensors(&network).map(levels).collect();
        let mut after = before.clone();
        sort(&mut after);
        for tensor in [1, 3, 5].map(|index| &after[index].levels) {
            assert!(tensor.is_sorted() && tensor[0] >= 0);
        }
        assert_eq!(before[7], after[7]);
        let [before, after] = [before, after].map(|tensors| {
            let file = File {
                header: header(),
                weights: Weights::Levels(tensors),
                latents: None,
                icc: None,
            };
            to_networks(&file).expect("a network").remove(0)
        });
        let far = (values(&before) - values(&after)).mapv(f32::abs);
        assert!(far.iter().all(|&far| far < 1e-4));
    }
}
