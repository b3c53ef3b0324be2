use std::collections::BTreeMap;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};
use stheno_crypto::ItemId;

use super::*;
use crate::{Context, ContextValue, Proofs, policy::schema::tests as schema};

mod conditions;
mod faults;
mod remedies;
mod trees;
mod zk;

const READER: Address = Address::repeat_byte(0xee);
const TOKEN: &str = "0x00000000000000000000000000000000000000aa";

type View = BTreeMap<Read, Result<Reading, Unknown>>;

fn policy(rule: &str) -> Policy {
    let written = format!("{{\"version\": 1, \"rule\": {rule}}}");
    assert_eq!(schema::check(&written), Ok(()), "{rule}");
    Policy::from_json(&written).unwrap_or_else(|e| panic!("{rule}: {e}"))
}

fn key_account() -> Option<Account> {
    Some(Account {
        address: READER,
        chain: 314,
        kind: AccountKind::Key,
    })
}

fn subject() -> Subject {
    let mut context = Context::default();
    context
        .insert("id", ContextValue::Uint(U256::from(7)))
        .unwrap();
    Subject {
        account: key_account(),
        item: ItemId::from_bytes([0x17; 32]),
        context,
        proofs: Proofs::default(),
    }
}

fn contract_account(chain: u64) -> Subject {
    Subject {
        account: Some(Account {
            address: READER,
            chain,
            kind: AccountKind::Contract,
        }),
        ..subject()
    }
}

/// Answers the one read of `policy` so.
fn answered(
    policy: &Policy,
    subject: &Subject,
    answer: Result<Reading, Unknown>,
) -> (Truth, String) {
    let reads = reads(policy, subject);
    assert_eq!(reads.len(), 1, "{reads:?}");
    let view: View = reads
        .into_iter()
        .map(|read| (read, answer.clone()))
        .collect();
    let verdict = evaluate(policy, subject, &view);
    assert_eq!(verdict.leaves.len(), 1);
    (verdict.truth, verdict.leaves[0].found.clone())
}

fn returning(value: DynSolValue) -> Result<Reading, Unknown> {
    Ok(Reading::Bytes(
        DynSolValue::Tuple(vec![value]).abi_encode_params().into(),
    ))
}

fn uint(value: u64) -> DynSolValue {
    DynSolValue::Uint(U256::from(value), 256)
}

fn call(function: &str, args: &str, returns: &str) -> Policy {
    policy(&format!(
        "{{\"call\": {{\"chain\": 314, \"to\": \"{TOKEN}\", \"function\": \"{function}\", \"args\": {args}, \"returns\": {returns}}}}}"
    ))
}

#[test]
fn token_counts_what_the_reader_holds() {
    for (standard, min) in [("erc20", 5), ("erc721", 5)] {
        let policy = policy(&format!(
            "{{\"token\": {{\"chain\": 314, \"standard\": \"{standard}\", \"contract\": \"{TOKEN}\", \"min\": {min}}}}}"
        ));
        let expected = [
            hex::decode("70a08231000000000000000000000000").unwrap(),
            READER.to_vec(),
        ]
        .concat();
        let reads = reads(&policy, &subject());
        assert_eq!(
            reads.first(),
            Some(&Read::Call {
                chain: 314,
                tier: 0,
                to: TOKEN.parse().unwrap(),
                data: expected.into(),
            })
        );
        for (held, truth) in [(4, Truth::False), (5, Truth::True), (6, Truth::True)] {
            assert_eq!(
                answered(&policy, &subject(), returning(uint(held))),
                (truth, format!("balance {held}"))
            );
        }
    }
}

