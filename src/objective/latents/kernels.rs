//! The kernels of fits of grids, one by one, for `cargo bench`.

use super::{Colours, ContextTiles, Contexts, LatentPlane, LatentPlanes, Pixels, Slot, with};
use crate::engine::kernel::TILE;
use crate::engine::net::Objective;
use crate::signal::Picture;
use rayon::prelude::*;
use std::hint::black_box;

/// Grids over a picture with made-up latents, and what a step of a fit does with them.
#[doc(hidden)]
pub struct GridKernels {
    colours: Colours,
    planes: LatentPlanes,
    tiles: ContextTiles,
    patches: Vec<Slot>,
}

impl GridKernels {
    /// Grids of these scales over `picture`.
    pub fn new(picture: &Picture, scales: &[u8]) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let plane = |&scale| LatentPlane::new(width, height, scale, 0.1);
        let mut planes = LatentPlanes(scales.iter().map(plane).collect());
        planes.change(|grid, latents| {
            for (index, latent) in latents.iter_mut().enumerate() {
                *latent = (3.0 * ((index * 5 + grid) as f32 * 0.77).sin()).round();
            }
        });
        Self {
            colours: Colours::new(picture),
            tiles: ContextTiles::new(&planes),
            patches: planes.patches(),
            planes,
        }
    }

    /// Latents of all grids.
    pub fn latents(&self) -> usize {
        self.planes.0.iter().map(|plane| plane.seen.len()).sum()
    }

    /// Pixels of all blocks, those beyond the edge included.
    pub fn pixels(&self) -> u64 {
        (self.colours.blocks() * TILE) as u64
    }

    /// Points of the tiles of latents, some of which stand for none.
    pub fn points(&self) -> u64 {
        self.tiles.points()
    }

    /// The errors of pixels: interpolation of all grids, and what the network that gives colours is trained on.
    pub fn colours(&self) -> impl Objective + '_ {
        Pixels {
            colours: &self.colours,
            planes: &self.planes,
            patches: &self.patches,
        }
    }

    /// The bits of latents: what the context network is trained on.
    pub fn contexts(&self) -> impl Objective + '_ {
        Contexts {
            planes: &self.planes,
            tiles: &self.tiles,
        }
    }

    /// Interpolates all grids at all pixels.
    pub fn interpolate(&self) {
        (0..self.colours.blocks()).into_par_iter().for_each_init(
            || vec![0.0; self.planes.0.len() * TILE],
            |rows, block| {
                for (plane, row) in self.planes.0.iter().zip(rows.chunks_exact_mut(TILE)) {
                    let blocks = plane.blocks();
                    blocks.interpolate(&plane.seen, block, plane.step, row);
                }
                black_box(rows);
            },
        );
    }

    /// The adjoint of [`interpolate`](Self::interpolate), as far as the patches of blocks.
    pub fn adjoint(&self) {
        let pixels = vec![0.5; TILE];
        self.patches
            .par_iter()
            .enumerate()
            .for_each(|(block, slot)| {
                with(slot, |patches| {
                    let mut rest = patches.as_mut_slice();
                    for plane in &self.planes.0 {
                        let (patch, after) = rest.split_at_mut(plane.blocks().patch(block));
                        plane.blocks().adjoint(&pixels, block, plane.step, patch);
                        rest = after;
                    }
                });
            });
    }

    /// Adds up the derivatives by latents that a step over pixels and over contexts has left.
    pub fn gather(&mut self) {
        self.planes.gather(&self.patches, 1.0);
        self.tiles.scatter(&mut self.planes, 1.0);
    }
}
