//! Solves a partial differential equation: Helmholtz's, Laplacian u + k^2 u = 0 in a square, with u given on its edge.
//!
//! ```sh
//! cargo run --release --example helmholtz --no-default-features --features encode
//! ```

use sirenc::ndarray::array;
use sirenc::{Architecture, Field, Fitter, Network, Order, Problem};

fn main() -> Result<(), sirenc::Error> {
    let k = 3.0_f32;
    // A plane wave is a solution; the network is told of it on the edge alone.
    let wave = move |x: &[f32]| (k * (0.6 * x[0] + 0.8 * x[1])).sin();
    let inside = |u: &[f32], x: &mut [f32]| [0, 1].iter().for_each(|&i| x[i] = 2.0 * u[i] - 1.0);
    let problem = Problem::new(2, 1, Order::Laplacian)
        .with(1.0, inside, move |_, jet, slope| {
            // By how much the equation is missed, and how that changes with each part of the jet.
            slope.set_laplacian(0, 1.0);
            slope.set_value(0, k * k);
            jet.laplacian(0) + k * k * jet.value(0)
        })
        .with(100.0, Problem::edge, move |x, jet, slope| {
            slope.set_value(0, 1.0);
            jet.value(0) - wave(x)
        });

    let shape = Architecture {
        hidden: vec![24, 24],
        outputs: 1,
        omega_first: 4.0,
        ..Architecture::default()
    };
    let mut network = Network::random(&shape, 0)?;
    Fitter::new(1500, 2048).fit(&mut network, &problem)?;

    let field = Field::new(&network);
    for point in [[0.0, 0.0], [0.3, -0.2], [-0.5, 0.7]] {
        let found = field.values(array![point].view())?[[0, 0]];
        println!("u{point:?} = {found:.3}, and exactly {:.3}", wave(&point));
    }
    Ok(())
}
