//! The arguments of every command, and their help.

mod study;
mod values;

pub(crate) use study::{Study, StudyActivations, StudyInit, StudyShapes, StudySound};
pub(crate) use values::{limit, rate, region, size};

use super::compare::Kind;
use super::device::Choice;
use super::options;
use super::report;
use clap::error::ErrorKind;
use clap::{Arg, Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use siren_format::{Limits, Quantity};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Stores pictures, shapes, sounds and videos as the weights of a small sine network.
///
/// `encode` fits a network to a picture, say, and stores it in a .siren file; `decode` evaluates
/// it, at any resolution. Scaling interpolates smoothly; it does not invent detail.
#[derive(Debug, Parser)]
#[command(name = "sirenc", version, max_term_width = 100, after_help = ROOT_EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Encode(Encode),
    Decode(Decode),
    Blend(Blend),
    Compare(Compare),
    Info(Info),
    #[command(subcommand)]
    Study(Study),
    /// List what can do the work: GPUs, by the names that --device knows them by, and the CPU
    Devices,
    Demo(Demo),
}

const ROOT_EXAMPLES: &str = "\
Examples:
  sirenc demo                          see what it does; needs no file
  sirenc encode photo.png              writes photo.siren
  sirenc decode photo.siren --scale 4  writes photo.png, four times as wide and high

`sirenc encode --help` and so on tell more about each command.";

/// Fit a network to each picture, shape, sound or video and store it as a .siren file
///
/// Reads pictures in PNG, JPEG, WebP, TIFF, BMP, GIF, ICO, PNM, QOI and TGA: gray or RGB, with or without
/// transparency, 8 or 16 bits a sample. Pictures are turned upright as their EXIF orientation says,
/// and keep their ICC colour profile. Transparency that is opaque everywhere is dropped.
///
/// Videos are read from .y4m (8 bits a sample, progressive; from a pipe too) and animated GIF, and
/// sampled where they lie, so that long ones need no more memory. Pixels are taken to be square, colours
/// to be those of BT.601, and what is transparent in a GIF to lie on white; of other animations the
/// first frame is taken. Sizes in bits per pixel are of the pixels of all frames, the PSNR is the mean of
/// the frames'.
///
/// Shapes are surfaces: triangles and other polygons (.ply, .obj, .stl) or points with normals (.ply, .xyz). Triangles
/// are turned to face as their neighbours do, and outwards where a surface is closed; a warning says so. The network
/// learns the signed distance to them. 12,000 bytes are the default.
///
/// Sounds are read from WAV, RF64 and AIFF (1 to 32 bits a sample, floats, A-law or mu-law), FLAC, MP3 and OGG
/// (Vorbis), mono or stereo, and cut into segments that fade into each other, with a network each.
///
/// The same input, options, seed and device give the same file, whatever the number of threads. Several
/// small pictures are encoded side by side, a thread each. Interrupted (Ctrl-C), it writes no file;
/// with --checkpoint it can go on later.
#[derive(Args, Debug)]
#[command(after_help = ENCODE_EXAMPLES)]
pub(crate) struct Encode {
    /// Pictures, shapes, sounds and videos to encode; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Where to write: a file, or a folder (made if missing) for several inputs; `-` is standard
    /// output. By default beside the input, with the extension .siren; for standard input, standard
    /// output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// PSNR in dB to reach, or up to 0.2 more, in as few bytes as that takes: networks of several sizes are
    /// tried, which takes two to three times as long as one of a given size
    #[arg(long, value_name = "DB", group = "target", value_parser = values::psnr)]
    pub(crate) psnr: Option<f64>,

    /// Quality, 0 to 100: a PSNR of 20 + Q / 5 dB, so 30 dB at 50, but at most 1 bit per pixel
    #[arg(long, value_name = "Q", group = "target", value_parser = values::quality)]
    pub(crate) quality: Option<f64>,

