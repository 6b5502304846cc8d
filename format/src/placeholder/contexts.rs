//! What the prior sees of a level: the place of its frequency, and the levels that are known (SPEC 11.4).

use super::frequencies::{Frequency, SIDE};
use crate::laplace::UNIT;
use crate::range::log2;

/// Inputs of the prior.
pub const PLACEHOLDER_INPUTS: usize = 24;

/// Cells around the levels of a channel, as far as contexts reach.
const MARGIN: usize = 2;
const COLUMNS: usize = SIDE + 2 * MARGIN;
/// Distance in the array to the next row.
const DOWN: isize = COLUMNS as isize;
/// The largest magnitude that a context sees of a level.
const SEEN: i32 = 15;
/// Neighbours that a context sees of its own channel: one and two frequencies lower in k, in l and in both, and one
/// lower in one but higher in the other.
const NEIGHBOURS: [isize; 7] = [-1, -DOWN, -1 - DOWN, -2, -2 * DOWN, 1 - DOWN, DOWN - 1];
/// Channels of colour see brightness at the frequency itself and at its neighbours.
const AROUND: [isize; 4] = [-1, 1, -DOWN, DOWN];

/// The levels that are known.
pub(super) struct Contexts {
    step: i32,
    channel: usize,
    /// Levels of each channel at their frequencies, with a margin.
    levels: [Vec<i16>; 4],
    /// Running means of magnitudes of the channel, over about 8 and 32 levels, in units of 1/64.
    means: [i32; 2],
    /// For each channel before: sums over the frequencies above 0 of its squared levels, and of their products with those
    /// of this one.
    sums: [[i64; 2]; 2],
}

impl Contexts {
    pub(super) fn new(step: u8) -> Self {
        Self {
            step: step.into(),
            channel: 0,
            levels: [(); 4].map(|()| vec![0; COLUMNS * COLUMNS]),
            means: [UNIT; 2],
            sums: [[0; 2]; 2],
        }
    }

    /// Goes on to the levels of `channel`.
    pub(super) fn begin(&mut self, channel: usize) {
        self.channel = channel;
        self.means = [UNIT; 2];
        self.sums = [[0; 2]; 2];
    }

    /// The channels before that this one sees.
    fn before(&self) -> usize {
        if self.channel < 3 { self.channel } else { 0 }
    }

    /// What the prior sees of the level at `frequency`, in units of 1/64.
    pub(super) fn inputs(&self, frequency: Frequency) -> [i16; PLACEHOLDER_INPUTS] {
        let at = place(frequency);
        let level = |channel: usize, offset: isize| {
            i32::from(self.levels[channel][at.wrapping_add_signed(offset)])
        };
        let size = |channel: usize, offset: isize| level(channel, offset).abs().min(SEEN) * UNIT;
        let mut inputs = [0; PLACEHOLDER_INPUTS];
        for (input, offset) in inputs.iter_mut().zip(NEIGHBOURS) {
            *input = size(self.channel, offset);
        }
        inputs[7..9].copy_from_slice(&self.means);
        for channel in 0..self.before() {
            inputs[9 + channel] = size(channel, 0);
            let [squares, products] = self.sums[channel];
            let expected = i64::from(UNIT * level(channel, 0)) * products;
            let most = i64::from(SEEN * UNIT);
            inputs[12 + channel] = expected.div_euclid(squares + 4).clamp(-most, most) as i32;
        }
        if self.before() > 0 {
            let sizes = AROUND.map(|offset| size(0, offset));
            inputs[11] = sizes.iter().sum::<i32>().min(SEEN * UNIT);
        }
        let Frequency { k, l, square } = frequency;
        inputs[14] = (log2(square) >> 10) as i32 - 16 * UNIT;
        inputs[15] = (self.step - 16) * UNIT / 4;
        let is = |holds: bool| if holds { UNIT } else { 0 };
        inputs[16] = is(self.channel == 1);
        inputs[17] = is(self.channel == 2);
        inputs[18] = is(k == 0);
        inputs[19] = is(l == 0);
        inputs[20] = is(k == 0 && l == 1);
        inputs[21] = is(k == 0 && l == 0);
        let signed = |offset: isize| level(self.channel, offset).clamp(-SEEN, SEEN) * UNIT;
        [inputs[22], inputs[23]] = [signed(-2), signed(-2 * DOWN)];
        inputs.map(|input| input as i16)
    }

    /// Makes the level at `frequency` known.
    pub(super) fn set(&mut self, frequency: Frequency, level: i16) {
        let at = place(frequency);
        self.levels[self.channel][at] = level;
        let size = i32::from(level).abs().min(SEEN) * UNIT;
        for (mean, shift) in self.means.iter_mut().zip([3, 5]) {
            *mean += (size - *mean) >> shift;
        }
        if frequency.square > 0 {
            for channel in 0..self.before() {
                let other = i64::from(self.levels[channel][at]);
                self.sums[channel][0] += other * other;
                self.sums[channel][1] += other * i64::from(level);
            }
        }
    }
}

/// Where the level at `frequency` lies in its channel.
fn place(frequency: Frequency) -> usize {
    (usize::from(frequency.l) + MARGIN) * COLUMNS + usize::from(frequency.k) + MARGIN
}
