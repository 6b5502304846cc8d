//! Which input becomes which output: from what was typed, files and folders of them, to a job for each file.

use super::failure::Failure;
use super::paths::{self, Place};
use super::report::Report;
use super::tally::Tally;
use clap::Args;
use sirenc::media;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// One input and where its result goes.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) input: Place,
    pub(crate) output: Place,
}

/// What to take of many files.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Selection {
    /// Look into the folders within folders, too
    #[arg(short, long)]
    recursive: bool,

    /// Leave inputs alone whose results exist
    ///
    /// A result counts whatever options it was made with. What was interrupted left none, so that the same command
    /// goes on where it was.
    #[arg(long, conflicts_with = "force")]
    skip_existing: bool,
}

/// The files that a command takes of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those that `encode` reads.
    Signals,
    /// The `.siren` files that `decode` and `info` read.
    Sirens,
    /// Pictures, sounds, and `.siren` files of them, which `compare` reads.
    Compared,
}

impl Wanted {
    /// Whether it takes a file of this name; none if nobody would think that it does.
    fn takes(self, name: &Path) -> Option<bool> {
        let extension = name.extension().unwrap_or_default();
        match (self, extension.eq_ignore_ascii_case("siren")) {
            (Self::Signals, false) => Some(media::expected(name).is_some()),
            (Self::Sirens | Self::Compared, true) => Some(true),
            (Self::Compared, false) => {
                let kind = media::expected(name)?;
                matches!(kind, media::Kind::Picture | media::Kind::Sound).then_some(true)
            }
            _ => None,
        }
    }
}

/// The inputs of a command, each once.
#[derive(Debug)]
pub(crate) struct Inputs {
    files: Vec<Found>,
    /// Whether there may be any number of them: several were typed, or a folder.
    pub(crate) several: bool,
    /// How many files in folders are of a format that is not read.
    others: usize,
    skip_existing: bool,
    begin: Instant,
}

/// An input, and the folder that its result has below the one for all results.
#[derive(Debug)]
struct Found {
    place: Place,
    below: PathBuf,
}

impl Inputs {
    /// The files that were `typed`, and those in folders that were: of these such as `wanted` says.
    pub(crate) fn find(
        typed: &[PathBuf],
        selection: Selection,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        let mut inputs = Self {
            files: Vec::new(),
            several: typed.len() > 1,
            others: 0,
            skip_existing: selection.skip_existing,
            begin: Instant::now(),
        };
        for path in typed {
            let place = Place::input(path);
            let below = PathBuf::new();
            if !place.path().is_some_and(Path::is_dir) {
                inputs.files.push(Found { place, below });
                continue;
            }
            inputs.several = true;
            let before = inputs.files.len();
            let passed = inputs.gather(path, &below, selection.recursive, wanted)?;
            if inputs.files.len() == before {
                let hint = match passed {
                    true => "; --recursive looks into the folders in it",
                    false => "",
                };
                return Err(Failure::Said(format!(
                    "{place}: has no file that is read{hint}"
                )));
            }
        }
        let mut seen = HashSet::new();
        let first = |found: &Found| seen.insert(found.place.clone());
        inputs.files.retain(first);
        Ok(inputs)
    }

    /// Adds the files in `folder` that are `wanted`, in the order of their names; of hidden ones none. Whether there
    /// are other folders in it that were not looked into.
    fn gather(
        &mut self,
        folder: &Path,
        below: &Path,
        recursive: bool,
        wanted: Wanted,
    ) -> Result<bool, Failure> {
        let listed = || {
            let entries = fs::read_dir(folder)?.map(|entry| {
                let entry = entry?;
                Ok((entry.file_name(), entry.file_type()?.is_dir()))
            });
            entries.collect::<std::io::Result<Vec<_>>>()
        };
        let mut entries = listed().map_err(|error| {
            Failure::Said(format!(
                "{}: {}",
                folder.display(),
                Failure::reading(&error)
            ))
        })?;
        entries.retain(|(name, _)| !name.as_encoded_bytes().starts_with(b"."));
        entries.sort_unstable();
        let mut passed = false;
        for (name, is_folder) in entries {
            let path = folder.join(&name);
            if is_folder && recursive {
                passed |= self.gather(&path, &below.join(&name), recursive, wanted)?;
            } else if is_folder {
                passed = true;
            } else if let Some(taken) = wanted.takes(&path)
                && path.is_file()
            {
                if taken {
                    self.files.push(Found {
                        place: Place::Path(path),
                        below: below.to_owned(),
                    });
                } else {
                    self.others += 1;
                }
            }
        }
        Ok(passed)
    }

    pub(crate) fn places(&self) -> impl ExactSizeIterator<Item = &Place> {
        self.files.iter().map(|found| &found.place)
    }

