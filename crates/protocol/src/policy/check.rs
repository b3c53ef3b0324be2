//! What every leaf must keep to, whichever form it was read from, and the limits of the whole.

use alloy_primitives::U256;
use stheno_circuits::Statement;

use super::{Arg, Comparison, Leaf, Limit, PolicyError, Rule, Scalar, TokenStandard, Zk};
use crate::context::is_name;

/// Checks a leaf's values against each other, and whether it may stand where it does: `negated`
/// is under an odd number of `not`s. An error names the field.
pub(super) fn leaf_check(leaf: &Leaf, negated: bool) -> Result<(), (&'static str, String)> {
    match leaf {
        Leaf::Token(token) => {
            at_least_one(token.min)?;
            match (token.standard, token.ids.is_empty()) {
                (TokenStandard::Erc1155, true) => Err((
                    "ids",
                    "`ids` is missing: which ids of the ERC-1155 contract count".to_owned(),
                )),
                (TokenStandard::Erc20, false) => {
                    Err(("ids", "ERC-20 tokens have no ids".to_owned()))
                }
                (TokenStandard::Erc721, false) => Err((
                    "ids",
                    "any token of the ERC-721 contract counts; for a certain one, use `call` with ownerOf".to_owned(),
                )),
                _ => match token.ids.iter().enumerate().find(|(i, id)| {
                    token.ids.iter().take(*i).any(|other| other == *id)
                }) {
                    Some((_, twice)) => Err(("ids", format!("the id {} stands here twice", id_text(twice)))),
                    None => Ok(()),
                },
            }
        }
        Leaf::Balance(balance) => at_least_one(balance.min),
        Leaf::Time(time) => match (time.after, time.before) {
            (None, None) => Err(("after", "give `after`, `before` or both".to_owned())),
            (Some(after), Some(before)) if after >= before => {
                Err(("before", "`before` must be later than `after`".to_owned()))
            }
            _ => Ok(()),
        },
        Leaf::Address(addresses) => {
            if addresses.list.is_empty() {
                return Err(("in", "`in` of nothing: add an address".to_owned()));
            }
            if !addresses.list.is_sorted_by(|a, b| a < b) {
                return Err((
                    "in",
                    "the addresses are not ascending and distinct".to_owned(),
                ));
            }
            Ok(())
        }
        Leaf::Call(call) => match (call.comparison, call.operands.as_slice()) {
            (Comparison::Contains, [Arg::Literal(Scalar::Text(part))]) if part.is_empty() => {
                Err(("returns", "every string contains the empty one".to_owned()))
            }
            _ => Ok(()),
        },
        Leaf::Allowlist(_) if negated => Err((
            "proof",
            "a reader can always send a wrong proof, so `not` of an `allowlist` keeps nobody out; ask a contract with `call`".to_owned(),
        )),
        Leaf::Allowlist(allowlist) => name("proof", &allowlist.proof),
        Leaf::Subscription(_) => Ok(()),
        Leaf::Storage(storage) if storage.proven_within == Some(0) => Err((
            "provenWithin",
            "a proof is never younger than its block; `provenWithin` is 1 epoch or more".to_owned(),
        )),
        Leaf::Storage(_) => Ok(()),
        Leaf::Grant(grant) => match &grant.context {
            Some(context) => name("context", context),
            None => Ok(()),
        },
        Leaf::Zk(_) if negated => Err((
            "proof",
            "a reader can always leave a proof out, so `not` of a `zk` keeps nobody out; name another group".to_owned(),
        )),
        Leaf::Zk(zk) => zk_check(zk),
    }
}

fn zk_check(zk: &Zk) -> Result<(), (&'static str, String)> {
    name("proof", &zk.proof)?;
    if zk.period == Some(0) {
        let problem = "a period has 1 second or more; leave it out where there is one for ever";
        return Err(("period", problem.to_owned()));
    }
    let circuit = zk.circuit;
    match (&zk.attributes, circuit.statement) {
        (Some(ranges), Statement::CredentialV1) => {
            match ranges.iter().position(|range| range.low > range.high) {
                Some(at) => Err((
                    "attributes",
                    format!(
                        "nothing is in the range of attribute {at}: its end is below its beginning"
                    ),
                )),
                None => Ok(()),
            }
        }
        (None, Statement::MembershipV1) => Ok(()),
        (Some(_), _) => Err((
            "attributes",
            format!("{circuit} proves nothing of attributes; a credential does"),
        )),
        (None, _) => Err((
            "attributes",
            format!("`attributes` is missing, which {circuit} proves"),
        )),
    }
}

/// Checks the name of a context value.
fn name(field: &'static str, name: &str) -> Result<(), (&'static str, String)> {
    if is_name(name) {
        return Ok(());
    }
    Err((
        field,
        format!("`{name}` cannot name a value of the context"),
    ))
}

fn id_text(id: &Arg) -> String {
    match id {
        Arg::Literal(Scalar::Uint(id)) => id.to_string(),
        Arg::Placeholder(placeholder) => placeholder.to_string(),
        other => format!("{other:?}"),
    }
}

fn at_least_one(min: U256) -> Result<(), (&'static str, String)> {
    if min.is_zero() {
        return Err((
            "min",
            "everybody has at least 0; `min` is 1 or more".to_owned(),
        ));
    }
    Ok(())
}

/// Checks every limit but that of bytes.
pub(super) fn limits(rule: &Rule) -> Result<(), PolicyError> {
    Limit::Depth.check(rule.depth())?;
    Limit::Leaves.check(rule.leaves().count())?;
    Limit::Private.check(different_private(rule))?;
    for leaf in rule.leaves() {
        match leaf {
            Leaf::Call(call) => {
                for arg in call.args.iter().chain(&call.operands) {
                    literal_limit(arg)?;
                }
            }
            Leaf::Token(token) => Limit::Ids.check(token.ids.len())?,
            Leaf::Balance(_)
            | Leaf::Time(_)
            | Leaf::Address(_)
            | Leaf::Allowlist(_)
            | Leaf::Subscription(_)
            | Leaf::Storage(_)
            | Leaf::Grant(_)
            | Leaf::Zk(_) => {}
        }
    }
    Ok(())
}

/// How many private conditions differ, so that each takes a proof of its own.
fn different_private(rule: &Rule) -> usize {
    let mut different: Vec<&Zk> = Vec::new();
    for leaf in rule.leaves() {
        match leaf {
            Leaf::Zk(zk) if !different.contains(&zk) => different.push(zk),
            _ => {}
        }
    }
    different.len()
}

fn literal_limit(arg: &Arg) -> Result<(), PolicyError> {
    match arg {
        Arg::Literal(Scalar::Bytes(bytes)) => Limit::LiteralBytes.check(bytes.len()),
        Arg::Literal(Scalar::Text(text)) => Limit::LiteralBytes.check(text.len()),
        Arg::List(items) => items.iter().try_for_each(literal_limit),
        Arg::Literal(_) | Arg::Placeholder(_) => Ok(()),
    }
}
