//! Which options serve which kinds of signal, and what is said of values that no option takes.

use super::{Folder, QUICK, gradient};

/// An input of each kind, as `encode` reads it.
fn inputs() -> Folder {
    let folder = Folder::with("picture.png", &gradient(12, 8));
    let mut wav =
        b"RIFF\x44\x03\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"
            .to_vec();
    wav.extend(b"data\x20\x03\0\0");
    wav.extend((0..400).flat_map(|n: i16| (n % 50 * 300).to_le_bytes()));
    folder.write("sound.wav", wav);
    let mut y4m = b"YUV4MPEG2 W4 H4 F25:1 Cmono\n".to_vec();
    for frame in 0..3 {
        y4m.extend(b"FRAME\n");
        y4m.extend((0..16).map(|n| 90 + 9 * n + frame));
    }
    folder.write("video.y4m", y4m);
    let corner = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n";
    folder.write(
        "shape.obj",
        format!("{corner}f 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"),
    );
    folder
}

/// A file of each kind, of which `decode` makes something.
fn files() -> Folder {
    let folder = inputs();
    folder.ok(&format!(
        "encode picture.png sound.wav video.y4m shape.obj {QUICK}"
    ));
    folder
}

/// That `command` refuses `option` as one that serves `words` alone, since the input `holds` something else, or does
/// not refuse it where there is nothing that it holds.
fn check(folder: &Folder, command: &str, option: &str, words: &str, holds: Option<&str>) {
    let name = option.split(' ').next().expect("a name");
    let run = folder.run(&format!("{command} {option}"));
    let told = format!("; {name} serves {words} alone; leave it out");
    match holds {
        Some(holds) => {
            assert_eq!(run.status, 2, "{command} {option}: {}", run.stderr);
            let told = format!("holds a {holds}{told}");
            assert!(
                run.stderr.contains(&told),
                "{command} {option}: {}",
                run.stderr
            );
        }
        None => assert_ne!(run.status, 2, "{command} {option}: {}", run.stderr),
    }
}

#[test]
fn every_option_of_encode_serves_what_it_says_and_nothing_else() {
    let folder = inputs();
    let all = [
        ("picture", "picture.png"),
        ("video", "video.y4m"),
        ("sound", "sound.wav"),
        ("shape", "shape.obj"),
    ];
    for (option, kinds, words) in [
        (
            "--psnr 12",
            &["picture", "video"][..],
            "pictures and videos",
        ),
        ("--quality 1", &["picture", "video"], "pictures and videos"),
        ("--bpp 9", &["picture", "video"], "pictures and videos"),
        ("--kbps 90", &["sound"], "sounds"),
        ("--segments 0.05", &["sound"], "sounds"),
        ("--supervise values", &["picture"], "pictures"),
        ("--supervise gradient", &["picture"], "pictures"),
        ("--metadata all", &["picture"], "pictures"),
    ] {
        for (kind, input) in all {
            let command = format!("encode {input} -o out.siren -f --layers 1 --steps 5");
            let holds = Some(kind).filter(|kind| !kinds.contains(kind));
            check(&folder, &command, option, words, holds);
        }
    }
}

