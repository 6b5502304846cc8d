//! Latents of many files and what their contexts see, as a stream of points to fit a network to.

use sirenc::format::{CONTEXT_INPUTS, CONTEXT_MAX, File, NEIGHBOURS, SCALE_ORIGIN};
use sirenc::{Objective, TILE};

/// One of this number of latents is kept.
const KEPT: usize = 3;
/// The stream goes through the latents in strides of this prime.
const STRIDE: u64 = 15_485_863;
/// The least probability of a latent, as in the fits of pictures.
const LEAST: f64 = 1.0 / 65_536.0;

/// A latent and its context.
struct Sample {
    inputs: [i8; CONTEXT_INPUTS],
    level: i16,
}

/// The latents of many files.
#[derive(Default)]
pub(crate) struct Samples(Vec<Sample>);

impl Samples {
    /// The number of latents.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds some latents of `file`, or nothing if it has no grids.
    pub(crate) fn add(&mut self, file: &File) -> Option<()> {
        let (grids, [width, height]) = file.header.grids()?;
        let latents = file.latents.as_ref()?;
        for (index, (grid, levels)) in grids.grids.iter().zip(&latents.levels).enumerate() {
            let size = grid.size(width, height);
            let parent = grids.parent(index).map(|parent| {
                let grid = &grids.grids[parent];
                (grid, grid.size(width, height), &latents.levels[parent])
            });
            for place in (index % KEPT..levels.len()).step_by(KEPT) {
                let (column, row) = (
                    place as i64 % i64::from(size[0]),
                    place as i64 / i64::from(size[0]),
                );
                let mut inputs = [0; CONTEXT_INPUTS];
                let (near, above) = inputs.split_at_mut(NEIGHBOURS.len());
                for (input, (right, down)) in near.iter_mut().zip(NEIGHBOURS) {
                    let (column, row) = (column + i64::from(right), row + i64::from(down));
                    if row >= 0 && (0..i64::from(size[0])).contains(&column) {
                        *input = seen(levels[(row * i64::from(size[0]) + column) as usize]);
                    }
                }
                if let Some((parent, size, levels)) = parent {
                    let shift = parent.scale - grid.scale;
                    for (at, input) in above[..9].iter_mut().enumerate() {
                        let near = |place: i64, step: usize, count: u32| {
                            ((place >> shift) + step as i64 - 1).clamp(0, i64::from(count) - 1)
                        };
                        let column = near(column, at % 3, size[0]);
                        let row = near(row, at / 3, size[1]);
                        *input = seen(levels[(row * i64::from(size[0]) + column) as usize]);
                    }
                }
                above[9] = (i32::from(grid.scale) - SCALE_ORIGIN) as i8;
                self.0.push(Sample {
                    inputs,
                    level: levels[place],
                });
            }
        }
        Some(())
    }
}

/// What a context sees of a latent.
fn seen(level: i16) -> i8 {
    i32::from(level).clamp(-CONTEXT_MAX, CONTEXT_MAX) as i8
}

/// The loss is the bits of the latents under Laplace distributions whose means and binary logarithms of scales are the
/// network's outputs.
impl Objective for Samples {
    fn knowns(&self) -> usize {
        1
    }

    fn draw(&self, first: u64, count: usize, inputs: &mut [f32], known: &mut [f32]) {
        for slot in 0..count {
            let at = (first + slot as u64).wrapping_mul(STRIDE) % self.0.len() as u64;
            let sample = &self.0[at as usize];
            for (row, &input) in inputs.chunks_exact_mut(TILE).zip(&sample.inputs) {
                row[slot] = input.into();
            }
            known[slot] = sample.level.into();
        }
    }

    fn loss(
        &self,
        _: u64,
        count: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        adjoint.fill(0.0);
        let mut sum = 0.0;
        for slot in 0..count {
            let latent = f64::from(known[slot]);
            let [mean, scale] = [outputs[slot], outputs[TILE + slot]].map(f64::from);
            let [bits, by_mean, by_scale] = cost(latent - mean, scale);
            sum += bits;
            adjoint[slot] = by_mean as f32;
            adjoint[TILE + slot] = by_scale as f32;
        }
        sum
    }
}

/// The bits of a latent at a distance from the mean, and their derivatives by the mean and by the logarithm of the scale.
fn cost(distance: f64, scale: f64) -> [f64; 3] {
    let limited = scale.clamp(-4.0, 8.0);
    let steepness = (-limited).exp2();
    let ends = [-0.5, 0.5].map(|end| (distance + end) * steepness);
    let densities = ends.map(|end: f64| 0.5 * (-end.abs()).exp());
    let difference = densities[0] - densities[1];
    let probability = if ends[0] > 0.0 {
        difference
    } else if ends[1] < 0.0 {
        -difference
    } else {
        1.0 - densities[0] - densities[1]
    };
    let raised = probability * (1.0 - LEAST) + LEAST;
    let slope = -std::f64::consts::LOG2_E * (1.0 - LEAST) / raised;
    let by_scale =
        slope * std::f64::consts::LN_2 * (densities[0] * ends[0] - densities[1] * ends[1]);
    let inside = f64::from(u8::from(limited == scale));
    [
        -raised.log2(),
        slope * difference * steepness,
        inside * by_scale,
    ]
}
