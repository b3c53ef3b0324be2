//! The Committee contract's rules, stated again: what `contracts/src` accepts, in which order it
//! checks, and the events that it writes. Hashes and signatures are the protocol's.

mod phases;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolInterface,
};
use stheno_chain::contracts::CommitteeContract::{self as abi, CommitteeContractCalls as Call};
use stheno_crypto::{NodePublicKey, dkg::CeremonyKey};
use stheno_node::ceremony::Event;
use stheno_protocol::{
    Domain,
    ceremony::{
        Approval, CeremonyKey as KeyMessage, CeremonyKind, CeremonyTerms, Member, Message, Outcome,
        Phase, Signed, Timetable, Transcript, Windows, approvals_needed, check_threshold,
        confirmation_quorum, verify_key,
    },
};

/// Why a call was refused.
pub type Revert = &'static str;

const PART: usize = 7168;

/// Where a ceremony stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    Keys,
    Approval,
    Running,
    Active,
    Failed,
}

/// A ceremony, as the contract stores it.
#[derive(Clone, Debug)]
pub struct Ceremony {
    pub number: u64,
    pub terms: CeremonyTerms,
    pub state: State,
    pub old_threshold: u16,
    pub from_epoch: u64,
    pub proposer: Address,
    pub proposed_at: u64,
    pub proposal: B256,
    pub context: B256,
    pub transcript: Option<Transcript>,
    pub timetable: Option<Timetable>,
    pub keys: BTreeMap<u16, B256>,
    pub approvals: BTreeSet<u16>,
    pub dealings: BTreeMap<u16, B256>,
    accusers: BTreeMap<u16, BTreeSet<u16>>,
    complained: BTreeSet<u16>,
    answered: BTreeSet<u16>,
    confirmed: BTreeSet<u16>,
    confirmations: BTreeMap<B256, u16>,
    best: u16,
    extensions: BTreeMap<Phase, u8>,
    votes: BTreeMap<(Phase, u8), BTreeSet<u16>>,
}

/// An epoch, as the contract stores it.
#[derive(Clone, Debug)]
pub struct Epoch {
    pub ceremony: u64,
    pub context: B256,
    pub threshold: u16,
    pub members: Vec<Member>,
    pub activated_at: u64,
    pub outcome: Outcome,
    pub keys: BTreeMap<u16, NodePublicKey>,
}

/// The state of one committee.
#[derive(Clone, Debug)]
pub struct Contract {
    pub domain: Domain,
    pub windows: Windows,
    pub owner: Address,
    /// Identities by operator.
    pub nodes: Rc<BTreeMap<Address, Address>>,
    pub latest: u64,
    pub running: u64,
    latest_of: BTreeMap<Address, u64>,
    pub ceremonies: BTreeMap<u64, Rc<Ceremony>>,
    /// Epoch `i` stands at `i − 1`.
    pub epochs: Vec<Rc<Epoch>>,
}

type Events = Vec<(u64, Event)>;

impl Contract {
    pub fn new(
        domain: Domain,
        windows: Windows,
        owner: Address,
        nodes: BTreeMap<Address, Address>,
    ) -> Self {
        Self {
            domain,
            windows,
            owner,
            nodes: Rc::new(nodes),
            latest: 0,
            running: 0,
            latest_of: BTreeMap::new(),
            ceremonies: BTreeMap::new(),
            epochs: Vec::new(),
        }
    }

    pub fn epoch(&self) -> u64 {
        self.epochs.len() as u64
    }

    /// Carries a call out in `block`; on a revert the state is to be thrown away.
    pub fn execute(&mut self, block: u64, sender: Address, call: &[u8]) -> Result<Events, Revert> {
        match Call::abi_decode(call).map_err(|_| "no such function")? {
            Call::propose(c) => self.propose(block, sender, c.threshold, &c.operators),
            Call::postCeremonyKey(c) => self.post_key(block, c),
            Call::approve(c) => self.approve(block, c),
            Call::deal(c) => self.deal(block, c),
            Call::complain(c) => self.complain(block, c),
            Call::answer(c) => self.answer(block, c),
            Call::confirm(c) => self.confirm(block, c),
            Call::extend(c) => self.extend(block, c),
            Call::activate(c) => self.activate(block, c),
            Call::fail(c) => self.fail(block, sender, c.ceremony),
            Call::publishKeys(c) => self.publish(c),
            _ => Err("not of this simulation"),
        }
    }

