//! A committee in memory, for tests: members with machines, and a board in place of the contract.
//!
//! The board does what `Committee.sol` does with messages: checks phase, sender and count, keeps
//! the running hash, writes events. Blocks are mined one by one; what is sent at a head is in the
//! next block; a block is final two blocks later.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{Address, B256, Bytes},
    signers::{SignerSync, local::PrivateKeySigner},
};
use stheno_crypto::{KeyShare, NodeIndex, dkg};
use stheno_protocol::{
    Domain,
    ceremony::{
        Approval, CeremonyKind, CeremonyTerms, Member, Message, Outcome, Phase, Timetable,
        Transcript, Windows, confirmation_quorum,
    },
};

use zeroize::Zeroizing;

use super::{Action, Clock, Event, Machine, Me, Origin, Setting, WeightsSeed, call::proof_message};
use crate::vault::{CeremonySeeds, HeldShare};

pub(super) const WINDOWS: Windows = Windows {
    deal: 4,
    complain: 4,
    answer: 4,
    confirm: 4,
    margin: 3,
    consent_delay: 0,
};
const FINALITY: u64 = 2;

/// A member: its keys, and its machine.
pub(super) struct Node {
    pub(super) identity: PrivateKeySigner,
    pub(super) operator: PrivateKeySigner,
    pub(super) machine: Machine,
    pub(super) kept: Option<KeyShare>,
    number: u8,
    held: Option<HeldShare>,
    applied: usize,
    up: bool,
}

type Tamper = Box<dyn FnMut(usize, Action) -> Option<Action>>;
type Feed = Box<dyn Fn(usize, &Event) -> bool>;

pub(super) struct Board {
    pub(super) domain: Domain,
    pub(super) terms: CeremonyTerms,
    pub(super) nodes: Vec<Node>,
    pub(super) head: u64,
    pub(super) log: Vec<(u64, Event)>,
    /// What a node does with an action that is due; `None` drops it.
    pub(super) tamper: Tamper,
    /// Whether a node's endpoint shows it an event.
    pub(super) shows: Feed,
    pub(super) ended: Option<Event>,
    hashes: BTreeMap<u64, B256>,
    transcript: Option<Transcript>,
    timetable: Option<Timetable>,
    keys: BTreeMap<u16, B256>,
    said: BTreeSet<(u8, u16)>,
    dealt: BTreeMap<u16, B256>,
    confirmed: Vec<Outcome>,
    mempool: Vec<(usize, Action)>,
}

fn signer(kind: u8, number: u8) -> PrivateKeySigner {
    let mut bytes = [kind; 32];
    bytes[31] = number;
    PrivateKeySigner::from_slice(&bytes).unwrap()
}

fn member(number: u8) -> Member {
    Member {
        operator: signer(1, number).address(),
        identity: signer(2, number).address(),
    }
}

/// The committee that `kept` shares belong to, for a reshare.
pub(super) struct Old {
    pub(super) numbers: Vec<u8>,
    pub(super) origin: Origin,
    pub(super) shares: Vec<KeyShare>,
}

impl Board {
    /// A first ceremony of `size` members.
    pub(super) fn first(size: u8, threshold: u16) -> Self {
        let numbers: Vec<u8> = (1..=size).collect();
        Self::new(1, &numbers, threshold, None)
    }

    /// A reshare to the members with these numbers.
    pub(super) fn reshare(old: Old, numbers: &[u8], threshold: u16) -> Self {
        Self::new(2, numbers, threshold, Some(old))
    }

