//! All that reads what comes from outside and is the project's own, in one list.

use super::args;
use super::picture;
use image::ImageReader;
use std::io::Cursor;

/// Reads bytes; they may be anything.
pub(super) type Reader = fn(&[u8]);

/// Every reader by name, for the fuzzers, whose inputs know it by its place: new ones go to the end.
pub const READERS: &[(&str, Reader)] = &[("picture", picture), ("siren", siren), ("size", size)];

/// The most memory that a picture may take here, in bytes.
const MOST_DECODED: u64 = 1 << 20;

fn picture(bytes: &[u8]) {
    if let Ok(reader) = ImageReader::new(Cursor::new(bytes)).with_guessed_format() {
        let _ = picture::decode(reader, MOST_DECODED);
    }
}

fn siren(bytes: &[u8]) {
    let _ = picture::siren(bytes);
}

/// A size and a region, as they are typed.
fn size(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (size, region) = text.split_once(' ').unwrap_or((&text, ""));
    if let (Ok((width, height)), Ok(region)) = (args::size(size), args::region(region))
        && let Ok(view) = sirenc::View::sized(width, height)
        && let Ok(view) = view.with_region(region)
    {
        assert!(view.pixels() <= u64::from(width) * u64::from(height));
    }
}
