//! `stheno network deploy`: contracts, a committee, and once that has a key, the network file.

use std::{fmt::Write as _, io::Write as _, path::PathBuf};

use serde_json::{Value, json};
use stheno::{
    Error, Market, NETWORK_FILE_VERSION, NetworkFile, NetworkNode,
    chain::{ChainError, Committee, Locator, read_committee},
    envelope::EnvelopeError,
    ledger::LedgerError,
    protocol::B256,
};

use super::{contracts::Contract, deployer::Deployer, parameters::Parameters, record::Record};
use crate::{
    args::NetworkDeployArgs,
    commands::access::{reach, sender},
    failure::Failure,
    interrupt,
    output::Output,
    progress::Progress,
    say,
};

/// Runs the command.
///
/// # Errors
/// What keeps a contract from being deployed, or the file from being written. What was deployed is
/// in the record, and the same command goes on.
pub(super) async fn run(args: &NetworkDeployArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    if args.output == "-" {
        return Err(
            Failure::new("usage", "the network file cannot go to standard output")
                .hint("give a file: what was deployed is kept beside it"),
        );
    }
    let parameters = Parameters::of(args.parameters);
    let chain = reach(parameters.chain_id, args.rpc.clone()).await?;
    let sender = sender(chain.clone(), &args.sender)?;
    let path = args.deployment();
    let record = Record::open(
        &path,
        parameters.name,
        parameters.chain_id,
        sender.address(),
    )?;
    let pdp_verifier = args
        .pdp_verifier
        .or(parameters.cloud.map(|cloud| cloud.pdp_verifier));
    let progress = Progress::new(as_json);
    let mut deployer = Deployer {
        chain,
        sender,
        path,
        record,
        parameters,
        pdp_verifier,
        progress: &progress,
    };
    let deployed = deployer.all().await;
    progress.finish();
    deployed?;
    let told = Told {
        network: finished(args, &deployer).await?,
        path: args.deployment(),
        record: &deployer.record,
    };
    say::result(as_json, &told.text(args), &told.json(args));
    Ok(())
}

/// What there is in the end.
struct Told<'a> {
    network: Option<NetworkFile>,
    path: PathBuf,
    record: &'a Record,
}

/// Writes the network file, if the committee has a key and everything is final.
async fn finished(
    args: &NetworkDeployArgs,
    deployer: &Deployer<'_>,
) -> Result<Option<NetworkFile>, Failure> {
    let record = &deployer.record;
    let (Some(contract), Some(committee_id)) = (record.contract, record.committee_id) else {
        return Ok(None);
    };
    let locator = Locator {
        chain_id: record.chain_id,
        contract,
        committee_id,
    };
    let unreadable = |error: ChainError| Error::from(LedgerError::from(error));
    let head = deployer.chain.final_head().await.map_err(unreadable)?;
    let committee = match read_committee(&deployer.chain, &locator, Some(head)).await {
        Ok(committee) => committee,
        // There is no key yet; or the contract itself is not final.
        Err(ChainError::NoEpoch { .. } | ChainError::Refused { .. }) => return Ok(None),
        Err(ChainError::Inconsistent { .. }) if !deployer.are_there(head.hash).await? => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error).into()),
    };
    if !deployer.are_there(head.hash).await? {
        return Ok(None);
    }
    let Some(network) = network_file(args, deployer, &committee) else {
        return Ok(None);
    };
    write(args, &network)?;
    Ok(Some(network))
}

fn network_file(
    args: &NetworkDeployArgs,
    deployer: &Deployer<'_>,
    committee: &Committee,
) -> Option<NetworkFile> {
    let (record, parameters) = (&deployer.record, &deployer.parameters);
    let market = Market {
        registry: record.address(Contract::AccessRegistry)?,
        pay_per_access: record.address(Contract::PayPerAccess)?,
        escrow: record.address(Contract::Escrow),
        catalogue: record.address(Contract::Catalogue)?,
        timed_release: None,
    };
    let nodes = committee.members.iter().filter_map(|member| {
        Some(NetworkNode {
            index: member.index.get(),
            endpoint: member.endpoint.clone()?,
            operator: Some(member.operator),
            identity: Some(member.identity),
        })
    });
    let endpoints = parameters.endpoints(&args.rpc);
    Some(NetworkFile {
        version: NETWORK_FILE_VERSION,
        name: args
            .name
            .clone()
            .unwrap_or_else(|| parameters.name.to_owned()),
        chain_id: record.chain_id,
        contract: committee.locator.contract,
        committee_id: committee.locator.committee_id,
        network_key_fingerprint: B256::new(*committee.network_key.fingerprint().as_bytes()),
        network_key: Some(committee.network_key.to_bytes().to_vec().into()),
        rpc: [(record.chain_id, endpoints)].into(),
        market: Some(market),
        tokens: parameters.tokens(),
        threshold: committee.threshold,
        nodes: nodes.collect(),
    })
}

/// Writes the file, unless it says this already.
fn write(args: &NetworkDeployArgs, network: &NetworkFile) -> Result<(), Failure> {
    if let Ok(found) = NetworkFile::load(&args.output)
        && found == *network
    {
        return Ok(());
    }
    let mut output = Output::create(&args.output, args.force)?;
    if let Err(error) = output.write_all(network.to_json().as_bytes()) {
        return Err(output.failure(Error::from(EnvelopeError::Write(error))));
    }
    Ok(output.commit()?)
}

impl Told<'_> {
    fn text(&self, args: &NetworkDeployArgs) -> String {
        let mut text = String::new();
        for step in &self.record.steps {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{:<16}{}", step.contract.name(), step.address);
        }
        if let Some(number) = self.record.committee_id {
            let _ = writeln!(text, "committee       {number}");
        }
        let _ = match &self.network {
            Some(network) => writeln!(
                text,
                "network         {}\nkey pinned      {}\nwritten         {}",
                network.network_id(),
                network.fingerprint(),
                args.output
            ),
            None => writeln!(
                text,
                "\nThe committee has no final key yet. What comes next:\n  \
                 each operator   stheno-node init --network {record} …, register, run\n  \
                 the owner       stheno-node propose --members … --threshold …\n  \
                 each operator   stheno-node approve\n\
                 When the ceremony's end is final, this command again writes {output}.",
                record = self.path.display(),
                output = args.output
            ),
        };
        text
    }

    fn json(&self, args: &NetworkDeployArgs) -> Value {
        json!({
            "deployment": self.record,
            "record": self.path,
            "complete": self.network.is_some(),
            "network": self.network.as_ref().map(|network| network.network_id().to_string()),
            "output": self.network.as_ref().map(|_| &args.output),
        })
    }
}
