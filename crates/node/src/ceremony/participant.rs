//! One member's part in one ceremony, as steps in the order that keeps it safe.
//!
//! The [`Machine`] says what is due; a participant says what to do about it, one [`Step`] at a
//! time, and never the next before the last is reported done. Whoever performs them, the
//! [runner](super::runner) with vault, store and chain or a simulator with doubles of these, may
//! crash between any two: a new participant, given the same log, goes on.
//!
//! | before | is durable |
//! |---|---|
//! | anything is made from the seeds | the seeds |
//! | the share is kept | the public keys of the epoch |
//! | the outcome is confirmed | the share |
//! | a message of this member's is sent | the message, and no other in its place |
//!
//! What is absent: clock, network, files, randomness.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use alloy::primitives::{Address, B256, Bytes};

use super::{
    Action, Clock, Event, Machine, Me, Noted, Record, RecordFault, Setting,
    call::{KEYS_PER_CALL, Scribe},
};
use crate::vault::{CeremonySeeds, HeldShare, IdentityKey};

/// A message that was mined and is not in the final log after so many blocks is sent again, even
/// while nothing becomes final.
const PATIENCE: u64 = 30;

/// One thing to do. Durable means: it is there after a crash at any moment from now on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Read the seeds of the ceremony with this proposal digest, or make them and make them
    /// durable; read the share of the epoch that is handed on, if any. Then [`Participant::armed`].
    Arm {
        /// Digest of the proposal.
        proposal: B256,
        /// Context of the ceremony whose share is dealt out; none in a first ceremony.
        origin: Option<B256>,
    },
    /// Make the public keys of [`Machine::outcome`] durable. Then [`Participant::keys_are_kept`].
    KeepKeys {
        /// The ceremony's context.
        context: B256,
    },
    /// Make [`Machine::new_share`] durable and read it back. Then [`Participant::share_is_kept`].
    KeepShare {
        /// The ceremony's context.
        context: B256,
    },
    /// Make the call durable, unless there is one in its place already. Then
    /// [`Participant::is_written`], with the one that stands there.
    Write {
        /// What the message belongs to: the context, or before there is one the proposal.
        scope: B256,
        /// Which message it is.
        slot: Slot,
        /// The call that carries it.
        call: Bytes,
    },
    /// Ask whose keys are on the chain at the head. Then [`Participant::keys_are_at_head`].
    AskKeys {
        /// Of which epoch.
        epoch: u64,
    },
    /// Send the call. When it is mined or refused, [`Participant::is_mined`] or
    /// [`Participant::is_refused`]; neither is waited for.
    Send {
        /// Which message it is.
        slot: Slot,
        /// The call that carries it.
        call: Bytes,
    },
}

/// A place for one message of this member's: what it says there, it says once.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Slot {
    /// What the message says.
    pub name: &'static str,
    /// Where it says that several times.
    pub round: u8,
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.name, self.round)
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    UnderWay,
    /// Mined in this block.
    Mined(u64),
    /// Refused when the head was at this number.
    Refused(u64),
}

/// One member's part in one ceremony.
#[derive(Debug)]
pub struct Participant {
    machine: Machine,
    committee_id: u64,
    origin: Option<B256>,
    fates: BTreeMap<Slot, Fate>,
    steps: VecDeque<Step>,
    /// The time at which what is due has not been asked yet.
    now: Option<Clock>,
    keys_kept: bool,
    /// Members whose keys are at the head of this turn.
    at_head: BTreeSet<u16>,
}

impl Participant {
    /// A part in a ceremony that has just been proposed. `origin` is the context of the ceremony
    /// whose shares are handed on, in a reshare.
    #[must_use]
    pub fn new(setting: Setting, committee_id: u64, me: Me, origin: Option<B256>) -> Self {
        Self {
            machine: Machine::new(setting, me),
            committee_id,
            origin,
            fates: BTreeMap::new(),
            steps: VecDeque::new(),
            now: None,
            keys_kept: false,
            at_head: BTreeSet::new(),
        }
    }

