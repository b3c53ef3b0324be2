//! What only the keeper of a development chain can do: make blocks, give money.

use alloy::{
    eips::BlockNumberOrTag,
    network::TransactionBuilder,
    primitives::{Address, U64, U256},
    providers::{Provider, ProviderBuilder, RootProvider},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::DevnetError;

/// Anvil's own RPC methods, and unpinned views at its head.
///
/// The product reads chains through `stheno-chain` alone, at final blocks and
/// through endpoints that agree; this is the other side of the counter.
#[derive(Clone, Debug)]
pub struct Control {
    provider: RootProvider,
}

/// `txpool_status`.
#[derive(Deserialize)]
struct PoolStatus {
    pending: U64,
}

impl Control {
    /// Speaks to the chain at `rpc`; nothing is sent yet.
    pub fn new(rpc: Url) -> Self {
        Self {
            provider: ProviderBuilder::default().connect_http(rpc),
        }
    }

    /// The chain's id: a sign of life.
    ///
    /// # Errors
    /// [`DevnetError::Chain`], here and below.
    pub async fn chain_id(&self) -> Result<u64, DevnetError> {
        let id = self.provider.get_chain_id().await;
        id.map_err(|e| DevnetError::chain("ask for the chain id", e))
    }

    /// The number of the newest block.
    pub async fn head(&self) -> Result<u64, DevnetError> {
        let number = self.provider.get_block_number().await;
        number.map_err(|e| DevnetError::chain("ask for the newest block", e))
    }

    /// The number of the newest final block.
    pub async fn finalized(&self) -> Result<u64, DevnetError> {
        let what = "ask for the newest final block";
        let block = self
            .provider
            .get_block_by_number(BlockNumberOrTag::Finalized);
        let block = block.await.map_err(|e| DevnetError::chain(what, e))?;
        Ok(block.map_or(0, |block| block.header.number))
    }

    /// Makes a block now, of everything that waits.
    pub async fn mine(&self) -> Result<(), DevnetError> {
        self.ask("evm_mine", json!([])).await.map(drop)
    }

    /// How many transactions wait for a block.
    pub async fn pending(&self) -> Result<u64, DevnetError> {
        let what = "txpool_status";
        let pool = self.ask(what, json!([])).await?;
        let pool: PoolStatus =
            serde_json::from_value(pool).map_err(|e| DevnetError::chain(what, e))?;
        Ok(pool.pending.to())
    }

    /// From now on a block every so many seconds.
    pub async fn mine_every(&self, seconds: u64) -> Result<(), DevnetError> {
        self.ask("evm_setIntervalMining", json!([seconds]))
            .await
            .map(drop)
    }

    /// Makes an account rich: it has exactly `amount` attoFIL afterwards.
    pub async fn set_balance(&self, account: Address, amount: U256) -> Result<(), DevnetError> {
        self.ask("anvil_setBalance", json!([account, amount]))
            .await
            .map(drop)
    }

    /// Calls a view function at the head.
    pub async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, DevnetError> {
        let what = || format!("call {}", C::SIGNATURE);
        let request = TransactionRequest::default()
            .with_to(to)
            .with_input(call.abi_encode());
        // The default is the pending block, and what waits for a block may never get into one.
        let answer = self.provider.call(request).latest().await;
        let answer = answer.map_err(|e| DevnetError::chain(what(), e))?;
        C::abi_decode_returns(&answer).map_err(|e| DevnetError::chain(what(), e))
    }

    async fn ask(&self, method: &'static str, params: Value) -> Result<Value, DevnetError> {
        let answer = self.provider.raw_request(method.into(), params).await;
        answer.map_err(|e| DevnetError::chain(method, e))
    }
}
