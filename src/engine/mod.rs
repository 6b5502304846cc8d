//! The arithmetic of sine networks: vectors, kernels over tiles of points, and the calculus of networks.
//!
//! Arrows run one way: `simd -> kernel -> grid -> net`. With the feature `gpu`, a module of that name stands beside `kernel`,
//! and a [`net::Device`] says which of the two does the work.

#[cfg(feature = "gpu")]
pub(crate) mod gpu;
pub(crate) mod grid;
pub(crate) mod kernel;
pub(crate) mod net;
pub(crate) mod simd;
mod stride;

pub(crate) use stride::Stride;
