//! The arguments of `sirenc decode`.

use crate::device::Choice;
use crate::jobs::Selection;
use crate::usage::{Limiting, Manner};
use crate::values;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Evaluate .siren files, as pictures and videos of any size, meshes of any resolution
///
/// The format of the picture follows the extension of OUT: .png (the default), .jpg, .webp
/// (lossless), .tif, .bmp, .tga, .qoi, .pgm, .ppm, .pnm or .pam; .npy has raw floats, of rows x
/// columns x channels (x 2 for gradients: by x, by y), 0 to 1 for the picture. Pictures encoded from 16 bits a
/// sample are written with 16 where the format has them, and rounded to 8 where not. The ICC colour
/// profile goes into PNG, JPEG, WebP and TIFF, EXIF and XMP into the first three of them. PNG, NumPy and the
/// Netpbm formats are written strip by strip, so that very large ones need little memory.
///
/// Videos become .y4m (the default), .gif, or a picture a frame where OUT is like frame-%04d.png. Frames are
/// evaluated one after another, at any size and rate.
///
/// A shape becomes a mesh with normals, as .ply (the default), .obj or .stl, a grid of signed distances as .npy, or,
/// if OUT is a picture, a shaded picture of itself. The grid has the distances at the corners of the cells, as
/// grid[x, y, z], in the units of the mesh and negative inside, and less exact far from the surface; the line that is
/// printed says where it lies.
#[derive(Args, Debug)]
#[command(after_long_help = DECODE_EXAMPLES)]
pub(crate) struct Decode {
    /// Files to decode, or folders of them; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// File to write, or folder if it is one or ends with a slash
    ///
    /// What is missing of its path is made. `-` is standard output. By default the result lies beside the input, with
    /// the extension .png, .wav for sounds, .y4m for videos or .ply for shapes; that of standard input goes to
    /// standard output. Where two inputs differ in their extensions alone, their results keep these.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Factor on width and height, such as 4 or 0.5 [default: 1]
    ///
    /// Below 1, pixels are means over their areas.
    #[arg(
        long, value_name = "F", conflicts_with = "size", value_parser = values::scale, help_heading = PIXELS
    )]
    pub(crate) scale: Option<f64>,

    /// Exact size in pixels, such as 1920x1080; 640x or x480 leave the other side to the aspect ratio
    #[arg(long, value_name = "WxH", value_parser = values::size, help_heading = PIXELS)]
    pub(crate) size: Option<values::Size>,

    /// Only this part: left edge, top edge, width and height
    ///
    /// In pixels of the scaled picture.
    #[arg(long, value_name = "X,Y,W,H", value_parser = values::region, help_heading = PIXELS)]
    pub(crate) region: Option<sirenc::Region>,

    /// Show an exact derivative of the picture in place of itself
    ///
    /// `dx`, `dy` and `laplacian` around mid-gray, `gradient` as its length. By default into photo.gradient.png and so
    /// on. In .npy files derivatives are per pixel of the stored picture, of samples that span 0 to 1, whatever the
    /// scale.
    #[arg(long, value_name = "WHICH", value_enum, help_heading = PIXELS)]
    pub(crate) derivative: Option<Which>,

    /// Derivatives of 1 / G become white, of -1 / G black
    ///
    /// In the units of .npy files. [default: as large as 99 % of the whole picture's derivative allow, the same for
    /// every scale and region]
    #[arg(
        long, value_name = "G", requires = "derivative", value_parser = values::gain, help_heading = PIXELS
    )]
    pub(crate) gain: Option<f32>,

    /// Show the direction of the gradient as hue
    ///
    /// Red where it brightens to the right, yellow-green downwards, cyan to the left, violet upwards.
    #[arg(long, requires = "derivative", help_heading = PIXELS)]
    pub(crate) color: bool,

    /// Samples a second of a sound [default: as encoded]
    ///
    /// Between stored ones the network is evaluated, and nothing resampled.
    #[arg(long, value_name = "HZ", value_parser = values::count, help_heading = TIME)]
    pub(crate) rate: Option<u32>,

    /// Frames a second, such as 50 or 30000/1001 [default: as encoded]
    ///
    /// Between stored frames the network is evaluated, and nothing blended.
    #[arg(long, value_name = "R", value_parser = values::rate, help_heading = TIME)]
    pub(crate) fps: Option<[u32; 2]>,

    /// Begin at this time in seconds after the beginning
    #[arg(long, value_name = "S", value_parser = values::moment, help_heading = TIME)]
    pub(crate) from: Option<f64>,

    /// End before this time in seconds after the beginning
    #[arg(long, value_name = "S", value_parser = values::duration, help_heading = TIME)]
    pub(crate) to: Option<f64>,

    /// Colour resolution of .y4m files
    #[arg(
        long, value_name = "WHICH", value_enum, default_value_t = Chroma::Quarter, help_heading = TIME
    )]
    pub(crate) chroma: Chroma,

    /// Cells of the mesh or grid along each side of the cube [default: 256]
    #[arg(long, value_name = "N", value_parser = values::resolution, help_heading = SHAPES)]
    pub(crate) resolution: Option<u32>,

    /// From where a picture is taken, in degrees [default: 30,20]
    ///
    /// Around the vertical axis y, from z towards x, and above the horizon; --size is its size, 768x768 by default.
    #[arg(
        long, value_name = "AZIMUTH,ELEVATION", value_parser = values::angles, help_heading = SHAPES
    )]
    pub(crate) view: Option<[f32; 2]>,

    /// The input is a placeholder, in a file or as the text itself
    ///
    /// As `encode --placeholder` writes it, or as base64 in any of its alphabets. The longer side of the picture has 128
    /// pixels unless --size says otherwise.
    #[arg(
        long,
        conflicts_with_all = [
            "scale", "region", "derivative", "gain", "color", "rate", "fps", "from", "to", "chroma", "resolution",
            "view", "threads", "device", "recursive",
        ]
    )]
    pub(crate) placeholder: bool,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,

    /// What evaluates the network: `cpu`, `gpu`, `gpu:N` or `auto`
    ///
    /// `gpu:N` is number N of `sirenc devices`; `auto` is a GPU where there is one that can do it.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: Choice,

    #[command(flatten)]
    pub(crate) selection: Selection,

    #[command(flatten)]
    pub(crate) limiting: Limiting,

    #[command(flatten)]
    pub(crate) manner: Manner,
}

