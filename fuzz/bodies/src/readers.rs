//! Readers of one format each, of bytes that begin as its files do: a fuzzer then spends its time behind that.

use crate::resealed;

/// Gives the bytes after the first to the reader of that number, if there is one.
pub fn media(bytes: &[u8]) {
    if let [number, rest @ ..] = bytes
        && let Some((_, read)) = sirenc::media::READERS.get(usize::from(*number))
    {
        read(rest);
    }
}

/// Gives bytes to the reader of this name.
fn read(name: &str, bytes: &[u8]) {
    let known = sirenc::media::READERS
        .iter()
        .find(|(known, _)| *known == name);
    let (_, read) = known.expect("a reader of that name");
    read(bytes);
}

/// A `.siren` file of any kind, ready to be decoded under the default limits.
pub fn open(bytes: &[u8]) {
    read("open", &resealed(bytes));
}

/// What a `.siren` file tells of itself, and the bits that its layers take.
pub fn info(bytes: &[u8]) {
    read("info", &resealed(bytes));
}

/// A sound in OGG.
pub fn ogg(bytes: &[u8]) {
    read("sound", &[b"OggS\0\x02", bytes].concat());
}

/// A sound in MP3.
pub fn mp3(bytes: &[u8]) {
    read("sound", &[b"\xFF\xFB", bytes].concat());
}

/// A picture in JPEG.
pub fn jpeg(bytes: &[u8]) {
    read("picture", &[b"\xFF\xD8\xFF", bytes].concat());
}

/// A picture or an animation in WebP.
pub fn webp(bytes: &[u8]) {
    let length = (bytes.len() as u32 + 4).to_le_bytes();
    let file = [b"RIFF", &length[..], b"WEBPVP8", bytes].concat();
    read("picture", &file);
    read("gif", &file);
}
