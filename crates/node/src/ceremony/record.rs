//! What the log says of one ceremony, every signature and digest checked.
//!
//! Any observer who applies the same final log comes to the same record. An
//! endpoint can lie, so nothing is taken on its word: terms must hash to the
//! proposal, keys to the context, and every message must be signed by its
//! sender. A message that is not is passed over, as the contract would have
//! refused it; whether anything was left out, invented or reordered shows in
//! the running hash, which [`Record::check_transcript`] compares with the
//! contract's.

mod consent;
mod phases;
mod verdicts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use alloy::primitives::{Address, B256, Bytes, U256};
use stheno_crypto::{NodeIndex, NodePublicKey, dkg::CeremonyKey};
use stheno_protocol::{
    Domain,
    ceremony::{
        Accusation, CeremonyKind, CeremonyTerms, Member, Outcome, Phase, RevealedShare, Timetable,
        Transcript, Windows,
    },
};

use super::Event;
pub use verdicts::{Verdicts, WeightsSeed};

/// What is known of a ceremony beforehand.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The committee, as signatures are bound to it.
    pub domain: Domain,
    /// Number of the ceremony in its committee.
    pub number: u64,
    /// The committee's windows; part of what operators approve.
    pub windows: Windows,
    /// What a reshare starts from; none before the first epoch.
    pub origin: Option<Origin>,
    /// The observer's own randomness, for checking all dealings together.
    pub weights_seed: Arc<WeightsSeed>,
}

/// The epoch that a reshare starts from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Its members, who deal.
    pub members: Vec<Member>,
    /// Its threshold.
    pub threshold: u16,
    /// The key that must come out again, in EIP-2537's form.
    pub network_key: Bytes,
    /// Its members' public keys, in order of index.
    pub node_keys: Vec<NodePublicKey>,
}

/// What one ceremony's final log says.
#[derive(Clone, Debug)]
pub struct Record {
    setting: Setting,
    proposed: Option<Proposed>,
    members: Vec<Member>,
    terms: Option<CeremonyTerms>,
    keys: BTreeMap<u16, CeremonyKey>,
    context: Option<B256>,
    approvals: BTreeSet<Address>,
    timetable: Option<Timetable>,
    transcript: Option<Transcript>,
    parts: Parts,
    dealings: BTreeMap<u16, PostedDealing>,
    /// Of these dealings, once somebody has asked; copies of a record share them.
    verdicts: Arc<OnceLock<Verdicts>>,
    complaints: BTreeMap<u16, Vec<Accusation>>,
    answers: BTreeMap<u16, Vec<RevealedShare>>,
    confirmations: BTreeMap<u16, Confirmed>,
    votes: BTreeMap<(Phase, u8), BTreeSet<u16>>,
    extensions: BTreeMap<Phase, u8>,
    end: Option<End>,
    fault: Option<RecordFault>,
}

#[derive(Clone, Debug)]
struct Proposed {
    block: u64,
    kind: CeremonyKind,
    threshold: u16,
    size: u16,
    from_epoch: u64,
    proposal: B256,
}

/// Messages of which only some parts have been read.
#[derive(Clone, Debug, Default)]
struct Parts {
    dealings: BTreeMap<u16, Vec<u8>>,
    complaints: BTreeMap<u16, Vec<Accusation>>,
    answers: BTreeMap<u16, Vec<RevealedShare>>,
}

/// A dealing that is on the chain.
#[derive(Clone, Debug)]
pub struct PostedDealing {
    /// keccak-256 of its bytes; what complaints cite.
    pub hash: B256,
    bytes: Arc<[u8]>,
}

/// A confirmation that is on the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Confirmed {
    /// What was confirmed.
    pub outcome: Outcome,
    /// That the receiver holds its share; not yet checked.
    pub proof: Bytes,
}

/// How a ceremony ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// It made an epoch.
    Active {
        /// Its number.
        epoch: u64,
        /// With this outcome.
        outcome: Outcome,
        /// In this block.
        block: u64,
    },
    /// It made nothing.
    Failed {
        /// In this block.
        block: u64,
    },
}

/// What became of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Noted {
    /// It is part of the record.
    Counted,
    /// It is passed over; the contract cannot have accepted it.
    Ignored(String),
}

