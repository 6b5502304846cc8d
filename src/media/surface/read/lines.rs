//! Lines of text, whatever they end with, and the numbers on them.

use crate::media::Error;
use crate::media::Source;
use std::borrow::Cow;

/// The longest line that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// The lines of a text, which end with a line feed, a carriage return, or both.
pub(super) struct Lines<'a> {
    source: &'a mut dyn Source,
    line: Vec<u8>,
    /// The number of the last line, from 1.
    pub(super) number: u64,
    /// Whether line feeds that follow a carriage return belong to it. The first return tells.
    pairs: Option<bool>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: &'a mut dyn Source) -> Self {
        Self {
            source,
            line: Vec::new(),
            number: 0,
            pairs: None,
        }
    }

    /// The next line, without what ends it; of bytes that are not UTF-8, such as in comments, some sign.
    pub(super) fn next(&mut self) -> Result<Option<Cow<'_, str>>, Error> {
        self.line.clear();
        self.number += 1;
        if !self.fill()? {
            return Ok(None);
        }
        let line = match self.number {
            // A mark of the byte order may come before the text.
            1 => self
                .line
                .strip_prefix(b"\xEF\xBB\xBF")
                .unwrap_or(&self.line),
            _ => &self.line,
        };
        Ok(Some(String::from_utf8_lossy(line)))
    }

    /// Reads a line; returns whether there was one.
    fn fill(&mut self) -> Result<bool, Error> {
        let reading = |error: std::io::Error| Error::reading(&error);
        loop {
            let bytes = self.source.fill_buf().map_err(reading)?;
            if bytes.is_empty() {
                return Ok(!self.line.is_empty());
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() > LONGEST {
                return Err(self.wrong("is longer than 1 MiB; the file is damaged, or no text"));
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else {
                let count = bytes.len();
                self.source.consume(count);
                continue;
            };
            let carriage_return = bytes[end] == b'\r';
            self.source.consume(end + 1);
            if carriage_return && self.pairs != Some(false) {
                let next = self.source.fill_buf().map_err(reading)?;
                let feed = next.first() == Some(&b'\n');
                self.pairs = Some(feed);
                self.source.consume(usize::from(feed));
            }
            return Ok(true);
        }
    }

    /// What the lines come from, at the end of the last one.
    pub(super) fn source(&mut self) -> &mut dyn Source {
        &mut *self.source
    }

    /// The refusal of the last line, which `what` says of it.
    pub(super) fn wrong(&self, what: &str) -> Error {
        wrong(self.number, what)
    }
}

/// The refusal of a line, which `what` says of it.
pub(super) fn wrong(number: u64, what: &str) -> Error {
    Error::Malformed(format!("line {number} {what}"))
}

/// A word of a file in quotation marks, or how it begins.
pub(super) fn quoted(word: &str) -> String {
    const MOST: usize = 40;
    match word.char_indices().nth(MOST) {
        None => format!("{word:?}"),
        Some((end, _)) => format!("{:?}...", &word[..end]),
    }
}

/// The number that a word is, or what is wrong with it.
pub(super) fn number(word: &str) -> Result<f64, String> {
    word.parse()
        .map_err(|_| format!("has {} for a number", quoted(word)))
}

/// The three numbers that `words` begin with, or what is wrong with them.
pub(super) fn three<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<[f64; 3], String> {
    let mut numbers = [0.0; 3];
    for place in &mut numbers {
        let word = words.next().ok_or("has fewer than three numbers")?;
        *place = number(word)?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Cursor};

    fn all(text: &[u8]) -> Vec<String> {
        // A buffer of three bytes is empty at many an end of a line.
        let mut source = BufReader::with_capacity(3, Cursor::new(text));
        let mut lines = Lines::new(&mut source);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line.into_owned());
        }
        all
    }

    #[test]
    fn lines_end_in_all_ways() {
        for text in ["ab\ncde\n\nf", "ab\r\ncde\r\n\r\nf\r\n", "ab\rcde\r\rf\r"] {
            assert_eq!(all(text.as_bytes()), ["ab", "cde", "", "f"], "{text:?}");
        }
        assert_eq!(
            all(b"\xEF\xBB\xBFa\n# \xE9t\xE9"),
            ["a", "# \u{fffd}t\u{fffd}"]
        );
        assert!(all(b"").is_empty());
        let mut long = Cursor::new(vec![b'1'; LONGEST + 1]);
        assert!(Lines::new(&mut long).next().is_err());
    }
}
