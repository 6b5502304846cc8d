//! What optimisers have in common, and which of them suits some parameters.
//!
//! Parameters come in groups, each a matrix with a vector beside it, as the weights and biases of a layer are.
//! Optimisers know nothing else of the network.

use super::persist::{Archive, Persist};
use super::soap::Soap;
use crate::Error;
use crate::engine::net::Layer;

/// Turns gradients into steps. The seam at which optimisers are exchanged.
pub(crate) trait Optimiser: Persist {
    /// Moves `parameters` against `gradient` by about `rate` each.
    fn step(&mut self, parameters: &mut [Layer], gradient: &[Layer], rate: f32);

    /// The one that devices know too, if it is that.
    fn soap(&mut self) -> Option<&mut Soap> {
        None
    }
}

/// The optimiser that suits groups of parameters like these: SOAP, unless one is so wide that products of its square
/// matrices would take longer than the gradient.
pub(crate) fn suited(parameters: &[Layer]) -> Box<dyn Optimiser> {
    let widest = parameters.iter().map(|layer| layer.bias.len()).max();
    if widest.is_some_and(|widest| widest > 512) {
        Box::new(Adam::new(parameters))
    } else {
        Box::new(Soap::new(parameters))
    }
}

/// Groups of the same dimensions as `parameters`, all zeros.
pub(crate) fn zeros_like(parameters: &[Layer]) -> Vec<Layer> {
    parameters
        .iter()
        .map(|layer| Layer::zeros(layer.bias.len(), layer.weights.ncols()))
        .collect()
}

/// Constants of Adam (Kingma and Ba 2015, arXiv 1412.6980).
pub(crate) const BETA_1: f32 = 0.9;
pub(crate) const BETA_2: f32 = 0.99;
pub(crate) const EPSILON: f32 = 1e-12;

/// Factors that undo the bias of running means that started at zero, after `steps` steps.
pub(crate) fn bias_correction(beta_1: f32, beta_2: f32, steps: i32) -> (f32, f32) {
    (
        1.0 / (1.0 - beta_1.powi(steps)),
        1.0 / (1.0 - beta_2.powi(steps)),
    )
}

/// What Adam takes off a parameter with this gradient, whose running means of gradients and of their squares it updates;
/// `unbias` is what [`bias_correction`] gives.
#[inline(always)]
pub(crate) fn adam_step(
    rate: f32,
    gradient: f32,
    mean: &mut f32,
    square: &mut f32,
    unbias: (f32, f32),
) -> f32 {
    *mean += (1.0 - BETA_1) * (gradient - *mean);
    *square += (1.0 - BETA_2) * (gradient * gradient - *square);
    rate * *mean * unbias.0 / ((*square * unbias.1).sqrt() + EPSILON)
}

/// Adam, the plain one.
pub(crate) struct Adam {
    steps: i32,
    means: Vec<Layer>,
    squares: Vec<Layer>,
}

impl Adam {
    pub(crate) fn new(parameters: &[Layer]) -> Self {
        Self {
            steps: 0,
            means: zeros_like(parameters),
            squares: zeros_like(parameters),
        }
    }
}

impl Persist for Adam {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.steps.visit(archive)?;
        self.means.visit(archive)?;
        self.squares.visit(archive)
    }
}

impl Optimiser for Adam {
    fn step(&mut self, parameters: &mut [Layer], gradient: &[Layer], rate: f32) {
        self.steps = self.steps.saturating_add(1);
        let unbias = bias_correction(BETA_1, BETA_2, self.steps);
        let states = self.means.iter_mut().zip(&mut self.squares);
        for ((layer, gradient), (mean, square)) in parameters.iter_mut().zip(gradient).zip(states) {
            let states = mean.parameters_mut().zip(square.parameters_mut());
            let pairs = layer.parameters_mut().zip(gradient.parameters());
            for ((x, &g), (mean, square)) in pairs.zip(states) {
                *x -= adam_step(rate, g, mean, square, unbias);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::{Architecture, Network};

    /// Either optimiser walks a badly scaled quadratic down to its minimum.
    #[test]
    fn a_quadratic_is_minimised() {
        let shape = Architecture {
            inputs: 2,
            hidden: vec![5],
            outputs: 3,
            omega_first: 1.0,
            omega_hidden: 1.0,
            ..Architecture::default()
        };
        let start = Network::random(&shape, 1).unwrap();
        let optimisers: [Box<dyn Optimiser>; 2] = [
            Box::new(Adam::new(start.layers())),
            Box::new(Soap::new(start.layers())),
        ];
        for mut optimiser in optimisers {
            let mut network = start.clone();
            let scale = |index: usize| 10f32.powi(index as i32 % 4);
            for step in 0..2000 {
                let mut gradient = network.layers().to_vec();
                for layer in &mut gradient {
                    for (index, x) in layer.parameters_mut().enumerate() {
                        *x = scale(index) * (*x - 0.5);
                    }
                }
                optimiser.step(
                    &mut network.layers,
                    &gradient,
                    0.02 * (1.0 - step as f32 / 2000.0),
                );
            }
            assert!(network.parameters().all(|x| (x - 0.5).abs() < 1e-2));
        }
    }
}
