//! Encodes that can be interrupted and resumed.
//!
//! Encoding is deterministic: it is a sequence of fits, with short computations between them that depend on the
//! outcomes of these fits alone. A checkpoint is therefore a journal of the outcome of each finished fit and of the
//! state of the one under way. To resume, the encode is run again from its beginning, and takes the outcomes of the
//! fits that the journal holds from there instead of computing them. This module does not depend on which fits an
//! encode consists of.
//!
//! Where several networks are fitted side by side, each has a journal of its own, and a checkpoint has all of them.

use crate::engine::net::Network;
use crate::error::{Checkpointing, Error};
use crate::fit::{Archive, Fitted, Persist, Rounding};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first bytes of every checkpoint: a signature with the version of the program and of the format.
const MAGIC: &[u8] = concat!("sirenc ", env!("CARGO_PKG_VERSION"), " checkpoint 1\n").as_bytes();

/// How old the state in a checkpoint may be of the other fits that run beside the one that makes it.
const OLDEST: Duration = Duration::from_secs(1);

/// Identifies an encode by its settings and its signal. The hashes guard against mistakes, not against malice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Hash of everything else that the bytes of the file depend on.
    pub(super) settings: u64,
    /// Hash of the signal.
    pub(super) signal: u64,
}

/// A hash that is the same in every run of this program.
pub(super) fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The fits of an encode: those finished, and what is left of a checkpoint to be taken from it.
pub(super) struct Journal {
    key: Key,
    finished: Vec<Vec<u8>>,
    /// Outcomes of fits finished before the checkpoint.
    replay: VecDeque<Vec<u8>>,
    /// The fit that was under way.
    under_way: Option<Vec<u8>>,
}

/// How a fit is to be begun.
pub(super) enum Entry {
    /// The fit was finished.
    Finished(Vec<u8>),
    /// It was under way, in this state.
    UnderWay(Vec<u8>),
    /// The fit was not begun.
    Fresh,
}

impl Journal {
    /// The journal of an encode that begins, or resumes from the bytes of a checkpoint.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are no checkpoint of an encode with the same key.
    pub(super) fn new(key: Key, checkpoint: Option<&[u8]>) -> Result<Self, Error> {
        let mut journal = Self {
            key,
            ..Self::unkept()
        };
        if let Some(bytes) = checkpoint {
            let body = opened(key, bytes).map_err(Error::Checkpoint)?;
            journal.read(body).map_err(Error::Checkpoint)?;
        }
        Ok(journal)
    }

    /// The journal of fits of which no checkpoint can be made.
    pub(super) fn unkept() -> Self {
        Self {
            key: Key {
                settings: 0,
                signal: 0,
            },
            finished: Vec::new(),
            replay: VecDeque::new(),
            under_way: None,
        }
    }

    fn read(&mut self, mut body: Body<'_>) -> Result<(), Checkpointing> {
        for _ in 0..body.number()? {
            self.replay.push_back(body.item()?);
        }
        // Beside other fits there need not be one.
        if !body.0.is_empty() {
            self.under_way = Some(body.item()?);
        }
        Ok(())
    }

    /// What it takes to go on from here, with the state of the fit that is under way if one is.
    fn body(&self, under_way: Option<Vec<u8>>) -> Vec<u8> {
        let under_way = under_way.as_ref().or(self.under_way.as_ref());
        let mut body = Vec::new();
        number(&mut body, (self.finished.len() + self.replay.len()) as u64);
        for bytes in self.finished.iter().chain(&self.replay).chain(under_way) {
            item(&mut body, bytes);
        }
        body
    }

    /// How the next fit is to be begun.
    pub(super) fn next(&mut self) -> Entry {
        match (self.replay.pop_front(), &mut self.under_way) {
            (Some(outcome), _) => Entry::Finished(outcome),
            (None, under_way) => under_way.take().map_or(Entry::Fresh, Entry::UnderWay),
        }
    }

    /// Notes a finished fit.
    pub(super) fn push(&mut self, outcome: Vec<u8>) {
        self.finished.push(outcome);
    }
}

/// The journals of networks that are fitted side by side.
pub(super) struct Journals {
    key: Key,
    /// What it takes to go on with each, and when that was noted.
    parts: Mutex<Vec<(Vec<u8>, Instant)>>,
}

impl Journals {
    /// The journals of `count` networks whose fits begin, or resume from the bytes of a checkpoint.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are no checkpoint of an encode with the same key.
    pub(super) fn new(key: Key, checkpoint: Option<&[u8]>, count: usize) -> Result<Self, Error> {
        let parts = match checkpoint {
            Some(bytes) => opened(key, bytes).and_then(|mut body| {
                let parts = (0..count).map(|_| body.item()).collect::<Result<_, _>>();
                parts.map_err(|_| Checkpointing::Damaged)
            }),
            None => Ok(vec![Journal::unkept().body(None); count]),
        };
        let parts: Vec<_> = parts.map_err(Error::Checkpoint)?;
        let now = Instant::now();
        Ok(Self {
            key,
            parts: Mutex::new(parts.into_iter().map(|part| (part, now)).collect()),
        })
    }

