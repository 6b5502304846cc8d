//! Files that are open: pictures, shapes, sounds and videos out of them.

use crate::error::{parameter, raise, raise_media};
use crate::field::NativeField;
use crate::limits;
use crate::source::{array_of, shaped};
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sirenc::format::Signal;
use sirenc::media::picture::{self, Format};
use sirenc::{
    Camera, Decoder, Derivative, Error, FrameTimes, Network, Playback, Region, Samples,
    ShapeDecoder, SoundDecoder, VideoDecoder, View,
};
use std::collections::BTreeMap;

/// The size of the whole picture, and which part of it: `(width, height)`, a factor of both sides, or neither; and
/// `(x, y, width, height)` in pixels of that size.
#[derive(Clone, Copy, FromPyObject)]
pub(crate) struct Frame {
    #[pyo3(item)]
    size: Option<(u32, u32)>,
    #[pyo3(item)]
    scale: Option<f64>,
    #[pyo3(item)]
    region: Option<(u32, u32, u32, u32)>,
}

impl Frame {
    /// The view of it, where a factor alone gives that of `scaled`.
    fn view(self, scaled: impl FnOnce(f64) -> Result<View, Error>) -> Result<View, Error> {
        let view = match (self.size, self.scale) {
            (Some((width, height)), _) => View::sized(width, height)?,
            (None, scale) => scaled(scale.unwrap_or(1.0))?,
        };
        match self.region {
            None => Ok(view),
            Some((x, y, width, height)) => view.with_region(Region {
                x,
                y,
                width,
                height,
            }),
        }
    }
}

/// A file that is open.
#[pyclass(frozen)]
pub(crate) struct Opened {
    opened: sirenc::Opened,
    name: String,
}

/// A mesh: origin, vertices, normals and triangles.
type MeshArrays<'py> = (
    [f32; 3],
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

#[pymethods]
impl Opened {
    #[new]
    fn new(
        py: Python<'_>,
        data: &[u8],
        name: String,
        limits: BTreeMap<String, u64>,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        let limits = limits::of(&limits);
        let opened = py.detach(|| sirenc::Opened::with_limits(data, &limits));
        let opened = opened.map_err(|error| raise(py, &error, &name))?;
        Ok(Self {
            opened: opened.with_threads(threads.unwrap_or(0)),
            name,
        })
    }

