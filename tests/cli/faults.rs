//! What goes wrong around a command: disks that are full, files that change under it, two at once.
#![cfg(unix)]

use super::{Folder, QUICK, gradient, unfinished};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A file system in memory, for whoever may mount one.
struct Mount(PathBuf);

impl Mount {
    /// Mounts one of `size` bytes as the folder `name`, or says that it cannot be.
    fn new(folder: &Folder, name: &str, size: &str) -> Option<Self> {
        let path = folder.path(name);
        fs::create_dir(&path).expect("a folder");
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "sirenc-test"])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(path));
        }
        eprintln!("skipped: only root can mount a file system");
        None
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0)
            .status();
        assert!(status.expect("mount is there").success());
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a folder");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a plain name");
        let mut names: Vec<_> = entries
            .map(|entry| name(entry.expect("an entry")))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn fifo(folder: &Folder, name: &str) {
    let made = Command::new("mkfifo").arg(folder.path(name)).status();
    assert!(made.expect("mkfifo is there").success());
}

/// Waits until `done`, for at most 20 seconds.
fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process has begun to handle SIGINT.
fn handles_signals(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_none_or(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 2 != 0))
}

fn start(folder: &Folder, arguments: &str) -> Child {
    let mut command = folder.command(arguments);
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    pipes.spawn().expect("sirenc starts")
}