    fn propose(
        &mut self,
        block: u64,
        sender: Address,
        threshold: u16,
        operators: &[Address],
    ) -> Result<Events, Revert> {
        let member_of_epoch = self
            .epochs
            .last()
            .is_some_and(|epoch| epoch.members.iter().any(|member| member.operator == sender));
        require(sender == self.owner || member_of_epoch, "NotAProposer")?;
        require(self.running == 0, "CeremonyOpen")?;
        let latest = self
            .latest_of
            .get(&sender)
            .and_then(|n| self.ceremonies.get(n));
        let pending = latest.is_some_and(|c| matches!(c.state, State::Keys | State::Approval));
        require(!pending, "CeremonyOpen")?;
        let size = u16::try_from(operators.len()).map_err(|_| "BadSize")?;
        check_threshold(size, threshold, false).map_err(|_| "BadThreshold")?;
        let mut members: Vec<Member> = Vec::new();
        for operator in operators {
            let identity = *self.nodes.get(operator).ok_or("NotRegistered")?;
            require(
                members.iter().all(|m| m.operator != *operator),
                "DuplicateMember",
            )?;
            members.push(Member {
                operator: *operator,
                identity,
            });
        }
        self.latest += 1;
        self.latest_of.insert(sender, self.latest);
        let (kind, dealers, old_threshold) = match self.epochs.last() {
            None => (CeremonyKind::First, members.clone(), 0),
            Some(epoch) => (
                CeremonyKind::Reshare,
                epoch.members.clone(),
                epoch.threshold,
            ),
        };
        let terms = CeremonyTerms {
            network: self.domain.network,
            number: self.latest,
            kind,
            threshold,
            members: members.clone(),
            dealers,
            windows: self.windows,
        };
        let proposal = terms.proposal();
        let number = self.latest;
        let made = Ceremony {
            number,
            terms,
            state: State::Keys,
            old_threshold,
            from_epoch: self.epoch(),
            proposer: sender,
            proposed_at: block,
            proposal,
            context: B256::ZERO,
            transcript: None,
            timetable: None,
            keys: BTreeMap::new(),
            approvals: BTreeSet::new(),
            dealings: BTreeMap::new(),
            accusers: BTreeMap::new(),
            complained: BTreeSet::new(),
            answered: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            confirmations: BTreeMap::new(),
            best: 0,
            extensions: BTreeMap::new(),
            votes: BTreeMap::new(),
        };
        let proposed = Event::Proposed {
            kind,
            threshold,
            size,
            from_epoch: made.from_epoch,
            proposal,
        };
        self.ceremonies.insert(number, Rc::new(made));
        Ok(vec![
            (number, proposed),
            (number, Event::Members { first: 1, members }),
        ])
    }

    fn post_key(&mut self, block: u64, c: abi::postCeremonyKeyCall) -> Result<Events, Revert> {
        let (domain, epoch, windows) = (self.domain, self.epoch(), self.windows);
        let ceremony = self.ceremony(c.ceremony)?;
        require(ceremony.state == State::Keys, "WrongState")?;
        ceremony.consent_open(block, epoch, &windows)?;
        let identity = identity(&ceremony.terms.members, c.member)?;
        require(!ceremony.keys.contains_key(&c.member), "AlreadyDone")?;
        CeremonyKey::from_bytes(c.key.as_slice()).map_err(|_| "BadCeremonyKey")?;
        let message = KeyMessage {
            ceremony: c.ceremony,
            proposal: ceremony.proposal,
            member: c.member,
            key: c.key,
        };
        signed(&domain, message, &c.signature, identity)?;
        ceremony.keys.insert(c.member, c.key);
        let posted = Event::KeyPosted {
            member: c.member,
            key: c.key,
            signature: c.signature,
        };
        let mut events = vec![(c.ceremony, posted)];
        if ceremony.keys.len() == ceremony.terms.members.len() {
            ceremony.state = State::Approval;
            let keys: Vec<B256> = ceremony.keys.values().copied().collect();
            let context = ceremony.terms.context(&keys);
            ceremony.context = context;
            events.push((c.ceremony, Event::ContextFixed { context }));
        }
        Ok(events)
    }

