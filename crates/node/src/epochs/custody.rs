//! What the vault has too much: found, and erased when the active epoch is settled.
//!
//! Tended by the runner after each turn, on its own thread of control, so that nothing is erased
//! while a ceremony makes use of it. An erasure is written down before it begins; from then on the
//! share is not served, and whatever a `kill -9` leaves of it is erased after the next start.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use stheno_chain::{
    Block, Chain, ChainError, Committee, Locator,
    contracts::committee::CommitteeContract as contract, read_committee,
};
use tokio::task::JoinHandle;

use super::{
    canary::Canary,
    erasure::{Active, Belonging, Secret, Wait, erasable},
};
use crate::{
    clock,
    metrics::Metrics,
    recovery::{
        Blank, Trustees,
        trustees::{path_of, remove_before},
    },
    standing::{Share, StandingError, epoch_keys, keys_fault, share_of},
    store::Store,
    vault::Vault,
};

/// Between two canaries at first, and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// How often an alarm is repeated.
const ALARM: Duration = Duration::from_secs(60);
/// How many ceremonies back a secret's own may be.
const LOOK_BACK: usize = 64;

/// The contract's states of a ceremony.
const PENDING: std::ops::RangeInclusive<u8> = 1..=2;
const RUNNING: u8 = 3;

/// Keeps the vault as empty as it may be.
#[derive(Debug)]
pub(crate) struct Custody {
    pub(crate) chain: Chain,
    pub(crate) locator: Locator,
    pub(crate) vault: Arc<Vault>,
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    /// For how many blocks the epoch before answers as well, at least.
    pub(crate) overlap: u64,
    pub(crate) canary: Canary,
    /// Among whom this node's share is split, into files of that folder.
    pub(crate) trustees: Option<Trustees>,
    pub(crate) recovery: PathBuf,
    pub(crate) seen: Mutex<Seen>,
}

/// What was found before.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The last final block that was looked at.
    at: Option<u64>,
    epoch: u64,
    /// The active epoch, read with all that is needed of it.
    active: Option<Arc<Committee>>,
    flight: Option<JoinHandle<()>>,
    next_flight: Option<(Instant, Duration)>,
    alarmed: Option<Instant>,
}

impl Custody {
    /// Ends erasures that were begun, tries the active epoch's shares where that is due, and begins
    /// to erase what is needed no longer. Tells whether the node's standing may have changed.
    ///
    /// A fault is told and tried again: it must not keep the node from its ceremonies.
    pub(crate) async fn tend(&self, at: Option<Block>) -> bool {
        match self.turn(at).await {
            Ok(changed) => changed,
            Err(error) => {
                tracing::warn!(%error, "old secrets could not be looked after");
                false
            }
        }
    }

    async fn turn(&self, at: Option<Block>) -> Result<bool, StandingError> {
        let held = self.held().await?;
        let Some(at) = at.filter(|at| self.is_new(at.number)) else {
            return Ok(false);
        };
        if held.is_empty() {
            return Ok(false);
        }
        let Some(committee) = self.active(at).await? else {
            return Ok(false);
        };
        self.split(&committee).await?;
        let settled = BTreeSet::from([Secret::Share(committee.context)]);
        self.metrics.settled(held == settled);
        if held == settled {
            self.forget_splits_before(committee.epoch);
            return Ok(false);
        }
        let own = share_of(&committee, &self.vault, &self.store).await?;
        let canary_opened = self.store.is_canary_opened(&committee.context).await?;
        let active = Active {
            is_member: !matches!(own, Share::NotAMember),
            has_share: matches!(own, Share::Good(_)),
            canary_opened,
            activated_at: committee.activated_at,
            now: at.number,
            overlap: self.overlap,
        };
        if !canary_opened {
            self.let_canary_out(&committee, own).await?;
        }
        if let Some(wait) = active.waits_for() {
            self.alarm(&committee, &active, wait);
            return Ok(false);
        }
        let belongings = self.belongings(&committee, &held, at).await?;
        let erasable = erasable(&active, &belongings);
        for secret in &erasable {
            self.store
                .note_erasure(secret.digest(), clock::now())
                .await?;
        }
        if !erasable.is_empty() {
            self.forget_splits_before(committee.epoch);
        }
        Ok(!erasable.is_empty())
    }

