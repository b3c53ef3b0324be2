//! Access control conditions of Lit Protocol, as policies.
//!
//! Lit wrote a condition as a list: conditions with `{"operator": "and"}` or `"or"` between them,
//! lists in lists for brackets. What its EVM conditions asked a contract, a policy can ask; what it
//! had of its own (Solana, Cosmos, sign-in messages, POAP, PKP permissions) cannot be asked of an EVM
//! chain by a view call, and is refused by name rather than left out.
//!
//! Nothing is guessed: `and` and `or` side by side in one list are refused, because which of them
//! binds first was never written down.

mod chains;
mod condition;
mod test;

use serde_json::{Map, Value, json};

/// What of a list of conditions cannot be converted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {problem}")]
pub(super) struct LitError {
    /// Where, such as `[2][0]`.
    place: String,
    problem: String,
}

/// Deepest brackets; a policy cannot be deeper.
const MAX_DEPTH: usize = stheno::protocol::policy::MAX_DEPTH;

/// The policy that asks what the conditions ask, as JSON.
///
/// `conditions` is the list itself, or an object that has it under one of the names that Lit's SDK
/// gave it (`unifiedAccessControlConditions` and its siblings).
///
/// # Errors
/// [`LitError`]: the place, and what cannot be asked.
pub(super) fn convert(conditions: &Value) -> Result<Value, LitError> {
    let list =
        match conditions {
            Value::Object(fields) => NAMES.iter().find_map(|name| fields.get(*name)).ok_or_else(
                || {
                    fault(
                        "the file",
                        "there is no list of conditions called `unifiedAccessControlConditions`, \
                     `accessControlConditions` or `evmContractConditions`",
                    )
                },
            )?,
            other => other,
        };
    let rule = expression(list, "", 0)?;
    Ok(json!({ "version": 1, "rule": rule }))
}

const NAMES: [&str; 3] = [
    "unifiedAccessControlConditions",
    "accessControlConditions",
    "evmContractConditions",
];

/// Conditions with operators between them.
fn expression(list: &Value, place: &str, depth: usize) -> Result<Value, LitError> {
    let Value::Array(tokens) = list else {
        return Err(fault(place, "this is no list of conditions"));
    };
    if depth >= MAX_DEPTH {
        return Err(fault(
            place,
            format!("brackets are more than {MAX_DEPTH} deep"),
        ));
    }
    let (mut rules, mut operator): (Vec<Value>, Option<&str>) = (Vec::new(), None);
    for (i, token) in tokens.iter().enumerate() {
        let place = format!("{place}[{i}]");
        let said = token.get("operator").and_then(Value::as_str);
        match (i % 2 == 0, said) {
            (true, Some(said)) => {
                let problem = format!("`{said}` stands where a condition is due");
                return Err(fault(&place, problem));
            }
            (true, None) if token.is_array() => rules.push(expression(token, &place, depth + 1)?),
            (true, None) => {
                let fields = token
                    .as_object()
                    .ok_or_else(|| fault(&place, "this is no condition"))?;
                rules.push(condition::rule(fields, &place)?);
            }
            (false, Some(said @ ("and" | "or"))) => match operator.replace(said) {
                Some(before) if before != said => {
                    return Err(fault(
                        &place,
                        "`and` and `or` stand side by side: put those that belong together in a list of their own",
                    ));
                }
                _ => {}
            },
            (false, Some(said)) => {
                let problem = format!("`{said}` is neither `and` nor `or`");
                return Err(fault(&place, problem));
            }
            (false, None) => return Err(fault(&place, "an operator is missing before this")),
        }
    }
    if rules.len() * 2 != tokens.len() + 1 {
        return Err(fault(
            place,
            "the list is empty, or ends in the middle: a condition is missing",
        ));
    }
    match (operator, rules.len()) {
        (_, 1) => Ok(rules.remove(0)),
        (Some("or"), _) => Ok(json!({ "any": rules })),
        _ => Ok(json!({ "all": rules })),
    }
}

fn fault(place: &str, problem: impl Into<String>) -> LitError {
    LitError {
        place: if place.is_empty() { "the list" } else { place }.to_owned(),
        problem: problem.into(),
    }
}

/// A text field that has to be there.
fn text<'a>(fields: &'a Map<String, Value>, name: &str, place: &str) -> Result<&'a str, LitError> {
    fields
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| fault(place, format!("`{name}` is missing, or is no text")))
}

#[cfg(test)]
mod tests;