    /// What the network sees of the picture: its samples, or nothing but derivatives of them (the exact
    /// ones of a smooth interpolant), from which it puts the picture together again by solving
    /// Poisson's equation. The mean of each channel, which they do not tell, is added at the end.
    /// Takes two to four times as long
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Supervise::Values)]
    pub(crate) supervise: Supervise,

    #[command(flatten)]
    pub(crate) fitting: Fitting,

    /// Keep a checkpoint of the encode in FILE, replaced every so often and removed at the end, for one
    /// input
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Go on from the checkpoint in FILE, made with the same options of the same input, to the same
    /// bytes as without an interruption; where there is none, begin
    #[arg(long, requires = "checkpoint")]
    pub(crate) resume: bool,

    /// Seconds between checkpoints
    #[arg(long, value_name = "S", requires = "checkpoint", default_value_t = 10.0, value_parser = values::every)]
    pub(crate) checkpoint_every: f64,

    #[command(flatten)]
    pub(crate) limiting: Limiting,

    #[command(flatten)]
    pub(crate) manner: Manner,

    /// Print one JSON object a line for each input, in place of prose (on standard error if the
    /// file itself goes to standard output)
    #[arg(long)]
    pub(crate) json: bool,
}

/// Into which file a network goes, and how it is fitted.
#[derive(Args, Clone, Debug)]
pub(crate) struct Fitting {
    /// Size of the file: at most N bytes, and nearly that
    #[arg(long, value_name = "N", group = "target", value_parser = values::bytes)]
    pub(crate) bytes: Option<u64>,

    /// Size of the file in bits per pixel: at most R, and nearly that [default: 0.25, growing only
    /// with the picture's side beyond 12 kB, and at most 20 kB, as for videos]
    #[arg(long, value_name = "R", group = "target", value_parser = values::bpp)]
    pub(crate) bpp: Option<f64>,

    /// Size of the file of a sound in thousands of bits a second: at most R, and nearly that [default:
    /// three quarters of a bit a sample, so 33 for mono at 44,100 Hz]
    #[arg(long, value_name = "R", group = "target", value_parser = values::kbps)]
    pub(crate) kbps: Option<f64>,

    /// Length of the segments of a sound, each of which has a network of its own; longer ones reach a
    /// higher ratio of signal to noise, but take proportionally longer [default: what a network of
    /// 3,000 weights, or of the given size, can serve]
    #[arg(long, value_name = "SECONDS", value_parser = values::duration)]
    pub(crate) segments: Option<f64>,

    /// How weights are stored: as entropy-coded levels, or as half floats under zstd (more than
    /// twice the size; the network then decides the size of the file)
    #[arg(long, value_name = "CODING", value_enum, default_value_t = Coding::Levels)]
    pub(crate) weights: Coding,

    /// Hidden layers of the network [default: what suits the size; 10 for f16]
    #[arg(long, value_name = "N", value_parser = values::layers)]
    pub(crate) layers: Option<u32>,

    /// Neurons in each hidden layer; the number of weights grows with its square. Given without a
    /// size, it decides the size [default: what suits the size; 28 for f16]
    #[arg(long, value_name = "N", value_parser = values::width)]
    pub(crate) width: Option<u32>,

    /// Frequency factor omega_0 of all sines; higher fits finer detail, but less stably
    /// [default: 20 in the first layer, 10 for shapes and videos, 30 in the others]
    #[arg(long, value_name = "F", value_parser = values::omega)]
    pub(crate) omega: Option<f64>,

    /// omega_0 of the first layer alone
    #[arg(long, value_name = "F", value_parser = values::omega)]
    pub(crate) omega_first: Option<f64>,

    /// How much work to put in, 1 (quickest) to 9: 150, 350, 800, 1800, 4200, 8500, 16000, 28000 or
    /// 45000 steps, and fewer for networks so large that they would take longer. The default takes at
    /// most a minute on two cores, whatever the size of the picture; each further effort about twice as
    /// long as the one before, and 9 at most ten minutes [default: 5]
    #[arg(long, value_name = "N", conflicts_with = "steps", value_parser = values::effort)]
    pub(crate) effort: Option<u8>,

    /// Steps of the optimiser, in place of --effort; more is better, with diminishing returns
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) steps: Option<u32>,

    /// Seed of the random initial weights [default: 0]
    #[arg(long, value_name = "N", value_parser = values::seed)]
    pub(crate) seed: Option<u64>,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,

    /// What fits: `cpu`, `gpu` (`gpu:N` for number N of `sirenc devices`), or `auto`, a GPU
    /// where there is one that can do it. Needs a build with GPUs; derivatives are the CPU's
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: Choice,
}

