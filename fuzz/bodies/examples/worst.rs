//! Searches for the files that cost the most beyond what is charged for them, for every kind of signal and everything that
//! is done with it: `cargo run --release -p sirenc-fuzz-bodies --example worst -- SECONDS FOLDER`.
//!
//! A candidate is a valid file and what is to be made of it. It is changed a little, or put together from two others, and
//! stays if it costs more of a core's time, or of memory, than the best so far for the same task, by what was charged.
//! Limits are a small part of the real ones, so that a candidate takes a tenth of a second; the model is linear, so what is
//! found holds for larger ones. The best of each task is written to the folder, and a table of all to standard output.

#[path = "../../../format/tests/allocations.rs"]
mod allocations;

use std::cell::OnceCell;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use siren_format::{
    Activation, CONTEXT_INPUTS, Colour, ContextNetwork, Cost, File, Grid, Grids, Header, Input,
    Latents, Limits, Network, OPERATIONS_PER_SECOND, Samples, Signal, Tensor, Weights,
};
use sirenc::media::{self, picture::Format, video};
use sirenc::{
    Camera, Derivative, Error, FrameTimes, Opened, Playback, Shading, ShapeDecoder, View,
};

/// What is made of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Open,
    Whole,
    Smaller,
    Larger,
    Gradient,
    Laplacian,
    Hue,
    Jpeg,
    WebP,
    Y4m,
    Gif,
    Pngs,
    Wav,
    Slower,
    Faster,
    Mesh,
    Rendering,
}

const TASKS: [Task; 17] = [
    Task::Open,
    Task::Whole,
    Task::Smaller,
    Task::Larger,
    Task::Gradient,
    Task::Laplacian,
    Task::Hue,
    Task::Jpeg,
    Task::WebP,
    Task::Y4m,
    Task::Gif,
    Task::Pngs,
    Task::Wav,
    Task::Slower,
    Task::Faster,
    Task::Mesh,
    Task::Rendering,
];

impl Task {
    /// Numbers of the kinds of signals that it is done with.
    fn kinds(self) -> &'static [u32] {
        match self {
            Self::Open => &[0, 1, 2, 3],
            Self::Y4m | Self::Gif | Self::Pngs => &[3],
            Self::Wav | Self::Slower | Self::Faster => &[2],
            Self::Mesh | Self::Rendering => &[1],
            _ => &[0],
        }
    }
}

/// A small generator of numbers: xorshift*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from 1 to `most`, of any order of magnitude.
    fn any(&mut self, most: u32) -> u32 {
        let bits = self.below(u64::from(most.ilog2()) + 1);
        let number = (1 << bits) + self.below(1 << bits);
        (number as u32).min(most)
    }
}

/// What a file is made of.
#[derive(Clone, Debug)]
struct Genes {
    kind: u32,
    sides: [u32; 2],
    frames: u32,
    segment: u32,
    overlap: u32,
    channels: u8,
    depth: u8,
    hidden: Vec<u32>,
    omega: u16,
    step: u8,
    /// The largest level; all are this if `flat`.
    level: i32,
    flat: bool,
    /// The grids of latents that a picture has in place of coordinates, if any.
    grids: Option<GridGenes>,
    /// What is made of it depends on this.
    knob: u32,
}

/// What grids of latents are made of.
#[derive(Clone, Copy, Debug)]
struct GridGenes {
    scale: u8,
    count: u32,
    context: [u8; 2],
    /// The largest latent, and the largest level of the context network.
    latent: u32,
    weight: u32,
}

impl GridGenes {
    fn random(random: &mut Random) -> Self {
        Self {
            scale: random.below(16) as u8,
            count: random.any(64),
            context: [random.any(32) as u8, random.any(32) as u8],
            latent: random.any(1 << 15) - 1,
            weight: random.any(8) - 1,
        }
    }

