//! Whether a picture gets grids of latents.

use super::super::encoder::Encoder;
use super::super::plan::Size;
use super::super::settings::Steps;
use crate::signal::Picture;

/// When pictures get grids of latents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GridUse {
    /// Where they are expected to be better than weights alone, as benches/record/2026-11-30-prior.md measured it: in
    /// opaque pictures that have bytes enough.
    #[default]
    Auto,
    /// Always. A picture that cannot have them is an error.
    On,
    /// Never.
    Off,
}

/// Bytes and bits for each pixel from which grids are better than weights alone.
const BYTES: u64 = 400;
const BPP: f64 = 0.008;
/// Pixels of pictures for which that holds, and bytes from which it holds for smaller ones: what is drawn in few pixels is
/// often simple enough for weights alone.
const LARGE: u64 = 1 << 14;
const BYTES_OF_SMALL: u64 = 1_800;
/// Pixels of the largest picture that gets them unasked: their fit takes about 150 bytes for each.
const PIXELS: u64 = 5_000_000;

impl Encoder {
    /// Whether `picture` gets grids of latents.
    pub(in super::super) fn grids_for(&self, picture: &Picture) -> bool {
        match self.own.grids {
            GridUse::On => true,
            GridUse::Off => false,
            GridUse::Auto => self.grids_pay(picture),
        }
    }

    /// Whether grids of latents are expected to be better for `picture` than weights alone.
    fn grids_pay(&self, picture: &Picture) -> bool {
        let settings = &self.settings;
        let reaches = matches!(settings.size, Size::Reach(_));
        // A colour profile leaves fewer bytes for the picture.
        let profile = picture.icc().map_or(0, |icc| icc.len() as u64);
        let bytes = self.size(picture).saturating_sub(profile);
        let least = if picture.pixels() < LARGE {
            BYTES_OF_SMALL
        } else {
            BYTES
        };
        self.own.supervision.is_none()
            // What is said of steps or of a network is said of weights alone.
            && matches!(settings.steps, Steps::Effort(_))
            && !settings.chooses_network()
            && super::check_channels(picture).is_ok()
            && !settings.device.is_accelerated()
            && !reaches
            && picture.pixels() <= PIXELS
            && bytes >= least
            && bytes as f64 * 8.0 >= BPP * picture.pixels() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Derivatives;
    use crate::signal::Samples;

    fn gray(side: u32, channels: u8) -> Picture {
        let count = (side * side * u32::from(channels)) as usize;
        Picture::new(side, side, channels, Samples::U8(vec![9; count])).unwrap()
    }

    #[test]
    fn grids_are_chosen_where_bytes_suffice() {
        let picture = gray(400, 3);
        let encoder = Encoder::new().with_bytes(800);
        assert!(encoder.grids_for(&picture));
        assert!(encoder.clone().with_effort(1).unwrap().grids_for(&picture));
        for other in [
            encoder.clone().with_bytes(390),
            encoder.clone().with_bpp(0.007),
            encoder.clone().with_steps(4_200),
            encoder.clone().with_layers(3),
            encoder.clone().with_psnr(30.0),
            encoder.clone().with_supervision(Derivatives::Gradient),
            encoder.clone().with_grids(GridUse::Off),
        ] {
            assert!(!other.grids_for(&picture), "{other:?}");
        }
        let small = encoder.clone().with_bytes(1_500);
        assert!(!small.grids_for(&gray(100, 3)) && small.grids_for(&picture));
        let profiled = picture.with_icc(Some(vec![0; 500]));
        assert!(!encoder.grids_for(&profiled));
        assert!(!encoder.grids_for(&gray(400, 4)));
        assert!(!encoder.grids_for(&gray(2_300, 3)));
        let asked = encoder.with_bytes(900).with_grids(GridUse::On);
        assert!(asked.grids_for(&gray(20, 3)));
    }
}
