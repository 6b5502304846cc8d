//! Errors of the library as exceptions of the package.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use sirenc::format::Quantity;
use sirenc::{Error, media};

/// The Python module that has the classes of exceptions.
const CLASSES: &str = "sirenc._errors";

/// How the library, which the command uses too, tells to raise the limit of memory, and how it is said in Python.
const RAISING: [&str; 2] = ["--limit memory=N", "limits=Limits(memory=N)"];

/// The exception for an error of the library. Where the error is about a file, its message begins with the `name` of it.
pub(crate) fn raise(py: Python<'_>, error: &Error, name: &str) -> PyErr {
    let said = error.to_string();
    let of_file = format!("{name}: {said}");
    let facts = PyDict::new(py);
    let described = describe(&facts, error);
    let (class, message) = match error {
        Error::Format(sirenc::format::Error::Limit { .. }) | Error::Limit(_) => {
            ("LimitError", of_file)
        }
        Error::Format(_) => ("FormatError", of_file),
        Error::Kind { .. } => ("KindError", of_file),
        Error::Parameter { .. } => ("ParameterError", said),
        Error::Diverged { .. } => ("DivergedError", of_file),
        Error::Unreachable { .. } => ("UnreachableError", of_file),
        Error::Stopped => ("StoppedError", said),
        Error::Read(_) => ("ReadError", of_file),
        Error::Threads(_) => ("ThreadsError", said),
        _ => ("Error", said),
    };
    described.map_or_else(|error| error, |()| instance(py, class, &message, &facts))
}

/// The exception for an error of a reader of foreign formats, about the file `name`.
pub(crate) fn raise_media(py: Python<'_>, error: &media::Error, name: &str) -> PyErr {
    let class = match error {
        media::Error::Malformed(_) => "MalformedError",
        media::Error::Unsupported(_) => "UnsupportedError",
        media::Error::Limit(_) => "LimitError",
        media::Error::Read(_) | media::Error::Write(_) => "ReadError",
        media::Error::Signal(error) => return raise(py, error, name),
        _ => "Error",
    };
    let [command, here] = RAISING;
    let message = format!("{name}: {}", error.to_string().replace(command, here));
    instance(py, class, &message, &PyDict::new(py))
}

/// A `ParameterError` for an argument that the library is not even asked about.
pub(crate) fn parameter(py: Python<'_>, name: &str, given: &str, allowed: &str) -> PyErr {
    let facts = PyDict::new(py);
    let told = tell_parameter(&facts, name, given, allowed);
    let message = format!("{name} is {given}, but must be {allowed}");
    told.map_or_else(
        |error| error,
        |()| instance(py, "ParameterError", &message, &facts),
    )
}

/// A `KindError` for the file `name`.
pub(crate) fn kind(py: Python<'_>, name: &str, found: &str, wanted: &str) -> PyErr {
    let facts = PyDict::new(py);
    let told = facts.set_item("found", found);
    let told = told.and_then(|()| facts.set_item("wanted", wanted));
    let message = format!("{name}: holds a {found}, not a {wanted}");
    told.map_or_else(
        |error| error,
        |()| instance(py, "KindError", &message, &facts),
    )
}

fn tell_parameter(
    facts: &Bound<'_, PyDict>,
    name: &str,
    given: &str,
    allowed: &str,
) -> PyResult<()> {
    facts.set_item("parameter", name)?;
    facts.set_item("given", given)?;
    facts.set_item("allowed", allowed)
}

/// Writes what an error tells beside its message to `facts`.
fn describe(facts: &Bound<'_, PyDict>, error: &Error) -> PyResult<()> {
    let limit = |what: &Quantity, asked: u64, allowed: u64| {
        facts.set_item("quantity", crate::limits::name(*what))?;
        facts.set_item("asked", asked)?;
        facts.set_item("allowed", allowed)
    };
    match error {
        Error::Format(sirenc::format::Error::Limit {
            what,
            asked,
            allowed,
        }) => limit(what, *asked, *allowed),
        Error::Limit(exceeded) => limit(&exceeded.what, exceeded.asked, exceeded.allowed),
        Error::Kind { found, wanted, .. } => {
            facts.set_item("found", found)?;
            facts.set_item("wanted", wanted)
        }
        Error::Parameter {
            name,
            given,
            allowed,
            ..
        } => tell_parameter(facts, name, given, allowed),
        Error::Diverged { step, attempts, .. } => {
            facts.set_item("step", step)?;
            facts.set_item("attempts", attempts)
        }
        Error::Unreachable {
            asked,
            nearest,
            bytes,
            ..
        } => {
            facts.set_item("asked", asked)?;
            facts.set_item("nearest", nearest)?;
            facts.set_item("bytes", bytes)
        }
        _ => Ok(()),
    }
}

/// An exception of the class of this name, with `facts` as its attributes.
fn instance(py: Python<'_>, class: &str, message: &str, facts: &Bound<'_, PyDict>) -> PyErr {
    let make = || {
        let exception = py.import(CLASSES)?.getattr(class)?.call1((message,))?;
        for (name, fact) in facts {
            exception.setattr(name.extract::<String>()?.as_str(), fact)?;
        }
        Ok(PyErr::from_value(exception))
    };
    make().unwrap_or_else(|error| error)
}
