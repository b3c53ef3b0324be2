//! `init`: the keys and the configuration of a new node.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use clap::Args;
use url::Url;

use super::outcome::{Failure, Printer};

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml init --data-dir data --chain-id 314 \\\n    --contract 0x… --committee 1 --rpc https://a.example/rpc --rpc https://b.example/rpc \\\n    --endpoint https://node.example/ --key-file vault.key"
)]
pub struct InitArgs {
    /// Where the vault and the database go; relative to the configuration file.
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// The chain that the committee contract lives on.
    #[arg(long, value_name = "ID")]
    pub chain_id: u64,
    /// The committee contract.
    #[arg(long, value_name = "ADDRESS")]
    pub contract: Address,
    /// The committee's number within the contract.
    #[arg(long = "committee", value_name = "N")]
    pub committee_id: u64,
    /// A JSON-RPC endpoint of the chain; give several.
    #[arg(long, value_name = "URL", required = true)]
    pub rpc: Vec<Url>,
    /// How many endpoints must agree. Default: all but one, at least one.
    #[arg(long, value_name = "K")]
    pub min_agree: Option<usize>,
    /// Take the block this many below the head for final, instead of the endpoint's `finalized`.
    #[arg(long, value_name = "BLOCKS")]
    pub finality_depth: Option<u64>,
    /// How often the chain's heads are read.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1_000)]
    pub poll_ms: u64,
    /// The socket to serve on.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8440")]
    pub listen: SocketAddr,
    /// Where readers will reach this node.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<Url>,
    /// A web origin whose pages may ask this node, or `*`; may be repeated.
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,
    /// Seal the vault with this key file; made if it does not exist. Relative to the
    /// configuration file.
    #[arg(long, value_name = "FILE", group = "unlock")]
    pub key_file: Option<PathBuf>,
    /// Seal the vault with the passphrase in this file. Relative to the configuration file.
    #[arg(long, value_name = "FILE", group = "unlock")]
    pub passphrase_file: Option<PathBuf>,
    /// Seal the vault with this file of $CREDENTIALS_DIRECTORY.
    #[arg(long, value_name = "NAME", group = "unlock")]
    pub credential: Option<String>,
}

pub(super) fn execute(_config: &Path, _args: InitArgs, _printer: &Printer) -> Result<(), Failure> {
    Err(Failure::new("init is not built yet"))
}