    fn approve(&mut self, block: u64, c: abi::approveCall) -> Result<Events, Revert> {
        let (domain, epoch, windows) = (self.domain, self.epoch(), self.windows);
        let running = self.running;
        let ceremony = self.ceremony(c.ceremony)?;
        if ceremony.state == State::Running {
            let closes = ceremony.timetable.map_or(0, |t| t.window(Phase::Deal).1);
            require(block < closes, "PhaseNotOpen")?;
        } else {
            require(ceremony.state == State::Approval, "WrongState")?;
            ceremony.consent_open(block, epoch, &windows)?;
        }
        let dealers = &ceremony.terms.dealers;
        let at = dealers.iter().position(|d| d.operator == c.operator);
        let dealer = at.ok_or("NotADealer")? as u16 + 1;
        require(!ceremony.approvals.contains(&dealer), "AlreadyDone")?;
        let message = Approval {
            ceremony: c.ceremony,
            context: ceremony.context,
        };
        signed(&domain, message, &c.signature, c.operator)?;
        ceremony.approvals.insert(dealer);
        let approved = Event::Approved {
            operator: c.operator,
            signature: c.signature,
        };
        let mut events = vec![(c.ceremony, approved)];
        let needed = approvals_needed(
            ceremony.terms.kind,
            ceremony.terms.dealers.len() as u16,
            ceremony.old_threshold,
        );
        if ceremony.approvals.len() == usize::from(needed) {
            require(running == 0, "CeremonyOpen")?;
            let context = ceremony.context;
            let start = Timetable::start(block, &windows);
            ceremony.state = State::Running;
            ceremony.timetable = Some(Timetable::new(start, &windows));
            ceremony.transcript = Some(Transcript::start(context));
            events.push((c.ceremony, Event::Started { context, start }));
            self.running = c.ceremony;
        }
        Ok(events)
    }

    fn activate(&mut self, block: u64, c: abi::activateCall) -> Result<Events, Revert> {
        let key = self.network_key();
        let number = self.epoch() + 1;
        let ceremony = self.ceremony(c.ceremony)?;
        require(ceremony.state == State::Running, "WrongState")?;
        let closed = ceremony.timetable.map_or(u64::MAX, |t| t.activation());
        require(block >= closed, "TooEarly")?;
        let outcome = outcome(&c.outcome);
        let count = ceremony
            .confirmations
            .get(&digest(&outcome))
            .copied()
            .unwrap_or(0);
        require(count >= ceremony.quorum(), "NoQuorum")?;
        require(
            key.is_none_or(|key| key == outcome.network_key),
            "NetworkKeyChanged",
        )?;
        ceremony.state = State::Active;
        let epoch = Epoch {
            ceremony: c.ceremony,
            context: ceremony.context,
            threshold: ceremony.terms.threshold,
            members: ceremony.terms.members.clone(),
            activated_at: block,
            outcome: outcome.clone(),
            keys: BTreeMap::new(),
        };
        self.epochs.push(Rc::new(epoch));
        self.running = 0;
        let epoch = number;
        Ok(vec![(c.ceremony, Event::Activated { epoch, outcome })])
    }

