//! Sounds: in, out, and what is refused.

use super::{Folder, QUICK, gradient};

/// A fit that nobody would wait for: what it is asked for has to be refused before it begins.
const ENDLESS: &str = "--steps 100000000";

/// A WAV file of `bits` bits a sample; 32 are floats.
fn wav(rate: u32, channels: u16, bits: u16, samples: &[f32]) -> Vec<u8> {
    let mut data = Vec::new();
    for sample in samples {
        match bits {
            8 => data.push((sample * 127.0 + 128.0) as u8),
            16 => data.extend(((sample * 32_767.0) as i16).to_le_bytes()),
            24 => data.extend(&((sample * 8_388_607.0) as i32).to_le_bytes()[..3]),
            _ => data.extend(sample.to_le_bytes()),
        }
    }
    data.resize(data.len().next_multiple_of(2), 0);
    let frame = channels * bits / 8;
    let length = samples.len() as u32 * u32::from(bits / 8);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0");
    file.extend([if bits == 32 { 3_u8 } else { 1 }, 0]);
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(frame)).to_le_bytes());
    file.extend(frame.to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(data);
    file
}

/// Rate, channels and bits of a WAV file as `sirenc` writes it, and its data.
fn parts(file: &[u8]) -> (u32, u16, u16, &[u8]) {
    let short = |at: usize| u16::from_le_bytes(file[at..at + 2].try_into().expect("bytes"));
    let long = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("bytes"));
    assert_eq!(&file[36..40], b"data");
    let data = &file[44..][..long(40) as usize];
    (long(24), short(22), short(34), data)
}

fn samples(file: &[u8]) -> Vec<f64> {
    let (.., bits, data) = parts(file);
    assert_eq!(bits, 16);
    let sample = |pair: &[u8]| f64::from(i16::from_le_bytes([pair[0], pair[1]]));
    data.chunks_exact(2).map(sample).collect()
}

/// Three partials that swell and fade, at 8,000 samples a second.
fn chord(frames: u32) -> Vec<f32> {
    let sample = |n: u32| {
        let t = n as f32 / 8000.0;
        let partial = |hertz: f32| (std::f32::consts::TAU * hertz * t).sin();
        let swell = 0.6 + 0.4 * (9.0 * t).cos();
        swell * (0.4 * partial(220.0) + 0.2 * partial(277.0) + 0.1 * partial(660.0))
    };
    (0..frames).map(sample).collect()
}

fn with_chord(frames: u32) -> Folder {
    let folder = Folder::new();
    folder.write("a.wav", wav(8000, 1, 16, &chord(frames)));
    folder
}

#[test]
fn a_sound_comes_back_as_well_as_is_told() {
    let folder = with_chord(4000);
    let run = folder.ok("encode a.wav --bytes 700 --steps 2000 --json");
    let facts = &run.json()[0];
    assert_eq!(
        (&facts["kind"], &facts["frames"]),
        (&"sound".into(), &4000.into())
    );
    let size = folder.read("a.siren").len();
    assert!((660..=700).contains(&size), "{size}");
    assert_eq!(facts["bytes"], size);

    folder.ok("decode a.siren -o b.wav");
    let (original, decoded) = (
        samples(&folder.read("a.wav")),
        samples(&folder.read("b.wav")),
    );
    assert_eq!(original.len(), decoded.len());
    let power: f64 = original.iter().map(|x| x * x).sum();
    let noise: f64 = original
        .iter()
        .zip(&decoded)
        .map(|(a, b)| (a - b).powi(2))
        .sum();
    let ratio = 10.0 * (power / noise).log10();
    assert!(ratio > 15.0, "{ratio} dB");
    let told = facts["snr"].as_f64().expect("a number");
    assert!((ratio - told).abs() < 1e-6, "{ratio}, not {told}");

    let info = folder.ok("info a.siren");
    assert!(
        info.text().contains("0.50 s at 8000 Hz, mono"),
        "{}",
        info.text()
    );
}

