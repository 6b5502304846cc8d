//! Which points to draw from a signal, and which loss to put on the network there.

mod image;
mod shuffle;

pub(crate) use image::Image;
pub(crate) use shuffle::Shuffle;
