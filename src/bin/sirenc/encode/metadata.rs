//! What a file carries beside a picture.

use super::args::{Encode, Metadata as Wanted};
use crate::failure::Failure;
use crate::input::Input;
use sirenc::media::picture::Metadata;
use sirenc::{Encoded, Encoder, Picture};

/// What of an input is not in its file, though it could be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Left {
    /// Whether EXIF or XMP was left out.
    metadata: bool,
    /// The place where it was taken.
    place: bool,
}

/// The same of all inputs, as numbers of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LeftOut {
    metadata: usize,
    place: usize,
}

impl LeftOut {
    pub(crate) fn count(&mut self, left: Left) {
        self.metadata += usize::from(left.metadata);
        self.place += usize::from(left.place);
    }

    /// What is to be said of it, once for all inputs.
    pub(crate) fn told(&self) -> impl Iterator<Item = String> {
        let of = |count: usize| match count {
            1 => "1 picture".into(),
            count => format!("{count} pictures"),
        };
        let metadata = format!(
            "EXIF or XMP of {} left out; carry it with --metadata all",
            of(self.metadata)
        );
        let place = format!(
            "the place of {} left out of what is carried; keep it with --gps",
            of(self.place)
        );
        let told = [(self.metadata, metadata), (self.place, place)];
        told.into_iter()
            .filter_map(|(count, told)| (count > 0).then_some(told))
    }
}

/// Refuses a combination that cannot be meant.
pub(crate) fn check(args: &Encode) -> Result<(), Failure> {
    match args.gps && args.metadata != Wanted::All {
        true => Err(Failure::Usage(
            "--gps is for EXIF and XMP, which only --metadata all carries; add that".into(),
        )),
        false => Ok(()),
    }
}

/// What the file of the picture in `input` is to carry, and what it leaves out.
pub(super) fn wanted(args: &Encode, input: &mut Input) -> Result<(Metadata, Left), Failure> {
    let found = Metadata::of(input.source()).map_err(|error| Failure::reading(&error))?;
    let (found, placed) = found.tidied(args.gps);
    let all = args.metadata == Wanted::All;
    let left = Left {
        metadata: !all && !found.is_empty(),
        place: all && placed && !args.gps,
    };
    let carried = if all { found } else { Metadata::default() };
    Ok((carried, left))
}

/// The encoder of a file that has room for what it is to carry beside `picture`.
pub(super) fn with_room(
    encoder: &Encoder,
    args: &Encode,
    picture: &Picture,
    carried: &Metadata,
) -> Result<Encoder, Failure> {
    let bits = args.fitting.bpp.map(|bpp| bpp * picture.pixels() as f64);
    let asked = args.fitting.bytes.or(bits.map(|bits| (bits / 8.0) as u64));
    let Some(asked) = asked.filter(|_| !carried.is_empty()) else {
        return Ok(encoder.clone());
    };
    let taken = carried.bytes();
    if taken > asked / 3 {
        return Err(Failure::Said(format!(
            "its EXIF and XMP take {taken} bytes, more than a third of the {asked} that the file may have; leave them out with --metadata icc, or give the file more"
        )));
    }
    Ok(encoder.clone().with_bytes(asked - taken))
}

/// The finished file, with what it carries.
pub(super) fn carrying(
    mut encoded: Encoded,
    picture: &Picture,
    carried: &Metadata,
) -> Result<Encoded, sirenc::Error> {
    if !carried.is_empty() {
        encoded.bytes = carried.put_into(&encoded.bytes)?;
        encoded.bpp = 8.0 * encoded.bytes.len() as f64 / picture.pixels() as f64;
    }
    Ok(encoded)
}
