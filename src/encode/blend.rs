//! Two pictures fused by their gradients into one file.

use super::checkpoint::Journal;
use super::{Encoded, Encoder};
use crate::Error;
use crate::decode::on_threads;
use crate::fit::Progress;
use crate::objective::{Blend, Blended, Gradients, Image};
use crate::signal::Picture;
use std::ops::ControlFlow;

impl Encoder {
    /// Fits a network to the gradients of `a` and `b` together, and returns the file: two pictures in one,
    /// without a seam (Sitzmann et al. 2020, section 4.1; Perez et al. 2003). Its PSNR is that against the
    /// picture whose gradients are nearest to the composed ones, which need not be those of any.
    ///
    /// Gray beside colour is taken as colour. The profile is that of `a`, if that has colour or neither
    /// has.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the pictures or the mask differ in size or have transparency, or a share is
    /// not 0 to 1; else as [`Encoder::encode`].
    pub fn blend(&self, a: &Picture, b: &Picture, how: &Blend) -> Result<Encoded, Error> {
        self.blend_with(a, b, how, |_| ControlFlow::Continue(()))
    }

    /// As [`Encoder::blend`], reporting to `progress` as [`Encoder::encode_with`] does.
    ///
    /// # Errors
    /// As [`Encoder::blend`].
    pub fn blend_with(
        &self,
        a: &Picture,
        b: &Picture,
        how: &Blend,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.validate()?;
        on_threads(self.settings.threads, || {
            let Blended {
                gradients,
                means,
                picture,
            } = Blended::new(a, b, how)?;
            let values = Image::new(&picture, self.settings.seed);
            let task = Gradients::new(gradients, means, values, self.settings.seed);
            let journal = Journal::new(self.key(&picture), None)?;
            self.fit_picture(&picture, &task, &mut |report, _| progress(report), journal)
        })?
    }
}
