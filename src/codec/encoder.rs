use super::plan::{self, OVERHEAD, Room, Size};
use super::quantise::Quantiser;
use super::{Decoder, View, on_threads, weights};
use crate::fit::{self, Fitted, Progress, Schedule};
use crate::metric::SquaredError;
use crate::net::Network;
use crate::signal::Picture;
use crate::task::Image;
use crate::{Error, Limits};
use siren_format::{self as format, Weights};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Optimiser steps of effort 1 to 9: each about twice as long as the one before.
pub const EFFORT_STEPS: [u32; 9] = [150, 350, 700, 1500, 3000, 6000, 12_000, 24_000, 48_000];
/// The effort that [`Encoder::new`] makes.
pub const DEFAULT_EFFORT: u8 = 5;

/// omega_0 of the first layer that suits photographs: at 30, what it starts from is noise too fine.
const OMEGA_FIRST: f64 = 20.0;
/// omega_0 of the other layers, as in the paper.
const OMEGA_HIDDEN: f64 = 30.0;
/// Largest step size of the optimiser.
const RATE: f32 = 2e-3;
/// A decoded file whose squared error is this many times that of the fit is not a success.
const DAMAGED: f64 = 8.0;

/// Points that cover a picture evenly, about.
const ROUND: u64 = 8192;
/// Rounds of them per step, in the first half of a fit and in the second.
const GROWTH: [u64; 2] = [1, 3];
/// Share of the steps for which the fit goes through the rounding of its weights.
const ROUNDED: f64 = 0.25;
/// Largest step size during those.
const ROUNDED_RATE: f32 = 4e-4;

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
    size: Size,
    layers: Option<u32>,
    width: Option<u32>,
    half_floats: bool,
    omega_first: f64,
    omega_hidden: f64,
    steps: u32,
    seed: u64,
    threads: Option<usize>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            size: Size::Default,
            layers: None,
            width: None,
            half_floats: false,
            omega_first: OMEGA_FIRST,
            omega_hidden: OMEGA_HIDDEN,
            steps: EFFORT_STEPS[usize::from(DEFAULT_EFFORT) - 1],
            seed: 0,
            threads: None,
        }
    }
}

