//! `sirenc encode`: a picture or another signal in, a network out.

mod args;
mod metadata;

use args::Metadata;
pub(crate) use args::{Coding, Encode, Fitting, Grids, Supervise};
pub(crate) use metadata::Left;
use metadata::LeftOut;

use super::checkpoint::{self, Keeper};
use super::failure::Failure;
use super::input::{Input, Kind};
use super::jobs::{Inputs, Job, Wanted};
use super::many::side_by_side;
use super::options::Given;
use super::output::Output;
use super::paths::Place;
use super::picture;
use super::placeholder;
use super::progress::STEPS;
use super::report::{Report, complain};
use super::shape;
use super::sound;
use super::video;
use serde_json::{Map, Value, json};
use siren_format::{Limits, Signal};
use sirenc::media;
use sirenc::media::grouped;
use sirenc::media::picture::SizeTarget;
use sirenc::{
    Checkpoint, Derivatives, Device, Encoded, Encoder, EncoderOf, GridUse, KindSettings, Picture,
    PixelSettings, Progress, ShapeEncoder, SoundEncoder, VideoEncoder,
};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

/// Pictures of up to this number of pixels are encoded side by side, each on one thread: they take little memory, and
/// threads that shared one such fit would spend their time waiting for each other. Larger pictures are encoded one at a
/// time.
const SMALL: u64 = 1 << 20;

pub(crate) fn run(args: &Encode, given: &Given) -> Result<ExitCode, Failure> {
    if args.placeholder {
        return placeholder::encode(args);
    }
    let encoders = Encoders::new(args).map_err(|error| Failure::Usage(error.to_string()))?;
    let encoders = encoders.with_device(&args.fitting.device.open(args.manner.quiet)?);
    let inputs = Inputs::find(&args.inputs, args.selection, Wanted::Signals)?;
    let plan = inputs.plan(args.output.as_deref(), |_| "siren".into())?;
    let report = Report {
        quiet: args.manner.quiet,
        json: args.json,
        aside: plan.to_standard(),
        total: None,
    };
    checkpoint::check(args, &plan.jobs)?;
    metadata::check(args)?;
    let (ready, mut tally) = plan.ready(args.manner.force, &report, |job| look(given, job))?;
    let report = report.of(ready.len());
    let cores = || available_parallelism().map_or(1, usize::from);
    let threads = args.fitting.threads.unwrap_or_else(cores);
    let (mut rough, mut left_out) = (0, LeftOut::default());
    let mut tell = |job: &Job, told: Result<Told, Failure>| {
        if let Ok(told) = &told {
            rough += u32::from(told.rough);
            left_out.count(told.left);
        }
        let told = told.and_then(|told| told.say(&report));
        tally.settle(job, told, &report)
    };
    let small: Vec<_> = ready
        .iter()
        .map(|job| ready.len() > 1 && is_small(job))
        .collect();
    let mut rest = &ready[..];
    while let [first, ..] = rest {
        let from = ready.len() - rest.len();
        let count = small[from..].iter().take_while(|small| **small).count();
        if count < 2 || threads < 2 {
            let report = report.at(from, 1);
            tell(first, one(&encoders, args, given, first, &report))?;
            rest = &rest[1..];
        } else {
            let (batch, others) = rest.split_at(count);
            let mut alone = encoders.clone();
            alone.picture = alone.picture.with_threads(1);
            let silent = Report {
                quiet: true,
                ..report
            };
            let bar = report.at(from, count).bar(None, "{pos} of {len} files");
            bar.set_length(count as u64);
            let work = |job: &Job| {
                let told = one(&alone, args, given, job, &silent);
                bar.inc(1);
                told
            };
            side_by_side(batch, threads, work, &mut tell)?;
            rest = others;
        }
    }
    if rough > 0 && !report.json {
        report.say(&advice(rough))?;
    }
    for told in left_out.told().filter(|_| !report.json) {
        report.say(&told)?;
    }
    tally.end(&report)
}

/// What to ask for where `rough` results are far from their originals. It is said once for all of them.
fn advice(rough: u32) -> String {
    let subject = match rough {
        1 => "the result is".into(),
        _ => format!("{rough} results are"),
    };
    format!(
        "{subject} far from the original; ask for more with --bytes, or for the quality itself with --psnr or --quality"
    )
}