    /// Finds the output of each. Without `output` it lies beside the input, with what `extension` says of the input
    /// in place of its own; `output` is a folder if it is one already, or ends like one. Where two inputs differ in
    /// their extensions alone, their outputs keep these: `a.png` and `a.jpg` become `a.png.siren` and `a.jpg.siren`.
    pub(crate) fn plan(
        self,
        output: Option<&Path>,
        extension: impl Fn(&Place) -> String,
    ) -> Result<Plan, Failure> {
        let folder = match output {
            Some(output) if self.is_folder(output)? => Some(output),
            Some(output) => {
                let output = Place::output(output);
                let jobs = self.places().map(|input| Job {
                    input: input.clone(),
                    output: output.clone(),
                });
                return Ok(Plan::new(jobs.collect(), &self));
            }
            None => None,
        };
        let named = self
            .files
            .iter()
            .map(|found| found.outputs(folder, &extension));
        let named = named.collect::<Result<Vec<_>, _>>()?;
        let mut uses: HashMap<Place, usize> = HashMap::new();
        for (short, _) in &named {
            *uses.entry(short.clone()).or_default() += 1;
        }
        let jobs = self.places().zip(named).map(|(input, (short, long))| Job {
            input: input.clone(),
            output: if uses[&short] > 1 { long } else { short },
        });
        Ok(Plan::new(jobs.collect(), &self))
    }

    /// Whether `output` is a folder for the results, and not the name of the only one.
    fn is_folder(&self, output: &Path) -> Result<bool, Failure> {
        let text = output.as_os_str().to_string_lossy();
        if output.is_dir() || text.ends_with(std::path::is_separator) {
            return Ok(true);
        }
        if !self.several {
            return Ok(false);
        }
        Err(Failure::Usage(match Place::output(output) {
            Place::Standard => {
                "standard output takes one file; give -o a folder for several inputs".into()
            }
            place if output.exists() => {
                format!("{place} is a file, but several inputs need a folder; give -o a folder")
            }
            place => format!(
                "there is no folder {place} for the results of several inputs; end the name with a slash to have it made: -o {place}/"
            ),
        }))
    }
}

impl Found {
    /// Its output, in `folder` or beside it, with its own extension replaced, and with it kept.
    fn outputs(
        &self,
        folder: Option<&Path>,
        extension: impl Fn(&Place) -> String,
    ) -> Result<(Place, Place), Failure> {
        let name = self
            .place
            .path()
            .and_then(|path| Some((path, path.file_stem()?)));
        let Some((path, stem)) = name else {
            return match folder {
                None => Ok((Place::Standard, Place::Standard)),
                Some(folder) => Err(Failure::Usage(format!(
                    "{} has no name to give its result in the folder {}; name the file with -o",
                    self.place,
                    folder.display()
                ))),
            };
        };
        let extension = extension(&self.place);
        let named = |name: OsString| {
            // Pushed on, not set: the stem of `a.b.png` keeps its own dot.
            let mut name = name;
            name.push(".");
            name.push(&extension);
            Place::Path(match folder {
                Some(folder) => folder.join(&self.below).join(name),
                None => path.with_file_name(name),
            })
        };
        let whole = path.file_name().unwrap_or(stem);
        Ok((named(stem.to_owned()), named(whole.to_owned())))
    }
}

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) jobs: Vec<Job>,
    tally: Tally,
}

impl Plan {
    /// Whether a result goes to standard output, which then has nothing else.
    pub(crate) fn to_standard(&self) -> bool {
        self.jobs.iter().any(|job| job.output == Place::Standard)
    }

    fn new(mut jobs: Vec<Job>, inputs: &Inputs) -> Self {
        let all = jobs.len();
        if inputs.skip_existing {
            jobs.retain(|job| !job.output.path().is_some_and(Path::exists));
        }
        let mut tally = Tally::of(jobs.len(), inputs.begin);
        tally.several = inputs.several;
        tally.others = inputs.others;
        tally.skipped = all - jobs.len();
        Self { jobs, tally }
    }

    /// The jobs that nothing keeps from being begun; of the others it is told why. `look` says whether an input is fit
    /// to be read. Of one that is not its reader tells why in its turn, and its output does not matter.
    pub(crate) fn ready(
        &self,
        force: bool,
        report: &Report,
        mut look: impl FnMut(&Job) -> Result<bool, Failure>,
    ) -> Result<(Vec<&Job>, Tally), Failure> {
        let mut taken = HashSet::new();
        let mut ready = Vec::new();
        for job in &self.jobs {
            let checked = look(job).and_then(|fit| match fit {
                true => check(job, force, &mut taken),
                false => Ok(()),
            });
            if report.settle(&job.input, checked)? {
                ready.push(job);
            }
        }
        Ok((ready, self.tally))
    }
}

/// Refuses an output that would destroy something.
fn check(job: &Job, force: bool, taken: &mut HashSet<PathBuf>) -> Result<(), Failure> {
    let Place::Path(path) = &job.output else {
        return Ok(());
    };
    if job.input.is_same_file(&job.output) {
        return Err(Failure::Said(
            "would be overwritten by its own result; name another file with -o".into(),
        ));
    }
    if !taken.insert(paths::resolved(path)) {
        return Err(Failure::Said(format!(
            "{} is already the output of another input; encode or decode them one by one with -o",
            job.output
        )));
    }
    paths::writable(path, force)
}