#[test]
fn sounds_are_evaluated_at_any_rate_and_in_parts() {
    let folder = with_chord(2000);
    folder.ok(&format!("encode a.wav --segments 0.06 {QUICK}"));
    folder.ok("decode a.siren -o b.wav");
    folder.ok("decode a.siren -o c.wav --rate 16000 --threads 1");
    let (whole, finer) = (folder.read("b.wav"), folder.read("c.wav"));
    assert_eq!((parts(&whole).0, parts(&finer).0), (8000, 16_000));
    let even: Vec<f64> = samples(&finer).into_iter().step_by(2).collect();
    assert_eq!(samples(&whole), even);

    folder.ok("decode a.siren -o d.wav --from 0.1 --to 0.2");
    assert_eq!(samples(&folder.read("d.wav")), samples(&whole)[800..1600]);
    let run = folder.ok("decode a.siren -o -");
    assert_eq!(run.stdout, whole);
    folder.fails(
        1,
        "decode a.siren -o e.wav --to 0.3",
        &["a.siren", "within 0 to 0.25 s"],
    );
    folder.fails(2, "decode a.siren -o e.wav --rate 0", &["1 to 4294967295"]);
    folder.fails(
        1,
        "decode a.siren -o e.wav --rate 4000000000 --limit output=1G",
        &["above the limit"],
    );
}

#[test]
fn segments_are_the_same_on_any_number_of_threads() {
    let folder = with_chord(2400);
    let encode = |rest: &str| {
        let run = folder.ok(&format!("encode a.wav -f --steps 30 --json {rest}"));
        (folder.read("a.siren"), run.json()[0]["segments"].clone())
    };
    let (one, segments) = encode("--bytes 600 --segments 0.08 --threads 1");
    assert_eq!(segments, 4);
    assert_eq!(encode("--bytes 600 --segments 0.08 --threads 3").0, one);
    assert!(one.len() <= 600 && one.len() > 570, "{}", one.len());
    // 0.3 s at 16 thousand bits a second.
    let size = encode("--kbps 16").0.len();
    assert!((570..=600).contains(&size), "{size}");
    let (halves, _) = encode("--weights f16 --layers 2 --width 8");
    folder.write("halves.siren", halves);
    folder.ok("decode halves.siren");
}

#[test]
fn depth_and_channels_stay() {
    let folder = Folder::new();
    let mut both = Vec::new();
    for (left, right) in chord(300).iter().zip(chord(300).iter().rev()) {
        both.extend([*left, *right]);
    }
    for (bits, channels) in [(8, 1), (24, 2), (32, 1), (16, 2)] {
        let input = if channels == 1 {
            chord(300)
        } else {
            both.clone()
        };
        folder.write("a.wav", wav(11_025, channels, bits, &input));
        folder.ok(&format!("encode a.wav -f {QUICK}"));
        folder.ok("decode a.siren -f");
        let file = folder.read("a.wav");
        let (rate, found, depth, data) = parts(&file);
        assert_eq!((rate, found, depth), (11_025, channels, bits));
        assert_eq!(data.len(), 300 * usize::from(channels * bits / 8));
    }
}

#[test]
fn silence_is_a_sound() {
    let folder = Folder::new();
    folder.write("a.wav", wav(8000, 2, 16, &[0.0; 800]));
    let run = folder.ok(&format!("encode a.wav --json {QUICK}"));
    let facts = &run.json()[0];
    // Neither of them is a number there, and of noise there may be none.
    assert!(
        facts.get("snr").is_none() && facts.get("segmental_snr").is_none(),
        "{facts}"
    );
    let exact = facts["exact"].as_bool().expect("whether it is exact");
    let noise = facts
        .get("noise")
        .map(|level| level.as_f64().expect("a level"));
    assert!(
        noise.map_or(exact, |level| !exact && level < -55.0),
        "{facts}"
    );
    let line = folder.ok(&format!("encode a.wav -f {QUICK}"));
    let words = ["exact", "silence, noise at -"];
    assert!(
        words.iter().any(|word| line.text().contains(word)),
        "{}",
        line.text()
    );
    assert!(!line.text().contains("inf") && !line.text().contains("NaN"));
    folder.ok("decode a.siren -o b.wav");
    assert!(
        samples(&folder.read("b.wav"))
            .iter()
            .all(|sample| sample.abs() < 33.0)
    );
}

