//! `sirenc study shapes`: signed distances, in files and out of them.

use super::args::StudyShapes;
use super::begin;
use crate::encode::{loss, watched};
use crate::failure::Failure;
use crate::files::Typed;
use crate::input::Input;
use crate::paths::Place;
use crate::report::Report;
use crate::table::columns;
use serde_json::{Value, json};
use sirenc::media::grouped;
use sirenc::media::surface::{binary_ply, read};
use sirenc::study::{DistanceQuality, Primitive, fit_distance, measure_distance};
use sirenc::{
    Activation, Architecture, EncodedShape, Limits, Network, Placement, ShapeDecoder, ShapeEncoder,
    Surface,
};
use std::process::ExitCode;
use std::time::Instant;

/// Largest step sizes that ReLU is fitted with; the sine has the first. omega makes its weights small, and with
/// them the steps that suit them; ReLU should not lose by that.
const RATES: [f32; 3] = [2e-3, 8e-3, 32e-3];
/// Level of zstd, the highest ordinary one.
const ZSTD_LEVEL: i32 = 19;

/// A surface to be studied.
struct Subject {
    name: String,
    surface: Surface,
    primitive: Option<Primitive>,
    placement: Placement,
}

/// One network, and how good it is.
struct Entry {
    name: &'static str,
    /// Bytes of its file, if it is in one.
    bytes: Option<usize>,
    parameters: usize,
    quality: DistanceQuality,
    seconds: f64,
}

pub(crate) fn run(args: &StudyShapes) -> Result<ExitCode, Failure> {
    let (files, report) = begin(&args.running, Typed::default(), &args.inputs)?;
    let mut figures = Vec::new();
    let mut status = ExitCode::SUCCESS;
    for (place, subject) in subjects(args, &report) {
        let studied = subject.and_then(|subject| {
            figures.push(one(args, &place, &subject, &report)?);
            Ok(())
        });
        if !report.settle(&place, studied)? {
            status = ExitCode::FAILURE;
        }
    }
    if let Some(place) = &files.json {
        files.write(place, &format!("{:#}\n", Value::from(figures)))?;
    }
    Ok(status)
}

/// What was typed, or the primitives.
fn subjects(args: &StudyShapes, report: &Report) -> Vec<(Place, Result<Subject, Failure>)> {
    let typed = args.inputs.iter().map(|typed| {
        let place = Place::input(typed);
        let mut warn = |warning: &str| report.warn(&place, warning);
        let surface = Input::open(&place, &Limits::interactive())
            .and_then(|mut input| Ok(read(input.source(), place.path(), &mut warn)?));
        (place, surface, None)
    });
    let primitives = Primitive::ALL.into_iter().map(|primitive| {
        let place = Place::Path(primitive.name().into());
        (
            place,
            primitive.surface().map_err(Failure::from),
            Some(primitive),
        )
    });
    let all: Vec<_> = if args.inputs.is_empty() {
        primitives.collect()
    } else {
        typed.collect()
    };
    let subject = |(place, surface, primitive): (Place, Result<Surface, Failure>, _)| {
        let subject = surface.and_then(|surface| {
            Ok(Subject {
                name: place.to_string(),
                placement: surface.placement()?,
                surface,
                primitive,
            })
        });
        (place, subject)
    };
    all.into_iter().map(subject).collect()
}

fn one(
    args: &StudyShapes,
    place: &Place,
    subject: &Subject,
    report: &Report,
) -> Result<Value, Failure> {
    let encoded = encoded(args, place, subject, report)?;
    let sine = ShapeDecoder::with_limits(&encoded.bytes, &Limits::none())?
        .network()
        .architecture()
        .clone();
    let entries = entries(args, place, subject, report, &encoded)?;
    let ply = binary_ply(&subject.surface);
    let packed = zstd::bulk::compress(&ply, ZSTD_LEVEL)?;
    report.say(&format!(
        "{}  {} points, {} triangles; {} bytes as binary PLY, {} under zstd\n{}\n",
        subject.name,
        grouped(subject.surface.points().len() as u64),
        grouped(subject.surface.triangles().len() as u64),
        grouped(ply.len() as u64),
        grouped(packed.len() as u64),
        table(&sine, &entries)
    ))?;
    Ok(json!({
        "surface": subject.name,
        "points": subject.surface.points().len(),
        "triangles": subject.surface.triangles().len(),
        "ply_bytes": ply.len(),
        "zstd_bytes": packed.len(),
        "hidden": sine.hidden,
        "steps": encoded.steps,
        "networks": entries.iter().map(figures).collect::<Vec<_>>(),
    }))
}

