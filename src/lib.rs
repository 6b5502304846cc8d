//! Signals stored as the weights of a small sine network.
//!
//! A picture is a function, and the file is that function's weights. A SIREN (a multilayer perceptron
//! with sine activations, Sitzmann et al. 2020, arXiv 2006.09661) maps a coordinate to a colour.
//! [`Encoder`] fits it to a [`Picture`] and writes a `.siren` file; [`Decoder`] evaluates it, at any
//! resolution and in any region; [`Field`] evaluates it at arbitrary points. Scaling interpolates; it
//! does not invent detail. The function has exact derivatives, which can be rendered too: see [`Derivative`].
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
//! Arrows run one way:
//! `simd -> kernel -> net -> fit -> task -> codec -> study`, with `signal` and `metric` as leaves that know
//! no engine, and the `siren-format` crate for bytes and integers. With the feature `gpu`, a module of that
//! name stands beside `kernel`; [`Device`] says which of the two does the work. `study` looks into networks that become
//! no file.

// The command names the library as any other user does.
#[cfg(feature = "cli")]
extern crate self as sirenc;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod codec;
mod error;
mod fit;
#[cfg(feature = "gpu")]
mod gpu;
mod kernel;
pub mod metric;
mod net;
pub mod signal;
mod simd;
pub mod study;
mod task;

pub use codec::{
    Camera, Checkpoint, DEFAULT_EFFORT, Decoder, Derivative, EFFORT_STEPS, Encoded, EncodedShape,
    EncodedSound, Encoder, FloatStrip, Mesh, Moments, Playback, Region, Shading, ShapeDecoder,
    SoundDecoder, Strip, VideoDecoder, View,
};
pub use error::{Checkpointing, Error, GpuError};
pub use fit::{Fitted, Fitter, Progress};
pub use kernel::TILE;
pub use net::{
    Activation, Device, Differentiator, Engine, Field, Jets, Layer, Network, Objective, Order,
    Shape, Squares, Trace,
};
pub use signal::{Clip, Footage, Grid, Picture, Placement, Point, Samples, Sound, Surface};
pub use simd::name as simd_level;
pub use siren_format::Limits;
pub use task::{Blend, Derivatives, Jet, Problem};
