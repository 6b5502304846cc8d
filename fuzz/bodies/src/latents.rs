//! The latents section, of any latents and on any bytes.

use arbitrary::{Result, Unstructured};
use siren_format::{
    BIT, File, Header, Input, Latents, Limits, Part, Signal, Tensor, Weights, inspect,
};

use crate::entropy::{MORE, header};
use crate::parse::replaced;
use crate::{model, read, rewrite};

/// Codes latents taken from `bytes`, or takes `bytes` as codes; the first one chooses which, and the next few the grids.
pub fn latents(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    let Ok((symbols, file)) = choose(&mut source) else {
        return;
    };
    if symbols {
        code(&file);
    } else {
        take(&file, source.take_rest());
    }
}

/// Whether there are symbols to follow, and a small picture with grids; of zeros, if there are not.
fn choose(source: &mut Unstructured<'_>) -> Result<(bool, File)> {
    let symbols = source.arbitrary()?;
    let mut side = || source.int_in_range(1..=16);
    let signal = Signal::Picture {
        width: side()?,
        height: side()?,
    };
    let grids = model::grids(source, 4)?;
    let mut nothing = Unstructured::new(&[]);
    let taken = if symbols { source } else { &mut nothing };
    let latents = model::latents(taken, &grids, signal)?;
    let mut header = header(vec![1]);
    header.signal = signal;
    header.network.input = Input::Grids(grids);
    Ok((symbols, file(header, latents)))
}

/// A file with these latents, and weights of zeros.
fn file(header: Header, latents: Latents) -> File {
    let counts = header.layers();
    let counts = counts.flat_map(|(outputs, inputs)| [outputs * inputs, outputs]);
    let zeros = counts.map(|count| Tensor {
        step: 0,
        levels: vec![0; count as usize],
    });
    File {
        weights: Weights::Levels(zeros.collect()),
        header,
        latents: Some(latents),
        icc: None,
    }
}

/// Latents must come back, and take no more than what was counted for them.
fn code(file: &File) {
    let costs = file.latents.as_ref().expect("latents").costs(&file.header);
    let costs = costs.expect("latents in their range");
    let counted = costs.context + costs.grids.iter().sum::<u64>();
    let bytes = file.to_bytes().expect("latents in their range");
    let limits = Limits::default();
    let layout = inspect(&bytes, &limits).expect("a file that was written");
    let payload = |part: Part| part.is_latents();
    let payload = layout.spans.iter().find(|span| payload(span.part));
    let written = payload.map_or(0, |span| 8 * BIT * span.length as u64);
    // The coder loses at most 2^-16 of each symbol, of which an escape has dozens.
    let more = MORE + counted / 1000;
    assert!(
        written <= counted + more,
        "{written} units of bits written, {counted} counted"
    );
    assert_eq!(read(&bytes, &limits).as_ref(), Some(file));
}

/// Codes that are latents must be latents that can be coded.
fn take(file: &File, payload: &[u8]) {
    let (bytes, limits) = (file.to_bytes().expect("zeros"), Limits::default());
    if let Some(file) = read(&replaced(&bytes, 2, payload), &limits) {
        rewrite(&file, &limits);
    }
}