    fn new(number: u64, numbers: &[u8], threshold: u16, old: Option<Old>) -> Self {
        let domain = Domain::of_committee(31_415_926, Address::repeat_byte(0xcc), 1);
        let members: Vec<Member> = numbers.iter().copied().map(member).collect();
        let (kind, dealers) = match &old {
            None => (CeremonyKind::First, members.clone()),
            Some(old) => (CeremonyKind::Reshare, old.origin.members.clone()),
        };
        let terms = CeremonyTerms {
            network: domain.network,
            number,
            kind,
            threshold,
            members,
            dealers,
            windows: WINDOWS,
        };
        let mut everybody: BTreeSet<u8> = numbers.iter().copied().collect();
        everybody.extend(old.iter().flat_map(|old| old.numbers.iter().copied()));
        let nodes = everybody
            .into_iter()
            .map(|number| Node::new(number, &domain, &terms, old.as_ref()))
            .collect();
        let mut board = Self {
            domain,
            terms,
            nodes,
            head: 10,
            log: Vec::new(),
            tamper: Box::new(|_, action| Some(action)),
            shows: Box::new(|_, _| true),
            ended: None,
            hashes: BTreeMap::new(),
            transcript: None,
            timetable: None,
            keys: BTreeMap::new(),
            said: BTreeSet::new(),
            dealt: BTreeMap::new(),
            confirmed: Vec::new(),
            mempool: Vec::new(),
        };
        board.propose();
        board
    }

    fn propose(&mut self) {
        let size = u16::try_from(self.terms.members.len()).unwrap();
        self.emit(Event::Proposed {
            kind: self.terms.kind,
            threshold: self.terms.threshold,
            size,
            from_epoch: 0,
            proposal: self.terms.proposal(),
        });
        let (first, rest) = self.terms.members.split_at(self.terms.members.len() / 2);
        let (first, rest) = (first.to_vec(), rest.to_vec());
        let next = u16::try_from(first.len() + 1).unwrap();
        if !first.is_empty() {
            self.emit(Event::Members {
                first: 1,
                members: first,
            });
        }
        self.emit(Event::Members {
            first: next,
            members: rest,
        });
    }

