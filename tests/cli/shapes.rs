//! Shapes: surfaces in every format there and back, pictures of them, and what is refused.

use super::derivatives::array;
use super::{Folder, QUICK};
use image::GenericImageView;
use serde_json::Value;
use std::fmt::Write as _;

/// Points of a ball of radius 2 around (10, 0, -3), and its triangles.
pub(super) fn ball() -> (Vec<[f32; 3]>, Vec<[u32; 3]>) {
    const AROUND: u32 = 24;
    const ALONG: u32 = 12;
    let angle = |index: u32, of: u32| index as f32 / of as f32 * std::f32::consts::PI;
    let points = (0..AROUND * (ALONG + 1)).map(|index| {
        let (u, v) = (
            2.0 * angle(index % AROUND, AROUND),
            angle(index / AROUND, ALONG),
        );
        [
            10.0 + 2.0 * v.sin() * u.cos(),
            -2.0 * v.cos(),
            -3.0 - 2.0 * v.sin() * u.sin(),
        ]
    });
    let triangles = (0..AROUND * ALONG).flat_map(|cell| {
        let (column, row) = (cell % AROUND, cell / AROUND);
        let at = |i, j| (row + j) * AROUND + (column + i) % AROUND;
        let [a, b, c, d] = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
        [[a, b, d], [a, d, c]]
    });
    (points.collect(), triangles.collect())
}

/// The ball as text of the given format.
pub(super) fn text(format: &str) -> String {
    let (points, triangles) = ball();
    let mut text = String::new();
    let mut put = |line: String| writeln!(text, "{line}").expect("a string");
    match format {
        "ply" => {
            put(format!(
                "ply\nformat ascii 1.0\ncomment a ball\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\nelement face {}\nproperty list uchar int vertex_indices\nend_header",
                points.len(),
                triangles.len()
            ));
            points
                .iter()
                .for_each(|[x, y, z]| put(format!("{x} {y} {z} 255")));
            triangles
                .iter()
                .for_each(|[a, b, c]| put(format!("3 {a} {b} {c}")));
        }
        "obj" => {
            points
                .iter()
                .for_each(|[x, y, z]| put(format!("v {x} {y} {z}")));
            triangles.iter().for_each(|t| {
                let [a, b, c] = t.map(|corner| corner + 1);
                put(format!("f {a} {b} {c}"));
            });
        }
        "stl" => {
            put("solid ball".into());
            for corners in &triangles {
                put("facet normal 0 0 0\nouter loop".into());
                for corner in corners {
                    let [x, y, z] = points[*corner as usize];
                    put(format!("vertex {x} {y} {z}"));
                }
                put("endloop\nendfacet".into());
            }
            put("endsolid ball".into());
        }
        _ => {
            put("# x y z, normal, and a colour".into());
            for [x, y, z] in points {
                put(format!("{x}, {y}, {z}; {} {y} {} 255", x - 10.0, z + 3.0));
            }
        }
    }
    text
}

/// The ball in binary: PLY with other properties in between, its faces in squares; or STL.
pub(super) fn binary(format: &str) -> Vec<u8> {
    let (points, triangles) = ball();
    let big = format == "big";
    let float = |x: f32| {
        if big {
            x.to_be_bytes()
        } else {
            x.to_le_bytes()
        }
    };
    let int = |x: u32| {
        if big {
            x.to_be_bytes()
        } else {
            x.to_le_bytes()
        }
    };
    let mut bytes = Vec::new();
    if format == "stl" {
        bytes.extend([0; 80]);
        bytes.extend(int(triangles.len() as u32));
        for corners in &triangles {
            bytes.extend([0; 12]);
            let corners = corners.iter().flat_map(|&corner| points[corner as usize]);
            bytes.extend(corners.flat_map(float));
            bytes.extend([0; 2]);
        }
        return bytes;
    }
    let order = if big { "big" } else { "little" };
    bytes.extend(format!(
        "ply\nformat binary_{order}_endian 1.0\nelement camera 1\nproperty double at\nelement vertex {}\nproperty uchar red\nproperty float x\nproperty float y\nproperty float z\nelement face {}\nproperty list uchar uint vertex_index\nend_header\n",
        points.len(),
        triangles.len() / 2
    ).bytes());
    bytes.extend([7; 8]);
    for point in &points {
        bytes.push(200);
        bytes.extend(point.iter().copied().flat_map(float));
    }
    for pair in triangles.chunks(2) {
        let [a, b, d] = pair[0];
        let c = pair[1][2];
        bytes.push(4);
        bytes.extend([a, b, d, c].into_iter().flat_map(int));
    }
    bytes
}