/// The log cannot be what the contract wrote. The record stays at a standstill.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordFault {
    /// The terms do not hash to the proposal.
    #[error("the members, windows and threshold in the log do not hash to the proposal {proposal}")]
    Proposal {
        /// The proposal's digest as the log has it.
        proposal: B256,
    },
    /// The ceremony keys do not hash to the context.
    #[error("the ceremony keys in the log hash to {computed}, not to the context {context}")]
    Context {
        /// The context as the log has it.
        context: B256,
        /// The context as computed from the log.
        computed: B256,
    },
    /// It started without enough approvals.
    #[error("the ceremony started with {found} of {needed} approvals")]
    Consent {
        /// How many were needed.
        needed: u16,
        /// How many are in the log, with good signatures.
        found: usize,
    },
    /// The timetable is not the one that follows from the log.
    #[error("the log has the timetable at block {found}, it should be {expected}")]
    Timetable {
        /// What follows from the log.
        expected: u64,
        /// What the log says.
        found: u64,
    },
    /// An event came before what it rests on.
    #[error("the log has {0} out of order")]
    OutOfOrder(&'static str),
    /// The running hash is not the contract's.
    #[error(
        "the running hash of the log is {computed}, the contract's is {contract}: something was left out, invented or reordered"
    )]
    Transcript {
        /// The contract's.
        contract: B256,
        /// The log's.
        computed: B256,
    },
    /// A reshare, but the epoch that it starts from is not known here.
    #[error("the epoch that the ceremony reshares is not known")]
    NoOrigin,
}

