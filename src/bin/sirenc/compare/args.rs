//! The arguments of `sirenc compare`.

use super::codec::Kind;
use crate::usage::Manner;
use crate::values;
use clap::Args;
use std::path::PathBuf;

/// Compare pictures' .siren files with JPEG, WebP, AVIF and JPEG XL
///
/// Encodes each picture, and by the other codecs once at equal bytes (the best quality that takes no
/// more than the .siren) and once at equal PSNR (the smallest file that is no worse). Prints bytes,
/// bits per pixel, PSNR, MS-SSIM and SSIMULACRA2 (both PSNR and MS-SSIM over RGB), and seconds.
///
/// JPEG is built in. The others are run by their own tools, if installed: cwebp and dwebp, avifenc
/// and avifdec, cjxl and djxl. Their seconds are those of whole processes, which read and write PNG.
/// A codec that cannot make a file so small is shown with its smallest, marked by brackets; what it
/// has to offer at that size is a --downscaled picture. BlurHash and ThumbHash are for thumbnails, and
/// only compared if they are named.
///
/// Sounds are compared with Opus and MP3 (opusenc, opusdec and lame) of at most the same bytes, and with
/// plain samples under zstd, by the ratio of signal to noise.
///
/// Pictures are compared with 8 bits a sample and without their colour profile. Those with
/// transparency are refused. An INPUT with the extension .siren is taken in place of encoding the
/// picture of the same name: photo.siren belongs to photo.png.
#[derive(Args, Debug)]
#[command(after_long_help = COMPARE_EXAMPLES)]
pub(crate) struct Compare {
    /// Pictures or sounds, folders of them, and .siren files if they are encoded already; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Codecs to compare with
    ///
    /// One that is not installed is then an error. [default: jpeg, and of webp, avif and jxl those that are
    /// installed]
    #[arg(long, value_name = "CODEC", value_enum, value_delimiter = ',')]
    pub(crate) against: Option<Vec<Kind>>,

    /// Sizes of the .siren file, as `encode --bytes`: one comparison for each
    #[arg(long, value_name = "SIZE", value_delimiter = ',', conflicts_with = "bpp", value_parser = values::bytes)]
    pub(crate) bytes: Vec<u64>,

    /// Sizes in bits per pixel, as `encode --bpp`: one comparison for each
    ///
    /// [default: that of `encode`; with --curve 0.05,0.1,0.2,0.3]
    #[arg(long, value_name = "R", value_delimiter = ',', value_parser = values::bpp)]
    pub(crate) bpp: Vec<f64>,

    /// How much work `encode` is to put in, 1 (quickest) to 9 [default: 5]
    #[arg(long, value_name = "N", value_parser = values::effort)]
    pub(crate) effort: Option<u8>,

    /// Seed of the random initial weights [default: 0]
    #[arg(long, value_name = "N", value_parser = values::seed)]
    pub(crate) seed: Option<u64>,

    /// Threads for .siren files [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,

    /// Have the other codecs also code a smaller picture
    ///
    /// Reduced by a factor of 1.5 to 32 (Lanczos) to as many bytes as the .siren, and enlarged again (bicubic),
    /// whichever factor and quality together give the best PSNR.
    #[arg(long)]
    pub(crate) downscaled: bool,

    /// Compare whole rate-distortion curves
    ///
    /// Prints the Bjontegaard rate (BD-rate, over PSNR) of sirenc against each codec, as the mean over pictures.
    #[arg(long)]
    pub(crate) curve: bool,

    /// Write a page with the pictures or sounds side by side, and the curves if there are any
    ///
    /// Of several pictures it begins with thumbnails and a table. All pictures are in the page, as every codec decodes
    /// them: of four codecs that is some 5 MB for each picture of 768 x 512 pixels.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    /// Write all figures as JSON; `-` is standard output
    ///
    /// In the form of CompressAI's results, which its plots read: those of sirenc, and under `against` those of the
    /// others in the same form.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write all figures as CSV, a row for each file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the curves of PSNR as a drawing
    #[arg(long, value_name = "FILE.svg", requires = "curve")]
    pub(crate) svg: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) manner: Manner,
}

const COMPARE_EXAMPLES: &str = "\
Examples:
  sirenc compare photo.png                          at the size that `encode` chooses
  sirenc compare photo.png photo.siren              the file that is there already
  sirenc compare photo.png --bytes 1000 --downscaled --report page.html
  sirenc compare thumb.png --bytes 100,200 --against jxl,blurhash,thumbhash --downscaled
  sirenc compare *.png --bpp 0.1 --csv figures.csv  several, and their mean
  sirenc compare photos/ --report page.html         all of a folder, with thumbnails
  sirenc compare photo.png --curve --against jpeg,avif --svg curve.svg";
