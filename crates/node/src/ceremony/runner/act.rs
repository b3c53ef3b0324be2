//! Performing the steps of this node's parts: write with vault and store, send with the outbox.

use stheno_chain::Block;
use zeroize::Zeroizing;

use super::{
    super::{Clock, Participant, Step},
    Runner, RunnerError,
    course::Course,
    outbox::{Fate, Outbox},
    views::Views,
};
use crate::{
    clock,
    vault::{HeldShare, VaultError},
};

impl Runner {
    /// Does everything that is due. Tells whether the node's standing may have changed.
    ///
    /// A fault in one ceremony keeps none of the others waiting.
    pub(super) async fn act(
        &self,
        course: &mut Course,
        head: &Block,
        outbox: &Outbox,
    ) -> Result<bool, RunnerError> {
        let Some(applied) = course.up_to() else {
            return Ok(false);
        };
        let clock = Clock {
            applied: applied.number,
            head: head.number,
        };
        for (ceremony, slot, fate) in outbox.fates() {
            match (course.part_mut(ceremony), fate) {
                (Some(part), Fate::Mined(block)) => part.is_mined(slot, block),
                (Some(part), Fate::Refused(head)) => part.is_refused(slot, head),
                (None, _) => {}
            }
        }
        let mut kept = false;
        let mut first_fault = None;
        for ceremony in course.ceremonies() {
            match self.take_turn(course, ceremony, clock, head, outbox).await {
                Ok(share_is_new) => kept |= share_is_new,
                Err(fault) => {
                    tracing::warn!(ceremony, %fault, "a step of the ceremony was not done");
                    first_fault = first_fault.or(Some(fault));
                }
            }
        }
        match first_fault {
            Some(fault) => Err(fault),
            None => Ok(kept),
        }
    }

    /// All steps of one ceremony that are due. Tells whether a share was kept.
    async fn take_turn(
        &self,
        course: &mut Course,
        ceremony: u64,
        clock: Clock,
        head: &Block,
        outbox: &Outbox,
    ) -> Result<bool, RunnerError> {
        let mut kept = false;
        if let Some(part) = course.part_mut(ceremony) {
            if let Some(operator) = self.data_dir.operator()? {
                part.operator_known(operator);
            }
            part.approve_refreshes(self.renewal.approves_refreshes());
            if part.machine().record().end().is_some()
                && !part.machine().is_disarmed()
                && let Some(proposal) = part.machine().record().proposal()
                && self.store.erasures().await?.contains(&proposal)
            {
                // What is left to do for an epoch that is settled needs no secret.
                part.disarm();
            }
            part.turn(clock);
        }
        while let Some(step) = course.next_step(ceremony, &self.vault).await? {
            kept |= matches!(step, Step::KeepShare { .. });
            if let Some(part) = course.part_mut(ceremony) {
                self.perform(part, step, head, outbox).await?;
            }
        }
        Ok(kept)
    }

    async fn perform(
        &self,
        part: &mut Participant,
        step: Step,
        head: &Block,
        outbox: &Outbox,
    ) -> Result<(), RunnerError> {
        match step {
            Step::Arm { proposal, origin } => {
                let seeds = self.vault.ceremony_seeds(&proposal)?;
                let held = match origin {
                    Some(context) => self.vault.held_share(&context)?,
                    None => None,
                };
                part.armed(seeds, held);
            }
            Step::KeepKeys { context } => {
                if let Some((_, keys)) = part.machine().outcome() {
                    self.store.keep_epoch_keys(&context, keys).await?;
                    part.keys_are_kept();
                }
            }
            Step::KeepShare { context } => {
                let held = self.keep_share(part, &context)?;
                part.share_is_kept(held);
            }
            Step::Write { scope, slot, call } => {
                let entry = slot.to_string();
                let call = self
                    .store
                    .journal(&scope, &entry, &call, clock::now())
                    .await?;
                part.is_written(slot, call);
            }
            Step::AskKeys { epoch } => {
                let size = part
                    .machine()
                    .outcome()
                    .map_or(0, |(_, keys)| keys.node_keys.len());
                let views = Views {
                    runner: self,
                    at: *head,
                };
                part.keys_are_at_head(views.published_keys(epoch, size).await?);
            }
            Step::Send { slot, call } => {
                let ceremony = part.machine().record().setting().number;
                outbox.send(ceremony, slot, call, head.number);
            }
        }
        Ok(())
    }

    /// The share as it was read back; none if another stands in its place.
    fn keep_share(
        &self,
        part: &Participant,
        context: &alloy::primitives::B256,
    ) -> Result<Option<HeldShare>, RunnerError> {
        let Some((share, _)) = part.machine().new_share() else {
            return Ok(None);
        };
        match self.vault.keep_share(context, share) {
            Ok(()) => {
                tracing::info!(index = %share.index(), "this node's key share is made, and kept");
                Ok(self.vault.held_share(context)?)
            }
            // An endpoint lied, or what was final is no more. What is there may be in use.
            Err(error @ VaultError::OtherShare(_)) => {
                tracing::error!(%error, "this node takes no share in this ceremony, and needs a reshare");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Fresh randomness for one step.
pub(super) fn entropy() -> Result<Zeroizing<[u8; 32]>, RunnerError> {
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy)?;
    Ok(entropy)
}
