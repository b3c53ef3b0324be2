//! What must hold in every run, seen by an observer that sees everything.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{B256, Bytes, keccak256},
    sol_types::SolInterface,
};
use stheno_chain::contracts::CommitteeContract::CommitteeContractCalls as Call;
use stheno_crypto::{
    Capsule, Cek, CommitteeKeys, Identity, ItemId, KeyFingerprint, KeyShare, NetworkId, NetworkKey,
    NodeIndex, PolicyDigest, ReaderSecret, open,
};
use stheno_node::{
    ceremony::{Record, Slot},
    store::EpochKeys,
};
use stheno_protocol::ceremony::{Outcome, keys_root};

use crate::{
    contract::{Contract, Epoch},
    disk::Name,
    endpoint::Lie,
    member::Node,
    schedule::Dice,
};

/// The observer. The first property that breaks ends the run.
#[derive(Debug, Default)]
pub struct Observer {
    broken: Option<String>,
    /// Whether finality was broken: then not all members need see one final log.
    pub finality_broken: bool,
    /// Identities of the members that are corrupt, with their numbers.
    pub corrupt: BTreeSet<u16>,
    /// The one dealing of an honest member under a context.
    dealings: BTreeMap<(u16, B256), B256>,
    /// What the operator of a member has approved, by number and context.
    approved: BTreeSet<(u16, B256)>,
    /// Receivers to whom an honest dealer revealed, under a context.
    revealed: BTreeMap<(u16, B256), BTreeSet<u16>>,
    /// What honest members to whom nobody lied came to.
    outcomes: BTreeMap<B256, (u16, Outcome)>,
    canaries: BTreeSet<B256>,
    /// Context of the first epoch, and a file that was sealed to its key.
    file: Option<(B256, NetworkKey, Capsule)>,
    /// How often something worth counting happened.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Observer {
    /// What broke, if anything did.
    pub fn broken(&self) -> Option<&String> {
        self.broken.as_ref()
    }

