//! A ceremony recomputed: the final log, applied event by event, and what it gives.
//!
//! The record of the log and the sorting of the dealers are the nodes' own code.

use std::sync::Arc;

use alloy::{
    primitives::B256,
    rpc::types::{Filter, Log},
};
use futures::{FutureExt, future::BoxFuture};
use stheno::{
    crypto::KeyFingerprint,
    protocol::{
        Domain,
        ceremony::{Outcome, Phase},
    },
};
use stheno_chain::{
    Block, Chain, ChainError, Cursor, Locator, LogFollower,
    contracts::CommitteeContract as contract,
};
use stheno_node::{
    ceremony::{
        End, Event, Noted, Origin, Record, Report, Setting, WeightsSeed,
        event::{Decoded, decode},
        report::Made,
    },
    store::EpochKeys,
};

use super::{
    contract::{Contract, windows},
    findings::{self, Finding},
};
use crate::failure::Failure;

/// A ceremony, as its log gives it and as the contract says it is.
#[derive(Debug)]
pub struct Audit {
    /// The committee.
    pub locator: Locator,
    /// Number of the ceremony in its committee.
    pub number: u64,
    /// What the log says.
    pub record: Record,
    /// How many events of the ceremony were read.
    pub events: usize,
    /// Events that are passed over, since the contract cannot have accepted them.
    pub passed_over: Vec<String>,
    /// The block up to which log and contract were compared.
    pub at: Block,
    /// What the contract says of the ceremony at that block.
    pub info: contract::CeremonyInfo,
    /// What the contract says of the epoch that the ceremony made, with the epoch's number.
    pub epoch: Option<(u64, contract::EpochInfo)>,
    /// Who did what, and what comes of it. None of a log with a hole in it, which would put the
    /// blame on the wrong members.
    pub report: Option<Report>,
}

impl Audit {
    /// Recomputes a ceremony: `number`, or the one that made the epoch that serves; before the
    /// first epoch the latest.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub async fn of(
        chain: &Chain,
        locator: &Locator,
        number: Option<u64>,
    ) -> Result<Self, Failure> {
        let contract = Contract {
            chain,
            locator,
            at: chain.final_head().await?,
        };
        let number = match number {
            Some(number) => number,
            None => latest(&contract).await?,
        };
        let weights_seed = WeightsSeed::fresh().map_err(|error| {
            Failure::new(
                "no_entropy",
                format_args!("no randomness from the operating system: {error}"),
            )
        })?;
        Ok(recompute(chain, locator, number, weights_seed.into()).await?)
    }

    /// The keys that the log gives; `None` while that is open, or when it gives none.
    #[must_use]
    pub fn keys(&self) -> Option<(&Outcome, &EpochKeys)> {
        match &self.report.as_ref()?.result {
            Some(Made::Keys { outcome, keys }) => Some((outcome, keys)),
            _ => None,
        }
    }

    /// Everything on the chain that contradicts the log; nothing when the two agree. The network key
    /// must be the pinned one, if one is pinned.
    #[must_use]
    pub fn findings(&self, pinned: Option<KeyFingerprint>) -> Vec<Finding> {
        findings::of(self, pinned)
    }

    /// Whether every message of a phase is in what was read.
    #[must_use]
    pub fn is_over(&self, phase: Phase) -> bool {
        let closed = |closes: u64| self.at.number + 1 >= closes;
        self.record.end().is_some()
            || self
                .record
                .timetable()
                .is_some_and(|timetable| closed(timetable.window(phase).1))
    }
}

async fn latest(contract: &Contract<'_>) -> Result<u64, Failure> {
    let committee = contract.committee().await?;
    match (committee.epoch, committee.ceremony) {
        (0, 0) => Err(Failure::new(
            "no_ceremony",
            format_args!(
                "committee {} has had no ceremony yet",
                contract.locator.committee_id
            ),
        )
        .hint("its owner proposes the first one, once its members are registered")),
        (0, latest) => Ok(latest),
        (epoch, _) => Ok(contract.epoch(epoch).await?.ceremony),
    }
}

/// Boxed, since a reshare may lead to the ceremony before it.
fn recompute<'a>(
    chain: &'a Chain,
    locator: &'a Locator,
    number: u64,
    weights_seed: Arc<WeightsSeed>,
) -> BoxFuture<'a, Result<Audit, ChainError>> {
    async move {
        let contract = Contract {
            chain,
            locator,
            at: chain.final_head().await?,
        };
        let (committee, info) =
            futures::try_join!(contract.committee(), contract.ceremony(number))?;
        let origin = match info.fromEpoch {
            0 => None,
            epoch => Some(origin(&contract, epoch, &weights_seed).await?),
        };
        let setting = Setting {
            domain: Domain::of_committee(locator.chain_id, locator.contract, locator.committee_id),
            number,
            windows: windows(&committee.windows),
            origin,
            weights_seed,
        };
        let reading = Reading::start(setting, contract.at);
        let reading = reading.follow(chain, locator, info.proposedAt).await?;
        reading.compare(chain, locator).await
    }
    .boxed()
}

