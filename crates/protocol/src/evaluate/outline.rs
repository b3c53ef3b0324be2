//! A whole policy in words, one line to a condition, for people who decide whether to trust it.

use super::words;
use crate::{Policy, policy::Rule};

/// How far a condition stands in from what it belongs to.
const STEP: &str = "  ";

impl Policy {
    /// The policy in words: the conditions as refusals name them, indented as they belong together.
    #[must_use]
    pub fn outline(&self) -> Vec<String> {
        let mut lines = Vec::new();
        rule(self.rule(), "", "", &mut lines);
        lines
    }
}

fn rule(rule: &Rule, indent: &str, before: &str, lines: &mut Vec<String>) {
    let mut group = |title: String, parts: &[Rule]| {
        lines.push(format!("{indent}{before}{title}"));
        for part in parts {
            self::rule(part, &format!("{indent}{STEP}"), "", lines);
        }
    };
    match rule {
        Rule::All(parts) => group("all of these:".to_owned(), parts),
        Rule::Any(parts) => group("any of these:".to_owned(), parts),
        Rule::AtLeast { k, of } => group(format!("at least {k} of these:"), of),
        Rule::Not(inner) => self::rule(inner, indent, &format!("{before}not: "), lines),
        Rule::Leaf(leaf) => lines.push(format!("{indent}{before}{}", words::leaf(leaf))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_shows_every_condition_where_it_belongs() {
        let policy = Policy::from_json(
            r#"{ "version": 1, "rule": { "all": [
                { "balance": { "chain": 314, "min": "5" } },
                { "not": { "any": [
                    { "time": { "chain": 314, "after": "2027-06-30T00:00:00Z" } },
                    { "not": { "balance": { "chain": 1, "min": "7" } } } ] } },
                { "at_least": { "k": 1, "of": [ { "balance": { "chain": 1, "min": "9" } } ] } }
            ] } }"#,
        )
        .unwrap();
        assert_eq!(
            policy.outline(),
            [
                "all of these:",
                "  has a native balance of at least 5 on chain 314",
                "  not: any of these:",
                "    the block time on chain 314 is 2027-06-30T00:00:00Z or later",
                "    not: has a native balance of at least 7 on chain 1",
                "  at least 1 of these:",
                "    has a native balance of at least 9 on chain 1",
            ]
        );
    }
}
