//! The arguments of `sirenc blend`.

use crate::encode::Fitting;
use crate::usage::Manner;
use crate::values;
use clap::Args;
use std::path::PathBuf;

/// Fuse two pictures into one .siren file, without a seam
///
/// Composes the gradients of A and B, pixel by pixel, and fits a network to them: edges and texture of
/// both stay, and what would be a seam between them is spread until it cannot be seen (gradient-domain
/// fusion, as in Poisson image editing).
///
/// A, B and the mask must be of one size, and without transparency. Gray beside colour is taken as
/// colour. The result is as deep as the deeper of the two, and has the colour profile of A. The PSNR told
/// is that against the exact solution.
#[derive(Args, Debug)]
#[command(after_long_help = BLEND_EXAMPLES)]
pub(crate) struct Blend {
    /// The first picture; `-` is standard input
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,

    /// The second picture
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,

    /// File to write, or folder if it is one or ends with a slash; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Share of B in the gradients, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "F", group = "composition", value_parser = values::share)]
    pub(crate) mix: Option<f64>,

    /// Take B where this picture is white and A where it is black
    ///
    /// Both are mixed in between; colours are those of A.
    #[arg(long, value_name = "MASK", group = "composition")]
    pub(crate) mask: Option<PathBuf>,

    /// Take at each pixel whichever gradient is stronger
    #[arg(long, group = "composition")]
    pub(crate) dominant: bool,

    /// Write a page with both pictures, what is composed of them, and the result
    ///
    /// Their gradients are on it, too.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) fitting: Fitting,

    #[command(flatten)]
    pub(crate) manner: Manner,

    /// Print a JSON object in place of prose
    ///
    /// On standard error if the file itself goes to standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

const BLEND_EXAMPLES: &str = "\
Examples:
  sirenc blend a.png b.png -o c.siren                   both at once
  sirenc blend a.png b.png -o c.siren --dominant        the stronger edges of both
  sirenc blend a.png b.png -o c.siren --mask mask.png   a part of b set into a
  sirenc blend a.png b.png -o c.siren --report page.html   with a page that shows them
  sirenc decode c.siren";
