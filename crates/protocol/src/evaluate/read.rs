//! Reads of the chain, as values, and what they can yield.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, U256};

use crate::{ChainId, Tier};

/// Caller of every `eth_call` that a policy makes, equal on all nodes.
pub const CALLER: Address = Address::ZERO;

/// Most bytes that a call may return; one more is [`Unknown::TooLong`].
pub const RETURN_CAP: usize = 16 * 1024;

/// Gas that an `eth_call` of a policy may use, equal on all nodes.
///
/// Filecoin counts some 444 times Ethereum's gas for the same work, so its
/// networks have their own cap.
#[must_use]
pub const fn call_gas_cap(chain: ChainId) -> u64 {
    match chain {
        314 | 314_159 | 31_415_926 => 4_000_000_000,
        _ => 10_000_000,
    }
}

/// One thing to read, at the block of its chain and tier.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Read {
    /// `eth_call` from [`CALLER`] with [`call_gas_cap`].
    Call {
        /// Chain to ask.
        chain: ChainId,
        /// Confirmations of the block, 0 for finality.
        tier: Tier,
        /// Contract to call.
        to: Address,
        /// Call data.
        data: Bytes,
    },
    /// Native balance of an account.
    Balance {
        /// Chain to ask.
        chain: ChainId,
        /// Confirmations of the block, 0 for finality.
        tier: Tier,
        /// Whose balance.
        of: Address,
    },
    /// Time of the block itself.
    BlockTime {
        /// Chain to ask.
        chain: ChainId,
        /// Confirmations of the block, 0 for finality.
        tier: Tier,
    },
    /// Number of the block itself; on Filecoin, the epoch.
    BlockNumber {
        /// Chain to ask.
        chain: ChainId,
        /// Confirmations of the block, 0 for finality.
        tier: Tier,
    },
}

impl Read {
    /// The chain and tier whose anchor this is read at.
    #[must_use]
    pub const fn place(&self) -> (ChainId, Tier) {
        match self {
            Self::Call { chain, tier, .. }
            | Self::Balance { chain, tier, .. }
            | Self::BlockTime { chain, tier }
            | Self::BlockNumber { chain, tier } => (*chain, *tier),
        }
    }
}

/// What a [`Read`] yielded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// Return data of a call.
    Bytes(Bytes),
    /// A native balance.
    Balance(U256),
    /// A block's time, Unix seconds.
    Time(u64),
    /// A block's number.
    Number(u64),
}

/// Why a [`Read`] yielded nothing.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// The call reverted.
    #[error("the call reverted")]
    Reverted,
    /// There is no contract at the address.
    #[error("there is no contract at this address")]
    NoCode,
    /// The call used up its gas.
    #[error("the call ran out of gas")]
    OutOfGas,
    /// The call returned more than [`RETURN_CAP`].
    #[error("the call returned more than {RETURN_CAP} bytes")]
    TooLong,
    /// The chain could not be asked, or its endpoints do not agree.
    #[error("the chain could not be read: {0}")]
    Rpc(String),
    /// The snapshot does not hold this read.
    #[error("this was not read")]
    Missing,
}

impl Unknown {
    /// Whether asking again later can help although nothing on the chain changes.
    #[must_use]
    pub const fn transient(&self) -> bool {
        match self {
            Self::Rpc(_) | Self::Missing => true,
            Self::Reverted | Self::NoCode | Self::OutOfGas | Self::TooLong => false,
        }
    }
}

/// Readings already fetched, all at the same anchors.
pub trait ChainView {
    /// What `read` yielded.
    ///
    /// # Errors
    /// Why it yielded nothing; [`Unknown::Missing`] if it was never fetched.
    fn read(&self, read: &Read) -> Result<Reading, Unknown>;
}

impl ChainView for BTreeMap<Read, Result<Reading, Unknown>> {
    fn read(&self, read: &Read) -> Result<Reading, Unknown> {
        self.get(read).cloned().unwrap_or(Err(Unknown::Missing))
    }
}
