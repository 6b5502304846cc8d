//! Signals stored as the weights of a small sine network.
//!
//! A picture is a function, and the file is that function's weights. A SIREN (a multilayer perceptron
//! with sine activations, Sitzmann et al. 2020, arXiv 2006.09661) maps a coordinate to a colour.
//! [`Encoder`] fits it to a [`Picture`] and writes a `.siren` file; [`Decoder`] evaluates it, at any
//! resolution and in any region; [`Field`] evaluates it at arbitrary points. Scaling interpolates; it
//! does not invent detail. The function has exact derivatives, which can be rendered too: see [`Derivative`].
//! A [`PlaceholderEncoder`] makes previews of a few dozen bytes, which [`PlaceholderDecoder`] shows at any size.
//! A [`Surface`] is stored as the signed distance to it, which [`ShapeDecoder`] makes a mesh or a picture of.
//!
//! ```
//! use sirenc::{Decoder, Encoder, Picture, Samples, View};
//!
//! # fn main() -> Result<(), sirenc::Error> {
//! let gradient = (0..48u32 * 32).flat_map(|i| [i % 48 * 5, i / 48 * 7, 128].map(|v| v as u8)).collect();
//! let picture = Picture::new(48, 32, 3, Samples::U8(gradient))?;
//!
//! let encoded = Encoder::new().with_layers(2).with_width(16).with_steps(300).encode(&picture)?;
//! println!("{} bytes, {:.1} dB", encoded.bytes.len(), encoded.psnr);
//!
//! let decoder = Decoder::new(&encoded.bytes)?;
//! let larger = decoder.picture(&View::scaled(&decoder, 4.0)?)?;
//! assert_eq!((larger.width(), larger.height()), (192, 128));
//! # Ok(())
//! # }
//! ```
//!
//! # Debug builds
//! Kernels are generic code that only an optimising build makes fast: in a debug build a fit takes some fifty times as
//! long. `[profile.dev.package."*"]` with `opt-level = 3` in the program's `Cargo.toml` gives the library its speed in
//! debug builds too.
//!
//! # Inside
//! Decoding lies below encoding, and arrows run one way:
//! `engine -> model -> decode -> encode -> study`. What fits networks, `fit` (the loop and its optimisers) and
//! `objective` (which points to draw and which loss to put there), lies beside `decode` and is used by `encode` alone.
//! `signal` and `metric` know no engine, and the `siren-format` crate knows bytes and integers only.

// Not `forbid`: the macro `s!` of ndarray allows it for itself.
#![deny(unsafe_code)]
// What only fits need is not told apart in modules that decoders share with them.
#![cfg_attr(not(feature = "encode"), allow(dead_code, unused_imports))]

mod decode;
#[cfg(feature = "encode")]
mod encode;
mod engine;
mod error;
#[cfg(feature = "encode")]
mod fit;
#[cfg(feature = "media")]
pub mod media;
pub mod metric;
mod model;
#[cfg(feature = "encode")]
mod objective;
pub mod signal;
#[cfg(feature = "encode")]
pub mod study;

pub use decode::{
    Camera, Decoder, Derivative, FloatStrip, FrameTimes, Frames, Mesh, Opened, PlaceholderDecoder,
    Playback, Region, Shading, ShapeDecoder, SoundDecoder, Strip, VideoDecoder, View, open,
};
#[cfg(feature = "encode")]
pub use encode::{
    Checkpoint, DEFAULT_EFFORT, EFFORT_STEPS, Encoded, EncodedShape, EncodedSound, Encoder,
    EncoderOf, GridUse, KindSettings, PLACEHOLDER_BYTES, PictureSettings, PixelSettings,
    PlaceholderEncoder, ShapeEncoder, ShapeSettings, SoundEncoder, SoundSettings, VideoEncoder,
    VideoSettings,
};
pub use engine::grid::{LatentGrid, LatentGrids};
pub use engine::kernel::TILE;
#[cfg(any(test, feature = "counted"))]
pub use engine::net::counted;
pub use engine::net::{
    Activation, Architecture, Device, Differentiator, Engine, Field, Jets, Layer, Network,
    Objective, Order, Squares, Trace,
};
pub use engine::simd::name as simd_level;
pub use error::{Checkpointing, Error, GpuError};
#[cfg(feature = "encode")]
pub use fit::{Fitted, Fitter, Progress};
#[cfg(feature = "encode")]
pub use model::network_file;
/// Parameters and batches of points are arrays of this crate.
pub use ndarray;
#[cfg(feature = "encode")]
#[doc(hidden)]
pub use objective::latents::GridKernels;
#[cfg(feature = "encode")]
pub use objective::{Blend, Derivatives, Jet, Problem};
pub use signal::{Clip, Grid, Picture, Placement, Point, Samples, Sound, Surface, VideoSource};
/// Bytes and integers of files, below everything here.
pub use siren_format as format;
pub use siren_format::{Cost, Limits};
