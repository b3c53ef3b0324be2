//! `stheno devnet`: a chain, the contracts and a committee on this machine, for an application developer.
//!
//! Everything is real: an EVM chain in its own process, the contracts of
//! `contracts/`, and nodes as processes with ports, vaults and logs of their
//! own, whose key comes from a ceremony on that chain. Only the accounts are
//! toys ([`accounts`]).
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`accounts`] | keys that everybody knows |
//! | [`anvil`] | finding and starting the chain |
//! | [`error`] | what can go wrong, and what to do about it |
//! | [`log_tail`] | the end of a log, for errors |
//! | [`ports`] | who listens where |
//! | [`process`] | children that do not outlive this process |

pub mod accounts;
pub mod anvil;
pub mod error;
pub mod log_tail;
pub mod ports;
pub mod process;

use std::{ffi::OsString, process::ExitCode};

pub use error::DevnetError;

/// What `stheno devnet` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct DevnetArgs {}

/// Runs until Ctrl-C.
///
/// # Errors
/// Anything that keeps the chain or a node from starting.
#[allow(clippy::todo, reason = "filled in next")]
pub async fn run(_args: DevnetArgs, _json: bool) -> anyhow::Result<ExitCode> {
    todo!("devnet")
}

/// What `stheno tied` takes: see [`process`].
#[derive(Clone, Debug, clap::Args)]
pub struct TiedArgs {
    /// The process whose death ends this one.
    parent: u32,
    /// What to become.
    program: OsString,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Becomes another program; returns only when that failed.
///
/// # Errors
/// Why it failed.
pub fn tied(args: &TiedArgs) -> anyhow::Result<ExitCode> {
    use anyhow::Context;
    Err(process::exec_tied(args.parent, &args.program, &args.args))
        .with_context(|| format!("cannot start {}", args.program.to_string_lossy()))
}
