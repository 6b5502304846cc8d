//! The files that results are written to.

use crate::cli::args::Compare;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::paths::{self, Place};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where results go. That they can be written there has been checked as far as that is possible
/// before the long work.
pub(super) struct Files {
    pub(super) json: Option<Place>,
    pub(super) csv: Option<Place>,
    pub(super) svg: Option<Place>,
    pub(super) report: Option<Place>,
    force: bool,
}

impl Files {
    pub(super) fn new(args: &Compare) -> Result<Self, Failure> {
        let place = |typed: &Option<PathBuf>| typed.as_deref().map(Place::output);
        let files = Self {
            json: place(&args.json),
            csv: place(&args.csv),
            svg: place(&args.svg),
            report: place(&args.report),
            force: args.manner.force,
        };
        let all: Vec<_> = files.all().collect();
        for (index, place) in all.iter().enumerate() {
            if all[..index].contains(place) {
                return Err(Failure::Usage(format!(
                    "{place} is to take two results; give each a file of its own"
                )));
            }
            files.check(place, &args.inputs)?;
        }
        Ok(files)
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
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Failure::Said(format!(
                "cannot write {place}: there is no folder {}; make it first",
                folder.display()
            )));
        }
        paths::writable(path, self.force)
    }

    /// Whether some result goes to standard output, which then has nothing else.
    pub(super) fn to_standard(&self) -> bool {
        self.all().any(|place| *place == Place::Standard)
    }

    pub(super) fn write(&self, place: &Place, text: &str) -> Result<(), Failure> {
        match place {
            // Unlike pictures, text may go to a terminal.
            Place::Standard => io::stdout()
                .write_all(text.as_bytes())
                .map_err(|error| Failure::writing("standard output", &error)),
            Place::Path(_) => Output::create(place, self.force)?.finish(text.as_bytes()),
        }
    }
}
