//! What this member does next: the record and a clock in, actions out.
//!
//! Asked again after every batch of final events and every new head. It
//! answers with everything that is due, again and again until the record shows
//! it done, so whoever performs the actions may crash at any moment. A message
//! for a phase is due only when all messages of the phase before are final.

mod member;

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};
use stheno_crypto::{KeyShare, NodeIndex};
use stheno_protocol::ceremony::{
    Answer, CeremonyKey, Complaint, Dealing, Extension, Outcome, Phase, confirmation_quorum,
};

use super::{
    End, Event, Noted, Record, RecordFault, Report, Setting, qualify::qualify, record::index_of,
};
use crate::{
    store::EpochKeys,
    vault::{CeremonySeeds, HeldShare},
};
use member::Received;

/// Blocks that each member waits longer than the one before it with what anybody may do.
const STAGGER: u64 = 2;

/// Whose machine it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Me {
    /// Signs this node's messages.
    pub identity: Address,
    /// Whose approval this node waits for; it does not deal while this is unknown.
    pub operator: Option<Address>,
}

/// Where the chain stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clock {
    /// The last final block whose events have been applied.
    pub applied: u64,
    /// The newest block.
    pub head: u64,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Post this node's key for the ceremony.
    PostKey(CeremonyKey),
    /// Post this node's dealing.
    Deal {
        /// What is signed.
        message: Dealing,
        /// The bytes.
        dealing: Vec<u8>,
    },
    /// Complain about dealings that hold no good share for this node.
    Complain(Complaint),
    /// Reveal the shares that were complained about.
    Answer(Answer),
    /// Make this node's new share durable: [`Machine::new_share`], then [`Machine::share_is_kept`].
    KeepShare,
    /// Confirm the outcome, with a proof from the share that was kept.
    Confirm(Outcome),
    /// Ask for another window, since the phase before is not final yet.
    Extend(Extension),
    /// Make the outcome the next epoch. Anybody may.
    Activate(Outcome),
    /// Close a ceremony that came to nothing. Anybody may.
    Fail,
    /// Publish the node keys that are not published yet. Anybody may.
    PublishKeys {
        /// For which epoch.
        epoch: u64,
        /// Whose keys are missing.
        missing: Vec<u16>,
    },
}

/// What a ceremony made, as this node computed it.
#[derive(Debug)]
struct Made {
    outcome: Outcome,
    keys: EpochKeys,
}

/// One member's part in one ceremony.
#[derive(Debug)]
pub struct Machine {
    me: Me,
    record: Record,
    seeds: Option<CeremonySeeds>,
    held: Option<HeldShare>,
    received: Option<Received>,
    made: Option<Made>,
    settled: bool,
    new_share: Option<KeyShare>,
    kept: bool,
    published: BTreeSet<u16>,
}

impl Machine {
    /// A machine at the beginning of a ceremony.
    #[must_use]
    pub fn new(setting: Setting, me: Me) -> Self {
        Self {
            me,
            record: Record::new(setting),
            seeds: None,
            held: None,
            received: None,
            made: None,
            settled: false,
            new_share: None,
            kept: false,
            published: BTreeSet::new(),
        }
    }

    /// Takes the next final event.
    ///
    /// # Errors
    /// [`RecordFault`]; nothing is due any more then.
    pub fn apply(&mut self, block: u64, event: Event) -> Result<Noted, RecordFault> {
        self.record.apply(block, event)
    }

    /// Compares the running hash with the contract's at the same block.
    ///
    /// # Errors
    /// [`RecordFault::Transcript`]; nothing is due any more then.
    pub fn check_transcript(&mut self, contract: B256) -> Result<(), RecordFault> {
        self.record.check_transcript(contract)
    }

    /// Notes that a node key of this ceremony's epoch is on the chain.
    pub fn key_published(&mut self, index: u16) {
        self.published.insert(index);
    }

    /// Whether a node key of this ceremony's epoch is known to be on the chain.
    #[must_use]
    pub fn is_published(&self, index: u16) -> bool {
        self.published.contains(&index)
    }

    /// Notes who the operator is, once it is known.
    pub fn operator_known(&mut self, operator: Address) {
        self.me.operator = Some(operator);
    }

    /// The record so far.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// This node's index among those who receive shares.
    #[must_use]
    pub fn receiver(&self) -> Option<NodeIndex> {
        index_of(&self.record.terms()?.members, self.me.identity)
    }

    /// This node's index among the dealers.
    #[must_use]
    pub fn dealer(&self) -> Option<NodeIndex> {
        index_of(&self.record.terms()?.dealers, self.me.identity)
    }

    /// The proposal for which this machine needs its seeds; none once it has them, or has no part.
    #[must_use]
    pub fn wants_seeds(&self) -> Option<B256> {
        let has_part = self.receiver().is_some() || self.dealer().is_some();
        // After a success too: a node that was away finds its share in the record.
        let failed = matches!(self.record.end(), Some(End::Failed { .. }));
        let over = failed || self.record.fault().is_some();
        if self.seeds.is_some() || !has_part || over {
            return None;
        }
        self.record.proposal()
    }

    /// Gives the machine its seeds, and in a reshare the share that it deals out.
    pub fn arm(&mut self, seeds: CeremonySeeds, held: Option<HeldShare>) {
        self.seeds = Some(seeds);
        self.held = held;
    }

