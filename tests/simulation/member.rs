//! A simulated member: the node's own [`Participant`]s, with a double of everything around them
//! that the [runner](stheno_node::ceremony::runner) has for real.

mod following;
mod tending;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use alloy::primitives::{B256, Bytes};
use stheno_crypto::{
    KeyShare, NodeIndex,
    dkg::{CeremonySecret, DealerSeed},
};
use stheno_node::{
    ceremony::{Clock, Participant, Slot, Step},
    vault::{CeremonySeeds, HeldShare},
};
use stheno_protocol::ceremony::keys_root;
use zeroize::Zeroizing;

use crate::{
    byzantine::{Cheat, Vice},
    cast::{self, Person},
    chain::{Fate, Ticket},
    contract::Contract,
    disk::{Disk, Name},
    endpoint::Lie,
    records,
    world::Stage,
};

/// Blocks during which the epoch before answers as well.
pub const OVERLAP: u64 = 8;

/// A member, up or down.
#[derive(Debug)]
pub struct Node {
    pub person: Rc<Person>,
    pub disk: Disk,
    pub vices: Vec<Vice>,
    pub lie: Option<Lie>,
    /// How many of its processes there have been.
    pub life: u64,
    pub up: bool,
    /// The block at which it starts again.
    pub wakes: u64,
    /// How often it lost its disk.
    pub losses: u64,
    /// Whether its endpoints ever lied to it.
    pub lied_to: bool,
    /// Until which block its endpoints lie.
    lies_until: u64,
    parts: BTreeMap<u64, Part>,
    applied: Option<u64>,
    said: BTreeSet<(u64, Slot)>,
}

/// Its part in one ceremony.
#[derive(Debug)]
struct Part {
    participant: Participant,
    state: records::State,
}

/// The process is gone.
struct Crashed;

/// Why a turn ends early; the node tries again.
enum Broken {
    Crashed,
    /// The log is impossible, or of no branch any more.
    Fault,
    /// Something is not there yet.
    Later,
}

impl From<Crashed> for Broken {
    fn from(Crashed: Crashed) -> Self {
        Self::Crashed
    }
}

impl Node {
    pub fn new(person: Rc<Person>, vices: Vec<Vice>, lie: Option<Lie>) -> Self {
        Self {
            person,
            disk: Disk::default(),
            vices,
            lie,
            life: 0,
            up: false,
            wakes: 0,
            losses: 0,
            lied_to: false,
            lies_until: 0,
            parts: BTreeMap::new(),
            applied: None,
            said: BTreeSet::new(),
        }
    }

    pub fn number(&self) -> u16 {
        self.person.number
    }

    pub fn is_corrupt(&self) -> bool {
        !self.vices.is_empty()
    }

    /// The index and bytes of the share of this ceremony, if it is on disk.
    pub fn share(&self, context: B256) -> Option<KeyShare> {
        let bytes = self.disk.read(Name::Share(context))?;
        let index = NodeIndex::new(u16::from_be_bytes([bytes[0], bytes[1]])).unwrap();
        let secret = <[u8; 32]>::try_from(&bytes[2..34]).unwrap();
        Some(KeyShare::from_secret_bytes(index, &secret).unwrap())
    }

    /// Whether it would serve this epoch: as the node checks it at every start.
    pub fn serves(&self, contract: &Contract, epoch: u64) -> bool {
        let Some(epoch) = contract.epochs.get(epoch as usize - 1) else {
            return false;
        };
        let Some(share) = self.share(epoch.context) else {
            return false;
        };
        let at = usize::from(share.index().get()) - 1;
        let listed = epoch.members.get(at).map(|member| member.identity);
        if listed != Some(self.person.identity.address()) {
            return false;
        }
        let key = match (self.disk.keys(epoch.context), epoch.keys.len()) {
            (Some(keys), _) => {
                let root = self.disk.keys_root(epoch.context);
                let good = root == Some(epoch.outcome.keys_root);
                keys.node_keys.get(at).filter(|_| good).cloned()
            }
            // Who has no keys takes what is published, when it is all there.
            (None, published) if published == epoch.members.len() => {
                let keys: Vec<_> = epoch.keys.values().cloned().collect();
                let good = keys_root(&keys) == epoch.outcome.keys_root;
                keys.get(at).filter(|_| good).cloned()
            }
            (None, _) => None,
        };
        key == Some(share.public_key())
    }

