//! Many inputs at once.

use super::{Folder, gradient};
use std::fs;

const FIT: &str = "--layers 1 --width 4 --steps 12";

/// Pictures in folders, and what is none.
fn album() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("album/sea/far")).expect("folders");
    for (index, name) in [
        "b.png",
        "a.png",
        "a.bmp",
        "sea/a.png",
        "sea/far/C.PNG",
        ".hidden.png",
    ]
    .into_iter()
    .enumerate()
    {
        let picture = gradient(8 + index as u32, 8);
        let path = folder.path(&format!("album/{name}"));
        picture.save(path).expect("a picture");
    }
    folder.write("album/notes.txt", "a letter");
    folder.write("album/raw.heic", "something else");
    folder
}

/// The files below `name`, sorted.
fn below(folder: &Folder, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.path(name)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => found.extend(below(folder, &name)),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

#[test]
fn a_folder_stands_for_the_files_in_it() {
    let folder = album();
    let run = folder.ok(&format!("encode album -o out/ {FIT}"));
    let flat = ["out/a.bmp.siren", "out/a.png.siren", "out/b.siren"];
    assert_eq!(below(&folder, "out"), flat);
    let lines: Vec<_> = run.text().lines().collect();
    let places = ["album/a.bmp -> ", "album/a.png -> ", "album/b.png -> "];
    for (line, start) in lines.iter().zip(places) {
        assert!(line.starts_with(start), "{line}");
    }
    let last = lines.last().expect("a summary");
    assert!(
        last.starts_with("3 files  ") && last.contains("  2 of other formats  "),
        "{last}"
    );

    folder.ok(&format!("encode album/ --recursive -o whole/ {FIT}"));
    let whole = [
        "whole/a.bmp.siren",
        "whole/a.png.siren",
        "whole/b.siren",
        "whole/sea/a.siren",
        "whole/sea/far/C.siren",
    ];
    assert_eq!(below(&folder, "whole"), whole);
    folder.ok("decode whole -r -o pictures/");
    assert_eq!(below(&folder, "pictures").len(), 5);
    // Beside the inputs, too, where the results are no inputs.
    folder.ok(&format!("encode album -r {FIT}"));
    assert!(folder.path("album/sea/far/C.siren").is_file());
    folder.ok(&format!("encode album -r -f {FIT}"));
}

#[test]
fn a_folder_without_inputs_is_refused() {
    let folder = album();
    folder.fails(
        1,
        "decode album",
        &["album: has no file that is read; --recursive"],
    );
    folder.fails(1, "decode album -r", &["album: has no file that is read\n"]);
    folder.fails(2, "encode album -o out", &["no folder out", "-o out/"]);
    folder.fails(2, "encode album -o -", &["standard output takes one file"]);
}

#[test]
fn a_second_run_does_what_is_new_alone() {
    let folder = album();
    let again = format!("encode album -o out/ --skip-existing {FIT}");
    folder.ok(&again);
    let first = folder.read("out/b.siren");
    folder.write("out/b.siren", "precious");
    let run = folder.ok(&again);
    assert!(
        run.text().starts_with("0 files  3 existed  "),
        "{}",
        run.text()
    );
    gradient(9, 9)
        .save(folder.path("album/d.png"))
        .expect("a PNG");
    let run = folder.ok(&again);
    let lines: Vec<_> = run.text().lines().collect();
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains(" -> out/"))
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert!(told[0].starts_with("album/d.png -> out/d.siren"));
    let last = lines.last().expect("a summary");
    assert!(
        last.starts_with("1 file  ") && last.contains("  3 existed  "),
        "{last}"
    );
    assert_eq!(folder.read("out/b.siren"), b"precious");
    assert_ne!(first, b"precious");
    folder.fails(2, &format!("{again} --force"), &["cannot be used with"]);
    // What is wrong with an input still counts.
    folder.write("album/e.png", "a letter");
    folder.fails(1, &again, &["album/e.png: is no picture"]);
}

#[test]
fn a_summary_tells_bytes_and_failures() {
    let folder = Folder::with("a.png", &gradient(16, 16));
    folder.write("b.png", "a letter");
    let run = folder.run(&format!("encode a.png b.png {FIT}"));
    assert_eq!(run.status, 1);
    let last = run.text().lines().last().expect("a summary").to_owned();
    let [before, after] = ["a.png", "a.siren"].map(|name| folder.read(name).len());
    let start = format!("1 file  {before} -> {after} bytes  1 failed  ");
    assert!(last.starts_with(&start), "{last}");
    let alone = folder.ok(&format!("encode a.png -f {FIT}"));
    assert!(!alone.text().contains("1 file"), "{}", alone.text());
}

/// Every good picture is encoded, to the bytes it has alone, every bad one is named, all in their order.
#[test]
fn good_pictures_are_encoded_beside_bad_ones() {
    let folder = Folder::new();
    let mut names = Vec::new();
    for index in 0..40 {
        let name = format!("p{index:02}.png");
        gradient(8 + index % 7, 8 + index % 5)
            .save(folder.path(&name))
            .expect("a PNG");
        let whole = folder.read(&name);
        match index % 10 {
            3 => folder.write(&name, &whole[..whole.len() / 2]),
            7 => folder.write(&name, [&whole[..30], b"damaged", &whole[37..]].concat()),
            _ => {}
        }
        names.push(name);
    }
    let all = names.join(" ");
    let run = folder.run(&format!("encode {all} -o many/ {FIT} --threads 4 --json"));
    assert_eq!(run.status, 1);
    let told = run.json();
    let inputs: Vec<_> = told
        .iter()
        .map(|fact| fact["input"].as_str().expect("a name"))
        .collect();
    assert_eq!(inputs, names);
    for (index, (fact, name)) in told.iter().zip(&names).enumerate() {
        let bad = matches!(index % 10, 3 | 7);
        assert_eq!(fact["error"].is_string(), bad, "{fact}");
        assert_eq!(
            run.stderr.contains(&format!("{name}: ")),
            bad,
            "{}",
            run.stderr
        );
    }
    assert_eq!(
        fs::read_dir(folder.path("many")).expect("a folder").count(),
        32
    );
    for name in ["p00", "p15", "p39"] {
        folder.ok(&format!("encode {name}.png {FIT}"));
        assert_eq!(
            folder.read(&format!("{name}.siren")),
            folder.read(&format!("many/{name}.siren"))
        );
    }
}
