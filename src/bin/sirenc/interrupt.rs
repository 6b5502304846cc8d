//! Ends that come early: Ctrl-C, and what the system sends to end a process.

use super::checkpoint::{self, Kept};
use super::output;
use super::report;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Whether an interruption is how the command is meant to end.
static EXPECTED: AtomicBool = AtomicBool::new(false);

/// From here on an interruption is how the command is meant to end, so that there is nothing to say of it.
pub(crate) fn expect() {
    EXPECTED.store(true, Relaxed);
}

/// From here on, signals that end the process do so without leaving anything behind. They are handled on threads of
/// their own, so it works wherever the others are, even waiting for input.
#[cfg(unix)]
pub(crate) fn handle() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let wanted = [SIGHUP, SIGINT, SIGTERM]
        .into_iter()
        .filter(|&signal| !is_ignored(signal));
    // Without a handler a signal still ends the process, only less tidily.
    let Ok(mut signals) = Signals::new(wanted) else {
        return;
    };
    thread::spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            // As shells report it.
            thread::spawn(move || end(128 + signal, count == 0));
        }
    });
}

#[cfg(not(unix))]
pub(crate) fn handle() {
    let mut first = true;
    // Without a handler an interruption still ends the process, only less tidily.
    let _ = ctrlc::set_handler(move || {
        let save = std::mem::replace(&mut first, false);
        thread::spawn(move || end(130, save));
    });
}

/// Whether whoever started the process has it ignore a signal, as `nohup` does. Where that cannot be told it does not.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 << (signal - 1) != 0)
}

/// Ends the process with `status`, without leaving unfinished files behind. If it is to `save`, an encode that keeps
/// checkpoints writes a last one first.
fn end(status: i32, save: bool) {
    let kept = if save {
        checkpoint::save()
    } else {
        Kept::Nothing
    };
    if let Kept::Everything = kept {
        // All is written, and the process about to end by itself.
        return;
    }
    // Nothing can be given its name any more.
    let _unfinished = output::remove_unfinished();
    if EXPECTED.load(Relaxed) {
        process::exit(status);
    }
    report::complain(&match kept {
        Kept::State(path) => format!(
            "interrupted; {} has the state of the encode; give the same command with --resume to go on",
            path.display()
        ),
        _ => "interrupted; the file in work was not written".into(),
    });
    process::exit(status);
}
