//! What Miri can follow: headers, sections and levels, but not half floats, which lie under zstd, which is C.
//! `cargo +nightly miri test -p siren-format --test tests interpreted`, with isolation off.

use std::fs;
use std::path::Path;

use siren_format::{Coding, Limits, inspect};
use sirenc_fuzz_bodies::{parse, read, resealed, rewrite};

/// Bytes of each file that are cut and flipped: the header, and levels of the smaller ones.
const BYTES: usize = 40;
/// Miri takes some thousand times as long, so it sees one in so many of the cuts and flips.
const STRIDE: usize = if cfg!(miri) { 97 } else { 1 };

/// Reads a file of levels, and writes what was read.
fn levels(bytes: &[u8]) -> bool {
    let limits = Limits::default();
    let found = inspect(bytes, &limits).is_ok_and(|layout| layout.coding == Coding::Levels);
    if let Some(file) = found.then(|| read(bytes, &limits)).flatten() {
        rewrite(&file, &limits);
    }
    found
}

#[test]
#[allow(clippy::modulo_one, reason = "under Miri it is not 1")]
fn golden_files_whole_cut_and_flipped() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut found = 0;
    for kind in ["valid", "invalid"] {
        for (index, entry) in fs::read_dir(golden.join(kind))
            .expect("golden files")
            .enumerate()
        {
            let bytes = fs::read(entry.expect("a golden file").path()).expect("its bytes");
            let start = bytes.len().min(BYTES);
            for end in (index % STRIDE..start).step_by(STRIDE) {
                parse(&bytes[..end]);
            }
            found += u32::from(levels(&bytes));
            for bit in (index % STRIDE..8 * start).step_by(STRIDE) {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let flipped = resealed(&flipped);
                parse(&flipped);
                levels(&flipped);
            }
        }
    }
    assert!(found > 10, "{found} files of levels");
}
