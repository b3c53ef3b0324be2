//! `stheno access show`: who owns an id, what it takes to read, and whether somebody has it.

use serde_json::{Value, json};
use stheno::{
    access::{AccessRegistry, Kind, Resource, Terms},
    protocol::{Address, B256, Bytes},
};

use super::{reach::connect, terms};
use crate::{args::AccessShowArgs, consent::moment, failure::Failure, say};

/// Runs the command.
///
/// # Errors
/// When the id was never registered, or the chain cannot be read.
pub(super) async fn run(args: &AccessShowArgs, as_json: bool) -> Result<(), Failure> {
    let reached = connect(&args.registry).await?;
    let registry = match args.head {
        true => reached.registry.at_head(),
        false => reached.registry,
    };
    let id = args.id;
    let found = registry.resource(id).await?;
    let terms = registry.terms(id).await?;
    let mut text = resource_text(id, &found);
    text += &terms::text("terms", terms.as_ref());
    let mut object = json!({
        "id": id,
        "kind": found.kind.name(),
        "owner": found.owner,
        "pendingOwner": found.pending_owner,
        "begun": found.begun,
        "collection": found.collection,
        "terms": Terms::to_json(terms.as_ref()),
    });
    let mut more = Vec::new();
    if found.kind == Kind::Collection {
        let (words, list) = periods(&registry, id).await?;
        text += &words;
        more.push(("periods", list));
    }
    if let Some(reader) = args.reader {
        let context = args.context.clone().unwrap_or_default();
        let (words, told) = of_reader(&registry, id, &found, reader, context).await?;
        text += &words;
        more.push(("reader", told));
    }
    if let Some(fields) = object.as_object_mut() {
        fields.extend(
            more.into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
    }
    say::result(as_json, &text, &object);
    Ok(())
}

fn resource_text(id: B256, found: &Resource) -> String {
    let mut text = format!(
        "{:<12}{id}\nowner       {}\n",
        found.kind.name(),
        found.owner
    );
    if let Some(pending) = found.pending_owner {
        text += &format!("offered     to {pending}, who has not accepted\n");
    }
    if let Some(collection) = found.collection {
        text += &format!("of          collection {collection}\n");
    }
    text + &format!("since       {}\n", moment(found.begun))
}

async fn periods(registry: &AccessRegistry, id: B256) -> Result<(String, Value), Failure> {
    let periods = registry.periods(id).await?;
    let mut text = format!("periods     {}\n", periods.len());
    for period in &periods {
        text += &format!(
            "  {:<10}{} since {}\n",
            period.number,
            period.item,
            moment(period.begun)
        );
    }
    let list = periods.iter().map(|period| {
        json!({
            "number": period.number,
            "item": period.item.to_string(),
            "seed": period.seed,
            "begun": period.begun,
        })
    });
    Ok((text, list.collect()))
}

async fn of_reader(
    registry: &AccessRegistry,
    id: B256,
    found: &Resource,
    reader: Address,
    context: Bytes,
) -> Result<(String, Value), Failure> {
    let mut ends = vec![registry.granted_until(id, reader).await?];
    if let Some(collection) = found.collection {
        ends.push(registry.granted_until(collection, reader).await?);
    }
    let until = ends.into_iter().max().unwrap_or_default();
    let judged = registry.explain(reader, id, context).await?;
    let verdict = match judged.as_ref().map(|judged| judged.truth) {
        Some(truth) => json!(truth),
        None => json!("false"),
    };
    let mut text = format!("\nreader      {reader}\n");
    text += &match until {
        0 => "grant       none\n".to_owned(),
        u64::MAX => "grant       for good\n".to_owned(),
        end => format!("grant       until {}\n", moment(end)),
    };
    text += match verdict.as_str() {
        Some("true") => "reads       yes\n",
        Some("unknown") => "reads       cannot be told: what a term asks fails, or needs a proof\n",
        _ => "reads       no\n",
    };
    for line in judged.iter().flat_map(|judged| judged.lines()) {
        text += &format!("  {line}\n");
    }
    let object = json!({
        "account": reader,
        "grantedUntil": until,
        "reads": verdict,
        "terms": judged.map(|judged| judged.to_json()),
    });
    Ok((text, object))
}
