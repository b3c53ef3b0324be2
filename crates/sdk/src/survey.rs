//! How the nodes are, by what they say of themselves.

use std::{collections::BTreeMap, time::Duration};

use futures::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use stheno_crypto::NodeIndex;
use stheno_protocol::{ServedEpoch, Status};

use crate::{
    clock::Clock,
    ledger::{Committee, Member},
    tally::{Misbehaviour, Outcome},
    transport::{CallError, Transport},
    tuning::Tuning,
};

/// What the nodes of a committee said of themselves.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Those that told, the quickest first.
    pub statuses: Vec<(NodeIndex, Status)>,
    /// Those that did not, and why.
    pub failures: BTreeMap<NodeIndex, Outcome>,
}

/// Asks all nodes how they are. `enough` nodes having told, the rest gets `grace`; `None` waits
/// for every one as long as the tuning allows.
pub(crate) async fn survey(
    committee: &Committee,
    transport: &dyn Transport,
    clock: &dyn Clock,
    tuning: &Tuning,
    enough: Option<(usize, Duration)>,
) -> Survey {
    let network = committee.network();
    let mut asked: FuturesUnordered<_> = committee
        .members
        .iter()
        .map(|member| async move {
            let call = transport.status(member);
            (member, within(call, tuning.status_timeout, clock).await)
        })
        .collect();
    let mut found = Survey::default();
    loop {
        let grace = enough
            .filter(|(enough, _)| found.statuses.len() >= *enough)
            .map(|(_, grace)| clock.sleep(grace));
        let next = match grace {
            None => asked.next().await,
            Some(grace) => match select(asked.next(), grace).await {
                Either::Left((next, _)) => next,
                Either::Right(_) => None,
            },
        };
        let Some((member, status)) = next else { break };
        match status {
            Ok(status) if status.network == network => found.statuses.push((member.index, status)),
            Ok(status) => {
                let why = format!("it serves network {}", status.network);
                let outcome = Outcome::Misbehaved(Misbehaviour::Garbage { why });
                found.failures.insert(member.index, outcome);
            }
            Err(outcome) => {
                found.failures.insert(member.index, outcome);
            }
        }
    }
    found
}

/// The order in which to ask: nodes that told first, in their order, those that serve the epoch
/// before others; then those that did not tell.
pub(crate) fn order<'a>(committee: &'a Committee, survey: &Survey) -> Vec<&'a Member> {
    let rank = |member: &Member| {
        let told = survey
            .statuses
            .iter()
            .position(|(index, _)| *index == member.index);
        let elsewhere = told
            .and_then(|at| survey.statuses.get(at))
            .is_some_and(|(_, status)| !serves(status, committee.epoch));
        (
            told.is_none(),
            elsewhere,
            survey.failures.contains_key(&member.index),
            told,
        )
    };
    let mut members: Vec<&Member> = committee.members.iter().collect();
    members.sort_by_key(|member| rank(member));
    members
}

/// Whether a node says that it serves this epoch, or does not say.
fn serves(status: &Status, epoch: u64) -> bool {
    let listed = |served: &ServedEpoch| served.epoch == epoch;
    status.epoch == epoch || status.epochs.is_empty() || status.epochs.iter().any(listed)
}

/// Runs a call under a time limit and says what became of it in a report's words.
pub(crate) async fn within<T>(
    call: impl Future<Output = Result<T, CallError>> + Unpin,
    limit: Duration,
    clock: &dyn Clock,
) -> Result<T, Outcome> {
    match select(call, clock.sleep(limit)).await {
        Either::Left((Ok(value), _)) => Ok(value),
        Either::Left((Err(CallError::Unreachable { why }), _)) => Err(Outcome::Unreachable { why }),
        Either::Left((Err(CallError::Garbage { why }), _)) => {
            Err(Outcome::Misbehaved(Misbehaviour::Garbage { why }))
        }
        Either::Left((Err(CallError::Refused(problem)), _)) => Err(Outcome::Refused(problem)),
        Either::Right(_) => Err(Outcome::Silent {
            after_ms: limit.as_millis().try_into().unwrap_or(u64::MAX),
        }),
    }
}
