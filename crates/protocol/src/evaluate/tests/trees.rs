//! Random trees of every condition over random readings: no fault makes a grant, every policy has
//! one form, and what stands in the way has a remedy.
//!
//! `STHENO_PROPTEST_CASES` cases, counted from the seed `STHENO_SEED`. A failure prints its seed:
//! with that and one case it comes again.

use alloy_dyn_abi::DynSolType;
use serde_json::{Value, json};

use super::*;
use crate::policy::{Leaf, Rule};

const CASES: u64 = 10_000;
const MOST_LEAVES: usize = 24;
/// One level is left for [`accepted`].
const DEPTH: usize = crate::policy::MAX_DEPTH - 1;
const OTHER: Address = Address::repeat_byte(0x0b);
/// The tree of [`READER`] alone: the proof is empty.
const ROOT: &str = "0x8878efa0f8af50e16ef911599b81535179dcd215297ab0dc68b79852759823d4";

/// Calls: function, arguments, what must come of it.
const CALLS: [(&str, &str, &str); 13] = [
    (
        "a(address) view returns (bool)",
        "[\":reader\"]",
        "{\"==\": true}",
    ),
    ("b() view returns (uint8)", "[]", "{\"!=\": 3}"),
    (
        "c(uint256) view returns (uint256)",
        "[\":id\"]",
        "{\"<\": 4}",
    ),
    (
        "d(bytes32) view returns (int8)",
        "[\":item\"]",
        "{\"<=\": 3}",
    ),
    (
        "e(uint256) view returns (uint256)",
        "[\":item\"]",
        "{\">\": 2}",
    ),
    (
        "f(string) view returns (int256)",
        "[\"::x\"]",
        "{\">=\": \"-1\"}",
    ),
    (
        "g(bytes) view returns (address)",
        "[\":proof\"]",
        "{\"in\": [\":reader\", \"0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b\"]}",
    ),
    (
        "h(address[],(bool,uint8)[2]) view returns (address[])",
        "[[\":reader\"], [[true, 1], [false, \":id\"]]]",
        "{\"contains\": \":reader\"}",
    ),
    (
        "i() view returns (string)",
        "[]",
        "{\"contains\": \"gold\"}",
    ),
    (
        "j() view returns (bool live, (address to, (uint256 amount, bytes4 tag)[] parts) rail)",
        "[]",
        "{\"path\": [\"rail\", \"parts\", 1, \"amount\"], \">=\": 3}",
    ),
    (
        "k() view returns (uint8[3][2])",
        "[]",
        "{\"path\": [0, 1, 2], \"in\": [0, 1, 2]}",
    ),
    (
        "l() view returns (bytes4[])",
        "[]",
        "{\"contains\": \"0x01010101\"}",
    ),
    ("m() view returns (address)", "[]", "{\"==\": \":reader\"}"),
];

/// What the calls of the other conditions return.
const RETURNS: [(&str, &str); 10] = [
    ("balanceOf(address)", "uint256"),
    ("balanceOf(address,uint256)", "uint256"),
    ("balanceOfBatch(address[],uint256[])", "uint256[]"),
    ("expiresAt(uint256)", "uint64"),
    ("ownerOf(uint256)", "address"),
    ("dataSetLive(uint256)", "bool"),
    ("getDataSetLastProvenEpoch(uint256)", "uint256"),
    (
        "getRail(uint256)",
        "(address,address,address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,address)",
    ),
    (
        "getAccountInfoIfSettled(address,address)",
        "uint256,uint256,uint256,uint256",
    ),
    ("canRead(address,bytes32,bytes)", "bool"),
];

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }
}

fn rule(dice: &mut Dice, depth: usize, leaves: &mut usize, negated: bool) -> Value {
    if depth == 1 || *leaves <= 1 || dice.one_in(6) {
        *leaves = leaves.saturating_sub(1);
        return leaf(dice, negated);
    }
    let mut some = |dice: &mut Dice| -> Vec<Value> {
        (0..=dice.below(3))
            .map(|_| rule(dice, depth - 1, leaves, negated))
            .collect()
    };
    match dice.below(4) {
        0 => json!({ "all": some(dice) }),
        1 => json!({ "any": some(dice) }),
        2 => {
            let of = some(dice);
            json!({ "at_least": { "k": dice.below(of.len() as u64) + 1, "of": of } })
        }
        _ => json!({ "not": rule(dice, depth - 1, leaves, !negated) }),
    }
}

