//! Reads Y4M: a line that says what frames there are, then frames of a line and planes of samples each, as
//! mjpegtools' yuv4mpeg(5) has it, with FFmpeg's XCOLORRANGE.

use super::colour::Range;
use super::recording::{Axis, Chroma, Layout, Recording, read_at};
use crate::Clip;
use crate::media::Error;
use std::fs::File;
use std::io;

/// The first bytes of a file.
pub(crate) const SIGNATURE: &[u8] = b"YUV4MPEG2";
/// The first bytes of a frame.
const FRAME: &[u8] = b"FRAME";
/// The longest line that is taken for one.
const LONGEST: usize = 1024;

/// The size, rate and layout of samples that the first line of a file gives.
#[derive(Debug, PartialEq)]
struct Header {
    size: [u32; 2],
    rate: [u32; 2],
    layout: Layout,
}

/// The recording in `file`. Frames stay there: what is read now is their first lines.
pub fn open(file: File) -> Result<Recording, Error> {
    let reading = |error: io::Error| Error::reading(&error);
    let length = file.metadata().map_err(reading)?.len();
    let line = line(&file, 0).map_err(reading)?.ok_or_else(|| {
        Error::Malformed("begins like a Y4M video, but its first line does not end".into())
    })?;
    let header = header(&line)?;
    let bytes = header.layout.bytes(header.size);
    let mut offsets = Vec::new();
    let mut end = line.len() as u64 + 1;
    while end < length {
        let number = offsets.len() + 1;
        let line = self::line(&file, end).map_err(reading)?;
        let begin = match &line {
            Some(line) if line.split(|&b| b == b' ').next() == Some(FRAME) => {
                end + line.len() as u64 + 1
            }
            // The end of a line is missing where the file ends within it.
            None if length - end < LONGEST as u64 => length,
            _ => {
                return Err(Error::Malformed(format!(
                    "has no frame where frame {number} should begin, at byte {end}; the file is damaged, or of another size than its first line says"
                )));
            }
        };
        end = begin.saturating_add(bytes);
        if end > length {
            return Err(Error::Malformed(format!(
                "ends within frame {number}, of which {} of {bytes} bytes are missing; the file is not whole",
                end - length
            )));
        }
        offsets.push(begin);
    }
    if offsets.is_empty() {
        return Err(Error::Malformed("is a Y4M video without frames".into()));
    }
    let frames = u32::try_from(offsets.len()).unwrap_or(u32::MAX);
    let channels = match header.layout {
        Layout::Planes { chroma: None, .. } => 1,
        _ => 3,
    };
    Ok(Recording {
        clip: Clip::new(header.size, channels, frames, header.rate)?,
        file,
        layout: header.layout,
        offsets,
    })
}

/// The line at `offset` of `file`, without its end; none if it is longer than lines are, or the file ends first.
fn line(file: &File, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let rest = file.metadata()?.len().saturating_sub(offset);
    let mut bytes = vec![0; rest.min(LONGEST as u64) as usize];
    read_at(file, offset, &mut bytes)?;
    let end = bytes.iter().position(|&byte| byte == b'\n');
    Ok(end.map(|end| {
        bytes.truncate(end);
        bytes
    }))
}

fn header(line: &[u8]) -> Result<Header, Error> {
    let text = String::from_utf8_lossy(line);
    let (mut size, mut rate) = ([None; 2], None);
    let (mut colours, mut range) = ("420jpeg".to_owned(), Range::Limited);
    for field in text.split(' ').skip(1) {
        let mut letters = field.chars();
        let (name, value) = (letters.next(), letters.as_str());
        match name {
            Some('W') => size[0] = Some(number(value, "width")?),
            Some('H') => size[1] = Some(number(value, "height")?),
            Some('F') => rate = Some(fraction(value)?),
            Some('I') if !matches!(value, "p" | "?") => {
                return Err(Error::Unsupported(
                    "is interlaced, so that its frames are of two moments each; deinterlace it first (`ffmpeg -vf bwdif`)".into(),
                ));
            }
            Some('C') => colours = value.to_owned(),
            Some('X') if value == "COLORRANGE=FULL" => range = Range::Full,
            // Pixels are taken to be square, and what else there may be does not matter here.
            _ => {}
        }
    }
    let missing =
        |what: &str| Error::Malformed(format!("is a Y4M video that does not say its {what}"));
    let [Some(width), Some(height)] = size else {
        return Err(missing(if size[0].is_none() { "width" } else { "height" }));
    };
    Ok(Header {
        size: [width, height],
        rate: rate.ok_or_else(|| missing("frame rate"))?,
        layout: Layout::Planes {
            chroma: chroma(&colours)?,
            range,
        },
    })
}

fn number(text: &str, what: &str) -> Result<u32, Error> {
    text.parse()
        .ok()
        .filter(|&number| number > 0)
        .ok_or_else(|| {
            Error::Malformed(format!("is a Y4M video of {what} '{text}', which is none"))
        })
}

fn fraction(text: &str) -> Result<[u32; 2], Error> {
    let parts = text.split_once(':');
    let parts = parts.and_then(|(a, b)| Some([a.parse().ok()?, b.parse().ok()?]));
    parts.filter(|parts| !parts.contains(&0)).ok_or_else(|| {
        Error::Malformed(format!(
            "is a Y4M video of '{text}' frames a second, which is none; give it a rate first (`ffmpeg -r 25`)"
        ))
    })
}