    /// Runs until the ceremony ends, at most so many blocks.
    pub(super) fn run(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.mine();
            for at in 0..self.nodes.len() {
                self.step(at);
            }
        }
    }

    /// Puts an action of a node's into the next block.
    pub(super) fn send(&mut self, at: usize, action: Action) {
        self.mempool.push((at, action));
    }

    pub(super) fn stop(&mut self, at: usize) {
        self.nodes[at].up = false;
    }

    /// A node that was away comes back with a new machine, and its journal and vault.
    pub(super) fn restart(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let setting = node.machine.record().setting().clone();
        let me = node.me();
        node.machine = Machine::new(setting, me);
        node.applied = 0;
        node.up = true;
    }

    fn mine(&mut self) {
        self.head += 1;
        for (at, action) in std::mem::take(&mut self.mempool) {
            self.accept(at, action);
        }
        let hash = self
            .transcript
            .map_or(B256::ZERO, |transcript| transcript.hash());
        self.hashes.insert(self.head, hash);
        self.approve_when_ready();
    }

    /// The operators, who look at the context and approve.
    fn approve_when_ready(&mut self) {
        if self.keys.len() < self.terms.members.len() || self.transcript.is_some() {
            return;
        }
        let context = self.context();
        self.emit(Event::ContextFixed { context });
        let message = Approval {
            ceremony: self.terms.number,
            context,
        };
        let digest = message.digest(&self.domain);
        for dealer in self.terms.dealers.clone() {
            let operator = self
                .nodes
                .iter()
                .find(|n| n.operator.address() == dealer.operator);
            let signature = operator.unwrap().operator.sign_hash_sync(&digest).unwrap();
            self.emit(Event::Approved {
                operator: dealer.operator,
                signature: signature.as_bytes().into(),
            });
        }
        let start = Timetable::start(self.head, &WINDOWS);
        self.emit(Event::Started { context, start });
        self.timetable = Some(Timetable::new(start, &WINDOWS));
        self.transcript = Some(Transcript::start(context));
        self.hashes.insert(self.head, context);
    }

    /// First block of a phase; far away before the start.
    pub(super) fn opens(&self, phase: usize) -> u64 {
        self.timetable
            .map_or(u64::MAX, |timetable| timetable.opens[phase])
    }

    pub(super) fn context(&self) -> B256 {
        let keys: Vec<B256> = self.keys.values().copied().collect();
        self.terms.context(&keys)
    }

    fn step(&mut self, at: usize) {
        let finality = self.head - FINALITY;
        let node = &mut self.nodes[at];
        if !node.up {
            return;
        }
        while let Some((block, event)) = self.log.get(node.applied)
            && *block <= finality
        {
            node.applied += 1;
            if (self.shows)(at, event) {
                let _ = node.machine.apply(*block, event.clone());
            }
        }
        if let Some(hash) = self.hashes.get(&finality) {
            let _ = node.machine.check_transcript(*hash);
        }
        if node.machine.wants_seeds().is_some() {
            let held = node.held.take();
            node.machine.arm(node.seeds(), held);
        }
        let clock = Clock {
            applied: finality,
            head: self.head,
        };
        for action in node.machine.due(clock) {
            if action == Action::KeepShare {
                let (share, _) = node.machine.new_share().unwrap();
                let secret = share.expose_secret_bytes();
                let copy = || KeyShare::from_secret_bytes(share.index(), &secret).unwrap();
                let held = HeldShare::new(copy(), Zeroizing::new([7; 32]));
                node.kept = Some(copy());
                node.machine.share_is_kept(Some(held));
            } else if let Some(action) = (self.tamper)(at, action) {
                self.mempool.push((at, action));
            }
        }
    }

    fn emit(&mut self, event: Event) {
        if matches!(event, Event::Activated { .. } | Event::Failed) {
            self.ended = Some(event.clone());
        }
        self.log.push((self.head, event));
    }

    fn sign<M: Message>(&self, at: usize, message: &M) -> Bytes {
        let signature = self.nodes[at]
            .identity
            .sign_hash_sync(&message.digest(&self.domain));
        signature.unwrap().as_bytes().into()
    }

    /// As the contract: once, and in its phase.
    fn admit<M: Message>(&mut self, phase: Phase, message: &M) -> bool {
        let open = self
            .timetable
            .and_then(|timetable| timetable.phase_at(self.head))
            == Some(phase);
        let first = self.said.insert((phase as u8, message.sender()));
        if open && first && self.ended.is_none() {
            self.transcript.as_mut().unwrap().absorb(message);
        }
        open && first && self.ended.is_none()
    }

    fn accept(&mut self, at: usize, action: Action) {
        match action {
            // Operators approve here.
            Action::ApproveRefresh(_) => {}
            Action::PostKey(message) => {
                if self.keys.insert(message.member, message.key).is_none() {
                    let signature = self.sign(at, &message);
                    self.emit(Event::KeyPosted {
                        member: message.member,
                        key: message.key,
                        signature,
                    });
                }
            }
            Action::Deal { message, dealing } => {
                if self.admit(Phase::Deal, &message) {
                    let signature = self.sign(at, &message);
                    self.dealt.insert(message.dealer, message.dealingHash);
                    for (part, data) in (0..).zip(dealing.chunks(300)) {
                        self.emit(Event::DealingPart {
                            dealer: message.dealer,
                            part,
                            data: data.to_vec().into(),
                        });
                    }
                    self.emit(Event::DealingPosted {
                        dealer: message.dealer,
                        dealing_hash: message.dealingHash,
                        signature,
                    });
                }
            }
            Action::Complain(message) => {
                let known = message
                    .accusations
                    .iter()
                    .all(|a| self.dealt.get(&a.dealer) == Some(&a.dealingHash));
                if known && self.admit(Phase::Complain, &message) {
                    let signature = self.sign(at, &message);
                    self.emit(Event::Complained {
                        receiver: message.receiver,
                        part: 0,
                        parts: 1,
                        accusations: message.accusations,
                        signature,
                    });
                }
            }
            Action::Answer(message) => {
                if self.admit(Phase::Answer, &message) {
                    let signature = self.sign(at, &message);
                    // In two parts, as the contract splits long ones.
                    let (one, two) = message.shares.split_at(message.shares.len() / 2);
                    for (part, shares) in [(0, one.to_vec()), (1, two.to_vec())] {
                        self.emit(Event::Answered {
                            dealer: message.dealer,
                            part,
                            parts: 2,
                            shares,
                            signature: signature.clone(),
                        });
                    }
                }
            }
            Action::Confirm(outcome) => self.confirm(at, outcome),
            Action::Extend(message) => {
                let phase = Phase::ALL[usize::from(message.phase)];
                let signature = self.sign(at, &message);
                let event = Event::ExtensionSigned {
                    member: message.member,
                    phase,
                    round: message.round,
                    signature,
                };
                self.emit(event);
            }
            Action::Activate(outcome) => {
                let size = u16::try_from(self.terms.members.len()).unwrap();
                let quorum = confirmation_quorum(size, self.terms.threshold);
                let count = self.confirmed.iter().filter(|o| **o == outcome).count();
                let late = self.head >= self.timetable.unwrap().activation();
                if late && count >= usize::from(quorum) && self.ended.is_none() {
                    self.emit(Event::Activated { epoch: 1, outcome });
                }
            }
            Action::Fail => {
                if self.head >= self.timetable.unwrap().activation() && self.ended.is_none() {
                    self.emit(Event::Failed);
                }
            }
            Action::PublishKeys { missing, .. } => {
                for node in &mut self.nodes {
                    missing
                        .iter()
                        .for_each(|index| node.machine.key_published(*index));
                }
            }
            Action::KeepShare => unreachable!("kept at once"),
        }
    }

    fn confirm(&mut self, at: usize, outcome: Outcome) {
        let share = self.nodes[at].kept.as_ref().unwrap();
        let receiver = share.index().get();
        let message = proof_message(&outcome, self.context(), receiver);
        let proof = Bytes::from(share.prove(&message.0, &[9; 32]).as_bytes().to_vec());
        let message = outcome.confirmation(self.context(), receiver, proof.clone());
        if self.admit(Phase::Confirm, &message) {
            let signature = self.sign(at, &message);
            self.confirmed.push(outcome.clone());
            self.emit(Event::Confirmed {
                receiver,
                outcome,
                proof,
                signature,
            });
        }
    }
}

