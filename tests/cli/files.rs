//! Which files are read, written and left alone.

use super::{Folder, QUICK, gradient};
use std::fs;

/// A fit that nobody would wait for: what it is asked for has to be refused before it begins.
const ENDLESS: &str = "--steps 100000000";

fn two_pictures() -> Folder {
    let folder = Folder::with("a.png", &gradient(12, 8));
    gradient(9, 9).save(folder.path("b.bmp")).expect("a BMP");
    folder
}

#[test]
fn results_lie_beside_their_inputs_by_default() {
    let folder = two_pictures();
    folder.ok(&format!("encode a.png b.bmp {QUICK}"));
    assert_eq!(folder.names(), ["a.png", "a.siren", "b.bmp", "b.siren"]);
    folder.ok("decode b.siren");
    assert_eq!(
        folder.names(),
        ["a.png", "a.siren", "b.bmp", "b.png", "b.siren"]
    );
}

#[test]
fn results_go_into_a_folder() {
    let folder = two_pictures();
    folder.ok(&format!("encode a.png b.bmp -o new/folder {QUICK}"));
    folder.ok("decode new/folder/a.siren -o new");
    folder.ok("decode new/folder/b.siren -o more/");
    for name in [
        "new/folder/a.siren",
        "new/folder/b.siren",
        "new/a.png",
        "more/b.png",
    ] {
        assert!(folder.path(name).is_file(), "{name}");
    }
    folder.fails(
        2,
        &format!("encode a.png b.bmp -o a.png {ENDLESS}"),
        &["a.png is a file", "folder"],
    );
    folder.fails(
        2,
        &format!("encode a.png b.bmp -o - {ENDLESS}"),
        &["standard output", "one file"],
    );
    folder.fails(
        1,
        &format!("encode a.png -o nowhere/a.siren {ENDLESS}"),
        &["nowhere/a.siren", "No such file"],
    );
}

#[test]
fn existing_files_are_kept_unless_forced() {
    let folder = two_pictures();
    folder.write("a.siren", "precious");
    folder.fails(
        1,
        &format!("encode a.png {ENDLESS}"),
        &["a.png", "a.siren exists", "--force"],
    );
    assert_eq!(folder.read("a.siren"), b"precious");
    folder.ok(&format!("encode a.png --force {QUICK}"));
    folder.fails(1, "decode a.siren", &["a.png exists", "--force"]);
    assert_eq!(folder.names(), ["a.png", "a.siren", "b.bmp"]);
}

#[test]
fn an_input_is_never_overwritten_by_its_own_result() {
    let folder = two_pictures();
    fs::rename(folder.path("a.png"), folder.path("a.siren")).expect("a new name");
    let before = folder.read("a.siren");
    folder.fails(
        1,
        &format!("encode a.siren --force {ENDLESS}"),
        &["a.siren", "own result", "-o"],
    );
    assert_eq!(folder.read("a.siren"), before);
}

#[test]
fn two_inputs_never_share_an_output() {
    let folder = two_pictures();
    gradient(9, 9).save(folder.path("a.bmp")).expect("a BMP");
    folder.fails(
        1,
        &format!("encode a.png a.bmp {QUICK}"),
        &["a.bmp: a.siren is already the output"],
    );
    assert!(
        folder.path("a.siren").is_file(),
        "the first is encoded all the same"
    );
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let folder = two_pictures();
    folder.write("broken.png", &folder.read("a.png")[..60]);
    folder.write("text.png", "a letter");
    folder.write("empty.jpg", "");
    let run = folder.run(&format!(
        "encode broken.png missing.png text.png empty.jpg a.png b.bmp {QUICK} --json"
    ));
    assert_eq!(run.status, 1);
    let told = run.json();
    let names: Vec<_> = told
        .iter()
        .map(|fact| fact["input"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        names,
        [
            "broken.png",
            "missing.png",
            "text.png",
            "empty.jpg",
            "a.png",
            "b.bmp"
        ]
    );
    assert!(
        told[..4].iter().all(|fact| fact["error"].is_string()),
        "{told:?}"
    );
    assert!(
        told[4..].iter().all(|fact| fact["bytes"].is_number()),
        "{told:?}"
    );
    for words in [
        "missing.png: cannot be read: No such file",
        "text.png: is no picture",
        "empty.jpg: is empty",
    ] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    let after = [
        "a.png",
        "a.siren",
        "b.bmp",
        "b.siren",
        "broken.png",
        "empty.jpg",
        "text.png",
    ];
    assert_eq!(
        folder.names(),
        after,
        "nothing but the two results, and no temporary file"
    );
}

#[test]
fn standard_input_and_output_carry_files() {
    let folder = two_pictures();
    folder.ok(&format!("encode a.png {QUICK}"));
    let encoded = folder.run_with(&format!("encode - {QUICK}"), &folder.read("a.png"));
    assert_eq!(encoded.status, 0, "{}", encoded.stderr);
    assert_eq!(
        encoded.stdout,
        folder.read("a.siren"),
        "the same bytes as by name"
    );
    assert!(
        encoded.stderr.contains("- -> -  "),
        "the report goes beside: {}",
        encoded.stderr
    );

    folder.ok("decode a.siren -o named.png");
    let decoded = folder.run_with("decode -", &encoded.stdout);
    assert_eq!(decoded.stdout, folder.read("named.png"));
    let by_name = folder.ok("decode a.siren -o - --quiet");
    assert_eq!(by_name.stdout, folder.read("named.png"));
    assert_eq!(by_name.stderr, "");

    let info = folder.run_with("info - --json", &encoded.stdout);
    assert_eq!(info.json()[0]["width"], 12);
    folder.fails(2, &format!("encode - a.png -o out {QUICK}"), &["no name"]);
}

#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_written_directly() {
    use std::os::unix::fs::FileTypeExt;
    let folder = two_pictures();
    folder.ok(&format!("encode a.png -o /dev/null {QUICK}"));
    let null = fs::metadata("/dev/null").expect("a device");
    assert!(null.file_type().is_char_device(), "still the device");
    folder.ok(&format!("encode a.png {QUICK}"));
    let run = folder.ok(&format!("encode a.png -o /dev/stdout {QUICK}"));
    assert_eq!(run.stdout, folder.read("a.siren"));
}

#[cfg(unix)]
#[test]
fn results_have_the_permissions_of_any_new_file_and_links_survive() {
    use std::os::unix::fs::PermissionsExt;
    let folder = two_pictures();
    folder.write("plain", "");
    std::os::unix::fs::symlink("target.siren", folder.path("link.siren")).expect("a link");
    folder.write("target.siren", "old");
    folder.ok(&format!("encode a.png -o link.siren --force {QUICK}"));
    let mode = |name: &str| {
        fs::metadata(folder.path(name))
            .expect("a file")
            .permissions()
            .mode()
    };
    assert_eq!(mode("target.siren"), mode("plain"));
    assert!(
        fs::symlink_metadata(folder.path("link.siren"))
            .expect("a link")
            .is_symlink()
    );
    assert_ne!(folder.read("target.siren"), b"old");
}
