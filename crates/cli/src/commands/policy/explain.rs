//! What a policy says of a reader now.

use std::{fmt::Write, path::Path};

use stheno::{
    Policy,
    ledger::RpcLedger,
    protocol::{ExplainRequest, Explained, Explanation, Moment, Subject, Truth},
    transport::{CallError, HttpTransport},
};
use url::Url;

use super::reader;
use crate::{args::PolicyExplainArgs, failure::Failure, say};

/// Runs the command.
///
/// # Errors
/// The policy, the reader's values, an endpoint.
pub(super) async fn run(args: &PolicyExplainArgs, as_json: bool) -> Result<(), Failure> {
    let policy = super::load(Path::new(&args.file))?;
    let subject = reader::subject(&policy, &args.reader)?;
    let explained = match &args.node {
        Some(node) => ask(node, &policy, &subject).await?,
        None => {
            let ledger = RpcLedger::new(args.rpc.iter().cloned());
            let explained = ledger.explain(&policy, &subject).await;
            explained.map_err(stheno::Error::from)?
        }
    };
    let object = serde_json::to_value(&explained).unwrap_or_default();
    say::result(as_json, &in_words(&explained), &object);
    Ok(())
}

/// Has a node explain by its own endpoints.
async fn ask(node: &Url, policy: &Policy, subject: &Subject) -> Result<Explanation, Failure> {
    let question = ExplainRequest::new(policy, subject);
    let answer = HttpTransport::new()?.explain(node, &question).await;
    let silent = |why: &str| {
        Failure::new("node_silent", format!("{node} gave no explanation: {why}"))
            .hint("check the URL, or ask the chain by --rpc URL")
    };
    answer.map_err(|error| match error {
        CallError::Refused(problem) => {
            let fault = format!("{node} refused: {}", problem.detail);
            Failure::new(problem.code.as_str(), fault).hint(problem.code.remedy())
        }
        CallError::Unreachable { why } | CallError::Garbage { why } => silent(&why),
        error => silent(&format!("{error:?}")),
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

/// A tree, a line for each rule, indented.
pub(super) fn branch(text: &mut String, tree: &Explained, depth: usize) {
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
