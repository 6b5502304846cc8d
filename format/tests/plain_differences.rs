//! Weight coding 2, decoded once more from SPEC 5.5 alone.

use siren_format::{Header, Input, Tensor};

use crate::plain::Decoder;

const PRIOR: &[u8] = include_bytes!("../src/colour_prior.bin");

/// The prior's numbers for a header: W and b of both layers; none if it does not serve such files.
pub(crate) fn prior(header: &Header) -> Option<Vec<Vec<i64>>> {
    let numbers: Vec<i64> = PRIOR
        .chunks(2)
        .map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]]).into())
        .collect();
    let network = &header.network;
    let Input::Grids(grids) = &network.input else {
        return None;
    };
    if network.hidden != [24] || network.omega_first != 16 || network.omega_hidden != 16 {
        return None;
    }
    let mut columns = Vec::new();
    let mut component = 0;
    for (index, grid) in grids.grids.iter().enumerate() {
        if index > 0 && grids.grids[index - 1].scale <= grid.scale {
            component += 1;
        }
        let scale = usize::from(grid.scale);
        columns.push(match (component, scale) {
            (0, 0..=6) => scale,
            (1, 2..=6) => 5 + scale,
            (2, 2..=6) => 10 + scale,
            _ => return None,
        });
    }
    let (first, rest) = numbers.split_at(24 * 17);
    let (first_biases, rest) = rest.split_at(24);
    let (last, last_biases) = rest.split_at(3 * 24);
    let row = |row: usize| columns.iter().map(move |column| first[17 * row + column]);
    let first = (0..24).flat_map(row).collect();
    let [last, last_biases] = match header.samples.channels {
        3 => [last.to_vec(), last_biases.to_vec()],
        1 => {
            let mean = |numbers: [i64; 3]| (numbers.iter().sum::<i64>()).div_euclid(3);
            let column = |at: usize| mean([last[at], last[24 + at], last[48 + at]]);
            let bias = mean([last_biases[0], last_biases[1], last_biases[2]]);
            [(0..24).map(column).collect(), vec![bias]]
        }
        _ => return None,
    };
    Some(vec![first, first_biases.to_vec(), last, last_biases])
}

/// The tensors, or nothing if the payload breaks a rule.
pub(crate) fn decode(payload: &[u8], header: &Header, table: &[Vec<u64>]) -> Option<Vec<Tensor>> {
    let mut decoder = Decoder::new(payload, table);
    let mut tensors = Vec::new();
    for numbers in prior(header)? {
        let mut tensor = Tensor {
            step: 0,
            levels: vec![0; numbers.len()],
        };
        if decoder.bits(1)? == 1 {
            tensor.step = decoder.bits(8)? as u8;
            let scale = decoder.bits(7)?;
            if scale > 87 {
                return None;
            }
            for level in tensor.levels.iter_mut().filter(|_| scale > 0) {
                *level = decoder.level(scale)?;
            }
        }
        tensors.push(tensor);
    }
    decoder.ends_well().then_some(tensors)
}
