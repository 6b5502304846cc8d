//! Pixels of many pictures and the values of their grids there, as a stream of points to fit one network to.

use sirenc::format::{
    COLOUR_PRIOR_BITS, File, Grid, STEP_ORIGIN, STEP_UNITS, colour_prior_columns,
};
use sirenc::{Architecture, Error, Layer, Network, Objective, TILE};

/// Inputs of the prior: the grids that it knows.
const COLUMNS: usize = 17;
const CHANNELS: usize = 3;
/// One of this number of pixels is kept.
const KEPT: usize = 23;
/// The stream goes through the pixels in strides of this prime.
const STRIDE: u64 = 15_485_863;

/// The shape of the prior.
pub(crate) fn shape() -> Architecture {
    Architecture {
        inputs: COLUMNS,
        hidden: vec![24],
        outputs: CHANNELS,
        omega_first: 2.0,
        omega_hidden: 2.0,
        activation: sirenc::Activation::Sine,
        frequencies: 0,
    }
}

/// A pixel: the values of all grids there, its colour from -1 to 1, and what a squared error counts.
struct Pixel {
    grids: [f32; COLUMNS],
    colour: [f32; CHANNELS],
    weight: f32,
}

/// Pixels of many pictures.
#[derive(Default)]
pub(crate) struct Pixels(Vec<Pixel>);

impl Pixels {
    /// The number of pixels.
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Adds some pixels of a picture, row by row as `colours`, that `file` has with grids, or nothing if it has none. Errors
    /// count relative to `error`, the mean squared error of the file.
    pub(crate) fn add(&mut self, file: &File, colours: &[u8], error: f64) -> Option<()> {
        let (grids, [width, _]) = file.header.grids()?;
        let latents = file.latents.as_ref()?;
        let columns = colour_prior_columns(grids)?;
        let sizes: Vec<_> = grids
            .grids
            .iter()
            .map(|grid| {
                let [width, height] = [width, (colours.len() / CHANNELS) as u32 / width];
                grid.size(width, height)
            })
            .collect();
        let first = self.0.len() % KEPT;
        for pixel in (first..colours.len() / CHANNELS).step_by(KEPT) {
            let place = [pixel % width as usize, pixel / width as usize];
            let mut values = [0.0; COLUMNS];
            for (index, (grid, levels)) in grids.grids.iter().zip(&latents.levels).enumerate() {
                values[columns[index]] = value(*grid, sizes[index], levels, place);
            }
            let samples = &colours[pixel * CHANNELS..][..CHANNELS];
            self.0.push(Pixel {
                grids: values,
                colour: [0, 1, 2].map(|channel| f32::from(samples[channel]) / 127.5 - 1.0),
                weight: (1.0 / error.max(1e-6)) as f32,
            });
        }
        Some(())
    }
}

/// The value of a grid at a pixel (SPEC 6.2.1).
fn value(grid: Grid, [columns, rows]: [u32; 2], levels: &[i16], place: [usize; 2]) -> f32 {
    let size = 2.0_f64.powf(f64::from(grid.step) / f64::from(STEP_UNITS) - f64::from(STEP_ORIGIN));
    let [across, down] = place.map(|place| {
        let node = (place as f64 + 0.5) / f64::from(1_u32 << grid.scale) - 0.5;
        let f = node - node.floor();
        let b = |f: f64| (1.0 - f).powi(3) / 6.0;
        let c = |f: f64| (3.0 * f.powi(3) - 6.0 * f * f + 4.0) / 6.0;
        (node.floor() as i64, [b(f), c(f), c(1.0 - f), b(1.0 - f)])
    });
    let mut sum = 0.0;
    for (j, weight) in (-1..).zip(down.1) {
        let row = (down.0 + j).clamp(0, i64::from(rows) - 1);
        for (i, along) in (-1..).zip(across.1) {
            let column = (across.0 + i).clamp(0, i64::from(columns) - 1);
            let level = levels[(row * i64::from(columns) + column) as usize];
            sum += weight * along * f64::from(level);
        }
    }
    (size * sum) as f32
}

/// The loss is the mean squared error of the colours, relative to that of each file.
impl Objective for Pixels {
    fn knowns(&self) -> usize {
        CHANNELS + 1
    }

