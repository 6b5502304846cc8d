//! The settings of an encode, and which fits are tried for a file.

use super::checkpoint;
use super::checkpoint::{Checkpoint, Journal, Key};
use super::draft::{Candidate, Draft, Job, Meter, Tell};
use super::plain;
use super::plan;
use super::plan::{OVERHEAD, Size};
use super::search;
use super::search::Target;
use super::source::{Source, ends};
use crate::decode::on_threads;
use crate::engine::net::Device;
use crate::fit::Progress;
use crate::model::weights;
use crate::objective::{Derivatives, Gradients, Image, Laplacians, Task};
use crate::signal::{Picture, spectral};
use crate::{Error, Limits};
use siren_format as format;
use std::hash::Hash;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Optimiser steps of effort 1 to 9, for networks of up to 20,000 parameters: each about twice as long as
/// the one before. Larger networks get fewer, so that they take no longer.
pub const EFFORT_STEPS: [u32; 9] = [150, 350, 800, 1800, 4200, 8500, 16_000, 28_000, 45_000];
/// The effort that [`Encoder::new`] makes.
pub const DEFAULT_EFFORT: u8 = 5;

/// Most multiplications of a fit that counts as quick: about a second of a core.
const QUICK: u64 = 20_000_000_000;
/// Smallest file worth a network of its own, in bytes.
const LEAST: u64 = 48;

/// Fits networks to pictures and writes them as `.siren` files; reusable.
///
/// ```
/// use sirenc::{Decoder, Encoder, Picture, Samples, View};
/// # fn main() -> Result<(), sirenc::Error> {
/// let samples = (0..32 * 24).map(|i| (i % 32 * 4 + i / 32 * 5) as u8).collect();
/// let picture = Picture::new(32, 24, 1, Samples::U8(samples))?;
///
/// let encoded = Encoder::new().with_bytes(150).with_steps(500).encode(&picture)?;
/// assert!(encoded.psnr > 30.0 && encoded.bytes.len() <= 150);
///
/// let decoder = Decoder::new(&encoded.bytes)?;
/// let larger = decoder.picture(&View::scaled(&decoder, 4.0)?)?;
/// assert_eq!((larger.width(), larger.height()), (128, 96));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    pub(super) size: Size,
    pub(super) layers: Option<u32>,
    pub(super) width: Option<u32>,
    pub(super) half_floats: bool,
    pub(super) omega_first: Option<f64>,
    omega_hidden: Option<f64>,
    steps: Steps,
    pub(super) seed: u64,
    pub(super) threads: Option<usize>,
    pub(super) supervision: Option<Derivatives>,
    pub(super) device: Device,
    pub(super) segment: Option<f64>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            size: Size::Default,
            layers: None,
            width: None,
            half_floats: false,
            omega_first: None,
            omega_hidden: None,
            steps: Steps::Effort(EFFORT_STEPS[usize::from(DEFAULT_EFFORT) - 1]),
            seed: 0,
            threads: None,
            supervision: None,
            device: Device::cpu(),
            segment: None,
        }
    }
}

/// A finished file, and facts about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The whole `.siren` file.
    pub bytes: Vec<u8>,
    /// PSNR in dB of what a decoder makes of these bytes against the picture, over all visible samples; of a video
    /// the mean of its frames'.
    pub psnr: f64,
    /// Bits of the whole file per pixel, of all frames if it is a video.
    pub bpp: f64,
    /// Weights and biases in the file.
    pub parameters: u64,
    /// Optimiser steps taken.
    pub steps: u32,
    /// Wall time of fitting, coding and checking.
    pub elapsed: Duration,
}

impl Encoder {
    /// The defaults: a quarter of a bit per pixel (less for large pictures, see [`Encoder::with_bpp`]), a
    /// network to match, omega 20 in the first and 30 in the others, effort 5, seed 0, all cores.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of at most `bytes` bytes, and nearly that.
    #[must_use]
    pub fn with_bytes(self, bytes: u64) -> Self {
        Self {
            size: Size::Bytes(bytes),
            ..self
        }
    }