#[test]
fn erc1155_sums_over_its_ids_in_one_read() {
    let one = policy(&format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc1155\", \"contract\": \"{TOKEN}\", \"ids\": [\":id\"]}}}}"
    ));
    let Some(Read::Call { data, .. }) = reads(&one, &subject()).into_iter().next() else {
        panic!()
    };
    assert_eq!(data[..4], [0x00, 0xfd, 0xd5, 0x8e]);
    assert_eq!(data[67], 7);
    assert_eq!(
        answered(&one, &subject(), returning(uint(1))).0,
        Truth::True
    );

    let three = policy(&format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc1155\", \"contract\": \"{TOKEN}\", \"ids\": [1, 2, \":id\"], \"min\": 4}}}}"
    ));
    let Some(Read::Call { data, .. }) = reads(&three, &subject()).into_iter().next() else {
        panic!()
    };
    let holder = DynSolValue::Address(READER);
    let expected = DynSolValue::Tuple(vec![
        DynSolValue::Array(vec![holder; 3]),
        DynSolValue::Array(vec![uint(1), uint(2), uint(7)]),
    ])
    .abi_encode_params();
    assert_eq!(data[..4], [0x4e, 0x12, 0x73, 0xf4]);
    assert_eq!(data[4..], expected);
    let batch = |values: &[u64]| {
        let values = values.iter().copied().map(uint).collect();
        answered(&three, &subject(), returning(DynSolValue::Array(values)))
    };
    assert_eq!(batch(&[1, 2, 1]).0, Truth::True);
    assert_eq!(batch(&[1, 2, 0]).0, Truth::False);
    assert_eq!(batch(&[4, 4]).0, Truth::Unknown);
    assert_eq!(batch(&[1, 1, 1, 1]).0, Truth::Unknown);
    let most = DynSolValue::Array(vec![DynSolValue::Uint(U256::MAX, 256); 3]);
    assert_eq!(
        answered(&three, &subject(), returning(most)).0,
        Truth::True,
        "a sum beyond 256 bits does not wrap"
    );
}

#[test]
fn erc1155_does_not_count_an_id_twice_that_the_reader_chose_again() {
    let policy = policy(&format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc1155\", \"contract\": \"{TOKEN}\", \"ids\": [7, \":id\"], \"min\": 2}}}}"
    ));
    assert!(reads(&policy, &subject()).is_empty());
    let verdict = evaluate(&policy, &subject(), &View::new());
    assert_eq!(verdict.truth, Truth::Unknown);
    assert_eq!(verdict.leaves[0].found, "a token id is given twice");
}

#[test]
fn balance_and_time_are_read_at_their_chain_and_tier() {
    let balance = policy(
        "{\"balance\": {\"chain\": 314, \"min\": 10, \"finality\": {\"confirmations\": 4}}}",
    );
    assert_eq!(
        reads(&balance, &subject()),
        BTreeSet::from([Read::Balance {
            chain: 314,
            tier: 4,
            of: READER
        }])
    );
    let balance_of = |n: u64| answered(&balance, &subject(), Ok(Reading::Balance(U256::from(n))));
    assert_eq!(balance_of(9).0, Truth::False);
    assert_eq!(balance_of(10), (Truth::True, "balance 10".to_owned()));

    let time = policy(
        "{\"time\": {\"chain\": 314, \"after\": \"2027-01-01T00:00:00Z\", \"before\": \"2027-01-01T00:01:00Z\"}}",
    );
    let at = |second: u64| answered(&time, &subject(), Ok(Reading::Time(second)));
    let start = 1_798_761_600;
    assert_eq!(at(start - 1).0, Truth::False);
    assert_eq!(
        at(start),
        (Truth::True, "block time 2027-01-01T00:00:00Z".to_owned())
    );
    assert_eq!(at(start + 59).0, Truth::True);
    assert_eq!(at(start + 60).0, Truth::False);
    assert_eq!(
        answered(&time, &subject(), Ok(Reading::Balance(U256::ONE))).0,
        Truth::Unknown
    );
}

