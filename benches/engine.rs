//! The machine's peak, and what share of it the fit step and the renderer reach.
//!
//! `cargo bench` prints everything, `cargo bench --bench engine -- grids` what fits of grids are made of, and
//! `SIRENC_SIMD=avx2 cargo bench` the same for a lower level. Figures
//! are medians over repetitions within this run; GFLOP/s count 6 operations per parameter and point of a
//! fit step, 2 of an evaluation, and nothing for sines.

use fearless_simd::{Level, Simd, SimdBase, SimdFloat, dispatch};
use sirenc::{
    Activation, Architecture, Differentiator, Field, GridKernels, Network, Objective, Order,
    Picture, Samples, TILE,
};
use std::hint::black_box;
use std::time::Instant;

/// Points on a lattice with made-up colours: nothing but the engine takes time.
struct Lattice(Order);

impl Objective for Lattice {
    fn order(&self) -> Order {
        self.0
    }

    fn knowns(&self) -> usize {
        3
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        for slot in 0..count {
            let at = (first + slot as u64) as f32;
            coordinates[slot] = (at * 0.754_877_7).fract() * 2.0 - 1.0;
            coordinates[TILE + slot] = (at * 0.569_840_3).fract() * 2.0 - 1.0;
            for channel in 0..3 {
                known[channel * TILE + slot] = coordinates[slot];
            }
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
        let mut loss = 0.0;
        for (row, outputs) in outputs.chunks_exact(TILE).enumerate() {
            for at in 0..count {
                let error = outputs[at] - known[row % 3 * TILE + at];
                adjoint[row * TILE + at] = error;
                loss += error * error;
            }
        }
        f64::from(loss)
    }
}

fn shape(layers: usize, width: usize) -> Architecture {
    let hidden = vec![width; layers];
    Architecture {
        inputs: 2,
        hidden,
        outputs: 3,
        omega_first: 30.0,
        omega_hidden: 30.0,
        ..Architecture::default()
    }
}

/// Runs `work` in turns with the peak kernel for about a second, at least seven times, and prints the
/// medians of its time, of its rate, and of its share of the peak measured just before it: the machine
/// may be shared and change its speed from one moment to the next. Returns the time in units of what it would
/// take at that peak.
fn report(name: &str, operations: f64, mut work: impl FnMut()) -> f64 {
    let (mut seconds, mut shares) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    work();
    while seconds.len() < 7 || begin.elapsed().as_secs_f64() < 1.5 {
        let peak = peak();
        let begin = Instant::now();
        work();
        let time = begin.elapsed().as_secs_f64();
        seconds.push(time);
        shares.push(operations / time / peak);
    }
    let (seconds, share) = (median(seconds), median(shares));
    let (milliseconds, rate) = (seconds * 1e3, operations / seconds / 1e9);
    println!(
        "{name}  {milliseconds:>8.2} ms  {rate:>6.1} GFLOP/s  {:>3.0} % of peak",
        share * 100.0
    );
    operations / share
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Fused multiply-adds that depend on nothing but registers, on every thread: operations a second.
fn peak() -> f64 {
    const STEPS: usize = 1 << 18;
    const CHAINS: usize = 12;
    #[inline(always)]
    fn chains<S: Simd>(simd: S, seed: f32) -> f32 {
        let factor = S::f32s::splat(simd, 1.0 - seed);
        let mut sums = [S::f32s::splat(simd, seed); CHAINS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, factor);
            }
        }
        sums.iter().map(|sum| sum.reduce_sum()).sum()
    }
    let level = level();
    let lanes = dispatch!(level, simd => lanes(simd));
    let threads = rayon::current_num_threads();
    let begin = Instant::now();
    rayon::broadcast(|_| black_box(dispatch!(level, simd => chains(simd, black_box(1e-6)))));
    (2 * threads * STEPS * CHAINS * lanes) as f64 / begin.elapsed().as_secs_f64()
}

fn lanes<S: Simd>(_: S) -> usize {
    <S::f32s as SimdBase<S>>::LEN
}

/// The level the library runs on.
fn level() -> Level {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    match sirenc::simd_level() {
        "avx2" => return best.as_avx2().map_or(best, Level::Avx2),
        "sse4.2" => return best.as_sse4_2().map_or(best, Level::Sse4_2),
        "sse2" => return best.as_sse2().map_or(best, Level::Sse2),
        "scalar" => return Level::fallback(),
        _ => {}
    }
    best
}

fn step(layers: usize, width: usize, points: u64, order: Order) -> f64 {
    let shape = shape(layers, width);
    let network = Network::random(&shape, 1).expect("the shape is valid");
    let objective = Lattice(order);
    let mut engine = Differentiator::new(&shape, &objective);
    let mut gradient = network.layers().to_vec();
    let mut position = 0;
    let name = match order {
        Order::Value => format!("fit step  {layers:>2} x {width:<3}  {points:>6} points"),
        order => format!("{order:?} step  {layers} x {width}"),
    };
    let components = order.components(shape.inputs) as f64;
    report(
        &name,
        6.0 * components * shape.parameters() as f64 * points as f64,
        || {
            black_box(engine.gradient(
                &network,
                &objective,
                position..position + points,
                &mut gradient,
            ));
            position += points;
        },
    )
}

