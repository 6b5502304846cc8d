//! Ends that come early.

use super::{Folder, gradient, unfinished};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts an endless command, waits until it has begun its output, and interrupts it.
#[cfg(unix)]
#[test]
fn an_interruption_leaves_nothing_behind() {
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = Folder::with("in.png", &gradient(32, 32));
        let mut command = folder.command("encode in.png --steps 100000000 --threads 1");
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("sirenc starts");
        let deadline = Instant::now() + Duration::from_secs(20);
        while unfinished(folder.0.path(), &child) == 0 {
            assert!(Instant::now() < deadline, "no output was begun");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(
            !folder.path("in.siren").exists(),
            "it is not there before it is whole"
        );
        let sent = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
        let ended = child.wait().expect("it ends");
        let mut said = String::new();
        child
            .stderr
            .take()
            .expect("a pipe")
            .read_to_string(&mut said)
            .expect("text");
        assert_eq!(ended.code(), Some(status), "{said}");
        assert!(said.contains("interrupted"), "{said}");
        assert_eq!(folder.names(), ["in.png"]);
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let folder = Folder::with("in.png", &gradient(32, 32));
    folder.ok("encode in.png --layers 1 --width 4 --steps 2");
    for arguments in ["decode in.siren --scale 60 -o -", "info in.siren"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = folder.command(arguments);
        let output = command.stdout(writer).output().expect("sirenc starts");
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments}");
    }
}

/// Nothing can be caught of SIGKILL, and yet nothing is left.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_command_leaves_nothing_behind() {
    let folder = Folder::with("in.png", &gradient(32, 32));
    let mut command = folder.command("encode in.png --steps 100000000 --threads 1");
    let mut child = command.spawn().expect("sirenc starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while unfinished(folder.0.path(), &child) == 0 {
        assert!(Instant::now() < deadline, "no output was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(folder.names(), ["in.png"], "it has no name yet");
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert_eq!(folder.names(), ["in.png"]);
}

/// What `nohup` has a command ignore does not end it.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_to_be_ignored_is() {
    let folder = Folder::with("in.png", &gradient(32, 32));
    let program = env!("CARGO_BIN_EXE_sirenc");
    let line = format!("trap '' HUP; exec {program} encode in.png --steps 100000000 --threads 1");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(folder.0.path());
    let mut child = command.spawn().expect("sh starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while unfinished(folder.0.path(), &child) == 0 {
        assert!(Instant::now() < deadline, "no output was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    let send = |signal: &str| {
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    };
    send("HUP");
    std::thread::sleep(Duration::from_millis(300));
    send("TERM");
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(143));
}