impl Node {
    fn new(number: u8, domain: &Domain, terms: &CeremonyTerms, old: Option<&Old>) -> Self {
        let setting = Setting {
            domain: *domain,
            number: terms.number,
            windows: WINDOWS,
            origin: old.map(|old| old.origin.clone()),
            weights_seed: WeightsSeed::from_bytes([9; 32]).into(),
        };
        let identity = signer(2, number);
        let operator = signer(1, number);
        let me = Me {
            identity: identity.address(),
            operator: Some(operator.address()),
        };
        let held = old.and_then(|old| {
            let at = old.numbers.iter().position(|n| *n == number)?;
            Some(hold(&old.shares[at]))
        });
        Self {
            identity,
            operator,
            machine: Machine::new(setting, me),
            kept: None,
            number,
            held,
            applied: 0,
            up: true,
        }
    }

    fn me(&self) -> Me {
        Me {
            identity: self.identity.address(),
            operator: Some(self.operator.address()),
        }
    }

    /// The same after a restart, as the vault has them.
    fn seeds(&self) -> CeremonySeeds {
        CeremonySeeds {
            secret: dkg::CeremonySecret::from_seed(&[self.number; 32]),
            dealer: dkg::DealerSeed::from_bytes([self.number ^ 0xff; 32]),
        }
    }
}

/// A share as the vault hands it out.
fn hold(share: &KeyShare) -> HeldShare {
    let secret = share.expose_secret_bytes();
    let copy = KeyShare::from_secret_bytes(share.index(), &secret).unwrap();
    HeldShare::new(copy, Zeroizing::new([7; 32]))
}

pub(super) fn index(i: u16) -> NodeIndex {
    NodeIndex::new(i).unwrap()
}
