//! `sirenc info`: what a file holds and costs.

use super::failure::Failure;
use super::input;
use super::jobs::{Inputs, Selection, Wanted};
use super::listing::listing;
use super::paths::Place;
use super::placeholder;
use super::report::Report;
use super::shape;
use super::usage::Limiting;
use clap::Args;
use serde_json::{Value, json};
use siren_format::{
    Activation, BIT, Coding, Colour, Cost, Header, Input, Layout, Limits, OMEGA_UNITS,
    OPERATIONS_PER_SECOND, Samples, Signal, Span,
};
use sirenc::Opened;
use sirenc::media::{self, grouped};
use std::path::PathBuf;
use std::process::ExitCode;

/// Say what .siren files hold and what each part of them costs
///
/// Shows everything the header says (size, channels, network), the bytes of each section, bits per
/// weight and per pixel, the multiplications that decoding takes for each pixel, and an estimate of the time and memory
/// that `decode` takes. Several files, or those of a folder, are listed in a table.
#[derive(Args, Debug)]
pub(crate) struct Info {
    /// Files to look into, or a folder of them; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The files are placeholders, or their text in place of a file
    #[arg(long)]
    pub(crate) placeholder: bool,

    #[command(flatten)]
    pub(crate) limiting: Limiting,

    /// Print one JSON object a line for each file, in place of prose
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Info) -> Result<ExitCode, Failure> {
    let report = Report {
        json: args.json,
        ..Report::default()
    };
    if args.placeholder {
        return placeholder::info(&args.files, &report);
    }
    let inputs = Inputs::find(&args.files, Selection::default(), Wanted::Sirens)?;
    let limits = args.limiting.limits();
    let mut status = ExitCode::SUCCESS;
    let mut listed = Vec::new();
    for file in inputs.places() {
        let told = if inputs.several && !report.json {
            layout(file, &limits).map(|layout| listed.push((file.clone(), layout)))
        } else {
            one(file, &limits, &report)
        };
        if !report.settle(file, told)? {
            status = ExitCode::FAILURE;
        }
    }
    if !listed.is_empty() {
        report.print(listing(&listed))?;
    }
    Ok(status)
}

/// What the parts of a file are.
fn layout(file: &Place, limits: &Limits) -> Result<Layout, Failure> {
    let (bytes, _) = input::read_siren(file)?;
    Ok(siren_format::inspect(&bytes, limits).map_err(sirenc::Error::from)?)
}

fn one(file: &Place, limits: &Limits, report: &Report) -> Result<(), Failure> {
    let (bytes, _) = input::read_siren(file)?;
    let layout = siren_format::inspect(&bytes, limits).map_err(sirenc::Error::from)?;
    // What decoding would take is estimated; nothing of it is spent here but the parsing.
    let (opened, bits) = Opened::measured(&bytes, limits)?;
    let layers = layers(&layout.header, &bits);
    let cost = command(&opened)?;
    let text = if report.json {
        json(file, &layout, &layers, &cost).to_string()
    } else {
        prose(file, &layout, &layers, &cost)
    };
    report.print(text)
}

/// What a process takes before it does anything: operations to start it, and bytes of the program and of its threads.
const START: (u64, u64) = (OPERATIONS_PER_SECOND / 200, 12 << 20);

/// What it costs to decode a file by `sirenc decode` without options.
fn command(opened: &Opened) -> Result<Cost, Failure> {
    let mut cost = media::cost(opened, shape::RESOLUTION)?;
    cost.work(START.0);
    cost.hold(START.1);
    Ok(cost)
}

/// What a layer takes in the file.
struct LayerBits {
    outputs: u32,
    inputs: u32,
    /// Bits of all its weights, and of all its biases.
    bits: [f64; 2],
}

/// What every layer takes, where that can be told apart: `bits` are those of each tensor.
fn layers(header: &Header, bits: &[u64]) -> Vec<LayerBits> {
    let layers = header.layers().zip(bits.chunks_exact(2));
    let cost = |((outputs, inputs), costs): ((u32, u32), &[u64])| LayerBits {
        outputs,
        inputs,
        bits: [costs[0], costs[1]].map(|cost| cost as f64 / BIT as f64),
    };
    layers.map(cost).collect()
}

/// Bytes of the whole file.
pub(crate) fn total(layout: &Layout) -> usize {
    layout.spans.iter().map(|span| span.length).sum()
}

