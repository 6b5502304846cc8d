//! `sirenc study`: experiments on networks.

mod activations;
mod args;
mod init;
mod page;
mod shapes;
mod sound;

use super::failure::Failure;
use super::files::{Files, Typed};
use super::report::Report;
use args::Running;
pub(crate) use args::Study;
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn run(args: &Study) -> Result<ExitCode, Failure> {
    match args {
        Study::Activations(args) => activations::run(args),
        Study::Init(args) => init::run(args),
        Study::Shapes(args) => shapes::run(args),
        Study::Sound(args) => sound::run(args),
    }
}

/// Starts a study that fits networks to `inputs`: the files that it writes, of which `typed` has those beside the JSON,
/// its report, and the threads that it may use.
fn begin<'a>(
    running: &'a Running,
    typed: Typed<'a>,
    inputs: &[PathBuf],
) -> Result<(Files, Report), Failure> {
    let typed = Typed {
        json: running.json.as_deref(),
        ..typed
    };
    let started = Files::with_report(&typed, inputs, running.manner)?;
    if let Some(threads) = running.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(sirenc::Error::from)?;
    }
    Ok(started)
}
