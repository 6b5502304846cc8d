//! Surfaces as programs write them: what they are is known, what is wrong is mended, and none is moved.

use super::shapes::{ball, binary, text};
use super::{Folder, QUICK};
use std::fmt::Write as _;

#[test]
fn surfaces_are_known_by_their_content_where_no_name_tells() {
    let folder = Folder::new();
    for (name, bytes) in [
        ("a.obj", text("obj").into_bytes()),
        ("b.stl", text("stl").into_bytes()),
        ("binary.stl", binary("stl")),
        ("c.xyz", text("xyz").into_bytes()),
    ] {
        folder.write(name, &bytes);
        folder.ok(&format!("encode {name} -o a.siren -f {QUICK}"));
        let piped = folder.run_with(&format!("encode - {QUICK}"), &bytes);
        assert!(
            piped.status == 0 && piped.stdout == folder.read("a.siren"),
            "{name}: {}",
            piped.stderr
        );
        // A binary header may begin as text does.
        if name == "binary.stl" {
            let mut solid = bytes.clone();
            solid[..12].copy_from_slice(b"solid ball\n ");
            folder.write("solid.stl", solid);
            folder.ok(&format!("encode solid.stl {QUICK}"));
            assert!(folder.read("solid.siren") == folder.read("a.siren"));
        }
    }
}

#[test]
fn what_is_mended_is_told_unless_quiet() {
    let folder = Folder::new();
    folder.write("ball.obj", text("obj"));
    let plain = folder.ok(&format!("encode ball.obj {QUICK}"));
    assert_eq!(plain.stderr, "");
    let turned = |every: usize| {
        let mut faces = 0;
        let turn = |line: &str| {
            let Some(corners) = line.strip_prefix("f ") else {
                return line.to_owned();
            };
            faces += 1;
            let corners: Vec<&str> = corners.split(' ').rev().collect();
            if faces % every == 0 {
                format!("f {}", corners.join(" "))
            } else {
                line.to_owned()
            }
        };
        let lines: Vec<String> = text("obj").lines().map(turn).collect();
        lines.join("\n")
    };
    for (every, words) in [
        (1, "warning: all of its triangles face inwards"),
        (5, "face another way"),
    ] {
        folder.write("wrong.obj", turned(every));
        let run = folder.ok(&format!("encode wrong.obj -f {QUICK}"));
        assert!(
            run.stderr.starts_with("sirenc: wrong.obj: warning: "),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains(words) && run.stderr.lines().count() == 1,
            "{}",
            run.stderr
        );
        let quiet = folder.ok(&format!("encode wrong.obj -f --quiet {QUICK}"));
        assert_eq!((quiet.text(), quiet.stderr.as_str()), ("", ""));
    }
}

/// The coordinates of a map, between which floats of 32 bits are half a unit apart.
#[test]
fn a_surface_far_from_the_origin_keeps_its_form() {
    let folder = Folder::new();
    let far = |[x, y, z]: [f32; 3]| {
        let [x, y, z] = [x - 10.0, y, z + 3.0].map(f64::from);
        [x + 500_000.1, y + 4_649_776.2, z + 100.3]
    };
    let (points, triangles) = ball();
    let mut obj = String::new();
    for point in &points {
        let [x, y, z] = far(*point);
        writeln!(obj, "v {x} {y} {z}").expect("a string");
    }
    for corners in &triangles {
        let [a, b, c] = corners.map(|corner| corner + 1);
        writeln!(obj, "f {a} {b} {c}").expect("a string");
    }
    let mut ply = format!(
        "ply\nformat binary_little_endian 1.0\nelement vertex {}\nproperty double x\nproperty double y\nproperty double z\nelement face {}\nproperty list uchar uint vertex_indices\nend_header\n",
        points.len(),
        triangles.len()
    )
    .into_bytes();
    ply.extend(
        points
            .iter()
            .flat_map(|point| far(*point))
            .flat_map(f64::to_le_bytes),
    );
    for corners in &triangles {
        ply.push(3);
        ply.extend(corners.iter().flat_map(|corner| corner.to_le_bytes()));
    }
    folder.write("far.obj", obj);
    folder.write("binary.ply", ply);
    folder.ok("encode far.obj --bytes 500 --steps 400");
    folder.ok(&format!("encode far.obj binary.ply -o quick/ {QUICK}"));
    assert!(folder.read("quick/far.siren") == folder.read("quick/binary.siren"));

    folder.ok("decode far.siren --resolution 30 -o back.obj");
    let back = String::from_utf8(folder.read("back.obj")).expect("text");
    let places = back.lines().filter_map(|line| line.strip_prefix("v "));
    let mut count = 0;
    for place in places {
        let place: Vec<f64> = place
            .split(' ')
            .map(|x| x.parse().expect("a number"))
            .collect();
        let from = [
            place[0] - 500_000.1,
            place[1] - 4_649_776.2,
            place[2] - 100.3,
        ];
        let radius = from.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((radius - 2.0).abs() < 0.1, "{radius}");
        count += 1;
    }
    assert!(count > 500, "{count}");
    folder.ok("decode far.siren --resolution 30 -o back.ply");
    folder.ok(&format!("encode back.obj -o a.siren {QUICK}"));
    folder.ok(&format!("encode back.ply -o b.siren {QUICK}"));
    assert!(folder.read("a.siren") == folder.read("b.siren"));
    folder.fails(
        1,
        "decode far.siren -o back.stl",
        &["too far", ".ply or .obj"],
    );
}

#[test]
fn a_plane_is_a_shape() {
    let folder = Folder::new();
    folder.write(
        "square.obj",
        "v 0 0 1\nv 2 0 1\nv 2 2 1\nv 0 2 1\nf 1 2 3 4\n",
    );
    let grid = |i: u32| format!("{} {} 1 0 0 1\n", i % 10, i / 10);
    folder.write("grid.xyz", (0..100).map(grid).collect::<String>());
    for name in ["square.obj", "grid.xyz"] {
        let run = folder.ok(&format!("encode {name} --bytes 300 --steps 200 --json"));
        assert_eq!(run.stderr, "");
        let far = run.json()[0]["relative_distance"]
            .as_f64()
            .expect("a distance");
        assert!(far < 0.05, "{name}: {far}");
    }
}
