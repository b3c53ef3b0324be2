//! Records of the log, read once for all who see the same events: that is what a record is.

use std::collections::HashMap;

use alloy::primitives::B256;
use stheno_node::ceremony::{Record, Setting};

use crate::chain::Placed;

/// A record in a state: of a ceremony, after certain events.
pub type State = usize;

/// All records of a run.
#[derive(Debug, Default)]
pub struct Records {
    records: Vec<Record>,
    first: HashMap<(u64, Option<B256>), State>,
    next: HashMap<(State, u64), State>,
}

impl Records {
    /// The record of nothing yet, of a ceremony that starts from the epoch with this context.
    pub fn begin(&mut self, setting: &Setting, origin: Option<B256>) -> State {
        let Self { records, first, .. } = self;
        *first.entry((setting.number, origin)).or_insert_with(|| {
            records.push(Record::new(setting.clone()));
            records.len() - 1
        })
    }

    /// The record with one more event.
    pub fn advance(&mut self, state: State, placed: &Placed) -> State {
        if let Some(next) = self.next.get(&(state, placed.uid)) {
            return *next;
        }
        let mut record = self.records[state].clone();
        // A fault is part of the record, and so is what it passes over.
        let _ = record.apply(
            placed.block,
            stheno_node::ceremony::Event::clone(&placed.event),
        );
        self.records.push(record);
        let next = self.records.len() - 1;
        self.next.insert((state, placed.uid), next);
        next
    }

    pub fn record(&self, state: State) -> &Record {
        &self.records[state]
    }
}
