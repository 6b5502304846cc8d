//! Why a command failed.

use sirenc::media;
use std::fmt;
use std::io;

/// Why a command, or its work on one file, failed, in words for whoever typed it: what was wrong,
/// then what would be right. Which file is meant is added by whoever knows it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The work failed.
    Said(String),
    /// The command cannot be meant as it was typed.
    Usage(String),
    /// The other end of the pipe we write to is closed: the rest of the work is in vain, and there
    /// is nothing to say about it.
    NobodyReads,
}

impl Failure {
    /// Failed to write to `name`.
    pub(crate) fn writing(name: impl fmt::Display, error: &io::Error) -> Self {
        media::Error::writing(name, error).into()
    }

    /// Failed to read the file in question.
    pub(crate) fn reading(error: &io::Error) -> Self {
        media::Error::reading(error).into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(message) | Self::Usage(message) => f.write_str(message),
            Self::NobodyReads => f.write_str("the output was closed by its reader"),
        }
    }
}

/// For errors of writing, of which [`super::output::Output`] remembers more.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Said(error.to_string()),
        }
    }
}

impl From<sirenc::Error> for Failure {
    fn from(error: sirenc::Error) -> Self {
        let limit = match &error {
            sirenc::Error::Format(siren_format::Error::Limit { what, .. }) => Some(what),
            sirenc::Error::Limit(exceeded) => Some(&exceeded.what),
            _ => None,
        };
        Self::Said(match limit {
            Some(what) => format!("{error} (--limit {}=N)", what.name()),
            None => error.to_string(),
        })
    }
}

impl From<media::Error> for Failure {
    fn from(error: media::Error) -> Self {
        match error {
            media::Error::Write(error) => error.into(),
            media::Error::Signal(error) => error.into(),
            other => Self::Said(other.to_string()),
        }
    }
}
