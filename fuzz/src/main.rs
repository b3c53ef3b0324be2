//! `stheno-fuzz`: runs targets for a time or for a number of executions.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reports"
)]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use stheno_fuzz::{Campaign, TARGETS, Target};

/// Runs fuzz targets; prints a line for each, and the input that broke a promise.
#[derive(Debug, Parser)]
#[command(
    after_help = "Example:\n  stheno-fuzz policy_json policy_cbor --seconds 60\n\nExit code 1 when a promise was broken."
)]
struct Arguments {
    /// Targets by name; all when none is given.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Executions of each target instead of a time.
    #[arg(long)]
    executions: Option<u64>,
    /// Decides every input.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs the target on this file alone.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// Where inputs that break a promise are left.
    #[arg(long, default_value = "target/fuzz")]
    artifacts: PathBuf,
    /// Lists the targets.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        TARGETS
            .iter()
            .for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    let mut chosen: Vec<&Target> = Vec::new();
    for name in &arguments.targets {
        match TARGETS.iter().find(|target| target.name == name) {
            Some(target) => chosen.push(target),
            None => {
                eprintln!("error: there is no target {name}\nhint: --list names them");
                return ExitCode::from(2);
            }
        }
    }
    if chosen.is_empty() {
        chosen = TARGETS.iter().collect();
    }
    let campaign = Campaign {
        seed: arguments.seed,
        executions: arguments.executions.unwrap_or(u64::MAX),
        time: arguments
            .executions
            .is_none()
            .then(|| Duration::from_secs(arguments.seconds)),
        artifacts: arguments.artifacts,
    };
    if let Some(path) = arguments.replay {
        return replay(&campaign, &chosen, &path);
    }
    let (mut broken, mut executions) = (0, 0);
    for target in &chosen {
        match campaign.run(target) {
            Ok(report) => {
                executions += report.executions;
                println!("{report}");
            }
            Err(failure) => {
                broken += 1;
                println!("BROKEN {failure}");
            }
        }
    }
    println!(
        "{} targets, {executions} executions, {broken} broken; seed {}",
        chosen.len(),
        campaign.seed
    );
    ExitCode::from(u8::from(broken > 0))
}

fn replay(campaign: &Campaign, chosen: &[&Target], path: &std::path::Path) -> ExitCode {
    let [target] = chosen else {
        eprintln!("error: --replay needs exactly one target");
        return ExitCode::from(2);
    };
    let input = match std::fs::read(path) {
        Ok(input) => input,
        Err(error) => {
            eprintln!("error: {}: {error}", path.display());
            return ExitCode::from(2);
        }
    };
    match campaign.replay(target, &input) {
        Ok(verdict) => {
            println!("{}: {verdict:?}", target.name);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("BROKEN {failure}");
            ExitCode::FAILURE
        }
    }
}
