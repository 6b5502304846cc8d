//! Grids of latents: what the network of a picture may see in place of the coordinates (SPEC 3.7).

use crate::Fault;
use crate::context::{PRIOR_WIDTHS, WIDTH_MAX, layers};
use crate::scan::Lattice;

/// The largest scale: a node for each 2^15 pixels in either direction.
const SCALE_MAX: u8 = 15;
/// The most latents that a file may hold: 512 MiB of them.
const COUNT_MAX: u64 = 1 << 28;

/// The least scale of the coarsest grids of a series, and how much coarser than the finest ones they are at least.
const COARSEST: u8 = 4;
const OCTAVES: u8 = 3;
/// By how much the finest grids of a series are coarser for all components but the first.
const COARSER: u8 = 2;
/// The least step code of a grid of a series.
const LEAST_STEP: u8 = 136;
/// Eighths of an octave by which steps of a series fall with the scale.
const STEPS_PER_SCALE: u8 = 8;

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

/// The grids that pictures have in general, component after component, and each component's from coarse to fine (SPEC 3.7):
/// there are as many components as `channels`, the finest scale of the first is `finest`, and `step` is what its step code
/// would be at scale 0.
#[must_use]
pub fn series(channels: u8, finest: u8, step: u8) -> Vec<Grid> {
    let coarsest = finest.saturating_add(OCTAVES).max(COARSEST);
    let component = |index: u8| {
        let (finest, more) = match index {
            0 => (finest, 0),
            _ => (finest.saturating_add(COARSER), 1),
        };
        (finest..=coarsest).rev().map(move |scale| Grid {
            scale,
            step: step
                .saturating_add(more)
                .saturating_sub(scale.saturating_mul(STEPS_PER_SCALE))
                .max(LEAST_STEP),
        })
    };
    (0..channels).flat_map(component).collect()
}

impl Grids {
    /// The finest scale of the first component and its step code at scale 0, if these grids are a [`series`] for that number
    /// of channels.
    #[must_use]
    pub(crate) fn series(&self, channels: u8) -> Option<[u8; 2]> {
        let first = (1..self.grids.len()).take_while(|&index| self.parent(index).is_some());
        let finest = self.grids.get(first.count())?;
        let code = finest
            .step
            .checked_add(finest.scale.checked_mul(STEPS_PER_SCALE)?)?;
        (finest.step > LEAST_STEP && series(channels, finest.scale, code) == self.grids)
            .then_some([finest.scale, code])
    }

    /// The component that a grid of a series belongs to: the number of grids without a parent up to it, but for the first.
    #[must_use]
    pub fn component(&self, index: usize) -> usize {
        let orphans = (1..=index).filter(|&index| self.parent(index).is_none());
        orphans.count()
    }

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
