//! How far a decoded signal is from its original.

mod bd_rate;
mod ms_ssim;
mod noise;
#[cfg(feature = "encode")]
mod shape;

pub use bd_rate::bd_rate;
pub use ms_ssim::ms_ssim;
pub use noise::{noise_level, segmental_snr, snr};
#[cfg(feature = "encode")]
pub use shape::{Likeness, likeness};

use crate::signal::{Picture, Samples};

/// Sum of squared differences between samples, taken in pieces.
///
/// Colour that is invisible, under an alpha of 0 in the original, does not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct SquaredError {
    sum: f64,
    count: u64,
}

impl SquaredError {
    /// Adds `decoded` samples, which stand for those of `original` from sample `first` on.
    ///
    /// # Panics
    /// If `decoded` reaches beyond the end of the picture.
    pub fn add(&mut self, original: &Picture, first: usize, decoded: &Samples) {
        let scale = 0.5 * original.samples().peak();
        let channels = usize::from(original.channels());
        for start in (0..decoded.len()).step_by(channels) {
            let at = |channel: usize| original.samples().signed(first + start + channel);
            let hidden = original.has_alpha() && at(channels - 1) <= -1.0;
            let skipped = if hidden { channels - 1 } else { 0 };
            for channel in skipped..channels {
                let error = f64::from(at(channel) - decoded.signed(start + channel)) * scale;
                self.sum += error * error;
                self.count += 1;
            }
        }
    }

    /// Adds 8-bit samples and the decoded ones that stand for them. All of them count.
    pub(crate) fn add_bytes(&mut self, original: &[u8], decoded: &[u8]) {
        let square = |(&a, &b): (&u8, &u8)| u64::from(a.abs_diff(b)).pow(2);
        let sum: u64 = original.iter().zip(decoded).map(square).sum();
        self.sum += sum as f64;
        self.count += original.len() as u64;
    }

    /// Mean squared error in squared sample values; 0 if nothing was added.
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum / self.count as f64
        }
    }

    /// Peak signal-to-noise ratio in dB for samples of up to `peak`; infinite without error.
    pub fn psnr(&self, peak: f64) -> f64 {
        10.0 * (peak * peak / self.mean()).log10()
    }
}

/// PSNR in dB of `decoded` against `original`, over all visible samples of all channels.
///
/// # Panics
/// If the two differ in dimensions, channels or depth.
pub fn psnr(original: &Picture, decoded: &Picture) -> f64 {
    assert_alike(original, decoded);
    let mut error = SquaredError::default();
    error.add(original, 0, decoded.samples());
    error.psnr(original.samples().peak())
}

/// Panics unless the two can be compared sample by sample.
fn assert_alike(original: &Picture, decoded: &Picture) {
    let kind = |p: &Picture| (p.width(), p.height(), p.channels(), p.samples().depth());
    assert_eq!(
        kind(original),
        kind(decoded),
        "pictures of different kinds cannot be compared"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_of_known_errors() {
        let picture =
            |values: [u8; 4]| Picture::new(2, 2, 1, Samples::U8(values.to_vec())).unwrap();
        let (a, b) = (picture([0, 10, 20, 255]), picture([1, 9, 21, 254]));
        assert!((psnr(&a, &b) - 48.1308).abs() < 1e-3);
        assert_eq!(psnr(&a, &a), f64::INFINITY);
    }

    #[test]
    fn invisible_colour_does_not_count() {
        let picture =
            |values: [u16; 4]| Picture::new(2, 1, 2, Samples::U16(values.to_vec())).unwrap();
        let original = picture([500, 0, 100, 65_535]);
        assert_eq!(
            psnr(&original, &picture([9, 0, 100, 65_535])),
            f64::INFINITY
        );
        assert!(psnr(&original, &picture([500, 1, 100, 65_535])).is_finite());
    }
}
