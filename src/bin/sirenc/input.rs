//! What an input of `encode` is, as its first bytes tell, and where it is read from.

use super::failure::Failure;
use super::paths::Place;
use super::picture;
use sirenc::media::{Source, hold, sniff, sound, spool, surface, video};

use siren_format::{Limits, Signal};
pub(crate) use sirenc::media::Kind;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// An opened input. What cannot seek (a pipe) has been read whole: into memory, but a video, which can be far
/// longer, into a temporary file.
pub(crate) enum Input {
    File(BufReader<File>),
    Memory(Cursor<Vec<u8>>),
}

impl Input {
    /// Opens what is at `place`. Of what cannot seek, as much is read as `limits` allow in memory, or of a video as output.
    pub(crate) fn open(place: &Place, limits: &Limits) -> Result<Self, Failure> {
        let reading = |error| Failure::reading(&error);
        if let Place::Path(path) = place
            && fs::metadata(path).map_err(reading)?.is_file()
        {
            return Ok(Self::File(BufReader::new(
                File::open(path).map_err(reading)?,
            )));
        }
        let mut stream = BufReader::new(open_stream(place).map_err(reading)?);
        if video::is_y4m(stream.fill_buf().map_err(reading)?) {
            let file = spool(&mut stream, limits.output)?;
            return Ok(Self::File(BufReader::new(file)));
        }
        let bytes = hold(&mut stream, limits.memory)?;
        Ok(Self::Memory(Cursor::new(bytes)))
    }

    /// What it is read from.
    pub(crate) fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::File(file) => file,
            Self::Memory(bytes) => bytes,
        }
    }

    /// A file of it, wherever it stands.
    pub(crate) fn into_file(self) -> Result<File, Failure> {
        match self {
            Self::File(file) => Ok(file.into_inner()),
            Self::Memory(bytes) => {
                let bytes = bytes.into_inner();
                Ok(spool(&mut &bytes[..], bytes.len() as u64)?)
            }
        }
    }

    /// What it seems to hold: see [`sniff`].
    pub(crate) fn kind(&mut self, place: &Place) -> Result<Kind, Failure> {
        sniff(self.source(), place.path()).map_err(|error| Failure::reading(&error))
    }
}

/// A `.siren` file that has been read.
pub(crate) struct Stored {
    /// What it seems to hold. None if that cannot be told, of which its decoder says more.
    pub(crate) signal: Option<Signal>,
    bytes: Option<Result<Vec<u8>, Failure>>,
}

impl Stored {
    /// Reads the file at `place`, and keeps its bytes if it is `alone` or cannot be read again. Those of many files
    /// together would take memory for nothing until their turn.
    pub(crate) fn read(place: &Place, alone: bool) -> Self {
        let read = read_siren(place);
        let (signal, bytes) = match read {
            Ok((bytes, signal)) => (signal, Ok(bytes)),
            Err(failure) => (None, Err(failure)),
        };
        Self {
            signal,
            bytes: Some(bytes).filter(|_| alone || !place.is_file()),
        }
    }

    /// The bytes of the file at `place`, which it was read from.
    pub(crate) fn bytes(&mut self, place: &Place) -> Result<Vec<u8>, Failure> {
        let kept = self.bytes.take();
        kept.unwrap_or_else(|| read_siren(place).map(|(bytes, _)| bytes))
    }
}

/// The bytes of the `.siren` file at `place`, and the signal that they seem to hold. What is an input of `encode` is
/// refused as that.
pub(crate) fn read_siren(place: &Place) -> Result<(Vec<u8>, Option<Signal>), Failure> {
    let bytes = picture::read_siren(place)?;
    // What it costs to decode is not for here to say.
    match siren_format::inspect(&bytes, &Limits::none()) {
        Ok(layout) => Ok((bytes, Some(layout.header.signal))),
        Err(siren_format::Error::NotSiren) => match foreign(&bytes, place) {
            Some(kind) => Err(Failure::Said(format!(
                "is a {kind}, not a .siren file; `sirenc encode` makes one of it"
            ))),
            None => Ok((bytes, None)),
        },
        // Its decoder says what is wrong.
        Err(_) => Ok((bytes, None)),
    }
}

/// What kind of signal the bytes of a file of another format hold, if it is one that `encode` reads.
fn foreign(bytes: &[u8], place: &Place) -> Option<&'static str> {
    let known = [
        (sound::Format::of(bytes).is_some(), "sound"),
        (video::is_y4m(bytes), "video"),
        (
            surface::Format::of(bytes, bytes.len() as u64, place.path()).is_some(),
            "shape",
        ),
    ];
    known.iter().find(|(is, _)| *is).map(|(_, kind)| *kind)
}

/// Opens `place` as a stream, from its beginning.
pub(crate) fn open_stream(place: &Place) -> io::Result<Box<dyn Read>> {
    Ok(match place {
        Place::Standard => Box::new(io::stdin().lock()),
        Place::Path(path) => Box::new(File::open(path)?),
    })
}