/// Refuses options that do not serve what the input of `job` holds. Whether it can be read, as far as that is seen
/// at a glance; what comes through a pipe is only looked at once.
fn look(given: &Given, job: &Job) -> Result<bool, Failure> {
    if !job.input.is_file() {
        return Ok(true);
    }
    // A file is read where it is, whatever the limits.
    let input = Input::open(&job.input, &Limits::none());
    let kind = input.and_then(|mut input| input.kind(&job.input));
    match kind {
        Ok(Kind::Picture) if picture::pixels(&job.input).is_none() => Ok(false),
        Ok(kind) => given.check(kind).map(|()| true),
        Err(_) => Ok(false),
    }
}

/// Whether the picture is in a file, and a small one.
fn is_small(job: &Job) -> bool {
    picture::pixels(&job.input).is_some_and(|pixels| pixels <= SMALL)
}

/// The encoders of all kinds of signals, as the command line sets them.
#[derive(Clone)]
struct Encoders {
    picture: Encoder,
    shape: ShapeEncoder,
    sound: SoundEncoder,
    video: VideoEncoder,
}

impl Encoders {
    /// What is not said on the command line keeps the library's default. Options that serve some kinds alone are set
    /// for these.
    fn new(args: &Encode) -> Result<Self, sirenc::Error> {
        let mut sound: SoundEncoder = settings(&args.fitting)?;
        if let Some(kbps) = args.kbps {
            sound = sound.with_kbps(kbps);
        }
        if let Some(seconds) = args.segments {
            sound = sound.with_segments(seconds);
        }
        let mut picture: Encoder = reaching(args)?;
        match args.supervise {
            Supervise::Values => {}
            Supervise::Gradient => picture = picture.with_supervision(Derivatives::Gradient),
            Supervise::Laplacian => picture = picture.with_supervision(Derivatives::Laplacian),
        }
        picture = picture.with_grids(match args.grids {
            Grids::Auto => GridUse::Auto,
            Grids::On => GridUse::On,
            Grids::Off => GridUse::Off,
        });
        let encoders = Self {
            picture,
            shape: settings(&args.fitting)?,
            sound,
            video: reaching(args)?,
        };
        encoders.picture.validate()?;
        encoders.shape.validate()?;
        encoders.sound.validate()?;
        encoders.video.validate()?;
        Ok(encoders)
    }

    fn with_device(self, device: &Device) -> Self {
        Self {
            picture: self.picture.with_device(device.clone()),
            shape: self.shape.with_device(device.clone()),
            sound: self.sound.with_device(device.clone()),
            video: self.video.with_device(device.clone()),
        }
    }
}

/// The settings of a signal made of pixels, with the PSNR or the quality that is to be reached.
fn reaching<K: PixelSettings>(args: &Encode) -> Result<EncoderOf<K>, sirenc::Error> {
    let mut encoder = pixels(&args.fitting)?;
    if let Some(psnr) = args.psnr {
        encoder = encoder.with_psnr(psnr);
    }
    if let Some(quality) = args.quality {
        encoder = encoder.with_quality(quality);
    }
    Ok(encoder)
}

/// The settings of a signal made of pixels that `encode` and `blend` have in common, not yet validated.
pub(crate) fn pixels<K: PixelSettings>(args: &Fitting) -> Result<EncoderOf<K>, sirenc::Error> {
    let encoder = settings(args)?;
    Ok(match args.bpp {
        Some(bpp) => encoder.with_bpp(bpp),
        None => encoder,
    })
}

/// The settings that all kinds of signals have, not yet validated.
fn settings<K: KindSettings>(args: &Fitting) -> Result<EncoderOf<K>, sirenc::Error> {
    let mut encoder = EncoderOf::new();
    if let Some(bytes) = args.bytes {
        encoder = encoder.with_bytes(bytes);
    }
    if args.weights == Coding::F16 {
        encoder = encoder.with_half_floats();
    }
    if let Some(layers) = args.layers {
        encoder = encoder.with_layers(layers);
    }
    if let Some(width) = args.width {
        encoder = encoder.with_width(width);
    }
    if let Some(omega) = args.omega {
        encoder = encoder.with_omega_first(omega).with_omega_hidden(omega);
    }
    if let Some(omega) = args.omega_first {
        encoder = encoder.with_omega_first(omega);
    }
    if let Some(effort) = args.effort {
        encoder = encoder.with_effort(effort)?;
    }
    if let Some(steps) = args.steps {
        encoder = encoder.with_steps(steps);
    }
    if let Some(seed) = args.seed {
        encoder = encoder.with_seed(seed);
    }
    if let Some(threads) = args.threads {
        encoder = encoder.with_threads(threads);
    }
    Ok(encoder)
}

