//! A policy over recorded answers of chains: does it say what its author expects?

use std::{fmt::Write, path::Path};

use serde_json::{Value, json};
use stheno::{
    Error, Policy, PolicyError,
    ledger::RpcLedger,
    protocol::{Explained, explain},
};

use super::{
    as_value,
    explain::branch,
    fixtures::{Case, Expect, Fixtures, unanswered},
    load, reader,
};
use crate::{
    args::{PolicyRecordArgs, PolicyTestArgs},
    failure::Failure,
    input, say,
};

/// Runs `stheno policy test`.
///
/// # Errors
/// Fixtures that cannot be read; a case that says something else than expected.
pub(super) fn run(args: &PolicyTestArgs, as_json: bool) -> Result<(), Failure> {
    let path = Path::new(&args.file);
    let bad = |fault: String| {
        Failure::new("bad_fixtures", format_args!("{}: {fault}", args.file))
            .hint("`stheno policy record` writes such a file from what a chain says now")
    };
    let fixtures: Fixtures =
        serde_json::from_str(&input::text(path)?).map_err(|error| bad(error.to_string()))?;
    if fixtures.cases.is_empty() {
        return Err(bad(
            "there are no cases, so nothing would be tested".to_owned()
        ));
    }
    let policy = policy(&fixtures.policy, path, &bad)?;
    let (mut text, mut objects, mut failed) = (String::new(), Vec::new(), 0_usize);
    for case in &fixtures.cases {
        let (said, tree) = judge(&policy, case)
            .map_err(|fault| bad(format!("case \"{}\": {fault}", case.name)))?;
        let ok = said == case.expect;
        failed += usize::from(!ok);
        // Writing into a string cannot fail.
        let _ = match ok {
            true => writeln!(text, "ok      {}: {said}", case.name),
            false => writeln!(text, "FAILED  {}: {said}, not {}", case.name, case.expect),
        };
        if !ok {
            branch(&mut text, &tree, 4);
        }
        objects.push(json!({
            "name": case.name, "ok": ok, "expected": case.expect, "said": said, "tree": tree,
        }));
    }
    let all = fixtures.cases.len();
    let _ = write!(text, "{} of {all} cases as expected", all - failed);
    say::result(
        as_json,
        &text,
        &json!({ "ok": failed == 0, "cases": objects }),
    );
    match failed {
        0 => Ok(()),
        _ => {
            let fault = format!("{failed} of {all} cases say something else than expected");
            Err(Failure::new("policy_test_failed", fault)
                .hint("the tree under each shows which condition decided"))
        }
    }
}

/// Runs `stheno policy record`.
///
/// # Errors
/// The policy, the reader's values, an endpoint.
pub(super) async fn record(args: &PolicyRecordArgs, as_json: bool) -> Result<(), Failure> {
    let policy = load(Path::new(&args.file))?;
    let subject = reader::subject(&policy, &args.reader)?;
    let ledger = RpcLedger::new(args.rpc.iter().cloned());
    let readings = ledger.readings(&policy, &subject).await;
    let readings = readings.map_err(Error::from)?;
    let said = Expect::from(explain(&policy, &subject, &readings).truth);
    let name = args.name.clone().unwrap_or_else(|| {
        let who = args
            .reader
            .reader
            .map_or_else(|| "anybody".to_owned(), |reader| reader.to_string());
        format!("{who}, as recorded")
    });
    let fixtures = Fixtures {
        policy: as_value(&policy),
        cases: vec![Case::recorded(name, said, &subject, &readings)],
    };
    let object = serde_json::to_value(&fixtures).unwrap_or_default();
    let text = serde_json::to_string_pretty(&fixtures).unwrap_or_default();
    say::result(as_json, &text, &object);
    Ok(())
}

fn judge(policy: &Policy, case: &Case) -> Result<(Expect, Explained), String> {
    let subject = case.subject()?;
    if policy.requires_account() && subject.account.is_none() {
        return Err("the policy asks about the reader; add \"reader\": \"0x…\"".to_owned());
    }
    let readings = case.readings()?;
    let missing = unanswered(policy, &subject, &readings);
    if !missing.is_empty() {
        return Err(format!(
            "the policy asks what is not answered; add {}",
            missing.join(", ")
        ));
    }
    let tree = explain(policy, &subject, &readings);
    Ok((tree.truth.into(), tree))
}

/// The policy in the fixtures, or in the file that they name.
fn policy(
    written: &Value,
    fixtures: &Path,
    bad: &impl Fn(String) -> Failure,
) -> Result<Policy, Failure> {
    match written {
        Value::String(name) => {
            let folder = fixtures.parent().unwrap_or_else(|| Path::new(""));
            load(&folder.join(name))
        }
        Value::Object(_) => Policy::from_json(&written.to_string()).map_err(|error| match error {
            // The place in the text is that of another text.
            PolicyError::At { path, problem, .. } => bad(format!("policy: {path}: {problem}")),
            other => bad(format!("policy: {other}")),
        }),
        _ => Err(bad(
            "`policy` is a policy, or the name of its file".to_owned()
        )),
    }
}
