//! What happened, as a hash of everything and the last words of it.

use std::{collections::VecDeque, fmt::Arguments, fmt::Write};

const LAST: usize = 60;

/// The trace of a run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    last: VecDeque<String>,
}

impl Trace {
    pub fn new() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            last: VecDeque::new(),
        }
    }

    pub fn note(&mut self, block: u64, what: Arguments<'_>) {
        let mut line = if self.last.len() < LAST {
            String::new()
        } else {
            self.last.pop_front().unwrap_or_default()
        };
        line.clear();
        let _ = write!(line, "{block:>5}  {what}");
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.last.push_back(line);
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn last(&self) -> String {
        self.last.iter().map(|line| format!("  {line}\n")).collect()
    }
}
