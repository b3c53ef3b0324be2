//! `register`: this node becomes a member of its committee's registry, by its operator's transaction.

use std::path::Path;

use alloy::primitives::{Address, B256, Bytes};
use clap::Args;
use stheno_chain::{
    Chain, ChainError, Locator, SendError, Sender,
    contracts::committee::CommitteeContract as contract,
};
use stheno_protocol::{
    Domain,
    ceremony::{Message, Registration},
};
use url::Url;

use super::{
    operator::{OperatorArgs, home_chain},
    outcome::{Failure, Printer},
};
use crate::{
    Config,
    data_dir::DataDir,
    vault::{UnlockSecret, Vault},
};

/// Most bytes that the contract keeps.
const MAX_ENDPOINT: usize = 256;
const MAX_METADATA: usize = 512;

/// Arguments of `register`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  stheno-node --config node.toml register --operator-keystore operator.json \\\n    --metadata '{\"name\":\"Ada\"}'"
)]
pub struct RegisterArgs {
    /// Where readers will reach this node. Default: the configuration's `endpoint`.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<Url>,
    /// Free text that is published beside the endpoint, such as a name or a contact.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub metadata: String,
    /// The operator's key.
    #[command(flatten)]
    pub operator: OperatorArgs,
}

pub(super) async fn execute(
    path: &Path,
    args: RegisterArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let endpoint = endpoint(&config, &args)?;
    let data_dir = DataDir::new(&config.data_dir);
    let vault = Vault::open(&data_dir.vault(), &UnlockSecret::read(&config.vault)?)?;
    let operator = args.operator.signer()?;
    if let Some(pinned) = data_dir.operator()?
        && pinned != operator.address()
    {
        // Says so, and changes nothing.
        data_dir.pin_operator(operator.address())?;
    }
    let chain = home_chain(&config).await?;
    let registry = Registry {
        locator: config.network.locator(),
        sender: Sender::new(chain, operator),
    };
    let transaction = registry
        .put(&vault, endpoint.as_str(), &args.metadata)
        .await?;
    data_dir.pin_operator(registry.sender.address())?;

    let (operator, identity) = (registry.sender.address(), vault.address());
    let text = match transaction {
        Some(hash) => {
            format!("node {identity} of operator {operator} is registered in transaction {hash}")
        }
        None => format!("node {identity} of operator {operator} was registered already"),
    };
    printer.result(
        text,
        &serde_json::json!({
            "operator": operator,
            "identity": identity,
            "endpoint": endpoint,
            "transaction": transaction,
        }),
    );
    Ok(())
}

fn endpoint(config: &Config, args: &RegisterArgs) -> Result<Url, Failure> {
    let endpoint = args
        .endpoint
        .clone()
        .or_else(|| config.endpoint.clone())
        .ok_or_else(|| {
            Failure::new("where readers reach this node is not known")
                .hint("give --endpoint, or set `endpoint` in the configuration")
        })?;
    if !matches!(endpoint.scheme(), "http" | "https") {
        return Err(Failure::new(format!(
            "{endpoint} is not an http or https URL"
        )));
    }
    if endpoint.as_str().len() > MAX_ENDPOINT {
        return Err(Failure::new(format!(
            "the endpoint is longer than {MAX_ENDPOINT} bytes"
        )));
    }
    if args.metadata.len() > MAX_METADATA {
        return Err(Failure::new(format!(
            "the metadata is longer than {MAX_METADATA} bytes"
        )));
    }
    Ok(endpoint)
}

/// The committee's registry, as its operator writes to it.
struct Registry {
    locator: Locator,
    sender: Sender,
}

impl Registry {
    /// Registers the node, or changes its endpoint; `None` when all is as it should be.
    async fn put(
        &self,
        vault: &Vault,
        endpoint: &str,
        metadata: &str,
    ) -> Result<Option<B256>, Failure> {
        let (committee_id, at) = (self.locator.committee_id, self.locator.contract);
        let known = member_of(self.sender.chain(), &self.locator, self.sender.address()).await?;
        let sent = match known {
            None => {
                let call = contract::registerCall {
                    committeeId: committee_id,
                    identity: vault.address(),
                    endpoint: endpoint.to_owned(),
                    metadata: metadata.to_owned(),
                    identitySignature: self.signature(vault, endpoint, metadata),
                };
                self.sender.call(at, &call).await
            }
            Some(member) if member.identity != vault.address() => {
                return Err(Failure::new(format!(
                    "operator {} has registered node {} before, and this is node {}",
                    self.sender.address(),
                    member.identity,
                    vault.address()
                ))
                .hint("an operator's identity is fixed for good: use the old vault, or another operator account"));
            }
            Some(member) if member.endpoint == endpoint && member.metadata == metadata => {
                return Ok(None);
            }
            Some(_) => {
                let call = contract::setEndpointCall {
                    committeeId: committee_id,
                    endpoint: endpoint.to_owned(),
                    metadata: metadata.to_owned(),
                };
                self.sender.call(at, &call).await
            }
        };
        sent.map(|sent| Some(sent.hash))
            .map_err(|error| explain(&error))
    }

    fn signature(&self, vault: &Vault, endpoint: &str, metadata: &str) -> Bytes {
        let Locator {
            chain_id,
            contract,
            committee_id,
        } = self.locator;
        let domain = Domain::of_committee(chain_id, contract, committee_id);
        let message = Registration {
            operator: self.sender.address(),
            identity: vault.address(),
            endpoint: endpoint.to_owned(),
            metadata: metadata.to_owned(),
        };
        vault
            .identity()
            .sign(&message.digest(&domain))
            .to_vec()
            .into()
    }
}

/// The operator's node as the registry has it at the head; `None` when there is none.
async fn member_of(
    chain: &Chain,
    locator: &Locator,
    operator: Address,
) -> Result<Option<contract::MemberInfo>, Failure> {
    let call = contract::memberOfCall {
        committeeId: locator.committee_id,
        operator,
    };
    let head = chain.head().await?;
    match chain.read(head.hash, locator.contract, &call).await {
        Ok(member) => Ok((!member.identity.is_zero()).then_some(member)),
        Err(ChainError::Refused { reason, .. }) if reason.name == "NotRegistered" => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A failed transaction, with what to do about it.
pub(super) fn explain(error: &SendError) -> Failure {
    let failure = Failure::new(error);
    match error {
        SendError::Funds { .. } => failure.hint("send the account some coins"),
        SendError::Pending { .. } => failure.hint("run the same command again"),
        _ => failure,
    }
}
