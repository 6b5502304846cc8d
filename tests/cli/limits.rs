//! What a file may cost, and how that is raised.

use super::{Folder, QUICK, gradient};
use sirenc::format::{
    Activation, Colour, File, Header, Input, Limits, Network, Samples, Signal, Tensor, Weights,
    inspect,
};
use std::time::Instant;

#[test]
fn every_limit_can_be_lowered_and_raised() {
    let folder = Folder::with("in.png", &gradient(40, 30));
    folder.ok(&format!("encode in.png {QUICK}"));
    let layout = inspect(&folder.read("in.siren"), &Limits::default()).expect("a file");
    let weights = layout.spans.iter().find(|span| span.part.is_weights());
    let coded = weights.expect("weights").length as u64;
    // 2-8-8-3: 24 + 72 + 27 parameters in 3 layers, 16 + 64 + 24 weights, 19 sums; 1,200 pixels are 5 tiles.
    let reading = 123 * 1536 + 3 * 32_768 + 1536 * coded;
    let stored = reading + 65_536 + 5 * 256 * (104 + 16 * 19 + 512);
    for (limit, least) in [
        ("side", 40_u64),
        ("pixels", 40 * 30),
        ("layer-width", 8),
        ("parameters", 123),
        ("operations", stored),
        ("output", 40 * 30 * 3),
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
    let scaled = reading + 65_536 + 19 * 256 * (104 + 16 * 19 + 512);
    for (limit, words) in [
        ("pixels=4799".into(), "4800 pixels"),
        (format!("operations={}", scaled - 1), "operations"),
        ("memory=10000".into(), "bytes of memory"),
        ("output=14399".into(), "14400 bytes of output"),
    ] {
        let arguments = format!("decode in.siren --scale 2 -o out.png --limit {limit}");
        let named = format!(
            "(--limit {}=N)",
            limit.split('=').next().unwrap_or_default()
        );
        folder.fails(1, &arguments, &["in.siren: takes", words, &named]);
    }
    folder.ok("decode in.siren --scale 2 -o out.png --limit pixels=4800,operations=none");
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

/// A file of zeros, or of the half floats that are given.
fn file(signal: Signal, channels: u8, hidden: &[u32], halves: Option<Vec<u16>>) -> Vec<u8> {
    let depth = match signal {
        Signal::Shape { .. } => 32,
        Signal::Sound { .. } => 16,
        _ => 8,
    };
    let header = Header {
        signal,
        samples: Samples {
            channels,
            depth,
            colour: Colour::Direct,
        },
        network: Network {
            activation: Activation::Sine,
            input: Input::Coordinates,
            omega_first: u16::MAX,
            omega_hidden: 240,
            hidden: hidden.to_vec(),
        },
    };
    let zeros = |count: u32| Tensor {
        step: 104,
        levels: vec![0; count as usize],
    };
    let weights = match halves {
        Some(halves) => Weights::Half(halves),
        None => {
            let networks = (0..header.networks()).flat_map(|_| header.layers());
            let tensors = networks.flat_map(|(rows, columns)| [rows * columns, rows]);
            Weights::Levels(tensors.map(zeros).collect())
        }
    };
    let file = File {
        header,
        weights,
        latents: None,
        icc: None,
    };
    file.to_bytes().expect("a valid file")
}

fn video(width: u32, height: u32, frames: u32) -> Signal {
    Signal::Video {
        width,
        height,
        frames,
        rate: [25, 1],
    }
}

fn sound(frames: u32, segment: u32) -> Signal {
    Signal::Sound {
        rate: 44_100,
        frames,
        segment,
        overlap: 0,
    }
}

/// Files of a few dozen bytes that took days, gigabytes or terabytes: they are refused at once, by the limit in question,
/// before anything is written.
#[test]
fn hostile_files_are_refused_before_they_cost_anything() {
    let folder = Folder::new();
    let picture = Signal::Picture {
        width: 1 << 14,
        height: 1 << 14,
    };
    let many = vec![0; 4 * ((1 << 20) + 1)];
    let alternate = [4096, 1, 4096, 1, 4096, 1, 4096];
    for (name, bytes, limit) in [
        (
            "frames",
            file(video(1, 1, 1 << 28), 1, &[4096, 1, 4096], None),
            "frames",
        ),
        (
            "pixels",
            file(video(2048, 2048, 1 << 18), 3, &[1], None),
            "pixels",
        ),
        (
            "sines",
            file(video(255, 1, 1 << 24), 1, &[1; 255], None),
            "operations",
        ),
        (
            "alternate",
            file(picture, 1, &alternate, None),
            "operations",
        ),
        (
            "sound",
            file(sound(1 << 30, 1 << 30), 1, &[64; 8], None),
            "operations",
        ),
        (
            "networks",
            file(sound((1 << 20) + 1, 1), 1, &[1], Some(many)),
            "networks",
        ),
    ] {
        let name = format!("{name}.siren");
        folder.write(&name, &bytes);
        let begin = Instant::now();
        for command in [format!("info {name}"), format!("decode {name} -o -")] {
            let run = folder.run(&command);
            assert_eq!(run.status, 1, "{name}: {}", run.stderr);
            let named = format!("--limit {limit}=N");
            assert!(run.stderr.contains(&named), "{name}: {}", run.stderr);
            assert!(run.stdout.is_empty(), "{name}");
        }
        assert!(
            begin.elapsed().as_secs() < 20,
            "{name}: {:?}",
            begin.elapsed()
        );
    }
}

/// A surface that is everywhere: what the mesh takes is charged while it grows.
#[test]
fn meshes_are_held_to_the_limit_of_memory() {
    let folder = Folder::new();
    let shape = Signal::Shape {
        centre: [0; 3],
        scale: 0x3F80_0000,
    };
    // The sine of x + y + z, thousands of times as fast.
    let one = 0x3C00;
    let halves = vec![one, one, one, 0, one, 0];
    folder.write("in.siren", file(shape, 1, &[1], Some(halves)));
    folder.fails(
        1,
        "decode in.siren --resolution 200 --limit memory=40M",
        &["bytes of memory", "--limit memory=N"],
    );
    folder.ok("decode in.siren --resolution 40 --limit memory=40M");
    // Rays are charged on their way: the first of their steps is too much.
    for operations in [30, 1600] {
        let limit = format!("--limit operations={}", operations * 1_000_000);
        folder.fails(
            1,
            &format!("decode in.siren -o out.png {limit}"),
            &["operations", "--limit operations=N"],
        );
    }
}

/// The limit of memory holds against the system's own, with 200 MB more for the program itself: nothing is aborted.
#[cfg(unix)]
#[test]
fn a_process_takes_no_more_memory_than_its_limit() {
    let folder = Folder::new();
    let shape = Signal::Shape {
        centre: [0; 3],
        scale: 0x3F80_0000,
    };
    let one = 0x3C00;
    folder.write(
        "shape.siren",
        file(shape, 1, &[1], Some(vec![one, one, one, 0, one, 0])),
    );
    let picture = Signal::Picture {
        width: 5000,
        height: 4000,
    };
    folder.write("picture.siren", file(picture, 3, &[1], None));
    let deep = vec![1; 255];
    folder.write("sound.siren", file(sound(300, 1), 1, &deep, None));
    let wide = [4000, 1000, 1000];
    folder.write("wide.siren", file(sound(9, 9), 1, &wide, None));
    for (arguments, status) in [
        ("shape.siren --resolution 500 -o a.ply", 1),
        ("shape.siren --resolution 60 -o b.ply", 0),
        // 60 MB of samples, and the file of them.
        ("picture.siren -o a.bmp", 1),
        ("picture.siren -o a.png", 0),
        ("sound.siren -o a.wav", 0),
        ("wide.siren -o b.wav", 1),
    ] {
        let script = "ulimit -v 302400; exec \"$0\" decode $1 --threads 1 --limit memory=100M";
        let run = std::process::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_sirenc"), arguments])
            .current_dir(folder.path("."))
            .output()
            .expect("sh starts");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(status), "{arguments}: {said}");
        assert_eq!(
            said.contains("bytes of memory"),
            status == 1,
            "{arguments}: {said}"
        );
    }
}