    fn parts(&self) -> MutexGuard<'_, Vec<(Vec<u8>, Instant)>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal of network `index`, from its beginning.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if the part of the checkpoint for this network is damaged.
    pub(super) fn journal(&self, index: usize) -> Result<Journal, Error> {
        let mut journal = Journal::unkept();
        let read = journal.read(Body(&self.parts()[index].0));
        read.map_err(Error::Checkpoint).map(|()| journal)
    }

    /// Notes what is finished by `journal`, that of network `index`.
    pub(super) fn note(&self, index: usize, journal: &Journal) {
        self.parts()[index] = (journal.body(None), Instant::now());
    }

    /// Notes every so often the state of the fit under way of network `index`.
    ///
    /// # Errors
    /// None at present.
    pub(super) fn step(&self, index: usize, of: &mut Checkpoint<'_>) -> Result<(), Error> {
        let noted = self.parts()[index].1;
        if noted.elapsed() >= OLDEST {
            let body = of.body()?;
            self.parts()[index] = (body, Instant::now());
        }
        Ok(())
    }
}

/// The part of a checkpoint after its key, which must be `key`.
fn opened(key: Key, bytes: &[u8]) -> Result<Body<'_>, Checkpointing> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Checkpointing::Foreign)?;
    let (body, sum) = rest.split_last_chunk().ok_or(Checkpointing::Damaged)?;
    if hash(body) != u64::from_le_bytes(*sum) {
        return Err(Checkpointing::Damaged);
    }
    let mut body = Body(body);
    if body.number()? != key.settings {
        return Err(Checkpointing::Settings);
    }
    if body.number()? != key.signal {
        return Err(Checkpointing::Picture);
    }
    Ok(body)
}

fn number(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(number.to_le_bytes());
}

fn item(bytes: &mut Vec<u8>, item: &[u8]) {
    number(bytes, item.len() as u64);
    bytes.extend(item);
}

/// The rest of a checkpoint's bytes.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn number(&mut self) -> Result<u64, Checkpointing> {
        let (number, rest) = self.0.split_first_chunk().ok_or(Checkpointing::Damaged)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*number))
    }

    fn item(&mut self) -> Result<Vec<u8>, Checkpointing> {
        let length = usize::try_from(self.number()?).map_err(|_| Checkpointing::Damaged)?;
        let item = self.0.split_at_checked(length);
        let (item, rest) = item.ok_or(Checkpointing::Damaged)?;
        self.0 = rest;
        Ok(item.to_vec())
    }
}

/// An encode between two steps, of which a checkpoint can be made.
pub struct Checkpoint<'a> {
    pub(super) journal: &'a Journal,
    /// The state of the fit that is under way.
    pub(super) moment: &'a mut dyn Persist,
    /// Where there are several, all journals and the place of this one among them.
    pub(super) beside: Option<(&'a Journals, usize)>,
}

impl Checkpoint<'_> {
    /// The bytes that [`crate::Encoder::encode_resumable`] needs to resume from here: about six times as many as the
    /// weights take as floats.
    ///
    /// # Errors
    /// None at present.
    pub fn to_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let own = self.body()?;
        let key = self.beside.map_or(self.journal.key, |(all, _)| all.key);
        let mut body = Vec::new();
        number(&mut body, key.settings);
        number(&mut body, key.signal);
        match self.beside {
            Some((all, index)) => {
                for (other, (part, _)) in all.parts().iter().enumerate() {
                    item(&mut body, if other == index { &own } else { part });
                }
            }
            None => body.extend(own),
        }
        let sum = hash(&body[..]).to_le_bytes();
        Ok([MAGIC, &body, &sum].concat())
    }

    /// A checkpoint of all networks whose journals are in `all`, where this is the one of network `index`.
    pub(super) fn among<'c>(&'c mut self, all: &'c Journals, index: usize) -> Checkpoint<'c> {
        Checkpoint {
            journal: self.journal,
            moment: self.moment,
            beside: Some((all, index)),
        }
    }

    /// What it takes to go on with this fit and those before it.
    fn body(&mut self) -> Result<Vec<u8>, Error> {
        Ok(self.journal.body(Some(self.moment.save()?)))
    }
}

/// How a fit ended.
pub(super) struct Outcome<'a> {
    pub(super) network: &'a mut Network,
    pub(super) rounding: Option<&'a mut dyn Rounding>,
    pub(super) fitted: Fitted,
}

