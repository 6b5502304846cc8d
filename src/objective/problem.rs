//! Constraints of your own on values and derivatives, as an objective.

use crate::engine::kernel::TILE;
use crate::engine::net::{Objective, Order};
use ndarray_rand::rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A problem for a network Phi: constraints C_m(x, Phi, grad Phi, Laplacian Phi) = 0 on domains Omega_m
/// (Sitzmann et al. 2020, section 3), each with a weight. The loss is
///
/// ```text
/// sum over m of weight_m * mean over Omega_m of C_m^2,
/// ```
///
/// over points that are drawn anew in every step. A constraint consists of two functions. The first maps a point of the
/// unit cube to a point of the domain. The second returns by how much the constraint is missed there, and the
/// derivative of that by each component of the jet. For other losses, implement [`Objective`] itself.
///
/// Here Helmholtz's equation Laplacian Phi + k^2 Phi = 0 in a square, for a wave given on its edge:
///
/// ```
/// use sirenc::{Field, Fitter, Network, Order, Problem, Architecture};
/// # fn main() -> Result<(), sirenc::Error> {
/// let k = 3.0_f32;
/// let wave = move |x: &[f32]| (k * (0.6 * x[0] + 0.8 * x[1])).sin();
///
/// let problem = Problem::new(2, 1, Order::Laplacian)
///     .with(1.0, |u, x| [0, 1].iter().for_each(|&i| x[i] = 2.0 * u[i] - 1.0), move |_, jet, slope| {
///         slope.set_laplacian(0, 1.0);
///         slope.set_value(0, k * k);
///         jet.laplacian(0) + k * k * jet.value(0)
///     })
///     .with(100.0, Problem::edge, move |x, jet, slope| {
///         slope.set_value(0, 1.0);
///         jet.value(0) - wave(x)
///     });
///
/// let shape = Architecture { hidden: vec![16, 16], outputs: 1, omega_first: 4.0, ..Architecture::default() };
/// let mut network = Network::random(&shape, 0)?;
/// Fitter::new(600, 2048).fit(&mut network, &problem)?;
///
/// // Inside of the square the network knows nothing but the equation.
/// let point = ndarray::array![[0.3, -0.2]];
/// let found = Field::new(&network).values(point.view())?[[0, 0]];
/// assert!((found - wave(&[0.3, -0.2])).abs() < 0.05);
/// # Ok(())
/// # }
/// ```
pub struct Problem<'a> {
    inputs: usize,
    outputs: usize,
    order: Order,
    constraints: Vec<Constraint<'a>>,
    seed: u64,
}

type Place<'a> = dyn Fn(&[f32], &mut [f32]) + Sync + 'a;
type Miss<'a> = dyn Fn(&[f32], &Jet, &mut Jet) -> f32 + Sync + 'a;

struct Constraint<'a> {
    weight: f32,
    place: Box<Place<'a>>,
    miss: Box<Miss<'a>>,
}

impl<'a> Problem<'a> {
    /// A problem without constraints so far, for a network of `inputs` coordinates and `outputs` values. Constraints
    /// may use its jets up to `order`.
    pub fn new(inputs: usize, outputs: usize, order: Order) -> Self {
        Self {
            inputs,
            outputs,
            order,
            constraints: Vec::new(),
            seed: 0,
        }
    }

    /// Adds a constraint of the given weight.
    ///
    /// `place(u, x)` writes the coordinates of a point of the domain to `x`, for a point `u` of the unit
    /// cube, drawn evenly; both have as many numbers as the network has inputs. `miss(x, jet, slope)`
    /// returns C at `x`, where the network has the jet `jet`, and sets in `slope`, all zeros before, the
    /// derivative of C by each component of `jet`.
    #[must_use]
    pub fn with(
        mut self,
        weight: f32,
        place: impl Fn(&[f32], &mut [f32]) + Sync + 'a,
        miss: impl Fn(&[f32], &Jet, &mut Jet) -> f32 + Sync + 'a,
    ) -> Self {
        self.constraints.push(Constraint {
            weight,
            place: Box::new(place),
            miss: Box::new(miss),
        });
        self
    }

    /// Seed of the points (default 0).
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// A domain to be `place`: the boundary of the cube from -1 to 1.
    pub fn edge(u: &[f32], x: &mut [f32]) {
        let sides = 2 * u.len();
        let side = ((u[0] * sides as f32) as usize).min(sides - 1);
        for (x, &u) in x.iter_mut().zip(u) {
            *x = 2.0 * u - 1.0;
        }
        // The first number has chosen the side; the others say where on it.
        x.swap(0, side / 2);
        x[side / 2] = if side.is_multiple_of(2) { -1.0 } else { 1.0 };
    }

