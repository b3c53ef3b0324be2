//! The `stheno` command: encrypt, decrypt, inspect, rewrap, keys, policies, networks, a devnet and a demo.
//!
//! Results go to stdout, everything else to stderr; with `--json` each is one object. Exit code 0:
//! done; 1: access denied; 2: usage or system error; 130: interrupted; 141: nobody reads the output
//! any more.
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`args`] | what can be typed: the whole command line as types |
//! | [`commands`] | one file per command |
//! | [`context`] | values that a reader sends along with a request |
//! | [`input`], [`output`] | files and streams; an output appears under its name when it is whole |
//! | [`interrupt`] | Ctrl-C removes what is unfinished |
//! | [`located`] | an encrypted folder: by itself, its manifest, or a link |
//! | [`sealed`] | an envelope to be read: its header, and where its body is |
//! | [`recipients`], [`opening`] | from the command line to who may read, and to who opens |
//! | [`keys`], [`key_file`] | secrets, never from the command line |
//! | [`sale_file`] | which item an encrypted folder is sold as |
//! | [`consent`], [`session_file`], [`delegation_file`] | letting another key ask |
//! | [`creation`] | a contract that is created once, whatever happens meanwhile |
//! | [`cbor_text`] | CBOR that somebody else wrote, for people and scripts |
//! | [`progress`], [`say`], [`failure`] | what people and scripts are told |
//! | [`redacted`] | secret keys in what is told |
//! | [`codes`] | every error code, and what it means |
//! | [`address`], [`size`] | inputs that are addresses; sizes as people write them |
//! | [`devnet`] | a chain, contracts and nodes on this machine |
//! | [`demo`] | the whole story once, with real processes |
//!
//! What is absent: cryptography, message bytes and file bytes; those are the SDK's.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

pub mod address;
pub mod args;
pub mod cbor_text;
pub mod codes;
pub mod commands;
pub mod consent;
pub mod context;
pub mod creation;
pub mod delegation_file;
pub mod demo;
pub mod devnet;
pub mod failure;
pub mod input;
pub mod interrupt;
pub mod key_file;
pub mod keys;
pub mod located;
pub mod opening;
pub mod output;
pub mod progress;
pub mod recipients;
pub mod redacted;
pub mod sale_file;
pub mod say;
pub mod sealed;
pub mod session_file;
pub mod size;

use std::{borrow::Cow, process::ExitCode};

use args::{Cli, Command};
use clap::Parser;
use failure::Failure;

/// Parses the command line, runs the command, reports what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    let as_json = cli.json;
    // A node brings its own runtime, logs and reports.
    if let Command::Node(mut args) = cli.command {
        args.json |= as_json;
        return stheno_node::commands::run(args);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(Failure::new(
            "failed",
            format_args!("the async runtime: {error}"),
        )),
    };
    result.unwrap_or_else(|failure| failure.report(as_json))
}

/// Says what is wrong with the command line, or what was asked for, and ends. A key that somebody typed
/// where something else belongs is not repeated.
fn refuse(error: &clap::Error) -> ! {
    let text = error.render().to_string();
    match redacted::redacted(&text) {
        Cow::Borrowed(_) => error.exit(),
        Cow::Owned(text) => {
            say::note(text.trim_end());
            std::process::exit(error.exit_code());
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Encrypt(args) => commands::encrypt::run(*args, cli.json).await?,
        Command::Decrypt(args) => commands::decrypt::run(*args, cli.json).await?,
        Command::Add(args) => commands::add::run(*args, cli.json).await?,
        Command::Ls(args) => commands::ls::run(*args, cli.json).await?,
        Command::Put(args) => commands::put::run(args, cli.json).await?,
        Command::Get(args) => commands::get::run(*args, cli.json).await?,
        Command::Sell(args) => commands::sell::run(*args, cli.json).await?,
        Command::Buy(args) => commands::buy::run(*args, cli.json).await?,
        Command::Relay(args) => commands::relay::run(args, cli.json).await?,
        Command::Rewrap(args) => commands::rewrap::run(*args, cli.json).await?,
        Command::Unwrap(args) => commands::unwrap::run(*args, cli.json).await?,
        Command::Keygen(args) => commands::keygen::run(&args, cli.json)?,
        Command::Piece(args) => commands::piece::run(&args, cli.json)?,
        Command::Inspect(args) => commands::inspect::run(args, cli.json)?,
        Command::Session(command) => commands::session::run(command, cli.json).await?,
        Command::Delegation(command) => commands::delegation::run(command, cli.json).await?,
        Command::Access(command) => commands::access::run(command, cli.json).await?,
        Command::Group(command) => commands::group::run(command, cli.json).await?,
        Command::Member(command) => commands::member::run(&command, cli.json)?,
        Command::Prove(command) => commands::prove::run(&command, cli.json).await?,
        Command::Policy(command) => commands::policy::run(command, cli.json).await?,
        Command::Receipt(command) => commands::receipt::run(command, cli.json).await?,
        Command::Network(command) => commands::network::run(command, cli.json).await?,
        Command::Ceremony(command) => return commands::ceremony::run(command, cli.json).await,
        Command::Help(args) => commands::help::run(args, cli.json)?,
        Command::Node(args) => return Ok(stheno_node::commands::run(args)),
        Command::Devnet(args) => return Ok(devnet::run(args, cli.json).await?),
        Command::Demo(args) => return Ok(demo::run(args, cli.json).await?),
        Command::Tied(args) => return Ok(devnet::tied(&args)?),
    }
    Ok(ExitCode::SUCCESS)
}
