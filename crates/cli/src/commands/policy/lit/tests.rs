use serde_json::{Value, json};
use stheno::Policy;

use super::convert;

const PASS: &str = "0x9f8F72aA9304c8B593d555F12eF6589cC3A579A2";
const ITEMS: &str = "0x7C7757a9675f06F3BE4618bB68732c4aB25D2e88";

/// The rule, after checking that it is a policy.
fn rule(conditions: &Value) -> Value {
    let policy = convert(conditions).unwrap();
    Policy::from_json(&policy.to_string()).unwrap_or_else(|e| panic!("{e}: {policy}"));
    policy["rule"].clone()
}

fn fault(conditions: &Value) -> String {
    convert(conditions).unwrap_err().to_string()
}

fn basic(standard: &str, method: &str, parameters: &[&str], test: (&str, &str)) -> Value {
    let contract = if standard.is_empty() { "" } else { PASS };
    json!({
        "conditionType": "evmBasic",
        "contractAddress": contract,
        "standardContractType": standard,
        "chain": "filecoinCalibrationTestnet",
        "method": method,
        "parameters": parameters,
        "returnValueTest": { "comparator": test.0, "value": test.1 },
    })
}

fn holds(comparator: &str, value: &str) -> Value {
    basic(
        "ERC721",
        "balanceOf",
        &[":userAddress"],
        (comparator, value),
    )
}

fn token(min: &str) -> Value {
    let chain = 314_159;
    json!({ "token": { "chain": chain, "standard": "erc721", "contract": PASS, "min": min } })
}

#[test]
fn comparison_of_a_balance_becomes_a_minimum() {
    for (comparator, value, expected) in [
        (">", "0", token("1")),
        (">=", "2", token("2")),
        ("<", "2", json!({ "not": token("2") })),
        ("<=", "2", json!({ "not": token("3") })),
        (
            "=",
            "2",
            json!({ "all": [token("2"), { "not": token("3") }] }),
        ),
        ("=", "0", json!({ "not": token("1") })),
        (
            "!=",
            "2",
            json!({ "any": [{ "not": token("2") }, token("3")] }),
        ),
        ("!=", "0", token("1")),
    ] {
        let found = rule(&json!([holds(comparator, value)]));
        assert_eq!(found, expected, "{comparator}{value}");
    }
    assert!(fault(&json!([holds(">=", "0")])).contains("holds for everybody"));
    assert!(fault(&json!([holds("<", "0")])).contains("holds for nobody"));
    assert!(fault(&json!([holds(">", "1.5")])).contains("no whole number"));
    assert!(fault(&json!([holds("~", "1")])).contains("`~` does not fit"));
}

#[test]
fn lists_become_all_and_any() {
    let (a, b, c) = (holds(">", "0"), holds(">", "1"), holds(">", "2"));
    let (and, or) = (json!({ "operator": "and" }), json!({ "operator": "or" }));
    assert_eq!(
        rule(&json!([a, and, [b, or, c]])),
        json!({ "all": [token("1"), { "any": [token("2"), token("3")] }] })
    );
    assert_eq!(
        rule(&json!({ "unifiedAccessControlConditions": [[a], or, b, or, c] })),
        json!({ "any": [token("1"), token("2"), token("3")] })
    );
    assert!(fault(&json!([a, and, b, or, c])).starts_with("[3]: `and` and `or` stand"));
    assert!(fault(&json!([a, b])).contains("an operator is missing"));
    assert!(fault(&json!([a, and])).contains("ends in the middle"));
    assert!(fault(&json!([])).contains("empty"));
    assert!(fault(&json!([and])).contains("where a condition is due"));
    assert!(fault(&json!([a, { "operator": "xor" }, b])).contains("neither"));
    assert!(fault(&json!({ "conditions": [a] })).contains("no list of conditions"));
}

#[test]
fn brackets_are_followed_only_so_deep() {
    let deep = (0..100).fold(json!([holds(">", "0")]), |inner, _| json!([inner]));
    assert!(fault(&deep).contains("deep"));
}

