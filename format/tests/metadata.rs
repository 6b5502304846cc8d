//! Metadata in files, which is not the format's to read.

use siren_format::{File, Limits, Metadata, inspect};
use std::fs;

fn golden(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/valid/");
    fs::read(format!("{folder}{name}.siren")).expect("a golden file")
}

#[test]
fn metadata_comes_back_and_changes_nothing_else() {
    let limits = Limits::default();
    for name in ["rgb", "icc", "video", "levels"] {
        let plain = golden(name);
        let exif = [&b"MM\0*"[..], &[7; 3000]].concat();
        let one = Metadata::Xmp
            .put(&plain, Some(b"<x/>"), &limits)
            .expect("a file");
        let both = Metadata::Exif
            .put(&one, Some(&exif), &limits)
            .expect("a file");
        // In order whichever was first, and compressed.
        let other = Metadata::Exif
            .put(&plain, Some(&exif), &limits)
            .expect("a file");
        let other = Metadata::Xmp
            .put(&other, Some(b"<x/>"), &limits)
            .expect("a file");
        assert!(both == other && both.len() < plain.len() + 100, "{name}");
        let sizes = [Metadata::Exif.bytes(&exif), Metadata::Xmp.bytes(b"<x/>")];
        assert_eq!(both.len() as u64, plain.len() as u64 + sizes[0] + sizes[1]);
        let get = |kind: Metadata, file: &[u8]| kind.get(file, &limits).expect("a file");
        assert_eq!(get(Metadata::Exif, &both), Some(exif));
        assert_eq!(get(Metadata::Xmp, &both).as_deref(), Some(&b"<x/>"[..]));
        assert_eq!(get(Metadata::Exif, &one), None);
        let read = |file: &[u8]| File::from_bytes(file, &limits).expect("a file");
        assert_eq!(read(&both), read(&plain), "{name}");
        let parts = inspect(&both, &limits).expect("a file").spans;
        let parts: Vec<_> = parts.iter().map(|span| span.part.to_string()).collect();
        assert!(parts.contains(&"EXIF".into()) && parts.contains(&"XMP".into()));
        // Put in place of itself, and taken out again.
        let again = Metadata::Xmp
            .put(&both, Some(b"<x/>"), &limits)
            .expect("a file");
        assert_eq!(again, both);
        let none = Metadata::Exif.put(&both, None, &limits).expect("a file");
        assert_eq!(none, one);
        let none = Metadata::Xmp.put(&none, None, &limits).expect("a file");
        assert_eq!(none, plain, "{name}");
    }
}

/// Written by hand from SPEC 4.4: a zlib stream with one stored block.
#[test]
fn a_section_is_a_zlib_stream() {
    let plain = golden("rgb");
    let section = [
        0x83, 15, 0x78, 0x01, 0x01, 4, 0, 0xFB, 0xFF, b'<', b'x', b'/', b'>', 0x02, 0xF8, 0x01,
        0x22,
    ];
    let mut file = [&plain[..plain.len() - 4], &section].concat();
    let sum = crc32fast::hash(&file).to_le_bytes();
    file.extend(sum);
    let found = Metadata::Xmp.get(&file, &Limits::default());
    assert_eq!(found.expect("a file").as_deref(), Some(&b"<x/>"[..]));
}

/// What cannot be made sense of is none, and a stream that grows without end is not followed.
#[test]
fn unusable_metadata_is_none() {
    let plain = golden("rgb");
    let limits = Limits::default();
    let zeros = vec![0; 1 << 20];
    let large = Metadata::Xmp
        .put(&plain, Some(&zeros), &limits)
        .expect("a file");
    assert!(large.len() < plain.len() + 2000);
    let small = limits.clone().with_metadata(1 << 19);
    assert_eq!(Metadata::Xmp.get(&large, &small), Ok(None));
    assert_eq!(Metadata::Xmp.get(&large, &limits), Ok(Some(zeros)));
    for section in [&[0x82, 0][..], &[0x82, 3, 1, 2, 3]] {
        let mut file = [&plain[..plain.len() - 4], section].concat();
        let sum = crc32fast::hash(&file).to_le_bytes();
        file.extend(sum);
        assert_eq!(Metadata::Exif.get(&file, &limits), Ok(None));
    }
    assert!(Metadata::Exif.get(b"\x89PNG", &limits).is_err());
}

/// An optional section that this version does not know may speak of what has changed.
#[test]
fn sections_that_are_not_known_are_left_out() {
    let limits = Limits::default();
    let unknown = golden("optional");
    let kept = Metadata::Exif.put(&unknown, None, &limits).expect("a file");
    assert!(kept.len() < unknown.len());
    let read = |file: &[u8]| File::from_bytes(file, &limits).expect("a file");
    assert_eq!(read(&kept), read(&unknown));
}
