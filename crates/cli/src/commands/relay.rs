//! `stheno relay`: sends a purchase that somebody else signed.

use serde_json::json;
use stheno::{ledger::RpcLedger, market::SignedPurchase};

use super::access::sender;
use crate::{args::RelayArgs, failure::Failure, input, progress::Progress, say};

/// Runs the command.
///
/// # Errors
/// When the file is none, or the purchase is not made.
pub async fn run(args: RelayArgs, as_json: bool) -> Result<(), Failure> {
    let purchase: SignedPurchase =
        serde_json::from_str(&input::text(&args.purchase)?).map_err(|error| {
            Failure::new(
                "bad_purchase",
                format_args!("{}: {error}", args.purchase.display()),
            )
            .hint("`stheno buy --sign FILE` writes such a file")
        })?;
    let progress = Progress::new(as_json);
    progress.step("sending the purchase");
    let chain = RpcLedger::new(args.rpc).chain(purchase.chain_id).await;
    let chain = chain.map_err(stheno::Error::from)?;
    let sent = purchase.send(&sender(chain, &args.sender)?).await;
    progress.finish();
    let sent = sent?;
    let object = json!({
        "transaction": sent.hash,
        "block": sent.block.number,
        "reader": purchase.reader,
        "payer": purchase.payer,
    });
    let (hash, block) = (sent.hash, sent.block.number);
    say::result(
        as_json,
        &format!(
            "transaction {hash}, block {block}: {} may read it",
            purchase.reader
        ),
        &object,
    );
    Ok(())
}
