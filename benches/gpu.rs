//! The engine on a device: time and rate of a gradient, of a step of a fit, and of evaluation.
//!
//! `cargo bench --features gpu --bench gpu -- gpu:0 16384 65536`; without a device, the most promising adapter;
//! without numbers, batches of several sizes. The CPU comes after it for comparison, or with `cpu` alone.
//!
//! Operations are counted as 6 (2 for evaluation) a parameter and point. A gradient includes drawing points,
//! sending, waiting, and fetching it. A step is one of many in a row, of which nobody waits for any: drawing,
//! sending, gradient and optimiser.

use sirenc::{
    Architecture, Decoder, Device, Encoder, Fitter, Network, Objective, Picture, Samples, Squares,
    TILE, View,
};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const BATCHES: [u64; 3] = [16_384, 65_536, 393_216];
const WIDTHS: [usize; 2] = [28, 64];

/// Points on a lattice; targets that cost nothing to make.
struct Lattice;

const SQUARES: Squares = Squares {
    outputs: 3,
    weighted: 0,
};

impl Objective for Lattice {
    fn knowns(&self) -> usize {
        SQUARES.knowns()
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        for slot in 0..count {
            let at = (first as f32 + slot as f32) * 1e-6;
            coordinates[slot] = at - 1.0;
            coordinates[TILE + slot] = 1.0 - 0.7 * at;
        }
        known.fill(0.25);
    }

    fn squares(&self) -> Option<Squares> {
        Some(SQUARES)
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        SQUARES.loss(count, known, outputs, adjoint)
    }
}

/// Prints the median time of `work`, and its rate.
fn report(name: &str, operations: f64, mut work: impl FnMut()) {
    work();
    let begin = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < 5 || (begin.elapsed().as_secs_f64() < 1.0 && seconds.len() < 1000) {
        let begin = Instant::now();
        work();
        seconds.push(begin.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    print(name, operations, seconds[seconds.len() / 2]);
}

fn print(name: &str, operations: f64, seconds: f64) {
    let (milliseconds, rate) = (seconds * 1e3, operations / seconds / 1e9);
    println!("{name}  {milliseconds:>9.3} ms  {rate:>8.1} GFLOP/s");
}

fn shape(width: usize) -> Architecture {
    Architecture {
        hidden: vec![width; 10],
        ..Architecture::default()
    }
}

/// Every width with every batch.
fn cases(batches: &[u64]) -> impl Iterator<Item = (usize, u64)> {
    let widths = WIDTHS.into_iter();
    widths.flat_map(|width| batches.iter().map(move |&points| (width, points)))
}

/// Steps of a fit from the first report on, for at least two seconds.
fn steps(device: &Device, batches: &[u64]) {
    for (width, points) in cases(batches) {
        let shape = shape(width);
        let mut network = Network::random(&shape, 1).expect("the shape is valid");
        // Too small to lead anywhere, as there is nowhere to go.
        let fitter = Fitter::new(1_000_000, points).with_rate(1e-6);
        let mut first = None;
        let (mut taken, mut elapsed) = (0, Duration::ZERO);
        let fitted =
            fitter
                .with_device(device.clone())
                .fit_with(&mut network, &Lattice, |report| {
                    let &mut (step, begin) = first.get_or_insert((report.step, Instant::now()));
                    (taken, elapsed) = (report.step - step, begin.elapsed());
                    if taken > 0 && elapsed.as_secs() >= 2 {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
        let operations = 6.0 * shape.parameters() as f64 * points as f64;
        match fitted {
            Ok(_) => print(
                &format!("step      10 x {width}  {points:>7} points"),
                operations,
                elapsed.as_secs_f64() / f64::from(taken),
            ),
            Err(error) => println!("step      10 x {width}  {error}"),
        }
    }
}

fn gradients(device: &Device, batches: &[u64]) {
    for (width, points) in cases(batches) {
        let shape = shape(width);
        let network = Network::random(&shape, 1).expect("the shape is valid");
        let mut engine = match device.engine(&shape, &Lattice) {
            Ok(engine) => engine,
            Err(error) => {
                println!("gradient  10 x {width}  {error}");
                continue;
            }
        };
        let mut gradient = network.layers().to_vec();
        let operations = 6.0 * shape.parameters() as f64 * points as f64;
        report(
            &format!("gradient  10 x {width}  {points:>7} points"),
            operations,
            || {
                let loss = engine.gradient(&network, &Lattice, 0..points, &mut gradient);
                black_box(loss.expect("a gradient"));
            },
        );
    }
}

fn decoding(device: &Device) {
    let samples = (0..48 * 32 * 3).map(|i| (i % 251) as u8).collect();
    let picture = Picture::new(48, 32, 3, Samples::U8(samples)).expect("a picture");
    let encoder = Encoder::new().with_half_floats().with_steps(10);
    let encoded = encoder.encode(&picture).expect("a file");
    let decoder = Decoder::new(&encoded.bytes)
        .expect("a decoder")
        .with_device(device.clone());
    for (width, height) in [(768, 512), (3072, 2048)] {
        let view = View::sized(width, height).expect("a size");
        let operations = 2.0 * encoded.parameters as f64 * f64::from(width) * f64::from(height);
        report(
            &format!("evaluate  10 x 28  {width:>4} x {height}   "),
            operations,
            || {
                black_box(decoder.picture(&view).expect("a picture"));
            },
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let index = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("gpu:")?.parse().ok());
    let batches: Vec<u64> = arguments.iter().flat_map(|text| text.parse()).collect();
    let batches = if batches.is_empty() {
        &BATCHES[..]
    } else {
        &batches
    };
    let gpu = match Device::gpu(index) {
        _ if arguments.iter().any(|argument| argument == "cpu") => None,
        Ok(gpu) => Some(gpu),
        Err(error) => {
            println!("{error}");
            None
        }
    };
    let threads = rayon::current_num_threads();
    for device in gpu.into_iter().chain([Device::cpu()]) {
        println!("{} ({threads} CPU threads)", device.name());
        gradients(&device, batches);
        steps(&device, batches);
        decoding(&device);
    }
}
