//! Where the runner stands: the follower of the final log, and this node's part in each ceremony
//! that is not over.
//!
//! Several may be proposed side by side; the one that gathers its approvals first runs, alone,
//! and with its success the others are void.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::{
    primitives::{B256, LogData},
    rpc::types::{Filter, Log},
};
use stheno_chain::{Block, BlockRef, Cursor, LogFollower};
use stheno_protocol::ceremony::Windows;

use super::{
    super::{
        Deviation, End, Event, Me, Noted, Participant, Setting, Step, WeightsSeed,
        event::{Decoded, decode},
    },
    Runner, RunnerError,
    act::entropy,
    views::Views,
};
use crate::{metrics::Metrics, store::StoredLog, vault::Vault};

/// The runner's place in the log.
pub(super) struct Course {
    follower: LogFollower,
    up_to: Option<Block>,
    parts: BTreeMap<u64, Participant>,
    windows: Windows,
}

/// A batch was applied.
pub(super) struct News {
    /// Whether something in it may change what this node does.
    pub(super) standing_may_change: bool,
}

/// An event with its place.
struct Placed {
    ceremony: u64,
    block: u64,
    event: Event,
}

impl Course {
    /// Goes on where the store says; a new node begins with the oldest ceremony that matters.
    pub(super) async fn resume(runner: &Runner) -> Result<Self, RunnerError> {
        let last = runner.chain.final_head().await?;
        let views = Views { runner, at: last };
        let committee = views.committee().await?;
        let cursor = match runner.store.followed_to().await? {
            Some(block) => Cursor::After(block),
            None => match views.first_block(&committee).await? {
                Some(block) => Cursor::From(block),
                None => Cursor::After(last.at()),
            },
        };
        let committee_id = B256::left_padding_from(&runner.locator.committee_id.to_be_bytes());
        let filter = Filter::new()
            .address(runner.locator.contract)
            .topic1(committee_id);
        let mut course = Self {
            follower: LogFollower::new(runner.chain.clone(), filter, cursor),
            up_to: None,
            parts: BTreeMap::new(),
            windows: Windows {
                deal: committee.windows.deal,
                complain: committee.windows.complain,
                answer: committee.windows.answer,
                confirm: committee.windows.confirm,
                margin: committee.windows.margin,
                consent_delay: committee.windows.consentDelay,
            },
        };
        course.replay(runner, last).await?;
        if let Cursor::After(block) = cursor {
            course.up_to = block_of(runner, block, &last).await?;
        }
        tracing::debug!(?cursor, ceremonies = ?course.parts.keys(), "following the committee");
        Ok(course)
    }

    /// Takes the next final events, if there are any new final blocks.
    pub(super) async fn advance(&mut self, runner: &Runner) -> Result<Option<News>, RunnerError> {
        let Some(batch) = self.follower.poll().await? else {
            return Ok(None);
        };
        let standing_may_change = batch.events.iter().any(|log| changes_standing(log.data()));
        let stored: Vec<StoredLog> = batch.events.iter().filter_map(stored_log).collect();
        let events = stored.iter().filter_map(placed).collect();
        let open = self.open_ceremonies();
        self.apply(runner, events, batch.up_to).await?;
        self.note_published(&batch.events);
        let touched: BTreeSet<u64> = stored.iter().map(|log| log.ceremony).collect();
        self.check_transcripts(runner, batch.up_to, &touched)
            .await?;
        runner.store.append_logs(&stored, batch.up_to.at()).await?;
        for ceremony in open {
            let applied = batch.up_to.number;
            self.tell_end(ceremony, applied, &runner.metrics).await?;
        }
        self.tidy();
        self.up_to = Some(batch.up_to);
        Ok(Some(News {
            standing_may_change,
        }))
    }

    /// The last final block whose events have been applied.
    pub(super) fn up_to(&self) -> Option<Block> {
        self.up_to
    }

    /// The ceremonies that this node follows.
    pub(super) fn ceremonies(&self) -> Vec<u64> {
        self.parts.keys().copied().collect()
    }

    pub(super) fn part_mut(&mut self, ceremony: u64) -> Option<&mut Participant> {
        self.parts.get_mut(&ceremony)
    }

    /// Whether an open ceremony has a part for this node.
    pub(super) fn has_part(&self) -> bool {
        self.parts.values().any(|part| {
            let machine = part.machine();
            !is_over(part) && (machine.receiver().is_some() || machine.dealer().is_some())
        })
    }