#[test]
fn every_format_holds_the_same_surface() {
    let folder = Folder::new();
    folder.write("text.ply", text("ply"));
    folder.write("little.ply", binary("little"));
    folder.write("big.ply", binary("big"));
    folder.write("a.obj", text("obj"));
    folder.write("b.stl", text("stl"));
    folder.write("binary.stl", binary("stl"));
    let inputs = "text.ply little.ply big.ply a.obj b.stl binary.stl";
    folder.ok(&format!("encode {inputs} -o out/ {QUICK}"));
    let first = folder.read("out/text.siren");
    for name in ["little", "big", "a", "b", "binary"] {
        assert!(folder.read(&format!("out/{name}.siren")) == first, "{name}");
    }
    let piped = folder.run_with(&format!("encode - {QUICK}"), &binary("little"));
    assert!(
        piped.status == 0 && piped.stdout == first,
        "{}",
        piped.stderr
    );
}

/// Vertices with their normals of a binary PLY of our own.
fn vertices(bytes: &[u8]) -> Vec<[f32; 6]> {
    let head = bytes
        .windows(11)
        .position(|it| it == b"end_header\n")
        .expect("a header");
    let text = std::str::from_utf8(&bytes[..head]).expect("text");
    let (_, count) = text.split_once("element vertex ").expect("a count");
    let count: usize = count
        .lines()
        .next()
        .and_then(|it| it.parse().ok())
        .expect("a number");
    let numbers = bytes[head + 11..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|it| f32::from_le_bytes(*it));
    let numbers: Vec<f32> = numbers.take(6 * count).collect();
    numbers.as_chunks::<6>().0.to_vec()
}

#[test]
fn a_surface_comes_back_where_it_was() {
    let folder = Folder::new();
    folder.write("ball.xyz", text("xyz"));
    let encoded = folder.ok("encode ball.xyz --bytes 500 --steps 400 --json");
    let facts = &encoded.json()[0];
    assert_eq!(facts["kind"], "shape");
    assert!(
        facts["bytes"].as_u64().is_some_and(|bytes| bytes <= 500),
        "{facts}"
    );
    assert!(
        facts["distance"].as_f64().is_some_and(|far| far < 0.03),
        "{facts}"
    );

    folder.ok("decode ball.siren --resolution 40");
    let vertices = vertices(&folder.read("ball.ply"));
    assert!(vertices.len() > 1000);
    for [x, y, z, nx, ny, nz] in &vertices {
        let from = [x - 10.0, *y, z + 3.0];
        let radius = from.iter().map(|x| x * x).sum::<f32>().sqrt();
        let out = (from[0] * nx + from[1] * ny + from[2] * nz) / radius;
        assert!((radius - 2.0).abs() < 0.1 && out > 0.95, "{radius} {out}");
    }
}

#[test]
fn meshes_of_all_formats_are_the_same() {
    let folder = Folder::new();
    folder.write("ball.ply", text("ply"));
    folder.ok("encode ball.ply --bytes 300 --steps 100");
    for format in ["ply", "obj", "stl"] {
        folder.ok(&format!(
            "decode ball.siren --resolution 24 -o mesh-{format}.{format}"
        ));
        folder.ok(&format!(
            "encode mesh-{format}.{format} -o {format}.siren {QUICK}"
        ));
    }
    let first = folder.read("ply.siren");
    assert!(folder.read("obj.siren") == first && folder.read("stl.siren") == first);
}

/// The indices of an array are those of x, y and z, and its numbers distances in the units of the mesh.
#[test]
fn a_grid_has_signed_distances() {
    let folder = Folder::new();
    folder.write("ball.ply", text("ply"));
    folder.ok("encode ball.ply --bytes 400 --steps 200");
    let run = folder.ok("decode ball.siren -o grid.npy --resolution 20");
    assert!(run.text().contains("21x21x21 distances"), "{}", run.text());
    let file = folder.read("grid.npy");
    assert!(file[10..].starts_with(b"{'descr': '<f4', 'fortran_order': True,"));
    let (shape, distances) = array(&file);
    assert_eq!(shape, [21; 3]);

    let info = folder.ok("info ball.siren --json");
    let info: Value = serde_json::from_str(info.text()).expect("JSON");
    let number = |value: &Value| value.as_f64().expect("a number") as f32;
    let centre = [0, 1, 2].map(|axis| number(&info["centre"][axis]));
    let half = number(&info["scale"]);
    let (mut inside, mut products, mut squares) = (0, 0.0, 0.0);
    for (index, &distance) in distances.iter().enumerate() {
        let at = [index % 21, index / 21 % 21, index / 441];
        let place = [0, 1, 2].map(|axis| centre[axis] + half * (at[axis] as f32 / 10.0 - 1.0));
        let from = [place[0] - 10.0, place[1], place[2] + 3.0];
        let expected = from.iter().map(|x| x * x).sum::<f32>().sqrt() - 2.0;
        // So short a fit knows the distance near the surface alone, and elsewhere on which side it is.
        if expected.abs() < 0.5 {
            products += distance * expected;
            squares += expected * expected;
        } else {
            assert_eq!(distance < 0.0, expected < 0.0, "{at:?}");
        }
        inside += u32::from(distance < 0.0);
    }
    let slope = products / squares;
    assert!((0.8..1.25).contains(&slope), "distances grow by {slope}");
    assert!(inside > 1000, "{inside}");

    // What shapes are not written as is told with what they are.
    let forms = [".ply", ".obj", ".stl", ".npy", ".png"];
    folder.fails(2, "decode ball.siren -o ball.glb", &forms);
    let limited = "decode ball.siren -f -o grid.npy --resolution 90 --limit output=1M";
    folder.fails(1, limited, &["output"]);
    assert_eq!(folder.read("grid.npy"), file, "what was there before");
}

