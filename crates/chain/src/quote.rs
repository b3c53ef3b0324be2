//! What a transaction needs to know before it is signed: gas, fees, nonce.
//!
//! These are estimates, and endpoints differ in them honestly. So the middle
//! of what they say is taken: among three, one that lies can move it no
//! further than an honest one could.

use std::fmt::Display;
use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U64, U128, U256};
use serde::Deserialize;
use serde_json::json;

use crate::endpoint::{Endpoint, Fault};
use crate::error::ChainError;
use crate::question::{Call, CallEnd};
use crate::quorum::{Answer, Heard, Quorum};
use crate::send::Nonces;

/// Fees of an EIP-1559 transaction, in the smallest unit per gas.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fees {
    /// Most that is paid in all.
    pub(crate) max: u128,
    /// What goes to the block's maker.
    pub(crate) priority: u128,
}

/// What gas estimation came to.
#[derive(Clone, Debug)]
pub(crate) enum Estimate {
    /// So much gas.
    Gas(u64),
    /// It would revert.
    Reverts(Bytes),
}

/// What is known of a transaction that was mined.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    pub(crate) status: U64,
    pub(crate) block_number: U64,
    pub(crate) block_hash: B256,
    pub(crate) gas_used: U64,
    pub(crate) contract_address: Option<Address>,
}

impl Receipt {
    pub(crate) fn succeeded(&self) -> bool {
        self.status == U64::from(1)
    }
}

impl Quorum {
    /// Gas of a call, or that enough endpoints see it revert.
    pub(crate) async fn estimate(&self, call: &Call<'_>) -> Result<Estimate, ChainError> {
        let heard = self
            .gather(
                |endpoint| async move { endpoint.estimate(call).await },
                |heard| gas(heard).len() >= self.need || reverts(heard).count() >= self.need,
            )
            .await;
        if reverts(&heard).count() >= self.need
            && let Some(data) = reverts(&heard).next()
        {
            return Ok(Estimate::Reverts(data.clone()));
        }
        middle(gas(&heard), self.need)
            .map(Estimate::Gas)
            .ok_or_else(|| {
                let said = heard.iter().map(|(endpoint, answer)| {
                    (endpoint.as_ref(), answer.as_ref().map(Estimate::show))
                });
                self.no_agreement("the gas of the transaction", said)
            })
    }

    /// Fees that get a transaction into one of the next blocks: twice the base
    /// fee, which can rise by an eighth from block to block, and the usual tip.
    pub(crate) async fn fees(&self) -> Result<Fees, ChainError> {
        let (base, priority) = futures::try_join!(
            self.median("the base fee", |endpoint| async move {
                endpoint.base_fee().await
            }),
            self.median("the priority fee", |endpoint| async move {
                endpoint.priority_fee().await
            }),
        )?;
        Ok(Fees {
            max: base.saturating_mul(2).saturating_add(priority),
            priority,
        })
    }

    /// The account's next nonce: that of the state, or a later one if enough
    /// endpoints hold transactions of it that are not mined yet.
    pub(crate) async fn nonce(&self, of: Address) -> Result<u64, ChainError> {
        Ok(self.nonces(of).await?.next)
    }

    /// How many transactions of the account are mined, and its next nonce.
    pub(crate) async fn nonces(&self, of: Address) -> Result<Nonces, ChainError> {
        let (mined, pending) = futures::try_join!(
            self.median("the nonce", |endpoint| async move {
                endpoint.nonce(of, "latest").await
            }),
            self.median("the pending nonce", |endpoint| async move {
                endpoint.nonce(of, "pending").await
            }),
        )?;
        Ok(Nonces {
            mined,
            next: mined.max(pending),
        })
    }

    /// The receipt, once enough endpoints have it.
    pub(crate) async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, ChainError> {
        self.agree("the receipt", |endpoint| async move {
            endpoint.ask("eth_getTransactionReceipt", (hash,)).await
        })
        .await
    }

