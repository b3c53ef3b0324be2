//! Where the runner stands: the follower of the final log, and the machine of the latest ceremony.

use std::collections::BTreeSet;

use alloy::{
    primitives::{B256, LogData},
    rpc::types::{Filter, Log},
};
use stheno_chain::{
    Block, BlockRef, Cursor, LogFollower, contracts::committee::CommitteeContract as contract,
};
use stheno_crypto::NodePublicKey;
use stheno_protocol::ceremony::{Member, Windows, keys_root};

use super::{
    super::{
        Action, Clock, Event, Machine, Me, Noted, Origin, Setting,
        event::{Decoded, decode},
    },
    Runner, RunnerError, is_over,
};
use crate::store::{EpochKeys, StoredLog};

/// Most members or keys asked for in one call of a view.
const PAGE: u16 = 64;

/// The runner's place in the log.
pub(super) struct Course {
    follower: LogFollower,
    up_to: Option<Block>,
    machine: Option<Machine>,
    origin_context: Option<B256>,
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
    /// Goes on where the store says; a new node begins with the latest ceremony.
    pub(super) async fn resume(runner: &Runner) -> Result<Self, RunnerError> {
        let last = runner.chain.final_head().await?;
        let committee = contract::committeeCall {
            committeeId: runner.locator.committee_id,
        };
        let committee = runner
            .chain
            .read(last.hash, runner.locator.contract, &committee)
            .await?;
        let cursor = match runner.store.followed_to().await? {
            Some(block) => Cursor::After(block),
            None if committee.ceremony == 0 => Cursor::After(last.at()),
            None => Cursor::From(
                ceremony_info(runner, committee.ceremony, &last)
                    .await?
                    .proposedAt,
            ),
        };
        let filter =
            Filter::new()
                .address(runner.locator.contract)
                .topic1(B256::left_padding_from(
                    &runner.locator.committee_id.to_be_bytes(),
                ));
        let mut course = Self {
            follower: LogFollower::new(runner.chain.clone(), filter, cursor),
            up_to: None,
            machine: None,
            origin_context: None,
            windows: Windows {
                deal: committee.windows.deal,
                complain: committee.windows.complain,
                answer: committee.windows.answer,
                confirm: committee.windows.confirm,
                margin: committee.windows.margin,
                consent_delay: committee.windows.consentDelay,
            },
        };
        if let Some(ceremony) = runner.store.latest_ceremony().await? {
            let logs = runner.store.ceremony_logs(ceremony).await?;
            let events = logs
                .iter()
                .filter_map(|log| place(log.block, &log.data))
                .collect();
            course.apply(runner, events, &last).await?;
        }
        if let Cursor::After(block) = cursor {
            course.up_to = block_of(runner, block, &last).await?;
        }
        tracing::debug!(
            ?cursor,
            ceremony = committee.ceremony,
            "following the committee"
        );
        Ok(course)
    }

    /// Takes the next final events, if there are any new final blocks.
    pub(super) async fn advance(&mut self, runner: &Runner) -> Result<Option<News>, RunnerError> {
        let Some(batch) = self.follower.poll().await? else {
            return Ok(None);
        };
        let standing_may_change = batch.events.iter().any(|log| changes_standing(log.data()));
        let stored: Vec<StoredLog> = batch.events.iter().filter_map(stored_log).collect();
        let events: Vec<Placed> = stored
            .iter()
            .filter_map(|log| place(log.block, &log.data))
            .collect();
        self.apply(runner, events, &batch.up_to).await?;
        self.note_published(&batch.events);
        self.check_transcript(runner, &batch.up_to).await?;
        runner.store.append_logs(&stored, batch.up_to.at()).await?;
        self.up_to = Some(batch.up_to);
        Ok(Some(News {
            standing_may_change,
        }))
    }

    /// The last final block whose events have been applied.
    pub(super) fn up_to(&self) -> Option<Block> {
        self.up_to
    }

    pub(super) fn machine(&self) -> Option<&Machine> {
        self.machine.as_ref()
    }

