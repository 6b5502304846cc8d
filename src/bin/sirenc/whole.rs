//! A file that appears under its name whole or not at all. Until it is complete it has no name where the system
//! can do that (Linux), so that nothing is left of it however the process ends, and elsewhere a temporary one beside
//! its own.

use super::failure::Failure;
use super::paths;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::{Builder, TempPath};

/// What temporary names begin and end with. They are short, so that any name may be that of the file.
const PREFIX: &str = ".sirenc-";
const SUFFIX: &str = ".tmp";

/// How long a temporary file is left alone whoever's it is: it may have been made just now, and its lock not yet
/// taken.
const FRESH: Duration = Duration::from_secs(60);

/// The unfinished files that have a name at the moment. Its lock is held whenever one of them appears or is renamed,
/// so that an interruption never falls between.
static NAMED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn named() -> MutexGuard<'static, Vec<PathBuf>> {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all unfinished files. As long as what it returns is kept, no file gets its name any more.
pub(super) fn remove() -> impl Sized {
    let named = named();
    for path in &*named {
        let _ = fs::remove_file(path);
    }
    named
}

/// A regular file that is being written.
pub(super) struct Whole {
    file: BufWriter<File>,
    /// The temporary name it has, if it has one.
    name: Option<(TempPath, Listed)>,
    target: PathBuf,
    force: bool,
}

/// The place of a file among the [`NAMED`] ones.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        named().retain(|path| *path != self.0);
    }
}

impl Whole {
    /// Begins the file that is to be at `path`. What is there is replaced, in the end, only if `force` is set.
    pub(super) fn create(path: &Path, force: bool) -> Result<Self, Failure> {
        let begun = || {
            // Through a link to the file it stands for, so that the link survives.
            let target = paths::followed(path)?;
            let folder = paths::folder(&target);
            fs::create_dir_all(folder)?;
            sweep(folder);
            let (file, name) = match unnamed(folder) {
                Some(file) => (file, None),
                None => {
                    let mut named = named();
                    let (file, path) = temporary().tempfile_in(folder)?.into_parts();
                    named.push(path.to_path_buf());
                    // Tells others that it is not left over. Where there are no locks nobody can tell.
                    let _ = file.try_lock();
                    let listed = Listed(path.to_path_buf());
                    (file, Some((path, listed)))
                }
            };
            if let Ok(found) = fs::metadata(&target) {
                keep(&file, &found)?;
            }
            Ok(Self {
                file: BufWriter::new(file),
                name,
                target,
                force,
            })
        };
        begun().map_err(|error| Failure::writing(path.display(), &error))
    }

    /// Completes the file and gives it its name.
    pub(super) fn commit(self) -> Result<(), Failure> {
        let Self {
            file,
            name,
            target,
            force,
        } = self;
        // Let go of when the name is no longer temporary.
        let (name, _listed) = name.unzip();
        let complete = || {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            // Some file systems tell only now that there is no room, and a name must not outlive a power cut
            // which its bytes do not.
            file.sync_all()?;
            let named = named();
            let name = match name {
                Some(name) => name,
                None => link(&file, paths::folder(&target))?,
            };
            let renamed = if force {
                name.persist(&target)
            } else {
                name.persist_noclobber(&target)
            };
            drop(named);
            renamed.map_err(|refused| refused.error)
        };
        complete().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => paths::exists(&target),
            _ => Failure::writing(target.display(), &error),
        })
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A way to make temporary files.
fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What any new file gets: the umask is taken off by the system.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// A file in `folder` without a name, if there can be one which is given a name later.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let make = || open(folder, flags, Mode::from_raw_mode(0o666)).map(File::from);
    // Tried with another one first: that it is not possible should not be learnt at the end.
    drop(link(&make().ok()?, folder).ok()?);
    make().ok()
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path) -> Option<File> {
    None
}

/// Gives a file without a name a temporary one in `folder`.
#[cfg(target_os = "linux")]
fn link(file: &File, folder: &Path) -> io::Result<TempPath> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    let number = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |path: &Path| Ok(linkat(CWD, &number, CWD, path, AtFlags::SYMLINK_FOLLOW)?);
    Ok(temporary().make_in(folder, link)?.into_temp_path())
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<TempPath> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives `file` the permissions of the one that it replaces, and its owner and group as far as that is allowed.
#[cfg(unix)]
fn keep(file: &File, replaced: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let mut mode = replaced.mode() & 0o777;
    let (owner, group) = (replaced.uid(), replaced.gid());
    // Only root may give files away, and others to the groups they are in.
    if fchown(file, Some(owner), Some(group)).is_err() && fchown(file, None, Some(group)).is_err() {
        // Another group gets no more than everybody.
        mode = mode & 0o707 | (mode & 0o007) << 3;
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Removes temporary files in `folder` that dead processes have left, the first time that something is written there.
fn sweep(folder: &Path) {
    static SWEPT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if swept.iter().any(|done| done == folder) {
        return;
    }
    swept.push(folder.to_owned());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name()) && is_left_over(&entry).is_ok_and(|left| left) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

/// Whether no process writes to a temporary file any more: one that does holds its lock.
fn is_left_over(entry: &fs::DirEntry) -> io::Result<bool> {
    let found = entry.metadata()?;
    let age = found.modified()?.elapsed().unwrap_or_default();
    if !found.is_file() || age < FRESH {
        return Ok(false);
    }
    Ok(File::open(entry.path())?.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A temporary file of a process that is `alive` or not, as old as it says.
    fn left(folder: &Path, age: Duration, alive: bool) -> (File, PathBuf) {
        let file = temporary().tempfile_in(folder).unwrap();
        let (file, path) = file.keep().unwrap();
        let made = file.metadata().unwrap().modified().unwrap();
        file.set_modified(made - age).unwrap();
        if alive {
            file.try_lock().unwrap();
        }
        (file, path)
    }

    #[test]
    fn what_dead_processes_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let old = 2 * FRESH;
        let all = [
            left(folder.path(), old, false),
            left(folder.path(), old, true),
            left(folder.path(), Duration::ZERO, false),
        ];
        fs::write(folder.path().join(".sirenc-notes.txt"), "kept").unwrap();
        sweep(folder.path());
        let there = all.map(|(_, path)| path.exists());
        assert_eq!(there, [false, true, true]);
        assert!(folder.path().join(".sirenc-notes.txt").exists());
    }

    /// Where files without a name are made there is nothing to be seen of one before it is complete.
    #[test]
    fn both_ways_end_in_the_same_file() {
        for nameless in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("target");
            let mut whole = Whole::create(&target, false).unwrap();
            if !nameless {
                let (file, path) = temporary().tempfile_in(&folder).unwrap().into_parts();
                let listed = Listed(path.to_path_buf());
                (whole.file, whole.name) = (BufWriter::new(file), Some((path, listed)));
            }
            let seen = fs::read_dir(&folder).unwrap().count();
            assert!(seen <= 1 && (seen == 1 || nameless));
            whole.write_all(b"complete").unwrap();
            whole.commit().unwrap();
            assert_eq!(fs::read(&target).unwrap(), b"complete");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        }
    }
}
