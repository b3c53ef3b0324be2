//! Values that the reader chooses, and `not`.
//!
//! What a reader names freely he can name so that a condition is false: `not` of "holds token
//! `:id`" keeps nobody out, since everybody lacks some token. Such a name must therefore be held
//! to something by another condition, one that is not negated, as in "owns `:id`, and not: `:id`
//! is revoked".

use std::collections::BTreeSet;

use super::{Arg, Leaf, Placeholder, PolicyError, Rule};

/// Checks every name below an odd number of `not`s.
pub(super) fn check(rule: &Rule) -> Result<(), PolicyError> {
    let mut names = Vec::new();
    collect(rule, "rule", false, &mut names);
    let held: BTreeSet<&str> = names
        .iter()
        .filter(|name| !name.negated)
        .map(|name| name.name)
        .collect();
    match names.iter().find(|name| !held.contains(name.name)) {
        None => Ok(()),
        Some(free) => Err(PolicyError::At {
            path: free.path.clone(),
            position: None,
            problem: format!(
                "a reader can always name a value for which this is false, so its `not` keeps nobody \
                 out; write the value in place of `:{0}`, or add a condition that is not negated and \
                 asks about `:{0}`, such as who owns it",
                free.name
            ),
        }),
    }
}

/// A name, and where it stands.
struct Name<'a> {
    name: &'a str,
    negated: bool,
    path: String,
}

fn collect<'a>(rule: &'a Rule, path: &str, negated: bool, names: &mut Vec<Name<'a>>) {
    let mut group = |kind: &str, of: &'a [Rule]| {
        for (i, part) in of.iter().enumerate() {
            collect(part, &format!("{path}.{kind}[{i}]"), negated, names);
        }
    };
    match rule {
        Rule::All(of) => group("all", of),
        Rule::Any(of) => group("any", of),
        Rule::AtLeast { of, .. } => group("at_least.of", of),
        Rule::Not(rule) => collect(rule, &format!("{path}.not"), !negated, names),
        Rule::Leaf(leaf) => {
            let path = format!("{path}.{}", leaf.name());
            names.extend(of_leaf(leaf).into_iter().map(|name| Name {
                name,
                negated,
                path: path.clone(),
            }));
        }
    }
}

fn of_leaf(leaf: &Leaf) -> Vec<&str> {
    match leaf {
        Leaf::Call(call) => call.args.iter().flat_map(of_arg).collect(),
        Leaf::Token(token) => token.ids.iter().flat_map(of_arg).collect(),
        Leaf::Subscription(subscription) => of_arg(&subscription.token),
        Leaf::Allowlist(allowlist) => vec![&allowlist.proof],
        Leaf::Grant(grant) => grant.context.as_deref().into_iter().collect(),
        Leaf::Balance(_) | Leaf::Time(_) | Leaf::Address(_) | Leaf::Storage(_) => Vec::new(),
    }
}

fn of_arg(arg: &Arg) -> Vec<&str> {
    match arg {
        Arg::Placeholder(Placeholder::Named(name)) => vec![name],
        Arg::Placeholder(Placeholder::Reader | Placeholder::Item) | Arg::Literal(_) => Vec::new(),
        Arg::List(parts) => parts.iter().flat_map(of_arg).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    const HOLDS: &str = r#"{ "token": { "chain": 1, "standard": "erc1155",
        "contract": "0x00000000000000000000000000000000000000aa", "ids": [":id"] } }"#;
    const REVOKED: &str = r#"{ "call": { "chain": 1,
        "to": "0x00000000000000000000000000000000000000bb",
        "function": "revoked(uint256) view returns (bool)", "args": [":id"],
        "returns": { "==": true } } }"#;

    fn policy(rule: &str) -> Result<Policy, PolicyError> {
        Policy::from_json(&format!(r#"{{ "version": 1, "rule": {rule} }}"#))
    }

    #[test]
    fn not_is_refused_over_what_the_reader_alone_chooses() {
        for leaf in [HOLDS, REVOKED] {
            let error = policy(&format!(r#"{{ "not": {leaf} }}"#)).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("rule.not."), "{text}");
            assert!(text.contains("`:id`"), "{text}");
        }
        let twice = format!(r#"{{ "not": {{ "any": [{HOLDS}, {REVOKED}] }} }}"#);
        assert!(policy(&twice).is_err());
    }

    #[test]
    fn not_is_allowed_over_what_another_condition_asks_about() {
        for rule in [
            format!(r#"{{ "all": [{HOLDS}, {{ "not": {REVOKED} }}] }}"#),
            format!(r#"{{ "not": {{ "not": {HOLDS} }} }}"#),
        ] {
            let policy = policy(&rule).unwrap();
            assert_eq!(Policy::from_cbor(&policy.to_cbor()).unwrap(), policy);
        }
    }
}
