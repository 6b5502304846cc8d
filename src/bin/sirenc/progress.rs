//! Progress bars on standard error, of which there is one at a time. They are invisible unless that is a terminal.

use super::paths::Place;
use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a bar of a fit says of its steps.
pub(crate) const STEPS: &str = "step {pos} of {len}  {msg}";

/// The bar that can be seen at the moment.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn shown() -> MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets `print` write lines to the terminal, above the bar if there is one.
pub(crate) fn above<T>(print: impl FnOnce() -> T) -> T {
    let bar = shown().clone();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// How far a command is with all its files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) begin: Instant,
    /// Files before the one, or the several, that a bar is of.
    pub(crate) before: usize,
    /// Files that a bar is of.
    pub(crate) here: usize,
    pub(crate) all: usize,
}

impl Total {
    /// The beginning of `all` files, one after another.
    pub(crate) fn of(all: usize) -> Self {
        Self {
            begin: Instant::now(),
            before: 0,
            here: 1,
            all,
        }
    }

    /// How long all that is left takes, if it goes on as it did, when a bar is full by `fraction`.
    fn left(&self, fraction: f64) -> Option<Duration> {
        let done = (self.before as f64 + self.here as f64 * fraction) / self.all as f64;
        let left = self.begin.elapsed().as_secs_f64() * (1.0 - done) / done;
        Duration::try_from_secs_f64(left).ok()
    }
}

/// A bar, which goes when it is dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// A bar about `input`, or about several files without it, that says `what` of its position, and how much time is
    /// left for it and for the `total`.
    pub(crate) fn new(input: Option<&Place>, what: &str, total: Option<Total>) -> Self {
        let name = input.map_or_else(String::new, |input| format!("{input}  "));
        let prefix = match (input, total) {
            (Some(_), Some(Total { before, all, .. })) => {
                format!("{} of {all}  {name}", before + 1)
            }
            _ => name,
        };
        let template = format!("{{prefix}}[{{bar:30}}] {what}  {{elapsed}}, {{eta}} left{{total}}");
        let style = ProgressStyle::with_template(&template).expect("templates are constants");
        let left = move |state: &ProgressState, line: &mut dyn Write| {
            if let Some(left) = total.and_then(|total| total.left(state.fraction().into())) {
                let _ = write!(line, ", {:#} for all files", HumanDuration(left));
            }
        };
        let style = style.with_key("total", left).progress_chars("=> ");
        let bar = ProgressBar::new(0).with_style(style).with_prefix(prefix);
        if !bar.is_hidden() {
            *shown() = Some(bar.clone());
        }
        Self(bar)
    }
}

impl Deref for Bar {
    type Target = ProgressBar;

    fn deref(&self) -> &ProgressBar {
        &self.0
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if !self.0.is_hidden() {
            *shown() = None;
        }
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_what_is_done() {
        let total = Total {
            begin: Instant::now() - Duration::from_secs(60),
            before: 2,
            here: 2,
            all: 8,
        };
        let left = total.left(0.5).unwrap().as_secs_f64();
        assert!((left - 100.0).abs() < 1.0, "{left}");
        assert_eq!(Total { before: 0, ..total }.left(0.0), None);
    }
}
