//! Sounds in: WAV and AIFF by readers of our own, FLAC by `claxon`, MP3 by `nanomp3`, OGG by `vorbis_rs`.
//!
//! `hound`, which reads WAV, refuses what is written to a pipe, floats of 64 bits and RF64, and takes samples in
//! wider containers for others. The last is libvorbis, and C. `lewton`, in Rust, reserves memory for as many comments and vectors as a file says
//! it has, which ends the process at a file of a hundred bytes.

mod chunks;
mod pcm;

use crate::Sound;
use crate::media::Error;
use crate::media::Source;
use claxon::{FlacReader, FlacReaderOptions};
use nanomp3::Channels;
use std::io::{self, Read, SeekFrom};
use vorbis_rs::{VorbisDecoder, VorbisError};

/// The most samples that take at most `memory` bytes. A few bytes of FLAC can ask for more.
pub fn most_samples(memory: u64) -> usize {
    usize::try_from(memory / size_of::<f32>() as u64).unwrap_or(usize::MAX)
}

/// The formats that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RIFF WAVE, and RF64 and BW64 for long ones.
    Wav,
    /// AIFF and AIFF-C.
    Aiff,
    /// FLAC.
    Flac,
    /// MPEG audio, layer III.
    Mp3,
    /// Vorbis in OGG.
    Ogg,
    /// One that is not read, by its name.
    Other(&'static str),
}

/// Formats that are not read, and how their files begin.
const OTHERS: [(&[u8], &str); 9] = [
    (b"riff\x2E\x91\xCF\x11", "Wave64"),
    (b"caff", "Core Audio"),
    (b".snd", "AU"),
    (b"dns.", "AU"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"TTA1", "True Audio"),
    (b"#!AMR", "AMR"),
    (b"DSD ", "DSD"),
];

impl Format {
    /// The format of a sound whose file begins with `start`, if it seems to be one.
    pub fn of(start: &[u8]) -> Option<Self> {
        let four = |at: usize| start.get(at..at + 4).unwrap_or_default();
        let riff = matches!(four(0), b"RIFF" | b"RIFX" | b"RF64" | b"BW64") && four(8) == b"WAVE";
        let iff = four(0) == b"FORM" && matches!(four(8), b"AIFF" | b"AIFC");
        let mpeg4 = four(4) == b"ftyp" && matches!(four(8), b"M4A " | b"M4B " | b"M4P ");
        // A frame of MPEG audio begins with eleven ones; then come its version and its layer, of which these
        // are none.
        let frame = |byte: u8| byte & 0xE0 == 0xE0 && byte & 0x18 != 0x08 && byte & 0x06 != 0;
        match start {
            _ if riff => Some(Self::Wav),
            _ if iff => Some(Self::Aiff),
            _ if mpeg4 => Some(Self::Other("MPEG-4")),
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            [0xFF, second, ..] if frame(*second) => Some(Self::Mp3),
            // The layer that MPEG leaves out is where AAC has its own.
            [0xFF, second, ..] if second & 0xF6 == 0xF0 => Some(Self::Other("AAC")),
            _ => {
                let other = OTHERS.iter().find(|(begin, _)| start.starts_with(begin));
                other.map(|(_, name)| Self::Other(name))
            }
        }
    }
}

/// The sound that `source` holds, at its own rate and depth. What comes from an MP3 or OGG counts as 16 bits a
/// sample; integers of 32 bits become floats. More than `most` samples are refused.
pub fn read(source: &mut dyn Source, most: usize) -> Result<Sound, Error> {
    let begun = begin(source).map_err(|error| Error::reading(&error))?;
    let Begin {
        place,
        head,
        format,
    } = begun;
    match format {
        Some(Format::Wav) => chunks::wav(source, place, &head, most),
        Some(Format::Aiff) => chunks::aiff(source, place, most),
        Some(Format::Flac) => flac(source, most),
        Some(Format::Mp3) => mp3(source, most),
        Some(Format::Ogg) => vorbis(source, &head, most),
        Some(Format::Other(name)) => Err(Error::Unsupported(format!(
            "is a sound in the format {name}, which is not read; {FIRST}"
        ))),
        None => Err(Error::Unsupported(
            "is no sound in a format that is read: WAV, AIFF, FLAC, MP3 or OGG".into(),
        )),
    }
}

/// What to do about most formats that are not read.
const FIRST: &str = "convert it first: ffmpeg -i INPUT sound.wav";

/// Tags that are skipped, at most.
const MOST_TAGS: usize = 16;

/// Where the sound in a file begins, and how.
struct Begin {
    place: u64,
    head: [u8; 40],
    format: Option<Format>,
}

