//! Encodes that can be ended and gone on with.
//!
//! Encoding is deterministic: a sequence of fits, with short computations between them that depend on
//! nothing but what the fits gave. So a checkpoint is a journal, the outcome of each finished fit and the
//! state of the one under way, and going on from it is to begin anew, with the fits of the journal taken from
//! there. Which fits there are, and why, is nobody's business here.

use crate::error::{Checkpointing, Error};
use crate::fit::{Archive, Fitted, Moment, Persist, Rounding};
use crate::net::Network;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a checkpoint begins with: that it is one, and of which version.
const MAGIC: &[u8] = concat!("sirenc ", env!("CARGO_PKG_VERSION"), " checkpoint 1\n").as_bytes();

/// What an encode is of. Hashes guard against mistakes, not against malice.
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
    /// It was finished.
    Finished(Vec<u8>),
    /// It was under way, in this state.
    UnderWay(Vec<u8>),
    /// It was not begun.
    Fresh,
}

impl Journal {
    /// The journal of an encode that begins, or goes on from the bytes of a checkpoint.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are no checkpoint of an encode with the same key.
    pub(super) fn new(key: Key, checkpoint: Option<&[u8]>) -> Result<Self, Error> {
        let mut journal = Self {
            key,
            ..Self::unkept()
        };
        if let Some(bytes) = checkpoint {
            journal.read(bytes).map_err(Error::Checkpoint)?;
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

    fn read(&mut self, bytes: &[u8]) -> Result<(), Checkpointing> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Checkpointing::Foreign)?;
        let (body, sum) = rest.split_last_chunk().ok_or(Checkpointing::Damaged)?;
        if hash(body) != u64::from_le_bytes(*sum) {
            return Err(Checkpointing::Damaged);
        }
        let mut body = Body(body);
        if body.number()? != self.key.settings {
            return Err(Checkpointing::Settings);
        }
        if body.number()? != self.key.signal {
            return Err(Checkpointing::Picture);
        }
        for _ in 0..body.number()? {
            self.replay.push_back(body.item()?);
        }
        self.under_way = Some(body.item()?);
        Ok(())
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
pub struct Checkpoint<'a, 'b> {
    pub(super) journal: &'a Journal,
    pub(super) moment: &'a mut Moment<'b>,
}

impl Checkpoint<'_, '_> {
    /// What [`crate::Encoder::encode_resumable`] takes to go on from here: some six times the bytes of the
    /// weights as floats.
    ///
    /// # Errors
    /// None at present.
    pub fn to_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let Journal { key, finished, .. } = self.journal;
        let mut body = Vec::new();
        let number = |body: &mut Vec<u8>, number: u64| body.extend(number.to_le_bytes());
        number(&mut body, key.settings);
        number(&mut body, key.signal);
        number(&mut body, finished.len() as u64);
        for item in finished.iter().chain([&self.moment.save()?]) {
            number(&mut body, item.len() as u64);
            body.extend(item);
        }
        let sum = hash(&body[..]).to_le_bytes();
        Ok([MAGIC, &body, &sum].concat())
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
    use crate::signal::{Picture, Samples};
    use crate::{Derivatives, Encoder};
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
