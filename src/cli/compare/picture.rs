//! One picture, coded by all codecs at all rates.

use super::codec::{Codec, Source};
use super::entry::{Coded, Compared, Entry, Matched, Row, Rows};
use super::inputs::Input;
use super::measure;
use super::search::{self, Found, REDUCTIONS, Trials};
use crate::cli::failure::Failure;
use crate::cli::output::Scratch;
use crate::cli::paths::Place;
use crate::cli::report::Report;
use crate::cli::{encode, picture};
use sirenc::{Decoder, Encoder, Picture, View};
use std::time::Instant;

/// What all pictures are compared with.
pub(super) struct Bench<'a> {
    /// One for each rate.
    pub(super) encoders: &'a [Encoder],
    /// For decoding .siren files.
    pub(super) threads: Option<usize>,
    pub(super) codecs: &'a [Codec],
    /// Whether codecs also code a reduced picture.
    pub(super) reduced: bool,
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
            let entry = Entry::measured(&original, "sirenc".into(), Matched::Siren, coded);
            let row = Row::of(&entry, &original, setting, false);
            points.push(vec![(entry, row)]);
        }
        let mut reduced = Vec::new();
        for divisor in REDUCTIONS.into_iter().filter(|_| self.reduced) {
            let small = measure::reduced(&original, divisor)?;
            let name = format!("reduced-{divisor}.png");
            reduced.push((divisor, Source::new(small, &name, self.scratch)?));
        }
        let source = Source::new(original, "original.png", self.scratch)?;
        let bar = self.report.bar(
            &input.picture,
            "{prefix}  [{bar:30}] {msg}  {elapsed}, {eta} left",
        );
        bar.set_length((self.codecs.len() * points.len()) as u64);
        let coded = self.codecs.iter().try_for_each(|codec| {
            bar.set_message(codec.name);
            let mut trials = Trials::new(codec, &source);
            points.iter_mut().try_for_each(|point| {
                bar.inc(1);
                self.add(codec, &source, &mut trials, &reduced, point)
            })
        });
        bar.finish_and_clear();
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
            sirens.push((coded, place.to_string()));
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
        let mut decoder = Decoder::new(&bytes)?;
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
        reduced: &[(u32, Source)],
        point: &mut Vec<(Entry, Row)>,
    ) -> Result<(), Failure> {
        let original = source.picture();
        let (bytes, psnr) = (point[0].0.bytes.len(), point[0].0.psnr);
        let mut push = |name: String, matched, setting, found: Found| {
            let missed = found.missed;
            let entry = Entry::measured(original, name, matched, found.coded);
            let row = Row::of(&entry, original, setting, missed);
            point.push((entry, row));
        };
        for (matched, found) in [
            (Matched::Bytes, trials.within_bytes(bytes)?),
            (Matched::Psnr, trials.at_psnr(psnr)?),
        ] {
            let setting = codec.setting(found.setting);
            push(codec.name.into(), matched, setting, found);
        }
        let best = search::reduced_within_bytes(codec, original, reduced, bytes)?;
        if let Some((divisor, found)) = best {
            let setting = format!("1/{divisor}, {}", codec.setting(found.setting));
            let name = format!("{}, reduced", codec.name);
            push(name, Matched::Bytes, setting, found);
        }
        Ok(())
    }
}

fn told(input: &Input, original: Picture, points: Points) -> (Rows, Compared) {
    let name = match &input.picture {
        Place::Path(path) => path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into(),
        Place::Standard => "standard input".to_owned(),
    };
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
