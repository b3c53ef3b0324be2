//! `stheno devnet`: a chain, the contracts and a committee on this machine, for an application developer.

use std::process::ExitCode;

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
