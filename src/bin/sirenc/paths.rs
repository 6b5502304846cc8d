//! Which file goes where: from the names that were typed to one output for each input.

use super::failure::Failure;
use super::report::{self, Report};
use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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

/// One input and where its result goes.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) input: Place,
    pub(crate) output: Place,
}

/// Finds the output of each input. Without `output` it lies beside the input, with what `extension` says of the
/// input in place of its own; `output` is a folder if it is one already, ends like one, or has to
/// take several files.
pub(crate) fn plan(
    inputs: &[PathBuf],
    output: Option<&Path>,
    extension: impl Fn(&Place) -> String,
) -> Result<Vec<Job>, Failure> {
    let several = inputs.len() > 1;
    let Some(output) = output else {
        return Ok(inputs
            .iter()
            .map(|typed| beside(typed, &extension))
            .collect());
    };
    let is_folder = output.is_dir()
        || output
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator);
    if let (Place::Standard, true) = (Place::output(output), several) {
        return Err(Failure::Usage(
            "standard output takes one file; give -o a folder for several inputs".into(),
        ));
    }
    if several && output.exists() && !is_folder {
        let output = output.display();
        return Err(Failure::Usage(format!(
            "{output} is a file, but several inputs need a folder; give -o a folder"
        )));
    }
    if !several && !is_folder {
        return Ok(vec![Job {
            input: Place::input(&inputs[0]),
            output: Place::output(output),
        }]);
    }
    let into_folder = |typed: &PathBuf| match typed.file_stem() {
        Some(stem) if typed != Path::new("-") => {
            // Pushed on, not set: the stem of `a.b.png` keeps its own dot.
            let mut name = stem.to_owned();
            name.push(".");
            let input = Place::input(typed);
            name.push(extension(&input));
            Ok(Job {
                input,
                output: Place::Path(output.join(name)),
            })
        }
        _ => Err(Failure::Usage(format!(
            "{} has no name to give its result in the folder {}; name the file with -o",
            typed.display(),
            output.display()
        ))),
    };
    let jobs = inputs.iter().map(into_folder).collect::<Result<_, _>>()?;
    fs::create_dir_all(output).map_err(|error| Failure::writing(output.display(), &error))?;
    Ok(jobs)
}

fn beside(typed: &Path, extension: impl Fn(&Place) -> String) -> Job {
    match Place::input(typed) {
        Place::Standard => Job {
            input: Place::Standard,
            output: Place::Standard,
        },
        input => Job {
            output: Place::Path(typed.with_extension(extension(&input))),
            input,
        },
    }
}

/// Does each job. Failures that can be foreseen are reported before the first long work begins. A job that fails does
/// not keep the others from being done: its failure is reported, and shows in the exit status.
pub(crate) fn each(
    jobs: &[Job],
    force: bool,
    report: &Report,
    look: impl FnMut(&Job) -> Result<bool, Failure>,
    mut work: impl FnMut(&Job) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let mut done = 0;
    for job in ready(jobs, force, report, look)? {
        done += usize::from(report.settle(&job.input, work(job))?);
    }
    Ok(status(done, jobs))
}

/// The jobs that nothing keeps from being begun; of the others it is told why. `look` says whether an input is fit to
/// be read. Of one that is not its reader tells why in its turn, and its output does not matter.
pub(crate) fn ready<'a>(
    jobs: &'a [Job],
    force: bool,
    report: &Report,
    mut look: impl FnMut(&Job) -> Result<bool, Failure>,
) -> Result<Vec<&'a Job>, Failure> {
    let mut taken = HashSet::new();
    let mut ready = Vec::new();
    for job in jobs {
        let checked = look(job).and_then(|fit| match fit {
            true => check(job, force, &mut taken),
            false => Ok(()),
        });
        if report.settle(&job.input, checked)? {
            ready.push(job);
        }
    }
    Ok(ready)
}

/// The exit status where `done` of the jobs have succeeded.
pub(crate) fn status(done: usize, jobs: &[Job]) -> ExitCode {
    if done == jobs.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Refuses an output that would destroy something.
fn check(job: &Job, force: bool, taken: &mut HashSet<PathBuf>) -> Result<(), Failure> {
    let Place::Path(path) = &job.output else {
        return Ok(());
    };
    let name = path.display();
    if job.input.is_same_file(&job.output) {
        return Err(Failure::Said(
            "would be overwritten by its own result; name another file with -o".into(),
        ));
    }
    if !taken.insert(resolved(path)) {
        return Err(Failure::Said(format!(
            "{name} is already the output of another input; encode or decode them one by one with -o"
        )));
    }
    writable(path, force)
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
            let target = followed(path).map_err(|error| Failure::writing(&name, &error))?;
            let folder = folder(&target);
            match folder.is_dir() {
                true => Ok(()),
                false => Err(Failure::Said(format!(
                    "cannot write {name}: there is no folder {}; make it first",
                    folder.display()
                ))),
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
fn resolved(path: &Path) -> PathBuf {
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
