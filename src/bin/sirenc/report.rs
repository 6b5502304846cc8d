//! Reports during and after the work: lines, JSON and progress. None of them panics when the reader of the output has
//! gone away.

use super::failure::Failure;
use super::paths::Place;
use super::progress::{Bar, Total, above};
use serde_json::json;
use std::fmt;
use std::io::{self, Write};

/// How a command tells what it did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Says nothing but failures.
    pub(crate) quiet: bool,
    /// One JSON object a line in place of prose.
    pub(crate) json: bool,
    /// Standard output carries the result itself, so all reports go to standard error.
    pub(crate) aside: bool,
    /// The work on all files, of which this is a part.
    pub(crate) total: Option<Total>,
}

impl Report {
    /// The same for work on `all` files.
    pub(crate) fn of(self, all: usize) -> Self {
        Self {
            total: (all > 1).then(|| Total::of(all)),
            ..self
        }
    }

    /// The same for the work on `here` of all files, after as many as `before`.
    pub(crate) fn at(self, before: usize, here: usize) -> Self {
        let total = self.total.map(|total| Total {
            before,
            here,
            ..total
        });
        Self { total, ..self }
    }

    /// Says what was done, in one line, unless it should be quiet.
    pub(crate) fn say(&self, line: &str) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.print(line) }
    }

    /// Warns of something about `input` that does not keep it from being worked on, unless it should be quiet.
    pub(crate) fn warn(&self, input: &Place, warning: impl fmt::Display) {
        if !self.quiet {
            complain(&format!("{input}: warning: {warning}"));
        }
    }

    /// Whether the work on `input` succeeded; if not, says what went wrong. An error of this
    /// function itself ends the command, as does one of usage, for which the name of the input is put before it.
    pub(crate) fn settle(
        &self,
        input: &Place,
        result: Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let failure = match result {
            Ok(()) => return Ok(true),
            Err(Failure::NobodyReads) => return Err(Failure::NobodyReads),
            Err(Failure::Usage(message)) => {
                return Err(Failure::Usage(format!("{input}: {message}")));
            }
            Err(failure) => failure,
        };
        complain(&format!("{input}: {failure}"));
        if self.json {
            self.print(json!({ "input": input.name(), "error": failure.to_string() }))?;
        }
        Ok(false)
    }

    /// Prints one line (or several) on standard output, or beside it.
    pub(crate) fn print(&self, line: impl fmt::Display) -> Result<(), Failure> {
        let line = lines(&line.to_string());
        if self.aside {
            // Like a complaint: whether it can be read is not worth failing for.
            let _ = above(|| writeln!(io::stderr(), "{line}"));
            return Ok(());
        }
        above(|| writeln!(io::stdout(), "{line}"))
            .map_err(|error| Failure::writing("standard output", &error))
    }

    /// A progress bar about `input`, or about several files without it, which says `what` of its position.
    pub(crate) fn bar(&self, input: Option<&Place>, what: &str) -> Bar {
        match self.quiet {
            true => Bar::hidden(),
            false => Bar::new(input, what, self.total),
        }
    }
}

/// Says what is wrong on standard error; if that is closed too, nobody is left to tell.
pub(crate) fn complain(message: &str) {
    let _ = above(|| writeln!(io::stderr(), "sirenc: {}", harmless(message)));
}

/// `text` in one line that a terminal shows and does not obey: names and contents of files may hold control
/// characters, and others that turn the direction of what follows. They are written as JSON writes them, so that
/// JSON stays JSON.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                shown += &format!("\\u{:04x}", u32::from(c));
            }
            _ if c.is_control() => shown += &format!("\\u{:04x}", u32::from(c)),
            _ => shown.push(c),
        }
    }
    shown
}

/// As [`harmless`], in as many lines as `text` has.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(harmless).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{harmless, lines};
    use sirenc::media::grouped;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        for (text, shown) in [
            ("plain \u{e9}\u{4e2d}", "plain \u{e9}\u{4e2d}"),
            ("\u{1b}[31m", "\\u001b[31m"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m\u{7f}", "\\u009b31m\\u007f"),
            ("\u{202e}gnp.exe", "\\u202egnp.exe"),
        ] {
            assert_eq!(harmless(text), shown);
        }
        assert_eq!(lines("a\u{7}\nb"), "a\\u0007\nb");
    }

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
