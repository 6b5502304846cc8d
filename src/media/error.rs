//! Why a foreign file cannot be read or written.

use std::fmt::Display;
use std::io;

/// Why a file of a foreign format cannot be read or written, by whose fault it is.
///
/// Messages say what is wrong with the file and what to do, and begin with a verb: whoever opened it puts its name before
/// them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are damaged, not whole, or break the rules of their format.
    #[error("{0}")]
    Malformed(String),
    /// The file is of a format, or of a kind of it, that is not read, or that cannot hold what is to be written.
    #[error("{0}")]
    Unsupported(String),
    /// The file would take more memory or room than it may.
    #[error("{0}")]
    Limit(String),
    /// The system could not read the file.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The system could not write.
    #[error("{}", plain(.0))]
    Write(#[from] io::Error),
    /// What was read is no signal that can be stored, or rendering failed.
    #[error(transparent)]
    Signal(#[from] crate::Error),
}

impl Error {
    /// Failed to read the file in question.
    pub fn reading(error: &io::Error) -> Self {
        Self::Read(io::Error::new(error.kind(), plain(error)))
    }

    /// Failed to write to `name`.
    pub fn writing(name: impl Display, error: &io::Error) -> Self {
        let message = format!("cannot write {name}: {}", plain(error));
        Self::Write(io::Error::new(error.kind(), message))
    }
}

/// The system's words without its number: "No such file or directory".
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
