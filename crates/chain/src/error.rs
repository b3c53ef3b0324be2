//! What can go wrong, and whose doing it was.

use std::fmt;

use alloy::primitives::B256;
use stheno_protocol::{ChainId, Code};

use crate::revert::Revert;

/// A chain's configuration cannot work.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// `rpc` is empty.
    #[error("chain {chain_id} has no rpc endpoint; list at least one")]
    NoEndpoint {
        /// The chain.
        chain_id: ChainId,
    },
    /// `min_agree` cannot be reached, or lets two answers win.
    #[error(
        "chain {chain_id}: min_agree is {min_agree} of {endpoints} endpoints; \
         it must be {majority} to {endpoints}, so that two answers cannot both win"
    )]
    MinAgree {
        /// The chain.
        chain_id: ChainId,
        /// What was configured.
        min_agree: usize,
        /// How many endpoints there are.
        endpoints: usize,
        /// The least allowed.
        majority: usize,
    },
    /// The endpoint is not an http or https URL.
    #[error("chain {chain_id}: rpc endpoint {endpoint} is not an http or https url")]
    NotHttp {
        /// The chain.
        chain_id: ChainId,
        /// The endpoint, as it may be shown.
        endpoint: String,
    },
    /// One endpoint is listed twice, which would let it agree with itself.
    #[error("chain {chain_id}: rpc endpoint {endpoint} stands in the list twice")]
    Twice {
        /// The chain.
        chain_id: ChainId,
        /// The endpoint, as it may be shown.
        endpoint: String,
    },
    /// Two configurations name the same chain.
    #[error("chain {chain_id} is configured twice; put all its endpoints in one place")]
    ChainTwice {
        /// The chain.
        chain_id: ChainId,
    },
    /// The HTTP client could not be built.
    #[error("the http client cannot start: {0}")]
    Http(String),
}

/// What one endpoint said when the endpoints did not agree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Testimony {
    /// The endpoint, as it may be shown (no path, query or user).
    pub endpoint: String,
    /// Whether it answered the question at all.
    pub answered: bool,
    /// Its answer, or what was wrong with it, in words.
    pub said: String,
}

impl fmt::Display for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} says {}", self.endpoint, self.said)
    }
}

/// A chain could not be read, or was read and is not as it must be.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChainError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An endpoint serves another chain.
    #[error("{endpoint} serves chain {found}, not chain {expected}; correct the rpc list")]
    WrongChain {
        /// The endpoint, as it may be shown.
        endpoint: String,
        /// The configured chain.
        expected: ChainId,
        /// What the endpoint reported.
        found: ChainId,
    },
    /// Fewer than `need` endpoints gave the same answer.
    #[error(
        "chain {chain_id}: fewer than {need} endpoints agree on {what}: {}",
        list(said)
    )]
    NoAgreement {
        /// The chain.
        chain_id: ChainId,
        /// What was asked.
        what: String,
        /// How many equal answers were needed.
        need: usize,
        /// What each endpoint said.
        said: Vec<Testimony>,
    },
    /// The chain is not configured here.
    #[error("chain {chain_id} is not configured; add its rpc endpoints")]
    Unconfigured {
        /// The chain that was asked for.
        chain_id: ChainId,
    },
    /// A block that had been final is no longer on the chain.
    #[error(
        "chain {chain_id}: block {number} was final as {was} and is now {}",
        now.map_or("skipped".to_owned(), |hash| hash.to_string())
    )]
    Reorganised {
        /// The chain.
        chain_id: ChainId,
        /// The block's number.
        number: u64,
        /// The hash that had been final.
        was: B256,
        /// The hash that stands there now, if any.
        now: Option<B256>,
    },
    /// A contract refused the call.
    #[error("chain {chain_id}: {what} was refused: {reason}")]
    Refused {
        /// The chain.
        chain_id: ChainId,
        /// What was asked.
        what: String,
        /// The contract's error.
        reason: Revert,
    },
    /// The committee exists, and no epoch of it has been activated yet.
    #[error(
        "committee {committee_id} on chain {chain_id} has no active epoch yet; its first ceremony has to end first"
    )]
    NoEpoch {
        /// The chain.
        chain_id: ChainId,
        /// The committee.
        committee_id: u64,
    },
    /// A contract's answer contradicts itself or what is computed here.
    #[error("chain {chain_id}: {what} is inconsistent: {problem}")]
    Inconsistent {
        /// The chain.
        chain_id: ChainId,
        /// What was read.
        what: String,
        /// Where it contradicts.
        problem: String,
    },
}

