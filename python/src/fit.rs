//! Fits of networks to linear constraints on their values and derivatives.

use crate::error::{parameter, raise};
use crate::field::NativeField;
use crate::threads::pool;
use crate::watch::watched;
use numpy::PyReadonlyArray2;
use numpy::ndarray::Array2;
use pyo3::prelude::*;
use sirenc::{Architecture, Fitter, Network, Objective, Order, TILE};

/// One constraint: a linear combination of the value, the gradient and the Laplacian of a function has known values at
/// given points. The arrays have a row for each point; coefficients have one row alone where they are constant.
#[derive(FromPyObject)]
pub(crate) struct GivenConstraint<'py> {
    points: PyReadonlyArray2<'py, f32>,
    target: PyReadonlyArray2<'py, f32>,
    /// Columns: that of the value, one for each coordinate, and that of the Laplacian.
    coefficients: PyReadonlyArray2<'py, f32>,
    weight: f32,
}

struct Constraint {
    points: Array2<f32>,
    target: Array2<f32>,
    coefficients: Array2<f32>,
    weight: f32,
}

/// Constraints C_m on a function u with outputs u_o:
///
/// ```text
/// C_m(x, o) = a(x) u_o(x) + g(x) . grad u_o(x) + l(x) Laplacian u_o(x) - t_o(x)
/// ```
///
/// The loss is the sum over m of the weight times the mean square of C_m over its points and over outputs. Every tile of
/// the stream is about one constraint, the tiles in turn, and has points that are drawn at random, with repetition.
struct LinearProblem {
    constraints: Vec<Constraint>,
    inputs: usize,
    outputs: usize,
    order: Order,
    seed: u64,
}

impl LinearProblem {
    fn new(constraints: Vec<Constraint>, seed: u64) -> Self {
        let [inputs, outputs] = constraints
            .first()
            .map_or([0; 2], |first| [first.points.ncols(), first.target.ncols()]);
        let any = |columns: std::ops::Range<usize>| {
            let mut all = constraints.iter().map(|it| &it.coefficients);
            all.any(|it| {
                columns
                    .clone()
                    .any(|c| it.column(c).iter().any(|&x| x != 0.0))
            })
        };
        let order = if any(1 + inputs..2 + inputs) {
            Order::Laplacian
        } else if any(1..1 + inputs) {
            Order::Gradient
        } else {
            Order::Value
        };
        Self {
            constraints,
            inputs,
            outputs,
            order,
            seed,
        }
    }

    /// Row of known values that holds the first target; before it are the coefficients.
    fn targets(&self) -> usize {
        self.inputs + 2
    }

    /// Row of known values with the number of the constraint.
    fn number(&self) -> usize {
        self.targets() + self.outputs
    }
}

impl Objective for LinearProblem {
    fn order(&self) -> Order {
        self.order
    }

    fn knowns(&self) -> usize {
        self.number() + 1
    }

    fn draw(&self, first: u64, count: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let number = (first / TILE as u64 % self.constraints.len() as u64) as usize;
        let constraint = &self.constraints[number];
        known[self.number() * TILE] = number as f32;
        let constant = constraint.coefficients.nrows() == 1;
        for slot in 0..count {
            let drawn = scattered(self.seed, first + slot as u64);
            let index = (drawn % constraint.points.nrows() as u64) as usize;
            for (input, &x) in constraint.points.row(index).iter().enumerate() {
                coordinates[input * TILE + slot] = x;
            }
            let coefficients = constraint
                .coefficients
                .row(if constant { 0 } else { index });
            let rows = coefficients.iter().chain(constraint.target.row(index));
            for (row, &value) in rows.enumerate() {
                known[row * TILE + slot] = value;
            }
        }
    }

    fn loss(&self, _: u64, count: usize, known: &[f32], jets: &[f32], adjoint: &mut [f32]) -> f64 {
        adjoint.fill(0.0);
        let number = known[self.number() * TILE] as usize;
        // The mean over all points is one over those of a constraint only if it has its share of them.
        let share = self.constraints.len() as f32 / self.outputs as f32;
        let weight = self.constraints[number].weight * share;
        let components = self.order.components(self.inputs);
        let mut loss = 0.0;
        for output in 0..self.outputs {
            for slot in 0..count {
                let at = |component: usize| (component * self.outputs + output) * TILE + slot;
                let coefficient = |component: usize| known[component * TILE + slot];
                let mut miss = -known[(self.targets() + output) * TILE + slot];
                for component in 0..components {
                    miss += coefficient(component) * jets[at(component)];
                }
                loss += f64::from(weight * miss * miss);
                for component in 0..components {
                    adjoint[at(component)] = 2.0 * weight * miss * coefficient(component);
                }
            }
        }
        loss
    }
}

/// A number that depends on both and looks random (the finaliser of SplitMix64, Steele et al. 2014).
fn scattered(seed: u64, index: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0xD1B5_4A32_D192_ED03)
        .wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// How a network is fitted: the attributes of the same names of a Python object.
#[derive(FromPyObject)]
pub(crate) struct Fitting {
    hidden: Vec<usize>,
    omega_first: f32,
    omega_hidden: f32,
    steps: u32,
    batch: u64,
    rate: f32,
    seed: u64,
    threads: usize,
}

/// Fits a network to constraints: the network as a function, and the mean loss over the last batches.
///
/// # Errors
/// `ParameterError`, `DivergedError`, and what a signal or `progress` raises.
#[pyfunction]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    constraints: Vec<GivenConstraint<'py>>,
    fitting: Fitting,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<(NativeField, f64)> {
    let owned = |given: &GivenConstraint<'_>| Constraint {
        points: given.points.as_array().to_owned(),
        target: given.target.as_array().to_owned(),
        coefficients: given.coefficients.as_array().to_owned(),
        weight: given.weight,
    };
    let constraints: Vec<Constraint> = constraints.iter().map(owned).collect();
    if constraints.is_empty() {
        return Err(parameter(py, "number of constraints", "0", "at least 1"));
    }
    // As many whole tiles of each constraint.
    let round = (TILE * constraints.len()) as u64;
    let batch = fitting.batch.div_ceil(round).saturating_mul(round);
    let problem = LinearProblem::new(constraints, fitting.seed);
    let shape = Architecture {
        inputs: problem.inputs,
        hidden: fitting.hidden,
        outputs: problem.outputs,
        omega_first: fitting.omega_first,
        omega_hidden: fitting.omega_hidden,
        ..Architecture::default()
    };
    let network = Network::random(&shape, fitting.seed);
    let mut network = network.map_err(|error| raise(py, &error, ""))?;
    let fitter = Fitter::new(fitting.steps, batch).with_rate(fitting.rate);
    let pool = pool(py, fitting.threads)?;
    let fitted = watched(py, progress, |tell| {
        pool.install(|| fitter.fit_with(&mut network, &problem, tell))
    })?;
    let fitted = fitted.map_err(|error| raise(py, &error, "the fit"))?;
    Ok((NativeField::new(network), fitted.loss))
}
