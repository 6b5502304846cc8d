//! One step of the optimiser SOAP, as the CPU and a GPU both take it.

/// The numbers by which one step of SOAP differs from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stride {
    /// Approximate change of every parameter.
    pub(crate) rate: f32,
    /// The factors that correct the bias of the mean gradient and of its mean square.
    pub(crate) unbias: [f32; 2],
    /// Whether the bases are refreshed after the step.
    pub(crate) refresh: bool,
}
