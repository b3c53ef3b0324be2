//! The command: start, tell, wait for Ctrl-C, stop.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use serde_json::json;

use super::{
    Devnet,
    accounts::{self, READER},
    anvil::CHAIN_ID,
    running::Options,
    signals::stop_signal,
};

/// What `stheno devnet` takes.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  stheno devnet --ports 8545 --state devnet     # prints what to type in another terminal

Ctrl-C ends the chain and all nodes.")]
pub struct DevnetArgs {
    /// How many nodes.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub nodes: u16,

    /// How many of them it takes to open a file. Default: the smallest that is allowed.
    #[arg(long, value_name = "T")]
    pub threshold: Option<u16>,

    /// The chain's port; the nodes take the ones after it. Default: free ports.
    #[arg(long, value_name = "BASE")]
    pub ports: Option<u16>,

    /// Where chain, keys, logs and the network file go and stay; started there again, the same
    /// devnet goes on. Default: a temporary directory, removed at the end.
    #[arg(long, value_name = "DIR", visible_alias = "dir")]
    pub state: Option<PathBuf>,
}

/// Runs until Ctrl-C.
///
/// # Errors
/// Anything that keeps the chain or a node from starting, or ends one of them.
pub async fn run(args: DevnetArgs, json: bool) -> anyhow::Result<ExitCode> {
    let mut options = Options::of_this_executable()?;
    options.nodes = args.nodes;
    options.threshold = args.threshold.unwrap_or(args.nodes / 2 + 1);
    options.base_port = args.ports;
    options.dir = args.state;
    // Progress is for somebody who watches.
    let watched = !json && std::io::stderr().is_terminal();
    if watched {
        options.tell = tell;
    }
    let mut interrupted = Box::pin(stop_signal());
    let started = tokio::select! {
        started = Devnet::start(options) => started,
        () = &mut interrupted => return Ok(ExitCode::from(130)),
    };
    let mut devnet = started?;
    print(&devnet, json);

    let ended = loop {
        tokio::select! {
            () = &mut interrupted => break Ok(()),
            () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {
                if let Err(ended) = devnet.check() {
                    break Err(ended);
                }
            }
        }
    };
    if watched {
        tell("stopping the nodes and the chain");
    }
    devnet.stop().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::print_stderr, reason = "progress, for people")]
fn tell(step: &str) {
    eprintln!("… {step}");
}

#[allow(clippy::print_stdout, reason = "the command's result")]
fn print(devnet: &Devnet, json: bool) {
    if json {
        println!("{}", as_json(devnet));
    } else {
        println!("{}", as_text(devnet));
    }
}

fn as_json(devnet: &Devnet) -> serde_json::Value {
    let nodes = devnet.members().iter().map(|member| {
        json!({
            "index": member.index(),
            "endpoint": member.endpoint(),
            "operator": member.operator().account,
            "pid": member.pid(),
            "log": member.operator().log(),
        })
    });
    json!({
        "ready": true,
        "chainId": CHAIN_ID,
        "rpc": devnet.rpc(),
        "contracts": devnet.contracts(),
        "network": devnet.network_path(),
        "policy": devnet.policy_path(),
        "dir": devnet.dir(),
        "threshold": devnet.network().threshold,
        "chainPid": devnet.chain_pid(),
        "nodes": nodes.collect::<Vec<_>>(),
        "accounts": accounts::ALL,
        "startMs": u64::try_from(devnet.timings().total.as_millis()).unwrap_or(u64::MAX),
    })
}

fn as_text(devnet: &Devnet) -> String {
    let contracts = devnet.contracts();
    let nodes = devnet.members();
    let endpoints: Vec<&str> = nodes.iter().map(|m| m.endpoint().as_str()).collect();
    let accounts = accounts::ALL
        .iter()
        .map(|a| format!("  {}  {}\n    {}", a.address, a.role, a.well_known_key));
    let (network, policy) = (devnet.network_path(), devnet.policy_path());
    format!(
        "\
devnet is ready after {seconds:.1} s: {count} nodes, threshold {threshold}

chain      {rpc}  (chain id {CHAIN_ID})
committee  {committee}, number {number}
pass       {pass}, sold by its function buy() for 0.5 FIL
nodes      {endpoints}
network    {network}
policy     {policy}  (\"holds an access pass\")
logs       {dir}/anvil.log, {dir}/node-*/node.log

accounts: their keys stand in every manual. Never send them anything of worth.
{accounts}

try it in another terminal:
  echo 'for pass holders only' > note.txt
  stheno encrypt note.txt --policy {policy} --network {network} -o note.fee
  STHENO_PRIVATE_KEY={key} \\
    stheno decrypt note.fee --rpc {rpc} -o -

Ctrl-C ends the chain and the nodes.",
        seconds = devnet.timings().total.as_secs_f64(),
        count = nodes.len(),
        threshold = devnet.network().threshold,
        rpc = devnet.rpc(),
        committee = contracts.committee,
        number = contracts.committee_id,
        pass = contracts.access_pass,
        endpoints = endpoints.join(" "),
        network = network.display(),
        policy = policy.display(),
        dir = devnet.dir().display(),
        accounts = accounts.collect::<Vec<_>>().join("\n"),
        key = READER.well_known_key,
    )
}