#[test]
fn every_option_of_decode_serves_what_it_says_and_nothing_else() {
    let folder = files();
    // What is made of each, and what else may be.
    let all = [
        ("picture", "picture.siren -o out.png"),
        (
            "picture, which is written as plain numbers",
            "picture.siren -o out.npy",
        ),
        ("video", "video.siren -o out.y4m"),
        (
            "video, which is not written as .y4m",
            "video.siren -o out.gif",
        ),
        (
            "video, which is not written as .y4m",
            "video.siren -o %d.png",
        ),
        ("sound", "sound.siren -o out.wav"),
        ("shape", "shape.siren -o out.ply"),
        (
            "shape, which is written as a picture",
            "shape.siren -o view.png",
        ),
    ];
    let [pictures, videos] = ["picture", "video"];
    let pixels = "pictures and videos";
    let shown = "pictures that are not written as .npy";
    for (option, kinds, words) in [
        ("--scale 2", &[pictures, videos][..], pixels),
        (
            "--size 3x3",
            &[pictures, videos, "shape, "],
            "pictures, videos and pictures of shapes",
        ),
        ("--region 0,0,2,2", &[pictures, videos], pixels),
        ("--derivative dx", &[pictures], "pictures"),
        ("--gain 2 --derivative gradient", &["picture$"], shown),
        ("--color --derivative gradient", &["picture$"], shown),
        ("--rate 4000", &["sound"], "sounds"),
        ("--fps 10", &[videos], "videos"),
        ("--from 0.01", &["sound", videos], "sounds and videos"),
        ("--to 0.02", &["sound", videos], "sounds and videos"),
        (
            "--chroma 420",
            &["video$"],
            "videos that are written as .y4m",
        ),
        (
            "--chroma 444",
            &["video$"],
            "videos that are written as .y4m",
        ),
        ("--resolution 4", &["shape$"], "meshes and grids of shapes"),
        ("--view -30,20", &["shape, "], "pictures of shapes"),
    ] {
        for (kind, command) in all {
            let served = kinds.iter().any(|served| match served.strip_suffix('$') {
                Some(whole) => kind == whole,
                None => kind.starts_with(served),
            });
            // Where another option of the same line is refused before it, that is as well.
            if !served && option.contains("--derivative ") && !kind.starts_with("picture") {
                let run = folder.run(&format!("decode {command} -f {option}"));
                assert_eq!(run.status, 2, "{command} {option}: {}", run.stderr);
                continue;
            }
            let holds = Some(kind).filter(|_| !served);
            check(
                &folder,
                &format!("decode {command} -f"),
                option,
                words,
                holds,
            );
        }
    }
    for input in ["sound", "shape"] {
        folder.ok(&format!("decode {input}.siren -f --device cpu"));
    }
}

/// Whatever else is wrong or right about the other inputs, nothing is done.
#[test]
fn an_option_for_another_kind_is_refused_before_any_work() {
    let folder = files();
    let before = folder.names();
    let refused = |arguments: &str, words: &[&str]| {
        folder.fails(2, arguments, words);
        assert_eq!(folder.names(), before, "{arguments}");
    };
    let words = ["sound.siren: holds a sound; --scale serves", "Usage"];
    refused("decode picture.siren sound.siren --scale 2", &words[..1]);
    let words = ["picture.png: holds a picture; --kbps serves sounds alone; leave it out"];
    refused(
        "encode sound.wav picture.png --kbps 9 --steps 100000000",
        &words,
    );
    // What comes through a pipe is looked at, too.
    for (arguments, input) in [
        ("decode - --fps 5", "sound.siren"),
        ("decode - -o x.wav --fps 5", "sound.siren"),
        ("encode - --kbps 9", "picture.png"),
        ("encode - --bpp 1", "sound.wav"),
    ] {
        let run = folder.run_with(arguments, &folder.read(input));
        assert_eq!(run.status, 2, "{arguments}: {}", run.stderr);
        assert!(run.stderr.contains("-: holds a "), "{}", run.stderr);
        assert_eq!(folder.names(), before, "{arguments}");
    }
}

/// An option that serves nothing of what a command takes is none of its.
#[test]
fn blend_has_no_options_of_sounds() {
    let folder = Folder::with("a.png", &gradient(8, 8));
    let help = folder.ok("blend --help");
    for option in ["--kbps", "--segments", "--psnr", "--recursive"] {
        assert!(!help.text().contains(option), "{option}");
        let typed = format!("blend a.png a.png -o c.siren {option} 5");
        folder.fails(2, &typed, &["unexpected argument", "Usage: sirenc blend"]);
    }
}