    /// The lower middle of what at least `need` endpoints say.
    pub(crate) async fn median<T, F>(
        &self,
        what: &str,
        ask: impl Fn(Arc<Endpoint>) -> F,
    ) -> Result<T, ChainError>
    where
        T: Ord + Copy + Display,
        F: Future<Output = Result<T, Fault>>,
    {
        let heard = self
            .gather(ask, |heard| {
                heard.iter().filter(|(_, answer)| answer.is_ok()).count() >= self.need
            })
            .await;
        let said: Vec<T> = heard
            .iter()
            .filter_map(|(_, answer)| answer.as_ref().ok().copied())
            .collect();
        middle(said, self.need).ok_or_else(|| {
            let said = heard
                .iter()
                .map(|(endpoint, answer)| (endpoint.as_ref(), answer.as_ref().map(T::to_string)));
            self.no_agreement(what, said)
        })
    }
}

impl Endpoint {
    async fn estimate(&self, call: &Call<'_>) -> Result<Estimate, Fault> {
        let gas: Result<U64, Fault> = self.ask("eth_estimateGas", (call.json(),)).await;
        match gas.map_err(Fault::call_end) {
            Ok(gas) => Ok(Estimate::Gas(gas.to())),
            Err(Ok(CallEnd::Reverted(data))) => Ok(Estimate::Reverts(data)),
            Err(Ok(end)) => Err(Fault::Contradiction(end.show())),
            Err(Err(fault)) => Err(fault),
        }
    }

    async fn base_fee(&self) -> Result<u128, Fault> {
        let block: BaseFee = self
            .ask("eth_getBlockByNumber", (json!("latest"), false))
            .await?;
        Ok(block.base_fee_per_gas.to())
    }

    async fn priority_fee(&self) -> Result<u128, Fault> {
        let fee: U128 = self.ask("eth_maxPriorityFeePerGas", [(); 0]).await?;
        Ok(fee.to())
    }

    async fn nonce(&self, of: Address, at: &'static str) -> Result<u64, Fault> {
        let nonce: U64 = self.ask("eth_getTransactionCount", (of, at)).await?;
        Ok(nonce.to())
    }

    /// Native balance as of the newest state.
    pub(crate) async fn balance_now(&self, of: Address) -> Result<U256, Fault> {
        self.ask("eth_getBalance", (of, "latest")).await
    }

    pub(crate) async fn broadcast(&self, raw: &Bytes) -> Result<B256, Fault> {
        self.ask("eth_sendRawTransaction", (raw,)).await
    }
}

/// The lower middle, if there are `need` to choose from.
fn middle<T: Ord + Copy>(mut values: Vec<T>, need: usize) -> Option<T> {
    if values.len() < need {
        return None;
    }
    values.sort_unstable();
    values.get((values.len() - 1) / 2).copied()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseFee {
    base_fee_per_gas: U128,
}

impl Estimate {
    fn show(&self) -> String {
        match self {
            Self::Gas(gas) => format!("{gas} gas"),
            Self::Reverts(_) => "that it reverts".to_owned(),
        }
    }
}

fn gas(heard: &[Heard<Estimate>]) -> Vec<u64> {
    heard
        .iter()
        .filter_map(|(_, answer)| match answer {
            Ok(Estimate::Gas(gas)) => Some(*gas),
            _ => None,
        })
        .collect()
}

fn reverts(heard: &[Heard<Estimate>]) -> impl Iterator<Item = &Bytes> {
    heard.iter().filter_map(|(_, answer)| match answer {
        Ok(Estimate::Reverts(data)) => Some(data),
        _ => None,
    })
}

impl Answer for Option<Receipt> {
    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self) -> String {
        match self {
            Some(receipt) => format!("mined in block {}", receipt.block_number),
            None => "not mined".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_is_none_when_too_few_answered() {
        assert_eq!(middle(vec![5], 2), None);
        assert_eq!(middle(vec![9, 1], 2), Some(1));
        assert_eq!(middle(vec![1_000_000, 7, 8], 2), Some(8));
        assert_eq!(middle(vec![0, 7, 8], 2), Some(7));
    }
}
