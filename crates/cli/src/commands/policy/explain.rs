//! What a policy says of a reader now.

use std::{fmt::Write, path::Path};

use serde_json::json;
use stheno::{
    Explanation, Moment,
    ledger::RpcLedger,
    protocol::{
        Account, AccountKind, Bytes, Context, ContextValue, Explained, I256, ItemId, Subject,
        Truth, U256,
    },
};

use crate::{args::PolicyExplainArgs, failure::Failure, say};

/// Runs the command.
///
/// # Errors
/// The policy, the reader's values, an endpoint.
pub(super) async fn run(args: &PolicyExplainArgs, as_json: bool) -> Result<(), Failure> {
    let policy = super::load(Path::new(&args.file))?;
    let subject = subject(args)?;
    if policy.needs_account() && subject.account.is_none() {
        return Err(
            Failure::new("usage", "the policy asks about the reader's account")
                .hint("give --reader ADDRESS"),
        );
    }
    let ledger = RpcLedger::new(args.rpc.iter().cloned());
    let explained = ledger.explain(&policy, &subject).await;
    let explained = explained.map_err(stheno::Error::from)?;
    let object = serde_json::to_value(&explained).unwrap_or_else(|_| json!(null));
    say::result(as_json, &in_words(&explained), &object);
    Ok(())
}

fn subject(args: &PolicyExplainArgs) -> Result<Subject, Failure> {
    let account = args.reader.map(|address| Account {
        address,
        chain: args.contract_on.unwrap_or(1),
        kind: match args.contract_on {
            Some(_) => AccountKind::Contract,
            None => AccountKind::Key,
        },
    });
    let mut context = Context::default();
    for (name, value) in &args.context {
        context
            .insert(name, value.0.clone())
            .map_err(|error| Failure::new("usage", error))?;
    }
    let item = args.item.map_or([0; 32], |item| item.0);
    Ok(Subject {
        account,
        item: ItemId::from_bytes(item),
        context,
    })
}

fn in_words(explanation: &Explanation) -> String {
    let mut text = match explanation.granted {
        true => "granted\n".to_owned(),
        false => "not granted\n".to_owned(),
    };
    moment(&mut text, "at the newest final block", &explanation.then);
    if outcome(&explanation.then.tree) != outcome(&explanation.now.tree) {
        moment(&mut text, "at the head", &explanation.now);
    }
    text
}

/// What is compared to tell whether the head says something else.
fn outcome(tree: &Explained) -> (Truth, Vec<String>) {
    let mut found = Vec::new();
    let mut rest = vec![tree];
    while let Some(tree) = rest.pop() {
        found.extend(tree.leaf.iter().map(|leaf| leaf.to_string()));
        rest.extend(&tree.of);
    }
    (tree.truth, found)
}

fn moment(text: &mut String, when: &str, moment: &Moment) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "\n{when}:");
    branch(text, &moment.tree, 1);
    for block in &moment.blocks {
        let _ = writeln!(text, "  (chain {}, block {})", block.chain_id, block.number);
    }
}

fn branch(text: &mut String, tree: &Explained, depth: usize) {
    let mark = match tree.truth {
        Truth::True => '✓',
        Truth::False => '✗',
        Truth::Unknown => '?',
    };
    let indent = "  ".repeat(depth);
    let _ = match &tree.leaf {
        None => writeln!(text, "{indent}{mark} {}", tree.rule),
        Some(leaf) => writeln!(text, "{indent}{mark} {} – {}", leaf.what, leaf.found),
    };
    if let Some(leaf) = &tree.leaf
        && leaf.blocking
        && !leaf.remedy.is_empty()
    {
        let _ = writeln!(text, "{indent}  → {}", leaf.remedy);
    }
    for part in &tree.of {
        branch(text, part, depth + 1);
    }
}

/// A value of the context, as people write it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written(pub ContextValue);

/// `NAME=VALUE`: `true`, `false`, a whole number, `0x` and hex, or else text.
///
/// # Errors
/// Without `=`, or with hex that is none.
pub fn named_value(text: &str) -> Result<(String, Written), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    let value = match value {
        "true" => ContextValue::Bool(true),
        "false" => ContextValue::Bool(false),
        _ if value.starts_with("0x") => ContextValue::Bytes(
            value
                .parse::<Bytes>()
                .map_err(|error| format!("`{value}` is no hex: {error}"))?,
        ),
        _ => match (U256::from_str_radix(value, 10), value.parse::<I256>()) {
            (Ok(number), _) if !value.is_empty() => ContextValue::Uint(number),
            (_, Ok(number)) if number.is_negative() => ContextValue::Negative(number),
            _ => ContextValue::Text(value.to_owned()),
        },
    };
    Ok((name.to_owned(), Written(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_read_as_what_it_looks_like() {
        for (text, value) in [
            ("a=true", ContextValue::Bool(true)),
            ("a=7", ContextValue::Uint(U256::from(7))),
            ("a=-7", ContextValue::Negative(I256::try_from(-7).unwrap())),
            ("a=0x0102", ContextValue::Bytes(vec![1, 2].into())),
            ("a=b=c", ContextValue::Text("b=c".to_owned())),
            ("a=", ContextValue::Text(String::new())),
        ] {
            assert_eq!(named_value(text), Ok(("a".to_owned(), Written(value))));
        }
        assert!(named_value("a").is_err());
        assert!(named_value("a=0xg").is_err());
    }
}