fn leaf(dice: &mut Dice, negated: bool) -> Value {
    let small = |dice: &mut Dice| (dice.below(6) + 1).to_string();
    let party = |dice: &mut Dice| dice.of(&[READER, OTHER]).to_string();
    let at = [
        "2027-01-01T00:00:00Z",
        "2027-01-01T00:00:03Z",
        "2027-01-01T00:00:06Z",
    ];
    let chain = dice.of(&[1_u64, 314]);
    let mut body = json!({ "chain": chain });
    if dice.one_in(4) {
        body["finality"] = json!({ "confirmations": dice.below(2) + 1 });
    }
    let name = match dice.below(9) {
        0 => {
            let (function, args, returns) = dice.of(&CALLS);
            let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            body["to"] = json!(TOKEN);
            body["function"] = json!(function);
            body["args"] = parsed(args);
            body["returns"] = parsed(returns);
            "call"
        }
        1 => {
            let standard = dice.of(&["erc20", "erc721", "erc1155"]);
            body["standard"] = json!(standard);
            body["contract"] = json!(TOKEN);
            body["min"] = json!(small(dice));
            if standard == "erc1155" {
                body["ids"] = dice.of(&[json!([1]), json!([":id"]), json!([1, ":id"])]);
            }
            "token"
        }
        2 => {
            body["min"] = json!(small(dice));
            "balance"
        }
        3 => {
            match dice.below(3) {
                0 => body["after"] = json!(dice.of(&at)),
                1 => body["before"] = json!(dice.of(&at)),
                _ => {
                    body["after"] = json!(at[0]);
                    body["before"] = json!(at[1 + dice.below(2) as usize]);
                }
            }
            "time"
        }
        4 => {
            body = dice.of(&[
                json!({ "in": [READER.to_string()] }),
                json!({ "in": [OTHER.to_string()] }),
                json!({ "in": [OTHER.to_string(), READER.to_string()], "chain": 314 }),
            ]);
            "address"
        }
        5 if !negated => {
            body = dice.of(&[
                json!({ "root": ROOT, "proof": ":proof" }),
                json!({ "root": ROOT, "proof": ":proof", "chain": 314 }),
                json!({ "root": ROOT, "proof": ":nothing" }),
            ]);
            "allowlist"
        }
        5 | 6 => {
            let tokens = [json!(7), json!(":item"), json!(":id")];
            let choice = if negated { 2 } else { 3 };
            body["contract"] = json!(TOKEN);
            body["token"] = dice.of(&tokens[..choice]);
            "subscription"
        }
        7 => {
            body["verifier"] = json!(TOKEN);
            body["dataSet"] = json!(dice.below(2));
            if dice.one_in(2) {
                body["provenWithin"] = json!(dice.below(4) + 1);
            }
            if dice.one_in(3) {
                body["paid"] = json!({ "pay": OTHER.to_string(), "rail": dice.below(2), "payer": party(dice), "token": party(dice) });
            }
            "storage"
        }
        _ => {
            body["registry"] = json!(TOKEN);
            if dice.one_in(2) {
                body["context"] = json!(dice.of(&[":proof", ":nothing"]));
            }
            "grant"
        }
    };
    json!({ name: body })
}

fn asking(dice: &mut Dice) -> Subject {
    let account = |chain, kind| {
        Some(Account {
            address: READER,
            chain,
            kind,
        })
    };
    let mut subject = subject();
    subject.account = dice.of(&[
        account(314, AccountKind::Key),
        account(314, AccountKind::Key),
        account(314, AccountKind::Key),
        account(314, AccountKind::Contract),
        None,
    ]);
    let proof = dice.of(&[0_usize, 0, 32, 33]);
    if !dice.one_in(5) {
        let proof = ContextValue::Bytes(vec![7; proof].into());
        subject.context.insert("proof", proof).unwrap();
    }
    if dice.one_in(5) {
        // For `:id`, which the conditions name already.
        let one = ContextValue::Uint(U256::ONE);
        subject.context.insert("id", one).unwrap();
    }
    subject
}

/// Types of what each call of `policy` returns, by selector.
fn types(policy: &Policy) -> BTreeMap<Vec<u8>, Vec<DynSolType>> {
    let known = RETURNS.iter().map(|(signature, outputs)| {
        let selector = alloy_primitives::keccak256(signature)[..4].to_vec();
        let DynSolType::Tuple(types) = DynSolType::parse(&format!("({outputs})")).unwrap() else {
            panic!("{outputs}")
        };
        (selector, types)
    });
    let called = policy.rule().leaves().filter_map(|leaf| match leaf {
        Leaf::Call(call) => Some((
            call.function.selector().to_vec(),
            call.function.outputs().to_vec(),
        )),
        _ => None,
    });
    known.chain(called).collect()
}

