//! The prior in floats, and how it is trained: Adam on the bits that levels take.

use sirenc::format::PLACEHOLDER_INPUTS;

/// Samples between two steps.
pub(crate) const BATCH: usize = 512;
/// The most outputs of a layer.
const WIDTH: usize = 32;
/// Units of inputs and outputs, and of weights, in the integers of the prior.
const UNIT: f32 = 64.0;
const WEIGHT: f32 = 256.0;

/// A level, and what the prior sees of it.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) inputs: [i16; PLACEHOLDER_INPUTS],
    pub(crate) level: i16,
}

/// Numbers that look random, from a seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An integer below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

/// e to the power of x, which is at most 20: the same in every build, unlike that of a system's library.
fn exp(x: f64) -> f64 {
    const LN_2: f64 = std::f64::consts::LN_2;
    let octaves = (x / LN_2).round().max(-1000.0);
    let rest = (x - octaves * LN_2).max(-1.0);
    let series = (1..=13)
        .rev()
        .fold(1.0, |sum, n| 1.0 + sum * rest / f64::from(n));
    series * f64::from_bits(((1023 + octaves as i64) as u64) << 52)
}

/// Weights of a layer by inputs, then outputs; and its biases.
#[derive(Clone)]
struct Layer {
    weights: Vec<[f32; WIDTH]>,
    biases: [f32; WIDTH],
    outputs: usize,
}

impl Layer {
    fn zeros(inputs: usize, outputs: usize) -> Self {
        Self {
            weights: vec![[0.0; WIDTH]; inputs],
            biases: [0.0; WIDTH],
            outputs,
        }
    }

    fn outputs(&self, inputs: &[f32]) -> [f32; WIDTH] {
        let mut sums = self.biases;
        for (weights, &input) in self.weights.iter().zip(inputs) {
            let sums = sums.iter_mut().zip(weights);
            sums.for_each(|(sum, weight)| *sum += weight * input);
        }
        sums
    }

    /// Adds the gradient of the weights and biases to `gradient`, and returns that of the inputs.
    fn back(&self, inputs: &[f32], adjoint: &[f32; WIDTH], gradient: &mut Self) -> [f32; WIDTH] {
        let sums = gradient.biases.iter_mut().zip(adjoint);
        sums.for_each(|(sum, adjoint)| *sum += adjoint);
        let mut back = [0.0; WIDTH];
        for (index, (&input, weights)) in inputs.iter().zip(&self.weights).enumerate() {
            let sums = gradient.weights[index].iter_mut().zip(adjoint);
            sums.for_each(|(sum, adjoint)| *sum += adjoint * input);
            if let Some(back) = back.get_mut(index) {
                *back = weights.iter().zip(adjoint).map(|(w, a)| w * a).sum();
            }
        }
        back
    }

    fn numbers(&mut self) -> impl Iterator<Item = &mut f32> {
        self.weights.iter_mut().flatten().chain(&mut self.biases)
    }
}

/// The prior in floats, and the state of its optimiser.
pub(crate) struct Network {
    layers: [Layer; 3],
    means: [Layer; 3],
    squares: [Layer; 3],
    steps: i32,
}

impl Network {
    /// All zeros.
    pub(crate) fn blank(shapes: [(usize, usize); 3]) -> Self {
        let zeros = || shapes.map(|(inputs, outputs)| Layer::zeros(inputs, outputs));
        Self {
            layers: zeros(),
            means: zeros(),
            squares: zeros(),
            steps: 0,
        }
    }

    /// With random weights.
    pub(crate) fn new(shapes: [(usize, usize); 3], random: &mut Random) -> Self {
        let mut network = Self::blank(shapes);
        for layer in &mut network.layers {
            let size = (6.0 / layer.weights.len() as f64).sqrt() / 2.0;
            for weights in &mut layer.weights {
                let weights = weights[..layer.outputs].iter_mut();
                weights.for_each(|weight| *weight = (size * (2.0 * random.uniform() - 1.0)) as f32);
            }
        }
        network
    }

    /// The bytes of the integers nearest to it, which are then rounded to multiples of two `units`: one for weights, one for
    /// biases.
    pub(crate) fn bytes(&self, units: [f32; 2]) -> Vec<u8> {
        let rounded = |value: f32, unit: f32| (value.round() / unit).round() * unit;
        let mut bytes = Vec::new();
        for layer in &self.layers {
            for output in 0..layer.outputs {
                for weights in &layer.weights {
                    let weight = (weights[output] * WEIGHT).clamp(-2048.0, 2048.0);
                    bytes.extend((rounded(weight, units[0]) as i16).to_le_bytes());
                }
            }
            for bias in &layer.biases[..layer.outputs] {
                let bias = rounded(bias * WEIGHT * UNIT, units[1]);
                bytes.extend((bias as i32).to_le_bytes());
            }
        }
        bytes
    }

