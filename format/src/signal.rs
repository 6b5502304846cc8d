//! The kinds of signal and what each is stored with (SPEC 3.1).

use crate::{Fault, Samples};

/// Kind of a signal, and what a file says of it beside the network (SPEC 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A function of the plane, given on a grid of square pixels.
    Picture {
        /// Columns, at least 1.
        width: u32,
        /// Rows, at least 1.
        height: u32,
    },
    /// The signed distance to a surface in space, negative inside.
    ///
    /// The network knows the cube from -1 to 1; its point x lies at `centre + scale * x`, and distances are
    /// `scale` times what it says. All four numbers are bit patterns of IEEE 754 binary32.
    Shape {
        /// Where the cube has its centre: finite.
        centre: [u32; 3],
        /// Half the side of the cube: positive, and neither subnormal nor infinite.
        scale: u32,
    },
    /// A function of time, in segments that overlap, each with a network of its own.
    Sound {
        /// Frames a second, at least 1. A frame has one sample for each channel.
        rate: u32,
        /// Frames in all, at least 1.
        frames: u32,
        /// Frames of a segment, 1 to `frames`. The last segment may reach beyond the end.
        segment: u32,
        /// Frames that a segment has in common with the next, over which one fades into the other: at most
        /// half a segment, and none where there is but one.
        overlap: u32,
    },
    /// A function of the plane and of time.
    Video {
        /// Columns, at least 1.
        width: u32,
        /// Rows, at least 1.
        height: u32,
        /// Frames, at least 1.
        frames: u32,
        /// Frames a second as numerator and denominator, both at least 1, in lowest terms.
        rate: [u32; 2],
    },
}

/// Bits of an IEEE 754 binary32 number: the sign, and the exponent, all ones of which are an infinity or
/// not a number and all zeros zero or subnormal.
const SIGN: u32 = 1 << 31;
const EXPONENT: u32 = 0xFF << 23;

impl Signal {
    /// What kind of signal it is, in a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Picture { .. } => "picture",
            Self::Shape { .. } => "shape",
            Self::Sound { .. } => "sound",
            Self::Video { .. } => "video",
        }
    }

    /// Coordinates of a point: x and y; x, y and z; time; x, y and time.
    #[must_use]
    pub fn coordinates(&self) -> u32 {
        match self {
            Self::Picture { .. } => 2,
            Self::Shape { .. } | Self::Video { .. } => 3,
            Self::Sound { .. } => 1,
        }
    }

    /// Networks in the file: one for each segment of a sound, else 1.
    #[must_use]
    pub fn networks(&self) -> u64 {
        match *self {
            Self::Sound {
                frames,
                segment,
                overlap,
                ..
            } => {
                let advance = segment.saturating_sub(overlap).max(1);
                1 + u64::from(frames.saturating_sub(segment).div_ceil(advance))
            }
            _ => 1,
        }
    }

    /// Points at which the signal is stored: pixels, of all frames, or frames of a sound. None for a shape,
    /// which has no grid.
    #[must_use]
    pub fn points(&self) -> u64 {
        match *self {
            Self::Picture { width, height } => u64::from(width) * u64::from(height),
            Self::Shape { .. } => 0,
            Self::Sound { frames, .. } => frames.into(),
            Self::Video {
                width,
                height,
                frames,
                ..
            } => (u64::from(width) * u64::from(height)).saturating_mul(frames.into()),
        }
    }

    /// Tells whether the format permits the fields, and such samples of them.
    pub(crate) fn validate(&self, samples: &Samples) -> Result<(), Fault> {
        let (fields, channels, depths): (_, _, &[u8]) = match *self {
            Self::Picture { width, height } => (grid(width, height), 1..=4, &[8, 16]),
            Self::Shape { centre, scale } => (transform(centre, scale), 1..=1, &[32]),
            Self::Sound {
                rate,
                frames,
                segment,
                overlap,
            } => (
                clip(rate, frames).and_then(|()| segments(frames, segment, overlap)),
                1..=2,
                &[8, 16, 24, 32],
            ),
            Self::Video {
                width,
                height,
                frames,
                rate,
            } => (
                grid(width, height)
                    .and_then(|()| clip(rate[0], frames))
                    .and_then(|()| lowest(rate)),
                1..=4,
                &[8, 16],
            ),
        };
        fields?;
        check(channels.contains(&samples.channels), Fault::Channels)?;
        check(depths.contains(&samples.depth), Fault::Depth)
    }
}

fn check(kept: bool, fault: Fault) -> Result<(), Fault> {
    if kept { Ok(()) } else { Err(fault) }
}

fn grid(width: u32, height: u32) -> Result<(), Fault> {
    check(width > 0 && height > 0, Fault::EmptyPicture)
}

fn transform(centre: [u32; 3], scale: u32) -> Result<(), Fault> {
    let finite = |bits: u32| bits & EXPONENT != EXPONENT;
    let positive = scale & SIGN == 0 && scale & EXPONENT != 0;
    let kept = centre.into_iter().all(finite) && finite(scale) && positive;
    check(kept, Fault::Transform)
}

fn clip(rate: u32, frames: u32) -> Result<(), Fault> {
    check(rate > 0, Fault::Rate)?;
    check(frames > 0, Fault::NoFrames)
}

fn segments(frames: u32, segment: u32, overlap: u32) -> Result<(), Fault> {
    let kept = (1..=frames).contains(&segment)
        && overlap <= segment / 2
        && (segment < frames || overlap == 0);
    check(kept, Fault::Segments)
}

/// Whether a fraction is in lowest terms: Euclid's algorithm ends at 1.
fn lowest([numerator, denominator]: [u32; 2]) -> Result<(), Fault> {
    let (mut a, mut b) = (numerator, denominator);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    check(a == 1 && denominator > 0, Fault::Rate)
}
