//! A second decoder of latents, written from SPEC.md 5.4 alone and as plainly as it stands there.

use siren_format::{ContextNetwork, Header, Input, Latents, Signal, Tensor};

use crate::plain::Decoder;

/// The prior of SPEC 5.4.5.
const PRIOR: &[u8] = include_bytes!("../src/context_prior.bin");

/// Columns to the right and rows down of the neighbours, as SPEC 5.4.2 lists them.
const COLUMNS: [i64; 12] = [-1, 0, -1, 1, -2, 0, -2, 2, -1, 1, -2, 2];
const ROWS: [i64; 12] = [0, -1, -1, -1, 0, -2, -1, -1, -2, -2, -2, -2];

/// A grid and what is known of it.
struct Grid {
    scale: u32,
    columns: i64,
    rows: i64,
    levels: Vec<i16>,
}

/// W row by row and b of a layer.
struct Layer {
    weights: Vec<i64>,
    biases: Vec<i64>,
}

/// SPEC 5.4.1: the context network and the latents, or nothing if the payload breaks a rule.
pub(crate) fn decode(payload: &[u8], header: &Header, table: &[Vec<u64>]) -> Option<Latents> {
    let Input::Grids(stored) = &header.network.input else {
        return None;
    };
    let Signal::Picture { width, height } = header.signal else {
        return None;
    };
    let mut decoder = Decoder::new(payload, table);
    let ([c1, c2], mut prior) = match stored.context {
        ContextNetwork::Own(widths) => (widths.map(usize::from), None),
        ContextNetwork::Prior => ([32, 16], Some(PRIOR)),
    };
    let with_prior = prior.is_some();
    let mut context = Vec::new();
    let mut layers = Vec::new();
    for (rows, columns) in [(c1, 22), (c2, c1), (2, c2)] {
        let mut known = |count: usize, width: usize| -> Vec<i64> {
            let Some(bytes) = &mut prior else {
                return vec![0; count];
            };
            let (these, rest) = bytes.split_at(count * width);
            *bytes = rest;
            let number = |bytes: &[u8]| match width {
                2 => i64::from(i16::from_le_bytes(bytes.try_into().expect("two bytes"))),
                _ => i64::from(i32::from_le_bytes(bytes.try_into().expect("four bytes"))),
            };
            these.chunks(width).map(number).collect()
        };
        let known = [known(rows * columns, 2), known(rows, 4)];
        let weights = numbers(
            &mut decoder,
            with_prior,
            &known[0],
            8,
            1 << 11,
            &mut context,
        )?;
        let biases = numbers(
            &mut decoder,
            with_prior,
            &known[1],
            16,
            1 << 28,
            &mut context,
        )?;
        layers.push(Layer { weights, biases });
    }
    // P(i) of SPEC 5.4.4.
    let powers: Vec<i64> = (0..=256)
        .map(|i| 2_f64.powf(30.0 - f64::from(i) / 256.0).round() as i64)
        .collect();
    let mut grids: Vec<Grid> = Vec::new();
    for grid in &stored.grids {
        let nodes = |side: u32| (i64::from(side) + (1 << grid.scale) - 1) >> grid.scale;
        let mut next = Grid {
            scale: grid.scale.into(),
            columns: nodes(width),
            rows: nodes(height),
            levels: Vec::new(),
        };
        let parent = grids.last().filter(|before| before.scale > next.scale);
        for row in 0..next.rows {
            for column in 0..next.columns {
                let inputs = inputs(&next, parent, column, row);
                let (m, s) = outputs(&layers, inputs);
                next.levels.push(latent(&mut decoder, m, s, &powers)?);
            }
        }
        grids.push(next);
    }
    let levels = grids.into_iter().map(|grid| grid.levels).collect();
    decoder.ends_well().then_some(Latents { context, levels })
}

