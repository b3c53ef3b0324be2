//! Asking a committee: in parallel, no more nodes than it takes, hedged, until the result opens.
//!
//! First `t` nodes and a spare are asked. A node that fails is replaced at once; one that merely
//! lags behind the anchor is asked again besides; when nothing happens for a while, more are asked.
//! As soon as `t` good answers are there, opening is tried; a node whose share turns out to be bad
//! counts as failed and the gathering goes on. So one slow or bad node never fails a request, and
//! an error has a line on every node.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use stheno_crypto::NodeIndex;
use stheno_protocol::{Answer, Code, Request};

use crate::{
    clock::Clock,
    ledger::{Committee, Member},
    survey::within,
    tally::{Misbehaviour, NodeReport, Outcome, Tally},
    transport::Transport,
    tuning::Tuning,
};

/// How often a node that lags behind the anchor is asked again within a round.
const MOST_AGAIN: u32 = 4;

/// Whom to ask, and how.
pub(crate) struct Asking<'a> {
    pub(crate) committee: &'a Committee,
    pub(crate) transport: &'a dyn Transport,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) tuning: &'a Tuning,
    /// Every member once, in the order of preference.
    pub(crate) order: Vec<&'a Member>,
}

/// What became of trying to open with the shares at hand.
pub(crate) enum Opening<T> {
    /// It opened; these nodes' shares were bad.
    Opened(T, Vec<NodeIndex>),
    /// It did not: these nodes' shares are bad. Empty: some are, nobody can say which.
    BadShares(Vec<NodeIndex>),
    /// It did not, and no other shares can help.
    Hopeless,
}

/// Why nothing was opened.
pub(crate) enum Failure {
    /// Not enough good answers.
    Exhausted(Tally),
    /// Enough good answers, to no avail.
    Hopeless,
}

impl Asking<'_> {
    /// Asks until `open` succeeds on what `judge` accepted, or nobody is left.
    pub(crate) async fn gather<S, T>(
        self,
        request: &Request,
        mut judge: impl FnMut(&Member, Answer) -> Result<S, Misbehaviour>,
        mut open: impl FnMut(&[S]) -> Opening<T>,
    ) -> Result<(T, Tally), Failure> {
        let threshold = usize::from(self.committee.threshold);
        let total = self.order.len();
        let mut queue: VecDeque<&Member> = self.order.iter().copied().collect();
        let mut flying = FuturesUnordered::new();
        let mut wanted = threshold.saturating_add(self.tuning.spare).min(total);
        let mut again: BTreeSet<NodeIndex> = BTreeSet::new();
        let mut lags: BTreeMap<NodeIndex, u32> = BTreeMap::new();
        let mut lagging: usize = 0;
        let mut outcomes: BTreeMap<NodeIndex, Outcome> = BTreeMap::new();
        let mut good: Vec<(NodeIndex, S)> = Vec::new();
        let mut unattributed = false;

        loop {
            while flying.len().saturating_sub(lagging) + good.len() < wanted {
                let Some(member) = queue.pop_front() else {
                    break;
                };
                flying.push(self.ask(member, request, false));
            }
            let denied = outcomes.values().filter(|outcome| denies(outcome)).count();
            let decided = denied > total.saturating_sub(threshold);
            if decided {
                // The others cannot change it, but what they say belongs in the report.
                wanted = total + good.len();
                while let Some(member) = queue.pop_front() {
                    flying.push(self.ask(member, request, false));
                }
            }
            let next = match select(flying.next(), self.clock.sleep(self.tuning.hedge_after)).await
            {
                Either::Left((Some(next), _)) => next,
                Either::Left((None, _)) => break,
                Either::Right(_) if decided => break,
                Either::Right(_) => {
                    let missing = threshold.saturating_sub(good.len()).max(1);
                    wanted = wanted.saturating_add(missing).min(total + good.len());
                    continue;
                }
            };

            let (member, answer, lagged) = next;
            if lagged {
                lagging = lagging.saturating_sub(1);
            }
            match answer.and_then(|answer| judge(member, answer).map_err(Outcome::Misbehaved)) {
                Ok(shares) => {
                    outcomes.insert(member.index, Outcome::Shared);
                    good.push((member.index, shares));
                }
                Err(outcome) => {
                    if lags_behind(&outcome) {
                        let times = lags.entry(member.index).or_default();
                        *times = times.saturating_add(1);
                        if *times <= MOST_AGAIN {
                            lagging = lagging.saturating_add(1);
                            flying.push(self.ask(member, request, true));
                        }
                    }
                    // A connection may break by chance: such a node gets a second chance, last.
                    if matches!(outcome, Outcome::Unreachable { .. }) && again.insert(member.index)
                    {
                        queue.push_back(member);
                    }
                    outcomes.insert(member.index, outcome);
                    continue;
                }
            }
            if good.len() < threshold {
                continue;
            }
            let (indices, shares): (Vec<NodeIndex>, Vec<S>) =
                std::mem::take(&mut good).into_iter().unzip();
            match open(&shares) {
                Opening::Opened(value, culprits) => {
                    blame(&mut outcomes, &culprits);
                    return Ok((value, self.tally(outcomes)));
                }
                Opening::Hopeless => return Err(Failure::Hopeless),
                Opening::BadShares(culprits) => {
                    unattributed |= culprits.is_empty();
                    blame(&mut outcomes, &culprits);
                    good = indices.into_iter().zip(shares).collect();
                    good.retain(|(index, _)| !culprits.contains(index));
                    // An unattributed bad share is outweighed by one more.
                    if culprits.is_empty() {
                        wanted = wanted
                            .max(good.len().saturating_add(1))
                            .min(total + good.len());
                    }
                }
            }
        }
        if unattributed && good.len() >= threshold {
            return Err(Failure::Hopeless);
        }
        Err(Failure::Exhausted(self.tally(outcomes)))
    }

    /// Asks a node; one that `lagged` when it was asked before, after a moment.
    async fn ask<'a>(
        &'a self,
        member: &'a Member,
        request: &'a Request,
        lagged: bool,
    ) -> (&'a Member, Result<Answer, Outcome>, bool) {
        if lagged {
            self.clock.sleep(self.tuning.hedge_after / 2).await;
        }
        let call = self.transport.reencrypt(member, request);
        let answer = within(call, self.tuning.answer_timeout, self.clock).await;
        (member, answer, lagged)
    }

    /// A line on every member, in order of index.
    pub(crate) fn tally(&self, mut outcomes: BTreeMap<NodeIndex, Outcome>) -> Tally {
        let reports = self.committee.members.iter().map(|member| NodeReport {
            node: member.index,
            endpoint: member
                .endpoint
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            outcome: outcomes.remove(&member.index).unwrap_or(Outcome::NotNeeded),
        });
        Tally {
            threshold: self.committee.threshold,
            reports: reports.collect(),
        }
    }
}

fn blame(outcomes: &mut BTreeMap<NodeIndex, Outcome>, culprits: &[NodeIndex]) {
    for culprit in culprits {
        outcomes.insert(*culprit, Outcome::Misbehaved(Misbehaviour::Share));
    }
}

/// Whether the node has the anchor, and will hold it final in a moment as the others do.
fn lags_behind(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(problem) if problem.code == Code::AnchorNotFinal)
}

fn denies(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(problem) if crate::tally::is_denial(problem))
}
