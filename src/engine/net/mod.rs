//! The network: parameters, initialisation, and its calculus.
//!
//! A SIREN (Sitzmann et al. 2020, arXiv 2006.09661) with hidden layers `a <- sin(omega (W a + b))` and
//! a linear output; or, to compare with, another [`Activation`] in place of the sine, with or without a
//! positional encoding before it. What goes through the layers is the *jet* of a batch of points: value,
//! first derivatives by the coordinates and Laplacian, as far as an [`Order`] wants them. Its rules and
//! their adjoints, which [`Differentiator`] follows, are derived in `derivation.md`, beside this file.

#[cfg(feature = "gpu")]
mod accelerate;
#[cfg(test)]
mod continued;
#[cfg(any(test, feature = "counted"))]
mod counted;
mod device;
mod differentiate;
mod evaluate;
mod field;
mod objective;
#[cfg(test)]
pub(crate) mod oracle;
#[cfg(all(test, feature = "encode"))]
mod steady;
mod sweep;
mod trace;

pub use super::kernel::{Activation, Order};
#[cfg(any(test, feature = "counted"))]
pub use counted::counted;
pub(crate) use device::Descent;
#[cfg(test)]
pub(crate) use device::{Accelerator, Gradient, Values};
pub use device::{Device, Engine};
pub use differentiate::Differentiator;
pub(crate) use evaluate::{Evaluator, Scratch};
pub use field::{Field, Jets};
pub use objective::{Objective, Squares};
pub(crate) use sweep::Sweep;
pub use trace::Trace;

use super::grid::LatentGrids;
use super::kernel::{Panels, TILE, affine};
use crate::Error;
use fearless_simd::Simd;
use ndarray::{Array1, Array2};
#[cfg(feature = "encode")]
use ndarray_rand::{RandomExt, rand_distr::Uniform};
#[cfg(feature = "encode")]
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::sync::Arc;

/// Which layers a network has, and how fast its sines turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// Number of coordinates: 2 for pictures.
    pub inputs: usize,
    /// Width of each hidden layer; at least one.
    pub hidden: Vec<usize>,
    /// Number of values per point: the channels of a picture.
    pub outputs: usize,
    /// omega_0 of the first layer: the highest frequency it starts from, in radians per unit.
    pub omega_first: f32,
    /// omega_0 of the other hidden layers.
    pub omega_hidden: f32,
    /// What hidden layers make of `omega (W a + b)`; omega is 1 for all but the sine.
    pub activation: Activation,
    /// Frequencies of a positional encoding (Mildenhall et al. 2020, arXiv 2003.08934) between the
    /// coordinates and the first hidden layer: sin and cos of 2^k pi times each coordinate, k from 0 on.
    /// None for a SIREN. It is the network's first layer, of sines, and is not trained.
    pub frequencies: usize,
}

impl Default for Architecture {
    /// A SIREN for colour pictures with both omegas 30, still without hidden layers.
    fn default() -> Self {
        Self {
            inputs: 2,
            hidden: Vec::new(),
            outputs: 3,
            omega_first: 30.0,
            omega_hidden: 30.0,
            activation: Activation::Sine,
            frequencies: 0,
        }
    }
}

impl Architecture {
    /// (outputs, inputs) of every layer, the linear output layer included.
    pub fn layers(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let encoded = (self.frequencies > 0).then_some(2 * self.inputs * self.frequencies);
        let hidden = encoded.into_iter().chain(self.hidden.iter().copied());
        let widths = hidden.clone().chain([self.outputs]);
        let inputs = std::iter::once(self.inputs).chain(hidden);
        widths.zip(inputs)
    }

    /// Number of weights and biases that are trained.
    pub fn parameters(&self) -> usize {
        self.layers()
            .skip(self.frozen())
            .map(|(outputs, inputs)| outputs * (inputs + 1))
            .sum()
    }

    /// Number of first layers that are not trained: that of the positional encoding, if there is one.
    pub fn frozen(&self) -> usize {
        usize::from(self.frequencies > 0)
    }

    /// omega_0 of layer `layer`; 1 for the linear output layer.
    pub fn omega(&self, layer: usize) -> f32 {
        match layer {
            _ if self.activation != Activation::Sine => 1.0,
            _ if layer >= self.frozen() + self.hidden.len() || layer < self.frozen() => 1.0,
            0 => self.omega_first,
            _ => self.omega_hidden,
        }
    }

    /// The activation of layer `layer`; none for the linear output layer.
    pub fn activation(&self, layer: usize) -> Option<Activation> {
        match layer {
            _ if layer < self.frozen() => Some(Activation::Sine),
            _ if layer < self.frozen() + self.hidden.len() => Some(self.activation),
            _ => None,
        }
    }

