//! Files of networks that were fitted elsewhere.

use super::symmetry;
use super::weights::{omega_units, step_size, tensors};
use crate::engine::net::{Activation, Architecture, Layer, Network};
use crate::{Error, Limits};
use siren_format::{
    self as format, File, Header, Input, LEVEL_MAX, OMEGA_UNITS, Samples, Signal, Tensor, Weights,
};

/// The file of a signal that `network` computes already, such as one that another program has fitted.
///
/// Each parameter is rounded to one of 2^`bits` evenly spaced numbers on either side of zero, up to the largest of its
/// tensor. With 22 bits, the most that there can be, values and derivatives differ from those of the network by about as much as
/// floats of 32 bits do. The first layer needs that many: its sines run through many turns, so that a weight that is off by
/// 2^-21 of the largest moves them by more than all other layers do. Frequencies that are no multiples of 1/8 are brought
/// to the nearest multiple, and the weights of the layer are scaled so that the function stays the same.
/// Where hidden weights are too small to have all bits in the finest step of the format, the file has them larger by a power of
/// two, and the omega of hidden layers smaller by the same.
///
/// # Errors
/// [`Error::Parameter`] if `bits` is not 1 to 22, if the network has other activations than sines, a positional encoding
/// or grids of latents, if a sound has several segments, if the inputs are not the coordinates of the signal or the outputs not
/// its channels, or if a parameter is not finite or too large for a file. [`Error::Format`] if the format does not permit the
/// signal, or if a decoder with the limits of [`Limits::interactive`] would refuse the file.
pub fn network_file(
    network: &Network,
    signal: Signal,
    samples: Samples,
    bits: u32,
) -> Result<Vec<u8>, Error> {
    let shape = network.architecture();
    check(network, &signal, &samples)?;
    if !(1..=LEVEL_MAX.ilog2()).contains(&bits) {
        let allowed = format!("1 to {}", LEVEL_MAX.ilog2());
        return Err(Error::parameter("bits", bits, allowed));
    }
    let header = Header {
        signal,
        samples,
        network: format::Network {
            activation: format::Activation::Sine,
            input: Input::Coordinates,
            omega_first: omega_units(shape.omega_first.into())?,
            omega_hidden: hidden_units(network, bits)?,
            hidden: shape.hidden.iter().map(|&width| width as u32).collect(),
        },
    };
    Limits::interactive().check(&header)?;
    let mut folded = at_stored_frequencies(network, &header)?;
    symmetry::fold(&mut folded);
    let levels = tensors(&folded).map(|tensor| rounded(tensor, bits));
    let mut levels = levels.collect::<Result<Vec<_>, _>>()?;
    symmetry::sort(&mut levels);
    let file = File {
        header,
        weights: Weights::Levels(levels),
        latents: None,
        icc: None,
    };
    Ok(file.to_bytes()?)
}

/// Refuses a network that is no function of the points of the signal, or of a kind that the format does not have.
fn check(network: &Network, signal: &Signal, samples: &Samples) -> Result<(), Error> {
    let shape = network.architecture();
    if shape.activation != Activation::Sine {
        return Err(Error::parameter("activation", "another", "the sine"));
    }
    if shape.frequencies > 0 {
        let allowed = "left out: files have no positional encoding";
        return Err(Error::parameter("frequencies", shape.frequencies, allowed));
    }
    if network.grids().is_some() {
        let allowed = "left out: the file of a network alone has none";
        return Err(Error::parameter("grids of latents", "given", allowed));
    }
    if signal.networks() != 1 {
        let allowed = "1: a sound of one segment";
        return Err(Error::parameter("networks", signal.networks(), allowed));
    }
    let coordinates = signal.coordinates() as usize;
    if shape.inputs != coordinates {
        let allowed = format!("{coordinates}, the coordinates of a {}", signal.name());
        return Err(Error::parameter("inputs", shape.inputs, allowed));
    }
    let channels = usize::from(samples.channels);
    if shape.outputs != channels {
        let allowed = format!("{channels}, the channels");
        return Err(Error::parameter("outputs", shape.outputs, allowed));
    }
    Ok(())
}

/// The omega of the hidden layers in the file: that of the network, halved until no layer's weights are too small to have
/// `bits` bits in the finest steps there are. Weights grow as omega falls, so the function stays what it is.
fn hidden_units(network: &Network, bits: u32) -> Result<u16, Error> {
    let mut units = omega_units(network.architecture().omega_hidden.into())?;
    let hidden = network.layers().len() - 1;
    let largest = |layer: &Layer| {
        layer
            .weights
            .iter()
            .fold(0.0_f32, |most, x| most.max(x.abs()))
    };
    let layers = network.layers().iter().take(hidden).skip(1).map(largest);
    let least = f64::from(layers.fold(f32::INFINITY, f32::min));
    let mut missing = f64::from(bits).exp2() * f64::from(step_size(0)) / least;
    while missing > 1.0 && missing.is_finite() && units.is_multiple_of(2) {
        units /= 2;
        missing /= 2.0;
    }
    Ok(units)
}

/// The same function as `network`, with the frequencies that `header` has.
fn at_stored_frequencies(network: &Network, header: &Header) -> Result<Network, Error> {
    let shape = network.architecture();
    let stored = Architecture {
        omega_first: f32::from(header.network.omega_first) / f32::from(OMEGA_UNITS),
        omega_hidden: f32::from(header.network.omega_hidden) / f32::from(OMEGA_UNITS),
        ..shape.clone()
    };
    let mut layers = network.layers().to_vec();
    for (index, layer) in layers.iter_mut().enumerate() {
        let factor = f64::from(shape.omega(index)) / f64::from(stored.omega(index));
        for parameter in layer.parameters_mut() {
            *parameter = (f64::from(*parameter) * factor) as f32;
        }
    }
    Network::from_layers(&stored, layers)
}

