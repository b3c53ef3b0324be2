//! The search against brute force, and the words.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    Code, Context, ContextValue, Policy, Presentation, Truth,
    policy::{MAX_DEPTH, time_text},
    private::choose,
};

const WORD: &str = "0x1717171717171717171717171717171717171717171717171717171717171717";
/// Beyond doubt in the middle of what the times of [`pool`] ask for.
const NOW: u64 = 1_800_000_000;

fn zk(name: &str, period: u64) -> Value {
    json!({ "zk": { "circuit": "membership-20-v1", "key": WORD, "root": WORD, "period": period, "proof": name } })
}

fn credential(name: &str) -> Value {
    json!({ "zk": { "circuit": "credential-20-v1", "key": WORD, "root": WORD, "proof": name } })
}

fn balance() -> Value {
    json!({ "balance": { "chain": 1, "min": 1 } })
}

fn time(after: u64) -> Value {
    json!({ "time": { "chain": 1, "after": time_text(after) } })
}

fn call(args: &str) -> Value {
    json!({ "call": { "chain": 1, "to": "0x00000000000000000000000000000000000000bb",
        "function": "f(address) view returns (bool)", "args": [args], "returns": { "==": true } } })
}

fn read(rule: &Value) -> Result<Policy, PolicyError> {
    Policy::from_json(&json!({ "version": 1, "rule": rule }).to_string())
}

/// Leaves of every kind: six private ones that are told apart by name, one with a name of those, one twice
/// as long; some that ask about the account; some that ask nothing about the reader.
fn pool() -> Vec<Leaf> {
    let literal = "0x00000000000000000000000000000000000000cc";
    let zks = (1..=5).map(|at| zk(&format!(":n{at}"), at));
    let others = [
        zk(":n1", 9),
        credential(":n2"),
        credential(":c"),
        balance(),
        call(":reader"),
        call(literal),
        time(NOW),
        time(NOW - 1_000_000),
        time(NOW + 1_000_000),
    ];
    let leaf = |value: Value| match read(&value).unwrap().rule() {
        Rule::Leaf(leaf) => leaf.clone(),
        _ => unreachable!(),
    };
    zks.chain(others).map(leaf).collect()
}

fn rules() -> impl Strategy<Value = Rule> {
    let leaf = proptest::sample::select(pool()).prop_map(Rule::Leaf);
    let tree = leaf.prop_recursive(3, 8, 5, |inner| {
        let some = proptest::collection::vec(inner.clone(), 1..6);
        let some = || some.clone();
        prop_oneof![
            3 => some().prop_map(Rule::All),
            1 => some().prop_map(Rule::Any),
            2 => (some(), any::<prop::sample::Index>()).prop_map(|(of, k)| Rule::AtLeast {
                k: k.index(of.len()) + 1,
                of,
            }),
            1 => inner.prop_map(|rule| Rule::Not(Box::new(rule))),
        ]
    });
    tree.prop_filter("small enough", |rule| {
        rule.leaves().count() <= 8 && rule.depth() <= MAX_DEPTH
    })
    .prop_map(|rule| without_negated_proofs(rule, false))
}

fn without_negated_proofs(rule: Rule, negated: bool) -> Rule {
    let each = |of: Vec<Rule>| -> Vec<Rule> {
        let of = of.into_iter();
        of.map(|part| without_negated_proofs(part, negated))
            .collect()
    };
    match rule {
        Rule::Leaf(Leaf::Zk(_)) if negated => Rule::Leaf(pool()[8].clone()),
        Rule::Leaf(leaf) => Rule::Leaf(leaf),
        Rule::Not(rule) => Rule::Not(Box::new(without_negated_proofs(*rule, !negated))),
        Rule::All(of) => Rule::All(each(of)),
        Rule::Any(of) => Rule::Any(each(of)),
        Rule::AtLeast { k, of } => Rule::AtLeast { k, of: each(of) },
    }
}

/// A rule's truth when its leaves are so, in order.
fn truth(rule: &Rule, leaves: &mut impl Iterator<Item = Truth>) -> Truth {
    match rule {
        Rule::Leaf(_) => leaves.next().unwrap(),
        Rule::Not(rule) => !truth(rule, leaves),
        Rule::All(of) => Truth::all(
            of.iter()
                .map(|part| truth(part, leaves))
                .collect::<Vec<_>>(),
        ),
        Rule::Any(of) => Truth::any(
            of.iter()
                .map(|part| truth(part, leaves))
                .collect::<Vec<_>>(),
        ),
        Rule::AtLeast { k, of } => Truth::at_least(
            *k,
            of.iter()
                .map(|part| truth(part, leaves))
                .collect::<Vec<_>>(),
        ),
    }
}

