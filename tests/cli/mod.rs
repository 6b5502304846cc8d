//! The command line, run as a user runs it: arguments, files, exit status and messages.

mod animations;
mod checkpoint;
mod colours;
mod compare;
mod derivatives;
mod faults;
mod files;
mod formats;
mod grids;
mod interrupt;
mod limits;
mod many;
mod messages;
mod metadata;
mod options;
mod readers;
mod shapes;
mod sizes;
mod sound;
mod study;
mod supervise;
mod surfaces;
mod transcripts;
mod video;
mod view;
mod views;

use image::DynamicImage;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A network and a fit as small as they can be, where what matters is not the picture.
const QUICK: &str = "--layers 2 --width 8 --steps 10";

/// A folder of one test's own, in which its commands run.
struct Folder(TempDir);

/// What a command left behind.
struct Run {
    status: i32,
    stdout: Vec<u8>,
    stderr: String,
}

impl Folder {
    fn new() -> Self {
        Self(TempDir::with_prefix("sirenc-test-").expect("a folder for temporary files"))
    }

    /// A folder holding `picture` as `name`.
    fn with(name: &str, picture: &DynamicImage) -> Self {
        let folder = Self::new();
        picture
            .save(folder.path(name))
            .expect("a picture that can be saved");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    fn picture(&self, name: &str) -> DynamicImage {
        image::load_from_memory(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of all files, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("a plain name")
            })
            .collect();
        names.sort();
        names
    }

    /// `sirenc` with `arguments` as a shell would split them (none has a space in it).
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sirenc"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &str) -> Run {
        self.command(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("sirenc starts")
            .into()
    }

    fn run_with(&self, arguments: &str, stdin: &[u8]) -> Run {
        let mut command = self.command(arguments);
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("sirenc starts");
        // Dropped at once, which ends the input. A command that does not want it may be gone already.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin);
        child.wait_with_output().expect("sirenc ends").into()
    }

    /// Runs what must succeed.
    fn ok(&self, arguments: &str) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.status, 0, "sirenc {arguments}: {}", run.stderr);
        run
    }

    /// Runs what must fail with `status` and say all of `words`, without a panic.
    fn fails(&self, status: i32, arguments: &str, words: &[&str]) {
        let run = self.run(arguments);
        assert_eq!(run.status, status, "sirenc {arguments}: {}", run.stderr);
        for word in words {
            assert!(
                run.stderr.contains(word),
                "sirenc {arguments} does not say '{word}': {}",
                run.stderr
            );
        }
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

impl Run {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("text on standard output")
    }

    /// Standard output as one JSON value a line.
    fn json(&self) -> Vec<serde_json::Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            // A signal without a handler would leave no code at all.
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// How many unfinished files `child` has in a folder. Those without a name are seen among what it has open.
fn unfinished(folder: &Path, child: &Child) -> usize {
    let folder = fs::canonicalize(folder).unwrap_or_default();
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    let named = entries(&folder).filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with(".sirenc-")
    });
    let open = PathBuf::from(format!("/proc/{}/fd", child.id()));
    let nameless = entries(&open).filter(|entry| {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        target.starts_with(&folder) && target.to_string_lossy().ends_with(" (deleted)")
    });
    named.count() + nameless.count()
}

/// A smooth picture in RGB: its three samples differ everywhere.
fn gradient(width: u32, height: u32) -> DynamicImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([
            (255 * x / width) as u8,
            (255 * y / height) as u8,
            (255 * (x + y) / (width + height)) as u8,
        ])
    })
    .into()
}