#[test]
fn time_needs_no_account() {
    let time = policy("{\"time\": {\"chain\": 314, \"after\": \"2027-01-01T00:00:00Z\"}}");
    assert!(!time.needs_account());
    let nobody = Subject {
        account: None,
        ..subject()
    };
    assert_eq!(
        answered(&time, &nobody, Ok(Reading::Time(u64::MAX))).0,
        Truth::True
    );
}

#[test]
fn address_list_is_true_for_those_on_it() {
    let list = |rest: &str, who: Address| {
        policy(&format!(
            "{{\"address\": {{\"in\": [\"{who}\", \"{TOKEN}\"]{rest}}}}}"
        ))
    };
    let truth = |policy: &Policy, subject: &Subject| {
        assert!(reads(policy, subject).is_empty());
        evaluate(policy, subject, &View::new()).truth
    };
    assert_eq!(truth(&list("", READER), &subject()), Truth::True);
    assert_eq!(
        truth(&list("", Address::repeat_byte(1)), &subject()),
        Truth::False
    );
    let nobody = Subject {
        account: None,
        ..subject()
    };
    assert_eq!(truth(&list("", READER), &nobody), Truth::Unknown);
    // A key is itself everywhere; a contract only where the list says.
    assert_eq!(
        truth(&list(", \"chain\": 1", READER), &subject()),
        Truth::True
    );
    assert_eq!(
        truth(&list("", READER), &contract_account(314)),
        Truth::Unknown
    );
    assert_eq!(
        truth(&list(", \"chain\": 314", READER), &contract_account(314)),
        Truth::True
    );
    assert_eq!(
        truth(&list(", \"chain\": 314", READER), &contract_account(1)),
        Truth::Unknown
    );
}

#[test]
fn contract_account_counts_on_its_own_chain_alone() {
    let token = policy(&format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc721\", \"contract\": \"{TOKEN}\"}}}}"
    ));
    assert_eq!(reads(&token, &contract_account(314)).len(), 1);
    assert!(reads(&token, &contract_account(1)).is_empty());
    let verdict = evaluate(&token, &contract_account(1), &View::new());
    assert_eq!(verdict.truth, Truth::Unknown);
    assert_eq!(
        verdict.leaves[0].found,
        "the account is a contract on chain 1, which proves nothing on chain 314"
    );
    let negated = policy("{\"not\": {\"balance\": {\"chain\": 314, \"min\": 1}}}");
    assert_eq!(
        evaluate(&negated, &contract_account(1), &View::new()).truth,
        Truth::Unknown
    );
}

#[test]
fn call_fills_in_placeholders_of_every_kind() {
    let policy = call(
        "f(address,bytes32,uint256,uint256,uint256[],(bool,address)) view returns (bool)",
        "[\":reader\", \":item\", \":item\", \":id\", [1, \":id\"], [true, \":reader\"]]",
        "{\"==\": true}",
    );
    let Some(Read::Call { data, .. }) = reads(&policy, &subject()).into_iter().next() else {
        panic!()
    };
    let item = alloy_primitives::B256::repeat_byte(0x17);
    let expected = DynSolValue::Tuple(vec![
        DynSolValue::Address(READER),
        DynSolValue::FixedBytes(item, 32),
        DynSolValue::Uint(U256::from_be_bytes(item.0), 256),
        uint(7),
        DynSolValue::Array(vec![uint(1), uint(7)]),
        DynSolValue::Tuple(vec![DynSolValue::Bool(true), DynSolValue::Address(READER)]),
    ])
    .abi_encode_params();
    assert_eq!(data[4..], expected);
}

