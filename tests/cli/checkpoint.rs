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
        &["checkpoint is that of another picture"],
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