    fn validate(&self) -> Result<(), Error> {
        let widths = [self.inputs, self.outputs]
            .into_iter()
            .chain(self.hidden.iter().copied());
        if self.hidden.is_empty() {
            return Err(Error::parameter("number of hidden layers", 0, "at least 1"));
        }
        if let Some(width) = widths
            .into_iter()
            .find(|width| !(1..=65_535).contains(width))
        {
            return Err(Error::parameter("layer width", width, "1 to 65535"));
        }
        for omega in [self.omega_first, self.omega_hidden] {
            if !(omega.is_finite() && omega > 0.0) {
                return Err(Error::parameter("omega", omega, "a positive number"));
            }
        }
        Ok(())
    }
}

/// Weights (outputs x inputs) and biases (outputs) of one layer, or anything of their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// W, outputs x inputs.
    pub weights: Array2<f32>,
    /// b, one per output.
    pub bias: Array1<f32>,
}

impl Layer {
    /// All zeros, `outputs` x `inputs`.
    pub fn zeros(outputs: usize, inputs: usize) -> Self {
        Self {
            weights: Array2::zeros((outputs, inputs)),
            bias: Array1::zeros(outputs),
        }
    }

    /// Weights row by row, and biases.
    pub(crate) fn tensors(&self) -> [&[f32]; 2] {
        [self.weights.as_slice(), self.bias.as_slice()].map(Option::unwrap_or_default)
    }

    /// Weights row by row, and biases, mutable.
    pub(crate) fn tensors_mut(&mut self) -> [&mut [f32]; 2] {
        [self.weights.as_slice_mut(), self.bias.as_slice_mut()].map(Option::unwrap_or_default)
    }

    /// Every parameter: weights row by row, then biases. The order of the file.
    pub fn parameters(&self) -> impl Iterator<Item = &f32> {
        self.weights.iter().chain(&self.bias)
    }

    /// Every parameter, in the order of [`Layer::parameters`].
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        self.weights.iter_mut().chain(&mut self.bias)
    }
}

/// A SIREN: its shape and parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    shape: Architecture,
    /// Invariant: layer k has the dimensions of item k of `shape.layers()`, in row-major order.
    pub(crate) layers: Vec<Layer>,
    /// What maps the coordinates of a picture to the inputs of the first layer; none if they are these inputs.
    grids: Option<Arc<LatentGrids>>,
}

impl Network {
    /// A network with random parameters: U(-1/n, 1/n) for the weights of the first layer,
    /// U(-sqrt(6/n)/omega_0, sqrt(6/n)/omega_0) for those of the others, n inputs each (Sitzmann et
    /// al., section 3.2); biases likewise from U(-1/sqrt(n), 1/sqrt(n)), over omega_0 after the first
    /// layer, so that pre-activations stay standard-normal.
    ///
    /// With other activations weights come from U(-sqrt(6/n), sqrt(6/n)) for ReLU and leaky ReLU (He et
    /// al. 2015, arXiv 1502.01852) and from U(-sqrt(6/(n+m)), sqrt(6/(n+m))), m outputs, for tanh (Glorot
    /// and Bengio 2010); biases as above, without omega_0.
    ///
    /// The generator is ChaCha8, so a seed means the same network on every machine.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the shape has no hidden layer, a width of 0 or a bad omega.
    #[cfg(feature = "encode")]
    pub fn random(shape: &Architecture, seed: u64) -> Result<Self, Error> {
        shape.validate()?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut layers = Vec::with_capacity(shape.hidden.len() + 1);
        for (index, (outputs, inputs)) in shape.layers().enumerate() {
            if index < shape.frozen() {
                layers.push(encoding(shape));
                continue;
            }
            let (n, m) = (inputs as f32, outputs as f32);
            // The output layer has no omega of its own, but follows a hidden layer's scale.
            let omega = shape.omega(index.min(shape.hidden.len() - 1));
            let (weight, bias) = match (shape.activation, index) {
                (Activation::Sine, 0) => (1.0 / n, 1.0 / n.sqrt()),
                (Activation::Sine, _) => ((6.0 / n).sqrt() / omega, 1.0 / n.sqrt() / omega),
                (Activation::Tanh, _) => ((6.0 / (n + m)).sqrt(), 1.0 / n.sqrt()),
                (Activation::Relu | Activation::LeakyRelu, _) => ((6.0 / n).sqrt(), 1.0 / n.sqrt()),
            };
            let uniform = |bound: f32| {
                Uniform::new_inclusive(-bound, bound).map_err(|_| {
                    Error::parameter("omega", omega, "a number that leaves weights finite")
                })
            };
            layers.push(Layer {
                weights: Array2::random_using((outputs, inputs), uniform(weight)?, &mut random),
                bias: Array1::random_using(outputs, uniform(bias)?, &mut random),
            });
        }
        Ok(Self {
            shape: shape.clone(),
            layers,
            grids: None,
        })
    }

