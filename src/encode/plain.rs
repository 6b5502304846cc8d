//! The plainest files of a signal: one colour, or a plane of colours.
//!
//! They take no fit, and no file that is written is worse than they are. Where a signal is that plain, they are as
//! good as any.

use super::settings::Settings;
use super::trained::{Candidate, Job};
use crate::Error;
use crate::objective::Regression;
use ndarray::Array2;
use siren_format::{Header, STEP_ORIGIN, STEP_UNITS, Tensor, Weights};

/// How many octaves below 1 the steps of colours are, at most and at least: at 8 bits a sample, a step of 2^-8 is
/// half of what samples differ by.
const FINEST: i32 = 16;
const COARSEST: i32 = 2;
/// The weight of a coordinate in a plane is 2^-SMALL and omega is 1/8, so that sines differ from their arguments by
/// less than one part in 6,000.
const SMALL: i32 = 2;
/// Most parameters of a network whose steps of zeros are searched for.
const CHEAPENED: u64 = 64;
/// omega_0 of plain networks, in the units of the header (eighths).
const OMEGA: u16 = 1;

/// The best of the plain files of at most `bytes` bytes, if there is any. One of a single colour has the network of
/// `settings`, if they have one.
///
/// # Errors
/// As [`Candidate::of`].
pub(super) fn best(
    settings: &Settings,
    job: Job<'_>,
    bytes: u64,
) -> Result<Option<Candidate>, Error> {
    let mut best = None;
    for plain in all(settings, job)? {
        // The finest steps that fit into the file.
        for octaves in (COARSEST..=finest(job)).rev() {
            let file = plain.file(job, octaves)?;
            if file.len() as u64 <= bytes {
                let candidate = Candidate::of(job, &plain.header, file, false)?;
                Candidate::keep(&mut best, candidate);
                break;
            }
        }
    }
    Ok(best)
}

/// Bytes of the smallest file of the signal: that of one colour in the coarsest steps.
///
/// # Errors
/// [`Error::Parameter`] for settings that a file cannot hold.
pub(super) fn least(settings: &Settings, job: Job<'_>) -> Result<u64, Error> {
    let files = all(settings, job)?.into_iter();
    let lengths = files.map(|plain| Ok(plain.file(job, COARSEST)?.len() as u64));
    let lengths = lengths.collect::<Result<Vec<u64>, Error>>()?;
    Ok(lengths.into_iter().min().unwrap_or(0))
}

/// Octaves of the finest steps that tell samples apart.
fn finest(job: Job<'_>) -> i32 {
    i32::from(job.source.samples().depth).min(FINEST)
}

/// A plain function, and the network for it.
struct Plain {
    header: Header,
    /// At the origin, and by each coordinate (outputs x inputs).
    origins: Vec<f64>,
    slopes: Array2<f64>,
}

/// One colour, and a plane of colours unless a network is given.
fn all(settings: &Settings, job: Job<'_>) -> Result<Vec<Plain>, Error> {
    let Some(regression) = job.task.regression() else {
        return Ok(Vec::new());
    };
    let Regression {
        means,
        origins,
        slopes,
        ..
    } = regression;
    let given = settings.layers.is_some() || settings.width.is_some();
    let network = (settings.layers.unwrap_or(1), settings.width.unwrap_or(1));
    let mut header = settings.header(job.source, network)?;
    let mut plain = vec![Plain {
        header: header.clone(),
        origins: means.to_vec(),
        slopes: Array2::zeros(slopes.dim()),
    }];
    if !given {
        header.network.hidden = vec![slopes.ncols() as u32];
        header.network.omega_first = OMEGA;
        plain.push(Plain {
            header,
            origins: origins.to_vec(),
            slopes: slopes.clone(),
        });
    }
    Ok(plain)
}

impl Plain {
    /// The file with colours in steps of 2^-`octaves`.
    ///
    /// Of a plane, neuron i of the only hidden layer is sin(omega 2^-SMALL x_i), nearly omega 2^-SMALL x_i.
    fn file(&self, job: Job<'_>, octaves: i32) -> Result<Vec<u8>, Error> {
        let size = f64::from(-octaves).exp2();
        let level = |value: f64| (value / size).round() as i32;
        let inputs = self.header.inputs() as usize;
        let outputs = self.header.outputs() as usize;
        let flat = self.slopes.iter().all(|&slope| level(slope) == 0);
        let mut tensors = Vec::new();
        let mut width = inputs;
        for &neurons in &self.header.network.hidden {
            let neurons = neurons as usize;
            tensors.push(zeros(neurons * width));
            tensors.push(zeros(neurons));
            width = neurons;
        }
        tensors.push(zeros(outputs * width));
        tensors.push(Tensor {
            step: code(-octaves),
            levels: self.origins.iter().map(|&value| level(value)).collect(),
        });
        let last = tensors.len() - 2;
        if !flat {
            tensors[0].step = code(-SMALL);
            for index in 0..inputs {
                tensors[0].levels[index * inputs + index] = 1;
            }
            // Divided by omega 2^-SMALL, of which omega is 1/8.
            tensors[last].step = code(SMALL + 3 - octaves);
            tensors[last].levels = self.slopes.iter().map(|&slope| level(slope)).collect();
        }
        self.cheapen(&mut tensors)?;
        job.file(&self.header, Weights::Levels(tensors))
    }

    /// Sets the steps of tensors of nothing but zeros, which may be any, to those that take the fewest bits. In larger
    /// networks that would take longer than it is worth.
    fn cheapen(&self, tensors: &mut [Tensor]) -> Result<(), Error> {
        if self.header.parameters() > CHEAPENED {
            return Ok(());
        }
        for index in 0..tensors.len() {
            if tensors[index].levels.iter().any(|&level| level != 0) {
                continue;
            }
            let mut best = (u64::MAX, 0);
            for step in 0..=u8::MAX {
                tensors[index].step = step;
                let bits = Weights::Levels(tensors.to_vec()).bits(&self.header)?;
                best = best.min((bits, step));
            }
            tensors[index].step = best.1;
        }
        Ok(())
    }
}

fn zeros(count: usize) -> Tensor {
    Tensor {
        step: code(-8),
        levels: vec![0; count],
    }
}

/// The code of a step of 2^`octaves`.
fn code(octaves: i32) -> u8 {
    ((octaves + STEP_ORIGIN) * STEP_UNITS) as u8
}