    /// A file of at most `bpp` bits per pixel, and nearly that. The default is 0.25, but beyond 12 kB only
    /// as fast as the picture's side, and at most 20 kB: what a minute's fit can make use of.
    #[must_use]
    pub fn with_bpp(self, bpp: f64) -> Self {
        Self {
            size: Size::Bpp(bpp),
            ..self
        }
    }

    /// A file of at most `kbps` thousand bits for each second of a sound, and nearly that.
    #[must_use]
    pub fn with_kbps(self, kbps: f64) -> Self {
        Self {
            size: Size::Kbps(kbps),
            ..self
        }
    }

    /// Segments of about `seconds` seconds of a sound, each with a network of its own. By default they are as
    /// long as a network of 3,000 parameters, or of the given layers and width, can serve. Longer ones reach
    /// a higher ratio of signal to noise in a file of the same size, but take proportionally longer.
    #[must_use]
    pub fn with_segments(self, seconds: f64) -> Self {
        Self {
            segment: Some(seconds),
            ..self
        }
    }

    /// A file whose PSNR is `psnr` or up to 0.2 dB more, whatever its size: networks of several sizes are
    /// tried, which takes two to three times as long as one of a given size. Where even the smallest file
    /// is better than that, it is the smallest.
    #[must_use]
    pub fn with_psnr(self, psnr: f64) -> Self {
        Self {
            size: Size::Reach(Target::Psnr(psnr)),
            ..self
        }
    }

    /// A file of a PSNR of 20 + `quality` / 5 dB, if at most 1 bit per pixel gives that, and else the file
    /// of that size. 0 to 100; photographs are worth encoding at 10 to 60.
    #[must_use]
    pub fn with_quality(self, quality: f64) -> Self {
        Self {
            size: Size::Reach(Target::Quality(quality)),
            ..self
        }
    }

    /// Number of hidden layers, 1 to 255 (default: what suits the size of the file).
    #[must_use]
    pub fn with_layers(self, layers: u32) -> Self {
        Self {
            layers: Some(layers),
            ..self
        }
    }

    /// Neurons per hidden layer, 1 to 4096 (default: what suits the size of the file; without a size, the
    /// size follows from the network).
    #[must_use]
    pub fn with_width(self, width: u32) -> Self {
        Self {
            width: Some(width),
            ..self
        }
    }

    /// Weights as half floats under zstd instead of entropy-coded levels: files more than twice the size,
    /// for tools that want plain numbers. The size follows from the network, 10 x 28 by default.
    #[must_use]
    pub fn with_half_floats(self) -> Self {
        Self {
            half_floats: true,
            ..self
        }
    }

    /// omega_0 of the first layer, rounded to eighths (default 20 for pictures, 10 for shapes and videos): the
    /// highest frequency a fit starts from, in radians per half of the longer side. More suits fine detail, less
    /// is smoother.
    #[must_use]
    pub fn with_omega_first(self, omega_first: f64) -> Self {
        Self {
            omega_first: Some(omega_first),
            ..self
        }
    }

    /// omega_0 of the other hidden layers, rounded to eighths (default 30).
    #[must_use]
    pub fn with_omega_hidden(self, omega_hidden: f64) -> Self {
        Self {
            omega_hidden: Some(omega_hidden),
            ..self
        }
    }

    /// As many steps as [`EFFORT_STEPS`] gives `effort`, 1 (quickest) to 9 (default 5), and fewer for
    /// networks so large that they would take longer.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `effort` is not 1 to 9.
    pub fn with_effort(self, effort: u8) -> Result<Self, Error> {
        match usize::from(effort)
            .checked_sub(1)
            .and_then(|index| EFFORT_STEPS.get(index))
        {
            Some(&steps) => Ok(Self {
                steps: Steps::Effort(steps),
                ..self
            }),
            None => Err(Error::parameter("effort", effort, "1 to 9")),
        }
    }

