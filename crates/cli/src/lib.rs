//! The `stheno` command: encrypt, decrypt, inspect, policies, networks, a devnet and a demo.
//!
//! Results go to stdout, everything else to stderr. Exit code 0: done; 1: access denied;
//! 2: usage or system error; 130: interrupted.
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`args`] | what can be typed: the whole command line as types |
//! | [`devnet`] | a chain, contracts and nodes on this machine |
//! | [`demo`] | the whole story once, with real processes |
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

pub mod args;
pub mod demo;
pub mod devnet;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;

/// Parses the command line, runs the command, reports what went wrong.
#[allow(clippy::print_stderr, reason = "this is the program's edge")]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the async runtime does not start: {error}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Devnet(args) => devnet::run(args, cli.json).await,
        Command::Demo(args) => demo::run(args, cli.json).await,
        Command::Tied(args) => devnet::tied(&args),
    }
}