/// Where the samples of colour differences lie, by the name of their arrangement.
fn chroma(name: &str) -> Result<Option<Chroma>, Error> {
    let axis = |step, centred| Axis { step, centred };
    let (along_x, along_y) = match name {
        "mono" => return Ok(None),
        "444" => (axis(1, false), axis(1, false)),
        "422" => (axis(2, false), axis(1, false)),
        "411" => (axis(4, false), axis(1, false)),
        "420" | "420jpeg" => (axis(2, true), axis(2, true)),
        "420mpeg2" => (axis(2, false), axis(2, true)),
        // As FFmpeg takes it.
        "420paldv" => (axis(2, false), axis(2, false)),
        _ => {
            return Err(Error::Unsupported(format!(
                "holds samples as '{name}', but is read with 8 bits a sample as 420, 422, 444, 411 or mono; convert it first (`ffmpeg -pix_fmt yuv420p`)"
            )));
        }
    };
    Ok(Some(Chroma { along_x, along_y }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VideoSource;
    use std::io::Write;

    fn recording(bytes: &[u8]) -> Result<Recording, Error> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        open(file)
    }

    fn refusal(bytes: &[u8]) -> String {
        recording(bytes).unwrap_err().to_string()
    }

    #[test]
    fn every_arrangement_is_read() {
        // A frame of one colour: Cb and Cr are the same wherever they lie.
        for (name, samples, channels) in [
            ("", 4, 3),
            (" C420", 4, 3),
            (" C420jpeg", 4, 3),
            (" C420mpeg2 XYSCSS=420MPEG2", 4, 3),
            (" C420paldv", 4, 3),
            (" C422", 6, 3),
            (" C411", 3, 3),
            (" C444", 9, 3),
            (" Cmono", 0, 1),
        ] {
            let mut bytes = format!("YUV4MPEG2 W3 H3 F30000:1001 Ip A1:1{name}\n").into_bytes();
            let colours = [(81, 90, 240), (145, 54, 34)];
            for (y, cb, cr) in colours {
                bytes.extend(b"FRAME\n");
                bytes.extend([y; 9]);
                bytes.extend(vec![cb; samples]);
                bytes.extend(vec![cr; samples]);
            }
            let video = recording(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            let clip = video.clip();
            assert_eq!(
                clip,
                Clip::new([3, 3], channels, 2, [30_000, 1001]).unwrap()
            );
            for (frame, (y, cb, cr)) in (0..).zip(colours) {
                for row in 0..3 {
                    let mut found = vec![0; 3 * usize::from(channels)];
                    video.row(frame, row, &mut found).unwrap();
                    let gray = [Range::Limited.gray(y); 3];
                    let colour = Range::Limited.rgb(y, [cb, cr].map(f32::from));
                    let expected = if channels == 1 { gray } else { colour };
                    for pixel in found.chunks(channels.into()) {
                        assert_eq!(pixel, &expected[..channels.into()], "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn odd_headers_are_read_or_refused_with_a_reason() {
        let frame = |fields: &str, samples: usize| {
            let mut bytes = format!("YUV4MPEG2{fields}\nFRAME\n").into_bytes();
            bytes.extend(vec![128; samples]);
            bytes
        };
        // In any order, with fields of frames, and what nobody knows.
        let mut odd = frame(" Xnote A0:0 Cmono F25:1 H1 W2 I? Z", 2);
        odd.extend(b"FRAME Ip Xmore\nab");
        let video = recording(&odd).unwrap();
        assert_eq!(video.clip(), Clip::new([2, 1], 1, 2, [25, 1]).unwrap());
        let mut row = [0; 2];
        video.row(1, 0, &mut row).unwrap();
        assert_eq!(row, [b'a', b'b'].map(|y| Range::Limited.gray(y)));
        let full = recording(&frame(" W1 H1 F1:1 Cmono XCOLORRANGE=FULL", 1)).unwrap();
        full.row(0, 0, &mut row[..1]).unwrap();
        assert_eq!(row[0], 128);

        for (fields, word) in [
            (" H1 F1:1", "width"),
            (" W1 F1:1", "height"),
            (" W1 H1", "frame rate"),
            (" W0 H1 F1:1", "width '0'"),
            (" W1 H-1 F1:1", "height '-1'"),
            (" W99999999999 H1 F1:1", "width"),
            (" W1 H1 F0:0", "'0:0'"),
            (" W1 H1 F25", "'25'"),
            (" W1 H1 F1:1 It", "interlaced"),
            (" W1 H1 F1:1 C420p10", "'420p10'"),
            (" W1 H1 F1:1 C444alpha", "'444alpha'"),
        ] {
            let said = refusal(&frame(fields, 9));
            assert!(said.contains(word), "{fields}: {said}");
        }
    }

    #[test]
    fn what_is_not_whole_is_refused_and_takes_no_memory() {
        let whole = b"YUV4MPEG2 W2 H1 F1:1 Cmono\nFRAME\nabFRAME\ncd";
        assert!(recording(whole).is_ok());
        // After 35 bytes the first frame ends, and with it a video of one.
        for length in (SIGNATURE.len()..whole.len()).filter(|&length| length != 35) {
            let said = refusal(&whole[..length]);
            let words = ["does not end", "without frames", "not whole"];
            assert!(
                words.iter().any(|word| said.contains(word)),
                "{length}: {said}"
            );
        }
        assert_eq!(recording(&whole[..35]).unwrap().clip().frames(), 1);
        let huge = b"YUV4MPEG2 W4294967295 H4294967295 F1:1 C444\nFRAME\nabc";
        assert!(refusal(huge).contains("not whole"));
        let mut long = b"YUV4MPEG2 W2 H1 F1:1 X".to_vec();
        long.resize(5000, b'x');
        assert!(refusal(&long).contains("does not end"));
        assert!(refusal(b"YUV4MPEG2 W2 H1 F1:1 Cmono\nFRAME\nabcFRAME\ncd").contains("frame 2"));
    }
}
