//! What a file may cost, and how that is raised.

use super::{Folder, QUICK, gradient};

#[test]
fn every_limit_can_be_lowered_and_raised() {
    let folder = Folder::with("in.png", &gradient(40, 30));
    folder.ok(&format!("encode in.png {QUICK}"));
    for (limit, least) in [
        ("side", 40_u64),
        ("pixels", 40 * 30),
        ("layer-width", 8),
        // 2-8-8-3: 24 + 72 + 27 parameters, 16 + 64 + 24 weights.
        ("parameters", 123),
        ("multiplications", 104 * 40 * 30),
        ("memory", 123 * 16),
    ] {
        let decode = |most: u64| format!("info in.siren --limit {limit}={most}");
        folder.ok(&decode(least));
        let named = format!("--limit {limit}=N");
        folder.fails(
            1,
            &decode(least - 1),
            &["in.siren: the file asks for", &named],
        );
    }
    // What is rendered counts as well.
    for (limit, words) in [
        ("pixels=4799", "pixels to render would be 4800"),
        ("multiplications=499199", "multiplications would be 499200"),
        ("memory=10000", "bytes of memory would be"),
    ] {
        let arguments = format!("decode in.siren --scale 2 -o out.png --limit {limit}");
        folder.fails(1, &arguments, &["in.siren: ", words]);
    }
    folder.ok("decode in.siren --scale 2 -o out.png --limit pixels=4800,multiplications=none");
    // Formats that are written whole are held in memory.
    folder.ok("decode in.siren --scale 40 -o out.ppm --limit memory=6M");
    folder.fails(
        1,
        "decode in.siren --scale 40 -o out.bmp --limit memory=6M",
        &["bytes of memory"],
    );
    folder.fails(
        1,
        "encode in.png --force --limit memory=3599",
        &["in.png: ", "--limit memory=N"],
    );
    folder.fails(
        2,
        "info in.siren --limit room=4",
        &["NAME=N", "layer-width"],
    );
}
