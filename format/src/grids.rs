//! Grids of latents: what the network of a picture may see in place of the coordinates (SPEC 3.7).

use crate::Fault;
use crate::context::{PRIOR_WIDTHS, WIDTH_MAX, layers};
use crate::scan::Lattice;

/// The largest scale: a node for each 2^15 pixels in either direction.
const SCALE_MAX: u8 = 15;
/// The most latents that a file may hold: 512 MiB of them.
const COUNT_MAX: u64 = 1 << 28;

/// Grids of latents, and the network that says how probable each latent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grids {
    /// The grids in the order in which their latents are coded and their values enter the network: 1 to 64.
    pub grids: Vec<Grid>,
    /// The network that says how probable each latent is.
    pub context: ContextNetwork,
}

/// What the context network of a file is made of (SPEC 3.7, 5.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContextNetwork {
    /// The numbers of the file alone, with hidden layers of these widths, 1 to 32 each.
    Own([u8; 2]),
    /// The prior that ships with this crate, and the differences from it that the file holds (SPEC 5.4.5).
    #[default]
    Prior,
}

impl ContextNetwork {
    /// Neurons of the two hidden layers.
    #[must_use]
    pub fn widths(self) -> [u8; 2] {
        match self {
            Self::Own(widths) => widths,
            Self::Prior => PRIOR_WIDTHS,
        }
    }
}

/// One grid of latents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Binary logarithm of the distance of its nodes in pixels: 0 to 15.
    pub scale: u8,
    /// Code of the step size, in eighths of an octave: a latent stands for its level times 2^(step / 8 - 24).
    pub step: u8,
}

impl Grid {
    /// Columns and rows of the grid of a picture of `width` x `height` pixels.
    #[must_use]
    pub fn size(self, width: u32, height: u32) -> [u32; 2] {
        // No scale that the format permits is limited here.
        [width, height].map(|side| side.div_ceil(1 << self.scale.min(SCALE_MAX)))
    }

    /// Nodes of the grid of such a picture: a latent each.
    pub(crate) fn nodes(self, width: u32, height: u32) -> u64 {
        let [columns, rows] = self.size(width, height);
        u64::from(columns) * u64::from(rows)
    }
}

impl Grids {
    /// Latents of a picture of `width` x `height` pixels, in all grids together.
    #[must_use]
    pub fn latents(&self, width: u32, height: u32) -> u64 {
        let nodes = self.grids.iter().map(|grid| grid.nodes(width, height));
        nodes.fold(0, u64::saturating_add)
    }

    /// The grid whose latents the context of grid `index` sees beside its own: the one before it, if that is coarser.
    #[must_use]
    pub fn parent(&self, index: usize) -> Option<usize> {
        let before = index.checked_sub(1)?;
        let [coarse, fine] = [before, index].map(|index| self.grids.get(index));
        (coarse?.scale > fine?.scale).then_some(before)
    }

    /// The shapes of the grids of a picture that the format permits.
    pub(crate) fn lattices(&self, width: u32, height: u32) -> Vec<Lattice> {
        let lattice = |grid: &Grid| {
            let [columns, rows] = grid.size(width, height).map(|side| side as usize);
            Lattice {
                columns,
                rows,
                scale: grid.scale,
            }
        };
        self.grids.iter().map(lattice).collect()
    }

    /// Weights and biases of the context network.
    #[must_use]
    pub fn context_parameters(&self) -> u64 {
        let layers = layers(self.context.widths()).into_iter();
        layers
            .map(|(inputs, outputs)| ((inputs + 1) * outputs) as u64)
            .sum()
    }

    /// Multiplications that the context network takes for one latent.
    #[must_use]
    pub fn context_multiplications(&self) -> u64 {
        let layers = layers(self.context.widths()).into_iter();
        layers
            .map(|(inputs, outputs)| (inputs * outputs) as u64)
            .sum()
    }

    /// Tells whether the format permits every value, for a picture of `width` x `height` pixels.
    pub(crate) fn validate(&self, width: u32, height: u32) -> Result<(), Fault> {
        let scales = self.grids.iter().all(|grid| grid.scale <= SCALE_MAX);
        let widths = self
            .context
            .widths()
            .iter()
            .all(|width| (1..=WIDTH_MAX).contains(width));
        let rules = [
            ((1..=64).contains(&self.grids.len()), Fault::GridCount),
            (scales, Fault::GridScale),
            (widths, Fault::ContextWidth),
            (self.latents(width, height) <= COUNT_MAX, Fault::NodeCount),
        ];
        rules
            .iter()
            .find(|(kept, _)| !kept)
            .map_or(Ok(()), |&(_, fault)| Err(fault))
    }
}