#[test]
fn help_says_what_options_serve() {
    let folder = Folder::new();
    for (command, words) in [
        ("encode", &["[for sounds]", "[for pictures and videos]"][..]),
        (
            "decode",
            &[
                "[for videos]",
                "[for sounds and videos]",
                "[for meshes and grids of shapes]",
            ],
        ),
    ] {
        let help = folder.ok(&format!("{command} --help"));
        // However its lines are broken.
        let text = help.text().split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            assert!(text.contains(words), "{command}: {words}");
        }
    }
}

#[test]
fn numbers_that_begin_with_a_minus_are_refused_by_their_option() {
    let folder = Folder::with("in.png", &gradient(8, 8));
    for (arguments, words) in [
        ("encode in.png --bytes -5", "number of bytes"),
        ("encode in.png --bytes=-5", "number of bytes"),
        ("encode in.png --bpp -0.1", "a positive number"),
        ("encode in.png --kbps -1", "a positive number"),
        ("encode in.png --psnr -30", "5 to 100"),
        ("encode in.png --quality -1", "0 to 100"),
        ("encode in.png --layers -1", "1 to 255"),
        ("encode in.png --width -1", "1 to 4096"),
        ("encode in.png --omega -1", "0.125 to 8191.875"),
        ("encode in.png --effort -1", "1 to 9"),
        ("encode in.png --steps -1", "1 to 4294967295"),
        ("encode in.png --seed -1", "0 to 18446744073709551615"),
        ("encode in.png --threads -1", "1 to 1024"),
        ("encode in.png --limit -1", "a limit is NAME=N"),
        ("decode in.siren --scale -1", "a positive number"),
        ("decode in.siren --size -3x4", "a width and a height"),
        ("decode in.siren --region -1,0,2,2", "left edge"),
        ("decode in.siren --rate -1", "1 to 4294967295"),
        (
            "decode in.siren --fps -30000/1001",
            "a positive number or fraction",
        ),
        ("decode in.siren --from -1", "a number of seconds"),
        ("decode in.siren --to -1", "a positive number"),
        ("decode in.siren --resolution -1", "2 to 4096"),
        ("decode in.siren --view -1,-91", "from -90 to 90"),
        ("blend in.png in.png -o c.siren --mix -0.5", "0 to 1"),
        ("compare in.png --bytes 100,-5", "number of bytes"),
        ("study sound in.wav --segments -1", "a positive number"),
    ] {
        folder.fails(2, arguments, &["invalid value '-", words]);
    }
    assert_eq!(folder.names(), ["in.png"]);
}

/// What is wrong with the input is said before anything about the file that it would become.
#[test]
fn the_input_is_looked_at_before_the_name_of_the_output() {
    let folder = inputs();
    folder.ok(&format!("encode picture.png {QUICK}"));
    gradient(8, 8)
        .save(folder.path("picture.jpg"))
        .expect("a JPEG");
    folder.write("text.png", "a letter");
    folder.write("text.siren", "precious");
    for (arguments, words) in [
        (
            "decode picture.png",
            "picture.png: is a PNG picture, not a .siren file",
        ),
        (
            "decode picture.jpg",
            "picture.jpg: is a JPEG picture, not a .siren file",
        ),
        (
            "decode sound.wav",
            "sound.wav: is a sound, not a .siren file",
        ),
        (
            "decode video.y4m",
            "video.y4m: is a video, not a .siren file",
        ),
        (
            "decode shape.obj",
            "shape.obj: is a shape, not a .siren file",
        ),
        ("decode picture.png --fps 3", "is a PNG picture"),
        ("decode text.png", "text.png: not a siren file"),
        ("info sound.wav", "sound.wav: is a sound, not a .siren file"),
        (
            "encode picture.siren",
            "picture.siren: is a .siren file already",
        ),
        (
            "encode picture.siren -f",
            "picture.siren: is a .siren file already",
        ),
        ("encode text.png", "text.png: is no picture"),
        ("encode text.png --kbps 3", "text.png: is no picture"),
        ("decode missing.siren", "missing.siren: cannot be read"),
    ] {
        folder.fails(1, arguments, &[words]);
    }
    assert_eq!(folder.read("text.siren"), b"precious");
}
