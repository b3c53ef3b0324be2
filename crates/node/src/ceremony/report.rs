//! Who did what in a ceremony, and who deviated: from the record alone, so the same for everybody.
//!
//! For the audit, for the log and for what is counted. A deviation names the member that is to
//! blame. Where two members contradict each other and nobody can tell who lies (a complaint that
//! was answered well), there is no deviation, only the facts.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};
use stheno_crypto::{
    PossessionProof,
    dkg::{DealingError, OutcomeError},
};
use stheno_protocol::ceremony::{Member, Outcome, Phase};

use super::{
    End, Record,
    call::proof_message,
    qualify::{Disqualified, Qualification, accusers, qualify},
    record::Confirmed,
};
use crate::store::EpochKeys;

/// A ceremony's members, what each did, and what came of it, as far as the record goes.
#[derive(Clone, Debug)]
pub struct Report {
    /// Those who deal, in order of index from 1.
    pub dealers: Vec<Dealer>,
    /// Those who receive, in order of index from 1.
    pub receivers: Vec<Receiver>,
    /// What the dealings come to; `None` before the phase Answer is over.
    pub result: Option<Made>,
    /// Every deviation, dealers' first, in order of index.
    pub deviations: Vec<Deviation>,
}

/// What one dealer did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dealer {
    /// From 1.
    pub index: u16,
    /// Who it is.
    pub member: Member,
    /// Whether its operator approved the context.
    pub approved: bool,
    /// keccak-256 of its dealing, if it dealt.
    pub dealt: Option<B256>,
    /// Receivers with a complaint against it that is not void.
    pub accused_by: Vec<u16>,
    /// Receivers whose share it revealed.
    pub answered: Vec<u16>,
    /// Why it does not count; `None` while that is open, and when it does count.
    pub disqualified: Option<Disqualified>,
}

/// What one receiver did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receiver {
    /// From 1.
    pub index: u16,
    /// Who it is.
    pub member: Member,
    /// Whether it posted its key for the ceremony.
    pub posted_key: bool,
    /// Dealers that it complained about.
    pub accused: Vec<u16>,
    /// Whether its complaint is void.
    pub void: bool,
    /// What it confirmed.
    pub confirmed: Option<Outcome>,
}

/// What the dealings come to.
#[allow(clippy::large_enum_variant, reason = "there is one a report")]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Made {
    /// A committee with these keys.
    Keys {
        /// What receivers are to confirm.
        outcome: Outcome,
        /// The keys behind it.
        keys: EpochKeys,
    },
    /// Too few dealers count.
    TooFewDealers {
        /// How many it takes.
        needed: u16,
        /// How many count.
        qualified: u16,
    },
    /// The dealings make no committee, which takes a break of the cryptography.
    Broken(String),
}

/// On which side of the ceremony a member stood when it deviated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Side {
    /// Among those who deal.
    Dealer,
    /// Among those who receive.
    Receiver,
}

/// A member did not do what it should have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deviation {
    /// On which side.
    pub side: Side,
    /// Its index on that side, from 1.
    pub index: u16,
    /// Its identity.
    pub identity: Address,
    /// What it did or left out.
    pub fault: Fault,
}

/// What a member did or left out.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// It posted no key for the ceremony, which therefore never began.
    NoKey,
    /// It did not deal, though its operator had approved.
    NotDealt,
    /// Everybody can see that its dealing is none.
    MalformedDealing(DealingError),
    /// It left a complaint without an answer.
    Unanswered {
        /// Whose complaint.
        receiver: u16,
    },
    /// It answered a complaint with a share that does not match its commitments.
    WrongAnswer {
        /// Whose complaint.
        receiver: u16,
    },
    /// It accused more dealers than can be corrupt.
    VoidComplaint {
        /// How many.
        accused: u16,
    },
    /// It confirmed nothing.
    NotConfirmed,
    /// It confirmed something else than what the dealings come to.
    OtherOutcome,
    /// It confirmed without proving that it holds its share.
    Unproven,
}

