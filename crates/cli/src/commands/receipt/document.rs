//! What a file with receipts is: an export, which is read line by line, or one JSON document.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;
use stheno::protocol::{
    Answer, ExportHead, KeptReceipts, SignedReceipt,
    answer::{EXPORT_FORMAT, KEPT_FORMAT},
};

use crate::{
    failure::Failure,
    input::{Input, unreadable},
};

/// Most bytes of a line. A receipt for 256 items has some 20,000.
const MAX_LINE: u64 = 1 << 20;
/// Most bytes of a document: an answer for 256 items, or the receipts of 256 nodes for it.
const MAX_DOCUMENT: u64 = 16 << 20;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Document {
    /// A node's export: its first line; the others follow.
    Export(Box<ExportHead>, Lines),
    /// A reader's file.
    Kept(Box<KeptReceipts>),
    /// Receipts alone.
    Receipts(Vec<SignedReceipt>),
    /// What a node answered.
    Answer(Box<Answer>),
}

/// Lines of a file, one at a time.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    file: String,
    number: u64,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Line {
    /// Which, from 1.
    pub(super) number: u64,
    /// Its text, without its end; `None` when it is too long or no text.
    pub(super) text: Option<String>,
    /// Whether it has an end; only the last of a file can have none.
    pub(super) ended: bool,
}

impl Lines {
    /// The next line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Failure> {
        let mut bytes = Vec::new();
        let failed = |error: std::io::Error| unreadable(&self.file, &error);
        let mut within = (&mut self.reader).take(MAX_LINE);
        let read = within.read_until(b'\n', &mut bytes).map_err(failed)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = bytes.last() == Some(&b'\n');
        if ended {
            bytes.pop();
        }
        let fits = ended || (read as u64) < MAX_LINE;
        if !fits {
            self.skip_line()?;
        }
        Ok(Some(Line {
            number: self.number,
            text: String::from_utf8(bytes).ok().filter(|_| fits),
            ended,
        }))
    }

    fn skip_line(&mut self) -> Result<(), Failure> {
        loop {
            let buffer = self.reader.fill_buf();
            let buffer = buffer.map_err(|error| unreadable(&self.file, &error))?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let (used, done) = match end {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Document {
    /// Opens a file and tells what it is; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read, or holds nothing of the kind.
    pub(super) fn open(file: &str) -> Result<Self, Failure> {
        let mut lines = Lines {
            reader: BufReader::new(Input::open(file)?.reader),
            file: file.to_owned(),
            number: 0,
        };
        let first = lines.next()?;
        let first = first.and_then(|line| line.text).unwrap_or_default();
        // An export's first line is whole JSON; a document may be, and is then its only line.
        if let Ok(head) = serde_json::from_str::<Value>(&first)
            && head.get("format").and_then(Value::as_str) == Some(EXPORT_FORMAT)
        {
            let head = serde_json::from_str(&first)
                .map_err(|error| other(file, format_args!("line 1: {error}")))?;
            return Ok(Self::Export(Box::new(head), lines));
        }
        let mut text = first;
        text.push('\n');
        let mut rest = lines.reader.take(MAX_DOCUMENT);
        let read = rest.read_to_string(&mut text);
        read.map_err(|error| unreadable(file, &error))?;
        if text.len() as u64 > MAX_DOCUMENT {
            return Err(other(file, "it is too large for an answer"));
        }
        Self::parse(&text).map_err(|why| other(file, why))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let is = |name: &str| value.get(name).is_some();
        let in_words = |error: serde_json::Error| error.to_string();
        // From the text and not from the value, so that errors name line and column.
        if value.is_array() {
            return serde_json::from_str(text)
                .map(Self::Receipts)
                .map_err(in_words);
        }
        match value.get("format").and_then(Value::as_str) {
            Some(KEPT_FORMAT) => serde_json::from_str(text).map(Self::Kept).map_err(in_words),
            Some(format) => Err(format!("its format is `{format}`, which is not known here")),
            None if is("receipt") => serde_json::from_str(text)
                .map(Self::Answer)
                .map_err(in_words),
            None if is("body") => serde_json::from_str(text)
                .map(|receipt| Self::Receipts(vec![receipt]))
                .map_err(in_words),
            None => Err("it has neither format nor receipt nor body".to_owned()),
        }
    }
}

fn other(file: &str, why: impl std::fmt::Display) -> Failure {
    let fault = format_args!("{file} is no receipt, no answer and no export: {why}").to_string();
    Failure::new("not_receipts", fault)
        .hint("`stheno help receipt verify` says which files are meant, and how to come by them")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, Option<String>, bool)> {
        let mut lines = Lines {
            reader: BufReader::new(Box::new(std::io::Cursor::new(text.to_vec()))),
            file: "test".to_owned(),
            number: 0,
        };
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, line.text, line.ended));
        }
        all
    }

    #[test]
    fn lines_are_numbered_and_the_last_may_have_no_end() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            lines(b"a\n\nb"),
            [
                (1, text("a"), true),
                (2, text(""), true),
                (3, text("b"), false)
            ]
        );
        assert_eq!(lines(b"\xff\nb\n"), [(1, None, true), (2, text("b"), true)]);
    }

    #[test]
    fn line_that_is_too_long_is_skipped_to_its_end() {
        let mut text = vec![b'x'; 3 << 20];
        text.extend_from_slice(b"\nb\n");
        let lines = lines(&text);
        assert_eq!((lines[0].0, lines[0].1.is_none()), (1, true));
        assert_eq!(lines[1], (2, Some("b".to_owned()), true));
    }

    #[test]
    fn document_that_is_none_is_told_by_what_it_lacks() {
        for (text, words) in [
            ("", "EOF"),
            ("{}", "neither format"),
            (r#"{"format": "stheno-receipts/9"}"#, "stheno-receipts/9"),
            (r#"{"body": {}, "signature": "0x"}"#, "missing field"),
            ("[1]", "line 1 column 2"),
        ] {
            let error = Document::parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
