//! Sounds: their .siren files beside Opus and MP3 of at most the same bytes, and beside plain samples under zstd.

mod page;

use super::Compare;
use super::inputs::{self, Input};
use super::measure::timed;
use super::tool::{MP3, OPUS, Tool};
use crate::failure::Failure;
use crate::files::{Files, Typed};
use crate::output::Scratch;
use crate::paths::Place;
use crate::picture::MOST_DECODED;
use crate::report::Report;
use crate::sound::{finite, ratio};
use crate::table::columns;
use crate::{encode, input, picture};
use page::Compared;
use serde_json::{Value, json};
use sirenc::media::grouped;
use sirenc::media::sound::{Wav, most_samples, read};
use sirenc::metric::{segmental_snr, snr};
use sirenc::{Limits, Playback, Sound, SoundDecoder, SoundEncoder};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How hard zstd tries.
const ZSTD_LEVEL: i32 = 19;

/// Whether the inputs are sounds.
///
/// # Errors
/// Some are sounds and some are not.
pub(super) fn are_all(inputs: &[PathBuf]) -> Result<bool, Failure> {
    let is_sound = |typed: &PathBuf| {
        let place = Place::input(typed);
        let opened = input::Input::open(&place, &Limits::interactive());
        opened.and_then(|mut input| input.kind(&place)).ok() == Some(input::Kind::Sound)
    };
    // Standard input can be read only once.
    let (sounds, others): (Vec<_>, Vec<_>) = inputs
        .iter()
        .filter(|typed| typed.is_file() && !inputs::is_siren(typed))
        .partition(|typed| is_sound(typed));
    match (sounds.first(), others.first()) {
        (Some(sound), Some(other)) => Err(Failure::Usage(format!(
            "{} is a sound and {} is not; compare them apart",
            sound.display(),
            other.display()
        ))),
        (sound, _) => Ok(sound.is_some()),
    }
}

pub(super) fn run(args: &Compare, listed: &[PathBuf]) -> Result<ExitCode, Failure> {
    check(args)?;
    let inputs = inputs::pair(listed)?;
    let encoders = encoders(args).map_err(|error| Failure::Usage(error.to_string()))?;
    let typed = Typed {
        json: args.json.as_deref(),
        report: args.report.as_deref(),
        ..Typed::default()
    };
    let (files, report) = Files::with_report(&typed, listed, args.manner)?;
    let mut tools = Vec::new();
    for tool in [&OPUS, &MP3] {
        match tool.version() {
            Ok(version) => {
                report.say(&format!("{}: {version}", tool.name))?;
                tools.push(tool);
            }
            Err(failure) => report.say(&format!("{} is left out: {failure}", tool.name))?,
        }
    }
    let bench = Bench {
        encoders: &encoders,
        threads: args.threads,
        tools: &tools,
        scratch: &Scratch::new()?,
        report: &report,
        kept: files.report.is_some(),
    };
    let (mut all, mut heard) = (Vec::new(), Vec::new());
    for input in &inputs {
        let compared = bench.compare(input).and_then(|(sound, rows)| {
            let title = format!(
                "{}  {:.2} s at {} Hz",
                input.picture,
                sound.seconds(),
                sound.rate()
            );
            report.say(&format!("{}\n", table(&title, &rows)))?;
            all.push(facts(input, &sound, &rows));
            if bench.kept {
                let original = Wav::file(&sound)?;
                heard.push(Compared {
                    title,
                    original,
                    rows,
                });
            }
            Ok(())
        });
        report.settle(&input.picture, compared)?;
    }
    if let Some(place) = &files.json {
        files.write(place, &format!("{:#}\n", json!(all)))?;
    }
    if let Some(place) = &files.report {
        files.write(place, &page::page(&heard))?;
    }
    Ok(if all.len() == inputs.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An encoder for each size, the smallest first.
fn encoders(args: &Compare) -> Result<Vec<SoundEncoder>, sirenc::Error> {
    let encoder: SoundEncoder = super::encoder(args)?;
    let sized = super::sizes(args)
        .into_iter()
        .map(|bytes| encoder.clone().with_bytes(bytes));
    let mut encoders: Vec<SoundEncoder> = sized.collect();
    if encoders.is_empty() {
        encoders.push(encoder);
    }
    encoders.iter().try_for_each(SoundEncoder::validate)?;
    Ok(encoders)
}

/// Refuses what is there for pictures alone.
fn check(args: &Compare) -> Result<(), Failure> {
    let pictures_alone = [
        (args.against.is_some(), "--against"),
        (!args.bpp.is_empty(), "--bpp"),
        (args.downscaled, "--downscaled"),
        (args.curve, "--curve"),
        (args.csv.is_some(), "--csv"),
    ];
    match pictures_alone.iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(Failure::Usage(format!(
            "{option} is for pictures; leave it out where sounds are compared, or give sizes as --bytes"
        ))),
        None => Ok(()),
    }
}

/// What all sounds are compared with.
struct Bench<'a> {
    /// One for each size.
    encoders: &'a [SoundEncoder],
    threads: Option<usize>,
    tools: &'a [&'static Tool],
    scratch: &'a Scratch,
    report: &'a Report,
    /// Whether what is decoded is kept, to be listened to.
    kept: bool,
}

