//! Which files the frames of a video are written to.

use crate::failure::Failure;
use crate::output::Output;
use crate::paths::{self, Place};
use sirenc::media::video::Film;
use std::path::{Path, PathBuf};

/// What a video is written as.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Y4m,
    Gif,
    /// A picture a frame.
    Pngs(Pattern),
}

/// A file name with the place of a number in it: what is before and after, and the least digits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    before: String,
    digits: usize,
    after: String,
    folder: PathBuf,
}

impl Pattern {
    /// `path` with one `%d`, `%4d` or `%04d` in its last part.
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (before, rest) = name.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let digits = match digits {
            "" => 1,
            digits => digits
                .parse()
                .ok()
                .filter(|digits| (1..=20).contains(digits))?,
        };
        Some(Self {
            before: before.to_owned(),
            digits,
            after: after.to_owned(),
            folder: path.with_file_name(""),
        })
    }

    /// The name of frame `frame`, counted from 0; names are counted from 1.
    fn path(&self, frame: u32) -> PathBuf {
        let Self {
            before,
            digits,
            after,
            ..
        } = self;
        let number = u64::from(frame) + 1;
        self.folder
            .join(format!("{before}{number:0digits$}{after}"))
    }
}

impl Form {
    /// What the name of an output asks for: Y4M where it has no extension.
    pub(crate) fn of(output: &Place) -> Result<Self, Failure> {
        let Place::Path(path) = output else {
            return Ok(Self::Y4m);
        };
        let Some(extension) = path.extension() else {
            return Ok(Self::Y4m);
        };
        match extension.to_string_lossy().to_lowercase().as_str() {
            "y4m" => Ok(Self::Y4m),
            "gif" => Ok(Self::Gif),
            "png" => Pattern::of(path).map(Self::Pngs).ok_or_else(|| {
                Failure::Usage(format!(
                    "{output} is one picture, but a video has many; put a number into the name, as in frame-%04d.png, or write a .gif or .y4m"
                ))
            }),
            extension => Err(Failure::Usage(format!(
                "videos are not written as .{extension}; give -o a .y4m, a .gif or a frame-%04d.png"
            ))),
        }
    }
}

/// Writes all frames to `place` and tells `done` of each.
pub(crate) fn write(
    film: &mut Film<'_>,
    form: &Form,
    place: &Place,
    force: bool,
    mut done: impl FnMut(),
) -> Result<(), Failure> {
    if let Form::Pngs(pattern) = form {
        return write_pngs(film, pattern, force, done);
    }
    let mut output = Output::create(place, force)?;
    let written = film.write(&mut output, &mut done);
    output.commit(written)
}

fn write_pngs(
    film: &mut Film<'_>,
    pattern: &Pattern,
    force: bool,
    mut done: impl FnMut(),
) -> Result<(), Failure> {
    let frames = 0..film.frames();
    for frame in frames.clone() {
        paths::writable(&pattern.path(frame), force)?;
    }
    for frame in frames {
        let mut output = Output::create(&Place::Path(pattern.path(frame)), force)?;
        let written = film.write_png(frame, &mut output);
        output.commit(written)?;
        done();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_frames_are_counted_from_one() {
        let pattern = |path: &str| Pattern::of(Path::new(path));
        let name = |path: &str, frame| pattern(path).unwrap().path(frame);
        assert_eq!(name("a/f-%04d.png", 8), Path::new("a/f-0009.png"));
        assert_eq!(name("%d.png", 9), Path::new("10.png"));
        assert_eq!(name("%3d.png", 9999), Path::new("10000.png"));
        for none in [
            "a.png", "%.png", "%x.png", "%-3d.png", "%99d.png", "%d/a.png",
        ] {
            assert_eq!(pattern(none), None, "{none}");
        }
    }
}
