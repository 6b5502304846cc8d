//! From a signal to a file: settings, fits, quantised weights, and the file of them.
//!
//! There is an [`encoder`] for every kind of signal, whose shared [`settings`] say how to fit, and [`attempts`] says which
//! fits are tried. For every kind of signal a [`source`] says what the header of its file is and how good a file of it
//! is. A network is [`trained`], its weights are rounded by a [`quantise`]r, and
//! [`search`] looks for the file of a given quality. Decoders are used to measure what was made.

mod attempts;
mod blend;
mod checkpoint;
mod encoder;
#[cfg(test)]
mod fits;
mod latents;
mod meter;
mod picture;
mod placeholder;
mod plain;
mod plan;
#[cfg(test)]
mod properties;
mod quantise;
mod search;
mod settings;
mod shape;
mod sound;
mod source;
mod trained;
mod video;

pub use checkpoint::Checkpoint;
pub use encoder::{
    Encoder, EncoderOf, KindSettings, PictureSettings, PixelSettings, ShapeEncoder, ShapeSettings,
    SoundEncoder, SoundSettings, VideoEncoder, VideoSettings,
};
pub use latents::GridUse;
pub use picture::Encoded;
pub use placeholder::{PLACEHOLDER_BYTES, PlaceholderEncoder};
pub use settings::{DEFAULT_EFFORT, EFFORT_STEPS};
pub use shape::EncodedShape;
pub use sound::EncodedSound;
pub(crate) use sound::{Tally, each, omega_first};
