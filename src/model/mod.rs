//! The parameters of a file as a network: from integers to floats and back, and what of them is free to choose.

pub(crate) mod cosines;
pub(crate) mod symmetry;
pub(crate) mod weights;