fn value(dice: &mut Dice, ty: &DynSolType) -> DynSolValue {
    match ty {
        DynSolType::Bool => DynSolValue::Bool(dice.one_in(2)),
        DynSolType::Address => DynSolValue::Address(dice.of(&[READER, OTHER])),
        DynSolType::Uint(bits) => DynSolValue::Uint(U256::from(dice.below(8)), *bits),
        DynSolType::Int(bits) => {
            let value = dice.below(8) as i64 - 4;
            DynSolValue::Int(alloy_primitives::I256::unchecked_from(value), *bits)
        }
        DynSolType::FixedBytes(size) => {
            let byte = dice.below(2) as u8;
            let word = alloy_primitives::B256::right_padding_from(&vec![byte; *size]);
            DynSolValue::FixedBytes(word, *size)
        }
        DynSolType::String => DynSolValue::String(dice.of(&["gold", "marigolds", ""]).to_owned()),
        DynSolType::Array(of) => {
            let count = dice.of(&[2, 2, 2, 0, 1, 3]);
            DynSolValue::Array((0..count).map(|_| value(dice, of)).collect())
        }
        DynSolType::FixedArray(of, count) => {
            DynSolValue::FixedArray((0..*count).map(|_| value(dice, of)).collect())
        }
        DynSolType::Tuple(types) => {
            DynSolValue::Tuple(types.iter().map(|ty| value(dice, ty)).collect())
        }
        other => panic!("{other}"),
    }
}

/// Most reads yield something, as on a chain that works.
fn readings(dice: &mut Dice, policy: &Policy, subject: &Subject) -> View {
    let types = types(policy);
    let reading = |dice: &mut Dice, read: &Read| match read {
        Read::Call { data, .. } => {
            let outputs = &types[&data[..4]];
            let values = outputs.iter().map(|ty| value(dice, ty)).collect();
            let mut data = DynSolValue::Tuple(values).abi_encode_params();
            if let [DynSolType::Uint(64)] = outputs.as_slice() {
                // When a subscription ends, about the time of the block.
                let end = 1_798_761_600 + dice.below(8);
                data = U256::from(end).to_be_bytes::<32>().to_vec();
            }
            Reading::Bytes(data.into())
        }
        Read::Balance { .. } => Reading::Balance(U256::from(dice.below(8))),
        Read::BlockTime { .. } => Reading::Time(1_798_761_600 + dice.below(8)),
        Read::BlockNumber { .. } => Reading::Number(dice.below(4) + 4),
    };
    reads(policy, subject)
        .into_iter()
        .map(|read| {
            let reading = match dice.one_in(24) {
                true => Err(fault(dice)),
                false => Ok(reading(dice, &read)),
            };
            (read, reading)
        })
        .collect()
}

fn fault(dice: &mut Dice) -> Unknown {
    dice.of(&[
        Unknown::Reverted,
        Unknown::NoCode,
        Unknown::OutOfGas,
        Unknown::TooLong,
        Unknown::Rpc("down".to_owned()),
        Unknown::Missing,
    ])
}

/// The same with some readings lost, refused, cut, or of another kind.
fn spoiled(dice: &mut Dice, view: &View) -> View {
    let often = dice.below(4) + 1;
    let mut spoiled = View::new();
    for (read, reading) in view {
        let worse = match (dice.one_in(often), dice.below(5), read) {
            (false, ..) => reading.clone(),
            (_, 0, _) => continue,
            (_, 1, Read::Call { .. }) => Ok(Reading::Bytes(vec![0; RETURN_CAP + 1].into())),
            (_, 2, Read::Call { .. }) => Ok(Reading::Bytes(vec![0; 31].into())),
            (_, 3, Read::BlockTime { .. }) => Ok(Reading::Number(5)),
            (_, 3, _) => Ok(Reading::Time(5)),
            _ => Err(fault(dice)),
        };
        spoiled.insert(read.clone(), worse);
    }
    spoiled
}

/// Truth as a number: Kleene's logic is that of least and greatest.
fn rank(truth: Truth) -> u8 {
    match truth {
        Truth::False => 0,
        Truth::Unknown => 1,
        Truth::True => 2,
    }
}

/// The tree's truth by those of its leaves, in order.
fn meaning(rule: &Rule, leaves: &mut impl Iterator<Item = u8>) -> u8 {
    let mut ranks = |of: &[Rule]| -> Vec<u8> {
        let mut ranks: Vec<u8> = of.iter().map(|rule| meaning(rule, leaves)).collect();
        ranks.sort_unstable();
        ranks
    };
    match rule {
        Rule::All(of) => ranks(of)[0],
        Rule::Any(of) => ranks(of)[of.len() - 1],
        Rule::AtLeast { k, of } => ranks(of)[of.len() - k],
        Rule::Not(rule) => 2 - meaning(rule, leaves),
        Rule::Leaf(_) => leaves.next().unwrap(),
    }
}