    pub(super) fn machine_mut(&mut self) -> Option<&mut Machine> {
        self.machine.as_mut()
    }

    /// The context of the ceremony whose shares this one hands on.
    pub(super) fn origin_context(&self) -> Option<B256> {
        self.origin_context
    }

    /// Whether an open ceremony has a part for this node.
    pub(super) fn has_part(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| {
            !is_over(machine) && (machine.receiver().is_some() || machine.dealer().is_some())
        })
    }

    /// What is due, computed on a thread that may be busy for a while.
    pub(super) async fn due(&mut self, clock: Clock) -> Result<Vec<Action>, RunnerError> {
        let Some(mut machine) = self.machine.take() else {
            return Ok(Vec::new());
        };
        let work = move || {
            let due = machine.due(clock);
            (machine, due)
        };
        let (machine, due) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| RunnerError::BrokeOff)?;
        self.machine = Some(machine);
        Ok(due)
    }

    /// Applies events in order; a proposal of a later ceremony begins a new machine.
    async fn apply(
        &mut self,
        runner: &Runner,
        events: Vec<Placed>,
        at: &Block,
    ) -> Result<(), RunnerError> {
        let mut pending = Vec::new();
        for placed in events {
            let current = self
                .machine
                .as_ref()
                .map_or(0, |machine| machine.record().setting().number);
            if placed.ceremony < current {
                continue;
            }
            if placed.ceremony > current {
                self.feed(std::mem::take(&mut pending)).await?;
                self.begin(runner, &placed, at).await?;
            }
            pending.push(placed);
        }
        self.feed(pending).await
    }

    async fn begin(
        &mut self,
        runner: &Runner,
        first: &Placed,
        at: &Block,
    ) -> Result<(), RunnerError> {
        let (origin, context) = match first.event {
            Event::Proposed { from_epoch, .. } if from_epoch > 0 => {
                let (origin, context) = origin(runner, from_epoch, at).await?;
                (Some(origin), Some(context))
            }
            _ => (None, None),
        };
        let setting = Setting {
            domain: runner.domain,
            number: first.ceremony,
            windows: self.windows,
            origin,
        };
        let me = Me {
            identity: runner.vault.address(),
            operator: runner.data_dir.operator()?,
        };
        tracing::info!(ceremony = first.ceremony, "a ceremony was proposed");
        self.machine = Some(Machine::new(setting, me));
        self.origin_context = context;
        Ok(())
    }

    async fn feed(&mut self, events: Vec<Placed>) -> Result<(), RunnerError> {
        if events.is_empty() {
            return Ok(());
        }
        let Some(mut machine) = self.machine.take() else {
            return Ok(());
        };
        let ceremony = machine.record().setting().number;
        let work = move || {
            for placed in events {
                match machine.apply(placed.block, placed.event) {
                    Ok(Noted::Counted) => {}
                    Ok(Noted::Ignored(why)) => {
                        tracing::warn!(ceremony, block = placed.block, "passed over {why}");
                    }
                    Err(fault) => return (machine, Err(fault)),
                }
            }
            (machine, Ok(()))
        };
        let (machine, applied) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| RunnerError::BrokeOff)?;
        self.machine = Some(machine);
        applied.map_err(|fault| RunnerError::Record { ceremony, fault })
    }

    fn note_published(&mut self, logs: &[Log]) {
        let Some(machine) = &mut self.machine else {
            return;
        };
        for log in logs {
            if let Decoded::KeyPublished { index, .. } = decode(log.data()) {
                machine.key_published(index);
            }
        }
    }

    /// Compares the log's running hash with the contract's at the same block.
    async fn check_transcript(&mut self, runner: &Runner, at: &Block) -> Result<(), RunnerError> {
        let Some(machine) = &mut self.machine else {
            return Ok(());
        };
        let ceremony = machine.record().setting().number;
        let info = ceremony_info(runner, ceremony, at).await?;
        machine
            .check_transcript(info.transcript)
            .map_err(|fault| RunnerError::Record { ceremony, fault })
    }
}

