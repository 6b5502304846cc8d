//! Arrays of floats in NumPy's format, version 1.0.

/// Which index of an array changes fastest from one number of the file to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The first, as in Fortran.
    FirstFastest,
    /// The last, as in C.
    LastFastest,
}

/// What comes before the floats of an array of `shape` with more than one axis: magic, version, length,
/// and a Python literal padded to make it a multiple of 64 bytes.
pub(super) fn header(shape: &[u32], order: Order) -> Vec<u8> {
    const PREFIX: usize = 10;
    let axes: Vec<String> = shape.iter().map(u32::to_string).collect();
    let fortran = match order {
        Order::FirstFastest => "True",
        Order::LastFastest => "False",
    };
    let mut literal = format!(
        "{{'descr': '<f4', 'fortran_order': {fortran}, 'shape': ({}), }}",
        axes.join(", ")
    );
    let length = (PREFIX + literal.len() + 1).next_multiple_of(64) - PREFIX;
    literal += &" ".repeat(length - literal.len() - 1);
    literal.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(literal.into_bytes());
    header
}

/// Numbers as they follow the header: little-endian f32.
pub(super) fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
