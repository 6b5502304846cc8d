//! Videos into files: a network from x, y and t to colours.

#[cfg(test)]
mod tests;

use super::attempts::Finished;
use super::checkpoint::{self, Checkpoint, Journal};
use super::source::Source;
use super::{Encoded, VideoEncoder};
use crate::decode::{FrameTimes, VideoDecoder, on_threads};
use crate::fit::Progress;
use crate::metric::SquaredError;
use crate::objective::Video;
use crate::signal::{Samples, VideoSource};
use crate::{Error, Limits};
use siren_format::{Colour, Signal};
use std::io;
use std::ops::ControlFlow;

/// The PSNR in dB that counts for an exact frame, lest it outweigh all others.
const EXACT: f64 = 100.0;
/// The largest sample.
const PEAK: f64 = u8::MAX as f64;

impl VideoEncoder {
    /// Fits a network to `footage` and returns the file. Its PSNR is the mean of the frames' (an exact one counts
    /// as 100 dB), bits per pixel are those of all frames.
    ///
    /// Memory does not depend on the number of frames: each batch reads the rows it needs.
    ///
    /// # Errors
    /// [`Error::Read`] if the footage cannot be read; else as [`Encoder::encode`](crate::Encoder::encode).
    pub fn encode(&self, footage: &dyn VideoSource) -> Result<Encoded, Error> {
        self.encode_with(footage, |_| ControlFlow::Continue(()))
    }

    /// As [`VideoEncoder::encode`], reporting to `progress` as [`Encoder::encode_with`](crate::Encoder::encode_with)
    /// does.
    ///
    /// # Errors
    /// As [`VideoEncoder::encode`].
    pub fn encode_with(
        &self,
        footage: &dyn VideoSource,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.encode_resumable(footage, None, |report, _| progress(report))
    }

    /// As [`VideoEncoder::encode_with`], going on from a `checkpoint` as
    /// [`Encoder::encode_resumable`](crate::Encoder::encode_resumable) does.
    ///
    /// # Errors
    /// As [`VideoEncoder::encode`], and [`Error::Checkpoint`] if the checkpoint is damaged or of another
    /// encode.
    pub fn encode_resumable(
        &self,
        footage: &dyn VideoSource,
        checkpoint: Option<&[u8]>,
        mut progress: impl FnMut(&Progress, &mut Checkpoint<'_>) -> ControlFlow<()> + Send,
    ) -> Result<Encoded, Error> {
        self.validate()?;
        let journal = Journal::new(self.key(&Filmed(footage).hash()?), checkpoint)?;
        on_threads(self.settings.threads, || {
            let task = Video::new(footage, self.settings.seed).normalised();
            let mut tell = |report: &Progress, checkpoint: &mut Checkpoint<'_>| {
                if task.failed() {
                    ControlFlow::Break(())
                } else {
                    progress(report, checkpoint)
                }
            };
            let fitted = self
                .settings
                .fit(&Filmed(footage), &task, &mut tell, journal);
            match task.failure() {
                Some(error) => Err(error.into()),
                None => fitted.map(|finished| encoded(finished, footage)),
            }
        })?
    }
}

fn encoded(finished: Finished, footage: &dyn VideoSource) -> Encoded {
    let Finished {
        candidate,
        steps,
        elapsed,
    } = finished;
    Encoded {
        psnr: candidate.quality,
        bpp: candidate.bytes.len() as f64 * 8.0 / footage.clip().pixels() as f64,
        bytes: candidate.bytes,
        parameters: candidate.parameters,
        steps,
        elapsed,
    }
}

/// A video as the encoder sees it.
struct Filmed<'a>(&'a dyn VideoSource);

impl Filmed<'_> {
    /// A hash of all samples, read once.
    fn hash(&self) -> io::Result<u64> {
        let clip = self.0.clip();
        let mut row = vec![0; clip.width() as usize * usize::from(clip.channels())];
        let mut sum = checkpoint::hash(clip);
        for frame in 0..clip.frames() {
            for index in 0..clip.height() {
                self.0.row(frame, index, &mut row)?;
                sum = checkpoint::hash((sum, &row));
            }
        }
        Ok(sum)
    }
}

impl Source for Filmed<'_> {
    fn signal(&self) -> Signal {
        let clip = self.0.clip();
        Signal::Video {
            width: clip.width(),
            height: clip.height(),
            frames: clip.frames(),
            rate: clip.rate(),
        }
    }

    fn samples(&self) -> siren_format::Samples {
        siren_format::Samples {
            channels: self.0.clip().channels(),
            depth: 8,
            colour: Colour::Direct,
        }
    }

    /// A quarter of a bit per pixel of all frames, but at most 20 kB: what a minute's fit can make use of.
    fn bytes(&self) -> u64 {
        (self.0.clip().pixels() as f64 * 0.25 / 8.0).clamp(64.0, 20_480.0) as u64
    }

    /// 10 in the first layer: less than for pictures, since the fit has more points to learn from and frames
    /// between those it sees should be as smooth as they are.
    fn omegas(&self) -> [f64; 2] {
        [10.0, 30.0]
    }

    /// The mean PSNR of the frames.
    fn measure(&self, bytes: &[u8]) -> Result<f64, Error> {
        let clip = self.0.clip();
        let decoder = VideoDecoder::with_limits(bytes, &Limits::none())?;
        let width = clip.width() as usize * usize::from(clip.channels());
        let (mut psnr, mut row) = (0.0, vec![0; width]);
        let (view, moments) = (decoder.view(1.0)?, FrameTimes::stored(&decoder));
        let mut frames = decoder.rendering(&view, &moments)?;
        for frame in 0..clip.frames() {
            let mut error = SquaredError::default();
            frames.frame(frame, |strip| {
                let Samples::U8(decoded) = strip.samples else {
                    return Ok(());
                };
                for (index, decoded) in (strip.y..).zip(decoded.chunks_exact(width)) {
                    self.0.row(frame, index, &mut row)?;
                    error.add_bytes(&row, decoded);
                }
                Ok::<_, Error>(())
            })?;
            psnr += error.psnr(PEAK).min(EXACT);
        }
        let frames = f64::from(clip.frames());
        Ok(psnr / frames)
    }
}
