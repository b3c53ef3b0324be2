//! `stheno receipt`: what nodes signed for having released, checked by whoever has it.

mod document;
mod findings;
mod row;
mod signers;
mod verify;

use crate::{args::ReceiptCommand, failure::Failure};

/// Runs the command.
///
/// # Errors
/// What is wrong with the receipts, or what keeps them from being checked.
pub async fn run(command: ReceiptCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        ReceiptCommand::Verify(args) => verify::run(&args, as_json).await,
    }
}
