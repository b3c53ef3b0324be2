//! How nodes are reached.

#[cfg(feature = "http")]
mod http;

#[cfg(feature = "http")]
pub use http::HttpTransport;

use stheno_protocol::{Answer, Problem, Request, Status};

use crate::{
    bounds::{BoxFuture, Shareable},
    ledger::Member,
};

/// Carries questions to a node and its answers back.
///
/// Nothing that comes back is trusted: receipts and shares are checked by the caller, who also
/// keeps the time limit.
pub trait Transport: Shareable {
    /// `GET /v1/status`.
    fn status<'a>(&'a self, node: &'a Member) -> BoxFuture<'a, Result<Status, CallError>>;

    /// `POST /v1/reencrypt`.
    fn reencrypt<'a>(
        &'a self,
        node: &'a Member,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<Answer, CallError>>;
}

/// Why a node gave no answer of the wanted kind.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// It was not reached, or the connection broke.
    Unreachable {
        /// Why, in words.
        why: String,
    },
    /// It answered something that is no answer of this protocol.
    Garbage {
        /// What is wrong with it.
        why: String,
    },
    /// It refused, and said why.
    Refused(Box<Problem>),
}
