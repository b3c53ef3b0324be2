//! `stheno group`: members who are not named, in a file and as a root on chain.

mod add;
mod deploy;
mod file;
mod publish;
mod reach;
mod show;

use crate::{args::GroupCommand, failure::Failure, interrupt};

/// Runs the command.
///
/// # Errors
/// What keeps the group from being read or changed.
pub async fn run(command: GroupCommand, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    match command {
        GroupCommand::Create(args) => file::create(&args, as_json),
        GroupCommand::Add(args) => add::run(&args, as_json),
        GroupCommand::Remove(args) => file::remove(&args, as_json),
        GroupCommand::Root(args) => file::root(&args, as_json),
        GroupCommand::Deploy(args) => deploy::run(&args, as_json).await,
        GroupCommand::Publish(args) => publish::run(&args, as_json).await,
        GroupCommand::Show(args) => show::run(&args, as_json).await,
    }
}