#[test]
fn a_picture_shows_the_shape_before_the_background() {
    let folder = Folder::new();
    folder.write("ball.ply", text("ply"));
    folder.ok("encode ball.ply --bytes 400 --steps 200");
    folder.ok("decode ball.siren -o ball.png --view 200,-15 --size 60x40");
    let picture = folder.picture("ball.png");
    assert_eq!(picture.dimensions(), (60, 40));
    let at = |x, y| picture.get_pixel(x, y).0;
    let [corner, centre] = [at(0, 0), at(30, 20)];
    assert!(corner[0] > 230 && corner[0] == corner[2], "{corner:?}");
    assert!(centre[0] > centre[2] && centre != corner, "{centre:?}");
    // Two fifths of the height across: the ball and its margin.
    let shown = (0..40).filter(|&y| at(30, y)[0] != at(30, y)[2]).count();
    assert!((20..36).contains(&shown), "{shown} rows");
    // Other lights on other sides.
    folder.ok("decode ball.siren -o ball.ppm --view -30,60 --size 60x40");
    assert_ne!(folder.picture("ball.ppm").to_rgb8(), picture.to_rgb8());
}

#[test]
fn what_is_no_surface_is_refused_in_words() {
    let folder = Folder::new();
    let ply = |elements: &str, body: &str| {
        format!("ply\nformat ascii 1.0\n{elements}\nend_header\n{body}")
    };
    let xyz = "property float x\nproperty float y\nproperty float z";
    let vertices = |count: u64| format!("element vertex {count}\n{xyz}");
    let faces = "element face 1\nproperty list uchar int vertex_indices";
    let normals = "property float nx\nproperty float ny\nproperty float nz";
    let cases: [(&str, String, &[&str]); 15] = [
        (
            "bare.ply",
            ply(&vertices(1), "1 2 3"),
            &["neither faces nor normals"],
        ),
        ("bare.xyz", "1 2 3\n".into(), &["line 1", "no normal"]),
        (
            "nan.ply",
            ply(&format!("{}\n{normals}", vertices(1)), "1 nan 3 0 0 1"),
            &["1 of its 1 points"],
        ),
        (
            "nan.obj",
            "v 0 0 0\nv 1 0 0\nv 0 inf 0\nf 1 2 3\n".into(),
            &["inf", "point 2"],
        ),
        ("zero.xyz", "1 2 3 0 0 0\n".into(), &["normal that is zero"]),
        ("word.xyz", "1 2 three 0 0 1\n".into(), &["line 1", "three"]),
        (
            "many.ply",
            ply(&vertices(1_000_000_000), &"1 2 3\n".repeat(150)),
            &["declares 1000000000"],
        ),
        (
            "nothing.ply",
            "ply\nformat binary_little_endian 1.0\nelement vertex 1000000000\nend_header\n".into(),
            &["declares 1000000000"],
        ),
        (
            "short.ply",
            ply(&vertices(3), "1 2 3\n4 5 6\n"),
            &["damaged"],
        ),
        (
            "corner.ply",
            ply(
                &format!("{}\n{faces}", vertices(3)),
                "0 0 0\n1 0 0\n0 1 0\n3 0 1 3",
            ),
            &["corner is 3", "only 3 points"],
        ),
        (
            "flat.ply",
            ply(
                &format!("{}\n{faces}", vertices(3)),
                "0 0 0\n0 0 0\n0 1 0\n3 0 1 2",
            ),
            &["area is 0"],
        ),
        (
            "axes.ply",
            ply("element vertex 1\nproperty float x", "1"),
            &["without x, y and z"],
        ),
        (
            "header.ply",
            "ply\nformat ascii 1.0\nelement".into(),
            &["damaged"],
        ),
        (
            "cut.stl",
            "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0".into(),
            &["damaged"],
        ),
        ("empty.obj", "# nothing\n".into(), &["holds no points"]),
    ];
    for (name, bytes, words) in cases {
        folder.write(name, bytes);
        folder.fails(1, &format!("encode {name} {QUICK}"), words);
    }
    let mut binary = binary("little");
    let first = binary.windows(11).position(|it| it == b"end_header\n");
    // After the header, the camera, and the first vertex's colour and x.
    let y = first.expect("a header") + 11 + 8 + 1 + 4;
    binary[y..y + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    folder.write("nan.ply", binary);
    folder.fails(1, &format!("encode nan.ply {QUICK}"), &["NaN (at point 0)"]);
}

/// A header of a hundred bytes, with memory for no more than the program itself.
#[cfg(target_os = "linux")]
#[test]
fn a_billion_points_that_are_not_there_take_no_memory() {
    let folder = Folder::new();
    let xyz = "property float x\nproperty float y\nproperty float z";
    let header = format!(
        "ply\nformat binary_little_endian 1.0\nelement vertex 1000000000\n{xyz}\nend_header\n"
    );
    folder.write("many.ply", [header.as_bytes(), &[0; 900]].concat());
    let mut stl = vec![0; 80];
    stl.extend(1_000_000_000_u32.to_le_bytes());
    stl.extend([0; 900]);
    folder.write("many.stl", stl);
    for name in ["many.ply", "many.stl"] {
        let run = std::process::Command::new("sh")
            .args([
                "-c",
                "ulimit -v 2000000; exec \"$0\" encode \"$1\" --threads 1",
            ])
            .args([env!("CARGO_BIN_EXE_sirenc"), name])
            .current_dir(folder.path("."))
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(1), "{said}");
        assert!(said.contains("damaged"), "{said}");
    }
}

