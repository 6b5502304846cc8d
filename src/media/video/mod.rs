//! Videos: Y4M and animated pictures in; Y4M, GIF and frames of PNG out.

mod animation;
mod colour;
mod gif;
mod recording;
mod shape;
mod timing;
mod write;
mod y4m;

pub use animation::{MOST_DECODED, is_animated, open as open_animation};
pub use recording::Recording;
pub use write::{Film, Subsampling, Writing};
pub use y4m::open as open_y4m;

/// Whether bytes begin like a Y4M file.
pub fn is_y4m(start: &[u8]) -> bool {
    start.starts_with(y4m::SIGNATURE)
}
