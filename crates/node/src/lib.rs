//! A committee member: authorises, evaluates, shares; runs the ceremonies; stores; observes.
//!
//! The server is a value. A test, a program and the thin binary all start it
//! the same way:
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let config = stheno_node::Config::load("stheno-node.toml".as_ref())?;
//! let server = stheno_node::Server::bind(config).await?;
//! println!("listening on {}", server.address());
//! server.run(async { tokio::signal::ctrl_c().await.ok(); }).await?;
//! # Ok(()) }
//! ```
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`config`] | one documented struct; TOML with environment overrides |
//! | [`data_dir`] | what lies on disk, and the lock that keeps a second process away |
//! | [`vault`] | the only holder of keys, sealed at rest |
//! | [`backup`] | a node's secrets in one file, for the day when its machine is gone |
//! | [`recovery`] | a share split among trustees, and put together again |
//! | [`store`] | what must be remembered: logs, messages, keys, receipts |
//! | [`ceremony`] | how the committee's key comes to be, seen from one member |
//! | [`epochs`] | epochs that follow each other: overlap, canary, erasure |
//! | [`server`] | `bind`, then `run` until told to stop |
//! | [`commands`] | what an operator types, one file for each |
//!
//! # What is absent
//!
//! Ciphertexts, data keys and any state per file. An identity from outside:
//! a node derives it from the policy bytes that it evaluated.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

pub mod backup;
pub mod ceremony;
mod clock;
pub mod commands;
pub mod config;
pub mod data_dir;
pub mod epochs;
mod heads;
mod http;
pub mod limits;
pub mod metrics;
mod new_file;
pub mod recovery;
pub mod release;
pub mod server;
pub mod standing;
pub mod store;
pub mod telemetry;
pub mod vault;

pub use config::{Config, ConfigError};
pub use server::{Server, ServerError};