#[test]
fn context_value_of_another_type_or_missing_is_unknown() {
    let with = |value: Option<ContextValue>| {
        let mut context = Context::default();
        if let Some(value) = value {
            context.insert("x", value).unwrap();
        }
        Subject {
            context,
            ..subject()
        }
    };
    let bytes = |n: usize| ContextValue::Bytes(vec![1; n].into());
    let negative = ContextValue::Negative(alloy_primitives::I256::MINUS_ONE);
    let number = |n: u64| ContextValue::Uint(U256::from(n));
    let text = ContextValue::Text("a".into());
    for (ty, good, bad) in [
        (
            "uint8",
            vec![number(255)],
            vec![number(256), negative.clone(), bytes(1)],
        ),
        (
            "int8",
            vec![number(127), negative],
            vec![number(128), text.clone()],
        ),
        ("bool", vec![ContextValue::Bool(true)], vec![number(1)]),
        ("address", vec![bytes(20)], vec![bytes(21), number(1)]),
        ("bytes4", vec![bytes(4)], vec![bytes(3), bytes(5)]),
        ("bytes", vec![bytes(0), bytes(99)], vec![text.clone()]),
        (
            "string",
            vec![text],
            vec![bytes(1), ContextValue::Bool(true)],
        ),
    ] {
        let policy = call(
            &format!("f({ty}) view returns (bool)"),
            "[\":x\"]",
            "{\"==\": true}",
        );
        for value in good {
            let subject = with(Some(value));
            let answer = returning(DynSolValue::Bool(true));
            assert_eq!(answered(&policy, &subject, answer).0, Truth::True, "{ty}");
        }
        for value in bad {
            let subject = with(Some(value.clone()));
            assert!(reads(&policy, &subject).is_empty(), "{ty} {value:?}");
            let verdict = evaluate(&policy, &subject, &View::new());
            assert_eq!(verdict.truth, Truth::Unknown);
            assert!(verdict.leaves[0].found.contains("`x` is not a"), "{ty}");
        }
        let verdict = evaluate(&policy, &with(None), &View::new());
        assert_eq!(verdict.leaves[0].found, "the context has no value `x`");
    }
}

#[test]
fn comparisons_are_exact_to_256_bits() {
    let max = U256::MAX;
    for (comparison, against, value, truth) in [
        ("==", max, max, true),
        ("==", max, max - U256::ONE, false),
        ("!=", max, max - U256::ONE, true),
        ("!=", max, max, false),
        ("<", max, max - U256::ONE, true),
        ("<", max, max, false),
        ("<=", max, max, true),
        ("<=", max - U256::ONE, max, false),
        (">", max - U256::ONE, max, true),
        (">", max, max, false),
        (">=", max, max, true),
        (">=", max, max - U256::ONE, false),
    ] {
        let policy = call(
            "f() view returns (uint256)",
            "[]",
            &format!("{{\"{comparison}\": \"{against}\"}}"),
        );
        let (found, _) = answered(
            &policy,
            &subject(),
            returning(DynSolValue::Uint(value, 256)),
        );
        assert_eq!(found, truth.into(), "{value} {comparison} {against}");
    }
    let signed = call("f() view returns (int256)", "[]", "{\"<\": 0}");
    for (value, truth) in [(-1, true), (0, false), (1, false)] {
        let value = DynSolValue::Int(alloy_primitives::I256::unchecked_from(value), 256);
        assert_eq!(
            answered(&signed, &subject(), returning(value)).0,
            truth.into()
        );
    }
}

#[test]
fn in_and_contains_look_for_members() {
    let one_of = call(
        "f() view returns (address)",
        "[]",
        &format!("{{\"in\": [\"{TOKEN}\", \":reader\"]}}"),
    );
    for (value, truth) in [(READER, true), (Address::ZERO, false)] {
        let (found, _) = answered(&one_of, &subject(), returning(DynSolValue::Address(value)));
        assert_eq!(found, truth.into());
    }
    let owners = call(
        "f() view returns (address[])",
        "[]",
        "{\"contains\": \":reader\"}",
    );
    let array = |of: &[Address]| {
        returning(DynSolValue::Array(
            of.iter().copied().map(DynSolValue::Address).collect(),
        ))
    };
    assert_eq!(
        answered(&owners, &subject(), array(&[Address::ZERO, READER])).0,
        Truth::True
    );
    assert_eq!(
        answered(&owners, &subject(), array(&[])),
        (Truth::False, "returned []".to_owned())
    );
    let text = call(
        "f() view returns (string)",
        "[]",
        "{\"contains\": \"gold\"}",
    );
    let says = |value: &str| {
        let value = DynSolValue::String(value.to_owned());
        answered(&text, &subject(), returning(value))
    };
    assert_eq!(says("marigolds").0, Truth::True);
    assert_eq!(
        says("silver\u{1b}[31m"),
        (Truth::False, "returned \"silver\\u{1b}[31m\"".to_owned())
    );
}

