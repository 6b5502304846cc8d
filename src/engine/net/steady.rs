//! How far rounding may carry what a network computes (SPEC 6.4), held to every instruction set there is.

use super::super::kernel::TILE;
use super::super::simd;
use super::{Architecture, Evaluator, Network, Order, oracle};

/// What decoders of one class of files may be off by.
const STEADY: f64 = 1.0 / 256.0;

/// The D of SPEC 6.4 for output `output` at a point: to first order, the most that binary32 is off by.
fn deviation(network: &Network, point: &[f64], output: usize) -> f64 {
    let mut adjoint = vec![0.0; network.architecture().outputs];
    adjoint[output] = 1.0;
    // By all weights and biases in the order of the file.
    let gradient = oracle::gradient(network, point, &adjoint);
    let mut rest = gradient.as_slice();
    let inputs = oracle::activations(network, point);
    let mut deviation = 0.0;
    for (index, (layer, a)) in network.layers().iter().zip(&inputs).enumerate() {
        let (rows, columns) = layer.weights.dim();
        let (_, tail) = rest.split_at(rows * columns);
        let (g, tail) = tail.split_at(rows);
        rest = tail;
        for (row, g) in g.iter().enumerate() {
            let weights = layer.weights.row(row);
            let terms = weights
                .iter()
                .zip(a)
                .map(|(&w, a)| (f64::from(w) * a).abs());
            let sum = terms.sum::<f64>() + f64::from(layer.bias[row]).abs();
            deviation += g.abs() * sum * (columns + 4) as f64 * 2f64.powi(-24);
        }
        // The sines that enter the layer.
        for column in (0..columns).filter(|_| index > 0) {
            let terms = g.iter().zip(layer.weights.column(column));
            let sum: f64 = terms.map(|(g, &w)| g * f64::from(w)).sum();
            deviation += sum.abs() * 2f64.powi(-22);
        }
    }
    deviation
}

/// A network as fits begin with, with its hidden weights multiplied.
fn network(times: f32) -> Network {
    let shape = Architecture {
        hidden: vec![28; 6],
        ..Architecture::default()
    };
    let mut network = Network::random(&shape, 5).expect("a network");
    for layer in &mut network.layers {
        layer.weights *= times;
    }
    network
}

#[test]
fn every_instruction_set_keeps_to_the_deviation_of_the_specification() {
    let points: Vec<[f64; 2]> = (0..64)
        .map(|k| {
            [
                f64::from(k) / 32.0 - 1.0,
                f64::from(k * 37 % 64) / 32.0 - 1.0,
            ]
        })
        .collect();
    for (times, steady) in [(1.0, true), (1.5, true), (8.0, false)] {
        let network = network(times);
        let deviations: Vec<f64> = points
            .iter()
            .map(|point| deviation(&network, point, 1))
            .collect();
        let most = deviations.iter().copied().fold(0.0, f64::max);
        assert_eq!(most <= STEADY, steady, "times {times}: {most}");
        for (name, level) in simd::levels() {
            let engine = Evaluator::with_level(&network, Order::Value, level);
            let mut scratch = engine.scratch();
            let rows = engine.tile(&mut scratch, |rows| {
                for (slot, [x, y]) in points.iter().enumerate() {
                    (rows[slot], rows[TILE + slot]) = (*x as f32, *y as f32);
                }
            });
            for (slot, (point, deviation)) in points.iter().zip(&deviations).enumerate() {
                let off = f64::from(rows[TILE + slot]) - oracle::forward(&network, point)[1];
                assert!(
                    !steady || off.abs() <= *deviation,
                    "{name}, times {times}, at {point:?}: off by {off}, {deviation} allowed"
                );
            }
        }
    }
}
