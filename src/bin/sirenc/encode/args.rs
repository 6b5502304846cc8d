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
/// and keep their ICC colour profile, and with --metadata all EXIF and XMP. Transparency that is opaque everywhere is
/// dropped.
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
/// The same input, options, seed and device give the same file to the byte where the instruction set is the
/// same, whatever the number of threads. Several small pictures are encoded side by side, a thread each.
/// Interrupted (Ctrl-C), it writes no file; with --checkpoint it can go on later.
#[derive(Args, Debug)]
#[command(after_long_help = ENCODE_EXAMPLES)]
pub(crate) struct Encode {
    /// Pictures, shapes, sounds and videos, or folders of them; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// File to write, or folder if it is one or ends with a slash
    ///
    /// What is missing of its path is made. `-` is standard output. By default the result lies beside the input, with
    /// the extension .siren; that of standard input goes to standard output. Where two inputs differ in their
    /// extensions alone, their results keep these, as a.png.siren and a.jpg.siren.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) fitting: Fitting,

    /// At most R thousand bits a second of sound, and nearly that
    ///
    /// [default: three quarters of a bit a sample, so 33 for mono at 44,100 Hz]
    #[arg(long, value_name = "R", group = "target", value_parser = values::kbps, help_heading = SIZE)]
    pub(crate) kbps: Option<f64>,

    /// Reach this PSNR in dB, in as few bytes as that takes
    ///
    /// Up to 0.2 dB more may come of it. Networks of several sizes are tried, which takes two to three times as long
    /// as one of a given size.
    #[arg(long, value_name = "DB", group = "target", value_parser = values::psnr, help_heading = SIZE)]
    pub(crate) psnr: Option<f64>,

    /// Reach a PSNR of 20 + Q / 5 dB, with Q from 0 to 100
    ///
    /// So 30 dB at 50, but in at most 1 bit per pixel.
    #[arg(long, value_name = "Q", group = "target", value_parser = values::quality, help_heading = SIZE)]
    pub(crate) quality: Option<f64>,

    /// Write a placeholder: a preview in 32 bytes, or as many as --bytes says, 16 to 200
    ///
    /// For databases and HTML attributes: it has no signature and no checksum, which `decode --placeholder` knows. It
    /// takes milliseconds. The aspect ratio is right to 1 %, and transparency is kept. The file is called
    /// photo.placeholder.
    #[arg(
        long, help_heading = SIZE,
        conflicts_with_all = [
            "bpp", "kbps", "psnr", "quality", "weights", "layers", "width", "omega", "omega_first", "effort", "steps",
            "seed", "threads", "device", "supervise", "grids", "segments", "checkpoint", "metadata",
        ]
    )]
    pub(crate) placeholder: bool,

    /// Print placeholders as text (base64) in place of writing files
    ///
    /// A line for each, behind the name of its input if there are several. With -o it goes into a file.
    #[arg(long, requires = "placeholder", help_heading = SIZE)]
    pub(crate) text: bool,

    /// What the network sees of the picture
    ///
    /// Its samples, or nothing but derivatives of them (the exact ones of a smooth interpolant), from which it puts
    /// the picture together again by solving Poisson's equation. The mean of each channel, which they do not tell, is
    /// added at the end. Takes two to four times as long.
    #[arg(
        long, value_name = "WHAT", value_enum, default_value_t = Supervise::Values, help_heading = NETWORK
    )]
    pub(crate) supervise: Supervise,

    /// Whether the network sees grids of latents in place of coordinates
    ///
    /// Integer latents at several scales, coded under a learned context. They hold more detail than weights alone where
    /// there are bytes for it. Steps are then passes over all pixels, a fifth of those that --effort says. For opaque
    /// pictures; layers, width, omega and half floats cannot be chosen with them.
    #[arg(
        long, value_name = "WHEN", value_enum, default_value_t = Grids::Auto, help_heading = NETWORK
    )]
    pub(crate) grids: Grids,

    /// Length of the segments of a sound, each of which has a network of its own
    ///
    /// Longer ones take proportionally longer. [default: what a network of 3,000 weights can serve, of fewer above
    /// 0.4 bits a sample, or of the given size]
    #[arg(long, value_name = "SECONDS", value_parser = values::duration, help_heading = NETWORK)]
    pub(crate) segments: Option<f64>,

    /// Keep the state of the encode in FILE, to go on from
    ///
    /// For one input. The file is replaced every so often, and removed at the end.
    #[arg(long, value_name = "FILE", help_heading = WORK)]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Go on from the state in the file of --checkpoint, if there is one
    ///
    /// It must have been made with the same options of the same input; the bytes are the same as without an
    /// interruption.
    #[arg(long, requires = "checkpoint", help_heading = WORK)]
    pub(crate) resume: bool,

    /// Seconds between checkpoints
    #[arg(
        long, value_name = "S", requires = "checkpoint", default_value_t = 10.0, value_parser = values::every,
        help_heading = WORK
    )]
    pub(crate) checkpoint_every: f64,

    /// What the file carries beside the picture
    ///
    /// What is carried counts in the size of the file. EXIF and XMP come without thumbnails, notes that only the maker of
    /// a camera reads, and the place where the picture was taken; their orientation is that of the picture, which is
    /// upright. `decode` puts them into PNG, JPEG and WebP.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Metadata::Icc)]
    pub(crate) metadata: Metadata,

    /// Carry the place where the picture was taken, too
    ///
    /// With --metadata all.
    #[arg(long, requires = "metadata")]
    pub(crate) gps: bool,

    #[command(flatten)]
    pub(crate) selection: Selection,

    #[command(flatten)]
    pub(crate) limiting: Limiting,

    #[command(flatten)]
    pub(crate) manner: Manner,

    /// Print a JSON object for each input in place of prose
    ///
    /// One a line, and no summary; on standard error if a file itself goes to standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

