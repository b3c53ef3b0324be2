use super::*;
use crate::Policy;

const HOLDS: &str = r#"{ "token": { "chain": 1, "standard": "erc1155",
    "contract": "0x00000000000000000000000000000000000000aa", "ids": [":id"] } }"#;
const PASS: &str = r#"{ "token": { "chain": 1, "standard": "erc721",
    "contract": "0x00000000000000000000000000000000000000aa" } }"#;

fn policy(rule: &str) -> Result<Policy, PolicyError> {
    Policy::from_json(&format!(r#"{{ "version": 1, "rule": {rule} }}"#))
}

fn call(function: &str, args: &str, returns: &str) -> String {
    format!(
        r#"{{ "call": {{ "chain": 1, "to": "0x00000000000000000000000000000000000000bb",
            "function": "{function}", "args": {args}, "returns": {returns} }} }}"#
    )
}

/// What a contract says of `:id`.
fn says(ty: &str, returns: &str) -> String {
    call(
        &format!("f(uint256) view returns ({ty})"),
        r#"[":id"]"#,
        returns,
    )
}

fn revoked(is: bool) -> String {
    says("bool", &format!(r#"{{ "==": {is} }}"#))
}

fn refused(rule: &str) -> String {
    let error = policy(rule).expect_err(rule).to_string();
    assert!(error.contains("keeps nobody out"), "{rule}: {error}");
    error
}

fn accepted(rule: &str) {
    let policy = policy(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    assert_eq!(Policy::from_cbor(&policy.to_cbor()).unwrap(), policy);
}

/// Comparisons with what comes back for `:id`: those that nothing satisfies, and those that it fails.
const OPEN: [(&str, &str); 16] = [
    ("bool", r#"{ "==": false }"#),
    ("bool", r#"{ "!=": true }"#),
    ("uint256", r#"{ "==": 0 }"#),
    ("uint256", r#"{ "!=": 5 }"#),
    ("uint256", r#"{ "<": 3 }"#),
    ("uint256", r#"{ "<=": 0 }"#),
    ("uint256", r#"{ ">=": 0 }"#),
    ("uint256", r#"{ "in": [7, 0] }"#),
    ("int256", r#"{ ">": "-1" }"#),
    ("int256", r#"{ ">=": "-1" }"#),
    ("address", r#"{ "!=": ":reader" }"#),
    (
        "address",
        r#"{ "==": "0x0000000000000000000000000000000000000000" }"#,
    ),
    ("bytes32", r#"{ "!=": ":item" }"#),
    ("bytes", r#"{ "==": "0x" }"#),
    ("string", r#"{ "in": ["", "gold"] }"#),
    ("uint8[2]", r#"{ "contains": 0 }"#),
];
const HELD: [(&str, &str); 16] = [
    ("bool", r#"{ "==": true }"#),
    ("bool", r#"{ "!=": false }"#),
    ("uint256", r#"{ "==": 5 }"#),
    ("uint256", r#"{ "!=": 0 }"#),
    ("uint256", r#"{ "<": 0 }"#),
    ("int256", r#"{ "<=": "-1" }"#),
    ("uint256", r#"{ ">=": 1 }"#),
    ("uint256", r#"{ ">": 0 }"#),
    ("uint256", r#"{ "in": [7, 8] }"#),
    ("address", r#"{ "==": ":reader" }"#),
    (
        "address",
        r#"{ "in": [":reader", "0x00000000000000000000000000000000000000cc"] }"#,
    ),
    ("bytes32", r#"{ "==": ":item" }"#),
    ("bytes", r#"{ "!=": "0x" }"#),
    ("string", r#"{ "contains": "gold" }"#),
    ("uint8[]", r#"{ "contains": 0 }"#),
    ("uint8[2]", r#"{ "contains": 1 }"#),
];

#[test]
fn condition_is_refused_when_a_value_never_heard_of_satisfies_it() {
    for (ty, returns) in OPEN {
        let leaf = says(ty, returns);
        let error = refused(&leaf);
        assert!(error.starts_with("rule.call"), "{error}");
        assert!(error.contains("a reader can always name"), "{error}");
        assert!(error.contains("`:id`"), "{error}");
        accepted(&format!(r#"{{ "not": {leaf} }}"#));
    }
}

#[test]
fn not_is_refused_over_what_the_reader_alone_chooses() {
    for (ty, returns) in HELD {
        let leaf = says(ty, returns);
        accepted(&leaf);
        let error = refused(&format!(r#"{{ "not": {leaf} }}"#));
        assert!(error.starts_with("rule.not.call"), "{error}");
    }
    refused(&format!(r#"{{ "not": {HOLDS} }}"#));
    refused(&format!(
        r#"{{ "not": {{ "any": [{HOLDS}, {}] }} }}"#,
        revoked(true)
    ));
    accepted(&format!(r#"{{ "not": {{ "not": {HOLDS} }} }}"#));
}

#[test]
fn both_spellings_of_not_revoked_are_judged_alike() {
    let spellings = [revoked(false), format!(r#"{{ "not": {} }}"#, revoked(true))];
    for open in &spellings {
        refused(&format!(r#"{{ "all": [{PASS}, {open}] }}"#));
        // Whoever holds nothing is granted by the second part.
        refused(&format!(r#"{{ "any": [{HOLDS}, {open}] }}"#));
        refused(&format!(
            r#"{{ "at_least": {{ "k": 2, "of": [{PASS}, {HOLDS}, {open}] }} }}"#
        ));
        refused(&format!(
            r#"{{ "all": [{{ "any": [{PASS}, {HOLDS}] }}, {open}] }}"#
        ));
        accepted(&format!(r#"{{ "all": [{HOLDS}, {open}] }}"#));
        accepted(&format!(
            r#"{{ "any": [{PASS}, {{ "all": [{HOLDS}, {open}] }}] }}"#
        ));
        accepted(&format!(
            r#"{{ "all": [{{ "any": [{PASS}, {open}] }}, {HOLDS}] }}"#
        ));
        accepted(&format!(
            r#"{{ "at_least": {{ "k": 3, "of": [{PASS}, {HOLDS}, {open}] }} }}"#
        ));
        accepted(&format!(
            r#"{{ "not": {{ "any": [{{ "not": {HOLDS} }}, {{ "not": {open} }}] }} }}"#
        ));
    }
}

#[test]
fn name_is_not_held_by_a_condition_that_another_value_can_satisfy() {
    let several = HOLDS.replace(r#"[":id"]"#, r#"[5, ":id"]"#);
    refused(&format!(r#"{{ "all": [{several}, {}] }}"#, revoked(false)));
    accepted(&several);
    let other = HOLDS.replace(":id", ":other");
    refused(&format!(r#"{{ "all": [{other}, {}] }}"#, revoked(false)));
    let batch = call(
        "g(address[],uint256[]) view returns (uint256[])",
        r#"[[":reader", ":reader"], [5, ":id"]]"#,
        r#"{ "contains": 1 }"#,
    );
    refused(&format!(r#"{{ "all": [{batch}, {}] }}"#, revoked(false)));
    let owner = call(
        "ownerOf(uint256) view returns (address)",
        r#"[":id"]"#,
        r#"{ "==": ":reader" }"#,
    );
    accepted(&format!(r#"{{ "all": [{owner}, {}] }}"#, revoked(false)));
}

#[test]
fn condition_is_accepted_when_no_reader_chooses_what_it_asks_about() {
    for args in [r#"[5]"#, r#"[":item"]"#] {
        let open = call("f(uint256) view returns (bool)", args, r#"{ "==": false }"#);
        accepted(&open);
        accepted(&format!(r#"{{ "not": {open} }}"#));
    }
}

/// The rule by its words, over all that may be true: 2 to the number of leaves.
fn decides_by_trying(rule: &Rule, name: &str) -> bool {
    let leaves = rule.leaves().count();
    (0_u32..1 << leaves).any(|free| {
        let holds = |open: bool| value(rule, name, false, open, free, &mut 0);
        holds(true) && !holds(false)
    })
}

fn value(rule: &Rule, name: &str, negated: bool, open: bool, free: u32, at: &mut u32) -> bool {
    let mut held = |of: &[Rule]| {
        let parts: Vec<bool> = of
            .iter()
            .map(|part| value(part, name, negated, open, free, at))
            .collect();
        parts.into_iter().filter(|part| *part).count()
    };
    match rule {
        Rule::Not(rule) => value(rule, name, !negated, open, free, at),
        Rule::All(of) => {
            if negated {
                held(of) >= 1
            } else {
                held(of) == of.len()
            }
        }
        Rule::Any(of) => {
            if negated {
                held(of) == of.len()
            } else {
                held(of) >= 1
            }
        }
        Rule::AtLeast { k, of } => {
            if negated {
                held(of) > of.len() - k
            } else {
                held(of) >= *k
            }
        }
        Rule::Leaf(leaf) => {
            let own = *at;
            *at += 1;
            match reach(rule, name, negated) {
                Reach::DECIDED => open,
                Reach::FAILS => false,
                _ => {
                    assert!(leaf.place().is_some());
                    free >> own & 1 == 1
                }
            }
        }
    }
}

#[test]
fn rule_agrees_with_trying_everything() {
    let mut state = 0x5eed_u64;
    let mut below = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    fn grown(levels: u64, below: &mut impl FnMut(u64) -> u64) -> String {
        if levels == 0 {
            return match below(5) {
                0 => HOLDS.to_owned(),
                1 => revoked(false),
                2 => revoked(true),
                _ => PASS.to_owned(),
            };
        }
        let many = 1 + below(3);
        let of: Vec<String> = (0..many).map(|_| grown(levels - 1, below)).collect();
        let list = of.join(", ");
        match below(4) {
            0 => format!(r#"{{ "all": [{list}] }}"#),
            1 => format!(r#"{{ "any": [{list}] }}"#),
            2 => format!(
                r#"{{ "at_least": {{ "k": {}, "of": [{list}] }} }}"#,
                1 + below(many)
            ),
            _ => format!(r#"{{ "not": {} }}"#, of[0]),
        }
    }
    let mut counts = [0; 2];
    for _ in 0..3_000 {
        let levels = below(4);
        let text = grown(levels, &mut below);
        let is_refused = policy(&text).is_err();
        // The same tree where nothing is refused, to try it.
        let rule = policy(&format!(r#"{{ "all": [{HOLDS}, {text}] }}"#))
            .unwrap()
            .rule()
            .clone();
        let Rule::All(parts) = rule else { panic!() };
        if parts[1].leaves().count() > 12 {
            continue;
        }
        assert_eq!(is_refused, decides_by_trying(&parts[1], "id"), "{text}");
        counts[usize::from(is_refused)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 300), "{counts:?}");
}