    /// The constraint that tile `tile` of the stream is about.
    fn constraint(&self, tile: u64) -> usize {
        (tile % self.constraints.len().max(1) as u64) as usize
    }
}

/// Every tile is about one constraint, the tiles in turn.
impl Objective for Problem<'_> {
    fn order(&self) -> Order {
        self.order
    }

    /// The coordinates, and a row that begins with the number of the constraint.
    fn knowns(&self) -> usize {
        self.inputs + 1
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let tile = first / TILE as u64;
        let constraint = self.constraint(tile);
        known[self.inputs * TILE] = constraint as f32;
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(first);
        let (mut u, mut x) = (vec![0.0; self.inputs], vec![0.0; self.inputs]);
        for slot in 0..count {
            u.fill_with(|| random.random::<f32>());
            if let Some(constraint) = self.constraints.get(constraint) {
                (constraint.place)(&u, &mut x);
            }
            for (input, &x) in x.iter().enumerate() {
                coordinates[input * TILE + slot] = x;
                known[input * TILE + slot] = x;
            }
        }
    }

    fn loss(&self, _: u64, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
        adjoint.fill(0.0);
        let number = known[self.inputs * TILE] as usize;
        let Some(constraint) = self.constraints.get(number) else {
            return 0.0;
        };
        // The mean over all points is one over each domain only if that has its share of them.
        let weight = constraint.weight * self.constraints.len() as f32;
        let mut x = vec![0.0; self.inputs];
        let mut jet = Jet::zero(self.inputs, self.outputs, self.order);
        let mut slope = jet.clone();
        let mut loss = 0.0;
        for slot in 0..count {
            let rows = |rows: &[f32], row: usize| rows[row * TILE + slot];
            x.iter_mut()
                .enumerate()
                .for_each(|(row, x)| *x = rows(known, row));
            let components = jet.components.iter_mut().enumerate();
            components.for_each(|(row, component)| *component = rows(jets, row));
            slope.components.fill(0.0);
            let miss = (constraint.miss)(&x, &jet, &mut slope);
            loss += f64::from(weight * miss * miss);
            for (row, slope) in slope.components.iter().enumerate() {
                adjoint[row * TILE + slot] = 2.0 * weight * miss * slope;
            }
        }
        loss
    }
}

/// The jet of a network's outputs at one point, or the derivative of something by each of its components.
///
/// # Panics
/// Its methods panic for an output or a coordinate that does not exist, and for a component beyond the order.
#[derive(Clone, Debug)]
pub struct Jet {
    inputs: usize,
    outputs: usize,
    /// Component after component, each with all outputs.
    components: Vec<f32>,
}

impl Jet {
    fn zero(inputs: usize, outputs: usize, order: Order) -> Self {
        Self {
            inputs,
            outputs,
            components: vec![0.0; order.components(inputs) * outputs],
        }
    }

    fn index(&self, component: usize, output: usize) -> usize {
        assert!(output < self.outputs, "output {output} of {}", self.outputs);
        component * self.outputs + output
    }

    /// The value of output `output`.
    pub fn value(&self, output: usize) -> f32 {
        self.components[self.index(0, output)]
    }

    /// The derivative of output `output` by coordinate `input`.
    pub fn derivative(&self, input: usize, output: usize) -> f32 {
        assert!(input < self.inputs, "coordinate {input} of {}", self.inputs);
        self.components[self.index(1 + input, output)]
    }

    /// The Laplacian of output `output`.
    pub fn laplacian(&self, output: usize) -> f32 {
        self.components[self.index(1 + self.inputs, output)]
    }

    /// Sets what [`Jet::value`] returns.
    pub fn set_value(&mut self, output: usize, value: f32) {
        let index = self.index(0, output);
        self.components[index] = value;
    }

    /// Sets what [`Jet::derivative`] returns.
    pub fn set_derivative(&mut self, input: usize, output: usize, value: f32) {
        assert!(input < self.inputs, "coordinate {input} of {}", self.inputs);
        let index = self.index(1 + input, output);
        self.components[index] = value;
    }

