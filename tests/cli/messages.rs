//! What is said: help, reports, JSON, and what is wrong with what.

use super::{Folder, QUICK, gradient};

#[test]
fn usage_errors_exit_with_two() {
    let folder = Folder::with("in.png", &gradient(8, 8));
    folder.fails(2, "", &["Usage"]);
    folder.fails(2, "encode", &["<INPUT>"]);
    folder.fails(2, "encode in.png --fast", &["--fast"]);
    folder.fails(2, "encode in.png --threads 0", &["--threads", "1 to 1024"]);
    folder.fails(2, "encode in.png --layers 0", &["--layers", "1 to 255"]);
    folder.fails(2, "encode in.png --steps 0", &["--steps", "1 to"]);
    folder.fails(2, "encode in.png --omega nan", &["omega"]);
    folder.fails(2, "enc in.png", &["encode"]);
    assert_eq!(folder.names(), ["in.png"]);
}

#[test]
fn a_value_that_is_wrong_is_told_with_the_usage_of_its_command() {
    let folder = Folder::with("in.png", &gradient(8, 8));
    for (arguments, usage) in [
        ("encode in.png --bytes x", "Usage: sirenc encode [OPTIONS]"),
        (
            "encode in.png --weights f16 --bytes 40",
            "Usage: sirenc encode [OPTIONS]",
        ),
        (
            "study activations in.png --side 1",
            "Usage: sirenc study activations [OPTIONS]",
        ),
        (
            "decode in.siren --color --derivative dx",
            "Usage: sirenc decode",
        ),
    ] {
        folder.fails(2, arguments, &[usage]);
    }
}

#[test]
fn the_short_help_is_short() {
    let folder = Folder::new();
    for command in ["encode", "decode", "blend", "compare"] {
        let [short, long] = ["-h", "--help"].map(|flag| {
            let help = folder.ok(&format!("{command} {flag}"));
            help.text().lines().count()
        });
        assert!(short < 66 && 2 * short < long, "{command}: {short}, {long}");
    }
}

#[test]
fn the_cpu_is_a_device() {
    let run = Folder::new().ok("devices");
    assert!(
        run.text().starts_with("cpu ") || run.text().contains("\ncpu "),
        "{}",
        run.text()
    );
}

#[test]
fn completions_and_manual_pages_are_made() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.ok(&format!("completions {shell}"));
        for word in ["skip-existing", "activations"] {
            assert!(script.text().contains(word), "{shell}: {word}");
        }
    }
    folder.fails(2, "completions sh", &["bash", "zsh"]);
    folder.ok("man share/man1");
    for (page, words) in [
        ("sirenc", "sirenc\\-encode(1)"),
        ("sirenc-encode", "\\-\\-skip\\-existing"),
        ("sirenc-study-shapes", "Chamfer"),
    ] {
        let page = folder.read(&format!("share/man1/{page}.1"));
        let page = String::from_utf8(page).expect("text");
        assert!(page.contains(words), "{page}");
    }
}

#[test]
fn several_files_are_listed_in_a_table() {
    let folder = Folder::with("in.png", &gradient(16, 10));
    folder.ok(&format!("encode in.png -o a/one.siren {QUICK}"));
    folder.ok(&format!("encode in.png -o a/two.siren {QUICK}"));
    let size = folder.read("a/one.siren").len();
    for arguments in ["info a/one.siren a/two.siren", "info a"] {
        let table = folder.ok(arguments);
        let lines: Vec<_> = table.text().lines().collect();
        let words: Vec<_> = lines[1].split_whitespace().collect();
        assert_eq!(words[..3], ["a/one.siren", "picture", "16x10"]);
        assert_eq!(words.last(), Some(&size.to_string().as_str()));
        assert_eq!(
            (lines.len(), lines[3]),
            (4, &*format!("2 files  {} bytes", 2 * size))
        );
    }
    assert_eq!(folder.ok("info a --json").json().len(), 2);
    let run = folder.run("info in.png a/one.siren");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("in.png: is a PNG picture"),
        "{}",
        run.stderr
    );
    assert!(
        run.text().contains("a/one.siren  picture"),
        "{}",
        run.text()
    );
}

