//! Grids of latents over a picture, and the smooth functions that they are the coefficients of.
//!
//! A grid has a node at the centre of every square of 2^k pixels. Its values are the coefficients of a uniform cubic
//! B-spline, which is twice continuously differentiable, so that what a network makes of several grids has exact first
//! derivatives and a continuous Laplacian everywhere. Beyond the edges the outermost values repeat.
//!
//! [`LatentGrids`] evaluates jets at any points, for decoding. [`Blocks`] interpolates squares of 16 x 16 pixels and
//! carries adjoints back to the nodes, for fits.

mod blocks;
mod features;
mod spline;

pub(crate) use blocks::{BLOCK, Blocks};
pub use features::{LatentGrid, LatentGrids};