    /// Splits the active epoch's share among the trustees, as soon as this node has it. That this
    /// fails is told, and tried again at the next block.
    async fn split(&self, committee: &Committee) -> Result<(), StandingError> {
        let Some(trustees) = &self.trustees else {
            return Ok(());
        };
        let epoch = committee.epoch;
        if path_of(&self.recovery, epoch).exists() {
            return Ok(());
        }
        let Share::Good(own) = share_of(committee, &self.vault, &self.store).await? else {
            return Ok(());
        };
        let blank = Blank {
            committee: self.locator,
            identity: self.vault.address(),
            node: own.index,
            epoch,
            context: own.context,
        };
        match trustees.split(&self.recovery, blank, own.held.constant()) {
            Ok(path) => {
                let path = path.display();
                tracing::info!(epoch, %path, "this node's share is split among its trustees");
            }
            Err(error) => tracing::error!(epoch, %error, "the share is not split among trustees"),
        }
        Ok(())
    }

    fn forget_splits_before(&self, epoch: u64) {
        if let Err(error) = remove_before(&self.recovery, epoch) {
            let path = self.recovery.display();
            tracing::warn!(%path, %error, "split shares of epochs that are over stay");
        }
    }

    /// The secrets in the vault, after those are gone whose erasure was begun.
    async fn held(&self) -> Result<BTreeSet<Secret>, StandingError> {
        let shares = self.vault.shares()?.into_iter().map(Secret::Share);
        let seeds = self.vault.seeds()?.into_iter().map(Secret::Seeds);
        let mut held: BTreeSet<Secret> = shares.chain(seeds).collect();
        let erased = self.store.erasures().await?;
        let begun: Vec<Secret> = held
            .iter()
            .filter(|secret| erased.contains(secret.digest()))
            .copied()
            .collect();
        for secret in begun {
            match secret {
                Secret::Share(context) => self.vault.erase_share(&context)?,
                Secret::Seeds(proposal) => self.vault.erase_seeds(&proposal)?,
            }
            self.metrics.erased();
            match secret {
                Secret::Share(context) => tracing::info!(%context, "an old key share is erased"),
                Secret::Seeds(proposal) => {
                    tracing::info!(%proposal, "the seeds of a ceremony are erased");
                }
            }
            held.remove(&secret);
        }
        Ok(held)
    }

    fn is_new(&self, number: u64) -> bool {
        let mut seen = self.seen();
        let new = seen.at != Some(number);
        seen.at = Some(number);
        new
    }

