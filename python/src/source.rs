//! Pictures that come in: arrays, and the bytes of files in foreign formats.

use crate::error::{raise, raise_media};
use numpy::{IntoPyArray, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use sirenc::media::picture::{self, Found, SizeTarget};
use sirenc::{Picture, Samples};
use std::io::Cursor;
use std::path::Path;

/// A picture to be stored, and what to call it in messages. It is used up by what is made of it.
#[pyclass]
pub(crate) struct Source {
    found: Option<Found>,
    #[pyo3(get)]
    pub(crate) name: String,
}

impl Source {
    /// The picture as it is to be stored in a file of `room`, and what should be said of that.
    ///
    /// # Errors
    /// `UnsupportedError` if its colour profile is too large for the file, `Error` if it was used before.
    pub(crate) fn settle(
        &mut self,
        py: Python<'_>,
        room: impl FnOnce(&Picture) -> SizeTarget + Send,
    ) -> PyResult<(Picture, Vec<String>)> {
        let gone = || pyo3::exceptions::PyRuntimeError::new_err("this source was used before");
        let found = self.found.take().ok_or_else(gone)?;
        let settled = py.detach(|| found.settle(room));
        settled.map_err(|error| raise_media(py, &error, &self.name))
    }
}

#[pymethods]
impl Source {
    /// The picture in an array of 8 or 16 bits a sample, rows x columns or rows x columns x channels, with an ICC
    /// profile if there is one.
    #[staticmethod]
    fn of_array(array: &Bound<'_, PyAny>, name: String, icc: Option<Vec<u8>>) -> PyResult<Self> {
        let py = array.py();
        let (shape, samples) = if let Ok(array) = array.extract::<PyReadonlyArrayDyn<'_, u8>>() {
            (array.shape().to_vec(), Samples::U8(in_order(&array)))
        } else {
            let array = array.extract::<PyReadonlyArrayDyn<'_, u16>>()?;
            (array.shape().to_vec(), Samples::U16(in_order(&array)))
        };
        let side = |index: usize| {
            let length = shape.get(index).copied().unwrap_or(1);
            u32::try_from(length).unwrap_or(u32::MAX)
        };
        let channels = u8::try_from(side(2)).unwrap_or(u8::MAX);
        let picture = Picture::new(side(1), side(0), channels, samples);
        let picture = picture.map_err(|error| raise(py, &error, &name))?;
        Ok(Self {
            found: Some(Found::from_picture(picture.with_icc(icc))),
            name,
        })
    }
}

/// A copy of an array's elements, row by row, whatever its strides.
fn in_order<T: numpy::Element + Copy>(array: &PyReadonlyArrayDyn<'_, T>) -> Vec<T> {
    let view = array.as_array();
    view.as_slice()
        .map_or_else(|| view.iter().copied().collect(), <[T]>::to_vec)
}

/// The picture in the bytes of a file of a foreign format, if it takes at most `memory` bytes once decoded. The `name` of
/// the file, where it has one, tells formats without a signature, and begins messages.
#[pyfunction]
pub(crate) fn read(
    py: Python<'_>,
    data: &[u8],
    name: String,
    path: Option<&str>,
    memory: u64,
) -> PyResult<Source> {
    let path = path.map(Path::new);
    let found = py.detach(|| picture::read(&mut Cursor::new(data), path, memory));
    let found = found.map_err(|error| raise_media(py, &error, &name))?;
    Ok(Source {
        found: Some(found),
        name,
    })
}

/// The samples of a picture as an array, rows x columns or rows x columns x channels, as they would be stored.
#[pyfunction]
pub(crate) fn samples<'py>(
    py: Python<'py>,
    mut source: PyRefMut<'_, Source>,
) -> PyResult<Bound<'py, PyAny>> {
    let (picture, _) = source.settle(py, |_| any_size())?;
    array_of(py, picture)
}

/// Any room for a profile.
pub(crate) fn any_size() -> SizeTarget {
    SizeTarget {
        bytes: u64::MAX,
        asked: false,
    }
}

/// The samples of a picture as an array, without a copy of them: rows x columns of gray, and else rows x columns x
/// channels.
pub(crate) fn array_of(py: Python<'_>, picture: Picture) -> PyResult<Bound<'_, PyAny>> {
    let [height, width] = [picture.height(), picture.width()].map(|side| side as usize);
    let channels = usize::from(picture.channels());
    let shape = match channels {
        1 => vec![height, width],
        _ => vec![height, width, channels],
    };
    shaped(py, picture.into_samples(), shape)
}

/// Samples as an array of this shape.
pub(crate) fn shaped(
    py: Python<'_>,
    samples: Samples,
    shape: Vec<usize>,
) -> PyResult<Bound<'_, PyAny>> {
    Ok(match samples {
        Samples::U8(samples) => samples.into_pyarray(py).reshape(shape)?.into_any(),
        Samples::U16(samples) => samples.into_pyarray(py).reshape(shape)?.into_any(),
        _ => {
            let message = "samples of a depth that this package does not know";
            return Err(pyo3::exceptions::PyNotImplementedError::new_err(message));
        }
    })
}