/// Bits that each weight or bias takes in the file, all overhead aside.
fn bits_per_weight(layout: &Layout) -> f64 {
    let sections = layout.spans.iter().filter(|span| span.part.is_weights());
    8.0 * sections.map(|span| span.length).sum::<usize>() as f64 / layout.header.parameters() as f64
}

/// Bits of the file for each point at which the signal is stored; a shape has none.
fn bits_per_point(layout: &Layout) -> Option<f64> {
    let points = layout.header.points();
    (points > 0).then(|| 8.0 * total(layout) as f64 / points as f64)
}

/// Seconds of a core that an estimate stands for.
fn seconds(cost: &Cost) -> f64 {
    cost.operations as f64 / OPERATIONS_PER_SECOND as f64
}

fn omega(units: u16) -> f64 {
    f64::from(units) / f64::from(OMEGA_UNITS)
}

fn json(file: &Place, layout: &Layout, layers: &[LayerBits], cost: &Cost) -> Value {
    let Header {
        samples, network, ..
    } = &layout.header;
    let part = |span: &Span| json!({ "part": span.part.to_string(), "offset": span.offset, "bytes": span.length });
    let layer = |cost: &LayerBits| json!({ "outputs": cost.outputs, "inputs": cost.inputs, "weight_bits": cost.bits[0], "bias_bits": cost.bits[1] });
    let mut facts = json!({
        "input": file.name(),
        "kind": layout.header.signal.name(),
        "bytes": total(layout),
    });
    let rest = json!({
        "channels": samples.channels,
        "depth": samples.depth,
        "colour": match samples.colour { Colour::Direct => "direct" },
        "activation": match network.activation { Activation::Sine => "sine" },
        "input_kind": match network.input { Input::Coordinates => "coordinates", Input::Grids(_) => "grids" },
        "omega_first": omega(network.omega_first),
        "omega_hidden": omega(network.omega_hidden),
        "hidden": network.hidden,
        "parameters": layout.header.parameters(),
        "coding": match layout.coding { Coding::Half => "half", Coding::Levels => "levels", Coding::Differences => "differences" },
        "bits_per_weight": bits_per_weight(layout),
        "multiplications_per_point": layout.header.multiplications_per_point(),
        "operations": cost.operations,
        "seconds": seconds(cost),
        "memory": cost.memory,
        "output": cost.output,
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
        "parts": layout.spans.iter().map(part).collect::<Vec<_>>(),
    });
    for more in [signal_json(layout), rest] {
        if let (Value::Object(facts), Value::Object(more)) = (&mut facts, more) {
            facts.extend(more);
        }
    }
    facts
}

/// What the file says of its signal.
fn signal_json(layout: &Layout) -> Value {
    let bits = bits_per_point(layout);
    match layout.header.signal {
        Signal::Picture { width, height } => {
            json!({ "bpp": bits, "width": width, "height": height })
        }
        Signal::Shape { centre, scale } => json!({
            "centre": centre.map(f32::from_bits),
            "scale": f32::from_bits(scale),
        }),
        Signal::Sound {
            rate,
            frames,
            segment,
            overlap,
        } => json!({
            "bits_per_frame": bits,
            "rate": rate,
            "frames": frames,
            "segment": segment,
            "overlap": overlap,
            "networks": layout.header.networks(),
        }),
        Signal::Video {
            width,
            height,
            frames,
            rate,
        } => json!({
            "bpp": bits, "width": width, "height": height, "frames": frames, "rate": rate,
        }),
    }
}

fn prose(file: &Place, layout: &Layout, layers: &[LayerBits], cost: &Cost) -> String {
    let mut text = file.to_string();
    for (name, fact) in facts(layout, cost) {
        text += &format!("\n  {name:<10}{fact}");
    }
    for span in &layout.spans {
        let (bytes, bits) = (grouped(span.length as u64), grouped(8 * span.length as u64));
        text += &format!(
            "\n    {:<16}{bytes:>10} bytes{bits:>12} bits",
            span.part.to_string()
        );
    }
    for (index, cost) in layers.iter().enumerate() {
        let [weights, biases] = [
            cost.bits[0] / (f64::from(cost.outputs) * f64::from(cost.inputs)),
            cost.bits[1] / f64::from(cost.outputs),
        ];
        let name = format!("layer {}", index + 1);
        let size = (cost.bits[0] + cost.bits[1]) / 8.0;
        text += &format!(
            "\n    {name:<16}{size:>10.0} bytes  {:>4} x {:<4} weights {weights:5.2} bits each, biases {biases:5.2}",
            cost.outputs, cost.inputs
        );
    }
    text
}

