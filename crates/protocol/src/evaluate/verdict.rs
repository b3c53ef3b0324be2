//! What came out, and why, in words.

use serde::{Deserialize, Serialize};

use super::Truth;
use crate::{Code, Problem};

/// What a policy says about a subject.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// Truth of the root.
    pub truth: Truth,
    /// Every leaf, in the policy's order.
    pub leaves: Vec<LeafReport>,
}

/// One leaf: what it asks, what was found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeafReport {
    /// Where it stands, such as `all[0].token`.
    pub path: String,
    /// Its truth, as it stands (a `not` above it is not applied).
    pub truth: Truth,
    /// The condition in words, such as "holds at least 1 of ERC-721 0x… on chain 314".
    pub what: String,
    /// What was found, such as "balance 0".
    pub found: String,
    /// What would make it come out as the policy wants it, such as "wait until 2027-01-01T00:00:00Z";
    /// empty where it does, and from nodes that do not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// Whether it is to be false, standing under an odd number of `not`s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub negated: bool,
    /// Whether the root is not true and this leaf is among those that keep it so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocking: bool,
    /// Whether it is unknown for a reason that can pass, such as an endpoint that is down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transient: bool,
}

impl std::fmt::Display for LeafReport {
    /// One line for people: the path, the condition, what was found.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let not = if self.negated { "must not hold: " } else { "" };
        write!(
            f,
            "{}: {not}{}; found: {}",
            self.path, self.what, self.found
        )
    }
}

impl Verdict {
    /// Whether access is granted: the root is true, not merely not false.
    #[must_use]
    pub fn granted(&self) -> bool {
        self.truth == Truth::True
    }

    /// The leaves that keep the root from being true; none when it is.
    pub fn failing(&self) -> impl Iterator<Item = &LeafReport> {
        self.leaves.iter().filter(|leaf| leaf.blocking)
    }

    /// Whether the refusal may be due to a fault that passes: not granted, not
    /// false, and a blocking leaf is unknown because the chain could not be read.
    #[must_use]
    pub fn chain_fault(&self) -> bool {
        self.truth == Truth::Unknown && self.failing().any(|leaf| leaf.transient)
    }

    /// The refusal that this verdict comes to, with the leaves that stand in the way; none if access is granted.
    ///
    /// `condition_not_met` where the policy is false; where it is unknown,
    /// `chain_unavailable` if the fault may pass and `condition_unknown` if not.
    #[must_use]
    pub fn refusal(&self) -> Option<Problem> {
        let code = match self.truth {
            Truth::True => return None,
            Truth::False => Code::ConditionNotMet,
            Truth::Unknown if self.chain_fault() => Code::ChainUnavailable,
            Truth::Unknown => Code::ConditionUnknown,
        };
        let leaves: Vec<LeafReport> = self.failing().cloned().collect();
        let detail = match leaves.as_slice() {
            [one] => one.to_string(),
            [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
            [] => "the policy does not grant access".to_owned(),
        };
        Some(Problem::new(code, detail).with_leaves(leaves))
    }
}