impl Persist for Outcome<'_> {
    fn visit(&mut self, archive: &mut Archive<'_>) -> Result<(), Error> {
        self.network.visit(archive)?;
        self.fitted.visit(archive)?;
        match &mut self.rounding {
            Some(rounding) => rounding.visit(archive),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Picture, Samples, Sound};
    use crate::{Derivatives, Encoder, SoundEncoder};
    use std::ops::ControlFlow;

    fn picture() -> Picture {
        let sample =
            |i: u32| (128.0 + 90.0 * (f64::from(i % 20) * f64::from(i / 20) / 40.0).sin()) as u8;
        Picture::new(20, 12, 1, Samples::U8((0..240).map(sample).collect())).unwrap()
    }

    /// From whichever step an encode goes on, on however many threads, its file is the same.
    #[test]
    fn every_checkpoint_leads_to_the_same_file() {
        let picture = picture();
        let small = || Encoder::new().with_layers(2).with_steps(40);
        let encoders = [
            small().with_bytes(120),
            small().with_width(5).with_half_floats(),
            small()
                .with_bytes(120)
                .with_supervision(Derivatives::Gradient),
            // Several fits, one after another.
            small().with_quality(20.0),
        ];
        for encoder in encoders {
            let mut kept = Vec::new();
            let mut taken = 0;
            let whole = encoder.encode_resumable(&picture, None, |_, checkpoint| {
                if taken % 13 == 0 {
                    kept.push(checkpoint.to_bytes().unwrap());
                }
                taken += 1;
                ControlFlow::Continue(())
            });
            let whole = whole.unwrap();
            assert!(kept.len() > 2 && whole.steps == taken);
            for (index, checkpoint) in kept.iter().enumerate() {
                let again = encoder.clone().with_threads(1 + index % 2);
                let mut left = 0;
                let again = again.encode_resumable(&picture, Some(checkpoint), |_, _| {
                    left += 1;
                    ControlFlow::Continue(())
                });
                let again = again.unwrap();
                assert_eq!(again.bytes, whole.bytes, "{encoder:?}, checkpoint {index}");
                assert_eq!(
                    (left, again.steps),
                    (taken - 13 * index as u32 - 1, whole.steps)
                );
            }
        }
    }

    /// Of a sound, whose segments are fitted side by side, what is reported of a step is that of all.
    #[test]
    fn every_checkpoint_of_a_sound_leads_to_the_same_file() {
        let sample = |n: u32| (0.4 * f64::from(n * n) / 9e3).sin() as f32;
        let sound = Sound::new(8000, 1, 16, (0..900).map(sample).collect()).unwrap();
        let small = SoundEncoder::new().with_layers(2).with_steps(40);
        let encoders = [
            small.clone().with_bytes(400).with_segments(0.03),
            small.with_width(5).with_half_floats().with_segments(0.03),
        ];
        for encoder in encoders {
            let mut kept = Vec::new();
            let mut taken = 0;
            let whole = encoder.encode_resumable(&sound, None, |_, checkpoint| {
                if taken % 29 == 0 {
                    kept.push(checkpoint.to_bytes().unwrap());
                }
                taken += 1;
                ControlFlow::Continue(())
            });
            let whole = whole.unwrap();
            assert!(kept.len() > 2 && whole.segments > 1);
            for (index, checkpoint) in kept.iter().enumerate() {
                let again = encoder.clone().with_threads(1 + index % 2);
                let mut left = 0;
                let again = again.encode_resumable(&sound, Some(checkpoint), |_, of| {
                    // One that has not gone far leads there just as well.
                    assert!(left > 0 || !of.to_bytes().unwrap().is_empty());
                    left += 1;
                    ControlFlow::Continue(())
                });
                let again = again.unwrap();
                assert_eq!(again.bytes, whole.bytes, "{encoder:?}, checkpoint {index}");
                assert_eq!(again.steps, whole.steps);
                assert!(left < taken, "{left} of {taken}");
            }
        }
    }

    #[test]
    fn a_cut_or_changed_checkpoint_is_refused() {
        let (picture, encoder) = (
            picture(),
            Encoder::new().with_layers(1).with_width(3).with_steps(3),
        );
        let mut kept = Vec::new();
        let whole = encoder.encode_resumable(&picture, None, |_, checkpoint| {
            kept = checkpoint.to_bytes().unwrap();
            ControlFlow::Continue(())
        });
        whole.unwrap();
        let go_on = |bytes: &[u8]| {
            encoder.encode_resumable(&picture, Some(bytes), |_, _| ControlFlow::Continue(()))
        };
        assert!(go_on(&kept).is_ok());
        for end in 0..kept.len() {
            assert!(
                matches!(go_on(&kept[..end]), Err(Error::Checkpoint(_))),
                "{end}"
            );
        }
        for at in 0..kept.len() {
            let mut changed = kept.clone();
            changed[at] ^= 1;
            assert!(matches!(go_on(&changed), Err(Error::Checkpoint(_))), "{at}");
        }
    }
}
