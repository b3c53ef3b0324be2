//! Following the log: what the runner and its course do.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use stheno_node::ceremony::{End, Event, Me, Origin, Participant, Setting, WeightsSeed};
use stheno_protocol::ceremony::keys_root;

use super::{Broken, Node, Part};
use crate::{
    cast,
    chain::Placed,
    contract::State,
    disk::Name,
    endpoint::{self, Lie},
    world::Stage,
};

impl Node {
    /// What its endpoints lie about at this time, if they do.
    fn is_lied_to(&mut self, stage: &mut Stage) -> Option<Lie> {
        let lie = self.lie?;
        let head = stage.chain.head().number;
        if head >= self.lies_until && stage.plan.liars.contains_key(&self.number()) {
            let begins = stage.dice.chance(40);
            if begins {
                self.lies_until = head + stage.dice.between(1, 20);
            }
        }
        if head < self.lies_until && stage.plan.liars.contains_key(&self.number()) {
            if !self.lied_to {
                let number = self.number();
                stage.note(format_args!("member {number} is lied to: {lie:?}"));
            }
            self.lied_to = true;
            return Some(lie);
        }
        None
    }

    /// A new process reads what is on disk.
    pub(super) fn resume(&mut self, stage: &mut Stage) -> Result<(), Broken> {
        self.parts.clear();
        self.applied = self.disk.cursor.map(|(number, _)| number);
        let log = std::mem::take(&mut self.disk.log);
        let failed: BTreeSet<u64> = log
            .iter()
            .filter(|placed| *placed.event == Event::Failed)
            .map(|placed| placed.ceremony)
            .collect();
        let rest: Vec<Placed> = log
            .iter()
            .filter(|placed| !failed.contains(&placed.ceremony))
            .cloned()
            .collect();
        self.disk.log = log;
        self.take(&rest, stage)?;
        self.tidy();
        Ok(())
    }

    pub(super) fn follow(&mut self, stage: &mut Stage) -> Result<(), Broken> {
        let lie = self.is_lied_to(stage);
        let first = match (self.disk.cursor, self.first_block(stage)) {
            (Some(_), _) => 0,
            (None, Some(first)) => first,
            (None, None) => {
                self.disk.cursor = Some(endpoint::last_final(&stage.chain));
                return Ok(());
            }
        };
        let Stage {
            chain, plan, dice, ..
        } = stage;
        let cursor = self.disk.cursor;
        let batch = endpoint::follow(chain, cursor, first, lie, &self.person, plan, dice)
            .map_err(|_| Broken::Fault)?;
        let Some(batch) = batch else {
            return Ok(());
        };
        self.take(&batch.events, stage)?;
        let state = match stage.chain.block_at(batch.up_to.0) {
            Some(block) => block.state.clone(),
            None => return Err(Broken::Fault),
        };
        for (number, part) in &mut self.parts {
            let record = part.participant.machine().record();
            if record.fault().is_some() {
                return Err(Broken::Fault);
            }
            let touched = batch.events.iter().any(|placed| placed.ceremony == *number);
            if batch.covered || (record.end().is_some() && !touched) {
                continue;
            }
            let contract = state.ceremonies.get(number);
            let hash = contract.map_or(B256::ZERO, |ceremony| ceremony.transcript_hash());
            if part.participant.check_transcript(hash).is_err() {
                return Err(Broken::Fault);
            }
        }
        for part in self.parts.values_mut() {
            let record = part.participant.machine().record();
            if let Some(End::Active { epoch, .. }) = record.end()
                && let Some(made) = state.epochs.get(*epoch as usize - 1)
            {
                part.participant
                    .keys_are_published(made.keys.keys().copied());
            }
        }
        if stage.crashes() {
            return Err(Broken::Crashed);
        }
        self.disk.log.extend(batch.events);
        self.disk.cursor = Some(batch.up_to);
        self.tidy();
        self.applied = Some(batch.up_to.0);
        if stage.crashes() {
            return Err(Broken::Crashed);
        }
        Ok(())
    }

