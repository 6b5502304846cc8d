//! Encodes that are killed and gone on with.

use super::{Folder, gradient};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Of a fit in two phases, long enough to be killed in either.
const FIT: &str = "--bytes 300 --layers 3 --steps 2000";

/// Starts an encode that keeps checkpoints, and kills it once it has kept one and gone on for a while. Whether
/// it was still at work.
fn start_and_kill(folder: &Folder, after: Duration) -> bool {
    let mut command = folder.command(&format!(
        "encode in.png {FIT} --checkpoint state --checkpoint-every 0.02 --resume"
    ));
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .expect("sirenc starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !folder.path("state").exists() && !folder.path("in.siren").exists() {
        assert!(Instant::now() < deadline, "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(after);
    // SIGKILL: nothing of it can be caught.
    child.kill().expect("it can be killed");
    child.wait().expect("it ends").code().is_none()
}

/// However often and wherever an encode is killed, the next one goes on to the same bytes.
#[test]
fn a_killed_encode_goes_on_to_the_same_bytes() {
    let folder = Folder::with("in.png", &gradient(48, 32));
    folder.ok(&format!("encode in.png {FIT} -o whole.siren"));
    let mut kills = 0;
    for trial in 0..6 {
        kills += u32::from(start_and_kill(
            &folder,
            Duration::from_millis(trial * 37 % 100),
        ));
    }
    assert!(kills > 1, "it was at work only {kills} times");
    if !folder.path("in.siren").exists() {
        folder.ok(&format!("encode in.png {FIT} --checkpoint state --resume"));
    }
    assert_eq!(folder.read("in.siren"), folder.read("whole.siren"));
    assert!(!folder.path("state").exists(), "it is removed at the end");
}

#[test]
fn checkpoints_are_for_what_they_were_made_of() {
    let folder = Folder::with("in.png", &gradient(48, 32));
    gradient(47, 32)
        .save(folder.path("other.png"))
        .expect("a PNG");
    assert!(start_and_kill(&folder, Duration::ZERO));
    let resume = "--checkpoint state --resume";
    let kept = folder.read("state");
    folder.fails(
        1,
        &format!("encode in.png {FIT} --checkpoint state"),
        &["state exists", "--resume"],
    );
    folder.fails(
        1,
        &format!("encode in.png {FIT} --seed 1 {resume}"),
        &["checkpoint was made with other settings"],
    );
    folder.fails(
        1,
        &format!("encode other.png {FIT} {resume}"),
        &["checkpoint is that of another input"],
    );
    folder.write("state", &kept[..kept.len() - 1]);
    folder.fails(
        1,
        &format!("encode in.png {FIT} {resume}"),
        &["checkpoint is damaged"],
    );
    folder.write("state", "a letter");
    folder.fails(
        1,
        &format!("encode in.png {FIT} {resume}"),
        &["none of this version"],
    );
    folder.fails(
        2,
        &format!("encode in.png other.png {resume}"),
        &["one input"],
    );
    folder.fails(
        2,
        "encode in.png --checkpoint in.siren",
        &["in.siren is the input or the output"],
    );
    folder.fails(2, "encode in.png --resume", &["--checkpoint"]);
}

/// Sends `signal` to an encode that keeps a checkpoint every hour, once it has begun, and returns its status and what
/// it says.
#[cfg(unix)]
fn interrupt(folder: &Folder, arguments: &str, signal: &str) -> (Option<i32>, String) {
    let mut command = folder.command(&format!("encode {arguments} --checkpoint-every 3600"));
    let child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("sirenc starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    while super::unfinished(folder.0.path(), &child) == 0 {
        assert!(Instant::now() < deadline, "no output was begun");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(200));
    let mut kill = std::process::Command::new("kill");
    let sent = kill.args(["-s", signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// An interruption saves what there is, whatever the signal and however long ago the last checkpoint was.
#[cfg(unix)]
#[test]
fn an_interrupted_encode_saves_its_state_first() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::with("in.png", &gradient(48, 32));
        let fit = "in.png --layers 3 --width 20 --steps 6000";
        let (code, said) = interrupt(&folder, &format!("{fit} --checkpoint state"), signal);
        assert_eq!(code, Some(status), "{said}");
        for words in ["interrupted", "state has the state", "--resume"] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(folder.names(), ["in.png", "state"]);
        folder.ok(&format!("encode {fit} -o whole.siren"));
        folder.ok(&format!("encode {fit} --checkpoint state --resume"));
        assert_eq!(folder.read("in.siren"), folder.read("whole.siren"));
        assert_eq!(folder.names(), ["in.png", "in.siren", "whole.siren"]);
    }
}

/// All segments of a sound go on from where they were, those that are finished and those under way.
#[cfg(unix)]
#[test]
fn an_interrupted_encode_of_a_sound_goes_on_to_the_same_bytes() {
    let folder = Folder::new();
    let samples = (0..12_000).map(|n| (9000.0 * (f64::from(n * n) / 9e5).sin()) as i16);
    let mut wav = b"RIFF\xe4\x5d\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wav.extend(b"\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xc0\x5d\0\0");
    wav.extend(samples.flat_map(i16::to_le_bytes));
    folder.write("in.wav", wav);
    let fit = "in.wav --segments 0.3 --bytes 2500 --steps 700";
    folder.ok(&format!("encode {fit} -o whole.siren --threads 2"));
    let mut interrupted = 0;
    for trial in 0..8 {
        let threads = 1 + trial % 2;
        let resume = format!("{fit} --threads {threads} --checkpoint state --resume");
        let (code, said) = interrupt(&folder, &resume, "INT");
        if code == Some(0) {
            break;
        }
        assert_eq!(code, Some(130), "{said}");
        assert!(folder.path("state").is_file(), "{said}");
        interrupted += 1;
    }
    assert!(interrupted > 1, "it was at work only {interrupted} times");
    folder.fails(
        1,
        &format!("encode {fit} --seed 1 -o other.siren --checkpoint state --resume"),
        &["checkpoint was made with other settings"],
    );
    folder.ok(&format!("encode {fit} --checkpoint state --resume --force"));
    assert_eq!(folder.read("in.siren"), folder.read("whole.siren"));
    assert!(!folder.path("state").exists(), "it is removed at the end");
}
