//! `stheno demo`: the whole story, told with real processes.

use std::process::ExitCode;

/// What `stheno demo` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {}

/// Plays the story once.
///
/// # Errors
/// Any surprise.
#[allow(clippy::todo, reason = "filled in next")]
pub async fn run(_args: DemoArgs, _json: bool) -> anyhow::Result<ExitCode> {
    todo!("demo")
}
