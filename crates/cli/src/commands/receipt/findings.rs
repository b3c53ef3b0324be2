//! What is wrong with receipts, each fault with its place.

use std::fmt;

use serde_json::{Value, json};

/// Faults that are told one by one; of more, the number is told.
const MOST: usize = 50;

/// Where something is wrong, and what.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    file: String,
    line: Option<u64>,
    sequence: Option<u64>,
    problem: String,
}

/// All that was found. Memory does not grow with it beyond some fifty.
#[derive(Debug, Default)]
pub(super) struct Findings {
    told: Vec<Finding>,
    count: u64,
}

/// A place in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The file.
    pub(super) file: &'a str,
    /// The line, from 1, where lines matter.
    pub(super) line: Option<u64>,
    /// The number of the receipt, where it has one.
    pub(super) sequence: Option<u64>,
}

impl<'a> Place<'a> {
    /// A file as a whole.
    pub(super) fn file(file: &'a str) -> Self {
        Self {
            file,
            line: None,
            sequence: None,
        }
    }

    /// A line of it.
    pub(super) fn line(file: &'a str, line: u64) -> Self {
        Self {
            line: Some(line),
            ..Self::file(file)
        }
    }

    /// The same place, where receipt `sequence` stands.
    pub(super) fn receipt(self, sequence: u64) -> Self {
        Self {
            sequence: Some(sequence),
            ..self
        }
    }
}

impl Findings {
    /// Adds a fault.
    pub(super) fn add(&mut self, place: Place<'_>, problem: impl fmt::Display) {
        self.count += 1;
        if self.told.len() < MOST {
            self.told.push(Finding {
                file: place.file.to_owned(),
                line: place.line,
                sequence: place.sequence,
                problem: problem.to_string(),
            });
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.told.iter().map(ToString::to_string).collect();
        let untold = self.count.saturating_sub(self.told.len() as u64);
        if untold > 0 {
            lines.push(format!("… and {untold} more"));
        }
        lines
    }

    /// For scripts.
    pub(super) fn to_json(&self) -> Value {
        let told = self.told.iter().map(|finding| {
            json!({
                "file": finding.file,
                "line": finding.line,
                "sequence": finding.sequence,
                "problem": finding.problem,
            })
        });
        told.collect()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, ", receipt {sequence}")?;
        }
        write!(f, ": {}", self.problem)
    }
}
