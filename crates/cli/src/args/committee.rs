//! Which committee opens an envelope, and how it is reached. Shared by all commands that read.

use std::path::PathBuf;

use clap::Args;
use url::Url;

/// The way to the committee.
#[derive(Clone, Debug, Default, Args)]
pub struct CommitteeArgs {
    /// A JSON-RPC endpoint; give one for each chain that the policy names, or several of a chain.
    #[arg(long, value_name = "URL", env = "STHENO_RPC", value_delimiter = ',')]
    pub rpc: Vec<Url>,

    /// A network file, for its endpoints and to refuse every other network.
    #[arg(short, long, value_name = "FILE")]
    pub network: Option<PathBuf>,

    /// The policy, for an envelope that only says its digest.
    #[arg(short, long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}
