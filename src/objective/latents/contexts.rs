//! The bits of latents under the distributions that their contexts give.

use super::laplace::Coded;
use super::{ContextTiles, LatentPlanes, with};
use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use siren_format::{CONTEXT_INPUTS, SCALE_ORIGIN};

/// Inputs of the context network.
pub(crate) const INPUTS: usize = CONTEXT_INPUTS;

/// The bits of latents under the Laplace distributions that their contexts give. The network's outputs are the mean and the
/// binary logarithm of the scale.
pub(crate) struct Contexts<'a> {
    pub(crate) planes: &'a LatentPlanes,
    pub(crate) tiles: &'a ContextTiles,
}

impl Objective for Contexts<'_> {
    fn knowns(&self) -> usize {
        2
    }

    fn draw(&self, first: u64, _: usize, inputs: &mut [f32], known: &mut [f32]) {
        let tile = self.tiles.tiles[first as usize / TILE];
        let plane = &self.planes.0[tile.grid];
        let (latents, inside) = known.split_at_mut(TILE);
        if tile.count < TILE || !tile.has_parent() {
            inputs.fill(0.0);
        }
        latents[tile.count..].fill(0.0);
        latents[..tile.count].copy_from_slice(&plane.seen[tile.first..][..tile.count]);
        inside.fill(0.0);
        inside[..tile.count].fill(1.0);
        let (seen, scale) = inputs.split_at_mut((INPUTS - 1) * TILE);
        scale.fill(f32::from(plane.scale) - SCALE_ORIGIN as f32);
        tile.see(self.planes, seen);
    }

    fn loss(
        &self,
        first: u64,
        _: usize,
        known: &[f32],
        outputs: &[f32],
        adjoint: &mut [f32],
    ) -> f64 {
        let (latents, inside) = known.split_at(TILE);
        let (means, scales) = outputs.split_at(TILE);
        let (by_mean, by_scale) = adjoint.split_at_mut(TILE);
        let (mut bits, mut by_latent) = ([0.0; TILE], [0.0; TILE]);
        let coded = Coded {
            latents,
            means,
            scales,
        };
        coded.costs(&mut bits, by_mean, by_scale);
        let slopes = by_mean.iter_mut().zip(by_scale);
        for ((mean, scale), (inside, by_latent)) in slopes.zip(inside.iter().zip(&mut by_latent)) {
            *mean *= inside;
            *scale *= inside;
            // Only the distance of latent and mean matters.
            *by_latent = -*mean;
        }
        let index = first as usize / TILE;
        with(&self.tiles.slots[index], |patches| {
            self.tiles.tiles[index].begin(&by_latent, patches);
        });
        let counted = bits.iter().zip(inside);
        counted.map(|(bits, inside)| f64::from(inside * bits)).sum()
    }

    fn continues(&self) -> bool {
        true
    }

    fn backward(&self, first: u64, _: usize, adjoint: &[f32]) {
        let index = first as usize / TILE;
        with(&self.tiles.slots[index], |patches| {
            self.tiles.tiles[index].unsee(&adjoint[..(INPUTS - 1) * TILE], patches);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::LatentPlane;
    use super::*;
    use crate::engine::net::{Activation, Architecture, Differentiator, Layer, Network};

    /// The derivative of all bits by every latent, through its own bits and those of all that see it.
    #[test]
    fn derivatives_by_latents_are_those_of_differences() {
        let mut planes = LatentPlanes(
            [2, 1, 0, 1]
                .map(|scale| LatentPlane::new(21, 18, scale, 1.0))
                .into(),
        );
        let shape = Architecture {
            inputs: INPUTS,
            hidden: vec![6],
            outputs: 2,
            omega_first: 1.0,
            omega_hidden: 1.0,
            activation: Activation::Tanh,
            frequencies: 0,
        };
        let mut network = Network::random(&shape, 3).unwrap();
        for value in network.layers.iter_mut().flat_map(Layer::parameters_mut) {
            *value *= 0.5;
        }
        let tiles = ContextTiles::new(&planes);
        let latent = |grid: usize, index: usize| ((index * 5 + grid) as f32 * 0.77).sin();
        let bits = |planes: &mut LatentPlanes, moved: Option<(usize, usize, f32)>| {
            planes.change(|grid, seen| {
                for (index, seen) in seen.iter_mut().enumerate() {
                    *seen = latent(grid, index);
                }
                if let Some((at, index, by)) = moved
                    && at == grid
                {
                    seen[index] += by;
                }
            });
            let contexts = Contexts {
                planes,
                tiles: &tiles,
            };
            let mut engine = Differentiator::new(&shape, &contexts);
            let mut gradient = network.layers().to_vec();
            let points = 0..tiles.points();
            engine.gradient(&network, &contexts, points, &mut gradient) * tiles.points() as f64
        };
        bits(&mut planes, None);
        tiles.scatter(&mut planes, 2.0);
        let adjoints: Vec<_> = planes.0.iter().map(|plane| plane.adjoint.clone()).collect();
        let h = 1e-2;
        for (grid, adjoints) in adjoints.iter().enumerate() {
            for (index, &adjoint) in adjoints.iter().enumerate().step_by(11) {
                let up = bits(&mut planes, Some((grid, index, h)));
                let down = bits(&mut planes, Some((grid, index, -h)));
                let slope = 2.0 * (up - down) / (2.0 * f64::from(h));
                let miss = (slope - f64::from(adjoint)).abs();
                assert!(
                    miss < 0.05 + 0.02 * slope.abs(),
                    "{grid} {index}: {slope} {adjoint}"
                );
            }
        }
    }
}
