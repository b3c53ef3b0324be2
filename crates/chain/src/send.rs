//! Transactions from one account, one after the other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alloy::network::TxSigner;
use alloy::primitives::{Address, B256, Bytes, Signature, U256};
use alloy::sol_types::SolCall;

use crate::block::BlockRef;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::outbox::{Order, Outbox};
use crate::revert::Revert;

/// Limits of sending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SendOptions {
    /// How long to wait until a transaction is mined.
    pub patience: Duration,
    /// Most to pay per gas, in the smallest unit; no limit if `None`.
    pub max_fee_per_gas: Option<u128>,
}

impl Default for SendOptions {
    /// Five minutes (ten Filecoin blocks), no limit of fees.
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(300),
            max_fee_per_gas: None,
        }
    }
}

/// A transaction did not happen, or its end is not known.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The contract refused it, before it was sent or when it was mined.
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
    #[error("no endpoint accepted the transaction: {0}")]
    NotAccepted(String),
    /// The account cannot pay for it.
    #[error("account {account} has {balance} and needs up to {need}; send it funds")]
    Funds {
        /// The sender.
        account: Address,
        /// What it has, in the smallest unit.
        balance: U256,
        /// What the transaction may cost, its value included.
        need: U256,
    },
    /// The chain's fees exceed the limit that was set.
    #[error("the chain asks {asked} per gas and the limit is {limit}; wait, or raise the limit")]
    Fees {
        /// What would have to be paid per gas, in the smallest unit.
        asked: u128,
        /// [`SendOptions::max_fee_per_gas`].
        limit: u128,
    },
    /// The nonce that a transaction was meant for is not the account's next one.
    #[error(
        "account {account} goes on with nonce {next}, not with {meant}: it was used meanwhile, or waits"
    )]
    Nonce {
        /// The sender.
        account: Address,
        /// What the transaction was meant for.
        meant: u64,
        /// The account's next nonce.
        next: u64,
    },
    /// The signer refused.
    #[error("signing failed: {0}")]
    Signer(String),
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
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

/// How far an account's transactions got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nonces {
    /// How many are mined: the first nonce that no block has.
    pub mined: u64,
    /// The nonce of the next transaction; above [`Self::mined`] while others wait.
    pub next: u64,
}

/// Sends transactions from one account, one after the other. Cheap to clone;
/// clones share the queue. Use one (and its clones) per account and process.
#[derive(Clone)]
pub struct Sender(Arc<Outbox>);

impl Sender {
    /// Sends as `signer` (alloy's `PrivateKeySigner`, for one) on `chain`.
    pub fn new(chain: Chain, signer: impl TxSigner<Signature> + Send + Sync + 'static) -> Self {
        Self::with_options(chain, signer, SendOptions::default())
    }

    /// Like [`Self::new`] with other limits.
    pub fn with_options(
        chain: Chain,
        signer: impl TxSigner<Signature> + Send + Sync + 'static,
        options: SendOptions,
    ) -> Self {
        Self(Arc::new(Outbox::new(chain, Box::new(signer), options)))
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.0.signer.address()
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.0.chain
    }

    /// Sends a typed call and waits until it is mined.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<Sent, SendError> {
        self.send(Some(to), call.abi_encode().into(), U256::ZERO)
            .await
    }

    /// Sends calldata and value (`to` absent: init code, value to its
    /// constructor) and waits until it is mined. Others who send through clones
    /// of this wait for their turn. Safe to cancel: what was sent is remembered.
    ///
    /// # Errors
    /// [`SendError::Reverted`] with the contract's error by name;
    /// [`SendError::Pending`], after which the same can be sent again safely.
    pub async fn send(
        &self,
        to: Option<Address>,
        data: Bytes,
        value: U256,
    ) -> Result<Sent, SendError> {
        let order = Order {
            to,
            data,
            value,
            nonce: None,
        };
        self.0.carry_out(order).await
    }

    /// How far the account's transactions got, those of other programs included.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn nonces(&self) -> Result<Nonces, ChainError> {
        self.0.chain.quorum().nonces(self.address()).await
    }

    /// Creates a contract by the account's transaction `nonce` or not at all, so that its address,
    /// [`Address::create`] of account and nonce, can be written down before. `code` is the init
    /// code with the constructor's arguments.
    ///
    /// # Errors
    /// As [`Self::send`]; [`SendError::Nonce`] when that is not the next one.
    pub async fn create_at(&self, nonce: u64, code: Bytes) -> Result<Sent, SendError> {
        let order = Order {
            to: None,
            data: code,
            value: U256::ZERO,
            nonce: Some(nonce),
        };
        self.0.carry_out(order).await
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("account", &self.address())
            .field("chain", &self.0.chain.id())
            .finish_non_exhaustive()
    }
}
