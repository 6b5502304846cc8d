//! Codecs that are installed as a pair of programs, run over temporary files.

use crate::failure::Failure;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// How one codec's programs are used.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) encoder: &'static str,
    pub(super) decoder: &'static str,
    /// What both print their version for.
    ask_version: &'static str,
    /// Where the programs come from.
    package: &'static str,
    pub(super) extension: &'static str,
    /// Options of the encoder that are always the same.
    pub(super) options: &'static [&'static str],
    /// Further ones for gray pictures.
    pub(super) gray: &'static [&'static str],
    /// The option that keeps the rate of a sound, in kilohertz, if the encoder would change it.
    rate: Option<&'static str>,
    /// Number of settings.
    pub(super) settings: u32,
    /// The options for a setting, 0 the worst.
    pub(super) setting: fn(u32) -> Vec<String>,
    /// What comes before the name of the output.
    output: &'static [&'static str],
    /// Options of the decoder.
    decoding: &'static [&'static str],
}

/// Steps between the coarsest distance that JPEG XL has and one of hardly any loss.
const DISTANCES: u32 = 160;

pub(super) static WEBP: Tool = Tool {
    name: "WebP",
    encoder: "cwebp",
    decoder: "dwebp",
    ask_version: "-version",
    package: "`webp` in Debian, Ubuntu and Homebrew, `libwebp-tools` in Fedora",
    extension: "webp",
    options: &["-m", "6"],
    gray: &[],
    rate: None,
    settings: 101,
    setting: |setting| vec!["-q".into(), setting.to_string()],
    output: &["-o"],
    decoding: &[],
};

pub(super) static AVIF: Tool = Tool {
    name: "AVIF",
    encoder: "avifenc",
    decoder: "avifdec",
    ask_version: "--version",
    package: "`libavif-bin` in Debian and Ubuntu, `libavif` in Homebrew, `libavif-tools` in Fedora",
    extension: "avif",
    // Releases before 1.0 have no -q, later ones no need of --min and --max; the quantiser of the
    // constant-quality mode, of which -q is another scale, is there in both.
    options: &[
        "-c",
        "aom",
        "-s",
        "6",
        "--min",
        "0",
        "--max",
        "63",
        "-a",
        "end-usage=q",
    ],
    gray: &["-y", "400"],
    rate: None,
    settings: 64,
    setting: |setting| vec!["-a".into(), format!("cq-level={}", 63 - setting)],
    output: &[],
    decoding: &[],
};

pub(super) static JPEG_XL: Tool = Tool {
    name: "JPEG XL",
    encoder: "cjxl",
    decoder: "djxl",
    ask_version: "--version",
    package: "`libjxl-tools` in Debian and Ubuntu, `jpeg-xl` in Homebrew, `libjxl-utils` in Fedora",
    extension: "jxl",
    options: &["-e", "7"],
    gray: &[],
    rate: None,
    settings: DISTANCES + 1,
    setting: |setting| {
        let fraction = f64::from(setting) / f64::from(DISTANCES);
        vec![
            "-d".into(),
            format!("{:.3}", 25.0 * 0.002_f64.powf(fraction)),
        ]
    },
    output: &[],
    decoding: &[],
};

/// The least bits a second, in thousands, that Opus and MP3 take.
const OPUS_LEAST: u32 = 6;
const MP3_LEAST: u32 = 8;

pub(super) static OPUS: Tool = Tool {
    name: "Opus",
    encoder: "opusenc",
    decoder: "opusdec",
    ask_version: "--version",
    package: "`opus-tools` in Debian, Ubuntu, Homebrew and Fedora",
    extension: "opus",
    options: &["--quiet"],
    gray: &[],
    rate: None,
    settings: 251,
    setting: |setting| vec!["--bitrate".into(), (setting + OPUS_LEAST).to_string()],
    output: &[],
    decoding: &["--quiet"],
};

