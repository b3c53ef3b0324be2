//! `status`: what a node says of itself.

use std::{fmt::Write, net::IpAddr, path::Path, time::Duration};

use clap::Args;
use stheno_protocol::{NodeState, Position, Status};
use url::Url;

use super::outcome::{Failure, Printer};
use crate::{Config, clock};

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  stheno-node status --url https://node.example/ --json")]
pub struct StatusArgs {
    /// The node to ask. Default: the one of the configuration, at its `listen` address.
    #[arg(long, value_name = "URL")]
    pub url: Option<Url>,
}

pub(super) async fn execute(
    path: &Path,
    args: StatusArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let url = match args.url {
        Some(url) => url,
        None => local(&Config::load(path)?)?,
    };
    let status = ask(&url).await?;
    let object = serde_json::to_value(&status).map_err(Failure::new)?;
    printer.result(in_words(&url, &status), &object);
    Ok(())
}

/// The configured socket, from this machine.
fn local(config: &Config) -> Result<Url, Failure> {
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

async fn ask(url: &Url) -> Result<Status, Failure> {
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
        NodeState::Serving => format!("serving epoch {} as node {}", status.epoch, status.node),
        NodeState::Degraded => "degraded: see the node's log".to_owned(),
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