    /// Ends the process, whatever it is doing.
    pub fn crash(&mut self, stage: &mut Stage) {
        let number = self.number();
        self.up = false;
        self.wakes = stage.chain.head().number + stage.dice.between(1, 6);
        self.parts.clear();
        self.applied = None;
        stage.note(format_args!("member {number} crashes"));
        if stage.dice.chance(stage.plan.wipes) {
            self.disk.wipe();
            self.losses += 1;
            stage.note(format_args!("member {number} loses its disk"));
        }
    }

    /// One look at the chain, and all that is due.
    pub fn turn(&mut self, stage: &mut Stage) {
        let head = stage.chain.head().number;
        if !self.up {
            if head < self.wakes {
                return;
            }
            self.up = true;
            self.life += 1;
            self.said.clear();
            if self.resume(stage).is_err() {
                self.parts.clear();
                self.up = false;
                return;
            }
        }
        let done = self.follow(stage).and_then(|()| self.act(stage));
        match done {
            Ok(()) => self.tend(stage),
            Err(Broken::Crashed) => self.crash(stage),
            Err(Broken::Fault) => {
                let number = self.number();
                stage.note(format_args!("member {number} reads the log again"));
                self.disk.forget_log();
                self.parts.clear();
                self.applied = None;
            }
            Err(Broken::Later) => {
                self.parts.clear();
                self.up = false;
                self.wakes = head + 1;
            }
        }
    }

    /// What became of a message of this process.
    pub fn learn(&mut self, ticket: Ticket, fate: Fate) {
        if !self.up || ticket.life != self.life {
            return;
        }
        if let Some(part) = self.parts.get_mut(&ticket.ceremony) {
            match fate {
                Fate::Mined(block) => part.participant.is_mined(ticket.slot, block),
                Fate::Refused(head) => part.participant.is_refused(ticket.slot, head),
            }
        }
    }

    fn act(&mut self, stage: &mut Stage) -> Result<(), Broken> {
        let Some(applied) = self.applied else {
            return Ok(());
        };
        let clock = Clock {
            applied,
            head: stage.chain.head().number,
        };
        let numbers: Vec<u64> = self.parts.keys().copied().collect();
        for number in numbers {
            let Some(mut part) = self.parts.remove(&number) else {
                continue;
            };
            let done = self.take_turn(&mut part, clock, stage);
            self.parts.insert(number, part);
            done?;
        }
        Ok(())
    }

    fn take_turn(
        &mut self,
        part: &mut Part,
        clock: Clock,
        stage: &mut Stage,
    ) -> Result<(), Crashed> {
        let person = self.person.clone();
        let entropy = cast::digest(&[b"entropy", &[person.number as u8]]);
        part.participant.turn(clock);
        while let Some(step) = part.participant.next_step(&person.identity, &entropy) {
            if stage.crashes() {
                return Err(Crashed);
            }
            self.perform(part, step, clock, stage)?;
            if stage.crashes() {
                return Err(Crashed);
            }
        }
        if self.is_corrupt() {
            self.mischief(part, clock, stage);
        }
        let machine = part.participant.machine();
        if let (Some((outcome, keys)), Some(context)) =
            (machine.outcome(), machine.record().context())
        {
            stage.observer.settled(self, context, outcome, keys);
        }
        Ok(())
    }

