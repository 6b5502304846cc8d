//! Models of files: whatever a writer accepts, a reader gives back.

use arbitrary::{Arbitrary as _, Result, Unstructured};
use siren_format::{
    Activation, CONTEXT_INPUTS, Colour, ContextNetwork, File, Grid, Grids, Header, Input,
    LEVEL_MAX, Latents, Limits, Network, Samples, Signal, Tensor, Weights, colour_prior, series,
};

use crate::{read, rewrite};

/// Most parameters of a model: enough for every path, and quick.
const PARAMETERS: u64 = 1 << 11;
/// Most latents of a model.
const LATENTS: u64 = 1 << 11;

/// Makes of `bytes` a valid file, writes it, and requires that reading gives it back.
pub fn roundtrip(bytes: &[u8]) {
    if let Ok(file) = file(&mut Unstructured::new(bytes)) {
        let limits = Limits::none();
        rewrite(&file, &limits);
        let written = file.to_bytes().expect("a valid model is written");
        assert_eq!(read(&written, &limits).as_ref(), Some(&file));
    }
}

/// Any valid file of at most [`PARAMETERS`] parameters.
fn file(source: &mut Unstructured<'_>) -> Result<File> {
    let (signal, samples) = signal(source)?;
    let mut header = Header {
        signal,
        samples,
        network: Network {
            activation: Activation::Sine,
            input: input(source, signal)?,
            omega_first: source.int_in_range(1..=u16::MAX)?,
            omega_hidden: source.int_in_range(1..=u16::MAX)?,
            hidden: hidden(source)?,
        },
    };
    if header.grids().is_some() && source.arbitrary()? {
        serve(source, &mut header)?;
    }
    if header.parameters() > PARAMETERS {
        return Err(arbitrary::Error::IncorrectFormat);
    }
    let icc = Option::<Vec<u8>>::arbitrary(source)?;
    let prior = colour_prior(&header).filter(|_| source.arbitrary().unwrap_or(false));
    let weights = if let Some(prior) = prior {
        differences(source, &prior)?
    } else if source.arbitrary()? {
        halves(source, &header)?
    } else {
        Weights::Levels(tensors(source, &header)?)
    };
    let latents = match &header.network.input {
        Input::Grids(grids) => Some(latents(source, grids, signal)?),
        Input::Coordinates => None,
    };
    Ok(File {
        header,
        weights,
        latents,
        icc,
    })
}

/// Any kind of signal, and samples that suit it.
fn signal(source: &mut Unstructured<'_>) -> Result<(Signal, Samples)> {
    let any = 1..=u32::MAX;
    let (mut channels, mut depths): (_, &[u8]) = (1..=4, &[8, 16]);
    let signal = match source.int_in_range(0..=3)? {
        0 => Signal::Picture {
            width: source.int_in_range(any.clone())?,
            height: source.int_in_range(any)?,
        },
        1 => {
            (channels, depths) = (1..=1, &[32]);
            // Without the exponent's highest bit nothing is infinite or no number; without the sign and with
            // its lowest nothing is subnormal or negative.
            let finite = |bits: u32| bits & !(1 << 30);
            let centre: [u32; 3] = source.arbitrary()?;
            Signal::Shape {
                centre: centre.map(finite),
                scale: finite(source.arbitrary::<u32>()? & !(1 << 31) | 1 << 23),
            }
        }
        2 => {
            (channels, depths) = (1..=2, &[8, 16, 24, 32]);
            let rate = source.int_in_range(any)?;
            let segment = source.int_in_range(1..=4000)?;
            let more = source.int_in_range(0..=4 * segment)?;
            Signal::Sound {
                rate,
                frames: segment + more,
                segment,
                overlap: source.int_in_range(0..=segment / 2 * u32::from(more > 0))?,
            }
        }
        _ => Signal::Video {
            width: source.int_in_range(any.clone())?,
            height: source.int_in_range(any.clone())?,
            frames: source.int_in_range(any)?,
            rate: *source.choose(&[[25, 1], [30_000, 1001], [1, u32::MAX], [u32::MAX, 1]])?,
        },
    };
    let samples = Samples {
        channels: source.int_in_range(channels)?,
        depth: *source.choose(depths)?,
        colour: Colour::Direct,
    };
    Ok((signal, samples))
}

/// Coordinates, or grids of a picture, if they have few enough latents.
fn input(source: &mut Unstructured<'_>, signal: Signal) -> Result<Input> {
    let Signal::Picture { width, height } = signal else {
        return Ok(Input::Coordinates);
    };
    if source.arbitrary()? {
        let grids = grids(source, 15)?;
        if grids.latents(width, height) <= LATENTS {
            return Ok(Input::Grids(grids));
        }
    }
    Ok(Input::Coordinates)
}

/// Makes `header` one that the prior of colours serves.
fn serve(source: &mut Unstructured<'_>, header: &mut Header) -> Result<()> {
    let Header {
        signal: Signal::Picture { width, height },
        samples,
        network,
    } = header
    else {
        return Ok(());
    };
    samples.channels = if source.arbitrary()? { 3 } else { 1 };
    (network.omega_first, network.omega_hidden) = (16, 16);
    network.hidden = vec![24];
    if let Input::Grids(grids) = &mut network.input {
        let [finest, step] = [source.int_in_range(0..=3)?, source.arbitrary()?];
        grids.grids = series(samples.channels, finest, step);
        if grids.latents(*width, *height) > LATENTS {
            return Err(arbitrary::Error::IncorrectFormat);
        }
    }
    Ok(())
}