    /// The next step of a ceremony's turn, computed on a thread that may be busy for a while.
    pub(super) async fn next_step(
        &mut self,
        ceremony: u64,
        vault: &Arc<Vault>,
    ) -> Result<Option<Step>, RunnerError> {
        let (vault, entropy) = (vault.clone(), entropy()?);
        let next = move |part: &mut Participant| part.next_step(vault.identity(), &entropy);
        Ok(self.work(ceremony, next).await?.flatten())
    }

    /// Replays what the store has of ceremonies that are not over, and of the last that succeeded.
    async fn replay(&mut self, runner: &Runner, at: Block) -> Result<(), RunnerError> {
        for ceremony in runner.store.ceremonies().await? {
            let logs = runner.store.ceremony_logs(ceremony).await?;
            let events: Vec<Placed> = logs.iter().filter_map(placed).collect();
            if events.iter().any(|placed| placed.event == Event::Failed) {
                continue;
            }
            self.apply(runner, events, at).await?;
        }
        self.tidy();
        Ok(())
    }

    /// Applies events in order; a proposal begins a new part.
    async fn apply(
        &mut self,
        runner: &Runner,
        events: Vec<Placed>,
        at: Block,
    ) -> Result<(), RunnerError> {
        let mut by_ceremony: BTreeMap<u64, Vec<Placed>> = BTreeMap::new();
        for placed in events {
            by_ceremony.entry(placed.ceremony).or_default().push(placed);
        }
        for (ceremony, events) in by_ceremony {
            if let Some(Placed {
                event: Event::Proposed { from_epoch, .. },
                ..
            }) = events.first()
            {
                match begin(runner, self.windows, ceremony, *from_epoch, at).await {
                    Ok(part) => drop(self.parts.insert(ceremony, part)),
                    // Its origin's keys were never published, and nothing can come of it any more:
                    // it must not keep this node from those that are open.
                    Err(RunnerError::Contract(fault))
                        if is_past(runner, at, *from_epoch).await? =>
                    {
                        tracing::warn!(ceremony, fault, "a ceremony that is over is passed over");
                    }
                    Err(error) => return Err(error),
                }
            }
            self.feed(ceremony, events).await?;
        }
        Ok(())
    }

