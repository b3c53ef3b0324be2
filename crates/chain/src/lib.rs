//! The FEVM as nodes and readers see it: anchors, agreeing endpoints, logs, contract bindings.
//!
//! An RPC endpoint may lag, lie, or be silent. So every read goes to all
//! endpoints of a chain and counts only when [`ChainConfig::min_agree`] of them
//! give the same answer; anything less is an error that says which endpoint
//! said what. There is no fallback to fewer endpoints.
//!
//! # Layout
//! - [`config`]: which chain, which endpoints, how many must agree.
//! - [`transport`]: JSON-RPC over HTTP with a time limit and a size limit. Any
//!   other alloy transport (an EIP-1193 wallet, a double) can take its place.
//! - [`chain`]: one chain. Heads, blocks, anchors, calls pinned to a block hash.
//! - [`snapshot`]: several chains, and the reads of a policy taken at once.
//! - [`contracts`]: typed bindings of our contracts.
//! - [`committee`]: a committee read from its locator, checked.
//! - [`follow`]: final logs, in order, without holes.
//! - [`send`]: transactions from one account.
//! - [`error`]: what can go wrong, and whose doing it was.
//!
//! What is absent: keys (a [`send::Sender`] borrows a signer), HTTP serving,
//! and any decision about access; `stheno-protocol` decides.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod anchor;
mod block;
mod chain;
mod clock;
mod committee;
mod config;
pub mod contracts;
mod endpoint;
mod error;
mod explain;
mod follow;
mod gather;
mod heads;
mod health;
mod last_log;
mod once;
mod outbox;
mod question;
mod quorum;
mod quote;
mod release;
mod revert;
pub mod send;
mod snapshot;
mod transport;

pub use anchor::{MAX_ANCHOR_AGE, MAX_HEAD_AGE};
pub use block::{Block, BlockRef};
pub use chain::Chain;
pub use clock::{Instant, sleep};
pub use committee::{
    Committee, CommitteeMember, Locator, read_committee, read_epoch, read_identities,
};
pub use config::{ChainConfig, Finality, endpoint_label};
pub use error::{AnchorError, ChainError, ConfigError, Testimony};
pub use follow::{Batch, Cursor, LogFollower};
pub use health::EndpointHealth;
pub use release::publish_call;
pub use revert::Revert;
pub use send::{Nonces, SendError, SendOptions, Sender, Sent};
pub use snapshot::{Chains, Positions, Snapshot};
pub use transport::HttpOptions;
