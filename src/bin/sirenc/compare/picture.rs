//! One picture, coded by all codecs at all rates.

use super::codec::{Codec, Source};
use super::entry::{Coded, Compared, Entry, Matched, Row, Rows};
use super::inputs::Input;
use super::measure;
use super::search::{DOWNSCALED, Found, Reduced, ReducedTrials, Trials};
use crate::failure::Failure;
use crate::output::Scratch;
use crate::paths::Place;
use crate::report::Report;
use crate::{encode, picture};
use sirenc::{Decoder, Encoder, Limits, Picture, View};
use std::time::Instant;

/// What all pictures are compared with.
pub(super) struct Bench<'a> {
    /// One for each rate.
    pub(super) encoders: &'a [Encoder],
    /// For decoding .siren files.
    pub(super) threads: Option<usize>,
    pub(super) codecs: &'a [Codec],
    /// Whether codecs also code a reduced picture.
    pub(super) downscaled: bool,
    pub(super) scratch: &'a Scratch,
    pub(super) report: &'a Report,
}

/// An entry and its line of the results, for each codec at each rate.
type Points = Vec<Vec<(Entry, Row)>>;

impl Bench<'_> {
    pub(super) fn compare(&self, input: &Input) -> Result<(Rows, Compared), Failure> {
        let original = measure::plain(&picture::read(&input.picture)?)?;
        let mut points = Points::new();
        for (coded, setting) in self.sirens(input, &original)? {
            let codec = "sirenc".into();
            let entry = Entry::measured(&original, codec, Matched::Siren, setting, false, coded);
            let row = Row::of(&entry, &original);
            points.push(vec![(entry, row)]);
        }
        let reduced = if self.downscaled {
            Reduced::all(&original, self.scratch)?
        } else {
            Vec::new()
        };
        let source = Source::new(original, "original.png", self.scratch)?;
        let bar = self.report.bar(Some(&input.picture), "{msg}");
        bar.set_length((self.codecs.len() * points.len()) as u64);
        let coded = self.codecs.iter().try_for_each(|codec| {
            bar.set_message(codec.name);
            let mut trials = Trials::new(codec, &source);
            let usable = if codec.has_pixels() {
                &reduced[..]
            } else {
                &[]
            };
            let mut smaller = ReducedTrials::new(codec, source.picture(), usable);
            points.iter_mut().try_for_each(|point| {
                bar.inc(1);
                self.add(codec, &source, &mut trials, &mut smaller, point)
            })
        });
        drop(bar);
        coded?;
        Ok(told(input, source.into_picture(), points))
    }

    /// The .siren files, smallest first, and how each came about.
    fn sirens(&self, input: &Input, original: &Picture) -> Result<Vec<(Coded, String)>, Failure> {
        let mut sirens = Vec::new();
        if input.sirens.is_empty() {
            for encoder in self.encoders {
                let encoded = encode::fit(encoder, original, &input.picture, self.report)?;
                let seconds = encoded.elapsed.as_secs_f64();
                let setting = format!("{} steps", encoded.steps);
                let coded = self.siren(encoded.bytes, Some(seconds), original)?;
                sirens.push((coded, setting));
            }
        }
        for place in &input.sirens {
            let named = |failure: Failure| Failure::Said(format!("{place}: {failure}"));
            let bytes = picture::read_siren(place).map_err(named)?;
            let coded = self.siren(bytes, None, original).map_err(named)?;
            sirens.push((coded, name(place)));
        }
        sirens.sort_by_key(|(coded, _)| coded.bytes.len());
        Ok(sirens)
    }

    /// A .siren file, decoded.
    fn siren(
        &self,
        bytes: Vec<u8>,
        encode_seconds: Option<f64>,
        original: &Picture,
    ) -> Result<Coded, Failure> {
        let start = Instant::now();
        let mut decoder = Decoder::with_limits(&bytes, &Limits::none())?;
        if let Some(threads) = self.threads {
            decoder = decoder.with_threads(threads);
        }
        if decoder.channels() != original.channels() {
            return Err(Failure::Said(format!(
                "has {} samples a pixel, but the original {}; it is of another picture",
                decoder.channels(),
                original.channels()
            )));
        }
        let decoded = decoder.picture(&View::whole(&decoder))?;
        let decode_seconds = start.elapsed().as_secs_f64();
        Ok(Coded {
            decoded: measure::decoded(&decoded, original)?,
            bytes,
            encode_seconds,
            decode_seconds,
        })
    }

    /// Adds a codec's entries at one rate, of which `point` has the .siren.
    fn add(
        &self,
        codec: &Codec,
        source: &Source,
        trials: &mut Trials,
        reduced: &mut ReducedTrials,
        point: &mut Vec<(Entry, Row)>,
    ) -> Result<(), Failure> {
        let original = source.picture();
        let (bytes, psnr) = (point[0].0.bytes.len(), point[0].0.psnr);
        let mut push = |codec: String, matched, setting, found: Found| {
            let (missed, coded) = (found.missed, found.coded);
            let entry = Entry::measured(original, codec, matched, setting, missed, coded);
            let row = Row::of(&entry, original);
            point.push((entry, row));
        };
        let mut found = vec![(Matched::Bytes, trials.within_bytes(bytes)?)];
        // A file of the one size there is says all of its codec.
        if codec.settings() > 1 {
            found.push((Matched::Psnr, trials.at_psnr(psnr)?));
        }
        for (matched, found) in found {
            let setting = codec.setting(source, found.setting);
            push(codec.name.into(), matched, setting, found);
        }
        if let Some((setting, found)) = reduced.within_bytes(bytes)? {
            push(
                format!("{}{DOWNSCALED}", codec.name),
                Matched::Bytes,
                setting,
                found,
            );
        }
        Ok(())
    }
}

fn told(input: &Input, original: Picture, points: Points) -> (Rows, Compared) {
    let name = name(&input.picture);
    let (entries, rows) = points
        .into_iter()
        .map(|point| point.into_iter().unzip())
        .unzip();
    let rows = Rows {
        name: name.clone(),
        width: original.width(),
        height: original.height(),
        points: rows,
    };
    let compared = Compared {
        name,
        original,
        points: entries,
    };
    (rows, compared)
}

/// The name of a file without its folder, which does not belong into results that may be published.
fn name(place: &Place) -> String {
    match place {
        Place::Path(path) => {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into()
        }
        Place::Standard => "standard input".to_owned(),
    }
}