fn evaluation(points: usize) {
    let shape = shape(10, 28);
    let field = Field::new(&Network::random(&shape, 1).expect("the shape is valid"));
    let at = ndarray::Array2::from_shape_fn((points, 2), |(i, j)| ((i + j) as f32 * 0.618).sin());
    let name = format!("evaluate  10 x 28   {points:>6} points");
    report(
        &name,
        2.0 * shape.parameters() as f64 * points as f64,
        || {
            black_box(field.values(at.view()).expect("two coordinates"));
        },
    );
}

/// Sizes of the picture and scales of the grids that a Kodak picture has at 0.25 bits per pixel.
const SIZE: [u32; 2] = [768, 512];
const SCALES: [u8; 11] = [4, 3, 2, 1, 0, 4, 3, 2, 4, 3, 2];
/// Pixels along the side of a block, and nodes that a pixel depends on in each direction.
const BLOCK: usize = 16;
const TAPS: usize = 4;

/// The kernels of a fit of grids, and the step that they make up.
fn grids() {
    let [width, height] = SIZE;
    let samples = (0..3 * width * height).map(|i| (i * 7) as u8).collect();
    let picture = Picture::new(width, height, 3, Samples::U8(samples)).expect("the size is right");
    let mut kernels = GridKernels::new(&picture, &SCALES);
    // For each row of nodes under a block a sum of four at each of its columns, and one at each of its pixels.
    let taps: usize = SCALES
        .iter()
        .map(|scale| TAPS * BLOCK * (((BLOCK - 1) >> scale) + TAPS + BLOCK))
        .sum();
    let pixels = kernels.pixels();
    let interpolation = 2.0 * (taps * pixels as usize / (BLOCK * BLOCK)) as f64;
    report("interpolation, forward  ", interpolation, || {
        kernels.interpolate();
    });
    report("interpolation, backward ", interpolation, || {
        kernels.adjoint();
    });
    let colour = Architecture {
        inputs: SCALES.len(),
        hidden: vec![24],
        outputs: 3,
        omega_first: 2.0,
        omega_hidden: 2.0,
        ..Architecture::default()
    };
    let context = Architecture {
        inputs: 22,
        hidden: vec![32, 16],
        outputs: 2,
        omega_first: 1.0,
        omega_hidden: 1.0,
        activation: Activation::Relu,
        ..Architecture::default()
    };
    let names = ["synthesis", "context  "];
    let points = [pixels, kernels.points()];
    let mut engines = Vec::new();
    for ((name, shape), count) in names.into_iter().zip([&colour, &context]).zip(points) {
        let network = Network::random(shape, 1).expect("the shape is valid");
        let field = Field::new(&network);
        let at = |(i, j): (usize, usize)| ((i + j) as f32 * 0.618).sin();
        let at = ndarray::Array2::from_shape_fn((count as usize, shape.inputs), at);
        let evaluation = 2.0 * (shape.parameters() as u64 * count) as f64;
        report(&format!("{name}, forward      "), evaluation, || {
            black_box(field.values(at.view()).expect("as many coordinates"));
        });
        engines.push((network, shape, count, 3.0 * evaluation));
    }
    {
        let objectives: [&dyn Objective; 2] = [&kernels.colours(), &kernels.contexts()];
        for ((name, objective), (network, shape, count, operations)) in
            names.into_iter().zip(objectives).zip(&engines)
        {
            let mut engine = Differentiator::new(shape, objective);
            let mut gradient = network.layers().to_vec();
            let share = if name == "synthesis" {
                2.0 * interpolation
            } else {
                0.0
            };
            report(
                &format!("{name}, both ways    "),
                operations + share,
                || {
                    black_box(engine.gradient(network, objective, 0..*count, &mut gradient));
                },
            );
        }
    }
    report(
        "derivatives by latents  ",
        2.0 * kernels.latents() as f64,
        || kernels.gather(),
    );
}

fn main() {
    if std::env::args().any(|argument| argument == "grids") {
        return grids();
    }
    let threads = rayon::current_num_threads();
    let rates: Vec<f64> = (0..50).map(|_| peak() / 1e9).collect();
    let level = sirenc::simd_level();
    println!(
        "{level} on {threads} threads: multiply-add peak {:.0} GFLOP/s",
        median(rates)
    );
    for points in [16_384, 393_216] {
        step(10, 28, points, Order::Value);
    }
    for width in [12, 16, 24, 28, 32, 48, 64, 96, 128] {
        step(10, width, 16_384, Order::Value);
    }
    // Each of these against the value step of the same width, run just before.
    let [value, gradient, laplacian] =
        [Order::Value, Order::Gradient, Order::Laplacian].map(|order| step(5, 64, 16_384, order));
    println!(
        "a step for gradients takes {:.1}, one for Laplacians {:.1} times as long as one for values",
        gradient / value,
        laplacian / value
    );
    evaluation(393_216);
    grids();
}
