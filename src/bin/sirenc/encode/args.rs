//! The arguments of `sirenc encode`.

use crate::device::Choice;
use crate::jobs::Selection;
use crate::usage::{Limiting, Manner};
use crate::values;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
    /// Pictures, shapes, sounds and videos to encode, or folders of them; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Where to write: a file, or a folder, which is one that is there or ends with a slash; `-` is standard
    /// output. What is missing of its path is made. By default beside the input, with the extension .siren; for
    /// standard input, standard output
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
    pub(crate) selection: Selection,

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
    /// Size of the file: at most SIZE bytes, such as 2000, 2kB or 2KiB, and nearly that
    #[arg(long, value_name = "SIZE", group = "target", value_parser = values::bytes)]
    pub(crate) bytes: Option<u64>,

    /// Size of the file in bits per pixel: at most R, and nearly that [default: 0.25, growing only
    /// with the picture's side beyond 12 kB, and at most 20 kB, as for videos]
    #[arg(long, value_name = "R", group = "target", value_parser = values::bpp)]
    pub(crate) bpp: Option<f64>,

    /// Size of the file of a sound in thousands of bits a second: at most R, and nearly that [default:
    /// three quarters of a bit a sample, so 33 for mono at 44,100 Hz]
    #[arg(long, value_name = "R", group = "target", value_parser = values::kbps)]
    pub(crate) kbps: Option<f64>,

    /// Length of the segments of a sound, each of which has a network of its own; longer ones take
    /// proportionally longer [default: what a network of 3,000 weights can serve, of fewer above 0.4 bits a
    /// sample, or of the given size]
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
  sirenc encode *.png -o small/ --json            many, into the folder small
  sirenc encode photos -r -o small/ --skip-existing   what is new in a folder
  ffmpeg -i film.mp4 -t 2 -f yuv4mpegpipe - | sirenc encode - -o film.siren
  sirenc encode bunny.ply                         a shape, as bunny.siren
  convert photo.psd png:- | sirenc encode - > photo.siren";