/// The levels of a tensor, of up to `bits` bits each beside the sign, in the finest steps that allow it.
fn rounded(tensor: &[f32], bits: u32) -> Result<Tensor, Error> {
    if let Some(value) = tensor.iter().find(|value| !value.is_finite()) {
        return Err(Error::parameter("a parameter", value, "a finite number"));
    }
    let largest = tensor.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let most = f64::from(bits).exp2();
    let size = |step: u8| f64::from(step_size(step));
    let step = (0..=u8::MAX).find(|&step| f64::from(largest) <= most * size(step));
    let step = step.ok_or_else(|| {
        let allowed = format!("at most {} for {bits} bits", most * size(u8::MAX));
        Error::parameter("a parameter", largest, allowed)
    })?;
    let level = |&value: &f32| (f64::from(value) / size(step)).round() as i32;
    let levels = tensor.iter().map(level).collect();
    Ok(Tensor { step, levels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::Field;
    use crate::{Decoder, Error};
    use ndarray::Array2;
    use siren_format::Colour;

    const SIGNAL: Signal = Signal::Picture {
        width: 12,
        height: 8,
    };
    const SAMPLES: Samples = Samples {
        channels: 3,
        depth: 8,
        colour: Colour::Direct,
    };

    fn network(omega: f32) -> Network {
        let shape = Architecture {
            hidden: vec![19, 24, 7],
            omega_first: omega,
            omega_hidden: omega,
            ..Architecture::default()
        };
        let mut network = Network::random(&shape, 5).expect("a network");
        // Far beyond half a turn, so that they are folded.
        network.layers[1].bias *= 9.0;
        network
    }

    fn values(field: &Field) -> Array2<f32> {
        let points = Array2::from_shape_fn((300, 2), |(index, axis)| {
            ((index * 17 + axis * 31) % 41) as f32 / 20.0 - 1.0
        });
        field.values(points.view()).expect("values")
    }

    /// The largest difference between the values of a network and of its file.
    fn far(network: &Network, bits: u32) -> f32 {
        let file = network_file(network, SIGNAL, SAMPLES, bits).expect("a file");
        let decoder = Decoder::new(&file).expect("a picture");
        let differences = values(&Field::new(network)) - values(&decoder.field());
        differences.iter().fold(0.0, |most, x| most.max(x.abs()))
    }

    /// Hidden weights of a SIREN are a hundredth: in the finest steps they would have 17 bits only.
    #[test]
    fn small_weights_have_all_bits() {
        let shape = Architecture {
            hidden: vec![64, 64, 64],
            omega_first: 30.0,
            omega_hidden: 30.0,
            ..Architecture::default()
        };
        let network = Network::random(&shape, 2).expect("a network");
        let file = network_file(&network, SIGNAL, SAMPLES, 22).expect("a file");
        let stored = Decoder::new(&file).expect("a picture").network().clone();
        let factor = stored.architecture().omega_hidden / 30.0;
        for index in [1, 2] {
            let sorted = |network: &Network, factor: f32| {
                let weights = network.layers()[index].weights.iter();
                let mut sizes: Vec<f32> = weights.map(|x| (factor * x).abs()).collect();
                sizes.sort_by(f32::total_cmp);
                sizes
            };
            let (exact, found) = (sorted(&network, 1.0), sorted(&stored, factor));
            let allowed = exact.last().expect("weights") / 2.0_f32.powi(21);
            for (exact, found) in exact.iter().zip(&found) {
                assert!((exact - found).abs() <= allowed, "{exact} {found}");
            }
        }
    }

    #[test]
    fn the_file_of_a_network_is_its_function() {
        for omega in [30.0, 17.33] {
            let network = network(omega);
            assert!(far(&network, 22) < 1e-5, "{}", far(&network, 22));
            assert!(far(&network, 8) > 1e-4 && far(&network, 8) < 0.5);
        }
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused() {
        let refusal = |network: &Network, bits| {
            let refused = network_file(network, SIGNAL, SAMPLES, bits);
            refused.expect_err("a refusal").to_string()
        };
        let good = network(30.0);
        assert!(refusal(&good, 0).starts_with("bits is 0"));
        assert!(refusal(&good, 23).starts_with("bits is 23"));
        let other = |change: fn(&mut Architecture)| {
            let mut shape = good.architecture().clone();
            change(&mut shape);
            Network::random(&shape, 0).expect("a network")
        };
        let relu = other(|shape| shape.activation = Activation::Relu);
        assert!(refusal(&relu, 20).starts_with("activation"));
        let encoded = other(|shape| shape.frequencies = 3);
        assert!(refusal(&encoded, 20).starts_with("frequencies"));
        let solid = other(|shape| shape.inputs = 3);
        assert!(refusal(&solid, 20).starts_with("inputs is 3"));
        let gray = other(|shape| shape.outputs = 1);
        assert!(refusal(&gray, 20).starts_with("outputs is 1"));
        let slow = other(|shape| shape.omega_hidden = 0.015625);
        assert!(refusal(&slow, 20).starts_with("omega is 0.015625"));
        let changed = |value: f32| {
            let mut layers: Vec<Layer> = good.layers().to_vec();
            layers[2].weights[[0, 0]] = value;
            Network::from_layers(good.architecture(), layers).expect("a network")
        };
        assert!(refusal(&changed(f32::NAN), 20).contains("finite"));
        assert!(refusal(&changed(1e30), 20).contains("at most"));
        let empty = Signal::Picture {
            width: 0,
            height: 1,
        };
        let refused = network_file(&good, empty, SAMPLES, 20);
        assert!(matches!(refused, Err(Error::Format(_))));
    }
}