/// A finished file, and facts about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The whole `.siren` file.
    pub bytes: Vec<u8>,
    /// PSNR in dB of what a decoder makes of these bytes against the picture, over all visible samples.
    pub psnr: f64,
    /// Bits of the whole file per pixel.
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

    /// omega_0 of the first layer, rounded to eighths (default 20): the highest frequency a fit starts
    /// from, in radians per half of the longer side. More suits fine detail, less is smoother.
    #[must_use]
    pub fn with_omega_first(self, omega_first: f64) -> Self {
        Self {
            omega_first,
            ..self
        }
    }

    /// omega_0 of the other hidden layers, rounded to eighths (default 30).
    #[must_use]
    pub fn with_omega_hidden(self, omega_hidden: f64) -> Self {
        Self {
            omega_hidden,
            ..self
        }
    }

    /// As many steps as [`EFFORT_STEPS`] gives `effort`, 1 (quickest) to 9 (default 5).
    ///
    /// # Errors
    /// [`Error::Parameter`] if `effort` is not 1 to 9.
    pub fn with_effort(self, effort: u8) -> Result<Self, Error> {
        match usize::from(effort)
            .checked_sub(1)
            .and_then(|index| EFFORT_STEPS.get(index))
        {
            Some(&steps) => Ok(self.with_steps(steps)),
            None => Err(Error::parameter("effort", effort, "1 to 9")),
        }
    }

    /// Optimiser steps, at least 1 (default 3000). Time is proportional to them, not to pixels.
    #[must_use]
    pub fn with_steps(self, steps: u32) -> Self {
        Self { steps, ..self }
    }

    /// Seed of the initial weights and of the order of pixels (default 0). It is not stored; the same
    /// seed gives the same file to the byte on the same machine, for any number of threads.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
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
        within("number of steps", self.steps.into(), u32::MAX.into())?;
        weights::omega_units(self.omega_first)?;
        weights::omega_units(self.omega_hidden).map(|_| ())
    }

    /// Fits a network to `picture` and returns the file.
    ///
    /// # Errors
    /// [`Error::Parameter`] for settings out of range, [`Error::Format`] if the file would exceed the
    /// default limits of a decoder, [`Error::Diverged`] if the fit fails.
    pub fn encode(&self, picture: &Picture) -> Result<Encoded, Error> {
        self.encode_with(picture, |_| ControlFlow::Continue(()))
    }

    /// As [`Encoder::encode`], reporting to `progress` after every step. Breaking ends the fit early;
    /// the best weights so far are kept and coded.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`Error::Stopped`] if `progress` breaks at the first step.
    pub fn encode_with(
        &self,
        picture: &Picture,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.validate()?;
        on_threads(self.threads, || self.run(picture, &mut progress))?
    }

    fn run(
        &self,
        picture: &Picture,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Encoded, Error> {
        let begin = Instant::now();
        let plan = self.plan(picture);
        let header = self.header(picture, &plan)?;
        // Before any time is spent: a file nobody may decode is not worth fitting.
        Limits::default().check(&header)?;

        let mut network = Network::random(&weights::shape(&header), self.seed)?;
        let task = Image::new(picture, ROUND, self.seed);
        let mut progress = |report: &Progress| progress(&report.out_of(self.steps));
        let file = |weights| {
            let icc = picture.icc().map(<[u8]>::to_vec);
            format::File {
                header: header.clone(),
                weights,
                icc,
            }
            .to_bytes()
            .map_err(Error::from)
        };
        let parameters = header.parameters();
        let (fitted, bytes) = match plan.room {
            None => {
                let points = GROWTH.map(|rounds| task.batch(rounds));
                let schedule = Schedule {
                    steps: self.steps,
                    points,
                    rate: RATE,
                };
                let fitted = fit::fit(&mut network, &task, None, &schedule, &mut progress)?;
                (fitted, file(weights::to_halves(&network))?)
            }
            Some(room) => {
                self.fit_within(room, &mut network, &task, file, &header, &mut progress)?
            }
        };
        if fitted.stopped && fitted.steps <= 1 {
            return Err(Error::Stopped);
        }
        let error = check(picture, &bytes)?;
        let peak = picture.samples().peak();
        let coded = error.mean() * 4.0 / (peak * peak);
        if coded > DAMAGED * (fitted.loss + 1e-3) {
            // The fit was fine and its file is not: whatever happened, do not pass it off as good.
            return Err(Error::Diverged {
                step: fitted.steps,
                attempts: 1,
            });
        }
        Ok(Encoded {
            psnr: error.psnr(peak),
            bpp: bytes.len() as f64 * 8.0 / picture.pixels() as f64,
            bytes,
            parameters,
            steps: fitted.steps,
            elapsed: begin.elapsed(),
        })
    }

    /// The network and the size of the file for `picture`.
    fn plan(&self, picture: &Picture) -> Plan {
        let given = (self.layers, self.width);
        let ends = [2, u32::from(picture.channels())];
        let default = |given: Option<u32>, value: u32| given.unwrap_or(value);
        if self.half_floats {
            let (layers, width) = (default(self.layers, 10), default(self.width, 28));
            return Plan {
                layers,
                width,
                room: None,
            };
        }
        // A default leaves the colour profile out of the account; a size that was asked for does not.
        let profile = picture.icc().map_or(0, |icc| icc.len() as u64 + 4);
        let overhead = OVERHEAD + profile;
        let bytes = match (self.size, self.width) {
            (Size::Default, Some(width)) => {
                plan::bytes(default(self.layers, 10), width, ends) + profile
            }
            (Size::Default, None) => self.size.bytes(picture) + profile,
            _ => self.size.bytes(picture),
        };
        let room = Room { bytes, overhead };
        let (layers, width) = plan::network(room.bits(), ends, given);
        Plan {
            layers,
            width,
            room: Some(room),
        }
    }

    /// Fits `network` freely, then through the rounding that makes a file within `room` of it.
    fn fit_within(
        &self,
        mut room: Room,
        network: &mut Network,
        task: &Image<'_>,
        mut file: impl FnMut(Weights) -> Result<Vec<u8>, Error>,
        header: &format::Header,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(Fitted, Vec<u8>), Error> {
        let rounded = (f64::from(self.steps) * ROUNDED) as u32;
        let free = self.steps - rounded;
        let points = GROWTH.map(|rounds| task.batch(rounds));
        let schedule = Schedule {
            steps: free,
            points,
            rate: RATE,
        };
        let mut fitted = fit::fit(network, task, None, &schedule, progress)?;

        let mut quantiser = Quantiser::new(header, network, task, points[1], room.bits())?;
        if rounded > 0 && !fitted.stopped {
            quantiser.settle_after(rounded);
            let schedule = Schedule {
                steps: rounded,
                points: [points[1]; 2],
                rate: ROUNDED_RATE,
            };
            let mut progress = |report: &Progress| progress(&report.after(&fitted));
            let last = fit::fit(
                network,
                task,
                Some(&mut quantiser),
                &schedule,
                &mut progress,
            )?;
            fitted = Fitted {
                steps: fitted.steps + last.steps,
                ..last
            };
        }
        // What is not weights differs by a few bytes from file to file, and is known now.
        loop {
            let coded = file(quantiser.weights(network))?;
            let length = coded.len() as u64;
            if length <= room.bytes {
                return Ok((fitted, coded));
            }
            room.overhead += length - room.bytes;
            quantiser.set_budget(room.bits(), network)?;
        }
    }

    fn header(&self, picture: &Picture, plan: &Plan) -> Result<format::Header, Error> {
        Ok(format::Header {
            signal: format::Signal::Picture {
                width: picture.width(),
                height: picture.height(),
            },
            samples: format::Samples {
                channels: picture.channels(),
                depth: picture.samples().depth(),
                colour: format::Colour::Direct,
            },
            network: format::Network {
                activation: format::Activation::Sine,
                input: format::Input::Coordinates,
                omega_first: weights::omega_units(self.omega_first)?,
                omega_hidden: weights::omega_units(self.omega_hidden)?,
                hidden: vec![plan.width; plan.layers as usize],
            },
        })
    }
}

/// What [`Encoder`] decides before it begins.
struct Plan {
    layers: u32,
    width: u32,
    /// Room for the file; none for half floats, which take what they take.
    room: Option<Room>,
}

/// The error of what a decoder makes of `bytes`, strip by strip.
fn check(picture: &Picture, bytes: &[u8]) -> Result<SquaredError, Error> {
    let decoder = Decoder::new(bytes)?;
    let mut error = SquaredError::default();
    let row = picture.width() as usize * usize::from(picture.channels());
    decoder.render(&View::whole(&decoder), |strip| {
        error.add(picture, strip.y as usize * row, &strip.samples);
        Ok::<_, Error>(())
    })?;
    Ok(error)
}