    /// The first block that matters to a node that knows nothing yet, as the runner finds it.
    fn first_block(&self, stage: &Stage) -> Option<u64> {
        let contract = &stage.chain.final_block().state;
        let open = contract.ceremonies.values().filter(|ceremony| {
            !matches!(ceremony.state, State::Active | State::Failed)
                && ceremony.from_epoch == contract.epoch()
        });
        let made = contract
            .epochs
            .last()
            .filter(|epoch| {
                let unpublished = epoch.keys.len() < epoch.members.len();
                unpublished || self.disk.read(Name::Share(epoch.context)).is_none()
            })
            .and_then(|epoch| contract.ceremonies.get(&epoch.ceremony));
        open.chain(made).map(|ceremony| ceremony.proposed_at).min()
    }

    /// Applies events; a proposal begins a part.
    fn take(&mut self, events: &[Placed], stage: &mut Stage) -> Result<(), Broken> {
        let mut touched = BTreeSet::new();
        for placed in events {
            if let Event::Proposed { from_epoch, .. } = &*placed.event {
                match self.begin(placed.ceremony, *from_epoch, stage) {
                    Ok(part) => drop(self.parts.insert(placed.ceremony, part)),
                    // Nothing can come of it any more.
                    Err(_) if *from_epoch < stage.chain.final_block().state.epoch() => {}
                    Err(broken) => return Err(broken),
                }
            }
            if let Some(part) = self.parts.get_mut(&placed.ceremony) {
                part.state = stage.records.advance(part.state, placed);
                touched.insert(placed.ceremony);
            }
        }
        for ceremony in touched {
            if let Some(part) = self.parts.get_mut(&ceremony) {
                part.participant
                    .follow(stage.records.record(part.state).clone());
            }
        }
        Ok(())
    }

    fn begin(&self, number: u64, from_epoch: u64, stage: &mut Stage) -> Result<Part, Broken> {
        let (origin, context) = match from_epoch {
            0 => (None, None),
            epoch => {
                let (origin, context) = self.origin(epoch, stage).ok_or(Broken::Later)?;
                (Some(origin), Some(context))
            }
        };
        let setting = Setting {
            domain: cast::domain(),
            number,
            windows: stage.plan.windows,
            origin,
            weights_seed: WeightsSeed::from_bytes([9; 32]).into(),
        };
        let state = stage.records.begin(&setting, context);
        let me = Me {
            identity: self.person.identity.address(),
            operator: Some(self.person.operator.address()),
        };
        Ok(Part {
            participant: Participant::new(setting, cast::COMMITTEE, me, context),
            state,
        })
    }

    /// The epoch that is handed on, from the views and what this node computed itself.
    fn origin(&self, epoch: u64, stage: &Stage) -> Option<(Origin, B256)> {
        let contract = &stage.chain.final_block().state;
        let epoch = contract.epochs.get(epoch as usize - 1)?;
        let node_keys = match self.disk.keys(epoch.context) {
            Some(keys) => keys.node_keys.clone(),
            None => epoch.keys.values().cloned().collect(),
        };
        if keys_root(&node_keys) != epoch.outcome.keys_root {
            return None;
        }
        let origin = Origin {
            members: epoch.members.clone(),
            threshold: epoch.threshold,
            network_key: epoch.outcome.network_key.clone(),
            node_keys,
        };
        Some((origin, epoch.context))
    }

    /// Drops what came to nothing, and what another ceremony's success has made void.
    fn tidy(&mut self) {
        let made = |part: &Part| match part.participant.machine().record().end() {
            Some(End::Active { epoch, .. }) => Some(*epoch),
            _ => None,
        };
        let last = self
            .parts
            .iter()
            .filter_map(|(number, part)| Some((made(part)?, *number)))
            .max();
        self.parts.retain(|number, part| {
            let record = part.participant.machine().record();
            match record.end() {
                Some(End::Failed { .. }) => false,
                Some(End::Active { .. }) => last.is_some_and(|(_, last)| last == *number),
                None => last.is_none_or(|(epoch, _)| record.from_epoch() == Some(epoch)),
            }
        });
    }
}
