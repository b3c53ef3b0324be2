//! Erasing what is needed no longer, as the node decides it.

use std::collections::BTreeMap;

use stheno_node::epochs::erasure::{Active, Belonging, Secret, erasable};

use super::{Node, OVERLAP};
use crate::{
    contract::{Contract, State},
    disk::Name,
    world::Stage,
};

impl Node {
    /// Erases what the active epoch has made needless.
    pub(super) fn tend(&mut self, stage: &mut Stage) {
        let Some(now) = self.applied else {
            return;
        };
        // Only what this member itself has read as final; a lying endpoint decides nothing here
        // that the canary does not confirm.
        let Some(block) = stage.chain.block_at(now) else {
            return;
        };
        let contract = block.state.clone();
        let Some(epoch) = contract.epochs.last() else {
            return;
        };
        let number = contract.epoch();
        let identity = self.person.identity.address();
        let active = Active {
            is_member: epoch
                .members
                .iter()
                .any(|member| member.identity == identity),
            has_share: self.serves(&contract, number),
            canary_opened: self.disk.canary_opened(epoch.context),
            activated_at: epoch.activated_at,
            now,
            overlap: OVERLAP,
        };
        if !active.canary_opened && stage.observer.canary_opened(epoch.context) {
            self.disk.note_canary(epoch.context);
            return;
        }
        let held: BTreeMap<Secret, Belonging> = self
            .disk
            .names()
            .into_iter()
            .map(|name| match name {
                Name::Seeds(proposal) => Secret::Seeds(proposal),
                Name::Share(context) => Secret::Share(context),
            })
            .map(|secret| (secret, belonging(&contract, &secret)))
            .collect();
        for secret in erasable(&active, &held) {
            let name = match secret {
                Secret::Seeds(proposal) => Name::Seeds(proposal),
                Secret::Share(context) => Name::Share(context),
            };
            stage.observer.erases(self, name, &contract);
            if stage.crashes() {
                return self.crash(stage);
            }
            self.disk.erase(name);
        }
    }
}

fn belonging(contract: &Contract, secret: &Secret) -> Belonging {
    let ceremony = contract.ceremonies.values().find(|ceremony| match secret {
        Secret::Seeds(proposal) => ceremony.proposal == *proposal,
        Secret::Share(context) => ceremony.context == *context,
    });
    let Some(ceremony) = ceremony else {
        return Belonging::Open;
    };
    let active = contract.epochs.last().map(|epoch| epoch.ceremony);
    match ceremony.state {
        State::Active if active == Some(ceremony.number) => Belonging::Active,
        State::Active | State::Failed => Belonging::Over,
        _ if ceremony.from_epoch < contract.epoch() => Belonging::Over,
        _ => Belonging::Open,
    }
}