/// What `encode` fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Supervise {
    /// The samples
    Values,
    /// First derivatives along x and y
    Gradient,
    /// The Laplacian, and no flux through the edges
    Laplacian,
}

/// How `encode` stores weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Coding {
    /// Integer levels, entropy-coded
    Levels,
    /// Half floats
    F16,
}

const ENCODE_EXAMPLES: &str = "\
Examples:
  sirenc encode photo.png                         writes photo.siren
  sirenc encode photo.jpg --bytes 2000            a small file
  sirenc encode photo.png --quality 40            as large as a PSNR of 28 dB takes
  sirenc encode photo.png --effort 7              a better one, more slowly
  sirenc encode *.png -o small --json             many, into the folder small
  ffmpeg -i film.mp4 -t 2 -f yuv4mpegpipe - | sirenc encode - -o film.siren
  sirenc encode bunny.ply                         a shape, as bunny.siren
  convert photo.psd png:- | sirenc encode - > photo.siren";

/// Evaluate .siren files, as pictures and videos of any size, meshes of any resolution
///
/// The format of the picture follows the extension of OUT: .png (the default), .jpg, .webp
/// (lossless), .tif, .bmp, .tga, .qoi, .pgm, .ppm, .pnm or .pam; .npy has raw floats, of rows x
/// columns x channels (x 2 for gradients: by x, by y), 0 to 1 for the picture. Pictures encoded from 16 bits a
/// sample are written with 16 where the format has them, and rounded to 8 where not. The ICC colour
/// profile goes into PNG, JPEG, WebP and TIFF. PNG, NumPy and the Netpbm formats are written strip by
/// strip, so that very large ones need little memory.
///
/// Videos become .y4m (the default), .gif, or a picture a frame where OUT is like frame-%04d.png. Frames are
/// evaluated one after another, at any size and rate.
///
/// A shape becomes a mesh with normals, as .ply (the default), .obj or .stl, or, if OUT is a picture, a
/// shaded picture of itself.
#[derive(Args, Debug)]
#[command(after_help = DECODE_EXAMPLES)]
pub(crate) struct Decode {
    /// Files to decode; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Where to write: a file, or a folder (made if missing) for several inputs; `-` is standard
    /// output. By default beside the input, with the extension .png, .wav for sounds, .y4m for
    /// videos or .ply for shapes; for standard input, standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Factor on width and height, such as 4 or 0.5 [default: 1]
    #[arg(long, value_name = "F", conflicts_with = "size", value_parser = values::scale)]
    pub(crate) scale: Option<f64>,

    /// Exact size in pixels, such as 1920x1080
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub(crate) size: Option<(u32, u32)>,

    /// Only this part of the picture: left edge, top edge, width and height in pixels of the scaled
    /// picture
    #[arg(long, value_name = "X,Y,W,H", value_parser = region)]
    pub(crate) region: Option<sirenc::Region>,

    /// Show an exact derivative of the picture in place of itself: `dx`, `dy` and `laplacian` around
    /// mid-gray, `gradient` as its length. By default into photo.gradient.png and so on. In .npy files
    /// derivatives are per pixel of the stored picture, of samples that span 0 to 1, whatever the scale
    #[arg(long, value_name = "WHICH", value_enum)]
    pub(crate) derivative: Option<Which>,

    /// Derivatives of 1 / G become white, of -1 / G black; in the units of .npy files [default: as
    /// large as 99 % of the whole picture's derivative allow, the same for every scale and region]
    #[arg(long, value_name = "G", requires = "derivative", value_parser = values::gain)]
    pub(crate) gain: Option<f32>,

    /// Show the direction of the gradient as hue: red where it brightens to the right, yellow-green
    /// downwards, cyan to the left, violet upwards
    #[arg(long, requires = "derivative")]
    pub(crate) color: bool,

    /// Samples a second of a sound; between stored ones the network is evaluated, and nothing
    /// resampled [default: as encoded]
    #[arg(long, value_name = "HZ", value_parser = values::count)]
    pub(crate) rate: Option<u32>,

