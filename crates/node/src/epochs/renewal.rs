//! Renewing the shares of an unchanged committee: how old its epoch is, and a proposal when due.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy::{primitives::Bytes, sol_types::SolCall};
use stheno_chain::{
    Block, Chain, ChainError, Committee, Locator,
    contracts::committee::CommitteeContract as contract, read_committee,
};
use tokio::sync::watch;

use super::schedule::{Age, Schedule};
use crate::standing::Standing;

/// How many ceremonies back a proposal is looked for.
const LOOK_BACK: usize = 8;
/// The contract's states of a ceremony that is not over.
const OPEN: std::ops::RangeInclusive<u8> = 1..=3;
/// Blocks looked back over for one that is not a null round.
const MOST_NULL_ROUNDS: u64 = 50;

/// Proposes refreshes, and knows when this node approves them by itself.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) chain: Chain,
    pub(crate) locator: Locator,
    pub(crate) identity: alloy::primitives::Address,
    pub(crate) schedule: Schedule,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) seen: Mutex<Seen>,
}

/// What was found at the last final block.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    at: Option<u64>,
    /// The active epoch, and the time of its activation.
    active: Option<(Arc<Committee>, u64)>,
    approves: bool,
}

impl Renewal {
    /// Whether this node approves a refresh by itself now.
    pub(crate) fn approves_refreshes(&self) -> bool {
        self.seen().approves
    }

    /// The proposal of a refresh, as a call of the contract, when it is this node's turn.
    pub(crate) async fn proposal(&self, at: Option<Block>) -> Option<Bytes> {
        let at = at?;
        if self.seen().at == Some(at.number) {
            return None;
        }
        match self.look(at).await {
            Ok(proposal) => proposal,
            Err(error) => {
                tracing::warn!(%error, "how old the epoch is could not be read");
                None
            }
        }
    }

    async fn look(&self, at: Block) -> Result<Option<Bytes>, ChainError> {
        let question = contract::committeeCall {
            committeeId: self.locator.committee_id,
        };
        let info = self.read(at, &question).await?;
        let Some((committee, activated)) = self.active(at, info.epoch).await? else {
            return Ok(None);
        };
        let age = Duration::from_secs(at.time.saturating_sub(activated));
        let me = committee
            .members
            .iter()
            .find(|member| member.identity == self.identity);
        {
            let mut seen = self.seen();
            seen.approves = me.is_some() && self.schedule.approves(age);
            seen.at = Some(at.number);
        }
        let Some(me) = me.filter(|_| info.running == 0) else {
            return Ok(None);
        };
        let mut epoch = Age {
            age,
            index: me.index.get(),
            lost: self.has_lost_its_share(info.epoch),
            since_proposal: None,
            is_under_way: false,
        };
        // Most of the time nothing is due, whatever was proposed.
        if !self.schedule.proposes(&epoch) {
            return Ok(None);
        }
        (epoch.since_proposal, epoch.is_under_way) =
            self.proposals(at, &committee, info.ceremony).await?;
        if !self.schedule.proposes(&epoch) {
            return Ok(None);
        }
        tracing::info!(
            epoch = info.epoch,
            lost = epoch.lost,
            "a refresh is due; this node proposes it"
        );
        let call = contract::proposeCall {
            committeeId: self.locator.committee_id,
            threshold: committee.threshold,
            operators: committee.members.iter().map(|m| m.operator).collect(),
        };
        Ok(Some(call.abi_encode().into()))
    }

    fn has_lost_its_share(&self, epoch: u64) -> bool {
        let standing = self.standing.borrow();
        let serves = |served: &crate::standing::Served| served.epoch(epoch).is_some();
        matches!(&*standing, Standing::Degraded(_, served) if !serves(served))
    }

    async fn active(
        &self,
        at: Block,
        epoch: u64,
    ) -> Result<Option<(Arc<Committee>, u64)>, ChainError> {
        if epoch == 0 {
            return Ok(None);
        }
        let known = self.seen().active.clone();
        if let Some(known) = known.filter(|(known, _)| known.epoch == epoch) {
            return Ok(Some(known));
        }
        let committee = read_committee(&self.chain, &self.locator, Some(at)).await?;
        let activated = self.time_of(committee.activated_at).await?;
        let active = (Arc::new(committee), activated.unwrap_or(at.time));
        if activated.is_some() {
            self.seen().active = Some(active.clone());
        }
        Ok(Some(active))
    }

    /// How long ago the latest ceremony was proposed that would follow this epoch, and whether one
    /// of them is a refresh that may still come to something.
    async fn proposals(
        &self,
        at: Block,
        committee: &Committee,
        latest: u64,
    ) -> Result<(Option<Duration>, bool), ChainError> {
        let committee_id = self.locator.committee_id;
        let mut since = None;
        for ceremony in (1..=latest).rev().take(LOOK_BACK) {
            let question = contract::ceremonyInfoCall {
                committeeId: committee_id,
                ceremony,
            };
            let info = self.read(at, &question).await?;
            if info.fromEpoch != committee.epoch {
                break;
            }
            if since.is_none() {
                let time = self.time_of(info.proposedAt).await?.unwrap_or(at.time);
                since = Some(Duration::from_secs(at.time.saturating_sub(time)));
            }
            if !OPEN.contains(&(info.state as u8)) || info.threshold != committee.threshold {
                continue;
            }
            let question = contract::ceremonyMembersCall {
                committeeId: committee_id,
                ceremony,
            };
            let members = self.read(at, &question).await?;
            let proposed = members.iter().map(|member| member.operator);
            if proposed.eq(committee.members.iter().map(|member| member.operator)) {
                return Ok((since, true));
            }
        }
        Ok((since, false))
    }

    /// The time of a block; `None` where the chain does not know it any more.
    async fn time_of(&self, number: u64) -> Result<Option<u64>, ChainError> {
        for back in 0..MOST_NULL_ROUNDS.min(number + 1) {
            if let Some(block) = self.chain.block_at(number - back).await? {
                return Ok(Some(block.time));
            }
        }
        Ok(None)
    }

    async fn read<C: SolCall>(&self, at: Block, call: &C) -> Result<C::Return, ChainError> {
        self.chain.read(at.hash, self.locator.contract, call).await
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
