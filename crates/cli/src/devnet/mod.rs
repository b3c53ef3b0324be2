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
//! | [`command`] | what is typed and printed |
//! | [`running`] | a devnet as a value: [`Devnet::start`], [`Devnet::stop`] |
//! | [`foundation`] | everything below the key, for those who do harm in between |
//! | [`accounts`] | keys that everybody knows |
//! | [`anvil`] | finding and starting the chain |
//! | [`control`] | what only the keeper of a development chain can do |
//! | [`contracts`] | what the owner of the committee does on chain |
//! | [`member`] | one node, and the operator who types its commands |
//! | [`ceremony`] | a ceremony as the chain has it at its head |
//! | [`finality`] | when a block is final |
//! | [`pace`], [`attendance`] | when blocks come |
//! | [`reshare`] | nodes that come, and ceremonies that operators ask for |
//! | `ready` | waiting, with an end |
//! | [`kept`], [`lock`] | what a state directory remembers; one devnet each |
//! | [`banner`] | what a developer needs to know of a devnet that is ready |
//! | [`process`] | children that do not outlive this process |
//! | [`ports`], [`log_tail`], [`signals`] | who listens where; the end of a log; Ctrl-C |
//! | [`error`] | what can go wrong, and what to do about it |

pub mod accounts;
pub mod anvil;
pub mod attendance;
pub mod banner;
pub mod ceremony;
pub mod command;
pub mod contracts;
pub mod control;
pub mod error;
pub mod finality;
pub mod foundation;
pub mod kept;
pub mod lock;
pub mod log_tail;
pub mod member;
pub mod pace;
pub mod ports;
pub mod process;
mod ready;
pub mod reshare;
pub mod running;
pub mod signals;

use std::{ffi::OsString, process::ExitCode};

pub use command::{DevnetArgs, run};
pub use error::DevnetError;
pub use foundation::Foundation;
pub use running::{Devnet, Options};

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
