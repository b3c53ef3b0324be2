mod keywords;

use std::sync::LazyLock;

use serde_json::Value;

use super::SCHEMA;
use crate::Policy;

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap());

/// Whether the JSON is valid under the schema, or why not.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    keywords::check(&PARSED, &PARSED, &value, "policy")
}

#[test]
fn frozen_policies_are_valid_as_written_and_as_printed() {
    let vectors: Value = serde_json::from_str(include_str!(
        "../../../../../tests/vectors/protocol-policies.json"
    ))
    .unwrap();
    let policies = vectors["policies"].as_array().unwrap();
    assert!(policies.len() > 20);
    for policy in policies {
        for form in ["json", "canonicalJson"] {
            let text = policy[form].to_string();
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }
}

#[test]
fn what_a_schema_can_see_is_refused() {
    let a = "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"";
    let root = format!("\"0x{}\"", "17".repeat(32));
    let b = "{\"balance\": {\"chain\": 314, \"min\": 1}}";
    let call = |rest: &str| {
        format!(
            "{{\"call\": {{\"chain\": 314, \"to\": {a}, \"function\": \"f(address) view returns (uint256)\"{rest}}}}}"
        )
    };
    let token = |rest: &str| {
        format!("{{\"token\": {{\"chain\": 314, \"contract\": {a}, \"standard\": {rest}}}}}")
    };
    let zk = |of: &str, rest: &str| {
        let circuit = match of {
            "c" => "credential",
            _ => "membership",
        };
        format!(
            "{{\"zk\": {{\"circuit\": \"{circuit}-20-v1\", \"key\": {root}, \"proof\": \":me\"{rest}}}}}"
        )
    };
    let returns = |test: &str| call(&format!(", \"args\": [\":reader\"], \"returns\": {test}"));
    for rule in [
        "{}".to_owned(),
        "[]".to_owned(),
        "{\"all\": []}".to_owned(),
        format!("{{\"all\": {b}}}"),
        format!("{{\"all\": [{b}], \"any\": [{b}]}}"),
        format!("{{\"at_least\": {{\"k\": 0, \"of\": [{b}]}}}}"),
        format!("{{\"at_least\": {{\"of\": [{b}]}}}}"),
        format!("{{\"not\": [{b}]}}"),
        format!("{{\"xor\": [{b}]}}"),
        "{\"balance\": {\"chain\": 0, \"min\": 1}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"min\": 0}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"min\": 1.5}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"min\": \"0x10\"}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"min\": true}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"mim\": 1}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"min\": 1, \"finality\": \"latest\"}}".to_owned(),
        "{\"balance\": {\"chain\": 1, \"min\": 1, \"finality\": {\"confirmations\": 0}}}"
            .to_owned(),
        token("\"erc20\""),
        token("\"erc-721\""),
        token("\"erc1155\""),
        token("\"erc1155\", \"ids\": []"),
        token("\"erc721\", \"ids\": [1]"),
        token("\"erc1155\", \"ids\": [\":reader\"]"),
        "{\"time\": {\"chain\": 1}}".to_owned(),
        "{\"time\": {\"chain\": 1, \"after\": 1700000000}}".to_owned(),
        "{\"time\": {\"chain\": 1, \"after\": \"2027-06-30\"}}".to_owned(),
        "{\"address\": {\"in\": []}}".to_owned(),
        "{\"address\": {\"in\": [\"f410fabc\"]}}".to_owned(),
        format!("{{\"address\": {{\"in\": [{a}, {a}]}}}}"),
        call(""),
        returns("{}"),
        returns("{\"path\": [0]}"),
        returns("{\"==\": 1, \"!=\": 2}"),
        returns("{\"=\": 1}"),
        returns("{\"in\": []}"),
        returns("{\"==\": \":mine\"}"),
        returns("{\">=\": true}"),
        returns("{\"path\": [], \"==\": 1}"),
        returns("{\"==\": 1}").replace("view ", ""),
        returns("{\"==\": 1}").replace(":reader", ":read-er"),
        format!("{{\"allowlist\": {{\"root\": {root}}}}}"),
        format!("{{\"allowlist\": {{\"root\": {root}, \"proof\": \"p\"}}}}"),
        format!("{{\"allowlist\": {{\"root\": {root}, \"proof\": \":reader\"}}}}"),
        format!("{{\"allowlist\": {{\"root\": {a}, \"proof\": \":p\"}}}}"),
        format!("{{\"subscription\": {{\"chain\": 1, \"contract\": {a}}}}}"),
        format!(
            "{{\"subscription\": {{\"chain\": 1, \"contract\": {a}, \"token\": \":reader\"}}}}"
        ),
        "{\"storage\": {\"chain\": 314}}".to_owned(),
        "{\"storage\": {\"chain\": 1, \"dataSet\": 1}}".to_owned(),
        "{\"storage\": {\"chain\": 314, \"dataSet\": 1, \"provenWithin\": 0}}".to_owned(),
        "{\"storage\": {\"chain\": 314, \"dataSet\": 1, \"paid\": {\"rail\": 1}}}".to_owned(),
        format!(
            "{{\"storage\": {{\"chain\": 5, \"verifier\": {a}, \"dataSet\": 1, \"paid\": {{\"rail\": 1, \"payer\": {a}, \"token\": {a}}}}}}}"
        ),
        "{\"grant\": {\"chain\": 314}}".to_owned(),
        format!("{{\"grant\": {{\"chain\": 314, \"registry\": {a}, \"context\": \":item\"}}}}"),
        zk("", ""),
        zk(
            "",
            &format!(", \"chain\": 1, \"group\": {a}, \"root\": {root}"),
        ),
        zk(
            "",
            &format!(", \"finality\": \"finalized\", \"root\": {root}"),
        ),
        zk("", ", \"chain\": 1"),
        zk("", &format!(", \"root\": {root}, \"attributes\": []")),
        zk("", &format!(", \"root\": {root}, \"period\": 0")),
        zk("", &format!(", \"root\": {root}")).replace("-20-", "-33-"),
        zk("", &format!(", \"root\": {root}")).replace("v1", "v2"),
        zk("", &format!(", \"root\": {root}")).replace(":me", "me"),
        zk(
            "c",
            &format!(", \"root\": {root}, \"attributes\": [{{}}, {{}}, {{}}, {{}}, {{}}]"),
        ),
        zk(
            "c",
            &format!(", \"root\": {root}, \"attributes\": [{{\"==\": 1, \"<=\": 2}}]"),
        ),
        zk(
            "c",
            &format!(", \"root\": {root}, \"attributes\": [{{\"<\": 2}}]"),
        ),
    ] {
        let text = format!("{{\"version\": 1, \"rule\": {rule}}}");
        assert!(check(&text).is_err(), "valid: {rule}");
        assert!(Policy::from_json(&text).is_err(), "a policy: {rule}");
    }
    for text in [
        format!("{{\"version\": 2, \"rule\": {b}}}"),
        format!("{{\"rule\": {b}}}"),
        "{\"version\": 1}".to_owned(),
        format!("{{\"version\": 1, \"rule\": {b}, \"name\": \"x\"}}"),
        format!("{{\"version\": 1, \"rule\": {b}, \"salt\": \"0x00\"}}"),
    ] {
        assert!(check(&text).is_err(), "valid: {text}");
        assert!(Policy::from_json(&text).is_err(), "a policy: {text}");
    }
}
