//! `sirenc study`: experiments on networks.

mod activations;
mod args;
mod init;
mod page;
mod shapes;
mod sound;

use super::failure::Failure;
pub(crate) use args::Study;
use std::process::ExitCode;

pub(crate) fn run(args: &Study) -> Result<ExitCode, Failure> {
    match args {
        Study::Activations(args) => activations::run(args),
        Study::Init(args) => init::run(args),
        Study::Shapes(args) => shapes::run(args),
        Study::Sound(args) => sound::run(args),
    }
}
