//! From the command line to a registry, and to who changes it.

use serde_json::{Value, json};
use stheno::{
    Error, NetworkFile, Wallet,
    access::{AccessRegistry, Changes},
    chain::{Chain, ChainConfig, HttpOptions, Sender, Sent},
    ledger::LedgerError,
    protocol::{Address, ChainId},
};
use url::Url;

use crate::{
    args::{RegistryArgs, SenderArgs, WalletArgs},
    failure::Failure,
    keys,
    progress::Progress,
};

/// A registry that is reached.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The registry, read at the final head.
    pub registry: AccessRegistry,
    /// Its chain.
    pub chain: Chain,
    /// The file that named it, if one did.
    pub network: Option<NetworkFile>,
}

/// Finds the registry and connects to its chain.
///
/// # Errors
/// When none is named, or its chain is not reached.
pub async fn connect(args: &RegistryArgs) -> Result<Reached, Failure> {
    let network = args.network.as_ref().map(NetworkFile::load).transpose()?;
    let (chain, address) = place(args, network.as_ref())?;
    let rpc = match (&args.rpc, &network) {
        (rpc, Some(network)) if rpc.is_empty() => network.rpc_of(chain).to_vec(),
        (rpc, _) => rpc.clone(),
    };
    let chain = reach(chain, rpc).await?;
    Ok(Reached {
        registry: AccessRegistry::new(chain.clone(), address),
        chain,
        network,
    })
}

/// Connects to a chain.
///
/// # Errors
/// When no endpoint is given, or they do not serve the chain.
pub async fn reach(chain_id: ChainId, rpc: Vec<Url>) -> Result<Chain, Failure> {
    if rpc.is_empty() {
        return Err(Error::from(LedgerError::NoEndpoint { chain_id }).into());
    }
    let config = ChainConfig::new(chain_id, rpc);
    let chain = Chain::connect(config, HttpOptions::default()).await;
    Ok(chain.map_err(|error| Error::from(LedgerError::from(error)))?)
}

fn place(
    args: &RegistryArgs,
    network: Option<&NetworkFile>,
) -> Result<(ChainId, Address), Failure> {
    let chain = args.chain.or(network.map(|network| network.chain_id));
    match (args.registry, network) {
        (Some(registry), _) => {
            let chain = chain.ok_or_else(|| {
                Failure::new("usage", "the registry's chain was not said")
                    .hint("give --chain ID, or the network's file with --network FILE")
            })?;
            Ok((chain, registry))
        }
        (None, Some(network)) => match network.market {
            Some(market) => Ok((network.chain_id, market.registry)),
            None => Err(Failure::new(
                "no_market",
                format_args!("network {} has no contracts for access", network.name),
            )
            .hint("get its newest file, or name the registry with --registry ADDRESS")),
        },
        (None, None) => Err(Failure::new(
            "network_file_needed",
            "which registry it is about was not said",
        )
        .hint("give --network FILE, or --registry ADDRESS with --chain ID")),
    }
}

impl Reached {
    /// Who sends transactions.
    ///
    /// # Errors
    /// When there is no wallet, or it does not work.
    pub fn sender(&self, args: &SenderArgs) -> Result<Sender, Failure> {
        sender(self.chain.clone(), args)
    }

    /// Sends changes and waits until they are mined.
    ///
    /// # Errors
    /// What the registry has against them.
    pub async fn send(
        &self,
        sender: &Sender,
        changes: &Changes,
        as_json: bool,
    ) -> Result<Sent, Failure> {
        let progress = Progress::new(as_json);
        progress.step("waiting for the transaction to be mined");
        let sent = self.registry.send(sender, changes).await;
        progress.finish();
        Ok(sent?)
    }
}

/// Who sends transactions on a chain.
///
/// # Errors
/// When there is no wallet, or it does not work.
pub fn sender(chain: Chain, args: &SenderArgs) -> Result<Sender, Failure> {
    if args.keystore.is_none() && std::env::var_os(Wallet::ENV).is_none() {
        return Err(Failure::new(
            "wallet_needed",
            "a transaction needs a wallet that sends it",
        )
        .hint("give --keystore FILE, or set STHENO_PRIVATE_KEY"));
    }
    let args = WalletArgs {
        keystore: args.keystore.clone(),
        ..WalletArgs::default()
    };
    let wallet = keys::needed(&args)?;
    Ok(wallet.sender(chain))
}

/// A transaction for scripts.
pub fn sent_json(sent: &Sent) -> Value {
    json!({
        "transaction": sent.hash,
        "block": sent.block.number,
        "gasUsed": sent.gas_used,
    })
}
