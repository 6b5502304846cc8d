//! Golden files: valid ones parse to exactly what `cases` and `grid_cases` say and back to the same bytes; invalid ones
//! give exactly their error. `golden/README.md` lists them byte by byte.
//!
//! They are written from there only on request: `SIREN_FORMAT_BLESS=1 cargo test golden`.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use siren_format::{Error, File, Limits, inspect};

use crate::cases::{self, Case};
use crate::grid_cases;
use crate::samples::gray;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

/// Start of `golden/README.md`, before the lines of the valid files.
const VALID: &str = "\
# Golden files

`../cases.rs` and `../grid_cases.rs` define these files; `../golden.rs` writes them and this list, and tests both.
Bytes are hexadecimal. In a valid file they are divided into signature and version, header, framing and payload of
each section, and checksum.

## valid

Each parses and is written back to the same bytes, except that the unknown section of `optional` is left
out.

| file | what | bytes |
|---|---|---|
";

/// What stands before the lines of the invalid files.
const INVALID: &str = "
## invalid

Each gives the error beside it and no other.

| file | what | error | bytes |
|---|---|---|---|
";

fn valid() -> Vec<Case<File>> {
    let mut cases = cases::valid();
    cases.extend(grid_cases::valid());
    cases
}

fn invalid() -> Vec<Case<Error>> {
    let mut cases = cases::invalid();
    cases.extend(grid_cases::invalid());
    cases
}

pub(crate) fn valid_bytes() -> Vec<(String, Vec<u8>)> {
    valid()
        .into_iter()
        .map(|(name, _, bytes, _)| (name.to_owned(), bytes))
        .collect()
}

pub(crate) fn invalid_bytes() -> Vec<(String, Vec<u8>)> {
    invalid()
        .into_iter()
        .map(|(name, _, bytes, _)| (name.to_owned(), bytes))
        .collect()
}

/// The bytes of a golden file, or with blessing, those that it now gets.
fn stored(path: &str, bytes: &[u8]) -> Vec<u8> {
    let path: PathBuf = [DIRECTORY, path].iter().collect();
    if std::env::var_os("SIREN_FORMAT_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a directory")).expect("directory to write");
        fs::write(&path, bytes).expect("file to write");
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn golden_files_parse_to_what_they_mean() {
    let plain = gray().to_bytes().expect("a valid file");
    for (name, _, bytes, file) in valid() {
        let stored = stored(&format!("valid/{name}.siren"), &bytes);
        assert_eq!(
            File::from_bytes(&stored, &Limits::default()).as_ref(),
            Ok(&file),
            "{name}"
        );
        let again = if name == "optional" { &plain } else { &stored };
        assert_eq!(file.to_bytes().as_ref(), Ok(again), "{name}");
        // A newer zstd may compress otherwise; only then may the bytes of a valid file change.
        assert_eq!(stored, bytes, "{name} is written differently");
    }
}

#[test]
fn golden_faults_are_named() {
    for (name, _, bytes, error) in invalid() {
        let stored = stored(&format!("invalid/{name}.siren"), &bytes);
        assert_eq!(stored, bytes, "{name}");
        assert_eq!(
            File::from_bytes(&stored, &Limits::default()),
            Err(error),
            "{name}"
        );
    }
}

#[test]
fn the_golden_list_is_complete() {
    let mut list = String::from(VALID);
    for (name, what, bytes, _) in valid() {
        let spans = inspect(&bytes, &Limits::default()).expect(name).spans;
        let parts: Vec<String> = spans
            .iter()
            .map(|span| hex(&bytes[span.offset..span.offset + span.length]))
            .collect();
        writeln!(list, "| {name} | {what} | `{}` |", parts.join("` \\| `")).expect("a string");
    }
    list.push_str(INVALID);
    for (name, what, bytes, error) in invalid() {
        writeln!(
            list,
            "| {name} | {what} | `{error:?}` | `{}` |",
            hex(&bytes)
        )
        .expect("a string");
    }
    let stored = stored("README.md", list.as_bytes());
    assert!(stored == list.as_bytes(), "golden/README.md is out of date");
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(" ")
}
