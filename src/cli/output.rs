//! The one writer of files. A file appears under its name whole or not at all: it is written under
//! a temporary name beside its own and renamed once complete. What is not a regular file (standard
//! output, a pipe, a device) cannot be renamed to and is written directly.

use super::failure::Failure;
use super::paths::{self, Place};
use super::report;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::{NamedTempFile, TempDir};

/// The unfinished files there are at the moment, for [`interrupted`] to remove. Its lock is held
/// whenever one of them appears or is renamed, so that an interruption never falls between.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of temporary files there is at the moment, for [`interrupted`] to remove.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Ends the process at once, as on Ctrl-C, without leaving unfinished files behind. Called on the
/// signal handler's own thread, so it works wherever the others are, even waiting for input.
pub(crate) fn interrupted() {
    let unfinished = unfinished();
    for path in &*unfinished {
        let _ = fs::remove_file(path);
    }
    let scratch = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = scratch.as_deref() {
        let _ = fs::remove_dir_all(folder);
    }
    report::complain("interrupted; the file in work was not written");
    // 128 + SIGINT, as shells report it. The lock is still held: nothing can be renamed any more.
    std::process::exit(130);
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
    pub(crate) fn commit(mut self, written: Result<(), Failure>) -> Result<(), Failure> {
        let flushed = written.and_then(|()| Ok(self.flush()?));
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
            Sink::Whole(whole) => &mut whole.file,
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

/// A regular file, still under its temporary name.
struct Whole {
    file: BufWriter<NamedTempFile>,
    target: PathBuf,
    force: bool,
    /// Dropped after the file.
    listed: Listed,
}

/// The place of a file among the [`UNFINISHED`] ones.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

impl Whole {
    fn create(path: &Path, force: bool) -> Result<Self, Failure> {
        // Through a link to the file it stands for, so that the link survives.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sirenc-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What any new file gets: the umask is taken off by the system.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut unfinished = unfinished();
        let file = builder
            .tempfile_in(folder)
            .map_err(|error| Failure::writing(path.display(), &error))?;
        unfinished.push(file.path().to_owned());
        Ok(Self {
            listed: Listed(file.path().to_owned()),
            file: BufWriter::new(file),
            target,
            force,
        })
    }

    fn commit(self) -> Result<(), Failure> {
        let Self {
            file,
            target,
            force,
            listed: _listed,
        } = self;
        let file = file
            .into_inner()
            .map_err(|error| Failure::writing(target.display(), error.error()))?;
        // Some file systems tell only now that there is no room, and a name must not outlive a power cut
        // which its bytes do not.
        file.as_file()
            .sync_all()
            .map_err(|error| Failure::writing(target.display(), &error))?;
        let unfinished = unfinished();
        let renamed = if force {
            file.persist(&target)
        } else {
            file.persist_noclobber(&target)
        };
        drop(unfinished);
        match renamed {
            Ok(_) => Ok(()),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(paths::exists(&target))
            }
            Err(refused) => Err(Failure::writing(target.display(), &refused.error)),
        }
    }
}
