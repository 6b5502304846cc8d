//! Places in the file system as they are typed, and what can be written to them.

use super::failure::Failure;
use super::report;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Most links that are followed from one to the next: as many as the system follows itself.
const MOST_LINKS: u32 = 40;

/// Where bytes come from or go to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// `-`: standard input as an input, standard output as an output.
    Standard,
    /// A path in the file system.
    Path(PathBuf),
}

impl Place {
    /// An input as typed.
    pub(crate) fn input(typed: &Path) -> Self {
        if typed == Path::new("-") {
            Self::Standard
        } else {
            Self::Path(typed.to_owned())
        }
    }

    /// An output as typed. `/dev/stdout`, by any name, is a link to whatever the shell redirected to, which must
    /// be written through and never replaced.
    pub(crate) fn output(typed: &Path) -> Self {
        let names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
        if names.iter().any(|name| typed == Path::new(name)) {
            Self::Standard
        } else {
            Self::input(typed)
        }
    }

    /// The path, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Standard => None,
            Self::Path(path) => Some(path),
        }
    }

    /// Whether it is a file that can be read again and again, and is there.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::Path(path) if path.is_file())
    }

    /// Its name as it is, for programs; people are shown it as [`fmt::Display`] has it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Standard => "-".into(),
            Self::Path(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// Whether both are one file that exists, under whatever names.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(a), Self::Path(b)) => {
                fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&report::harmless(&self.name()))
    }
}

/// Refuses to write to `path` what could not replace what is there.
pub(crate) fn writable(path: &Path, force: bool) -> Result<(), Failure> {
    let name = path.display();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            Err(Failure::Said(format!("{name} is a folder; name a file")))
        }
        Ok(found) if found.is_file() && !force => Err(exists(path)),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Folders that are missing are made with the file.
            let target = followed(path).map_err(|error| Failure::writing(&name, &error))?;
            match target.file_name() {
                Some(_) => Ok(()),
                None => Err(Failure::Said(format!("{name} is a folder; name a file"))),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => Err(Failure::Said(
            format!("cannot write {name}: the name is too long; give a shorter one"),
        )),
        Err(error) => Err(Failure::writing(name, &error)),
    }
}

/// The folder that `path` lies in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The file that `path` stands for, where links lead to, whether there is one yet or not.
pub(crate) fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(to) => path = folder(&path).join(to),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links lead from one to the next"))
}

/// The path with all links followed, which is the same for all names of a file.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let path = followed(path).unwrap_or_else(|_| path.to_owned());
    match (fs::canonicalize(folder(&path)), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// The refusal to overwrite `path`.
pub(crate) fn exists(path: &Path) -> Failure {
    Failure::Said(format!(
        "{} exists; overwrite it with --force, or name another file",
        path.display()
    ))
}
