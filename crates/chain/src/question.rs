//! What is asked of one endpoint, and how its answer is read.
//!
//! Filecoin's ways are known here: a number without a block (a null round) is
//! an error of its own, and a failed call is told in several manners.

use alloy::primitives::{Address, B256, Bytes, U64, U256, hex};
use alloy::rpc::types::{Filter, Log};
use serde::Deserialize;
use serde_json::{Value, json};
use stheno_protocol::ChainId;

use crate::block::Block;
use crate::endpoint::{Endpoint, Fault};
use crate::quorum::Answer;

/// JSON-RPC error of Lotus and Forest for a number whose round was null.
const NULL_ROUND: i64 = 12;
/// JSON-RPC error for a call that reverted.
const REVERTED: i64 = 3;
/// JSON-RPC error for a log query over too many blocks or with too many results.
const TOO_MUCH: i64 = -32005;

/// A block by tag or number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    /// The newest with an executed state; on Filecoin the head's parent.
    Latest,
    /// What the endpoint calls final.
    Finalized,
    /// The canonical one of a number.
    Number(u64),
}

/// What stands at a number: a block, or nothing because the round was null.
pub(crate) type Place = Option<Block>;

/// How a call ended, equal on all endpoints.
#[derive(Clone, Debug)]
pub(crate) enum CallEnd {
    /// It returned.
    Returned(Bytes),
    /// It reverted, with this data where the endpoint passed it on.
    Reverted(Bytes),
    /// It used up its gas.
    OutOfGas,
    /// What it returned exceeds the limit of an answer.
    TooLong,
}

/// A call to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) from: Address,
    pub(crate) to: Option<Address>,
    pub(crate) data: &'a Bytes,
    pub(crate) value: U256,
    pub(crate) gas: Option<u64>,
}

impl Call<'_> {
    pub(crate) fn json(&self) -> Value {
        let mut call = json!({
            "from": self.from,
            // Old endpoints know only `data`, new ones prefer `input`.
            "data": self.data,
            "input": self.data,
        });
        if let Value::Object(fields) = &mut call {
            if let Some(to) = self.to {
                fields.insert("to".to_owned(), json!(to));
            }
            if !self.value.is_zero() {
                fields.insert("value".to_owned(), json!(self.value));
            }
            if let Some(gas) = self.gas {
                fields.insert("gas".to_owned(), json!(U64::from(gas)));
            }
        }
        call
    }
}

/// EIP-1898: this block, and an error if it is not canonical.
fn pinned(at: B256) -> Value {
    json!({ "blockHash": at, "requireCanonical": true })
}

impl Endpoint {
    /// The block, or `None` for a null round.
    pub(crate) async fn block(&self, chain_id: ChainId, which: Which) -> Result<Place, Fault> {
        let name = match which {
            Which::Latest => json!("latest"),
            Which::Finalized => json!("finalized"),
            Which::Number(number) => json!(U64::from(number)),
        };
        let answer: Result<Option<RawBlock>, Fault> =
            self.ask("eth_getBlockByNumber", (name, false)).await;
        let block = match answer {
            Ok(Some(raw)) => raw.on(chain_id),
            Ok(None) => return Err(Fault::Contradiction("no such block".to_owned())),
            Err(fault) if fault.null_round() => return Ok(None),
            Err(fault) => return Err(fault),
        };
        match which {
            Which::Number(number) if number != block.number => Err(Fault::Contradiction(format!(
                "block {} for {number}",
                block.number
            ))),
            _ => Ok(Some(block)),
        }
    }

    /// The block of a hash, canonical or not.
    pub(crate) async fn block_of(&self, chain_id: ChainId, hash: B256) -> Result<Block, Fault> {
        let raw: Option<RawBlock> = self.ask("eth_getBlockByHash", (hash, false)).await?;
        let block = raw
            .ok_or_else(|| Fault::Contradiction("no such block".to_owned()))?
            .on(chain_id);
        match block.hash == hash {
            true => Ok(block),
            false => Err(Fault::Contradiction(format!("block {}", block.hash))),
        }
    }

