//! The ceremony's I/O: follows the final log, feeds the machine, does what is due.
//!
//! Everything that it knows is on disk: a restart replays the stored log into
//! a new machine, which then says the same things are due, and the journal has
//! the very bytes. When an endpoint shows a log that the contract cannot have
//! written, the ceremony is forgotten and read again from the chain.

mod course;
mod outbox;

use std::{sync::Arc, time::Duration};

use stheno_chain::{Block, Chain, ChainError, Locator, Sender};
use stheno_protocol::Domain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Action, Clock, End, Machine, RecordFault,
    call::{KEYS_PER_CALL, Scribe},
};
use crate::{
    data_dir::{DataDir, DataDirError},
    metrics::Metrics,
    standing::{self, Standing, StandingError},
    store::{Store, StoreError},
    vault::{Vault, VaultError},
};
use course::Course;
use outbox::{Outbox, Step};

/// Between two attempts, when the chain or a part of the node fails.
const PAUSE: Duration = Duration::from_secs(3);

/// One member's part in its committee's ceremonies, for as long as the node runs.
#[derive(Debug)]
pub struct Runner {
    /// The committee's chain.
    pub chain: Chain,
    /// The committee.
    pub locator: Locator,
    /// The same, as signatures are bound to it.
    pub domain: Domain,
    /// Keys, seeds and shares.
    pub vault: Arc<Vault>,
    /// Logs, journal and public keys.
    pub store: Store,
    /// Where the operator is pinned.
    pub data_dir: DataDir,
    /// What the rest of the node learns from here.
    pub standing: watch::Sender<Standing>,
    /// What is counted.
    pub metrics: Metrics,
    /// How often the chain is looked at.
    pub every: Duration,
}

/// Why a turn came to nothing. The next may succeed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The data directory failed.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The log is not what the contract wrote.
    #[error("ceremony {ceremony}: {fault}")]
    Record {
        /// Which ceremony's.
        ceremony: u64,
        /// What is wrong.
        fault: RecordFault,
    },
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The contract's answers do not fit each other.
    #[error("the committee contract's answers do not fit: {0}")]
    Contract(String),
    /// A computation broke off.
    #[error("a computation of the ceremony broke off")]
    BrokeOff,
}

impl From<StandingError> for RunnerError {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::Chain(error) => error.into(),
            StandingError::Vault(error) => error.into(),
            StandingError::Store(error) => error.into(),
        }
    }
}

