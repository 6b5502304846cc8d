//! The parser on any bytes.

use siren_format::{Error, File, Layout, Limits, Metadata, Part, inspect};

/// Inspects `bytes` as they are, and again with the checksum made right, since a fuzzer never guesses one:
/// header and sections, but not the weights. Whatever is wrong can be told.
pub fn parse(bytes: &[u8]) {
    let limits = Limits::default();
    for bytes in [bytes, &resealed(bytes)] {
        if let Err(error) = account(bytes, &limits) {
            assert!(!error.to_string().is_empty(), "{error:?} says nothing");
        }
    }
}

/// Reads a file, and requires of the inspection that it agrees and accounts for every byte.
pub fn read(bytes: &[u8], limits: &Limits) -> Option<File> {
    let file = File::from_bytes(bytes, limits);
    if let Err(error) = account(bytes, limits) {
        assert_eq!(file.as_ref().err(), Some(&error), "inspection differs");
    }
    file.ok()
}

/// Inspects a file, and requires that the spans add up to it.
fn account(bytes: &[u8], limits: &Limits) -> Result<Layout, Error> {
    let layout = inspect(bytes, limits)?;
    let end = layout.spans.iter().fold(0, |end, span| {
        let part = span.part;
        assert_eq!(span.offset, end, "{part:?} does not follow the one before");
        end + span.length
    });
    assert_eq!(end, bytes.len(), "the spans do not add up to the file");
    for kind in [Metadata::Exif, Metadata::Xmp] {
        let _ = kind.get(bytes, limits)?;
    }
    Ok(layout)
}

/// Writes a file that was read, and requires that reading it again gives the same.
pub fn rewrite(file: &File, limits: &Limits) {
    let bytes = file.to_bytes();
    let again = bytes.and_then(|bytes| File::from_bytes(&bytes, limits));
    let again = again.as_ref();
    assert_eq!(
        again,
        Ok(file),
        "a file that was read is not the one written"
    );
}

/// A file that was written with another payload of the section `id`, and without those after it. Of a payload that is
/// longer than 250 bytes, whose length would take another form, it has the first 250.
pub(crate) fn replaced(bytes: &[u8], id: u8, payload: &[u8]) -> Vec<u8> {
    let layout = inspect(bytes, &Limits::default()).expect("a file that was written");
    let section = |part| part == Part::Framing(id);
    let start = layout.spans.iter().find(|span| section(span.part));
    let start = start.map_or(0, |span| span.offset);
    let payload = &payload[..payload.len().min(250)];
    let head = [
        &bytes[..start],
        &[id, payload.len() as u8],
        payload,
        &[0; 4],
    ];
    resealed(&head.concat())
}

/// The bytes with their last four replaced by the checksum of the others.
#[must_use]
pub fn resealed(bytes: &[u8]) -> Vec<u8> {
    let body = &bytes[..bytes.len().saturating_sub(4)];
    [body, &crc32fast::hash(body).to_le_bytes()].concat()
}