    /// `eth_call` at a canonical block.
    pub(crate) async fn call(&self, at: B256, call: &Call<'_>) -> Result<CallEnd, Fault> {
        match self.ask("eth_call", (call.json(), pinned(at))).await {
            Ok(data) => Ok(CallEnd::Returned(data)),
            Err(fault) => fault.call_end(),
        }
    }

    pub(crate) async fn balance(&self, at: B256, of: Address) -> Result<U256, Fault> {
        self.ask("eth_getBalance", (of, pinned(at))).await
    }

    pub(crate) async fn code(&self, at: B256, of: Address) -> Result<Bytes, Fault> {
        self.ask("eth_getCode", (of, pinned(at))).await
    }

    /// The logs of some blocks, the last included.
    pub(crate) async fn logs(
        &self,
        filter: &Filter,
        first: u64,
        last: u64,
    ) -> Result<Vec<Log>, Fault> {
        let filter = filter.clone().from_block(first).to_block(last);
        self.ask("eth_getLogs", (filter,)).await
    }
}

impl Fault {
    /// Whether it says that a number has no block because its round was null.
    fn null_round(&self) -> bool {
        match self {
            Self::Error { code, message, .. } => {
                *code == NULL_ROUND || message.to_lowercase().contains("null round")
            }
            _ => false,
        }
    }

    /// Whether the same question about fewer blocks may be answered.
    pub(crate) fn asked_too_much(&self) -> bool {
        match self {
            Self::Error { code, .. } => *code == TOO_MUCH,
            Self::TooLong(_) => true,
            _ => false,
        }
    }

    /// How a call ended, where the error tells of the call and not of the endpoint.
    pub(crate) fn call_end(self) -> Result<CallEnd, Self> {
        let Self::Error {
            code,
            message,
            data,
        } = &self
        else {
            return match self {
                Self::TooLong(_) => Ok(CallEnd::TooLong),
                other => Err(other),
            };
        };
        let message = message.to_lowercase();
        let tells = |words: &[&str]| words.iter().any(|word| message.contains(word));
        // Filecoin's exit code 7, and the words of geth and of anvil.
        if tells(&["exit=[7]", "exit 7)", "syserroutofgas"])
            || (*code != REVERTED && tells(&["out of gas", "outofgas", "oog"]))
        {
            return Ok(CallEnd::OutOfGas);
        }
        // An aborted execution (a bad jump, an invalid opcode) is no other to a
        // condition than a revert.
        if *code == REVERTED
            || tells(&[
                "revert",
                "invalid opcode",
                "invalid jump",
                "evm error",
                "vm error",
            ])
        {
            return Ok(CallEnd::Reverted(data.clone().unwrap_or_default()));
        }
        Err(self)
    }
}

/// What anchoring needs of a block; the rest of the answer is not looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBlock {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
}

impl RawBlock {
    fn on(self, chain_id: ChainId) -> Block {
        Block {
            chain_id,
            number: self.number.to(),
            hash: self.hash,
            time: self.timestamp.to(),
            parent: self.parent_hash,
        }
    }
}

impl Answer for Place {
    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self) -> String {
        self.map_or("a null round".to_owned(), |block| block.show())
    }
}

impl Answer for Block {
    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self) -> String {
        format!("block {} {}", self.number, self.hash)
    }
}

impl Answer for CallEnd {
    /// Revert data is not compared: endpoints word it differently, and nothing
    /// but an explanation depends on it.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Returned(a), Self::Returned(b)) => a == b,
            (Self::Reverted(_), Self::Reverted(_))
            | (Self::OutOfGas, Self::OutOfGas)
            | (Self::TooLong, Self::TooLong) => true,
            _ => false,
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Returned(data) => data.show(),
            Self::Reverted(_) => "that it reverts".to_owned(),
            Self::OutOfGas => "that it runs out of gas".to_owned(),
            Self::TooLong => "more than fits".to_owned(),
        }
    }
}

impl Answer for Bytes {
    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self) -> String {
        match self.get(..40) {
            Some(start) => format!("{}… ({} bytes)", hex::encode_prefixed(start), self.len()),
            None => self.to_string(),
        }
    }
}

impl Answer for U256 {
    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn show(&self) -> String {
        self.to_string()
    }
}
