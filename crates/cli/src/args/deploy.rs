//! `stheno network deploy`: contracts and a committee on a chain.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use stheno::protocol::Address;
use url::Url;

use super::SenderArgs;

/// What `stheno network deploy` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  stheno network deploy --parameters calibration --keystore owner.json -o network.json \\
         --rpc https://a.example/rpc/v1 --rpc https://b.example/rpc/v1
  stheno-node --config node.toml init --network network.json.deployment --rpc … --key-file vault.key
  …                        # register, run, propose, approve: the ceremony makes the key
  stheno network deploy --parameters calibration --keystore owner.json -o network.json --rpc …

The first run deploys the contracts and founds a committee; once its ceremony has made a key, the same
command writes the network file. It can be killed at any point and run again: what it is about to send
stands in OUTPUT.deployment before, and what is there is not deployed twice.")]
pub struct NetworkDeployArgs {
    /// Which chain it is for: windows of ceremonies, contracts of storage, tokens.
    #[arg(long, value_enum)]
    pub parameters: ParametersArg,

    /// JSON-RPC endpoints of the chain. A majority of them must agree.
    #[arg(
        long,
        value_name = "URL",
        env = "STHENO_RPC",
        value_delimiter = ',',
        required = true
    )]
    pub rpc: Vec<Url>,

    /// Where the network file goes, and beside it, with `.deployment` behind, what was deployed.
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub output: String,

    /// What people call the network. Default: the parameters' name.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: Option<String>,

    /// PDPVerifier, for the escrow that pays when data stayed stored. Default: that of Filecoin
    /// Onchain Cloud on the chain; on a devnet there is none, and no escrow without it.
    #[arg(long, value_name = "ADDRESS")]
    pub pdp_verifier: Option<Address>,

    /// Replace a network file that says something else.
    #[arg(short, long)]
    pub force: bool,

    /// Who sends it, and owns the committee.
    #[command(flatten)]
    pub sender: SenderArgs,
}

/// A set of parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ParametersArg {
    /// A development chain, chain id 31415926.
    Devnet,
    /// Filecoin's testnet, chain id 314159.
    Calibration,
    /// Filecoin, chain id 314.
    Mainnet,
}

impl NetworkDeployArgs {
    /// The network file's name with `.deployment` behind.
    pub fn deployment(&self) -> PathBuf {
        PathBuf::from(format!("{}.deployment", self.output))
    }
}
