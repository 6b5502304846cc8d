//! Which points to draw from a signal, and which loss to put on the network there.

mod image;
mod strata;

pub(crate) use image::Image;
use strata::Strata;
