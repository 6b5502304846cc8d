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