/// Whose keys of an epoch are on the chain at `at`.
pub(super) async fn published_keys(
    runner: &Runner,
    epoch: u64,
    size: usize,
    at: &Block,
) -> Result<BTreeSet<u16>, RunnerError> {
    let keys = keys_on_chain(runner, epoch, size, at).await?;
    Ok((1..)
        .zip(keys)
        .filter(|(_, key)| !key.is_empty())
        .map(|(index, _)| index)
        .collect())
}

async fn keys_on_chain(
    runner: &Runner,
    epoch: u64,
    size: usize,
    at: &Block,
) -> Result<Vec<alloy::primitives::Bytes>, RunnerError> {
    let mut keys = Vec::with_capacity(size);
    while let Some(first) = next_index(keys.len(), size) {
        let call = contract::epochKeysCall {
            committeeId: runner.locator.committee_id,
            epoch,
            first,
            count: PAGE,
        };
        let page = runner
            .chain
            .read(at.hash, runner.locator.contract, &call)
            .await?;
        if page.is_empty() {
            return Err(RunnerError::Contract("a page of keys is empty".to_owned()));
        }
        keys.extend(page);
    }
    Ok(keys)
}

fn next_index(have: usize, size: usize) -> Option<u16> {
    (have < size).then(|| u16::try_from(have + 1).ok())?
}

/// The epoch that a reshare starts from, and the context of its ceremony.
async fn origin(runner: &Runner, epoch: u64, at: &Block) -> Result<(Origin, B256), RunnerError> {
    let (committee_id, contract_address) = (runner.locator.committee_id, runner.locator.contract);
    let call = contract::epochInfoCall {
        committeeId: committee_id,
        epoch,
    };
    let info = runner.chain.read(at.hash, contract_address, &call).await?;
    let size = usize::from(info.size);
    let mut members = Vec::with_capacity(size);
    while let Some(first) = next_index(members.len(), size) {
        let call = contract::epochMembersCall {
            committeeId: committee_id,
            epoch,
            first,
            count: PAGE,
        };
        let page = runner.chain.read(at.hash, contract_address, &call).await?;
        if page.is_empty() {
            return Err(RunnerError::Contract(
                "a page of members is empty".to_owned(),
            ));
        }
        members.extend(page.into_iter().map(|member| Member {
            operator: member.operator,
            identity: member.identity,
        }));
    }
    let keys = match runner.store.epoch_keys(&info.context).await? {
        Some(keys) => keys,
        None => {
            let keys = keys_on_chain(runner, epoch, size, at).await?;
            let node_keys = keys
                .iter()
                .map(|key| NodePublicKey::from_bytes(key))
                .collect::<Result<_, _>>();
            EpochKeys {
                network_key: stheno_crypto::NetworkKey::from_bytes(&info.networkKey)
                    .map_err(|error| RunnerError::Contract(format!("the network key: {error}")))?,
                node_keys: node_keys
                    .map_err(|error| RunnerError::Contract(format!("a node key: {error}")))?,
            }
        }
    };
    if keys_root(&keys.node_keys) != info.keysRoot {
        return Err(RunnerError::Contract(format!(
            "the node keys of epoch {epoch} are not under its root"
        )));
    }
    let origin = Origin {
        members,
        threshold: info.threshold,
        network_key: keys.network_key.to_eip2537().to_vec().into(),
        node_keys: keys.node_keys,
    };
    Ok((origin, info.context))
}

async fn ceremony_info(
    runner: &Runner,
    ceremony: u64,
    at: &Block,
) -> Result<contract::CeremonyInfo, RunnerError> {
    let call = contract::ceremonyInfoCall {
        committeeId: runner.locator.committee_id,
        ceremony,
    };
    Ok(runner
        .chain
        .read(at.hash, runner.locator.contract, &call)
        .await?)
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

fn place(block: u64, data: &LogData) -> Option<Placed> {
    match decode(data) {
        Decoded::Ceremony(ceremony, event) => Some(Placed {
            ceremony,
            block,
            event,
        }),
        _ => None,
    }
}
