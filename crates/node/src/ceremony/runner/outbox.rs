//! Transactions on their way, so that following the chain does not wait for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use alloy::primitives::{Address, Bytes, U256};
use stheno_chain::{SendError, Sender};

use super::super::Slot;
use crate::metrics::Metrics;

/// The proposal of a refresh, which belongs to no ceremony yet.
const REFRESH: (u64, Slot) = {
    let (name, round) = ("refresh", 0);
    (0, Slot { name, round })
};
/// So many blocks after a proposal was mined, one that is not in the final log is made again.
const PATIENCE: u64 = 30;

/// Sends messages, and knows later what became of each.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    sender: Sender,
    contract: Address,
    metrics: Metrics,
    news: Arc<Mutex<News>>,
}

#[derive(Debug, Default)]
struct News {
    fates: Vec<(u64, Slot, Fate)>,
    /// The words of the last refusal, so that they are told once.
    refusals: HashMap<(u64, Slot), String>,
    refresh: Refresh,
}

/// Where this node's proposal of a refresh is.
#[derive(Debug, Default)]
enum Refresh {
    #[default]
    Nowhere,
    UnderWay,
    /// Mined in this block.
    Mined(u64),
}

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// Mined in this block.
    Mined(u64),
    /// Refused when the head was at this number.
    Refused(u64),
}

impl Outbox {
    pub(super) fn new(sender: Sender, contract: Address, metrics: Metrics) -> Self {
        Self {
            sender,
            contract,
            metrics,
            news: Arc::default(),
        }
    }

    /// What has become of messages since this was asked last, with their ceremonies.
    pub(super) fn fates(&self) -> Vec<(u64, Slot, Fate)> {
        std::mem::take(&mut self.news().fates)
    }

    /// Sends the proposal of a refresh, unless one is on its way or was mined lately.
    pub(super) fn propose(&self, call: Bytes, head: u64) {
        {
            let refresh = &mut self.news().refresh;
            match refresh {
                Refresh::UnderWay => return,
                Refresh::Mined(block) if head < *block + PATIENCE => return,
                Refresh::Nowhere | Refresh::Mined(_) => *refresh = Refresh::UnderWay,
            }
        }
        let (ceremony, slot) = REFRESH;
        self.send(ceremony, slot, call, head);
    }

    /// Sends a call of a ceremony.
    pub(super) fn send(&self, ceremony: u64, slot: Slot, call: Bytes, head: u64) {
        self.metrics.message_leaves();
        let outbox = self.clone();
        tokio::spawn(async move {
            let sent = outbox
                .sender
                .send(Some(outbox.contract), call, U256::ZERO)
                .await;
            let name = slot.name;
            outbox.metrics.message(name, sent.is_ok());
            let fate = match sent {
                Ok(sent) => {
                    let block = sent.block.number;
                    tracing::info!(step = name, transaction = %sent.hash, block, "sent");
                    Fate::Mined(block)
                }
                Err(error) => {
                    let words = error.to_string();
                    let before = outbox.news().refusals.insert((ceremony, slot), words);
                    tell(name, &error, before == Some(error.to_string()));
                    Fate::Refused(head)
                }
            };
            let mut news = outbox.news();
            if (ceremony, slot) == REFRESH {
                news.refresh = match fate {
                    Fate::Mined(block) => Refresh::Mined(block),
                    Fate::Refused(_) => Refresh::Nowhere,
                };
            } else {
                news.fates.push((ceremony, slot, fate));
            }
        });
    }

    fn news(&self) -> std::sync::MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
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