#[test]
fn path_leads_into_outputs_and_beyond_the_array_is_unknown() {
    let policy = call(
        "f() view returns (bool ok, (address to, uint256[] amounts)[] rails)",
        "[]",
        "{\"path\": [\"rails\", 1, \"amounts\", 0], \">=\": 5}",
    );
    let rail = |amounts: &[u64]| {
        DynSolValue::Tuple(vec![
            DynSolValue::Address(READER),
            DynSolValue::Array(amounts.iter().copied().map(uint).collect()),
        ])
    };
    let rails = |rails: Vec<DynSolValue>| {
        let data = DynSolValue::Tuple(vec![DynSolValue::Bool(true), DynSolValue::Array(rails)]);
        let data = data.abi_encode_params();
        answered(&policy, &subject(), Ok(Reading::Bytes(data.into())))
    };
    assert_eq!(rails(vec![rail(&[1]), rail(&[5])]).0, Truth::True);
    assert_eq!(
        rails(vec![rail(&[9]), rail(&[4])]),
        (Truth::False, "returned 4".to_owned())
    );
    assert_eq!(
        rails(vec![rail(&[9])]),
        (
            Truth::Unknown,
            "the array has 1 elements, none at position 1".to_owned()
        )
    );
    assert_eq!(rails(vec![rail(&[9]), rail(&[])]).0, Truth::Unknown);
}

#[test]
fn whatever_goes_wrong_is_unknown_and_stays_so_under_not() {
    let leaf = "{\"call\": {\"chain\": 314, \"to\": \"0x00000000000000000000000000000000000000aa\", \"function\": \"f() view returns (bool)\", \"returns\": {\"==\": true}}}";
    let plain = policy(leaf);
    let negated = policy(&format!("{{\"not\": {leaf}}}"));
    let word = |last: u8| {
        let mut word = vec![0_u8; 32];
        word[31] = last;
        word
    };
    let data = |data: Vec<u8>| Ok(Reading::Bytes(data.into()));
    for (answer, part, transient) in [
        (Err(Unknown::Reverted), "reverted", false),
        (Err(Unknown::NoCode), "no contract", false),
        (Err(Unknown::OutOfGas), "out of gas", false),
        (Err(Unknown::TooLong), "more than", false),
        (Err(Unknown::Rpc("a says x".into())), "a says x", true),
        (Err(Unknown::Missing), "was not read", true),
        (data(vec![]), "returned nothing", false),
        (data(word(1)[..31].to_vec()), "31 bytes", false),
        (data(word(2)), "not the declared outputs", false),
        (data([word(1), word(0)].concat()), "64 bytes", false),
        (data(vec![0; RETURN_CAP + 1]), "more than", false),
        (Ok(Reading::Time(1)), "another kind", false),
    ] {
        for policy in [&plain, &negated] {
            let (truth, found) = answered(policy, &subject(), answer.clone());
            assert_eq!(truth, Truth::Unknown, "{answer:?}");
            assert!(found.contains(part), "{found}");
            let view: View = reads(policy, &subject())
                .into_iter()
                .map(|read| (read, answer.clone()))
                .collect();
            let verdict = evaluate(policy, &subject(), &view);
            assert!(!verdict.granted());
            assert_eq!(verdict.chain_fault(), transient, "{answer:?}");
        }
    }
}

