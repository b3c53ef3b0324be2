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

pub mod chain;
pub mod committee;
pub mod config;
pub mod contracts;
pub mod error;
pub mod follow;
pub mod send;
pub mod snapshot;
pub mod transport;

pub use chain::{Block, BlockRef, Chain};
pub use committee::{Committee, CommitteeMember, Locator, read_committee};
pub use config::{ChainConfig, Finality};
pub use error::{AnchorError, ChainError, ConfigError, Testimony};
pub use follow::{Batch, Cursor, LogFollower};
pub use send::{Revert, SendError, Sender, Sent};
pub use snapshot::{Chains, Positions, Snapshot};
pub use transport::HttpOptions;
