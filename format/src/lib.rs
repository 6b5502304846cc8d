//! Bytes and integers of the `.siren` file format.
//!
//! A `.siren` file stores a signal (a picture, a shape, a sound or a video) as the weights of small networks
//! with sine activations: the signal is the function that they compute. This crate turns such files into
//! integers and back. It computes no floating-point number, reads no file and draws no picture; weights and latents
//! enter and leave as the integers that the file codes. `SPEC.md`, beside this crate's sources, is the format itself,
//! and every error cites the section of it that a file broke.
//!
//! Bytes from anywhere are safe to give to [`File::from_bytes`]: it returns an [`Error`] for whatever is
//! not a well-formed file, and it holds the file to [`Limits`] before it allocates anything.
//!
//! ```
//! use siren_format::{
//!     Activation, Colour, File, Header, Input, Limits, Network, Samples, Signal, Weights,
//! };
//!
//! let header = Header {
//!     signal: Signal::Picture { width: 768, height: 512 },
//!     samples: Samples { channels: 3, depth: 8, colour: Colour::Direct },
//!     network: Network {
//!         activation: Activation::Sine,
//!         input: Input::Coordinates,
//!         omega_first: 240, // in eighths: 30.0
//!         omega_hidden: 240,
//!         hidden: vec![28; 10],
//!     },
//! };
//! let count = header.parameters(); // 7,479
//! let file = File { header, weights: Weights::Half(vec![0x3C00; count as usize]), latents: None, icc: None };
//!
//! let bytes = file.to_bytes()?;
//! assert_eq!(File::from_bytes(&bytes, &Limits::default())?, file);
//! # Ok::<(), siren_format::Error>(())
//! ```
//!
//! The enumerations that describe a file ([`Signal`], [`Weights`] and the like) are deliberately
//! exhaustive: a decoder has to answer for every kind, and the compiler tells it which.

#![forbid(unsafe_code)]

mod context;
mod cost;
mod differences;
mod error;
mod file;
mod gaussian;
mod grids;
mod half;
mod header;
mod laplace;
mod latents;
mod layout;
mod levels;
mod limits;
mod metadata;
mod placeholder;
mod range;
mod scan;
mod signal;
mod weights;
mod wire;

pub use context::{CONTEXT_INPUTS, CONTEXT_MAX, NEIGHBOURS, PARENTS, SCALE_ORIGIN, context_prior};
pub use cost::{Cost, OPERATIONS_PER_SECOND, TILE};
pub use differences::{COLOUR_PRIOR_BITS, colour_prior, colour_prior_columns};
pub use error::{Error, Fault, Feature};
pub use file::{File, Measured};
pub use grids::{ContextNetwork, Grid, Grids, series};
pub use header::{Activation, Colour, Header, Input, Network, OMEGA_UNITS, Samples};
pub use latents::{LatentCosts, Latents};
pub use layout::{Layout, Part, Span, inspect};
pub use levels::{LEVEL_MAX, STEP_ORIGIN, STEP_UNITS, Tensor};
pub use limits::{Exceeded, Limits, Quantity};
pub use metadata::Metadata;
pub use placeholder::{
    ASPECT_UNITS, Aspect, Choice, Frequency, PLACEHOLDER_INPUTS, PLACEHOLDER_LAYERS,
    PLACEHOLDER_MAX, PLACEHOLDER_STEP_MAX, Placeholder, Prior,
};
pub use signal::Signal;
pub use weights::{BIT, Coding, Weights};
