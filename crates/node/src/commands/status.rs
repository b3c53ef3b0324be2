//! `status`: what a node says of itself.

use std::path::Path;

use clap::Args;
use url::Url;

use super::outcome::{Failure, Printer};

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  stheno-node status --url https://node.example/ --json")]
pub struct StatusArgs {
    /// The node to ask. Default: the one of the configuration, at its `listen` address.
    #[arg(long, value_name = "URL")]
    pub url: Option<Url>,
}

pub(super) async fn execute(
    _config: &Path,
    _args: StatusArgs,
    _printer: &Printer,
) -> Result<(), Failure> {
    Err(Failure::new("status is not built yet"))
}