    /// Trains on all samples in a random order, at the rate that `rate` gives for each batch, and returns the mean bits of
    /// a level.
    pub(crate) fn pass(
        &mut self,
        samples: &mut [Sample],
        random: &mut Random,
        rate: impl Fn(usize) -> f32,
    ) -> f64 {
        for index in (1..samples.len()).rev() {
            samples.swap(index, random.below(index + 1));
        }
        let mut bits = 0.0;
        for (index, batch) in samples.chunks(BATCH).enumerate() {
            let mut gradient = self.layers.clone();
            gradient
                .iter_mut()
                .flat_map(Layer::numbers)
                .for_each(|number| *number = 0.0);
            bits += batch
                .iter()
                .map(|sample| self.learn(sample, &mut gradient))
                .sum::<f64>();
            self.step(&mut gradient, rate(index), batch.len());
        }
        bits / samples.len() as f64
    }

    /// Adds the gradient of the bits that a level takes to `gradient`, and returns these bits.
    fn learn(&self, sample: &Sample, gradient: &mut [Layer; 3]) -> f64 {
        let inputs = sample.inputs.map(|input| f32::from(input) / UNIT);
        let rectified = |sums: [f32; WIDTH]| sums.map(|sum| sum.max(0.0));
        let first = rectified(self.layers[0].outputs(&inputs));
        let second = rectified(self.layers[1].outputs(&first));
        let outputs = self.layers[2].outputs(&second);
        let (bits, [mean, scale]) = bits(sample.level, outputs[0].into(), outputs[1].into());
        let mut adjoint = [0.0; WIDTH];
        adjoint[..2].copy_from_slice(&[mean as f32, scale as f32]);
        let through = |adjoint: [f32; WIDTH], values: &[f32; WIDTH]| {
            let mut adjoint = adjoint;
            let pairs = adjoint.iter_mut().zip(values);
            pairs.for_each(|(adjoint, value)| {
                if *value <= 0.0 {
                    *adjoint = 0.0;
                }
            });
            adjoint
        };
        let adjoint = through(
            self.layers[2].back(&second, &adjoint, &mut gradient[2]),
            &second,
        );
        let adjoint = through(
            self.layers[1].back(&first, &adjoint, &mut gradient[1]),
            &first,
        );
        self.layers[0].back(&inputs, &adjoint, &mut gradient[0]);
        bits
    }

    /// A step of Adam with the sum of the gradients of `count` samples.
    fn step(&mut self, gradient: &mut [Layer; 3], rate: f32, count: usize) {
        self.steps += 1;
        let [keep, keep_squares] = [0.9_f32, 0.999];
        let rate =
            rate * (1.0 - keep_squares.powi(self.steps)).sqrt() / (1.0 - keep.powi(self.steps));
        let numbers = self.layers.iter_mut().flat_map(Layer::numbers);
        let means = self.means.iter_mut().flat_map(Layer::numbers);
        let squares = self.squares.iter_mut().flat_map(Layer::numbers);
        let gradient = gradient.iter_mut().flat_map(Layer::numbers);
        for (((number, mean), square), gradient) in numbers.zip(means).zip(squares).zip(gradient) {
            let gradient = *gradient / count as f32;
            *mean += (1.0 - keep) * (gradient - *mean);
            *square += (1.0 - keep_squares) * (gradient * gradient - *square);
            *number -= rate * *mean / (square.sqrt() + 1e-8);
        }
    }
}

/// The bits that a level takes under a rounded Laplace distribution of this mean and binary logarithm of the scale, and
/// their derivatives by both.
fn bits(level: i16, mean: f64, scale: f64) -> (f64, [f64; 2]) {
    const LN_2: f64 = std::f64::consts::LN_2;
    /// What a symbol has at least.
    const LEAST: f64 = 1.0 / 65_536.0;
    let limited = scale.clamp(-4.0, 8.0);
    let width = exp(limited * LN_2);
    let mut probability = LEAST;
    let mut slopes = [0.0; 2];
    for (edge, sign) in [(0.5, 1.0), (-0.5, -1.0)] {
        let distance = (f64::from(level) + edge - mean) / width;
        let tail = 0.5 * exp(-distance.abs());
        probability += sign * if distance < 0.0 { tail } else { 1.0 - tail };
        slopes[0] -= sign * tail / width;
        slopes[1] -= sign * tail * distance * LN_2;
    }
    let slope = -1.0 / (LN_2 * probability);
    let mut derivatives = slopes.map(|s| slope * s);
    // Beyond the limits only the way back.
    if (scale - limited) * derivatives[1] < 0.0 {
        derivatives[1] = 0.0;
    }
    (-probability.log2(), derivatives)
}
