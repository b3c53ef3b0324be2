//! `stheno access grant` and `revoke`: readers by name.

use serde_json::json;
use stheno::{
    access::{AccessError, Changes},
    chain::Sent,
    protocol::{Address, B256},
};

use super::reach::{Reached, connect, sent_json};
use crate::{
    args::{AccessGrantArgs, AccessRevokeArgs, SenderArgs},
    consent::{moment, now},
    failure::Failure,
    say,
};

/// Readers of one transaction: each costs about as much as a transfer.
const BATCH: usize = 100;

/// Runs `stheno access grant`.
///
/// # Errors
/// What keeps readers from being granted; earlier batches of them have their grants then.
pub(super) async fn grant(args: &AccessGrantArgs, as_json: bool) -> Result<(), Failure> {
    let until = match (args.until, args.lasting) {
        (Some(until), _) => until.0,
        (None, Some(lasting)) => now().saturating_add(lasting.0),
        (None, None) => u64::MAX,
    };
    if until <= now() {
        return Err(AccessError::Expired { until }.into());
    }
    let batches = batches(&args.readers, |readers| {
        Changes::new().grant(args.id, readers, until)
    })?;
    let reached = connect(&args.registry).await?;
    let sent = send(&reached, args.id, &args.sender, &batches, as_json).await?;
    let (until_words, until_json) = match until {
        u64::MAX => ("for good".to_owned(), json!(null)),
        end => (format!("until {}", moment(end)), json!(end)),
    };
    let mut text = format!(
        "granted     {} {until_words}\n",
        counted(args.readers.len())
    );
    if !reached.asks_for_grants(args.id).await? {
        text += "note        the terms ask for no grant; `stheno access set` changes them\n";
    }
    let object = json!({
        "id": args.id,
        "granted": args.readers,
        "until": until_json,
        "transactions": sent.iter().map(sent_json).collect::<Vec<_>>(),
    });
    say::result(as_json, &text, &object);
    Ok(())
}

/// Runs `stheno access revoke`.
///
/// # Errors
/// What keeps grants from being taken back.
pub(super) async fn revoke(args: &AccessRevokeArgs, as_json: bool) -> Result<(), Failure> {
    let batches = batches(&args.readers, |readers| {
        Changes::new().revoke(args.id, readers)
    })?;
    let reached = connect(&args.registry).await?;
    let sent = send(&reached, args.id, &args.sender, &batches, as_json).await?;
    let text = format!("revoked     {}\n", counted(args.readers.len()));
    let object = json!({
        "id": args.id,
        "revoked": args.readers,
        "transactions": sent.iter().map(sent_json).collect::<Vec<_>>(),
    });
    say::result(as_json, &text, &object);
    Ok(())
}

fn batches(
    readers: &[Address],
    change: impl Fn(&[Address]) -> Result<Changes, AccessError>,
) -> Result<Vec<Changes>, Failure> {
    let batches: Result<Vec<Changes>, AccessError> = readers.chunks(BATCH).map(change).collect();
    Ok(batches?)
}

async fn send(
    reached: &Reached,
    id: B256,
    sender: &SenderArgs,
    batches: &[Changes],
    as_json: bool,
) -> Result<Vec<Sent>, Failure> {
    let sender = reached.sender(sender)?;
    // A clearer answer than the refusal of a transaction.
    reached.registry.clone().at_head().resource(id).await?;
    let mut sent = Vec::new();
    for changes in batches {
        sent.push(reached.send(&sender, changes, as_json).await?);
    }
    Ok(sent)
}

impl Reached {
    async fn asks_for_grants(&self, id: B256) -> Result<bool, Failure> {
        let terms = self.registry.clone().at_head().terms(id).await?;
        Ok(terms.is_some_and(|terms| terms.asks_for_a_grant()))
    }
}

fn counted(readers: usize) -> String {
    match readers {
        1 => "1 reader".to_owned(),
        many => format!("{many} readers"),
    }
}
