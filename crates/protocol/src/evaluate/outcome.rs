//! What became of a condition, and what would make it come out otherwise.

use super::{Truth, Unknown};
use crate::ChainId;

/// What became of a leaf, or of a part of one.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) truth: Truth,
    /// What was found, in words.
    pub(super) found: String,
    /// What would make it come out as wanted; empty where it does.
    pub(super) remedy: String,
    /// Unknown for a reason that can pass.
    pub(super) transient: bool,
}

impl Outcome {
    /// A leaf that could be told; `remedy` is asked where it does not come out as `wanted`.
    pub(super) fn known(
        holds: bool,
        found: String,
        wanted: bool,
        remedy: impl FnOnce() -> String,
    ) -> Self {
        Self {
            truth: holds.into(),
            found,
            remedy: if holds == wanted {
                String::new()
            } else {
                remedy()
            },
            transient: false,
        }
    }

    /// All parts of one condition, each judged with the same wish.
    pub(super) fn all(parts: Vec<Self>, wanted: bool) -> Self {
        let truth = Truth::all(parts.iter().map(|part| part.truth));
        // What stands in the way: the parts that are false; without one, those that are unknown;
        // and where the whole holds against the wish, any part that could be made to fail.
        let in_the_way = |part: &&Self| part.truth == truth;
        let remedies: Vec<&str> = parts
            .iter()
            .filter(in_the_way)
            .map(|part| part.remedy.as_str())
            .filter(|remedy| !remedy.is_empty())
            .collect();
        Self {
            truth,
            remedy: if truth == Truth::from(wanted) {
                String::new()
            } else {
                remedies.join(if truth == Truth::True { "; or " } else { "; " })
            },
            transient: truth == Truth::Unknown
                && parts.iter().filter(in_the_way).any(|part| part.transient),
            found: parts
                .into_iter()
                .map(|part| part.found)
                .collect::<Vec<_>>()
                .join("; "),
        }
    }
}

/// Why a leaf, or a part of one, cannot be told.
#[derive(Debug)]
pub(super) struct Obstacle {
    found: String,
    remedy: String,
    transient: bool,
}

impl Obstacle {
    /// Something is missing that the reader can bring.
    pub(super) fn new(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            found: found.into(),
            remedy: remedy.into(),
            transient: false,
        }
    }

    /// Nobody has shown an account.
    pub(super) fn no_account() -> Self {
        Self::new("no account is given", "ask with an account")
    }

    /// The account is a contract, and its chain says nothing about this condition.
    pub(super) fn elsewhere(found: String, chain: Option<ChainId>) -> Self {
        let remedy = match chain {
            Some(chain) => {
                format!(
                    "ask with an account that a key controls, or with a contract's on chain {chain}"
                )
            }
            None => "ask with an account that a key controls".to_owned(),
        };
        Self::new(found, remedy)
    }

    /// The contract's answer is none.
    pub(super) fn answer(found: impl Into<String>) -> Self {
        Self::new(
            found,
            "the contract must answer as the policy says; tell who wrote the policy",
        )
    }

    /// Another remedy for the same, unless it passes by itself.
    pub(super) fn or(mut self, remedy: impl FnOnce() -> String) -> Self {
        if !self.transient {
            self.remedy = remedy();
        }
        self
    }
}

impl From<Unknown> for Obstacle {
    fn from(unknown: Unknown) -> Self {
        let found = unknown.to_string();
        match unknown.transient() {
            true => Self {
                found,
                remedy: "ask again once the chain can be read".to_owned(),
                transient: true,
            },
            false => Self::answer(found),
        }
    }
}

impl From<Obstacle> for Outcome {
    fn from(obstacle: Obstacle) -> Self {
        Self {
            truth: Truth::Unknown,
            found: obstacle.found,
            remedy: obstacle.remedy,
            transient: obstacle.transient,
        }
    }
}
