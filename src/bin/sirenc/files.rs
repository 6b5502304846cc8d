//! The files that the figures, drawings and pages of a comparison or a study are written to.

use super::failure::Failure;
use super::output::Output;
use super::paths::{self, Place};
use super::report::Report;
use super::usage::Manner;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The files as typed.
#[derive(Default)]
pub(crate) struct Typed<'a> {
    pub(crate) json: Option<&'a Path>,
    pub(crate) csv: Option<&'a Path>,
    pub(crate) svg: Option<&'a Path>,
    pub(crate) report: Option<&'a Path>,
}

/// Where results go. That they can be written there has been checked as far as that is possible
/// before the long work.
pub(crate) struct Files {
    pub(crate) json: Option<Place>,
    pub(crate) csv: Option<Place>,
    pub(crate) svg: Option<Place>,
    pub(crate) report: Option<Place>,
    force: bool,
}

impl Files {
    /// The files that were typed, if they are not among the `inputs`.
    pub(crate) fn new(typed: &Typed<'_>, inputs: &[PathBuf], force: bool) -> Result<Self, Failure> {
        let place = |typed: Option<&Path>| typed.map(Place::output);
        let files = Self {
            json: place(typed.json),
            csv: place(typed.csv),
            svg: place(typed.svg),
            report: place(typed.report),
            force,
        };
        let all: Vec<_> = files.all().collect();
        for (index, place) in all.iter().enumerate() {
            if all[..index].contains(place) {
                return Err(Failure::Usage(format!(
                    "{place} is to take two results; give each a file of its own"
                )));
            }
            files.check(place, inputs)?;
        }
        Ok(files)
    }

    /// [`Files::new`], and the report of a command that writes these files: it leaves standard output to them.
    pub(crate) fn with_report(
        typed: &Typed<'_>,
        inputs: &[PathBuf],
        manner: Manner,
    ) -> Result<(Self, Report), Failure> {
        let files = Self::new(typed, inputs, manner.force)?;
        let report = Report {
            quiet: manner.quiet,
            json: false,
            aside: files.to_standard(),
            total: None,
        };
        Ok((files, report))
    }

    fn all(&self) -> impl Iterator<Item = &Place> {
        [&self.json, &self.csv, &self.svg, &self.report]
            .into_iter()
            .flatten()
    }

    fn check(&self, place: &Place, inputs: &[PathBuf]) -> Result<(), Failure> {
        let Place::Path(path) = place else {
            return Ok(());
        };
        if inputs
            .iter()
            .any(|input| Place::input(input).is_same_file(place))
        {
            return Err(Failure::Said(format!(
                "{place} is one of the inputs and would be overwritten; name another file"
            )));
        }
        paths::writable(path, self.force)
    }

    /// Whether some result goes to standard output, which then has nothing else.
    pub(crate) fn to_standard(&self) -> bool {
        self.all().any(|place| *place == Place::Standard)
    }

    pub(crate) fn write(&self, place: &Place, text: &str) -> Result<(), Failure> {
        match place {
            // Unlike pictures, text may go to a terminal.
            Place::Standard => io::stdout()
                .write_all(text.as_bytes())
                .map_err(|error| Failure::writing("standard output", &error)),
            Place::Path(_) => Output::create(place, self.force)?.finish(text.as_bytes()),
        }
    }
}