impl Runner {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let sender = Sender::new(self.chain.clone(), self.vault.identity().signer());
        let outbox = Outbox::new(sender, self.locator.contract, self.metrics.clone());
        while !stop.is_cancelled() {
            let turned = tokio::select! {
                () = stop.cancelled() => return,
                turned = self.follow(&outbox) => turned,
            };
            if let Err(error) = turned {
                self.recover(error).await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Follows the chain until something fails.
    async fn follow(&self, outbox: &Outbox) -> Result<(), RunnerError> {
        let mut course = Course::resume(self).await?;
        let mut look_again = true;
        loop {
            while let Some(news) = course.advance(self).await? {
                look_again |= news.standing_may_change;
            }
            let head = self.chain.head().await?;
            look_again |= self.act(&mut course, &head, outbox).await?;
            if look_again {
                self.look(&course).await?;
                look_again = false;
            }
            tokio::time::sleep(self.every).await;
        }
    }

    /// What an error asks for beyond trying again.
    async fn recover(&self, error: RunnerError) {
        if let RunnerError::Record { ceremony, fault } = &error {
            self.metrics.record_fault();
            tracing::error!(
                ceremony, %fault,
                "the endpoints show a log that the contract cannot have written; reading it again"
            );
            if let Err(error) = self.store.forget_ceremony(*ceremony).await {
                tracing::error!(%error, "the ceremony's log could not be dropped");
            }
        } else {
            tracing::warn!(%error, "following the committee was interrupted");
        }
    }

    /// Tells the rest of the node where it stands.
    async fn look(&self, course: &Course) -> Result<(), RunnerError> {
        let Some(at) = course.up_to() else {
            return Ok(());
        };
        let found =
            standing::look(&self.chain, &self.locator, at, &self.vault, &self.store).await?;
        let found = match found {
            Standing::Waiting if course.has_part() => Standing::Ceremony,
            other => other,
        };
        let (state, epoch) = (found.state(), found.epoch().map_or(0, |epoch| epoch.number));
        self.metrics.standing(state, epoch);
        self.standing.send_if_modified(|standing| {
            if matches!(standing, Standing::Stopping) {
                return false;
            }
            let same = standing.state() == state
                && standing.epoch().map_or(0, |epoch| epoch.number) == epoch
                && standing.explanation() == found.explanation();
            if same {
                return false;
            }
            match &found {
                Standing::Degraded(why) => tracing::error!(why, "the node cannot serve"),
                other => tracing::info!(state = ?state, "{}", other.explanation()),
            }
            *standing = found;
            true
        });
        Ok(())
    }

    /// Does everything that is due. Tells whether the node's standing may have changed.
    async fn act(
        &self,
        course: &mut Course,
        head: &Block,
        outbox: &Outbox,
    ) -> Result<bool, RunnerError> {
        let mut kept = false;
        let Some(applied) = course.up_to() else {
            return Ok(kept);
        };
        let clock = Clock {
            applied: applied.number,
            head: head.number,
        };
        self.arm(course).await?;
        let mut due = course.due(clock).await?;
        if due.contains(&Action::KeepShare) {
            self.keep_share(course).await?;
            kept = true;
            due = course.due(clock).await?;
        }
        let Some(machine) = course.machine() else {
            return Ok(kept);
        };
        for action in due {
            self.perform(machine, &action, head, outbox).await?;
        }
        Ok(kept)
    }

    /// Gives the machine what it needs of the vault, once it knows its part.
    async fn arm(&self, course: &mut Course) -> Result<(), RunnerError> {
        let operator = self.data_dir.operator()?;
        let held_context = course.origin_context();
        let Some(machine) = course.machine_mut() else {
            return Ok(());
        };
        if let Some(operator) = operator {
            machine.operator_known(operator);
        }
        let Some(proposal) = machine.wants_seeds() else {
            return Ok(());
        };
        let seeds = self.vault.ceremony_seeds(&proposal)?;
        let held = match held_context {
            Some(context) => self.vault.held_share(&context)?,
            None => None,
        };
        machine.arm(seeds, held);
        Ok(())
    }

    async fn keep_share(&self, course: &mut Course) -> Result<(), RunnerError> {
        let Some(machine) = course.machine_mut() else {
            return Ok(());
        };
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

    /// Writes down what this node says, then sends it.
    async fn perform(
        &self,
        machine: &Machine,
        action: &Action,
        head: &Block,
        outbox: &Outbox,
    ) -> Result<(), RunnerError> {
        let record = machine.record();
        let scribe = Scribe {
            domain: self.domain,
            committee_id: self.locator.committee_id,
            ceremony: record.setting().number,
            identity: self.vault.identity(),
        };
        let step = |name, round| Step {
            ceremony: scribe.ceremony,
            name,
            round,
        };
        let (step, call) = match action {
            Action::PostKey(message) => (step("key", 0), scribe.post_key(message)),
            Action::Deal { message, dealing } => (step("deal", 0), scribe.deal(message, dealing)),
            Action::Complain(message) => (step("complain", 0), scribe.complain(message)),
            Action::Answer(message) => (step("answer", 0), scribe.answer(message)),
            Action::Extend(message) => {
                let round = message.phase * 16 + message.round;
                (step("extend", round), scribe.extend(message))
            }
            Action::Confirm(outcome) => {
                let Some(context) = record.context() else {
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
                return self
                    .publish(machine, &scribe, *epoch, missing, head, outbox)
                    .await;
            }
            Action::KeepShare => return Ok(()),
        };
        let Some(proposal) = record.proposal() else {
            return Ok(());
        };
        if outbox.is_busy_with(step, head) {
            return Ok(());
        }
        let entry = format!("{}-{}", step.name, step.round);
        let call = self
            .store
            .journal(&proposal, &entry, &call, crate::clock::now())
            .await?;
        outbox.offer(step, call, head);
        Ok(())
    }

    /// Publishes the node keys that are not at the head already.
    async fn publish(
        &self,
        machine: &Machine,
        scribe: &Scribe<'_>,
        epoch: u64,
        missing: &[u16],
        head: &Block,
        outbox: &Outbox,
    ) -> Result<(), RunnerError> {
        let Some((_, keys)) = machine.outcome() else {
            return Ok(());
        };
        let size = keys.node_keys.len();
        let published = course::published_keys(self, epoch, size, head).await?;
        let missing: Vec<u16> = missing
            .iter()
            .copied()
            .filter(|index| !published.contains(index))
            .collect();
        for (round, indices) in (0..).zip(missing.chunks(KEYS_PER_CALL)) {
            let call = scribe.publish_keys(epoch, &keys.node_keys, indices);
            let step = Step {
                ceremony: scribe.ceremony,
                name: "publish",
                round,
            };
            outbox.offer(step, call, head);
        }
        Ok(())
    }
}

/// Whether a ceremony is over.
fn is_over(machine: &Machine) -> bool {
    matches!(
        machine.record().end(),
        Some(End::Active { .. } | End::Failed)
    )
}
