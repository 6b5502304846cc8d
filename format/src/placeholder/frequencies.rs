//! Aspect ratios, and the frequencies of a placeholder in their order (SPEC 11.3).

use crate::laplace::octaves_below;

/// Aspect ratios count 1/64 octave: each step is 1.09 %.
pub const ASPECT_UNITS: i16 = 64;

/// Frequencies along a side are less than this.
pub(super) const SIDE: usize = 64;

/// The largest squared frequency of any placeholder, in whole half-waves.
const MOST: u64 = 48 * 48;

/// The frequent aspect ratios, as (code, width, height). Their codes are the nearest to them.
const FREQUENT: [(i16, u16, u16); 7] = [
    (0, 1, 1),
    (37, 3, 2),
    (-37, 2, 3),
    (27, 4, 3),
    (-27, 3, 4),
    (53, 16, 9),
    (-53, 9, 16),
];

/// The width of a picture divided by its height, to within 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aspect(i16);

impl Aspect {
    /// How many ratios are frequent.
    pub(super) const NUMBERS: u32 = FREQUENT.len() as u32;

    /// The ratio with the code `code`, which is its binary logarithm in units of 1/[`ASPECT_UNITS`]: -512 to 511.
    #[must_use]
    pub fn new(code: i16) -> Option<Self> {
        (-512..512).contains(&code).then_some(Self(code))
    }

    /// The code of the ratio.
    #[must_use]
    pub fn code(self) -> i16 {
        self.0
    }

    /// Width and height of the ratio if it is a frequent one, of which it is exactly the ratio.
    #[must_use]
    pub fn exact(self) -> Option<(u16, u16)> {
        let found = FREQUENT.iter().find(|&&(code, ..)| code == self.0);
        found.map(|&(_, width, height)| (width, height))
    }

    pub(super) fn number(self) -> Option<u32> {
        let place = FREQUENT.iter().position(|&(code, ..)| code == self.0);
        place.map(|place| place as u32)
    }

    pub(super) fn numbered(number: u32) -> Option<Self> {
        let &(code, ..) = FREQUENT.get(number as usize)?;
        Some(Self(code))
    }

    pub(super) fn folded(self) -> u32 {
        (self.0 + 512) as u32
    }

    /// The ratio of [`Aspect::folded`], unless it is a frequent one.
    pub(super) fn unfolded(folded: u32) -> Option<Self> {
        let aspect = Self::new(i16::try_from(folded).ok()? - 512)?;
        aspect.number().is_none().then_some(aspect)
    }
}

/// The frequency of a cosine, in half-waves over a picture: cos(pi k x) cos(pi l y), with x and y from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// Half-waves along the width.
    pub k: u8,
    /// Half-waves along the height.
    pub l: u8,
    /// Square of the frequency in a picture of area 1, in units of 2^-16.
    pub square: u64,
}

/// The frequencies of a channel by their squares, and those of equal squares by k.
pub(super) fn ordered(aspect: Aspect, step: u8, channel: usize) -> Vec<Frequency> {
    // Shorter side by longer side, and its inverse, in units of 2^-16.
    let below = octaves_below(aspect.0.unsigned_abs());
    let above = (1 << 32) / below;
    let [wide, high] = match aspect.0 >= 0 {
        true => [below, above],
        false => [above, below],
    };
    let most = reach(step, channel);
    let square = |k: u8, l: u8| {
        let [k, l] = [k, l].map(u64::from);
        k * k * wide + l * l * high
    };
    let mut all = Vec::new();
    for l in 0..SIDE as u8 {
        let row = (0..SIDE as u8).map(|k| Frequency {
            k,
            l,
            square: square(k, l),
        });
        all.extend(row.take_while(|frequency| frequency.square <= most));
    }
    all.sort_by_key(|frequency| (frequency.square, frequency.k));
    all
}

/// The largest square of a frequency in a channel, in units of 2^-16.
fn reach(step: u8, channel: usize) -> u64 {
    /// 9 and 9 times the root of 2 in these units.
    const START: [u64; 2] = [9 << 16, 834_134];
    let all = (START[usize::from(step % 2)] << (step / 2)).min(MOST << 16);
    all >> [0, 2, 3, 2][channel]
}
