//! Puts the decoder for browsers into the command, where `web/build` has made it. Without it the command is built all
//! the same, and `sirenc view` says what is missing.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    // The decoder itself is a build of the library, which has nothing to put it in.
    if env::var_os("CARGO_FEATURE_CLI").is_some() {
        println!("cargo::rerun-if-changed=web/lib");
        let out = env::var_os("OUT_DIR").unwrap_or_default();
        let decoder = fs::read("web/lib/decode.wasm").unwrap_or_default();
        fs::write(Path::new(&out).join("decode.wasm"), decoder)?;
    }
    Ok(())
}