/// Any differences from the numbers of a prior.
fn differences(source: &mut Unstructured<'_>, prior: &[Vec<i32>]) -> Result<Weights> {
    let mut tensors = Vec::new();
    for numbers in prior {
        let levels = levels(source, numbers.len(), LEVEL_MAX)?;
        let step = source.arbitrary()?;
        tensors.push(Tensor { step, levels });
    }
    Ok(Weights::Differences(tensors))
}

/// A few grids of scales up to `most`.
pub(crate) fn grids(source: &mut Unstructured<'_>, most: u8) -> Result<Grids> {
    let mut grids = Vec::new();
    for _ in 0..source.int_in_range(1..=4)? {
        grids.push(Grid {
            scale: source.int_in_range(0..=most)?,
            step: source.arbitrary()?,
        });
    }
    let mut width = || source.int_in_range(1..=32);
    let context = match [width()?, width()?] {
        // Often enough for a fuzzer to find it.
        [32, _] => ContextNetwork::Prior,
        widths => ContextNetwork::Own(widths),
    };
    Ok(Grids { grids, context })
}

/// Any latents and context network for grids of a picture, and none for others. Once the source has run dry, all that
/// follows is 0.
pub(crate) fn latents(
    source: &mut Unstructured<'_>,
    grids: &Grids,
    signal: Signal,
) -> Result<Latents> {
    let mut latents = Latents {
        context: Vec::new(),
        levels: Vec::new(),
    };
    let [first, second] = grids.context.widths().map(usize::from);
    // Differences from the prior leave their sums with it in range.
    let less = if grids.context == ContextNetwork::Prior {
        2
    } else {
        0
    };
    for (inputs, outputs) in [(CONTEXT_INPUTS, first), (first, second), (second, 2)] {
        for (count, steps, bits) in [(inputs * outputs, 8, 11), (outputs, 16, 28)] {
            let step = source.int_in_range(0..=steps)?;
            let most = (1_i32 << (bits - less - step)).min(LEVEL_MAX);
            let levels = levels(source, count, most)?;
            latents.context.push(Tensor { step, levels });
        }
    }
    if let Signal::Picture { width, height } = signal {
        for grid in &grids.grids {
            let [columns, rows] = grid.size(width, height);
            let levels = levels(source, (columns * rows) as usize, i16::MAX.into())?;
            let level = |level| level as i16;
            latents.levels.push(levels.into_iter().map(level).collect());
        }
    }
    Ok(latents)
}

/// Widths in runs, as the header codes them.
fn hidden(source: &mut Unstructured<'_>) -> Result<Vec<u32>> {
    let mut widths = Vec::new();
    for _ in 0..source.int_in_range(1..=4)? {
        let repeat = source.int_in_range(1..=60)?;
        widths.extend(vec![source.int_in_range(1..=40_u32)?; repeat]);
    }
    Ok(widths)
}

/// Bit patterns of finite half floats.
fn halves(source: &mut Unstructured<'_>, header: &Header) -> Result<Weights> {
    let finite = |bits: u16| {
        if bits & 0x7C00 == 0x7C00 {
            bits & !0x0400
        } else {
            bits
        }
    };
    let values = (0..header.parameters()).map(|_| source.arbitrary().map(finite));
    values.collect::<Result<_>>().map(Weights::Half)
}

/// Tensors of any levels, where the biases of hidden layers ascend from 0 as SPEC 5.3.5 wants. Once the
/// source has run dry, all that follows is 0.
pub(crate) fn tensors(source: &mut Unstructured<'_>, header: &Header) -> Result<Vec<Tensor>> {
    let layers: Vec<_> = header.layers().collect();
    let mut tensors = Vec::new();
    let networks = (0..header.networks()).flat_map(|_| layers.iter().enumerate());
    for (index, &(outputs, inputs)) in networks {
        tensors.push(tensor(source, outputs * inputs)?);
        let mut biases = tensor(source, outputs)?;
        if index + 1 < layers.len() {
            biases
                .levels
                .iter_mut()
                .for_each(|level| *level = level.abs());
            biases.levels.sort_unstable();
        }
        tensors.push(biases);
    }
    Ok(tensors)
}

/// A tensor of any step and levels.
fn tensor(source: &mut Unstructured<'_>, count: u32) -> Result<Tensor> {
    let step = source.arbitrary()?;
    let levels = levels(source, count as usize, LEVEL_MAX)?;
    Ok(Tensor { step, levels })
}

/// Levels of one magnitude, which is what a tensor has, and now and then one of any up to `most`.
fn levels(source: &mut Unstructured<'_>, count: usize, most: i32) -> Result<Vec<i32>> {
    let bits = source.int_in_range(0..=20_u32)?;
    let usual = ((1 << bits) >> 1).min(most);
    let mut level = || {
        let outlier = bits > 0 && source.ratio(1, 64)?;
        let most = if outlier { most } else { usual };
        source.int_in_range(-most..=most)
    };
    (0..count).map(|_| level()).collect()
}