impl Fault {
    /// A word for it, as metrics and JSON have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::NotDealt => "not_dealt",
            Self::MalformedDealing(_) => "malformed_dealing",
            Self::Unanswered { .. } => "unanswered",
            Self::WrongAnswer { .. } => "wrong_answer",
            Self::VoidComplaint { .. } => "void_complaint",
            Self::NotConfirmed => "not_confirmed",
            Self::OtherOutcome => "other_outcome",
            Self::Unproven => "unproven",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoKey => write!(f, "posted no ceremony key"),
            Self::NotDealt => write!(f, "did not deal"),
            Self::MalformedDealing(error) => write!(f, "dealt what is no dealing: {error}"),
            Self::Unanswered { receiver } => {
                write!(f, "did not answer the complaint of receiver {receiver}")
            }
            Self::WrongAnswer { receiver } => write!(
                f,
                "answered the complaint of receiver {receiver} with a wrong share"
            ),
            Self::VoidComplaint { accused } => write!(
                f,
                "complained about {accused} dealers, more than can be corrupt"
            ),
            Self::NotConfirmed => write!(f, "confirmed nothing"),
            Self::OtherOutcome => write!(f, "confirmed another outcome than the log gives"),
            Self::Unproven => write!(f, "confirmed without proving that it holds its share"),
        }
    }
}

impl Report {
    /// What `record` says, with every event up to the block `applied` in it.
    ///
    /// Who is silent deviates only once its phase is over by then. Costs what qualification costs:
    /// the revealed shares are checked, and the outcome is computed.
    #[must_use]
    pub fn of(record: &Record, applied: u64) -> Self {
        let seen = Seen::new(record, applied);
        let dealers = seen.dealers();
        let receivers = seen.receivers();
        let mut deviations = Vec::new();
        for dealer in &dealers {
            let blame = |fault| Deviation {
                side: Side::Dealer,
                index: dealer.index,
                identity: dealer.member.identity,
                fault,
            };
            deviations.extend(seen.faults_of_dealer(dealer).into_iter().map(blame));
        }
        for receiver in &receivers {
            let blame = |fault| Deviation {
                side: Side::Receiver,
                index: receiver.index,
                identity: receiver.member.identity,
                fault,
            };
            deviations.extend(seen.faults_of_receiver(receiver).into_iter().map(blame));
        }
        Self {
            dealers,
            receivers,
            result: seen.result,
            deviations,
        }
    }

    /// How many deviations there are of each kind, by [`Fault::name`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for deviation in &self.deviations {
            *counts.entry(deviation.fault.name()).or_insert(0) += 1;
        }
        counts
    }
}

/// The record, and what follows from it at a block.
struct Seen<'r> {
    record: &'r Record,
    applied: u64,
    qualification: Qualification<'r>,
    result: Option<Made>,
}

impl<'r> Seen<'r> {
    fn new(record: &'r Record, applied: u64) -> Self {
        let qualification = qualify(record);
        let mut seen = Self {
            record,
            applied,
            qualification,
            result: None,
        };
        if seen.is_over(Phase::Answer) {
            seen.result = Some(seen.made());
        }
        seen
    }

    fn made(&self) -> Made {
        let threshold = self.record.terms().map_or(0, |terms| terms.threshold);
        let origin = self.record.origin();
        let made: Result<_, OutcomeError> = self.qualification.outcome(self.record);
        match made {
            Ok(Some((outcome, _)))
                if origin.is_some_and(|origin| origin.network_key != outcome.network_key) =>
            {
                Made::Broken("the reshare came out with another network key".to_owned())
            }
            Ok(Some((outcome, keys))) => Made::Keys { outcome, keys },
            Ok(None) => Made::TooFewDealers {
                needed: origin.map_or(threshold, |origin| origin.threshold),
                qualified: u16::try_from(self.qualification.qualified.len()).unwrap_or(u16::MAX),
            },
            Err(error) => Made::Broken(error.to_string()),
        }
    }

    /// A ceremony that was running ends after all its phases.
    fn is_over(&self, phase: Phase) -> bool {
        self.record.timetable().is_some_and(|timetable| {
            self.record.end().is_some() || self.applied + 1 >= timetable.window(phase).1
        })
    }

    fn dealers(&self) -> Vec<Dealer> {
        let record = self.record;
        let members = record
            .terms()
            .map_or(&[][..], |terms| terms.dealers.as_slice());
        let dealer = |(index, member): (u16, &Member)| Dealer {
            index,
            member: *member,
            approved: record.approvals().contains(&member.operator),
            dealt: record.dealings().get(&index).map(|posted| posted.hash),
            accused_by: accusers(record, &self.qualification.void, index),
            answered: record
                .answers()
                .get(&index)
                .map(|shares| shares.iter().map(|share| share.receiver).collect())
                .unwrap_or_default(),
            disqualified: self
                .qualification
                .disqualified
                .get(&index)
                .filter(|_| self.is_over(Phase::Answer))
                .cloned(),
        };
        (1..).zip(members).map(dealer).collect()
    }

