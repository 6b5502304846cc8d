//! From a picture to a file.

use crate::error::{parameter, raise};
use crate::source::{Source, any_size};
use crate::watch::watched;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sirenc::format::Limits;
use sirenc::media::picture::SizeTarget;
use sirenc::{Decoder, Derivatives, Encoder, Error, GridUse, View};

/// The settings of an encode: the attributes of the same names of a Python object. What is `None` keeps the library's
/// default.
#[derive(FromPyObject)]
pub(crate) struct Settings {
    bytes: Option<u64>,
    bpp: Option<f64>,
    psnr: Option<f64>,
    quality: Option<f64>,
    layers: Option<u32>,
    width: Option<u32>,
    omega_first: Option<f64>,
    omega_hidden: Option<f64>,
    half_floats: bool,
    effort: Option<u8>,
    steps: Option<u32>,
    seed: u64,
    threads: Option<usize>,
    grids: Option<bool>,
    supervise: Option<String>,
}

impl Settings {
    /// The encoder with these settings.
    ///
    /// # Errors
    /// `ParameterError` naming the first that is out of range, or that does not go with another.
    fn encoder(&self, py: Python<'_>) -> PyResult<Encoder> {
        self.check_targets(py)?;
        let encoder = self.built().map_err(|error| raise(py, &error, ""))?;
        let encoder = match self.supervise.as_deref() {
            None => encoder,
            Some("gradient") => encoder.with_supervision(Derivatives::Gradient),
            Some("laplacian") => encoder.with_supervision(Derivatives::Laplacian),
            Some(other) => {
                let allowed = "'gradient', 'laplacian' or None";
                return Err(parameter(py, "supervise", &format!("{other:?}"), allowed));
            }
        };
        let valid = encoder.validate();
        valid.map_err(|error| raise(py, &error, ""))?;
        Ok(encoder)
    }

    /// Refuses more than one size, and more than one length of the fit.
    fn check_targets(&self, py: Python<'_>) -> PyResult<()> {
        let given = [
            ("bytes", self.bytes.is_some()),
            ("bpp", self.bpp.is_some()),
            ("psnr", self.psnr.is_some()),
            ("quality", self.quality.is_some()),
        ];
        let given = given.iter().filter(|(_, given)| *given);
        let given: Vec<&str> = given.map(|(name, _)| *name).collect();
        if given.len() > 1 {
            let given = given.join(" and ");
            return Err(parameter(py, "the size of the file", &given, "one of them"));
        }
        if self.effort.is_some() && self.steps.is_some() {
            let given = "effort and steps";
            return Err(parameter(py, "the length of the fit", given, "one of them"));
        }
        Ok(())
    }

    fn built(&self) -> Result<Encoder, Error> {
        let mut encoder = Encoder::new()
            .with_seed(self.seed)
            .with_threads(self.threads.unwrap_or(0));
        if let Some(bytes) = self.bytes {
            encoder = encoder.with_bytes(bytes);
        }
        if let Some(bpp) = self.bpp {
            encoder = encoder.with_bpp(bpp);
        }
        if let Some(psnr) = self.psnr {
            encoder = encoder.with_psnr(psnr);
        }
        if let Some(quality) = self.quality {
            encoder = encoder.with_quality(quality);
        }
        if let Some(layers) = self.layers {
            encoder = encoder.with_layers(layers);
        }
        if let Some(width) = self.width {
            encoder = encoder.with_width(width);
        }
        if let Some(omega) = self.omega_first {
            encoder = encoder.with_omega_first(omega);
        }
        if let Some(omega) = self.omega_hidden {
            encoder = encoder.with_omega_hidden(omega);
        }
        if let Some(effort) = self.effort {
            encoder = encoder.with_effort(effort)?;
        }
        if let Some(steps) = self.steps {
            encoder = encoder.with_steps(steps);
        }
        if self.half_floats {
            encoder = encoder.with_half_floats();
        }
        if let Some(grids) = self.grids {
            encoder = encoder.with_grids(if grids { GridUse::On } else { GridUse::Off });
        }
        Ok(encoder)
    }
}

/// Checks settings, as an encode does before it begins.
///
/// # Errors
/// `ParameterError`.
#[pyfunction]
pub(crate) fn validate(py: Python<'_>, settings: Settings) -> PyResult<()> {
    settings.encoder(py).map(|_| ())
}

/// Fits a network to a picture: the bytes of the file, and what should be said of how the picture was taken.
///
/// # Errors
/// As the library, and what a signal or `progress` raises.
#[pyfunction]
pub(crate) fn encode<'py>(
    py: Python<'py>,
    mut source: PyRefMut<'py, Source>,
    settings: Settings,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyBytes>, Vec<String>)> {
    let encoder = settings.encoder(py)?;
    let asked = settings.bytes.is_some() || settings.bpp.is_some();
    let (picture, notes) = source.settle(py, |picture| SizeTarget {
        bytes: encoder.size(picture),
        asked,
    })?;
    let encoded = watched(py, progress, |tell| encoder.encode_with(&picture, tell))?;
    let encoded = encoded.map_err(|error| raise(py, &error, &source.name))?;
    Ok((PyBytes::new(py, &encoded.bytes), notes))
}

/// The PSNR in dB of a file against the picture that it was made from, over all visible samples.
///
/// # Errors
/// `ParameterError` if the picture has another size, other channels or another depth than the file.
#[pyfunction]
pub(crate) fn psnr(
    py: Python<'_>,
    mut source: PyRefMut<'_, Source>,
    data: &[u8],
    name: &str,
    threads: Option<usize>,
) -> PyResult<f64> {
    let (picture, _) = source.settle(py, |_| any_size())?;
    let compared = py.detach(|| {
        let decoder = Decoder::with_limits(data, &Limits::interactive())?;
        let decoder = decoder.with_threads(threads.unwrap_or(0));
        let [original, stored] = [
            [picture.width(), picture.height()],
            [decoder.width(), decoder.height()],
        ];
        let [channels, depth] = [picture.channels(), picture.samples().depth()];
        if original != stored || channels != decoder.channels() || depth != decoder.depth() {
            return Ok(None);
        }
        let decoded = decoder.picture(&View::whole(&decoder))?;
        Ok(Some(sirenc::metric::psnr(&picture, &decoded)))
    });
    match compared {
        Ok(Some(psnr)) => Ok(psnr),
        Ok(None) => {
            let allowed = "one of the size, the channels and the depth of the file";
            Err(parameter(py, "the picture", "another", allowed))
        }
        Err(error) => Err(raise(py, &error, name)),
    }
}
