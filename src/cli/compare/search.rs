//! The setting of a codec that meets a target, found by bisection.

use super::codec::{Codec, Source};
use super::entry::Coded;
use super::measure;
use crate::cli::failure::Failure;
use sirenc::{Picture, metric};
use std::collections::BTreeMap;

/// The first of the settings `0..count` for which `holds`, if it does not hold below some setting and
/// does from there on; `count` if it holds for none. Where that is so but nearly, it is a setting for
/// which it holds, or `count`, and it does not hold just below.
pub(super) fn first(
    count: u32,
    mut holds: impl FnMut(u32) -> Result<bool, Failure>,
) -> Result<u32, Failure> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// What a codec makes of one picture. Each setting is tried once.
pub(super) struct Trials<'a> {
    codec: &'a Codec,
    source: &'a Source,
    tried: BTreeMap<u32, Trial>,
}

/// One setting, tried. The decoded picture is not kept: it would be the memory of all this.
struct Trial {
    bytes: Vec<u8>,
    encode_seconds: f64,
    psnr: Option<f64>,
}

/// The outcome of a search.
pub(super) struct Found {
    pub(super) setting: u32,
    /// No setting meets the target; this one is the nearest to it.
    pub(super) missed: bool,
    pub(super) coded: Coded,
}

impl<'a> Trials<'a> {
    pub(super) fn new(codec: &'a Codec, source: &'a Source) -> Self {
        Self {
            codec,
            source,
            tried: BTreeMap::new(),
        }
    }

    /// The best picture that takes at most `bytes` bytes, or the smallest file if all take more.
    pub(super) fn within_bytes(&mut self, bytes: usize) -> Result<Found, Failure> {
        let count = self.codec.settings();
        let larger = first(
            count,
            |setting| Ok(self.trial(setting)?.bytes.len() > bytes),
        )?;
        self.found(larger.saturating_sub(1), larger == 0)
    }

    /// The smallest file of at least `psnr` dB, or the best picture if none has as much.
    pub(super) fn at_psnr(&mut self, psnr: f64) -> Result<Found, Failure> {
        let count = self.codec.settings();
        let enough = first(count, |setting| Ok(self.psnr(setting)? >= psnr))?;
        self.found(enough.min(count - 1), enough == count)
    }

    fn trial(&mut self, setting: u32) -> Result<&mut Trial, Failure> {
        if !self.tried.contains_key(&setting) {
            let (bytes, encode_seconds) = self.codec.encode(self.source, setting)?;
            let trial = Trial {
                bytes,
                encode_seconds,
                psnr: None,
            };
            self.tried.insert(setting, trial);
        }
        Ok(self.tried.get_mut(&setting).expect("it is there by now"))
    }

    fn psnr(&mut self, setting: u32) -> Result<f64, Failure> {
        let (codec, source) = (self.codec, self.source);
        let trial = self.trial(setting)?;
        if let Some(psnr) = trial.psnr {
            return Ok(psnr);
        }
        let (decoded, _) = codec.decode(&trial.bytes, source)?;
        let psnr = metric::psnr(source.picture(), &decoded);
        trial.psnr = Some(psnr);
        Ok(psnr)
    }

    fn found(&mut self, setting: u32, missed: bool) -> Result<Found, Failure> {
        let (codec, source) = (self.codec, self.source);
        let trial = self.trial(setting)?;
        let (decoded, decode_seconds) = codec.decode(&trial.bytes, source)?;
        Ok(Found {
            setting,
            missed,
            coded: Coded {
                bytes: trial.bytes.clone(),
                decoded,
                encode_seconds: Some(trial.encode_seconds),
                decode_seconds,
            },
        })
    }
}

/// Divisors of width and height of a picture that is reduced before it is coded.
pub(super) const REDUCTIONS: [u32; 3] = [2, 4, 8];

/// The best picture that `codec` gives within `bytes` bytes if it codes a reduced one, which is enlarged
/// again after: the one reduction of `reduced` (by [`REDUCTIONS`]) that comes nearest to `original`, and
/// the divisor. If none of them fits, the smallest file.
pub(super) fn reduced_within_bytes(
    codec: &Codec,
    original: &Picture,
    reduced: &[(u32, Source)],
    bytes: usize,
) -> Result<Option<(u32, Found)>, Failure> {
    let mut best: Option<(u32, Found, f64)> = None;
    for (divisor, source) in reduced {
        let mut found = Trials::new(codec, source).within_bytes(bytes)?;
        let (width, height) = (original.width(), original.height());
        found.coded.decoded = measure::scaled(&found.coded.decoded, width, height)?;
        let psnr = metric::psnr(original, &found.coded.decoded);
        let better =
            best.as_ref()
                .is_none_or(|(_, best, most)| match (found.missed, best.missed) {
                    (false, false) => psnr > *most,
                    (true, true) => found.coded.bytes.len() < best.coded.bytes.len(),
                    (missed, _) => !missed,
                });
        if better {
            best = Some((*divisor, found, psnr));
        }
    }
    Ok(best.map(|(divisor, found, _)| (divisor, found)))
}