/// The numbers of a tensor of the context network, which is put behind the others: differences from what is `known`.
fn numbers(
    decoder: &mut Decoder<'_>,
    with_prior: bool,
    known: &[i64],
    steps: i64,
    most: i64,
    tensors: &mut Vec<Tensor>,
) -> Option<Vec<i64>> {
    let (e, s) = if with_prior && decoder.bits(1)? == 0 {
        (0, 0)
    } else {
        (decoder.bits(5)?, decoder.bits(7)?)
    };
    if e > steps || s > 87 {
        return None;
    }
    let mut levels = vec![0; known.len()];
    if s > 0 {
        for level in &mut levels {
            *level = decoder.level(s)?;
        }
    }
    let numbers: Vec<i64> = levels
        .iter()
        .zip(known)
        .map(|(&level, known)| known + i64::from(level) * (1 << e))
        .collect();
    tensors.push(Tensor {
        step: e as u8,
        levels,
    });
    let kept = numbers.iter().all(|number| number.abs() <= most);
    kept.then_some(numbers)
}

/// SPEC 5.4.2.
fn inputs(grid: &Grid, parent: Option<&Grid>, column: i64, row: i64) -> Vec<i64> {
    let seen = |level: i16| 64 * i64::from(level).clamp(-127, 127);
    let mut inputs = Vec::new();
    for (right, down) in COLUMNS.into_iter().zip(ROWS) {
        let (column, row) = (column + right, row + down);
        let inside = (0..grid.columns).contains(&column) && row >= 0;
        inputs.push(if inside {
            seen(grid.levels[(row * grid.columns + column) as usize])
        } else {
            0
        });
    }
    for down in [-1, 0, 1] {
        for right in [-1, 0, 1] {
            inputs.push(parent.map_or(0, |parent| {
                let octaves = 1 << (parent.scale - grid.scale);
                let column = (column / octaves + right).clamp(0, parent.columns - 1);
                let row = (row / octaves + down).clamp(0, parent.rows - 1);
                seen(parent.levels[(row * parent.columns + column) as usize])
            }));
        }
    }
    inputs.push(64 * (i64::from(grid.scale) - 3));
    inputs
}

/// SPEC 5.4.3: m and s.
fn outputs(layers: &[Layer], inputs: Vec<i64>) -> (i64, i64) {
    let mut a = inputs;
    for (index, layer) in layers.iter().enumerate() {
        let mut t = Vec::new();
        for (row, bias) in layer.weights.chunks(a.len()).zip(&layer.biases) {
            let products = row.iter().zip(&a).map(|(w, a)| w * a);
            let sum: i64 = bias + products.sum::<i64>();
            assert!(i32::try_from(sum).is_ok(), "{sum} is no number of 32 bits");
            t.push((sum + 128).div_euclid(256));
        }
        if index < 2 {
            t.iter_mut().for_each(|t| *t = (*t).clamp(0, 16_383));
        }
        a = t;
    }
    (a[0].clamp(-16_384, 16_384), a[1].clamp(-256, 512))
}

/// SPEC 5.4.4.
fn latent(decoder: &mut Decoder<'_>, m: i64, s: i64, powers: &[i64]) -> Option<i16> {
    let o = s.div_euclid(64);
    let p = s - 64 * o;
    let a = 94_548 * powers[4 * p as usize] / (1 << (30 + o));
    let c = (m + 32).div_euclid(64);
    let r = 4 * (1 << (o + 2).clamp(0, 7));
    let order = (o + 1).max(0) as u32;
    let start = |h: i64| {
        if h == c - r {
            return 0;
        } else if h > c + r {
            return 65_536;
        }
        let d = 64 * h - 32 - m;
        let e = d.abs() * a / 64;
        let (i, f, g) = (e / 65_536, e / 256 % 256, e % 256);
        let (above, below) = (powers[f as usize], powers[f as usize + 1]);
        let tail = if i <= 15 {
            (above - (above - below) * g / 256) >> (15 + i)
        } else {
            0
        };
        let less = if d < 0 { tail } else { 65_536 - tail };
        less * (65_535 - 2 * r) / 65_536 + h - (c - r)
    };
    let widths = (c - r..=c + r).map(|h| (start(h + 1) - start(h)) as u64);
    let mut q = c - r + decoder.symbol(widths)? as i64;
    if q == c + r {
        q += decoder.golomb(order)?;
    } else if q == c - r {
        q -= decoder.golomb(order)?;
    }
    i16::try_from(q).ok()
}
