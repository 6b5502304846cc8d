//! Writes what the decoder outside of browsers makes of the golden files, for `web/test` to compare with.
//!
//! ```sh
//! cargo run -p sirenc-web --example reference -- format/tests/golden OUT
//! ```
//!
//! `OUT/cases.json` has a case a line: the file, then its refusal, or what was asked and the file in `OUT` that holds the
//! answer.

use sirenc::Limits;
use sirenc::format::{Signal, inspect};
use sirenc_web::failure::{Failure, Fault};
use sirenc_web::session::{Session, View};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Stored pixels of which means are taken, at most.
const MEANS: u64 = 1 << 16;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [golden, out] = &arguments[..] else {
        return Err("give the folder of golden files and a folder to write to".into());
    };
    fs::create_dir_all(out)?;
    let mut cases = Vec::new();
    for folder in ["valid", "invalid"] {
        let mut files: Vec<PathBuf> = fs::read_dir(golden.join(folder))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()?;
        files.sort();
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let file = format!("{folder}/{name}");
            answer(&path, &file, out, &mut cases)?;
        }
    }
    fs::write(
        out.join("cases.json"),
        format!("[\n{}\n]\n", cases.join(",\n")),
    )?;
    println!("{} cases", cases.len());
    Ok(())
}

/// The stored pixels of a picture, or of a frame of a video.
fn pixels(bytes: &[u8]) -> Result<u64> {
    Ok(match inspect(bytes, &Limits::default())?.header.signal {
        Signal::Picture { width, height } | Signal::Video { width, height, .. } => {
            u64::from(width) * u64::from(height)
        }
        _ => 0,
    })
}

/// Asks everything of a file that its kind of signal answers.
fn answer(path: &Path, file: &str, out: &Path, cases: &mut Vec<String>) -> Result<()> {
    let bytes = fs::read(path)?;
    let mut session = Session::default();
    session.input(bytes.len()).copy_from_slice(&bytes);
    let facts = match session.open() {
        Ok(facts) => String::from_utf8(facts)?,
        Err(failure) => {
            let fault = match failure.fault() {
                Fault::File => "file",
                Fault::Limit => "limit",
                Fault::Request => "request",
            };
            // Debug puts a text in quotes, as JSON does as long as it is plain.
            let text = failure.to_string();
            cases.push(format!(
                r#"{{"file":"{file}","fault":"{fault}","message":{text:?}}}"#
            ));
            return Ok(());
        }
    };
    let mut keep = |asked: String, made: std::result::Result<Vec<u8>, Failure>| -> Result<()> {
        let name = format!("{}.bin", cases.len());
        fs::write(
            out.join(&name),
            made.map_err(|failure| format!("{file}: {failure}"))?,
        )?;
        cases.push(format!(
            r#"{{"file":"{file}",{asked},"facts":{facts},"answer":"{name}"}}"#
        ));
        Ok(())
    };
    if facts.starts_with(r#"{"kind":"sound""#) {
        for rate in [8000, 11_025] {
            keep(
                format!(r#""samples":{{"rate":{rate}}}"#),
                session.samples(rate, 0.0, 1.3),
            )?;
        }
    } else if facts.starts_with(r#"{"kind":"shape""#) {
        keep(r#""mesh":{"resolution":16}"#.into(), session.mesh(16))?;
    } else {
        let derivatives = ["gradient", "gradient-color", "laplacian"];
        let picture = facts.starts_with(r#"{"kind":"picture""#);
        let most = if picture { derivatives.len() as u32 } else { 0 };
        // Means over all pixels of a large picture take minutes in a build for tests.
        let large = pixels(&bytes)? > MEANS;
        for (size, points) in [([45, 31], large), ([7, 5], large), ([9, 4], true)] {
            for shown in 0..=most {
                let derivative = match shown {
                    0 => String::new(),
                    _ => format!(r#""derivative":"{}","#, derivatives[shown as usize - 1]),
                };
                let seconds = if picture { 0.0 } else { 0.71 };
                let view = View {
                    size,
                    corner: [1, 1],
                    region: [size[0] - 2, size[1] - 1],
                    shown,
                    points,
                    seconds,
                };
                let made = session
                    .view(view)
                    .and_then(|_| session.rows(0, size[1] - 1));
                let [width, height] = size;
                keep(
                    format!(
                        r#""render":{{"width":{width},"height":{height},"region":{{"x":1,"y":1,"width":{},"height":{}}},{derivative}"points":{points},"time":{seconds}}}"#,
                        width - 2,
                        height - 1
                    ),
                    made,
                )?;
            }
        }
    }
    Ok(())
}
