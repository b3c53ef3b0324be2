//! One endpoint: asks it, in time, and says in words what it did wrong.

use std::fmt;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy::primitives::{Bytes, U64};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{ErrorPayload, RpcError, RpcRecv, RpcSend};
use alloy::transports::{BoxTransport, TransportError, TransportErrorKind};
use stheno_protocol::ChainId;

use crate::clock::{Instant, timeout};
use crate::gather::Gathering;
use crate::health::{Counters, EndpointHealth};
use crate::transport::{HttpFault, HttpOptions};

/// Longest piece of an endpoint's own words that is passed on.
const WORDS: usize = 160;

/// One JSON-RPC endpoint of a chain.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The name that errors call it by.
    pub(crate) label: String,
    connection: Arc<Connection>,
    /// Where its questions meet others, if they do.
    gathering: Option<Gathering>,
}

#[derive(Debug)]
struct Connection {
    chain_id: ChainId,
    client: RpcClient,
    limit: Duration,
    recheck: Duration,
    checked: Mutex<Option<Instant>>,
    counters: Counters,
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
            connection: Arc::new(Connection {
                chain_id,
                client: RpcClient::new(transport, false),
                limit: options.timeout,
                recheck: options.recheck_chain,
                checked: Mutex::new(None),
                counters: Counters::default(),
            }),
            gathering: None,
        }
    }

    /// The same endpoint, to which the questions of one moment are sent together.
    pub(crate) fn gathering(&self) -> Self {
        Self {
            label: self.label.clone(),
            connection: Arc::clone(&self.connection),
            gathering: Some(Gathering::default()),
        }
    }

    /// Asks, having made sure lately that it serves the right chain.
    pub(crate) async fn ask<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, Fault> {
        let connection = &self.connection;
        let due = connection
            .checked()
            .is_none_or(|at| at.elapsed() >= connection.recheck);
        if due {
            self.check_chain().await?;
        }
        let Some(gathering) = &self.gathering else {
            return connection.request(method, params).await;
        };
        // One question that takes too long holds up those that travel with it, so half of the time
        // is left to ask alone.
        let together = gathering.ask(&connection.client, method, &params);
        match timeout(connection.limit / 2, together).await {
            Ok(Some(answer)) => {
                let answer = answer.and_then(|answer| {
                    serde_json::from_str(answer.get())
                        .map_err(|error| Fault::Malformed(words(&error.to_string())))
                });
                connection.counters.count(&answer);
                answer
            }
            Ok(None) | Err(_) => connection.request(method, params).await,
        }
    }

    /// It said something else than enough others.
    pub(crate) fn contradicted(&self) {
        self.connection.counters.contradicted();
    }

    /// How it has done so far.
    pub(crate) fn health(&self) -> EndpointHealth {
        self.connection.counters.of(&self.label)
    }

    /// Asks which chain it serves.
    pub(crate) async fn check_chain(&self) -> Result<(), Fault> {
        let connection = &self.connection;
        let found: U64 = connection.request("eth_chainId", [(); 0]).await?;
        let found = found.to::<u64>();
        let right = found == connection.chain_id;
        *connection.checked() = right.then(Instant::now);
        match right {
            true => Ok(()),
            false => Err(Fault::OtherChain {
                found,
                expected: connection.chain_id,
            }),
        }
    }
}

impl Connection {
    fn checked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn request<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, Fault> {
        let answer = self.in_time(self.client.request(method, params)).await;
        let answer = answer.and_then(|answer| answer.map_err(Fault::of));
        self.counters.count(&answer);
        answer
    }

    async fn in_time<T>(&self, answer: impl IntoFuture<Output = T>) -> Result<T, Fault> {
        let answer = timeout(self.limit, answer.into_future()).await;
        answer.map_err(|_| Fault::Silent(self.limit))
    }
}

impl Fault {
    /// Whether the endpoint answered the question, be it with an error.
    pub(crate) const fn is_an_answer(&self) -> bool {
        matches!(self, Self::Error { .. } | Self::Malformed(_))
    }

    pub(crate) fn of(error: TransportError) -> Self {
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
