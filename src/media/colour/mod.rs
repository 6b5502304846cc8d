//! Colours of the pictures that are read. They are stored as sRGB, which costs nothing, wherever that has them all,
//! and else as they are beside a colour profile, if the file has room for that.

pub(crate) mod codes;
mod curve;
pub(crate) mod icc;
mod matrix;
mod space;

pub(crate) use curve::{Curve, SRGB};
pub(crate) use matrix::Chromaticities;
pub(crate) use space::Space;

use super::grouped;
use crate::Picture;
use crate::media::Error;

/// A profile takes at most this part of a file.
const SHARE: u64 = 3;
/// Colours that are cut off are reported where more than one pixel in this number has one.
const FEW: u64 = 1000;

/// What a file says of its colours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Colours {
    /// The file says that they are sRGB, or says nothing.
    Srgb,
    /// Their primaries and curves, perhaps in a profile.
    Known {
        space: Box<Space>,
        icc: Option<Vec<u8>>,
    },
    /// A profile of another kind.
    Profile(Vec<u8>),
}

/// How large the file of a picture may be.
#[derive(Clone, Copy, Debug)]
pub struct SizeTarget {
    /// Most bytes of the whole file.
    pub bytes: u64,
    /// Whether the user asked for that size. A size by default does not count the bytes of a profile.
    pub asked: bool,
}

impl Colours {
    /// The colours of a picture of this number of `channels` that has this profile. A profile for another number of
    /// channels is ignored.
    pub(crate) fn of_profile(profile: Option<Vec<u8>>, channels: u8) -> Self {
        match profile.filter(|profile| icc::describes(profile, channels)) {
            None => Self::Srgb,
            Some(profile) => match icc::space(&profile) {
                None => Self::Profile(profile),
                Some(space) => Self::of_space(space, Some(profile), channels),
            },
        }
    }

    /// The colours of a picture in `space`, which may have been given as a profile.
    pub(crate) fn of_space(space: Space, icc: Option<Vec<u8>>, channels: u8) -> Self {
        if space.is_srgb(channels) {
            Self::Srgb
        } else {
            Self::Known {
                space: Box::new(space),
                icc,
            }
        }
    }

    /// The picture as it is to be stored in `room`, whose samples have these colours, and what should be said about
    /// that.
    pub(crate) fn settle(
        self,
        picture: Picture,
        room: SizeTarget,
    ) -> Result<(Picture, Option<String>), Error> {
        match self {
            Self::Srgb => Ok((picture, None)),
            Self::Known { space, icc } => known(picture, &space, icc, room),
            Self::Profile(icc) => other(picture, icc, room),
        }
    }
}

fn known(
    picture: Picture,
    space: &Space,
    icc: Option<Vec<u8>>,
    room: SizeTarget,
) -> Result<(Picture, Option<String>), Error> {
    let (pixels, channels) = (picture.pixels(), picture.channels());
    let outside = space.outside(picture.samples(), channels);
    let few = outside.saturating_mul(FEW) <= pixels;
    let own = if channels < 3 {
        None
    } else {
        icc::profile(space)
    };
    let shortest = own.into_iter().chain(icc).min_by_key(Vec::len);
    let length = shortest.as_ref().map_or(0, Vec::len) as u64;
    if let Some(profile) = shortest
        && !(few || space.is_hdr())
        && length.saturating_mul(SHARE) <= room.bytes
    {
        return Ok((picture.with_icc(Some(profile)), None));
    }
    let share = 100.0 * outside as f64 / pixels as f64;
    let note = if space.is_hdr() {
        let beyond = if outside == 0 {
            String::new()
        } else {
            format!(
                "; {share:.1} % of its pixels are brighter or more colourful than that, and cut off"
            )
        };
        Some(format!(
            "is of high dynamic range, and stored as sRGB with 203 cd/m2 as white{beyond}"
        ))
    } else if few {
        None
    } else {
        let room = grouped(room.bytes);
        Some(format!(
            "has colours beyond sRGB in {share:.1} % of its pixels, which are cut off: a colour profile of {length} bytes would be more than a third of the file's {room}"
        ))
    };
    let (width, height) = (picture.width(), picture.height());
    let mut samples = picture.into_samples();
    space.convert(&mut samples, channels);
    Ok((Picture::new(width, height, channels, samples)?, note))
}

fn other(
    picture: Picture,
    icc: Vec<u8>,
    room: SizeTarget,
) -> Result<(Picture, Option<String>), Error> {
    let length = icc.len() as u64;
    let large = length.saturating_mul(SHARE) > room.bytes;
    let lengths = [length, room.bytes].map(grouped);
    if large && room.asked {
        let [length, room] = lengths;
        return Err(Error::Unsupported(format!(
            "has a colour profile of {length} bytes, more than a third of the {room} that the file may take; convert the picture to sRGB first, or give it more"
        )));
    }
    let [length, room] = lengths;
    let note = large.then(|| {
        format!("has a colour profile that takes {length} bytes beside the {room} of the picture; convert it to sRGB first to be rid of that")
    });
    Ok((picture.with_icc(Some(icc)), note))
}