    /// The kind of signal.
    #[getter]
    fn kind(&self) -> &'static str {
        self.opened.header().signal.name()
    }

    /// The error of a file that should hold another kind of signal.
    fn refusal(&self, py: Python<'_>, wanted: &str) -> PyErr {
        crate::error::kind(py, &self.name, self.kind(), wanted)
    }

    /// Channels and bits a sample.
    #[getter]
    fn samples(&self) -> (u8, u8) {
        let samples = &self.opened.header().samples;
        (samples.channels, samples.depth)
    }

    /// What the header says of the signal: width and height of a picture; rate and frames of a sound; width, height,
    /// frames, and the rate as a fraction, of a video; nothing of a shape.
    #[getter]
    fn dimensions(&self) -> Vec<u32> {
        match self.opened.header().signal {
            Signal::Picture { width, height } => vec![width, height],
            Signal::Shape { .. } => Vec::new(),
            Signal::Sound { rate, frames, .. } => vec![rate, frames],
            Signal::Video {
                width,
                height,
                frames,
                rate: [numerator, denominator],
            } => vec![width, height, frames, numerator, denominator],
        }
    }

    /// The centre of the cube of a shape, and half its side.
    fn placement(&self, py: Python<'_>) -> PyResult<([f32; 3], f32)> {
        let placement = self.shape(py)?.placement();
        Ok((placement.centre, placement.scale))
    }

    /// The ICC profile of a picture.
    fn icc<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let icc = self.decoder(py)?.icc();
        Ok(icc.map(|icc| PyBytes::new(py, icc)))
    }

    /// A picture, or a derivative of it, or its values as floats.
    fn picture<'py>(
        &self,
        py: Python<'py>,
        frame: Frame,
        derivative: Option<&str>,
        floats: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let decoder = self.decoder(py)?;
        let derivative = derivative.map(|name| derivative_of(py, name)).transpose()?;
        let view = frame.view(|scale| View::scaled(decoder, scale));
        let view = view.map_err(|error| self.raise(py, &error))?;
        if derivative.is_none() && !floats {
            let picture = py.detach(|| decoder.picture(&view));
            return array_of(py, picture.map_err(|error| self.raise(py, &error))?);
        }
        let values = py.detach(|| all_floats(decoder, &view, derivative));
        let values = values.map_err(|error| self.raise(py, &error))?;
        let region = view.region();
        let mut shape = vec![region.height as usize, region.width as usize];
        shape.extend((decoder.channels() > 1).then_some(usize::from(decoder.channels())));
        let parts = derivative.map_or(1, Derivative::parts);
        shape.extend((parts > 1).then_some(parts));
        Ok(values.into_pyarray(py).reshape(shape)?.into_any())
    }

    /// A picture, or a shape from a direction, as the bytes of a PNG.
    fn png<'py>(
        &self,
        py: Python<'py>,
        frame: Frame,
        direction: (f32, f32),
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut bytes = Vec::new();
        if let sirenc::Opened::Shape(_) = self.opened {
            let picture = self.shaded(py, frame, direction)?;
            let written = picture::whole(&picture, Format::png(), &mut bytes);
            written.map_err(|error| raise_media(py, &error, &self.name))?;
        } else {
            let decoder = self.decoder(py)?;
            let view = frame.view(|scale| View::scaled(decoder, scale));
            let view = view.map_err(|error| self.raise(py, &error))?;
            let write = || picture::render(decoder, &view, Format::png(), &mut bytes, |_| {});
            let written = py.detach(write);
            written.map_err(|error| raise_media(py, &error, &self.name))?;
        }
        Ok(PyBytes::new(py, &bytes))
    }

    /// A shape as triangles.
    fn mesh<'py>(&self, py: Python<'py>, resolution: u32) -> PyResult<MeshArrays<'py>> {
        let decoder = self.shape(py)?;
        let mesh = py.detach(|| decoder.mesh(resolution));
        let mesh = mesh.map_err(|error| self.raise(py, &error))?;
        Ok((
            mesh.origin,
            rows(py, mesh.vertices)?,
            rows(py, mesh.normals)?,
            rows(py, mesh.triangles)?,
        ))
    }

    /// A shape as it looks from a direction, azimuth and elevation in degrees.
    fn look<'py>(
        &self,
        py: Python<'py>,
        frame: Frame,
        direction: (f32, f32),
    ) -> PyResult<Bound<'py, PyAny>> {
        array_of(py, self.shaded(py, frame, direction)?)
    }

    /// A sound, or a part of it in seconds, as frames x channels of floats, of which 1 is full scale.
    fn sound<'py>(
        &self,
        py: Python<'py>,
        rate: Option<u32>,
        start: Option<f64>,
        end: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let decoder = self.player(py)?;
        let play = || {
            let mut playback = Playback::whole(decoder);
            if start.is_some() || end.is_some() {
                let last = f64::from(decoder.frames()) / f64::from(decoder.rate());
                playback = playback.with_range(start.unwrap_or(0.0), end.unwrap_or(last))?;
            }
            if let Some(rate) = rate {
                playback = playback.with_rate(rate)?;
            }
            decoder.sound(&playback)
        };
        let sound = py.detach(play).map_err(|error| self.raise(py, &error))?;
        let shape = [sound.frames() as usize, usize::from(sound.channels())];
        let samples = sound.samples().to_vec();
        Ok(samples.into_pyarray(py).reshape(shape)?.into_any())
    }

    /// Frames of a video: the stored ones, or those at another rate, a fraction, of a part of it in seconds; only those
    /// from number `first` on, and `count` of them at most.
    #[expect(clippy::too_many_arguments, reason = "one for each of Python")]
    fn frames<'py>(
        &self,
        py: Python<'py>,
        frame: Frame,
        rate: Option<[u32; 2]>,
        start: Option<f64>,
        end: Option<f64>,
        first: u32,
        count: Option<u32>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let decoder = self.video(py)?;
        let times = || {
            let mut times = FrameTimes::stored(decoder);
            if start.is_some() || end.is_some() {
                times = times.within(start.unwrap_or(0.0), end.unwrap_or(f64::INFINITY))?;
            }
            rate.map_or(Ok(times), |rate| times.with_rate(rate))
        };
        let times = times().map_err(|error| self.raise(py, &error))?;
        let left = times.frames().saturating_sub(first);
        let count = count.unwrap_or(left);
        if count == 0 || count > left {
            let given = format!("{count} from {first} on");
            let allowed = format!(
                "within the {} of the video, and at least one",
                times.frames()
            );
            return Err(parameter(py, "frames", &given, &allowed));
        }
        let view = frame.view(|scale| decoder.view(scale));
        let view = view.map_err(|error| self.raise(py, &error))?;
        let film = py.detach(|| film(decoder, &view, &times, first, count));
        let samples = film.map_err(|error| self.raise(py, &error))?;
        let region = view.region();
        let mut shape = vec![
            count as usize,
            region.height as usize,
            region.width as usize,
        ];
        shape.extend((decoder.channels() > 1).then_some(usize::from(decoder.channels())));
        shaped(py, samples, shape)
    }

    /// Number of networks: the segments of a sound, and else 1.
    #[getter]
    fn networks(&self) -> u64 {
        self.opened.header().networks()
    }

    /// The network of this number, as a function.
    fn field(&self, py: Python<'_>, segment: usize) -> PyResult<NativeField> {
        let network: Option<&Network> = match &self.opened {
            sirenc::Opened::Picture(decoder) => Some(decoder.network()),
            sirenc::Opened::Shape(decoder) => Some(decoder.network()),
            sirenc::Opened::Video(decoder) => Some(decoder.network()),
            sirenc::Opened::Sound(decoder) => decoder.networks().get(segment),
            _ => None,
        };
        match network.filter(|_| segment < self.networks() as usize) {
            Some(network) => Ok(NativeField::new(network.clone())),
            None => {
                let allowed = format!("less than {}", self.networks());
                Err(parameter(py, "segment", &segment.to_string(), &allowed))
            }
        }
    }
}

