//! The network: parameters, initialisation, and its calculus.
//!
//! A SIREN (Sitzmann et al. 2020, arXiv 2006.09661) with hidden layers `a <- sin(omega (W a + b))` and
//! a linear output. The adjoints that [`Differentiator`] follows are derived in `derivation.md`, beside
//! this file.

mod differentiate;
mod evaluate;
mod field;
#[cfg(test)]
mod oracle;

pub use differentiate::{Differentiator, Objective};
pub(crate) use evaluate::Evaluator;
pub use field::Field;

use crate::Error;
use crate::kernel::Panels;
use ndarray::{Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::Uniform;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Which layers a network has, and how fast its sines turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
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
}

impl Shape {
    /// (outputs, inputs) of every layer, the linear output layer included.
    pub fn layers(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let widths = self.hidden.iter().copied().chain([self.outputs]);
        let inputs = std::iter::once(self.inputs).chain(self.hidden.iter().copied());
        widths.zip(inputs)
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.layers()
            .map(|(outputs, inputs)| outputs * (inputs + 1))
            .sum()
    }

    /// omega_0 of layer `layer`; 1 for the linear output layer.
    pub fn omega(&self, layer: usize) -> f32 {
        match layer {
            _ if layer >= self.hidden.len() => 1.0,
            0 => self.omega_first,
            _ => self.omega_hidden,
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

    /// The same, to be changed.
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
    shape: Shape,
    /// Invariant: layer k has the dimensions of item k of `shape.layers()`, in row-major order.
    pub(crate) layers: Vec<Layer>,
}

impl Network {
    /// A network with random parameters: U(-1/n, 1/n) for the weights of the first layer,
    /// U(-sqrt(6/n)/omega_0, sqrt(6/n)/omega_0) for those of the others, n inputs each (Sitzmann et
    /// al., section 3.2); biases likewise from U(-1/sqrt(n), 1/sqrt(n)), over omega_0 after the first
    /// layer, so that pre-activations stay standard-normal.
    ///
    /// The generator is ChaCha8, so a seed means the same network on every machine.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the shape has no hidden layer, a width of 0 or a bad omega.
    pub fn random(shape: &Shape, seed: u64) -> Result<Self, Error> {
        shape.validate()?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut layers = Vec::with_capacity(shape.hidden.len() + 1);
        for (index, (outputs, inputs)) in shape.layers().enumerate() {
            let n = inputs as f32;
            // The output layer has no omega of its own, but follows a hidden layer's scale.
            let omega = shape.omega(index.min(shape.hidden.len() - 1));
            let (weight, bias) = match index {
                0 => (1.0 / n, 1.0 / n.sqrt()),
                _ => ((6.0 / n).sqrt() / omega, 1.0 / n.sqrt() / omega),
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
        })
    }

    /// A network with the given layers.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the shape is bad or the layers are not of that shape.
    pub fn from_layers(shape: &Shape, mut layers: Vec<Layer>) -> Result<Self, Error> {
        shape.validate()?;
        for layer in &mut layers {
            layer.weights = layer.weights.as_standard_layout().into_owned();
        }
        let same = layers.len() == shape.hidden.len() + 1
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
        })
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
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

/// One layer as the kernels read it: omega multiplied in, weights in the order of the blocks.
#[derive(Clone, Debug)]
struct Packed {
    omega: f32,
    forward: Panels,
    bias: Vec<f32>,
}

impl Packed {
    fn new(shape: &Shape) -> Vec<Self> {
        shape
            .layers()
            .enumerate()
            .map(|(layer, (outputs, inputs))| Self {
                omega: shape.omega(layer),
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
}
