//! What can be typed: the whole command line as types.

use clap::{Parser, Subcommand};

use crate::{
    demo::DemoArgs,
    devnet::{DevnetArgs, TiedArgs},
};

/// Encrypt files to on-chain conditions; a committee of nodes gives out keys, and cannot decrypt.
#[derive(Debug, Parser)]
#[command(name = "stheno", version, max_term_width = 100)]
pub struct Cli {
    /// Print results (and errors) as one JSON object.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a chain, the contracts and a committee on this machine, for application developers.
    Devnet(DevnetArgs),
    /// Play the whole story once with real processes, and say `demo: ok`.
    Demo(DemoArgs),
    /// Become another program that ends when a given process does (the devnet's way to start its own).
    #[command(hide = true)]
    Tied(TiedArgs),
}