/// The file of a surface.
fn encoded(
    args: &StudyShapes,
    place: &Place,
    subject: &Subject,
    report: &Report,
) -> Result<EncodedShape, Failure> {
    let mut encoder = ShapeEncoder::new().with_seed(args.running.seed);
    if let Some(bytes) = args.bytes {
        encoder = encoder.with_bytes(bytes);
    }
    if let Some(steps) = args.steps {
        encoder = encoder.with_steps(steps);
    }
    watched(place, report, loss, |progress| {
        encoder.encode_with(&subject.surface, progress)
    })
}

/// Measures the file `encoded`, and networks of the same architecture that are fitted with sines and with ReLU.
fn entries(
    args: &StudyShapes,
    place: &Place,
    subject: &Subject,
    report: &Report,
    encoded: &EncodedShape,
) -> Result<Vec<Entry>, Failure> {
    let measure = |network: &Network| {
        measure_distance(
            network,
            &subject.placement,
            &subject.surface,
            subject.primitive,
            args.resolution,
            args.points as usize,
        )
    };
    let file = ShapeDecoder::with_limits(&encoded.bytes, &Limits::none())?;
    let sine = file.network().architecture().clone();
    let mut entries = vec![Entry {
        name: "file",
        bytes: Some(encoded.bytes.len()),
        parameters: sine.parameters(),
        quality: measure(file.network())?,
        seconds: encoded.elapsed.as_secs_f64(),
    }];
    let fit = |shape: &Architecture, rate: f32| {
        let start = Instant::now();
        let network = watched(place, report, loss, |progress| {
            fit_distance(
                &subject.surface,
                shape,
                encoded.steps,
                rate,
                args.running.seed,
                progress,
            )
        })?;
        Ok::<_, Failure>((measure(&network)?, start.elapsed().as_secs_f64()))
    };
    let mut add = |name, shape: &Architecture, (quality, seconds)| {
        entries.push(Entry {
            name,
            bytes: None,
            parameters: shape.parameters(),
            quality,
            seconds,
        });
    };
    add("sine", &sine, fit(&sine, RATES[0])?);
    let relu = Architecture {
        activation: Activation::Relu,
        ..sine.clone()
    };
    // Too large a step is no reason to give up the others.
    let fits = RATES.iter().map(|&rate| fit(&relu, rate));
    let best = fits
        .flatten()
        .min_by(|(a, _), (b, _)| a.likeness.chamfer.total_cmp(&b.likeness.chamfer));
    if let Some(best) = best {
        add("ReLU", &relu, best);
    }
    Ok(entries)
}

/// Thousandths of the longest side.
fn thousandths(share: f64) -> String {
    format!("{:.3}", 1000.0 * share)
}

fn table(shape: &Architecture, entries: &[Entry]) -> String {
    let network = format!("{} x {}", shape.hidden.len(), shape.hidden[0]);
    let head = [
        network.as_str(),
        "weights",
        "bytes",
        "Chamfer",
        "normals",
        "||grad|-1|",
        "distance",
        "seconds",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    for entry in entries {
        let DistanceQuality {
            likeness,
            eikonal,
            distance,
            ..
        } = entry.quality;
        let unknown = String::new;
        lines.push([
            entry.name.into(),
            grouped(entry.parameters as u64),
            entry
                .bytes
                .map_or_else(unknown, |bytes| grouped(bytes as u64)),
            thousandths(likeness.chamfer),
            format!("{:.4}", likeness.normals),
            format!("{eikonal:.4}"),
            distance.map_or_else(unknown, thousandths),
            format!("{:.0}", entry.seconds),
        ]);
    }
    columns(&lines, 1).join("\n")
}

fn figures(entry: &Entry) -> Value {
    let DistanceQuality {
        likeness,
        eikonal,
        distance,
        ..
    } = entry.quality;
    json!({
        "name": entry.name,
        "parameters": entry.parameters,
        "bytes": entry.bytes,
        "chamfer": likeness.chamfer,
        "normal_consistency": likeness.normals,
        "eikonal": eikonal,
        "distance": distance,
        "seconds": entry.seconds,
    })
}