/// Where the sound begins in `source`, which then stands there: tags of ID3, made for MP3, come before other formats
/// as well. Left to the decoder of MP3 are its own.
fn begin(source: &mut dyn Source) -> io::Result<Begin> {
    let (mut place, mut head) = (0, peek(source, 0)?);
    for _ in 0..MOST_TAGS {
        let [b'I', b'D', b'3', _, _, flags, size @ ..] = head else {
            break;
        };
        let size = size[..4]
            .iter()
            .fold(0, |size, byte| size << 7 | u64::from(byte & 0x7F));
        // Of version 2.4, a tag may end with what it began with.
        place += 10 + size + if flags & 0x10 == 0 { 0 } else { 10 };
        head = peek(source, place)?;
    }
    let format = match Format::of(&head) {
        None | Some(Format::Mp3) if place > 0 => {
            place = 0;
            Some(Format::Mp3)
        }
        format => format,
    };
    source.seek(SeekFrom::Start(place))?;
    Ok(Begin {
        place,
        head,
        format,
    })
}

/// What `source` has from `place` on; past its end, zeros.
fn peek(source: &mut dyn Source, place: u64) -> io::Result<[u8; 40]> {
    let mut head = [0; 40];
    source.seek(SeekFrom::Start(place))?;
    let mut found = Vec::with_capacity(head.len());
    source.take(head.len() as u64).read_to_end(&mut found)?;
    head[..found.len()].copy_from_slice(&found);
    Ok(head)
}

fn flac(source: &mut dyn Source, most: usize) -> Result<Sound, Error> {
    let options = FlacReaderOptions {
        metadata_only: false,
        read_vorbis_comment: false,
    };
    let reader = FlacReader::new_ext(source, options);
    let mut reader = reader.map_err(|error| explain_flac(&error))?;
    let info = reader.streaminfo();
    check(info.sample_rate, info.channels)?;
    let full = full_scale(info.bits_per_sample);
    let declared = info
        .samples
        .unwrap_or(0)
        .saturating_mul(info.channels.into());
    if declared > most as u64 {
        return Err(too_long(most));
    }
    let mut samples = Samples::new(most);
    for sample in reader.samples() {
        samples.add(sample.map_err(|error| explain_flac(&error))? as f32 / full)?;
    }
    let channels = info.channels as usize;
    if info
        .samples
        .is_some_and(|frames| samples.all.len() as u64 / channels as u64 != frames)
    {
        return Err(short());
    }
    samples.sound(info.sample_rate, info.channels, depth(info.bits_per_sample))
}

fn mp3(source: &mut dyn Source, most: usize) -> Result<Sound, Error> {
    // At most 2,304 samples of a frame of at least 24 bytes.
    let longest = (most / 2304 + 1) as u64 * 24;
    let mut bytes = Vec::new();
    source
        .take(longest)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::reading(&error))?;
    if bytes.len() as u64 == longest {
        return Err(too_long(most));
    }
    let decoded = nanomp3::decode_all::<f32>(&bytes);
    if decoded.format_changed {
        let what = "changes its rate or its channels on the way; convert it first: ffmpeg -i INPUT sound.wav";
        return Err(Error::Malformed(what.into()));
    }
    let channels = match decoded.channels {
        Some(Channels::Mono) => 1,
        Some(Channels::Stereo) => 2,
        None => {
            return Err(Error::Malformed(
                "has no sound in it that could be decoded".into(),
            ));
        }
    };
    let all = decoded.samples;
    Samples { all, most }.sound(decoded.sample_rate, channels, 16)
}

fn vorbis(source: &mut dyn Source, head: &[u8], most: usize) -> Result<Sound, Error> {
    // After the header of the first page, that of its only packet.
    let others: [(&[u8], _); 3] = [
        (b"OpusHead", "Opus"),
        (b"\x7FFLAC", "FLAC"),
        (b"Speex ", "Speex"),
    ];
    let packet = head.get(28..).unwrap_or_default();
    if let Some((_, name)) = others.iter().find(|(begin, _)| packet.starts_with(begin)) {
        return Err(Error::Unsupported(format!(
            "is OGG with {name}, of which only Vorbis is read; {FIRST}"
        )));
    }
    let decoder = VorbisDecoder::<&mut dyn Source>::new(source);
    let mut decoder = decoder.map_err(|error| explain_vorbis(&error))?;
    let (rate, channels) = (decoder.sampling_frequency().get(), decoder.channels().get());
    check(rate, channels.into())?;
    let mut samples = Samples::new(most);
    while let Some(block) = decoder
        .decode_audio_block()
        .map_err(|error| explain_vorbis(&error))?
    {
        let block = block.samples();
        for frame in 0..block.first().map_or(0, |channel| channel.len()) {
            for channel in block {
                samples.add(channel[frame])?;
            }
        }
    }
    samples.sound(rate, channels.into(), 16)
}