#[test]
fn leaf_report_tells_place_condition_and_finding() {
    let policy = policy(&format!(
        "{{\"all\": [{{\"token\": {{\"chain\": 314, \"standard\": \"erc721\", \"contract\": \"{TOKEN}\"}}}}, {{\"any\": [{{\"balance\": {{\"chain\": 314, \"min\": 1}}}}, {{\"balance\": {{\"chain\": 314, \"min\": 99}}}}]}}, {{\"not\": {{\"address\": {{\"in\": [\"{READER}\"]}}}}}}]}}"
    ));
    let view: View = reads(&policy, &subject())
        .into_iter()
        .map(|read| {
            let reading = match &read {
                Read::Balance { .. } => Ok(Reading::Balance(U256::from(5))),
                _ => returning(uint(0)),
            };
            (read, reading)
        })
        .collect();
    let verdict = evaluate(&policy, &subject(), &view);
    assert_eq!(verdict.truth, Truth::False);
    let failing: Vec<String> = verdict.failing().map(ToString::to_string).collect();
    let token: Address = TOKEN.parse().unwrap();
    assert_eq!(
        failing,
        [
            format!(
                "all[0].token: holds at least 1 of ERC-721 {token} on chain 314; found: balance 0"
            ),
            format!(
                "all[2].not.address: must not hold: is the account {READER}; found: account {READER}"
            ),
        ]
    );
    // The second balance does not hold either, but its `any` does without it.
    assert_eq!(verdict.leaves[2].path, "all[1].any[1].balance");
    assert_eq!(verdict.leaves[2].truth, Truth::False);
    assert!(!verdict.leaves[2].blocking);
    let json = serde_json::to_value(&verdict.leaves[3]).unwrap();
    assert_eq!(json["truth"], "true");
    assert_eq!(json["negated"], true);
    assert_eq!(json["blocking"], true);
}

#[test]
fn conditions_read_well_in_words() {
    let words = |policy: &Policy| {
        evaluate(policy, &subject(), &View::new()).leaves[0]
            .what
            .clone()
    };
    let to: Address = TOKEN.parse().unwrap();
    assert_eq!(
        words(&call(
            "revoked(address) view returns (bool)",
            "[\":reader\"]",
            "{\"==\": true}"
        )),
        format!("revoked(:reader) of {to} on chain 314 is true")
    );
    assert_eq!(
        words(&call(
            "f(string) view returns (uint256, (uint256, bool))",
            "[\"a\\nb\"]",
            "{\"path\": [1, 0], \"in\": [1, 2]}"
        )),
        format!("output 1.0 of f(\"a\\nb\") of {to} on chain 314 is one of [1, 2]")
    );
    assert_eq!(
        words(&policy(&format!(
            "{{\"token\": {{\"chain\": 1, \"standard\": \"erc1155\", \"contract\": \"{TOKEN}\", \"ids\": [1, \":id\"], \"min\": 2, \"finality\": {{\"confirmations\": 3}}}}}}"
        ))),
        format!("holds at least 2 of ids 1, :id of ERC-1155 {to} on chain 1 (at 3 confirmations)")
    );
    assert_eq!(
        words(&policy(
            "{\"time\": {\"chain\": 314, \"after\": \"2027-01-01T00:00:00Z\", \"before\": \"2027-02-01T00:00:00Z\"}}"
        )),
        "the block time on chain 314 is from 2027-01-01T00:00:00Z until before 2027-02-01T00:00:00Z"
    );
}

#[test]
fn equal_reads_are_listed_once() {
    let leaf = |min: u64| {
        format!(
            "{{\"token\": {{\"chain\": 314, \"standard\": \"erc20\", \"contract\": \"{TOKEN}\", \"min\": {min}}}}}"
        )
    };
    let policy = policy(&format!(
        "{{\"any\": [{}, {}, {}]}}",
        leaf(1),
        leaf(2),
        leaf(1)
    ));
    assert_eq!(reads(&policy, &subject()).len(), 1);
}
