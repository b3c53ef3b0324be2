//! What is true of the chain, as all honest endpoints tell it: Filecoin's ways over anvil's blocks.
//!
//! Anvil numbers its blocks without gaps and calls final what it likes. Here blocks are numbered as
//! on Filecoin, where a round without a block has a number all the same, and finality is what the
//! test says.

use alloy::primitives::U64;
use serde_json::{Value, json};

/// The chain as honest endpoints tell it.
#[derive(Clone, Debug, Default)]
pub(super) struct Nature {
    /// By anvil's numbers: the number that is told.
    told: Vec<u64>,
    /// The head, by anvil's number. Higher blocks are not known yet.
    pub(super) head: u64,
    /// What is final, by anvil's number.
    pub(super) finalized: u64,
    /// Whether `latest` is the head's parent.
    pub(super) latest_is_parent: bool,
}

/// What stands at a number that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The block with this number of anvil's.
    Block(u64),
    /// Nothing: the round was null.
    NullRound,
    /// Nothing yet.
    Beyond,
}

impl Nature {
    /// The number that is told for anvil's block `at`.
    pub(super) fn told(&self, at: u64) -> u64 {
        match self.told.get(usize::try_from(at).unwrap()) {
            Some(told) => *told,
            None => match self.told.last() {
                Some(last) => last + 1 + at - self.told.len() as u64,
                None => at,
            },
        }
    }

    /// Anvil's block `at` comes after so many null rounds. Higher blocks are forgotten.
    pub(super) fn add(&mut self, at: u64, null_rounds: u64) {
        let at = usize::try_from(at).unwrap();
        self.told.truncate(at);
        while self.told.len() < at {
            let next = self.told(self.told.len() as u64);
            self.told.push(next);
        }
        let next = self.told.last().map_or(0, |last| last + 1) + null_rounds;
        self.told.push(next);
    }

    /// What stands at the told number `number`.
    pub(super) fn place(&self, number: u64) -> Place {
        if number > self.told(self.head) {
            return Place::Beyond;
        }
        match self.told.binary_search(&number) {
            Ok(at) => Place::Block(at as u64),
            Err(_) => Place::NullRound,
        }
    }

    /// The block behind `latest`.
    pub(super) fn latest(&self) -> u64 {
        self.head - u64::from(self.latest_is_parent && self.head > 0)
    }

    /// Writes the told number into what anvil says of a block or of a log.
    pub(super) fn renumber(&self, said: &mut Value) {
        for field in ["number", "blockNumber"] {
            let number = said.get(field).and_then(Value::as_str);
            if let Some(at) = number.and_then(|hex| hex.parse::<U64>().ok()) {
                said[field] = json!(U64::from(self.told(at.to())));
            }
        }
    }
}
