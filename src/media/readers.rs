//! All readers of foreign formats in one list, which fuzzers and tests go through.

use super::picture::SizeTarget;
use super::{picture, sound, surface, video};
use crate::Limits;
use crate::signal::VideoSource;
use std::io::Cursor;

/// Reads bytes; they may be anything.
pub(super) type Reader = fn(&[u8]);

/// Every reader by name, for the fuzzers, whose inputs know it by its place: new ones go to the end.
pub const READERS: &[(&str, Reader)] = &[
    ("picture", picture),
    ("open", open),
    ("info", info),
    ("y4m", y4m),
    ("gif", gif),
    ("kind", kind),
    ("sound", sound),
    ("ply", |bytes| shape(bytes, "a.ply")),
    ("obj", |bytes| shape(bytes, "a.obj")),
    ("stl", |bytes| shape(bytes, "a.stl")),
    ("xyz", |bytes| shape(bytes, "a.xyz")),
    ("metadata", metadata),
];

/// The most memory that a picture may take here, in bytes.
const MOST_DECODED: u64 = 1 << 20;
/// The most samples that a sound may have here.
const MOST_SAMPLES: usize = 1 << 18;

fn picture(bytes: &[u8]) {
    let found = picture::read(&mut Cursor::new(bytes), None, MOST_DECODED);
    let room = SizeTarget {
        bytes: MOST_DECODED,
        asked: true,
    };
    let _ = found.and_then(|found| found.settle(|_| room));
}

fn y4m(bytes: &[u8]) {
    let spooled = super::spool(&mut &bytes[..], MOST_DECODED);
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
fn look(recording: Result<impl VideoSource, super::Error>) {
    if let Ok(recording) = recording {
        let clip = recording.clip();
        let mut row = vec![0; clip.width() as usize * usize::from(clip.channels())];
        let read = recording.row(clip.frames() - 1, clip.height() - 1, &mut row);
        assert!(read.is_ok(), "{clip:?}");
    }
}

/// A `.siren` file of any kind under the default limits.
fn open(bytes: &[u8]) {
    let _ = crate::open(bytes);
}

/// What a file tells of itself, and what its layers cost.
fn info(bytes: &[u8]) {
    let limits = Limits::default();
    if let Ok(measured) = siren_format::File::measured(bytes, &limits) {
        let (file, bits) = (measured.file, measured.bits);
        assert!(siren_format::inspect(bytes, &limits).is_ok());
        // Every bit that is counted is in the file, or among the zeros which follow its end.
        let counted = bits.iter().sum::<u64>() / siren_format::BIT / 8;
        let zeros = 8 * file.header.parameters();
        assert!(counted <= bytes.len() as u64 + zeros);
    }
}

/// The kind of signal that a file seems to hold.
fn kind(bytes: &[u8]) {
    let _ = super::sniff(&mut Cursor::new(bytes), None);
}

fn sound(bytes: &[u8]) {
    let _ = sound::read(&mut Cursor::new(bytes), MOST_SAMPLES);
}

/// What a picture carries, and any bytes as EXIF and XMP. What is tidied has nothing left to be tidied.
fn metadata(bytes: &[u8]) {
    let any = picture::Metadata {
        exif: Some(bytes.to_vec()),
        xmp: Some(bytes.to_vec()),
    };
    let found = picture::Metadata::of(&mut Cursor::new(bytes));
    for metadata in found.into_iter().chain([any]) {
        let (tidied, _) = metadata.tidied(false);
        assert_eq!(tidied.clone().tidied(false), (tidied, false));
    }
}

/// A surface in a file of this name.
fn shape(bytes: &[u8], name: &str) {
    let name = Some(name.as_ref());
    if let Ok(surface) = surface::read(&mut Cursor::new(bytes), name, &mut |_| {}) {
        assert!(surface.points().iter().flatten().all(|x| x.is_finite()));
    }
}
