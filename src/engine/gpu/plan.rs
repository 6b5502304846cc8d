//! How a network is laid out in the memory of a GPU, and the shader for that.

use crate::error::GpuError;

/// Layers of a multilayer perceptron of sines with a linear output layer, as far as a device must know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Perceptron {
    /// (outputs, inputs) of every layer.
    pub(crate) layers: Vec<(usize, usize)>,
    /// omega_0 of every layer.
    pub(crate) omegas: Vec<f32>,
}

/// Tile sizes to choose from, largest first: points.
const TILES: [usize; 3] = [64, 32, 16];
/// Most vec4s of saved pre-activations per thread: beyond this, private memory is no longer a matter of course.
const MOST_LAYERS: usize = 64;

/// How a perceptron is laid out in the memories of a device. Lengths are in vec4s, 16 bytes each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) layers: Vec<Place>,
    /// Length of all parameters.
    pub(super) parameters: usize,
    /// Points in the tile of a workgroup.
    pub(super) points: usize,
    /// Threads of a workgroup.
    pub(super) threads: usize,
    /// Lengths of the two areas of workgroup memory.
    tile: usize,
    other: usize,
    /// Whether the second holds the weights of any layer.
    staged: bool,
}

/// Where the parameters of a layer are, and how many groups of 4 neurons it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) weights: usize,
    pub(super) bias: usize,
    pub(super) outs: usize,
    pub(super) ins: usize,
    omega: f32,
}

impl Plan {
    /// The plan with the largest tile that `threads` threads to a workgroup and `bytes` of its memory allow.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] if a layer is too wide for any, or there are too many.
    pub(super) fn new(
        perceptron: &Perceptron,
        threads: usize,
        bytes: usize,
    ) -> Result<Self, GpuError> {
        if perceptron.layers.len() > MOST_LAYERS {
            let what = format!("{} layers", perceptron.layers.len());
            return Err(GpuError::Unsupported(format!(
                "{what}; at most {MOST_LAYERS} are possible there"
            )));
        }
        let mut parameters = 0;
        let places = perceptron.layers.iter().zip(&perceptron.omegas);
        let layers: Vec<Place> = places
            .map(|(&(outputs, inputs), &omega)| {
                let (outs, ins) = (outputs.div_ceil(4), inputs.div_ceil(4));
                let weights = parameters;
                let bias = weights + 4 * outs * ins;
                parameters = bias + outs;
                Place {
                    weights,
                    bias,
                    outs,
                    ins,
                    omega,
                }
            })
            .collect();
        let sides = layers.iter().flat_map(|layer| [layer.outs, layer.ins]);
        let widest = sides.max().unwrap_or(1);
        let matrix = layers.iter().map(|layer| 4 * layer.outs * layer.ins).max();
        let matrix = matrix.unwrap_or(0);
        let fit = |points: usize, staged: bool| {
            let lanes = points / 4;
            // A row is padded by one vec4.
            let tile = 4 * widest * (lanes + 1);
            let other = if staged { tile.max(matrix) } else { tile };
            let fits = widest * lanes <= threads && 16 * (tile + other) <= bytes;
            fits.then(|| Self {
                layers: layers.clone(),
                parameters,
                points,
                threads: widest * lanes,
                tile,
                other,
                staged,
            })
        };
        let choices = TILES.map(|points| (points, true)).into_iter();
        let choices = choices.chain(TILES.map(|points| (points, false)));
        let plan = choices
            .into_iter()
            .find_map(|(points, staged)| fit(points, staged));
        plan.ok_or_else(|| {
            GpuError::Unsupported(format!(
                "a layer of {} neurons, which its {bytes} bytes of workgroup memory do not hold",
                4 * widest
            ))
        })
    }

    /// The shader that follows this plan.
    pub(super) fn shader(&self) -> String {
        let lanes = self.points / 4;
        let numbers = [
            ("LAYERS", self.layers.len()),
            ("LANES", lanes),
            ("STRIDE", lanes + 1),
            ("THREADS", self.threads),
            ("TILE", self.tile),
            ("OTHER", self.other),
        ];
        let numbers = numbers.map(|(name, value)| format!("const {name} = {value}u;\n"));
        let staged = format!("const STAGED = {};\n", self.staged);
        numbers.concat() + &staged + include_str!("shader.wgsl")
    }