    fn fail(&mut self, block: u64, sender: Address, number: u64) -> Result<Events, Revert> {
        let (epoch, windows) = (self.epoch(), self.windows);
        let ceremony = self.ceremony(number)?;
        match ceremony.state {
            State::Running => {
                let timetable = ceremony.timetable.ok_or("NotFailed")?;
                let given_up = match ceremony.best < ceremony.quorum() {
                    true => timetable.activation(),
                    false => timetable.activation_closes(&windows),
                };
                require(block >= given_up, "NotFailed")?;
            }
            State::Keys | State::Approval => {
                let late = block >= Timetable::consent_closes(ceremony.proposed_at, &windows);
                let stale = ceremony.from_epoch != epoch;
                require(late || stale || sender == ceremony.proposer, "NotFailed")?;
            }
            State::Active | State::Failed => return Err("WrongState"),
        }
        let ran = ceremony.state == State::Running;
        ceremony.state = State::Failed;
        if ran {
            self.running = 0;
        }
        Ok(vec![(number, Event::Failed)])
    }

    fn publish(&mut self, c: abi::publishKeysCall) -> Result<Events, Revert> {
        let at = usize::try_from(c.epoch)
            .ok()
            .and_then(|epoch| epoch.checked_sub(1));
        let epoch = at
            .and_then(|at| self.epochs.get_mut(at))
            .ok_or("UnknownEpoch")?;
        let epoch = Rc::make_mut(epoch);
        for ((index, key), proof) in c.indices.iter().zip(&c.keys).zip(&c.proofs) {
            if epoch.keys.contains_key(index) {
                continue;
            }
            let key = NodePublicKey::from_bytes(key).map_err(|_| "BadKeyProof")?;
            require(
                verify_key(epoch.outcome.keys_root, *index, &key, proof),
                "BadKeyProof",
            )?;
            epoch.keys.insert(*index, key);
        }
        Ok(Vec::new())
    }

    fn network_key(&self) -> Option<Bytes> {
        self.epochs
            .first()
            .map(|epoch| epoch.outcome.network_key.clone())
    }

    fn ceremony(&mut self, number: u64) -> Result<&mut Ceremony, Revert> {
        let ceremony = self.ceremonies.get_mut(&number).ok_or("UnknownCeremony")?;
        Ok(Rc::make_mut(ceremony))
    }
}

impl Ceremony {
    pub fn quorum(&self) -> u16 {
        confirmation_quorum(self.terms.members.len() as u16, self.terms.threshold)
    }

    /// The running hash; zero before the start.
    pub fn transcript_hash(&self) -> B256 {
        self.transcript
            .map_or(B256::ZERO, |transcript| transcript.hash())
    }

    fn absorb(&mut self, message: &impl Message) {
        if let Some(transcript) = &mut self.transcript {
            transcript.absorb(message);
        }
    }

    fn consent_open(&self, block: u64, epoch: u64, windows: &Windows) -> Result<(), Revert> {
        require(
            block < Timetable::consent_closes(self.proposed_at, windows),
            "ConsentClosed",
        )?;
        require(self.from_epoch == epoch, "EpochOver")
    }
}

fn require(holds: bool, otherwise: Revert) -> Result<(), Revert> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn entries(count: usize, most: u16) -> Result<(), Revert> {
    require(count != 0 && count <= usize::from(most), "BadEntryCount")
}

fn identity(members: &[Member], index: u16) -> Result<Address, Revert> {
    let at = usize::from(index).checked_sub(1).ok_or("BadIndex")?;
    members
        .get(at)
        .map(|member| member.identity)
        .ok_or("BadIndex")
}

fn signed<M: Message>(
    domain: &Domain,
    message: M,
    signature: &Bytes,
    by: Address,
) -> Result<(), Revert> {
    let signature = signature.clone();
    let signed = Signed { message, signature };
    signed
        .verify(domain, by)
        .map(drop)
        .map_err(|_| "WrongSigner")
}

fn outcome(outcome: &abi::Outcome) -> Outcome {
    Outcome {
        qualified: outcome.qualified,
        network_key: outcome.networkKey.clone(),
        keys_root: outcome.keysRoot,
    }
}

/// Equal for equal outcomes alone.
fn digest(outcome: &Outcome) -> B256 {
    let qualified: [u8; 32] = U256::to_be_bytes(&outcome.qualified);
    keccak256(
        [
            &qualified[..],
            &outcome.network_key,
            outcome.keys_root.as_slice(),
        ]
        .concat(),
    )
}
