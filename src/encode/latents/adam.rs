//! The optimiser of latents: Adam (Kingma and Ba 2015, arXiv 1412.6980).

use crate::engine::simd::level;
use crate::fit::{BETA_1, BETA_2, adam_step, bias_correction};
use fearless_simd::dispatch;

/// One step for any number of latents.
#[derive(Clone, Copy)]
pub(super) struct Adam {
    rate: f32,
    /// What makes up for means that began at zero.
    unbias: (f32, f32),
}

impl Adam {
    /// The step with this number, from 0.
    pub(super) fn new(rate: f32, step: u32) -> Self {
        Self {
            rate,
            unbias: bias_correction(BETA_1, BETA_2, step as i32 + 1),
        }
    }

    /// Moves `values`, whose gradients are the product of both `factors`. All slices have the same length.
    pub(super) fn step(
        self,
        values: &mut [f32],
        factors: [&[f32]; 2],
        means: &mut [f32],
        squares: &mut [f32],
    ) {
        dispatch!(level().1, _simd => self.run(values, factors, means, squares));
    }

    #[inline(always)]
    fn run(self, values: &mut [f32], factors: [&[f32]; 2], means: &mut [f32], squares: &mut [f32]) {
        let gradients = factors[0].iter().zip(factors[1]);
        let states = means.iter_mut().zip(squares);
        for ((value, (adjoint, slope)), (mean, square)) in
            values.iter_mut().zip(gradients).zip(states)
        {
            *value -= adam_step(self.rate, adjoint * slope, mean, square, self.unbias);
        }
    }
}
