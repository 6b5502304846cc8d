//! Experiments on networks themselves, beside pictures and their files: how activations compare in
//! fitting a picture and its derivatives ([`activations()`]), and how what goes through a network is
//! distributed before it is fitted ([`initialisation()`]).

mod activations;
mod distribution;
mod initialisation;
mod maps;

pub use activations::{Checkpoint, Contender, Outcome, Quality, TRIALS, activations, contenders};
pub use distribution::{Distribution, normal};
pub use initialisation::{LayerStatistics, arcsine, folded_normal, initialisation};
pub use maps::Maps;