    fn receivers(&self) -> Vec<Receiver> {
        let record = self.record;
        let members = record
            .terms()
            .map_or(&[][..], |terms| terms.members.as_slice());
        let receiver = |(index, member): (u16, &Member)| Receiver {
            index,
            member: *member,
            posted_key: record.keys().contains_key(&index),
            accused: record
                .complaints()
                .get(&index)
                .map(|accusations| accusations.iter().map(|a| a.dealer).collect())
                .unwrap_or_default(),
            void: self.qualification.void.contains(&index),
            confirmed: record
                .confirmations()
                .get(&index)
                .map(|confirmed| confirmed.outcome.clone()),
        };
        (1..).zip(members).map(receiver).collect()
    }

    fn faults_of_dealer(&self, dealer: &Dealer) -> Vec<Fault> {
        if !self.record.dealings().contains_key(&dealer.index) {
            let silent = dealer.approved && self.is_over(Phase::Deal);
            return silent.then_some(Fault::NotDealt).into_iter().collect();
        }
        if !self.is_over(Phase::Deal) {
            return Vec::new();
        }
        let dealing = match self.record.verdicts().get(&dealer.index) {
            Some(Ok(dealing)) => dealing,
            Some(Err(error)) => return vec![Fault::MalformedDealing(error.clone())],
            None => return Vec::new(),
        };
        if !self.is_over(Phase::Answer) {
            return Vec::new();
        }
        let answered: BTreeSet<u16> = dealer.answered.iter().copied().collect();
        let left = super::qualify::unanswered(
            self.record,
            &self.qualification.void,
            dealer.index,
            dealing,
        );
        left.map(|receiver| {
            if answered.contains(&receiver) {
                Fault::WrongAnswer { receiver }
            } else {
                Fault::Unanswered { receiver }
            }
        })
        .into_iter()
        .collect()
    }

    fn faults_of_receiver(&self, receiver: &Receiver) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !receiver.posted_key && self.is_consent_over() {
            faults.push(Fault::NoKey);
        }
        if receiver.void {
            let accused = u16::try_from(receiver.accused.len()).unwrap_or(u16::MAX);
            faults.push(Fault::VoidComplaint { accused });
        }
        if self.is_over(Phase::Confirm) {
            faults.extend(self.fault_of_confirmation(receiver.index));
        }
        faults
    }

    /// Who had nothing to confirm is not to blame for its silence.
    fn fault_of_confirmation(&self, receiver: u16) -> Option<Fault> {
        let confirmed = self.record.confirmations().get(&receiver);
        let Some(Made::Keys { outcome, keys }) = &self.result else {
            return confirmed.map(|_| Fault::OtherOutcome);
        };
        match confirmed {
            None => Some(Fault::NotConfirmed),
            Some(confirmed) if confirmed.outcome != *outcome => Some(Fault::OtherOutcome),
            Some(confirmed) => {
                let context = self.record.context()?;
                (!is_proven(confirmed, keys, context, receiver)).then_some(Fault::Unproven)
            }
        }
    }

    fn is_consent_over(&self) -> bool {
        // A proposal may be withdrawn before that.
        let until = match self.record.end() {
            Some(End::Failed { block }) => *block,
            _ => self.applied + 1,
        };
        let closes = self.record.consent_closes();
        self.record.context().is_none() && closes.is_some_and(|closes| until >= closes)
    }
}

/// Whether a confirmation carries a proof that its receiver holds the share of its public key.
fn is_proven(confirmed: &Confirmed, keys: &EpochKeys, context: B256, receiver: u16) -> bool {
    let message = proof_message(&confirmed.outcome, context, receiver);
    let key = usize::from(receiver)
        .checked_sub(1)
        .and_then(|at| keys.node_keys.get(at));
    match (key, <[u8; 128]>::try_from(confirmed.proof.as_ref())) {
        (Some(key), Ok(proof)) => key.verify_proof(&message.0, &PossessionProof::from_bytes(proof)),
        _ => false,
    }
}
