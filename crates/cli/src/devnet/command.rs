//! The command: start, tell, wait for Ctrl-C, stop.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};

use serde_json::json;

use super::{
    Devnet, DevnetError, banner,
    finality::Finality,
    ports::{PortWish, USUAL_BASE},
    running::Options,
    signals::stop_signal,
};

/// What `stheno devnet` takes.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  stheno devnet --state devnet     # prints what to type in another terminal

Accounts and contract addresses are the same on every devnet. Ctrl-C ends the chain and all nodes.
Exit code: 0 after Ctrl-C, 2 when it could not start or the chain ended, 130 when interrupted
before it was ready.")]
pub struct DevnetArgs {
    /// How many nodes.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub nodes: u16,

    /// How many of them it takes to open a file. Default: the smallest that is allowed.
    #[arg(long, value_name = "T")]
    pub threshold: Option<u16>,

    /// The chain's port; the nodes take the ones after it. 0: free ports. Default: 8545, or free
    /// ports when that or one of the following is taken.
    #[arg(long, value_name = "BASE")]
    pub ports: Option<u16>,

    /// How far behind the head blocks become final.
    #[arg(long, value_enum, default_value_t)]
    pub finality: Finality,

    /// Where chain, keys, logs and the network file go and stay; started there again, the same
    /// devnet goes on. Default: a temporary directory, removed at the end.
    #[arg(long, value_name = "DIR", visible_alias = "dir")]
    pub state: Option<PathBuf>,

    /// Print one line when it is ready, the chain's URL and the network file, and nothing else but
    /// errors.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Between two looks at the processes.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until Ctrl-C.
///
/// # Errors
/// Anything that keeps the chain or a node from starting, or ends the chain.
pub async fn run(args: DevnetArgs, json: bool) -> anyhow::Result<ExitCode> {
    let mut options = Options::of_this_executable()?;
    options.nodes = args.nodes;
    options.threshold = args.threshold.unwrap_or(args.nodes / 2 + 1);
    options.ports = match args.ports {
        None => PortWish::Usual,
        Some(0) => PortWish::Free,
        Some(base) => PortWish::From(base),
    };
    options.finality = args.finality;
    options.dir = args.state;
    // Progress is for somebody who watches.
    let watched = !json && !args.quiet && std::io::stderr().is_terminal();
    if watched {
        options.tell = tell;
    }
    let (afresh, usual) = (options.dir.is_none(), options.ports == PortWish::Usual);
    let mut interrupted = Box::pin(stop_signal());
    let started = tokio::select! {
        started = Devnet::start(options) => started,
        () = &mut interrupted => return Ok(ExitCode::from(130)),
    };
    let mut devnet = started?;
    if afresh && usual && !args.quiet && devnet.ports().rpc != USUAL_BASE {
        warn(
            json,
            &format!("ports from {USUAL_BASE} are taken, so free ones were chosen"),
        );
    }
    match (json, args.quiet) {
        (true, _) => print(&banner::object(&devnet).to_string()),
        (_, true) => print(&banner::line(&devnet)),
        _ => print(&banner::text(&devnet)),
    }

    let ended = loop {
        tokio::select! {
            () = &mut interrupted => break Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
        devnet.remember_head().await;
        // A developer may end nodes to see what the application does then.
        for lost in devnet.lost() {
            warn(json, &loss(&devnet, &lost));
        }
        if let Err(ended) = devnet.check_chain() {
            break Err(ended);
        }
    };
    if watched {
        tell("stopping the nodes and the chain");
    }
    devnet.stop().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// A node that ended, and whether the others are enough.
fn loss(devnet: &Devnet, lost: &DevnetError) -> String {
    let left = devnet.members().iter().filter(|m| m.pid().is_some());
    let (left, threshold) = (left.count(), usize::from(devnet.network().threshold));
    let enough = match left >= threshold {
        true => "enough",
        false => "too few",
    };
    format!("{lost}\n{left} nodes are left, {enough} for threshold {threshold}")
}

#[allow(clippy::print_stderr, reason = "progress, for people")]
fn tell(step: &str) {
    eprintln!("… {step}");
}

#[allow(clippy::print_stderr, reason = "what goes wrong without ending it")]
fn warn(as_json: bool, what: &str) {
    if as_json {
        eprintln!("{}", json!({ "warning": what }));
    } else {
        eprintln!("warning: {what}");
    }
}

#[allow(clippy::print_stdout, reason = "the command's result")]
fn print(text: &str) {
    println!("{text}");
}
