//! JSON-RPC over HTTP with a limit on what an endpoint may send.
//!
//! alloy's own transport reads a body to its end, however long; an endpoint
//! that lies may send a gigabyte. This one stops at the limit, follows no
//! redirect, and keeps URLs (which carry access keys) out of its errors. A
//! browser follows redirects unasked: there, what they lead to is not taken.
//! The limit on time is the caller's, so that it holds for every transport.

use std::task::{Context, Poll};
use std::time::Duration;

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use futures::StreamExt;
use tower::Service;
use url::Url;

use crate::error::ConfigError;

/// Limits of one endpoint's answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpOptions {
    /// How long one question may take, from sending to the last byte.
    pub timeout: Duration,
    /// Most bytes of an answer's body.
    pub max_answer: usize,
    /// Most bytes of the body of an `eth_getLogs` answer.
    pub max_logs_answer: usize,
    /// For how long a head is taken for the current one, counted from when it was asked for: one
    /// that took longer to read is kept for nobody, and nobody joins who waits for it already.
    pub head_ttl: Duration,
    /// How often an endpoint is asked again which chain it serves: behind a
    /// load balancer that can change.
    pub recheck_chain: Duration,
}

impl Default for HttpOptions {
    /// 10 s, 4 MiB, 32 MiB, 0.5 s, 5 min.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_answer: 4 << 20,
            max_logs_answer: 32 << 20,
            head_ttl: Duration::from_millis(500),
            recheck_chain: Duration::from_secs(300),
        }
    }
}

/// The HTTP client that all endpoints of a chain share.
pub(crate) fn http_client() -> Result<reqwest::Client, ConfigError> {
    let builder = reqwest::Client::builder();
    #[cfg(not(target_family = "wasm"))]
    let builder = builder
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("stheno/", env!("CARGO_PKG_VERSION")));
    builder
        .build()
        .map_err(|error| ConfigError::Http(error.to_string()))
}

/// One endpoint over HTTP.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    url: Url,
    max_answer: usize,
    max_logs_answer: usize,
}

/// What this transport itself objects to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum HttpFault {
    #[error("its answer is longer than {0} bytes")]
    TooLong(usize),
    #[error("{0}")]
    Unreachable(String),
    #[error("http status {0}")]
    Status(u16),
    #[error("it redirects, and is not followed")]
    Redirected,
}

impl Http {
    pub(crate) fn new(client: reqwest::Client, url: Url, options: &HttpOptions) -> Self {
        Self {
            client,
            url,
            max_answer: options.max_answer,
            max_logs_answer: options.max_logs_answer,
        }
    }

    async fn post(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let limit = match request.method_names().any(|name| name == "eth_getLogs") {
            true => self.max_logs_answer,
            false => self.max_answer,
        };
        let mut url = self.url;
        url.set_fragment(None);
        let question = self.client.post(url.clone()).json(&request);
        let response = question.send().await.map_err(unreachable)?;
        if cfg!(target_family = "wasm") && *response.url() != url {
            return Err(fault(HttpFault::Redirected));
        }
        let status = response.status();
        let body = read_up_to(response, limit).await?;
        match serde_json::from_slice(&body) {
            Ok(packet) => Ok(packet),
            Err(_) if !status.is_success() => Err(fault(HttpFault::Status(status.as_u16()))),
            // The text is left out: it may be long, and it is the endpoint's.
            Err(error) => Err(TransportError::deser_err(error, "")),
        }
    }
}

async fn read_up_to(response: reqwest::Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(fault(HttpFault::TooLong(limit)));
    }
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(unreachable)?;
        if body.len() + chunk.len() > limit {
            return Err(fault(HttpFault::TooLong(limit)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreachable(error: reqwest::Error) -> TransportError {
    fault(HttpFault::Unreachable(in_words(error)))
}

/// What is known, which is little: a browser tells a page no more.
#[cfg(target_family = "wasm")]
fn in_words(error: reqwest::Error) -> String {
    let words = if error.is_request() {
        "not reached: it is down, or does not allow this page to ask it (CORS)"
    } else {
        "the connection broke"
    };
    words.to_owned()
}

#[cfg(not(target_family = "wasm"))]
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

fn fault(fault: HttpFault) -> TransportError {
    TransportErrorKind::custom(fault)
}

impl Service<RequestPacket> for Http {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().post(request))
    }
}
