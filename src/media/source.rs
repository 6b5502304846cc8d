//! Where files are read from, and what kind of signal they seem to hold.

use super::{Error, extension, sound, surface, video};
use image::ImageFormat;
use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A file, or bytes in memory, that readers read from.
pub trait Source: BufRead + Seek {}
impl<T: BufRead + Seek> Source for T {}

/// The kinds of signal that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture, or an animation of one frame.
    Picture,
    /// A surface: a mesh, or points with normals.
    Shape,
    /// A sound.
    Sound,
    /// A video, or an animation of several frames.
    Video,
}

/// The kind of signal that `source` seems to hold, by how it begins, or where that says nothing by the `name` of its
/// file. What cannot be told counts as a picture, of which the reader of pictures says more. The source is back at its
/// beginning afterwards.
///
/// # Errors
/// The error of reading the source.
pub fn sniff(source: &mut dyn Source, name: Option<&Path>) -> io::Result<Kind> {
    let start = source.fill_buf()?;
    if video::is_y4m(start) {
        return Ok(Kind::Video);
    }
    if sound::Format::of(start).is_some() {
        return Ok(Kind::Sound);
    }
    let start = start.to_vec();
    let length = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    if surface::Format::of(&start, length, name).is_some() {
        return Ok(Kind::Shape);
    }
    let animated = video::is_animated(source);
    source.rewind()?;
    Ok(if animated { Kind::Video } else { Kind::Picture })
}

/// The kind of signal that a file of this `name` is likely to hold, if it is one that is read: by its extension, for whoever
/// looks through a folder. A picture may turn out to be an animation; what a file holds is for [`sniff`] to say.
pub fn expected(name: &Path) -> Option<Kind> {
    let extension = extension(Some(name))?;
    match extension.as_str() {
        "aif" | "aifc" | "aiff" | "flac" | "mp3" | "oga" | "ogg" | "wav" | "wave" => {
            Some(Kind::Sound)
        }
        "obj" | "ply" | "stl" | "xyz" => Some(Kind::Shape),
        "y4m" => Some(Kind::Video),
        other => ImageFormat::from_extension(other)
            .filter(ImageFormat::reading_enabled)
            .map(|_| Kind::Picture),
    }
}

/// A temporary file of all that `stream` gives, of at most `most` bytes, at its beginning. Nothing is left of it once it is
/// closed.
///
/// # Errors
/// [`Error::Read`], [`Error::Write`], and [`Error::Limit`] for a stream that is longer.
pub fn spool(stream: &mut (impl Read + ?Sized), most: u64) -> Result<File, Error> {
    let spooling = |error| Error::writing("temporary files", &error);
    let mut file = tempfile::tempfile().map_err(spooling)?;
    copy(stream, &mut file, most, "output")?;
    file.rewind().map_err(spooling)?;
    Ok(file)
}

/// All that `stream` gives, in memory, of at most `most` bytes.
///
/// # Errors
/// [`Error::Read`], and [`Error::Limit`] for a stream that is longer.
pub fn hold(stream: &mut (impl Read + ?Sized), most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    copy(stream, &mut bytes, most, "memory")?;
    Ok(bytes)
}

/// Copies what `stream` gives, and refuses more than the limit of this name allows.
fn copy(
    stream: &mut (impl Read + ?Sized),
    to: &mut impl Write,
    most: u64,
    limit: &str,
) -> Result<(), Error> {
    let length = io::copy(&mut Read::take(stream, most.saturating_add(1)), to)
        .map_err(|error| Error::reading(&error))?;
    if length > most {
        return Err(Error::Limit(format!(
            "is longer than {most} bytes; give it as a file, or a part of it, or raise the limit with --limit {limit}=N"
        )));
    }
    Ok(())
}
