//! Models of files: whatever a writer accepts, a reader gives back.

use arbitrary::{Arbitrary as _, Result, Unstructured};
use siren_format::{
    Activation, Colour, File, Header, Input, LEVEL_MAX, Limits, Network, Samples, Signal, Tensor,
    Weights,
};

use crate::{read, rewrite};

/// Most parameters of a model: enough for every path, and quick.
const PARAMETERS: u64 = 1 << 11;

/// Makes of `bytes` a valid file, writes it, and requires that reading gives it back.
pub fn roundtrip(bytes: &[u8]) {
    if let Ok(file) = file(&mut Unstructured::new(bytes)) {
        let all = u64::MAX;
        let limits = Limits::default()
            .with_side(all)
            .with_pixels(all)
            .with_multiplications(all);
        rewrite(&file, &limits);
        let written = file.to_bytes().expect("a valid model is written");
        assert_eq!(read(&written, &limits).as_ref(), Some(&file));
    }
}

/// Any valid file of at most [`PARAMETERS`] parameters.
fn file(source: &mut Unstructured<'_>) -> Result<File> {
    let side = |source: &mut Unstructured<'_>| source.int_in_range(1..=u32::MAX);
    let header = Header {
        signal: Signal::Picture {
            width: side(source)?,
            height: side(source)?,
        },
        samples: Samples {
            channels: source.int_in_range(1..=4)?,
            depth: *source.choose(&[8, 16])?,
            colour: Colour::Direct,
        },
        network: Network {
            activation: Activation::Sine,
            input: Input::Coordinates,
            omega_first: source.int_in_range(1..=u16::MAX)?,
            omega_hidden: source.int_in_range(1..=u16::MAX)?,
            hidden: hidden(source)?,
        },
    };
    if header.parameters() > PARAMETERS {
        return Err(arbitrary::Error::IncorrectFormat);
    }
    let icc = Option::<Vec<u8>>::arbitrary(source)?;
    let weights = if source.arbitrary()? {
        halves(source, &header)?
    } else {
        Weights::Levels(tensors(source, &header)?)
    };
    Ok(File {
        header,
        weights,
        icc,
    })
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
    for (index, &(outputs, inputs)) in layers.iter().enumerate() {
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

/// Levels of one magnitude, which is what a tensor has, and now and then one of any.
fn tensor(source: &mut Unstructured<'_>, count: u32) -> Result<Tensor> {
    let step = source.arbitrary()?;
    let bits = source.int_in_range(0..=20_u32)?;
    let most = (1 << bits) >> 1;
    let mut level = || {
        let outlier = bits > 0 && source.ratio(1, 64)?;
        let most = if outlier { LEVEL_MAX } else { most };
        source.int_in_range(-most..=most)
    };
    let levels = (0..count).map(|_| level()).collect::<Result<_>>()?;
    Ok(Tensor { step, levels })
}