const SIZE: &str = "Size and quality";
const NETWORK: &str = "Network";
const WORK: &str = "Work";

/// Into which file a network goes, and how it is fitted.
#[derive(Args, Clone, Debug)]
pub(crate) struct Fitting {
    /// At most SIZE bytes, such as 2000, 2kB or 2KiB, and nearly that
    ///
    /// K, M, G and T alone are powers of 1024, too. The least that a picture takes is some 30 bytes, in which it is
    /// of one colour.
    #[arg(long, value_name = "SIZE", group = "target", value_parser = values::bytes, help_heading = SIZE)]
    pub(crate) bytes: Option<u64>,

    /// At most R bits a pixel, and nearly that [default: 0.25, in at most 20 kB]
    ///
    /// Beyond 12 kB the default grows only with the side of the picture. Videos take 20 kB at most, too; shapes 12 kB.
    #[arg(long, value_name = "R", group = "target", value_parser = values::bpp, help_heading = SIZE)]
    pub(crate) bpp: Option<f64>,

    /// How weights are stored
    ///
    /// Half floats take more than twice the size; the network then decides the size of the file.
    #[arg(
        long, value_name = "CODING", value_enum, default_value_t = Coding::Levels, help_heading = NETWORK
    )]
    pub(crate) weights: Coding,

    /// Hidden layers [default: what suits the size; 10 for f16]
    #[arg(long, value_name = "N", value_parser = values::layers, help_heading = NETWORK)]
    pub(crate) layers: Option<u32>,

    /// Neurons in each hidden layer [default: what suits the size; 28 for f16]
    ///
    /// The number of weights grows with its square. Given without a size, it decides the size.
    #[arg(long, value_name = "N", value_parser = values::width, help_heading = NETWORK)]
    pub(crate) width: Option<u32>,

    /// Frequency factor omega_0 of all sines
    ///
    /// Higher fits finer detail, but less stably. [default: 20 in the first layer, 10 for shapes and videos, 30 in
    /// the others]
    #[arg(long, value_name = "F", value_parser = values::omega, help_heading = NETWORK)]
    pub(crate) omega: Option<f64>,

    /// omega_0 of the first layer alone
    #[arg(long, value_name = "F", value_parser = values::omega, help_heading = NETWORK)]
    pub(crate) omega_first: Option<f64>,

    /// How much work to put in, 1 (quickest) to 9 [default: 5]
    ///
    /// 150, 350, 800, 1800, 4200, 8500, 16000, 28000 or 45000 steps, and fewer for networks so large that they would
    /// take longer. The default takes at most a minute on two cores, whatever the size of the picture; each further
    /// effort about twice as long as the one before, and 9 at most ten minutes.
    #[arg(
        long, value_name = "N", conflicts_with = "steps", value_parser = values::effort, help_heading = WORK
    )]
    pub(crate) effort: Option<u8>,

    /// Steps of the optimiser, in place of --effort
    ///
    /// More is better, with diminishing returns.
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = WORK)]
    pub(crate) steps: Option<u32>,

    /// Seed of the random initial weights [default: 0]
    #[arg(long, value_name = "N", value_parser = values::seed, help_heading = WORK)]
    pub(crate) seed: Option<u64>,

    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::threads, help_heading = WORK)]
    pub(crate) threads: Option<usize>,

    /// What fits: `cpu`, `gpu`, `gpu:N` or `auto`
    ///
    /// `gpu:N` is number N of `sirenc devices`; `auto` is a GPU where there is one that can do it. Needs a build with
    /// GPUs; derivatives are the CPU's.
    #[arg(long, value_name = "DEVICE", default_value = "auto", help_heading = WORK)]
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

/// What a file carries beside a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Metadata {
    /// Nothing: colours become sRGB
    None,
    /// A colour profile, where colours go beyond sRGB
    Icc,
    /// EXIF and XMP, too
    All,
}

/// When `encode` uses grids of latents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grids {
    /// Where they are expected to be better than weights alone: from 400 bytes (1,800 below 128 x 128 pixels) and 0.008 bits
    /// per pixel on, up to 5 megapixels, if neither steps nor a network, a PSNR or a GPU are asked for
    Auto,
    /// Grids of latents
    On,
    /// Weights alone
    Off,
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
  sirenc encode photo.png --placeholder --text    prints a preview of 32 bytes
  sirenc encode photos -r -o small/ --skip-existing   what is new in a folder
  ffmpeg -i film.mp4 -t 2 -f yuv4mpegpipe - | sirenc encode - -o film.siren
  sirenc encode bunny.ply                         a shape, as bunny.siren
  convert photo.psd png:- | sirenc encode - > photo.siren";