#[test]
fn help_and_version_are_printed() {
    let folder = Folder::new();
    assert_eq!(
        folder.ok("--version").text(),
        format!("sirenc {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(
        folder
            .ok("--help")
            .text()
            .contains("sirenc decode photo.siren --scale 4")
    );
    for command in ["encode", "decode", "blend", "compare", "info", "demo"] {
        assert!(
            folder
                .ok(&format!("{command} --help"))
                .text()
                .contains("Usage: sirenc"),
            "{command}"
        );
    }
}

#[test]
fn a_line_tells_what_was_done_unless_quiet() {
    let folder = Folder::with("in.png", &gradient(8, 8));
    let line = folder.ok(&format!("encode in.png {QUICK}"));
    let bytes = folder.read("in.siren").len();
    let start = format!(
        "in.png -> in.siren  {bytes} bytes  {:.3} bpp  ",
        bytes as f64 * 8.0 / 64.0
    );
    assert!(line.text().starts_with(&start), "{}", line.text());
    assert_eq!(line.stderr, "", "no progress bar without a terminal");
    let line = folder.ok("decode in.siren --scale 2 -o out.png");
    assert!(
        line.text().starts_with("in.siren -> out.png  16x16  "),
        "{}",
        line.text()
    );

    let quiet = folder.ok(&format!("encode in.png {QUICK} --quiet --force"));
    assert_eq!((quiet.text(), quiet.stderr.as_str()), ("", ""));
    let quiet = folder.ok("decode in.siren --quiet --force -o out.png");
    assert_eq!((quiet.text(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn json_and_info_agree_with_the_file() {
    let folder = Folder::with("in.png", &gradient(16, 10).to_rgb16().into());
    let encoded = &folder
        .ok("encode in.png --layers 3 --width 9 --omega 20 --steps 5 --json")
        .json()[0];
    let size = folder.read("in.siren").len() as u64;
    let info = &folder.ok("info in.siren --json").json()[0];
    for facts in [encoded, info] {
        assert_eq!(facts["bytes"].as_u64(), Some(size));
        assert_eq!(facts["bpp"].as_f64(), Some(size as f64 * 8.0 / 160.0));
        assert_eq!(
            (&facts["width"], &facts["height"]),
            (&16.into(), &10.into())
        );
        assert_eq!(
            (&facts["channels"], &facts["depth"]),
            (&3.into(), &16.into())
        );
        assert_eq!(facts["parameters"], 3 * 9 + 2 * 90 + 30);
    }
    assert_eq!(info["omega_hidden"], 20.0);
    assert_eq!(info["hidden"], serde_json::json!([9, 9, 9]));
    assert_eq!(info["multiplications_per_point"], 2 * 9 + 2 * 81 + 27);
    let layers = info["layers"].as_array().expect("the layers");
    let bits = |layer: &serde_json::Value| {
        ["weight_bits", "bias_bits"].map(|key| layer[key].as_f64().expect("bits"))
    };
    let bits: f64 = layers.iter().flat_map(bits).sum();
    let parts = info["parts"].as_array().expect("the parts");
    let weights = parts.iter().find(|part| part["part"] == "weights");
    let weights = weights.map(|part| 8.0 * part["bytes"].as_f64().expect("bytes"));
    assert_eq!(layers.len(), 4);
    assert!(
        weights.is_some_and(|weights| (weights - bits).abs() < 24.0),
        "{weights:?} {bits}"
    );
    assert_eq!(
        parts
            .iter()
            .map(|part| part["bytes"].as_u64().expect("a size"))
            .sum::<u64>(),
        size
    );

    let prose = folder.ok("info in.siren");
    for words in [
        "16 x 10 pixels, RGB, 16 bits",
        "2 -> 3 x 9 -> 3",
        "omega 20",
        "207 multiplications",
        "checksum",
    ] {
        assert_eq!(
            prose.text().matches(words).count(),
            1,
            "{words}: {}",
            prose.text()
        );
    }
}

#[test]
fn the_wrong_kind_of_file_is_recognised() {
    let folder = Folder::with("in.png", &gradient(8, 8));
    folder.ok(&format!("encode in.png {QUICK}"));
    folder.fails(
        1,
        "decode in.png -o out.png",
        &["in.png: is a PNG picture", "sirenc encode"],
    );
    folder.fails(1, "info in.png", &["in.png: is a PNG picture"]);
    folder.fails(
        1,
        "encode in.siren -o again.siren",
        &["in.siren: is a .siren file already", "sirenc decode"],
    );
    folder.write("notes.siren", "just some text");
    folder.fails(1, "decode notes.siren", &["notes.siren: not a siren file"]);
    folder.write("half.siren", &folder.read("in.siren")[..40]);
    folder.fails(
        1,
        "decode half.siren",
        &["half.siren: the file is damaged or incomplete"],
    );
    folder.fails(
        1,
        "info missing.siren in.siren",
        &["missing.siren: cannot be read: No such file or directory"],
    );
    folder.write("empty.siren", "");
    folder.fails(1, "decode empty.siren", &["empty.siren: is empty"]);
}

#[test]
fn a_picture_that_asks_for_too_much_memory_is_refused() {
    let folder = Folder::new();
    // 60,000 x 60,000 RGB pixels in a BMP header, and nothing else.
    let mut bmp = b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.extend([60_000_u32.to_le_bytes(), 60_000_u32.to_le_bytes()].concat());
    bmp.extend([1, 0, 24, 0]);
    bmp.extend([0; 24]);
    folder.write("huge.bmp", bmp);
    folder.fails(
        1,
        "encode huge.bmp",
        &["huge.bmp: ", "60000 x 60000", "MiB", "scale it down"],
    );
}

/// A terminal would obey them.
#[cfg(unix)]
#[test]
fn control_characters_of_names_and_contents_are_shown_and_not_printed() {
    const BAD: &str = "\u{1b}]0;pwned\u{7}\u{1b}[31m\r\u{9b}31m\u{202e}";
    let name = |extension: &str| format!("a{BAD}\n{extension}");
    let folder = Folder::new();
    let ply = "element vertex 1\nproperty float x\nend_header\n";
    for (extension, content) in [
        (
            ".pam",
            format!("P7\nWIDTH 3\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE {BAD}\nENDHDR\n"),
        ),
        (".ppm", format!("P6\n3 {BAD}\n255\n")),
        (".y4m", format!("YUV4MPEG2 W{BAD} H3 F1:1\n")),
        ("c.y4m", format!("YUV4MPEG2 W3 H3 F1:1 C{BAD}\n")),
        (
            ".ply",
            format!("ply\nformat ascii 1.0\nelement vertex 1\nproperty {BAD} x\n"),
        ),
        (
            "e.ply",
            format!("ply\nformat ascii 1.0\nelement {BAD} 9\n{ply}1\n"),
        ),
        ("m.ply", format!("{BAD}\n")),
        (".obj", format!("v {BAD} 1 2\n")),
        (".xyz", format!("1 2 3 {BAD} 1 1\n")),
        (".stl", format!("solid {BAD}\nfacet {BAD}\n")),
        (".siren", BAD.into()),
    ] {
        folder.write(&name(extension), content);
    }
    let plain = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(bad), "{text:?}");
        text.into_owned()
    };
    for input in folder.names() {
        for command in [
            "encode",
            "decode",
            "info",
            "compare",
            "encode --json",
            "info --json",
        ] {
            let command = folder.command(command).arg(&input).output();
            let output = command.expect("sirenc starts");
            assert!(!output.status.success(), "{input:?}");
            plain(&output.stdout);
            let said = plain(&output.stderr);
            assert!(said.contains("\\u001b]0;pwned\\u0007"), "{said}");
            assert!(!said.contains("panicked") && said.len() < 2000, "{said}");
        }
    }

    let input = name("in.png");
    gradient(8, 8).save(folder.path(&input)).expect("a picture");
    let encode = |rest: &str| {
        let mut command = folder.command(&format!("encode {QUICK} --force {rest}"));
        let output = command.arg(&input).output().expect("sirenc starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        plain(&output.stdout)
    };
    assert!(encode("").starts_with("a\\u001b]0;"));
    let facts: serde_json::Value = serde_json::from_str(&encode("--json")).expect("JSON");
    assert_eq!(facts["input"], input, "JSON has the name itself");
    // Usage, too, is told of what was typed.
    let option = folder.command("encode").arg(format!("--{BAD}")).output();
    assert!(plain(&option.expect("sirenc starts").stderr).contains("\\u001b"));
}