fn one(
    encoders: &Encoders,
    args: &Encode,
    given: &Given,
    job: &Job,
    report: &Report,
) -> Result<Told, Failure> {
    let mut input = Input::open(&job.input, &args.limiting.limits())?;
    let kind = input.kind(&job.input)?;
    if kind != Kind::Picture {
        given.check(kind)?;
    }
    match kind {
        Kind::Picture => {}
        Kind::Shape => return shape::encode(&encoders.shape, args, input, job, report),
        Kind::Sound => return sound::encode(&encoders.sound, args, input, job, report),
        Kind::Video => {
            return told(
                job,
                &video::encode(&encoders.video, args, input, job, report)?,
            );
        }
    }
    let found = media::picture::read(
        input.source(),
        job.input.path(),
        args.limiting.limits().memory,
    )?;
    let keeps_profile = args.metadata != Metadata::None;
    let (mut picture, notes) = found.settle(|picture| SizeTarget {
        // In no bytes there is room for a profile.
        bytes: if keeps_profile {
            encoders.picture.size(picture)
        } else {
            0
        },
        asked: keeps_profile && (args.fitting.bytes.is_some() || args.fitting.bpp.is_some()),
    })?;
    if !keeps_profile {
        picture = picture.with_icc(None);
    }
    warn(args, job, &notes);
    // Only now is it certain to be one.
    given.check(kind)?;
    let (carried, left) = metadata::wanted(args, &mut input)?;
    let encoder = metadata::with_room(&encoders.picture, args, &picture, &carried)?;
    let encoded = stored(args, job, report, decibels, bytes, |from, progress| {
        let encoded = encoder.encode_resumable(&picture, from, progress)?;
        metadata::carrying(encoded, &picture, &carried)
    })?;
    let told = told(job, &encoded)?;
    let fitting = &args.fitting;
    let sized = [
        fitting.bytes.is_some(),
        fitting.bpp.is_some(),
        args.psnr.is_some(),
        args.quality.is_some(),
    ];
    Ok(Told {
        left,
        // Whoever asks for no size need not know that the default is little for a large photograph.
        rough: told.rough || (!sized.contains(&true) && encoded.psnr < COARSE),
        ..told
    })
}

/// Says what became of an input that is not as one might think, unless it should be quiet.
pub(crate) fn warn(args: &Encode, job: &Job, notes: &[String]) {
    for note in notes.iter().filter(|_| !args.manner.quiet) {
        complain(&format!("{}: {note}", job.input));
    }
}

/// Encodes with a progress bar.
pub(crate) fn fit(
    encoder: &Encoder,
    picture: &Picture,
    name: &Place,
    report: &Report,
) -> Result<Encoded, Failure> {
    watched(name, report, decibels, |progress| {
        encoder.encode_with(picture, progress)
    })
}

/// How good a fit of samples is so far.
pub(crate) fn decibels(progress: &Progress) -> String {
    format!("{:.1} dB", progress.psnr)
}

/// How good a fit is so far of which the loss is no error of samples.
pub(crate) fn loss(progress: &Progress) -> String {
    format!("loss {:.4}", progress.loss)
}

/// Does `work`, which reports its progress, under a progress bar that shows what `message` makes of it.
pub(crate) fn watched<T>(
    name: &Place,
    report: &Report,
    message: fn(&Progress) -> String,
    work: impl FnOnce(&mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send)) -> Result<T, sirenc::Error>,
) -> Result<T, Failure> {
    let bar = report.bar(Some(name), STEPS);
    let encoded = work(&mut |progress| {
        bar.set_length(u64::from(progress.steps));
        bar.set_position(u64::from(progress.step));
        bar.set_message(message(progress));
        // An interruption ends the process by itself.
        ControlFlow::Continue(())
    });
    drop(bar);
    Ok(encoded?)
}