/// Prints the seed of a case that panics.
struct Case(u64);

impl Drop for Case {
    #[allow(clippy::print_stderr, reason = "where a failing test says the rest")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again with STHENO_SEED={} STHENO_PROPTEST_CASES=1", self.0);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The policy; where it asks about a value that only the reader chooses in a way that an unheard-of
/// one satisfies, beside conditions that such a value fails.
fn accepted(rule: Value) -> (Value, Policy) {
    let list = |proof: &str| json!({ "allowlist": { "root": ROOT, "proof": proof } });
    let held = json!({ "token": {
        "chain": 1, "standard": "erc1155", "contract": TOKEN, "ids": [":id"],
    } });
    let holders = [
        (":id", held),
        (":proof", list(":proof")),
        (":nothing", list(":nothing")),
    ];
    let mut rules = vec![rule];
    loop {
        let rule = match rules.as_slice() {
            [alone] => alone.clone(),
            several => json!({ "all": several }),
        };
        let written = json!({ "version": 1, "rule": rule });
        let error = match Policy::from_json(&written.to_string()) {
            Ok(policy) => return (written, policy),
            Err(error) => error.to_string(),
        };
        let named = |name: &str| error.contains(&format!("in place of `{name}`"));
        let holder = holders.iter().find(|(name, _)| named(name));
        match holder {
            Some((_, holder)) if rules.len() <= holders.len() => rules.push(holder.clone()),
            _ => panic!("{error}\n{written}"),
        }
    }
}

#[test]
fn no_fault_makes_a_grant_in_any_tree_of_any_conditions() {
    let cases = number("STHENO_PROPTEST_CASES").unwrap_or(CASES);
    let first = number("STHENO_SEED").unwrap_or(1);
    let mut seen: BTreeMap<(String, u8), u64> = BTreeMap::new();
    let (mut granted, mut lost) = (0, 0);
    for seed in first..first + cases {
        let case = Case(seed);
        let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut leaves = MOST_LEAVES;
        let rule = rule(&mut dice, DEPTH, &mut leaves, false);
        let (written, policy) = accepted(rule);
        if seed - first < 500 {
            assert_eq!(schema::check(&written.to_string()), Ok(()));
            assert_eq!(schema::check(&policy.to_json()), Ok(()));
        }
        assert_eq!(Policy::from_cbor(&policy.to_cbor()).as_ref(), Ok(&policy));
        assert_eq!(Policy::from_json(&policy.to_json()).as_ref(), Ok(&policy));

        let subject = asking(&mut dice);
        let view = readings(&mut dice, &policy, &subject);
        let before = evaluate(&policy, &subject, &view);
        let after = evaluate(&policy, &subject, &spoiled(&mut dice, &view));
        for verdict in [&before, &after] {
            let mut ranks = verdict.leaves.iter().map(|leaf| rank(leaf.truth));
            assert_eq!(rank(verdict.truth), meaning(policy.rule(), &mut ranks));
            assert_eq!(verdict.granted(), verdict.truth == Truth::True);
            assert_eq!(verdict.failing().count() == 0, verdict.granted());
            for leaf in &verdict.leaves {
                let as_wanted = leaf.truth == Truth::from(!leaf.negated);
                assert_eq!(leaf.remedy.is_empty(), as_wanted, "{leaf:?}");
                let kind = leaf.path.rsplit('.').next().unwrap_or_default();
                *seen.entry((kind.to_owned(), rank(leaf.truth))).or_default() += 1;
            }
        }
        // Knowing less leaves open what was known, and never turns it round.
        let weaker = |after: Truth, before: Truth| after == Truth::Unknown || after == before;
        assert!(weaker(after.truth, before.truth), "{before:?}\n{after:?}");
        for (after, before) in after.leaves.iter().zip(&before.leaves) {
            assert!(weaker(after.truth, before.truth), "{before:?}\n{after:?}");
        }
        granted += u64::from(before.granted());
        lost += u64::from(before.granted() && !after.granted());
        drop(case);
    }
    if cases >= 1000 {
        // Nothing of this is vacuous: every condition came out every way, grants were made and lost.
        assert_eq!(seen.len(), 9 * 3, "{seen:?}");
        assert!(seen.values().all(|times| *times > cases / 200), "{seen:?}");
        assert!(
            granted > cases / 20 && lost > cases / 50,
            "{granted} {lost}"
        );
    }
}