    /// What the log says, and what follows from it.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Takes the next final event.
    ///
    /// # Errors
    /// [`RecordFault`]; there are no steps any more then.
    pub fn apply(&mut self, block: u64, event: Event) -> Result<Noted, RecordFault> {
        self.machine.apply(block, event)
    }

    /// Goes on with the record of an observer who read the same events, and more of them.
    pub fn follow(&mut self, record: Record) {
        self.machine.follow(record);
    }

    /// Compares the running hash with the contract's at the same block.
    ///
    /// # Errors
    /// [`RecordFault::Transcript`]; there are no steps any more then.
    pub fn check_transcript(&mut self, contract: B256) -> Result<(), RecordFault> {
        self.machine.check_transcript(contract)
    }

    /// Notes who the operator is, once it is known.
    pub fn operator_known(&mut self, operator: Address) {
        self.machine.operator_known(operator);
    }

    /// Says whether this member approves refreshes by itself now, in the place of its operator.
    pub fn approve_refreshes(&mut self, may: bool) {
        self.machine.approve_refreshes(may);
    }

    /// Forgets its secrets for good: the ceremony is over, and they are erased from the vault.
    pub fn disarm(&mut self) {
        self.machine.disarm();
    }

    /// Begins a turn at this time: the steps that follow are those that are due now.
    pub fn turn(&mut self, clock: Clock) {
        self.steps.clear();
        self.at_head.clear();
        self.now = Some(clock);
    }

