//! Between parameters as floats and as the integers a file holds.

use crate::Error;
use crate::engine::grid::{LatentGrid, LatentGrids};
use crate::engine::net::{Activation, Architecture, Layer, Network};
use crate::signal::Gain;
use half::f16;
use ndarray::{Array1, Array2};
use siren_format::{
    COLOUR_PRIOR_BITS, Fault, File, Grid, Header, OMEGA_UNITS, STEP_ORIGIN, STEP_UNITS, Tensor,
    Weights, colour_prior,
};

/// `omega` in the units of the header, if it can be told there.
pub(crate) fn omega_units(omega: f64) -> Result<u16, Error> {
    let units = (omega * f64::from(OMEGA_UNITS)).round();
    if !(1.0..=f64::from(u16::MAX)).contains(&units) {
        let most = f64::from(u16::MAX) / f64::from(OMEGA_UNITS);
        return Err(Error::parameter("omega", omega, format!("0.125 to {most}")));
    }
    Ok(units as u16)
}

/// The shape of the network a header describes.
pub(crate) fn shape(header: &Header) -> Architecture {
    let network = &header.network;
    let omega = |units: u16| f32::from(units) / f32::from(OMEGA_UNITS);
    Architecture {
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

/// The factors by which the outermost layers of a network in a file differ from those that were fitted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gains {
    /// The factor of the first layer: omega_0 of the fit divided by omega_0 of the file.
    pub(crate) first: Gain,
    /// The factor of the last layer: the number that the signal was divided by before the fit.
    pub(crate) last: Gain,
}

impl Gains {
    /// Those of a fit to a signal that was divided by `gain`, at the frequencies of the file.
    pub(crate) fn of_signal(gain: Gain) -> Self {
        Self {
            first: Gain::default(),
            last: gain,
        }
    }

    /// The parameters of the file's network as half floats.
    pub(crate) fn halves(self, network: &Network) -> Vec<u16> {
        let mut network = network.clone();
        let scale = |layer: Option<&mut Layer>, gain: Gain| {
            if let Some(layer) = layer {
                layer.weights *= gain.factor();
                layer.bias *= gain.factor();
            }
        };
        scale(network.layers.first_mut(), self.first);
        scale(network.layers.last_mut(), self.last);
        to_halves(&network)
    }

    /// The tensors of the file's network: the same levels in other steps.
    pub(crate) fn amplified(self, mut tensors: Vec<Tensor>) -> Vec<Tensor> {
        let steps = tensors.iter_mut().map(|tensor| &mut tensor.step);
        for (step, gain) in self.outermost(steps) {
            let code = i16::from(*step) + gain.codes();
            *step = code.clamp(0, u8::MAX.into()) as u8;
        }
        tensors
    }

    /// Of something that each tensor has, that of the two tensors of the first layer and of the last, with their gain.
    pub(crate) fn outermost<T>(
        self,
        tensors: impl DoubleEndedIterator<Item = T> + ExactSizeIterator,
    ) -> impl Iterator<Item = (T, Gain)> {
        let hidden = tensors.len().saturating_sub(2);
        tensors.enumerate().filter_map(move |(index, tensor)| {
            let gain = match index {
                0 | 1 => self.first,
                _ if index >= hidden => self.last,
                _ => return None,
            };
            Some((tensor, gain))
        })
    }
}

/// The step size a code stands for: 2^(code / 8 - 24).
pub(crate) fn step_size(code: u8) -> f32 {
    (f64::from(code) / f64::from(STEP_UNITS) - f64::from(STEP_ORIGIN)).exp2() as f32
}

/// The number of a prior with `level` steps added.
pub(crate) fn differing(prior: i32, level: i32, step: u8) -> f32 {
    prior as f32 / (1 << COLOUR_PRIOR_BITS) as f32 + level as f32 * step_size(step)
}

/// The networks of a file, with the grids of latents that they see.
pub(crate) fn to_networks(file: &File) -> Result<Vec<Network>, Error> {
    let File {
        header, weights, ..
    } = file;
    let mut networks = match weights {
        Weights::Half(bits) => {
            let values = bits.iter().map(|&bits| f16::from_bits(bits).to_f32());
            networks(header, values)
        }
        Weights::Levels(tensors) => {
            let values = tensors.iter().flat_map(|Tensor { step, levels }| {
                let size = step_size(*step);
                levels.iter().map(move |&level| level as f32 * size)
            });
            networks(header, values)
        }
        Weights::Differences(tensors) => {
            let priors = colour_prior(header).unwrap_or_default();
            let values = tensors.iter().zip(&priors).flat_map(|(tensor, prior)| {
                let numbers = tensor.levels.iter().zip(prior);
                numbers.map(|(&level, &prior)| differing(prior, level, tensor.step))
            });
            networks(header, values)
        }
    }?;
    if let Some(grids) = latent_grids(file)
        && let Some(network) = networks.pop()
    {
        networks.push(network.with_grids(grids)?);
    }
    Ok(networks)
}

/// The networks that a header describes, of the `values` of all their parameters in the order of the file.
fn networks(header: &Header, mut values: impl Iterator<Item = f32>) -> Result<Vec<Network>, Error> {
    let shape = shape(header);
    // The format crate has checked the number of values.
    let short = |_| Error::Format(siren_format::Error::Malformed(Fault::NoWeights));
    let mut take = |count: usize| {
        let mut taken = Vec::with_capacity(count);
        taken.extend(values.by_ref().take(count));
        taken
    };
    let network = |_| {
        let layer = |(outputs, inputs)| {
            let weights = Array2::from_shape_vec((outputs, inputs), take(outputs * inputs));
            Ok(Layer {
                weights: weights.map_err(short)?,
                bias: Array1::from(take(outputs)),
            })
        };
        let layers: Result<Vec<_>, Error> = shape.layers().map(layer).collect();
        Network::from_layers(&shape, layers?)
    };
    (0..header.networks()).map(network).collect()
}

/// The grids of latents of a file, as numbers.
fn latent_grids(file: &File) -> Option<LatentGrids> {
    let (grids, [width, height]) = file.header.grids()?;
    let latents = file.latents.as_ref()?;
    let grid = |(grid, levels): (&Grid, &Vec<i16>)| {
        let size = step_size(grid.step);
        let [columns, rows] = grid.size(width, height).map(|side| side as usize);
        let values = levels
            .iter()
            .map(|&level| f32::from(level) * size)
            .collect();
        let values = Array2::from_shape_vec((rows, columns), values).ok()?;
        Some(LatentGrid {
            scale: grid.scale,
            values,
        })
    };
    let grids = grids.grids.iter().zip(&latents.levels).map(grid);
    Some(LatentGrids::new(
        width,
        height,
        grids.collect::<Option<_>>()?,
    ))
}

/// The tensors of the file: weights and biases of every layer, in order.
pub(crate) fn tensors(network: &Network) -> impl Iterator<Item = &[f32]> {
    network.layers().iter().flat_map(Layer::tensors)
}

/// The tensors of the file, mutable: weights and biases of every layer, in order.
pub(crate) fn tensors_mut(network: &mut Network) -> impl Iterator<Item = &mut [f32]> {
    network.layers.iter_mut().flat_map(Layer::tensors_mut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::Field;

    /// A network that was fitted at half the frequencies and to half the signal is the file's network, once its
    /// outermost layers are multiplied by the gains.
    #[test]
    fn gains_turn_the_network_of_a_fit_into_that_of_the_file() {
        let file = Architecture {
            inputs: 1,
            hidden: vec![5, 4],
            outputs: 2,
            omega_first: 24.0,
            omega_hidden: 30.0,
            activation: Activation::Sine,
            frequencies: 0,
        };
        let omega_first = 12.0;
        let fit = Architecture {
            omega_first,
            ..file.clone()
        };
        let fitted = Network::random(&fit, 3).expect("a network");
        let gains = Gains {
            first: Gain::of(0.5),
            last: Gain::of(2.0),
        };
        let halves = gains.halves(&fitted).into_iter();
        let halves: Vec<f32> = halves.map(|bits| f16::from_bits(bits).to_f32()).collect();
        let mut network = Network::random(&file, 0).expect("a network");
        for (value, half) in tensors_mut(&mut network).flatten().zip(halves) {
            *value = half;
        }
        let points = Array2::from_shape_fn((9, 1), |(index, _)| index as f32 / 4.0 - 1.0);
        let values = |network: &Network| {
            let field = Field::new(network);
            field.values(points.view()).expect("values")
        };
        for (file, fit) in values(&network).iter().zip(&values(&fitted)) {
            assert!((file - 2.0 * fit).abs() < 0.02, "{file} for twice {fit}");
        }
        let tensors = vec![
            Tensor {
                step: 100,
                levels: Vec::new()
            };
            6
        ];
        let steps: Vec<u8> = gains.amplified(tensors).iter().map(|t| t.step).collect();
        assert_eq!(steps, [92, 92, 100, 100, 108, 108]);
    }
}
