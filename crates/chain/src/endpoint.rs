//! One endpoint: asks it, in time, and says in words what it did wrong.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::{Bytes, U64};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{ErrorPayload, RpcError, RpcRecv, RpcSend};
use alloy::transports::{BoxTransport, TransportError, TransportErrorKind};
use stheno_protocol::ChainId;

use crate::clock::{Instant, timeout};
use crate::transport::{HttpFault, HttpOptions};

/// Longest piece of an endpoint's own words that is passed on.
const WORDS: usize = 160;

/// One JSON-RPC endpoint of a chain.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The name that errors call it by.
    pub(crate) label: String,
    chain_id: ChainId,
    client: RpcClient,
    limit: Duration,
    recheck: Duration,
    checked: Mutex<Option<Instant>>,
}

/// What an endpoint did instead of answering.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing, for so long.
    Silent(Duration),
    /// The connection failed.
    Unreachable(String),
    /// It sent more than so many bytes.
    TooLong(usize),
    /// What it sent is no answer.
    Malformed(String),
    /// A JSON-RPC error.
    Error {
        code: i64,
        message: String,
        /// The bytes of a revert, where there are any.
        data: Option<Bytes>,
    },
    /// It serves another chain.
    OtherChain { found: ChainId, expected: ChainId },
    /// It answered, but to another question.
    Contradiction(String),
}

impl Endpoint {
    pub(crate) fn new(
        label: String,
        chain_id: ChainId,
        transport: BoxTransport,
        options: &HttpOptions,
    ) -> Self {
        Self {
            label,
            chain_id,
            client: RpcClient::new(transport, false),
            limit: options.timeout,
            recheck: options.recheck_chain,
            checked: Mutex::new(None),
        }
    }

    /// Asks, having made sure lately that it serves the right chain.
    pub(crate) async fn ask<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, Fault> {
        let due = self
            .checked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none_or(|at| at.elapsed() >= self.recheck);
        if due {
            self.check_chain().await?;
        }
        self.request(method, params).await
    }

    /// Asks which chain it serves.
    pub(crate) async fn check_chain(&self) -> Result<(), Fault> {
        let found: U64 = self.request("eth_chainId", [(); 0]).await?;
        let found = found.to::<u64>();
        let right = found == self.chain_id;
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = right.then(Instant::now);
        match right {
            true => Ok(()),
            false => Err(Fault::OtherChain {
                found,
                expected: self.chain_id,
            }),
        }
    }

    async fn request<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, Fault> {
        match timeout(self.limit, self.client.request(method, params)).await {
            Ok(answer) => answer.map_err(Fault::of),
            Err(_) => Err(Fault::Silent(self.limit)),
        }
    }
}

impl Fault {
    fn of(error: TransportError) -> Self {
        match error {
            RpcError::ErrorResp(payload) => Self::Error {
                code: payload.code,
                message: words(&payload.message),
                data: revert_data(&payload),
            },
            RpcError::Transport(kind) => Self::of_transport(&kind),
            RpcError::DeserError { err, .. } => Self::Malformed(words(&err.to_string())),
            RpcError::NullResp => Self::Malformed("null".to_owned()),
            other => Self::Unreachable(words(&other.to_string())),
        }
    }

    fn of_transport(kind: &TransportErrorKind) -> Self {
        let own = kind
            .as_custom()
            .and_then(|error| error.downcast_ref::<HttpFault>());
        match own {
            Some(HttpFault::TooLong(limit)) => Self::TooLong(*limit),
            Some(fault) => Self::Unreachable(words(&fault.to_string())),
            None => Self::Unreachable(words(&kind.to_string())),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(limit) => write!(f, "nothing within {limit:?}"),
            Self::Unreachable(words) => write!(f, "nothing ({words})"),
            Self::TooLong(limit) => write!(f, "more than {limit} bytes"),
            Self::Malformed(words) => write!(f, "something that is no answer ({words})"),
            Self::Error { code, message, .. } => write!(f, "error {code}: {message}"),
            Self::OtherChain { found, expected } => {
                write!(f, "that it serves chain {found}, not {expected}")
            }
            Self::Contradiction(words) => write!(f, "something else than was asked ({words})"),
        }
    }
}

/// An endpoint's words on one line and not too many of them.
fn words(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(WORDS)
        .collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}

/// The revert bytes of an error: its data, or a field `data` inside.
fn revert_data(payload: &ErrorPayload) -> Option<Bytes> {
    let data: serde_json::Value = serde_json::from_str(payload.data.as_ref()?.get()).ok()?;
    let text = match &data {
        serde_json::Value::Object(fields) => fields.get("data")?.as_str()?,
        other => other.as_str()?,
    };
    text.parse().ok()
}
