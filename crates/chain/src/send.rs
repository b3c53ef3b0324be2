//! Transactions from one account.
#![allow(clippy::todo, reason = "skeleton")]

use std::sync::Arc;
use std::time::Duration;

use alloy::network::TxSigner;
use alloy::primitives::{Address, B256, Bytes, Signature, U256};
use alloy::sol_types::SolCall;

use crate::chain::{BlockRef, Chain};
use crate::error::ChainError;

/// A transaction did not happen, or its end is not known.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// The contract refused it.
    #[error("the transaction was refused: {0}")]
    Reverted(Revert),
    /// It was sent, and not mined in time. Sending the same again continues it.
    #[error(
        "transaction {hash} was not mined within {waited:?}; sending the same again continues it"
    )]
    Pending {
        /// The transaction.
        hash: B256,
        /// How long it was waited for.
        waited: Duration,
    },
    /// No endpoint took it.
    #[error("the transaction was not accepted: {0}")]
    NotAccepted(String),
    /// The account cannot pay for it.
    #[error("account {account} has {balance} and needs up to {need} for the transaction")]
    Funds {
        /// The sender.
        account: Address,
        /// What it has, in the smallest unit.
        balance: U256,
        /// What the transaction may cost.
        need: U256,
    },
    /// The signer refused.
    #[error("signing failed: {0}")]
    Signer(String),
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Why a contract refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revert {
    /// The contract's error by name, as `AlreadyDealt`, or `Error` for a string.
    pub name: String,
    /// The error's arguments in words, empty when there are none.
    pub detail: String,
    /// The bytes.
    pub data: Bytes,
}

impl std::fmt::Display for Revert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.detail)
    }
}

/// A transaction that was mined and succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The transaction.
    pub hash: B256,
    /// The block that has it; not yet final.
    pub block: BlockRef,
    /// Gas used.
    pub gas_used: u64,
    /// The contract it created, if it did.
    pub created: Option<Address>,
}

/// Sends transactions from one account, one after the other. Cheap to clone;
/// clones share the queue. Use one per account and process.
#[derive(Clone)]
pub struct Sender {
    chain: Chain,
    signer: Arc<dyn TxSigner<Signature> + Send + Sync>,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

impl Sender {
    /// Sends as `signer` (for one, alloy's `PrivateKeySigner`) on `chain`.
    pub fn new(chain: Chain, signer: impl TxSigner<Signature> + Send + Sync + 'static) -> Self {
        Self {
            chain,
            signer: Arc::new(signer),
        }
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Sends a typed call and waits until it is mined.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<Sent, SendError> {
        self.send(Some(to), call.abi_encode().into(), U256::ZERO)
            .await
    }

    /// Sends calldata and value (`to` absent: init code) and waits until it is mined.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(
        &self,
        to: Option<Address>,
        data: Bytes,
        value: U256,
    ) -> Result<Sent, SendError> {
        let _ = (to, data, value);
        todo!()
    }
}
