//! Which IPFS gateways are asked.

use clap::Args;
use url::Url;

/// Which IPFS gateways are asked.
#[derive(Clone, Debug, Default, Args)]
pub struct GatewayArgs {
    /// A trustless IPFS gateway, https://HOST, that may have what is asked for by
    /// its CID: what ipfs://CID names, and the envelopes of a folder that was encrypted with --car.
    /// Every block is verified. Give several, and they are tried in turn.
    #[arg(
        long = "gateway",
        value_name = "URL",
        env = "STHENO_GATEWAY",
        value_delimiter = ','
    )]
    pub gateways: Vec<Url>,
}