/// The epoch that a reshare starts from: its published keys, or else those that its own ceremony's
/// log gives.
async fn origin(
    contract: &Contract<'_>,
    epoch: u64,
    weights_seed: &Arc<WeightsSeed>,
) -> Result<Origin, ChainError> {
    let info = contract.epoch(epoch).await?;
    if let Some(origin) = contract.origin(epoch, &info).await? {
        return Ok(origin);
    }
    let before = recompute(
        contract.chain,
        contract.locator,
        info.ceremony,
        Arc::clone(weights_seed),
    )
    .await?;
    match before.keys() {
        Some((outcome, keys)) if outcome.keys_root == info.keysRoot => {
            let node_keys = keys.node_keys.clone();
            contract.origin_with(epoch, &info, node_keys).await
        }
        _ => Err(ChainError::Inconsistent {
            chain_id: contract.locator.chain_id,
            what: format!("epoch {epoch}, which ceremony {} made", info.ceremony),
            problem: "its keys are not all published, and its log gives others".to_owned(),
        }),
    }
}

/// A log that is being read.
struct Reading {
    record: Record,
    events: usize,
    passed_over: Vec<String>,
    up_to: Block,
}

impl Reading {
    fn start(setting: Setting, at: Block) -> Self {
        Self {
            record: Record::new(setting),
            events: 0,
            passed_over: Vec::new(),
            up_to: at,
        }
    }

    /// Reads to the end of the ceremony, or to the final head while it has none. What the contract
    /// says is compared at the final head in either case.
    async fn follow(
        mut self,
        chain: &Chain,
        locator: &Locator,
        from: u64,
    ) -> Result<Self, ChainError> {
        let number = self.record.setting().number;
        let word = |number: u64| B256::left_padding_from(&number.to_be_bytes());
        let filter = Filter::new()
            .address(locator.contract)
            .topic1(word(locator.committee_id))
            .topic2(word(number));
        let mut follower = LogFollower::new(chain.clone(), filter, Cursor::From(from));
        while let Some(batch) = follower.poll().await? {
            self.up_to = batch.up_to;
            batch.events.iter().for_each(|log| self.apply(log));
            if self.record.end().is_some() || self.record.fault().is_some() {
                break;
            }
        }
        Ok(self)
    }

    fn apply(&mut self, log: &Log) {
        let number = self.record.setting().number;
        let (Some(block), Decoded::Ceremony(found, event)) = (log.block_number, decode(log.data()))
        else {
            // Node keys of the epoch with the ceremony's number have the same topics.
            return;
        };
        if found != number {
            return;
        }
        self.events += 1;
        if self.record.end().is_some() {
            let what = name(&event);
            self.passed_over
                .push(format!("{what} in block {block}, after the end"));
            return;
        }
        // A fault stays with the record.
        if let Ok(Noted::Ignored(why)) = self.record.apply(block, event) {
            self.passed_over.push(format!("{why}, in block {block}"));
        }
    }

    /// Compares with the contract: at the block that was read up to, or, when the ceremony is over,
    /// at the newest final one, whose state every endpoint has.
    async fn compare(mut self, chain: &Chain, locator: &Locator) -> Result<Audit, ChainError> {
        let mut at = self.up_to;
        if self.record.end().is_some() {
            let newest = chain.final_head().await?;
            if newest.number > at.number {
                at = newest;
            }
        }
        let contract = Contract { chain, locator, at };
        let number = self.record.setting().number;
        let info = contract.ceremony(number).await?;
        // A fault stays with the record.
        let _ = self.record.check_transcript(info.transcript);
        let committee = contract.committee().await?;
        let made = match self.record.end() {
            Some(End::Active { epoch, .. }) => Some(*epoch),
            _ => None,
        };
        let epoch = match made.filter(|epoch| *epoch <= committee.epoch) {
            Some(epoch) => Some((epoch, contract.epoch(epoch).await?)),
            None => None,
        };
        let record = self.record;
        // Dealings are verified here, which takes a while.
        let report = (record.fault().is_none())
            .then(|| tokio::task::block_in_place(|| Report::of(&record, self.up_to.number)));
        Ok(Audit {
            locator: *locator,
            number,
            record,
            events: self.events,
            passed_over: self.passed_over,
            at,
            info,
            epoch,
            report,
        })
    }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Proposed { .. } => "a proposal",
        Event::Members { .. } => "members",
        Event::KeyPosted { .. } => "a ceremony key",
        Event::ContextFixed { .. } => "a context",
        Event::Approved { .. } => "an approval",
        Event::Started { .. } => "a start",
        Event::DealingPart { .. } | Event::DealingPosted { .. } => "a dealing",
        Event::Complained { .. } => "a complaint",
        Event::Answered { .. } => "an answer",
        Event::Confirmed { .. } => "a confirmation",
        Event::ExtensionSigned { .. } | Event::PhaseExtended { .. } => "an extension",
        Event::Activated { .. } => "an activation",
        Event::Failed => "a failure",
    }
}