/// A file of a sound, by some codec.
struct Row {
    codec: &'static str,
    setting: String,
    bytes: u64,
    snr: f64,
    segmental_snr: f64,
    /// Unknown for files that were there.
    encode_seconds: Option<f64>,
    decode_seconds: f64,
    /// What is decoded, as WAV, if it is kept and not exact.
    heard: Vec<u8>,
}

/// A coded sound, and the seconds that took.
type Coded = (Vec<u8>, Option<f64>);

impl Bench<'_> {
    fn compare(&self, input: &Input) -> Result<(Sound, Vec<Row>), Failure> {
        let mut opened = input::Input::open(&input.picture, &Limits::interactive())?;
        let sound = read(opened.source(), most_samples(MOST_DECODED))?;
        let wav = Wav::file(&sound)?;
        let plain = self.scratch.path().join("original.wav");
        fs::write(&plain, &wav).map_err(|error| Failure::writing(plain.display(), &error))?;
        let mut rows = Vec::new();
        for coded in self.sirens(input, &sound)? {
            let most = coded.0.len() as u64;
            rows.push(self.siren(coded, &sound)?);
            for tool in self.tools {
                rows.push(self.best(tool, &sound, &plain, most)?);
            }
        }
        rows.push(zstd(&wav)?);
        Ok((sound, rows))
    }

    /// The .siren files there are, or one of each size.
    fn sirens(&self, input: &Input, sound: &Sound) -> Result<Vec<Coded>, Failure> {
        if !input.sirens.is_empty() {
            let files = input.sirens.iter();
            return files
                .map(|place| Ok((picture::read_siren(place)?, None)))
                .collect();
        }
        let encode = |encoder: &SoundEncoder| {
            let encoded =
                encode::watched(&input.picture, self.report, encode::decibels, |progress| {
                    encoder.encode_with(sound, progress)
                })?;
            Ok((encoded.bytes, Some(encoded.elapsed.as_secs_f64())))
        };
        self.encoders.iter().map(encode).collect()
    }

    fn siren(&self, (bytes, encode_seconds): Coded, sound: &Sound) -> Result<Row, Failure> {
        let (decoded, decode_seconds) = timed(|| {
            let mut decoder = SoundDecoder::with_limits(&bytes, &Limits::none())?;
            if let Some(threads) = self.threads {
                decoder = decoder.with_threads(threads);
            }
            Ok(decoder.sound(&Playback::whole(&decoder))?)
        })?;
        let like = |sound: &Sound| (sound.frames(), sound.channels());
        if like(&decoded) != like(sound) {
            return Err(Failure::Said(
                "is of another length, or has other channels, than its .siren file".into(),
            ));
        }
        Ok(Row {
            codec: "sirenc",
            setting: String::new(),
            bytes: bytes.len() as u64,
            snr: snr(sound, &decoded),
            segmental_snr: segmental_snr(sound, &decoded),
            encode_seconds,
            decode_seconds,
            heard: self.heard(&decoded)?,
        })
    }

    /// A sound as it is kept.
    fn heard(&self, decoded: &Sound) -> Result<Vec<u8>, Failure> {
        match self.kept {
            true => Ok(Wav::file(decoded)?),
            false => Ok(Vec::new()),
        }
    }

    /// The highest setting of `tool` that takes at most `most` bytes, or if none does, the lowest.
    fn best(&self, tool: &Tool, sound: &Sound, plain: &Path, most: u64) -> Result<Row, Failure> {
        let coded = self
            .scratch
            .path()
            .join("coded")
            .with_extension(tool.extension);
        let decoded = self.scratch.path().join("decoded.wav");
        // Kilohertz, which MP3 would change at low rates.
        let kilohertz = (f64::from(sound.rate()) / 1000.0).to_string();
        let encode = |setting: u32| {
            let _ = fs::remove_file(&coded);
            let seconds = tool.encode(setting, &tool.at_rate(&kilohertz), plain, &coded)?;
            let size = fs::metadata(&coded).map_err(|error| tool.wrote_nothing(&error))?;
            Ok::<_, Failure>((size.len(), seconds))
        };
        let (mut low, mut high) = (0, tool.settings);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if encode(middle)?.0 <= most {
                low = middle;
            } else {
                high = middle;
            }
        }
        let (bytes, seconds) = encode(low)?;
        let _ = fs::remove_file(&decoded);
        let decode_seconds = tool.decode(&coded, &decoded)?;
        let mut opened = input::Input::open(&Place::Path(decoded), &Limits::interactive())?;
        let found = aligned(&read(opened.source(), most_samples(MOST_DECODED))?, sound)?;
        let mark = if bytes > most {
            ", more than asked"
        } else {
            ""
        };
        Ok(Row {
            codec: tool.name,
            setting: format!("{}{mark}", (tool.setting)(low).join(" ")),
            bytes,
            snr: snr(sound, &found),
            segmental_snr: segmental_snr(sound, &found),
            encode_seconds: Some(seconds),
            decode_seconds,
            heard: self.heard(&found)?,
        })
    }
}

