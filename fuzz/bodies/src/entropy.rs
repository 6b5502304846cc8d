//! The entropy coder of levels, on any symbols and on any bytes.

use arbitrary::{Result, Unstructured};
use siren_format::{
    Activation, BIT, Colour, File, Header, Input, Limits, Network, Samples, Signal, Weights,
    inspect,
};

use crate::model::tensors;
use crate::parse::replaced;
use crate::{read, rewrite};

/// How many more bits than were counted may be written. How many fewer has no bound: zeros at the end are free.
pub(crate) const MORE: u64 = 16 * BIT;

/// Codes symbols taken from `bytes`, or takes `bytes` as codes; the first one chooses which, and the next
/// few the network whose levels they are.
pub fn entropy(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    let Ok((symbols, header)) = choose(&mut source) else {
        return;
    };
    if symbols {
        if let Ok(tensors) = tensors(&mut source, &header) {
            code(header, Weights::Levels(tensors));
        }
    } else {
        take(header, source.take_rest());
    }
}

/// Whether there are symbols to follow, and a network of one or two small hidden layers.
fn choose(source: &mut Unstructured<'_>) -> Result<(bool, Header)> {
    let symbols = source.arbitrary()?;
    let layers = source.int_in_range(1..=2)?;
    let width = |_| source.int_in_range(1..=12);
    let hidden = (0..layers).map(width).collect::<Result<_>>()?;
    Ok((symbols, header(hidden)))
}

/// The header of a gray picture of one pixel.
pub(crate) fn header(hidden: Vec<u32>) -> Header {
    Header {
        signal: Signal::Picture {
            width: 1,
            height: 1,
        },
        samples: Samples {
            channels: 1,
            depth: 8,
            colour: Colour::Direct,
        },
        network: Network {
            activation: Activation::Sine,
            input: Input::Coordinates,
            omega_first: 240,
            omega_hidden: 240,
            hidden,
        },
    }
}

/// Levels must come back, and take no more than what was counted for them.
fn code(header: Header, weights: Weights) {
    let counted = weights.bits(&header).expect("levels in their range");
    let file = File {
        header,
        weights,
        latents: None,
        icc: None,
    };
    let bytes = file.to_bytes().expect("levels in their range");
    let limits = Limits::default();
    let layout = inspect(&bytes, &limits).expect("a file that was written");
    let payload = layout.spans.iter().find(|span| span.part.is_weights());
    let written = payload.map_or(0, |span| 8 * BIT * span.length as u64);
    assert!(
        written <= counted + MORE,
        "{written} units of bits written, {counted} counted"
    );
    assert_eq!(read(&bytes, &limits).as_ref(), Some(&file));
}

/// Codes that are levels must be levels that can be coded.
fn take(header: Header, payload: &[u8]) {
    let flat = header
        .layers()
        .flat_map(|(outputs, inputs)| [outputs * inputs, outputs]);
    let flat = flat.map(|count| siren_format::Tensor {
        step: 0,
        levels: vec![0; count as usize],
    });
    let file = File {
        weights: Weights::Levels(flat.collect()),
        header,
        latents: None,
        icc: None,
    };
    let (bytes, limits) = (file.to_bytes().expect("zeros"), Limits::default());
    if let Some(file) = read(&replaced(&bytes, 1, payload), &limits) {
        rewrite(&file, &limits);
    }
}
