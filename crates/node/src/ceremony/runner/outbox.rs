//! Transactions on their way, so that following the chain does not wait for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use alloy::primitives::{Address, Bytes, U256};
use stheno_chain::{Block, SendError, Sender};

use crate::metrics::Metrics;

/// So many blocks after it was mined, a message that is not in the final log is sent again.
const PATIENCE: u64 = 30;

/// Which of this node's messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub(super) struct Step {
    /// In which ceremony.
    pub(super) ceremony: u64,
    /// What it says.
    pub(super) name: &'static str,
    /// Where it says that several times.
    pub(super) round: u8,
}

impl Step {
    /// The proposal of a refresh, which belongs to no ceremony yet.
    pub(super) const REFRESH: Self = Self {
        ceremony: 0,
        name: "refresh",
        round: 0,
    };
}

/// Sends each message once at a time, and again when it got lost.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    sender: Sender,
    contract: Address,
    metrics: Metrics,
    steps: Arc<Mutex<HashMap<Step, State>>>,
}

#[derive(Clone, Debug)]
enum State {
    UnderWay,
    /// Mined when the head was at this number.
    Sent(u64),
    /// Refused when the head was at this number; with these words.
    Refused(u64, String),
}

impl Outbox {
    pub(super) fn new(sender: Sender, contract: Address, metrics: Metrics) -> Self {
        Self {
            sender,
            contract,
            metrics,
            steps: Arc::default(),
        }
    }

    /// Whether this message is on its way, or was tried at this very head.
    pub(super) fn is_busy_with(&self, step: Step, head: &Block) -> bool {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        match steps.get(&step) {
            None => false,
            Some(State::UnderWay) => true,
            Some(State::Sent(at)) => head.number < at + PATIENCE,
            Some(State::Refused(at, _)) => head.number <= *at,
        }
    }

    /// Sends a call, unless it is on its way already.
    pub(super) fn offer(&self, step: Step, call: Bytes, head: &Block) {
        if self.is_busy_with(step, head) {
            return;
        }
        let before = self.note(step, State::UnderWay);
        self.metrics.message_leaves();
        let (outbox, head) = (self.clone(), head.number);
        tokio::spawn(async move {
            let sent = outbox
                .sender
                .send(Some(outbox.contract), call, U256::ZERO)
                .await;
            let name = step.name;
            outbox.metrics.message(name, sent.is_ok());
            let state = match sent {
                Ok(sent) => {
                    let block = sent.block.number;
                    tracing::info!(step = name, transaction = %sent.hash, block, "sent");
                    State::Sent(block)
                }
                Err(error) => {
                    let words = error.to_string();
                    let told = matches!(&before, Some(State::Refused(_, same)) if *same == words);
                    tell(name, &error, told);
                    State::Refused(head, words)
                }
            };
            outbox.note(step, state);
        });
    }

    fn note(&self, step: Step, state: State) -> Option<State> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.insert(step, state)
    }
}

/// Once, as long as it stays the same; a lack of money every time.
fn tell(step: &'static str, error: &SendError, told: bool) {
    match error {
        SendError::Funds { .. } => {
            tracing::error!(step, %error, "this node cannot pay for its message")
        }
        // Others may do these as well, and then they are done.
        SendError::Reverted(_) if matches!(step, "activate" | "fail" | "publish") => {
            tracing::debug!(step, %error, "not sent");
        }
        _ if told => tracing::debug!(step, %error, "not sent"),
        _ => tracing::warn!(step, %error, "not sent"),
    }
}
