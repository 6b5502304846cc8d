//! Shapes on the command line: surfaces in and out of files, and pictures of them.

use super::decode::Decode;
use super::encode::Encode;
use super::encode::{Left, Told, line, loss, stored};
use super::failure::Failure;
use super::input::Input;
use super::jobs::Job;
use super::output::Output;
use super::paths::Place;
use super::report::Report;
use serde_json::json;
use sirenc::media::grouped;
use sirenc::media::picture::{Format, Writer, whole};
use sirenc::media::surface::{MeshFormat, distances, read};
use sirenc::{Camera, EncodedShape, ShapeDecoder, ShapeEncoder};
use std::time::Instant;

/// Cells along the longest side of a mesh, unless another number is asked for.
pub(super) const RESOLUTION: u32 = 256;
/// Azimuth and elevation in degrees, and sides in pixels, of a picture, likewise.
pub(super) const VIEW: [f32; 2] = [30.0, 20.0];
const SIZE: (u32, u32) = (768, 768);

/// Encodes the surface that `input` holds.
pub(super) fn encode(
    encoder: &ShapeEncoder,
    args: &Encode,
    mut input: Input,
    job: &Job,
    report: &Report,
) -> Result<Told, Failure> {
    let mut warn = |warning: &str| report.warn(&job.input, warning);
    let surface = read(input.source(), job.input.path(), &mut warn)?;
    let encoded = stored(
        args,
        job,
        report,
        loss,
        |shape: &EncodedShape| &shape.bytes,
        |from, progress| encoder.encode_resumable(&surface, from, progress),
    )?;
    let quality = format!("off by {:.3} %", 100.0 * encoded.relative);
    Ok(Told {
        line: line(job, &encoded.bytes, &quality, encoded.elapsed),
        rough: false,
        left: Left::default(),
        facts: facts(job, &encoded),
    })
}

fn facts(job: &Job, encoded: &EncodedShape) -> serde_json::Value {
    json!({
        "input": job.input.name(),
        "output": job.output.name(),
        "kind": "shape",
        "bytes": encoded.bytes.len(),
        "distance": encoded.distance,
        "relative_distance": encoded.relative,
        "parameters": encoded.parameters,
        "steps": encoded.steps,
        "seconds": encoded.elapsed.as_secs_f64(),
    })
}

/// Decodes a shape: to a mesh, to a grid of distances, or to a picture of it, as the output's extension says.
pub(super) fn decode(
    args: &Decode,
    shape: &ShapeDecoder,
    job: &Job,
    report: &Report,
) -> Result<(), Failure> {
    let start = Instant::now();
    let form = Form::of(&job.output)?;
    let told = match form {
        Form::Mesh(format) => {
            let mesh = shape.mesh(args.resolution.unwrap_or(RESOLUTION))?;
            if mesh.triangles.is_empty() {
                let message = "has no surface: the distance is nowhere zero";
                return Err(Failure::Said(message.into()));
            }
            let mut output = Output::create(&job.output, args.manner.force)?;
            let written = format.write(&mesh, &mut output);
            output.commit(written)?;
            format!("{} triangles", grouped(mesh.triangles.len() as u64))
        }
        Form::Distances => {
            let resolution = args.resolution.unwrap_or(RESOLUTION);
            let mut output = Output::create(&job.output, args.manner.force)?;
            let written = distances(shape, resolution, &mut output);
            output.commit(written)?;
            let (side, placement) = (resolution + 1, shape.placement());
            let apart = 2.0 * placement.scale / resolution as f32;
            let least = placement.centre.map(|x| x - placement.scale);
            format!("{side}x{side}x{side} distances, {apart} apart from {least:?} on")
        }
        Form::Picture(format) => {
            let [azimuth, elevation] = args.view.unwrap_or(VIEW);
            let (width, height) = args.size.map_or(SIZE, |size| size.of(1.0));
            let picture = shape.picture(&Camera::new(azimuth, elevation, width, height)?)?;
            let mut output = Output::create(&job.output, args.manner.force)?;
            let written = whole(&picture, format, &mut output);
            output.commit(written)?;
            format!("{width}x{height}")
        }
    };
    report.say(&format!(
        "{} -> {}  {told}  {:.1} s",
        job.input,
        job.output,
        start.elapsed().as_secs_f64()
    ))
}

/// What a shape is decoded to.
pub(super) enum Form {
    Mesh(MeshFormat),
    /// Signed distances on a regular grid, as plain numbers.
    Distances,
    Picture(&'static Format),
}

impl Form {
    /// What the extension of an output stands for: a mesh where there is none.
    pub(super) fn of(output: &Place) -> Result<Self, Failure> {
        let extension = match output {
            Place::Standard => None,
            Place::Path(path) => path.extension(),
        };
        let Some(extension) = extension else {
            return Ok(Self::Mesh(MeshFormat::Ply));
        };
        let extension = extension.to_string_lossy().to_lowercase();
        if let Some(format) = MeshFormat::of(&extension) {
            return Ok(Self::Mesh(format));
        }
        match Format::of(&extension) {
            Some(format) if matches!(format.writer, Writer::Floats) => Ok(Self::Distances),
            Some(format) => Ok(Self::Picture(format)),
            None => Err(Failure::Usage(format!(
                "shapes are not written as .{extension}; give -o one of .{} for a mesh, .npy for a grid of signed distances, or a picture's extension such as .png",
                MeshFormat::extensions().join(", .")
            ))),
        }
    }
}
