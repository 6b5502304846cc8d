//! A file that is a little too large: the latents that are worth least for their bits move towards zero.

use super::fit::LatentFit;
use crate::engine::kernel::TILE;
use crate::engine::net::{Evaluator, Objective, Order};
use crate::objective::latents::{Coded, Contexts};
use rayon::prelude::*;

/// Latents that move at once are of one in this number of classes, whose members are no neighbours of each other.
const CLASSES: usize = 5;

/// What a latent is worth.
struct Worth {
    /// By how much the error rises for each bit that is saved if the latent moves by one towards zero.
    price: f32,
    /// The bits that are saved.
    saved: f32,
    grid: usize,
    index: usize,
}

impl LatentFit<'_> {
    /// Moves latents by one towards zero, those that are worth least for their bits first, until about `bits` bits are
    /// saved. Only one class of latents moves in a `pass`: what neighbours cost together is not what each costs alone.
    pub(super) fn trim(&mut self, bits: f64, pass: usize) {
        let mut left = bits;
        let mut moved = vec![Vec::new(); self.planes.0.len()];
        for worth in self.worths(pass) {
            if left <= 0.0 {
                break;
            }
            left -= f64::from(worth.saved);
            moved[worth.grid].push(worth.index);
        }
        self.planes.change(|grid, seen| {
            for &index in &moved[grid] {
                seen[index] -= seen[index].signum();
            }
        });
    }

    /// The derivatives by all latents of the mean squared error plus `lambda` times the bits for each pixel.
    fn adjoints(&mut self, lambda: f64) -> Vec<Vec<f32>> {
        let lambda = std::mem::replace(&mut self.lambda, lambda);
        self.planes.change(|_, _| ());
        self.differentiate();
        self.lambda = lambda;
        let planes = self.planes.0.iter();
        planes.map(|plane| plane.adjoint.clone()).collect()
    }

    /// The latents of the class of a `pass` that are not zero, with what the error rises by for each bit that is saved if
    /// they move by one towards zero, least first.
    fn worths(&mut self, pass: usize) -> Vec<Worth> {
        let pixels = self.plan.pixels() as f32;
        let errors = self.adjoints(0.0);
        // Bits count enough here to stand out of the errors.
        let weighted = self.adjoints(1.0);
        let saved = self.saved();
        let mut worths = Vec::new();
        for (grid, plane) in self.planes.0.iter().enumerate() {
            // Of a nearly linear network: a cubic B-spline has the mean square 0.23 over a node's area, and samples are half
            // of outputs.
            let area = (1_u64 << (2 * plane.scale)) as f32;
            let curvature = 0.25 * 0.23 * plane.step * plane.step * area / pixels;
            let columns = plane.blocks().columns();
            for (index, (&latent, [own, slope])) in plane.seen.iter().zip(&saved[grid]).enumerate()
            {
                let (column, row) = (index % columns, index / columns);
                if latent == 0.0 || !(column + 2 * row + pass).is_multiple_of(CLASSES) {
                    continue;
                }
                let (sign, error) = (latent.signum(), errors[grid][index]);
                // Of the bits of all latents whose contexts see this one.
                let others = (weighted[grid][index] - error) * pixels - slope;
                let saved = own + sign * others;
                if saved > 0.0 {
                    let price = (curvature - error * sign) / saved;
                    worths.push(Worth {
                        price,
                        saved,
                        grid,
                        index,
                    });
                }
            }
        }
        worths.sort_by(|a, b| {
            let places = (a.grid, a.index).cmp(&(b.grid, b.index));
            a.price.total_cmp(&b.price).then(places)
        });
        worths
    }

    /// The bits that each latent takes beyond those of one that is nearer to zero by one, and the derivative of its bits
    /// by itself.
    fn saved(&self) -> Vec<Vec<[f32; 2]>> {
        let contexts = Contexts {
            planes: &self.planes,
            tiles: &self.tiles,
        };
        let evaluator = Evaluator::new(&self.context, Order::Value);
        let tiles: Vec<Vec<[f32; 2]>> = (0..self.tiles.points() / TILE as u64)
            .into_par_iter()
            .map_init(
                || (evaluator.scratch(), vec![0.0; 2 * TILE]),
                |(scratch, known), tile| {
                    let first = tile * TILE as u64;
                    let draw = |rows: &mut [f32]| contexts.draw(first, TILE, rows, known);
                    let (means, scales) = evaluator.tile(scratch, draw).split_at(TILE);
                    let latents = &known[..TILE];
                    let nearer = latents.iter().map(|latent| latent - latent.signum());
                    let nearer: Vec<f32> = nearer.collect();
                    let mut costs = [[0.0; TILE]; 4];
                    let [bits, bits_nearer, by_mean, by_scale] = &mut costs;
                    let coded = |latents| Coded {
                        latents,
                        means,
                        scales,
                    };
                    coded(&nearer).costs(bits_nearer, by_mean, by_scale);
                    coded(latents).costs(bits, by_mean, by_scale);
                    // Only the distance of latent and mean matters.
                    let saved = bits.iter().zip(bits_nearer).zip(by_mean);
                    saved
                        .map(|((bits, nearer), by_mean)| [*bits - *nearer, -*by_mean])
                        .collect()
                },
            )
            .collect();
        let mut tiles = tiles.into_iter();
        let planes = self.planes.0.iter();
        planes
            .map(|plane| {
                let nodes = plane.blocks().nodes();
                let own = tiles.by_ref().take(nodes.div_ceil(TILE)).flatten();
                let mut saved: Vec<_> = own.collect();
                saved.truncate(nodes);
                saved
            })
            .collect()
    }
}