/// Whether some truth of the leaves of which `may` gives several makes the rule come out as wanted.
fn can_be(rule: &Rule, wanted: Truth, may: &impl Fn(&Leaf) -> Vec<Truth>) -> bool {
    let mut all: Vec<Vec<Truth>> = vec![Vec::new()];
    for leaf in rule.leaves() {
        let longer = all.iter().flat_map(|some| {
            may(leaf)
                .into_iter()
                .map(|truth| [some.clone(), vec![truth]].concat())
        });
        all = longer.collect();
    }
    all.into_iter()
        .any(|leaves| truth(rule, &mut leaves.into_iter()) == wanted)
}

/// How leaves that do not ask about the reader may come out.
type Otherwise<'a> = dyn Fn(&Leaf) -> Vec<Truth> + 'a;

const EITHER: [Truth; 2] = [Truth::True, Truth::False];

/// Every set of proofs that one request can carry, by writing them into its context.
fn sets(rule: &Rule) -> Vec<Vec<&Zk>> {
    let mut distinct: Vec<&Zk> = Vec::new();
    for leaf in rule.leaves() {
        match leaf {
            Leaf::Zk(zk) if !distinct.contains(&zk) => distinct.push(zk),
            _ => {}
        }
    }
    let subsets = (0..1_u32 << distinct.len()).map(|bits| {
        let chosen = distinct.iter().enumerate();
        let chosen = chosen.filter(|(at, _)| bits >> at & 1 == 1);
        chosen.map(|(_, zk)| *zk).collect::<Vec<_>>()
    });
    subsets
        .filter(|set| {
            let mut context = Context::default();
            set.iter().all(|zk| {
                let bytes = vec![1; Presentation::bytes(zk.circuit.statement)].into();
                context.value(&zk.proof).is_none()
                    && context
                        .insert(&zk.proof, ContextValue::Bytes(bytes))
                        .is_ok()
            })
        })
        .collect()
}

fn without_an_account(set: &[&Zk], leaf: &Leaf, otherwise: &[Truth]) -> Vec<Truth> {
    match leaf {
        Leaf::Zk(zk) if set.contains(&zk) => vec![Truth::True],
        Leaf::Zk(_) => vec![Truth::Unknown],
        leaf if leaf.needs_account() => vec![Truth::Unknown],
        _ => otherwise.to_vec(),
    }
}

/// Whether somebody can satisfy it.
fn satisfiable(rule: &Rule, wanted: Truth) -> bool {
    let with_account = |leaf: &Leaf| match leaf {
        Leaf::Zk(_) => vec![Truth::Unknown],
        _ => EITHER.to_vec(),
    };
    can_be(rule, wanted, &with_account)
        || sets(rule)
            .iter()
            .any(|set| can_be(rule, wanted, &|leaf| without_an_account(set, leaf, &EITHER)))
}