    /// Optimiser steps, at least 1, in place of an effort. Time is proportional to them and to the size of
    /// the network, not to pixels.
    #[must_use]
    pub fn with_steps(self, steps: u32) -> Self {
        Self {
            steps: Steps::Exactly(steps),
            ..self
        }
    }

    /// Seed of the initial weights and of the order of pixels (default 0). It is not stored; the same
    /// seed gives the same file to the byte on the same machine, for any number of threads.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Shows the network nothing of the picture but its derivatives, and so has it solve Poisson's equation
    /// (Sitzmann et al. 2020, section 4.1). They are the exact ones of the picture's cosine interpolant, per
    /// channel, alpha included: all differences between pixels are in them, and nothing flows through the
    /// edges. That leaves one constant per channel, its mean, which comes from the picture and goes into the
    /// last bias. How finely weights are rounded is also judged by values.
    ///
    /// It takes two to four times as long, and a size, not a PSNR, must be what is asked for.
    #[must_use]
    pub fn with_supervision(self, derivatives: Derivatives) -> Self {
        Self {
            supervision: Some(derivatives),
            ..self
        }
    }

    /// What fits (default: the CPU). The same device gives the same file.
    #[must_use]
    pub fn with_device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Worker threads; 0 means one per core (the default).
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self {
            threads: Some(threads),
            ..self
        }
    }

    /// Checks the settings, as [`Encoder::encode`] would.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first setting that is out of range.
    pub fn validate(&self) -> Result<(), Error> {
        let limits = Limits::default();
        let within = |name, value: u64, most: u64| {
            if (1..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::parameter(name, value, format!("1 to {most}")))
            }
        };
        within("number of layers", self.layers.unwrap_or(1).into(), 255)?;
        within("width", self.width.unwrap_or(1).into(), limits.layer_width)?;
        self.size.validate()?;
        if self.half_floats && self.size != Size::Default {
            let allowed = "left to the network: half floats have no other size";
            return Err(Error::parameter("size of the file", "given", allowed));
        }
        if matches!(self.size, Size::Reach(_)) && self.supervision.is_some() {
            return Err(unforeseeable());
        }
        if matches!(self.size, Size::Reach(_)) && self.width.is_some() {
            let allowed = "left open where a PSNR or a quality is to be reached";
            return Err(Error::parameter("width", "given", allowed));
        }
        let (Steps::Effort(steps) | Steps::Exactly(steps)) = self.steps;
        within("number of steps", steps.into(), u32::MAX.into())?;
        if let Some(seconds) = self.segment
            && !(seconds.is_finite() && seconds > 0.0)
        {
            let allowed = "a positive number of seconds such as 0.5";
            return Err(Error::parameter("segments", seconds, allowed));
        }
        for omega in [self.omega_first, self.omega_hidden].into_iter().flatten() {
            weights::omega_units(omega)?;
        }
        Ok(())
    }

    /// The most bytes that a file of `picture` may take; where a PSNR or a quality is asked for, about what suits the
    /// picture. What nobody asked for leaves the colour profile out of the account.
    pub fn size(&self, picture: &Picture) -> u64 {
        self.budget(picture, self.size, 0)
    }

    /// Fits a network to `picture` and returns the file.
    ///
    /// # Errors
    /// [`Error::Parameter`] for settings out of range, [`Error::Format`] if the file would exceed the
    /// default limits of a decoder, [`Error::Diverged`] if the fit fails, [`Error::Gpu`] if the device does.
    pub fn encode(&self, picture: &Picture) -> Result<Encoded, Error> {
        self.encode_with(picture, |_| ControlFlow::Continue(()))
    }

    /// As [`Encoder::encode`], reporting to `progress` after every step, on a GPU after every few. Breaking ends
    /// the fit early; the best weights so far are kept and coded.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`Error::Stopped`] if `progress` breaks at the first step.
    pub fn encode_with(
        &self,
        picture: &Picture,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.encode_resumable(picture, None, |report, _| progress(report))
    }

    /// As [`Encoder::encode_with`], going on from a `checkpoint` that [`Checkpoint::to_bytes`] has given in an
    /// earlier run with the same settings and the same picture, if there is one. The file is the same to the
    /// byte as if it had not been interrupted. What is reported begins with the fit that was under way.
    ///
    /// # Errors
    /// As [`Encoder::encode_with`], and [`Error::Checkpoint`] if the checkpoint is damaged or of another
    /// encode.
    pub fn encode_resumable(
        &self,
        picture: &Picture,
        checkpoint: Option<&[u8]>,
        mut progress: impl FnMut(&Progress, &mut Checkpoint<'_, '_>) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.validate()?;
        let journal = Journal::new(self.key(picture), checkpoint)?;
        on_threads(self.threads, || self.run(picture, &mut progress, journal))?
    }

    /// What the file depends on: the settings without the number of threads, the instruction set, and the
    /// signal.
    pub(super) fn key(&self, signal: &impl Hash) -> Key {
        let settings = Self {
            threads: None,
            ..self.clone()
        };
        Key {
            settings: checkpoint::hash((format!("{settings:?}"), crate::simd_level())),
            signal: checkpoint::hash(signal),
        }
    }

    fn run(&self, picture: &Picture, tell: Tell<'_>, journal: Journal) -> Result<Encoded, Error> {
        let values = Image::new(picture, self.seed);
        let Some(which) = self.supervision else {
            return self.fit_picture(picture, &values.normalised(), tell, journal);
        };
        spectral::check(picture)?;
        let planes = picture.planes();
        let means = spectral::means(&planes);
        match which {
            Derivatives::Gradient => {
                let targets = spectral::gradients(&planes);
                let task = Gradients::new(targets, means, values, self.seed);
                self.fit_picture(picture, &task, tell, journal)
            }
            Derivatives::Laplacian => {
                let targets = spectral::laplacians(&planes);
                let task = Laplacians::new(targets, means, values, self.seed);
                self.fit_picture(picture, &task, tell, journal)
            }
        }
    }

    /// Fits a network to `task`, and measures its file against `picture`.
    pub(super) fn fit_picture(
        &self,
        picture: &Picture,
        task: &dyn Task,
        tell: Tell<'_>,
        journal: Journal,
    ) -> Result<Encoded, Error> {
        if matches!(self.size, Size::Kbps(_)) || self.segment.is_some() {
            let allowed = "left to sounds, which alone have time";
            return Err(Error::parameter(
                "kilobits a second or segments",
                "given",
                allowed,
            ));
        }
        let Finished {
            candidate,
            steps,
            elapsed,
        } = self.fit(picture, task, tell, journal)?;
        Ok(Encoded {
            psnr: candidate.quality,
            bpp: candidate.bytes.len() as f64 * 8.0 / picture.pixels() as f64,
            bytes: candidate.bytes,
            parameters: candidate.parameters,
            steps,
            elapsed,
        })
    }

    /// Fits a network to `task` and makes a file of it, the signal in which is `source`.
    pub(super) fn fit(
        &self,
        source: &dyn Source,
        task: &dyn Task,
        tell: Tell<'_>,
        journal: Journal,
    ) -> Result<Finished, Error> {
        let begin = Instant::now();
        let job = Job {
            source,
            task,
            device: &self.device,
        };
        let mut meter = Meter::new(tell, journal);
        let profile = source.icc().map_or(0, |icc| icc.len() as u64 + 4);
        let candidate = match self.size {
            _ if self.half_floats => {
                let network = (self.layers.unwrap_or(10), self.width.unwrap_or(28));
                self.draft(job, network, false, &mut meter)?.halves()?
            }
            Size::Reach(_) if task.values().is_some() => return Err(unforeseeable()),
            Size::Reach(target) => search::search(self, job, target, profile, &mut meter)?,
            size => self.best(job, self.budget(source, size, profile), profile, &mut meter)?,
        };
        Ok(Finished {
            candidate,
            steps: meter.done,
            elapsed: begin.elapsed(),
        })
    }

    /// The best file of at most `bytes` bytes: of the plain ones and, unless one of these is exact, of those of
    /// all [`Encoder::attempts`].
    fn best(
        &self,
        job: Job<'_>,
        bytes: u64,
        profile: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Candidate, Error> {
        let least = plain::least(self, job)?;
        if bytes < least {
            let allowed = format!("at least {least}, which one colour takes");
            return Err(Error::parameter("bytes of the file", bytes, allowed));
        }
        let mut best = plain::best(self, job, bytes)?;
        let attempts = self.attempts(job, bytes, profile)?;
        meter.plan(attempts.iter().map(|attempt| attempt.steps).sum());
        for attempt in attempts {
            let done = |best: &Candidate| best.is_exact() || best.stopped;
            if best.as_ref().is_some_and(done) {
                break;
            }
            match self.attempt(job, &attempt, meter) {
                Ok(candidate) => Candidate::keep(&mut best, candidate),
                // A network too large for so few bytes; there are plainer ones.
                Err(Error::Parameter { .. }) if best.is_some() => {}
                Err(error) => return Err(error),
            }
        }
        best.ok_or(Error::Stopped)
    }

    /// The file of one fit.
    fn attempt(
        &self,
        job: Job<'_>,
        attempt: &Attempt,
        meter: &mut Meter<'_>,
    ) -> Result<Candidate, Error> {
        let Attempt {
            ref header,
            bytes,
            steps,
            seed,
        } = *attempt;
        let header = header.clone();
        let draft = Draft::new(job, header, steps, true, seed, meter)?;
        let (_, candidate) = draft.best(bytes, meter)?;
        Ok(candidate)
    }

    /// The fits that are tried for a file of `bytes` bytes. Where a fit is quick, these are the fits of all lower
    /// efforts and of all halves of the bytes too, so that neither effort nor bytes make a file worse.
    fn attempts(&self, job: Job<'_>, bytes: u64, profile: u64) -> Result<Vec<Attempt>, Error> {
        let attempt = |bytes: u64, steps: Steps| {
            let network = self.network(job.source, bytes, profile);
            let header = self.header(job.source, network)?;
            let steps = steps.of(header.parameters());
            Ok::<_, Error>(Attempt {
                header,
                bytes,
                steps,
                seed: self.seed,
            })
        };
        let whole = attempt(bytes, self.steps)?;
        if whole.cost(job) > QUICK || matches!(self.steps, Steps::Exactly(_)) {
            return Ok(vec![whole]);
        }
        let halves = std::iter::successors(Some(bytes / 2), |bytes| Some(bytes / 2));
        let halves = halves.take_while(|&size| size >= profile + LEAST);
        let mut attempts = Vec::new();
        for size in std::iter::once(bytes).chain(halves) {
            for steps in self.steps.up_to() {
                attempts.push(attempt(size, steps)?);
            }
        }
        attempts.sort_by_key(|attempt| attempt.steps);
        Ok(attempts)
    }

    /// Most bytes of a file of `size`, of which `profile` bytes are the colour profile.
    fn budget(&self, source: &dyn Source, size: Size, profile: u64) -> u64 {
        match (size, self.width) {
            // A default leaves the colour profile out of the account; a size asked for does not.
            (Size::Default, Some(width)) => {
                plan::bytes(self.layers.unwrap_or(10), width, ends(source)) + profile
            }
            (Size::Default, None) => size.bytes(source) + profile,
            _ => size.bytes(source),
        }
    }

    /// Hidden layers and width of the network for a file of `bytes` bytes.
    pub(super) fn network(&self, source: &dyn Source, bytes: u64, profile: u64) -> (u32, u32) {
        let bits = bytes.saturating_sub(OVERHEAD + profile) as f64 * 8.0;
        plan::network(bits, ends(source), (self.layers, self.width))
    }

    /// Fits a network of the given hidden layers and width.
    pub(super) fn draft<'a>(
        &self,
        job: Job<'a>,
        network: (u32, u32),
        rounding: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Draft<'a>, Error> {
        let header = self.header(job.source, network)?;
        let steps = self.steps(header.parameters());
        Draft::new(job, header, steps, rounding, self.seed, meter)
    }

    /// The same in at most `steps` steps, to see about what comes of it.
    pub(super) fn look<'a>(
        &self,
        job: Job<'a>,
        network: (u32, u32),
        steps: u32,
        meter: &mut Meter<'_>,
    ) -> Result<Draft<'a>, Error> {
        let header = self.header(job.source, network)?;
        let steps = steps.min(self.steps(header.parameters()));
        Draft::new(job, header, steps, false, self.seed, meter)
    }

    /// Steps for a network of `parameters` parameters.
    pub(super) fn steps(&self, parameters: u64) -> u32 {
        self.steps.of(parameters)
    }

    /// Refuses what a shape has no use for: sizes by pixels or by seconds, and what is seen of a picture.
    pub(super) fn refuse_samples(&self) -> Result<(), Error> {
        let allowed = "left out for shapes, which have no samples; ask for bytes";
        let given = match self.size {
            Size::Bpp(_) => Some("bits per pixel"),
            Size::Reach(_) => Some("PSNR or quality"),
            Size::Kbps(_) => Some("kilobits a second"),
            Size::Default | Size::Bytes(_) if self.segment.is_some() => Some("segments"),
            Size::Default | Size::Bytes(_) => self.supervision.map(|_| "supervision"),
        };
        given.map_or(Ok(()), |name| Err(Error::parameter(name, "given", allowed)))
    }

    pub(super) fn header(
        &self,
        source: &dyn Source,
        network: (u32, u32),
    ) -> Result<format::Header, Error> {
        let (layers, width) = network;
        let [first, hidden] = source.omegas();
        Ok(format::Header {
            signal: source.signal(),
            samples: source.samples(),
            network: format::Network {
                activation: format::Activation::Sine,
                input: format::Input::Coordinates,
                omega_first: weights::omega_units(self.omega_first.unwrap_or(first))?,
                omega_hidden: weights::omega_units(self.omega_hidden.unwrap_or(hidden))?,
                hidden: vec![width; layers as usize],
            },
        })
    }
}