/// Does `work` under a progress bar, going on from the checkpoint and keeping those that `args` ask for, and writes
/// the `bytes` of what it returns to the output of `job`.
pub(crate) fn stored<T>(
    args: &Encode,
    job: &Job,
    report: &Report,
    message: fn(&Progress) -> String,
    bytes: fn(&T) -> &[u8],
    work: impl FnOnce(Option<&[u8]>, Step<'_>) -> Result<T, sirenc::Error>,
) -> Result<T, Failure> {
    // Opened before the fit: that it cannot be written should not be learnt after it.
    let output = Output::create(&job.output, args.manner.force)?;
    let mut keeper = Keeper::new(args)?;
    let from = keeper.as_mut().and_then(|keeper| keeper.from.take());
    let encoded = watched(&job.input, report, message, |progress| {
        work(from.as_deref(), &mut |report, checkpoint| {
            if let Some(keeper) = &mut keeper {
                keeper.step(checkpoint);
            }
            progress(report)
        })
    })?;
    output.finish(bytes(&encoded))?;
    if let Some(keeper) = keeper {
        keeper.finish();
    }
    Ok(encoded)
}

/// A callback after every step of a fit, which can make a checkpoint to resume from that step.
pub(crate) type Step<'a> =
    &'a mut (dyn FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()> + Send);

/// The bytes of the finished file.
pub(crate) fn bytes(encoded: &Encoded) -> &[u8] {
    &encoded.bytes
}

/// The report of a finished file: a line for people, and facts for programs.
pub(crate) struct Told {
    pub(crate) line: String,
    /// Whether it is far from the original.
    pub(crate) rough: bool,
    pub(crate) left: Left,
    pub(crate) facts: Value,
}

impl Told {
    pub(crate) fn say(&self, report: &Report) -> Result<(), Failure> {
        if report.json {
            report.print(&self.facts)
        } else {
            report.say(&self.line)
        }
    }
}

/// Tells of a finished file of a picture.
pub(crate) fn told(job: &Job, encoded: &Encoded) -> Result<Told, Failure> {
    let quality = format!(
        "{:.3} bpp  {:.1} dB ({})",
        encoded.bpp,
        encoded.psnr,
        likeness(encoded.psnr)
    );
    Ok(Told {
        line: line(job, &encoded.bytes, &quality, encoded.elapsed),
        rough: encoded.psnr < ROUGH,
        left: Left::default(),
        facts: facts(job, encoded)?,
    })
}

/// PSNR in dB below which a picture is far from its original.
const ROUGH: f64 = 22.0;
/// PSNR in dB below which it is far enough to say so where no size was asked for.
const COARSE: f64 = 27.0;

/// How near to the original a picture of a PSNR of `psnr` dB looks, in a word.
fn likeness(psnr: f64) -> &'static str {
    match psnr {
        ..ROUGH => "rough",
        ..COARSE => "coarse",
        ..33.0 => "fair",
        ..40.0 => "good",
        f64::INFINITY => "exact",
        _ => "very good",
    }
}

/// The line for people about a finished file, with its number of bytes and a description of its `quality`.
pub(crate) fn line(job: &Job, bytes: &[u8], quality: &str, elapsed: Duration) -> String {
    format!(
        "{} -> {}  {} bytes  {quality}  {:.1} s",
        job.input,
        job.output,
        grouped(bytes.len() as u64),
        elapsed.as_secs_f64()
    )
}

fn facts(job: &Job, encoded: &Encoded) -> Result<Value, Failure> {
    let layout = siren_format::inspect(&encoded.bytes, &Limits::none());
    let header = layout.map_err(sirenc::Error::from)?.header;
    let facts = json!({
        "input": job.input.name(),
        "output": job.output.name(),
        "kind": header.signal.name(),
    });
    let signal = match header.signal {
        Signal::Video {
            width,
            height,
            frames,
            rate,
        } => json!({ "width": width, "height": height, "frames": frames, "rate": rate }),
        Signal::Picture { width, height } => json!({ "width": width, "height": height }),
        Signal::Shape { .. } | Signal::Sound { .. } => json!({}),
    };
    let rest = json!({
        "channels": header.samples.channels,
        "depth": header.samples.depth,
        "bytes": encoded.bytes.len(),
        "bpp": encoded.bpp,
        "psnr": encoded.psnr,
        "parameters": encoded.parameters,
        "steps": encoded.steps,
        "seconds": encoded.elapsed.as_secs_f64(),
    });
    Ok([facts, signal, rest]
        .into_iter()
        .flat_map(members)
        .collect())
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