/// Whether each part is.
fn every_part(rule: &Rule, wanted: Truth) -> bool {
    satisfiable(rule, wanted)
        && match rule {
            Rule::Leaf(_) => true,
            Rule::Not(rule) => every_part(rule, !wanted),
            Rule::All(of) | Rule::Any(of) | Rule::AtLeast { of, .. } => {
                of.iter().all(|part| every_part(part, wanted))
            }
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn policy_is_refused_just_where_brute_force_finds_a_part_that_nobody_satisfies(rule in rules()) {
        let expected = every_part(&rule, Truth::True);
        let policy = Policy { salt: None, rule };
        let found = Policy::from_json(&policy.to_json());
        prop_assert_eq!(found.is_ok(), expected, "{}: {:?}", policy.to_json(), found);
        prop_assert_eq!(Policy::from_cbor(&policy.to_cbor()), found.clone());
        if let Err(error) = found {
            prop_assert_eq!(error.code(), Code::UnsatisfiablePolicy);
        }
    }

    #[test]
    fn choice_is_the_smallest_set_that_brute_force_finds(rule in rules(), can in any::<u8>()) {
        let policy = Policy { salt: None, rule };
        let provable = |zk: &Zk| can >> (zk.period.unwrap_or(0) % 8) & 1 == 1;
        let chosen = choose(&policy, &Context::default(), NOW, provable);
        // What is sure, what is likely, what is possible.
        let by_clock = |leaf: &Leaf| match leaf {
            Leaf::Time(time) if time.after == Some(NOW - 1_000_000) => Some(Truth::True),
            Leaf::Time(time) if time.after == Some(NOW + 1_000_000) => Some(Truth::False),
            _ => None,
        };
        let tiers: [&Otherwise<'_>; 3] = [
            &|leaf| vec![by_clock(leaf).unwrap_or(Truth::Unknown)],
            &|leaf| by_clock(leaf).map_or(EITHER.to_vec(), |truth| vec![truth]),
            &|_| EITHER.to_vec(),
        ];
        let place = |zk: &Zk| policy.private().position(|other| other == zk).unwrap();
        let expected = tiers.into_iter().find_map(|otherwise| {
            let fitting = sets(policy.rule()).into_iter().filter(|set| {
                set.iter().all(|zk| provable(zk))
                    && can_be(policy.rule(), Truth::True, &|leaf| {
                        without_an_account(set, leaf, &otherwise(leaf))
                    })
            });
            fitting.min_by_key(|set| {
                (set.len(), set.iter().map(|zk| place(zk)).collect::<Vec<_>>())
            })
        });
        prop_assert_eq!(chosen, expected, "{}", policy.to_json());
    }
}

fn refused(rule: &Value, words: &[&str]) {
    let error = read(rule).expect_err("nobody can satisfy it");
    assert_eq!(error.code(), Code::UnsatisfiablePolicy, "{error}");
    for part in words {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[test]
fn proof_and_account_are_refused_together_with_both_named() {
    for account in [
        balance(),
        call(":reader"),
        json!({ "address": { "in": [format!("0x{}", "b".repeat(40))] } }),
    ] {
        let name = account.as_object().unwrap().keys().next().unwrap().clone();
        let both = json!({ "all": [zk(":me", 1), account] });
        let at = format!("rule.all[1].{name}: ");
        refused(
            &both,
            &[
                at.as_str(),
                "together with rule.all[0].zk",
                "Join them by `any`",
            ],
        );
        read(&json!({ "any": [zk(":me", 1), account] })).unwrap();
        let inside = json!({ "any": [balance(), both] });
        refused(
            &inside,
            &[
                format!("rule.any[1].all[1].{name}: ").as_str(),
                "rule.any[1].all[0].zk",
            ],
        );
    }
    // A pass or a proof, and the time: both go.
    read(&json!({ "all": [{ "any": [zk(":me", 1), balance()] }, time(NOW), call(&format!("0x{}", "c".repeat(40)))] }))
        .unwrap();
    // Two of three are to be had in both ways, all three in none.
    let of = json!([zk(":me", 1), balance(), time(NOW)]);
    read(&json!({ "at_least": { "k": 2, "of": of } })).unwrap();
    refused(
        &json!({ "at_least": { "k": 3, "of": of } }),
        &["rule.at_least.of[1].balance", "rule.at_least.of[0].zk"],
    );
    refused(
        &json!({ "all": [{ "any": [zk(":me", 1), zk(":b", 1)] }, { "not": balance() }] }),
        &["rule.all[1].not.balance", "rule.all[0].any[0].zk"],
    );
}

#[test]
fn two_proofs_of_one_name_are_refused_where_both_are_needed() {
    refused(
        &json!({ "all": [zk(":me", 1), zk(":me", 2)] }),
        &["rule.all[1].zk.proof: ", "rule.all[0].zk", "\":me2\""],
    );
    read(&json!({ "all": [zk(":me", 1), zk(":me2", 2)] })).unwrap();
    read(&json!({ "any": [zk(":me", 1), zk(":me", 2)] })).unwrap();
    read(&json!({ "all": [zk(":me", 1), zk(":me", 1)] })).unwrap();
}

#[test]
fn more_proofs_than_fit_into_a_request_are_refused() {
    let some = |count: u64| (0..count).map(|at| zk(&format!(":n{at}"), 1));
    read(&json!({ "all": some(4).collect::<Value>() })).unwrap();
    let five: Value = some(5).collect();
    refused(
        &json!({ "all": five }),
        &[
            "rule: so many proofs",
            "rule.all[4].zk take up 4345 bytes",
            "room for 4095",
        ],
    );
    read(&json!({ "at_least": { "k": 4, "of": five } })).unwrap();
    let mixed = |count: u64, credentials: u64| -> Value {
        let others = (0..credentials).map(|at| credential(&format!(":c{at}")));
        json!({ "all": some(count).chain(others).collect::<Value>() })
    };
    read(&mixed(0, 3)).unwrap();
    read(&mixed(3, 1)).unwrap();
    read(&mixed(1, 2)).unwrap();
    refused(&mixed(0, 4), &["do not fit"]);
    refused(&mixed(2, 2), &["do not fit"]);
}

/// As many as a policy can have, in the shape with the most ways.
#[test]
fn search_is_bounded() {
    let some: Value = (0..60).map(|at| zk(&format!(":n{at}"), 1)).collect();
    let half = json!({ "at_least": { "k": 2, "of": some } });
    let begun = std::time::Instant::now();
    let _ = read(&json!({ "all": [half, zk(":x", 2), zk(":y", 2)] }));
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
