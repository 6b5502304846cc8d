//! The native part of the Python package `sirenc`: what its Python modules call of the library.
//!
//! Nothing here is public to users of the package. The Python modules decide what an argument may be, open files, and
//! have the documentation; here are arrays and bytes, errors as exceptions, and work without the interpreter's lock.

mod encode;
mod error;
mod field;
mod fit;
mod info;
mod limits;
mod opened;
mod source;
mod threads;
mod watch;

use pyo3::prelude::*;

/// What the package `sirenc` calls of the library.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::encode::{encode, psnr, validate};
    #[pymodule_export]
    use crate::field::NativeField;
    #[pymodule_export]
    use crate::fit::fit;
    #[pymodule_export]
    use crate::info::info;
    #[pymodule_export]
    use crate::limits::limits;
    #[pymodule_export]
    use crate::opened::Opened;
    #[pymodule_export]
    use crate::source::{Source, read, samples};
}