/// Samples read so far, of which 1 is full scale.
struct Samples {
    all: Vec<f32>,
    most: usize,
}

impl Samples {
    fn new(most: usize) -> Self {
        let all = Vec::new();
        Self { all, most }
    }

    fn add(&mut self, sample: f32) -> Result<(), Error> {
        if self.all.len() == self.most {
            return Err(too_long(self.most));
        }
        self.all.push(sample);
        Ok(())
    }

    fn sound(self, rate: u32, channels: u32, depth: u8) -> Result<Sound, Error> {
        if self.all.is_empty() {
            return Err(Error::Malformed(
                "has no samples; there is nothing to encode".into(),
            ));
        }
        Ok(Sound::new(rate, channels as u8, depth, self.all)?)
    }
}

fn check(rate: u32, channels: u32) -> Result<(), Error> {
    if !(1..=2).contains(&channels) {
        return Err(Error::Malformed(format!(
            "has {channels} channels, but only one or two are stored; mix it down first: ffmpeg -i INPUT -ac 2 sound.wav"
        )));
    }
    if rate == 0 {
        return Err(Error::Malformed(
            "has a rate of 0 samples a second; it is damaged".into(),
        ));
    }
    Ok(())
}

/// The size of the most negative sample of `bits` bits.
fn full_scale(bits: u32) -> f32 {
    2f32.powi(bits.clamp(1, 32) as i32 - 1)
}

/// The depth that holds samples of `bits` bits.
fn depth(bits: u32) -> u8 {
    match bits {
        ..=8 => 8,
        9..=16 => 16,
        17..=24 => 24,
        _ => 32,
    }
}

fn too_long(most: usize) -> Error {
    Error::Limit(format!(
        "has more than {most} samples; encode it in parts (ffmpeg -ss FROM -t SECONDS -i INPUT part.wav), or raise the limit with --limit memory=N"
    ))
}

fn short() -> Error {
    Error::Malformed("ends too early; the file is not whole".into())
}

fn explain_flac(error: &claxon::Error) -> Error {
    match error {
        claxon::Error::IoError(error) => explain_io(error),
        claxon::Error::Unsupported(what) => Error::Unsupported(format!(
            "is of a kind of FLAC that is not read ({what}); {FIRST}"
        )),
        error => damaged(&error.to_string()),
    }
}

fn explain_vorbis(error: &VorbisError) -> Error {
    Error::Unsupported(format!(
        "cannot be decoded as Vorbis ({error}); if it is other OGG, such as Opus, convert it first: ffmpeg -i INPUT sound.wav"
    ))
}

fn explain_io(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => short(),
        _ => Error::reading(error),
    }
}

