//! Policies: JSON, canonical JSON, CBOR, digest.

use serde_json::{Value, json};
use stheno_protocol::Policy;

use crate::{frozen, hex};

const PASS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const TERMS: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
const ROOT: &str = "0x7f0d18c3a542e28e513d4071c65d28e432cf46a6f40d293d007d93855ba532fe";

const KEY: &str = "0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const GROUP: &str = "0x17d018c3a542e28e513d4071c65d28e432cf46a6f40d293d007d93855ba532fe";

fn policies() -> Vec<(&'static str, Value)> {
    let rule = |rule: Value| json!({ "version": 1, "rule": rule });
    let call = |function: &str, args: Value, returns: Value| json!({ "call": { "chain": 314, "to": TERMS, "function": function, "args": args, "returns": returns } });
    let pass =
        json!({ "token": { "chain": 314, "standard": "erc721", "contract": PASS, "min": "1" } });
    vec![
        ("an access pass", rule(pass.clone())),
        (
            "the design's example",
            rule(json!({ "all": [
                pass,
                { "not": call("revoked(address) view returns (bool)", json!([":reader"]), json!({ "==": true })) },
                { "time": { "chain": 314, "before": "2027-06-30T00:00:00Z" } },
            ] })),
        ),
        (
            "tokens of 256 bits",
            rule(
                json!({ "token": { "chain": 1, "standard": "erc20", "contract": PASS,
                "min": "115792089237316195423570985008687907853269984665640564039457584007913129639935" } }),
            ),
        ),
        (
            "ids, one of them the reader's choice, a little confirmed",
            rule(
                json!({ "token": { "chain": 10, "standard": "erc1155", "contract": PASS, "min": "2",
                "ids": ["1", "18446744073709551616", ":edition"], "finality": { "confirmations": 5 } } }),
            ),
        ),
        (
            "a balance",
            rule(json!({ "balance": { "chain": 314159, "min": "1000000000000000000" } })),
        ),
        (
            "from a time on",
            rule(json!({ "time": { "chain": 314, "after": "2030-01-01T00:00:00Z" } })),
        ),
        (
            "between two times",
            rule(
                json!({ "time": { "chain": 314, "after": "2027-01-01T00:00:00Z", "before": "2027-02-01T00:00:00Z" } }),
            ),
        ),
        (
            "some accounts",
            rule(json!({ "address": { "in": [TERMS, PASS] } })),
        ),
        (
            "a contract account of one chain",
            rule(json!({ "address": { "in": [PASS], "chain": 314 } })),
        ),
        (
            "a list of accounts by its root",
            rule(json!({ "allowlist": { "root": ROOT, "proof": ":proof" } })),
        ),
        (
            "the same, with contract accounts of one chain",
            rule(json!({ "allowlist": { "root": ROOT, "proof": ":p", "chain": 314 } })),
        ),
        (
            "a subscription of the reader's choice",
            rule(
                json!({ "subscription": { "chain": 314, "contract": PASS, "token": ":subscription",
                "finality": { "confirmations": 2 } } }),
            ),
        ),
        (
            "the subscription of an item",
            rule(json!({ "subscription": { "chain": 1, "contract": PASS, "token": ":item" } })),
        ),
        (
            "once a subscription has ended, or for all but its owner",
            rule(
                json!({ "not": { "subscription": { "chain": 1, "contract": PASS, "token": 7 } } }),
            ),
        ),
        (
            "a data set that is live",
            rule(json!({ "storage": { "chain": 314, "dataSet": 12 } })),
        ),
        (
            "a data set of calibration, proven and paid",
            rule(
                json!({ "storage": { "chain": 314159, "dataSet": "12", "provenWithin": 5760,
                "paid": { "rail": "34", "payer": TERMS, "token": PASS }, "finality": "finalized" } }),
            ),
        ),
        (
            "a data set of a devnet",
            rule(
                json!({ "storage": { "chain": 31415926, "verifier": PASS, "dataSet": 1, "provenWithin": "10",
                "paid": { "pay": TERMS, "rail": 2, "payer": TERMS, "token": PASS }, "finality": { "confirmations": 1 } } }),
            ),
        ),
        (
            "a grant of a registry",
            rule(json!({ "grant": { "chain": 314, "registry": TERMS } })),
        ),
        (
            "a contract's own condition, with what the reader brings",
            rule(
                json!({ "grant": { "chain": 314, "registry": TERMS, "context": ":ticket", "finality": { "confirmations": 9 } } }),
            ),
        ),
        (
            "a member of a group that never changes",
            rule(
                json!({ "zk": { "circuit": "membership-20-v1", "key": KEY, "root": GROUP, "proof": ":me" } }),
            ),
        ),
        (
            "a member of a group that a contract keeps, counted by the day",
            rule(
                json!({ "zk": { "circuit": "membership-32-v1", "key": KEY, "chain": 314, "group": TERMS,
                "period": 86400, "proof": ":me", "finality": { "confirmations": 2 } } }),
            ),
        ),
        (
            "a credential, of age and of one kind",
            rule(
                json!({ "zk": { "circuit": "credential-20-v1", "key": KEY, "root": GROUP, "proof": ":me",
                "attributes": [{ ">=": 18 }, {}, { "==": "3" }, {}] } }),
            ),
        ),
        (
            "a credential of whatever kind, or an account",
            rule(json!({ "any": [
                { "zk": { "circuit": "credential-32-v1", "key": KEY, "chain": 1, "group": PASS, "proof": ":p" } },
                { "address": { "in": [PASS] } },
            ] })),
        ),
        (
            "two of three",
            rule(json!({ "at_least": { "k": 2, "of": [
                call("isMember(address,bytes32) view returns (bool)", json!([":reader", ":item"]), json!({ "==": true })),
                call("level(address) view returns (int8)", json!([":reader"]), json!({ ">=": "-3" })),
                call("role(address) view returns (bytes4)", json!([":reader"]), json!({ "in": ["0x01020304", "0x00000000"] })),
            ] } })),
        ),
        (
            "a path into nested outputs",
            rule(call(
                "rail(uint256 id) view returns (bool live, (address to, (uint256 amount, string memo)[] parts) rail)",
                json!([":rail"]),
                json!({ "path": ["rail", "parts", 0, "memo"], "contains": "gold" }),
            )),
        ),
        (
            "every kind of argument",
            rule(call(
                "f(bool,uint8,int16,address,bytes4,bytes,string,uint256[],(address,bytes32)[1]) view returns (address[])",
                json!([
                    true,
                    "255",
                    "-32768",
                    PASS,
                    "0x01020304",
                    "0x",
                    "::hi",
                    ["1", ":n"],
                    [[":reader", ":item"]]
                ]),
                json!({ "contains": ":reader" }),
            )),
        ),
        (
            "the outcome of a vote, under a salt",
            json!({ "version": 1, "salt": "0x000102030405060708090a0b0c0d0e0f",
                "rule": { "any": [call("passed() view returns (bool)", json!([]), json!({ "!=": false }))] } }),
        ),
        (
            "what opens to everybody",
            rule(call(
                "isOpen(bytes32) view returns (bool)",
                json!([":item"]),
                json!({ "==": true }),
            )),
        ),
    ]
}

#[test]
fn policy_bytes_and_digests_are_frozen() {
    let vectors = policies().into_iter().map(|(name, written)| {
        let policy =
            Policy::from_json(&written.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let cbor = policy.to_cbor();
        assert_eq!(Policy::from_cbor(&cbor).as_ref(), Ok(&policy), "{name}");
        let canonical: Value = serde_json::from_str(&policy.to_json()).unwrap();
        assert_eq!(
            Policy::from_json(&canonical.to_string()).as_ref(),
            Ok(&policy),
            "{name}"
        );
        json!({
            "name": name,
            "json": written,
            "canonicalJson": canonical,
            "cbor": hex(cbor),
            "digest": policy.digest().to_string(),
        })
    });
    frozen(
        "protocol-policies.json",
        &json!({ "policies": vectors.collect::<Vec<_>>() }),
    );
}
