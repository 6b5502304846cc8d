//! The one writer of files. A file appears under its name whole or not at all. What is not a regular file (standard
//! output, a pipe, a device) is written directly.

use super::failure::Failure;
use super::paths::Place;
use super::whole::{self, Whole};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// The folder of temporary files there is at the moment, for [`remove_unfinished`] to remove.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Removes all that is unfinished. As long as what it returns is kept, no file gets its name any more.
pub(crate) fn remove_unfinished() -> impl Sized {
    let held = whole::remove();
    let scratch = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = scratch.as_deref() {
        let _ = fs::remove_dir_all(folder);
    }
    (held, scratch)
}

/// A folder for temporary files, of which there is one at a time. It goes when it is dropped.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut scratch = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = TempDir::with_prefix("sirenc-")
            .map_err(|error| Failure::writing("temporary files", &error))?;
        *scratch = Some(folder.path().to_owned());
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A file being written. It counts only once it is committed: dropped before, it leaves nothing
/// behind.
pub(crate) struct Output {
    sink: Sink,
    name: String,
    /// Why a write failed. Kept here because encoders between us and the cause pass on less of it.
    failed: Option<Failure>,
}

enum Sink {
    Standard(BufWriter<StdoutLock<'static>>),
    Direct(BufWriter<File>),
    Whole(Whole),
}

impl Output {
    /// Opens `place` for writing. An existing file is replaced, in the end, only if `force` is set.
    pub(crate) fn create(place: &Place, force: bool) -> Result<Self, Failure> {
        let sink = match place {
            Place::Standard => {
                let stdout = io::stdout().lock();
                if stdout.is_terminal() {
                    return Err(Failure::Said(
                        "would print binary data to the terminal; redirect standard output, or name a file with -o"
                            .into(),
                    ));
                }
                Sink::Standard(BufWriter::new(stdout))
            }
            Place::Path(path) if fs::metadata(path).is_ok_and(|found| !found.is_file()) => {
                let file = OpenOptions::new().write(true).open(path);
                Sink::Direct(BufWriter::new(
                    file.map_err(|error| Failure::writing(place, &error))?,
                ))
            }
            Place::Path(path) => Sink::Whole(Whole::create(path, force)?),
        };
        Ok(Self {
            sink,
            name: place.to_string(),
            failed: None,
        })
    }

    /// Completes the file and gives it its name, if it has been `written` without a failure.
    pub(crate) fn commit(mut self, written: Result<(), impl Into<Failure>>) -> Result<(), Failure> {
        let flushed = written.map_err(Into::into).and_then(|()| Ok(self.flush()?));
        match (self.failed, flushed, self.sink) {
            (Some(failure), ..) | (None, Err(failure), _) => Err(failure),
            (None, Ok(()), Sink::Whole(whole)) => whole.commit(),
            (None, Ok(()), Sink::Standard(_) | Sink::Direct(_)) => Ok(()),
        }
    }

    /// Writes `bytes` and completes the file.
    pub(crate) fn finish(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.write_all(bytes).map_err(Failure::from);
        self.commit(written)
    }

    fn sink(&mut self) -> &mut dyn Write {
        match &mut self.sink {
            Sink::Standard(stdout) => stdout,
            Sink::Direct(file) => file,
            Sink::Whole(whole) => whole,
        }
    }

    fn remember<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.failed = Some(Failure::writing(&self.name, error)))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink().write(bytes);
        self.remember(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.sink().flush();
        self.remember(flushed)
    }
}
