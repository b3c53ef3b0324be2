//! From the command line to a group's chain.

use stheno::{NetworkFile, chain::Chain};

use crate::{args::GroupChainArgs, commands::access, failure::Failure};

/// Connects to the chain that was named.
///
/// # Errors
/// When none is, or it is not reached.
pub(super) async fn connect(args: &GroupChainArgs) -> Result<Chain, Failure> {
    let network = args.network.as_ref().map(NetworkFile::load).transpose()?;
    let chain = args
        .chain
        .or(network.as_ref().map(|network| network.chain_id));
    let chain = chain.ok_or_else(|| {
        Failure::new("usage", "the group's chain was not said")
            .hint("give --chain ID, or a network's file with --network FILE")
    })?;
    let rpc = match (&args.rpc, &network) {
        (rpc, Some(network)) if rpc.is_empty() => network.rpc_of(chain).to_vec(),
        (rpc, _) => rpc.clone(),
    };
    access::reach(chain, rpc).await
}
