//! Replays on a stable compiler what the fuzzers start from and what they have found: every seed through
//! every body, and every regression through its own.

use std::fs;
use std::path::{Path, PathBuf};

use sirenc_fuzz_bodies::{BODIES, Body};

/// Files below `folder`, by name; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

fn replay(name: &str, body: Body, bytes: &[u8], origin: &Path) {
    let run = std::panic::catch_unwind(|| body(bytes));
    assert!(run.is_ok(), "{name} fails on {}", origin.display());
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Golden files, as they are and cut short everywhere.
#[test]
fn every_seed_passes_every_body() {
    let golden = here().join("../../format/tests/golden");
    let mut seen = 0;
    for seed in ["valid", "invalid"]
        .iter()
        .flat_map(|kind| files(&golden.join(kind)))
    {
        let bytes = fs::read(&seed).expect("a golden file");
        for &(name, body) in BODIES {
            for end in 0..=bytes.len().min(64) {
                replay(name, body, &bytes[..end], &seed);
            }
            replay(name, body, &bytes, &seed);
        }
        seen += 1;
    }
    assert!(seen > 50, "only {seen} golden files were found");
}

/// A small corpus that reaches what long runs have reached lies in `corpus/BODY.hex`, an input a line; what runs on
/// this machine have found, in the folder `SIRENC_FUZZ_CORPUS`, if that is set.
#[test]
fn every_corpus_passes_its_body() {
    for &(name, body) in BODIES {
        let path = here().join("corpus").join(name).with_extension("hex");
        let lines = fs::read_to_string(&path).unwrap_or_default();
        for line in lines.lines() {
            let pairs = line.as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap_or(""), 16);
            let bytes: Result<Vec<u8>, _> = pairs.map(byte).collect();
            replay(name, body, &bytes.expect("hexadecimal"), &path);
        }
        if let Some(folder) = std::env::var_os("SIRENC_FUZZ_CORPUS") {
            for path in files(&Path::new(&folder).join(name)) {
                replay(name, body, &fs::read(&path).expect("an input"), &path);
            }
        }
    }
}

/// What a body once failed on lies in `regressions/BODY/`, under a name that says what was wrong.
#[test]
fn no_regression_returns() {
    for &(name, body) in BODIES {
        for path in files(&here().join("regressions").join(name)) {
            let bytes = fs::read(&path).expect("a regression");
            replay(name, body, &bytes, &path);
        }
    }
}