/// A chunk of WAV, with the byte that makes it even.
fn chunk(id: &str, length: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = [id.as_bytes(), &length.to_le_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// The chunk `fmt ` of a WAV file of one channel at 8,000 Hz.
fn format(tag: u16, bits: u16, bytes: u16, more: &[u8]) -> Vec<u8> {
    let mut content = [tag.to_le_bytes(), 1_u16.to_le_bytes()].concat();
    content.extend(
        [8000_u32, 8000 * u32::from(bytes)]
            .map(u32::to_le_bytes)
            .concat(),
    );
    content.extend([bytes, bits].map(u16::to_le_bytes).concat());
    content.extend(more);
    chunk("fmt ", content.len() as u32, &content)
}

/// A file of one kind, of these chunks.
fn riff(kind: &str, size: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let size = size.to_le_bytes();
    [kind.as_bytes(), &size, b"WAVE", &chunks.concat()].concat()
}

/// A WAV file of this format and these samples.
fn of_format(format: Vec<u8>, data: &[u8]) -> Vec<u8> {
    riff(
        "RIFF",
        36,
        &[format, chunk("data", data.len() as u32, data)],
    )
}

/// The chunk `fmt ` in its longest form, of which `bits` of those in `bytes` are used.
fn extensible(tag: u8, bits: u16, bytes: u16) -> Vec<u8> {
    let mut more = [22_u16, bits].map(u16::to_le_bytes).concat();
    more.extend([4, 0, 0, 0, tag, 0]);
    more.extend(b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
    format(0xFFFE, 8 * bytes, bytes, &more)
}

/// Samples of 12 bits in the highest of 16, each in bytes as `of` says.
fn samples_as<const BYTES: usize>(of: impl Fn(i16) -> [u8; BYTES]) -> Vec<u8> {
    let samples = chord(150);
    let samples = samples.iter().map(|x| (x * 2047.0) as i16 * 16);
    samples.flat_map(of).collect()
}

/// Requires that all files give the same .siren file.
fn assert_same(files: Vec<(&str, Vec<u8>)>) {
    let folder = Folder::new();
    let mut first = None;
    for (name, bytes) in files {
        folder.write("a.wav", bytes);
        folder.ok(&format!("encode a.wav -f {QUICK}"));
        let encoded = folder.read("a.siren");
        assert!(encoded == *first.get_or_insert(encoded.clone()), "{name}");
    }
}

/// Sizes that are not known, chunks of odd lengths, sizes of 64 bits, and AIFF.
#[test]
fn sounds_of_all_programs_are_the_same() {
    let plain = samples_as(i16::to_le_bytes);
    let length = plain.len() as u32;
    let pcm = format(1, 16, 2, &[]);
    let of_length = |riff_size: u32, length: u32| {
        riff(
            "RIFF",
            riff_size,
            &[pcm.clone(), chunk("data", length, &plain)],
        )
    };
    let odd = [
        pcm.clone(),
        chunk("odd ", 3, b"abc"),
        chunk("data", length, &plain),
    ];
    let sizes = [0, u64::from(length), 0].map(u64::to_le_bytes).concat();
    let long = [
        chunk("ds64", 24, &sizes),
        pcm.clone(),
        chunk("data", u32::MAX, &plain),
        chunk("LIST", 4, b"INFO"),
    ];
    let mut aiff = b"FORM\0\0\0\0AIFFCOMM\0\0\0\x12\0\x01".to_vec();
    aiff.extend((length / 2).to_be_bytes());
    // 8,000 Hz as a float of 80 bits, a chunk of odd length, and the samples after an offset of 4 bytes.
    aiff.extend(b"\0\x10\x40\x0B\xFA\0\0\0\0\0\0\0NAME\0\0\0\x03abc\0SSND");
    aiff.extend((length + 12).to_be_bytes());
    aiff.extend(b"\0\0\0\x04\0\0\0\0abcd");
    aiff.extend(samples_as(i16::to_be_bytes));
    assert_same(vec![
        ("control", of_length(36 + length, length)),
        ("ffmpeg", of_length(u32::MAX, u32::MAX)),
        ("sox", of_length(0x7FFF_F024, 0x7FFF_F000)),
        ("arecord", of_length(0x8000_0024, 0x8000_0000)),
        ("cut off", of_length(0, 0)),
        ("12 bits", of_format(format(1, 12, 2, &[]), &plain)),
        ("odd chunk", riff("RIFF", 99, &odd)),
        ("RF64", riff("RF64", u32::MAX, &long)),
        ("AIFF", aiff),
    ]);
}

#[test]
fn samples_in_wider_containers_are_the_same() {
    let three = samples_as(|x| {
        let [a, b] = x.to_le_bytes();
        [0, a, b]
    });
    let four = samples_as(|x| (i32::from(x) << 16).to_le_bytes());
    assert_same(vec![
        ("control", of_format(format(1, 24, 3, &[]), &three)),
        ("24 in 32", of_format(extensible(1, 24, 4), &four)),
        ("20 in 24", of_format(extensible(1, 20, 3), &three)),
    ]);
    let single = samples_as(|x| (f32::from(x) / 32_768.0).to_le_bytes());
    let double = samples_as(|x| (f64::from(x) / 32_768.0).to_le_bytes());
    assert_same(vec![
        ("control", of_format(format(3, 32, 4, &[]), &single)),
        ("double", of_format(format(3, 64, 8, &[]), &double)),
        ("extensible", of_format(extensible(3, 64, 8), &double)),
        ("32 bits", of_format(format(1, 32, 4, &[]), &four)),
    ]);
}

#[test]
fn sounds_that_are_not_read_are_refused_by_name() {
    let folder = Folder::new();
    let adpcm = [
        &b"RIFF\0\x01\0\0WAVE"[..],
        &format(0x11, 4, 1, &[2, 0, 9, 0]),
    ]
    .concat();
    let mut opus = b"OggS\0\x02".to_vec();
    opus.resize(27, 0);
    opus.extend(b"\x13OpusHead\x01");
    let mut compressed = b"FORM\0\0\0\0AIFCCOMM\0\0\0\x16\0\x01\0\0\0\x09".to_vec();
    compressed.extend(b"\0\x10\x40\x0B\xFA\0\0\0\0\0\0\0ima4");
    for (name, bytes) in [
        ("IMA ADPCM", adpcm),
        ("Opus", opus),
        ("ima4", compressed),
        ("AAC", b"\xFF\xF1\x50\x80\0\0\0".to_vec()),
        ("MPEG-4", b"\0\0\0\x20ftypM4A \0\0\0\0".to_vec()),
        ("Core Audio", b"caff\0\x01\0\0".to_vec()),
        ("Wave64", b"riff\x2E\x91\xCF\x11\xA5\xD6".to_vec()),
        (
            "9 bits in 3 bytes",
            [
                &b"RIFF\0\x01\0\0WAVE"[..],
                &format(3, 9, 3, &[]),
                b"data\0\0\0\0",
            ]
            .concat(),
        ),
    ] {
        folder.write("a.wav", bytes);
        folder.fails(
            1,
            &format!("encode a.wav {ENDLESS}"),
            &["a.wav", name, "convert it first: ffmpeg"],
        );
    }
}

#[test]
fn what_is_no_whole_sound_is_refused() {
    let folder = Folder::new();
    let good = wav(8000, 1, 16, &chord(200));
    let long = {
        // 2 GB of samples declared.
        let mut file = good.clone();
        file[40..44].copy_from_slice(&2_000_000_000_u32.to_le_bytes());
        file
    };
    let mut ogg = b"OggS\0\x02".to_vec();
    ogg.resize(80, 0);
    let frames = wav(8000, 6, 16, &[0.0; 60]);
    for (name, bytes, words) in [
        ("empty.wav", wav(8000, 1, 16, &[]), &["no samples"][..]),
        ("short.wav", good[..300].to_vec(), &["ends too early"]),
        ("stub.wav", good[..30].to_vec(), &["ends too early"]),
        ("long.wav", long, &["ends too early"]),
        (
            "nan.wav",
            wav(8000, 1, 32, &[0.0, f32::NAN]),
            &["NaN in frame 1", "finite"],
        ),
        ("six.wav", frames, &["6 channels", "-ac 2"]),
        ("a.ogg", ogg, &["OGG", "ffmpeg"]),
        (
            "a.mp3",
            b"ID3\x04\0\0\0\0\0\0".to_vec(),
            &["no sound in it"],
        ),
        (
            "a.flac",
            b"fLaC\0\0\0\x22\x10\0\x10\0".to_vec(),
            &["ends too early"],
        ),
    ] {
        folder.write(name, bytes);
        folder.fails(1, &format!("encode {name} -o out.siren {ENDLESS}"), words);
    }
    assert!(!folder.path("out.siren").exists());
}

#[test]
fn an_mp3_is_read() {
    let folder = Folder::new();
    // Frames of 128 kbit/s at 44,100 Hz, in stereo, with nothing in them.
    let mut frame = b"\xFF\xFB\x90\x04".to_vec();
    frame.resize(417, 0);
    folder.write("a.mp3", frame.repeat(4));
    let run = folder.ok(&format!("encode a.mp3 --json {QUICK}"));
    let facts = &run.json()[0];
    assert_eq!(
        (&facts["rate"], &facts["channels"]),
        (&44_100.into(), &2.into())
    );
    assert_eq!(
        facts["frames"].as_u64().map(|frames| frames % 1152),
        Some(0)
    );
}

#[test]
fn what_sounds_cannot_be_is_refused() {
    let folder = with_chord(400);
    gradient(8, 8)
        .save(folder.path("p.png"))
        .expect("a picture");
    for (option, words) in [
        ("--kbps 0", "a positive number is needed"),
        ("--segments nan", "half a second"),
    ] {
        folder.fails(2, &format!("encode a.wav {option} {ENDLESS}"), &[words]);
    }
    folder.ok(&format!("encode a.wav p.png {QUICK}"));
    folder.fails(2, "decode a.siren -o b.png", &[".png", "-o a .wav"]);
}

/// The page of a comparison has each sound to be listened to, whatever its name.
#[test]
fn sounds_are_listened_to_side_by_side_on_a_page() {
    use base64::Engine;
    let folder = Folder::new();
    let original = wav(8000, 1, 16, &chord(2400));
    folder.write("a<b.wav", &original);
    folder.ok("encode a<b.wav --steps 20");
    let mut command = folder.command("compare a<b.wav a<b.siren --report page.html --json f.json");
    // Without other codecs, whatever is installed.
    let output = command.env("PATH", folder.path("nothing")).output();
    assert!(output.expect("sirenc starts").status.success());
    let page = String::from_utf8(folder.read("page.html")).expect("text");
    assert!(page.contains("<h2>a&lt;b.wav  0.30 s at 8000 Hz</h2>"));
    assert!(page.contains("WAV + zstd -19") && page.contains("media-src data:"));
    let sounds: Vec<_> = page.split("data:audio/wav;base64,").skip(1).collect();
    assert_eq!(sounds.len(), 2, "the original and what sirenc makes of it");
    let sounds = sounds.iter().map(|sound| {
        let text = sound.split('"').next().unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        samples(&bytes.expect("base64"))
    });
    let sounds: Vec<_> = sounds.collect();
    assert_eq!(sounds[0], samples(&original));
    folder.ok("decode a<b.siren -f -o decoded.wav");
    assert_eq!(sounds[1], samples(&folder.read("decoded.wav")));
    folder.fails(
        1,
        "compare a<b.wav --report page.html",
        &["page.html exists", "--force"],
    );
    folder.fails(2, "compare a<b.wav --csv f.csv", &["--csv is for pictures"]);
}
