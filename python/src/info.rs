//! What a file says of itself.

use crate::error::{raise, raise_media};
use crate::limits;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sirenc::format::{
    Activation, BIT, Coding, Colour, Cost, Header, Input, Layout, Limits, OMEGA_UNITS,
    OPERATIONS_PER_SECOND, Samples, Signal, inspect,
};
use sirenc::{Opened, media};
use std::collections::BTreeMap;

/// Cells along each side of the mesh that the cost of a shape is told for, as the command has it by default.
const RESOLUTION: u32 = 128;

/// Everything that `sirenc info --json` tells of a file, under the same names. The costs are those of decoding alone,
/// without the start of a process.
#[pyfunction]
pub(crate) fn info<'py>(
    py: Python<'py>,
    data: &[u8],
    name: &str,
    limits: BTreeMap<String, u64>,
) -> PyResult<Bound<'py, PyDict>> {
    let limits = limits::of(&limits);
    let found = py.detach(|| look(data, &limits));
    let (layout, bits, opened) = found.map_err(|error| raise(py, &error, name))?;
    let cost = media::cost(&opened, RESOLUTION).map_err(|error| raise_media(py, &error, name))?;
    let facts = PyDict::new(py);
    let bytes: usize = layout.spans.iter().map(|span| span.length).sum();
    facts.set_item("kind", layout.header.signal.name())?;
    facts.set_item("bytes", bytes)?;
    tell_signal(&facts, &layout.header, bytes)?;
    tell_network(&facts, &layout, &cost)?;
    facts.set_item("layers", layers(py, &layout.header, &bits)?)?;
    let parts = layout.spans.iter().map(|span| {
        let part = PyDict::new(py);
        part.set_item("part", span.part.to_string())?;
        part.set_item("offset", span.offset)?;
        part.set_item("bytes", span.length)?;
        Ok(part)
    });
    facts.set_item("parts", parts.collect::<PyResult<Vec<_>>>()?)?;
    Ok(facts)
}

fn look(data: &[u8], limits: &Limits) -> Result<(Layout, Vec<u64>, Opened), sirenc::Error> {
    let layout = inspect(data, limits)?;
    let (opened, bits) = Opened::measured(data, limits)?;
    Ok((layout, bits, opened))
}

/// What the signal is; `bytes` are those of the whole file.
fn tell_signal(facts: &Bound<'_, PyDict>, header: &Header, bytes: usize) -> PyResult<()> {
    let each = || 8.0 * bytes as f64 / header.points() as f64;
    match header.signal {
        Signal::Picture { width, height } => {
            facts.set_item("bpp", each())?;
            facts.set_item("width", width)?;
            facts.set_item("height", height)
        }
        Signal::Shape { centre, scale } => {
            facts.set_item("centre", centre.map(f32::from_bits))?;
            facts.set_item("scale", f32::from_bits(scale))
        }
        Signal::Sound {
            rate,
            frames,
            segment,
            overlap,
        } => {
            facts.set_item("bits_per_frame", each())?;
            facts.set_item("rate", rate)?;
            facts.set_item("frames", frames)?;
            facts.set_item("segment", segment)?;
            facts.set_item("overlap", overlap)?;
            facts.set_item("networks", header.networks())
        }
        Signal::Video {
            width,
            height,
            frames,
            rate,
        } => {
            facts.set_item("bpp", each())?;
            facts.set_item("width", width)?;
            facts.set_item("height", height)?;
            facts.set_item("frames", frames)?;
            facts.set_item("rate", rate)
        }
    }
}

/// What the network is, and what it costs.
fn tell_network(facts: &Bound<'_, PyDict>, layout: &Layout, cost: &Cost) -> PyResult<()> {
    let header = &layout.header;
    let Samples {
        channels,
        depth,
        colour,
    } = header.samples;
    let omega = |units: u16| f64::from(units) / f64::from(OMEGA_UNITS);
    facts.set_item("channels", channels)?;
    facts.set_item("depth", depth)?;
    facts.set_item(
        "colour",
        match colour {
            Colour::Direct => "direct",
        },
    )?;
    facts.set_item(
        "activation",
        match header.network.activation {
            Activation::Sine => "sine",
        },
    )?;
    facts.set_item(
        "input_kind",
        match header.network.input {
            Input::Coordinates => "coordinates",
            Input::Grids(_) => "grids",
        },
    )?;
    facts.set_item("omega_first", omega(header.network.omega_first))?;
    facts.set_item("omega_hidden", omega(header.network.omega_hidden))?;
    facts.set_item("hidden", &header.network.hidden)?;
    facts.set_item("parameters", header.parameters())?;
    facts.set_item(
        "coding",
        match layout.coding {
            Coding::Half => "half",
            Coding::Levels => "levels",
            Coding::Differences => "differences",
        },
    )?;
    let weights = layout.spans.iter().filter(|span| span.part.is_weights());
    let weights: usize = weights.map(|span| span.length).sum();
    let each = 8.0 * weights as f64 / header.parameters() as f64;
    facts.set_item("bits_per_weight", each)?;
    let multiplications = header.multiplications_per_point();
    facts.set_item("multiplications_per_point", multiplications)?;
    facts.set_item("operations", cost.operations)?;
    let seconds = cost.operations as f64 / OPERATIONS_PER_SECOND as f64;
    facts.set_item("seconds", seconds)?;
    facts.set_item("memory", cost.memory)?;
    facts.set_item("output", cost.output)
}

/// What every layer takes in the file, where that can be told apart.
fn layers<'py>(
    py: Python<'py>,
    header: &Header,
    bits: &[u64],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let layers = header.layers().zip(bits.chunks_exact(2));
    let told = layers.map(|((outputs, inputs), bits)| {
        let layer = PyDict::new(py);
        layer.set_item("outputs", outputs)?;
        layer.set_item("inputs", inputs)?;
        layer.set_item("weight_bits", bits[0] as f64 / BIT as f64)?;
        layer.set_item("bias_bits", bits[1] as f64 / BIT as f64)?;
        Ok(layer)
    });
    told.collect()
}
