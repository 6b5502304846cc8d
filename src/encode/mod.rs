//! From a signal to a file: settings, fits, quantised weights, and the file of them.
//!
//! [`Encoder`] holds the settings. For every kind of signal a [`source`] says what the header of its file is and how
//! good a file of it is. A network is fitted as a [`draft`], its weights are rounded by a [`quantise`]r, and
//! [`search`] looks for the file of a given quality. Decoders are used to measure what was made.

mod blend;
mod checkpoint;
mod draft;
mod encoder;
#[cfg(test)]
mod fits;
mod plain;
mod plan;
#[cfg(test)]
mod properties;
mod quantise;
mod search;
mod shape;
mod sound;
mod source;
mod video;

pub use checkpoint::Checkpoint;
pub use encoder::{DEFAULT_EFFORT, EFFORT_STEPS, Encoded, Encoder};
pub use shape::EncodedShape;
pub use sound::EncodedSound;
pub(crate) use sound::{Tally, each, omega_first};