    async fn feed(&mut self, ceremony: u64, events: Vec<Placed>) -> Result<(), RunnerError> {
        let apply = move |part: &mut Participant| {
            for placed in events {
                if let Noted::Ignored(why) = part.apply(placed.block, placed.event)? {
                    tracing::warn!(ceremony, block = placed.block, "passed over {why}");
                }
            }
            Ok(())
        };
        match self.work(ceremony, apply).await? {
            Some(Err(fault)) => Err(RunnerError::Record { ceremony, fault }),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Lets a part work on a thread that may be busy for a while; `None` without one.
    async fn work<T: Send + 'static>(
        &mut self,
        ceremony: u64,
        work: impl FnOnce(&mut Participant) -> T + Send + 'static,
    ) -> Result<Option<T>, RunnerError> {
        let Some(mut part) = self.parts.remove(&ceremony) else {
            return Ok(None);
        };
        let working = tokio::task::spawn_blocking(move || {
            let done = work(&mut part);
            (part, done)
        });
        let (part, done) = working.await.map_err(|_| RunnerError::BrokeOff)?;
        self.parts.insert(ceremony, part);
        Ok(Some(done))
    }

    fn open_ceremonies(&self) -> Vec<u64> {
        let open = self.parts.iter().filter(|(_, part)| !is_over(part));
        open.map(|(ceremony, _)| *ceremony).collect()
    }

    /// Compares running hashes with the contract's at the same block.
    async fn check_transcripts(
        &mut self,
        runner: &Runner,
        at: Block,
        touched: &BTreeSet<u64>,
    ) -> Result<(), RunnerError> {
        let views = Views { runner, at };
        for (ceremony, part) in &mut self.parts {
            if is_over(part) && !touched.contains(ceremony) {
                continue;
            }
            let info = views.ceremony(*ceremony).await?;
            let checked = part.check_transcript(info.transcript);
            checked.map_err(|fault| RunnerError::Record {
                ceremony: *ceremony,
                fault,
            })?;
        }
        Ok(())
    }

    fn note_published(&mut self, logs: &[Log]) {
        for log in logs {
            let Decoded::KeyPublished { epoch, index } = decode(log.data()) else {
                continue;
            };
            for part in self.parts.values_mut() {
                if made_epoch(part) == Some(epoch) {
                    part.keys_are_published([index]);
                }
            }
        }
    }

    /// Drops what came to nothing, and what another ceremony's success has made void.
    fn tidy(&mut self) {
        let last = self
            .parts
            .iter()
            .filter_map(|(ceremony, part)| Some((made_epoch(part)?, *ceremony)))
            .max();
        self.parts.retain(|ceremony, part| {
            let record = part.machine().record();
            match record.end() {
                Some(End::Failed { .. }) => false,
                Some(End::Active { .. }) => last.is_some_and(|(_, last)| last == *ceremony),
                None => last.is_none_or(|(epoch, _)| record.from_epoch() == Some(epoch)),
            }
        });
    }

    /// Says how a ceremony that was open has ended, if it has.
    async fn tell_end(
        &mut self,
        ceremony: u64,
        applied: u64,
        metrics: &Metrics,
    ) -> Result<(), RunnerError> {
        let judge = move |part: &mut Participant| {
            let end = part.machine().record().end()?.clone();
            Some((part.machine().report(applied).deviations, end))
        };
        let Some((deviations, end)) = self.work(ceremony, judge).await?.flatten() else {
            return Ok(());
        };
        for Deviation {
            side,
            index,
            identity,
            fault,
        } in deviations
        {
            metrics.deviation(identity, fault.name());
            tracing::warn!(ceremony, ?side, index, %identity, "a member {fault}");
        }
        match end {
            End::Active { epoch, outcome, .. } => tracing::info!(
                ceremony,
                epoch,
                qualified = outcome.qualified_dealers().count(),
                "the ceremony has made an epoch"
            ),
            End::Failed { .. } => tracing::error!(ceremony, "the ceremony has failed"),
        }
        Ok(())
    }
}

async fn begin(
    runner: &Runner,
    windows: Windows,
    number: u64,
    from_epoch: u64,
    at: Block,
) -> Result<Participant, RunnerError> {
    let (origin, origin_context) = match from_epoch {
        0 => (None, None),
        epoch => {
            let (origin, context) = Views { runner, at }.origin(epoch).await?;
            (Some(origin), Some(context))
        }
    };
    let setting = Setting {
        domain: runner.domain,
        number,
        windows,
        origin,
        weights_seed: WeightsSeed::fresh()?.into(),
    };
    let me = Me {
        identity: runner.vault.address(),
        operator: runner.data_dir.operator()?,
    };
    tracing::info!(ceremony = number, "a ceremony was proposed");
    let committee_id = runner.locator.committee_id;
    Ok(Participant::new(setting, committee_id, me, origin_context))
}

/// Whether the epoch that a ceremony starts from has been followed by another.
async fn is_past(runner: &Runner, at: Block, from_epoch: u64) -> Result<bool, RunnerError> {
    let committee = Views { runner, at }.committee().await?;
    Ok(from_epoch < committee.epoch)
}

/// The block that the store left off at.
async fn block_of(
    runner: &Runner,
    block: BlockRef,
    last: &Block,
) -> Result<Option<Block>, RunnerError> {
    if block == last.at() {
        return Ok(Some(*last));
    }
    let found = runner.chain.block_at(block.number).await?;
    Ok(found.filter(|found| found.hash == block.hash))
}

fn is_over(part: &Participant) -> bool {
    part.machine().record().end().is_some()
}

fn made_epoch(part: &Participant) -> Option<u64> {
    match part.machine().record().end() {
        Some(End::Active { epoch, .. }) => Some(*epoch),
        _ => None,
    }
}

/// Whether an event begins or ends something for this node.
fn changes_standing(log: &LogData) -> bool {
    match decode(log) {
        Decoded::KeyPublished { .. } => true,
        Decoded::Ceremony(_, event) => matches!(
            event,
            Event::Members { .. } | Event::Activated { .. } | Event::Failed
        ),
        Decoded::Other => false,
    }
}

fn stored_log(log: &Log) -> Option<StoredLog> {
    let Decoded::Ceremony(ceremony, _) = decode(log.data()) else {
        return None;
    };
    Some(StoredLog {
        ceremony,
        block: log.block_number?,
        index: log.log_index?,
        data: log.data().clone(),
    })
}

fn placed(log: &StoredLog) -> Option<Placed> {
    match decode(&log.data) {
        Decoded::Ceremony(ceremony, event) => Some(Placed {
            ceremony,
            block: log.block,
            event,
        }),
        _ => None,
    }
}