    fn perform(
        &mut self,
        part: &mut Part,
        step: Step,
        clock: Clock,
        stage: &mut Stage,
    ) -> Result<(), Crashed> {
        let number = self.number();
        match step {
            Step::Arm { proposal, origin } => {
                let name = Name::Seeds(proposal);
                if self.disk.read(name).is_none() {
                    let fresh = cast::seeds(stage.plan.cast, number, proposal, self.losses);
                    self.write(name, fresh, stage)?;
                }
                let bytes = self.disk.read(name).unwrap_or_default();
                let held = origin.and_then(|context| self.held(context));
                part.participant.armed(seeds(bytes), held);
            }
            Step::KeepKeys { context } => {
                if let Some((_, keys)) = part.participant.machine().outcome() {
                    self.disk.keep_keys(context, keys);
                    part.participant.keys_are_kept();
                }
            }
            Step::KeepShare { context } => {
                let Some((share, _)) = part.participant.machine().new_share() else {
                    return Ok(());
                };
                stage.observer.keeps_share(self, context);
                let mut bytes = share.index().get().to_be_bytes().to_vec();
                bytes.extend_from_slice(&*share.expose_secret_bytes());
                let name = Name::Share(context);
                match self.disk.read(name) {
                    None => {
                        stage.note(format_args!("member {number} keeps its share"));
                        self.write(name, bytes, stage)?;
                        part.participant.share_is_kept(self.held(context));
                    }
                    Some(there) if *there == bytes => {
                        part.participant.share_is_kept(self.held(context));
                    }
                    Some(_) => {
                        stage.note(format_args!("member {number} has another share already"));
                        part.participant.share_is_kept(None);
                    }
                }
            }
            Step::Write { slot, call, .. } if self.is_corrupt() => {
                let ceremony = part.participant.machine().record().setting().number;
                if self.said.insert((ceremony, slot)) {
                    self.cheat(part, &call, slot, stage);
                }
                part.participant.is_refused(slot, clock.head);
            }
            Step::Write { scope, slot, call } => {
                let call = self.disk.journal(scope, slot, call);
                part.participant.is_written(slot, call);
            }
            Step::AskKeys { epoch } => {
                let contract = stage.chain.state();
                let made = contract.epochs.get(epoch as usize - 1);
                let published: Vec<u16> = made
                    .map(|made| made.keys.keys().copied().collect())
                    .unwrap_or_default();
                part.participant.keys_are_at_head(published);
            }
            Step::Send { slot, call } => {
                let record = part.participant.machine().record();
                let ceremony = record.setting().number;
                if !self.is_corrupt() {
                    let Stage {
                        observer, chain, ..
                    } = &mut *stage;
                    observer.sends(self, record, slot, &call, chain.state());
                }
                stage.note(format_args!("member {number} sends {slot} of {ceremony}"));
                let ticket = Ticket {
                    member: number,
                    life: self.life,
                    ceremony,
                    slot,
                };
                self.send(call, Some(ticket), stage);
            }
        }
        Ok(())
    }

    fn write(&mut self, name: Name, bytes: Vec<u8>, stage: &mut Stage) -> Result<(), Crashed> {
        if stage.crashes() {
            self.disk.write_and_crash(name, bytes, &mut stage.dice);
            return Err(Crashed);
        }
        self.disk.write(name, bytes);
        Ok(())
    }

    fn send(&self, call: Bytes, ticket: Option<Ticket>, stage: &mut Stage) {
        let sender = self.person.identity.address();
        let Stage {
            chain, plan, dice, ..
        } = stage;
        chain.send(sender, call, ticket, plan, dice);
    }

    fn held(&self, context: B256) -> Option<HeldShare> {
        let share = self.share(context)?;
        Some(HeldShare::new(share, Zeroizing::new([7; 32])))
    }

    fn cheat(&self, part: &Part, call: &Bytes, slot: Slot, stage: &mut Stage) {
        let number = self.number();
        let calls = self.as_cheat(part, stage, |cheat, stage| {
            cheat.bend(call, &mut stage.dice)
        });
        stage.note(format_args!(
            "member {number}, corrupt, sends {} for {slot}",
            calls.len()
        ));
        for call in calls {
            self.send(call, None, stage);
        }
    }

    fn mischief(&mut self, part: &Part, clock: Clock, stage: &mut Stage) {
        let ceremony = part.participant.machine().record().setting().number;
        let says = self.as_cheat(part, stage, |cheat, stage| {
            cheat.unasked(clock, &mut stage.dice)
        });
        let number = self.number();
        for (slot, call) in says {
            if self.said.insert((ceremony, slot)) {
                stage.note(format_args!(
                    "member {number}, corrupt, sends a {}",
                    slot.name
                ));
                self.send(call, None, stage);
            }
        }
    }

    fn as_cheat<T>(
        &self,
        part: &Part,
        stage: &mut Stage,
        cheat: impl FnOnce(&Cheat<'_>, &mut Stage) -> T,
    ) -> T {
        let proposal = part.participant.machine().record().proposal();
        let seeds = proposal.and_then(|proposal| self.disk.read(Name::Seeds(proposal)));
        let at_work = Cheat {
            person: &self.person,
            part: &part.participant,
            vices: &self.vices,
            seeds: seeds.unwrap_or_default(),
        };
        cheat(&at_work, stage)
    }
}

fn seeds(bytes: &[u8]) -> CeremonySeeds {
    let half = |at: usize| <[u8; 32]>::try_from(&bytes[at..at + 32]).unwrap();
    CeremonySeeds {
        secret: CeremonySecret::from_seed(&half(0)),
        dealer: DealerSeed::from_bytes(half(32)),
    }
}