impl ChainError {
    /// The code with which a node tells a reader that this chain could not be
    /// read. Exhaustive: a new variant must choose.
    pub fn code(&self) -> Code {
        match self {
            Self::NoAgreement { need, said, .. } => {
                match said.iter().filter(|one| one.answered).count() >= *need {
                    true => Code::ChainDisagreement,
                    false => Code::ChainUnavailable,
                }
            }
            Self::Unconfigured { .. } => Code::ChainNotConfigured,
            Self::Config(_)
            | Self::WrongChain { .. }
            | Self::Reorganised { .. }
            | Self::Refused { .. }
            | Self::NoEpoch { .. }
            | Self::Inconsistent { .. } => Code::ChainUnavailable,
        }
    }

    /// Whether the same question may get an answer later without anybody
    /// changing a configuration. Exhaustive: a new variant must choose.
    pub fn retryable(&self) -> bool {
        match self {
            Self::NoAgreement { .. } | Self::NoEpoch { .. } => true,
            Self::Config(_)
            | Self::WrongChain { .. }
            | Self::Unconfigured { .. }
            | Self::Reorganised { .. }
            | Self::Refused { .. }
            | Self::Inconsistent { .. } => false,
        }
    }
}

/// An anchor was not accepted.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnchorError {
    /// The anchor is of another chain.
    #[error("the anchor is of chain {found}, not chain {expected}")]
    OtherChain {
        /// The chain that was asked.
        expected: ChainId,
        /// The anchor's.
        found: ChainId,
    },
    /// The chain has another block at that number, or skipped it.
    #[error(
        "block {number} of chain {chain_id} is {}, not {claimed}",
        found.map_or("skipped".to_owned(), |hash| hash.to_string())
    )]
    NotCanonical {
        /// The chain.
        chain_id: ChainId,
        /// The anchor's number.
        number: u64,
        /// The anchor's hash.
        claimed: B256,
        /// The hash that stands there, if any.
        found: Option<B256>,
    },
    /// The anchor is not deep enough yet.
    #[error("block {number} of chain {chain_id} is not {} yet; wait {wait} blocks", depth(*confirmations))]
    NotDeepEnough {
        /// The chain.
        chain_id: ChainId,
        /// The anchor's number.
        number: u64,
        /// The depth asked for; 0 is final.
        confirmations: u64,
        /// How many blocks are missing.
        wait: u64,
    },
    /// The anchor lies too far behind the final head.
    #[error(
        "block {number} of chain {chain_id} is {behind} s behind the final head, at most {most} s are allowed"
    )]
    TooOld {
        /// The chain.
        chain_id: ChainId,
        /// The anchor's number.
        number: u64,
        /// Its distance to the final head, in seconds of block time.
        behind: u64,
        /// The limit in seconds.
        most: u64,
    },
    /// The chain's own final head is too old to judge by.
    #[error(
        "the final head of chain {chain_id}, block {number}, is {age} s old, at most {most} s are allowed"
    )]
    StaleChain {
        /// The chain.
        chain_id: ChainId,
        /// The final head's number.
        number: u64,
        /// Its age in seconds by the caller's clock.
        age: u64,
        /// The limit in seconds.
        most: u64,
    },
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl AnchorError {
    /// The code with which a node refuses this anchor.
    pub fn code(&self) -> Code {
        match self {
            Self::OtherChain { .. } | Self::NotCanonical { .. } => Code::AnchorUnknown,
            Self::NotDeepEnough { .. } => Code::AnchorNotFinal,
            Self::TooOld { .. } => Code::AnchorTooOld,
            Self::StaleChain { .. } => Code::ChainStale,
            Self::Chain(error) => error.code(),
        }
    }

    /// Whether the same request may pass later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::NotDeepEnough { .. } | Self::StaleChain { .. } => true,
            Self::OtherChain { .. } | Self::NotCanonical { .. } | Self::TooOld { .. } => false,
            Self::Chain(error) => error.retryable(),
        }
    }
}

fn depth(confirmations: u64) -> String {
    match confirmations {
        0 => "final".to_owned(),
        k => format!("{k} blocks deep"),
    }
}

fn list(said: &[Testimony]) -> String {
    let words: Vec<String> = said.iter().map(Testimony::to_string).collect();
    words.join("; ")
}