/// A WAV file under zstd, from which it comes back as it was.
fn zstd(wav: &[u8]) -> Result<Row, Failure> {
    let (coded, encode_seconds) = timed(|| Ok(zstd::bulk::compress(wav, ZSTD_LEVEL)?))?;
    let (_, decode_seconds) = timed(|| Ok(zstd::bulk::decompress(&coded, wav.len())?))?;
    Ok(Row {
        codec: "WAV + zstd",
        setting: format!("-{ZSTD_LEVEL}"),
        bytes: coded.len() as u64,
        snr: f64::INFINITY,
        segmental_snr: f64::INFINITY,
        encode_seconds: Some(encode_seconds),
        decode_seconds,
        heard: Vec::new(),
    })
}

/// `decoded` at the length of `original`: codecs work in blocks, and may add or leave out some of the last one.
fn aligned(decoded: &Sound, original: &Sound) -> Result<Sound, Failure> {
    let like = |sound: &Sound| (sound.rate(), sound.channels());
    if like(decoded) != like(original) {
        return Err(Failure::Said(format!(
            "came back with {} channels at {} Hz, and cannot be compared",
            decoded.channels(),
            decoded.rate()
        )));
    }
    let mut samples = decoded.samples().to_vec();
    samples.resize(original.samples().len(), 0.0);
    Ok(Sound::new(
        original.rate(),
        original.channels(),
        decoded.depth(),
        samples,
    )?)
}

fn table(title: &str, rows: &[Row]) -> String {
    let seconds = |seconds: Option<f64>| seconds.map_or("-".into(), |it| format!("{it:.2}"));
    let mut lines = vec![
        [
            "codec",
            "setting",
            "bytes",
            "SNR",
            "segmental",
            "encode s",
            "decode s",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    lines.extend(rows.iter().map(|row| {
        vec![
            row.codec.to_owned(),
            row.setting.clone(),
            grouped(row.bytes),
            ratio(row.snr),
            ratio(row.segmental_snr),
            seconds(row.encode_seconds),
            seconds(Some(row.decode_seconds)),
        ]
    }));
    let mut text = title.to_owned();
    for line in columns(&lines, 2) {
        text += &format!("\n  {line}");
    }
    text
}

fn facts(input: &Input, sound: &Sound, rows: &[Row]) -> Value {
    let row = |row: &Row| {
        finite(json!({
            "codec": row.codec,
            "setting": row.setting,
            "bytes": row.bytes,
            "kbps": row.bytes as f64 * 8.0 / 1000.0 / sound.seconds(),
            "snr": row.snr,
            "segmental_snr": row.segmental_snr,
            "encode_seconds": row.encode_seconds,
            "decode_seconds": row.decode_seconds,
        }))
    };
    json!({
        "input": input.picture.name(),
        "rate": sound.rate(),
        "frames": sound.frames(),
        "channels": sound.channels(),
        "files": rows.iter().map(row).collect::<Vec<_>>(),
    })
}