impl Record {
    /// A record of nothing yet.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            proposed: None,
            members: Vec::new(),
            terms: None,
            keys: BTreeMap::new(),
            context: None,
            approvals: BTreeSet::new(),
            timetable: None,
            transcript: None,
            parts: Parts::default(),
            dealings: BTreeMap::new(),
            verdicts: Arc::default(),
            complaints: BTreeMap::new(),
            answers: BTreeMap::new(),
            confirmations: BTreeMap::new(),
            votes: BTreeMap::new(),
            extensions: BTreeMap::new(),
            end: None,
            fault: None,
        }
    }

    /// Takes the next final event, of `block`.
    ///
    /// # Errors
    /// [`RecordFault`], now and from now on.
    pub fn apply(&mut self, block: u64, event: Event) -> Result<Noted, RecordFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let noted = self.take(block, event);
        if let Err(fault) = &noted {
            self.fault = Some(fault.clone());
        }
        noted
    }

    /// Compares the running hash with the contract's at the same block.
    ///
    /// # Errors
    /// [`RecordFault::Transcript`], now and from now on.
    pub fn check_transcript(&mut self, contract: B256) -> Result<(), RecordFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let computed = self
            .transcript
            .map_or(B256::ZERO, |transcript| transcript.hash());
        if computed == contract {
            return Ok(());
        }
        let fault = RecordFault::Transcript { contract, computed };
        self.fault = Some(fault.clone());
        Err(fault)
    }

    fn take(&mut self, block: u64, event: Event) -> Result<Noted, RecordFault> {
        match event {
            Event::Proposed {
                kind,
                threshold,
                size,
                from_epoch,
                proposal,
            } => Ok(self.propose(Proposed {
                block,
                kind,
                threshold,
                size,
                from_epoch,
                proposal,
            })),
            Event::Members { first, members } => self.enlist(first, members),
            Event::KeyPosted {
                member,
                key,
                signature,
            } => self.post_key(member, key, signature),
            Event::ContextFixed { context } => self.fix_context(context),
            Event::Approved {
                operator,
                signature,
            } => self.approve(operator, signature),
            Event::Started { context, start } => self.start(block, context, start),
            Event::DealingPart { dealer, part, data } => Ok(self.dealing_part(dealer, part, &data)),
            Event::DealingPosted {
                dealer,
                dealing_hash,
                signature,
            } => self.deal(block, dealer, dealing_hash, signature),
            Event::Complained {
                receiver,
                part,
                parts,
                accusations,
                signature,
            } => self.complain(block, receiver, (part, parts), accusations, signature),
            Event::Answered {
                dealer,
                part,
                parts,
                shares,
                signature,
            } => self.answer(block, dealer, (part, parts), shares, signature),
            Event::Confirmed {
                receiver,
                outcome,
                proof,
                signature,
            } => self.confirm(block, receiver, outcome, proof, signature),
            Event::ExtensionSigned {
                member,
                phase,
                round,
                signature,
            } => self.vote_extension(block, member, phase, round, signature),
            Event::PhaseExtended { phase, closes } => self.phase_extended(phase, closes),
            Event::Activated { epoch, outcome } => {
                self.end = Some(End::Active {
                    epoch,
                    outcome,
                    block,
                });
                Ok(Noted::Counted)
            }
            Event::Failed => {
                self.end = Some(End::Failed { block });
                Ok(Noted::Counted)
            }
        }
    }

    /// What was known beforehand.
    #[must_use]
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The terms, once the proposal and all its members have been read.
    #[must_use]
    pub fn terms(&self) -> Option<&CeremonyTerms> {
        self.terms.as_ref()
    }

    /// The epoch that is reshared; none in a first ceremony.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        let reshare = self
            .proposed
            .as_ref()
            .is_some_and(|proposed| proposed.kind == CeremonyKind::Reshare);
        self.setting.origin.as_ref().filter(|_| reshare)
    }

    /// Whether the same members get new shares with the same threshold: then nodes may approve it.
    #[must_use]
    pub fn is_refresh(&self) -> bool {
        let (terms, origin) = (self.terms(), self.origin());
        terms
            .zip(origin)
            .is_some_and(|(terms, origin)| terms.is_refresh(origin.threshold))
    }

    /// The epoch that it reshares, 0 for none; `None` before the proposal.
    #[must_use]
    pub fn from_epoch(&self) -> Option<u64> {
        self.proposed.as_ref().map(|proposed| proposed.from_epoch)
    }

    /// First block in which keys and approvals are too late, as the contract counts:
    /// `max(20 * windows.deal, 100)` blocks after the proposal.
    #[must_use]
    pub fn consent_closes(&self) -> Option<u64> {
        let window = (20 * u64::from(self.setting.windows.deal)).max(100);
        self.proposed
            .as_ref()
            .map(|proposed| proposed.block.saturating_add(window))
    }

    /// The proposal's digest, once the terms are known.
    #[must_use]
    pub fn proposal(&self) -> Option<B256> {
        self.terms.as_ref()?;
        self.proposed.as_ref().map(|proposed| proposed.proposal)
    }

    /// Ceremony keys by member index.
    #[must_use]
    pub fn keys(&self) -> &BTreeMap<u16, CeremonyKey> {
        &self.keys
    }

    /// What operators approve, once all keys are there.
    #[must_use]
    pub fn context(&self) -> Option<B256> {
        self.context
    }

    /// Operators that approved, with good signatures.
    #[must_use]
    pub fn approvals(&self) -> &BTreeSet<Address> {
        &self.approvals
    }

    /// When the phases open and close, once the ceremony has started.
    #[must_use]
    pub fn timetable(&self) -> Option<&Timetable> {
        self.timetable.as_ref()
    }

    /// Dealings by dealer, looked at by nobody: see [`Self::verdicts`].
    #[must_use]
    pub fn dealings(&self) -> &BTreeMap<u16, PostedDealing> {
        &self.dealings
    }

    /// Accusations by receiver.
    #[must_use]
    pub fn complaints(&self) -> &BTreeMap<u16, Vec<Accusation>> {
        &self.complaints
    }

    /// Revealed shares by dealer.
    #[must_use]
    pub fn answers(&self) -> &BTreeMap<u16, Vec<RevealedShare>> {
        &self.answers
    }

    /// Confirmations by receiver.
    #[must_use]
    pub fn confirmations(&self) -> &BTreeMap<u16, Confirmed> {
        &self.confirmations
    }

    /// How often a phase was extended.
    #[must_use]
    pub fn extensions(&self, phase: Phase) -> u8 {
        self.extensions.get(&phase).copied().unwrap_or(0)
    }

    /// Whether a member has asked for the extension of a phase that is open to votes now.
    #[must_use]
    pub fn has_voted(&self, phase: Phase, member: u16) -> bool {
        self.votes
            .get(&(phase, self.extensions(phase)))
            .is_some_and(|votes| votes.contains(&member))
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Why it stands still, if it does.
    #[must_use]
    pub fn fault(&self) -> Option<&RecordFault> {
        self.fault.as_ref()
    }

    /// The outcome that most receivers confirmed, and how many.
    #[must_use]
    pub fn leading_outcome(&self) -> Option<(&Outcome, u16)> {
        let mut counts: BTreeMap<(U256, B256, &[u8]), (&Outcome, u16)> = BTreeMap::new();
        for confirmed in self.confirmations.values() {
            let outcome = &confirmed.outcome;
            let key = (
                outcome.qualified,
                outcome.keys_root,
                outcome.network_key.as_ref(),
            );
            counts.entry(key).or_insert((outcome, 0)).1 += 1;
        }
        counts.into_values().max_by_key(|(_, count)| *count)
    }
}

/// The member of a list with this index, from 1.
fn nth(members: &[Member], index: u16) -> Option<&Member> {
    members.get(usize::from(index).checked_sub(1)?)
}

/// The index of the first member with this identity, from 1.
pub(super) fn index_of(members: &[Member], identity: Address) -> Option<NodeIndex> {
    let at = members
        .iter()
        .position(|member| member.identity == identity)?;
    NodeIndex::new(u16::try_from(at).ok()?.checked_add(1)?).ok()
}

fn ignored(why: impl std::fmt::Display) -> Result<Noted, RecordFault> {
    Ok(Noted::Ignored(why.to_string()))
}
