//! Sounds out: WAV, written from beginning to end, so that it can go through a pipe.

use crate::Sound;
use crate::media::Error;
use std::io::Write;

/// Format tags of WAV: integers and floats.
const INTEGER: u16 = 1;
const FLOAT: u16 = 3;

/// A WAV file that is being written.
pub struct Wav<W> {
    sink: W,
    depth: u8,
}

/// What the file says about its samples.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Frames a second.
    pub rate: u32,
    /// Samples a frame: 1 or 2.
    pub channels: u8,
    /// 8, 16 or 24 bits a sample, or 32 for floats.
    pub depth: u8,
    /// Number of frames.
    pub frames: u64,
}

impl<W: Write> Wav<W> {
    /// Writes all that comes before the samples.
    pub fn begin(mut sink: W, shape: &Shape) -> Result<Self, Error> {
        let Shape {
            rate,
            channels,
            depth,
            frames,
        } = *shape;
        let bytes = u16::from(depth / 8);
        let frame = u16::from(channels) * bytes;
        let tag = if depth == 32 { FLOAT } else { INTEGER };
        let data = frames.saturating_mul(frame.into());
        // The chunk's own header and the format before it, and a byte that makes it even.
        let (Ok(riff), Ok(data)) = (u32::try_from(data + 37), u32::try_from(data)) else {
            return Err(Error::Unsupported(
                "would take 4 GiB or more, which WAV cannot store; decode a part with --from and --to".into(),
            ));
        };
        let mut header = Vec::with_capacity(44);
        header.extend(b"RIFF");
        header.extend((riff - 1 + data % 2).to_le_bytes());
        header.extend(b"WAVEfmt ");
        header.extend(16_u32.to_le_bytes());
        header.extend(tag.to_le_bytes());
        header.extend(u16::from(channels).to_le_bytes());
        header.extend(rate.to_le_bytes());
        header.extend(rate.saturating_mul(frame.into()).to_le_bytes());
        header.extend(frame.to_le_bytes());
        header.extend(u16::from(depth).to_le_bytes());
        header.extend(b"data");
        header.extend(data.to_le_bytes());
        sink.write_all(&header)?;
        Ok(Self { sink, depth })
    }

    /// Writes `samples`, of which 1 is full scale, and which are of the depth.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(samples.len() * 4);
        // Casts saturate.
        for &sample in samples {
            match self.depth {
                8 => bytes.push(((sample * 128.0) as i32 + 128) as u8),
                16 => bytes.extend(((sample * 32_768.0) as i16).to_le_bytes()),
                24 => bytes.extend(&((sample * 8_388_608.0) as i32).to_le_bytes()[..3]),
                _ => bytes.extend(sample.to_le_bytes()),
            }
        }
        Ok(self.sink.write_all(&bytes)?)
    }

    /// Ends a file of `samples` samples.
    pub fn finish(mut self, samples: u64) -> Result<(), Error> {
        let bytes = samples * u64::from(self.depth / 8);
        if !bytes.is_multiple_of(2) {
            self.sink.write_all(&[0])?;
        }
        Ok(())
    }
}

impl Wav<&mut Vec<u8>> {
    /// The whole file of `sound`.
    pub fn file(sound: &Sound) -> Result<Vec<u8>, Error> {
        let shape = Shape {
            rate: sound.rate(),
            channels: sound.channels(),
            depth: sound.depth(),
            frames: sound.frames().into(),
        };
        let mut bytes = Vec::new();
        let mut wav = Wav::begin(&mut bytes, &shape)?;
        wav.write(sound.samples())?;
        wav.finish(sound.samples().len() as u64)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_is_written_is_read_again() {
        for depth in [8, 16, 24, 32] {
            for channels in [1, 2] {
                let full = 2f32.powi(i32::from(depth.min(24)) - 1);
                let value = |i: i32| ((i * 37 % 255 - 127) as f32 / 128.0 * full).round() / full;
                let mut samples: Vec<f32> = (0..9 * i32::from(channels)).map(value).collect();
                samples[0] = -1.0;
                let sound = Sound::new(8000, channels, depth, samples).unwrap();
                let bytes = Wav::file(&sound).unwrap();
                assert!(bytes.len().is_multiple_of(2));
                let size = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
                assert_eq!(size as usize + 8, bytes.len());
                let again = read(&mut Cursor::new(&bytes), 1000).unwrap();
                assert_eq!(again, sound, "{depth} bits, {channels} channels");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let shape = Shape {
            rate: 48_000,
            channels: 2,
            depth: 24,
            frames: 1 << 30,
        };
        assert!(
            Wav::begin(Vec::new(), &shape).is_err_and(|said| said.to_string().contains("4 GiB"))
        );
    }
}
