//! Checkpoints of an encode, in a file that is replaced every so often.

use super::args::Encode;
use super::failure::Failure;
use super::output::Output;
use super::paths::{Job, Place};
use super::report;
use sirenc::Checkpoint;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Refuses a file for checkpoints that has something else to hold.
pub(crate) fn check(args: &Encode, jobs: &[Job]) -> Result<(), Failure> {
    let Some(path) = &args.checkpoint else {
        return Ok(());
    };
    let [job] = jobs else {
        return Err(Failure::Usage(
            "--checkpoint is for one input; encode them one by one".into(),
        ));
    };
    let place = Place::Path(path.clone());
    if job.output == place || job.input.is_same_file(&place) || job.output.is_same_file(&place) {
        return Err(Failure::Usage(format!(
            "{place} is the input or the output; give --checkpoint a file of its own"
        )));
    }
    Ok(())
}

/// The file of an encode's checkpoints.
pub(crate) struct Keeper {
    path: PathBuf,
    /// The checkpoint to go on from.
    pub(crate) from: Option<Vec<u8>>,
    every: Duration,
    /// When the last checkpoint was written, or the encode began.
    last: Instant,
}

impl Keeper {
    /// The file that was asked for, if one was, with what it holds to go on from, if that is wanted and it is
    /// there.
    pub(crate) fn new(args: &Encode) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.checkpoint else {
            return Ok(None);
        };
        let name = path.display();
        let from = match fs::read(path) {
            Ok(bytes) if args.resume => Some(bytes),
            Ok(_) => {
                return Err(Failure::Said(format!(
                    "{name} exists; go on from it with --resume, or remove it"
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::Said(format!(
                    "{name}: {}",
                    Failure::reading(&error)
                )));
            }
        };
        let keeper = Self {
            path: path.clone(),
            from,
            every: Duration::from_secs_f64(args.checkpoint_every),
            last: Instant::now(),
        };
        Ok(Some(keeper))
    }

    /// Writes a checkpoint if it is time for one. That it cannot be written is told, but no reason to give
    /// up the encode it is to save.
    pub(crate) fn step(&mut self, checkpoint: &mut Checkpoint<'_, '_>) {
        if self.last.elapsed() < self.every {
            return;
        }
        if let Err(failure) = self.write(checkpoint) {
            report::complain(&format!("no checkpoint: {failure}"));
        }
        self.last = Instant::now();
    }

    fn write(&self, checkpoint: &mut Checkpoint<'_, '_>) -> Result<(), Failure> {
        let bytes = checkpoint.to_bytes()?;
        Output::create(&Place::Path(self.path.clone()), true)?.finish(&bytes)
    }

    /// Removes the file: what it was for is done.
    pub(crate) fn finish(self) {
        let _ = fs::remove_file(self.path);
    }
}