    /// The shader's `layers`.
    pub(super) fn table(&self) -> Vec<u32> {
        let row = |layer: &Place| {
            let places = [layer.weights, layer.bias, layer.outs, layer.ins].map(|n| n as u32);
            let [weights, bias, outs, ins] = places;
            [weights, bias, outs, ins, layer.omega.to_bits(), 0, 0, 0]
        };
        self.layers.iter().flat_map(row).collect()
    }

    /// Copies weights (row by row) and bias of every layer to their places in `padded`, whose padding is left.
    pub(super) fn pad<'a>(&self, layers: impl Iterator<Item = [&'a [f32]; 2]>, padded: &mut [f32]) {
        for (place, [weights, bias]) in self.layers.iter().zip(layers) {
            let columns = weights.len() / bias.len();
            let rows = padded[4 * place.weights..].chunks_exact_mut(4 * place.ins);
            for (row, weights) in rows.zip(weights.chunks_exact(columns)) {
                row[..columns].copy_from_slice(weights);
            }
            padded[4 * place.bias..][..bias.len()].copy_from_slice(bias);
        }
    }

    /// The reverse of [`Plan::pad`].
    pub(super) fn strip<'a>(
        &self,
        padded: &[f32],
        layers: impl Iterator<Item = [&'a mut [f32]; 2]>,
    ) {
        for (place, [weights, bias]) in self.layers.iter().zip(layers) {
            let columns = weights.len() / bias.len();
            let rows = padded[4 * place.weights..].chunks_exact(4 * place.ins);
            for (row, weights) in rows.zip(weights.chunks_exact_mut(columns)) {
                weights.copy_from_slice(&row[..columns]);
            }
            bias.copy_from_slice(&padded[4 * place.bias..][..bias.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perceptron(width: usize, depth: usize) -> Perceptron {
        let mut layers = vec![(width, width); depth + 1];
        (layers[0].1, layers[depth].0) = (2, 3);
        Perceptron {
            omegas: vec![30.0; depth + 1],
            layers,
        }
    }

    #[test]
    fn tiles_shrink_as_layers_widen_until_they_are_refused() {
        // What every device has to offer, and what a large one has.
        let small = |width| Plan::new(&perceptron(width, 10), 256, 16_352);
        let large = |width| Plan::new(&perceptron(width, 10), 256, 49_152);
        let points =
            |plan: Result<Plan, GpuError>| plan.map(|plan| (plan.points, plan.staged)).ok();
        assert_eq!(points(small(28)), Some((64, true)));
        assert_eq!(points(small(40)), Some((32, true)));
        assert_eq!(points(small(64)), Some((16, false)));
        assert_eq!(points(small(104)), None);
        assert_eq!(points(large(64)), Some((64, true)));
        assert_eq!(points(large(128)), Some((32, false)));
        assert!(matches!(large(2000), Err(GpuError::Unsupported(_))));
        assert!(Plan::new(&perceptron(8, 255), 256, 49_152).is_err());
    }

    #[test]
    fn what_is_padded_is_stripped_again() {
        let perceptron = perceptron(7, 2);
        let plan = Plan::new(&perceptron, 256, 16_352).unwrap();
        let numbers: Vec<f32> = (1..500).map(|i| i as f32).collect();
        let mut rest = numbers.as_slice();
        let layers: Vec<[&[f32]; 2]> = perceptron
            .layers
            .iter()
            .map(|&(outputs, inputs)| {
                let (weights, more) = rest.split_at(outputs * inputs);
                let (bias, more) = more.split_at(outputs);
                rest = more;
                [weights, bias]
            })
            .collect();
        let mut padded = vec![0.0; 4 * plan.parameters];
        plan.pad(layers.iter().copied(), &mut padded);
        let mut back: Vec<[Vec<f32>; 2]> = layers
            .iter()
            .map(|layer| layer.map(|t| vec![0.0; t.len()]))
            .collect();
        plan.strip(
            &padded,
            back.iter_mut()
                .map(|layer| layer.each_mut().map(Vec::as_mut_slice)),
        );
        assert!(layers.iter().flatten().eq(back.iter().flatten()));
        let kept = padded.iter().filter(|&&x| x != 0.0).count();
        assert_eq!(
            kept,
            layers.iter().flatten().map(|t| t.len()).sum::<usize>()
        );
    }
}