    fn grids(&self) -> Grids {
        let Self {
            scale,
            count,
            context,
            ..
        } = *self;
        Grids {
            grids: vec![Grid { scale, step: 150 }; count as usize],
            context: ContextNetwork::Own(context),
        }
    }

    fn latents(&self, width: u32, height: u32) -> Latents {
        let mut random = Random(u64::from(self.latent) + 1);
        let mut number = |most: u32| random.below(2 * u64::from(most) + 1) as i32 - most as i32;
        let [first, second] = self.context.map(usize::from);
        let layers = [(CONTEXT_INPUTS, first), (first, second), (second, 2)];
        let mut tensor = |step, count| Tensor {
            step,
            levels: (0..count).map(|_| number(self.weight)).collect(),
        };
        let context = layers
            .into_iter()
            .flat_map(|(inputs, outputs)| [tensor(8, inputs * outputs), tensor(16, outputs)]);
        let context = context.collect();
        let grids = self.grids().grids;
        let levels = grids.iter().map(|grid| {
            let [columns, rows] = grid.size(width, height);
            let nodes = 0..columns * rows;
            nodes.map(|_| number(self.latent) as i16).collect()
        });
        Latents {
            context,
            levels: levels.collect(),
        }
    }
}

impl Genes {
    fn random(random: &mut Random, kind: u32) -> Self {
        let frames = random.any(1 << 22);
        let segment = random.any(frames);
        Self {
            kind,
            sides: [random.any(1 << 12), random.any(1 << 12)],
            frames,
            segment,
            overlap: random.any(segment) / 2,
            channels: 1 + random.below(4) as u8,
            depth: 8 << random.below(2),
            hidden: layers(random),
            omega: random.any(60_000) as u16,
            step: random.below(256) as u8,
            level: random.any(1 << 19) as i32,
            flat: random.below(2) == 0,
            grids: (kind == 0 && random.below(3) == 0).then(|| GridGenes::random(random)),
            knob: random.any(1 << 10),
        }
    }

    fn changed(&self, random: &mut Random) -> Self {
        let mut new = self.clone();
        for _ in 0..1 + random.below(3) {
            match random.below(12) {
                0 => new.sides[0] = near(random, new.sides[0], 1 << 20),
                1 => new.sides[1] = near(random, new.sides[1], 1 << 20),
                2 => new.frames = near(random, new.frames, 1 << 26),
                3 => new.segment = near(random, new.segment, 1 << 26),
                4 => new.overlap = near(random, new.overlap, 1 << 26),
                5 => new.hidden = layers(random),
                6 => {
                    let index = random.below(new.hidden.len() as u64) as usize;
                    new.hidden[index] = near(random, new.hidden[index], 4096);
                }
                7 => new.channels = 1 + random.below(4) as u8,
                8 => new.depth = 8 << random.below(2),
                9 => {
                    new.step = random.below(256) as u8;
                    new.level = random.any(1 << 19) as i32;
                    new.flat = !new.flat;
                }
                10 if new.kind == 0 => {
                    new.grids = (random.below(4) > 0).then(|| GridGenes::random(random));
                }
                _ => new.knob = near(random, new.knob, 1 << 16),
            }
        }
        new
    }

    fn header(&self) -> Header {
        let [width, height] = self.sides;
        let (frames, segment) = (self.frames, self.segment.clamp(1, self.frames));
        let overlap = if segment == frames {
            0
        } else {
            self.overlap.min(segment / 2)
        };
        let (signal, channels, depth) = match self.kind {
            0 => (Signal::Picture { width, height }, self.channels, self.depth),
            1 => {
                let (centre, scale) = ([0; 3], 1.0_f32.to_bits());
                (Signal::Shape { centre, scale }, 1, 32)
            }
            2 => {
                let rate = 8000;
                let signal = Signal::Sound {
                    rate,
                    frames,
                    segment,
                    overlap,
                };
                (signal, self.channels.min(2), self.depth)
            }
            _ => {
                let rate = [25, 1];
                let signal = Signal::Video {
                    width,
                    height,
                    frames,
                    rate,
                };
                (signal, self.channels | 1, self.depth)
            }
        };
        Header {
            signal,
            samples: Samples {
                channels,
                depth,
                colour: Colour::Direct,
            },
            network: Network {
                activation: Activation::Sine,
                input: match &self.grids {
                    Some(grids) if self.kind == 0 => Input::Grids(grids.grids()),
                    _ => Input::Coordinates,
                },
                omega_first: self.omega,
                omega_hidden: self.omega,
                hidden: self.hidden.clone(),
            },
        }
    }