pub(super) static MP3: Tool = Tool {
    name: "MP3",
    encoder: "lame",
    decoder: "lame",
    ask_version: "--version",
    package: "`lame` in Debian, Ubuntu, Homebrew and Fedora",
    extension: "mp3",
    options: &["--quiet"],
    gray: &[],
    rate: Some("--resample"),
    settings: 303,
    setting: |setting| vec!["--abr".into(), (setting + MP3_LEAST).to_string()],
    output: &[],
    decoding: &["--quiet", "--decode"],
};

impl Tool {
    /// What the encoder says of its version, if both programs are there.
    pub(super) fn version(&self) -> Result<String, Failure> {
        let ask = |program| {
            let mut command = Command::new(program);
            command.arg(self.ask_version).stdin(Stdio::null());
            command
                .output()
                .map_err(|error| self.cannot_start(program, &error))
        };
        let output = ask(self.encoder)?;
        ask(self.decoder)?;
        let mut said = lines(&output.stdout)
            .chain(lines(&output.stderr))
            .next()
            .unwrap_or_default();
        // Some give the bare number, or call it just that.
        if !said.contains(self.encoder) {
            said = format!("{} {}", self.encoder, said.trim_start_matches("Version: "));
        }
        Ok(said)
    }

    /// The options that keep a sampling rate of this number of `kilohertz`.
    pub(super) fn at_rate(&self, kilohertz: &str) -> Vec<String> {
        let option = self.rate.into_iter();
        option
            .flat_map(|option| [option.to_owned(), kilohertz.to_owned()])
            .collect()
    }

    /// Codes `source` with some `extra` options; the seconds that the process took.
    pub(super) fn encode(
        &self,
        setting: u32,
        extra: &[String],
        source: &Path,
        coded: &Path,
    ) -> Result<f64, Failure> {
        let mut arguments: Vec<OsString> = Vec::new();
        arguments.extend(self.options.iter().map(OsString::from));
        arguments.extend(extra.iter().map(OsString::from));
        arguments.extend((self.setting)(setting).into_iter().map(OsString::from));
        arguments.push(source.into());
        arguments.extend(self.output.iter().map(OsString::from));
        arguments.push(coded.into());
        self.run(self.encoder, &arguments)
    }

    /// Decodes to a PNG or a WAV file; the seconds that the process took.
    pub(super) fn decode(&self, coded: &Path, decoded: &Path) -> Result<f64, Failure> {
        let mut arguments: Vec<OsString> = self.decoding.iter().map(OsString::from).collect();
        arguments.push(coded.into());
        arguments.extend(self.output.iter().map(OsString::from));
        arguments.push(decoded.into());
        self.run(self.decoder, &arguments)
    }

    fn run(&self, program: &str, arguments: &[OsString]) -> Result<f64, Failure> {
        let start = Instant::now();
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.cannot_start(program, &error))?;
        let seconds = start.elapsed().as_secs_f64();
        if output.status.success() {
            return Ok(seconds);
        }
        let typed: Vec<_> = arguments
            .iter()
            .map(|argument| argument.to_string_lossy())
            .collect();
        let last = lines(&output.stderr)
            .last()
            .or_else(|| lines(&output.stdout).last())
            .unwrap_or_else(|| output.status.to_string());
        Err(Failure::Said(format!(
            "{} failed: `{program} {}`: {last}; to go on without it, name the others in --against",
            self.name,
            typed.join(" ")
        )))
    }

    fn cannot_start(&self, program: &str, error: &io::Error) -> Failure {
        Failure::Said(match error.kind() {
            io::ErrorKind::NotFound => {
                format!(
                    "{program} is not installed; it comes with package {}",
                    self.package
                )
            }
            _ => format!("{program} cannot be started: {error}"),
        })
    }

    /// A program that said nothing and left no file.
    pub(super) fn wrote_nothing(&self, error: &io::Error) -> Failure {
        Failure::Said(format!(
            "{} failed: {} succeeded but left no file ({error})",
            self.name, self.encoder
        ))
    }
}

/// The lines of what a program printed, without blank ones.
fn lines(printed: &[u8]) -> impl DoubleEndedIterator<Item = String> {
    String::from_utf8_lossy(printed)
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}