    /// A network with the given layers.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the shape is bad or the layers are not of that shape.
    pub fn from_layers(shape: &Architecture, mut layers: Vec<Layer>) -> Result<Self, Error> {
        shape.validate()?;
        for layer in &mut layers {
            // What is not in the order of rows is copied.
            if !layer.weights.is_standard_layout() {
                layer.weights = layer.weights.as_standard_layout().into_owned();
            }
        }
        let same = layers.len() == shape.layers().count()
            && shape
                .layers()
                .zip(&layers)
                .all(|(dim, layer)| layer.weights.dim() == dim && layer.bias.dim() == dim.0);
        if !same {
            return Err(Error::parameter(
                "layers",
                "of other dimensions",
                "those of the shape",
            ));
        }
        Ok(Self {
            shape: shape.clone(),
            layers,
            grids: None,
        })
    }

    /// This network with the values of `grids` as its inputs, so that it is a function of the two coordinates of a picture.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the network has not one input for each grid.
    pub fn with_grids(self, grids: LatentGrids) -> Result<Self, Error> {
        let (count, inputs) = (grids.grids().len(), self.shape.inputs);
        if count != inputs {
            return Err(Error::parameter("number of grids", count, inputs));
        }
        Ok(Self {
            grids: Some(Arc::new(grids)),
            ..self
        })
    }

    /// The grids of latents whose values are the network's inputs, if it has any.
    pub fn grids(&self) -> Option<&LatentGrids> {
        self.grids.as_deref()
    }

    /// Coordinates of the points that the network is a function of: its inputs, or 2 if these are the values of grids.
    pub fn coordinates(&self) -> usize {
        match self.grids {
            Some(_) => 2,
            None => self.shape.inputs,
        }
    }

    /// The shape.
    pub fn architecture(&self) -> &Architecture {
        &self.shape
    }

    /// The layers, input to output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Every parameter, layer by layer, in the order of the file.
    pub fn parameters(&self) -> impl Iterator<Item = &f32> {
        self.layers.iter().flat_map(Layer::parameters)
    }

    /// Whether every parameter is finite.
    pub fn is_finite(&self) -> bool {
        self.parameters().all(|value| value.is_finite())
    }
}

/// The layer of a positional encoding: sin z and sin (z + pi / 2), z = 2^k pi x_i.
fn encoding(shape: &Architecture) -> Layer {
    use std::f32::consts::{FRAC_PI_2, PI};
    let mut layer = Layer::zeros(2 * shape.inputs * shape.frequencies, shape.inputs);
    for (row, (mut weights, bias)) in layer
        .weights
        .rows_mut()
        .into_iter()
        .zip(&mut layer.bias)
        .enumerate()
    {
        let (pair, input) = (row / 2, row / 2 % shape.inputs);
        weights[input] = PI * 2f32.powi((pair / shape.inputs) as i32);
        *bias = if row % 2 == 0 { 0.0 } else { FRAC_PI_2 };
    }
    layer
}

/// One layer as the kernels read it: omega multiplied in, weights in the order of the blocks.
#[derive(Clone, Debug)]
struct Packed {
    omega: f32,
    activation: Option<Activation>,
    forward: Panels,
    bias: Vec<f32>,
}

impl Packed {
    fn new(shape: &Architecture) -> Vec<Self> {
        shape
            .layers()
            .enumerate()
            .map(|(layer, (outputs, inputs))| Self {
                omega: shape.omega(layer),
                activation: shape.activation(layer),
                forward: Panels::new(outputs, inputs),
                bias: vec![0.0; outputs],
            })
            .collect()
    }

    fn pack(&mut self, layer: &Layer) {
        self.forward.pack(layer.weights.view(), self.omega);
        for (packed, bias) in self.bias.iter_mut().zip(&layer.bias) {
            *packed = self.omega * bias;
        }
    }

    /// The jets of W x + b, times omega, of the jets `x` of [`TILE`] points: only values see the bias.
    #[inline(always)]
    fn affine<S: Simd>(&self, simd: S, x: &[f32], z: &mut [f32]) {
        let (x, z) = (
            x.chunks_exact(self.forward.columns() * TILE),
            z.chunks_exact_mut(self.forward.rows() * TILE),
        );
        for (component, (x, z)) in x.zip(z).enumerate() {
            let bias = if component == 0 {
                self.bias.as_slice()
            } else {
                &[]
            };
            affine(simd, &self.forward, bias, x, z);
        }
    }
}

/// Completes the jets of coordinates, of which the values are written: their derivatives by themselves.
fn complete(coordinates: &mut [f32], inputs: usize, order: Order) {
    let (_, rest) = coordinates.split_at_mut(inputs * TILE);
    rest.fill(0.0);
    if order > Order::Value {
        for (input, component) in rest
            .chunks_exact_mut(inputs * TILE)
            .take(inputs)
            .enumerate()
        {
            component[input * TILE..][..TILE].fill(1.0);
        }
    }
}