    fn file(&self) -> File {
        let header = self.header();
        let mut random = Random(u64::from(self.step) + 1);
        let last = header.layers().count() - 1;
        let mut tensor = |count: u32, ascending: bool| {
            let span = 2 * self.level as u64 + 1;
            let level = |_| match self.flat {
                true => self.level,
                false => random.below(span) as i32 - self.level,
            };
            let mut levels: Vec<i32> = (0..count).map(level).collect();
            if ascending {
                levels.iter_mut().for_each(|level| *level = level.abs());
                levels.sort_unstable();
            }
            Tensor {
                step: self.step,
                levels,
            }
        };
        let tensors = (0..header.networks()).flat_map(|_| {
            let layers = header.layers().enumerate();
            let pair = |(layer, (outputs, inputs))| {
                [
                    tensor(outputs * inputs, false),
                    tensor(outputs, layer < last),
                ]
            };
            layers.flat_map(pair).collect::<Vec<_>>()
        });
        let latents = self.grids.filter(|_| header.grids().is_some());
        let latents = latents.map(|grids| grids.latents(self.sides[0], self.sides[1]));
        File {
            weights: Weights::Levels(tensors.collect()),
            header,
            latents,
            icc: None,
        }
    }
}

/// A number near another one, or any.
fn near(random: &mut Random, number: u32, most: u32) -> u32 {
    match random.below(4) {
        0 => random.any(most),
        1 => number.saturating_mul(2).min(most),
        2 => (number / 2).max(1),
        _ => (number + random.below(3) as u32)
            .saturating_sub(1)
            .clamp(1, most),
    }
}

fn layers(random: &mut Random) -> Vec<u32> {
    let count = random.any(255);
    let (a, b) = (random.any(4096), random.any(4096));
    let alternate = random.below(2) == 0;
    let width = |layer| if alternate && layer % 2 == 1 { b } else { a };
    (0..count).map(width).collect()
}

/// A twentieth of what a service allows, and no more parameters than are made in a moment.
fn limits() -> Limits {
    let service = Limits::default();
    let (operations, memory) = (service.operations / 50, service.memory / 2);
    service
        .with_operations(operations)
        .with_memory(memory)
        .with_parameters(1 << 20)
        .with_networks(1 << 12)
        .with_frames(1 << 12)
}

/// What something was charged, and what it took.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    charged: Cost,
    nanoseconds: u64,
    bytes: u64,
}

impl Taken {
    /// How many times what was charged it took, in time and in memory. What every process takes is not counted.
    fn ratios(&self) -> [f64; 2] {
        let seconds = self.charged.operations as f64 / OPERATIONS_PER_SECOND as f64;
        let time = (self.nanoseconds as f64 * 1e-9 - 1e-3) / seconds;
        [
            time,
            (self.bytes as f64 - 65_536.0) / self.charged.memory as f64,
        ]
    }
}

/// Time of this thread on its core, in nanoseconds.
fn spent() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().and_then(|first| first.parse().ok());
    first.unwrap_or_default()
}

thread_local! {
    /// This thread as all there is, so that what it takes is all that is taken.
    static ALONE: OnceCell<rayon::ThreadPool> = const { OnceCell::new() };
}