    /// Sets what [`Jet::laplacian`] returns.
    pub fn set_laplacian(&mut self, output: usize, value: f32) {
        let index = self.index(1 + self.inputs, output);
        self.components[index] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fitter;
    use crate::engine::net::{Architecture, Field, Network};
    use ndarray::Array2;

    /// x^2 - y^2 and cosh(2 x) cos(2 y) / 4 are harmonic; x^3 y + x^2 is not.
    fn known([x, y]: [f32; 2]) -> [f32; 3] {
        let (a, b) = ((2.0 * x).cosh(), (2.0 * x).sinh());
        [
            x * x - y * y + 0.25 * a * (2.0 * y).cos() + x * x * x * y + x * x,
            4.0 * x + 0.5 * b * (2.0 * y).cos() + 3.0 * x * x * y,
            -2.0 * y - 0.5 * a * (2.0 * y).sin() + x * x * x,
        ]
    }

    #[test]
    fn a_known_function_follows_from_its_laplacian_and_its_edge() {
        let problem = Problem::new(2, 1, Order::Laplacian)
            .with(
                1.0,
                |u, x| [0, 1].iter().for_each(|&i| x[i] = 2.0 * u[i] - 1.0),
                |x, jet, slope| {
                    slope.set_laplacian(0, 1.0);
                    jet.laplacian(0) - (6.0 * x[0] * x[1] + 2.0)
                },
            )
            // With a tenth of that weight the slopes at the corners are up to twice as far off, by instruction set.
            .with(1000.0, Problem::edge, |x, jet, slope| {
                slope.set_value(0, 1.0);
                jet.value(0) - known([x[0], x[1]])[0]
            });
        let shape = Architecture {
            hidden: vec![24, 24],
            outputs: 1,
            omega_first: 3.0,
            ..Architecture::default()
        };
        let mut network = Network::random(&shape, 0).unwrap();
        Fitter::new(1500, 2048).fit(&mut network, &problem).unwrap();

        let points = Array2::from_shape_fn((41 * 41, 2), |(index, axis)| {
            [index % 41, index / 41][axis] as f32 / 20.0 - 1.0
        });
        let jets = Field::new(&network)
            .jets(points.view(), Order::Gradient)
            .unwrap();
        let found = [
            jets.values(),
            jets.derivatives(0).unwrap(),
            jets.derivatives(1).unwrap(),
        ];
        for (part, found) in found.iter().enumerate() {
            let (mut low, mut high, mut worst) = (f32::MAX, f32::MIN, 0.0_f32);
            for (point, &found) in points.rows().into_iter().zip(found) {
                let exact = known([point[0], point[1]])[part];
                (low, high) = (low.min(exact), high.max(exact));
                worst = worst.max((found - exact).abs());
            }
            let share = worst / (high - low);
            assert!(share < 1e-2, "part {part}: {share}");
        }
    }

    #[test]
    fn edges_are_drawn_evenly() {
        let mut sides = [0; 6];
        let (mut x, n) = ([0.0; 3], 12);
        for index in 0..n * n * n {
            let at = |number: usize| (number % n) as f32 / n as f32;
            Problem::edge(&[at(index), at(index / n), at(index / n / n)], &mut x);
            let side = x.iter().position(|x| x.abs() == 1.0).unwrap_or(0);
            sides[2 * side + usize::from(x[side] > 0.0)] += 1;
            assert!(x.iter().all(|x| x.abs() <= 1.0));
        }
        assert!(sides.iter().all(|&count| count > n * n), "{sides:?}");
    }

    /// The slope a constraint gives must be that of what it returns, all the way to the loss.
    #[test]
    fn the_adjoint_is_the_slope_of_the_loss() {
        // |grad Phi|^2 = 1 + x, weighted; nonlinear, unlike those above.
        let problem = Problem::new(2, 1, Order::Gradient).with(
            0.7,
            |u, x| x.copy_from_slice(u),
            |x, jet, slope| {
                let mut square = 0.0;
                for axis in [0, 1] {
                    let derivative = jet.derivative(axis, 0);
                    slope.set_derivative(axis, 0, 2.0 * derivative);
                    square += derivative * derivative;
                }
                square - 1.0 - x[0]
            },
        );
        let count = 5;
        let mut coordinates = [0.0; 2 * TILE];
        let mut known = [0.0; 3 * TILE];
        problem.draw(0, count, &mut coordinates, &mut known);
        let mut jets: Vec<f32> = (0..3 * TILE).map(|i| (i as f32 * 0.7).sin()).collect();
        let mut adjoint = vec![0.0; 3 * TILE];
        let mut ignored = adjoint.clone();
        problem.loss(0, count, &known, &jets, &mut adjoint);
        for at in [0, TILE + 2, 2 * TILE + 4, 2 * TILE + 5] {
            let mut around = [-1e-2, 1e-2].map(|change| {
                let before = jets[at];
                jets[at] += change;
                let loss = problem.loss(0, count, &known, &jets, &mut ignored);
                jets[at] = before;
                loss
            });
            around.reverse();
            let slope = (around[0] - around[1]) / 2e-2;
            assert!((slope - f64::from(adjoint[at])).abs() < 1e-3, "{at}");
        }
    }
}
