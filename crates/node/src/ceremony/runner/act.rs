//! Doing what is due: keep the share, write down and send what this node says.

use stheno_chain::Block;

use super::{
    super::{
        Action, Clock, Machine,
        call::{KEYS_PER_CALL, Scribe},
    },
    Runner, RunnerError,
    course::{Course, Part},
    outbox::{Outbox, Step},
    views::Views,
};
use crate::clock;

impl Runner {
    /// Does everything that is due. Tells whether the node's standing may have changed.
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
        let mut kept = false;
        for ceremony in course.ceremonies() {
            if let Some(part) = course.part_mut(ceremony) {
                self.arm(part).await?;
            }
            let mut due = course.due(ceremony, clock).await?;
            if due.contains(&Action::KeepShare) {
                if let Some(part) = course.part_mut(ceremony) {
                    self.keep_share(&mut part.machine).await?;
                }
                kept = true;
                due = course.due(ceremony, clock).await?;
            }
            let Some(part) = course.part_mut(ceremony) else {
                continue;
            };
            for action in due {
                self.perform(&mut part.machine, &action, head, outbox)
                    .await?;
            }
        }
        Ok(kept)
    }

    /// Gives the machine what it needs of the vault, once it knows its part.
    async fn arm(&self, part: &mut Part) -> Result<(), RunnerError> {
        if let Some(operator) = self.data_dir.operator()? {
            part.machine.operator_known(operator);
        }
        let may = self.renewal.approves_refreshes();
        part.machine.approve_refreshes(may);
        if part.machine.record().end().is_some()
            && !part.machine.is_disarmed()
            && let Some(proposal) = part.machine.record().proposal()
            && self.store.erasures().await?.contains(&proposal)
        {
            // What is left to do for an epoch that is settled needs no secret.
            part.machine.disarm();
        }
        let Some(proposal) = part.machine.wants_seeds() else {
            return Ok(());
        };
        let seeds = self.vault.ceremony_seeds(&proposal)?;
        let held = match part.origin_context {
            Some(context) => self.vault.held_share(&context)?,
            None => None,
        };
        part.machine.arm(seeds, held);
        Ok(())
    }

    async fn keep_share(&self, machine: &mut Machine) -> Result<(), RunnerError> {
        let (Some(context), Some((share, keys))) =
            (machine.record().context(), machine.new_share())
        else {
            return Ok(());
        };
        self.store.keep_epoch_keys(&context, keys).await?;
        self.vault.keep_share(&context, share)?;
        tracing::info!(index = %share.index(), "this node's key share is made, and kept");
        machine.share_is_kept();
        Ok(())
    }

    async fn perform(
        &self,
        machine: &mut Machine,
        action: &Action,
        head: &Block,
        outbox: &Outbox,
    ) -> Result<(), RunnerError> {
        let scribe = self.scribe(machine);
        let step = |name, round| Step {
            ceremony: scribe.ceremony,
            name,
            round,
        };
        let (step, call) = match action {
            Action::PostKey(message) => (step("key", 0), scribe.post_key(message)),
            Action::ApproveRefresh(message) => {
                let Some(operator) = self.data_dir.operator()? else {
                    return Ok(());
                };
                let call = scribe.approve_refresh(message, operator);
                (step("approve", 0), call)
            }
            Action::Deal { message, dealing } => (step("deal", 0), scribe.deal(message, dealing)),
            Action::Complain(message) => (step("complain", 0), scribe.complain(message)),
            Action::Answer(message) => (step("answer", 0), scribe.answer(message)),
            Action::Extend(message) => {
                let round = message.phase * 16 + message.round;
                (step("extend", round), scribe.extend(message))
            }
            Action::Confirm(outcome) => {
                let Some(context) = machine.record().context() else {
                    return Ok(());
                };
                let Some(held) = self.vault.held_share(&context)? else {
                    return Ok(());
                };
                (step("confirm", 0), scribe.confirm(outcome, context, &held)?)
            }
            // What anybody may do carries no word of this node's, so it needs no journal.
            Action::Activate(outcome) => {
                outbox.offer(step("activate", 0), scribe.activate(outcome), head);
                return Ok(());
            }
            Action::Fail => {
                outbox.offer(step("fail", 0), scribe.fail(), head);
                return Ok(());
            }
            Action::PublishKeys { epoch, missing } => {
                return self.publish(machine, *epoch, missing, head, outbox).await;
            }
            // Done before.
            Action::KeepShare => return Ok(()),
        };
        let Some(proposal) = machine.record().proposal() else {
            return Ok(());
        };
        if outbox.is_busy_with(step, head) {
            return Ok(());
        }
        let entry = format!("{}-{}", step.name, step.round);
        let now = clock::now();
        let call = self.store.journal(&proposal, &entry, &call, now).await?;
        outbox.offer(step, call, head);
        Ok(())
    }

    /// Publishes the node keys that are not at the head already.
    async fn publish(
        &self,
        machine: &mut Machine,
        epoch: u64,
        missing: &[u16],
        head: &Block,
        outbox: &Outbox,
    ) -> Result<(), RunnerError> {
        let size = machine
            .outcome()
            .map_or(0, |(_, keys)| keys.node_keys.len());
        let views = Views {
            runner: self,
            at: *head,
        };
        for index in views.published_keys(epoch, size).await? {
            machine.key_published(index);
        }
        let Some((_, keys)) = machine.outcome() else {
            return Ok(());
        };
        let missing: Vec<u16> = missing
            .iter()
            .copied()
            .filter(|index| !machine.is_published(*index))
            .collect();
        let scribe = self.scribe(machine);
        for (round, indices) in (0..).zip(missing.chunks(KEYS_PER_CALL)) {
            let step = Step {
                ceremony: scribe.ceremony,
                name: "publish",
                round,
            };
            outbox.offer(
                step,
                scribe.publish_keys(epoch, &keys.node_keys, indices),
                head,
            );
        }
        Ok(())
    }

    fn scribe(&self, machine: &Machine) -> Scribe<'_> {
        Scribe {
            domain: self.domain,
            committee_id: self.locator.committee_id,
            ceremony: machine.record().setting().number,
            identity: self.vault.identity(),
        }
    }
}