/// The facts about a whole file, each with its name.
fn facts(layout: &Layout, cost: &Cost) -> [(&'static str, String); 7] {
    let header = &layout.header;
    let Header {
        signal,
        samples,
        network,
    } = header;
    let Colour::Direct = samples.colour;
    let Activation::Sine = network.activation;
    let coding = match layout.coding {
        Coding::Half => "half floats, zstd",
        Coding::Levels => "levels, entropy-coded",
        Coding::Differences => "differences from the prior, entropy-coded",
    };
    let bits = bits_per_point(layout).map_or(String::new(), |bits| {
        format!(", {bits:.3} bits a {}", point(signal))
    });
    [
        (signal.name(), described(header)),
        ("network", self::network(header)),
        (
            "sines",
            format!(
                "omega {} in the first layer, {} after",
                omega(network.omega_first),
                omega(network.omega_hidden)
            ),
        ),
        (
            "weights",
            format!(
                "{}, as {coding}: {:.2} bits each",
                grouped(header.parameters()),
                bits_per_weight(layout)
            ),
        ),
        (
            "decoding",
            format!(
                "{} multiplications a {}",
                grouped(header.multiplications_per_point()),
                point(signal)
            ),
        ),
        (
            "estimate",
            format!(
                "{:.2} s of a core, {:.0} MB of memory, {:.1} MB of output",
                seconds(cost),
                cost.memory as f64 / 1e6,
                cost.output as f64 / 1e6
            ),
        ),
        (
            "size",
            format!("{} bytes{bits}", grouped(total(layout) as u64)),
        ),
    ]
}

/// What one point of a signal is called.
fn point(signal: &Signal) -> &'static str {
    match signal {
        Signal::Picture { .. } | Signal::Video { .. } => "pixel",
        Signal::Shape { .. } => "point",
        Signal::Sound { .. } => "frame",
    }
}

/// A signal's size and samples.
fn described(header: &Header) -> String {
    let Samples {
        channels, depth, ..
    } = header.samples;
    let colours = ["gray", "gray + alpha", "RGB", "RGBA"][usize::from(channels) - 1];
    match header.signal {
        Signal::Picture { width, height } => {
            format!("{width} x {height} pixels, {colours}, {depth} bits a sample")
        }
        Signal::Shape { centre, scale } => {
            let [x, y, z] = centre.map(f32::from_bits);
            let scale = f32::from_bits(scale);
            format!(
                "signed distance in the cube of side {} at ({x}, {y}, {z})",
                2.0 * scale
            )
        }
        Signal::Sound {
            rate,
            frames,
            segment,
            overlap,
        } => {
            let (frames, rate) = (f64::from(frames), f64::from(rate));
            let channels = if channels == 1 { "mono" } else { "stereo" };
            let seconds = |frames: u32| f64::from(frames) / rate;
            let segments = match header.networks() {
                1 => String::new(),
                several => format!(
                    ", {several} segments of {:.2} s that overlap by {:.3} s",
                    seconds(segment),
                    seconds(overlap)
                ),
            };
            format!(
                "{:.2} s at {rate} Hz, {channels}, {depth} bits a sample{segments}",
                frames / rate
            )
        }
        Signal::Video {
            width,
            height,
            frames,
            rate: [numerator, denominator],
        } => {
            let rate = f64::from(numerator) / f64::from(denominator);
            let rate = (rate * 1000.0).round() / 1000.0;
            format!(
                "{frames} frames of {width} x {height} pixels, {rate} a second, {colours}, {depth} bits a sample"
            )
        }
    }
}

/// The network, or how many there are of it, in the widths of its layers: `2 -> 10 x 28 -> 3`.
pub(crate) fn network(header: &Header) -> String {
    let several = match header.networks() {
        1 => String::new(),
        several => format!("{several} of "),
    };
    let (inputs, outputs) = (header.inputs(), header.outputs());
    let hidden = hidden(&header.network.hidden);
    format!("{several}{inputs} -> {hidden} -> {outputs}")
}

/// The widths of the hidden layers: `10 x 28`, or one by one if they differ.
fn hidden(widths: &[u32]) -> String {
    match widths {
        [first, rest @ ..] if rest.iter().all(|width| width == first) => {
            format!("{} x {first}", widths.len())
        }
        _ => widths
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(" -> "),
    }
}
