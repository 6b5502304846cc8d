//! Perceptrons of sines on a GPU, through Vulkan, Metal or Direct3D 12: values, gradients of squares, and descents
//! along these.
//!
//! It stands beside [`super::kernel`] and knows as little: layers as slices of floats, points as rows. What
//! a workgroup does is said in `shader.wgsl` and `soap.wgsl`; [`plan`] chooses sizes for it that a device has room for.
//!
//! Limits are those that WebGPU asks of every device, but for workgroup memory, of which a device's own is
//! used: more of it allows larger tiles, and wider layers.

mod adapter;
mod descent;
mod engine;
mod gradient;
mod plan;
mod soap;
mod values;

pub(crate) use adapter::{Gpu, adapters};
pub(crate) use descent::Descent;
pub(crate) use gradient::Gradient;
pub(crate) use plan::Perceptron;
pub(crate) use values::Values;

/// Points handed over at once: bounds the memory they take.
pub(crate) const CHUNK: usize = 1 << 18;
