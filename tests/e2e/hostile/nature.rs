//! What is true of the chain, as all honest endpoints tell it: Filecoin's ways over anvil's blocks.
//!
//! Anvil numbers its blocks without gaps and calls final what it likes. Here blocks are numbered as
//! on Filecoin, where a round without a block has a number all the same, and finality is what the
//! test says.

use alloy::primitives::{B256, U64};
use serde_json::{Value, json};

/// The chain as honest endpoints tell it.
#[derive(Clone, Debug, Default)]
pub(super) struct Nature {
    /// By anvil's numbers.
    blocks: Vec<Header>,
    /// The head, by anvil's number. Higher blocks are not known yet.
    pub(super) head: u64,
    /// What is final, by anvil's number.
    pub(super) finalized: u64,
    /// Whether `latest` is the head's parent.
    pub(super) latest_is_parent: bool,
}

/// A block, as far as anybody asks about it without its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The number that is told.
    pub(super) told: u64,
    pub(super) hash: B256,
    pub(super) time: u64,
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
    /// The block with this number of anvil's.
    pub(super) fn header(&self, at: u64) -> &Header {
        &self.blocks[usize::try_from(at).unwrap()]
    }

    /// The number that is told for anvil's block `at`.
    pub(super) fn told(&self, at: u64) -> u64 {
        self.header(at).told
    }

    /// Anvil's block `at` comes after so many null rounds. Higher blocks are forgotten.
    pub(super) fn add(&mut self, at: u64, null_rounds: u64, hash: B256, time: u64) {
        self.blocks.truncate(usize::try_from(at).unwrap());
        assert_eq!(
            self.blocks.len() as u64,
            at,
            "blocks come one after the other"
        );
        let told = self.blocks.last().map_or(0, |last| last.told + 1) + null_rounds;
        self.blocks.push(Header { told, hash, time });
    }

    /// What stands at the told number `number`.
    pub(super) fn place(&self, number: u64) -> Place {
        if number > self.told(self.head) {
            return Place::Beyond;
        }
        match self
            .blocks
            .binary_search_by_key(&number, |block| block.told)
        {
            Ok(at) => Place::Block(at as u64),
            Err(_) => Place::NullRound,
        }
    }

    /// Anvil's number of the canonical block with this hash.
    pub(super) fn find(&self, hash: B256) -> Option<u64> {
        let known = 0..=self.head;
        known.rev().find(|at| self.header(*at).hash == hash)
    }

    /// The block behind `latest`.
    pub(super) fn latest(&self) -> u64 {
        self.head - u64::from(self.latest_is_parent && self.head > 0)
    }

    /// What is said of anvil's block `at`.
    pub(super) fn block(&self, at: u64) -> Value {
        let parent = at.checked_sub(1);
        let parent = parent.map_or(B256::ZERO, |parent| self.header(parent).hash);
        let header = self.header(at);
        json!({
            "number": U64::from(header.told),
            "hash": header.hash,
            "parentHash": parent,
            "timestamp": U64::from(header.time),
        })
    }

    /// Writes the told number into what anvil says of a log.
    pub(super) fn renumber(&self, log: &mut Value) {
        let number = log.get("blockNumber").and_then(Value::as_str);
        if let Some(at) = number.and_then(|hex| hex.parse::<U64>().ok()) {
            log["blockNumber"] = json!(U64::from(self.told(at.to())));
        }
    }
}