/// Does `task` with a file; none if that is refused or makes no sense.
fn measure(task: Task, genes: &Genes, bytes: &[u8]) -> Option<Taken> {
    let begin = spent();
    let work = || done(task, genes, bytes);
    let (charged, bytes) = allocations::peak(|| {
        ALONE.with(|pool| {
            let alone = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .use_current_thread();
            pool.get_or_init(|| alone.build().expect("a pool"))
                .install(work)
        })
    });
    Some(Taken {
        charged: charged?.ok()?,
        nanoseconds: spent() - begin,
        bytes: bytes as u64,
    })
}

fn done(task: Task, genes: &Genes, bytes: &[u8]) -> Option<Result<Cost, media::Error>> {
    let opened = Opened::with_limits(bytes, &limits()).ok()?;
    if task == Task::Open {
        let layout = siren_format::inspect(bytes, &limits()).ok()?;
        return Some(Ok(layout.reading()));
    }
    Some(match &opened {
        Opened::Picture(decoder) => picture(task, genes, decoder),
        Opened::Video(decoder) => film(task, genes, decoder),
        Opened::Sound(decoder) => sound(task, genes, decoder),
        Opened::Shape(decoder) => shape(task, genes, decoder),
        _ => return None,
    })
}

fn picture(task: Task, genes: &Genes, decoder: &sirenc::Decoder) -> Result<Cost, media::Error> {
    let whole = View::whole(decoder);
    let scale = f64::from(genes.knob);
    let shaded = |derivative| Shading::new(derivative, 1.0);
    let (view, extension) = match task {
        Task::Smaller => (View::scaled(decoder, 1.0 / scale.sqrt())?, "png"),
        Task::Larger => (View::scaled(decoder, scale)?, "ppm"),
        Task::Gradient => (whole.with_shading(shaded(Derivative::Gradient)?), "png"),
        Task::Laplacian => (whole.with_shading(shaded(Derivative::Laplacian)?), "npy"),
        Task::Hue => (
            whole.with_shading(shaded(Derivative::Gradient)?.with_hue()?),
            "png",
        ),
        Task::Jpeg => (whole, "jpg"),
        Task::WebP => (whole, "webp"),
        _ => (whole, "png"),
    };
    let format = Format::of(extension).unwrap_or(Format::png());
    let cost = media::picture::cost(decoder, &view, format)?;
    media::picture::render(decoder, &view, format, &mut std::io::sink(), |_| {})?;
    Ok(cost)
}

fn film(task: Task, genes: &Genes, decoder: &sirenc::VideoDecoder) -> Result<Cost, media::Error> {
    use video::{Film, Subsampling, Writing};
    let writing = match task {
        Task::Gif => Writing::Gif,
        Task::Pngs => Writing::Pngs,
        _ if genes.knob.is_multiple_of(2) => Writing::Y4m(Subsampling::Quarter),
        _ => Writing::Y4m(Subsampling::Full),
    };
    let (view, moments) = (View::of_frames(decoder), FrameTimes::stored(decoder));
    let cost = Film::cost(decoder, &view, &moments, writing);
    let mut film = Film::new(decoder, &view, moments, writing)?;
    if writing == Writing::Pngs {
        for frame in 0..film.frames() {
            film.write_png(frame, &mut std::io::sink())?;
        }
    } else {
        film.write(&mut std::io::sink(), &mut || {})?;
    }
    Ok(cost)
}

fn sound(task: Task, genes: &Genes, decoder: &sirenc::SoundDecoder) -> Result<Cost, media::Error> {
    let rate = match task {
        Task::Slower => (8000 / genes.knob.max(1)).max(1),
        Task::Faster => 8000_u32.saturating_mul(genes.knob),
        _ => 8000,
    };
    let playback = Playback::whole(decoder).with_rate(rate)?;
    decoder.render(&playback, |_| Ok::<_, Error>(()))?;
    Ok(decoder.cost(&playback))
}

