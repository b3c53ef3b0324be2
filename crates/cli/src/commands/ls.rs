//! `stheno ls`: what an encrypted folder holds.

use serde_json::{Value, json};
use stheno::{
    collection::Collection,
    envelope::manifest::{Entry, Hint},
};

use crate::{
    args::LsArgs,
    failure::Failure,
    interrupt,
    located::{Located, Places},
    opening::{Opening, add_released, warn_of_culprits},
    progress::Progress,
    say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the manifest from being read; a denial above all.
pub async fn run(args: LsArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let manifest = Located::of(&args.manifest)?;
    let opening = Opening::of(&args.opening, &args.committee, false)?;
    opening.check_stdin(&args.manifest)?;
    let progress = Progress::new(as_json);
    let access = opening.access(&progress).await;
    let access = access.inspect_err(|_| progress.finish())?;
    let places = Places {
        from: &args.from,
        gateways: &args.gateways.gateways,
    };
    let collection = manifest.open(places, &access).await;
    progress.finish();
    let collection = collection?;
    opening.keep_all_receipts(&access)?;
    let released = access.released();
    let mut object = object(&collection);
    add_released(&mut object, &released);
    if !as_json {
        warn_of_culprits(&released);
    }
    say::result(as_json, &text(&collection), &object);
    Ok(())
}

/// A line for each file: its size, its media type, its name. Names hold no control characters.
fn text(collection: &Collection) -> String {
    let header = collection.manifest().header();
    let entries = collection.manifest().entries();
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    let width = entries.iter().map(|entry| entry.size.to_string().len());
    let width = width.max().unwrap_or_default();
    let mut text = String::new();
    for entry in entries {
        text += &format!("{:>width$}  {}\n", entry.size, entry.path);
    }
    text += &format!(
        "{}, version {}: {} files, {total} bytes\n",
        header.collection,
        header.version,
        entries.len()
    );
    text
}

fn object(collection: &Collection) -> Value {
    let manifest = collection.manifest();
    let header = manifest.header();
    json!({
        "collection": header.collection,
        "version": header.version,
        "digest": manifest.digest().to_string(),
        "previous": header.previous.map(|digest| digest.to_string()),
        "network": header.network.map(|network| network.to_string()),
        "created": header.created,
        "hints": header.hints.iter().map(hint).collect::<Vec<_>>(),
        "bytes": manifest.entries().iter().map(|entry| entry.size).sum::<u64>(),
        "files": manifest.entries().iter().map(file).collect::<Vec<_>>(),
    })
}

fn file(entry: &Entry) -> Value {
    json!({
        "path": entry.path.as_str(),
        "bytes": entry.size,
        "mediaType": entry.media_type,
        "sha256": hex::encode(entry.sha256),
        "modified": entry.modified,
        "item": entry.item.map(|item| item.to_string()),
        "envelopeBytes": entry.envelope.len,
        "cid": entry.envelope.cid.map(|cid| cid.to_string()),
        "pieces": entry.envelope.parts.iter().map(|part| part.piece.to_string()).collect::<Vec<_>>(),
    })
}

fn hint(hint: &Hint) -> Value {
    match hint {
        Hint::Url(url) => json!(url),
        Hint::Provider(number) => json!(number),
    }
}
