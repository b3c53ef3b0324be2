//! `stheno ceremony`: how a committee's key came to be, checked by whoever likes.
//!
//! | module | idea |
//! |---|---|
//! | `contract` | what the contract says at one final block |
//! | `audit` | the log, applied event by event by the nodes' own code, and what it gives |
//! | `findings` | where the chain says something else than its log |
//! | `text`, [`json`] | how it is told |

mod audit;
mod contract;
mod findings;
mod json;
mod text;

use std::process::ExitCode;

use stheno::NetworkFile;
use stheno_chain::{Chain, ChainConfig, ChainError, HttpOptions, Locator};

pub use audit::Audit;
pub use findings::Finding;

use crate::{
    args::{CeremonyAuditArgs, CeremonyCommand},
    failure::Failure,
    progress::Progress,
    say,
};

/// Runs the command.
///
/// # Errors
/// When the ceremony cannot be read, or the chain says something else than its log.
pub async fn run(command: CeremonyCommand, as_json: bool) -> Result<ExitCode, Failure> {
    match command {
        CeremonyCommand::Audit(args) => audit(args, as_json).await,
    }
}

async fn audit(args: CeremonyAuditArgs, as_json: bool) -> Result<ExitCode, Failure> {
    let network = args.network.as_ref().map(NetworkFile::load).transpose()?;
    let (chain, locator) = connect(&args, network.as_ref()).await?;
    let progress = Progress::new(as_json);
    progress.step("reading the log");
    let audited = Audit::of(&chain, &locator, args.ceremony).await;
    progress.finish();
    let audit = audited?;
    let pinned = network.as_ref().map(NetworkFile::fingerprint);
    let findings = audit.findings(pinned);
    say::result(
        as_json,
        &text::of(&audit, &findings),
        &json::of(&audit, &findings),
    );
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let fault = match findings.len() {
        1 => format!("ceremony {} is not what its log gives", audit.number),
        count => format!(
            "ceremony {} is not what its log gives: {count} findings",
            audit.number
        ),
    };
    Err(Failure::new("ceremony_disagrees", fault)
        .details(
            findings
                .iter()
                .map(|finding| finding.what.clone())
                .collect(),
        )
        .hint(
            "ask endpoints of other operators: either the one that was asked lies, or members and \
             contract do",
        )
        .verdict())
}

/// The committee's chain, and where the committee is on it.
async fn connect(
    args: &CeremonyAuditArgs,
    network: Option<&NetworkFile>,
) -> Result<(Chain, Locator), Failure> {
    let locator = match (network, args.chain, args.contract, args.committee) {
        (Some(network), ..) => Locator {
            chain_id: network.chain_id,
            contract: network.contract,
            committee_id: network.committee_id,
        },
        (None, Some(chain_id), Some(contract), Some(committee_id)) => Locator {
            chain_id,
            contract,
            committee_id,
        },
        _ => {
            return Err(Failure::new("usage", "which committee is not said")
                .hint("give --network FILE, or --chain, --contract and --committee"));
        }
    };
    let mut rpc = args.rpc.clone();
    if let (true, Some(network)) = (rpc.is_empty(), network) {
        rpc.extend(
            network
                .rpc
                .get(&network.chain_id)
                .into_iter()
                .flatten()
                .cloned(),
        );
    }
    if rpc.is_empty() {
        return Err(
            Failure::new("rpc_missing", "no way to the committee's chain was given").hint(format!(
                "give --rpc URL, an endpoint of chain {}; of several a majority must agree",
                locator.chain_id
            )),
        );
    }
    let config = ChainConfig::new(locator.chain_id, rpc);
    let chain = Chain::connect(config, HttpOptions::default()).await?;
    Ok((chain, locator))
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        match &error {
            ChainError::WrongChain { .. } => Self::new("rpc_other_chain", &error)
                .hint("give an endpoint of the committee's chain with --rpc URL"),
            ChainError::Refused { reason, .. } if reason.name == "UnknownCommittee" => {
                Self::new("no_committee", &error)
                    .hint("check the contract's address and the committee's number")
            }
            ChainError::Refused { reason, .. } if reason.name == "UnknownCeremony" => {
                Self::new("no_ceremony", &error)
                    .hint("leave --ceremony out for the one that made the epoch that serves")
            }
            _ => Self::new("rpc_unreadable", &error)
                .hint("try again, or name another endpoint with --rpc URL"),
        }
    }
}
