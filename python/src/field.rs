//! Networks as functions: values and exact derivatives at any points.

use crate::error::{parameter, raise};
use crate::threads::pool;
use numpy::ndarray::Array3;
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray1, PyReadonlyArray2, ToPyArray,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sirenc::format::{Colour, Samples, Signal};
use sirenc::{Architecture, Field, Layer, Network, Order, network_file};

/// A network as a function.
#[pyclass(frozen)]
pub(crate) struct NativeField {
    network: Network,
    field: Field,
}

impl NativeField {
    pub(crate) fn new(network: Network) -> Self {
        Self {
            field: Field::new(&network),
            network,
        }
    }
}

/// Weights (outputs x inputs) and biases (outputs).
type LayerArrays<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f32>>);

/// Values (points x outputs), first derivatives (points x outputs x coordinates) and Laplacians (points x outputs).
type JetArrays<'py> = (
    Bound<'py, PyArray2<f32>>,
    Option<Bound<'py, PyArray3<f32>>>,
    Option<Bound<'py, PyArray2<f32>>>,
);

#[pymethods]
impl NativeField {
    /// The SIREN of these layers, weights (outputs x inputs) and biases each.
    #[staticmethod]
    fn of_layers(
        py: Python<'_>,
        layers: Vec<(PyReadonlyArray2<'_, f32>, PyReadonlyArray1<'_, f32>)>,
        omegas: (f32, f32),
    ) -> PyResult<Self> {
        let layers = layers.iter().map(|(weights, bias)| Layer {
            weights: weights.as_array().to_owned(),
            bias: bias.as_array().to_owned(),
        });
        let layers: Vec<Layer> = layers.collect();
        let [Some(first), Some(last)] = [layers.first(), layers.last()] else {
            return Err(parameter(py, "number of layers", "0", "at least 2"));
        };
        let shape = Architecture {
            inputs: first.weights.ncols(),
            hidden: layers[..layers.len() - 1]
                .iter()
                .map(|layer| layer.weights.nrows())
                .collect(),
            outputs: last.weights.nrows(),
            omega_first: omegas.0,
            omega_hidden: omegas.1,
            ..Architecture::default()
        };
        let network = Network::from_layers(&shape, layers);
        let network = network.map_err(|error| raise(py, &error, ""))?;
        Ok(Self::new(network))
    }

    /// Coordinates of a point, and values there.
    #[getter]
    fn ends(&self) -> (usize, usize) {
        (self.field.inputs(), self.field.outputs())
    }

    /// Frequencies of the first layer and of the other hidden ones.
    #[getter]
    fn omegas(&self) -> (f32, f32) {
        let shape = self.network.architecture();
        (shape.omega_first, shape.omega_hidden)
    }

    /// Whether the inputs of the network are values of grids of latents.
    #[getter]
    fn has_grids(&self) -> bool {
        self.network.grids().is_some()
    }

    /// Weights and biases of every layer.
    fn layers<'py>(&self, py: Python<'py>) -> Vec<LayerArrays<'py>> {
        let layers = self.network.layers().iter();
        let arrays = |layer: &Layer| (layer.weights.to_pyarray(py), layer.bias.to_pyarray(py));
        layers.map(arrays).collect()
    }

    /// Values at points, one a row.
    fn values<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f32>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (pool, points) = (pool(py, threads)?, points.as_array());
        let values = py.detach(|| pool.install(|| self.field.values(points)));
        let values = values.map_err(|error| raise(py, &error, ""))?;
        Ok(values.into_pyarray(py))
    }

    /// Jets at points, one a row, as far as `order` says: 0 for values, 1 for first derivatives, 2 for Laplacians.
    fn jets<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f32>,
        order: u8,
        threads: usize,
    ) -> PyResult<JetArrays<'py>> {
        let order = match order {
            0 => Order::Value,
            1 => Order::Gradient,
            _ => Order::Laplacian,
        };
        let (pool, points) = (pool(py, threads)?, points.as_array());
        let (inputs, outputs) = self.ends();
        let evaluate = || {
            let jets = self.field.jets(points, order)?;
            let gradients = (order != Order::Value).then(|| {
                let mut all = Array3::zeros((points.nrows(), outputs, inputs));
                for input in 0..inputs {
                    if let Some(part) = jets.derivatives(input) {
                        all.slice_mut(numpy::ndarray::s![.., .., input])
                            .assign(&part);
                    }
                }
                all
            });
            let laplacians = jets.laplacians().map(|all| all.to_owned());
            Ok((jets.values().to_owned(), gradients, laplacians))
        };
        let jets = py.detach(|| pool.install(evaluate));
        let (values, gradients, laplacians) = jets.map_err(|error| raise(py, &error, ""))?;
        Ok((
            values.into_pyarray(py),
            gradients.map(|all| all.into_pyarray(py)),
            laplacians.map(|all| all.into_pyarray(py)),
        ))
    }

    /// The file of a picture of this size and depth that the network computes, parameters of `bits` bits each.
    fn picture<'py>(
        &self,
        py: Python<'py>,
        size: (u32, u32),
        depth: u8,
        bits: u32,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (_, outputs) = self.ends();
        let samples = Samples {
            channels: u8::try_from(outputs).unwrap_or(u8::MAX),
            depth,
            colour: Colour::Direct,
        };
        let (width, height) = size;
        let signal = Signal::Picture { width, height };
        let file = py.detach(|| network_file(&self.network, signal, samples, bits));
        let file = file.map_err(|error| raise(py, &error, "the network"))?;
        Ok(PyBytes::new(py, &file))
    }
}
