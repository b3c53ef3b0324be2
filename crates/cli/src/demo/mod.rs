//! `stheno demo`: the whole story, told with real processes.
//!
//! Nothing is pretended: a chain, five node processes, a key ceremony, a file
//! of 64 MiB, readers with wallets. Every figure is measured, and whatever does
//! not go as told ends the demo with an error.
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`story`] | what happens, act by act, and what is insisted on |
//! | [`facts`] | what was measured |
//! | [`narrator`] | how it is told |
//! | [`original`] | the file, and the copies that readers make of it |

pub mod facts;
pub mod narrator;
pub mod original;
pub mod story;

use std::process::ExitCode;

use crate::{devnet::signals::stop_signal, size::Size};
use narrator::Narrator;

/// What `stheno demo` takes.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  stheno demo
  stheno demo --json --size 1GiB")]
pub struct DemoArgs {
    /// How large the file is: bytes, or with KiB, MiB or GiB.
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    pub size: Size,
}

/// Plays the story once.
///
/// # Errors
/// Any surprise.
pub async fn run(args: DemoArgs, json: bool) -> anyhow::Result<ExitCode> {
    let narrator = if json {
        Narrator::on_stderr()
    } else {
        Narrator::on_stdout()
    };
    // Interrupted, the story is dropped, and with it all its processes.
    let facts = tokio::select! {
        facts = story::play(args.size, &narrator) => facts?,
        () = stop_signal() => return Ok(ExitCode::from(130)),
    };
    if json {
        print(&serde_json::to_string(&facts)?);
    } else {
        print("demo: ok");
    }
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::print_stdout, reason = "the command's result")]
fn print(line: &str) {
    println!("{line}");
}
