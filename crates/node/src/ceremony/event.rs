//! The Committee contract's events of one ceremony, as values.

use alloy::{
    primitives::{Address, B256, Bytes, LogData},
    sol_types::SolEventInterface,
};
use stheno_chain::contracts::committee::CommitteeContract::{
    self as contract, CommitteeContractEvents as Log,
};
use stheno_protocol::ceremony::{Accusation, CeremonyKind, Member, Outcome, Phase, RevealedShare};

/// Something that happened in a ceremony. See `ICommittee.sol` for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A ceremony was proposed; its members follow.
    Proposed {
        /// First or reshare.
        kind: CeremonyKind,
        /// The new threshold.
        threshold: u16,
        /// How many members it will have.
        size: u16,
        /// The epoch that is reshared; 0 in a first ceremony.
        from_epoch: u64,
        /// Digest of the terms.
        proposal: B256,
    },
    /// Some of the members.
    Members {
        /// Index of the first of them.
        first: u16,
        /// In order of index.
        members: Vec<Member>,
    },
    /// A member posted its key for this ceremony.
    KeyPosted {
        /// Who.
        member: u16,
        /// X25519 public key.
        key: B256,
        /// Its identity's.
        signature: Bytes,
    },
    /// All keys are there.
    ContextFixed {
        /// What operators approve.
        context: B256,
    },
    /// An operator approved the context.
    Approved {
        /// Who.
        operator: Address,
        /// The operator's.
        signature: Bytes,
    },
    /// Enough approved.
    Started {
        /// What was approved.
        context: B256,
        /// First block of the phase Deal.
        start: u64,
    },
    /// A part of a dealing.
    DealingPart {
        /// Who deals.
        dealer: u16,
        /// From 0.
        part: u16,
        /// Bytes of this part.
        data: Bytes,
    },
    /// A dealing is complete.
    DealingPosted {
        /// Who dealt.
        dealer: u16,
        /// keccak-256 of its bytes.
        dealing_hash: B256,
        /// Its identity's.
        signature: Bytes,
    },
    /// A receiver complained; perhaps in parts.
    Complained {
        /// Who complains.
        receiver: u16,
        /// From 0.
        part: u16,
        /// How many parts there are.
        parts: u16,
        /// Against whom.
        accusations: Vec<Accusation>,
        /// Its identity's, over all parts.
        signature: Bytes,
    },
    /// A dealer answered; perhaps in parts.
    Answered {
        /// Who answers.
        dealer: u16,
        /// From 0.
        part: u16,
        /// How many parts there are.
        parts: u16,
        /// What it reveals.
        shares: Vec<RevealedShare>,
        /// Its identity's, over all parts.
        signature: Bytes,
    },
    /// A receiver confirmed an outcome.
    Confirmed {
        /// Who.
        receiver: u16,
        /// Which outcome.
        outcome: Outcome,
        /// That it holds its share.
        proof: Bytes,
        /// Its identity's.
        signature: Bytes,
    },
    /// A member asked for more time.
    ExtensionSigned {
        /// Who.
        member: u16,
        /// For which phase.
        phase: Phase,
        /// For which extension of it, from 0.
        round: u8,
        /// Its identity's.
        signature: Bytes,
    },
    /// A phase got one more window.
    PhaseExtended {
        /// Which.
        phase: Phase,
        /// When it closes now.
        closes: u64,
    },
    /// The ceremony succeeded.
    Activated {
        /// The epoch that it made.
        epoch: u64,
        /// With which outcome.
        outcome: Outcome,
    },
    /// The ceremony is over without a result.
    Failed,
}

/// An event of the contract, with the ceremony it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// Of this ceremony.
    Ceremony(u64, Event),
    /// A node key of this epoch was published.
    KeyPublished {
        /// The epoch.
        epoch: u64,
        /// Whose key.
        index: u16,
    },
    /// Of the registry, or of a later version: nothing to a ceremony.
    Other,
}

