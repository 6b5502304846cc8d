//! Readers and writers of foreign formats: pictures, colour profiles, sounds, surfaces and videos.
//!
//! Everything here reads bytes that may come from anyone, under limits of memory that the caller gives. What is read is
//! plain data of [`crate::signal`]; what is written comes from decoders. Nothing here opens or names a file: errors say
//! what is wrong with it, and whoever opened it says which one it was.

mod colour;
mod error;
mod foreign;
mod npy;
pub mod picture;
mod readers;
pub mod sound;
mod source;
pub mod surface;
pub mod video;

use crate::{Cost, FrameTimes, Opened, View};
pub use error::Error;
#[doc(hidden)]
pub use readers::READERS;
pub use source::{Kind, Source, expected, hold, sniff, spool};

/// What it costs to decode a file as it is stored, into the formats that are written by default: PNG, Y4M, WAV, or the mesh
/// of `resolution` cells along each side as PLY.
///
/// # Errors
/// None of files that decoders open.
pub fn cost(opened: &Opened, resolution: u32) -> Result<Cost, Error> {
    match opened {
        Opened::Picture(decoder) => {
            picture::cost(decoder, &View::whole(decoder), picture::Format::png())
        }
        Opened::Video(decoder) => {
            let (view, moments) = (View::of_frames(decoder), FrameTimes::stored(decoder));
            let writing = video::Writing::Y4m(video::Subsampling::Quarter);
            Ok(video::Film::cost(decoder, &view, &moments, writing))
        }
        opened => Ok(opened.cost(resolution)),
    }
}

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
