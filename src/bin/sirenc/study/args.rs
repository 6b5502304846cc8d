//! The arguments of `sirenc study` and of its commands.

use crate::usage::Manner;
use crate::values;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Look into networks: how activations compare, and what an initialisation is like
#[derive(Debug, Subcommand)]
pub(crate) enum Study {
    Activations(StudyActivations),
    Init(StudyInit),
    Shapes(StudyShapes),
    Sound(StudySound),
}

/// What the studies that fit networks to a signal have in common
#[derive(Args, Debug)]
pub(crate) struct Running {
    /// Seed of the random initial weights and of the points that are drawn
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = values::seed)]
    pub(crate) seed: u64,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,

    /// Write all figures as JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) manner: Manner,
}

/// Fit the same picture with sines, ReLU, tanh, and ReLU after a positional encoding
///
/// All four have the same hidden layers and take as many steps of the same optimiser over the same
/// pixels, of which they only ever see the samples; each is fitted with three step sizes, of which the one
/// with the highest mean of all three PSNRs counts. Prints how well each gets the picture, its gradient
/// and its Laplacian over the steps: PSNR in dB, relative to the range of what differences of pixels
/// give. The picture is reduced to gray and to --side first. Takes some four minutes on two cores.
#[derive(Args, Debug)]
#[command(after_long_help = ACTIVATIONS_EXAMPLES)]
pub(crate) struct StudyActivations {
    /// Picture to fit; `-` is standard input
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,

    /// Hidden layers of each network
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) layers: u8,

    /// Neurons in each hidden layer
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=2048))]
    pub(crate) width: u16,

    /// Frequency factor omega_0 of all sines
    #[arg(long, value_name = "F", default_value_t = 30.0)]
    pub(crate) omega: f32,

    /// Steps of each fit
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = values::count)]
    pub(crate) steps: u32,

    /// Most pixels along the picture's longer side; larger pictures are reduced to that
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(3..=4096))]
    pub(crate) side: u32,

    /// Write a page with the pictures, gradients and Laplacians side by side, and the plots
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    /// Write all figures as CSV, a row for each network and step; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the plots of PSNR over steps as a drawing
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) svg: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) running: Running,
}

const ACTIVATIONS_EXAMPLES: &str = "\
Examples:
  sirenc study activations photo.png
  sirenc study activations photo.png --width 64 --steps 1000 --report study.html";

/// Measure how what goes through a new network is distributed, layer by layer
///
/// Prints mean and standard deviation of pre-activations z, of activations sin z and of the output's
/// derivatives by z in every hidden layer of a freshly initialised SIREN, at random points, beside what
/// theory says, and Kolmogorov-Smirnov distances (0 to 1) to it: N(0, 1) before a sine and the arcsine
/// law after it, as the paper has it, and N(0, v) and its sine, with v by the exact recursion.
#[derive(Args, Debug)]
#[command(after_long_help = INIT_EXAMPLES)]
pub(crate) struct StudyInit {
    /// Hidden layers of the network
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) layers: u8,

    /// Neurons in each hidden layer
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=2048))]
    pub(crate) width: u16,

    /// Frequency factor omega_0 of all sines
    #[arg(long, value_name = "F", default_value_t = 30.0)]
    pub(crate) omega: f32,

    /// Points at which the network is looked at
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = values::count)]
    pub(crate) points: u32,

    /// Seed of the random initial weights and of the points
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = values::seed)]
    pub(crate) seed: u64,

    /// Write all figures as JSON, with densities; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the figures as CSV, a row for each layer; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the densities, and gradients over layers, as a drawing
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) svg: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) manner: Manner,
}

const INIT_EXAMPLES: &str = "\
Examples:
  sirenc study init
  sirenc study init --layers 30 --width 64 --svg init.svg";

/// Fit the same sound with sines and with ReLU
///
/// Both have the same hidden layers, one network for each segment, and take as many steps of the same
/// optimiser over the same samples; each is fitted with three step sizes, of which the one with the
/// highest ratio of signal to noise counts. Nothing is rounded.
#[derive(Args, Debug)]
pub(crate) struct StudySound {
    /// Sound to fit; `-` is standard input
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,

    /// Hidden layers of each network
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) layers: u8,

    /// Neurons in each hidden layer
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=2048))]
    pub(crate) width: u16,

    /// Length of the segments
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = values::duration)]
    pub(crate) segments: f64,

    /// Steps of each fit
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = values::count)]
    pub(crate) steps: u32,

    #[command(flatten)]
    pub(crate) running: Running,
}

/// Fit signed distances with sines and with ReLU, and measure files of shapes
///
/// For each surface: a .siren file of it, the same network before it is rounded, and one of ReLU with as many
/// parameters, of three step sizes that with the best surface. Each one's surface is extracted and compared
/// with the true one: Chamfer distance (exact, to the surface and not to samples of it) and distance error
/// in thousandths of the longest side, normal consistency, and by how much the gradient's length misses 1.
/// Sizes are those of the file, of the surface as binary PLY, and of that under zstd -19.
#[derive(Args, Debug)]
#[command(after_long_help = SHAPES_EXAMPLES)]
pub(crate) struct StudyShapes {
    /// Surfaces, as `encode` reads them [default: a sphere, a torus and a box, whose distance is known]
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Size of the .siren files, as `encode --bytes` [default: that of `encode`]
    #[arg(long, value_name = "SIZE", value_parser = values::bytes)]
    pub(crate) bytes: Option<u64>,

    /// Steps of each fit [default: those of `encode`]
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) steps: Option<u32>,

    /// Cells of the extracted surfaces along the side of the cube
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(2..=1024))]
    pub(crate) resolution: u32,

    /// Points of each surface at which it is compared with the other
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = values::count)]
    pub(crate) points: u32,

    #[command(flatten)]
    pub(crate) running: Running,
}

const SHAPES_EXAMPLES: &str = "\
Examples:
  sirenc study shapes
  sirenc study shapes bunny.ply --bytes 20000";
