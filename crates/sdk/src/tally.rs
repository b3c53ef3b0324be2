//! What each node of a committee said to one request: the story that an error tells.

use std::{collections::BTreeSet, fmt};

use stheno_crypto::NodeIndex;
use stheno_protocol::{Code, LeafReport, Problem, ReceiptError};

/// One node's part in a request.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeReport {
    /// The node.
    pub node: NodeIndex,
    /// Where it serves, for people; empty when it registered no URL.
    pub endpoint: String,
    /// What came of asking it.
    pub outcome: Outcome,
}

/// What came of asking a node.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It gave shares with a valid receipt.
    Shared,
    /// It refused, and said why.
    Refused(Box<Problem>),
    /// It was not reached.
    Unreachable {
        /// Why, in words.
        why: String,
    },
    /// It was reached and said nothing in time.
    Silent {
        /// How long it was given, in milliseconds.
        after_ms: u64,
    },
    /// It said something that an honest node does not say.
    Misbehaved(Misbehaviour),
    /// It said that it is there, and was not asked further since too few others are.
    Ready,
    /// The result was there before its answer, or before it was asked.
    NotNeeded,
}

/// What an honest node does not do.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Misbehaviour {
    /// Its answer is none of this protocol, or of another request.
    Garbage {
        /// What is wrong with it.
        why: String,
    },
    /// It signed for something else than it sent, or not at all.
    Receipt(ReceiptError),
    /// Its share does not verify.
    Share,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => f.write_str("gave its share"),
            Self::Refused(problem) => write!(f, "refused: {}", problem.detail),
            Self::Unreachable { why } => write!(f, "not reached: {why}"),
            Self::Silent { after_ms } => write!(f, "no answer within {after_ms} ms"),
            Self::Misbehaved(Misbehaviour::Garbage { why }) => write!(f, "misbehaves: {why}"),
            Self::Misbehaved(Misbehaviour::Receipt(why)) => write!(f, "misbehaves: {why}"),
            Self::Misbehaved(Misbehaviour::Share) => {
                f.write_str("misbehaves: its share does not verify")
            }
            Self::Ready => f.write_str("is ready"),
            Self::NotNeeded => f.write_str("not needed"),
        }
    }
}

impl fmt::Display for NodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.node)?;
        if !self.endpoint.is_empty() {
            write!(f, " ({})", self.endpoint)?;
        }
        write!(f, " {}", self.outcome)
    }
}

/// What the nodes of a committee said to one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// Shares that open.
    pub threshold: u16,
    /// Every node, in order of index.
    pub reports: Vec<NodeReport>,
}

/// A refusal that several nodes gave in the same words.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal<'a> {
    /// The nodes.
    pub nodes: Vec<NodeIndex>,
    /// What they said.
    pub problem: &'a Problem,
}

impl Refusal<'_> {
    /// The conditions that keep the policy from holding.
    pub fn conditions(&self) -> impl Iterator<Item = &LeafReport> {
        self.problem.leaves.iter()
    }
}

impl Tally {
    /// Nodes in the committee.
    pub fn total(&self) -> usize {
        self.reports.len()
    }

    /// Nodes that said anything of this protocol.
    pub fn answered(&self) -> usize {
        self.count(|outcome| {
            matches!(
                outcome,
                Outcome::Shared | Outcome::Refused(_) | Outcome::Ready
            )
        })
    }

    /// Nodes that gave a share.
    pub fn shared(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Shared))
    }

    /// Nodes that refused.
    pub fn refused(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Refused(_)))
    }

    /// Nodes that said the policy does not hold for this reader.
    pub fn denied(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Refused(problem) if is_denial(problem)))
    }

    /// Nodes that asked to come back later.
    pub fn deferred(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Refused(problem) if problem.retryable))
    }

    /// Nodes that did what an honest node does not do.
    pub fn culprits(&self) -> impl Iterator<Item = &NodeReport> {
        self.reports
            .iter()
            .filter(|report| matches!(report.outcome, Outcome::Misbehaved(_)))
    }

    /// Nodes that were asked and failed, refusals apart: not reached, silent, or misbehaving.
    pub fn failures(&self) -> impl Iterator<Item = &NodeReport> {
        self.reports.iter().filter(|report| {
            !matches!(
                report.outcome,
                Outcome::Shared | Outcome::Refused(_) | Outcome::Ready | Outcome::NotNeeded
            )
        })
    }

    /// Each distinct refusal once, the most frequent first.
    pub fn refusals(&self) -> Vec<Refusal<'_>> {
        let mut refusals: Vec<Refusal<'_>> = Vec::new();
        for report in &self.reports {
            let Outcome::Refused(problem) = &report.outcome else {
                continue;
            };
            match refusals
                .iter_mut()
                .find(|refusal| says_the_same(refusal.problem, problem))
            {
                Some(refusal) => refusal.nodes.push(report.node),
                None => refusals.push(Refusal {
                    nodes: vec![report.node],
                    problem,
                }),
            }
        }
        refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.nodes.len()));
        refusals
    }

    /// The codes of all refusals.
    pub fn codes(&self) -> BTreeSet<Code> {
        self.refusals()
            .iter()
            .map(|refusal| refusal.problem.code)
            .collect()
    }

    /// Why it was not enough, in one line: each refusal and each failure.
    pub(crate) fn reasons(&self) -> String {
        let refusals = self.refusals().into_iter().map(|refusal| {
            format!(
                "{} refused: {}",
                name(&refusal.nodes),
                refusal.problem.detail
            )
        });
        let failures = self.failures().map(NodeReport::to_string);
        let reasons: Vec<String> = refusals.chain(failures).collect();
        reasons.join("; ")
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.reports
            .iter()
            .filter(|report| which(&report.outcome))
            .count()
    }
}

/// "node 2" or "nodes 1, 2 and 5".
pub fn name(nodes: &[NodeIndex]) -> String {
    match nodes {
        [] => "no node".to_owned(),
        [one] => format!("node {one}"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("nodes {} and {last}", first.join(", "))
        }
    }
}

/// Whether a refusal says that the policy does not hold, so that no other time or node can help.
pub(crate) fn is_denial(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::ConditionNotMet | Code::ConditionUnknown | Code::NoLongerMet
    )
}

fn says_the_same(a: &Problem, b: &Problem) -> bool {
    (a.code, &a.detail, &a.leaves) == (b.code, &b.detail, &b.leaves)
}
