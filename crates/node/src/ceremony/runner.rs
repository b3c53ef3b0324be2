//! The ceremony's I/O: follows the final log, feeds the machine, does what is due.
//!
//! Everything that it knows is on disk: a restart replays the stored log into
//! new parts, which then say the same things are due, and the journal has the
//! very bytes. When an endpoint shows a log that the contract cannot have
//! written, or what was final is not on the chain any more, the log is
//! forgotten and read again from the chain.

mod act;
mod course;
mod outbox;
mod views;

use std::{sync::Arc, time::Duration};

use stheno_chain::{Chain, ChainError, Locator, Sender};
use stheno_protocol::Domain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::RecordFault;
use crate::{
    data_dir::{DataDir, DataDirError},
    epochs::{custody::Custody, renewal::Renewal},
    metrics::Metrics,
    standing::{self, Served, Standing, StandingError},
    store::{Store, StoreError},
    vault::{Vault, VaultError},
};
use course::Course;
use outbox::Outbox;

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
    /// What looks after the secrets of epochs and ceremonies that are over.
    pub(crate) custody: Custody,
    /// What renews the shares of an unchanged committee.
    pub(crate) renewal: Renewal,
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
            look_again |= self.custody.tend(course.up_to()).await;
            if let Some(call) = self.renewal.proposal(course.up_to()).await {
                outbox.propose(call, head.number);
            }
            self.metrics.ceremonies_done(head.number);
            tokio::time::sleep(self.every).await;
        }
    }

    /// What an error asks for beyond trying again.
    async fn recover(&self, error: RunnerError) {
        match &error {
            RunnerError::Record { ceremony, fault } => tracing::error!(
                ceremony, %fault,
                "the endpoints show a log that the contract cannot have written; reading it again"
            ),
            RunnerError::Chain(fault @ ChainError::Reorganised { .. }) => tracing::error!(
                %fault,
                "what was read is not on the chain any more; reading it again"
            ),
            _ => {
                tracing::warn!(%error, "following the committee was interrupted");
                return;
            }
        }
        self.metrics.record_fault();
        if let Err(error) = self.store.forget_logs().await {
            tracing::error!(%error, "the log could not be dropped");
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
        let state = found.state();
        let epochs = found.served().map(Served::numbers).unwrap_or_default();
        self.metrics.standing(state, &epochs);
        self.standing.send_if_modified(|standing| {
            if matches!(standing, Standing::Stopping) {
                return false;
            }
            let same = standing.state() == state && standing.explanation() == found.explanation();
            if same {
                return false;
            }
            match &found {
                Standing::Degraded(..) => tracing::error!("{}", found.explanation()),
                other => tracing::info!(state = ?state, "{}", other.explanation()),
            }
            *standing = found;
            true
        });
        Ok(())
    }
}
