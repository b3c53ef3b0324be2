//! `approve`: the operator's consent to one ceremony, after seeing who is in it.

use std::path::Path;

use clap::Args;

use super::{
    outcome::{Failure, Printer},
    register::OperatorArgs,
};

/// Arguments of `approve`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml approve --ceremony 1 --wait 60 --yes"
)]
pub struct ApproveArgs {
    /// The ceremony's number. Default: the open one.
    #[arg(long, value_name = "N")]
    pub ceremony: Option<u64>,
    /// Wait up to this long for the ceremony's keys to be posted and final.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// Approve without asking.
    #[arg(long, short)]
    pub yes: bool,
    /// The operator's key.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

pub(super) async fn execute(
    _config: &Path,
    _args: ApproveArgs,
    _printer: &Printer,
) -> Result<(), Failure> {
    Err(Failure::new("approve is not built yet"))
}
