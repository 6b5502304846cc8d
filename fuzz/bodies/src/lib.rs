//! What the fuzzers run on each input. The tests run the same, on every input that a fuzzer has found worth
//! keeping, so that no finding returns.
//!
//! A body takes any bytes at all and panics where a promise is broken; running for ever or out of memory
//! counts as that. Bodies see what every user of the crates sees, and no more.

#[cfg(feature = "render")]
mod cost;
mod entropy;
mod latents;
mod model;
mod parse;
mod placeholder;
#[cfg(feature = "render")]
mod readers;
#[cfg(feature = "render")]
mod render;

#[cfg(feature = "render")]
pub use cost::cost;
pub use entropy::entropy;
pub use latents::latents;
pub use model::roundtrip;
pub use parse::{parse, read, resealed, rewrite};
pub use placeholder::placeholder;
#[cfg(feature = "render")]
pub use readers::{info, jpeg, media, mp3, ogg, open, webp};
#[cfg(feature = "render")]
pub use render::decode_limited;

/// A body: it takes any bytes.
pub type Body = fn(&[u8]);

/// Every body by the name of its target.
pub const BODIES: &[(&str, Body)] = &[
    ("parse", parse),
    ("roundtrip", roundtrip),
    ("entropy", entropy),
    ("latents", latents),
    ("placeholder", placeholder),
    #[cfg(feature = "render")]
    ("decode_limited", decode_limited),
    #[cfg(feature = "render")]
    ("media", media),
    #[cfg(feature = "render")]
    ("cost", cost),
    #[cfg(feature = "render")]
    ("open", open),
    #[cfg(feature = "render")]
    ("info", info),
    #[cfg(feature = "render")]
    ("ogg", ogg),
    #[cfg(feature = "render")]
    ("mp3", mp3),
    #[cfg(feature = "render")]
    ("jpeg", jpeg),
    #[cfg(feature = "render")]
    ("webp", webp),
];