    /// The active epoch at a final block.
    async fn active(&self, at: Block) -> Result<Option<Arc<Committee>>, StandingError> {
        let question = contract::committeeCall {
            committeeId: self.locator.committee_id,
        };
        let info = self
            .chain
            .read(at.hash, self.locator.contract, &question)
            .await?;
        let known = self.seen().active.clone();
        if let Some(known) = known.filter(|known| known.epoch == info.epoch) {
            return Ok(Some(known));
        }
        match read_committee(&self.chain, &self.locator, Some(at)).await {
            Ok(committee) => {
                let committee = Arc::new(committee);
                let mut seen = self.seen();
                seen.active = Some(Arc::clone(&committee));
                if seen.epoch != committee.epoch {
                    seen.epoch = committee.epoch;
                    seen.next_flight = None;
                    seen.alarmed = None;
                }
                Ok(Some(committee))
            }
            Err(ChainError::NoEpoch { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tries the epoch's shares in the background, one canary at a time.
    async fn let_canary_out(
        &self,
        committee: &Arc<Committee>,
        own: Share,
    ) -> Result<(), StandingError> {
        let Some(keys) = epoch_keys(committee, &self.store).await? else {
            // Who did not compute them, as a member that leaves, waits until they are published.
            self.seen().active = None;
            return Ok(());
        };
        if let Some(fault) = keys_fault(committee, &keys) {
            tracing::error!(fault, "no canary can be let out");
            return Ok(());
        }
        let mut seen = self.seen();
        let busy = seen
            .flight
            .as_ref()
            .is_some_and(|flight| !flight.is_finished());
        let (due, pause) = seen
            .next_flight
            .unwrap_or_else(|| (Instant::now(), PAUSES.0));
        if busy || Instant::now() < due {
            return Ok(());
        }
        seen.next_flight = Some((Instant::now() + pause, (pause * 2).min(PAUSES.1)));
        let (canary, store, metrics) = (
            self.canary.clone(),
            self.store.clone(),
            self.metrics.clone(),
        );
        let committee = Arc::clone(committee);
        seen.flight = Some(tokio::spawn(async move {
            let own = match own {
                Share::Good(epoch) => Some(epoch.held),
                Share::NotAMember | Share::Unusable(_) => None,
            };
            let epoch = committee.epoch;
            match canary.open(&committee, &keys, own).await {
                Ok(nodes) => {
                    metrics.canary(true);
                    tracing::info!(epoch, ?nodes, "the canary opened through the new shares");
                    let noted = store
                        .canary_has_opened(&committee.context, clock::now())
                        .await;
                    if let Err(error) = noted {
                        tracing::error!(%error, "that the canary opened could not be noted");
                    }
                }
                Err(error) => {
                    metrics.canary(false);
                    tracing::warn!(epoch, %error, "the canary did not open; it is tried again");
                }
            }
        }));
        Ok(())
    }

    /// Loud, once the overlap is over and the new epoch is not good enough to erase the old.
    fn alarm(&self, committee: &Committee, active: &Active, wait: Wait) {
        let overlap_is_over = active.now >= active.activated_at.saturating_add(active.overlap);
        self.metrics
            .overdue(overlap_is_over && matches!(wait, Wait::Canary | Wait::Share));
        if !overlap_is_over {
            return;
        }
        let mut seen = self.seen();
        if seen.alarmed.is_some_and(|at| at.elapsed() < ALARM) {
            return;
        }
        seen.alarmed = Some(Instant::now());
        let epoch = committee.epoch;
        match wait {
            Wait::Canary => tracing::error!(
                epoch,
                "ALARM: no canary has been opened through the shares of the new epoch; the old \
                 epoch goes on serving, and nothing is erased"
            ),
            Wait::Share => tracing::error!(
                epoch,
                "ALARM: this node has no good share of the new epoch and keeps its old one; run \
                 `stheno-node repair`"
            ),
            Wait::Overlap(_) => {}
        }
    }

    /// To what each secret belongs, as the contract says at a final block.
    async fn belongings(
        &self,
        committee: &Committee,
        held: &BTreeSet<Secret>,
        at: Block,
    ) -> Result<BTreeMap<Secret, Belonging>, StandingError> {
        let committee_id = self.locator.committee_id;
        let latest = contract::committeeCall {
            committeeId: committee_id,
        };
        let latest = self.read(at, &latest).await?.ceremony;
        let mut found: BTreeMap<B256, Belonging> = BTreeMap::new();
        for number in (1..=latest).rev().take(LOOK_BACK) {
            if held
                .iter()
                .all(|secret| found.contains_key(secret.digest()))
            {
                break;
            }
            let question = contract::ceremonyInfoCall {
                committeeId: committee_id,
                ceremony: number,
            };
            let info = self.read(at, &question).await?;
            let state = info.state as u8;
            let stale = PENDING.contains(&state) && info.fromEpoch != committee.epoch;
            let belonging = if number == committee.ceremony {
                Belonging::Active
            } else if stale || state > RUNNING {
                Belonging::Over
            } else {
                Belonging::Open
            };
            found.insert(info.proposal, belonging);
            if !info.context.is_zero() {
                found.insert(info.context, belonging);
            }
        }
        let belonging = |secret: &Secret| found.get(secret.digest()).copied();
        Ok(held
            .iter()
            .map(|secret| (*secret, belonging(secret).unwrap_or(Belonging::Open)))
            .collect())
    }

    async fn read<C: alloy::sol_types::SolCall>(
        &self,
        at: Block,
        call: &C,
    ) -> Result<C::Return, StandingError> {
        let contract = self.locator.contract;
        Ok(self.chain.read(at.hash, contract, call).await?)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
