//! Where the runner stands: the follower of the final log, and a machine for each ceremony that
//! is not over.
//!
//! Several may be proposed side by side; the one that gathers its approvals first runs, alone,
//! and with its success the others are void.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{B256, LogData},
    rpc::types::{Filter, Log},
};
use stheno_chain::{Block, BlockRef, Cursor, LogFollower};
use stheno_protocol::ceremony::Windows;

use super::{
    super::{
        Action, Clock, Deviation, End, Event, Machine, Me, Noted, Setting,
        event::{Decoded, decode},
    },
    Runner, RunnerError,
    views::Views,
};
use crate::{metrics::Metrics, store::StoredLog};

/// The runner's place in the log.
pub(super) struct Course {
    follower: LogFollower,
    up_to: Option<Block>,
    parts: BTreeMap<u64, Part>,
    windows: Windows,
}

/// This node's part in one ceremony.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) machine: Machine,
    /// The context of the ceremony whose shares this one hands on.
    pub(super) origin_context: Option<B256>,
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
            self.tell_end(ceremony, batch.up_to.number, &runner.metrics);
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

    pub(super) fn part_mut(&mut self, ceremony: u64) -> Option<&mut Part> {
        self.parts.get_mut(&ceremony)
    }

    /// Whether an open ceremony has a part for this node.
    pub(super) fn has_part(&self) -> bool {
        self.parts.values().any(|Part { machine, .. }| {
            !is_over(machine) && (machine.receiver().is_some() || machine.dealer().is_some())
        })
    }

    /// What is due, computed on a thread that may be busy for a while.
    pub(super) async fn due(
        &mut self,
        ceremony: u64,
        clock: Clock,
    ) -> Result<Vec<Action>, RunnerError> {
        let due = self
            .work(ceremony, move |machine| machine.due(clock))
            .await?;
        Ok(due.unwrap_or_default())
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

    /// Applies events in order; a proposal begins a new machine.
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
                let part = begin(runner, self.windows, ceremony, *from_epoch, at).await?;
                self.parts.insert(ceremony, part);
            }
            self.feed(ceremony, events).await?;
        }
        Ok(())
    }

    async fn feed(&mut self, ceremony: u64, events: Vec<Placed>) -> Result<(), RunnerError> {
        let apply = move |machine: &mut Machine| {
            for placed in events {
                if let Noted::Ignored(why) = machine.apply(placed.block, placed.event)? {
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

    /// Lets a machine work on a thread that may be busy for a while; `None` without one.
    async fn work<T: Send + 'static>(
        &mut self,
        ceremony: u64,
        work: impl FnOnce(&mut Machine) -> T + Send + 'static,
    ) -> Result<Option<T>, RunnerError> {
        let Some(mut part) = self.parts.remove(&ceremony) else {
            return Ok(None);
        };
        let working = tokio::task::spawn_blocking(move || {
            let done = work(&mut part.machine);
            (part, done)
        });
        let (part, done) = working.await.map_err(|_| RunnerError::BrokeOff)?;
        self.parts.insert(ceremony, part);
        Ok(Some(done))
    }

    fn open_ceremonies(&self) -> Vec<u64> {
        let open = self
            .parts
            .iter()
            .filter(|(_, part)| !is_over(&part.machine));
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
            if is_over(&part.machine) && !touched.contains(ceremony) {
                continue;
            }
            let info = views.ceremony(*ceremony).await?;
            let checked = part.machine.check_transcript(info.transcript);
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
                if made_epoch(&part.machine) == Some(epoch) {
                    part.machine.key_published(index);
                }
            }
        }
    }

    /// Drops what came to nothing, and what another ceremony's success has made void.
    fn tidy(&mut self) {
        let last = self
            .parts
            .iter()
            .filter(|(_, part)| made_epoch(&part.machine).is_some())
            .map(|(ceremony, _)| *ceremony)
            .max_by_key(|ceremony| {
                self.parts
                    .get(ceremony)
                    .and_then(|part| made_epoch(&part.machine))
            });
        let epoch = last
            .and_then(|ceremony| self.parts.get(&ceremony))
            .and_then(|part| made_epoch(&part.machine));
        self.parts.retain(|ceremony, part| {
            let record = part.machine.record();
            match record.end() {
                Some(End::Failed { .. }) => false,
                Some(End::Active { .. }) => Some(*ceremony) == last,
                None => epoch.is_none_or(|epoch| record.from_epoch() == Some(epoch)),
            }
        });
    }

    /// Says how a ceremony that was open has ended, if it has.
    fn tell_end(&self, ceremony: u64, applied: u64, metrics: &Metrics) {
        let Some(Part { machine, .. }) = self.parts.get(&ceremony) else {
            return;
        };
        if !is_over(machine) {
            return;
        }
        for Deviation {
            side,
            index,
            identity,
            fault,
        } in machine.report(applied).deviations
        {
            metrics.deviation(identity, fault.name());
            tracing::warn!(ceremony, ?side, index, %identity, "a member {fault}");
        }
        match machine.record().end() {
            Some(End::Active { epoch, outcome, .. }) => tracing::info!(
                ceremony,
                epoch,
                qualified = outcome.qualified_dealers().count(),
                "the ceremony has made an epoch"
            ),
            Some(End::Failed { .. }) => tracing::error!(ceremony, "the ceremony has failed"),
            None => {}
        }
    }
}

async fn begin(
    runner: &Runner,
    windows: Windows,
    number: u64,
    from_epoch: u64,
    at: Block,
) -> Result<Part, RunnerError> {
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
    };
    let me = Me {
        identity: runner.vault.address(),
        operator: runner.data_dir.operator()?,
    };
    tracing::info!(ceremony = number, "a ceremony was proposed");
    Ok(Part {
        machine: Machine::new(setting, me),
        origin_context,
    })
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

fn is_over(machine: &Machine) -> bool {
    machine.record().end().is_some()
}

fn made_epoch(machine: &Machine) -> Option<u64> {
    match machine.record().end() {
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
