//! `stheno access`: who reads an item, said on chain and changed there.

mod create;
mod edit;
mod grant;
mod reach;
mod show;
mod terms;

pub use reach::{Reached, connect, reach, sender, sent_json};

use crate::{args::AccessCommand, failure::Failure, interrupt};

/// Runs the command.
///
/// # Errors
/// What keeps the registry from being read or changed.
pub async fn run(command: AccessCommand, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    match command {
        AccessCommand::Create(args) => create::run(&args, as_json).await,
        AccessCommand::Begin(args) => create::begin(&args, as_json).await,
        AccessCommand::Set(args) => edit::set(&args, as_json).await,
        AccessCommand::Grant(args) => grant::grant(&args, as_json).await,
        AccessCommand::Revoke(args) => grant::revoke(&args, as_json).await,
        AccessCommand::Show(args) => show::run(&args, as_json).await,
        AccessCommand::Roles(args) => edit::roles(&args, as_json).await,
        AccessCommand::Transfer(args) => edit::transfer(&args, as_json).await,
        AccessCommand::Accept(args) => edit::accept(&args, as_json).await,
    }
}