    pub fn breaks(&mut self, property: String) {
        self.broken.get_or_insert(property);
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// An operator approves a context.
    pub fn approves(&mut self, number: u16, context: B256) {
        self.approved.insert((number, context));
    }

    /// An honest member goes by what stands on the chain: whatever its endpoints say of a proposal
    /// or a context, behind its digest are these members and these keys.
    fn goes_by(&mut self, node: &Node, record: &Record, slot: Slot, contract: &Contract) {
        let number = node.number();
        let Some(ceremony) = contract.ceremonies.get(&record.setting().number) else {
            return;
        };
        if record.proposal() == Some(ceremony.proposal) && record.terms() != Some(&ceremony.terms) {
            self.breaks(format!("member {number} sends {slot} under other terms"));
        }
        let keys = record.keys().iter();
        let keys = keys.map(|(member, key)| (*member, B256::from(key.to_bytes())));
        if record.context() == Some(ceremony.context)
            && !keys.eq(ceremony.keys.iter().map(|(member, key)| (*member, *key)))
        {
            self.breaks(format!("member {number} sends {slot} under other keys"));
        }
    }

    /// An honest member sends a message: what it rests on is durable, and it says nothing twice
    /// otherwise.
    pub fn sends(
        &mut self,
        node: &Node,
        record: &Record,
        slot: Slot,
        call: &Bytes,
        contract: &Contract,
    ) {
        let number = node.number();
        let Ok(decoded) = Call::abi_decode(call) else {
            return self.breaks(format!("member {number} sends what is no call"));
        };
        let anybodys = matches!(
            decoded,
            Call::activate(_) | Call::fail(_) | Call::publishKeys(_)
        );
        if anybodys {
            return;
        }
        let proposal = record.proposal().unwrap_or_default();
        let context = record.context().unwrap_or_default();
        let scope = record.context().unwrap_or(proposal);
        if node.disk.entry(scope, slot) != Some(call) {
            self.breaks(format!("member {number} sends {slot} before it is durable"));
        }
        self.goes_by(node, record, slot, contract);
        match decoded {
            Call::postCeremonyKey(_) => self.rests_on(node, Name::Seeds(proposal), slot),
            Call::deal(deal) => {
                self.rests_on(node, Name::Seeds(proposal), slot);
                if !self.approved.contains(&(number, context)) {
                    self.breaks(format!(
                        "member {number} deals, and its operator did not approve"
                    ));
                }
                let hash = keccak256(&deal.dealing);
                let first = *self.dealings.entry((number, context)).or_insert(hash);
                if first != hash {
                    self.breaks(format!(
                        "member {number} deals twice, and differently, under {context}"
                    ));
                }
                self.count("dealings of honest members");
            }
            Call::complain(_) => self.count("complaints of honest members"),
            Call::answer(answer) => {
                let revealed = self.revealed.entry((number, context)).or_default();
                revealed.extend(answer.shares.iter().map(|share| share.receiver));
                let revealed = revealed.clone();
                self.count("answers of honest members");
                self.keeps_polynomial(number, record, &revealed);
            }
            Call::confirm(_) => {
                self.rests_on(node, Name::Share(context), slot);
                if node.disk.keys(context).is_none() {
                    self.breaks(format!(
                        "member {number} confirms before the keys are durable"
                    ));
                }
            }
            _ => {}
        }
    }

    fn rests_on(&mut self, node: &Node, name: Name, slot: Slot) {
        if node.disk.read(name).is_none() {
            let number = node.number();
            self.breaks(format!(
                "member {number} sends {slot} before {name:?} is durable"
            ));
        }
    }

    /// The values that those in league know of an honest dealer's polynomial: their own shares, and
    /// those that it revealed. And as if they were as many as they may be, `t − 1`: then a share
    /// revealed to an honest receiver is one too many.
    fn keeps_polynomial(&mut self, dealer: u16, record: &Record, revealed: &BTreeSet<u16>) {
        let Some(terms) = record.terms() else {
            return;
        };
        let threshold = usize::from(terms.threshold);
        let in_league: BTreeSet<u16> = (1..)
            .zip(&terms.members)
            .filter(|(_, member)| {
                let number = crate::world::number_of(member.identity);
                number.is_some_and(|number| self.corrupt.contains(&number))
            })
            .map(|(index, _): (u16, _)| index)
            .collect();
        let known = in_league.union(revealed).count();
        if in_league.len() < threshold && known >= threshold {
            self.breaks(format!(
                "{known} values of member {dealer}'s polynomial are known, of degree {}",
                threshold - 1
            ));
        }
        if revealed.len() >= threshold {
            self.breaks(format!("member {dealer} reveals {} shares", revealed.len()));
        }
        if let Some(honest) = revealed.difference(&in_league).next() {
            self.breaks(format!(
                "member {dealer}, honest, reveals the share of receiver {honest}, who is honest"
            ));
        }
    }

    /// A member is about to make its share durable.
    pub fn keeps_share(&mut self, node: &Node, context: B256) {
        if node.disk.keys(context).is_none() {
            let number = node.number();
            self.breaks(format!("member {number} keeps its share before the keys"));
        }
    }

    /// A member has computed what a ceremony comes to.
    pub fn settled(&mut self, node: &Node, context: B256, outcome: &Outcome, keys: &EpochKeys) {
        // Lies that the running hash and the digests do not show.
        let hidden = matches!(node.lie, Some(Lie::OmitAndCover | Lie::NotFinal));
        if (node.lied_to && hidden) || node.is_corrupt() || self.finality_broken {
            return;
        }
        let number = node.number();
        if let Some((first, other)) = self.outcomes.get(&context) {
            if other != outcome {
                let first = *first;
                self.breaks(format!("members {first} and {number} differ on {context}"));
            }
            return;
        }
        if keys_root(&keys.node_keys) != outcome.keys_root {
            self.breaks(format!(
                "member {number} has other keys than under its root"
            ));
        }
        self.outcomes.insert(context, (number, outcome.clone()));
    }

    /// Whether the shares of the epoch with this context have opened a canary.
    pub fn canary_opened(&self, context: B256) -> bool {
        self.canaries.contains(&context)
    }

    /// A member is about to erase a secret, with what it has read as final.
    pub fn erases(&mut self, node: &Node, name: Name, contract: &Contract) {
        let number = node.number();
        self.count("secrets erased");
        let Some(active) = contract.epochs.last() else {
            return self.breaks(format!("member {number} erases before there is an epoch"));
        };
        let identity = node.person.identity.address();
        let is_member = active
            .members
            .iter()
            .any(|member| member.identity == identity);
        if is_member && node.share(active.context).is_none() {
            self.breaks(format!(
                "member {number} erases without a share of the new epoch"
            ));
        }
        if !self.canary_opened(active.context) {
            self.breaks(format!(
                "member {number} erases before the canary has opened"
            ));
        }
        match name {
            Name::Share(context) => {
                if context == active.context {
                    self.breaks(format!("member {number} erases the share in use"));
                }
            }
            Name::Seeds(proposal) => {
                let running = contract.ceremonies.get(&contract.running);
                if running.is_some_and(|ceremony| ceremony.proposal == proposal) {
                    self.breaks(format!("member {number} erases the seeds of what runs"));
                }
            }
        }
    }

    /// An epoch is active, and final: it is what the members computed, the network key is the one
    /// from the beginning, and random members that serve open the file of the first epoch.
    pub fn epoch(&mut self, contract: &Contract, number: u64, nodes: &[Node], dice: &mut Dice) {
        let epoch = &contract.epochs[number as usize - 1];
        if let Some((member, computed)) = self.outcomes.get(&epoch.context)
            && *computed != epoch.outcome
        {
            let member = *member;
            self.breaks(format!(
                "epoch {number} is not what member {member} computed"
            ));
        }
        let serving: Vec<&Node> = nodes
            .iter()
            .filter(|node| node.serves(contract, number))
            .collect();
        if serving.len() < usize::from(epoch.threshold) {
            return;
        }
        let Some(keys) = serving
            .iter()
            .find_map(|node| node.disk.keys(epoch.context))
        else {
            return;
        };
        if contract.epochs[0].outcome.network_key != epoch.outcome.network_key {
            self.breaks(format!("epoch {number} has another network key"));
        }
        let first = contract.epochs[0].context;
        if self.finality_broken && self.file.as_ref().is_some_and(|(made, ..)| *made != first) {
            // The first epoch itself was undone, and its key with it: no protocol helps.
            self.count("first epochs undone by broken finality");
            self.file = None;
        }
        let (_, network_key, capsule) = self.file.get_or_insert_with(|| {
            let sealed = Capsule::seal(&keys.network_key, &item(), b"aad", &cek(), &[6; 32]);
            (first, keys.network_key.clone(), sealed)
        });
        if *network_key != keys.network_key {
            return self.breaks(format!("epoch {number} has another network key"));
        }
        let capsule = *capsule;
        for _ in 0..2 {
            let mut some = serving.clone();
            dice.shuffle(&mut some);
            some.truncate(usize::from(epoch.threshold));
            if !opens(epoch, keys, &capsule, number, &some) {
                let who: Vec<u16> = some.iter().map(|node| node.number()).collect();
                self.breaks(format!(
                    "members {who:?} do not open the file in epoch {number}"
                ));
            }
        }
        self.count("canaries opened");
        self.canaries.insert(epoch.context);
    }
}

fn opens(epoch: &Epoch, keys: &EpochKeys, capsule: &Capsule, number: u64, nodes: &[&Node]) -> bool {
    let reader = ReaderSecret::from_seed(&[7; 32]);
    let shares: Vec<_> = nodes
        .iter()
        .filter_map(|node| node.share(epoch.context))
        .map(|share: KeyShare| share.share(number, &item(), &reader.public(), &[8; 32], &[9; 32]))
        .collect();
    let node_keys = (1..)
        .map(|index| NodeIndex::new(index).unwrap())
        .zip(keys.node_keys.iter().cloned());
    let committee = CommitteeKeys {
        threshold: epoch.threshold,
        network_key: keys.network_key.clone(),
        node_keys: node_keys.collect(),
    };
    let opened = open(
        &committee,
        &reader,
        &item(),
        capsule,
        b"aad",
        &shares,
        &[1; 32],
    );
    opened.is_ok_and(|opened| {
        opened.culprits.is_empty() && opened.cek.expose_secret() == cek().expose_secret()
    })
}

fn item() -> Identity {
    Identity::new(
        &NetworkId::from_bytes([1; 32]),
        &KeyFingerprint::from_bytes([2; 32]),
        &PolicyDigest::from_bytes([3; 32]),
        &ItemId::from_bytes([4; 32]),
    )
}

fn cek() -> Cek {
    Cek::from_bytes([5; 32])
}
