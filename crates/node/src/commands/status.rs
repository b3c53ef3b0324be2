//! `status`: what a node says of itself, and what its committee is about.

mod ceremonies;

use std::{fmt::Write, net::IpAddr, path::Path, time::Duration};

use clap::Args;
use stheno_protocol::{NodeState, Position, Status};
use url::Url;

use super::outcome::{Failure, Printer};
use crate::{Config, clock};
use ceremonies::Affairs;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  stheno-node status --url https://node.example/ --json")]
pub struct StatusArgs {
    /// The node to ask. Default: the one of the configuration, at its `listen` address; then the
    /// chain is asked as well, for open ceremonies and those they wait for.
    #[arg(long, value_name = "URL")]
    pub url: Option<Url>,
}

pub(super) async fn execute(
    path: &Path,
    args: StatusArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let (url, config) = match args.url {
        Some(url) => (url, None),
        None => {
            let config = Config::load(path)?;
            (local(&config)?, Some(config))
        }
    };
    let status = ask(&url).await?;
    let mut object = serde_json::to_value(&status).map_err(Failure::new)?;
    let mut text = in_words(&url, &status);
    if let Some(config) = &config {
        // A node whose chain cannot be read says so itself; that it answers is worth printing.
        match Affairs::read(config).await {
            Ok(affairs) => {
                text = format!("{text}\n{}", affairs.in_words());
                let affairs = serde_json::to_value(&affairs).map_err(Failure::new)?;
                if let Some(object) = object.as_object_mut() {
                    object.insert("committee".to_owned(), affairs);
                }
            }
            Err(failure) => printer.note(format!("the chain could not be asked: {failure}")),
        }
    }
    printer.result(text, &object);
    Ok(())
}

/// The configured socket, from this machine.
pub(super) fn local(config: &Config) -> Result<Url, Failure> {
    let mut address = config.listen;
    if address.port() == 0 {
        return Err(
            Failure::new("the configuration leaves the port to the system")
                .hint("give --url with the address that `run` printed"),
        );
    }
    if address.ip().is_unspecified() {
        let loopback = match address.ip() {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        };
        address.set_ip(loopback);
    }
    format!("http://{address}/").parse().map_err(Failure::new)
}

pub(super) async fn ask(url: &Url) -> Result<Status, Failure> {
    let silent = |error: reqwest::Error| {
        Failure::new(format!("{url} does not answer: {}", error.without_url()))
            .hint("is the node running? start it with `run`")
    };
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .map_err(silent)?;
    let page = url.join("v1/status").map_err(Failure::new)?;
    let answer = client.get(page).send().await.map_err(silent)?;
    let answer = answer.error_for_status().map_err(silent)?;
    answer.json().await.map_err(|error| {
        Failure::new(format!(
            "{url} does not answer as a node: {}",
            error.without_url()
        ))
    })
}

fn in_words(url: &Url, status: &Status) -> String {
    let state = match status.state {
        NodeState::Starting => "starting".to_owned(),
        NodeState::Waiting => "waiting: no member of an active epoch".to_owned(),
        NodeState::Ceremony => "in a ceremony".to_owned(),
        NodeState::Serving => format!("serving {}", served(status)),
        NodeState::Degraded if status.epochs.is_empty() => {
            "degraded: see the node's log".to_owned()
        }
        NodeState::Degraded => format!("degraded: see the node's log; serving {}", served(status)),
        NodeState::Stopping => "stopping".to_owned(),
        _ => "in a state that this version does not know".to_owned(),
    };
    let mut text = format!(
        "node     {url}\nstate    {state}\nnetwork  {}\nversion  {}",
        status.network, status.version
    );
    let now = clock::now();
    let place = |position: Option<Position>| match position {
        Some(at) => format!("{} ({} s ago)", at.number, now.saturating_sub(at.time)),
        None => "unknown".to_owned(),
    };
    for heads in &status.heads {
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "\nchain    {}: final {}, head {}",
            heads.chain_id,
            place(heads.finalized),
            place(heads.head)
        );
    }
    text
}

/// "epoch 3 as node 2, epoch 2 as node 5".
fn served(status: &Status) -> String {
    let epochs = status.epochs.iter();
    let epochs = epochs.map(|served| format!("epoch {} as node {}", served.epoch, served.node));
    epochs.collect::<Vec<_>>().join(", ")
}
