//! The backward pass into the coordinates, against central differences.

use super::super::kernel::TILE;
use super::{Activation, Architecture, Differentiator, Layer, Network, Objective, Order};
use std::sync::Mutex;

/// Half the sum of the squares of all components of all outputs, at points that can be moved.
struct Moved {
    order: Order,
    outputs: usize,
    points: Vec<[f32; 2]>,
    slopes: Mutex<Vec<[f32; 2]>>,
}

impl Objective for Moved {
    fn order(&self) -> Order {
        self.order
    }

    fn knowns(&self) -> usize {
        0
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], _: &mut [f32]) {
        for (slot, point) in self.points[first as usize..][..count].iter().enumerate() {
            for (input, &x) in point.iter().enumerate() {
                coordinates[input * TILE + slot] = x;
            }
        }
    }

    fn loss(&self, _: u64, count: usize, _: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        adjoint.fill(0.0);
        let mut loss = 0.0;
        for row in 0..self.order.components(2) * self.outputs {
            for slot in row * TILE..row * TILE + count {
                adjoint[slot] = outputs[slot];
                loss += 0.5 * f64::from(outputs[slot]).powi(2);
            }
        }
        loss
    }

    fn continues(&self) -> bool {
        true
    }

    fn backward(&self, first: u64, count: usize, adjoint: &[f32]) {
        let mut slopes = self.slopes.lock().unwrap();
        for slot in 0..count {
            slopes[first as usize + slot] = [adjoint[slot], adjoint[TILE + slot]];
        }
    }
}

#[test]
fn the_backward_pass_goes_on_into_the_coordinates() {
    let siren = Architecture {
        inputs: 2,
        hidden: vec![7, 5],
        outputs: 3,
        omega_first: 2.0,
        omega_hidden: 3.0,
        ..Architecture::default()
    };
    // Layers that are not trained are gone through too.
    let encoded = Architecture {
        activation: Activation::Tanh,
        frequencies: 2,
        ..siren.clone()
    };
    let cases = [
        (&siren, Order::Value),
        (&siren, Order::Laplacian),
        (&encoded, Order::Value),
    ];
    for (architecture, order) in cases {
        let network = Network::random(architecture, 5).unwrap();
        let count = TILE + 3;
        let place = |i: usize| [(i as f32 * 0.37).sin(), (i as f32 * 0.73).cos()];
        let mut objective = Moved {
            order,
            outputs: 3,
            points: (0..count).map(place).collect(),
            slopes: Mutex::new(vec![[0.0; 2]; count]),
        };
        let mut differentiator = Differentiator::new(architecture, &objective);
        let mut gradient: Vec<Layer> = network.layers().to_vec();
        // Of one point at a time, lest the others' losses hide the difference.
        let mut loss = |objective: &Moved, point: usize| {
            let range = point as u64..point as u64 + 1;
            differentiator.gradient(&network, objective, range, &mut gradient)
        };
        for point in [0, 1, 100, TILE - 1, TILE, count - 1] {
            loss(&objective, point);
            let slopes = objective.slopes.lock().unwrap()[point];
            for (input, slope) in slopes.into_iter().enumerate() {
                let h = 2e-3;
                let at = objective.points[point][input];
                objective.points[point][input] = at + h;
                let above = loss(&objective, point);
                objective.points[point][input] = at - h;
                let below = loss(&objective, point);
                objective.points[point][input] = at;
                let difference = (above - below) / f64::from(2.0 * h);
                let slope = f64::from(slope);
                assert!(
                    (slope - difference).abs() < 0.02 * (1.0 + difference.abs()),
                    "{order:?}, point {point}, input {input}: {slope} for {difference}"
                );
            }
        }
    }
}
