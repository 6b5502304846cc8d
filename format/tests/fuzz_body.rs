//! What the fuzzer runs on each input; the tests run it too, so that it never rots.

use siren_format::{File, Limits, inspect};

/// Reads `bytes` as they are, and again with the checksum made right, since a fuzzer never guesses one.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) {
    for bytes in [bytes, &resealed(bytes)] {
        if let Some(file) = read(bytes, limits) {
            rewrite(&file, limits);
        }
    }
}

/// Reads a file, and requires of the inspection that it agrees and accounts for every byte.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Option<File> {
    let file = File::from_bytes(bytes, limits);
    match inspect(bytes, limits) {
        Ok(layout) => {
            let end = layout.spans.iter().fold(0, |end, span| {
                assert_eq!(
                    span.offset, end,
                    "{:?} does not follow the span before it",
                    span.part
                );
                end + span.length
            });
            assert_eq!(end, bytes.len(), "the spans do not add up to the file");
        }
        Err(error) => assert_eq!(file.as_ref().err(), Some(&error), "inspection differs"),
    }
    file.ok()
}

/// Writes a file that was read, and requires that reading it again gives the same.
pub(crate) fn rewrite(file: &File, limits: &Limits) {
    let bytes = file.to_bytes();
    let again = bytes.and_then(|bytes| File::from_bytes(&bytes, limits));
    assert_eq!(
        again.as_ref(),
        Ok(file),
        "a file that was read is not the one written"
    );
}

/// The bytes with their last four replaced by the checksum of the others.
pub(crate) fn resealed(bytes: &[u8]) -> Vec<u8> {
    let body = &bytes[..bytes.len().saturating_sub(4)];
    [body, &crc32(body).to_le_bytes()].concat()
}

/// CRC-32 by its definition, apart from the one that the crate uses.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}
