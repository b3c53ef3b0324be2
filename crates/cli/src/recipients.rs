//! From the command line to who will be able to read: policies are paired with networks.

use std::path::PathBuf;

use stheno::{
    Client, ItemId, NetworkFile, PinnedNetwork, Policy, SealTo,
    access::AccessRegistry,
    envelope::{Header, header::COMMON_HEADER_BYTES},
};
use url::Url;

use crate::{
    args::RecipientArgs,
    commands::{access::reach, policy},
    failure::Failure,
    key_file,
    progress::Progress,
};

/// The environment variable with the network file of who writes to one network.
const NETWORK: &str = "STHENO_NETWORK";

/// The recipients that were asked for, in the order: committees, X25519 keys, shared keys.
///
/// # Errors
/// When policies and networks do not pair, or a file or key is wrong.
pub async fn recipients(
    args: &RecipientArgs,
    rpc: &[Url],
    progress: &Progress,
) -> Result<Vec<SealTo>, Failure> {
    let policies: Result<Vec<Policy>, Failure> =
        args.policy.iter().map(|path| policy::load(path)).collect();
    let policies = policies?;
    let files: Result<Vec<NetworkFile>, _> =
        network_paths(args).iter().map(NetworkFile::load).collect();
    let mut networks = Vec::new();
    for file in files? {
        networks.push(pinned(file, rpc, progress).await?);
    }
    let mut recipients = pair(&policies, &networks)?;
    recipients.extend(also_to(&args.also_to)?);
    for path in &args.also_to_shared {
        recipients.push(SealTo::Shared(key_file::shared(path)?.into()));
    }
    Ok(recipients)
}

/// The X25519 keys that were named.
///
/// # Errors
/// When one is none.
pub fn also_to(keys: &[String]) -> Result<Vec<SealTo>, Failure> {
    let read = |text: &String| {
        let key = text.parse().map_err(|error| {
            Failure::new("bad_key", format_args!("--also-to: {error}"))
                .hint("`stheno keygen -o FILE` makes a key pair and prints the public key")
        });
        key.map(SealTo::X25519)
    };
    keys.iter().map(read).collect()
}

/// The item that was asked for.
///
/// # Errors
/// When it is none.
pub fn item(args: &RecipientArgs) -> Result<Option<ItemId>, Failure> {
    args.item
        .as_ref()
        .map(|item| {
            item.parse().map_err(|error| {
                Failure::new("bad_item", format_args!("--item: {error}"))
                    .hint("an item is 0x and 64 hex digits")
            })
        })
        .transpose()
}

/// Looks whether a given item is one of the registry's that a policy leaves it to, by the chain:
/// nobody could register another, and nobody would read.
///
/// # Errors
/// When it is none, or the registry cannot be asked.
pub async fn check_item(
    to: &[SealTo],
    item: Option<ItemId>,
    rpc: &[Url],
    progress: &Progress,
) -> Result<(), Failure> {
    for to in to {
        let (Some(item), Some(address), SealTo::Network { network, .. }) =
            (item, to.registry(), to)
        else {
            continue;
        };
        progress.step("looking for the item in the network's registry");
        let network = network.file();
        let rpc = match rpc {
            [] => network.rpc_of(network.chain_id),
            rpc => rpc,
        };
        let chain = reach(network.chain_id, rpc.to_vec()).await?;
        let registry = AccessRegistry::new(chain, address);
        registry.known_to_seal(item).await?;
    }
    Ok(())
}

/// What to tell about a header that other tools do not read with their first request.
pub fn header_warning(header: &Header) -> Option<String> {
    let bytes = header.as_bytes().len();
    (bytes > COMMON_HEADER_BYTES).then(|| {
        format!(
            "the header has {bytes} bytes; some tools fetch only the first {COMMON_HEADER_BYTES} of \
             a file and will not read it (fewer recipients, or --hide-policy, make it smaller)"
        )
    })
}

/// The environment stands in where a policy has no network; without a policy it means nothing.
fn network_paths(args: &RecipientArgs) -> Vec<PathBuf> {
    match std::env::var_os(NETWORK) {
        Some(path) if args.network.is_empty() && !args.policy.is_empty() => vec![path.into()],
        _ => args.network.clone(),
    }
}

/// A network to seal to, its key from its file, or else from the chain and as its file pins it.
///
/// # Errors
/// When the chain cannot be read, or says another key.
pub async fn pinned(
    file: NetworkFile,
    rpc: &[Url],
    progress: &Progress,
) -> Result<PinnedNetwork, Failure> {
    // A file that carries the key that it pins: nobody needs to be asked.
    if file.key()?.is_some() {
        return Ok(PinnedNetwork::offline(file)?);
    }
    progress.step("reading the network's key from the chain");
    let client = Client::connect(file, rpc).await?;
    client.pinned().cloned().ok_or_else(|| {
        Failure::new(
            "network_file_needed",
            "the network's key could not be pinned",
        )
    })
}

fn pair(policies: &[Policy], networks: &[PinnedNetwork]) -> Result<Vec<SealTo>, Failure> {
    let seal = |(policy, network): (&Policy, &PinnedNetwork)| {
        SealTo::network(network.clone(), policy.clone())
    };
    match (policies, networks) {
        ([], []) => Ok(Vec::new()),
        ([], _) => Err(
            Failure::new("policy_needed", "a network is given, but no policy")
                .hint("say who may read with --policy FILE"),
        ),
        (_, []) => Err(
            Failure::new("network_file_needed", "a policy is given, but no network")
                .hint("say whose nodes judge it with --network FILE, or in STHENO_NETWORK"),
        ),
        ([policy], networks) => Ok(networks.iter().map(|one| seal((policy, one))).collect()),
        (policies, [network]) => Ok(policies.iter().map(|one| seal((one, network))).collect()),
        (policies, networks) if policies.len() == networks.len() => {
            Ok(policies.iter().zip(networks).map(seal).collect())
        }
        _ => Err(Failure::new(
            "policies_do_not_pair",
            format_args!(
                "{} policies do not pair with {} networks",
                policies.len(),
                networks.len()
            ),
        )
        .hint("give one of either, or as many policies as networks, in the same order")),
    }
}
