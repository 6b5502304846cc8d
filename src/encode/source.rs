//! What a file is to hold, as fitting and coding see it.

use crate::decode::{Decoder, View};
use crate::metric::SquaredError;
use crate::signal::Picture;
use crate::{Error, Limits};
use siren_format::{Colour, Samples, Signal};

/// A signal to be stored: what the header of its file says, what suits it, and how good a file of it is.
pub(super) trait Source: Sync {
    /// Kind and stored size.
    fn signal(&self) -> Signal;

    /// What the outputs of the network become.
    fn samples(&self) -> Samples;

    /// The ICC profile of the signal, if it has one.
    fn icc(&self) -> Option<&[u8]> {
        None
    }

    /// Bytes of a file whose size is not set.
    fn bytes(&self) -> u64;

    /// omega_0 of the first layer and of the others, where they are not set.
    fn omegas(&self) -> [f64; 2];

    /// How good the file `bytes` is, in dB: a picture's PSNR, and for a shape the side of its cube by the root mean
    /// square distance.
    ///
    /// # Errors
    /// [`Error::Format`] if it cannot be decoded.
    fn measure(&self, bytes: &[u8]) -> Result<f64, Error>;
}

/// Inputs and outputs of the network.
pub(super) fn ends(source: &dyn Source) -> [u32; 2] {
    [
        source.signal().coordinates(),
        source.samples().channels.into(),
    ]
}

impl Source for Picture {
    fn signal(&self) -> Signal {
        Signal::Picture {
            width: self.width(),
            height: self.height(),
        }
    }

    fn samples(&self) -> Samples {
        Samples {
            channels: self.channels(),
            depth: self.samples().depth(),
            colour: Colour::Direct,
        }
    }

    fn icc(&self) -> Option<&[u8]> {
        self.icc()
    }

    /// A quarter of a bit per pixel, but beyond 12 kB only as fast as the side, and at most 20 kB; of pictures so
    /// small that this would be less than 256 bytes, as much as their samples take, up to that.
    fn bytes(&self) -> u64 {
        let pixels = self.pixels() as f64;
        let samples = pixels * f64::from(self.channels());
        let least = samples.clamp(64.0, 256.0);
        let side = (pixels / (768.0 * 512.0)).sqrt();
        (pixels * 0.25 / 8.0)
            .min(12_288.0 * side.max(1.0))
            .clamp(least, 20_480.0) as u64
    }

    /// 20 suits photographs: at 30, what a fit starts from is noise too fine. 30 in the others, as in the paper.
    fn omegas(&self) -> [f64; 2] {
        [20.0, 30.0]
    }

    /// PSNR over all visible samples, strip by strip.
    fn measure(&self, bytes: &[u8]) -> Result<f64, Error> {
        let decoder = Decoder::with_limits(bytes, &Limits::none())?;
        let mut error = SquaredError::default();
        let row = self.width() as usize * usize::from(self.channels());
        decoder.render(&View::whole(&decoder), |strip| {
            error.add(self, strip.y as usize * row, &strip.samples);
            Ok::<_, Error>(())
        })?;
        Ok(error.psnr(self.samples().peak()))
    }
}
