//! `stheno network`: what a network file says, how the network is, and how one comes to be.

pub mod contracts;
mod deploy;
pub mod deployer;
pub mod parameters;
pub mod record;

use std::fmt::Write;

use serde_json::{Value, json};
use stheno::{Client, NetworkFile, Survey, ledger::Committee};

use crate::{
    args::{NetworkCommand, NetworkShowArgs},
    failure::Failure,
    progress::Progress,
    say,
};

/// Runs the command.
///
/// # Errors
/// When the file is none, or its network has another key.
pub async fn run(command: NetworkCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        NetworkCommand::Show(args) => show(args, as_json).await,
        NetworkCommand::Deploy(args) => deploy::run(&args, as_json).await,
    }
}

async fn show(args: NetworkShowArgs, as_json: bool) -> Result<(), Failure> {
    let network = NetworkFile::load(&args.file)?;
    let mut object = json!({ "file": network, "network": network.network_id().to_string() });
    let mut text = file_text(&network);
    if !args.offline {
        let progress = Progress::new(as_json);
        progress.step("asking the chain and the nodes");
        let locator = network.locator();
        let client = Client::connect(network, &args.rpc).await?;
        let committee = client.committee(&locator).await?;
        let survey = client.survey(&committee).await;
        progress.finish();
        text += &live_text(&committee, &survey);
        if let Some(object) = object.as_object_mut() {
            object.insert("committee".to_owned(), live_json(&committee, &survey));
        }
    }
    say::result(as_json, &text, &object);
    Ok(())
}

fn file_text(network: &NetworkFile) -> String {
    let mut text = format!("{}\n", network.name);
    let _ = writeln!(text, "network       {}", network.network_id());
    let _ = writeln!(
        text,
        "committee     {} of {} on chain {}",
        network.committee_id, network.contract, network.chain_id
    );
    let _ = writeln!(text, "key pinned    {}", network.fingerprint());
    text
}

fn live_text(committee: &Committee, survey: &Survey) -> String {
    let mut text = format!(
        "key on chain  the pinned one\nepoch         {}\nthreshold     {} of {}\n",
        committee.epoch,
        committee.threshold,
        committee.members.len()
    );
    for member in &committee.members {
        let endpoint = member
            .endpoint
            .as_ref()
            .map_or("no endpoint", |url| url.as_str());
        let told = survey
            .statuses
            .iter()
            .find(|(index, _)| *index == member.index);
        let state = match (told, survey.failures.get(&member.index)) {
            (Some((_, status)), _) => {
                let blocks = status.heads.iter().filter_map(|heads| {
                    let block = heads.finalized?;
                    Some(format!(
                        "chain {} final at {}",
                        heads.chain_id, block.number
                    ))
                });
                let blocks: Vec<String> = blocks.collect();
                format!(
                    "{:?}, epoch {}, {}",
                    status.state,
                    status.epoch,
                    blocks.join(", ")
                )
            }
            (None, Some(failure)) => failure.to_string(),
            (None, None) => "was not asked".to_owned(),
        };
        let _ = writeln!(text, "node {:<8} {endpoint}  {state}", member.index.get());
    }
    text
}

fn live_json(committee: &Committee, survey: &Survey) -> Value {
    let nodes = committee.members.iter().map(|member| {
        let told = survey
            .statuses
            .iter()
            .find(|(index, _)| *index == member.index);
        json!({
            "node": member.index.get(),
            "endpoint": member.endpoint,
            "identity": member.identity,
            "keyPublished": member.node_key.is_some(),
            "status": told.map(|(_, status)| status),
            "failure": survey.failures.get(&member.index).map(ToString::to_string),
        })
    });
    json!({
        "epoch": committee.epoch,
        "threshold": committee.threshold,
        "networkKeyFingerprint": committee.network_key.fingerprint().to_string(),
        "nodes": nodes.collect::<Vec<Value>>(),
    })
}
