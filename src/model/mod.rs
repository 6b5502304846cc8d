//! The parameters of a file as a network: from integers to floats and back, and what of them is free to choose.

pub(crate) mod cosines;
#[cfg(feature = "encode")]
mod network_file;
pub(crate) mod symmetry;
pub(crate) mod weights;

#[cfg(feature = "encode")]
pub use network_file::network_file;