    fn draw(&self, first: u64, count: usize, inputs: &mut [f32], known: &mut [f32]) {
        for slot in 0..count {
            let at = (first + slot as u64).wrapping_mul(STRIDE) % self.len();
            let pixel = &self.0[at as usize];
            let rows = inputs.chunks_exact_mut(TILE).zip(&pixel.grids);
            rows.for_each(|(row, &value)| row[slot] = value);
            let weighted = pixel.colour.iter().chain([&pixel.weight]);
            let rows = known.chunks_exact_mut(TILE).zip(weighted);
            rows.for_each(|(row, &value)| row[slot] = value);
        }
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        adjoint.fill(0.0);
        let (known, weights) = known.split_at(CHANNELS * TILE);
        let mut sum = 0.0;
        let rows = known.chunks_exact(TILE).zip(outputs.chunks_exact(TILE));
        for ((known, outputs), adjoint) in rows.zip(adjoint.chunks_exact_mut(TILE)) {
            for slot in 0..count {
                let miss = outputs[slot] - known[slot];
                let weight = weights[slot] / CHANNELS as f32;
                adjoint[slot] = 2.0 * weight * miss;
                sum += f64::from(weight * miss * miss);
            }
        }
        sum
    }
}

/// The numbers of a network in the bytes of the prior.
pub(crate) fn bytes(network: &Network) -> Vec<u8> {
    let unit = (1 << COLOUR_PRIOR_BITS) as f32;
    let numbers = network.parameters().flat_map(|&value| {
        let number = (value * unit)
            .round()
            .clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        number.to_le_bytes()
    });
    numbers.collect()
}

/// The network of colours that are the sums of their grids, nearly linear, with a little of everything beside.
pub(crate) fn linear() -> Result<Network, Error> {
    /// How much of each component is in red, green and blue.
    const COMPONENTS: [[f32; CHANNELS]; CHANNELS] =
        [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]];
    /// The first column of each component, and the end.
    const STARTS: [usize; CHANNELS + 1] = [0, 7, 12, COLUMNS];
    const SLOPE: f32 = 0.15;
    /// Sizes of random weights, biases and weights of the output layer.
    const RANDOM: [f32; 3] = [1.2, 0.3, 0.025];
    let mut layers = Network::random(&shape(), 1)?.layers().to_vec();
    if let [hidden, output] = &mut layers[..] {
        // Uniform numbers between the limits of an initialisation, which are replaced by those above.
        let limit = |numbers: &mut dyn Iterator<Item = &mut f32>, most: f32| {
            let numbers: Vec<&mut f32> = numbers.collect();
            let largest = numbers
                .iter()
                .fold(1e-9_f32, |largest, x| largest.max(x.abs()));
            numbers.into_iter().for_each(|x| *x *= 0.5 * most / largest);
        };
        limit(&mut hidden.weights.iter_mut(), RANDOM[0]);
        limit(&mut hidden.bias.iter_mut(), RANDOM[1]);
        limit(&mut output.weights.iter_mut(), RANDOM[2]);
        output.bias.fill(0.0);
        for (component, mix) in COMPONENTS.iter().enumerate() {
            hidden.bias[component] = 0.0;
            for (column, weight) in hidden.weights.row_mut(component).iter_mut().enumerate() {
                let mine = (STARTS[component]..STARTS[component + 1]).contains(&column);
                *weight = if mine { SLOPE } else { 0.0 };
            }
            for (weight, mix) in output.weights.column_mut(component).iter_mut().zip(mix) {
                *weight = mix / (2.0 * SLOPE);
            }
        }
    }
    Network::from_layers(&shape(), layers)
}

/// The network whose numbers are these bytes of a prior.
pub(crate) fn network(bytes: &[u8]) -> Result<Network, Error> {
    let mut layers = Network::random(&shape(), 1)?.layers().to_vec();
    let numbers = bytes
        .chunks_exact(2)
        .map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]]));
    let unit = (1 << COLOUR_PRIOR_BITS) as f32;
    let parameters = layers.iter_mut().flat_map(Layer::parameters_mut);
    for (parameter, number) in parameters.zip(numbers) {
        *parameter = f32::from(number) / unit;
    }
    Network::from_layers(&shape(), layers)
}