    /// The next step of this turn. `entropy` is fresh randomness; messages are signed by `identity`.
    pub fn next_step(&mut self, identity: &IdentityKey, entropy: &[u8; 32]) -> Option<Step> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                if let Step::Send { slot, .. } = &step {
                    self.fates.insert(*slot, Fate::UnderWay);
                }
                return Some(step);
            }
            let clock = self.now.take()?;
            self.plan(clock, identity, entropy);
        }
    }

    /// The seeds are durable, and these are they; `held` is the share that is handed on.
    pub fn armed(&mut self, seeds: CeremonySeeds, held: Option<HeldShare>) {
        self.machine.arm(seeds, held);
    }

    /// The public keys are durable.
    pub fn keys_are_kept(&mut self) {
        self.keys_kept = true;
    }

    /// The share is durable, and this is what was read back; or it was refused, since another
    /// stands in its place: then this member confirms nothing, and needs a repair.
    pub fn share_is_kept(&mut self, held: Option<HeldShare>) {
        self.machine.share_is_kept(held);
    }

    /// `call` is durable in its slot: it, and nothing else, is sent.
    pub fn is_written(&mut self, slot: Slot, call: Bytes) {
        self.steps.push_front(Step::Send { slot, call });
    }

    /// These node keys of this ceremony's epoch are at the head, which may still change: for this
    /// turn nobody need publish them.
    pub fn keys_are_at_head(&mut self, indices: impl IntoIterator<Item = u16>) {
        self.at_head = indices.into_iter().collect();
    }

    /// These node keys of this ceremony's epoch are on the chain, and final.
    pub fn keys_are_published(&mut self, indices: impl IntoIterator<Item = u16>) {
        for index in indices {
            self.machine.key_published(index);
        }
    }

    /// A message was mined in this block.
    pub fn is_mined(&mut self, slot: Slot, block: u64) {
        self.fates.insert(slot, Fate::Mined(block));
    }

    /// A message was refused when the head was at this number.
    pub fn is_refused(&mut self, slot: Slot, head: u64) {
        self.fates.insert(slot, Fate::Refused(head));
    }

    /// What is due is asked again after each step that changes it.
    fn plan(&mut self, clock: Clock, identity: &IdentityKey, entropy: &[u8; 32]) {
        if let Some(proposal) = self.machine.wants_seeds() {
            let origin = self.origin;
            self.steps.push_back(Step::Arm { proposal, origin });
            self.now = Some(clock);
            return;
        }
        let due = self.machine.due(clock);
        if due.contains(&Action::KeepShare) {
            let Some(context) = self.machine.record().context() else {
                return;
            };
            self.steps.push_back(if self.keys_kept {
                Step::KeepShare { context }
            } else {
                Step::KeepKeys { context }
            });
            self.now = Some(clock);
            return;
        }
        for action in due {
            self.say(&action, clock, identity, entropy);
        }
    }

    fn say(
        &mut self,
        action: &Action,
        clock: Clock,
        identity: &IdentityKey,
        entropy: &[u8; 32],
    ) -> Option<()> {
        let record = self.machine.record();
        let scribe = Scribe {
            domain: record.setting().domain,
            committee_id: self.committee_id,
            ceremony: record.setting().number,
            identity,
        };
        let slot = |name, round| Slot { name, round };
        let slot = match action {
            // What anybody may do carries no word of this member's: it is not written down.
            Action::Activate(outcome) => {
                self.offer(slot("activate", 0), scribe.activate(outcome), clock);
                return None;
            }
            Action::Fail => {
                self.offer(slot("fail", 0), scribe.fail(), clock);
                return None;
            }
            Action::PublishKeys { epoch, missing } => {
                self.publish(scribe, *epoch, missing, clock);
                return None;
            }
            Action::KeepShare => return None,
            Action::PostKey(_) => slot("key", 0),
            Action::ApproveRefresh(_) => slot("approve", 0),
            Action::Deal { .. } => slot("deal", 0),
            Action::Complain(_) => slot("complain", 0),
            Action::Answer(_) => slot("answer", 0),
            Action::Extend(message) => slot("extend", message.phase * 16 + message.round),
            Action::Confirm(_) => slot("confirm", 0),
        };
        if self.is_busy_with(slot, clock) {
            return None;
        }
        let call = match action {
            Action::PostKey(message) => scribe.post_key(message),
            Action::ApproveRefresh(message) => {
                scribe.approve_refresh(message, self.machine.operator()?)
            }
            Action::Deal { message, dealing } => scribe.deal(message, dealing),
            Action::Complain(message) => scribe.complain(message),
            Action::Answer(message) => scribe.answer(message),
            Action::Extend(message) => scribe.extend(message),
            Action::Confirm(outcome) => {
                let held = self.machine.kept_share()?;
                scribe.confirm(outcome, record.context()?, held, entropy)
            }
            Action::Activate(_) | Action::Fail | Action::PublishKeys { .. } | Action::KeepShare => {
                return None;
            }
        };
        let scope = record.context().or(record.proposal())?;
        self.steps.push_back(Step::Write { scope, slot, call });
        Some(())
    }

    /// Asks first: others may have published by now.
    fn publish(&mut self, scribe: Scribe<'_>, epoch: u64, missing: &[u16], clock: Clock) {
        let asked = Slot {
            name: "ask",
            round: 0,
        };
        if self.fates.get(&asked) != Some(&Fate::Refused(clock.head)) {
            self.fates.insert(asked, Fate::Refused(clock.head));
            self.steps.push_back(Step::AskKeys { epoch });
            self.now = Some(clock);
            return;
        }
        let Some((_, keys)) = self.machine.outcome() else {
            return;
        };
        let missing: Vec<u16> = missing
            .iter()
            .copied()
            .filter(|index| !self.at_head.contains(index))
            .collect();
        let calls: Vec<Bytes> = missing
            .chunks(KEYS_PER_CALL)
            .map(|indices| scribe.publish_keys(epoch, &keys.node_keys, indices))
            .collect();
        for (round, call) in (0..).zip(calls) {
            let slot = Slot {
                name: "publish",
                round,
            };
            self.offer(slot, call, clock);
        }
    }

    fn offer(&mut self, slot: Slot, call: Bytes, clock: Clock) {
        if !self.is_busy_with(slot, clock) {
            self.steps.push_back(Step::Send { slot, call });
        }
    }

    /// Whether a message is on its way, was tried at this very head, or was mined in a block that
    /// may still become final. What is due although its block is final got lost on another branch.
    fn is_busy_with(&self, slot: Slot, clock: Clock) -> bool {
        match self.fates.get(&slot) {
            None => false,
            Some(Fate::UnderWay) => true,
            Some(Fate::Mined(block)) => clock.applied < *block && clock.head < block + PATIENCE,
            Some(Fate::Refused(head)) => clock.head <= *head,
        }
    }
}
