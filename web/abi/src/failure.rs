//! Why something was refused, and whose fault that is.

use sirenc::format;
use std::fmt;

/// Whose fault it is that something was refused. Callers see its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Fault {
    /// The bytes are no `.siren` file that can be read.
    File = 1,
    /// The file, or what is asked of it, costs more than the limits allow.
    Limit = 2,
    /// What is asked makes no sense, or not for this kind of signal.
    Request = 3,
}

/// Why something was refused.
#[derive(Debug)]
pub enum Failure {
    /// The library refused it.
    Library(sirenc::Error),
    /// No file is open.
    NothingOpen,
    /// The file holds another kind of signal.
    Kind {
        /// The kind that it holds.
        found: &'static str,
        /// The kind that was asked for.
        wanted: &'static str,
    },
    /// A number that was passed means nothing.
    Number {
        /// What it stands for.
        name: &'static str,
        /// What would be right.
        allowed: &'static str,
    },
}

impl Failure {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Library(
                sirenc::Error::Limit(_) | sirenc::Error::Format(format::Error::Limit { .. }),
            ) => Fault::Limit,
            Self::Library(sirenc::Error::Format(_)) => Fault::File,
            _ => Fault::Request,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::NothingOpen => f.write_str("no file is open; open one first"),
            Self::Kind { found, wanted } => write!(f, "the file holds a {found}, not a {wanted}"),
            Self::Number { name, allowed } => write!(f, "{name} must be {allowed}"),
        }
    }
}

impl From<sirenc::Error> for Failure {
    fn from(error: sirenc::Error) -> Self {
        Self::Library(error)
    }
}