impl Opened {
    fn raise(&self, py: Python<'_>, error: &Error) -> PyErr {
        raise(py, error, &self.name)
    }

    fn decoder(&self, py: Python<'_>) -> PyResult<&Decoder> {
        match &self.opened {
            sirenc::Opened::Picture(decoder) => Ok(decoder),
            _ => Err(self.refusal(py, "picture")),
        }
    }

    fn shape(&self, py: Python<'_>) -> PyResult<&ShapeDecoder> {
        match &self.opened {
            sirenc::Opened::Shape(decoder) => Ok(decoder),
            _ => Err(self.refusal(py, "shape")),
        }
    }

    fn player(&self, py: Python<'_>) -> PyResult<&SoundDecoder> {
        match &self.opened {
            sirenc::Opened::Sound(decoder) => Ok(decoder),
            _ => Err(self.refusal(py, "sound")),
        }
    }

    fn video(&self, py: Python<'_>) -> PyResult<&VideoDecoder> {
        match &self.opened {
            sirenc::Opened::Video(decoder) => Ok(decoder),
            _ => Err(self.refusal(py, "video")),
        }
    }

    /// The picture of a shape, of the size of `frame`.
    fn shaded(
        &self,
        py: Python<'_>,
        frame: Frame,
        (azimuth, elevation): (f32, f32),
    ) -> PyResult<sirenc::Picture> {
        let decoder = self.shape(py)?;
        let (width, height) = frame.size.unwrap_or((512, 512));
        let look = || {
            let camera = Camera::new(azimuth, elevation, width, height)?;
            decoder.picture(&camera)
        };
        py.detach(look).map_err(|error| self.raise(py, &error))
    }
}

/// The derivative of this name.
fn derivative_of(py: Python<'_>, name: &str) -> PyResult<Derivative> {
    match name {
        "dx" => Ok(Derivative::X),
        "dy" => Ok(Derivative::Y),
        "gradient" => Ok(Derivative::Gradient),
        "laplacian" => Ok(Derivative::Laplacian),
        other => {
            let allowed = "'dx', 'dy', 'gradient' or 'laplacian'";
            Err(parameter(py, "derivative", &format!("{other:?}"), allowed))
        }
    }
}

/// All floats of a view, under the limits of the decoder.
fn all_floats(
    decoder: &Decoder,
    view: &View,
    derivative: Option<Derivative>,
) -> Result<Vec<f32>, Error> {
    let parts = derivative.map_or(1, Derivative::parts) as u64;
    let count = view
        .pixels()
        .saturating_mul(u64::from(decoder.channels()) * parts);
    let mut cost = decoder.cost_of_floats(view, derivative);
    cost.hold(count.saturating_mul(size_of::<f32>() as u64));
    decoder.admit(&cost)?;
    let mut values = Vec::with_capacity(count as usize);
    decoder.render_floats(view, derivative, |strip| {
        values.extend_from_slice(&strip.values);
        Ok::<_, Error>(())
    })?;
    Ok(values)
}

/// The samples of `count` frames from number `first` on, under the limits of the decoder.
fn film(
    decoder: &VideoDecoder,
    view: &View,
    times: &FrameTimes,
    first: u32,
    count: u32,
) -> Result<Samples, Error> {
    let pixels = view.pixels().saturating_mul(count.into());
    let sample = u64::from(decoder.channels()) * u64::from(decoder.depth() / 8);
    let mut cost = decoder.cost(view, times);
    cost.hold(pixels.saturating_mul(sample));
    decoder.admit(&cost)?;
    let mut frames = decoder.rendering(view, times)?;
    let (mut shallow, mut deep) = (Vec::new(), Vec::new());
    for frame in first..first + count {
        frames.frame(frame, |strip| {
            match &strip.samples {
                Samples::U16(samples) => deep.extend_from_slice(samples),
                samples => shallow.extend_from_slice(&samples.eight_bits()),
            }
            Ok::<_, Error>(())
        })?;
    }
    Ok(match decoder.depth() {
        8 => Samples::U8(shallow),
        _ => Samples::U16(deep),
    })
}

/// Triples as the rows of an array.
fn rows<T: numpy::Element>(py: Python<'_>, triples: Vec<[T; 3]>) -> PyResult<Bound<'_, PyAny>> {
    let count = triples.len();
    let flat = triples.into_flattened();
    Ok(flat.into_pyarray(py).reshape([count, 3])?.into_any())
}
