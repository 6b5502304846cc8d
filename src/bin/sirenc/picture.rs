//! Pictures and `.siren` files at places that were typed.

use super::failure::Failure;
use super::input::{Input, open_stream};
use super::paths::Place;
use super::report::complain;
use image::ImageReader;
use sirenc::Limits;
use sirenc::Picture;
use sirenc::media::picture::{self as media, SizeTarget, format_name};
use std::io::{Cursor, Read};

pub(crate) use sirenc::media::picture::{MOST_DECODED, from_image};

/// The longest `.siren` file that is read at all. Weights are few; this is a thousand times enough.
const MOST_ENCODED: u64 = 256 << 20;

/// A picture that becomes no file may take any size.
const ANY_SIZE: fn(&Picture) -> SizeTarget = |_| SizeTarget {
    bytes: u64::MAX,
    asked: false,
};

/// The picture at `place`: upright (as its EXIF orientation says), in sRGB or with its colour profile, at the
/// depth and with the channels it has, except that an alpha channel which is opaque everywhere is
/// dropped. Of an animation it is the first frame. What is not as one might think is said on standard error.
pub(crate) fn read(place: &Place) -> Result<Picture, Failure> {
    let mut input = Input::open(place, &Limits::interactive())?;
    settled(&mut input, place, ANY_SIZE)
}

/// As [`read`], of an input that has been opened, and always in sRGB.
pub(crate) fn in_srgb(input: &mut Input, place: &Place) -> Result<Picture, Failure> {
    // In no bytes there is room for a profile.
    let no_room = |_: &Picture| SizeTarget {
        bytes: 0,
        asked: false,
    };
    Ok(settled(input, place, no_room)?.with_icc(None))
}

fn settled(
    input: &mut Input,
    place: &Place,
    target: fn(&Picture) -> SizeTarget,
) -> Result<Picture, Failure> {
    let found = media::read(input.source(), place.path(), MOST_DECODED)?;
    let (picture, notes) = found.settle(target)?;
    for note in notes {
        complain(&format!("{place}: {note}"));
    }
    Ok(picture)
}

/// The picture that the bytes of a file hold.
pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Picture, Failure> {
    let found = media::read(&mut Cursor::new(bytes), None, MOST_DECODED)?;
    Ok(found.settle(ANY_SIZE)?.0)
}

/// Number of pixels of the picture in a file, if that can be told without decoding it.
pub(crate) fn pixels(place: &Place) -> Option<u64> {
    let path = place.path().filter(|path| path.is_file())?;
    let reader = ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    let (width, height) = reader.into_dimensions().ok()?;
    Some(u64::from(width) * u64::from(height))
}

/// The bytes of the `.siren` file at `place`.
pub(crate) fn read_siren(place: &Place) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let source = open_stream(place).map_err(|error| Failure::reading(&error))?;
    source
        .take(MOST_ENCODED + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::reading(&error))?;
    if bytes.len() as u64 > MOST_ENCODED {
        return Err(Failure::Said(format!(
            "is longer than {} MiB, and so no .siren file",
            MOST_ENCODED >> 20
        )));
    }
    if bytes.is_empty() {
        return Err(Failure::Said("is empty; a .siren file is needed".into()));
    }
    match format_name(&bytes) {
        Some(format) => Err(Failure::Said(format!(
            "is a {format} picture, not a .siren file; `sirenc encode` makes one of it"
        ))),
        None => Ok(bytes),
    }
}