#[test]
fn a_full_disk_is_told_and_keeps_what_was_there() {
    let folder = Folder::with("in.png", &gradient(32, 24));
    folder.ok(&format!("encode in.png {QUICK}"));
    for device in [
        "decode in.siren -o /dev/full",
        &format!("encode in.png {QUICK} -o /dev/full"),
    ] {
        folder.fails(
            1,
            device,
            &["cannot write /dev/full: No space left on device"],
        );
    }
    let Some(disk) = Mount::new(&folder, "disk", "64k") else {
        return;
    };
    folder.ok("decode in.siren -o disk/out.png");
    let before = folder.read("disk/out.png");
    // Strips of it are written before the last does not fit.
    for format in ["png", "ppm", "npy", "tif"] {
        let arguments = format!("decode in.siren --scale 60 -o disk/large.{format}");
        folder.fails(
            1,
            &arguments,
            &["cannot write disk/large", "No space left on device"],
        );
    }
    folder.fails(
        1,
        "decode in.siren --scale 60 --force -o disk/out.png",
        &["No space left"],
    );
    assert_eq!(disk.names(), ["out.png"]);
    assert_eq!(folder.read("disk/out.png"), before);
    // To the last byte.
    let filler = fs::File::create(disk.0.join("filler")).expect("an empty file");
    while (&filler).write_all(&[0; 512]).is_ok() {}
    folder.fails(
        1,
        &format!("encode in.png {QUICK} -o disk/in.siren"),
        &["No space left"],
    );
    assert_eq!(disk.names(), ["filler", "out.png"]);
    let kept =
        format!("encode in.png {QUICK} -o new.siren --checkpoint disk/state --checkpoint-every 0");
    let run = folder.ok(&kept);
    assert!(
        run.stderr
            .contains("no checkpoint: cannot write disk/state"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_the_fit() {
    let folder = Folder::with("in.png", &gradient(16, 16));
    let Some(disk) = Mount::new(&folder, "disk", "64k") else {
        return;
    };
    disk.remount("ro");
    let endless = "encode in.png --steps 100000000 -o disk/in.siren";
    folder.fails(
        1,
        endless,
        &["cannot write disk/in.siren: Read-only file system"],
    );
}

#[test]
fn an_input_that_ends_early_is_told() {
    let folder = Folder::with("whole.png", &gradient(64, 64));
    let bytes = folder.read("whole.png");
    fifo(&folder, "in.png");
    let child = start(&folder, &format!("encode in.png {QUICK} -o out.siren"));
    let mut pipe = OpenOptions::new()
        .write(true)
        .open(folder.path("in.png"))
        .expect("a pipe");
    pipe.write_all(&bytes[..bytes.len() / 2])
        .expect("half of it");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("in.png: ends too early"), "{said}");
    assert_eq!(folder.names(), ["in.png", "whole.png"]);
}

/// Once it has been read, what becomes of the file makes no difference.
#[test]
fn an_input_may_vanish_or_change_once_it_is_read() {
    let folder = Folder::with("kept.png", &gradient(40, 30));
    let fit = "--layers 2 --width 8 --steps 600";
    folder.ok(&format!("encode kept.png {fit}"));
    for change in [
        (|path| fs::remove_file(path)) as fn(PathBuf) -> std::io::Result<()>,
        |path| fs::write(path, "something else"),
    ] {
        folder.write("in.png", folder.read("kept.png"));
        let child = start(&folder, &format!("encode in.png {fit} --force"));
        // The output is begun after the input is read.
        wait_for("no output was begun", || {
            let begun = unfinished(folder.0.path(), &child) > 0;
            begun || folder.path("in.siren").exists()
        });
        change(folder.path("in.png")).expect("a change");
        let output = child.wait_with_output().expect("it ends");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(folder.read("in.siren"), folder.read("kept.siren"));
        fs::remove_file(folder.path("in.siren")).expect("a file");
    }
}

#[test]
fn two_encodes_of_one_name_leave_one_whole_file() {
    let folder = Folder::with("a.png", &gradient(40, 30));
    gradient(30, 40).save(folder.path("b.png")).expect("a PNG");
    let fit = "--layers 2 --width 8 --steps 400";
    for name in ["a", "b"] {
        folder.ok(&format!("encode {name}.png {fit}"));
    }
    for force in ["", "--force"] {
        let encode = |name: &str| {
            start(
                &folder,
                &format!("encode {name}.png -o c.siren {fit} {force}"),
            )
        };
        let statuses = [encode("a"), encode("b")].map(|child| {
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success() || said.contains("c.siren exists"),
                "{said}"
            );
            output.status.success()
        });
        let wanted = if force.is_empty() { 1 } else { 2 };
        assert_eq!(statuses.iter().filter(|done| **done).count(), wanted);
        let left = folder.read("c.siren");
        assert!(left == folder.read("a.siren") || left == folder.read("b.siren"));
        assert_eq!(
            folder.names(),
            ["a.png", "a.siren", "b.png", "b.siren", "c.siren"]
        );
        fs::remove_file(folder.path("c.siren")).expect("a file");
    }
}

/// Whatever a command is at: waiting for its input, fitting, rounding, rendering, or waiting for its reader.
#[test]
fn an_interruption_ends_every_stage_tidily() {
    let folder = Folder::with("in.png", &gradient(32, 32));
    folder.ok(&format!("encode in.png {QUICK}"));
    gradient(9, 9).save(folder.path("in2.png")).expect("a PNG");
    fifo(&folder, "pipe.png");
    let before = folder.names();
    let begun = |child: &mut Child| unfinished(folder.0.path(), child) > 0;
    // The rounding is the last 18 % of the steps.
    let endless = "--layers 1 --width 2 --threads 1 --steps";
    type Ready<'a> = &'a dyn Fn(&mut Child) -> bool;
    let soon: Ready<'_> = &|child| {
        let ready = handles_signals(child);
        std::thread::sleep(Duration::from_millis(100));
        ready
    };
    let both = |child: &mut Child| unfinished(&folder.path("folder"), child) == 2;
    let stages: [(&str, String, Ready<'_>); 6] = [
        ("standard input", format!("encode - {endless} 10"), soon),
        ("a pipe", format!("encode pipe.png {endless} 10"), soon),
        (
            "the fit",
            format!("encode in.png -o out.siren {endless} 100000000"),
            &begun,
        ),
        (
            "several",
            "encode in.png in2.png -o folder/ --threads 2 --layers 1 --width 2 --steps 100000000"
                .into(),
            &both,
        ),
        (
            "rendering",
            "decode in.siren --scale 500 -o out.png".into(),
            &begun,
        ),
        ("writing", "decode in.siren --scale 100 -o -".into(), soon),
    ];
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        for (stage, arguments, ready) in &stages {
            let mut child = start(&folder, arguments);
            wait_for(stage, || ready(&mut child));
            let sent = Command::new("kill")
                .args(["-s", signal, &child.id().to_string()])
                .status();
            assert!(sent.expect("kill is there").success());
            wait_for(stage, || child.try_wait().expect("a child").is_some());
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{stage}: {said}");
            assert!(said.contains("interrupted"), "{stage}: {said}");
            let _ = fs::remove_dir(folder.path("folder"));
            assert_eq!(folder.names(), before, "{stage}");
        }
    }
}
