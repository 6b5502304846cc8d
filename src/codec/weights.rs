//! Between parameters as floats and as the integers a file holds.

use super::quantise::step_size;
use crate::Error;
use crate::net::{Activation, Layer, Network, Shape};
use crate::signal::Gain;
use half::f16;
use ndarray::{Array1, Array2};
use siren_format::{Fault, Header, OMEGA_UNITS, Tensor, Weights};

/// `omega` in the units of the header, if it can be told there.
pub(super) fn omega_units(omega: f64) -> Result<u16, Error> {
    let units = (omega * f64::from(OMEGA_UNITS)).round();
    if !(1.0..=f64::from(u16::MAX)).contains(&units) {
        let most = f64::from(u16::MAX) / f64::from(OMEGA_UNITS);
        return Err(Error::parameter("omega", omega, format!("0.125 to {most}")));
    }
    Ok(units as u16)
}

/// The shape of the network a header describes.
pub(super) fn shape(header: &Header) -> Shape {
    let network = &header.network;
    let omega = |units: u16| f32::from(units) / f32::from(OMEGA_UNITS);
    Shape {
        inputs: header.inputs() as usize,
        hidden: network.hidden.iter().map(|&width| width as usize).collect(),
        outputs: header.outputs() as usize,
        omega_first: omega(network.omega_first),
        omega_hidden: omega(network.omega_hidden),
        activation: Activation::Sine,
        frequencies: 0,
    }
}

/// Every parameter as the nearest half float.
fn to_halves(network: &Network) -> Vec<u16> {
    let half = |&value: &f32| f16::from_f32(value).to_bits();
    network.parameters().map(half).collect()
}

/// The parameters of `network` as half floats, with the outputs multiplied by `gain`.
pub(super) fn halves(network: &Network, gain: Gain) -> Vec<u16> {
    let mut network = network.clone();
    if let Some(last) = network.layers.last_mut() {
        last.weights *= gain.factor();
        last.bias *= gain.factor();
    }
    to_halves(&network)
}

/// The tensors of a network with the outputs multiplied by `gain`.
pub(super) fn amplified(mut tensors: Vec<Tensor>, gain: Gain) -> Vec<Tensor> {
    for tensor in tensors.iter_mut().rev().take(2) {
        let step = i16::from(tensor.step) + gain.codes();
        tensor.step = step.clamp(0, u8::MAX.into()) as u8;
    }
    tensors
}

/// The networks of a file.
pub(super) fn to_networks(header: &Header, weights: &Weights) -> Result<Vec<Network>, Error> {
    let values: Vec<f32> = match weights {
        Weights::Half(bits) => bits
            .iter()
            .map(|&bits| f16::from_bits(bits).to_f32())
            .collect(),
        Weights::Levels(tensors) => tensors
            .iter()
            .flat_map(|Tensor { step, levels }| {
                let size = step_size(*step);
                levels.iter().map(move |&level| level as f32 * size)
            })
            .collect(),
    };
    let shape = shape(header);
    // The format crate has checked the number of values.
    let short = || Error::Format(siren_format::Error::Malformed(Fault::NoWeights));
    let mut rest = values.as_slice();
    let mut networks = Vec::new();
    for _ in 0..header.networks() {
        let mut layers = Vec::new();
        for (outputs, inputs) in shape.layers() {
            let (weights, tail) = rest.split_at_checked(outputs * inputs).ok_or_else(short)?;
            let (bias, tail) = tail.split_at_checked(outputs).ok_or_else(short)?;
            let weights = Array2::from_shape_vec((outputs, inputs), weights.to_vec());
            let bias = Array1::from(bias.to_vec());
            layers.push(Layer {
                weights: weights.map_err(|_| short())?,
                bias,
            });
            rest = tail;
        }
        networks.push(Network::from_layers(&shape, layers)?);
    }
    Ok(networks)
}

/// The tensors of the file: weights and biases of every layer, in order.
pub(super) fn tensors(network: &Network) -> impl Iterator<Item = &[f32]> {
    network.layers().iter().flat_map(Layer::tensors)
}

/// The same, to be changed.
pub(super) fn tensors_mut(network: &mut Network) -> impl Iterator<Item = &mut [f32]> {
    network.layers.iter_mut().flat_map(Layer::tensors_mut)
}
