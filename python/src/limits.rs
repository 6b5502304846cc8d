//! Limits as dictionaries of numbers.

use pyo3::prelude::*;
use sirenc::Limits;
use sirenc::format::Quantity;
use std::collections::BTreeMap;

/// The name of a limit as a name in Python.
pub(crate) fn name(what: Quantity) -> String {
    what.name().replace('-', "_")
}

/// The limits of this name, `"default"`, `"interactive"` or `"none"`, each limit by its own name.
#[pyfunction]
pub(crate) fn limits(which: &str) -> BTreeMap<String, u64> {
    let limits = match which {
        "interactive" => Limits::interactive(),
        "none" => Limits::none(),
        _ => Limits::default(),
    };
    let entry = |what| (name(what), limits.of(what));
    Quantity::ALL.into_iter().map(entry).collect()
}

/// The limits that a dictionary as [`limits`] returns it says; what it does not name keeps its default.
pub(crate) fn of(numbers: &BTreeMap<String, u64>) -> Limits {
    let set = |limits: Limits, what| match numbers.get(&name(what)) {
        Some(&most) => limits.with(what, most),
        None => limits,
    };
    Quantity::ALL.into_iter().fold(Limits::default(), set)
}
