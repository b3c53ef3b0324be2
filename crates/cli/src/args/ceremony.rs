//! `stheno ceremony …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stheno::protocol::Address;
use url::Url;

/// `stheno ceremony …`
#[derive(Clone, Debug, Subcommand)]
pub enum CeremonyCommand {
    /// Recompute a ceremony from the chain's log, and compare with what the chain says came of it.
    Audit(CeremonyAuditArgs),
}

/// What `stheno ceremony audit` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stheno ceremony audit --network network.json

  The third ceremony of a committee, through endpoints of two operators, which must agree:
    stheno ceremony audit --rpc https://a.example/rpc --rpc https://b.example/rpc \\
           --chain 314 --contract 0x… --committee 1 --ceremony 3 --json

Everything is computed from the events of the committee's contract: every signature is checked, the
running hash is compared with the contract's, and the keys are put together from the dealings. The
report names what each member did and left out. Exit code 0: the chain says what its log gives; 1:
it does not, and the report says where; 2: the ceremony could not be read.")]
pub struct CeremonyAuditArgs {
    /// The network file: where the committee is, and its endpoints. Its pinned key must be the one
    /// that the ceremony made.
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present_all = ["chain", "contract", "committee"]
    )]
    pub network: Option<PathBuf>,

    /// JSON-RPC endpoints of the committee's chain; of several a majority must agree.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// The chain that the committee's contract is on.
    #[arg(long, value_name = "ID", conflicts_with = "network")]
    pub chain: Option<u64>,

    /// The committee's contract.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "network")]
    pub contract: Option<Address>,

    /// The committee's number in its contract.
    #[arg(long, value_name = "N", conflicts_with = "network")]
    pub committee: Option<u64>,

    /// Which ceremony. Default: the one that made the epoch that serves; before the first epoch,
    /// the latest.
    #[arg(long, value_name = "N")]
    pub ceremony: Option<u64>,
}
