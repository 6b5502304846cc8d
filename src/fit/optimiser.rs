//! What optimisers have in common, and which of them suits a network.

use super::persist::{Archive, Persist};
use super::soap::Soap;
use crate::Error;
use crate::engine::net::{Layer, Network};

/// Turns gradients into steps. The seam at which optimisers are exchanged.
pub(crate) trait Optimiser: Persist {
    /// Moves the parameters of `network` against `gradient` by about `rate` each.
    fn step(&mut self, network: &mut Network, gradient: &[Layer], rate: f32);

    /// The one that devices know too, if it is that.
    fn soap(&mut self) -> Option<&mut Soap> {
        None
    }
}

/// The optimiser that suits `network`: SOAP, unless a layer is so wide that products of its square
/// matrices would take longer than the gradient.
pub(crate) fn suited(network: &Network) -> Box<dyn Optimiser> {
    let widest = network.layers().iter().map(|layer| layer.bias.len()).max();
    if widest.is_some_and(|widest| widest > 512) {
        Box::new(Adam::new(network))
    } else {
        Box::new(Soap::new(network))
    }
}

/// Layers of the same dimensions as those of `network`, all zeros.
pub(crate) fn zeros_like(network: &Network) -> Vec<Layer> {
    let layers = network.layers().iter();
    layers
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

/// Adam, the plain one.
pub(crate) struct Adam {
    steps: i32,
    means: Vec<Layer>,
    squares: Vec<Layer>,
}

impl Adam {
    pub(crate) fn new(network: &Network) -> Self {
        Self {
            steps: 0,
            means: zeros_like(network),
            squares: zeros_like(network),
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
    fn step(&mut self, network: &mut Network, gradient: &[Layer], rate: f32) {
        self.steps = self.steps.saturating_add(1);
        let (unbias_mean, unbias_square) = bias_correction(BETA_1, BETA_2, self.steps);
        let states = self.means.iter_mut().zip(&mut self.squares);
        for ((layer, gradient), (mean, square)) in
            network.layers.iter_mut().zip(gradient).zip(states)
        {
            let states = mean.parameters_mut().zip(square.parameters_mut());
            let pairs = layer.parameters_mut().zip(gradient.parameters());
            for ((x, &g), (mean, square)) in pairs.zip(states) {
                *mean += (1.0 - BETA_1) * (g - *mean);
                *square += (1.0 - BETA_2) * (g * g - *square);
                *x -= rate * *mean * unbias_mean / ((*square * unbias_square).sqrt() + EPSILON);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::Architecture;

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
        let optimisers: [Box<dyn Optimiser>; 2] =
            [Box::new(Adam::new(&start)), Box::new(Soap::new(&start))];
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
                optimiser.step(&mut network, &gradient, 0.02 * (1.0 - step as f32 / 2000.0));
            }
            assert!(network.parameters().all(|x| (x - 0.5).abs() < 1e-2));
        }
    }
}