#[test]
fn other_basic_conditions_have_their_leaves() {
    let wallet = basic("", "", &[":userAddress"], ("=", ITEMS));
    assert_eq!(
        rule(&json!([wallet])),
        json!({ "address": { "chain": 314_159, "in": [ITEMS] } })
    );
    let of = &[":userAddress", "latest"];
    let balance = basic("", "eth_getBalance", of, (">=", "10"));
    assert_eq!(
        rule(&json!([balance])),
        json!({ "balance": { "chain": 314_159, "min": "10" } })
    );
    let method = "eth_getBlockByNumber";
    let time = basic("timestamp", method, &["latest"], ("<=", "1767225599"));
    assert_eq!(
        rule(&json!([time])),
        json!({ "time": { "chain": 314_159, "before": "2026-01-01T00:00:00Z" } })
    );
    let owner = basic("ERC721", "ownerOf", &["3112"], ("=", ":userAddress"));
    let returns = &rule(&json!([owner]))["call"]["returns"];
    assert_eq!(*returns, json!({ "==": ":reader" }));
    let batch = &[":userAddress,:userAddress", "1, 2"];
    let batch = basic("ERC1155", "balanceOfBatch", batch, (">", "0"));
    assert_eq!(rule(&json!([batch]))["token"]["ids"], json!(["1", "2"]));
    for (standard, method) in [
        ("POAP", "eventId"),
        ("SIWE", ""),
        ("MolochDAOv2.1", "members"),
    ] {
        let odd = basic(standard, method, &[":userAddress"], ("=", "true"));
        let found = fault(&json!([odd]));
        assert!(found.contains("has no counterpart"), "{found}");
    }
}

#[test]
fn function_of_a_contract_becomes_a_call() {
    let condition = |key: &str, comparator: &str, value: &str| {
        json!([{
            "contractAddress": ITEMS,
            "functionName": "membership",
            "functionParams": [":userAddress", "8", ["1", "2"]],
            "functionAbi": {
                "type": "function", "stateMutability": "view", "name": "membership",
                "inputs": [
                    { "name": "account", "type": "address" },
                    { "name": "id", "type": "uint256" },
                    { "name": "kinds", "type": "uint8[]" },
                ],
                "outputs": [
                    { "name": "active", "type": "bool" },
                    { "name": "level", "type": "tuple",
                      "components": [{ "type": "uint8" }, { "type": "string" }] },
                    { "name": "until", "type": "uint64" },
                ],
            },
            "chain": "1",
            "returnValueTest": { "key": key, "comparator": comparator, "value": value },
        }])
    };
    let declared =
        "membership(address, uint256, uint8[]) view returns (bool, (uint8, string), uint64)";
    assert_eq!(
        rule(&condition("active", "=", "true")),
        json!({ "call": {
            "chain": 1, "to": ITEMS, "function": declared,
            "args": [":reader", "8", ["1", "2"]],
            "returns": { "path": [0], "==": true },
        } })
    );
    let until = rule(&condition("until", ">=", "1800000000"));
    let returns = json!({ "path": [2], ">=": "1800000000" });
    assert_eq!(until["call"]["returns"], returns);
    assert!(fault(&condition("since", "=", "1")).contains("no output is called `since`"));
    assert!(fault(&condition("active", "=", "yes")).contains("neither true nor false"));
}

#[test]
fn what_is_no_condition_of_an_evm_chain_is_refused_by_name() {
    let mut solana = holds(">", "0");
    solana["conditionType"] = json!("solRpc");
    assert!(fault(&json!([solana])).contains("`solRpc` conditions are none of an EVM chain"));
    let mut unknown = holds(">", "0");
    unknown["chain"] = json!("yellowstone");
    assert!(fault(&json!([unknown])).contains("write its chain id"));
    assert!(fault(&json!(["text"])).contains("no condition"));
    assert!(fault(&json!("text")).contains("no list"));
}
