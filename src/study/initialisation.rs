//! What an initialisation makes of activations and gradients in every layer.

use super::distribution::{Distribution, normal};
use crate::Error;
use crate::engine::net::{Activation, Network};
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardUniform;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::f64::consts::PI;

/// Most values, of points and neurons, that are looked at: four numbers each.
const MOST_VALUES: u64 = 1 << 27;

/// One hidden layer of a network that has just been initialised, beside what theory says of it.
///
#[doc = include_str!("initialisation.md")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LayerStatistics {
    /// z = omega (W x + b), over neurons and points.
    pub pre_activations: Distribution,
    /// sin z.
    pub activations: Distribution,
    /// dy/dz, y the network's output (the sum of them, if it has several).
    pub gradients: Distribution,
    /// The standard deviations of these three by the recursion over layers, for wide layers. The paper's
    /// own are 1, sqrt 1/2, and for gradients the same in every layer.
    pub expected: [f64; 3],
}

/// The distributions in every hidden layer of `network` at `points` points drawn uniformly from the cube
/// of coordinates from -1 to 1.
///
/// # Errors
/// [`Error::Parameter`] if it is no SIREN, or `points` is 0, or for more than 2^27 values in
/// all layers together, which all are in memory at once.
pub fn initialisation(
    network: &Network,
    points: usize,
    seed: u64,
) -> Result<Vec<LayerStatistics>, Error> {
    let shape = network.architecture();
    if shape.activation != Activation::Sine || shape.frequencies > 0 {
        let given = format!("{:?}", shape.activation);
        return Err(Error::parameter(
            "activation",
            given,
            "the sine, without an encoding",
        ));
    }
    if points == 0 {
        return Err(Error::parameter("number of points", points, "at least 1"));
    }
    let neurons: usize = shape.layers().map(|(outputs, _)| outputs).sum();
    let asked = points as u64 * neurons as u64;
    if asked > MOST_VALUES {
        return Err(Error::parameter(
            "number of values in all layers",
            asked,
            format!("at most {MOST_VALUES}"),
        ));
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let unit: Array2<f32> =
        Array2::random_using((points, shape.inputs), StandardUniform, &mut random);
    let traces = network.trace((2.0 * unit - 1.0).view())?;
    let expected = expected(network);
    let hidden = traces.into_iter().take(shape.hidden.len());
    Ok(hidden
        .zip(expected)
        .map(|(trace, expected)| LayerStatistics {
            pre_activations: Distribution::new(trace.pre_activations),
            activations: Distribution::new(trace.activations),
            gradients: Distribution::new(trace.adjoints),
            expected,
        })
        .collect())
}

/// Standard deviations of z, sin z and dy/dz in every hidden layer. Follows `initialisation.md`.
fn expected(network: &Network) -> Vec<[f64; 3]> {
    let shape = network.architecture();
    let inputs = shape.inputs as f64;
    // v, the variance of z, and E cos^2 z.
    let mut layers = Vec::with_capacity(shape.hidden.len());
    let omega = f64::from(shape.omega_first);
    let first = omega * omega * (1.0 / (9.0 * inputs) + 1.0 / (3.0 * inputs));
    // Spread over so many turns that sin z is arcsine-distributed.
    layers.push((first, 0.5));
    for &width in &shape.hidden[..shape.hidden.len() - 1] {
        let sines = 1.0 - layers[layers.len() - 1].1;
        let variance = 2.0 * sines + 1.0 / (3.0 * width as f64);
        layers.push((variance, 0.5 + 0.5 * (-2.0 * variance).exp()));
    }
    // Backwards from the output layer, whose weights follow the scale of a hidden layer's.
    let mut outputs = shape.outputs as f64;
    let mut above = 1.0 / f64::from(shape.omega(shape.hidden.len().saturating_sub(1))).powi(2);
    let mut all = Vec::with_capacity(layers.len());
    for (&(variance, cosines), &width) in layers.iter().zip(&shape.hidden).rev() {
        let gradient = cosines * 2.0 * outputs / width as f64 * above;
        all.push([variance, 1.0 - cosines, gradient].map(f64::sqrt));
        (outputs, above) = (width as f64, gradient);
    }
    all.reverse();
    all
}

/// The share of the arcsine distribution on (-1, 1) below `x`: that of sin z for z spread evenly over
/// whole turns.
pub fn arcsine(x: f64) -> f64 {
    0.5 + x.clamp(-1.0, 1.0).asin() / PI
}

/// The share of sin z below `x`, for z normal with mean 0 and standard deviation `deviation`.
pub fn folded_normal(x: f64, deviation: f64) -> f64 {
    let angle = x.clamp(-1.0, 1.0).asin();
    let share = |from: f64, to: f64| normal(to / deviation) - normal(from / deviation);
    // sin z < x between pi - angle and 2 pi + angle, of every turn.
    let turns = (deviation * 2.0).ceil() as i32 + 1;
    (-turns..=turns)
        .map(|turn| {
            let turn = 2.0 * PI * f64::from(turn);
            share(turn - PI - angle, turn + angle)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::Architecture;

    fn siren(layers: usize, width: usize) -> Network {
        let shape = Architecture {
            hidden: vec![width; layers],
            outputs: 1,
            ..Architecture::default()
        };
        Network::random(&shape, 1).unwrap()
    }

    #[test]
    fn layers_are_as_theory_says_at_any_depth() {
        let layers = initialisation(&siren(8, 256), 512, 2).unwrap();
        assert_eq!(layers.len(), 8);
        for (index, layer) in layers.iter().enumerate() {
            let [z, sine, gradient] = layer.expected;
            let near = |found: &Distribution, expected: f64| {
                let ratio = found.deviation / expected;
                assert!(
                    (0.85..1.15).contains(&ratio),
                    "layer {index}: {found:?} {expected}",
                    found = found.deviation
                );
            };
            near(&layer.pre_activations, z);
            near(&layer.activations, sine);
            near(&layer.gradients, gradient);
            assert!(layer.activations.mean.abs() < 0.06);
            if index == 0 {
                assert!(layer.activations.distance(arcsine) < 0.02);
            } else {
                assert!(
                    layer.pre_activations.distance(|x| normal(x / z)) < 0.03,
                    "{index}"
                );
                assert!(
                    layer.activations.distance(|x| folded_normal(x, z)) < 0.03,
                    "{index}"
                );
                assert!(layer.pre_activations.distance(normal) < 0.08, "{index}");
            }
        }
        // What is not initialised like this is found out.
        let mut wide = siren(3, 64);
        wide.layers[1].weights *= 2.0;
        let wide = initialisation(&wide, 512, 2).unwrap();
        assert!(wide[1].pre_activations.distance(normal) > 0.1);
    }

    #[test]
    fn the_recursion_has_a_fixed_point() {
        // v = 1 - e^(-2 v), biases aside.
        let layers = expected(&siren(30, 4096));
        let [z, sine, gradient] = layers[20];
        assert!((z * z - 0.796_812).abs() < 1e-3 && (sine * sine - 0.5 * 0.796_812).abs() < 1e-3);
        assert!((layers[1][0] - 1.0).abs() < 1e-3);
        let growth = (gradient / layers[21][2]).powi(2);
        assert!((growth - 1.203_188).abs() < 1e-3, "{growth}");
    }

    #[test]
    fn cumulative_functions_rise_from_0_to_1() {
        for deviation in [0.3, 0.9, 14.0] {
            let shares: Vec<f64> = (-20..=20)
                .map(|i| folded_normal(f64::from(i) / 20.0, deviation))
                .collect();
            assert!(
                shares.is_sorted() && shares[0].abs() < 1e-5 && (shares[40] - 1.0).abs() < 1e-5
            );
            assert!((shares[20] - 0.5).abs() < 1e-5);
        }
        // A wide normal distribution wraps around evenly.
        assert!((folded_normal(0.3, 20.0) - arcsine(0.3)).abs() < 1e-4);
        assert!((arcsine(0.5) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn other_networks_are_refused() {
        let shape = Architecture {
            activation: Activation::Tanh,
            ..siren(2, 4).architecture().clone()
        };
        assert!(initialisation(&Network::random(&shape, 0).unwrap(), 9, 0).is_err());
        assert!(initialisation(&siren(1, 4), 0, 0).is_err());
    }
}