#[test]
fn each_kind_has_options_of_its_own() {
    let folder = Folder::with("picture.png", &super::gradient(8, 8));
    folder.write("ball.ply", text("ply"));
    folder.ok(&format!("encode picture.png ball.ply -o . {QUICK}"));
    folder.fails(
        2,
        "decode ball.siren -o a.ply --force --resolution 1",
        &["2 to 4096"],
    );
    folder.fails(2, "decode ball.siren -o a.png --view 1", &["two angles"]);
    folder.fails(2, "decode ball.siren -o a.png --view 0,91", &["-90 to 90"]);
    folder.fails(2, "decode picture.siren -o a.ply", &[".ply"]);
    folder.fails(2, "decode ball.siren -o a.txt", &[".txt"]);
    let golden = |name: &str| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/format/tests/golden/valid/");
        std::fs::read(format!("{path}{name}.siren")).expect("a golden file")
    };
    for (name, words) in [
        (
            "shape",
            "signed distance in the cube of side 0.5 at (1, -2, 0.125)",
        ),
        (
            "sound",
            "1.30 s at 8000 Hz, stereo, 16 bits a sample, 3 segments of 0.50 s that overlap by 0.050 s",
        ),
        (
            "video",
            "50 frames of 64 x 48 pixels, 29.97 a second, RGB, 8 bits a sample",
        ),
    ] {
        folder.write(&format!("{name}.siren"), golden(name));
        let info = folder.ok(&format!("info {name}.siren"));
        assert!(info.text().contains(words), "{}", info.text());
        let info = &folder.ok(&format!("info {name}.siren --json")).json()[0];
        assert_eq!(info["kind"], name);
    }
}

#[test]
fn sines_are_studied_beside_ramps() {
    let folder = Folder::new();
    folder.write("ball.ply", text("ply"));
    let told = folder.ok(
        "study shapes ball.ply --bytes 300 --steps 60 --resolution 24 --points 500 --json a.json",
    );
    for word in ["file", "sine", "ReLU", "binary PLY"] {
        assert!(told.text().contains(word), "{}", told.text());
    }
    let figures: Value = serde_json::from_slice(&folder.read("a.json")).expect("JSON");
    let networks = figures[0]["networks"].as_array().expect("networks");
    assert_eq!(networks.len(), 3);
    assert_eq!(networks[0]["parameters"], networks[2]["parameters"]);
    assert!(
        networks[1]["chamfer"]
            .as_f64()
            .is_some_and(|far| far < 0.05)
    );
}
