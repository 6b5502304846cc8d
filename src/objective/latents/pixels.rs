//! The errors of the pixels of a picture that is a function of latents.

use super::{LatentPlanes, PLACES, Slot, with};
use crate::engine::grid::BLOCK;
use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use crate::signal::Picture;

/// The samples of a picture from -1 to 1, block after block of 16 x 16 pixels.
pub(crate) struct Colours {
    channels: usize,
    /// Columns and rows of blocks.
    across: usize,
    down: usize,
    /// Of each block, a row of [`TILE`] for each channel, and one that is 1 where there is a pixel and 0 beyond the edge.
    rows: Vec<f32>,
}

impl Colours {
    /// The samples of `picture`.
    pub(crate) fn new(picture: &Picture) -> Self {
        let planes = picture.planes();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let across = width.div_ceil(BLOCK);
        let down = height.div_ceil(BLOCK);
        let mut rows = Vec::new();
        for block in 0..across * down {
            let (left, top) = (block % across * BLOCK, block / across * BLOCK);
            let place = |slot: usize| (left + slot % BLOCK, top + slot / BLOCK);
            for plane in &planes {
                rows.extend((0..TILE).map(|slot| {
                    let (x, y) = place(slot);
                    plane[[y.min(height - 1), x.min(width - 1)]]
                }));
            }
            rows.extend((0..TILE).map(|slot| {
                let (x, y) = place(slot);
                f32::from(u8::from(x < width && y < height))
            }));
        }
        Self {
            channels: planes.len(),
            across,
            down,
            rows,
        }
    }

    /// Channels of a pixel.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Blocks of the picture.
    pub(crate) fn blocks(&self) -> usize {
        self.rows.len() / ((self.channels + 1) * TILE)
    }

    /// A row for each channel of a block, and one that tells where pixels are.
    pub(crate) fn block(&self, block: usize) -> &[f32] {
        let length = (self.channels + 1) * TILE;
        &self.rows[block * length..][..length]
    }

    /// Writes what [`block`](Self::block) has, interpolated at an `offset` from the centres of pixels.
    fn between(&self, block: usize, offset: [f64; 2], known: &mut [f32]) {
        let [across, down] = offset.map(cubic);
        let (left, top) = (block % self.across * BLOCK, block / self.across * BLOCK);
        // Where pixels beyond the edge are asked for, those of the outermost blocks are what the edge has.
        let inside = |at: usize, blocks: usize| at.saturating_sub(AROUND).min(blocks * BLOCK - 1);
        for (channel, row) in known.chunks_exact_mut(TILE).enumerate() {
            if channel == self.channels {
                row.copy_from_slice(&self.block(block)[channel * TILE..]);
                break;
            }
            let mut lines = [[0.0_f32; BLOCK]; WIDE];
            for (y, line) in lines.iter_mut().enumerate() {
                let y = inside(top + y, self.down);
                let samples: [f32; WIDE] = std::array::from_fn(|x| {
                    let x = inside(left + x, self.across);
                    let block = y / BLOCK * self.across + x / BLOCK;
                    self.block(block)[channel * TILE + y % BLOCK * BLOCK + x % BLOCK]
                });
                for (value, samples) in line.iter_mut().zip(samples.windows(across.len())) {
                    *value = samples.iter().zip(&across).map(|(s, w)| s * w).sum();
                }
            }
            let rows = row.chunks_exact_mut(BLOCK);
            for (row, lines) in rows.zip(lines.windows(down.len())) {
                row.fill(0.0);
                for (line, weight) in lines.iter().zip(&down) {
                    for (value, sample) in row.iter_mut().zip(line) {
                        *value += weight * sample;
                    }
                }
            }
        }
    }
}

/// Pixels around a block that its interpolants depend on: one before it and two after it, or the other way around.
const AROUND: usize = 2;
const WIDE: usize = BLOCK + 2 * AROUND;

/// The weights of the pixels -2 to 2 at `offset` pixels from the middle one, of less than 1: cubic convolution (Keys 1981), whose
/// curve goes through the samples and has continuous slopes.
fn cubic(offset: f64) -> [f32; 2 * AROUND + 1] {
    let weight = |pixel: usize| {
        let x = (offset - (pixel as f64 - AROUND as f64)).abs();
        match x {
            x if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            x if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            _ => 0.0,
        }
    };
    std::array::from_fn(|pixel| weight(pixel) as f32)
}