fn damaged(detail: &str) -> Error {
    Error::Malformed(format!(
        "cannot be decoded ({detail}); the file is damaged, or not quite what it says it is"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const MOST_SAMPLES: usize = 1000;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (start, format) in [
            (&b"RIFF\x24\0\0\0WAVEfmt "[..], Some(Format::Wav)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", None),
            (b"RF64\xFF\xFF\xFF\xFFWAVEds64", Some(Format::Wav)),
            (b"FORM\0\0\0\x24AIFCFVER", Some(Format::Aiff)),
            (b"FORM\0\0\0\x248SVXVHDR", None),
            (b"\0\0\0\x20ftypM4A \0", Some(Format::Other("MPEG-4"))),
            (b"\0\0\0\x20ftypavif\0", None),
            (b"\xFF\xF1\x50\x80", Some(Format::Other("AAC"))),
            (b"caff\0\x01", Some(Format::Other("Core Audio"))),
            (b"fLaC\0\0\0\x22", Some(Format::Flac)),
            (b"OggS\0\x02", Some(Format::Ogg)),
            (b"ID3\x04\0", Some(Format::Mp3)),
            (b"\xFF\xFB\x90\x64", Some(Format::Mp3)),
            // A JPEG.
            (b"\xFF\xD8\xFF\xE0", None),
            (b"\xFF", None),
            (b"", None),
        ] {
            assert_eq!(Format::of(start), format, "{start:?}");
        }
    }

    /// The remainder of `bytes` by a polynomial of `bits` bits without its highest, as FLAC has it.
    fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
        let step = |sum: u32, byte: &u8| {
            (0..8).fold(sum ^ u32::from(*byte) << (bits - 8), |sum, _| {
                let carry = sum >> (bits - 1) & 1;
                ((sum << 1) ^ (carry * polynomial)) & ((1 << bits) - 1)
            })
        };
        bytes.iter().fold(0, step)
    }

    /// A FLAC of one frame of mono, its samples as they are.
    fn flac(samples: &[i16], declared: u8) -> Vec<u8> {
        let [high, low] = (samples.len() as u16).to_be_bytes();
        let mut file = b"fLaC\x80\0\0\x22".to_vec();
        // Block sizes, unknown frame sizes, then 8,000 Hz, 1 channel, 16 bits, and the number of samples.
        file.extend([high, low, high, low, 0, 0, 0, 0, 0, 0]);
        file.extend([0x01, 0xF4, 0x00, 0xF0, 0, 0, 0, declared]);
        file.extend([0; 16]);
        let [high, low] = (samples.len() as u16 - 1).to_be_bytes();
        // Block size in 16 bits, the rate of the stream; one channel of 16 bits; frame 0.
        let mut frame = vec![0xFF, 0xF8, 0x70, 0x08, 0x00, high, low];
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.push(0x02);
        frame.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
        frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
        file.extend(frame);
        file
    }

    #[test]
    fn a_flac_is_read_whole_or_not_at_all() {
        let samples: Vec<i16> = (0..40).map(|i| i * 700 - 14_000).collect();
        let read = |bytes: &[u8], most| {
            read(&mut Cursor::new(bytes), most).map_err(|failure| failure.to_string())
        };
        let sound = read(&flac(&samples, 40), MOST_SAMPLES).unwrap();
        assert_eq!(
            (sound.rate(), sound.channels(), sound.depth()),
            (8000, 1, 16)
        );
        let scaled = samples.iter().map(|&sample| f32::from(sample) / 32_768.0);
        assert!(sound.samples().iter().copied().eq(scaled));
        // Two tags of ID3 in front, of 0 and of 200 bytes.
        let tags = [
            &b"ID3\x03\0\0\0\0\0\0ID3\x04\0\0\0\0\x01\x48"[..],
            &[0xFF; 200],
        ]
        .concat();
        let tagged = [tags, flac(&samples, 40)].concat();
        assert_eq!(read(&tagged, MOST_SAMPLES).unwrap(), sound);
        let refused = read(&flac(&samples, 90), MOST_SAMPLES).unwrap_err();
        assert!(refused.contains("too early"), "{refused}");
        let refused = read(&flac(&samples, 40), 39).unwrap_err();
        assert!(refused.contains("more than 39 samples"), "{refused}");
        let mut damaged = flac(&samples, 40);
        damaged[60] ^= 1;
        let refused = read(&damaged, MOST_SAMPLES).unwrap_err();
        assert!(refused.contains("damaged"), "{refused}");
    }

    #[test]
    fn an_ogg_is_read_in_order_and_not_beyond_what_is_allowed() {
        use std::num::{NonZeroU8, NonZeroU32};
        let wave = |hertz: f32, size: f32| -> Vec<f32> {
            let phase = |n: u32| std::f32::consts::TAU * hertz * n as f32 / 8000.0;
            (0..400).map(|n| size * phase(n).sin()).collect()
        };
        let sides = [wave(220.0, 0.6), wave(330.0, 0.3)];
        let (rate, channels) = (NonZeroU32::new(8000).unwrap(), NonZeroU8::new(2).unwrap());
        let mut builder =
            vorbis_rs::VorbisEncoderBuilder::new_with_serial(rate, channels, Vec::new(), 1);
        let mut encoder = builder.build().unwrap();
        encoder.encode_audio_block(&sides).unwrap();
        let file = encoder.finish().unwrap();
        let read = |bytes: &[u8], most| {
            read(&mut Cursor::new(bytes), most).map_err(|failure| failure.to_string())
        };

        let sound = read(&file, MOST_SAMPLES).unwrap();
        assert_eq!(
            (sound.rate(), sound.channels(), sound.frames()),
            (8000, 2, 400)
        );
        for (channel, side) in sides.iter().enumerate() {
            let heard = sound.samples().iter().skip(channel).step_by(2);
            let noise: f32 = heard.zip(side).map(|(a, b)| (a - b).powi(2)).sum();
            let power: f32 = side.iter().map(|a| a.powi(2)).sum();
            assert!(noise < 0.05 * power, "{noise} {power}");
        }
        let refused = read(&file, 799).unwrap_err();
        assert!(refused.contains("more than 799 samples"), "{refused}");
        // Cut off or damaged it is a shorter sound or none.
        for end in (0..file.len()).step_by(13) {
            if let Ok(sound) = read(&file[..end], MOST_SAMPLES) {
                assert!(sound.frames() <= 400, "{end}");
            }
        }
        let mut changed = file.clone();
        for at in (0..file.len()).step_by(29) {
            changed[at] ^= 0x10;
            let _ = read(&changed, MOST_SAMPLES);
            changed[at] ^= 0x10;
        }
    }
}
