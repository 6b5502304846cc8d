//! All that reads what comes from outside and is the project's own, in one list.

use super::args;
use crate::media::picture::Room;
use crate::media::{self, picture, sound, surface, video};
use sirenc::Footage;
use std::io::Cursor;

/// Reads bytes; they may be anything.
pub(super) type Reader = fn(&[u8]);

/// Every reader by name, for the fuzzers, whose inputs know it by its place: new ones go to the end.
pub const READERS: &[(&str, Reader)] = &[
    ("picture", picture),
    ("siren", siren),
    ("size", size),
    ("y4m", y4m),
    ("gif", gif),
    ("rate", rate),
    ("limit", limit),
    ("sound", sound),
    ("ply", |bytes| shape(bytes, "a.ply")),
    ("obj", |bytes| shape(bytes, "a.obj")),
    ("stl", |bytes| shape(bytes, "a.stl")),
    ("xyz", |bytes| shape(bytes, "a.xyz")),
];

/// The most memory that a picture may take here, in bytes.
const MOST_DECODED: u64 = 1 << 20;
/// The most samples that a sound may have here.
const MOST_SAMPLES: usize = 1 << 18;

fn picture(bytes: &[u8]) {
    let found = picture::read(&mut Cursor::new(bytes), None, MOST_DECODED);
    let room = Room {
        bytes: MOST_DECODED,
        asked: true,
    };
    let _ = found.and_then(|found| found.settle(|_| room));
}

fn siren(bytes: &[u8]) {
    let _ = siren_format::File::from_bytes(bytes, &sirenc::Limits::default());
}

fn y4m(bytes: &[u8]) {
    let spooled = media::spool(&mut &bytes[..]);
    if let Ok(recording) = spooled.map(video::open_y4m) {
        look(recording);
    }
}

fn gif(bytes: &[u8]) {
    let most = 4 * MOST_DECODED;
    let opened = video::open_animation(&mut Cursor::new(bytes), MOST_DECODED, most);
    look(opened.map(|(recording, _)| recording));
}

/// Reads the last row of a recording, which must be there if it could be opened.
fn look(recording: Result<impl Footage, media::Error>) {
    if let Ok(recording) = recording {
        let clip = recording.clip();
        let mut row = vec![0; clip.width() as usize * usize::from(clip.channels())];
        let read = recording.row(clip.frames() - 1, clip.height() - 1, &mut row);
        assert!(read.is_ok(), "{clip:?}");
    }
}

/// Frames a second, as they are typed.
fn rate(bytes: &[u8]) {
    if let Ok(rate) = args::rate(&String::from_utf8_lossy(bytes)) {
        assert!(!rate.contains(&0));
    }
}

fn limit(bytes: &[u8]) {
    let _ = args::limit(&String::from_utf8_lossy(bytes));
}

fn sound(bytes: &[u8]) {
    let _ = sound::read(&mut Cursor::new(bytes), MOST_SAMPLES);
}

/// A surface in a file of this name.
fn shape(bytes: &[u8], name: &str) {
    let name = Some(name.as_ref());
    if let Ok(surface) = surface::read(&mut Cursor::new(bytes), name, &mut |_| {}) {
        assert!(surface.points().iter().flatten().all(|x| x.is_finite()));
    }
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
