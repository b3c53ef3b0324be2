//! A verdict as the tree that the policy is.

use serde::{Deserialize, Serialize};

use super::{ChainView, Judged, LeafReport, Parts, Subject, Truth, judge_root};
use crate::{Policy, policy::Rule};

/// A rule, what came of it, and why.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// `all`, `any`, `at_least 2`, `not`, or a condition's name, such as `token`.
    pub rule: String,
    /// What came of it.
    pub truth: Truth,
    /// Its parts, in the policy's order; none of a condition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Explained>,
    /// The condition, what was found, and what would satisfy it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<LeafReport>,
}

/// Judges `policy` as [`evaluate`](super::evaluate) does, and keeps the tree. Pure.
#[must_use]
pub fn explain(policy: &Policy, subject: &Subject, view: &impl ChainView) -> Explained {
    let (judged, leaves) = judge_root(policy, subject, view);
    tree(policy.rule(), &judged, &leaves)
}

fn tree(rule: &Rule, judged: &Judged, leaves: &[LeafReport]) -> Explained {
    let parts = |of: &[Rule]| match &judged.parts {
        Parts::Group(parts) => of
            .iter()
            .zip(parts)
            .map(|(rule, part)| tree(rule, part, leaves))
            .collect(),
        Parts::Leaf(_) | Parts::Not(_) => Vec::new(),
    };
    let (name, of) = match rule {
        Rule::All(of) => ("all".to_owned(), parts(of)),
        Rule::Any(of) => ("any".to_owned(), parts(of)),
        Rule::AtLeast { k, of } => (format!("at_least {k}"), parts(of)),
        Rule::Not(rule) => {
            let part = match &judged.parts {
                Parts::Not(part) => vec![tree(rule, part, leaves)],
                Parts::Leaf(_) | Parts::Group(_) => Vec::new(),
            };
            ("not".to_owned(), part)
        }
        Rule::Leaf(leaf) => (leaf.name().to_owned(), Vec::new()),
    };
    let leaf = match judged.parts {
        Parts::Leaf(at) => leaves.get(at).cloned(),
        Parts::Not(_) | Parts::Group(_) => None,
    };
    Explained {
        rule: name,
        truth: judged.truth,
        of,
        leaf,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy_primitives::Address;
    use stheno_crypto::ItemId;

    use super::*;
    use crate::{
        Context, Proofs,
        evaluate::{Account, AccountKind, evaluate},
    };

    #[test]
    fn tree_has_the_policys_form_and_the_verdicts_leaves() {
        let json = r#"{ "version": 1, "rule": { "all": [
            { "address": { "in": ["0x00000000000000000000000000000000000000aa"] } },
            { "at_least": { "k": 1, "of": [
                { "not": { "time": { "chain": 1, "after": "2027-01-01T00:00:00Z" } } } ] } } ] } }"#;
        let policy = Policy::from_json(json).unwrap();
        let subject = Subject {
            account: Some(Account {
                address: Address::ZERO,
                chain: 1,
                kind: AccountKind::Key,
            }),
            item: ItemId::from_bytes([0; 32]),
            context: Context::default(),
            proofs: Proofs::default(),
        };
        // Nothing was read, so the time is unknown.
        let view = BTreeMap::new();
        let root = explain(&policy, &subject, &view);
        let verdict = evaluate(&policy, &subject, &view);
        assert_eq!((root.rule.as_str(), root.truth), ("all", verdict.truth));
        assert_eq!(root.truth, Truth::False);
        let [address, at_least] = root.of.as_slice() else {
            panic!("{root:?}");
        };
        assert_eq!(address.leaf.as_ref(), verdict.leaves.first());
        assert_eq!(at_least.rule, "at_least 1");
        let time = &at_least.of[0].of[0];
        assert_eq!((time.rule.as_str(), time.truth), ("time", Truth::Unknown));
        assert_eq!(time.leaf.as_ref(), verdict.leaves.get(1));
        assert!(address.leaf.as_ref().is_some_and(|leaf| leaf.blocking));

        let text = serde_json::to_string(&root).unwrap();
        assert_eq!(serde_json::from_str::<Explained>(&text).unwrap(), root);
    }
}
