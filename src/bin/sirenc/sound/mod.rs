//! Sounds on the command line: how they are encoded, decoded and told of.

use super::decode::Decode;
use super::encode::Encode;
use super::encode::{Left, Told, decibels, line, stored};
use super::failure::Failure;
use super::input::Input;
use super::jobs::Job;
use super::output::Output;
use super::paths::Place;
use super::report::Report;
use serde_json::{Value, json};
use sirenc::media::sound::{Shape, Wav, most_samples, read};
use sirenc::{EncodedSound, Playback, Sound, SoundDecoder, SoundEncoder};
use std::path::Path;
use std::time::Instant;

/// Encodes the sound that `input` holds.
pub(crate) fn encode(
    encoder: &SoundEncoder,
    args: &Encode,
    mut input: Input,
    job: &Job,
    report: &Report,
) -> Result<Told, Failure> {
    let sound = read(input.source(), most_samples(args.limiting.limits().memory))?;
    let encoded = stored(
        args,
        job,
        report,
        decibels,
        |sound: &EncodedSound| &sound.bytes,
        |from, progress| encoder.encode_resumable(&sound, from, progress),
    )?;
    let quality = format!("{:.1} kbit/s  {}", encoded.kbps, likeness(&encoded));
    Ok(Told {
        line: line(job, &encoded.bytes, &quality, encoded.elapsed),
        rough: encoded.snr < ROUGH && encoded.snr > f64::NEG_INFINITY,
        left: Left::default(),
        facts: facts(job, &sound, &encoded),
    })
}

/// Signal-to-noise ratio in dB below which a sound is far from its original.
const ROUGH: f64 = 3.0;

/// How like the sound what comes of its file is, in words.
fn likeness(encoded: &EncodedSound) -> String {
    if encoded.noise == f64::NEG_INFINITY {
        return "exact".into();
    }
    // Silence has no power to compare that of the noise with.
    if encoded.snr == f64::NEG_INFINITY {
        return format!("silence, noise at {:.1} dB of full scale", encoded.noise);
    }
    format!(
        "SNR {:.1} dB  segmental {:.1} dB",
        encoded.snr, encoded.segmental_snr
    )
}

/// A ratio in dB as tables show it.
pub(crate) fn ratio(decibels: f64) -> String {
    if decibels == f64::INFINITY {
        "exact".into()
    } else if decibels.is_finite() {
        format!("{decibels:.2}")
    } else {
        "-".into()
    }
}

/// `facts` without the figures that are not finite, where there is no noise or nothing but noise: JSON cannot hold
/// them.
pub(crate) fn finite(mut facts: Value) -> Value {
    if let Value::Object(members) = &mut facts {
        let figures = ["snr", "segmental_snr", "noise"];
        members.retain(|name, value| !(value.is_null() && figures.contains(&name.as_str())));
    }
    facts
}

fn facts(job: &Job, sound: &Sound, encoded: &EncodedSound) -> Value {
    finite(json!({
        "input": job.input.name(),
        "output": job.output.name(),
        "kind": "sound",
        "rate": sound.rate(),
        "frames": sound.frames(),
        "channels": sound.channels(),
        "depth": sound.depth(),
        "bytes": encoded.bytes.len(),
        "kbps": encoded.kbps,
        "snr": encoded.snr,
        "segmental_snr": encoded.segmental_snr,
        "noise": encoded.noise,
        "exact": encoded.noise == f64::NEG_INFINITY,
        "segments": encoded.segments,
        "parameters": encoded.parameters,
        "steps": encoded.steps,
        "seconds": encoded.elapsed.as_secs_f64(),
    }))
}

/// Refuses an output that sounds are not written to.
pub(crate) fn check_output(output: &Place) -> Result<(), Failure> {
    let Place::Path(path) = output else {
        return Ok(());
    };
    let extension = path
        .extension()
        .map(|it| it.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        None | Some("wav") => Ok(()),
        // A device takes what it is given.
        _ if Path::new("/dev").join(path.file_name().unwrap_or_default()) == *path => Ok(()),
        Some(other) => Err(Failure::Usage(format!(
            "sounds are not written as .{other}; give -o a .wav"
        ))),
    }
}

/// Decodes a sound.
pub(crate) fn decode(
    args: &Decode,
    decoder: &SoundDecoder,
    job: &Job,
    report: &Report,
) -> Result<(), Failure> {
    let begin = Instant::now();
    check_output(&job.output)?;
    let playback = playback(args, decoder)?;
    let shape = Shape {
        rate: playback.rate(),
        channels: decoder.channels(),
        depth: decoder.depth(),
        frames: playback.frames(),
    };
    // Before anything is written, what would be too much is refused.
    decoder.admit(&decoder.cost(&playback))?;
    let mut output = Output::create(&job.output, args.manner.force)?;
    let bar = report.bar(Some(&job.input), "frame {pos} of {len}");
    bar.set_length(shape.frames);
    let written = Wav::begin(&mut output, &shape).and_then(|mut wav| {
        decoder.render(&playback, |samples| {
            bar.inc(samples.len() as u64 / u64::from(shape.channels));
            wav.write(samples)
        })?;
        wav.finish(shape.frames * u64::from(shape.channels))
    });
    drop(bar);
    output.commit(written)?;
    report.say(&format!(
        "{} -> {}  {:.2} s at {} Hz  {:.1} s",
        job.input,
        job.output,
        shape.frames as f64 / f64::from(shape.rate),
        shape.rate,
        begin.elapsed().as_secs_f64()
    ))
}

fn playback(args: &Decode, decoder: &SoundDecoder) -> Result<Playback, Failure> {
    let mut playback = Playback::whole(decoder);
    if let Some(rate) = args.rate {
        playback = playback.with_rate(rate)?;
    }
    if args.from.is_some() || args.to.is_some() {
        let end = f64::from(decoder.frames()) / f64::from(decoder.rate());
        playback = playback.with_range(args.from.unwrap_or(0.0), args.to.unwrap_or(end))?;
    }
    Ok(playback)
}