    /// Frames a second of a video, such as 50 or 30000/1001; between stored frames the network is
    /// evaluated, and nothing blended [default: as encoded]
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) fps: Option<[u32; 2]>,

    /// Begin so many seconds after the first frame of a video, or the beginning of a sound
    #[arg(long, value_name = "S", value_parser = values::moment)]
    pub(crate) from: Option<f64>,

    /// End before so many seconds after the first frame
    #[arg(long, value_name = "S", value_parser = values::duration)]
    pub(crate) to: Option<f64>,

    /// Colour resolution of .y4m files
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Chroma::Quarter)]
    pub(crate) chroma: Chroma,

    /// Of a shape: cells of the mesh along the longest side of its cube [default: 256]
    #[arg(long, value_name = "N", value_parser = values::resolution)]
    pub(crate) resolution: Option<u32>,

    /// Of a shape: from where its picture is taken, in degrees: around the vertical axis y, from z towards
    /// x, and above the horizon; --size is its size, 768x768 by default [default: 30,20]
    #[arg(long, value_name = "AZIMUTH,ELEVATION", value_parser = values::angles)]
    pub(crate) view: Option<[f32; 2]>,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,

    /// What evaluates the network: as for `encode`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: Choice,

    #[command(flatten)]
    pub(crate) limiting: Limiting,

    #[command(flatten)]
    pub(crate) manner: Manner,
}

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
  sirenc decode *.siren -o pictures                many, into the folder pictures
  sirenc decode film.siren -o slow.gif --fps 50 --from 0.5 --to 2
  sirenc decode film.siren -o - | ffmpeg -i - film.mp4
  sirenc decode bunny.siren --resolution 512       writes bunny.ply
  sirenc decode bunny.siren -o bunny.png --view 30,20";

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
#[command(after_help = BLEND_EXAMPLES)]
pub(crate) struct Blend {
    /// The first picture; `-` is standard input
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,

    /// The second picture
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,

    /// Where to write the file; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Share of B in the gradients, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "F", group = "composition", value_parser = values::share)]
    pub(crate) mix: Option<f64>,

    /// Take B where this picture is white and A where it is black, mixed in between; colours are those
    /// of A
    #[arg(long, value_name = "MASK", group = "composition")]
    pub(crate) mask: Option<PathBuf>,

    /// Take at each pixel whichever gradient is stronger
    #[arg(long, group = "composition")]
    pub(crate) dominant: bool,

    /// Write a page with both pictures, what is composed of them and the result, their gradients too
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) fitting: Fitting,

    #[command(flatten)]
    pub(crate) manner: Manner,

    /// Print a JSON object in place of prose (on standard error if the file itself goes to standard
    /// output)
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
#[command(after_help = COMPARE_EXAMPLES)]
pub(crate) struct Compare {
    /// Pictures, and .siren files of them if they are encoded already; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Codecs to compare with; one that is not installed is then an error [default: jpeg, and of webp,
    /// avif and jxl those that are installed]
    #[arg(long, value_name = "CODEC", value_enum, value_delimiter = ',')]
    pub(crate) against: Option<Vec<Kind>>,

    /// Sizes of the .siren file, as `encode --bytes`: one comparison for each
    #[arg(long, value_name = "N", value_delimiter = ',', conflicts_with = "bpp", value_parser = values::bytes)]
    pub(crate) bytes: Vec<u64>,

    /// Sizes in bits per pixel, as `encode --bpp`: one comparison for each [default: that of
    /// `encode`; with --curve 0.05,0.1,0.2,0.3]
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

    /// Have the other codecs also code a smaller picture: reduced by a factor of 1.5 to 32 (Lanczos) to
    /// as many bytes as the .siren, and enlarged again (bicubic), whichever factor and quality
    /// together give the best PSNR
    #[arg(long)]
    pub(crate) downscaled: bool,

    /// Compare whole rate-distortion curves: print the Bjontegaard rate (BD-rate, over PSNR) of
    /// sirenc against each codec, as the mean over pictures
    #[arg(long)]
    pub(crate) curve: bool,

    /// Write a page with the pictures side by side, and the curves if there are any
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    /// Write all figures as JSON, in the form of CompressAI's results, which its plots read: those of
    /// sirenc, and under `against` those of the others in the same form; `-` is standard output
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
  sirenc compare photo.png --curve --against jpeg,avif --svg curve.svg";

/// Say what .siren files hold and what each part of them costs
///
/// Shows everything the header says (size, channels, network), the bytes of each section, bits per
/// weight and per pixel, and the multiplications that decoding takes for each pixel.
#[derive(Args, Debug)]
pub(crate) struct Info {
    /// Files to look into; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) limiting: Limiting,