const PIXELS: &str = "Pictures and videos";
const TIME: &str = "Sounds and videos";
const SHAPES: &str = "Shapes";

/// How many samples of colour a video has for those of brightness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chroma {
    /// One for each square of four, which every player takes
    #[value(name = "420")]
    Quarter,
    /// As many
    #[value(name = "444")]
    Full,
}

/// The derivatives that `decode` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// By x, which grows to the right
    Dx,
    /// By y, which grows downwards
    Dy,
    /// Both
    Gradient,
    /// The sum of the second derivatives
    Laplacian,
}

const DECODE_EXAMPLES: &str = "\
Examples:
  sirenc decode photo.siren                        writes photo.png
  sirenc decode photo.siren --scale 4 -o big.png   four times as wide and high
  sirenc decode photo.siren -o thumb.jpg --size 320x200
  sirenc decode photo.siren --scale 16 --region 2048,1024,640,480 -o part.png
  sirenc decode photo.siren --derivative laplacian writes photo.laplacian.png
  sirenc decode photo.siren --derivative gradient -o gradient.npy
  sirenc decode *.siren -o pictures/               many, into the folder pictures
  sirenc decode --placeholder photo.placeholder -o preview.png --size 64x
  sirenc decode film.siren -o slow.gif --fps 50 --from 0.5 --to 2
  sirenc decode film.siren -o - | ffmpeg -i - film.mp4
  sirenc decode bunny.siren --resolution 512       writes bunny.ply
  sirenc decode bunny.siren -o bunny.npy --resolution 64   65x65x65 signed distances
  sirenc decode bunny.siren -o bunny.png --view 30,20";
