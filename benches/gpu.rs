//! The engine on a device: time and rate of the gradient of a step, and of evaluation.
//!
//! `cargo bench --features gpu --bench gpu -- gpu:0`; without an argument, the most promising adapter. The
//! CPU comes after it for comparison. Operations are counted as 6 (2 for evaluation) a parameter and point,
//! and include what a step takes beside them: drawing points, sending, waiting, and fetching the gradient.

use sirenc::{
    Decoder, Device, Encoder, Network, Objective, Picture, Samples, Shape, Squares, TILE, View,
};
use std::hint::black_box;
use std::time::Instant;

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

    fn loss(&self, count: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
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
    let median = seconds[seconds.len() / 2];
    let (milliseconds, rate) = (median * 1e3, operations / median / 1e9);
    println!("{name}  {milliseconds:>9.3} ms  {rate:>8.1} GFLOP/s");
}

fn steps(device: &Device) {
    for (width, points) in [28, 64]
        .into_iter()
        .flat_map(|width| [16_384, 65_536, 393_216].map(|points| (width, points)))
    {
        let shape = Shape {
            hidden: vec![width; 10],
            ..Shape::default()
        };
        let network = Network::random(&shape, 1).expect("the shape is valid");
        let mut engine = match device.engine(&shape, &Lattice) {
            Ok(engine) => engine,
            Err(error) => {
                println!("step      10 x {width}  {error}");
                return;
            }
        };
        let mut gradient = network.layers().to_vec();
        let operations = 6.0 * shape.parameters() as f64 * points as f64;
        report(
            &format!("step      10 x {width}  {points:>7} points"),
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
    let named = std::env::args()
        .skip(1)
        .find(|argument| argument.starts_with("gpu:"));
    let index = named.map(|name| name["gpu:".len()..].parse().expect("gpu:N"));
    let gpu = match Device::gpu(index) {
        Ok(gpu) => gpu,
        Err(error) => return println!("{error}"),
    };
    let threads = rayon::current_num_threads();
    for device in [gpu, Device::cpu()] {
        println!("{} ({threads} CPU threads)", device.name());
        steps(&device);
        decoding(&device);
    }
}