    /// Print one JSON object a line for each file, in place of prose
    #[arg(long)]
    pub(crate) json: bool,
}

/// Encode a built-in photograph and compare it with a JPEG of the same size
///
/// Takes some seconds and needs no input. Leaves the pictures in a folder, to be looked at;
/// run again, it overwrites them.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Folder for the results, made if missing
    #[arg(short, long, value_name = "DIR", default_value = "sirenc-demo")]
    pub(crate) out: PathBuf,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads)]
    pub(crate) threads: Option<usize>,
}

/// What a file may cost.
#[derive(Args, Clone, Debug)]
pub(crate) struct Limiting {
    /// Allow a file, or what is to be made of it, more than by default: NAME=N with a NAME of side, pixels,
    /// frames, layer-width, parameters, multiplications, metadata or memory, and an N such as 5000000, 64M, 4G or
    /// none (K, M, G and T are powers of 1024); several with commas between
    #[arg(long = "limit", value_name = "NAME=N", value_delimiter = ',', value_parser = limit)]
    limits: Vec<(Quantity, u64)>,
}

impl Limiting {
    /// The limits as they are to be.
    pub(crate) fn limits(&self) -> Limits {
        let given = self.limits.iter();
        given.fold(Limits::default(), |limits, &(what, most)| {
            limits.with(what, most)
        })
    }
}

/// How to go about existing files and messages.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Overwrite existing files
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Say nothing but what fails
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The command line, as it is declared here and in the table of [`options`].
pub(crate) fn command() -> clap::Command {
    Arguments::command()
        .mut_subcommands(options::explain)
        .mut_subcommands(numbers)
}

/// Takes what follows an option for its value although it begins with a minus, as negative numbers do, so that the
/// option itself says what it takes.
fn numbers(command: clap::Command) -> clap::Command {
    let number = |arg: Arg| {
        let takes_number = arg.get_action().takes_values()
            && !arg.is_positional()
            && arg.get_value_hint() != ValueHint::AnyPath;
        if takes_number {
            arg.allow_hyphen_values(true)
        } else {
            arg
        }
    };
    command.mut_args(number).mut_subcommands(numbers)
}

/// Refuses a command line that parses but cannot be meant, in the form that parse errors have.
pub(crate) fn refuse(message: &str) -> ExitCode {
    show(&command().error(ErrorKind::ValueValidation, report::harmless(message)))
}

/// Prints what comes of parsing in place of arguments: help, or what is wrong with what was typed.
pub(crate) fn show(error: &clap::Error) -> ExitCode {
    // Whether it can be printed makes no difference to the status.
    let _ = if error.use_stderr() {
        // It cites what was typed, which may be the name of a file that a shell put there.
        let text = report::lines(&error.render().to_string());
        io::stderr().write_all(text.as_bytes())
    } else {
        error.print()
    };
    ExitCode::from(error.exit_code() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn limits_replace_their_defaults() {
        let limits = |limits| Limiting { limits }.limits();
        let given = limits(vec![(Quantity::Memory, 5), (Quantity::Side, 6)]);
        assert_eq!(given, Limits::default().with_memory(5).with_side(6));
    }

    /// No number that is out of range, or begins with a minus, is taken for an option.
    #[test]
    fn options_themselves_refuse_what_they_cannot_take() {
        fn check(command: &clap::Command, path: &[&str]) {
            for arg in command.get_arguments() {
                let Some(long) = arg.get_long().filter(|_| arg.get_action().takes_values()) else {
                    continue;
                };
                if arg.get_value_hint() == ValueHint::AnyPath {
                    continue;
                }
                for value in ["-5x", "-x", "--force"] {
                    let option = format!("--{long}");
                    let typed = path.iter().copied().chain([&option[..], value]);
                    let error = super::command().try_get_matches_from(typed).unwrap_err();
                    let kind = error.kind();
                    let refused = [ErrorKind::ValueValidation, ErrorKind::InvalidValue];
                    assert!(
                        refused.contains(&kind),
                        "{path:?} {option} {value}: {error}"
                    );
                    assert!(error.to_string().contains(&option), "{error}");
                }
            }
            for inner in command.get_subcommands() {
                check(inner, &[path, &[inner.get_name()]].concat());
            }
        }
        check(&command(), &["sirenc"]);
    }
}
