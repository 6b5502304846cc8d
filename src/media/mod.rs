//! Readers and writers of foreign formats: pictures, colour profiles, sounds, surfaces and videos.
//!
//! Everything here reads bytes that may come from anyone, under limits of memory that the caller gives. What is read is
//! plain data of [`crate::signal`]; what is written comes from decoders. Nothing here opens or names a file: errors say
//! what is wrong with it, and whoever opened it says which one it was.

mod colour;
mod error;
mod foreign;
pub mod picture;
mod readers;
pub mod sound;
mod source;
pub mod surface;
pub mod video;

pub use error::Error;
#[doc(hidden)]
pub use readers::READERS;
pub use source::{Kind, Source, is_read, sniff, spool};

/// A number with commas between thousands, as messages show it: `14,512` for 14512.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The extension of a file's name, in lower case.
fn extension(name: Option<&std::path::Path>) -> Option<String> {
    Some(name?.extension()?.to_string_lossy().to_lowercase())
}
