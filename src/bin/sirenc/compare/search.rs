//! The setting of a codec that meets a target, found by bisection.

use super::codec::{Codec, Source};
use super::entry::Coded;
use super::measure;
use crate::failure::Failure;
use crate::output::Scratch;
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

/// Divisors of width and height that a picture is reduced by before it is coded.
const REDUCTIONS: [f64; 10] = [1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0];

/// What the name of a downscaled entry ends with.
pub(super) const DOWNSCALED: &str = " downscaled";

/// What a downscaled entry is, in words.
pub(super) const REDUCTION: &str = "downscaled: the picture reduced by 1.5 to 32 (Lanczos), coded, and enlarged \
    again (bicubic), by the factor and setting with the best PSNR";

/// A picture, reduced to be coded.
pub(super) struct Reduced {
    divisor: f64,
    source: Source,
    /// The seconds that reducing the picture took.
    seconds: f64,
}

impl Reduced {
    /// `original` by all of [`REDUCTIONS`] that leave it more than a row or column.
    pub(super) fn all(original: &Picture, scratch: &Scratch) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for divisor in REDUCTIONS {
            let side = |pixels: u32| (f64::from(pixels) / divisor).round() as u32;
            let (width, height) = (side(original.width()), side(original.height()));
            if width < 2 || height < 2 {
                break;
            }
            let (reduced, seconds) = measure::timed(|| measure::reduced(original, width, height))?;
            let source = Source::new(reduced, &format!("reduced-{divisor}.png"), scratch)?;
            all.push(Self {
                divisor,
                source,
                seconds,
            });
        }
        Ok(all)
    }
}

/// What a codec makes of one picture that is reduced before and enlarged after.
pub(super) struct ReducedTrials<'a> {
    original: &'a Picture,
    trials: Vec<(&'a Reduced, Trials<'a>)>,
}

impl<'a> ReducedTrials<'a> {
    pub(super) fn new(codec: &'a Codec, original: &'a Picture, reduced: &'a [Reduced]) -> Self {
        let trials = |reduced: &'a Reduced| (reduced, Trials::new(codec, &reduced.source));
        Self {
            original,
            trials: reduced.iter().map(trials).collect(),
        }
    }

    /// Over all reductions the picture nearest to the original that takes at most `bytes` bytes, and how
    /// it is made; if none does, the smallest file. `None` if the picture cannot be reduced.
    pub(super) fn within_bytes(
        &mut self,
        bytes: usize,
    ) -> Result<Option<(String, Found)>, Failure> {
        let (width, height) = (self.original.width(), self.original.height());
        let mut best: Option<(String, Found, f64)> = None;
        for (reduced, trials) in &mut self.trials {
            let mut found = trials.within_bytes(bytes)?;
            let coded = &mut found.coded;
            let (decoded, seconds) =
                measure::timed(|| measure::enlarged(&coded.decoded, width, height))?;
            coded.decoded = decoded;
            coded.decode_seconds += seconds;
            coded.encode_seconds = coded.encode_seconds.map(|it| it + reduced.seconds);
            let psnr = metric::psnr(self.original, &coded.decoded);
            let better =
                best.as_ref()
                    .is_none_or(|(_, best, most)| match (found.missed, best.missed) {
                        (false, false) => psnr > *most,
                        (true, true) => found.coded.bytes.len() < best.coded.bytes.len(),
                        (missed, _) => !missed,
                    });
            if better {
                let setting = trials.codec.setting(trials.source, found.setting);
                best = Some((format!("1/{} {setting}", reduced.divisor), found, psnr));
            }
        }
        Ok(best.map(|(setting, found, _)| (setting, found)))
    }
}
