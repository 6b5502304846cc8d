//! Checkpoints of an encode, in a file that is replaced every so often.

use super::encode::Encode;
use super::failure::Failure;
use super::jobs::Job;
use super::output::Output;
use super::paths::{self, Place};
use super::report;
use sirenc::Checkpoint;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long an interruption waits for the state of an encode. A step takes far less, but between fits there is
/// other work.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the encode that keeps checkpoints is, for an interruption to see.
static STAGE: Mutex<Stage> = Mutex::new(Stage::Idle);
/// Told of when it changes.
static CHANGED: Condvar = Condvar::new();

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// No encode is under way.
    Idle,
    /// An encode is fitting, with checkpoints in this file.
    Fitting(PathBuf),
    /// The encode has been asked to save its state in this file at its next step.
    Asked(PathBuf),
    /// The encode has saved its state in this file, if it could, and goes no further.
    Saved(PathBuf),
    /// The file of the encode is written.
    Finished,
}

fn stage() -> MutexGuard<'static, Stage> {
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left of an encode that is interrupted.
pub(crate) enum Kept {
    Nothing,
    /// Its state, in this file.
    State(PathBuf),
    /// The file that it was to write.
    Everything,
}

/// Has the encode that keeps checkpoints, if there is one, save its state and stop.
pub(crate) fn save() -> Kept {
    let mut now = stage();
    if let Stage::Fitting(path) = &*now {
        *now = Stage::Asked(path.clone());
    }
    let waiting = |now: &mut Stage| matches!(now, Stage::Asked(_));
    let waited = CHANGED.wait_timeout_while(now, PATIENCE, waiting);
    let (now, _) = waited.unwrap_or_else(PoisonError::into_inner);
    match &*now {
        Stage::Finished => Kept::Everything,
        // An earlier checkpoint, where this one could not be written.
        Stage::Fitting(path) | Stage::Asked(path) | Stage::Saved(path) if path.is_file() => {
            Kept::State(path.clone())
        }
        _ => Kept::Nothing,
    }
}

/// Refuses a file for checkpoints that has something else to hold.
pub(crate) fn check(args: &Encode, jobs: &[Job]) -> Result<(), Failure> {
    let Some(path) = &args.checkpoint else {
        return Ok(());
    };
    let job = match jobs {
        [] => return Ok(()),
        [job] => job,
        _ => {
            return Err(Failure::Usage(
                "--checkpoint is for one input; encode them one by one".into(),
            ));
        }
    };
    let place = Place::Path(path.clone());
    if job.output == place || job.input.is_same_file(&place) || job.output.is_same_file(&place) {
        return Err(Failure::Usage(format!(
            "{place} is the input or the output; give --checkpoint a file of its own"
        )));
    }
    paths::writable(path, true)
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
        // That checkpoints cannot be written should not be learnt from the first of them.
        drop(Output::create(&Place::Path(path.clone()), true)?);
        *stage() = Stage::Fitting(path.clone());
        let keeper = Self {
            path: path.clone(),
            from,
            every: Duration::from_secs_f64(args.checkpoint_every),
            last: Instant::now(),
        };
        Ok(Some(keeper))
    }

    /// Writes a checkpoint if it is time for one, or the last one if the process is to end. That it cannot be
    /// written is told, but no reason to give up the encode it is to save.
    pub(crate) fn step(&mut self, checkpoint: &mut Checkpoint<'_>) {
        let asked = matches!(*stage(), Stage::Asked(_));
        if !asked && self.last.elapsed() < self.every {
            return;
        }
        if let Err(failure) = self.write(checkpoint) {
            report::complain(&format!("no checkpoint: {failure}"));
        }
        self.last = Instant::now();
        if asked {
            *stage() = Stage::Saved(self.path.clone());
            CHANGED.notify_all();
            // The process ends here.
            loop {
                thread::park();
            }
        }
    }

    fn write(&self, checkpoint: &mut Checkpoint<'_>) -> Result<(), Failure> {
        let bytes = checkpoint.to_bytes()?;
        Output::create(&Place::Path(self.path.clone()), true)?.finish(&bytes)
    }

    /// Removes the file: what it was for is done.
    pub(crate) fn finish(self) {
        *stage() = Stage::Finished;
        CHANGED.notify_all();
        let _ = fs::remove_file(self.path);
    }
}
