//! One chain, read through endpoints that must agree.
#![allow(clippy::todo, reason = "skeleton")]

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use alloy::transports::BoxTransport;

use stheno_protocol::{Anchor, ChainId, Unknown};

use crate::config::ChainConfig;
use crate::error::{AnchorError, ChainError};
use crate::transport::HttpOptions;

/// A block's place on its chain.
#[derive(
    Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct BlockRef {
    /// Its number; on Filecoin the epoch.
    pub number: u64,
    /// Its hash; on Filecoin of the tipset key.
    pub hash: B256,
}

/// A block, as far as anchoring needs it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Block {
    /// The chain.
    pub chain_id: ChainId,
    /// Its number; on Filecoin the epoch.
    pub number: u64,
    /// Its hash; on Filecoin of the tipset key.
    pub hash: B256,
    /// Its time, in seconds since 1970.
    pub time: u64,
    /// The hash of the block before it, which may be more than one number lower.
    pub parent: B256,
}

impl Block {
    /// Its place.
    pub fn at(&self) -> BlockRef {
        BlockRef {
            number: self.number,
            hash: self.hash,
        }
    }
}

/// One chain. Cheap to clone; clones share connections and caches.
#[derive(Clone, Debug)]
pub struct Chain {
    config: ChainConfig,
}

impl Chain {
    /// Connects over HTTP and checks the chain id at every endpoint.
    ///
    /// # Errors
    /// A bad configuration, an endpoint of another chain, or fewer than
    /// `min_agree` endpoints that answer.
    pub async fn connect(config: ChainConfig, options: HttpOptions) -> Result<Self, ChainError> {
        let _ = options;
        Ok(Self { config })
    }

    /// Like [`Self::connect`] over transports of the caller's: each with the
    /// name that errors call it by. `config.rpc` is not used.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn over(
        config: ChainConfig,
        transports: Vec<(String, BoxTransport)>,
        options: HttpOptions,
    ) -> Result<Self, ChainError> {
        let _ = (transports, options);
        Ok(Self { config })
    }

    /// The chain's id.
    pub fn id(&self) -> ChainId {
        self.config.chain_id
    }

    /// How it was configured.
    pub fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// The newest block that `min_agree` endpoints hold final.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn final_head(&self) -> Result<Block, ChainError> {
        todo!()
    }

    /// The newest block that `min_agree` endpoints know.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn head(&self) -> Result<Block, ChainError> {
        todo!()
    }

    /// The newest block with `confirmations` blocks above it; 0 is [`Self::final_head`].
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn confirmed(&self, confirmations: u64) -> Result<Block, ChainError> {
        let _ = confirmations;
        todo!()
    }

    /// The canonical block at `number`; `None` where the chain skipped that
    /// number (a null round).
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`], also for numbers above the head.
    pub async fn block_at(&self, number: u64) -> Result<Option<Block>, ChainError> {
        let _ = number;
        todo!()
    }

    /// Checks that an anchor may be read at: canonical, final or as deep as it
    /// says, and recent. `now` is the caller's clock in Unix seconds.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub async fn check_anchor(&self, anchor: &Anchor, now: u64) -> Result<Block, AnchorError> {
        let _ = (anchor, now);
        todo!()
    }

    /// `eth_call` as policies make it: from the protocol's caller, with the
    /// protocol's gas cap, at a canonical block. Equal calls at one block are
    /// made once.
    ///
    /// # Errors
    /// [`Unknown`]; whatever went wrong is unknown, never a value.
    pub async fn call(&self, at: B256, to: Address, data: Bytes) -> Result<Bytes, Unknown> {
        let _ = (at, to, data);
        todo!()
    }

    /// Calls a view function of one of our contracts at a block, typed.
    ///
    /// # Errors
    /// [`ChainError::Refused`] on a revert, [`ChainError::Inconsistent`] when
    /// the answer does not decode, [`ChainError::NoAgreement`].
    pub async fn read<C: SolCall>(
        &self,
        at: B256,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ChainError> {
        let _ = (at, to, call);
        todo!()
    }

    /// Native balance of `of` at a block, in the smallest unit.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn balance(&self, at: B256, of: Address) -> Result<U256, ChainError> {
        let _ = (at, of);
        todo!()
    }

    /// The code of `of` at a block; empty when there is none.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`].
    pub async fn code(&self, at: B256, of: Address) -> Result<Bytes, ChainError> {
        let _ = (at, of);
        todo!()
    }
}