/// Reads an event as the chain has it.
#[must_use]
pub fn decode(log: &LogData) -> Decoded {
    let Ok(log) = Log::decode_raw_log(log.topics(), &log.data) else {
        return Decoded::Other;
    };
    let (ceremony, event) = match log {
        Log::CeremonyProposed(e) => {
            let Ok(kind) = CeremonyKind::try_from(e.kind) else {
                return Decoded::Other;
            };
            let proposed = Event::Proposed {
                kind,
                threshold: e.threshold,
                size: e.size,
                from_epoch: e.fromEpoch,
                proposal: e.proposal,
            };
            (e.ceremony, proposed)
        }
        Log::CeremonyMembers(e) => {
            let members = e.members.iter().map(member).collect();
            let first = e.first;
            (e.ceremony, Event::Members { first, members })
        }
        Log::CeremonyKeyPosted(e) => {
            let posted = Event::KeyPosted {
                member: e.member,
                key: e.key,
                signature: e.signature,
            };
            (e.ceremony, posted)
        }
        Log::CeremonyContextFixed(e) => (e.ceremony, Event::ContextFixed { context: e.context }),
        Log::CeremonyApproved(e) => {
            let approved = Event::Approved {
                operator: e.operator,
                signature: e.signature,
            };
            (e.ceremony, approved)
        }
        Log::CeremonyStarted(e) => {
            let (context, start) = (e.context, e.start);
            (e.ceremony, Event::Started { context, start })
        }
        Log::DealingPart(e) => {
            let part = Event::DealingPart {
                dealer: e.dealer,
                part: e.part,
                data: e.data,
            };
            (e.ceremony, part)
        }
        Log::DealingPosted(e) => {
            let posted = Event::DealingPosted {
                dealer: e.dealer,
                dealing_hash: e.dealingHash,
                signature: e.signature,
            };
            (e.ceremony, posted)
        }
        Log::Complained(e) => {
            let accusations = e.accusations.iter().map(|a| Accusation {
                dealer: a.dealer,
                dealingHash: a.dealingHash,
            });
            let complained = Event::Complained {
                receiver: e.receiver,
                part: e.part,
                parts: e.parts,
                accusations: accusations.collect(),
                signature: e.signature,
            };
            (e.ceremony, complained)
        }
        Log::Answered(e) => {
            let shares = e.shares.iter().map(|s| RevealedShare {
                receiver: s.receiver,
                share: s.share,
            });
            let answered = Event::Answered {
                dealer: e.dealer,
                part: e.part,
                parts: e.parts,
                shares: shares.collect(),
                signature: e.signature,
            };
            (e.ceremony, answered)
        }
        Log::Confirmed(e) => {
            let confirmed = Event::Confirmed {
                receiver: e.receiver,
                outcome: outcome(e.outcome),
                proof: e.proof,
                signature: e.signature,
            };
            (e.ceremony, confirmed)
        }
        Log::ExtensionSigned(e) => {
            let Some(phase) = phase(e.phase) else {
                return Decoded::Other;
            };
            let signed = Event::ExtensionSigned {
                member: e.member,
                phase,
                round: e.round,
                signature: e.signature,
            };
            (e.ceremony, signed)
        }
        Log::PhaseExtended(e) => {
            let Some(phase) = phase(e.phase) else {
                return Decoded::Other;
            };
            let closes = e.closes;
            (e.ceremony, Event::PhaseExtended { phase, closes })
        }
        Log::CeremonyActivated(e) => {
            let activated = Event::Activated {
                epoch: e.epoch,
                outcome: outcome(e.outcome),
            };
            (e.ceremony, activated)
        }
        Log::CeremonyFailed(e) => (e.ceremony, Event::Failed),
        Log::KeyPublished(e) => {
            return Decoded::KeyPublished {
                epoch: e.epoch,
                index: e.index,
            };
        }
        _ => return Decoded::Other,
    };
    Decoded::Ceremony(ceremony, event)
}

fn member(member: &contract::Member) -> Member {
    Member {
        operator: member.operator,
        identity: member.identity,
    }
}

fn outcome(outcome: contract::Outcome) -> Outcome {
    Outcome {
        qualified: outcome.qualified,
        network_key: outcome.networkKey,
        keys_root: outcome.keysRoot,
    }
}

fn phase(number: u8) -> Option<Phase> {
    Phase::ALL.get(usize::from(number)).copied()
}
