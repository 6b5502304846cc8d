//! Reads any bytes as a file; what is read must be written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use siren_format::Limits;

#[path = "../../format/tests/fuzz_body.rs"]
mod body;

fuzz_target!(|bytes: &[u8]| {
    // Small networks, for more inputs a second.
    body::parse(bytes, &Limits::default().with_parameters(1 << 16));
});