/// The squared errors of pixels: block k of the picture is points k [`TILE`] to (k + 1) [`TILE`] of the stream.
pub(crate) struct Pixels<'a> {
    pub(crate) colours: &'a Colours,
    pub(crate) planes: &'a LatentPlanes,
    /// One for each block, as [`LatentPlanes::patches`] makes them.
    pub(crate) patches: &'a [Slot],
}

impl Pixels<'_> {
    /// Writes the values of all grids at the pixels of a block, a row of [`TILE`] for each.
    pub(crate) fn interpolate(&self, block: usize, rows: &mut [f32]) {
        for (plane, row) in self.planes.0.iter().zip(rows.chunks_exact_mut(TILE)) {
            plane
                .blocks()
                .interpolate(&plane.seen, block, plane.step, row);
        }
    }

    /// The sum over the pixels of a block of the mean squared error of their samples, with samples from 0 to 1, and its
    /// derivative by each output.
    pub(crate) fn error(&self, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        let channels = self.colours.channels;
        let (known, inside) = known.split_at(channels * TILE);
        // Outputs span -1 to 1: their errors are twice those of samples.
        let share = 1.0 / (4 * channels) as f32;
        let mut error = 0.0;
        let rows = known.chunks_exact(TILE).zip(outputs.chunks_exact(TILE));
        for ((known, outputs), adjoint) in rows.zip(adjoint.chunks_exact_mut(TILE)) {
            let mut sum = 0.0;
            for slot in 0..TILE {
                let miss = inside[slot] * (outputs[slot] - known[slot]);
                adjoint[slot] = 2.0 * share * miss;
                sum += miss * miss;
            }
            error += f64::from(sum);
        }
        error * f64::from(share)
    }
}

impl Objective for Pixels<'_> {
    fn knowns(&self) -> usize {
        self.colours.channels + 1
    }

    fn draw(&self, first: u64, _: usize, coordinates: &mut [f32], known: &mut [f32]) {
        let block = first as usize / TILE;
        self.interpolate(block, coordinates);
        match self.planes.place() {
            0 => known.copy_from_slice(self.colours.block(block)),
            place => self.colours.between(block, PLACES[place], known),
        }
    }

    fn loss(&self, _: u64, _: usize, known: &[f32], outputs: &[f32], adjoint: &mut [f32]) -> f64 {
        self.error(known, outputs, adjoint)
    }

    fn continues(&self) -> bool {
        true
    }

    fn backward(&self, first: u64, _: usize, adjoint: &[f32]) {
        let block = first as usize / TILE;
        with(&self.patches[block], |patches| {
            let mut rest = patches.as_mut_slice();
            for (plane, row) in self.planes.0.iter().zip(adjoint.chunks_exact(TILE)) {
                let (patch, after) = rest.split_at_mut(plane.blocks().patch(block));
                plane.blocks().adjoint(row, block, plane.step, patch);
                rest = after;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Samples;

    /// Cubic convolution gives planes exactly, at the borders of blocks as well; beyond an edge samples stay what they are
    /// there.
    #[test]
    fn pixels_between_those_of_a_slope_are_on_it() {
        let (width, height) = (37, 21);
        let sample = |x: u32, y: u32| (3 * x + 5 * y) as u8;
        let samples = (0..width * height).map(|at| sample(at % width, at / width));
        let picture = Picture::new(width, height, 1, Samples::U8(samples.collect())).unwrap();
        let colours = Colours::new(&picture);
        let mut known = [0.0; 2 * TILE];
        for offset in PLACES {
            for block in 0..colours.blocks() {
                colours.between(block, offset, &mut known);
                assert_eq!(known[TILE..], colours.block(block)[TILE..]);
                for (slot, &known) in known[..TILE].iter().enumerate() {
                    let x = (block % 3 * BLOCK + slot % BLOCK) as f64;
                    let y = (block / 3 * BLOCK + slot / BLOCK) as f64;
                    if !(2.0..=34.0).contains(&x) || !(2.0..=18.0).contains(&y) {
                        continue;
                    }
                    let value = 3.0 * (x + offset[0]) + 5.0 * (y + offset[1]);
                    let expected = value / 255.0 * 2.0 - 1.0;
                    assert!((f64::from(known) - expected).abs() < 1e-5);
                }
            }
        }
        colours.between(0, PLACES[1], &mut known);
        assert!((known[0] + 1.0).abs() < 0.01);
    }
}
