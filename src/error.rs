//! The errors of the library, grouped by whose fault they are.

use std::fmt::Display;

/// An error of the library. The variants are grouped by whose fault they are.
///
/// No message names a file: the caller that opened it knows its name and can prefix it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a `.siren` file this version can read; cites the section of SPEC.md.
    #[error(transparent)]
    Format(#[from] siren_format::Error),
    /// The file holds another kind of signal than the one asked for.
    #[error("holds a {found}, not a {wanted}")]
    #[non_exhaustive]
    Kind {
        /// The kind of signal that the file holds.
        found: &'static str,
        /// The kind of signal that was asked for.
        wanted: &'static str,
    },
    /// A parameter given by the caller is out of range.
    #[error("{name} is {given}, but must be {allowed}")]
    #[non_exhaustive]
    Parameter {
        /// The name of the parameter.
        name: &'static str,
        /// The value given.
        given: String,
        /// The values that would be right.
        allowed: String,
    },
    /// The request is valid, but above a limit of [`crate::Limits`].
    #[error("takes {}, above the limit of {}", .0.what.amount(.0.asked), .0.allowed)]
    Limit(siren_format::Exceeded),
    /// The fit diverged, and retrying with smaller steps did not help.
    #[error(
        "the fit diverged {attempts} times in a row (last at step {step}); try a smaller omega, or another seed"
    )]
    #[non_exhaustive]
    Diverged {
        /// The step at which the loss last exploded.
        step: u32,
        /// How often the fit was tried.
        attempts: u32,
    },
    /// The picture cannot be stored as well as was asked for.
    #[error(
        "a PSNR of {asked} dB cannot be reached: the nearest is {nearest:.1} dB in {bytes} bytes (more effort may give more)"
    )]
    #[non_exhaustive]
    Unreachable {
        /// The PSNR asked for, in dB.
        asked: f64,
        /// The nearest to it that was reached, in dB.
        nearest: f64,
        /// The size of the file that reached it.
        bytes: u64,
    },
    /// The progress callback asked to stop before there was anything worth keeping.
    #[error("stopped before the first step was finished")]
    Stopped,
    /// The bytes to resume from are no checkpoint of this encode.
    #[error("the checkpoint {0}")]
    Checkpoint(Checkpointing),
    /// The signal could not be read from where it is kept.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The GPU that was asked for cannot do the work.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The worker threads could not be started.
    #[error("cannot start worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<siren_format::Exceeded> for Error {
    fn from(exceeded: siren_format::Exceeded) -> Self {
        Self::Limit(exceeded)
    }
}

/// Why a GPU cannot do the work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The library was built without the feature `gpu`.
    #[error("this build knows no GPUs; build it with `--features gpu`")]
    NotBuilt,
    /// There is no GPU, or none with a driver.
    #[error("no GPU was found; it needs a driver for Vulkan, Metal or Direct3D 12")]
    NotFound,
    /// There is no GPU with that number.
    #[error("there is no GPU {index} among the {number} that `sirenc devices` lists")]
    #[non_exhaustive]
    NoSuch {
        /// The number asked for.
        index: usize,
        /// The number of GPUs.
        number: usize,
    },
    /// The GPU does not support the work.
    #[error("the GPU cannot work on {0}")]
    Unsupported(String),
    /// The GPU has too little memory.
    #[error("the GPU is out of memory")]
    OutOfMemory,
    /// The GPU or its driver failed in the middle of the work.
    #[error("the GPU failed: {0}")]
    Lost(String),
}

impl Error {
    pub(crate) fn parameter(
        name: &'static str,
        given: impl Display,
        allowed: impl Display,
    ) -> Self {
        Self::Parameter {
            name,
            given: given.to_string(),
            allowed: allowed.to_string(),
        }
    }
}

/// Why an encode cannot be resumed from a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Checkpointing {
    /// The bytes are something else, or were written by another version.
    #[error("is none of this version of sirenc; begin anew without it")]
    Foreign,
    /// The bytes have changed since they were written.
    #[error("is damaged; begin anew without it")]
    Damaged,
    /// The checkpoint was made with other settings, or on a machine whose arithmetic differs.
    #[error("was made with other settings, or with another instruction set; give those again")]
    Settings,
    /// The checkpoint was made from another signal.
    #[error("is that of another input")]
    Picture,
}