/// A finished file, and what it took.
pub(super) struct Finished {
    pub(super) candidate: Candidate,
    /// Optimiser steps taken.
    pub(super) steps: u32,
    /// Wall time of fitting, coding and checking.
    pub(super) elapsed: Duration,
}

/// No PSNR can be asked for where derivatives are fitted: their loss does not tell it.
fn unforeseeable() -> Error {
    let allowed = "left open where derivatives are fitted; ask for a size";
    Error::parameter("PSNR or quality", "given", allowed)
}

/// How long to fit.
#[derive(Clone, Copy, Debug)]
enum Steps {
    /// So many for a network of ordinary size.
    Effort(u32),
    /// So many.
    Exactly(u32),
}

impl Steps {
    /// Steps for a network of `parameters` parameters.
    fn of(self, parameters: u64) -> u32 {
        match self {
            Self::Effort(steps) => plan::steps(steps, parameters),
            Self::Exactly(steps) => steps,
        }
    }

    /// Those of this effort and of all lower ones.
    fn up_to(self) -> Vec<Self> {
        match self {
            Self::Effort(most) => {
                let lower = EFFORT_STEPS.into_iter().filter(|&steps| steps <= most);
                lower.map(Self::Effort).collect()
            }
            Self::Exactly(_) => vec![self],
        }
    }
}

/// One of the fits that are tried.
struct Attempt {
    header: format::Header,
    bytes: u64,
    steps: u32,
    seed: u64,
}

impl Attempt {
    /// Multiplications of the fit, without those of the backward pass.
    fn cost(&self, job: Job<'_>) -> u64 {
        let points = job.task.batch(2).saturating_mul(self.steps.into());
        points.saturating_mul(self.header.multiplications_per_point())
    }
}