    /// Everything that is due at this time.
    pub fn due(&mut self, clock: Clock) -> Vec<Action> {
        if self.record.fault().is_some() {
            return Vec::new();
        }
        match self.record.end() {
            Some(End::Failed { .. }) => return Vec::new(),
            Some(End::Active { .. }) => {
                // A node that was away during Confirm still gets its share from the record.
                self.settle(clock);
                return self
                    .keep_share()
                    .into_iter()
                    .chain(self.publish_keys(clock))
                    .collect();
            }
            None => {}
        }
        if self.record.timetable().is_none() {
            return self.post_key(clock).into_iter().collect();
        }
        self.receive(clock);
        self.settle(clock);
        [
            self.deal(clock),
            self.complain(clock),
            self.answer(clock),
            self.keep_share(),
            self.confirm(clock),
            self.extend(clock),
            self.finish(clock),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The share that [`Action::KeepShare`] asks to keep, and the public keys beside it.
    #[must_use]
    pub fn new_share(&self) -> Option<(&KeyShare, &EpochKeys)> {
        Some((self.new_share.as_ref()?, &self.made.as_ref()?.keys))
    }

    /// Notes that the share is durable, and forgets it here.
    pub fn share_is_kept(&mut self) {
        self.new_share = None;
        self.kept = true;
    }

    /// The outcome as this node computed it, once the phase Answer is final.
    #[must_use]
    pub fn outcome(&self) -> Option<(&Outcome, &EpochKeys)> {
        self.made.as_ref().map(|made| (&made.outcome, &made.keys))
    }

    /// Who did what, and who deviated, with every event up to the block `applied` in the record.
    #[must_use]
    pub fn report(&self, applied: u64) -> Report {
        Report::of(&self.record, applied)
    }

    /// Computes the outcome once nothing can change it.
    fn settle(&mut self, clock: Clock) {
        if self.settled || !self.is_over(Phase::Answer, clock) {
            return;
        }
        self.settled = true;
        let received = self.received.take().unwrap_or_default();
        let qualification = qualify(&self.record);
        match qualification.outcome(&self.record) {
            Ok(Some((outcome, keys))) => {
                if let Some(origin) = self.record.origin()
                    && origin.network_key != outcome.network_key
                {
                    tracing::error!("the reshare came out with another network key");
                    return;
                }
                let shares = self.dealt_shares(&qualification, received);
                self.made = Some(Made { outcome, keys });
                self.new_share = shares.and_then(|shares| self.combine(&shares));
            }
            Ok(None) => tracing::error!(
                qualified = qualification.qualified.len(),
                disqualified = ?qualification.disqualified,
                "too few dealers count: the ceremony comes to nothing"
            ),
            Err(error) => tracing::error!(%error, "the dealings make no committee"),
        }
    }

    fn publish_keys(&self, clock: Clock) -> Option<Action> {
        let End::Active {
            epoch,
            outcome,
            block,
        } = self.record.end()?
        else {
            return None;
        };
        let made = self.made.as_ref()?;
        let margin = u64::from(self.record.setting().windows.margin);
        if made.outcome != *outcome || clock.head < block + margin + self.patience() {
            return None;
        }
        let members = u16::try_from(made.keys.node_keys.len()).unwrap_or(u16::MAX);
        let missing: Vec<u16> = (1..=members)
            .filter(|i| !self.published.contains(i))
            .collect();
        (!missing.is_empty()).then_some(Action::PublishKeys {
            epoch: *epoch,
            missing,
        })
    }

    /// After Confirm: activation if the outcome has its quorum, failure if not.
    fn finish(&self, clock: Clock) -> Option<Action> {
        let terms = self.record.terms()?;
        let timetable = self.record.timetable()?;
        let ripe = timetable.activation() + self.patience();
        if clock.head < ripe || !self.is_over(Phase::Confirm, clock) {
            return None;
        }
        let size = u16::try_from(terms.members.len()).unwrap_or(u16::MAX);
        let quorum = confirmation_quorum(size, terms.threshold);
        match (self.record.leading_outcome(), &self.made) {
            (Some((outcome, count)), Some(made)) if count >= quorum => {
                if *outcome == made.outcome {
                    Some(Action::Activate(outcome.clone()))
                } else {
                    tracing::error!("the others confirmed another outcome than this node computes");
                    None
                }
            }
            (Some((_, count)), None) if count >= quorum => None,
            _ => Some(Action::Fail),
        }
    }

    /// Whether every message of a phase is final and applied.
    fn is_over(&self, phase: Phase, clock: Clock) -> bool {
        self.record
            .timetable()
            .is_some_and(|timetable| clock.applied + 1 >= timetable.window(phase).1)
    }

    /// Whether a message sent now can still come in time.
    fn is_open(&self, phase: Phase, clock: Clock) -> bool {
        self.record.timetable().is_some_and(|timetable| {
            let (opens, closes) = timetable.window(phase);
            opens <= clock.head && clock.head + 1 < closes
        })
    }

    /// How much longer than the first member this one waits with what anybody may do.
    fn patience(&self) -> u64 {
        let rank = self
            .receiver()
            .or(self.dealer())
            .map_or(u16::MAX, NodeIndex::get);
        STAGGER * u64::from(rank - 1)
    }
}
