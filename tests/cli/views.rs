//! What of a file is rendered, and what makes two files the same.

use super::{Folder, QUICK, gradient};

fn encoded() -> Folder {
    let folder = Folder::with("in.png", &gradient(30, 20));
    folder.ok(&format!("encode in.png {QUICK}"));
    folder
}

#[test]
fn sizes_are_what_was_asked_for() {
    let folder = encoded();
    for (options, size) in [
        ("", (30, 20)),
        ("--scale 4", (120, 80)),
        ("--scale 0.5", (15, 10)),
        ("--scale 0.001", (1, 1)),
        ("--size 7x50", (7, 50)),
        ("--region 3,4,5,6", (5, 6)),
        ("--scale 4 --region 100,70,20,10", (20, 10)),
        ("--size 64x64 --region 63,0,1,64", (1, 64)),
    ] {
        folder.ok(&format!("decode in.siren -f -o out.png {options}"));
        let picture = folder.picture("out.png");
        assert_eq!((picture.width(), picture.height()), size, "{options}");
    }
}

#[test]
fn a_region_is_the_crop_of_the_whole() {
    let folder = encoded();
    folder.ok("decode in.siren --scale 7.3 -o whole.png");
    for (x, y, width, height) in [
        (0, 0, 1, 1),
        (17, 31, 100, 64),
        (218, 145, 1, 1),
        (0, 100, 219, 46),
    ] {
        folder.ok(&format!(
            "decode in.siren --scale 7.3 --region {x},{y},{width},{height} -f -o part.png"
        ));
        assert_eq!(
            folder.picture("part.png"),
            folder.picture("whole.png").crop_imm(x, y, width, height)
        );
    }
}

#[test]
fn views_that_make_no_sense_are_refused() {
    let folder = encoded();
    folder.fails(
        2,
        "decode in.siren -o out.png --scale 0",
        &["--scale", "a positive number"],
    );
    folder.fails(
        2,
        "decode in.siren -o out.png --scale nan",
        &["--scale", "a positive number"],
    );
    folder.fails(1, "decode in.siren -o out.png --scale 1e6", &["limit"]);
    folder.fails(2, "decode in.siren -o out.png --size 0x3", &["--size"]);
    folder.fails(
        1,
        "decode in.siren -o out.png --region 29,0,2,1",
        &["region", "30x20"],
    );
    folder.fails(
        2,
        "decode in.siren -o out.png --region 1,2,3",
        &["--region", "such as"],
    );
    folder.fails(
        2,
        "decode in.siren -o out.png --size 12",
        &["--size", "such as"],
    );
    folder.fails(
        2,
        "decode in.siren -o out.png --size 2x2 --scale 2",
        &["cannot be used with"],
    );
    assert!(!folder.path("out.png").exists());
}

#[test]
fn the_same_seed_gives_the_same_file_on_any_threads() {
    let folder = Folder::with("in.png", &gradient(40, 30));
    for (name, options) in [
        ("a", "--seed 5 --threads 1"),
        ("b", "--seed 5 --threads 2"),
        ("c", "--seed 5 --threads 7"),
        ("d", "--seed 6"),
    ] {
        folder.ok(&format!("encode in.png -o {name}.siren {QUICK} {options}"));
    }
    assert_eq!(folder.read("a.siren"), folder.read("b.siren"));
    assert_eq!(folder.read("a.siren"), folder.read("c.siren"));
    assert_ne!(folder.read("a.siren"), folder.read("d.siren"));
}

#[test]
fn threads_do_not_change_a_rendering() {
    let folder = encoded();
    folder.ok("decode in.siren --scale 3 --threads 1 -o one.png");
    folder.ok("decode in.siren --scale 3 --threads 5 -o five.png");
    assert_eq!(folder.read("one.png"), folder.read("five.png"));
}

/// A file of the repository that desktops read.
fn shared(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("share");
    std::fs::read_to_string(path.join(name)).expect("a text")
}

#[test]
fn a_thumbnail_is_small_and_replaces_what_is_there() {
    let folder = encoded();
    let entry = shared("thumbnailers/sirenc.thumbnailer");
    let line = entry
        .lines()
        .find_map(|line| line.strip_prefix("Exec=sirenc "));
    let typed = line
        .expect("a command")
        .replace("%i", "in.siren")
        .replace("%o", "thumb");
    for (side, size) in [
        ("15", (15, 10)),
        ("10", (10, 7)),
        ("256", (30, 20)),
        ("1", (1, 1)),
    ] {
        folder.ok(&typed.replace("%s", side));
        let picture = folder.picture("thumb");
        assert_eq!((picture.width(), picture.height()), size, "{side}");
    }
    for (input, size) in [
        ("video.siren", Some((1, 1))),
        ("shape.siren", Some((9, 9))),
        ("sound.siren", None),
    ] {
        let golden = format!("format/tests/golden/valid/{input}");
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(golden);
        let file = std::fs::read(path).expect("a golden file");
        folder.write(input, file);
        let typed = format!("thumbnail {input} {input}.png --side 9");
        match size {
            Some(_) => drop(folder.ok(&typed)),
            None => folder.fails(
                1,
                &typed,
                &["sound.siren: holds a sound, of which there is no picture"],
            ),
        }
        let made = folder.path(&format!("{input}.png")).exists();
        assert_eq!(made, size.is_some(), "{input}");
        if let Some((width, height)) = size {
            let picture = folder.picture(&format!("{input}.png"));
            assert!(
                picture.width() >= width && picture.height() >= height,
                "{input}"
            );
        }
    }
    folder.fails(1, "thumbnail in.png thumb", &["in.png: is a PNG picture"]);
}

#[test]
fn the_mime_type_knows_files_by_their_signature() {
    let folder = encoded();
    let file = folder.read("in.siren");
    let letters = String::from_utf8_lossy(&file[1..4]);
    let magic = format!("value=\"\\x{:02x}{letters}\\x{:02x}\"", file[0], file[4]);
    assert!(
        shared("mime/packages/sirenc.xml").contains(&magic),
        "{magic}"
    );
    assert!(shared("thumbnailers/sirenc.thumbnailer").contains("=application/x-siren;"));
}
