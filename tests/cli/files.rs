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
    folder.ok(&format!("encode a.png b.bmp -o new/folder/ {QUICK}"));
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
        2,
        &format!("encode a.png b.bmp -o one.siren {ENDLESS}"),
        &["no folder one.siren", "-o one.siren/"],
    );
    assert!(!folder.path("one.siren").exists());
}

#[test]
fn folders_that_are_missing_are_made() {
    let folder = two_pictures();
    let more = "--checkpoint state/of/a";
    folder.ok(&format!(
        "encode a.png -o new/folder/a.siren {more} {QUICK}"
    ));
    folder.ok("decode new/folder/a.siren -o other/a.png");
    for name in ["new/folder/a.siren", "other/a.png", "state/of"] {
        assert!(folder.path(name).exists(), "{name}");
    }
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
    folder.ok(&format!("encode a.png a.bmp b.bmp {QUICK}"));
    let after = [
        "a.bmp",
        "a.bmp.siren",
        "a.png",
        "a.png.siren",
        "b.bmp",
        "b.siren",
    ];
    assert_eq!(
        folder.names(),
        after,
        "names that differ are left as they are"
    );
    folder.ok("decode a.bmp.siren a.png.siren -o out/");
    assert!(folder.path("out/a.bmp.png").is_file() && folder.path("out/a.png.png").is_file());
    // One that is typed twice is encoded once.
    folder.ok(&format!("encode a.png a.png {QUICK}"));
    assert!(folder.path("a.siren").is_file());
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
    folder.fails(2, &format!("encode - a.png -o out/ {QUICK}"), &["no name"]);
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

/// The longest name there can be, and what is too long is known before the fit.
#[cfg(unix)]
#[test]
fn a_name_may_be_as_long_as_the_system_allows() {
    let folder = two_pictures();
    let longest = format!("{}.siren", "n".repeat(249));
    folder.ok(&format!("encode a.png -o {longest} {QUICK}"));
    folder.ok(&format!("encode a.png -o {longest} --force {QUICK}"));
    assert_eq!(folder.names(), ["a.png", "b.bmp", &longest]);
    let long = format!("{}.png", "n".repeat(251));
    fs::rename(folder.path("a.png"), folder.path(&long)).expect("a new name");
    for arguments in [
        format!("encode {long} {ENDLESS}"),
        format!("encode b.bmp -o n{longest} {ENDLESS}"),
        format!("encode b.bmp {ENDLESS} --checkpoint n{longest}"),
    ] {
        folder.fails(1, &arguments, &["the name is too long"]);
    }
    folder.ok(&format!("encode {long} -o short.siren {QUICK}"));
}

#[test]
fn what_keeps_a_file_from_being_written_is_told_before_the_fit() {
    let folder = two_pictures();
    fs::create_dir(folder.path("folder")).expect("a folder");
    for (arguments, words) in [
        (
            "-o a.png/a.siren",
            "cannot write a.png/a.siren: Not a directory",
        ),
        ("--checkpoint folder", "folder is a folder; name a file"),
    ] {
        folder.fails(1, &format!("encode a.png {arguments} {ENDLESS}"), &[words]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_what_is_not_there_yet_is_followed() {
    use std::os::unix::fs::symlink;
    let folder = two_pictures();
    fs::create_dir(folder.path("there")).expect("a folder");
    symlink("there/next.siren", folder.path("a.siren")).expect("a link");
    symlink("last.siren", folder.path("there/next.siren")).expect("a link");
    folder.ok(&format!("encode a.png {QUICK}"));
    for link in ["a.siren", "there/next.siren"] {
        let found = fs::symlink_metadata(folder.path(link)).expect("a link");
        assert!(found.is_symlink(), "{link}");
    }
    let last = fs::symlink_metadata(folder.path("there/last.siren"));
    assert!(last.expect("a file").is_file());
    // Into a folder that is not there, and round and round.
    symlink("nowhere/b.siren", folder.path("b.siren")).expect("a link");
    symlink("round.siren", folder.path("round.siren")).expect("a link");
    folder.ok(&format!("encode b.bmp {QUICK}"));
    assert!(folder.path("nowhere/b.siren").is_file());
    let round = format!("encode b.bmp -o round.siren {ENDLESS}");
    folder.fails(1, &round, &["cannot write round.siren: Too many levels"]);
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions_and_its_owner() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let folder = two_pictures();
    let modes = [0o600, 0o644, 0o640, 0o444, 0o666, 0o755];
    for mode in modes {
        folder.write("a.siren", "old");
        let path = folder.path("a.siren");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        // Only root may give a file away.
        let given = chown(&path, Some(1234), Some(2345)).is_ok();
        folder.ok(&format!("encode a.png --force {QUICK}"));
        let found = fs::metadata(&path).expect("a file");
        assert_eq!(found.mode() & 0o7777, mode, "{mode:o}");
        assert!(!given || (found.uid(), found.gid()) == (1234, 2345));
        assert_ne!(folder.read("a.siren"), b"old");
        fs::remove_file(path).expect("a file");
    }
}

#[cfg(unix)]
#[test]
fn two_names_of_one_file_take_no_two_results() {
    let folder = two_pictures();
    gradient(9, 9).save(folder.path("a.bmp")).expect("a BMP");
    folder.fails(
        1,
        &format!("encode a.png ./a.png --force {QUICK}"),
        &["./a.png: ./a.siren is already the output"],
    );
    std::os::unix::fs::symlink("a.siren", folder.path("b.siren")).expect("a link");
    folder.fails(
        1,
        &format!("encode a.png b.bmp --force {QUICK}"),
        &["b.bmp: b.siren is already the output"],
    );
}

/// What was left by a process that was killed where files must have a name.
#[test]
fn old_temporary_files_are_swept() {
    let folder = two_pictures();
    folder.write(".sirenc-left.tmp", "half");
    let file = fs::File::open(folder.path(".sirenc-left.tmp")).expect("a file");
    let made = file.metadata().and_then(|found| found.modified());
    let old = made.expect("a time") - std::time::Duration::from_secs(600);
    file.set_modified(old).expect("another");
    drop(file);
    folder.ok(&format!("encode a.png {QUICK}"));
    assert_eq!(folder.names(), ["a.png", "a.siren", "b.bmp"]);
}

/// Names that are no text, and those with spaces.
#[cfg(target_os = "linux")]
#[test]
fn names_may_be_any_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = two_pictures();
    for name in [&b"two words"[..], b"\xff\xfe", b"-5", "\u{e4}".as_bytes()] {
        let stem = folder.0.path().join(OsStr::from_bytes(name));
        let [png, siren] = ["png", "siren"].map(|extension| stem.with_extension(extension));
        fs::copy(folder.path("a.png"), &png).expect("a copy");
        let mut command = folder.command(&format!("encode {QUICK} -o"));
        let output = command
            .arg(&siren)
            .arg("--")
            .arg(png.file_name().expect("a name"));
        assert!(output.output().expect("sirenc starts").status.success());
        assert!(siren.is_file(), "{siren:?}");
    }
}
