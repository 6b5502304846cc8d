#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sirenc_fuzz_bodies::placeholder(bytes));
