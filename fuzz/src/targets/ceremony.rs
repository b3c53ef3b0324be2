//! Events of the chain, one by one and as the log of a whole ceremony.

use alloy::{
    primitives::{Address, B256, Bytes, LogData, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolEvent,
};
use stheno_chain::contracts::CommitteeContract as Contract;
use stheno_crypto::{
    NodeIndex,
    dkg::{CeremonyContext, CeremonyKey, CeremonySecret, Constant, DealerSeed, Dealing},
};
use stheno_node::ceremony::{
    Noted, Record, Setting, WeightsSeed,
    event::{self, Decoded},
    qualify::qualify,
};
use stheno_protocol::{
    Domain,
    ceremony::{
        Accusation, Answer, Approval, CeremonyKey as KeyMessage, CeremonyKind, CeremonyTerms,
        Complaint, Dealing as DealingMessage, Extension, Member, Message, Outcome, Phase,
        RevealedShare, Timetable, Windows, approvals_needed,
    },
};

use crate::{Kind, Target, Verdict};

const MEMBERS: u16 = 3;
const THRESHOLD: u16 = 2;
const WINDOWS: Windows = Windows {
    deal: 4,
    complain: 4,
    answer: 4,
    confirm: 4,
    margin: 3,
    consent_delay: 0,
};
const PROPOSED: u64 = 10;
const STARTED: u64 = 20;

fn domain() -> Domain {
    Domain::of_committee(31_415_926, Address::repeat_byte(0xcc), 1)
}

fn signer(kind: u8, number: u16) -> PrivateKeySigner {
    let mut bytes = [kind; 32];
    bytes[30..].copy_from_slice(&number.to_be_bytes());
    PrivateKeySigner::from_slice(&bytes).expect("below the group order")
}

fn identity(number: u16) -> PrivateKeySigner {
    signer(2, number)
}

fn terms() -> CeremonyTerms {
    let members: Vec<Member> = (1..=MEMBERS)
        .map(|number| Member {
            operator: signer(1, number).address(),
            identity: identity(number).address(),
        })
        .collect();
    CeremonyTerms {
        network: domain().network,
        number: 1,
        kind: CeremonyKind::First,
        threshold: THRESHOLD,
        members: members.clone(),
        dealers: members,
        windows: WINDOWS,
    }
}

fn signed(by: &PrivateKeySigner, message: &impl Message) -> Bytes {
    let signature = by.sign_hash_sync(&message.digest(&domain()));
    signature
        .map(|signature| signature.as_bytes().to_vec())
        .unwrap_or_default()
        .into()
}

/// The log of a ceremony with every kind of message in it: `(block, event)`.
pub(super) fn ceremony() -> Vec<(u64, LogData)> {
    let terms = terms();
    let proposal = terms.proposal();
    let secrets: Vec<CeremonySecret> = (1..=MEMBERS)
        .map(|member| CeremonySecret::from_seed(&[member as u8; 32]))
        .collect();
    let keys: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();
    let words: Vec<B256> = keys.iter().map(|key| B256::from(key.to_bytes())).collect();
    let context = terms.context(&words);
    let mut log = vec![
        (
            PROPOSED,
            Contract::CeremonyProposed {
                committeeId: 1,
                ceremony: 1,
                proposer: signer(1, 1).address(),
                kind: 0,
                threshold: THRESHOLD,
                size: MEMBERS,
                fromEpoch: 0,
                proposal,
            }
            .encode_log_data(),
        ),
        (
            PROPOSED,
            Contract::CeremonyMembers {
                committeeId: 1,
                ceremony: 1,
                first: 1,
                members: terms
                    .members
                    .iter()
                    .map(|member| Contract::Member {
                        operator: member.operator,
                        identity: member.identity,
                    })
                    .collect(),
            }
            .encode_log_data(),
        ),
    ];
    for (member, key) in (1..=MEMBERS).zip(&words) {
        let message = KeyMessage {
            ceremony: 1,
            proposal,
            member,
            key: *key,
        };
        let posted = Contract::CeremonyKeyPosted {
            committeeId: 1,
            ceremony: 1,
            member,
            key: *key,
            signature: signed(&identity(member), &message),
        };
        log.push((PROPOSED + 1, posted.encode_log_data()));
    }
    let fixed = Contract::CeremonyContextFixed {
        committeeId: 1,
        ceremony: 1,
        context,
    };
    log.push((PROPOSED + 1, fixed.encode_log_data()));
    let approvals = approvals_needed(CeremonyKind::First, MEMBERS, 0);
    for member in 1..=approvals {
        let operator = signer(1, member);
        let message = Approval {
            ceremony: 1,
            context,
        };
        let approved = Contract::CeremonyApproved {
            committeeId: 1,
            ceremony: 1,
            operator: operator.address(),
            signature: signed(&operator, &message),
        };
        log.push((STARTED, approved.encode_log_data()));
    }
    let start = Timetable::start(STARTED, &WINDOWS);
    let started = Contract::CeremonyStarted {
        committeeId: 1,
        ceremony: 1,
        context,
        start,
    };
    log.push((STARTED, started.encode_log_data()));
    log.extend(phases(context, &keys, &Timetable::new(start, &WINDOWS)));
    log
}

/// Dealings of all, a complaint of 2 about 1, its answer, a vote for more time, confirmations.
fn phases(context: B256, keys: &[CeremonyKey], timetable: &Timetable) -> Vec<(u64, LogData)> {
    let [deal, complain, answer, confirm] = timetable.opens;
    let mut log = Vec::new();
    let mut hashes = Vec::new();
    for dealer in 1..=MEMBERS {
        let dealt = NodeIndex::new(dealer).ok().and_then(|index| {
            let context = CeremonyContext::from_bytes(context.0);
            let seed = DealerSeed::from_bytes([dealer as u8; 32]);
            let made = Dealing::deal(&context, index, THRESHOLD, keys, Constant::Fresh, &seed);
            made.ok()
        });
        let bytes = dealt.map(|dealing| dealing.encode()).unwrap_or_default();
        let hash = keccak256(&bytes);
        hashes.push(hash);
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for (part, data) in [(0, first), (1, second)] {
            let event = Contract::DealingPart {
                committeeId: 1,
                ceremony: 1,
                dealer,
                part,
                parts: 2,
                data: Bytes::copy_from_slice(data),
            };
            log.push((deal, event.encode_log_data()));
        }
        let message = DealingMessage {
            context,
            dealer,
            dealingHash: hash,
        };
        let posted = Contract::DealingPosted {
            committeeId: 1,
            ceremony: 1,
            dealer,
            dealingHash: hash,
            signature: signed(&identity(dealer), &message),
        };
        log.push((deal + 1, posted.encode_log_data()));
    }
    let accused = hashes.first().copied().unwrap_or_default();
    let message = Complaint {
        context,
        receiver: 2,
        accusations: vec![Accusation {
            dealer: 1,
            dealingHash: accused,
        }],
    };
    let complained = Contract::Complained {
        committeeId: 1,
        ceremony: 1,
        receiver: 2,
        part: 0,
        parts: 1,
        accusations: vec![Contract::Accusation {
            dealer: 1,
            dealingHash: accused,
        }],
        signature: signed(&identity(2), &message),
    };
    log.push((complain, complained.encode_log_data()));
    let share = B256::repeat_byte(7);
    let message = Answer {
        context,
        dealer: 1,
        shares: vec![RevealedShare { receiver: 2, share }],
    };
    let answered = Contract::Answered {
        committeeId: 1,
        ceremony: 1,
        dealer: 1,
        part: 0,
        parts: 1,
        shares: vec![Contract::RevealedShare { receiver: 2, share }],
        signature: signed(&identity(1), &message),
    };
    log.push((answer, answered.encode_log_data()));
    let message = Extension {
        context,
        member: 3,
        phase: Phase::Confirm as u8,
        round: 0,
    };
    let vote = Contract::ExtensionSigned {
        committeeId: 1,
        ceremony: 1,
        member: 3,
        phase: Phase::Confirm as u8,
        round: 0,
        signature: signed(&identity(3), &message),
    };
    log.push((answer + 1, vote.encode_log_data()));
    let outcome = Outcome {
        qualified: U256::from(6),
        network_key: vec![7; 256].into(),
        keys_root: B256::repeat_byte(9),
    };
    let theirs = Contract::Outcome {
        qualified: outcome.qualified,
        networkKey: outcome.network_key.clone(),
        keysRoot: outcome.keys_root,
    };
    for receiver in 1..=MEMBERS {
        let proof = Bytes::from(vec![7; 128]);
        let message = outcome.confirmation(context, receiver, proof.clone());
        let confirmed = Contract::Confirmed {
            committeeId: 1,
            ceremony: 1,
            receiver,
            outcome: theirs.clone(),
            proof,
            signature: signed(&identity(receiver), &message),
        };
        log.push((confirm, confirmed.encode_log_data()));
    }
    let activated = Contract::CeremonyActivated {
        committeeId: 1,
        ceremony: 1,
        epoch: 1,
        outcome: theirs,
    };
    log.push((confirm + 9, activated.encode_log_data()));
    log
}

/// `block (2) ‖ topics (1) ‖ 32 bytes for each ‖ data`.
fn written((block, log): &(u64, LogData)) -> Vec<u8> {
    let mut bytes = (*block as u16).to_be_bytes().to_vec();
    bytes.push(log.topics().len() as u8);
    log.topics()
        .iter()
        .for_each(|topic| bytes.extend_from_slice(topic.as_slice()));
    bytes.extend_from_slice(&log.data);
    bytes
}

fn read(bytes: &[u8]) -> Option<(u64, LogData)> {
    let (block, rest) = bytes.split_first_chunk::<2>()?;
    let (count, rest) = rest.split_first()?;
    let (topics, data) = rest.split_at_checked(32 * usize::from(*count))?;
    let topics = topics.chunks_exact(32).map(B256::from_slice).collect();
    let log = LogData::new(topics, Bytes::copy_from_slice(data))?;
    Some((u16::from_be_bytes(*block).into(), log))
}

/// One event as the chain has it.
pub(super) const EVENT: Target = Target::new(
    "event",
    Kind::Bytes,
    || ceremony().iter().map(written).collect(),
    |input| {
        let Some((_, log)) = read(input) else {
            return Verdict::refused("no log");
        };
        match event::decode(&log) {
            Decoded::Ceremony(..) | Decoded::KeyPublished { .. } => Verdict::Accepted,
            Decoded::Other => Verdict::refused(match log.topics().len() {
                0..4 => "few topics",
                _ => "other",
            }),
        }
    },
);

/// The log of a whole ceremony: `length (2) ‖ event`, again and again.
pub(super) const CEREMONY_LOG: Target = Target::new(
    "ceremony_log",
    Kind::Bytes,
    || {
        let log = ceremony();
        let whole = |log: &[(u64, LogData)]| -> Vec<u8> {
            log.iter()
                .map(written)
                .flat_map(|event| [&(event.len() as u16).to_be_bytes()[..], &event].concat())
                .collect()
        };
        let mut swapped = log.clone();
        let last = swapped.len() - 1;
        swapped.swap(last, last - 1);
        vec![whole(&log), whole(&swapped), whole(&log[..9])]
    },
    |input| {
        let mut record = Record::new(Setting {
            domain: domain(),
            number: 1,
            windows: WINDOWS,
            origin: None,
            weights_seed: WeightsSeed::from_bytes([9; 32]).into(),
        });
        let (mut rest, mut last, mut ignored) = (input, String::new(), String::new());
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
            let (event, after) = after.split_at(length);
            rest = after;
            let Some((block, log)) = read(event) else {
                continue;
            };
            let Decoded::Ceremony(_, event) = event::decode(&log) else {
                continue;
            };
            match record.apply(block, event) {
                Ok(Noted::Ignored(why)) => ignored = why,
                Ok(_) => {}
                Err(fault) => {
                    // Now and from now on.
                    assert_eq!(record.fault(), Some(&fault));
                    last = fault.to_string();
                }
            }
        }
        // Whatever was in the log: only members speak, and each once.
        for member in record
            .dealings()
            .keys()
            .chain(record.confirmations().keys())
        {
            assert!((1..=MEMBERS).contains(member), "{member} is no member");
        }
        let _ = (record.leading_outcome(), record.consent_closes());
        let sorted = qualify(&record);
        for (dealer, _) in &sorted.qualified {
            assert!(record.dealings().contains_key(&dealer.get()));
        }
        let _ = sorted.outcome(&record);
        if !last.is_empty() {
            Verdict::Refused(last)
        } else if record.end().is_some() {
            Verdict::Accepted
        } else {
            Verdict::Refused(format!("not at its end {ignored}"))
        }
    },
)
.longest(24 * 1024)
.memory(256 * 1024, 64)
.cost(50);
