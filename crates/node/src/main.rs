//! The operator's node binary: `stheno-node init | register | run | propose | approve | status | …`.

use std::process::ExitCode;

use clap::Parser;
use stheno_node::commands::{self, NodeArgs};

#[derive(Debug, Parser)]
#[command(name = "stheno-node", version, about, long_about = None)]
struct Program {
    #[command(flatten)]
    args: NodeArgs,
}

fn main() -> ExitCode {
    commands::run(Program::parse().args)
}