fn shape(task: Task, genes: &Genes, decoder: &ShapeDecoder) -> Result<Cost, media::Error> {
    let resolution = 2 + genes.knob % 256;
    if task == Task::Mesh {
        return Ok(decoder.meshed(resolution)?.1);
    }
    let camera = Camera::new(30.0, 20.0, resolution, resolution)?;
    let (_, cost) = decoder.traced(&camera)?;
    Ok(cost)
}

/// The best candidate of a task, by time or by memory.
struct Best {
    task: Task,
    of: usize,
    genes: Option<Genes>,
    taken: Taken,
}

impl Best {
    fn ratio(&self) -> f64 {
        self.genes
            .as_ref()
            .map_or(0.0, |_| self.taken.ratios()[self.of])
    }

    /// Tries another candidate.
    fn go_on(&mut self, random: &mut Random) {
        let kinds = self.task.kinds();
        let kind = kinds[random.below(kinds.len() as u64) as usize];
        let genes = match &self.genes {
            Some(best) if random.below(4) > 0 => best.changed(random),
            _ => Genes::random(random, kind),
        };
        // Nothing is made of a header that will be refused.
        if limits().check(&genes.header()).is_err() {
            return;
        }
        let Ok(bytes) = genes.file().to_bytes() else {
            return;
        };
        let Some(mut taken) = measure(self.task, &genes, &bytes) else {
            return;
        };
        let better = |taken: &Taken, of: usize| taken.ratios()[of] > self.ratio();
        if better(&taken, self.of) {
            // Once more: what neighbours do on the machine is not to be taken for it.
            if let Some(again) = measure(self.task, &genes, &bytes) {
                taken.nanoseconds = taken.nanoseconds.min(again.nanoseconds);
            }
            if better(&taken, self.of) {
                (self.genes, self.taken) = (Some(genes), taken);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().ok_or("give SECONDS")?.parse()?;
    let folder = arguments.next().ok_or("give a FOLDER")?;
    let only = arguments.next();
    let (folder, end) = (
        Path::new(&folder),
        Instant::now() + Duration::from_secs(seconds),
    );
    fs::create_dir_all(folder)?;
    let mut random = Random(0x5EED);
    let all = TASKS.into_iter().filter(|task| {
        only.as_ref()
            .is_none_or(|only| format!("{task:?}") == *only)
    });
    let mut best: Vec<Best> = all
        .flat_map(|task| [0, 1].map(|of| (task, of)))
        .map(|(task, of)| Best {
            task,
            of,
            genes: None,
            taken: Taken::default(),
        })
        .collect();
    while Instant::now() < end {
        for best in &mut best {
            best.go_on(&mut random);
        }
    }
    println!("| task | of | times what was charged | took | charged | file, bytes | made of |");
    println!("|---|---|---|---|---|---|---|");
    for best in &best {
        let (Some(genes), taken) = (&best.genes, &best.taken) else {
            continue;
        };
        let what = ["time", "memory"][best.of];
        let name = format!("{:?}-{what}", best.task).to_lowercase();
        let bytes = genes.file().to_bytes()?;
        fs::write(folder.join(&name).with_extension("siren"), &bytes)?;
        let header = genes.header();
        println!(
            "| {:?} | {what} | {:.2} | {:.3} s, {:.1} MB | {:.3} s, {:.1} MB | {} | {:?}, {} layers of {:?}, knob {} |",
            best.task,
            best.ratio(),
            taken.nanoseconds as f64 * 1e-9,
            taken.bytes as f64 / 1e6,
            taken.charged.operations as f64 / OPERATIONS_PER_SECOND as f64,
            taken.charged.memory as f64 / 1e6,
            bytes.len(),
            header.signal,
            genes.hidden.len(),
            &genes.hidden[..genes.hidden.len().min(2)],
            genes.knob,
        );
    }
    Ok(())
}
