//! Experiments on networks themselves: how activations compare in
//! fitting a picture and its derivatives ([`activations()`]), how what goes through a network is distributed
//! before it is fitted ([`initialisation()`]), how near a blend comes to the gradients it is made of
//! ([`Fusion`]), and how activations compare on a sound ([`sounds()`]) and on a shape ([`fit_distance`]).

mod activations;
mod distribution;
mod fusion;
mod initialisation;
mod maps;
mod shapes;
mod sounds;

pub use activations::{Checkpoint, Contender, Outcome, Quality, TRIALS, activations, contenders};
pub use distribution::{Distribution, normal};
pub use fusion::Fusion;
pub use initialisation::{LayerStatistics, arcsine, folded_normal, initialisation};
pub use maps::Maps;
pub use shapes::{DistanceQuality, Primitive, fit_distance, measure_distance};
pub use sounds::{Heard, SOUND_FITS, SoundStudy, sounds};
