//! The one integration-test binary.

#[cfg(feature = "cli")]
mod cli;
#[cfg(all(feature = "cli", feature = "gpu"))]
mod gpu;
mod house;
#[cfg(feature = "cli")]
mod levels;
#[cfg(feature = "encode")]
mod placeholder;
